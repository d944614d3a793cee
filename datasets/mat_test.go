package datasets

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What scipy stores in every numeric type, in text and in structures (testdata/datasets/goldens.py) is read or passed over.
func TestMatTypes(t *testing.T) {
	got, err := readMat(filepath.Join("..", "testdata", "datasets", "live", "types.mat"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]matValue{
		"i8": {numbers: []float64{-1, 2}}, "u16": {numbers: []float64{65535}}, "i32": {numbers: []float64{-7, 9}}, "f4": {numbers: []float64{.5, -2.25}},
		"f8": {numbers: []float64{1e-300}}, "i64": {numbers: []float64{-5}}, "text": {text: "abc"}, "struct": {},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// A file cut at any byte, or of another kind, is an error and never a shorter set of scores.
func TestMatCutOff(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("..", "testdata", "datasets", "live", "dmos.mat"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseMat(whole)
	if err != nil || len(all["dmos"].numbers) != 982 {
		t.Fatalf("%d numbers, %v", len(all["dmos"].numbers), err)
	}
	for n := 0; n < len(whole); n += 7 {
		if got, err := parseMat(whole[:n]); err == nil && len(got) == len(all) {
			t.Errorf("%d of %d bytes give every variable", n, len(whole))
		}
	}
	if _, err := parseMat([]byte("MATLAB 7.3 " + strings.Repeat(" ", 200))); err == nil || !strings.Contains(err.Error(), "level 5") {
		t.Error(err)
	}
}

// Whatever bytes a MATLAB file holds, reading it ends, without more memory than the file can account for.
func FuzzMat(f *testing.F) {
	for _, name := range []string{"types.mat", "refnames_all.mat"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "datasets", "live", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = parseMat(data)
	})
}

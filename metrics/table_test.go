package metrics_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"probity/internal/raster"
	"probity/internal/trial"
)

// folder holds two pictures and tables about them.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, m := range map[string]*raster.Image{"a.png": flat(5, 4, 10), "b.png": flat(5, 4, 20), "c.png": flat(5, 4, 30)} {
		data, err := m.EncodePNG()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func tableOf(t testing.TB, path, column string) (trial.Metric, error) {
	t.Helper()
	entry, info, err := trial.Metrics.Get("table")
	if err != nil {
		t.Fatal(err)
	}
	return entry.New(values(t, info, map[string]any{"path": path, "column": column}), nil)
}

func lookUp(m trial.Metric, a, b uint8, requirement string) (float64, error) {
	s, err := m.Score(&trial.Trial{Input: flat(5, 4, a), Output: flat(5, 4, b), Requirement: requirement})
	return s.Value, err
}

func TestTable(t *testing.T) {
	type row struct {
		Input       string  `parquet:"input"`
		Output      string  `parquet:"output"`
		Requirement string  `parquet:"requirement"`
		Score       float64 `parquet:"score"`
	}
	dir := folder(t, map[string]string{
		"plain.csv": "\ufeffinput,output,requirement,score\na.png,b.png,go,0.1234567890123456\na.png,b.png,stop,-2e-3\na.png,c.png,go,\nmissing.png,c.png,go,1\n",
		"short.csv": "output,mine\nb.png,5\nc.png,7\nb.png,5\n",
		"twice.csv": "output,score\nb.png,5\nb.png,6\n",
	})
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{"a.png", "b.png", "go", .1234567890123456}, {"a.png", "b.png", "stop", -2e-3}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plain.parquet"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain.csv", "plain.parquet"} {
		m, err := tableOf(t, filepath.Join(dir, name), "score")
		if err != nil {
			t.Fatal(err)
		}
		for say, want := range map[string]float64{"go": .1234567890123456, "stop": -2e-3} {
			if v, err := lookUp(m, 10, 20, say); v != want || err != nil {
				t.Errorf("%s, %s: %v (%v), want %v", name, say, v, err, want)
			}
		}
		for _, c := range []struct {
			a, b uint8
			say  string
		}{{20, 10, "go"}, {10, 20, "wait"}, {10, 30, "go"}} {
			if v, err := lookUp(m, c.a, c.b, c.say); err == nil {
				t.Errorf("%s: %v has score %v, wants an error", name, c, v)
			}
		}
	}
	m, err := tableOf(t, filepath.Join(dir, "short.csv"), "mine")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := lookUp(m, 99, 30, "anything"); v != 7 || err != nil {
		t.Errorf("without input: %v (%v), want 7", v, err)
	}
	m, err = tableOf(t, filepath.Join(dir, "twice.csv"), "score")
	if err == nil {
		_, err = lookUp(m, 10, 20, "")
	}
	if err == nil || !strings.Contains(err.Error(), "rows 2 and 3") {
		t.Errorf("two scores for one trial: %v", err)
	}
	if _, err := tableOf(t, filepath.Join(dir, "short.csv"), "mne"); err == nil || !strings.Contains(err.Error(), `did you mean "mine"`) {
		t.Errorf("a misspelt column: %v", err)
	}
}

// FuzzTable: whatever the bytes, an answer or an error.
func FuzzTable(f *testing.F) {
	type row struct {
		Output string
		Score  *float64
		Other  []int32
	}
	v := 2.5
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{"a.png", &v, []int32{1, 2}}, {"b.png", nil, nil}}); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "output,score\na.png,1\n", "output,score\n\"a.png,1\n", "output,output,score\n,,\n", "output,score\na.png,NaN\n", "PAR1", "PAR1PAR1", b.String()} {
		f.Add([]byte(s))
	}
	dir := folder(f, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "fuzz")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := tableOf(t, path, "score")
		if err == nil {
			lookUp(m, 10, 10, "")
		}
	})
}

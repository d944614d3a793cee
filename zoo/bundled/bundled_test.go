package bundled_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"probity/datasets"
	"probity/internal/raster"
	"probity/internal/table"
	"probity/internal/trial"
	"probity/zoo"
	"probity/zoo/bundled"
)

func open(t *testing.T) *zoo.Zoo {
	t.Helper()
	if !zoo.Runnable {
		t.Skip("built without a C compiler")
	}
	if _, err := zoo.FindRuntime("", ""); err != nil {
		if os.Getenv("PROBITY_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	z, err := zoo.Open(zoo.Options{Embedded: []fs.FS{bundled.Models()}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

// manifests are those in the tree, by name.
func manifests(t *testing.T) map[string]*zoo.Manifest {
	t.Helper()
	out := map[string]*zoo.Manifest{}
	names, err := fs.Glob(bundled.Models(), "*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		data, err := fs.ReadFile(bundled.Models(), n)
		if err != nil {
			t.Fatal(err)
		}
		m, err := zoo.ParseManifest(data, n)
		if err != nil {
			t.Fatal(err)
		}
		if m.Name+".toml" != n {
			t.Errorf("%s holds the model %s", n, m.Name)
		}
		out[m.Name] = m
	}
	return out
}

// What the program carries is at most 40 MB, each twin exists, and every cell of the design has the same seeds.
func TestTheDesignIsWhole(t *testing.T) {
	total := int64(0)
	err := fs.WalkDir(bundled.Models(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		total += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 40e6 {
		t.Errorf("the bundled models take %d bytes, at most 40 MB are wanted", total)
	}
	all := manifests(t)
	seeds := map[string]int{}
	for name, m := range all {
		if m.Twin != "" && all[m.Twin] == nil {
			t.Errorf("%s: its twin %s is not there", name, m.Twin)
		}
		if m.Training != "none" && !strings.Contains(name, "-ladder-") {
			seeds[m.Family+" "+m.Training+" "+m.Labels]++
		}
	}
	if len(seeds) != 8 {
		t.Errorf("there are %d cells, wants 2 families x 4 arms: %v", len(seeds), seeds)
	}
	for cell, n := range seeds {
		if n != 3 {
			t.Errorf("%s has %d seeds, wants 3", cell, n)
		}
	}
}

type sample struct {
	Size   int
	Norm   float64
	At     []int
	Values []float64
}

func compare(t *testing.T, what string, got *trial.Tensor, want sample) {
	t.Helper()
	if len(got.Data) != want.Size {
		t.Errorf("%s has %d values, wants %d", what, len(got.Data), want.Size)
		return
	}
	sum := 0.0
	for _, v := range got.Data {
		sum += float64(v) * float64(v)
	}
	if want.Norm == 0 { // the empty text has no word to average
		if sum != 0 {
			t.Errorf("%s has length %g, wants 0", what, math.Sqrt(sum))
		}
		return
	}
	if d := math.Abs(math.Sqrt(sum)-want.Norm) / want.Norm; !(d <= 1e-4) {
		t.Errorf("%s has length %g, wants %g", what, math.Sqrt(sum), want.Norm)
	}
	scale := want.Norm / math.Sqrt(float64(want.Size))
	for i, at := range want.At {
		if d := math.Abs(float64(got.Data[at])-want.Values[i]) / scale; !(d <= 1e-3) {
			t.Errorf("%s, value %d: %g, wants %g", what, at, got.Data[at], want.Values[i])
		}
	}
}

// From the picture's file to each output, and from words to their embedding, the Go path agrees with Pillow and ONNX
// Runtime's Python package on every bundled model.
func TestFeaturesAgreeWithPython(t *testing.T) {
	var golden struct {
		Oracle          string
		Pictures, Texts []string
		Models          map[string]map[string][]sample
	}
	data, err := os.ReadFile("../../testdata/zoo-bundled/features.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	z := open(t)
	var pictures []*raster.Image
	for _, p := range golden.Pictures {
		img, _, err := raster.DecodeFile(filepath.Join("../../testdata/zoo", p))
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, img)
	}
	for name, man := range manifests(t) {
		want, ok := golden.Models[name]
		if !ok {
			t.Errorf("%s: testdata/zoo-bundled/goldens.py has not seen it", name)
			continue
		}
		m, err := z.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var outputs []string
		for _, o := range man.Outputs {
			outputs = append(outputs, o.Name)
		}
		got, err := m.Features(context.Background(), pictures, outputs, false)
		if err != nil {
			t.Fatal(err)
		}
		for i := range pictures {
			for k, o := range outputs {
				compare(t, name+", "+o+" of "+golden.Pictures[i], got[i][k], want[o][i])
			}
		}
		if man.Text == nil {
			continue
		}
		said, _, err := m.Texts(context.Background(), golden.Texts)
		if err != nil {
			t.Fatal(err)
		}
		for i := range said {
			compare(t, name+", text "+golden.Texts[i], said[i], want["text"][i])
		}
	}
}

// trained are the shapes in the order of the logits.
var trained = []string{"circle", "square", "triangle", "star", "cross", "heart", "crescent", "ring", "arrow", "bolt"}

// On scenes that this test renders, models tell classes as often as their table says that they do on others: by their
// logits, or by the words of three prompts. A wrong preprocessing, tokenizer or output would show here.
func TestModelsKnowWhatTheirTableSays(t *testing.T) {
	z := open(t)
	const n = 200
	var pictures []*raster.Image
	var truth []int
	for i := range n {
		sc := datasets.NewScene(datasets.DefaultSceneOptions(77), i)
		img, err := sc.Render(64)
		if err != nil {
			t.Fatal(err)
		}
		pictures, truth = append(pictures, img), append(truth, slices.Index(trained, sc.Class()))
	}
	for _, row := range results(t, "cells.csv") {
		name, key, output := row["name"], "class", "logits"
		if strings.Contains(name, "-clip-") {
			key, output = "zero-shot-shape", "joint"
		}
		if row["seed"] != "0" || row[key] == "" {
			continue
		}
		m, err := z.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Features(context.Background(), pictures, []string{output}, false)
		if err != nil {
			t.Fatal(err)
		}
		var words [][]float64
		if output == "joint" {
			for _, shape := range trained {
				said, _, err := m.Texts(context.Background(), []string{"a " + shape, "a large " + shape, "a large " + shape + " in the centre"})
				if err != nil {
					t.Fatal(err)
				}
				sum := make([]float64, len(said[0].Data))
				for _, s := range said {
					for c, v := range s.Data {
						sum[c] += float64(v)
					}
				}
				norm := 0.0
				for _, v := range sum {
					norm += v * v
				}
				for c := range sum {
					sum[c] /= math.Sqrt(norm)
				}
				words = append(words, sum)
			}
		}
		right := 0
		for i := range pictures {
			score := make([]float64, len(trained))
			for k := range score {
				if words == nil {
					score[k] = float64(got[i][0].Data[k])
					continue
				}
				for c, v := range got[i][0].Data {
					score[k] += float64(v) * words[k][c]
				}
			}
			best := 0
			for k, v := range score {
				if v > score[best] {
					best = k
				}
			}
			if best == truth[i] {
				right++
			}
		}
		want, err := strconv.ParseFloat(row[key], 64)
		if err != nil {
			t.Fatal(err)
		}
		// Four standard errors of two samples, and one scene for shares near 1.
		slack := 4*math.Sqrt(want*(1-want)*(1./n+1./4096)) + 1./n
		if share := float64(right) / n; math.Abs(share-want) > slack {
			t.Errorf("%s: %s is %.3f on %d scenes, its table says %.3f", name, key, share, n, want)
		}
	}
}

// results are the rows of a committed evaluation table.
func results(t *testing.T, file string) []map[string]string {
	t.Helper()
	rows, err := table.Records(filepath.Join("../train/results", file))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// The tables describe the very files that are bundled.
func TestTheTablesAreOfTheseFiles(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range []string{"cells.csv", "ladder.csv"} {
		for _, row := range results(t, file) {
			m := manifests(t)[row["name"]]
			if m == nil {
				continue // a rung that did not fit
			}
			seen[m.Name] = true
			if m.SHA256 != row["sha256"] || m.Text != nil && m.Text.SHA256 != row["text-sha256"] {
				t.Errorf("%s is not the file that zoo/train/results/%s was measured on", m.Name, file)
			}
			if m.Mark != row["mark"] {
				t.Errorf("%s is marked %q, its table says %q", m.Name, m.Mark, row["mark"])
			}
		}
	}
	for name := range manifests(t) {
		if !seen[name] {
			t.Errorf("%s has no row in zoo/train/results", name)
		}
	}
}

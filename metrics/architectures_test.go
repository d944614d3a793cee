package metrics_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"probity/internal/raster"
	"probity/internal/trial"
	"probity/zoo"
)

// LPIPS and DISTS from the file to the score, on the real architectures with seeded random weights, which
// testdata/metrics/architectures.py makes and nobody commits. PROBITY_FULL names their folder.
func TestArchitectures(t *testing.T) {
	dir := os.Getenv("PROBITY_FULL")
	data, err := os.ReadFile(filepath.Join(dir, "architectures.json"))
	if dir == "" || err != nil {
		t.Skip("PROBITY_FULL names no folder made by testdata/metrics/architectures.py")
	}
	var want map[string]struct {
		Model, Oracle string
		Values        []float64
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	z, err := zoo.Open(zoo.Options{Dirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for name, w := range want {
		entry, info, err := trial.Metrics.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := entry.New(values(t, info, map[string]any{"model": w.Model}), z)
		if err != nil {
			t.Fatal(err)
		}
		model, err := z.Load(w.Model)
		if err != nil {
			t.Fatal(err)
		}
		var outputs []string
		for i, r := range m.Needs() {
			if i%2 == 0 {
				outputs = append(outputs, r.Output)
			}
		}
		for k, files := range [][2]string{{"a1.png", "b1.png"}, {"a2.png", "b2.png"}} {
			x := &trial.Trial{Input: load(t, filepath.Join(goldens, files[0])), Output: load(t, filepath.Join(goldens, files[1]))}
			f, err := model.Features(context.Background(), []*raster.Image{x.Input, x.Output}, outputs, true)
			if err != nil {
				t.Fatal(err)
			}
			for i := range outputs {
				x.Features = append(x.Features, f[0][i], f[1][i])
			}
			s, err := m.Score(x)
			if err != nil {
				t.Fatal(err)
			}
			off := abs(s.Value-w.Values[k]) / w.Values[k]
			t.Logf("%s of %s: %.9g, %s says %.9g, relative deviation %.1e", name, files[1], s.Value, w.Oracle, w.Values[k], off)
			if !(off <= 1e-5) {
				t.Errorf("%s of %s is off by %.1e", name, files[1], off)
			}
		}
	}
}

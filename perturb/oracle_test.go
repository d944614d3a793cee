package perturb_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// TestAgainstOracles compares with the bytes that scipy, scikit-image, Pillow, colour-science and numpy give. One level of
// difference is allowed where an oracle's value lies at a half, in at most one byte of a thousand.
func TestAgainstOracles(t *testing.T) {
	data, err := os.ReadFile("../testdata/perturb/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Width, Height int
		Cases         []struct {
			Kind, Oracle, Bytes string
			Severity            float64
			Params              map[string]any
		}
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	m := raster.New(g.Width, g.Height)
	s := uint32(1)
	for i := range m.Pix {
		s = 1664525*s + 1013904223
		x, y, c := i/3%g.Width, i/3/g.Width, i%3
		m.Pix[i] = uint8((3*x + 2*y + 40*c + int(s>>27)) % 256)
	}
	for _, c := range g.Cases {
		want, err := hex.DecodeString(c.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		entry, info, err := trial.Perturbations.Get(c.Kind)
		if err != nil {
			t.Fatal(err)
		}
		v, errs := registry.NewValues(info, c.Params)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		p, err := entry.New(v)
		if err != nil {
			t.Fatal(err)
		}
		src := &trial.Source{ID: "golden"}
		sweep, err := p.Prepare(context.Background(), &trial.Input{Image: m, Source: src, Draw: draws(src, c.Kind, 0)})
		if err != nil {
			t.Fatal(err)
		}
		out, err := sweep(c.Severity)
		if err != nil {
			t.Fatal(err)
		}
		off, worst := 0, 0
		for i, v := range out.Image.Pix {
			if d := max(int(v)-int(want[i]), int(want[i])-int(v)); d > 0 {
				off, worst = off+1, max(worst, d)
			}
		}
		t.Logf("%s at %g against %s: %d of %d bytes differ, by at most %d", c.Kind, c.Severity, c.Oracle, off, len(want), worst)
		if worst > 1 || off > len(want)/1000 {
			t.Errorf("%s at %g differs from %s", c.Kind, c.Severity, c.Oracle)
		}
	}
}

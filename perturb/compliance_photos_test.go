package perturb_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "probity/datasets" // opens the folder
	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

// photos writes colourful pictures that have no structure in common.
func photos(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for k := range n {
		s := stream.Key{Seed: 8, Step: "test", Replicate: k}.Open()
		m := raster.New(72, 60)
		var f [9]float64
		for i := range f {
			f[i] = s.Float64()
		}
		for y := range m.H {
			for x := range m.W {
				for c := range 3 {
					v := 128 + 60*math.Sin(9*f[c]*float64(x)/72+9*f[3+c]*float64(y)/60+6*f[6+c]) + 20*(s.Float64()-.5)
					m.Pix[3*(y*m.W+x)+c] = uint8(v)
				}
			}
		}
		data, err := m.EncodePNG()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("p%d.png", k)), data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func photoSuite(dir string, size int, given map[string]any) (*trial.Suite, error) {
	entry, info, err := trial.Datasets.Get("compliance-photos")
	if err != nil {
		return nil, err
	}
	values, errs := registry.NewValues(info, given)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return entry.Suite(context.Background(), values, trial.OpenOptions{Path: dir, Size: size, Fit: "crop"})
}

// TestPhotoSuiteLaws: right outputs keep to where the edit may act, captions are those of the pictures, damage is as strong as it says, and
// what decides a quad is in the words or in the input, never in both.
func TestPhotoSuiteLaws(t *testing.T) {
	ctx := context.Background()
	dir := photos(t, 4)
	s, err := photoSuite(dir, 56, nil)
	if err != nil {
		t.Fatal(err)
	}
	render := func(d trial.Depiction) *raster.Image {
		t.Helper()
		img, err := d.Render(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	names := map[string]bool{}
	for _, src := range s.Sources {
		for i := range src.Quads {
			q := &src.Quads[i]
			if names[q.Name] {
				t.Errorf("two quads are called %s", q.Name)
			}
			names[q.Name] = true
			if d := q.Differ(); slices.Contains(d, trial.OfInput) != slices.Equal(d, []trial.Part{trial.OfInput}) {
				t.Errorf("%s: its contexts differ in %v", q.Name, d)
			}
			for c := range 2 {
				x := &q.Contexts[c]
				if q.Outputs[c].Caption() != x.TargetCaption || x.Input.Caption() != x.SourceCaption {
					t.Errorf("%s, context %d: captions that are not those of its pictures", q.Name, c+1)
				}
				in, out := render(x.Input), render(q.Outputs[c])
				mask, err := x.Allowed.Mask(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for p := range mask.In {
					if mask.In[p] == 0 && [3]uint8(in.Pix[3*p:]) != [3]uint8(out.Pix[3*p:]) {
						t.Errorf("%s, context %d: the right output differs from the input outside the mask", q.Name, c+1)
						break
					}
				}
				if !render(q.Outputs[c].Again(2)).Equal(render(q.Outputs[c].Again(2))) || render(q.Outputs[c].Again(2)).Equal(out) {
					t.Errorf("%s: an output photographed again differs from itself, or does not differ", q.Name)
				}
			}
			if render(q.Outputs[0]).Equal(render(q.Outputs[1])) {
				t.Errorf("%s: its outputs are the same", q.Name)
			}
			if q.Kind == "collateral" {
				clean, damaged := render(q.Contexts[0].Input), render(q.Contexts[1].Input)
				changed := raster.NewMask(clean.W, clean.H)
				for p := range changed.In {
					if [3]uint8(clean.Pix[3*p:]) != [3]uint8(damaged.Pix[3*p:]) {
						changed.In[p] = 1
					}
				}
				if de := raster.MeanDeltaE00(clean, damaged, nil, changed); math.Abs(de-q.Severity) > .06*q.Severity+.1 {
					t.Errorf("%s: damage of %.2f dE00, it says %g", q.Name, de, q.Severity)
				}
			}
		}
	}
	again, err := photoSuite(dir, 56, map[string]any{"kinds": []string{"over-done"}})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(s.Sources[1].Quads, func(q trial.Quad) bool { return q.Kind == "over-done" })
	if a, b := &s.Sources[1].Quads[at], &again.Sources[1].Quads[0]; a.Name != b.Name || a.Outputs[1].Hash() != b.Outputs[1].Hash() {
		t.Error("a quad depends on which kinds there are")
	}
	if other, err := photoSuite(dir, 64, nil); err != nil || other.Sources[0].Quads[0].Outputs[0].Hash() == s.Sources[0].Quads[0].Outputs[0].Hash() {
		t.Errorf("pictures of another size have the same hash, %v", err)
	}
	for _, c := range []struct {
		dir   string
		given map[string]any
		want  string
	}{{dir, map[string]any{"count": 5}, "count asks for 5"}, {photos(t, 1), nil, "two photographs or more"}, {filepath.Join(dir, "none"), nil, "none"}} {
		if _, err := photoSuite(c.dir, 56, c.given); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, wants %q", c.given, err, c.want)
		}
	}
}

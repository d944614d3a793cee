package metrics_test

import (
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/sharedtest"
	"probity/internal/trial"
)

type pairGolden struct {
	Input, Output string
	Real          bool
	MOS           float64
	Scores        map[string]golden
}

// pairTolerances: what single precision or another conversion costs. Everything else has to agree to 1e-10.
var pairTolerances = map[string]float64{}

// pictures scores pictures of our own, with even and odd sides, against scikit-image, piq, scipy and colour-science.
func pictures(t *testing.T) {
	for _, p := range read[[]pairGolden](t, "pairs.json") {
		if !p.Real {
			scorePair(t, p, goldens)
		}
	}
}

// realPictures does so for the LPIPS repository's example and TID2013's pairs.
func realPictures(t *testing.T) {
	root := sharedtest.Dir(t, "data")
	for _, p := range read[[]pairGolden](t, "pairs.json") {
		if p.Real {
			scorePair(t, p, root)
		}
	}
}

func scorePair(t *testing.T, p pairGolden, root string) {
	a, b := load(t, filepath.Join(root, p.Input)), load(t, filepath.Join(root, p.Output))
	memo := new(trial.Memo)
	for label, want := range p.Scores {
		if strings.HasSuffix(label, "own conversion") {
			continue // colourConversions
		}
		m, _ := build(t, label)
		s, err := m.Score(&trial.Trial{Input: a, Output: b, Memo: memo})
		if err != nil {
			t.Errorf("%s of %s: %v", label, p.Output, err)
			continue
		}
		tolerance := 1e-10
		if v, ok := pairTolerances[label]; ok {
			tolerance = v
		}
		agree(t, label, p.Output, s.Value, want, tolerance)
	}
}

// colour-science derives its matrix and white point otherwise. On single colours that moves a difference by up to
// .0015, on pictures it averages out; both are kept apart from the formula, which agrees.
func colourConversions(t *testing.T) {
	m, _ := build(t, "ciede2000")
	for _, p := range read[[]pairGolden](t, "pairs.json") {
		if p.Real {
			continue
		}
		s, err := m.Score(&trial.Trial{Input: load(t, filepath.Join(goldens, p.Input)), Output: load(t, filepath.Join(goldens, p.Output))})
		if err != nil {
			t.Fatal(err)
		}
		agree(t, "ciede2000 own conversion", p.Output, s.Value, p.Scores["ciede2000 own conversion"], .0015)
	}
}

// Two pictures of equal luma whose colours part: what luma metrics cannot see and the others must.
func TestIsoluminant(t *testing.T) {
	a, b := raster.New(176, 176), raster.New(176, 176)
	for i := 0; i < len(a.Pix); i += 3 {
		copy(a.Pix[i:], []uint8{100, 100, 100})
		copy(b.Pix[i:], []uint8{100, 100, 100})
		if i/3%7 == 0 { // 19 x .587 is nearly 98 x .114
			b.Pix[i+1], b.Pix[i+2] = 100-19, 100+98
		}
	}
	for label, sees := range map[string]bool{"ssim": false, "gradient": false, "gmsd": false, "vifp": false, "ssim channel=rgb": true, "mse": true, "ciede2000": true, "ms-ssim": true} {
		m, _ := build(t, label)
		same, err1 := m.Score(&trial.Trial{Input: a, Output: a})
		other, err2 := m.Score(&trial.Trial{Input: a, Output: b})
		if err1 != nil || err2 != nil {
			t.Fatal(label, err1, err2)
		}
		if changed := abs(same.Value-other.Value) > .005; changed != sees {
			t.Errorf("%s: %v alone, %v with a change of colour", label, same.Value, other.Value)
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }

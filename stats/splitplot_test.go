package stats_test

import (
	"encoding/json"
	"math"
	"math/bits"
	"os"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/stats"
)

var splitFactors = []string{"A", "L", "O"}

// Mean squares agree with statsmodels; coefficients, standard errors, degrees of freedom and variance components with lme4 and
// lmerTest, whose optimiser stops at about six digits.
func TestSplitPlotAgainstOracles(t *testing.T) {
	b, err := os.ReadFile("../testdata/stats/splitplot.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Y                               [][][][]float64
		Seed                            [][]float64
		SeedBlock                       [][]float64 `json:"seed_block"`
		Block                           float64
		OnePart                         []float64 `json:"one_part"`
		Coefficient, SE, DF, Components []float64
		Noncentral                      [][]float64
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	f, err := stats.FitSplitPlot(stats.SplitPlot{Factors: splitFactors, Part: "P", Y: g.Y})
	if err != nil {
		t.Fatal(err)
	}
	for k := range 2 {
		near(t, "mean square of seeds", f.Seed[k].MS, g.Seed[k][0], 1e-10)
		near(t, "its degrees of freedom", f.Seed[k].DF, g.Seed[k][1], 0)
		near(t, "mean square of seeds and sources", f.SeedBlock[k].MS, g.SeedBlock[k][0], 1e-10)
		near(t, "its degrees of freedom", f.SeedBlock[k].DF, g.SeedBlock[k][1], 0)
	}
	near(t, "mean square of sources", f.Block.MS, g.Block, 1e-10)
	for i, term := range f.Terms {
		near(t, term.Name, term.Coefficient, g.Coefficient[i], 1e-10)
		near(t, "standard error of "+term.Name, math.Sqrt(term.Variance), g.SE[i], 1e-6)
		if d := math.Abs(term.DF/g.DF[i] - 1); d > 5e-3 { // lmerTest differentiates numerically
			t.Errorf("degrees of freedom of %s: %.5g, lmerTest says %.5g", term.Name, term.DF, g.DF[i])
		}
	}
	for i, c := range f.Components() {
		if d := math.Abs(c.Raw - g.Components[i]); d > 1e-6 {
			t.Errorf("component %s: %.8g, lme4 says %.8g", c.Name, c.Raw, g.Components[i])
		}
	}
	one := make([][][][]float64, 8) // the second part alone
	for c := range one {
		for _, parts := range g.Y[c] {
			one[c] = append(one[c], parts[1:])
		}
	}
	if f, err = stats.FitSplitPlot(stats.SplitPlot{Factors: splitFactors, Y: one}); err != nil {
		t.Fatal(err)
	}
	near(t, "A in one part", f.Terms[0].Coefficient, g.OnePart[0], 1e-10)
	near(t, "its standard error", math.Sqrt(f.Terms[0].Variance), g.OnePart[1], 1e-6)
	if d := math.Abs(f.Terms[0].DF/g.OnePart[2] - 1); d > 5e-3 {
		t.Errorf("its degrees of freedom: %.5g, lmerTest says %.5g", f.Terms[0].DF, g.OnePart[2])
	}
	for _, row := range g.Noncentral {
		tol := 1e-12
		if row[1] > 1 && row[2] > 0 {
			tol = 6e-3 // Sankaran's approximation
		}
		if got := stats.NoncentralCDF(row[0], row[1], row[2]); math.Abs(got-row[3]) > tol {
			t.Errorf("noncentral chi squared at %v: %.6f, scipy says %.6f", row[:3], got, row[3])
		}
	}
}

// simulated draws a split plot with known coefficients and variances.
func simulated(run uint64, seeds, blocks int, coefficient map[int]float64, sd [6]float64) stats.SplitPlot {
	s := stream.Key{Seed: run, Step: "split plot test"}.Open()
	sign := func(mask, x int) float64 {
		if bits.OnesCount(uint(mask&^x))%2 == 1 {
			return -1
		}
		return 1
	}
	source, slope := make([]float64, blocks), make([][]float64, blocks)
	for b := range source {
		source[b] = sd[0] * s.Norm()
		slope[b] = make([]float64, 16)
		for m := 1; m < 16; m++ {
			slope[b][m] = sd[1] * s.Norm()
		}
	}
	y := make([][][][]float64, 8)
	for c := range y {
		for range seeds {
			seed := sd[2] * s.Norm()
			own := make([]float64, blocks)
			for b := range own {
				own[b] = sd[4] * s.Norm()
			}
			parts := make([][]float64, 2)
			for p := range parts {
				part := sd[3] * s.Norm()
				for b := range blocks {
					v := source[b] + seed + part + own[b] + sd[5]*s.Norm()
					for m := 1; m < 16; m++ {
						v += sign(m, c|p<<3) * (coefficient[m] + slope[b][m])
					}
					parts[p] = append(parts[p], v)
				}
			}
			y[c] = append(y[c], parts)
		}
	}
	return stats.SplitPlot{Factors: splitFactors, Part: "P", Y: y}
}

// Intervals of effects and of shares hold the truth as often as they say, for effects large, small and absent, and whether
// seeds or sources are what varies most.
func TestSplitPlotIntervalsCover(t *testing.T) {
	const runs = 50 // of 200 runs, 4,200 intervals of shares held the truth in 94.7 %, at least 89 % of each kind; 9,000 of effects in 95.3 %
	coefficient := map[int]float64{1: .05, 2: .02, 8: .08, 9: .03}
	groups := []stats.ShareGroup{
		{Name: "A", Has: func(t stats.SplitPlotTerm) bool { return t.Mask == 1 }},
		{Name: "L", Has: func(t stats.SplitPlotTerm) bool { return t.Mask == 2 }},
		{Name: "O", Has: func(t stats.SplitPlotTerm) bool { return t.Mask == 4 }},
		{Name: "P", Has: func(t stats.SplitPlotTerm) bool { return t.Mask == 8 }},
		{Name: "with P", Has: func(t stats.SplitPlotTerm) bool { return t.Mask > 8 }},
		{Name: "other", Has: func(t stats.SplitPlotTerm) bool { return t.Mask == 3 || t.Mask == 5 || t.Mask == 6 || t.Mask == 7 }},
	}
	held, of := 0, 0
	for _, set := range []struct {
		name string
		sd   [6]float64
	}{
		{"seeds", [6]float64{.1, .01, .06, .03, .02, .05}},
		{"sources", [6]float64{.1, .1, .02, .01, .02, .05}},
		{"neither", [6]float64{.05, 0, 0, .01, .03, .1}},
	} {
		truth := []float64{.05 * .05, .02 * .02, 0, .08 * .08, .03 * .03, 0, set.sd[2]*set.sd[2] + set.sd[3]*set.sd[3]}
		var total float64
		for _, v := range truth {
			total += v
		}
		effect, ofEffect := 0, 0
		seeds, ofSeeds := 0, 0
		share, above := make([]int, len(truth)), make([]int, len(truth))
		for run := range uint64(runs) {
			f, err := stats.FitSplitPlot(simulated(1000+run, 3, 20, coefficient, set.sd))
			if err != nil {
				t.Fatal(err)
			}
			for _, term := range f.Terms {
				e := f.Contrast(f.Weights(term.Mask), .95)
				ofEffect++
				if e.Low <= coefficient[term.Mask] && coefficient[term.Mask] <= e.High {
					effect++
				}
			}
			if set.sd[1] == 0 { // without interactions of sources both scopes have the same truth
				e := f.Contrast(f.Weights(1), .95)
				ofSeeds++
				if e.SeedsLow <= coefficient[1] && coefficient[1] <= e.SeedsHigh {
					seeds++
				}
			}
			list, err := f.Shares(groups, .95, stats.Resampling{N: 200, Seed: run})
			if err != nil {
				t.Fatal(err)
			}
			for g, s := range list {
				if want := truth[g] / total; s.Low <= want && want <= s.High {
					share[g]++
				} else if s.Low > want {
					above[g]++
				}
			}
		}
		t.Logf("%s: effects %.3f of %d, over seeds %d of %d, shares %v of %d (above %v)", set.name, float64(effect)/float64(ofEffect), ofEffect, seeds, ofSeeds, share, runs, above)
		if c := float64(effect) / float64(ofEffect); c < .93 || c > .98 {
			t.Errorf("%s: 95 %% intervals of effects hold the truth in %.1f %%", set.name, 100*c)
		}
		for _, n := range share {
			held, of = held+n, of+runs
		}
	}
	if c := float64(held) / float64(of); c < .925 || c > .98 {
		t.Errorf("95 %% intervals of shares hold the truth in %.1f %% of %d", 100*c, of)
	}
}

// What the balanced case cannot answer is refused with the reason.
func TestSplitPlotRefuses(t *testing.T) {
	good := func() stats.SplitPlot { return simulated(1, 2, 3, nil, [6]float64{1, 1, 1, 1, 1, 1}) }
	for want, spoil := range map[string]func(d *stats.SplitPlot){
		"cells":                 func(d *stats.SplitPlot) { d.Y = d.Y[1:] },
		"how much a seed moves": func(d *stats.SplitPlot) { d.Y[0] = d.Y[0][:1] },
		"cell 3 has 1 seeds":    func(d *stats.SplitPlot) { d.Y[3] = d.Y[3][:1] },
		"instead of 2":          func(d *stats.SplitPlot) { d.Y[2][1] = d.Y[2][1][:1] },
		"instead of 3":          func(d *stats.SplitPlot) { d.Y[2][1][0] = d.Y[2][1][0][:2] },
		"leave out":             func(d *stats.SplitPlot) { d.Y[2][1][0][1] = math.NaN() },
	} {
		d := good()
		spoil(&d)
		if _, err := stats.FitSplitPlot(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", want, err)
		}
	}
	if _, err := stats.FitSplitPlot(good()); err != nil {
		t.Error(err)
	}
}

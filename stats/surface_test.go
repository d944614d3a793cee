package stats_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/stats"
)

type surfaceGolden struct {
	Paired []struct {
		A, B, Ends []float64
		Kind       stats.SetKind
	}
	Welch  struct{ A, B, Interval []float64 }
	Rungs  [][4]float64
	Fits   []fitGolden
	Levels fitGolden
}

type fitGolden struct {
	RSS, DF, F, P, DF1, DF2  float64
	At, Doubling, Step, Rate []float64
	DoublingOverSeeds        []float64 `json:"doubling over seeds"`
	RateOverSeeds            struct {
		Value, Far float64
		Ends       []float64
	} `json:"rate over seeds"`
}

func loadSurface(t *testing.T) (g surfaceGolden, rungs []stats.Rung) {
	t.Helper()
	b, err := os.ReadFile("../testdata/stats/surface.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	for _, r := range g.Rungs {
		rungs = append(rungs, stats.Rung{Pairs: r[0], Quality: r[1], Seed: int(r[2]), Score: r[3]})
	}
	return g, rungs
}

// Fieller's sets of all three forms are those of inverted t tests.
func TestFiellerIsAnInvertedTTest(t *testing.T) {
	g, _ := loadSurface(t)
	seen := map[stats.SetKind]bool{}
	for i, p := range g.Paired {
		s := must[stats.RatioSet](t)(stats.FiellerPaired(p.A, p.B, .95))
		seen[s.Kind] = true
		if s.Kind != p.Kind {
			t.Errorf("set %d is %s, the oracle says %s", i, s.Kind, p.Kind)
			continue
		}
		if len(p.Ends) == 2 {
			near(t, "low", s.Low, p.Ends[0], 1e-9)
			near(t, "high", s.High, p.Ends[1], 1e-9)
		}
		if !s.Contains(s.Value) {
			t.Errorf("set %d does not hold its own estimate", i)
		}
	}
	if len(seen) != 3 {
		t.Errorf("the oracle shows %d forms of three", len(seen))
	}
}

func TestWelchIntervalOfScipy(t *testing.T) {
	g, _ := loadSurface(t)
	iv := stats.WelchInterval(g.Welch.A, g.Welch.B, .95)
	near(t, "difference", iv.Value, g.Welch.Interval[0], 1e-12)
	near(t, "low", iv.Low, g.Welch.Interval[1], 1e-9)
	near(t, "high", iv.High, g.Welch.Interval[2], 1e-9)
	if iv := stats.WelchInterval([]float64{1}, g.Welch.B, .95); !math.IsNaN(iv.Low) || len(iv.Warnings) == 0 {
		t.Errorf("one value: %v", iv)
	}
}

// The ratio turned over has the set turned over, and a scale of numerator or denominator scales it.
func TestFiellerLaws(t *testing.T) {
	s := stream.Key{Seed: 5, Step: "fieller", Purpose: "laws"}.Open()
	for range 500 {
		a, b := s.Norm(), s.Norm()
		va, vb := .2*s.Float64(), .2*s.Float64()
		vab := (2*s.Float64() - 1) * math.Sqrt(va*vb)
		one := must[stats.RatioSet](t)(stats.Fieller(a, b, va, vab, vb, 7, .95))
		turned := must[stats.RatioSet](t)(stats.Fieller(b, a, vb, vab, va, 7, .95))
		scaled := must[stats.RatioSet](t)(stats.Fieller(3*a, b, 9*va, 3*vab, vb, 7, .95))
		if scaled.Kind != one.Kind {
			t.Fatalf("scaling turns %s into %s", one.Kind, scaled.Kind)
		}
		for k := range 40 {
			r := math.Tan(math.Pi * (float64(k) + .37) / 40)
			if one.Contains(r) != turned.Contains(1/r) || one.Contains(r) != scaled.Contains(3*r) {
				t.Fatalf("%v and %v disagree on %g", one, turned, r)
			}
		}
		// The set is bounded exactly where the denominator differs from 0 by the same test.
		bounded := math.Abs(b) > 2.364624251592785*math.Sqrt(vb)
		if bounded != (one.Kind == stats.Bounded) {
			t.Fatalf("denominator %g with variance %g: %s", b, vb, one.Kind)
		}
	}
	if one := must[stats.RatioSet](t)(stats.Fieller(0, 1, 0, 0, 0, 3, .95)); one.Kind != stats.Bounded || one.Low != 0 || one.High != 0 {
		t.Errorf("0 / 1 without error: %v", one)
	}
	if _, err := stats.Fieller(1, 0, 0, 0, 0, 3, .95); !errors.Is(err, stats.ErrUndefined) {
		t.Errorf("1 / 0 without error: %v", err)
	}
}

// TestFiellerCovers simulates slopes of few seeds, correlated, with true denominators from far from 0 to 0 itself. At 4,000
// replicates the standard error of a share of 95 % is .34 points.
func TestFiellerCovers(t *testing.T) {
	const replicates = 4000
	for _, seeds := range []int{3, 5} {
		for _, den := range []float64{2, .5, .05} {
			s := stream.Key{Seed: 11, Step: "fieller", Purpose: "cover", Replicate: seeds}.Open()
			hits, bounded := 0, 0
			ratio := 1.5
			for range replicates {
				a, b := make([]float64, seeds), make([]float64, seeds)
				for k := range a {
					e := s.Norm()
					b[k] = den + e
					a[k] = ratio*den + .6*e + .8*s.Norm()
				}
				set := must[stats.RatioSet](t)(stats.FiellerPaired(a, b, .95))
				if set.Contains(ratio) {
					hits++
				}
				if set.Kind == stats.Bounded {
					bounded++
				}
			}
			share := float64(hits) / replicates
			if share < .94 || share > .96 {
				t.Errorf("%d seeds, denominator %g: covers %.3f", seeds, den, share)
			}
			if den == .05 && float64(bounded)/replicates > .08 {
				t.Errorf("%d seeds, denominator %g: %.3f of the sets are bounded", seeds, den, float64(bounded)/replicates)
			}
		}
	}
}

func TestSurfacesOfStatsmodels(t *testing.T) {
	g, rungs := loadSurface(t)
	form := stats.FormFor(rungs, 0)
	if form != (stats.SurfaceForm{Product: true, PairsSquared: true, QualitySquared: true}) {
		t.Fatalf("form %+v", form)
	}
	for i, link := range []stats.Link{stats.Identity, stats.Logit} {
		want := g.Fits[i]
		s := must[*stats.Surface](t)(stats.FitSurface(rungs, form, link, false))
		near(t, "rss", s.Variance*s.DF, want.RSS, 1e-9)
		near(t, "df", s.DF, want.DF, 0)
		near(t, "F", s.LackOfFit.F, want.F, 1e-8)
		near(t, "p", s.LackOfFit.P, want.P, 1e-8)
		near(t, "df1", s.LackOfFit.DF1, want.DF1, 0)
		near(t, "df2", s.LackOfFit.DF2, want.DF2, 0)
		const x, q, step = 11, .2, -.3
		interval := func(what string, iv stats.Interval, want []float64) {
			t.Helper()
			near(t, what, iv.Value, want[0], 1e-9)
			near(t, what+" low", iv.Low, want[1], 1e-8)
			near(t, what+" high", iv.High, want[2], 1e-8)
		}
		interval("at", s.Interval(s.Terms(x, q), .95), want.At)
		interval("doubling", s.Interval(s.Doubling(x, q), .95), want.Doubling)
		interval("step", s.Interval(s.Step(x, q, step), .95), want.Step)
		rate := must[stats.RatioSet](t)(s.ExchangeRate(x, q, step, .95))
		near(t, "rate", rate.Value, want.Rate[0], 1e-9)
		near(t, "rate low", rate.Low, want.Rate[1], 1e-8)
		near(t, "rate high", rate.High, want.Rate[2], 1e-8)

		s = must[*stats.Surface](t)(stats.FitSurface(rungs, form, link, true))
		interval("doubling over seeds", s.Interval(s.Doubling(x, q), .95), want.DoublingOverSeeds)
		rate = must[stats.RatioSet](t)(s.ExchangeRate(x, q, step, .95))
		near(t, "rate over seeds", rate.Value, want.RateOverSeeds.Value, 1e-9)
		near(t, "its low", rate.Low, want.RateOverSeeds.Ends[0], 1e-8)
		near(t, "its high", rate.High, want.RateOverSeeds.Ends[1], 1e-8)
	}
	levels := make([]stats.Rung, len(rungs))
	for i, r := range rungs {
		r.Quality = map[float64]float64{0: 2, .3: 1, .6: 0}[r.Quality]
		levels[i] = r
	}
	form = stats.FormFor(levels, 3)
	if form != (stats.SurfaceForm{Levels: 3, Product: true, PairsSquared: true}) {
		t.Fatalf("form of levels %+v", form)
	}
	s := must[*stats.Surface](t)(stats.FitSurface(levels, form, stats.Identity, false))
	near(t, "F of levels", s.LackOfFit.F, g.Levels.F, 1e-8)
	for what, got := range map[string]stats.Interval{"doubling": s.Interval(s.Doubling(11, 1), .95), "step": s.Interval(s.Step(11, 1, 1), .95)} {
		want := map[string][]float64{"doubling": g.Levels.Doubling, "step": g.Levels.Step}[what]
		near(t, what, got.Value, want[0], 1e-9)
		near(t, what+" low", got.Low, want[1], 1e-8)
		near(t, what+" high", got.High, want[2], 1e-8)
	}
}

// planted makes a ladder whose true surface is known, with seeds that shift and tilt all rungs of theirs.
func planted(s *stream.Stream, seeds int, noise float64, truth func(x, q float64) float64) []stats.Rung {
	var out []stats.Rung
	for k := range seeds {
		shift, tilt := .5*noise*s.Norm(), .1*noise*s.Norm()
		for _, x := range []float64{6, 10, 15.4} {
			for _, q := range []float64{0, .3, .6} {
				out = append(out, stats.Rung{Pairs: x, Quality: q, Seed: k, Score: truth(x, q) + shift + tilt*(x-10) + noise*s.Norm()})
			}
		}
	}
	return out
}

// TestExchangeRateCovers simulates whole ladders of 3 seeds, whose rungs are not independent, down to a flat one.
func TestExchangeRateCovers(t *testing.T) {
	const replicates = 2000
	for _, slope := range []float64{.03, .003} {
		truth := func(x, q float64) float64 { return .5 + slope*(x-6) - .12*q - .01*(x-6)*q }
		rate := (.12 + .01*4) * .3 / (slope - .01*.3)
		if slope == .003 {
			truth = func(x, q float64) float64 { return .5 + slope*(x-6) - .12*q }
			rate = .12 * .3 / slope
		}
		gain := truth(10.5, .3) - truth(9.5, .3)
		s := stream.Key{Seed: 3, Step: "surface", Purpose: "cover"}.Open()
		hits, doubling := 0, 0
		for range replicates {
			rungs := planted(s, 3, .015, truth)
			fit := must[*stats.Surface](t)(stats.FitSurface(rungs, stats.FormFor(rungs, 0), stats.Identity, true))
			if must[stats.RatioSet](t)(fit.ExchangeRate(10, .3, -.3, .95)).Contains(rate) {
				hits++
			}
			if iv := fit.Interval(fit.Doubling(10, .3), .95); iv.Low <= gain && gain <= iv.High {
				doubling++
			}
		}
		for what, n := range map[string]int{"rate": hits, "doubling": doubling} {
			if share := float64(n) / replicates; share < .935 || share > .965 {
				t.Errorf("slope %g: the %s covers %.3f", slope, what, share)
			}
		}
	}
}

// The form follows from which rungs there are: two sizes and two values carry the product and no test, three carry squares.
func TestFormForRungs(t *testing.T) {
	grid := func(xs, qs []float64) (out []stats.Rung) {
		for _, x := range xs {
			for _, q := range qs {
				for k := range 2 {
					out = append(out, stats.Rung{Pairs: x, Quality: q, Seed: k, Score: x + q})
				}
			}
		}
		return out
	}
	two, three := []float64{6, 15}, []float64{6, 10, 15}
	ordered := []float64{0, 1, 2}
	for _, c := range []struct {
		rungs  []stats.Rung
		levels int
		want   stats.SurfaceForm
	}{
		{grid(two, []float64{0, .6}), 0, stats.SurfaceForm{Product: true}},
		{grid(three, []float64{0, .6}), 0, stats.SurfaceForm{Product: true, PairsSquared: true}},
		{grid(two, ordered), 0, stats.SurfaceForm{Product: true, QualitySquared: true}},
		{grid(two, ordered), 3, stats.SurfaceForm{Levels: 3, Product: true}},
		{append(grid(two, ordered[:2]), grid(two[:1], ordered[2:])...), 3, stats.SurfaceForm{Levels: 3}},
	} {
		if got := stats.FormFor(c.rungs, c.levels); got != c.want {
			t.Errorf("%+v, wants %+v", got, c.want)
		}
	}
}

// The link is chosen by lack of fit: a surface that is plane in the logit is not plane in proportions near 1.
func TestLinkIsChosenByLackOfFit(t *testing.T) {
	logistic := func(x, q float64) float64 { return 1 / (1 + math.Exp(-(-2 + .6*(x-6) - 2*q))) }
	line := func(x, q float64) float64 { return .4 + .03*(x-6) - .2*q }
	form := stats.SurfaceForm{}
	for name, c := range map[string]struct {
		truth func(x, q float64) float64
		want  stats.Link
	}{"logistic": {logistic, stats.Logit}, "line": {line, stats.Identity}} {
		rungs := planted(stream.Key{Seed: 2, Step: "surface", Purpose: name}.Open(), 3, .002, c.truth)
		s, other, err := stats.ChooseLink(rungs, form, true)
		if err != nil || s.Link != c.want || other == nil {
			t.Errorf("%s: %v, %v", name, s.Link, err)
		}
	}
	rungs := planted(stream.Key{Seed: 2, Step: "surface", Purpose: "line"}.Open(), 3, .002, line)
	rungs[0].Score = 1
	if s, other, err := stats.ChooseLink(rungs, form, true); err != nil || s.Link != stats.Identity || other != nil {
		t.Errorf("a score of 1 has no logit: %v, %v, %v", s.Link, other, err)
	}
}

// The contour of equal performance goes through the places at which the surface has that score, in either direction.
func TestPairsForIsTheInverse(t *testing.T) {
	s := stream.Key{Seed: 8, Step: "surface", Purpose: "contour"}.Open()
	rungs := planted(s, 4, .003, func(x, q float64) float64 { return .5 + .04*(x-6) - .001*(x-6)*(x-6) - .2*q })
	for _, link := range []stats.Link{stats.Identity, stats.Logit} {
		fit := must[*stats.Surface](t)(stats.FitSurface(rungs, stats.FormFor(rungs, 0), link, true))
		for _, x := range []float64{6.5, 9, 13} {
			iv := fit.PairsFor(fit.Score(x, .3), .3, 6, 15.4, .95)
			near(t, "pairs", iv.Value, x, 1e-9)
			if !(iv.Low < x && x < iv.High) {
				t.Errorf("interval %v at %g", iv, x)
			}
		}
		if iv := fit.PairsFor(.99, .3, 6, 15.4, .95); !math.IsNaN(iv.Value) {
			t.Errorf("%g pairs reach a score that none reaches", iv.Value)
		}
	}
}

func TestSurfaceErrors(t *testing.T) {
	s := stream.Key{Seed: 8, Step: "surface", Purpose: "errors"}.Open()
	rungs := planted(s, 2, .01, func(x, q float64) float64 { return .5 })
	form := stats.FormFor(rungs, 0)
	if _, err := stats.FitSurface(rungs[1:], form, stats.Identity, true); err == nil || !strings.Contains(err.Error(), "every seed must have one on each") {
		t.Errorf("a seed lacks a rung: %v", err)
	}
	if _, err := stats.FitSurface(rungs[:9], form, stats.Identity, true); !errors.Is(err, stats.ErrUndefined) {
		t.Errorf("one seed: %v", err)
	}
	if _, err := stats.FitSurface(rungs[:4], form, stats.Identity, false); !errors.Is(err, stats.ErrUndefined) {
		t.Errorf("four models: %v", err)
	}
	flat := append([]stats.Rung(nil), rungs...)
	for i := range flat {
		flat[i].Quality = 0
	}
	if _, err := stats.FitSurface(flat, stats.SurfaceForm{}, stats.Identity, false); !errors.Is(err, stats.ErrUndefined) {
		t.Errorf("one quality only: %v", err)
	}
	rungs[3].Score = math.NaN()
	if _, err := stats.FitSurface(rungs, form, stats.Identity, true); err == nil {
		t.Error("a missing score was taken")
	}
}

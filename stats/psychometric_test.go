package stats_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"probity/stats"
)

// TestPsychometricRecovers fits exact shares of a known curve: the likelihood is greatest at the truth.
func TestPsychometricRecovers(t *testing.T) {
	var p []stats.PsychometricPoint
	for _, x := range []float64{-3, -2, -1, 0, 1, 2, 3, 5} {
		q := .5 + .47/(1+math.Exp(-(x-.4)/.7))
		p = append(p, stats.PsychometricPoint{X: x, Hits: math.Round(q * 1e6), N: 1e6})
	}
	r := must[stats.Psychometric](t)(stats.FitPsychometric(p, .5, .06))
	near(t, "threshold", r.Threshold, .4, 1e-3)
	near(t, "scale", r.Scale, .7, 1e-3)
	near(t, "lapse", r.Lapse, .03, 1e-3)
	if !r.Converged || r.P < .9 {
		t.Errorf("%+v", r)
	}
	for i := range p {
		p[i].Hits = p[i].N / 2 // guessing at every severity
	}
	if r := must[stats.Psychometric](t)(stats.FitPsychometric(p, .5, 0)); r.Converged {
		t.Errorf("no threshold in guessing: %+v", r)
	}
}

// TestPsychometricTakesPartsOfAnswers: counts that are all scaled have the same maximum and a deviance scaled likewise, so
// that halves of answers count as halves; and a fit that starts from another ends where one from nowhere does.
func TestPsychometricTakesPartsOfAnswers(t *testing.T) {
	whole := []stats.PsychometricPoint{{X: 0, Hits: 21, N: 40}, {X: 1, Hits: 27, N: 40}, {X: 2, Hits: 33, N: 40}, {X: 3, Hits: 37, N: 40}, {X: 4, Hits: 39, N: 40}}
	half := slices.Clone(whole)
	for i := range half {
		half[i].Hits, half[i].N = half[i].Hits/2, half[i].N/2
	}
	a := must[stats.Psychometric](t)(stats.FitPsychometric(whole, .5, .06))
	b := must[stats.Psychometric](t)(stats.FitPsychometric(half, .5, .06))
	near(t, "threshold", b.Threshold, a.Threshold, 1e-4)
	near(t, "scale", b.Scale, a.Scale, 1e-4)
	near(t, "deviance", b.Deviance, a.Deviance/2, 1e-8)
	other := slices.Clone(whole)
	other[1].Hits += 1.5
	c := must[stats.Psychometric](t)(stats.FitPsychometric(other, .5, .06))
	d := must[stats.Psychometric](t)(a.Refit(other, .06))
	near(t, "threshold from a fit", d.Threshold, c.Threshold, 1e-4)
	near(t, "likelihood from a fit", d.LogLikelihood, c.LogLikelihood, 1e-8)
	near(t, "probability", a.At(a.Threshold), .5+(.5-a.Lapse)/2, 1e-12)
	if _, err := stats.FitPsychometric([]stats.PsychometricPoint{{N: 0}, {X: 1, N: 1}, {X: 2, N: 1}}, .5, 0); err == nil {
		t.Error("a severity without answers was fitted")
	}
}

func TestCrossedIntervalSeesBothFactors(t *testing.T) {
	// The value is the source's effect plus the rater's: with few raters their spread must widen the interval.
	source, rater := noise(40, "source"), noise(4, "rater")
	open := func() func(a, b []float64) float64 {
		return func(a, b []float64) float64 {
			var s, n float64
			for i, w := range a {
				for j, v := range b {
					s += w * v * (source[i] + 3*rater[j])
					n += w * v
				}
			}
			return s / n
		}
	}
	iv := must[stats.Interval](t)(stats.CrossedInterval(context.Background(), 40, 4, open, .95, stats.Resampling{N: 500}))
	var r [][]float64
	for _, v := range rater {
		r = append(r, []float64{3 * v})
	}
	if one := stats.NewMean(r).T(.95); iv.High-iv.Low < .9*(one.High-one.Low) || iv.DF != 3 {
		t.Errorf("crossed %v..%v, raters alone %v..%v", iv.Low, iv.High, one.Low, one.High)
	}
}

func TestPartialRange(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6}
	p := must[[]stats.RangePart](t)(stats.PartialRange([]float64{3, 2, 1, 4, 5, 6}, x, 2))
	if p[0].Spearman != -1 || p[1].Spearman != 1 || p[0].High != 3 || p[1].Low != 4 {
		t.Errorf("%+v", p)
	}
}

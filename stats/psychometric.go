package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/optimize"
)

// PsychometricPoint is what was answered at one severity. Counts need not be whole: a tie is half a right answer, and of
// answers that depend on each other N is their effective number and Hits that times the share right (Rao and Scott 1992).
type PsychometricPoint struct {
	X    float64 // severity, or its logarithm
	Hits float64 // right answers, 0..N
	N    float64 // answers, above 0
}

// Psychometric is p(x) = guess + (1-guess-lapse) / (1+exp(-(x-Threshold)/Scale)) (Wichmann and Hill 2001; logistic form).
type Psychometric struct {
	Threshold, Scale, Guess, Lapse float64
	LogLikelihood                  float64
	Deviance, DF, P                float64 // against the saturated model, chi-squared; P small: a bad fit. NaN without df
	Converged                      bool
	Warnings                       []string
}

// FitPsychometric fits threshold, scale and a lapse rate in 0..maxLapse (.06 is Wichmann and Hill's; 0: none) by maximum
// likelihood, with the guess rate known (.5 for two alternatives). The chi-squared of the deviance is rough where fewer than
// 10 answers a severity are given, which is warned of.
func FitPsychometric(points []PsychometricPoint, guess, maxLapse float64) (Psychometric, error) {
	return fitPsychometric(points, guess, maxLapse, nil)
}

// Refit fits other points with the guess rate of p and a lapse rate in 0..maxLapse, starting from p alone: for resamples,
// whose maximum lies nearby.
func (p Psychometric) Refit(points []PsychometricPoint, maxLapse float64) (Psychometric, error) {
	return fitPsychometric(points, p.Guess, maxLapse, &p)
}

// At is the probability of a right answer at x.
func (p Psychometric) At(x float64) float64 {
	return p.Guess + (1-p.Guess-p.Lapse)/(1+math.Exp(-(x-p.Threshold)/p.Scale))
}

// fitPsychometric starts from a fit, or, where it is nil, from nine places.
func fitPsychometric(points []PsychometricPoint, guess, maxLapse float64, from *Psychometric) (Psychometric, error) {
	r := Psychometric{Guess: guess, P: math.NaN(), Deviance: math.NaN()}
	if len(points) < 3 || guess < 0 || guess >= 1 || maxLapse < 0 || guess+maxLapse >= 1 {
		return r, fmt.Errorf("psychometric fit: %d severities (at least 3), guess %v and lapse up to %v (below 1 together) are needed", len(points), guess, maxLapse)
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	few := false
	for i, p := range points {
		if !(p.N > 0) || math.IsInf(p.N, 0) || !(p.Hits >= 0 && p.Hits <= p.N) || math.IsNaN(p.X) || math.IsInf(p.X, 0) {
			return r, fmt.Errorf("psychometric fit: point %d is %+v", i, p)
		}
		lo, hi = min(lo, p.X), max(hi, p.X)
		few = few || p.N < 10
	}
	if lo == hi {
		return r, fmt.Errorf("psychometric fit: one severity only: %w", ErrUndefined)
	}
	width := hi - lo
	logP := func(k, n, p float64) float64 {
		var l float64
		if k > 0 {
			l += k * math.Log(p)
		}
		if k < n {
			l += (n - k) * math.Log1p(-p)
		}
		return l
	}
	// Parameters: threshold, log scale, lapse through a logistic; threshold and scale in units of the range.
	unpack := func(v []float64) (t, s, lapse float64) {
		t, s = lo+width*v[0], width*math.Exp(v[1])
		if maxLapse > 0 {
			lapse = maxLapse / (1 + math.Exp(-v[2]))
		}
		return
	}
	loss := func(v []float64) float64 {
		if math.Abs(v[0]) > 50 || math.Abs(v[1]) > 8 {
			return math.Inf(1)
		}
		t, s, lapse := unpack(v)
		var l float64
		for _, p := range points {
			q := guess + (1-guess-lapse)/(1+math.Exp(-(p.X-t)/s))
			l -= logP(p.Hits, p.N, max(1e-12, min(1-1e-12, q)))
		}
		return l
	}
	best := math.Inf(1)
	var at []float64
	dims := 2
	if maxLapse > 0 {
		dims = 3
	}
	var starts [][]float64
	if from != nil {
		start := []float64{(from.Threshold - lo) / width, math.Log(from.Scale / width), 0}
		if maxLapse > 0 { // kept off the ends, where the loss no longer depends on it
			share := max(.02, min(.98, from.Lapse/maxLapse))
			start[2] = math.Log(share / (1 - share))
		}
		starts = append(starts, start)
	} else {
		for _, t := range []float64{.1, .5, .9} {
			for _, s := range []float64{-3.5, -2, -.5} {
				starts = append(starts, []float64{t, s, 0})
			}
		}
	}
	for _, x := range starts {
		m, err := optimize.Minimize(optimize.Problem{Func: loss}, x[:dims], &optimize.Settings{
			MajorIterations: 3000, Converger: &optimize.FunctionConverge{Absolute: 1e-12, Iterations: 80}}, &optimize.NelderMead{})
		if m != nil && err == nil && m.F < best-1e-12 {
			best, at = m.F, m.X
		}
	}
	if at == nil {
		return r, fmt.Errorf("psychometric fit: no start led to a maximum of the likelihood: %w", ErrUndefined)
	}
	r.Threshold, r.Scale, r.Lapse = unpack(at)
	r.LogLikelihood = -best
	var saturated float64
	for _, p := range points {
		saturated += logP(p.Hits, p.N, p.Hits/p.N)
	}
	r.Deviance = 2 * (saturated + best)
	if r.DF = float64(len(points) - dims); r.DF > 0 {
		r.P = chiSquaredTail(max(0, r.Deviance), r.DF)
	}
	r.Converged = r.Threshold >= lo-width && r.Threshold <= hi+width && r.Scale > width*1e-3 && r.Scale < 10*width
	if !r.Converged {
		r.Warnings = append(r.Warnings, "the maximum lies at infinity: answers are at floor, at ceiling, or a step")
	}
	if few {
		r.Warnings = append(r.Warnings, "fewer than 10 answers at a severity: the goodness of fit is rough")
	}
	return r, nil
}

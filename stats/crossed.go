package stats

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// CrossedInterval resamples two crossed factors at once (sources x raters, seeds x sources), each by its own draws: the
// pigeonhole bootstrap (Owen 2007), which is a little too wide rather than too narrow. f gets how often each level of either
// factor comes. The interval takes percentiles where both factors have 20 levels or more; with fewer of either it is t with
// the bootstrap's standard error and the smaller number of levels less one as degrees of freedom.
func CrossedInterval(ctx context.Context, first, second int, open func() func(first, second []float64) float64, level float64, r Resampling) (Interval, error) {
	return crossedInterval(ctx, first, second, open, level, r, false)
}

// crossedInterval takes t with the bootstrap's standard error where studentised asks for it, whatever the levels.
func crossedInterval(ctx context.Context, first, second int, open func() func(first, second []float64) float64, level float64, r Resampling, studentised bool) (Interval, error) {
	few := min(first, second)
	iv := noInterval(math.NaN(), few, orLevel(level))
	if few < 2 {
		return iv, fmt.Errorf("crossed bootstrap: %d and %d levels, at least 2 of each are needed: %w", first, second, ErrUndefined)
	}
	ones := func(n int) []float64 { return slices.Repeat([]float64{1}, n) }
	iv.Value = open()(ones(first), ones(second))
	other := r
	other.Purpose += " (second factor)"
	reps := make([]float64, r.count())
	err := r.each(ctx, first, func() func(int, []float64) {
		f, v := open(), make([]float64, second)
		return func(b int, w []float64) {
			other.Draw(b, v)
			reps[b] = f(w, v)
		}
	})
	if err != nil {
		return iv, err
	}
	n := len(reps)
	reps = sortedWithoutNaN(reps)
	if len(reps) < n {
		iv.warn(fmt.Sprintf("undefined in %d of %d resamples, which are left out", n-len(reps), n))
	}
	if len(reps) < 2 || math.IsNaN(iv.Value) {
		iv.warn("undefined: no interval")
		return iv, nil
	}
	if reps[0] == reps[len(reps)-1] {
		return iv.degenerate(), nil
	}
	if few >= FewClusters && !studentised {
		iv.Low, iv.High = Quantile(reps, (1-iv.Level)/2), Quantile(reps, (1+iv.Level)/2)
		iv.Method = fmt.Sprintf("pigeonhole bootstrap, %d x %d levels, %d resamples", first, second, n)
		return iv, nil
	}
	_, ss := center(reps)
	k := float64(few)
	// A bootstrap variance of k levels is too small by (k-1)/k.
	se := math.Sqrt(ss / float64(len(reps)-1) * k / (k - 1))
	iv.DF = k - 1
	h := tQuantile(.5+iv.Level/2, iv.DF) * se
	iv.Low, iv.High = iv.Value-h, iv.Value+h
	iv.Method = fmt.Sprintf("t with pigeonhole bootstrap's standard error, %d df, %d x %d levels", few-1, first, second)
	return iv, nil
}

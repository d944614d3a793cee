package stats

import (
	"context"
	"fmt"
	"math"
)

// MinSourcesForThreshold is the number of clusters below which no threshold is given.
const MinSourcesForThreshold = 30

// Threshold is the severity at which detection reaches a criterion.
type Threshold struct {
	Interval        // of the severity; Low may be 0 (at most the smallest tested), High +Inf (beyond the largest tested)
	Censored string // "" where it lies inside the severities tested, ">" above the largest, "<=" at or below the smallest
}

// Crossing is where an increasing curve crosses a criterion, linearly in the logarithm of x: -Inf where already y[0]
// reaches it, +Inf where no y does. x are logarithms, increasing; y is isotonic.
func Crossing(x, y []float64, criterion float64) float64 {
	for i, v := range y {
		if v < criterion {
			continue
		}
		if i == 0 {
			return math.Inf(-1)
		}
		if v == criterion { // the first to reach it, even where the curve is flat
			return x[i]
		}
		return x[i-1] + (criterion-y[i-1])/(v-y[i-1])*(x[i]-x[i-1])
	}
	return math.Inf(1)
}

// DetectionThreshold is the severity where the isotonic fit of the mean detection over clusters crosses a criterion
// (.75 for an AUC), on a logarithmic axis. values[c][j] is cluster c's detection at severity[j], NaN where it has none;
// severities are above 0 and increasing. Curve and fit are resampled whole, by cluster. A threshold outside the tested
// severities is censored, never extrapolated; so are the ends of its interval.
func DetectionThreshold(ctx context.Context, severity []float64, values [][]float64, criterion, level float64, r Resampling) (Threshold, error) {
	none := Threshold{Interval: noInterval(math.NaN(), len(values), orLevel(level))}
	if len(values) < MinSourcesForThreshold {
		return none, fmt.Errorf("threshold: %d sources, at least %d are needed: %w", len(values), MinSourcesForThreshold, ErrUndefined)
	}
	if len(severity) < 2 {
		return none, fmt.Errorf("threshold: %d severities, at least 2 are needed: %w", len(severity), ErrUndefined)
	}
	x := make([]float64, len(severity))
	for j, s := range severity {
		if !(s > 0) || math.IsInf(s, 0) || j > 0 && s <= severity[j-1] {
			return none, fmt.Errorf("threshold: severity %d is %v: give positive severities in increasing order", j, s)
		}
		x[j] = math.Log(s)
	}
	for c, v := range values {
		if len(v) != len(x) {
			return none, fmt.Errorf("threshold: source %d has %d values for %d severities", c, len(v), len(x))
		}
	}
	open := func() Statistic {
		y, n := make([]float64, len(x)), make([]float64, len(x))
		return func(w []float64) float64 {
			clear(y)
			clear(n)
			for c, k := range w {
				if k == 0 {
					continue
				}
				for j, v := range values[c] {
					if !math.IsNaN(v) {
						y[j] += k * v
						n[j] += k
					}
				}
			}
			for j := range y {
				if n[j] == 0 {
					return math.NaN()
				}
				y[j] /= n[j]
			}
			return Crossing(x, Isotonic(y, n), criterion)
		}
	}
	ones := make([]float64, len(values))
	for i := range ones {
		ones[i] = 1
	}
	f := open()
	value := f(ones)
	if math.IsNaN(value) {
		return none, fmt.Errorf("threshold: a severity has no values: %w", ErrUndefined)
	}
	reps, err := r.Replicates(ctx, len(values), open)
	if err != nil {
		return none, err
	}
	// The acceleration needs finite numbers: a censored crossing counts as lying at the end of the axis.
	jack := Jackknife(len(values), f)
	for i, v := range jack {
		jack[i] = max(x[0], min(x[len(x)-1], v))
	}
	t := none
	t.Value = value
	t.Interval = censoredBCa(t.Interval, reps, jack)
	t.Value, t.Low, t.High = math.Exp(value), math.Exp(t.Low), math.Exp(t.High)
	switch {
	case math.IsInf(value, 1):
		t.Censored, t.Value = ">", severity[len(severity)-1]
	case math.IsInf(value, -1):
		t.Censored, t.Value = "<=", severity[0]
	}
	return t, nil
}

// censoredBCa is a BCa interval of an estimate that may be infinite in resamples. Where the bias correction is undefined,
// it falls back on the uncorrected one.
func censoredBCa(iv Interval, reps, jack []float64) Interval {
	n := len(reps)
	reps = sortedWithoutNaN(reps)
	if len(reps) < n {
		iv.warn(fmt.Sprintf("undefined in %d of %d resamples, which are left out", n-len(reps), n))
	}
	if len(reps) == 0 {
		return iv
	}
	z0, acc := normalQuantile(shareBelow(reps, iv.Value)), acceleration(jack)
	iv.Method = fmt.Sprintf("BCa bootstrap over clusters, %d resamples", n)
	if math.IsInf(z0, 0) {
		z0 = 0
		iv.warn("bias correction undefined: percentiles")
	}
	if math.IsNaN(acc) {
		acc = 0
	}
	end := func(p float64) float64 {
		z := z0 + normalQuantile(p)
		return Quantile(reps, normalCDF(z0+z/(1-acc*z)))
	}
	iv.Low, iv.High = end((1-iv.Level)/2), end((1+iv.Level)/2)
	return iv
}

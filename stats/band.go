package stats

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Band holds a curve with limits that contain the whole of it at once with the given confidence.
type Band struct {
	Value, Low, High []float64
	Level            float64
	Method           string
	Warnings         []string
}

// SimultaneousBand is the band of a mean curve by the largest studentised deviation in cluster resamples (max-t; Efron and
// Tibshirani 1993, Montiel Olea and Plagborg-Moller 2019): Value +- q SE, one q for all points. values[c][j] is cluster c's
// value at point j, NaN where missing. Fewer than 20 clusters: q is at least Bonferroni's t with k-1 degrees of freedom.
func SimultaneousBand(ctx context.Context, values [][]float64, level float64, r Resampling) (Band, error) {
	level = orLevel(level)
	if len(values) < 2 {
		return Band{}, fmt.Errorf("simultaneous band: %d clusters, at least 2 are needed: %w", len(values), ErrUndefined)
	}
	width := len(values[0])
	for c, v := range values {
		if len(v) != width {
			return Band{}, fmt.Errorf("simultaneous band: cluster %d has %d points, the first %d", c, len(v), width)
		}
	}
	mean := func(w, out []float64) {
		n := make([]float64, width)
		clear(out)
		for c, k := range w {
			for j, v := range values[c] {
				if k > 0 && !math.IsNaN(v) {
					out[j] += k * v
					n[j] += k
				}
			}
		}
		for j := range out {
			out[j] /= n[j]
		}
	}
	ones := make([]float64, len(values))
	for i := range ones {
		ones[i] = 1
	}
	b := Band{Value: make([]float64, width), Low: make([]float64, width), High: make([]float64, width), Level: level}
	mean(ones, b.Value)
	se := make([]float64, width)
	fewest := len(values)
	for j := range se {
		column := make([][]float64, len(values))
		for c := range values {
			column[c] = []float64{values[c][j]}
		}
		m := NewMean(column)
		se[j] = m.SE()
		fewest = min(fewest, len(m.Sum))
	}
	if fewest < 2 {
		return Band{}, fmt.Errorf("simultaneous band: a point has values of %d clusters, at least 2 are needed: %w", fewest, ErrUndefined)
	}
	reps, err := r.Vectors(ctx, len(values), width, func() func(w, out []float64) { return mean })
	if err != nil {
		return Band{}, err
	}
	// The bootstrap's own spread studentises its deviations: it lacks the factor k/(k-1) that se has.
	k := float64(fewest)
	shrink := math.Sqrt((k - 1) / k)
	most := make([]float64, len(reps))
	for i, rep := range reps {
		for j, v := range rep {
			if d := math.Abs(v-b.Value[j]) / (se[j] * shrink); d > most[i] && !math.IsInf(d, 0) {
				most[i] = d
			}
		}
	}
	slices.Sort(most)
	q := Quantile(most, level)
	b.Method = fmt.Sprintf("max-t bootstrap over clusters, %d resamples", len(reps))
	if fewest < FewClusters {
		q = max(q, tQuantile(1-(1-level)/2/float64(width), k-1))
		b.Method = fmt.Sprintf("Bonferroni t over clusters, %d df (max-t where wider)", fewest-1)
	}
	for j, v := range b.Value {
		b.Low[j], b.High[j] = v-q*se[j], v+q*se[j]
		if se[j] == 0 {
			b.Warnings = append(b.Warnings, fmt.Sprintf("point %d: all clusters agree", j))
		}
	}
	return b, nil
}

package stats

import (
	"fmt"
	"math"
	"slices"
)

// AUC is the chance that a value of positive exceeds one of negative, ties counted half: the area under the ROC curve
// (Bamber 1975), Mann and Whitney's (1947) U over mn. It lies in 0..1; .5 is chance. O(n log n). Infinities are ordered
// like other numbers. An empty side or a NaN is an error.
func AUC(negative, positive []float64) (float64, error) {
	if len(negative) == 0 || len(positive) == 0 {
		return math.NaN(), fmt.Errorf("auc: %d negative and %d positive values, both are needed: %w", len(negative), len(positive), ErrUndefined)
	}
	n, p := slices.Clone(negative), slices.Clone(positive)
	slices.Sort(n)
	slices.Sort(p)
	if math.IsNaN(n[0]) || math.IsNaN(p[0]) { // NaN sorts first
		return math.NaN(), fmt.Errorf("auc: a value is NaN: leave out what is missing")
	}
	return sortedAUC(n, p), nil
}

// sortedAUC is AUC of two sorted samples without NaN.
func sortedAUC(negative, positive []float64) float64 {
	var below, upTo int // negatives < v, negatives <= v
	var twice int64
	for _, v := range positive {
		for below < len(negative) && negative[below] < v {
			below++
		}
		upTo = max(upTo, below)
		for upTo < len(negative) && negative[upTo] <= v {
			upTo++
		}
		twice += int64(below + upTo)
	}
	return float64(twice) / 2 / float64(len(negative)) / float64(len(positive))
}

// Sample is what one cluster (source) gives: scores without and with the thing to be detected.
type Sample struct{ Negative, Positive []float64 }

// AUCByCluster is each cluster's own AUC; NaN for a cluster that lacks one side.
func AUCByCluster(samples []Sample) ([]float64, error) {
	out := make([]float64, len(samples))
	for i, s := range samples {
		if len(s.Negative) == 0 || len(s.Positive) == 0 {
			out[i] = math.NaN()
			continue
		}
		v, err := AUC(s.Negative, s.Positive)
		if err != nil {
			return nil, fmt.Errorf("cluster %d: %w", i, err)
		}
		out[i] = v
	}
	return out, nil
}

// WithinAUC is A_within: the AUC within each cluster, averaged over the clusters that have both sides. It asks whether
// an edit is told from noise where the source is known, so that what differs between sources does not count.
func WithinAUC(samples []Sample) (float64, error) {
	each, err := AUCByCluster(samples)
	if err != nil {
		return math.NaN(), err
	}
	var sum float64
	n := 0
	for _, v := range each {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN(), fmt.Errorf("auc within clusters: none of %d clusters has both sides: %w", len(samples), ErrUndefined)
	}
	return sum / float64(n), nil
}

// PooledAUC is A_pooled: the AUC of all values together, with one criterion for all clusters. It differs from WithinAUC
// as much as sources do, and the two are never mixed.
func PooledAUC(samples []Sample) (float64, error) {
	var n, p []float64
	for _, s := range samples {
		n, p = append(n, s.Negative...), append(p, s.Positive...)
	}
	return AUC(n, p)
}

// DPrime is sqrt(2) times the normal quantile of an AUC (Green and Swets 1966), the d' of two normals of equal variance
// with that AUC. It relabels the AUC and adds nothing to it. ok is false at 0 and 1, where it is infinite, and outside.
func DPrime(auc float64) (d float64, ok bool) {
	if !(auc > 0 && auc < 1) {
		return math.NaN(), false
	}
	return math.Sqrt2 * normalQuantile(auc), true
}

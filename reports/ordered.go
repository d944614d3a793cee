package reports

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// values are a map's values in the order of its keys' values, so that sums do not depend on map order.
func values[K comparable](m map[K]float64) []float64 {
	return slices.SortedFunc(maps.Values(m), func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
}

func sumSquares(x []float64) float64 {
	var s float64
	for _, v := range x {
		s += v * v
	}
	return s
}

// median is the middle of a sample, the mean of the two middle values of an even one; NaN of none.
func median(x []float64) float64 {
	s := sorted(slices.Clone(x))
	switch n := len(s); {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return s[n/2]
	default:
		return (s[n/2-1] + s[n/2]) / 2
	}
}

// medianInterval is the distribution-free interval between two order statistics (Thompson 1936), with at least the stated
// coverage; ok is false where the sample is too small for it.
func medianInterval(x []float64, level float64) (low, high float64, ok bool) {
	s := sorted(slices.Clone(x))
	n := len(s)
	b := distuv.Binomial{N: float64(n), P: .5}
	r := 0
	for r < n/2 && b.CDF(float64(r)) <= (1-level)/2 {
		r++
	}
	if r == 0 {
		return math.NaN(), math.NaN(), false
	}
	return s[r-1], s[n-r], true
}

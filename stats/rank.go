package stats

import (
	"math"
	"slices"
)

// MidRanks gives each value its rank from 1 to n, tied values the mean of their ranks (Kendall 1945), as scipy's
// rankdata does by default. NaN gets rank NaN and is not counted.
func MidRanks(x []float64) []float64 {
	order := make([]int, 0, len(x))
	out := make([]float64, len(x))
	for i, v := range x {
		if math.IsNaN(v) {
			out[i] = math.NaN()
			continue
		}
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case x[a] < x[b]:
			return -1
		case x[a] > x[b]:
			return 1
		}
		return a - b
	})
	for i := 0; i < len(order); {
		j := i + 1
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		for _, o := range order[i:j] {
			out[o] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}

// levels numbers the distinct values of x from 0 in increasing order and returns each value's number.
func levels(x []float64) (level []int32, n int) {
	s := slices.Clone(x)
	slices.Sort(s)
	s = slices.Compact(s)
	level = make([]int32, len(x))
	for i, v := range x {
		k, _ := slices.BinarySearch(s, v)
		level[i] = int32(k)
	}
	return level, len(s)
}

// Percentile is the share of a sorted reference sample below v, ties counted half: 0..1, NaN without reference.
func Percentile(v float64, sortedReference []float64) float64 {
	if len(sortedReference) == 0 || math.IsNaN(v) {
		return math.NaN()
	}
	return shareBelow(sortedReference, v)
}

// shareBelow is the share of a sorted sample below v, ties half.
func shareBelow(x []float64, v float64) float64 {
	lo, _ := slices.BinarySearch(x, v)
	hi := lo
	for hi < len(x) && x[hi] == v {
		hi++
	}
	return float64(lo+hi) / 2 / float64(len(x))
}

// Quantile is Hyndman and Fan's (1996) type 6 of a sorted sample, which takes the k-th of n as the k/(n+1) quantile, as
// bootstrap intervals need it (Davison and Hinkley 1997, sec. 5.2). Between a finite and an infinite value it gives the
// nearer of the two. NaN for an empty sample.
func Quantile(sorted []float64, p float64) float64 {
	return interpolated(sorted, p*float64(len(sorted)+1)-1)
}

// Quantile7 is Hyndman and Fan's type 7, the default of R and numpy, for describing a sample.
func Quantile7(sorted []float64, p float64) float64 {
	return interpolated(sorted, p*float64(len(sorted)-1))
}

func interpolated(x []float64, h float64) float64 {
	switch {
	case len(x) == 0 || math.IsNaN(h):
		return math.NaN()
	case h <= 0:
		return x[0]
	case h >= float64(len(x)-1):
		return x[len(x)-1]
	}
	i := int(h)
	f := h - float64(i)
	a, b := x[i], x[i+1]
	if a == b || f == 0 {
		return a
	}
	if math.IsInf(a, 0) || math.IsInf(b, 0) {
		if f < .5 {
			return a
		}
		return b
	}
	return a + f*(b-a)
}

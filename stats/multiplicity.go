package stats

import (
	"fmt"
	"math"
	"slices"
)

// Holm adjusts p values for the chance of any false rejection (Holm 1979). NaN stays NaN and is not counted.
func Holm(p []float64) ([]float64, error) {
	return adjust("holm", p, func(sorted []float64) {
		m := len(sorted)
		high := 0.
		for i, v := range sorted {
			high = max(high, min(1, v*float64(m-i)))
			sorted[i] = high
		}
	})
}

// BenjaminiHochberg adjusts p values for the share of false ones among the rejections (Benjamini and Hochberg 1995),
// which holds for independent and positively dependent tests. NaN stays NaN and is not counted.
func BenjaminiHochberg(p []float64) ([]float64, error) {
	return adjust("benjamini-hochberg", p, func(sorted []float64) {
		m := len(sorted)
		low := 1.
		for i := m - 1; i >= 0; i-- {
			low = min(low, sorted[i]*float64(m)/float64(i+1))
			sorted[i] = low
		}
	})
}

func adjust(what string, p []float64, f func(sorted []float64)) ([]float64, error) {
	out := slices.Clone(p)
	var order []int
	for i, v := range p {
		if v < 0 || v > 1 {
			return nil, fmt.Errorf("%s: p value %d is %v, outside 0..1", what, i, v)
		}
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if p[a] < p[b] {
			return -1
		} else if p[a] > p[b] {
			return 1
		}
		return 0
	})
	s := make([]float64, len(order))
	for k, i := range order {
		s[k] = p[i]
	}
	f(s)
	for k, i := range order {
		out[i] = s[k]
	}
	return out, nil
}

// Equivalence is the result of two one-sided tests.
type Equivalence struct {
	P          float64 // the larger of the two p values
	Equivalent bool    // P < alpha: the effect is smaller than the smallest one of interest
	Low, High  float64 // the 1-2*alpha interval, which lies inside the bounds where they are equivalent
	DF         float64
}

// TOST tests that a mean, known by its estimate, standard error and degrees of freedom (+Inf: normal), lies within
// -smallest..smallest (Schuirmann 1987). smallest must be above 0.
func TOST(estimate, se, df, smallest, alpha float64) (Equivalence, error) {
	if !(smallest > 0) || !(se > 0) || !(df > 0) || !(alpha > 0 && alpha < .5) {
		return Equivalence{P: math.NaN()}, fmt.Errorf("equivalence: smallest effect %v, standard error %v, df %v and alpha %v must be positive (alpha below .5)", smallest, se, df, alpha)
	}
	cdf := func(t float64) float64 {
		if math.IsInf(df, 1) {
			return normalCDF(t)
		}
		return tCDF(t, df)
	}
	p := max(cdf(-(estimate+smallest)/se), cdf((estimate-smallest)/se))
	q := normalQuantile(1 - alpha)
	if !math.IsInf(df, 1) {
		q = tQuantile(1-alpha, df)
	}
	return Equivalence{P: p, Equivalent: p < alpha, Low: estimate - q*se, High: estimate + q*se, DF: df}, nil
}

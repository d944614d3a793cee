package stats

import (
	"fmt"
	"math"
)

// Comparison is a test of the difference between two correlations with the same variable on the same rows.
type Comparison struct {
	Statistic float64
	DF        float64 // of t; +Inf for z
	P         float64 // two-sided
	Low, High float64 // of the difference, where the test gives one (Meng: of z1-z2), else NaN
}

func dependent(what string, r12, r13, r23 float64, n int) (det float64, err error) {
	for _, r := range []float64{r12, r13, r23} {
		if !(math.Abs(r) < 1) {
			return 0, fmt.Errorf("%s: correlation %v is not between -1 and 1: %w", what, r, ErrUndefined)
		}
	}
	if n < 5 {
		return 0, fmt.Errorf("%s: %d rows, at least 5 are needed: %w", what, n, ErrUndefined)
	}
	det = 1 - r12*r12 - r13*r13 - r23*r23 + 2*r12*r13*r23
	if det < 0 {
		return 0, fmt.Errorf("%s: no three variables have the correlations %v, %v, %v", what, r12, r13, r23)
	}
	return det, nil
}

// Williams tests r12 = r13, the correlations of two metrics 2 and 3 with people 1, which correlate by r23 (Williams 1959;
// Steiger 1980, eq. 7), t with n-3 degrees of freedom. For Pearson correlations of independent rows.
func Williams(r12, r13, r23 float64, n int) (Comparison, error) {
	det, err := dependent("williams", r12, r13, r23, n)
	if err != nil {
		return Comparison{P: math.NaN()}, err
	}
	k, mean := float64(n), (r12+r13)/2
	t := (r12 - r13) * math.Sqrt((k-1)*(1+r23)/(2*(k-1)/(k-3)*det+mean*mean*math.Pow(1-r23, 3)))
	return Comparison{t, k - 3, tTwoSided(t, k-3), math.NaN(), math.NaN()}, nil
}

// Steiger tests r12 = r13 by Fisher's z with the pooled correlation (Steiger 1980, eq. 14, as in cocor).
func Steiger(r12, r13, r23 float64, n int) (Comparison, error) {
	if _, err := dependent("steiger", r12, r13, r23, n); err != nil {
		return Comparison{P: math.NaN()}, err
	}
	m := (r12 + r13) / 2
	m2 := m * m
	c := (r23*(1-2*m2) - m2*(1-2*m2-r23*r23)/2) / ((1 - m2) * (1 - m2))
	z := (math.Atanh(r12) - math.Atanh(r13)) * math.Sqrt(float64(n-3)/(2-2*c))
	return Comparison{z, math.Inf(1), normalTwoSided(z), math.NaN(), math.NaN()}, nil
}

// Meng tests r12 = r13 (Meng, Rosenthal and Rubin 1992, eq. 1), with their interval of z12-z13 (eq. 3, 95 %).
func Meng(r12, r13, r23 float64, n int) (Comparison, error) {
	if _, err := dependent("meng", r12, r13, r23, n); err != nil {
		return Comparison{P: math.NaN()}, err
	}
	m := (r12*r12 + r13*r13) / 2
	f := min(1, (1-r23)/(2*(1-m)))
	h := (1 - f*m) / (1 - m)
	d := math.Atanh(r12) - math.Atanh(r13)
	se := math.Sqrt(2 * (1 - r23) * h / float64(n-3))
	q := normalQuantile(.975) * se
	return Comparison{d / se, math.Inf(1), normalTwoSided(d / se), d - q, d + q}, nil
}

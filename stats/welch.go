package stats

import (
	"fmt"
	"math"
)

// WelchInterval is the interval of the difference of two means of independent values with variances of their own, mean(a) -
// mean(b), by Student's t with Welch and Satterthwaite's degrees of freedom (Welch 1947).
func WelchInterval(a, b []float64, level float64) Interval {
	n, m := float64(len(a)), float64(len(b))
	ma, sa := center(a)
	mb, sb := center(b)
	iv := noInterval(ma-mb, len(a)+len(b), orLevel(level))
	if len(a) < 2 || len(b) < 2 {
		iv.warn("fewer than two values on one side: no interval")
		return iv
	}
	va, vb := sa/(n-1)/n, sb/(m-1)/m
	if va+vb == 0 {
		return iv.degenerate()
	}
	iv.DF = (va + vb) * (va + vb) / (va*va/(n-1) + vb*vb/(m-1))
	h := tQuantile(.5+iv.Level/2, iv.DF) * math.Sqrt(va+vb)
	iv.Low, iv.High = iv.Value-h, iv.Value+h
	iv.Method = fmt.Sprintf("Welch's t, %.3g df", iv.DF)
	return iv
}

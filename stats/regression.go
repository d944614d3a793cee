package stats

import (
	"fmt"
	"math"
)

// Line is a least-squares line y = Intercept + Slope x; the interval is the slope's.
type Line struct {
	Slope     Interval
	Intercept float64
	P         float64 // of slope 0, two-sided t test
	R2        float64
}

// Regress fits a line by least squares with the t interval of its slope, n-2 degrees of freedom; it assumes independent
// residuals of equal variance. On logarithms of threshold and area, slope -1 is Ricco's law and -1/2 Piper's.
func Regress(x, y []float64, level float64) (Line, error) {
	none := Line{Slope: noInterval(math.NaN(), len(x), orLevel(level)), Intercept: math.NaN(), P: math.NaN(), R2: math.NaN()}
	if len(x) != len(y) || len(x) < 3 {
		return none, fmt.Errorf("regression: %d against %d values, at least 3 of each are needed: %w", len(x), len(y), ErrUndefined)
	}
	for _, v := range [][]float64{x, y} {
		if err := finite("regression", v); err != nil {
			return none, err
		}
	}
	mx, xx := center(x)
	my, yy := center(y)
	if xx == 0 {
		return none, fmt.Errorf("regression: x has one value only: %w", ErrUndefined)
	}
	var xy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
	}
	slope := xy / xx
	var rss float64
	for i := range x {
		r := y[i] - my - slope*(x[i]-mx)
		rss += r * r
	}
	df := float64(len(x) - 2)
	se := math.Sqrt(rss / df / xx)
	l := none
	l.Intercept = my - slope*mx
	l.R2 = 1 - rss/yy
	l.Slope.Value, l.Slope.DF = slope, df
	if se == 0 {
		l.Slope = l.Slope.degenerate()
		l.P = 0
		return l, nil
	}
	h := tQuantile(.5+l.Slope.Level/2, df) * se
	l.Slope.Low, l.Slope.High = slope-h, slope+h
	l.Slope.Method = fmt.Sprintf("t of the least-squares slope, %g df", df)
	l.P = tTwoSided(slope/se, df)
	return l, nil
}

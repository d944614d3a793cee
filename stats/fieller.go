package stats

import (
	"fmt"
	"math"
)

// SetKind is the form of a confidence set of a ratio.
type SetKind string

// The forms of Fieller's set. A set that is not bounded says that the denominator cannot be told from 0.
const (
	Bounded   SetKind = "bounded"        // from Low to High
	Exclusive SetKind = "exclusive"      // everything but what lies between Low and High
	WholeLine SetKind = "the whole line" // every ratio
)

// RatioSet is a ratio with its confidence set. Low and High are NaN where the set is the whole line.
type RatioSet struct {
	Value     float64
	Low, High float64
	Kind      SetKind
	Level, DF float64
}

// Contains reports whether a ratio lies in the set.
func (s RatioSet) Contains(r float64) bool {
	switch s.Kind {
	case Bounded:
		return s.Low <= r && r <= s.High
	case Exclusive:
		return r <= s.Low || r >= s.High
	}
	return true
}

// Fieller is the confidence set of a ratio of two normal estimates a / b (Fieller 1954): all r for which a - r b does not
// differ from 0, |a - r b| <= t sqrt(vaa - 2 r vab + r^2 vbb), where vaa, vab and vbb are the estimated variances and
// covariance of a and b with df degrees of freedom (infinite: known, z in the place of t). It covers the true ratio with
// the probability level whatever the true denominator, which no set that is always bounded can do (Gleser and Hwang 1987).
func Fieller(a, b, vaa, vab, vbb, df, level float64) (RatioSet, error) {
	level = orLevel(level)
	s := RatioSet{Value: a / b, Low: math.NaN(), High: math.NaN(), Kind: WholeLine, Level: level, DF: df}
	if err := finite("Fieller's set", []float64{a, b, vaa, vab, vbb}); err != nil {
		return s, err
	}
	if vaa < 0 || vbb < 0 || vab*vab > vaa*vbb*(1+1e-9) {
		return s, fmt.Errorf("ratio with Fieller's set: %g, %g and %g are no variances and covariance", vaa, vab, vbb)
	}
	if !(df > 0) {
		return s, fmt.Errorf("ratio with Fieller's set: %g degrees of freedom: %w", df, ErrUndefined)
	}
	if vaa == 0 && vbb == 0 {
		if b == 0 {
			return s, fmt.Errorf("ratio with Fieller's set: the denominator is 0 without error: %w", ErrUndefined)
		}
		s.Low, s.High, s.Kind = s.Value, s.Value, Bounded
		return s, nil
	}
	q := normalQuantile(.5 + level/2)
	if !math.IsInf(df, 1) {
		q = tQuantile(.5+level/2, df)
	}
	// A r^2 - 2 B r + C <= 0
	q *= q
	A, B, C := b*b-q*vbb, a*b-q*vab, a*a-q*vaa
	d := B*B - A*C
	if A == 0 || d < 0 {
		return s, nil // A exactly 0 leaves a half line; the whole line holds it
	}
	// Both roots without cancellation.
	h := B + math.Copysign(math.Sqrt(d), B)
	r1, r2 := h/A, C/h
	if h == 0 {
		r1, r2 = 0, 0
	}
	s.Low, s.High, s.Kind = min(r1, r2), max(r1, r2), Bounded
	if A < 0 {
		s.Kind = Exclusive
	}
	return s, nil
}

// FiellerPaired is Fieller's set of the ratio of two means over the same units (seeds), as exact as a paired t test with
// n - 1 degrees of freedom whatever the correlation of a with b.
func FiellerPaired(a, b []float64, level float64) (RatioSet, error) {
	n := float64(len(a))
	if len(a) != len(b) || len(a) < 2 {
		return RatioSet{Kind: WholeLine, Value: math.NaN(), Low: math.NaN(), High: math.NaN(), Level: orLevel(level)},
			fmt.Errorf("ratio with Fieller's set: %d numerators and %d denominators, at least 2 of each are needed: %w", len(a), len(b), ErrUndefined)
	}
	ma, aa := center(a)
	mb, bb := center(b)
	var ab float64
	for i := range a {
		ab += (a[i] - ma) * (b[i] - mb)
	}
	f := 1 / (n * (n - 1))
	return Fieller(ma, mb, aa*f, ab*f, bb*f, n-1, level)
}

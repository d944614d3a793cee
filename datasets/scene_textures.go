package datasets

import "math"

// texture gives a pattern's value in [0, 1] at a point of the pattern's own frame, in periods: 0 is the base colour,
// 1 the second one. soft is half the width of a pixel in periods: edges are ramps of one pixel, so that a pattern is
// anti-aliased at any size.
func texture(name string, u, v, soft float64) float64 {
	switch name {
	case "striped":
		return ramp(.25-math.Abs(wrap(u)), soft)
	case "checked":
		a := 2*ramp(.25-math.Abs(wrap(u)), soft) - 1
		b := 2*ramp(.25-math.Abs(wrap(v)), soft) - 1
		return .5 + .5*a*b
	case "dotted":
		return ramp(.29-math.Hypot(wrap(u), wrap(v)), soft)
	case "zigzag":
		return ramp(.25-math.Abs(wrap(u+math.Abs(wrap(v)))), soft)
	case "ringed":
		return ramp(.25-math.Abs(wrap(math.Hypot(u, v))), soft)
	}
	return 0 // solid
}

// wrap brings x to [-1/2, 1/2).
func wrap(x float64) float64 { return x - math.Floor(x+.5) }

// ramp is 0 below -soft, 1 above soft and linear between.
func ramp(d, soft float64) float64 {
	switch {
	case d <= -soft:
		return 0
	case d >= soft:
		return 1
	}
	return .5 + .5*d/soft
}

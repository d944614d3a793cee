package perturb_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"testing"

	"probity/internal/stream"
	"probity/perturb"
)

// The transform is the sum that defines it, for powers of two, other lengths and both mixed, and its inverse leads back.
func TestFourier(t *testing.T) {
	s := stream.Key{Seed: 3, Step: "test"}.Open()
	for _, size := range [][2]int{{2, 2}, {4, 8}, {16, 32}, {1, 16}, {64, 1}, {8, 6}, {7, 16}, {9, 5}} {
		w, h := size[0], size[1]
		v := make([]complex128, w*h)
		for i := range v {
			v[i] = complex(s.Norm(), s.Norm())
		}
		got := perturb.Transformed(v, w, h, false)
		for fy := range h {
			for fx := range w {
				var want complex128
				for y := range h {
					for x := range w {
						want += v[y*w+x] * cmplx.Exp(complex(0, -2*math.Pi*(float64(fx*x)/float64(w)+float64(fy*y)/float64(h))))
					}
				}
				if d := cmplx.Abs(got[fy*w+fx] - want); d > 1e-11*float64(w*h) {
					t.Fatalf("%s: frequency %d, %d is off by %g", fmt.Sprint(size), fx, fy, d)
				}
			}
		}
		for i, z := range perturb.Transformed(got, w, h, true) {
			if d := cmplx.Abs(z - v[i]); d > 1e-13 {
				t.Fatalf("%v: there and back moved a number by %g", size, d)
			}
		}
	}
}

package stats

import (
	"errors"
	"fmt"
	"math"
)

// ErrUndefined marks a quantity that the data do not define: a correlation with a constant, a kappa with one category.
var ErrUndefined = errors.New("undefined")

// pairs checks two variables of the same length with at least n finite values, neither of them constant.
func pairs(what string, x, y []float64, n int) error {
	if len(x) != len(y) {
		return fmt.Errorf("%s: %d values against %d: give as many of one as of the other", what, len(x), len(y))
	}
	if len(x) < n {
		return fmt.Errorf("%s: %d pairs, at least %d are needed: %w", what, len(x), n, ErrUndefined)
	}
	for k, v := range [][]float64{x, y} {
		if err := finite(what, v); err != nil {
			return err
		}
		if constant(v) {
			return fmt.Errorf("%s: variable %d has one value only: %w", what, k+1, ErrUndefined)
		}
	}
	return nil
}

func finite(what string, x []float64) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s: value %d is %v: leave out what is missing or infinite, or use ranks", what, i, v)
		}
	}
	return nil
}

func constant(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}

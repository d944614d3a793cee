package stats

import (
	"fmt"
	"math"

	"probity/internal/linalg"
)

// Rows is a set of embeddings: N rows of D numbers, row-major.
type Rows struct {
	N, D int
	X    []float64
}

// UnitRows brings n embeddings of d numbers to length 1. A row that is 0 or not finite is an error that names it.
func UnitRows(v []float32, n, d int) (Rows, error) {
	if n < 1 || d < 1 || len(v) != n*d {
		return Rows{}, fmt.Errorf("embeddings: %d numbers are not %d rows of %d", len(v), n, d)
	}
	x, err := unitRows(v, n, d)
	if err != nil {
		return Rows{}, err
	}
	return Rows{n, d, x}, nil
}

// Row is row i.
func (r Rows) Row(i int) []float64 { return r.X[i*r.D : (i+1)*r.D] }

// Pick copies some rows, in the order of index.
func (r Rows) Pick(index []int) Rows {
	out := Rows{len(index), r.D, make([]float64, 0, len(index)*r.D)}
	for _, i := range index {
		out.X = append(out.X, r.Row(i)...)
	}
	return out
}

// Mean is the mean row.
func (r Rows) Mean() []float64 {
	m := make([]float64, r.D)
	for i := range r.N {
		for k, v := range r.Row(i) {
			m[k] += v
		}
	}
	for k := range m {
		m[k] /= float64(r.N)
	}
	return m
}

// Less takes a vector off every row.
func (r Rows) Less(mean []float64) Rows {
	out := Rows{r.N, r.D, make([]float64, len(r.X))}
	for i := range r.N {
		for k, v := range r.Row(i) {
			out.X[i*r.D+k] = v - mean[k]
		}
	}
	return out
}

// Unit brings rows to length 1; a row of length 0 stays 0 and is counted.
func (r Rows) Unit() (out Rows, zero int) {
	out = Rows{r.N, r.D, make([]float64, len(r.X))}
	for i := range r.N {
		length := math.Sqrt(dotOf(r.Row(i), r.Row(i)))
		if length == 0 {
			zero++
			continue
		}
		for k, v := range r.Row(i) {
			out.X[i*r.D+k] = v / length
		}
	}
	return out, zero
}

// Times multiplies every row by a matrix of r.D rows and cols columns.
func (r Rows) Times(m []float64, cols int) Rows {
	return Rows{r.N, cols, linalg.Product(linalg.Of(r.X, r.N, r.D), linalg.Of(m, r.D, cols))}
}

// Stack puts b's rows below r's.
func (r Rows) Stack(b Rows) Rows {
	return Rows{r.N + b.N, r.D, append(append(make([]float64, 0, len(r.X)+len(b.X)), r.X...), b.X...)}
}

// scatter is the D x D sum of products of the rows.
func (r Rows) scatter() []float64 {
	s := make([]float64, r.D*r.D)
	v := linalg.Of(r.X, r.N, r.D)
	linalg.Add(s, r.D, 1, v.T(), v, linalg.Lower)
	linalg.Mirror(s, r.D)
	return s
}

func dotOf(x, y []float64) float64 {
	var s float64
	for i, v := range x {
		s += v * y[i]
	}
	return s
}

package stats

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Procrustes is the orthogonal D x D matrix R (row-major; rotations and reflections) for which a R is nearest to b in least squares,
// row i of a to row i of b: U V^T of the singular value decomposition U S V^T of a^T b. Where a^T b is singular R is one of several.
//
// Source: Schonemann, A generalized solution of the orthogonal Procrustes problem, Psychometrika 31 (1966).
func Procrustes(a, b Rows) ([]float64, error) {
	if a.N != b.N || a.D != b.D || a.N < 1 {
		return nil, fmt.Errorf("orthogonal Procrustes: sets of %d x %d and %d x %d; wants two of the same size", a.N, a.D, b.N, b.D)
	}
	var cross mat.Dense
	cross.Mul(mat.NewDense(a.N, a.D, a.X).T(), mat.NewDense(b.N, b.D, b.X))
	var svd mat.SVD
	if !svd.Factorize(&cross, mat.SVDFull) {
		return nil, fmt.Errorf("orthogonal Procrustes: the singular value decomposition did not converge; are all numbers finite?")
	}
	var u, v, r mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	r.Mul(&u, v.T())
	return r.RawMatrix().Data, nil
}

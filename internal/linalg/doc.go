// Package linalg is the double-precision linear algebra behind metrics on sets: blocked products that read single- or
// double-precision features, covariances, a Cholesky factor that accepts singular matrices, and the eigenvalues of a
// symmetric matrix.
//
// Set metrics call it; matrices are row-major slices. On amd64 with AVX2 and FMA the inner loops are assembly; elsewhere
// they are the same loops in Go. A result depends on the kind of processor in its last digits, and never on the number
// of goroutines: every element is summed by one goroutine in a fixed order.
//
//	s := linalg.Covariance(features, n, d, linalg.Mean(features, n, d)) // d x d, divided by n-1
//	l, rank := linalg.Cholesky(s, d)                                   // s = L L^T
//	values := linalg.Eigenvalues(s, d)                                 // ascending; s is used up
package linalg

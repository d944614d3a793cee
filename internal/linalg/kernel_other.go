//go:build !amd64

package linalg

// kernel adds the product of a packed tileRows x k and a packed k x tileCols panel to c.
func kernel(k int, a, b, c []float64, ldc int) { kernelGo(k, a, b, c, ldc) }

// dots are the products of four rows of a, lda apart, with v.
func dots(a []float64, lda int, v []float64, out *[4]float64) { dotsGo(a, lda, v, out) }

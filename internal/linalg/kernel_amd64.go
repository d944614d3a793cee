package linalg

import "golang.org/x/sys/cpu"

// hasAVX2 chooses the assembly; a variable so that a test can compare it with the loops in Go.
var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

//go:noescape
func kernelAVX2(k int, a, b, c *float64, ldc int)

//go:noescape
func dotsAVX2(n int, a *float64, lda int, v *float64, out *[4]float64)

// kernel adds the product of a packed tileRows x k and a packed k x tileCols panel to c.
func kernel(k int, a, b, c []float64, ldc int) {
	if hasAVX2 {
		_, _, _ = a[tileRows*k-1], b[tileCols*k-1], c[(tileRows-1)*ldc+tileCols-1]
		kernelAVX2(k, &a[0], &b[0], &c[0], ldc)
		return
	}
	kernelGo(k, a, b, c, ldc)
}

// dots are the products of four rows of a, lda apart, with v.
func dots(a []float64, lda int, v []float64, out *[4]float64) {
	if n := len(v) &^ 7; hasAVX2 && n > 0 {
		_ = a[3*lda+n-1]
		dotsAVX2(n, &a[0], lda, &v[0], out)
		for r := range out {
			for i := n; i < len(v); i++ {
				out[r] += a[r*lda+i] * v[i]
			}
		}
		return
	}
	dotsGo(a, lda, v, out)
}

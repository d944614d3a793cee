package linalg

import "math"

// Cholesky factors a symmetric positive semidefinite n x n matrix as L L^T, with L lower triangular. It reads the lower
// triangle of a and leaves it as it is. rank counts the columns of L that are not zero: where a pivot is no larger than
// rounding leaves of a zero (n times the machine epsilon times the largest diagonal element), its column is set to zero,
// which is exact for a semidefinite matrix.
func Cholesky(a []float64, n int) (l []float64, rank int) {
	l = make([]float64, n*n)
	largest := 0.0
	for i := range n {
		copy(l[i*n:i*n+i+1], a[i*n:i*n+i+1])
		largest = math.Max(largest, a[i*n+i])
	}
	tiny := float64(n) * 0x1p-52 * largest
	const nb = 64
	for k := 0; k < n; k += nb {
		b := min(nb, n-k)
		// The diagonal block, then the panel below it, row by row.
		for i := k; i < n; i++ {
			row := l[i*n+k : i*n+k+b]
			for j := 0; j < b && k+j <= i; j++ {
				pivot := l[(k+j)*n+k : (k+j)*n+k+b]
				s := row[j]
				for q := range j {
					s -= row[q] * pivot[q]
				}
				switch d := pivot[j]; {
				case k+j < i && d != 0:
					row[j] = s / d
				case k+j < i:
					row[j] = 0
				case s > tiny:
					row[j] = math.Sqrt(s)
					rank++
				default:
					row[j] = 0
				}
			}
		}
		if rest := n - k - b; rest > 0 {
			panel := View{Rows: rest, Cols: b, stride: n, double: l[(k+b)*n+k:]}
			Add(l[(k+b)*n+k+b:], n, -1, panel, panel.T(), Lower)
		}
	}
	for i := range n {
		clear(l[i*n+i+1 : (i+1)*n])
	}
	return l, rank
}

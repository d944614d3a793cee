package linalg

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"gonum.org/v1/gonum/lapack/gonum"
)

// Eigenvalues are the eigenvalues of a symmetric n x n matrix, ascending. The whole of a is read, and overwritten.
//
// Householder reduction to tridiagonal form in panels (Dongarra, Sorensen and Hammarling, 1989, as in LAPACK's dsytrd),
// then the root-free QL iteration of Pal, Walker and Kahan (LAPACK's dsterf).
func Eigenvalues(a []float64, n int) []float64 {
	if len(a) < n*n {
		panic(fmt.Sprintf("linalg: %d numbers are not %d x %d", len(a), n, n))
	}
	if n == 0 {
		return nil
	}
	d, e := tridiagonal(a, n)
	for _, v := range d {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return slices.Repeat([]float64{math.NaN()}, n)
		}
	}
	if n > 1 && !(gonum.Implementation{}).Dsterf(n, d, e) {
		return slices.Repeat([]float64{math.NaN()}, n) // 30 n iterations were not enough: never seen on finite numbers
	}
	slices.Sort(d)
	return d
}

// tridiagonal reduces a to diagonal d and off-diagonal e.
func tridiagonal(a []float64, n int) (d, e []float64) {
	d, e = make([]float64, n), make([]float64, max(n-1, 0))
	const nb = 32
	v, w := make([]float64, nb*n), make([]float64, nb*n) // reflector i of the panel lies at i*n
	col := make([]float64, n)
	for p := 0; p < n; p += nb {
		b := min(nb, n-p)
		for i := range b {
			j := p + i
			x := col[j:n]
			copy(x, a[j*n+j:j*n+n])
			for q := range i {
				vq, wq := v[q*n:][:n], w[q*n:][:n]
				axpy(x, -wq[j], vq[j:])
				axpy(x, -vq[j], wq[j:])
			}
			d[j] = x[0]
			if j == n-1 {
				break
			}
			h := v[i*n:][:n]
			clear(h[:j+1])
			tau, beta := reflector(x[1:], h[j+1:])
			e[j] = beta
			u := h[j+1:]
			y := w[i*n:][:n]
			clear(y[:j+1])
			y = y[j+1:]
			if tau == 0 {
				clear(y)
				continue
			}
			times(y, a[(j+1)*n+j+1:], n, u)
			for q := range i {
				vq, wq := v[q*n+j+1:][:len(u)], w[q*n+j+1:][:len(u)]
				wu, vu := dot(wq, u), dot(vq, u)
				axpy(y, -wu, vq)
				axpy(y, -vu, wq)
			}
			for k := range y {
				y[k] *= tau
			}
			axpy(y, -tau/2*dot(y, u), u)
		}
		if rest := n - p - b; rest > 0 {
			at := p + b
			pv := View{Rows: b, Cols: rest, stride: n, double: v[at:]}
			pw := View{Rows: b, Cols: rest, stride: n, double: w[at:]}
			// Both products on the whole square: each element and its mirror get the same two sums, but in another order,
			// so the lower triangle is computed and mirrored.
			c := a[at*n+at:]
			Add(c, n, -1, pv.T(), pw, Lower)
			Add(c, n, -1, pw.T(), pv, Lower)
			mirrorPart(c, n, rest)
		}
	}
	return d, e
}

func mirrorPart(c []float64, stride, n int) {
	const b = 64
	parallel(runtime.GOMAXPROCS(0), (n+b-1)/b, func(p int) {
		i0 := p * b
		for j0 := 0; j0 <= i0; j0 += b {
			for i := i0; i < min(i0+b, n); i++ {
				for j := j0; j < min(j0+b, i); j++ {
					c[j*stride+i] = c[i*stride+j]
				}
			}
		}
	})
}

// reflector makes u (u[0] = 1) and tau such that (1 - tau u u^T) x = (beta, 0, ...).
func reflector(x, u []float64) (tau, beta float64) {
	scale := 0.0
	for _, t := range x[1:] {
		scale = math.Max(scale, math.Abs(t))
	}
	u[0] = 1
	if scale == 0 || math.IsNaN(scale) {
		clear(u[1:])
		return 0, x[0]
	}
	scale = math.Max(scale, math.Abs(x[0]))
	sum := 0.0
	for _, t := range x {
		t /= scale
		sum += t * t
	}
	beta = -math.Copysign(scale*math.Sqrt(sum), x[0])
	for i, t := range x[1:] {
		u[i+1] = t / (x[0] - beta)
	}
	return (beta - x[0]) / beta, beta
}

// times is y = A u for a square matrix whose rows lie stride apart.
func times(y, a []float64, stride int, u []float64) {
	n := len(u)
	const rows = 64
	workers := 1
	if n > 384 {
		workers = runtime.GOMAXPROCS(0)
	}
	parallel(workers, (n+rows-1)/rows, func(p int) {
		var out [4]float64
		i := p * rows
		end := min(i+rows, n)
		for ; i+4 <= end; i += 4 {
			dots(a[i*stride:], stride, u, &out)
			copy(y[i:], out[:])
		}
		for ; i < end; i++ {
			y[i] = dot(a[i*stride:][:n], u)
		}
	})
}

func dot(x, y []float64) float64 {
	var s0, s1, s2, s3 float64
	y = y[:len(x)]
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += x[i] * y[i]
		s1 += x[i+1] * y[i+1]
		s2 += x[i+2] * y[i+2]
		s3 += x[i+3] * y[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * y[i]
	}
	return s0 + s1 + (s2 + s3)
}

func axpy(y []float64, a float64, x []float64) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] += a * v
	}
}

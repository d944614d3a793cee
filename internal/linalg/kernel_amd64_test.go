package linalg

import (
	"math"
	"testing"
)

// The assembly against the loops in Go, on every length around its unrolling.
func TestAssembly(t *testing.T) {
	if !hasAVX2 {
		t.Skip("needs AVX2")
	}
	f := func(i int) float64 { return math.Sin(float64(i * i)) }
	for k := 1; k < 40; k++ {
		a, b := make([]float64, tileRows*k), make([]float64, tileCols*k)
		for i := range a {
			a[i] = f(i)
		}
		for i := range b {
			b[i] = f(i + 1000)
		}
		const ldc = 11
		x, y := make([]float64, ldc*tileRows), make([]float64, ldc*tileRows)
		kernel(k, a, b, x, ldc)
		kernelGo(k, a, b, y, ldc)
		for i := range x {
			if math.Abs(x[i]-y[i]) > 1e-13 {
				t.Fatalf("kernel, depth %d, element %d: %v and %v", k, i, x[i], y[i])
			}
		}
		m := make([]float64, 4*(k+3))
		for i := range m {
			m[i] = f(i + 7)
		}
		var p, q [4]float64
		dots(m, k+3, b[:k], &p)
		dotsGo(m, k+3, b[:k], &q)
		for i := range p {
			if math.Abs(p[i]-q[i]) > 1e-13 {
				t.Fatalf("dots, length %d, row %d: %v and %v", k, i, p[i], q[i])
			}
		}
	}
}

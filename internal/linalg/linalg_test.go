package linalg_test

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"probity/internal/linalg"
	"probity/internal/stream"
)

func noise(purpose string, n int) []float32 {
	s := stream.Key{Seed: 1, Purpose: purpose}.Open()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(s.Norm())
	}
	return out
}

func double(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func largest(a, b []float64) float64 {
	worst := 0.0
	for i := range a {
		if d := math.Abs(a[i] - b[i]); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// Products of every shape around the edges of the tiles against gonum, single and double, turned and not.
func TestProduct(t *testing.T) {
	for _, n := range [][3]int{{1, 1, 1}, {5, 3, 7}, {6, 8, 8}, {7, 257, 9}, {97, 300, 33}, {130, 70, 1100}} {
		m, k, c := n[0], n[1], n[2]
		a, b := noise("a", m*k), noise("b", k*c)
		var want mat.Dense
		want.Mul(mat.NewDense(m, k, double(a)), mat.NewDense(k, c, double(b)))
		at, bt := make([]float64, m*k), make([]float64, k*c)
		for i := range m {
			for j := range k {
				at[j*m+i] = float64(a[i*k+j])
			}
		}
		for i := range k {
			for j := range c {
				bt[j*k+i] = float64(b[i*c+j])
			}
		}
		for name, got := range map[string][]float64{
			"single": linalg.Product(linalg.OfSingle(a, m, k), linalg.OfSingle(b, k, c)),
			"double": linalg.Product(linalg.Of(double(a), m, k), linalg.Of(double(b), k, c)),
			"turned": linalg.Product(linalg.Of(at, k, m).T(), linalg.Of(bt, c, k).T()),
		} {
			if d := largest(got, want.RawMatrix().Data); !(d < 1e-12*float64(k)) {
				t.Errorf("%v %s: off by %g", n, name, d)
			}
		}
		g := linalg.Gram(linalg.OfSingle(a, m, k))
		want.Reset()
		want.Mul(mat.NewDense(m, k, double(a)), mat.NewDense(m, k, double(a)).T())
		if d := largest(g, want.RawMatrix().Data); !(d < 1e-12*float64(k)) {
			t.Errorf("%v Gram: off by %g", n, d)
		}
	}
}

func TestCovarianceKeepsDigitsUnderALargeMean(t *testing.T) {
	const n, d = 200, 5
	x := noise("x", n*d)
	for i := range x {
		x[i] = float32(1e4 + float64(x[i]))
	}
	got := linalg.Covariance(x, n, d, linalg.Mean(x, n, d))
	// Two-pass covariance by definition.
	m := linalg.Mean(x, n, d)
	for i := range d {
		for j := range d {
			sum := 0.0
			for r := range n {
				sum += (float64(x[r*d+i]) - m[i]) * (float64(x[r*d+j]) - m[j])
			}
			if e := math.Abs(got[i*d+j] - sum/(n-1)); e > 1e-12 {
				t.Errorf("covariance %d %d is off by %g", i, j, e)
			}
		}
	}
}

func TestCholesky(t *testing.T) {
	for _, n := range []int{1, 2, 63, 64, 65, 200} {
		for _, rank := range []int{n, (n + 1) / 2} {
			x := linalg.OfSingle(noise("c", n*rank), n, rank)
			a := linalg.Gram(x)
			l, r := linalg.Cholesky(a, n)
			if r != rank {
				t.Errorf("n %d: rank %d, want %d", n, r, rank)
			}
			if d := largest(linalg.Product(linalg.Of(l, n, n), linalg.Of(l, n, n).T()), a); d > 1e-10*float64(n) {
				t.Errorf("n %d rank %d: L L^T is off by %g", n, rank, d)
			}
		}
	}
}

// Eigenvalues against gonum's, and the identities of trace and Frobenius norm.
func TestEigenvalues(t *testing.T) {
	for _, n := range []int{1, 2, 3, 31, 32, 33, 65, 200, 420} {
		a := linalg.Gram(linalg.OfSingle(noise("e", n*n), n, n))
		for i := range n {
			a[i*n+i] -= float64(n) // some negative
		}
		var want mat.EigenSym
		if !want.Factorize(mat.NewSymDense(n, append([]float64(nil), a...)), false) {
			t.Fatal("gonum failed")
		}
		got := linalg.Eigenvalues(append([]float64(nil), a...), n)
		if d := largest(got, want.Values(nil)); d > 1e-11*float64(n) {
			t.Errorf("n %d: eigenvalues off by %g", n, d)
		}
	}
	for _, n := range []int{1, 5, 70} {
		if got := linalg.Eigenvalues(make([]float64, n*n), n); got[0] != 0 || got[n-1] != 0 {
			t.Errorf("eigenvalues of zero are %v", got)
		}
	}
	if got := linalg.Eigenvalues([]float64{math.NaN(), 0, 0, 1}, 2); !math.IsNaN(got[0]) {
		t.Errorf("eigenvalues of NaN are %v", got)
	}
}

func TestWorkersDoNotChangeABit(t *testing.T) {
	const n = 500
	a := linalg.Gram(linalg.OfSingle(noise("w", n*60), n, 60))
	one := linalg.Eigenvalues(append([]float64(nil), a...), n)
	defer setWorkers(1)()
	b := linalg.Gram(linalg.OfSingle(noise("w", n*60), n, 60))
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("a product depends on the number of workers")
	}
	if two := linalg.Eigenvalues(b, n); fmt.Sprint(one) != fmt.Sprint(two) {
		t.Error("eigenvalues depend on the number of workers")
	}
}

func BenchmarkGram2048(b *testing.B) {
	x := linalg.OfSingle(noise("g", 2048*2048), 2048, 2048)
	for b.Loop() {
		linalg.Gram(x)
	}
	b.ReportMetric(float64(b.N)*2048*2048*2048/1e9/b.Elapsed().Seconds(), "GFlop/s")
}

func BenchmarkEigenvalues2048(b *testing.B) {
	a := linalg.Gram(linalg.OfSingle(noise("g", 2048*2100), 2048, 2100))
	for b.Loop() {
		linalg.Eigenvalues(append([]float64(nil), a...), 2048)
	}
}

func BenchmarkCholesky2048(b *testing.B) {
	a := linalg.Gram(linalg.OfSingle(noise("g", 2048*2100), 2048, 2100))
	for b.Loop() {
		linalg.Cholesky(a, 2048)
	}
}

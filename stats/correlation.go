package stats

import (
	"fmt"
	"math"
	"slices"
)

// Pearson is the product-moment correlation, by centred sums. Fewer than 2 pairs, a constant or a value that is not
// finite is an error.
func Pearson(x, y []float64) (float64, error) {
	if err := pairs("pearson", x, y, 2); err != nil {
		return math.NaN(), err
	}
	return pearson(x, y), nil
}

func pearson(x, y []float64) float64 {
	var mx, my float64
	for i := range x {
		mx += x[i]
		my += y[i]
	}
	n := float64(len(x))
	mx, my = mx/n, my/n
	var xx, yy, xy float64
	for i := range x {
		a, b := x[i]-mx, y[i]-my
		xx += a * a
		yy += b * b
		xy += a * b
	}
	// The root of the product makes a perfect correlation exactly 1; out of range, the product of the roots.
	if p := xx * yy; p > 1e-290 && p < 1e290 {
		return max(-1, min(1, xy/math.Sqrt(p)))
	}
	return max(-1, min(1, xy/math.Sqrt(xx)/math.Sqrt(yy)))
}

// Spearman is the Pearson correlation of mid-ranks (Spearman 1904; ties as in scipy.stats.spearmanr).
func Spearman(x, y []float64) (float64, error) {
	if err := pairs("spearman", x, y, 2); err != nil {
		return math.NaN(), err
	}
	return pearson(MidRanks(x), MidRanks(y)), nil
}

// Kendall is tau-b (Kendall 1945) by Knight's (1966) merge sort, O(n log n), as scipy.stats.kendalltau gives it.
func Kendall(x, y []float64) (float64, error) {
	if err := pairs("kendall", x, y, 2); err != nil {
		return math.NaN(), err
	}
	n := len(x)
	type point struct{ x, y float64 }
	p := make([]point, n)
	for i := range p {
		p[i] = point{x[i], y[i]}
	}
	cmp := func(a, b float64) int {
		if a < b {
			return -1
		} else if a > b {
			return 1
		}
		return 0
	}
	slices.SortFunc(p, func(a, b point) int {
		if c := cmp(a.x, b.x); c != 0 {
			return c
		}
		return cmp(a.y, b.y)
	})
	tied := func(same func(i, j int) bool) (t int64) {
		for i := 0; i < n; {
			j := i + 1
			for j < n && same(i, j) {
				j++
			}
			t += int64(j-i) * int64(j-i-1) / 2
			i = j
		}
		return t
	}
	inX := tied(func(i, j int) bool { return p[i].x == p[j].x })
	inBoth := tied(func(i, j int) bool { return p[i] == p[j] })
	ys, buf := make([]float64, n), make([]float64, n)
	for i := range p {
		ys[i] = p[i].y
	}
	swaps := mergeSwaps(ys, buf)
	inY := tied(func(i, j int) bool { return ys[i] == ys[j] })
	total := int64(n) * int64(n-1) / 2
	s := float64(total - inX - inY + inBoth - 2*swaps)
	return max(-1, min(1, s/math.Sqrt(float64(total-inX))/math.Sqrt(float64(total-inY)))), nil
}

// mergeSwaps sorts x and returns how many exchanges of neighbours that takes.
func mergeSwaps(x, buf []float64) int64 {
	n := len(x)
	if n < 2 {
		return 0
	}
	h := n / 2
	swaps := mergeSwaps(x[:h], buf[:h]) + mergeSwaps(x[h:], buf[h:])
	copy(buf, x)
	i, j := 0, h
	for k := range x {
		if i < h && (j >= n || buf[i] <= buf[j]) {
			x[k] = buf[i]
			i++
		} else {
			x[k] = buf[j]
			swaps += int64(h - i)
			j++
		}
	}
	return swaps
}

// FisherForm names the variance of Fisher's z for a correlation of n pairs.
type FisherForm string

// The forms, with the variance that they give to atanh(r).
const (
	FisherPearson      FisherForm = "fisher"        // 1/(n-3), Pearson (Fisher 1921)
	FisherSpearman     FisherForm = "bonett-wright" // (1+r^2/2)/(n-3), Spearman (Bonett and Wright 2000)
	FisherFieller      FisherForm = "fieller"       // 1.06/(n-3), Spearman (Fieller, Hartley and Pearson 1957)
	FisherKendallTau   FisherForm = "fieller-tau"   // .437/(n-4), Kendall (Fieller, Hartley and Pearson 1957)
	minPairsForFisherZ            = 5
)

// FisherInterval is the interval of a correlation r of n independent pairs through atanh. It is for rows that are
// independent; where sources repeat, take ClusterBootstrap.
func FisherInterval(r float64, n int, form FisherForm, level float64) Interval {
	iv := noInterval(r, n, orLevel(level))
	if n < minPairsForFisherZ || !(math.Abs(r) < 1) {
		iv.warn("fewer than 5 pairs or |r| = 1: no Fisher interval")
		return iv
	}
	v := 1 / float64(n-3)
	switch form {
	case FisherPearson:
	case FisherSpearman:
		v *= 1 + r*r/2
	case FisherFieller:
		v *= 1.06
	case FisherKendallTau:
		v = .437 / float64(n-4)
	default:
		iv.warn(fmt.Sprintf("no form of Fisher's z is called %q", form))
		return iv
	}
	h := normalQuantile(.5+iv.Level/2) * math.Sqrt(v)
	z := math.Atanh(r)
	iv.Low, iv.High = math.Tanh(z-h), math.Tanh(z+h)
	iv.Method = fmt.Sprintf("Fisher z (%s), n = %d", form, n)
	return iv
}

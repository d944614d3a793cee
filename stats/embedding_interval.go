package stats

import (
	"fmt"
	"math"

	"probity/internal/linalg"
)

// GapEstimates is a Gap with intervals.
type GapEstimates struct {
	Distance, Paired, Alignment, UniformityA, UniformityB Interval
}

// GapIntervals measures two sets of embeddings of length 1, row i of a paired with row i of b, as ModalityGap does, with t intervals
// from the delete-a-group jackknife; group is what Groups makes of the rows.
func GapIntervals(a, b Rows, group []int, level float64) (GapEstimates, error) {
	if a.N != b.N || a.D != b.D || a.N < 2 || len(group) != a.N {
		return GapEstimates{}, fmt.Errorf("modality gap: sets of %d x %d and %d x %d in groups of %d rows; wants two of the same size, 2 rows or more", a.N, a.D, b.N, b.D, len(group))
	}
	k := groupCount(group)
	count, pairs := make([]float64, k), make([]float64, k)
	diff := make([]float64, k*a.D)
	for i := range a.N {
		g := group[i]
		count[g]++
		x, y, to := a.Row(i), b.Row(i), diff[g*a.D:(g+1)*a.D]
		for j := range x {
			to[j] += x[j] - y[j]
		}
		pairs[g] += dotOf(x, y)
	}
	ua, ub := potentials(a, group, k), potentials(b, group, k)
	// without gives each quantity without group g; g = -1 is all of them.
	without := func(g int) (out [5]float64) {
		n := float64(a.N)
		sum, paired := make([]float64, a.D), 0.0
		for h := range k {
			if h == g {
				n -= count[h]
				continue
			}
			for j, v := range diff[h*a.D : (h+1)*a.D] {
				sum[j] += v
			}
			paired += pairs[h]
		}
		out[0] = math.Sqrt(dotOf(sum, sum)) / n
		out[1] = paired / n
		out[2] = 2 - 2*out[1]
		for s, u := range [][]float64{ua, ub} {
			var total float64
			for h := range k {
				for l := range k {
					if h != g && l != g {
						total += u[h*k+l]
					}
				}
			}
			out[3+s] = math.Log(total / (n * (n - 1)))
		}
		return out
	}
	all := without(-1)
	leave := make([][]float64, 5)
	for g := range k {
		for q, v := range without(g) {
			leave[q] = append(leave[q], v)
		}
	}
	var e GapEstimates
	for q, to := range []*Interval{&e.Distance, &e.Paired, &e.Alignment, &e.UniformityA, &e.UniformityB} {
		*to = groupJackknife(all[q], leave[q], level)
	}
	return e, nil
}

// potentials sums exp(-2 |x - y|^2) over all ordered pairs of different rows, by the groups of both (k x k).
func potentials(r Rows, group []int, k int) []float64 {
	const block = 256
	out := make([]float64, k*k)
	v := linalg.Of(r.X, r.N, r.D)
	for i := 0; i < r.N; i += block {
		n := min(block, r.N-i)
		for j := 0; j <= i; j += block {
			m := min(block, r.N-j)
			dots := linalg.Product(v.Part(i, 0, n, r.D), v.Part(j, 0, m, r.D).T())
			for p := range n {
				for q := range m {
					if j+q < i+p {
						e := math.Exp(4*dots[p*m+q] - 4)
						out[group[i+p]*k+group[j+q]] += e
						out[group[j+q]*k+group[i+p]] += e
					}
				}
			}
		}
	}
	return out
}

package metrics

import (
	"context"
	"fmt"
	"math"

	"probity/internal/linalg"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

const ballDoc = " Each member of a set carries a ball that reaches to its k-th nearest neighbour in the same set. ball = `closed` counts a point on the surface as inside, `open` " +
	"does not; where points coincide, as when a set holds copies of the other's members, they differ. All four depend on N and k: compare at equal ones."

func init() {
	kynkaanniemi := "Kynkaanniemi, Karras, Laine, Lehtinen and Aila, Improved precision and recall metric for assessing generative models, NeurIPS 2019; torch-fidelity"
	naeem := "Naeem, Oh, Uh, Choi and Yoo, Reliable fidelity and diversity metrics for generative models, ICML 2020; the prdc package's formulas"
	add := func(name, doc, long, source string, k int, ball string, high float64, share shareOf, f func(m neighbours) float64) {
		if long += ballDoc; share > 0 {
			long += " Its interval is no narrower than Wilson's for a share of so many sources, since halves of a set may all agree."
		}
		onSets(registry.Info{Name: name, Version: 1, Doc: doc, Long: long, Source: source}, "embedding",
			trial.SetMetricEntry{Direction: trial.Similarity, Low: 0, High: high}, []registry.Param{
				{Name: "k", Type: registry.Int, Default: k, Min: 1, Max: 1000, Doc: "which nearest neighbour a ball reaches to"},
				{Name: "ball", Type: registry.String, Default: ball, Enum: []string{"closed", "open"}, Doc: "whether its surface belongs to a ball"},
				resamplesParam,
			}, func(v registry.Values) (setMetric, error) {
				k, closed := v.Int("k"), v.String("ball") == "closed"
				return setMetric{fewest: k + 1, share: share, warn: func(a, b sample) []string {
					if n := min(a.n, b.n); n < 100 {
						return []string{fmt.Sprintf("%d members: balls of so few points are wide, and %s says little", n, name)}
					}
					return nil
				}, value: func(ctx context.Context, a, b sample, _ func(string) *stream.Stream) (float64, error) {
					m, err := neighbourhood(ctx, a, b, k, closed, name == "recall")
					return f(m), err
				}}, nil
			})
	}
	add("precision", "share of a set's members that lie among the reference's", "The share of members that lie in at least one ball of the reference set: whether what is made is plausible.",
		kynkaanniemi, 3, "closed", 1, shareOfSet, func(m neighbours) float64 { return positive(m.perA) })
	add("recall", "share of the reference's members that lie among the set's", "The share of the reference set's members that lie in at least one ball of the set: whether all that there is gets made.",
		kynkaanniemi, 3, "closed", 1, shareOfReference, func(m neighbours) float64 { return positive(m.perB) })
	add("density", "how many of the reference's balls a member lies in, on average", "The number of the reference's balls that hold a member, divided by k, averaged over members. Precision that outliers of the reference cannot inflate; above 1 where members crowd where the reference is dense.",
		naeem, 5, "open", math.Inf(1), 0, func(m neighbours) float64 {
			sum := 0
			for _, n := range m.perA {
				sum += n
			}
			return float64(sum) / float64(len(m.perA)) / float64(m.k)
		})
	add("coverage", "share of the reference's balls that hold a member of the set", "The share of the reference's balls that hold at least one member. Recall that outliers of the set cannot inflate.",
		naeem, 5, "open", 1, shareOfReference, func(m neighbours) float64 { return positive(m.perB) })
}

func positive(counts []int) float64 {
	n := 0
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return float64(n) / float64(len(counts))
}

// neighbours count, for each pair of a member a and a member b of the reference, whether one lies in the other's ball.
type neighbours struct {
	k    int
	perA []int // balls (or members) of b that a member of a is in (or has inside)
	perB []int
}

// neighbourhood counts by the balls of the reference, or by the set's own (for recall).
func neighbourhood(ctx context.Context, a, b sample, k int, closed, own bool) (neighbours, error) {
	centre := linalg.Mean(b.x, b.n, b.d) // taken off both: distances keep more digits
	pa, pb := points{a, centre, centredSquares(a, centre)}, points{b, centre, centredSquares(b, centre)}
	balls := pb
	if own {
		balls = pa
	}
	radius, err := reach(ctx, balls, k)
	if err != nil {
		return neighbours{}, err
	}
	const side = 256
	ta, tb := (a.n+side-1)/side, (b.n+side-1)/side
	inA, inB := make([]int32, tb*a.n), make([]int32, ta*b.n)
	err = tiles(ctx, ta*tb, side*side, func(t int, room []float64) {
		i0, j0 := t/tb*side, t%tb*side
		m, n := min(side, a.n-i0), min(side, b.n-j0)
		d := distances2(pa, pb, i0, j0, m, n, room)
		ca, cb := inA[t%tb*a.n+i0:][:m], inB[t/tb*b.n+j0:][:n]
		for i := range m {
			for j, v := range d[i*n : (i+1)*n] {
				r := radius
				if own {
					r = r[i0+i:]
				} else {
					r = r[j0+j:]
				}
				if v < r[0] || closed && v == r[0] {
					ca[i]++
					cb[j]++
				}
			}
		}
	})
	out := neighbours{k, make([]int, a.n), make([]int, b.n)}
	for i, v := range inA {
		out.perA[i%a.n] += int(v)
	}
	for i, v := range inB {
		out.perB[i%b.n] += int(v)
	}
	return out, err
}

// points are a set with the point that is taken off and the squared lengths of what is left.
type points struct {
	sample
	centre  []float64
	squares []float64
}

func centredSquares(s sample, centre []float64) []float64 {
	out := make([]float64, s.n)
	for i := range out {
		for j, v := range s.x[i*s.d : (i+1)*s.d] {
			e := float64(v) - centre[j]
			out[i] += e * e
		}
	}
	return out
}

// distances2 are the squared distances of m members from i0 of one set to n members from j0 of another, in room. Where the
// formula by scalar products cancels, they are summed from the differences, so that equal points are at distance 0; the
// distance of two points is the same bits wherever in the matrix they stand.
func distances2(a, b points, i0, j0, m, n int, room []float64) []float64 {
	d := room[:m*n]
	clear(d)
	linalg.Add(d, n, -2, linalg.OfSingle(a.x[i0*a.d:], m, a.d).Less(a.centre), linalg.OfSingle(b.x[j0*b.d:], n, b.d).Less(b.centre).T(), linalg.One)
	for i := range m {
		row, x := d[i*n:(i+1)*n], a.squares[i0+i]
		for j := range row {
			s := x + b.squares[j0+j]
			row[j] += s
			if row[j] < 1e-5*s {
				row[j] = squared(a.x[(i0+i)*a.d:(i0+i+1)*a.d], b.x[(j0+j)*b.d:(j0+j+1)*b.d], 1, 1)
			}
		}
	}
	return d
}

// reach is the squared distance of each member to its k-th nearest neighbour in the set.
func reach(ctx context.Context, p points, k int) ([]float64, error) {
	const side = 128
	out := make([]float64, p.n)
	err := tiles(ctx, (p.n+side-1)/side, side*side, func(t int, room []float64) {
		i0 := t * side
		m := min(side, p.n-i0)
		nearest := make([]float64, m*k) // of each member, ascending
		for i := range nearest {
			nearest[i] = math.Inf(1)
		}
		for j0 := 0; j0 < p.n; j0 += side {
			n := min(side, p.n-j0)
			d := distances2(p, p, i0, j0, m, n, room)
			for i := range m {
				best := nearest[i*k : (i+1)*k]
				for j, v := range d[i*n : (i+1)*n] {
					if i0+i == j0+j || v >= best[k-1] {
						continue
					}
					q := k - 1
					for q > 0 && best[q-1] > v {
						best[q] = best[q-1]
						q--
					}
					best[q] = v
				}
			}
		}
		for i := range m {
			out[i0+i] = nearest[(i+1)*k-1]
		}
	})
	return out, err
}

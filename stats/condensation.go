package stats

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"probity/internal/linalg"
)

// PrincipalAxes are the eigenvectors of the covariance of some rows, one a row, those of the largest eigenvalues first: the axes of a
// principal component analysis. The sign of each is such that its largest number is positive.
func PrincipalAxes(r Rows) (Rows, error) {
	if r.N < 2 {
		return Rows{}, fmt.Errorf("principal components: %d rows, wants 2 or more", r.N)
	}
	s := r.Less(r.Mean()).scatter()
	var e mat.EigenSym
	if !e.Factorize(mat.NewSymDense(r.D, s), true) {
		return Rows{}, fmt.Errorf("principal components: the eigenvalues did not converge; are all numbers finite?")
	}
	var v mat.Dense
	e.VectorsTo(&v)
	out := Rows{r.D, r.D, make([]float64, r.D*r.D)}
	for k := range r.D {
		row := out.Row(k)
		largest := 0
		for j := range row {
			row[j] = v.At(j, r.D-1-k)
			if math.Abs(row[j]) > math.Abs(row[largest]) {
				largest = j
			}
		}
		if row[largest] < 0 {
			for j := range row {
				row[j] = -row[j]
			}
		}
	}
	return out, nil
}

// Retrieve says for each query and each number of components in which share the first of its candidates wins: 1 where its cosine with
// the query is above that of all others, 1/m where m share the largest (to 1e-12), 0 otherwise. Query i is a row of queries;
// gallery[i] are its candidates, rows of candidates, the right one first. Cosines are of the projections onto the first k axes, for
// every k of counts; axes nil: of the rows as they are, one column, whatever counts is. A projection of length 0 has cosine 0 with
// everything.
func Retrieve(queries, candidates Rows, gallery [][]int, axes *Rows, counts []int) ([][]float64, error) {
	if queries.N != len(gallery) || queries.D != candidates.D {
		return nil, fmt.Errorf("retrieval: %d queries of %d numbers, %d galleries, candidates of %d numbers", queries.N, queries.D, len(gallery), candidates.D)
	}
	if axes == nil {
		counts = []int{queries.D}
	} else {
		to := linalg.Of(axes.X, axes.N, axes.D).T()
		queries = Rows{queries.N, axes.N, linalg.Product(linalg.Of(queries.X, queries.N, queries.D), to)}
		candidates = Rows{candidates.N, axes.N, linalg.Product(linalg.Of(candidates.X, candidates.N, candidates.D), to)}
	}
	if !slices.IsSorted(counts) || len(counts) == 0 || counts[0] < 1 || counts[len(counts)-1] > queries.D {
		return nil, fmt.Errorf("retrieval: numbers of components %v are not ascending within 1 to %d", counts, queries.D)
	}
	out := make([][]float64, queries.N)
	for i := range out {
		x := queries.Row(i)
		cosine := make([][]float64, len(gallery[i])) // by candidate, then count
		for c, row := range gallery[i] {
			y := candidates.Row(row)
			cosine[c] = make([]float64, len(counts))
			var xy, xx, yy float64
			k := 0
			for j := range x {
				xy += x[j] * y[j]
				xx += x[j] * x[j]
				yy += y[j] * y[j]
				for k < len(counts) && counts[k] == j+1 {
					if xx > 0 && yy > 0 {
						cosine[c][k] = xy / math.Sqrt(xx*yy)
					}
					k++
				}
			}
		}
		out[i] = make([]float64, len(counts))
		for k := range counts {
			ties := 0.0
			won := true
			for c := range cosine {
				won = won && cosine[c][k] <= cosine[0][k]+tied
				if math.Abs(cosine[c][k]-cosine[0][k]) <= tied {
					ties++
				}
			}
			if won {
				out[i][k] = 1 / ties
			}
		}
	}
	return out, nil
}

// tied is how far two equal cosines may be apart by rounding: of one component they are all -1 or 1.
const tied = 1e-12

// Condensed is the smallest number of components that reaches a share of what all of them reach above chance.
type Condensed struct {
	Interval         // of the number
	Full     float64 // score with all components
	Target   float64 // chance + share (Full - chance)
}

// Condense finds it: score is what Retrieve gives, by query, then counts, of which the last is all components; cluster numbers the
// queries' clusters from 0. It is the first count whose mean score is at least chance + share (full - chance), where the same
// resample gives both; the axes are not resampled. The interval is a percentile bootstrap over clusters: the number is a whole one,
// so that an acceleration has no meaning. It is undefined where the full score is not above chance, and none is given for fewer
// than 20 clusters.
func Condense(ctx context.Context, score [][]float64, cluster []int, counts []int, chance, share, level float64, r Resampling) (Condensed, error) {
	out := Condensed{Interval: noInterval(math.NaN(), 0, orLevel(level))}
	if len(score) == 0 || len(score) != len(cluster) || len(counts) == 0 {
		return out, fmt.Errorf("condensation: %d scores of %d queries at %d counts", len(score), len(cluster), len(counts))
	}
	k := groupCount(cluster)
	sums, n := make([]float64, k*len(counts)), make([]float64, k)
	for i, c := range cluster {
		n[c]++
		for j, v := range score[i] {
			sums[c*len(counts)+j] += v
		}
	}
	out.N = k
	mean := make([]float64, len(counts))
	statistic := func(mean, w []float64) float64 {
		clear(mean)
		var all float64
		for c, wc := range w {
			if wc == 0 {
				continue
			}
			all += wc * n[c]
			for j, v := range sums[c*len(counts) : (c+1)*len(counts)] {
				mean[j] += wc * v
			}
		}
		full := mean[len(mean)-1] / all
		target := chance + share*(full-chance)
		if !(full > chance) {
			return math.NaN()
		}
		for j := range mean {
			if mean[j]/all >= target-1e-12 { // exact ties of sums in another order
				return float64(counts[j])
			}
		}
		return float64(counts[len(counts)-1])
	}
	ones := make([]float64, k)
	for i := range ones {
		ones[i] = 1
	}
	out.Value = statistic(mean, ones)
	var all float64
	for _, v := range n {
		all += v
	}
	out.Full = mean[len(mean)-1] / all
	out.Target = chance + share*(out.Full-chance)
	if math.IsNaN(out.Value) {
		out.warn("the full score is not above chance: there is nothing to condense")
		return out, nil
	}
	if k < FewClusters {
		out.warn(fmt.Sprintf("%d clusters: no interval of the number of components from fewer than %d", k, FewClusters))
		return out, nil
	}
	reps, err := r.Replicates(ctx, k, func() Statistic {
		scratch := make([]float64, len(counts))
		return func(w []float64) float64 { return statistic(scratch, w) }
	})
	if err != nil {
		return out, err
	}
	sorted := sortedWithoutNaN(reps)
	if lost := len(reps) - len(sorted); lost > 0 {
		out.warn(fmt.Sprintf("in %d of %d resamples the full score is not above chance", lost, len(reps)))
		if lost > len(reps)/20 {
			return out, nil
		}
	}
	// Whole numbers: the smallest that at least (1-level)/2 of the resamples do not exceed, and the like above.
	at := func(p float64) float64 {
		return sorted[min(len(sorted)-1, max(0, int(math.Ceil(p*float64(len(sorted))))-1))]
	}
	out.Low, out.High = at((1-out.Level)/2), at((1+out.Level)/2)
	out.Method = fmt.Sprintf("percentile bootstrap over clusters, %d resamples", len(reps))
	return out, nil
}

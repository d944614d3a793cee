package metrics

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/linalg"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

const frechetDoc = "|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^1/2), means and covariances (divided by N - 1) of the two sets' features, computed " +
	"exactly also where there are fewer members than features: the last trace is the nuclear norm of a product of two factors of the covariances, " +
	"centred members or Cholesky factors, whichever is smaller. Programs that take the square root of the singular matrix S_a S_b lose up to " +
	"2e-4 there, and those that add 1e-6 to its diagonal change the value by as much as .03."

func init() {
	onSets(registry.Info{
		Name: "frechet", Version: 1,
		Doc: "Frechet distance of two sets: FID, on any backbone",
		Long: frechetDoc + "\n\nIt is FID only on the 2048 features of the Inception network of 2015, with its own resizing. The distance is biased upward, by an amount " +
			"that depends on the features and falls with N: compare values of equal N only, use `fd-infinity`, or `kid`, which has no bias. With N no " +
			"larger than the number of features the bias is most of the value, and a warning says so. Equal sets give 0.",
		Source: "Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter, GANs trained by a two time-scale update rule, NeurIPS 2017; Dowson and Landau, J. Multivariate Analysis 12 (1982); torch-fidelity",
	}, "embedding", trial.SetMetricEntry{Direction: trial.Distance, Low: 0, High: math.Inf(1)}, []registry.Param{resamplesParam},
		func(registry.Values) (setMetric, error) {
			return setMetric{fewest: 2, warn: frechetWarnings, value: func(_ context.Context, a, b sample, _ func(string) *stream.Stream) (float64, error) {
				return frechet(a, b), nil
			}}, nil
		})
	onSets(registry.Info{
		Name: "patch-frechet", Version: 1,
		Doc: "Frechet distance of the places of maps or tokens: what the pictures are made of, wherever it lies",
		Long: frechetDoc + "\n\nEach place of a CNN's map or each patch token of a ViT is a member of its own, so that the sets are pictures times places large and local texture " +
			"counts as much as layout does in the pooled distance. Places of one picture are not independent: the interval resamples pictures.",
		Source: "Heusel et al., NeurIPS 2017, on places, as Nash, Menick, Dieleman and Battaglia, Generating images with sparse representations, ICML 2021, do with sFID",
	}, "spatial", trial.SetMetricEntry{Direction: trial.Distance, Low: 0, High: math.Inf(1)}, []registry.Param{resamplesParam},
		func(registry.Values) (setMetric, error) {
			return setMetric{fewest: 1, patches: true, warn: frechetWarnings, value: func(_ context.Context, a, b sample, _ func(string) *stream.Stream) (float64, error) {
				if a.rows() < 2 || b.rows() < 2 {
					return 0, fmt.Errorf("a Frechet distance needs at least 2 places in each set, got %d and %d", a.rows(), b.rows())
				}
				return frechet(a, b), nil
			}}, nil
		})
	onSets(registry.Info{
		Name: "fd-infinity", Version: 1,
		Doc: "Frechet distance extrapolated to sets of infinite size, which takes off its bias",
		Long: "The Frechet distance is computed for `points` sizes from `smallest` of the members to all of them, evenly spaced, each size drawn anew without replacement, " +
			"and a line is fitted to it in 1/N by least squares; its intercept is the score. shrink = `both` makes both sets smaller together; `set` " +
			"leaves the reference whole, as the paper does with its 50,000 (and with `smallest` = 0.1).\n\nThe bias is linear in 1/N only where N is well above the number of " +
			"features. Below it the line misses, and a warning says so. The score may be negative.",
		Source: "Chong and Forsyth, Effectively unbiased FID and Inception Score and where to find them, CVPR 2020",
	}, "embedding", trial.SetMetricEntry{Direction: trial.Distance, Low: math.Inf(-1), High: math.Inf(1)}, []registry.Param{
		{Name: "points", Type: registry.Int, Default: 15, Min: 3, Max: 1000, Doc: "sizes that the line is fitted to"},
		{Name: "smallest", Type: registry.Float, Default: .25, Min: .01, Max: .9, Unit: "fraction", Doc: "share of the members in the smallest size"},
		{Name: "shrink", Type: registry.String, Default: "both", Enum: []string{"both", "set"}, Doc: "which sets are made smaller"},
		resamplesParam,
	}, func(v registry.Values) (setMetric, error) {
		points, smallest, both := v.Int("points"), v.Float("smallest"), v.String("shrink") == "both"
		return setMetric{fewest: 8, warn: func(a, b sample) []string {
			if n := smallest * float64(min(a.n, b.n)); n < float64(a.d) {
				return []string{fmt.Sprintf("the smallest subsets have %.0f members for %d features: the bias is not linear in 1/N there, and the extrapolation misses", n, a.d)}
			}
			return nil
		}, value: func(ctx context.Context, a, b sample, draw func(string) *stream.Stream) (float64, error) {
			if same2(a, b) {
				return 0, nil
			}
			return extrapolated(ctx, a, b, points, smallest, both, draw)
		}}, nil
	})
}

func frechetWarnings(a, b sample) []string {
	if n := min(a.rows(), b.rows()); n <= a.d {
		return []string{fmt.Sprintf("%d and %d members for %d features: with N <= D a Frechet distance is mostly bias; compare values of equal N only", a.rows(), b.rows(), a.d)}
	}
	return nil
}

func same2(a, b sample) bool { return slices.Equal(a.x, b.x) }

// extrapolated fits the distance in 1/N.
func extrapolated(ctx context.Context, a, b sample, points int, smallest float64, both bool, draw func(string) *stream.Stream) (float64, error) {
	var sx, sy, sxx, sxy float64
	for k := range points {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		share := smallest + (1-smallest)*float64(k)/float64(points-1)
		s := draw(fmt.Sprint("size ", k))
		cut := func(x sample) sample {
			n := max(2, int(math.Round(share*float64(x.n))))
			if n >= x.n {
				return x
			}
			at := s.Perm(x.n)[:n]
			slices.Sort(at)
			return x.some(at)
		}
		p, q := cut(a), b
		if both {
			q = cut(b)
		}
		x, y := float64(a.n)/float64(p.n), frechet(p, q)
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	n := float64(points)
	slope := (n*sxy - sx*sy) / (n*sxx - sx*sx)
	return (sy - slope*sx) / n, nil
}

// frechet is exact for any number of members above 1.
func frechet(a, b sample) float64 {
	if same2(a, b) {
		return 0
	}
	n, m, d := a.rows(), b.rows(), a.d
	if n > m { // the smaller one is factored
		a, b, n, m = b, a, m, n
	}
	ma, mb := linalg.Mean(a.x, n, d), linalg.Mean(b.x, m, d)
	sum := 0.
	for i, v := range ma {
		sum += (v - mb[i]) * (v - mb[i])
	}
	var gram []float64
	var rank int
	switch {
	case m-1 <= d: // both by their members
		fa, fb := contrasts(a.x, n, d, ma), contrasts(b.x, m, d, mb)
		sum += dot64(fa, fa) + dot64(fb, fb)
		rank = n - 1
		cross := make([]float64, rank*(m-1))
		linalg.Add(cross, m-1, 1, linalg.Of(fa, rank, d), linalg.Of(fb, m-1, d).T())
		gram = linalg.Gram(linalg.Of(cross, rank, m-1))
	case n-1 <= d: // the small one by its members, the other by its covariance
		fa := contrasts(a.x, n, d, ma)
		sb := linalg.Covariance(b.x, m, d, mb)
		sum += dot64(fa, fa) + linalg.Trace(sb, d)
		rank = n - 1
		cross := make([]float64, rank*d)
		linalg.Add(cross, d, 1, linalg.Of(fa, rank, d), linalg.Of(sb, d, d))
		gram = make([]float64, rank*rank)
		linalg.Add(gram, rank, 1, linalg.Of(cross, rank, d), linalg.Of(fa, rank, d).T(), linalg.Lower)
		linalg.Mirror(gram, rank)
	default:
		sa, sb := linalg.Covariance(a.x, n, d, ma), linalg.Covariance(b.x, m, d, mb)
		sum += linalg.Trace(sa, d) + linalg.Trace(sb, d)
		l, _ := linalg.Cholesky(sa, d)
		rank = d
		gram = congruence(l, sb, sa, d)
	}
	nuclear := 0.
	values := linalg.Eigenvalues(gram, rank)
	// What rounding leaves of a zero (copies among the members, channels that are always dark) has a root of 1e-8 and more.
	zero := float64(rank) * 0x1p-52 * values[rank-1]
	for _, v := range values {
		if v > zero {
			nuclear += math.Sqrt(v)
		}
	}
	return math.Max(0, sum-2*nuclear)
}

// congruence is L^T S L for a lower triangular L, whose zeros are not multiplied. It is written over room, n x n numbers.
func congruence(l, s, room []float64, n int) []float64 {
	const block = 256
	sl := make([]float64, n*n)
	vs, vl, vsl := linalg.Of(s, n, n), linalg.Of(l, n, n), linalg.Of(sl, n, n)
	for j := 0; j < n; j += block {
		c := min(block, n-j)
		linalg.Add(sl[j:], n, 1, vs.Part(0, j, n, n-j), vl.Part(j, j, n-j, c))
	}
	clear(room)
	for i := 0; i < n; i += block {
		c := min(block, n-i)
		linalg.Add(room[i*n:], n, 1, vl.Part(i, i, n-i, c).T(), vsl.Part(i, 0, n-i, i+c))
	}
	linalg.Mirror(room, n)
	return room
}

// contrasts are n-1 rows whose products are the covariance, F^T F = S. Householder's reflection that takes the vector of
// ones to an axis turns n rows into their sum and n-1 rows without it; the centred rows themselves would be one too many,
// and their Gram matrix singular.
func contrasts(x []float32, n, d int, mean []float64) []float64 {
	// v = 1 - sqrt(n) e_1, H = I - 2 v v^T / |v|^2; the first row of H X is dropped.
	root := math.Sqrt(float64(n))
	scale := 1 / (float64(n) - root) // 2 / |v|^2
	along := make([]float64, d)      // v^T X / |v|^2 * 2 of the centred rows, whose sum is 0 but for rounding
	for i := range n {
		k := 1.
		if i == 0 {
			k = 1 - root
		}
		for j, v := range x[i*d : (i+1)*d] {
			along[j] += k * (float64(v) - mean[j])
		}
	}
	for j := range along {
		along[j] *= scale
	}
	out := make([]float64, (n-1)*d)
	norm := 1 / math.Sqrt(float64(n-1))
	for i := 1; i < n; i++ {
		row := out[(i-1)*d : i*d]
		for j, v := range x[i*d : (i+1)*d] {
			row[j] = (float64(v) - mean[j] - along[j]) * norm
		}
	}
	return out
}

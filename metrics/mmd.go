package metrics

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"probity/internal/linalg"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

const mmdJackknifeDoc = "\n\nInterval: jackknife that leaves out one unit (source) at a time, in both sets where both hold it, from sums that are there anyway; Student's t. Near 0, " +
	"where the sets are alike, the score's spread is not normal and the interval is too wide rather than too narrow."

func init() {
	onSets(registry.Info{
		Name: "kid", Version: 1,
		Doc: "kernel distance KID of two sets: squared MMD under a cubic kernel, without bias",
		Long: "mean k(a, a') + mean k(b, b') - 2 mean k(a, b) with k(x, y) = (x.y / D + 1)^3, pairs of a member with itself left out, which makes it unbiased: it may be negative. " +
			"It needs no more members than a mean does, and does not drift with N.\n\n" +
			"estimator = `full` takes all members once. `subsets` averages over random subsets of `size` members, as torch-fidelity and the paper's code do " +
			"(theirs are drawn by other generators, so that the last digits differ); the standard deviation over subsets that such programs print is not " +
			"the estimate's error. KID proper is on Inception's 2048 features; the common factor of 1,000 is left out." + mmdJackknifeDoc,
		Source: "Binkowski, Sutherland, Arbel and Gretton, Demystifying MMD GANs, ICLR 2018; torch-fidelity",
	}, "embedding", trial.SetMetricEntry{Direction: trial.Distance, Low: math.Inf(-1), High: math.Inf(1)}, []registry.Param{
		{Name: "estimator", Type: registry.String, Default: "full", Enum: []string{"full", "subsets"}, Doc: "all members at once, or the mean over subsets"},
		{Name: "size", Type: registry.Int, Default: 1000, Min: 2, Max: 1e9, Doc: "members of a subset"},
		{Name: "subsets", Type: registry.Int, Default: 100, Min: 1, Max: 1e6, Doc: "how many subsets"},
	}, func(v registry.Values) (setMetric, error) {
		size, subsets, whole := v.Int("size"), v.Int("subsets"), v.String("estimator") == "full"
		kernel := func(a sample) kernelFunc {
			gamma := 1 / float64(a.d)
			return func(xy, _, _ float64) float64 { k := xy*gamma + 1; return k * k * k }
		}
		return setMetric{fewest: 2, exact: func(ctx context.Context, a, b sample, u units2, draw func(string) *stream.Stream) (trial.SetScore, error) {
			if whole {
				return mmd(ctx, a, b, u, kernel(a), false, 1)
			}
			return mmdSubsets(ctx, a, b, size, subsets, kernel(a), draw)
		}}, nil
	})
	onSets(registry.Info{
		Name: "cmmd", Version: 1,
		Doc: "CMMD: squared MMD of two sets' CLIP embeddings under a Gaussian kernel",
		Long: "1000 (mean k(a, a') + mean k(b, b') - 2 mean k(a, b)) with k(x, y) = exp(-|x - y|^2 / (2 sigma^2)) on embeddings of length 1.\n\n" +
			"estimator = `unbiased` leaves out pairs of a member with itself; it may be negative. `biased` counts them, which the authors' code does: its values are " +
			"larger by about 1000 (1 - mean k) (1/N_a + 1/N_b), so that small differences between sets can differ in sign. The paper's backbone is CLIP ViT-L/14 at 336 pixels." +
			mmdJackknifeDoc,
		Source: "Jayasumana, Ramalingam, Veit, Glasner, Chakrabarti and Kumar, Rethinking FID, CVPR 2024",
	}, "joint", trial.SetMetricEntry{Direction: trial.Distance, Low: math.Inf(-1), High: math.Inf(1)}, []registry.Param{
		{Name: "estimator", Type: registry.String, Default: "unbiased", Enum: []string{"unbiased", "biased"}, Doc: "with or without the bias of the authors' code"},
		{Name: "sigma", Type: registry.Float, Default: 10., Min: 1e-6, Max: 1e6, Doc: "the kernel's width"},
	}, func(v registry.Values) (setMetric, error) {
		gamma, biased := 1/(2*v.Float("sigma")*v.Float("sigma")), v.String("estimator") == "biased"
		return setMetric{fewest: 2, exact: func(ctx context.Context, a, b sample, u units2, _ func(string) *stream.Stream) (trial.SetScore, error) {
			for _, s := range []sample{a, b} {
				for i := range s.n {
					if row := s.x[i*s.d : (i+1)*s.d]; dot(row, row) == 0 {
						return trial.SetScore{}, fmt.Errorf("the embedding of member %d is zero and has no direction", i+1)
					}
				}
			}
			return mmd(ctx, a, b, u, func(xy, xx, yy float64) float64 {
				return math.Exp(-2 * gamma * (1 - xy/math.Sqrt(xx*yy)))
			}, biased, 1000)
		}}, nil
	})
}

// kernelFunc is a kernel by the scalar products x.y, x.x and y.y.
type kernelFunc func(xy, xx, yy float64) float64

// mmd is the squared maximum mean discrepancy (Gretton et al. 2012, equations 3 and 5), times a factor, with a jackknife.
func mmd(ctx context.Context, a, b sample, u units2, k kernelFunc, biased bool, factor float64) (trial.SetScore, error) {
	score := trial.SetScore{Low: math.NaN(), High: math.NaN(), Level: level}
	na, nb := squares(a), squares(b)
	ra, _, err := kernelSums(ctx, a, a, na, na, k, true)
	if err != nil {
		return score, err
	}
	rb, _, err := kernelSums(ctx, b, b, nb, nb, k, true)
	if err != nil {
		return score, err
	}
	rab, cab, err := kernelSums(ctx, a, b, na, nb, k, false)
	if err != nil {
		return score, err
	}
	// Sums over all pairs, pairs of a member with itself aside, and over those.
	type sums struct{ n, m, aa, bb, ab, da, db float64 }
	var all sums
	all.n, all.m = float64(a.n), float64(b.n)
	for i := range a.n {
		all.aa += ra[i]
		all.ab += rab[i]
		all.da += k(na[i], na[i], na[i])
	}
	for j := range b.n {
		all.bb += rb[j]
		all.db += k(nb[j], nb[j], nb[j])
	}
	of := func(s sums) float64 {
		if biased {
			return factor * ((s.aa+s.da)/(s.n*s.n) + (s.bb+s.db)/(s.m*s.m) - 2*s.ab/(s.n*s.m))
		}
		return factor * (s.aa/(s.n*(s.n-1)) + s.bb/(s.m*(s.m-1)) - 2*s.ab/(s.n*s.m))
	}
	score.Value = of(all)
	if why := u.few(); why != "" {
		score.Warnings = []string{why}
		return score, nil
	}
	v, df := 0., math.MaxInt
	for _, stratum := range u {
		if len(stratum) == 0 {
			continue
		}
		without := make([]float64, len(stratum))
		for q, g := range stratum {
			s := all
			s.n -= float64(len(g.a))
			s.m -= float64(len(g.b))
			row := func(x sample, i int) []float32 { return x.x[i*x.d : (i+1)*x.d] }
			for p, i := range g.a {
				s.aa -= 2 * ra[i]
				s.ab -= rab[i]
				s.da -= k(na[i], na[i], na[i])
				for _, j := range g.a[:p] {
					s.aa += 2 * k(dot(row(a, i), row(a, j)), na[i], na[j])
				}
				for _, j := range g.b {
					s.ab += k(dot(row(a, i), row(b, j)), na[i], nb[j])
				}
			}
			for p, i := range g.b {
				s.bb -= 2 * rb[i]
				s.ab -= cab[i]
				s.db -= k(nb[i], nb[i], nb[i])
				for _, j := range g.b[:p] {
					s.bb += 2 * k(dot(row(b, i), row(b, j)), nb[i], nb[j])
				}
			}
			without[q] = of(s)
		}
		n := float64(len(stratum))
		v += (n - 1) * (n - 1) / n * variance(without)
		df = min(df, len(stratum)-1)
	}
	interval(&score, math.Sqrt(v), df, "jackknife")
	return score, nil
}

// mmdSubsets is the mean over random subsets.
func mmdSubsets(ctx context.Context, a, b sample, size, subsets int, k kernelFunc, draw func(string) *stream.Stream) (trial.SetScore, error) {
	score := trial.SetScore{Low: math.NaN(), High: math.NaN(), Level: level}
	if size > min(a.n, b.n) {
		return score, fmt.Errorf("subsets of %d members are larger than the sets, %d and %d: choose a smaller size or estimator = \"full\"", size, a.n, b.n)
	}
	for i := range subsets {
		s := draw(fmt.Sprint("subset ", i))
		x, y := a.some(s.Perm(a.n)[:size]), b.some(s.Perm(b.n)[:size])
		one, err := mmd(ctx, x, y, units2{}, k, false, 1)
		if err != nil {
			return score, err
		}
		score.Value += one.Value / float64(subsets)
	}
	score.Warnings = []string{"no interval from subsets: estimator = \"full\" has one"}
	return score, nil
}

// squares are the scalar products of the rows with themselves.
func squares(s sample) []float64 {
	out := make([]float64, s.n)
	for i := range out {
		row := s.x[i*s.d : (i+1)*s.d]
		out[i] = dot(row, row)
	}
	return out
}

// kernelSums adds the kernel up along rows and columns of the matrix between two sets, tile by tile, so that the matrix is
// never held. self: the sets are one, its diagonal is left out, and the column sums are nil.
func kernelSums(ctx context.Context, a, b sample, na, nb []float64, k kernelFunc, self bool) (rows, cols []float64, err error) {
	const side = 512
	ta, tb := (a.n+side-1)/side, (b.n+side-1)/side
	// One partial sum for each row and tile: added in the order of the tiles, whoever computed them.
	byRow, byCol := make([]float64, tb*a.n), make([]float64, ta*b.n)
	err = tiles(ctx, ta*tb, side*side, func(t int, room []float64) {
		i0, j0 := t/tb*side, t%tb*side
		if self && j0 > i0 {
			return
		}
		m, n := min(side, a.n-i0), min(side, b.n-j0)
		c := room[:m*n]
		clear(c)
		linalg.Add(c, n, 1, linalg.OfSingle(a.x[i0*a.d:], m, a.d), linalg.OfSingle(b.x[j0*b.d:], n, b.d).T(), linalg.One)
		r, q := byRow[t%tb*a.n+i0:][:m], byCol[t/tb*b.n+j0:][:n]
		for i := range m {
			line, x, sum := c[i*n:(i+1)*n], na[i0+i], 0.
			for j, xy := range line {
				if self && i0 == j0 && i == j {
					continue
				}
				v := k(xy, x, nb[j0+j])
				sum += v
				q[j] += v
			}
			r[i] = sum
		}
	})
	if err != nil {
		return nil, nil, err
	}
	rows = make([]float64, a.n)
	for t := range tb {
		for i, v := range byRow[t*a.n : (t+1)*a.n] {
			rows[i] += v
		}
	}
	if !self {
		cols = make([]float64, b.n)
	} else {
		cols = rows
	}
	for t := range ta {
		for j, v := range byCol[t*b.n : (t+1)*b.n] {
			if self && t == j/side {
				continue // on the diagonal the whole tile was added by rows
			}
			cols[j] += v
		}
	}
	if self {
		return rows, nil, nil
	}
	return rows, cols, nil
}

// tiles calls f for 0 to n-1 on all processors, each with a room of its own.
func tiles(ctx context.Context, n, room int, f func(t int, room []float64)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			space := make([]float64, room)
			for t := int(next.Add(1)) - 1; t < n && ctx.Err() == nil; t = int(next.Add(1)) - 1 {
				f(t, space)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

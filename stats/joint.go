package stats

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Joint holds several statistics of the same clusters, all evaluated in the same resamples, so that intervals of each and
// of any difference come from one pass: 20 metrics have 190 differences.
type Joint struct {
	Value      []float64   // by statistic
	Replicates [][]float64 // by statistic, then resample; nil below 20 clusters, where no quantile of them is trusted
	Leave      [][]float64 // by statistic, then cluster: without that cluster
	Clusters   int
	Fisher     bool // the statistics are correlations, whose jackknife is taken on Fisher's z
}

// NewJoint evaluates width statistics on the whole sample, without each cluster in turn, and (20 clusters or more) in
// every resample. open is called once a worker; its function writes the statistics of clusters counted weight[c] times,
// NaN where undefined. present, where it is not nil, marks the clusters that have rows at all: the others are drawn, so
// that several Joints over parts of the same data are paired, but do not count.
func NewJoint(ctx context.Context, clusters, width int, present []bool, open func() func(weight, out []float64), r Resampling) (*Joint, error) {
	if clusters < 1 || width < 1 {
		return nil, fmt.Errorf("joint bootstrap: %d statistics of %d clusters: %w", width, clusters, ErrUndefined)
	}
	var live []int
	for c := range clusters {
		if present == nil || present[c] {
			live = append(live, c)
		}
	}
	j := &Joint{Value: make([]float64, width), Leave: make([][]float64, width), Clusters: len(live)}
	open()(slices.Repeat([]float64{1}, clusters), j.Value)
	for s := range j.Leave {
		j.Leave[s] = make([]float64, len(live))
	}
	var wg sync.WaitGroup
	workers := min(max(1, runtime.GOMAXPROCS(0)), max(1, len(live)))
	for w := range workers {
		wg.Go(func() {
			f, weight, out := open(), slices.Repeat([]float64{1}, clusters), make([]float64, width)
			for i := w; i < len(live) && ctx.Err() == nil; i += workers {
				weight[live[i]] = 0
				f(weight, out)
				weight[live[i]] = 1
				for s, v := range out {
					j.Leave[s][i] = v
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(live) < FewClusters {
		return j, nil
	}
	reps, err := r.Vectors(ctx, clusters, width, open)
	if err != nil {
		return nil, err
	}
	j.Replicates = make([][]float64, width)
	for s := range j.Replicates {
		j.Replicates[s] = make([]float64, len(reps))
		for b, v := range reps {
			j.Replicates[s][b] = v[s]
		}
	}
	return j, nil
}

// Interval is the interval of statistic s: BCa over clusters (Efron 1987) from 20 clusters on, taken at the level at which
// a bootstrap of so few covers what t would (Hesterberg 2015, sec. 4.2); below that the jackknife's t (Tukey 1958), of
// correlations on Fisher's z.
func (j *Joint) Interval(s int, level float64) Interval {
	level = orLevel(level)
	iv := noInterval(j.Value[s], j.Clusters, level)
	switch {
	case math.IsNaN(iv.Value):
		iv.warn("undefined on the whole sample")
		return iv
	case j.Clusters < 2:
		iv.warn("one cluster: no interval")
		return iv
	case j.Replicates == nil && j.Fisher:
		t := iv
		t.Value = fisherZ(iv.Value)
		leave := make([]float64, len(j.Leave[s]))
		for i, v := range j.Leave[s] {
			leave[i] = fisherZ(v)
		}
		t = jackknifeT(t, leave)
		t.Value = iv.Value
		if t.Low, t.High = math.Tanh(t.Low), math.Tanh(t.High); t.Method != "none" && t.Method != "degenerate" {
			t.Method += ", Fisher's z"
		}
		return t
	case j.Replicates == nil:
		return jackknifeT(iv, j.Leave[s])
	}
	iv.Level = expandedLevel(level, j.Clusters)
	iv = bcaInterval(iv, slices.Clone(j.Replicates[s]), j.Leave[s])
	iv.Level = level
	return iv
}

// Difference compares two statistics as sa*statistic a - sb*statistic b (signs orient what runs the other way) by the
// paired cluster jackknife's t: p is two-sided, of no difference, and the interval leaves out 0 where p < 1 - level. The
// jackknife is taken whatever the number of clusters: of two equal metrics it rejects 2 to 5 % at 5 %, where the paired
// BCa bootstrap rejects up to 10 % below 50 clusters (docs/calibration.md).
func (j *Joint) Difference(a, b int, sa, sb, level float64) (iv Interval, p float64) {
	level = orLevel(level)
	iv = noInterval(sa*j.Value[a]-sb*j.Value[b], j.Clusters, level)
	if math.IsNaN(iv.Value) || j.Clusters < 2 {
		iv.warn("undefined, or one cluster: no interval")
		return iv, math.NaN()
	}
	leave := make([]float64, j.Clusters)
	for i := range leave {
		leave[i] = sa*j.Leave[a][i] - sb*j.Leave[b][i]
	}
	return jackknifeT(iv, leave), jackknifeP(iv.Value, leave)
}

// Mean combines statistics to their average over those that are defined, in every resample; it joins the set as a further
// statistic, whose place is returned.
func (j *Joint) Mean(of []int) int {
	mean := func(at func(s int) float64) float64 {
		sum, n := 0., 0.
		for _, s := range of {
			if v := at(s); !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		return sum / n
	}
	j.Value = append(j.Value, mean(func(s int) float64 { return j.Value[s] }))
	leave := make([]float64, j.Clusters)
	for i := range leave {
		leave[i] = mean(func(s int) float64 { return j.Leave[s][i] })
	}
	j.Leave = append(j.Leave, leave)
	if j.Replicates != nil {
		reps := make([]float64, len(j.Replicates[0]))
		for b := range reps {
			reps[b] = mean(func(s int) float64 { return j.Replicates[s][b] })
		}
		j.Replicates = append(j.Replicates, reps)
	}
	return len(j.Value) - 1
}

// Ranks gives, for each statistic in the list, the interval of its rank from 1 (largest sign*value) over resamples; 0 and 0
// where there are none.
func (j *Joint) Ranks(of []int, sign []float64, level float64) (low, high []int) {
	low, high = make([]int, len(of)), make([]int, len(of))
	if j.Replicates == nil || len(of) == 0 {
		return low, high
	}
	n := len(j.Replicates[0])
	ranks := make([][]float64, len(of))
	for i := range ranks {
		ranks[i] = make([]float64, n)
	}
	v := make([]float64, len(of))
	for b := range n {
		for i, s := range of {
			v[i] = sign[i] * j.Replicates[s][b]
		}
		for i := range v {
			r := 1.
			for _, o := range v {
				if o > v[i] {
					r++
				}
			}
			ranks[i][b] = r
		}
	}
	a := (1 - orLevel(level)) / 2
	for i, r := range ranks {
		slices.Sort(r)
		low[i], high[i] = int(Quantile(r, a)), int(math.Ceil(Quantile(r, 1-a)))
	}
	return low, high
}

// expandedLevel is the level at which a bootstrap interval of k clusters covers what a t interval of the given level
// would: resampling gives too small a spread, by sqrt((k-1)/k), and a normal's tails (Hesterberg 2015, sec. 4.2).
func expandedLevel(level float64, k int) float64 {
	n := float64(k)
	return 2*normalCDF(math.Sqrt(n/(n-1))*tQuantile(.5+level/2, n-1)) - 1
}

// jackknifeP is the two-sided p of 0 by the jackknife's t; NaN without spread.
func jackknifeP(value float64, leave []float64) float64 {
	k := float64(len(leave))
	_, ss := center(leave)
	se := math.Sqrt(ss * (k - 1) / k)
	if !(se > 0) {
		return math.NaN()
	}
	return 2 * (1 - tCDF(math.Abs(value)/se, k-1))
}

// Correlations evaluates a coefficient of each of several metrics with the same ratings, jointly. cluster numbers each
// row's cluster from 0 to clusters-1 (nil: every row its own); a cluster may have no row. A metric that is constant gives
// NaN. Kendall's coefficient is tau-b.
func Correlations(ctx context.Context, c Correlation, metric [][]float64, rating []float64, cluster []int, clusters int, r Resampling) (*Joint, error) {
	if len(metric) == 0 || len(rating) < 3 {
		return nil, fmt.Errorf("%s: %d metrics on %d rows, at least 1 on 3 is needed: %w", c, len(metric), len(rating), ErrUndefined)
	}
	if cluster == nil {
		clusters = len(rating)
		cluster = make([]int, clusters)
		for i := range cluster {
			cluster[i] = i
		}
	}
	if len(cluster) != len(rating) {
		return nil, fmt.Errorf("%s: %d rows but clusters of %d", c, len(rating), len(cluster))
	}
	if err := finite(string(c), rating); err != nil {
		return nil, err
	}
	present := make([]bool, clusters)
	for i, k := range cluster {
		if k < 0 || k >= clusters {
			return nil, fmt.Errorf("%s: row %d has cluster %d, outside 0 to %d", c, i, k, clusters-1)
		}
		present[k] = true
	}
	for _, x := range metric {
		if len(x) != len(rating) {
			return nil, fmt.Errorf("%s: %d scores against %d ratings", c, len(x), len(rating))
		}
		if err := finite(string(c), x); err != nil {
			return nil, err
		}
	}
	var open func() func(w, out []float64)
	switch c {
	case SRCC:
		ly, ny := levels(rating)
		lx, nx, most := make([][]int32, len(metric)), make([]int, len(metric)), 0
		for m, x := range metric {
			lx[m], nx[m] = levels(x)
			most = max(most, nx[m])
		}
		open = func() func(w, out []float64) {
			rx, cx := make([]float64, most), make([]float64, most)
			ry, cy, weight, wy := make([]float64, ny), make([]float64, ny), make([]float64, len(rating)), make([]float64, len(rating))
			return func(w, out []float64) {
				clear(cy)
				for i, k := range cluster {
					weight[i] = w[k]
					cy[ly[i]] += w[k]
				}
				n, yy := centredRanks(cy, ry)
				for i, l := range ly {
					wy[i] = weight[i] * ry[l]
				}
				for m := range metric {
					count, rank := cx[:nx[m]], rx[:nx[m]]
					clear(count)
					level := lx[m]
					for i, l := range level {
						count[l] += weight[i]
					}
					_, xx := centredRanks(count, rank)
					var xy float64
					for i, l := range level {
						xy += wy[i] * rank[l]
					}
					out[m] = math.NaN()
					if n >= 2 && xx > 0 && yy > 0 {
						// The root of the product makes a perfect order exactly 1.
						out[m] = max(-1, min(1, xy/math.Sqrt(xx*yy)))
					}
				}
			}
		}
	case PLCC:
		open = func() func(w, out []float64) {
			return func(w, out []float64) {
				for m, x := range metric {
					out[m] = weightedPearson(x, rating, cluster, w)
				}
			}
		}
	case KRCC:
		if clusters > MaxKendallClusters {
			return kendallLeave(ctx, metric, rating, cluster, clusters, present)
		}
		tables := make([]*concordance, len(metric))
		var wg sync.WaitGroup
		limit := make(chan struct{}, max(1, runtime.GOMAXPROCS(0)))
		for m, x := range metric {
			wg.Go(func() {
				limit <- struct{}{}
				defer func() { <-limit }()
				tables[m] = newConcordance(x, rating, cluster, clusters)
			})
		}
		wg.Wait()
		open = func() func(w, out []float64) {
			return func(w, out []float64) {
				for m, t := range tables {
					out[m] = t.tau(w)
				}
			}
		}
	default:
		return nil, fmt.Errorf("no correlation called %q can be resampled: spearman, kendall or pearson", c)
	}
	j, err := NewJoint(ctx, clusters, len(metric), present, open, r)
	if err == nil {
		j.Fisher = true
	}
	return j, err
}

// KRCC names Kendall's tau-b among the coefficients that Correlations resamples.
const KRCC Correlation = "kendall"

// MaxKendallClusters is the number of clusters up to which Kendall's tau is resampled: its work grows with their square.
// Beyond it intervals are the jackknife's.
const MaxKendallClusters = 600

// concordance holds what tau-b needs of every pair of clusters, so that a resample costs their square and not the rows':
// by cluster pair, over ordered pairs of rows, the sum of sign products and the numbers not tied in x and in y. Copies of
// one row in a resample are ties, as in any sample with repeated rows.
type concordance struct {
	k       int
	s, x, y []float64 // k x k, symmetric
}

func newConcordance(x, y []float64, cluster []int, k int) *concordance {
	t := &concordance{k, make([]float64, k*k), make([]float64, k*k), make([]float64, k*k)}
	// Rows by cluster, so that the inner loops add to one cell.
	rows := make([][]int, k)
	for i, c := range cluster {
		rows[c] = append(rows[c], i)
	}
	lx, _ := levels(x)
	ly, _ := levels(y)
	for a := range k {
		for b := a; b < k; b++ {
			var s, nx, ny int
			for _, i := range rows[a] {
				xi, yi := lx[i], ly[i]
				for _, j := range rows[b] {
					dx, dy := sign(xi-lx[j]), sign(yi-ly[j])
					s += dx * dy
					nx += dx * dx
					ny += dy * dy
				}
			}
			for _, at := range []int{a*k + b, b*k + a} {
				t.s[at], t.x[at], t.y[at] = float64(s), float64(nx), float64(ny)
			}
		}
	}
	return t
}

func sign(v int32) int { return int(v>>31) | int(uint32(-v)>>31) }

func (t *concordance) tau(w []float64) float64 {
	var s, x, y float64
	for a, wa := range w {
		if wa == 0 {
			continue
		}
		var ra, rx, ry float64
		base := a * t.k
		for b, wb := range w {
			if wb == 0 {
				continue
			}
			ra += wb * t.s[base+b]
			rx += wb * t.x[base+b]
			ry += wb * t.y[base+b]
		}
		s, x, y = s+wa*ra, x+wa*rx, y+wa*ry
	}
	if x == 0 || y == 0 {
		return math.NaN()
	}
	return s / math.Sqrt(x*y)
}

// kendallLeave is tau-b without each of many clusters in turn, from sums by cluster.
func kendallLeave(ctx context.Context, metric [][]float64, y []float64, cluster []int, k int, present []bool) (*Joint, error) {
	j := &Joint{Value: make([]float64, len(metric)), Leave: make([][]float64, len(metric)), Fisher: true}
	for _, p := range present {
		if p {
			j.Clusters++
		}
	}
	ly, _ := levels(y)
	var wg sync.WaitGroup
	limit := make(chan struct{}, max(1, runtime.GOMAXPROCS(0)))
	for m, x := range metric {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			lx, _ := levels(x)
			// By cluster: sums over ordered pairs with a first row in it, and of those with both.
			row, own := make([][3]int, k), make([][3]int, k)
			for i := range y {
				if ctx.Err() != nil {
					return
				}
				var s, nx, ny int
				for o := range i {
					dx, dy := sign(lx[i]-lx[o]), sign(ly[i]-ly[o])
					p := dx * dy
					s += p
					nx += dx * dx
					ny += dy * dy
					r := &row[cluster[o]]
					r[0], r[1], r[2] = r[0]+p, r[1]+dx*dx, r[2]+dy*dy
					if cluster[o] == cluster[i] {
						w := &own[cluster[i]]
						w[0], w[1], w[2] = w[0]+2*p, w[1]+2*dx*dx, w[2]+2*dy*dy
					}
				}
				r := &row[cluster[i]]
				r[0], r[1], r[2] = r[0]+s, r[1]+nx, r[2]+ny
			}
			var total [3]int
			for _, r := range row {
				for q := range total {
					total[q] += r[q]
				}
			}
			tau := func(t [3]int) float64 {
				if t[1] == 0 || t[2] == 0 {
					return math.NaN()
				}
				return float64(t[0]) / math.Sqrt(float64(t[1])*float64(t[2]))
			}
			j.Value[m] = tau(total)
			for c := range k {
				if !present[c] {
					continue
				}
				var t [3]int
				for q := range t {
					t[q] = total[q] - 2*row[c][q] + own[c][q]
				}
				j.Leave[m] = append(j.Leave[m], tau(t))
			}
		})
	}
	wg.Wait()
	return j, ctx.Err()
}

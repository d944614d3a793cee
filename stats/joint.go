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
	Half       [][]float64 // by statistic, then cluster: with that cluster counted half; nil where there is one statistic only
	Clusters   int
	Fisher     bool // the statistics are correlations, whose jackknife is taken on Fisher's z
}

// NewJoint evaluates width statistics on the whole sample, without each cluster in turn, with each counted half, and (20
// clusters or more) in every resample. open is called once a worker; its function writes the statistics of clusters counted weight[c] times,
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
	if width > 1 {
		j.Half = make([][]float64, width)
	}
	for s := range j.Leave {
		j.Leave[s] = make([]float64, len(live))
		if j.Half != nil {
			j.Half[s] = make([]float64, len(live))
		}
	}
	var wg sync.WaitGroup
	workers := min(max(1, runtime.GOMAXPROCS(0)), max(1, len(live)))
	for w := range workers {
		wg.Go(func() {
			f, weight, out := open(), slices.Repeat([]float64{1}, clusters), make([]float64, width)
			for i := w; i < len(live) && ctx.Err() == nil; i += workers {
				weight[live[i]] = 0
				f(weight, out)
				for s, v := range out {
					j.Leave[s][i] = v
				}
				if j.Half != nil {
					weight[live[i]] = .5
					f(weight, out)
					for s, v := range out {
						j.Half[s][i] = v
					}
				}
				weight[live[i]] = 1
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

// Difference compares two statistics as sa*statistic a - sb*statistic b (signs orient what runs the other way), paired over
// clusters: p is two-sided, of no difference, and the interval leaves out 0 where p < 1 - level. It is t with k-1 degrees of
// freedom by HalfJackknife, of correlations on the difference of their Fisher's z, whose variance does not hang on how large
// they are; its interval is brought back at the mean of the two z. The jackknife that leaves clusters out whole, on the
// correlations themselves, rejects 2 % at 5 % below 20 clusters, and the paired BCa bootstrap up to 10 % (docs/calibration.md).
func (j *Joint) Difference(a, b int, sa, sb, level float64) (iv Interval, p float64) {
	d := j.difference(a, b, sa, sb, orLevel(level))
	return d.interval, d.p
}

// BootstrapDifference is the paired BCa bootstrap's interval of sa*statistic a - sb*statistic b, which tells equal metrics apart
// in up to 10 % of runs below 50 clusters at 5 %; it is here to be shown beside Difference. None below 20 clusters.
func (j *Joint) BootstrapDifference(a, b int, sa, sb, level float64) Interval {
	iv := noInterval(sa*j.Value[a]-sb*j.Value[b], j.Clusters, orLevel(level))
	if j.Replicates == nil || math.IsNaN(iv.Value) {
		iv.warn("undefined, or fewer than 20 clusters: no interval")
		return iv
	}
	less := func(x, y []float64) []float64 {
		out := make([]float64, len(x))
		for i := range out {
			out[i] = sa*x[i] - sb*y[i]
		}
		return out
	}
	return bcaInterval(iv, less(j.Replicates[a], j.Replicates[b]), less(j.Leave[a], j.Leave[b]))
}

// Equivalent tests whether two statistics differ by less than smallest (above 0), as Difference does and on its scale: two
// one-sided t tests (Schuirmann 1987). NaN where there is no interval of the difference.
func (j *Joint) Equivalent(a, b int, sa, sb, smallest float64) (p float64) {
	d := j.difference(a, b, sa, sb, .95)
	if !(d.se > 0) || !(smallest > 0) {
		return math.NaN()
	}
	bound := smallest
	if d.fisher {
		if bound = d.toZ(smallest); math.IsInf(bound, 1) {
			return 0 // no two correlations of that mean differ by so much
		}
	}
	e, err := TOST(d.value, d.se, float64(j.Clusters-1), bound, .05)
	if err != nil {
		return math.NaN()
	}
	return e.P
}

// paired is a difference with its standard error, on Fisher's z where fisher says so; mid is then the mean of the two z.
type paired struct {
	interval       Interval
	p              float64
	value, se, mid float64
	fisher         bool
}

// fromZ is the difference of two correlations whose z differ by d around their mean.
func (d *paired) fromZ(z float64) float64 { return math.Tanh(d.mid+z/2) - math.Tanh(d.mid-z/2) }

// toZ is its inverse, by bisection; +Inf where no z leads so far.
func (d *paired) toZ(r float64) float64 {
	low, high := 0., 60.
	if d.fromZ(high) <= r {
		return math.Inf(1)
	}
	for range 80 {
		if m := (low + high) / 2; d.fromZ(m) < r {
			low = m
		} else {
			high = m
		}
	}
	return high
}

func (j *Joint) difference(a, b int, sa, sb, level float64) paired {
	d := paired{interval: noInterval(sa*j.Value[a]-sb*j.Value[b], j.Clusters, level), p: math.NaN(), se: math.NaN()}
	iv := &d.interval
	if math.IsNaN(iv.Value) || j.Clusters < 2 || j.Half == nil {
		iv.warn("undefined, or one cluster: no interval")
		return d
	}
	// At a correlation of 1 or -1 Fisher's z is infinite; the difference itself is taken then.
	d.fisher = j.Fisher && math.Abs(j.Value[a]) < nearlyOne && math.Abs(j.Value[b]) < nearlyOne
	scale := func(v float64) float64 { return v }
	if d.fisher {
		scale = fisherZ
	}
	za, zb := sa*scale(j.Value[a]), sb*scale(j.Value[b])
	half := make([]float64, j.Clusters)
	for i := range half {
		half[i] = sa*scale(j.Half[a][i]) - sb*scale(j.Half[b][i])
	}
	d.value, d.mid, d.se = za-zb, (za+zb)/2, HalfJackknife(za-zb, half)
	switch {
	case math.IsNaN(d.se):
		iv.warn("undefined with one of the clusters counted half: no interval")
		return d
	case d.se == 0:
		*iv = iv.degenerate()
		return d
	}
	df := float64(j.Clusters - 1)
	d.p = tTwoSided(d.value/d.se, df)
	h := tQuantile(.5+level/2, df) * d.se
	iv.Low, iv.High, iv.DF = d.value-h, d.value+h, df
	iv.Method = fmt.Sprintf("half-weight jackknife t over clusters, %d df", j.Clusters-1)
	if d.fisher {
		iv.Low, iv.High = d.fromZ(iv.Low), d.fromZ(iv.High)
		iv.Method += ", Fisher's z"
	}
	return d
}

// nearlyOne is the size of a correlation from which on its Fisher's z says nothing.
const nearlyOne = 1 - 1e-9

// HalfJackknife is the standard error of a statistic from its values with each of k clusters counted half. Leaving a cluster
// out whole, as the jackknife does (Tukey 1958), overstates the variance of anything but a mean (Efron and Stein 1981), and a
// derivative at full weight, the infinitesimal jackknife (Jaeckel 1972), understates it. In a regression on clusters the
// former is CR3 and the latter CR0 with k/(k-1), whose residuals are divided by 1-h and 1, h the cluster's leverage; half a
// cluster gives 1-h/2, to first order the square root of 1-h of CR2, which is unbiased (Bell and McCaffrey 2002). Of the mean
// of clusters of one size all are the same.
func HalfJackknife(value float64, half []float64) float64 {
	k := float64(len(half))
	if k < 2 {
		return math.NaN()
	}
	// An influence is (T - T_half)(k - 1/2)/(1/2), since the mean without half a cluster moves by its half share of k - 1/2.
	influence := make([]float64, len(half))
	for i, v := range half {
		influence[i] = (2*k - 1) * (value - v)
	}
	_, ss := center(influence)
	return math.Sqrt(ss / (k * (k - 1)))
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
	without := func(by [][]float64) []float64 {
		out := make([]float64, j.Clusters)
		for i := range out {
			out[i] = mean(func(s int) float64 { return by[s][i] })
		}
		return out
	}
	j.Leave = append(j.Leave, without(j.Leave))
	if j.Half != nil {
		j.Half = append(j.Half, without(j.Half))
	}
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
		open = spearmanStatistics(metric, rating, cluster)
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

// spearmanStatistics are the Spearman correlations of several metrics with the same ratings, of clusters counted w[c] times:
// values are ranked once, and a resample's mid-ranks come from counts by level, without sorting.
func spearmanStatistics(metric [][]float64, rating []float64, cluster []int) func() func(w, out []float64) {
	ly, ny := levels(rating)
	lx, nx, most := make([][]int32, len(metric)), make([]int, len(metric)), 0
	for m, x := range metric {
		lx[m], nx[m] = levels(x)
		most = max(most, nx[m])
	}
	return func() func(w, out []float64) {
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
	j := &Joint{Value: make([]float64, len(metric)), Leave: make([][]float64, len(metric)), Half: make([][]float64, len(metric)), Fisher: true}
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
				var t, four [3]int // four times the sums with the cluster counted half: pairs within it count a quarter
				for q := range t {
					t[q] = total[q] - 2*row[c][q] + own[c][q]
					four[q] = 4*total[q] - 4*row[c][q] + own[c][q]
				}
				j.Leave[m], j.Half[m] = append(j.Leave[m], tau(t)), append(j.Half[m], tau(four))
			}
		})
	}
	wg.Wait()
	return j, ctx.Err()
}

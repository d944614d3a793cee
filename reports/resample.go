package reports

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"

	"probity/internal/stream"
)

// resamples are bootstrap samples of clusters, drawn once for a report: weight[b*k+c] is how often cluster c comes in
// resample b. Statistics are recomputed from sums by cluster, never from rows.
type resamples struct {
	n, k   int
	weight []float64
}

func newResamples(seed uint64, n, clusters int) *resamples {
	r := &resamples{n: n, k: clusters, weight: make([]float64, n*clusters)}
	s := stream.Key{Seed: seed, Step: "bootstrap", Purpose: "clusters"}.Open()
	for b := range n {
		w := r.weight[b*clusters : (b+1)*clusters]
		for range clusters {
			w[s.IntN(clusters)]++
		}
	}
	return r
}

func (r *resamples) of(b int) []float64 { return r.weight[b*r.k : (b+1)*r.k] }

// mean is an average over sources, kept as sums by cluster: value = sum(num)/sum(den).
type mean struct {
	value    float64
	num, den []float64
	k        int  // clusters with data
	sources  int  // sources with data
	bounded  bool // the values lie in 0..1
	spread   bool // they are not all the same
	edge     bool // bounded, and fewer than edgeSources sources differ from 0, or from 1
}

// edgeSources is the number of sources off the bound from which a resampled interval of a mean in 0..1 is trusted. With
// fewer, most resamples hold none or one of them, and say next to nothing of how often such sources come.
const edgeSources = 5

// mean averages one value a source (NaN: none) over sources.
func (a *Analysis) mean(values []float64, bounded bool) mean {
	m := mean{num: make([]float64, len(a.clusters)), den: make([]float64, len(a.clusters)), bounded: bounded}
	first := math.NaN()
	off0, off1 := 0, 0
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if v != 0 {
			off0++
		}
		if v != 1 {
			off1++
		}
		c := a.sources[i].cluster
		m.num[c] += v
		m.den[c]++
		m.sources++
		if math.IsNaN(first) {
			first = v
		}
		m.spread = m.spread || v != first
	}
	var num float64
	for c, d := range m.den {
		num += m.num[c]
		if d > 0 {
			m.k++
		}
	}
	m.value = num / float64(m.sources)
	m.edge = bounded && m.sources > 0 && min(off0, off1) < edgeSources && (off0 == 0 || off1 == 0 || m.sources > 2*edgeSources)
	return m
}

// replicate evaluates the mean in every resample; NaN where a resample holds no data.
func (r *resamples) replicate(m *mean, out []float64) {
	for b := range out {
		w := r.of(b)
		out[b] = floats.Dot(w, m.num) / floats.Dot(w, m.den)
	}
}

// jackknife evaluates the mean without each cluster that has data.
func (m *mean) jackknife() []float64 {
	out := make([]float64, 0, m.k)
	for c, v := range m.leaveOut() {
		if m.den[c] > 0 {
			out = append(out, v)
		}
	}
	return out
}

// leaveOut evaluates the mean without each cluster, whether or not it has data.
func (m *mean) leaveOut() []float64 {
	var num, den float64
	for c := range m.num {
		num += m.num[c]
		den += m.den[c]
	}
	out := make([]float64, len(m.num))
	for c := range out {
		out[c] = (num - m.num[c]) / (den - m.den[c])
	}
	return out
}

// se is the standard error of the mean as a ratio estimator over clusters (Cochran 1977, eq. 2.39, with the factor
// k/(k-1)); for one source a cluster it is the usual one.
func (m *mean) se() float64 {
	if m.k < 2 {
		return math.NaN()
	}
	var ss float64
	for c := range m.num {
		d := m.num[c] - m.value*m.den[c]
		ss += d * d
	}
	k := float64(m.k)
	return math.Sqrt(ss*k/(k-1)) / float64(m.sources)
}

// interval is what can be said of an estimate's uncertainty.
type interval struct {
	low, high float64 // NaN where there is none
	method    string
	df        float64 // of a t interval, else NaN
}

var noInterval = interval{math.NaN(), math.NaN(), "none", math.NaN()}

func normalQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }

func normalCDF(z float64) float64 { return distuv.UnitNormal.CDF(z) }

func tQuantile(p, df float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(p)
}

// tTwoSided is the probability of a t at least as far from 0.
func tTwoSided(t, df float64) float64 {
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.CDF(-math.Abs(t))
}

// interval chooses the interval of a mean: BCa from 20 clusters on, t below, Wilson's score interval where all sources but
// a few agree on 0 or on 1 (resampling equal values would claim certainty). reps are the mean's replicates and are sorted.
func (a *Analysis) interval(m *mean, reps []float64, level float64) interval {
	switch {
	case m.k < 2:
		return noInterval
	case m.edge:
		lo, hi := wilson(m.value, float64(m.k), level)
		return interval{lo, hi, wilsonMethod(m.k), math.NaN()}
	case !m.spread:
		return interval{m.value, m.value, "degenerate: all sources have the same value", math.NaN()}
	case m.k < fewClusters:
		return m.t(level)
	}
	low, high, ok := bca(m.value, reps, m.jackknife(), expanded(level, m.k))
	if !ok {
		return m.t(level)
	}
	return interval{low, high, bcaMethod(len(reps)), math.NaN()}
}

func bcaMethod(n int) string {
	return fmt.Sprintf("BCa bootstrap over sources expanded for their number, %d resamples", n)
}
func tMethod(k int) string { return fmt.Sprintf("t over sources, %d df", k-1) }
func wilsonMethod(k int) string {
	return fmt.Sprintf("Wilson score, n = %d (all sources agree, or all but a few)", k)
}

// t is the interval from Student's distribution with k-1 degrees of freedom.
func (m *mean) t(level float64) interval {
	df := float64(m.k - 1)
	h := tQuantile(.5+level/2, df) * m.se()
	lo, hi := m.value-h, m.value+h
	if m.bounded {
		lo, hi = max(0, lo), min(1, hi)
	}
	return interval{lo, hi, tMethod(m.k), df}
}

// wilson is Wilson's (1927) score interval of a proportion p of n. For values in 0..1 that are no proportions it is
// conservative, since their variance is at most p(1-p).
func wilson(p, n, level float64) (low, high float64) {
	z := normalQuantile(.5 + level/2)
	z2 := z * z
	mid := (p + z2/(2*n)) / (1 + z2/n)
	h := z / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	low, high = max(0, mid-h), min(1, mid+h)
	if p == 0 {
		low = 0
	}
	if p == 1 {
		high = 1
	}
	return low, high
}

// bca is the bias-corrected and accelerated interval (Efron 1987). reps are sorted by it. ok is false where the
// correction is undefined (every replicate on one side of the estimate).
func bca(value float64, reps, jack []float64, level float64) (low, high float64, ok bool) {
	reps = sorted(reps)
	if len(reps) == 0 {
		return 0, 0, false
	}
	z0 := normalQuantile(shareBelow(reps, value))
	acc := acceleration(jack)
	if math.IsInf(z0, 0) || math.IsNaN(acc) {
		return 0, 0, false
	}
	end := func(p float64) float64 {
		z := z0 + normalQuantile(p)
		return normalCDF(z0 + z/(1-acc*z))
	}
	return quantile(reps, end((1-level)/2)), quantile(reps, end((1+level)/2)), true
}

// expanded is the level at which a bootstrap interval of k clusters is taken so that it covers what a t interval would:
// resampling k values gives too small a spread, by sqrt((k-1)/k), and a normal's tails (Hesterberg 2015, sec. 4.2).
func expanded(level float64, k int) float64 {
	if k < 2 {
		return level
	}
	n := float64(k)
	return 2*normalCDF(math.Sqrt(n/(n-1))*tQuantile(.5+level/2, n-1)) - 1
}

// sorted sorts in place and drops NaN, which sort first.
func sorted(x []float64) []float64 {
	slices.Sort(x)
	for len(x) > 0 && math.IsNaN(x[0]) {
		x = x[1:]
	}
	return x
}

// shareBelow is the share of a sorted sample below v, ties half.
func shareBelow(x []float64, v float64) float64 {
	lo, _ := slices.BinarySearch(x, v)
	hi := lo
	for hi < len(x) && x[hi] == v {
		hi++
	}
	return float64(lo+hi) / 2 / float64(len(x))
}

// acceleration is Efron's (1987) a from the jackknife values.
func acceleration(jack []float64) float64 {
	var m float64
	for _, v := range jack {
		m += v
	}
	m /= float64(len(jack))
	var s2, s3 float64
	for _, v := range jack {
		d := m - v
		s2 += d * d
		s3 += d * d * d
	}
	if s2 == 0 {
		return math.NaN()
	}
	return s3 / (6 * math.Pow(s2, 1.5))
}

// quantile is Hyndman and Fan's (1996) type 6 of a sorted sample, which takes the k-th of n as the k/(n+1) quantile. An
// infinite neighbour makes it infinite.
func quantile(x []float64, p float64) float64 {
	h := p*float64(len(x)+1) - 1
	if h <= 0 {
		return x[0]
	}
	i := int(h)
	if i >= len(x)-1 {
		return x[len(x)-1]
	}
	f := h - float64(i)
	if f == 0 || x[i] == x[i+1] || math.IsInf(x[i], -1) {
		return x[i]
	}
	return x[i]*(1-f) + x[i+1]*f
}

// point is one estimate of a curve, for its simultaneous band.
type point struct {
	value    float64
	se       float64
	reps     []float64 // unsorted, in resample order; nil where k is too small
	interval interval
	k        int
	bounded  bool
	spread   bool
	edge     bool
}

// band is simultaneous over the points of one curve. From 20 clusters on it is the max-t band (the largest deviation of
// any point in units of its standard error, Montiel Olea and Plagborg-Moller 2019), below it Bonferroni's with t; points
// on which all sources but a few agree on 0 or 1 take Wilson's interval at Bonferroni's level. A band never lies inside the pointwise
// interval.
func (a *Analysis) band(points []point) (low, high []float64) {
	low, high = make([]float64, len(points)), make([]float64, len(points))
	live := 0
	k := math.MaxInt
	for _, p := range points {
		if p.se > 0 && !math.IsNaN(p.value) {
			live++
			k = min(k, p.k)
		}
	}
	all := max(1, len(points))
	c := math.NaN()
	switch {
	case live == 0:
	case k < fewClusters:
		if k > 1 {
			c = tQuantile(1-(1-a.level)/(2*float64(all)), float64(k-1))
		}
	default:
		worst := make([]float64, a.draws.n)
		for _, p := range points {
			if !(p.se > 0) {
				continue
			}
			for b, v := range p.reps {
				if d := math.Abs(v-p.value) / p.se; d > worst[b] {
					worst[b] = d
				}
			}
		}
		c = quantile(sorted(worst), a.level)
	}
	for i, p := range points {
		lo, hi := p.value-c*p.se, p.value+c*p.se
		if p.edge && p.k > 1 {
			lo, hi = wilson(p.value, float64(p.k), 1-(1-a.level)/float64(all))
		} else if !p.spread {
			lo, hi = p.interval.low, p.interval.high
		}
		if p.bounded {
			lo, hi = max(0, lo), min(1, hi)
		}
		low[i], high[i] = math.Min(lo, p.interval.low), math.Max(hi, p.interval.high)
	}
	return low, high
}

package reports

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// tally counts comparisons of a sample against a sorted one.
type tally struct {
	below float64 // pairs in which the reference is below, ties half
	ties  int
	pairs int
}

// compare counts, for each value of sample, the values of the sorted reference below it.
func compare(reference, sample []float64) tally {
	t := tally{pairs: len(reference) * len(sample)}
	for _, v := range sample {
		lo, _ := slices.BinarySearch(reference, v)
		hi := lo
		for hi < len(reference) && reference[hi] == v {
			hi++
		}
		t.below += float64(lo+hi) / 2
		t.ties += hi - lo
	}
	return t
}

// auc is the share of pairs in which the sample is above the reference, ties half; NaN without pairs.
func (t tally) auc() float64 {
	if t.pairs == 0 {
		return math.NaN()
	}
	return t.below / float64(t.pairs)
}

// pick collects the scores of some rows, leaving out those that could not be computed.
func pick(score []float64, rows []int) []float64 {
	out := make([]float64, 0, len(rows))
	for _, i := range rows {
		if v := score[i]; !math.IsNaN(v) {
			out = append(out, v)
		}
	}
	return out
}

// average is the mean score of some rows, NaN where there is none.
func average(score []float64, rows []int) float64 {
	var sum float64
	n := 0
	for _, i := range rows {
		if v := score[i]; !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return sum / float64(n)
}

// sortedNulls gives each source's scores of one null, sorted. null < 0 takes all nulls together.
func (a *Analysis) sortedNulls(m, null int) [][]float64 {
	score := a.columns[m].score
	out := make([][]float64, len(a.sources))
	for i := range out {
		for n := range a.nulls {
			if null < 0 || n == null {
				out[i] = append(out[i], pick(score, a.nulls[n].rows[i])...)
			}
		}
		slices.Sort(out[i])
	}
	return out
}

// pooled is an AUC with one criterion for all sources, kept as counts by pair of clusters: below[c][d] counts the pairs of
// a reference of cluster c below a sample of cluster d, ties half.
type pooled struct {
	k        int
	below    []float64
	neg, pos []float64 // sizes by cluster
	value    float64
}

// newPooled compares every reference with every sample.
func (a *Analysis) newPooled(reference, sample [][]float64) pooled {
	k := len(a.clusters)
	p := pooled{k: k, below: make([]float64, k*k), neg: make([]float64, k), pos: make([]float64, k)}
	for i, ref := range reference {
		c := a.sources[i].cluster
		p.neg[c] += float64(len(ref))
		p.pos[c] += float64(len(sample[i]))
		if len(ref) == 0 {
			continue
		}
		for j, s := range sample {
			if len(s) > 0 {
				p.below[c*k+a.sources[j].cluster] += compare(ref, s).below
			}
		}
	}
	one := make([]float64, k)
	for c := range one {
		one[c] = 1
	}
	p.value = p.at(one)
	return p
}

// at is the AUC in which cluster c counts w[c] times: a two-sample V-statistic over clusters (Obuchowski 1997 gives its
// large-sample theory).
func (p *pooled) at(w []float64) float64 {
	var sum, neg, pos float64
	for c, v := range w {
		if v == 0 {
			continue
		}
		neg += v * p.neg[c]
		pos += v * p.pos[c]
		sum += v * floats.Dot(w, p.below[c*p.k:(c+1)*p.k])
	}
	return sum / (neg * pos)
}

// jackknife is the AUC without each cluster that has data.
func (p *pooled) jackknife() []float64 {
	rows, cols := make([]float64, p.k), make([]float64, p.k)
	var all, neg, pos float64
	for c := range p.k {
		neg += p.neg[c]
		pos += p.pos[c]
		for d := range p.k {
			v := p.below[c*p.k+d]
			rows[c] += v
			cols[d] += v
			all += v
		}
	}
	var out []float64
	for c := range p.k {
		if p.neg[c]+p.pos[c] > 0 {
			out = append(out, (all-rows[c]-cols[c]+p.below[c*p.k+c])/((neg-p.neg[c])*(pos-p.pos[c])))
		}
	}
	return out
}

// interval is BCa over clusters from 20 on, below it t on the cluster jackknife.
func (a *Analysis) pooledInterval(p *pooled) (interval, int) {
	jack := p.jackknife()
	k := len(jack)
	if k < 2 {
		return noInterval, k
	}
	if p.value == 0 || p.value == 1 {
		lo, hi := wilson(p.value, float64(k), a.level)
		return interval{lo, hi, wilsonMethod(k), math.NaN()}, k
	}
	if k >= fewClusters {
		reps := make([]float64, a.draws.n)
		for b := range reps {
			reps[b] = p.at(a.draws.of(b))
		}
		if lo, hi, ok := bca(p.value, reps, jack, expanded(a.level, k)); ok {
			return interval{lo, hi, bcaMethod(len(reps)), math.NaN()}, k
		}
	}
	var m, ss float64
	for _, v := range jack {
		m += v / float64(k)
	}
	for _, v := range jack {
		ss += (v - m) * (v - m)
	}
	df := float64(k - 1)
	h := tQuantile(.5+a.level/2, df) * math.Sqrt(ss*df/float64(k))
	return interval{max(0, p.value-h), min(1, p.value+h), tMethod(k) + " on the jackknife", df}, k
}

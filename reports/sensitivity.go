package reports

import (
	"context"
	"math"
	"slices"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "sensitivity",
		Version: 2,
		Doc:     "how a metric answers to growing edits: raw, by rank among nulls and same-class swaps, beside a change of class",
		Long: `For every metric, edit and region: the mean score over sources (replicates averaged within source first), and by
rank, which no monotone transform of a metric can change: the percentile of the edit among the same source's nulls, and
among swaps with another image of the same class. The effect of class is the mean across-class score minus the mean
within-class score. The linear scale from the median null to the median anchor is an illustration, and refused where the
anchor's interval does not clear the null's.`,
		Source: "Green and Swets 1966 for the rank form; Fafchamps and Gubert 2007 for swaps",
		Params: []registry.Param{perturbParam, nullParam},
	}, Entry{Compute: sensitivity, Exhibit: showSensitivity})
}

const allNulls = "all nulls"

func sensitivity(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, nulls, err := a.chosen(params)
	if err != nil {
		return nil, err
	}
	b := a.build("sensitivity", "Sensitivity")
	b.f.Method = []string{
		"Replicates are averaged within source first; the mean is over sources.",
		"The percentile of an edit is the share of the same source's nulls (or same-class swaps) with a smaller difference, ties half, averaged over sources; .5 is no more than the nulls.",
		"Bands are simultaneous over the severities of one curve.",
	}
	if len(a.anchors) > 0 {
		b.f.Method = append(b.f.Method, "Intervals of swaps allow for pictures that take part in several of them, as source or as donor.")
	}
	a.refuseClass(b)
	for m := range a.columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.levels(b, m, nulls)
		b.refuseWords(NullPercentile, m, curves)
		for _, i := range curves {
			a.response(b, m, a.curves[i], nulls)
		}
		a.linear(b, m, curves, nulls)
	}
	b.f.Answer = a.sensitivityAnswer(b.f)
	return b.f, nil
}

// refuseClass says why there is no effect of class, where there is none.
func (a *Analysis) refuseClass(b *builder) {
	switch {
	case len(a.anchors) == 0:
		b.refuse(string(ClassEffect), "the experiment has no anchor: a [[perturb]] such as kind = \"class-swap\"")
	case !a.in.Experiment.HasClasses:
		b.refuse(string(ClassEffect), "the data set has no classes: the anchor is another image, of whatever class")
	case len(a.controls) == 0:
		b.refuse(string(ClassEffect), "the experiment has no control: a swap within the class")
	}
}

// native turns an oriented score back into the metric's own direction.
func (c *column) native(v float64) float64 {
	if c.Direction == trial.Similarity {
		return -v
	}
	return v
}

// finiteOnly hides infinite scores from raw means.
func finiteOnly(v float64) float64 {
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// rawMean averages raw scores of some rows of each source; infinite ones are left out and counted.
func (a *Analysis) rawMean(m int, rows [][]int) (v []float64, infinite int) {
	c := &a.columns[m]
	v = make([]float64, len(a.sources))
	for s := range v {
		var sum float64
		n := 0
		for _, i := range rows[s] {
			x := c.score[i]
			if math.IsInf(x, 0) {
				infinite++
			} else if !math.IsNaN(x) {
				sum += x
				n++
			}
		}
		v[s] = c.native(sum / float64(n))
	}
	return v, infinite
}

func (b *builder) infinite(m, n int) []int {
	if n == 0 {
		return nil
	}
	return []int{b.warn("infinite", "%s is infinite where a stimulus equals its source: such scores are left out of raw means and count in ranks", b.a.columns[m].Label)}
}

// percentile is the share of a sorted reference below each row's score, averaged over the rows of each source.
func (a *Analysis) percentile(m int, rows [][]int, reference [][]float64) (v []float64, ties, pairs int) {
	v = make([]float64, len(a.sources))
	for s := range v {
		t := compare(reference[s], pick(a.columns[m].score, rows[s]))
		v[s] = t.auc()
		ties += t.ties
		pairs += t.pairs
	}
	return v, ties, pairs
}

// levels are what edits are read against: each null, the anchor, its control, and the effect of class.
func (a *Analysis) levels(b *builder, m int, nulls []int) {
	label := a.columns[m].Label
	warn := b.metricWarnings(m)
	for _, n := range nulls {
		v, inf := a.rawMean(m, a.nulls[n].rows)
		x := a.mean(v, false)
		if x.sources == 0 {
			continue
		}
		e := blank(MeanScore, label).with(x.value, a.estimate(&x).interval, x.k, x.sources)
		e.Null = a.nulls[n].name
		e.Warnings = slices.Concat(warn, b.infinite(m, inf), b.sourceWarnings(x.k))
		b.add(e)
	}
	reference := a.sortedNullsOf(m, nulls)
	raw := func(_, row int) float64 { return a.columns[m].native(finiteOnly(a.columns[m].score[row])) }
	rank := func(s, row int) float64 {
		if v := a.columns[m].score[row]; !math.IsNaN(v) {
			return compare(reference[s], []float64{v}).auc()
		}
		return math.NaN()
	}
	u := a.units()
	for _, w := range slices.Concat(a.anchors, a.controls) {
		d := newDyadic(a.dyads(w, u, raw, nil), nil, false)
		if d.k == 0 {
			continue
		}
		e := blank(MeanScore, label).with(d.value, d.interval(a.level), d.k, d.k)
		e.Perturb, e.Warnings = w.name, slices.Concat(warn, b.swapWarnings(&d))
		b.add(e)
		if d = newDyadic(a.dyads(w, u, rank, nil), nil, true); d.k > 0 {
			e := blank(NullPercentile, label).with(d.value, d.interval(a.level), d.k, d.k)
			e.Perturb, e.Null, e.Warnings = w.name, allNulls, slices.Concat(warn, b.swapWarnings(&d))
			b.add(e)
		}
	}
	if a.in.Experiment.HasClasses && len(a.controls) > 0 {
		different := func(_, row int) float64 { return finiteOnly(a.columns[m].score[row]) }
		for _, w := range a.anchors {
			c := a.controls[0]
			both := func(s int) bool {
				return !math.IsNaN(average(a.columns[m].score, w.rows[s])) && !math.IsNaN(average(a.columns[m].score, c.rows[s]))
			}
			d := newDyadic(a.dyads(w, u, different, both), a.dyads(c, u, different, both), false)
			if d.k == 0 {
				continue
			}
			e := blank(ClassEffect, label).with(d.value, d.interval(a.level), d.k, d.k)
			e.Perturb, e.Warnings = w.name, slices.Concat(warn, b.swapWarnings(&d))
			b.add(e)
		}
	}
}

func (b *builder) swapWarnings(d *dyadic) []int {
	out := b.sourceWarnings(d.k)
	if d.donors > 0 && d.donors < fewClusters && d.k >= fewClusters {
		out = append(out, b.warn("few-donors", "only %d pictures lend: the interval has %d degrees of freedom", d.donors, d.df()))
	}
	return out
}

// sortedNullsOf gives each source's scores of some nulls together, sorted.
func (a *Analysis) sortedNullsOf(m int, nulls []int) [][]float64 {
	out := make([][]float64, len(a.sources))
	for s := range out {
		for _, n := range nulls {
			out[s] = append(out[s], pick(a.columns[m].score, a.nulls[n].rows[s])...)
		}
		slices.Sort(out[s])
	}
	return out
}

// response is one edit in one region: raw means, percentiles among nulls, percentiles among same-class swaps.
func (a *Analysis) response(b *builder, m int, c *curve, nulls []int) {
	label := a.columns[m].Label
	warn := b.metricWarnings(m)
	reference := a.sortedNullsOf(m, nulls)

	type entry struct {
		e Estimate
		p point
	}
	flush := func(list []entry) {
		points := make([]point, len(list))
		for i := range list {
			points[i] = list[i].p
		}
		lo, hi := a.band(points)
		for i := range list {
			list[i].e.BandLow, list[i].e.BandHigh = Number(lo[i]), Number(hi[i])
			b.add(list[i].e)
		}
	}
	collect := func(q Quantity, bounded bool, value func(x *cell) ([]float64, []int)) {
		var list []entry
		for _, x := range c.cells {
			v, more := value(x)
			mn := a.mean(v, bounded)
			if mn.sources == 0 {
				continue
			}
			p := a.estimate(&mn)
			e := blank(q, label).at(c, x).with(mn.value, p.interval, mn.k, mn.sources)
			if q == NullPercentile {
				e.Null = allNulls
			}
			e.Warnings = slices.Concat(warn, b.cellWarnings(m, c, x), b.sourceWarnings(mn.k), more)
			list = append(list, entry{e, p})
		}
		flush(list)
	}
	collect(MeanScore, false, func(x *cell) ([]float64, []int) {
		v, inf := a.rawMean(m, x.rows)
		return v, b.infinite(m, inf)
	})
	if !a.comparable(m, c) {
		return // raw means stand for themselves; ranks would compare different words
	}
	if len(nulls) > 0 {
		collect(NullPercentile, true, func(x *cell) ([]float64, []int) {
			v, ties, pairs := a.percentile(m, x.rows, reference)
			return v, b.tied(m, ties, pairs)
		})
	}
	if a.in.Experiment.HasClasses && len(a.controls) > 0 {
		a.amongSwaps(b, m, c, warn)
	}
}

// tieShare is the share of ties from which a reader is warned.
const tieShare = .05

func (b *builder) tied(m, ties, pairs int) []int {
	if pairs == 0 || float64(ties) <= tieShare*float64(pairs) || b.a.columns[m].constant {
		return nil
	}
	return []int{b.warn("ties", "%s: more than %s of the comparisons are ties, which count half", b.a.columns[m].Label, percent(tieShare))}
}

// amongSwaps ranks the edit among the source's swaps within its class. A swap has a donor, so that two sources that
// borrow from one picture are not independent.
func (a *Analysis) amongSwaps(b *builder, m int, c *curve, warn []int) {
	score := a.columns[m].score
	u := a.units()
	for _, x := range c.cells {
		edits := make([][]float64, len(a.sources))
		for s := range edits {
			edits[s] = pick(score, x.rows[s])
			slices.Sort(edits[s])
		}
		d := newDyadic(a.dyads(a.controls[0], u, func(s, row int) float64 {
			if v := score[row]; !math.IsNaN(v) && len(edits[s]) > 0 {
				return 1 - compare(edits[s], []float64{v}).auc()
			}
			return math.NaN()
		}, nil), nil, true)
		if d.k == 0 {
			continue
		}
		e := blank(SwapPercentile, a.columns[m].Label).at(c, x).with(d.value, d.interval(a.level), d.k, d.k)
		e.Warnings = slices.Concat(warn, b.cellWarnings(m, c, x), b.swapWarnings(&d))
		b.add(e)
	}
}

// linear places edits between the median null (0) and the median anchor (1), where the anchor's interval clears the
// null's.
func (a *Analysis) linear(b *builder, m int, curves, nulls []int) {
	if len(a.anchors) == 0 || len(nulls) == 0 {
		return
	}
	label := a.columns[m].Label
	byCluster := func(rows func(s int) []int) []float64 {
		sum, n := make([]float64, len(a.clusters)), make([]float64, len(a.clusters))
		for s, src := range a.sources {
			var part float64
			k := 0
			for _, i := range rows(s) {
				if v := finiteOnly(a.columns[m].score[i]); !math.IsNaN(v) {
					part += v
					k++
				}
			}
			if k > 0 {
				sum[src.cluster] += part / float64(k)
				n[src.cluster]++
			}
		}
		for c := range sum {
			sum[c] /= n[c]
		}
		return sum
	}
	null := byCluster(func(s int) (rows []int) {
		for _, n := range nulls {
			rows = append(rows, a.nulls[n].rows[s]...)
		}
		return rows
	})
	anchor := byCluster(func(s int) []int { return a.anchors[0].rows[s] })
	_, nullHigh, ok1 := medianInterval(null, a.level)
	anchorLow, _, ok2 := medianInterval(anchor, a.level)
	m0, m1 := median(null), median(anchor)
	what := string(LinearScale) + ", " + label
	switch {
	case !ok1 || !ok2:
		b.refuse(what, "too few sources for an interval of a median")
		return
	case anchorLow <= nullHigh:
		b.refuse(what, "the interval of the median anchor (from %s) does not clear that of the median null (to %s)", digits(anchorLow), digits(nullHigh))
		return
	}
	for _, i := range curves {
		c := a.curves[i]
		if !a.comparable(m, c) {
			continue
		}
		for _, x := range c.cells {
			v := byCluster(func(s int) []int { return x.rows[s] })
			n := len(sorted(slices.Clone(v)))
			if n == 0 {
				continue
			}
			e := blank(LinearScale, label).at(c, x)
			e.Value, e.N, e.Sources, e.Method = Number((median(v)-m0)/(m1-m0)), n, n, "none: an illustration"
			b.add(e)
		}
	}
}

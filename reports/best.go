package reports

import (
	"cmp"
	"math"
	"slices"
)

// holm adjusts p-values (Holm 1979); NaN stays and does not count.
func holm(p []float64) []float64 {
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	out := make([]float64, len(p))
	for i := range out {
		out[i] = math.NaN()
	}
	worst := 0.
	for rank, i := range order {
		worst = max(worst, min(1, p[i]*float64(len(order)-rank)))
		out[i] = worst
	}
	return out
}

// paired is the mean difference of two metrics over the sources that have both.
func (a *Analysis) paired(x, y []float64) mean {
	d := make([]float64, len(x))
	for i := range d {
		d[i] = x[i] - y[i]
	}
	return a.mean(d, false)
}

// p is the two-sided t test of the mean against a value, with k-1 degrees of freedom; NaN where it has no spread.
func (m *mean) p(against float64) float64 {
	if se := m.se(); m.spread && se > 0 {
		return tTwoSided((m.value-against)/se, float64(m.k-1))
	}
	return math.NaN()
}

// bestOf finds the metric with the largest mean at a cell and those that it cannot be told from. values are by metric,
// then source; nil where a metric does not compete.
func (a *Analysis) bestOf(values [][]float64) (best int, ties []int) {
	best = -1
	var top float64
	for m, v := range values {
		if v == nil {
			continue
		}
		if mn := a.mean(v, true); mn.sources > 0 && (best < 0 || mn.value > top) {
			best, top = m, mn.value
		}
	}
	if best < 0 {
		return best, nil
	}
	var others []int
	var p []float64
	for m, v := range values {
		if v == nil || m == best {
			continue
		}
		d := a.paired(values[best], v)
		if d.sources == 0 {
			continue
		}
		q := d.p(0)
		if math.IsNaN(q) { // the same on every source, or too few to say
			q = 1
		}
		others, p = append(others, m), append(p, q)
	}
	for i, q := range holm(p) {
		if q >= 1-a.level {
			ties = append(ties, others[i])
		}
	}
	return best, ties
}

// bests compares metrics at every cell of some curves, each metric amid its own worst null.
func (a *Analysis) bests(b *builder, curves []int, worst []int) {
	for _, i := range curves {
		c := a.curves[i]
		for _, x := range c.cells {
			v := make([][]float64, len(a.columns))
			for m := range v {
				if a.columns[m].control || worst[m] < 0 {
					continue
				}
				if d := a.detect(detectKey{m, worst[m], i}); d != nil {
					for k := range d.cells {
						if d.cells[k].cell == x {
							v[m] = d.cells[k].sources
						}
					}
				}
			}
			best, ties := a.bestOf(v)
			if best < 0 {
				continue
			}
			r := Best{Quantity: AWithin, Perturb: c.perturb, Shape: c.shape, Area: Number(c.area), Severity: Number(x.severity), Metric: a.columns[best].Label, Alone: len(ties) == 0}
			for _, m := range ties {
				r.Ties = append(r.Ties, a.columns[m].Label)
			}
			b.f.Best = append(b.f.Best, r)
		}
	}
}

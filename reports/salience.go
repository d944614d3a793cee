package reports

import (
	"context"
	"slices"

	"probity/internal/registry"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "salience",
		Version: 2,
		Doc:     "does a metric rate the edit, alone, above nulls, alone? May fall below .5",
		Long: `P(d(x, e(x)) > d(x, n(x))) within each source, ties half, averaged over sources: per kind of null, and the kind that
the edit stands out from least by name. Below .5 the metric rates a change that nobody should be asked to notice above the
edit. It says nothing of whether the edit is found amid noise; that is detection.`,
		Source: "Green and Swets 1966; Bamber 1975",
		Params: []registry.Param{perturbParam, nullParam},
	}, Entry{Compute: salience, Exhibit: showSalience})
}

func salience(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, nulls, err := a.chosen(params)
	if err != nil {
		return nil, err
	}
	b := a.build("salience", "Salience")
	b.f.Method = []string{
		"Salience is the probability that the edit alone is rated above a null alone, within source, ties half, averaged over sources.",
		"The worst null of a metric is the one with the lowest salience over all its edits; it is chosen on the same data, so its interval is a little too low.",
		"Bands are simultaneous over the severities of one curve.",
	}
	for m := range a.columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		first := len(b.f.Estimates)
		warn := b.metricWarnings(m)
		b.refuseWords(Salience, m, curves)
		for _, n := range nulls {
			reference := a.sortedNulls(m, n)
			for _, i := range curves {
				c := a.curves[i]
				if !a.comparable(m, c) {
					continue
				}
				var list []Estimate
				var points []point
				for _, x := range c.cells {
					v, ties, pairs := a.percentile(m, x.rows, reference)
					mn := a.mean(v, true)
					if mn.sources == 0 {
						continue
					}
					p := a.estimate(&mn)
					e := blank(Salience, a.columns[m].Label).at(c, x).with(mn.value, p.interval, mn.k, mn.sources)
					e.Null = a.nulls[n].name
					e.Warnings = slices.Concat(warn, b.tied(m, ties, pairs), b.cellWarnings(m, c, x), b.sourceWarnings(mn.k))
					list, points = append(list, e), append(points, p)
				}
				lo, hi := a.band(points)
				for k, e := range list {
					e.BandLow, e.BandHigh = Number(lo[k]), Number(hi[k])
					b.add(e)
				}
			}
		}
		markWorst(b.f.Estimates[first:], Salience)
	}
	b.f.Answer = a.salienceAnswer(b.f)
	return b.f, nil
}

// markWorst marks the estimates of one metric that are amid the null with the lowest mean of quantity q over all cells,
// and all that belong to that null.
func markWorst(list []Estimate, q Quantity) {
	var names []string
	sum, n := map[string]float64{}, map[string]float64{}
	for _, e := range list {
		if e.Quantity != q || e.Null == "" {
			continue
		}
		if n[e.Null] == 0 {
			names = append(names, e.Null)
		}
		sum[e.Null] += float64(e.Value)
		n[e.Null]++
	}
	worst := ""
	for _, name := range names {
		if worst == "" || sum[name]/n[name] < sum[worst]/n[worst] {
			worst = name
		}
	}
	for i := range list {
		list[i].Worst = worst != "" && list[i].Null == worst
	}
}

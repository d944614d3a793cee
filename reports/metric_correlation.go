package reports

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/registry"
	"probity/reports/figure"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "metric-correlation",
		Version: 1,
		Doc:     "which metrics order the edits of a source alike: Spearman within source, averaged over sources",
		Long: `Spearman's correlation of two metrics' scores over all edits of one source, averaged over sources. Taking it within
source keeps differences between pictures, which all metrics share, from passing for agreement about edits. Scores are
oriented so that larger is more different.`,
		Source: "Spearman 1904; Efron 1987 for the intervals",
		Params: []registry.Param{perturbParam},
	}, Entry{Compute: metricCorrelation, Exhibit: showMetricCorrelation})
}

// WithinCorrelation is Spearman's correlation of two metrics within source, averaged over sources. The estimate's Metric is
// the first, its Null the second metric.
const WithinCorrelation Quantity = "Spearman within source"

func metricCorrelation(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, err := a.chosenCurves(params)
	if err != nil {
		return nil, err
	}
	b := a.build("metric-correlation", "Correlation between metrics")
	b.f.Method = []string{"Spearman's correlation of two metrics over all edits of one source (replicates are edits of their own), averaged over sources; scores oriented so that larger is more different."}
	ranks := make([][][]float64, len(a.columns)) // by metric and source; nil where a score is missing
	for m := range ranks {
		ranks[m] = make([][]float64, len(a.sources))
		for s := range a.sources {
			var x []float64
			for _, i := range curves {
				for _, c := range a.curves[i].cells {
					for _, row := range c.rows[s] {
						x = append(x, a.columns[m].score[row])
					}
				}
			}
			if len(x) >= 3 && !slices.ContainsFunc(x, math.IsNaN) {
				ranks[m][s] = stats.MidRanks(x)
			}
		}
	}
	for m := range a.columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for o := range m {
			v := nanSources(len(a.sources))
			for s := range v {
				if x, y := ranks[m][s], ranks[o][s]; x != nil && y != nil {
					if r, err := stats.Pearson(x, y); err == nil {
						v[s] = r
					}
				}
			}
			mn := a.mean(v, false)
			if mn.sources == 0 {
				b.refuse(fmt.Sprintf("%s of %s and %s", WithinCorrelation, a.columns[m].Label, a.columns[o].Label), "no source has three edits or more that both tell apart")
				continue
			}
			iv := a.estimate(&mn).interval
			iv.low, iv.high = max(-1, iv.low), min(1, iv.high)
			e := blank(WithinCorrelation, a.columns[m].Label).with(mn.value, iv, mn.k, mn.sources)
			e.Null = a.columns[o].Label
			e.Warnings = slices.Concat(b.metricWarnings(m), b.metricWarnings(o), b.sourceWarnings(mn.k))
			b.add(e)
		}
	}
	b.f.Answer = "No two metrics could be compared."
	if most, least := extremes(a.collect(b.f, func(e *Estimate) bool { return e.Quantity == WithinCorrelation })); most != nil {
		b.f.Answer = fmt.Sprintf("The edits of a source are ordered most alike by %s and %s, %s (n = %d)", most.Metric, most.Null, most.ranged(), most.N)
		if least != most {
			b.f.Answer += fmt.Sprintf(", and least alike by %s and %s, %s", least.Metric, least.Null, least.ranged())
		}
		b.f.Answer += "."
	}
	return b.f, nil
}

func showMetricCorrelation(v *View, f *Finding) (Exhibition, error) {
	if len(f.Estimates) == 0 {
		return Exhibition{}, nil
	}
	fig := &figure.Matrix{Scale: figure.Scale{Label: "Spearman within source", Low: -1, Mid: 0, High: 1, Diverging: true, Decimals: 2}, Cluster: true}
	at := map[[2]string]*Estimate{}
	all := f.pick(func(e *Estimate) bool { return e.Quantity == WithinCorrelation })
	for _, e := range all {
		at[[2]string{e.Metric, e.Null}], at[[2]string{e.Null, e.Metric}] = e, e
	}
	t := Table{Name: "metric-correlation", Title: "Correlation between metrics", Caption: fmt.Sprintf("Spearman's correlation over the edits of one source, averaged over sources, with %s intervals.", v.level()), Columns: []TableColumn{{Title: "metric"}}}
	for m := range v.columns {
		c := &v.columns[m]
		fig.Rows = append(fig.Rows, figure.Member{Label: c.Label, Family: c.lookFamily()})
		t.Columns = append(t.Columns, TableColumn{Title: c.Label, Numeric: true})
	}
	fig.Columns = fig.Rows
	for m := range v.columns {
		row := TableRow{Metric: v.columns[m].Label, Cells: []TableCell{{Text: v.columns[m].Label}}}
		var cells []figure.Cell
		for o := range v.columns {
			e := at[[2]string{v.columns[m].Label, v.columns[o].Label}]
			switch {
			case m == o:
				cells, row.Cells = append(cells, figure.Cell{Value: 1}), append(row.Cells, TableCell{Text: "1", Value: 1})
			case e == nil:
				cells, row.Cells = append(cells, figure.Cell{Value: nan}), append(row.Cells, missing)
			default:
				cells = append(cells, figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: f.first(e)})
				row.Cells = append(row.Cells, t.estimate(f, e, true))
			}
		}
		fig.Cells, t.Rows = append(fig.Cells, cells), append(t.Rows, row)
	}
	for _, row := range fig.Cells { // a tree needs every pair
		for _, c := range row {
			fig.Cluster = fig.Cluster && !math.IsNaN(c.Value)
		}
	}
	fig.About = v.about(f, "metric-correlation", "Correlation between metrics", "Spearman's correlation of two metrics over the edits of one source, averaged over sources; the tree joins metrics that order edits alike", all, v.intervals(all))
	return Exhibition{Figures: []figure.Drawing{fig}, Tables: []Table{t}}, nil
}

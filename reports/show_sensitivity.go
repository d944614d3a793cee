package reports

import (
	"fmt"
	"math"

	"probity/internal/trial"
	"probity/reports/figure"
)

// showSensitivity draws, for each edit, the raw curves (a panel a metric, a curve a region) against the nulls and the
// anchor, and the rank curves (a panel a region, a curve a metric) among nulls and among same-class swaps; then those among
// nulls of all edits in all regions in one figure.
func showSensitivity(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, perturb := range f.perturbs(MeanScore) {
		if fig := v.rawCurves(f, perturb); fig != nil {
			out.Figures = append(out.Figures, fig)
		}
		level, says := v.anchorRank(f)
		anchor := func(p *figure.Panel, _ *curve, _ []*Estimate) { p.References = append(p.References, level...) }
		if fig := v.rankCurves(f, NullPercentile, perturb, "sensitivity-rank-"+perturb, "Sensitivity by rank, "+perturb,
			"Percentile of the edit among the nulls of the same "+v.a.noun()+"; no monotone transform of a metric changes it", "percentile among nulls", nil, anchor); fig != nil {
			if says != "" {
				fig.Says += "; " + says
			}
			out.Figures = append(out.Figures, fig)
		}
		if fig := v.rankCurves(f, SwapPercentile, perturb, "sensitivity-swaps-"+perturb, "Sensitivity among same-class swaps, "+perturb,
			"Percentile of the edit among swaps of the same "+v.a.noun()+" with another image of its class", "percentile among same-class swaps", nil, nil); fig != nil {
			fig.Interval = v.intervals(f.pick(func(e *Estimate) bool { return e.Quantity == SwapPercentile })) + "; pointwise"
			out.Figures = append(out.Figures, fig)
		}
		if fig := v.linearCurves(f, perturb); fig != nil {
			out.Figures = append(out.Figures, fig)
		}
	}
	if fig := v.gridCurves(f, NullPercentile, "sensitivity-grid", "Sensitivity by rank, every edit and region",
		"Percentile of the edit among the nulls of the same "+v.a.noun()+", by edit and region: normalised, so that metrics and edits can be compared", "percentile among nulls", nil); fig != nil {
		out.Figures = append(out.Figures, fig)
	}
	if t, ok := v.classTable(f); ok {
		out.Tables = append(out.Tables, t)
	}
	return out, nil
}

// rawCurves has a panel for each metric, with the nulls, the anchor and its control as levels.
func (v *View) rawCurves(f *Finding, perturb string) *figure.Curves {
	places := v.places(perturb)
	fig := &figure.Curves{X: severityAxis(places[0]), Y: figure.Axis{Label: "score"}, FreeY: true}
	var all []*Estimate
	for m := range v.columns {
		c := &v.columns[m]
		p := figure.Panel{Title: c.Label}
		if c.control {
			p.Title += " (control)"
		}
		for _, place := range places {
			list := f.pick(func(e *Estimate) bool { return e.Quantity == MeanScore && e.Metric == c.Label && e.on(place) })
			if len(list) == 0 {
				continue
			}
			s := v.series(f, m, list)
			s.Label, s.Family, s.Control = place.region(), "region", false
			p.Series = append(p.Series, s)
			all = append(all, list...)
		}
		if len(p.Series) == 0 {
			continue
		}
		for _, e := range f.pick(func(e *Estimate) bool {
			return e.Quantity == MeanScore && e.Metric == c.Label && math.IsNaN(float64(e.Area))
		}) {
			label := e.Null
			if label == "" {
				label = e.Perturb
			}
			p.References = append(p.References, figure.Reference{Label: label, At: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)})
			all = append(all, e)
		}
		fig.Panels = append(fig.Panels, p)
	}
	if len(fig.Panels) == 0 {
		return nil
	}
	fig.Thumbs = v.thumbs(perturb)
	fig.About = v.about(f, "sensitivity-raw-"+perturb, "Sensitivity, "+perturb, "Mean score of each metric in its own unit and direction; the levels are the nulls, the anchor and its control", all, v.bands(all))
	return fig
}

// anchorRank is the lowest of the anchor's percentiles among nulls, for a level to read curves against, with what it is.
func (v *View) anchorRank(f *Finding) ([]figure.Reference, string) {
	if len(v.a.anchors) == 0 {
		return nil, ""
	}
	list := f.pick(func(e *Estimate) bool {
		return e.Quantity == NullPercentile && e.Perturb == v.a.anchors[0].name && math.IsNaN(float64(e.Area))
	})
	if len(list) == 0 {
		return nil, ""
	}
	least := list[0]
	for _, e := range list {
		if e.Value < least.Value {
			least = e
		}
	}
	if least.Value > .995 {
		return []figure.Reference{{Label: v.a.anchors[0].name, At: float64(least.Value)}}, "the level of " + v.a.anchors[0].name + " is that of every metric"
	}
	return []figure.Reference{{Label: v.a.anchors[0].name + ", lowest", At: float64(least.Value)}}, "the level of " + v.a.anchors[0].name + " is the lowest of any metric, that of " + least.Metric
}

// linearCurves is the illustration on a linear scale from the median null to the median anchor.
func (v *View) linearCurves(f *Finding, perturb string) *figure.Curves {
	places := v.places(perturb)
	fig := &figure.Curves{X: severityAxis(places[0]), Y: figure.Axis{Label: "position, null 0 to anchor 1"}}
	var all []*Estimate
	for _, c := range places {
		p := figure.Panel{Title: c.region(), References: []figure.Reference{{Label: "median null", At: 0}, {Label: "median anchor", At: 1}}}
		for m := range v.columns {
			list := f.pick(func(e *Estimate) bool { return e.Quantity == LinearScale && e.Metric == v.columns[m].Label && e.on(c) })
			if len(list) > 0 {
				p.Series = append(p.Series, v.series(f, m, list))
				all = append(all, list...)
			}
		}
		if len(p.Series) > 0 {
			fig.Panels = append(fig.Panels, p)
		}
	}
	if len(fig.Panels) == 0 {
		return nil
	}
	says := "An illustration, not a measurement: the median edit on a linear scale from the median null to the median anchor"
	if k := len(f.Refused); k > 0 {
		says += "; metrics whose anchor does not clear the nulls are left out"
	}
	fig.About = v.about(f, "sensitivity-linear-"+perturb, "Position between null and anchor, "+perturb, says, all, "")
	return fig
}

// classTable shows what the anchor does to each metric.
func (v *View) classTable(f *Finding) (Table, bool) {
	if len(v.a.anchors) == 0 {
		return Table{}, false
	}
	t := Table{Name: "anchor", Title: sentence(v.a.anchorWords()), Caption: fmt.Sprintf("Mean score of each metric under the nulls, the anchor and its control, and the anchor's percentile among nulls; %s intervals. d: a distance, larger is more different; s: a similarity, smaller is more different.", v.level()),
		Columns: []TableColumn{{Title: "metric"}, {Title: "family"}, {Title: "direction"}}}
	type item struct {
		title string
		fits  func(e *Estimate) bool
		rank  bool
	}
	var items []item
	for _, n := range v.a.nulls {
		items = append(items, item{n.name, func(e *Estimate) bool { return e.Quantity == MeanScore && e.Null == n.name }, false})
	}
	for _, w := range v.a.controls {
		items = append(items, item{w.name, func(e *Estimate) bool { return e.Quantity == MeanScore && e.Perturb == w.name }, false})
	}
	for _, w := range v.a.anchors {
		items = append(items, item{w.name, func(e *Estimate) bool { return e.Quantity == MeanScore && e.Perturb == w.name }, false},
			item{w.name + " among nulls ↑", func(e *Estimate) bool { return e.Quantity == NullPercentile && e.Perturb == w.name }, true},
			item{"effect of class ↑", func(e *Estimate) bool { return e.Quantity == ClassEffect && e.Perturb == w.name }, false})
	}
	kept := items[:0]
	for _, it := range items {
		if len(f.pick(it.fits)) > 0 {
			kept = append(kept, it)
			t.Columns = append(t.Columns, TableColumn{Title: it.title, Numeric: true})
		}
	}
	for m := range v.columns {
		c := &v.columns[m]
		sign := "d ↑"
		if c.Direction == trial.Similarity {
			sign = "s ↓"
		}
		row := TableRow{Metric: c.Label, Cells: []TableCell{{Text: c.Label}, {Text: c.lookFamily()}, {Text: sign}}}
		for _, it := range kept {
			list := f.pick(func(e *Estimate) bool { return e.Metric == c.Label && it.fits(e) })
			if len(list) == 0 {
				row.Cells = append(row.Cells, missing)
				continue
			}
			row.Cells = append(row.Cells, t.estimate(f, list[0], it.rank))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, len(t.Rows) > 0 && len(kept) > 0
}

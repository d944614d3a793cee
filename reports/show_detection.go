package reports

import (
	"fmt"
	"math"
	"slices"

	"probity/reports/figure"
)

// showDetection draws, for each edit and null, the curves of A within with their thresholds, and a forest of the
// thresholds amid each metric's worst null; then the curves of all edits in all regions in one figure.
func showDetection(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, perturb := range f.perturbs(AWithin) {
		for _, n := range v.a.nulls {
			fig := v.rankCurves(f, AWithin, perturb, "detection-"+perturb+"-"+n.name, "Detection of "+perturb+" amid "+n.name,
				fmt.Sprintf("A within: AUC of the edit amid %s against %s alone, within each %s, averaged; marks are thresholds at %s", n.name, n.name, v.a.noun(), share(criterion)), "A within",
				func(e *Estimate) bool { return e.Null == n.name }, func(p *figure.Panel, c *curve, _ []*Estimate) { v.mark(f, p, c, n.name) })
			if fig != nil {
				fig.Y.Min = .3
				for _, p := range fig.Panels {
					for _, s := range p.Series {
						for k, y := range s.Y {
							if y < .3 || s.Lo != nil && s.Lo[k] < .3 {
								fig.Y.Min = 0
							}
						}
					}
				}
				out.Figures = append(out.Figures, fig)
			}
		}
		if fig := v.thresholdForest(f, perturb); fig != nil {
			out.Figures = append(out.Figures, fig)
		}
		out.Tables = append(out.Tables, v.detectionTable(f, perturb))
	}
	if fig := v.gridCurves(f, AWithin, "detection-grid", "Detection, every edit and region", "A within of every edit in every region amid each metric's worst null", "A within, worst null",
		func(e *Estimate) bool { return e.Worst }); fig != nil {
		out.Figures = append(out.Figures, fig)
	}
	return out, nil
}

// mark puts thresholds on the curves of a panel.
func (v *View) mark(f *Finding, p *figure.Panel, c *curve, null string) {
	p.References = append(p.References, figure.Reference{Label: "criterion", At: criterion})
	for i := range p.Series {
		s := &p.Series[i]
		for _, e := range f.pick(func(e *Estimate) bool {
			return e.Quantity == Threshold && e.Metric == s.Label && e.Null == null && e.on(c)
		}) {
			lo, hi, _, open := closed(c, e)
			if open { // on to the edge
				hi = math.Inf(1)
			}
			s.Marks = append(s.Marks, figure.Mark{At: float64(e.Value), Lo: lo, Hi: hi, Level: criterion, Censored: e.Censored > 0, Below: e.Censored < 0})
		}
	}
}

// closed draws the interval of a threshold to the ends of what was tested where it goes beyond, and says at which end.
func closed(c *curve, e *Estimate) (low, high float64, openLow, openHigh bool) {
	low, high = float64(e.Low), float64(e.High)
	if e.Censored != 0 || e.Method == "none" {
		return low, high, false, false
	}
	weak, strong := math.Inf(1), math.Inf(-1)
	for _, x := range c.cells {
		if x.realised > 0 {
			weak, strong = min(weak, x.realised), max(strong, x.realised)
		}
	}
	if math.IsNaN(low) {
		low, openLow = weak, true
	}
	if math.IsNaN(high) {
		high, openHigh = strong, true
	}
	return low, high, openLow, openHigh
}

func (v *View) thresholdForest(f *Finding, perturb string) *figure.Forest {
	places := v.places(perturb)
	fig := &figure.Forest{X: severityAxis(places[0]), Sort: true, Ascending: true}
	fig.X.Label = "threshold: " + fig.X.Label
	var all []*Estimate
	for _, c := range places {
		for m := range v.columns {
			col := &v.columns[m]
			for _, e := range f.pick(func(e *Estimate) bool {
				return e.Quantity == Threshold && e.Worst && e.Metric == col.Label && e.on(c)
			}) {
				lo, hi, openLo, openHi := closed(c, e)
				note := ""
				if len(v.a.nulls) > 1 {
					note = "amid " + e.Null
				}
				fig.Rows = append(fig.Rows, figure.Row{Label: col.Label, Family: col.lookFamily(), Group: c.region(), Value: float64(e.Value), Lo: lo, Hi: hi, OpenLo: openLo, OpenHi: openHi,
					Censored: e.Censored, Control: col.control, Note: note, Warning: f.first(e)})
				all = append(all, e)
			}
		}
	}
	if len(fig.Rows) == 0 {
		return nil
	}
	amid := "each metric's worst null"
	if len(v.a.nulls) == 1 {
		amid = v.a.nulls[0].name
	}
	says := fmt.Sprintf("Severity at which A within reaches %s amid %s", share(criterion), amid)
	if slices.ContainsFunc(fig.Rows, func(r figure.Row) bool { return r.OpenLo || r.OpenHi }) {
		says += "; an interval with an arrow head goes on beyond the severities tested"
	}
	fig.About = v.about(f, "thresholds-"+perturb, "Detection thresholds, "+perturb, says, all, v.intervals(all))
	return fig
}

// detectionTable has a row for each region and metric, at the middle severity.
func (v *View) detectionTable(f *Finding, perturb string) Table {
	places := v.places(perturb)
	c0 := places[0]
	mid := c0.cells[len(c0.cells)/2]
	t := Table{Name: "detection-" + perturb, Title: "Detection of " + perturb,
		Caption: fmt.Sprintf("Detection of %s at %s amid each metric's worst null, and the threshold severity (A within of %s), with %s intervals. ↑ larger is better, ↓ smaller is better. Bold: significantly above every other metric that is no control (paired t over sources, Holm); ~ not significantly below the best.",
			perturb, withUnit(mid.severity, unitText(c0.unit)), share(criterion), v.level()),
		Columns: []TableColumn{{Title: "region"}, {Title: "metric"}, {Title: "family"}, {Title: "worst null"}, {Title: "A within ↑", Numeric: true}, {Title: "A pooled ↑", Numeric: true}, {Title: "d' ↑", Numeric: true},
			{Title: "threshold ↓" + unitTitle(c0.unit), Numeric: true}, {Title: "n", Numeric: true}}}
	for _, c := range places {
		x := c.cells[len(c.cells)/2]
		var best *Best
		for i := range f.Best {
			if b := &f.Best[i]; b.Perturb == c.perturb && b.Shape == c.shape && float64(b.Area) == c.area && float64(b.Severity) == x.severity {
				best = b
			}
		}
		for m := range v.columns {
			col := &v.columns[m]
			one := func(q Quantity, at bool) *Estimate {
				list := f.pick(func(e *Estimate) bool {
					return e.Quantity == q && e.Worst && e.Metric == col.Label && e.on(c) && (!at || float64(e.Severity) == x.severity)
				})
				if len(list) == 0 {
					return nil
				}
				return list[0]
			}
			within := one(AWithin, true)
			if within == nil {
				continue
			}
			row := TableRow{Metric: col.Label, Cells: []TableCell{{Text: c.region()}, {Text: col.Label}, {Text: col.lookFamily()}, {Text: within.Null}}}
			cell := t.estimate(f, within, true)
			if best != nil {
				cell.Bold = best.Alone && best.Metric == col.Label
				cell.Tie = !best.Alone && (best.Metric == col.Label || slices.Contains(best.Ties, col.Label))
			}
			row.Cells = append(row.Cells, cell)
			for _, q := range []Quantity{APooled, DPrime} {
				if e := one(q, true); e != nil {
					row.Cells = append(row.Cells, t.estimate(nil, e, true))
				} else {
					row.Cells = append(row.Cells, missing)
				}
			}
			if e := one(Threshold, false); e != nil {
				row.Cells = append(row.Cells, TableCell{Text: thresholdWords(e, digits(float64(e.Value))), Value: float64(e.Value)})
			} else {
				row.Cells = append(row.Cells, missing)
			}
			row.Cells = append(row.Cells, TableCell{Text: fmt.Sprint(within.N), Value: float64(within.N)})
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func unitTitle(u string) string {
	if u = unitText(u); u == "" {
		return ""
	}
	return ", " + u
}

// showAreaThreshold draws thresholds against area, pooled features and regions apart.
func showAreaThreshold(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, perturb := range f.perturbs(Threshold) {
		places := v.places(perturb)
		fig := &figure.AreaThreshold{Area: figure.Axis{Label: "edited area, fraction of the picture"}, Severity: severityAxis(places[0])}
		fig.Severity.Label = "threshold" + unitTitle(places[0].unit)
		var all []*Estimate
		panels := map[string]*figure.AreaPanel{}
		var order []string
		for m := range v.columns {
			col := &v.columns[m]
			list := f.pick(func(e *Estimate) bool {
				return e.Quantity == Threshold && e.Worst && e.Metric == col.Label && e.Perturb == perturb
			})
			if len(list) == 0 {
				continue
			}
			slices.SortStableFunc(list, func(a, b *Estimate) int {
				switch {
				case a.Area < b.Area:
					return -1
				case a.Area > b.Area:
					return 1
				}
				return 0
			})
			s := figure.AreaSeries{Label: col.Label, Family: col.lookFamily(), Control: col.control, Slope: math.NaN(), SlopeLo: math.NaN(), SlopeHi: math.NaN()}
			for _, e := range list {
				s.Area, s.Threshold = append(s.Area, float64(e.Area)), append(s.Threshold, float64(e.Value))
				lo, hi := float64(e.Low), float64(e.High)
				for _, c := range places {
					if e.on(c) {
						lo, hi, _, _ = closed(c, e)
					}
				}
				s.Lo, s.Hi = append(s.Lo, lo), append(s.Hi, hi)
				s.Censored = append(s.Censored, e.Censored > 0)
				if s.Warning == "" {
					s.Warning = f.first(e)
				}
			}
			for _, e := range f.pick(func(e *Estimate) bool {
				return e.Quantity == Slope && e.Worst && e.Metric == col.Label && e.Perturb == perturb
			}) {
				s.Slope, s.SlopeLo, s.SlopeHi = float64(e.Value), float64(e.Low), float64(e.High)
			}
			all = append(all, list...)
			titles := []string{poolTitle(col)}
			if col.control { // controls stand in every panel
				titles = []string{"pixels", "pooled features", "by region"}
			}
			for _, title := range titles {
				if panels[title] == nil {
					panels[title] = &figure.AreaPanel{Title: title}
					order = append(order, title)
				}
				panels[title].Series = append(panels[title].Series, s)
			}
		}
		for _, title := range order {
			if slices.ContainsFunc(panels[title].Series, func(s figure.AreaSeries) bool { return !s.Control }) {
				fig.Panels = append(fig.Panels, *panels[title])
			}
		}
		if len(fig.Panels) == 0 {
			continue
		}
		fig.About = v.about(f, "area-threshold-"+perturb, "Threshold against area, "+perturb, "Severity at which A within reaches "+share(criterion)+" amid each metric's worst null, against edited area; guide lines are Ricco's and Piper's slopes", all, v.intervals(all))
		out.Figures = append(out.Figures, fig)
		out.Tables = append(out.Tables, v.slopeTable(f, perturb))
	}
	return out, nil
}

// poolTitle is the panel that a metric stands in.
func poolTitle(c *column) string {
	switch {
	case c.Model == "" || c.Pool == "":
		return "pixels"
	case c.Pool == "pooled":
		return "pooled features"
	}
	return "by region"
}

func (v *View) slopeTable(f *Finding, perturb string) Table {
	t := Table{Name: "area-threshold-" + perturb, Title: "How size matters, " + perturb,
		Caption: fmt.Sprintf("Slope of log threshold on log area amid each metric's worst null, with %s intervals. Ricco's law is -1, Piper's -.5, no summation 0.", v.level()),
		Columns: []TableColumn{{Title: "metric"}, {Title: "family"}, {Title: "worst null"}, {Title: "slope", Numeric: true}, {Title: "n", Numeric: true}}}
	for m := range v.columns {
		col := &v.columns[m]
		for _, e := range f.pick(func(e *Estimate) bool {
			return e.Quantity == Slope && e.Worst && e.Metric == col.Label && e.Perturb == perturb
		}) {
			t.Rows = append(t.Rows, TableRow{Metric: col.Label, Cells: []TableCell{{Text: col.Label}, {Text: col.lookFamily()}, {Text: e.Null}, t.estimate(f, e, true), {Text: fmt.Sprint(e.N), Value: float64(e.N)}}})
		}
	}
	return t
}

package reports

import (
	"strconv"

	"probity/reports/figure"
)

// showSetDistance draws, for each edit, a panel for each set metric with a curve a region, beside the base, the nulls and
// the anchor, and prints all values in one table.
func showSetDistance(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, perturb := range f.perturbs(SetValue) {
		if fig := v.setCurves(f, perturb); fig != nil {
			out.Figures = append(out.Figures, fig)
		}
	}
	out.Tables = append(out.Tables, v.setTable(f))
	return out, nil
}

func (v *View) setCurves(f *Finding, perturb string) *figure.Curves {
	places := v.places(perturb)
	if len(places) == 0 {
		return v.setEditCurves(f, perturb)
	}
	fig := &figure.Curves{X: severityAxis(places[0]), Y: figure.Axis{Label: "value"}, FreeY: true}
	var all []*Estimate
	for _, c := range v.a.table.SetColumns {
		p := figure.Panel{Title: c.Label}
		for _, place := range places {
			list := f.pick(func(e *Estimate) bool { return e.Quantity == SetValue && e.Metric == c.Label && e.on(place) })
			if len(list) == 0 {
				continue
			}
			p.Series = append(p.Series, f.setSeries(place.region(), list))
			all = append(all, list...)
		}
		if len(p.Series) == 0 {
			continue
		}
		for _, e := range f.pick(func(e *Estimate) bool { return e.Metric == c.Label && e.isLevel() }) {
			p.References = append(p.References, figure.Reference{Label: e.At + e.Null + e.Perturb, At: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)})
			all = append(all, e)
		}
		fig.Panels = append(fig.Panels, p)
	}
	if len(fig.Panels) == 0 {
		return nil
	}
	fig.Thumbs = v.thumbs(perturb)
	fig.About = v.about(f, "set-distance-"+perturb, "Set distances, "+perturb,
		"Value of each set metric when every picture of the set is edited; the levels are doing nothing, the nulls, the anchor and its control", all, v.intervals(all)+"; pointwise")
	return fig
}

func (f *Finding) setSeries(label string, list []*Estimate) figure.Series {
	s := figure.Series{Label: label, Family: "region", Warning: f.first(list[0])}
	for _, e := range list {
		s.X, s.Y = append(s.X, float64(e.Realised)), append(s.Y, float64(e.Value))
		s.Lo, s.Hi = append(s.Lo, float64(e.Low)), append(s.Hi, float64(e.High))
	}
	return s
}

// setEditCurves draws a change of which pictures a set has: a panel a set metric, from the base at severity 0.
func (v *View) setEditCurves(f *Finding, perturb string) *figure.Curves {
	fig := &figure.Curves{Y: figure.Axis{Label: "value"}, FreeY: true}
	var all []*Estimate
	for _, c := range v.a.table.SetColumns {
		list := f.pick(func(e *Estimate) bool {
			return e.Quantity == SetValue && e.Metric == c.Label && e.Perturb == perturb && e.Shape == setShape
		})
		if len(list) == 0 {
			continue
		}
		fig.X.Label = perturb + ", " + list[0].Unit
		p := figure.Panel{Title: c.Label, Series: []figure.Series{f.setSeries(perturb, list)}}
		if anchors := v.a.anchors; len(anchors) > 0 {
			for _, e := range f.pick(func(e *Estimate) bool { return e.Metric == c.Label && e.isLevel() && e.Perturb == anchors[0].name }) {
				p.References = append(p.References, figure.Reference{Label: e.Perturb, At: float64(e.Value)})
				all = append(all, e)
			}
		}
		fig.Panels = append(fig.Panels, p)
		all = append(all, list...)
	}
	if len(fig.Panels) == 0 {
		return nil
	}
	fig.About = v.about(f, "set-change-"+perturb, "Change of a set, "+perturb, "Value of each set metric when the set's members change and none of them is edited; severity 0 is the set as it was", all, v.intervals(all)+"; pointwise")
	return fig
}

func (v *View) setTable(f *Finding) Table {
	t := Table{Name: "set-distance", Title: "Set distances",
		Caption: "Set metrics for sets of edited pictures, with " + v.level() + " intervals. n: members of each set.",
		Columns: []TableColumn{{Title: "metric"}, {Title: "what was done"}, {Title: "region"}, {Title: "n", Numeric: true}, {Title: "value", Numeric: true}}}
	for _, c := range v.a.table.SetColumns {
		for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == SetValue && e.Metric == c.Label }) {
			done, region := e.At+e.Null+e.Perturb, "-"
			if !e.isLevel() {
				done = e.Perturb + " " + withUnit(float64(e.Severity), unitText(e.Unit))
				for _, place := range v.places(e.Perturb) {
					if e.on(place) {
						region = place.region()
					}
				}
			}
			t.Rows = append(t.Rows, TableRow{Metric: c.Label, Cells: []TableCell{{Text: c.Label}, {Text: done}, {Text: region},
				{Text: strconv.Itoa(e.N), Value: float64(e.N)}, t.estimate(f, e, false)}})
		}
	}
	return t
}

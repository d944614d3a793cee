package reports

import (
	"fmt"
	"math"
	"strings"

	"probity/reports/figure"
)

// showPsychometric draws, for each edit and null, a panel a region: shares of right choices with their intervals, the
// function that was fitted to them, and the threshold; then a table of what was fitted amid each metric's worst null.
func showPsychometric(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, perturb := range f.perturbs(AWithin) {
		for _, n := range v.a.nulls {
			fig := v.rankCurves(f, AWithin, perturb, "psychometric-"+perturb+"-"+n.name, "Psychometric functions of "+perturb+" amid "+n.name,
				fmt.Sprintf("Share of right choices between %s alone and the edit amid it, within each %s, averaged; curves: logistic functions of log severity; marks are thresholds at %s", n.name, v.a.noun(), share(criterion)),
				"share of right choices", func(e *Estimate) bool { return e.Null == n.name }, func(p *figure.Panel, c *curve, shown []*Estimate) { v.fitted(f, p, c, n.name) })
			if fig == nil {
				continue
			}
			fig.Y.Min = .4
			for _, p := range fig.Panels {
				for _, s := range p.Series {
					for k, y := range s.Y {
						if y < .4 || s.Lo != nil && s.Lo[k] < .4 {
							fig.Y.Min = 0
						}
					}
				}
			}
			all := f.pick(func(e *Estimate) bool { return e.Perturb == perturb && e.Null == n.name })
			fig.Interval = v.intervals(all)
			fig.Warnings = f.warnings(all)
			out.Figures = append(out.Figures, fig)
		}
		if t := v.psychometricTable(f, perturb); len(t.Rows) > 0 {
			out.Tables = append(out.Tables, t)
		}
	}
	return out, nil
}

// fitted gives each series of a panel the function that was fitted to it, over the severities tested, and its threshold.
func (v *View) fitted(f *Finding, p *figure.Panel, c *curve, null string) {
	p.References = append(p.References, figure.Reference{Label: "criterion", At: criterion})
	weak, strong := math.Inf(1), math.Inf(-1)
	for _, x := range c.cells {
		if s := c.strength(x); !math.IsNaN(s) {
			weak, strong = min(weak, s), max(strong, s)
		}
	}
	for i := range p.Series {
		s := &p.Series[i]
		of := func(q Quantity) *Estimate {
			list := f.pick(func(e *Estimate) bool { return e.Quantity == q && e.Metric == s.Label && e.Null == null && e.on(c) })
			if len(list) == 0 {
				return nil
			}
			return list[0]
		}
		at, slope, lapse := of(PsychometricThreshold), of(PsychometricSlope), of(LapseRate)
		if at == nil || slope == nil || lapse == nil {
			continue
		}
		place := math.Log(float64(at.Value))
		if c.axis.Descending {
			place = -place
		}
		curve := psychometricOf(place, float64(slope.Value), float64(lapse.Value))
		s.Fit = new(figure.Line)
		const steps = 60
		for k := range steps + 1 {
			x := weak + (strong-weak)*float64(k)/steps
			s.Fit.X, s.Fit.Y = append(s.Fit.X, c.severity(x)), append(s.Fit.Y, curve.At(x))
		}
		mark := figure.Mark{At: float64(at.Value), Lo: float64(at.Low), Hi: float64(at.High), Level: criterion}
		switch { // beyond what was tested nothing was seen: an arrow at its end
		case place > strong:
			mark = figure.Mark{At: c.severity(strong), Lo: nan, Hi: nan, Level: criterion, Censored: !c.axis.Descending, Below: c.axis.Descending}
		case place < weak:
			mark = figure.Mark{At: c.severity(weak), Lo: nan, Hi: nan, Level: criterion, Censored: c.axis.Descending, Below: !c.axis.Descending}
		}
		s.Marks = append(s.Marks, mark)
		if s.Warning == "" {
			s.Warning = f.first(at)
		}
	}
}

// psychometricTable has a row for each region and metric, amid its worst null.
func (v *View) psychometricTable(f *Finding, perturb string) Table {
	places := v.places(perturb)
	t := Table{Name: "psychometric-" + perturb, Title: "Psychometric functions of " + perturb,
		Caption: fmt.Sprintf("Severity at which the share of right choices is %s, rise of the share there a natural log unit of severity, lapse rate, and the deviance from the logistic form, amid each metric's worst null, with %s intervals. ↑ larger is better, ↓ smaller is better.",
			share(criterion), v.level()),
		Columns: []TableColumn{{Title: "region"}, {Title: "metric"}, {Title: "family"}, {Title: "worst null"}, {Title: "threshold ↓" + unitTitle(places[0].unit), Numeric: true}, {Title: "slope ↑", Numeric: true},
			{Title: "lapse rate", Numeric: true}, {Title: "deviance", Numeric: true}, {Title: "df", Numeric: true}, {Title: "p", Numeric: true}, {Title: "n", Numeric: true}}}
	for _, c := range places {
		for m := range v.columns {
			col := &v.columns[m]
			one := func(q Quantity) *Estimate {
				list := f.pick(func(e *Estimate) bool { return e.Quantity == q && e.Worst && e.Metric == col.Label && e.on(c) })
				if len(list) == 0 {
					return nil
				}
				return list[0]
			}
			at := one(PsychometricThreshold)
			if at == nil {
				continue
			}
			row := TableRow{Metric: col.Label, Cells: []TableCell{{Text: c.region()}, {Text: col.Label}, {Text: col.lookFamily()}, {Text: at.Null}, t.estimate(f, at, false),
				t.estimate(nil, one(PsychometricSlope), true), t.estimate(nil, one(LapseRate), true)}}
			if d, p := one(Deviance), one(DevianceP); d != nil && p != nil {
				row.Cells = append(row.Cells, TableCell{Text: digits(float64(d.Value)), Value: float64(d.Value)}, TableCell{Text: digits(float64(d.DF)), Value: float64(d.DF)}, TableCell{Text: strings.TrimPrefix(strings.TrimPrefix(pvalue(float64(p.Value)), "p "), "= "), Value: float64(p.Value)})
			} else {
				row.Cells = append(row.Cells, missing, missing, missing)
			}
			row.Cells = append(row.Cells, TableCell{Text: fmt.Sprint(at.N), Value: float64(at.N)})
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

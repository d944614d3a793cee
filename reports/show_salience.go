package reports

import (
	"fmt"

	"probity/reports/figure"
)

// showSalience draws the curves amid the null that each metric tells the edit from least, and a matrix of metrics by null
// and region at the middle severity.
func showSalience(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, perturb := range f.perturbs(Salience) {
		if fig := v.rankCurves(f, Salience, perturb, "salience-"+perturb, "Salience of "+perturb,
			"Probability that the edit alone is rated above a null alone, for the null that stands out most to each metric; below .5 the null is rated above the edit", "salience, worst null",
			func(e *Estimate) bool { return e.Worst }, nil); fig != nil {
			out.Figures = append(out.Figures, fig)
		}
		fig, table := v.salienceMatrix(f, perturb)
		if len(fig.Columns) > 1 {
			out.Figures = append(out.Figures, fig)
		}
		out.Tables = append(out.Tables, table)
	}
	return out, nil
}

func (v *View) salienceMatrix(f *Finding, perturb string) (*figure.Matrix, Table) {
	places := v.places(perturb)
	c0 := places[0]
	mid := c0.cells[len(c0.cells)/2]
	fig := &figure.Matrix{Scale: figure.Scale{Label: "salience", Low: 0, Mid: .5, High: 1, Diverging: true, Decimals: 2}}
	t := Table{Name: "salience-" + perturb, Title: "Salience of " + perturb,
		Caption: fmt.Sprintf("Probability that %s at %s, alone, is rated above a null, alone, with %s intervals.", perturb, withUnit(mid.severity, unitText(c0.unit)), v.level()),
		Columns: []TableColumn{{Title: "metric"}, {Title: "family"}}}
	for _, c := range places {
		for _, n := range v.a.nulls {
			fig.Columns = append(fig.Columns, figure.Member{Label: n.name})
			fig.ColumnGroups = append(fig.ColumnGroups, c.region())
			t.Columns = append(t.Columns, TableColumn{Title: c.region() + ", " + n.name + " ↑", Numeric: true})
		}
	}
	var all []*Estimate
	for m := range v.columns {
		col := &v.columns[m]
		row := TableRow{Metric: col.Label, Cells: []TableCell{{Text: col.Label}, {Text: col.lookFamily()}}}
		var cells []figure.Cell
		for _, c := range places {
			x := c.cells[len(c.cells)/2]
			for _, n := range v.a.nulls {
				list := f.pick(func(e *Estimate) bool {
					return e.Quantity == Salience && e.Metric == col.Label && e.Null == n.name && e.on(c) && float64(e.Severity) == x.severity
				})
				if len(list) == 0 {
					cells = append(cells, figure.Cell{Value: nan})
					row.Cells = append(row.Cells, missing)
					continue
				}
				e := list[0]
				cells = append(cells, figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: f.first(e)})
				row.Cells = append(row.Cells, t.estimate(f, e, true))
				all = append(all, e)
			}
		}
		fig.Rows = append(fig.Rows, figure.Member{Label: col.Label, Family: col.lookFamily()})
		fig.Cells = append(fig.Cells, cells)
		t.Rows = append(t.Rows, row)
	}
	fig.About = v.about(f, "salience-matrix-"+perturb, "Salience of "+perturb+" per kind of null", fmt.Sprintf("Probability that the edit alone (%s) is rated above a null alone; .5 is no more than the null", withUnit(mid.severity, unitText(c0.unit))), all, v.intervals(all))
	return fig, t
}

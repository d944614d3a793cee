package reports

import (
	"slices"
	"strings"

	"probity/internal/trial"
	"probity/reports/figure"
)

// showSetSensitivity draws relative movements as a matrix of metrics by conditions and as intervals, a group a condition.
func showSetSensitivity(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	var conditions []string
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == SetMovement }) {
		if !slices.Contains(conditions, e.At) {
			conditions = append(conditions, e.At)
		}
	}
	if len(conditions) == 0 {
		return out, nil
	}
	matrix := &figure.Matrix{Scale: figure.Scale{Label: "movement relative to the unit", Low: -1, Mid: 0, High: 1, Diverging: true, Decimals: 2}}
	forest := &figure.Forest{X: figure.Axis{Label: "movement relative to the unit"}, References: []figure.Reference{{Label: "as much as the unit", At: 1}, {Label: "none", At: 0}}, Decimals: 2}
	t := Table{Name: "set-sensitivity", Title: "What moves set metrics",
		Caption: "Movement of each set metric under each condition, in its own unit, relative to the unit, and in its own standard errors, with " + v.level() + " intervals.",
		Columns: []TableColumn{{Title: "condition"}, {Title: "metric"}, {Title: "movement", Numeric: true}, {Title: "relative", Numeric: true}, {Title: "in standard errors", Numeric: true}}}
	var all []*Estimate
	find := func(q Quantity, metric, at string) *Estimate {
		list := f.pick(func(e *Estimate) bool { return e.Quantity == q && e.Metric == metric && e.At == at })
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	for m := range v.a.table.SetColumns {
		c := &v.a.table.SetColumns[m]
		matrix.Rows = append(matrix.Rows, figure.Member{Label: c.Label, Family: setFamily(c)})
		var cells []figure.Cell
		for _, at := range conditions {
			e := find(SetRelative, c.Label, at)
			if e == nil {
				cells = append(cells, figure.Cell{Value: nan})
				continue
			}
			cell := figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: strings.TrimPrefix(f.first(e), e.Metric+": "), Text: share(float64(e.Value))} // one footnote for what is so of every metric
			if e.Low <= 0 && e.High >= 0 {
				cell.Mark = "~"
			}
			cells = append(cells, cell)
			all = append(all, e)
		}
		matrix.Cells = append(matrix.Cells, cells)
	}
	for _, at := range conditions {
		matrix.Columns = append(matrix.Columns, figure.Member{Label: at})
		for m := range v.a.table.SetColumns {
			c := &v.a.table.SetColumns[m]
			move, rel, signal := find(SetMovement, c.Label, at), find(SetRelative, c.Label, at), find(SetSignal, c.Label, at)
			if move == nil {
				continue
			}
			row := TableRow{Metric: c.Label, Cells: []TableCell{{Text: at}, {Text: c.Label}, t.estimate(f, move, false), missing, missing}}
			if rel != nil {
				row.Cells[3] = t.estimate(nil, rel, true)
				if rel.Method != "none" {
					forest.Rows = append(forest.Rows, figure.Row{Label: c.Label, Family: setFamily(c), Group: at, Value: float64(rel.Value), Lo: float64(rel.Low), Hi: float64(rel.High), Control: c.Training == "none"})
				}
			}
			if signal != nil {
				row.Cells[4] = TableCell{Text: digits(float64(signal.Value)), Value: float64(signal.Value)}
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if len(all) > 0 {
		matrix.About = v.about(f, "set-sensitivity", "What moves set metrics", "Movement of each set metric under each condition, divided by that under the condition that counts 1; ~ where the interval holds 0", all, v.intervals(all))
		out.Figures = append(out.Figures, matrix)
	}
	if len(forest.Rows) > 0 {
		forest.About = v.about(f, "set-sensitivity-intervals", "What moves set metrics, with intervals", "Movement of each set metric divided by that under the condition that counts 1", all, v.intervals(all)+"; pointwise")
		out.Figures = append(out.Figures, forest)
	}
	out.Tables = append(out.Tables, t)
	return out, nil
}

func setFamily(c *trial.Column) string {
	switch {
	case c.Training == "none":
		return "control"
	case c.Family != "":
		return c.Family
	}
	return string(trial.External)
}

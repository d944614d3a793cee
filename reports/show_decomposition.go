package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"probity/reports/figure"
)

// showDecomposition draws shares of variance and effects, for the whole design and for the part of it without marked
// models, what every cell detects, and effects on the seeds but one against those on the one left out.
func showDecomposition(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, at := range f.designs() {
		if fig := v.shareBars(f, at); fig != nil {
			out.Figures = append(out.Figures, fig)
		}
		if fig := v.effectForest(f, at); fig != nil {
			out.Figures = append(out.Figures, fig)
		}
	}
	if fig := v.cellMatrix(f); fig != nil {
		out.Figures = append(out.Figures, fig)
	}
	if fig := v.replication(f); fig != nil {
		out.Figures = append(out.Figures, fig)
	}
	if r := f.Responses; r != nil {
		out.Data = append(out.Data, Data{"decomposition-responses-amid-" + r.Null, r.csv()})
	}
	if len(out.Figures) > 0 {
		out.Tables = append(out.Tables, v.shareTable(f), v.effectTable(f))
	}
	return out, nil
}

// designs are the parts of the design with shares of their own, but for those without one seed.
func (f *Finding) designs() []string {
	var out []string
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == FactorEffect && !strings.Contains(e.At, "seed") }) {
		if !slices.Contains(out, e.At) {
			out = append(out, e.At)
		}
	}
	return out
}

// responseNames are the responses of a decomposition, in order.
func (f *Finding) responseNames() []string {
	var out []string
	for i := range f.Estimates {
		if s := f.Estimates[i].Perturb; !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (f *Finding) of(q Quantity, response, at string) []*Estimate {
	return f.pick(func(e *Estimate) bool { return e.Quantity == q && e.Perturb == response && e.At == at })
}

// modelsAbout is about with models as the unit.
func (v *View) modelsAbout(f *Finding, name, at, title, says string, list []*Estimate, interval string) figure.About {
	if len(list) > 0 {
		name, title = name+"-amid-"+list[0].Null, title+" amid "+list[0].Null
	}
	if at != "" {
		name, title = name+"-"+at, title+", "+at
	}
	about := v.about(f, name, title, says, list, interval)
	if len(list) > 0 {
		about.N = fmt.Sprintf("%s, %s", plural(list[0].N, "model"), plural(list[0].Sources, v.a.noun()))
	}
	return about
}

func (v *View) shareBars(f *Finding, at string) *figure.Bars {
	fig := &figure.Bars{X: figure.Axis{Label: "share of the variance between models", Min: 0, Max: 1, Percent: true}}
	var all []*Estimate
	for _, r := range f.responseNames() {
		list := f.of(VarianceShare, r, at)
		if len(list) == 0 {
			continue
		}
		g := figure.BarGroup{Title: r}
		for _, e := range f.of(Component, r, at) {
			if e.Metric == betweenModels {
				g.Title += " (SD between models " + share(math.Sqrt(float64(e.Value))) + ")"
			}
		}
		for _, e := range list {
			g.Bars = append(g.Bars, figure.Bar{Label: e.Metric, Family: e.Metric, Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)})
		}
		fig.Groups = append(fig.Groups, g)
		all = append(all, list...)
	}
	if len(fig.Groups) == 0 {
		return nil
	}
	fig.About = v.modelsAbout(f, "decomposition", at, "What moves detection",
		"Share of each factor in the variance of A within between models, averaged over sources, for each kind of edit", all, v.level()+" generalised confidence intervals over seeds and sources")
	return fig
}

func (v *View) effectForest(f *Finding, at string) *figure.Forest {
	fig := &figure.Forest{X: figure.Axis{Label: "difference of A within"}, References: []figure.Reference{{Label: "no difference", At: 0}}, Decimals: 2}
	var all []*Estimate
	for _, r := range f.responseNames() {
		list := f.of(FactorEffect, r, at)
		for _, e := range list {
			fig.Rows = append(fig.Rows, figure.Row{Label: e.Metric, Family: e.Metric, Group: r, Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)})
		}
		all = append(all, list...)
	}
	if len(fig.Rows) == 0 {
		return nil
	}
	fig.About = v.modelsAbout(f, "decomposition-effects", at, "Effects on detection",
		"Difference of A within between the levels of a factor, over all cells or at one level of another factor", all, v.level()+" t over seeds and sources, Satterthwaite; pointwise")
	return fig
}

// cellMatrix shows what each cell of the design detects, pooled and by region, above untrained models and pixels.
func (v *View) cellMatrix(f *Finding) *figure.Matrix {
	fig := &figure.Matrix{Scale: figure.Scale{Label: "A within", Low: 0, Mid: .5, High: 1, Diverging: true, Decimals: 2}}
	var parts, rows []string
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == CellMean }) {
		if !slices.Contains(parts, e.At) {
			parts = append(parts, e.At)
		}
		if !slices.Contains(rows, e.Metric) {
			rows = append(rows, e.Metric)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	for _, part := range parts {
		for _, r := range f.responseNames() {
			fig.Columns = append(fig.Columns, figure.Member{Label: r})
			fig.ColumnGroups = append(fig.ColumnGroups, regional(part))
		}
	}
	var all []*Estimate
	for _, row := range rows {
		family := "control"
		for _, name := range []string{"cnn", "vit"} {
			if strings.HasPrefix(row, name) {
				family = name
			}
		}
		fig.Rows = append(fig.Rows, figure.Member{Label: row, Family: family})
		var cells []figure.Cell
		for _, part := range parts {
			for _, r := range f.responseNames() {
				list := f.pick(func(e *Estimate) bool {
					return e.Quantity == CellMean && e.Metric == row && e.At == part && e.Perturb == r
				})
				if len(list) == 0 {
					cells = append(cells, figure.Cell{Value: nan})
					continue
				}
				e := list[0]
				cells = append(cells, figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: f.first(e)})
				all = append(all, e)
			}
		}
		fig.Cells = append(fig.Cells, cells)
	}
	fig.About = v.modelsAbout(f, "decomposition-cells", "", "Detection by cell of the design", "A within, mean over the seeds of a cell; .5 is chance", all, "")
	fig.N = plural(all[0].Sources, v.a.noun()) + "; mean over the seeds of each cell"
	return fig
}

func regional(part string) string {
	if part == "pooled" {
		return part
	}
	return "by region (" + part + ")"
}

// replication sets the effects on all seeds but one against those on that seed alone, a point an effect and response.
func (v *View) replication(f *Finding) *figure.Scatter {
	fig := &figure.Scatter{X: figure.Axis{Label: "effect on the other seeds"}, Y: figure.Axis{Label: "effect on the seed left out"}}
	var all []*Estimate
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == FactorEffect && strings.HasSuffix(e.At, " alone") }) {
		seed := strings.TrimSuffix(e.At, " alone")
		rest := f.pick(func(o *Estimate) bool {
			return o.Quantity == FactorEffect && o.At == "without "+seed && o.Metric == e.Metric && o.Perturb == e.Perturb
		})
		if len(rest) == 0 {
			continue
		}
		i := slices.IndexFunc(fig.Panels, func(p figure.ScatterPanel) bool { return p.Title == seed })
		if i < 0 {
			i = len(fig.Panels)
			fig.Panels = append(fig.Panels, figure.ScatterPanel{Title: seed, Diagonal: true, References: []figure.Reference{{At: 0}, {At: 0, Vertical: true}}})
		}
		fig.Panels[i].Points = append(fig.Panels[i].Points, figure.Point{Label: e.Perturb + ", " + e.Metric, Series: e.Perturb, Family: e.Perturb,
			X: float64(rest[0].Value), XLo: float64(rest[0].Low), XHi: float64(rest[0].High), Y: float64(e.Value)})
		all = append(all, rest[0])
	}
	if len(fig.Panels) == 0 {
		return nil
	}
	fig.About = v.modelsAbout(f, "decomposition-replication", "", "Effects on other seeds",
		"A point an effect and a kind of edit: across, the effect on all seeds but one, with its interval; up, on the one left out; on the diagonal they agree", all, v.level()+" t over seeds and sources, Satterthwaite")
	return fig
}

func (v *View) shareTable(f *Finding) Table {
	t := Table{Name: slug("decomposition-amid-" + f.Estimates[0].Null), Title: "What moves detection amid " + f.Estimates[0].Null,
		Caption: "Shares of the variance of A within between models, with " + v.level() + " intervals over seeds and sources, and without one seed.",
		Columns: []TableColumn{{Title: "response"}, {Title: "part of the design"}, {Title: "factor"}, {Title: "share", Numeric: true}}}
	for _, r := range f.responseNames() {
		for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == VarianceShare && e.Perturb == r }) {
			t.Rows = append(t.Rows, TableRow{Cells: []TableCell{{Text: r}, {Text: orAll(e.At)}, {Text: e.Metric}, t.estimate(f, e, true)}})
		}
	}
	return t
}

func orAll(at string) string {
	if at == "" {
		return "all"
	}
	return at
}

func (v *View) effectTable(f *Finding) Table {
	t := Table{Name: slug("decomposition-effects-amid-" + f.Estimates[0].Null), Title: "Effects on detection amid " + f.Estimates[0].Null,
		Caption: "Differences of A within with " + v.level() + " t intervals: over seeds and sources, and over seeds for these sources alone.",
		Columns: []TableColumn{{Title: "response"}, {Title: "part of the design"}, {Title: "effect"}, {Title: "over seeds and sources", Numeric: true}, {Title: "df", Numeric: true}, {Title: "these sources", Numeric: true}, {Title: "df", Numeric: true}}}
	for _, r := range f.responseNames() {
		for _, e := range f.pick(func(e *Estimate) bool {
			return e.Quantity == FactorEffect && e.Perturb == r && !strings.HasSuffix(e.At, " alone")
		}) {
			row := TableRow{Cells: []TableCell{{Text: r}, {Text: orAll(e.At)}, {Text: e.Metric}, t.estimate(f, e, true), df(e), missing, missing}}
			for _, o := range f.pick(func(o *Estimate) bool {
				return o.Quantity == FixedEffect && o.Perturb == r && o.At == e.At && o.Metric == e.Metric
			}) {
				row.Cells[5], row.Cells[6] = t.estimate(nil, o, true), df(o)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func df(e *Estimate) TableCell {
	return TableCell{Text: strconv.FormatFloat(float64(e.DF), 'g', 3, 64), Value: float64(e.DF)}
}

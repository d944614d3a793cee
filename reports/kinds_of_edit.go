package reports

import (
	"context"
	"fmt"
	"slices"

	"probity/internal/registry"
	"probity/internal/trial"
	"probity/reports/figure"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "kinds-of-edit",
		Version: 1,
		Doc:     "what each metric detects of each kind of edit, and what scoring by region changes for each network",
		Long: `A within of detection, averaged over the edits of an entry of ` + "`sets`" + ` within each source, for every metric: metrics by
kinds of edit in one figure. For each network that is scored pooled and by region, the difference of the two, paired over sources. The
networks are these networks: where they differ in architecture, training data, labels and size at once, a difference between two of them has no one cause.`,
		Source: "Green and Swets 1966",
		Params: []registry.Param{perturbParam, nullParam, setsParam, severityParam, areaParam},
	}, Entry{Compute: kindsOfEdit, Exhibit: showKindsOfEdit})
}

// RegionGain is what scoring by region changes: A within by region less that of pooled features of the same network.
const RegionGain Quantity = "A within by region less pooled"

func kindsOfEdit(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	nulls, err := a.chosenNulls(params)
	if err != nil {
		return nil, err
	}
	responses, err := a.responses(params)
	if err != nil {
		return nil, err
	}
	var curves []int
	for _, r := range responses {
		for _, p := range r.places {
			curves = append(curves, p.index)
		}
	}
	if err := a.detectAll(ctx, a.detectKeys(curves, nulls)); err != nil {
		return nil, err
	}
	b := a.build("kinds-of-edit", "Detection by kind of edit")
	b.f.Method = []string{
		"A within of each source, averaged over the edits, severities, areas and nulls of a kind, then over sources.",
		"By region less pooled: the same network's position by position score less its pooled score, paired over sources.",
		"Networks differ in several things at once, so that a difference between two of them has no one cause.",
	}
	for _, r := range responses {
		put := func(q Quantity, name string, m *mean, warn []int) {
			if m.sources == 0 {
				return
			}
			e := blank(q, name).with(m.value, a.estimate(m).interval, m.k, m.sources)
			e.Perturb, e.Null, e.Warnings = r.name, a.nullNames(nulls), append(warn, b.sourceWarnings(m.k)...)
			b.add(e)
		}
		for m := range a.columns {
			warn := b.metricWarnings(m)
			for _, p := range r.places {
				for _, w := range b.cellWarnings(m, p.curve, p.cell) {
					if !slices.Contains(warn, w) {
						warn = append(warn, w)
					}
				}
			}
			v := a.mean(a.responseOf(m, r, nulls), true)
			put(AWithin, a.columns[m].Label, &v, warn)
		}
		for m := range a.columns {
			p := &a.columns[m]
			if p.Group != trial.Learned || p.Pool != "pooled" {
				continue
			}
			for o := range a.columns {
				q := &a.columns[o]
				if q.Group == trial.Learned && q.Model == p.Model && q.Pool != "pooled" && q.Pool != "" {
					d := a.paired(a.responseOf(o, r, nulls), a.responseOf(m, r, nulls))
					put(RegionGain, q.Label, &d, nil)
				}
			}
		}
	}
	b.f.Answer = a.kindsAnswer(b.f, responses)
	return b.f, nil
}

// kindsAnswer names for each kind of edit the metrics that find it most and least, and counts networks that gain by region.
func (a *Analysis) kindsAnswer(f *Finding, responses []response) string {
	var s string
	for _, r := range responses {
		most, least := extremes(a.collect(f, func(e *Estimate) bool { return e.Quantity == AWithin && e.Perturb == r.name }))
		if most == nil {
			continue
		}
		s += fmt.Sprintf("%s: most %s, %s", sentence(r.name), most.Metric, most.ranged())
		if least != most {
			s += fmt.Sprintf(", least %s, %s", least.Metric, least.ranged())
		}
		up, down, n := 0, 0, 0
		for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == RegionGain && e.Perturb == r.name }) {
			n++
			if e.Low > 0 {
				up++
			} else if e.High < 0 {
				down++
			}
		}
		if n > 0 {
			s += fmt.Sprintf("; by region %d of %d such metrics find it better than the same network pooled, %d worse", up, n, down)
		}
		s += ". "
	}
	if s == "" {
		return "No edit of these kinds stands amid a null in the scores."
	}
	return s[:len(s)-1]
}

func showKindsOfEdit(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	fig := &figure.Matrix{Scale: figure.Scale{Label: "A within", Low: 0, Mid: .5, High: 1, Diverging: true, Decimals: 2}}
	t := Table{Name: "kinds-of-edit", Title: "Detection by kind of edit", Caption: "A within with " + v.level() + " intervals over sources.", Columns: []TableColumn{{Title: "metric"}, {Title: "family"}}}
	names := f.responseNames()
	for _, r := range names {
		fig.Columns = append(fig.Columns, figure.Member{Label: r})
		t.Columns = append(t.Columns, TableColumn{Title: r + " ↑", Numeric: true})
	}
	var all []*Estimate
	for m := range v.columns {
		c := &v.columns[m]
		row := TableRow{Metric: c.Label, Cells: []TableCell{{Text: c.Label}, {Text: c.lookFamily()}}}
		var cells []figure.Cell
		for _, r := range names {
			list := f.pick(func(e *Estimate) bool { return e.Quantity == AWithin && e.Metric == c.Label && e.Perturb == r })
			if len(list) == 0 {
				cells, row.Cells = append(cells, figure.Cell{Value: nan}), append(row.Cells, missing)
				continue
			}
			e := list[0]
			cells = append(cells, figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: f.first(e)})
			row.Cells = append(row.Cells, t.estimate(f, e, true))
			all = append(all, e)
		}
		fig.Rows, fig.Cells, t.Rows = append(fig.Rows, figure.Member{Label: c.Label, Family: c.lookFamily()}), append(fig.Cells, cells), append(t.Rows, row)
	}
	if len(all) == 0 {
		return out, nil
	}
	fig.About = v.about(f, "kinds-of-edit", "Detection by kind of edit", "A within of each metric for each kind of edit; .5 is chance", all, v.intervals(all))
	out.Figures, out.Tables = append(out.Figures, fig), append(out.Tables, t)
	forest := &figure.Forest{X: figure.Axis{Label: "A within by region less pooled"}, References: []figure.Reference{{Label: "no difference", At: 0}}, Decimals: 2}
	all = nil
	for _, r := range names {
		for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == RegionGain && e.Perturb == r }) {
			family := ""
			if m := v.a.column(e.Metric); m >= 0 {
				family = v.columns[m].lookFamily()
			}
			forest.Rows = append(forest.Rows, figure.Row{Label: e.Metric, Family: family, Group: r, Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)})
			all = append(all, e)
		}
	}
	if len(all) > 0 {
		forest.About = v.about(f, "kinds-of-edit-by-region", "What scoring by region changes", "A within of each network's features position by position, less that of its pooled features, paired over sources", all, v.intervals(all)+"; pointwise")
		out.Figures = append(out.Figures, forest)
	}
	return out, nil
}

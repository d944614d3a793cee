package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/reports/figure"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "agreement-range",
		Version: 1,
		Doc:     "agreement within parts of the rating scale: does a metric still order the good among themselves?",
		Long: `Items are split into parts of equal number by their rating, and Spearman's correlation is taken within each. A restricted
range lowers every correlation, so that parts are compared between metrics, never with the whole scale.`,
		Source: "partial range analysis as in Ponomarenko et al. 2015",
		Params: []registry.Param{judgedParam,
			{Name: "parts", Type: registry.Int, Doc: "parts of the scale, equal in number of items", Default: 4, Min: 2, Max: 20}},
	}, Entry{Compute: agreementRange, Exhibit: showAgreementRange})
}

// rangeAt begins Estimate.At of a part of the scale; its number from 1 (worst) and its limits follow.
const rangeAt = "part "

func agreementRange(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement-range", "Agreement by part of the scale", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	parts := params.Int("parts")
	b.f.Method = append(b.f.Method, fmt.Sprintf("Spearman's correlation within %d parts of the items, equal in number, by their rating, worst first; items with equal ratings stay in the data's order. Intervals resample sources. A restricted range lowers every correlation: compare metrics within a part, not a part with the whole.", parts))
	s := a.steps(parts * len(list))
	var answers []string
	for _, d := range list {
		if d.Choices() {
			s.done(parts)
			continue
		}
		if parts > len(d.items)/fewInGroup {
			b.refuse("agreement by part of the scale on "+d.Name, "%d items make no %d parts of at least %d", len(d.items), parts, fewInGroup)
			s.done(parts)
			continue
		}
		order := make([]int, len(d.items))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(x, y int) int {
			u, v := d.rating[x], d.rating[y]
			if d.Lower {
				u, v = v, u
			}
			switch {
			case u < v:
				return -1
			case u > v:
				return 1
			}
			return 0
		})
		set := b.setWarnings(d)
		sign := make([]float64, len(d.Columns))
		for m := range sign {
			sign[m] = 1
			if r, err := stats.Spearman(d.score[m], d.rating); err == nil {
				sign[m] = d.taken(m, r)
			}
		}
		var best *Estimate
		last := ""
		for p := range parts {
			rows := order[p*len(order)/parts : (p+1)*len(order)/parts]
			first, end := d.rating[rows[0]], d.rating[rows[len(rows)-1]]
			name := fmt.Sprintf("%s%d (%s %s to %s)", rangeAt, p+1, d.scale(), digits(min(first, end)), digits(max(first, end)))
			cols := make([][]float64, len(d.Columns))
			for m := range cols {
				cols[m] = at(d.score[m], rows)
			}
			j, err := stats.Correlations(ctx, stats.SRCC, cols, at(d.rating, rows), at(d.cluster, rows), d.clusters, a.resampling(d))
			s.done(1)
			if err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				b.refuse(name+" of "+d.Name, "%v", err)
				continue
			}
			for m := range d.Columns {
				iv := j.Interval(m, a.level)
				if math.IsNaN(iv.Value) {
					b.refuse(fmt.Sprintf("Spearman of %s on %s, %s", d.Columns[m].Label, d.Name, name), "scores or ratings are constant there")
					continue
				}
				e := d.of(SpearmanHuman, d.Columns[m].Label).from(iv)
				e.At, e.Sign, e.Sources = name, int(sign[m]), len(rows)
				e.Warnings = slices.Concat(set, b.judgedWarnings(d, m, sign[m]))
				b.add(e)
				last = name
			}
		}
		for i := range b.f.Estimates {
			e := &b.f.Estimates[i]
			if e.Dataset != d.Name || e.At != last {
				continue
			}
			x, _, _ := e.oriented()
			if best == nil {
				best = e
			} else if y, _, _ := best.oriented(); x > y {
				best = e
			}
		}
		if best != nil {
			v, lo, hi := best.oriented()
			answers = append(answers, fmt.Sprintf("Among the best-rated %d of %s of %s, the items are ordered best by %s, Spearman %s (n = %s).", best.Sources, plural(len(d.items), "item"), d.Name, best.Metric, ranged(v, lo, hi), plural(best.N, d.noun())))
		}
	}
	if b.f.Answer = strings.Join(answers, " "); b.f.Answer == "" {
		b.f.Answer = "No data set has ratings enough to be told apart by part of the scale."
	}
	return b.f, nil
}

func showAgreementRange(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		var parts []string
		for i := range f.Estimates {
			if e := &f.Estimates[i]; e.Dataset == d.Name && !slices.Contains(parts, e.At) {
				parts = append(parts, e.At)
			}
		}
		if len(parts) == 0 {
			continue
		}
		fig := &figure.Forest{X: figure.Axis{Label: "Spearman, oriented so that more is better agreement"}, Decimals: 2, References: []figure.Reference{{Label: "none", At: 0}}}
		t := Table{Name: "agreement-range-" + d.Name, Title: "Agreement by part of the scale, " + d.Name,
			Caption: fmt.Sprintf("Spearman's correlation with %s within parts of the scale that are equal in number of items, with %s intervals; signs as the columns have them.", d.scale(), v.level()),
			Columns: []TableColumn{{Title: "metric"}}}
		var used []*Estimate
		lists := make([][]*Estimate, len(parts))
		for p, name := range parts {
			lists[p] = f.on(d, SpearmanHuman, name)
			t.Columns = append(t.Columns, TableColumn{Title: name, Numeric: true})
			for m, e := range lists[p] {
				if e == nil {
					continue
				}
				value, lo, hi := e.oriented()
				fig.Rows = append(fig.Rows, figure.Row{Label: d.Columns[m].Label, Family: d.family(m), Group: name, Value: value, Lo: lo, Hi: hi})
				used = append(used, e)
			}
		}
		for m := range d.Columns {
			row := TableRow{Metric: d.Columns[m].Label, Cells: []TableCell{{Text: d.Columns[m].Label + d.arrow(m)}}}
			for p := range parts {
				row.Cells = append(row.Cells, t.human(f, lists[p][m], three))
			}
			t.Rows = append(t.Rows, row)
		}
		fig.About = v.aboutHuman(f, d, "agreement-range", "Agreement by part of the scale", "Spearman's correlation within parts of the scale, equal in number of items, worst first; a restricted range lowers every correlation", used)
		out.Figures, out.Tables = append(out.Figures, fig), append(out.Tables, t)
	}
	return out, nil
}

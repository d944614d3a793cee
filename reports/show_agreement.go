package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/reports/figure"
)

// scatterMetrics is how many metrics are shown point by point: those that agree best.
const scatterMetrics = 6

// aboutHuman fills in what every figure on a data set of judgements carries.
func (v *View) aboutHuman(f *Finding, d *judged, name, title, says string, list []*Estimate) figure.About {
	n := plural(len(d.items), "item")
	if d.Cluster != nil {
		n += " of " + plural(d.clusters, d.noun())
	}
	return figure.About{Name: slug(name + "-" + d.Name), Title: title + ", " + d.Name, Says: says, N: n, Interval: v.intervals(list), Warnings: f.warnings(list), Exploratory: f.Exploratory}
}

// on are a finding's estimates of a quantity on a data set, by metric in the data set's order; nil where there is none.
func (f *Finding) on(d *judged, q Quantity, at string) []*Estimate {
	out := make([]*Estimate, len(d.Columns))
	for m := range d.Columns {
		for i := range f.Estimates {
			e := &f.Estimates[i]
			if e.Dataset == d.Name && e.Quantity == q && e.At == at && e.Metric == d.Columns[m].Label {
				out[m] = e
			}
		}
	}
	return out
}

func present(list []*Estimate) []*Estimate {
	var out []*Estimate
	for _, e := range list {
		if e != nil {
			out = append(out, e)
		}
	}
	return out
}

// oriented is an estimate with its interval turned so that larger is better agreement.
func (e *Estimate) oriented() (value, low, high float64) {
	value, low, high = float64(e.Value), float64(e.Low), float64(e.High)
	if e.Sign < 0 && e.Quantity != TwoAFC && e.Quantity != TwoAFCDecided {
		return -value, -high, -low
	}
	return value, low, high
}

func (f *Finding) ceilingOf(d *judged, q Quantity) (*Estimate, bool) {
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Dataset == d.Name && e.Quantity == CeilingPerfect && e.At == string(q) {
			return e, true
		}
	}
	return nil, false
}

func showAgreement(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		q := SpearmanHuman
		if d.Choices() {
			q = TwoAFC
		}
		main := f.on(d, q, "")
		shown := present(main)
		if len(shown) == 0 {
			continue
		}
		out.Figures = append(out.Figures, v.agreementForest(f, d, q, main))
		if !d.Choices() {
			out.Figures = append(out.Figures, v.agreementScatter(f, d, main))
			out.Tables = append(out.Tables, v.ratingTable(f, d))
		} else {
			out.Tables = append(out.Tables, v.choiceTable(f, d))
		}
		if len(shown) > 1 {
			fig, table := v.significance(f, d, q)
			out.Figures, out.Tables = append(out.Figures, fig), append(out.Tables, table)
		}
	}
	return out, nil
}

// agreementForest draws each metric's agreement with its interval and rank, against the ceiling.
func (v *View) agreementForest(f *Finding, d *judged, q Quantity, list []*Estimate) *figure.Forest {
	label := "Spearman, oriented so that more is better agreement"
	if q == TwoAFC {
		label = "2AFC agreement, mean share of votes"
	}
	fig := &figure.Forest{X: figure.Axis{Label: label}, Decimals: 2, Sort: true, Ranks: true}
	for m, e := range list {
		if e == nil {
			continue
		}
		value, lo, hi := e.oriented()
		fig.Rows = append(fig.Rows, figure.Row{Label: d.Columns[m].Label, Family: d.family(m), Value: value, Lo: lo, Hi: hi, RankLo: e.RankLow, RankHi: e.RankHigh, Warning: v.ownWarning(f, e)})
	}
	if c, ok := f.ceilingOf(d, q); ok {
		fig.References = append(fig.References, figure.Reference{Label: "ceiling " + share(float64(c.Value)), At: float64(c.Value), Lo: float64(c.Low), Hi: float64(c.High)})
	}
	if q == TwoAFC {
		fig.References = append(fig.References, figure.Reference{Label: "chance", At: .5})
		for i := range f.Estimates {
			if e := &f.Estimates[i]; e.Dataset == d.Name && e.Quantity == HumanAgrees {
				fig.References = append(fig.References, figure.Reference{Label: "one rater with another " + share(float64(e.Value)), At: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)})
			}
		}
	} else {
		fig.References = append(fig.References, figure.Reference{Label: "none", At: 0})
	}
	says := "Spearman's correlation of each metric with " + d.scale() + "; the ceiling is what the true ratings would reach with the raters' errors"
	if q == TwoAFC {
		says = "Mean share of a trial's votes for the metric's choice; the ceiling is that of the majority"
	}
	fig.About = v.aboutHuman(f, d, "agreement", "Agreement with people", says, present(list))
	return fig
}

func (d *Judged) scale() string {
	if d.Scale == "" {
		return "the ratings"
	}
	return d.Scale
}

// ownWarning is the first warning of an estimate that is about its metric and not about the data set as a whole.
func (v *View) ownWarning(f *Finding, e *Estimate) string {
	for _, w := range e.Warnings {
		switch f.Warnings[w].Code {
		case "unclustered", "one-source", "few-sources", "few-raters", "reading":
		default:
			return f.Warnings[w].Detail
		}
	}
	return ""
}

// agreementScatter shows items as points, rating against score, with the fitted curve and its band.
func (v *View) agreementScatter(f *Finding, d *judged, list []*Estimate) *figure.Scatter {
	order := make([]int, 0, len(list))
	for m, e := range list {
		if e != nil {
			order = append(order, m)
		}
	}
	all := len(order)
	slices.SortStableFunc(order, func(a, b int) int {
		x, _, _ := list[a].oriented()
		y, _, _ := list[b].oriented()
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	order = order[:min(all, scatterMetrics)]
	fig := &figure.Scatter{X: figure.Axis{Label: "score"}, Y: figure.Axis{Label: d.scale()}, FreeX: true}
	var used []*Estimate
	for _, m := range order {
		e := list[m]
		p := figure.ScatterPanel{Title: d.Columns[m].Label, Note: "SRCC " + ranged(float64(e.Value), float64(e.Low), float64(e.High))}
		for k, i := range d.items {
			q := figure.Point{Label: d.name(i), Series: d.Columns[m].Label, Family: d.family(m), X: d.score[m][k], Y: d.rating[k]}
			if d.se != nil && len(d.items) <= 100 {
				q.YLo, q.YHi = d.rating[k]-outlierWidth*d.se[k], d.rating[k]+outlierWidth*d.se[k]
			}
			p.Points = append(p.Points, q)
		}
		fit := &figure.Line{}
		for i := range f.Estimates {
			c := &f.Estimates[i]
			if c.Dataset == d.Name && c.Quantity == FittedRating && c.Metric == d.Columns[m].Label {
				fit.X, fit.Y = append(fit.X, float64(c.Severity)), append(fit.Y, float64(c.Value))
				fit.Lo, fit.Hi = append(fit.Lo, float64(c.Low)), append(fit.Hi, float64(c.High))
				if len(fit.X) == 1 {
					used = append(used, c)
				}
			}
		}
		if len(fit.X) > 0 {
			p.Fit = fit
		}
		fig.Panels = append(fig.Panels, p)
		used = append(used, e)
	}
	says := "Each point is an item; the curve is the logistic fit with its pointwise band"
	if all > len(order) {
		says += fmt.Sprintf("; the %d of %d metrics that agree best are shown, the tables hold all", len(order), all)
	}
	fig.About = v.aboutHuman(f, d, "agreement-scatter", "Ratings against scores", says, used)
	return fig
}

func (d *Judged) name(i int) string {
	if d.Item == nil {
		return fmt.Sprintf("row %d", i+1)
	}
	return d.Item[i]
}

// arrow is the direction of a metric: the way of its scores in which quality grows.
func (d *Judged) arrow(m int) string {
	switch d.Columns[m].Direction {
	case "similarity":
		return " ↑"
	case "distance":
		return " ↓"
	}
	return ""
}

// best marks the best of a column, in bold only where it is significantly above every other; the others that it cannot be
// told from are marked ~.
func (f *Finding) best(d *judged, q Quantity, list []*Estimate) (bold int, ties []bool) {
	bold, ties = -1, make([]bool, len(list))
	top := -1
	for m, e := range list {
		if e == nil {
			continue
		}
		x, _, _ := e.oriented()
		if top >= 0 {
			if y, _, _ := list[top].oriented(); x <= y {
				continue
			}
		}
		top = m
	}
	if top < 0 || len(present(list)) < 2 {
		return -1, ties
	}
	alone := true
	for i := range f.Contrasts {
		c := &f.Contrasts[i]
		if c.Dataset != d.Name || c.Quantity != q || c.Verdict == Above || c.Verdict == Below {
			continue
		}
		for m := range d.Columns {
			l := d.Columns[m].Label
			if c.Metric == l && c.Against == d.Columns[top].Label || c.Against == l && c.Metric == d.Columns[top].Label {
				ties[m], alone = true, false
			}
		}
	}
	if alone {
		return top, ties
	}
	ties[top] = true
	return -1, ties
}

// three writes a correlation with three decimals and no leading zero, as the field's tables do.
func three(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strings.Replace(fmt.Sprintf("%.3f", v), "0.", ".", 1)
}

func (t *Table) human(f *Finding, e *Estimate, form func(float64) string) TableCell {
	if e == nil {
		return missing
	}
	c := t.estimate(f, e, true)
	c.Text = bracketed(form, float64(e.Value), float64(e.Low), float64(e.High))
	return c
}

func (v *View) ratingTable(f *Finding, d *judged) Table {
	t := Table{Name: "agreement-" + d.Name, Title: "Agreement with people, " + d.Name,
		Caption: fmt.Sprintf("Correlations of scores with %s as they are, with %s intervals; after a monotone logistic fit PLCC, RMSE and outlier ratio. ~: cannot be told from the best by Spearman (Holm).", d.scale(), v.level()),
		Columns: []TableColumn{{Title: "metric"}, {Title: "SRCC", Numeric: true}, {Title: "KRCC", Numeric: true}, {Title: "PLCC", Numeric: true}, {Title: "PLCC, fitted ↑", Numeric: true}, {Title: "RMSE ↓", Numeric: true}}}
	cols := [][]*Estimate{f.on(d, SpearmanHuman, ""), f.on(d, KendallHuman, ""), f.on(d, PearsonHuman, ""), f.on(d, PearsonFitted, ""), f.on(d, RMSEFitted, "")}
	for _, extra := range []struct {
		q     Quantity
		title string
	}{{OutlierRatio, "outlier ratio ↓"}, {RatersRandom, "SRCC, raters random"}} {
		if list := f.on(d, extra.q, ""); len(present(list)) > 0 {
			cols = append(cols, list)
			t.Columns = append(t.Columns, TableColumn{Title: extra.title, Numeric: true})
		}
	}
	bold, ties := f.best(d, SpearmanHuman, cols[0])
	for m := range d.Columns {
		row := TableRow{Metric: d.Columns[m].Label, Cells: []TableCell{{Text: d.Columns[m].Label + d.arrow(m)}}}
		for k, list := range cols {
			form := three
			if k == 4 {
				form = digits
			}
			c := t.human(f, list[m], form)
			if k == 0 && list[m] != nil {
				c.Bold, c.Tie = m == bold, ties[m]
			}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	if _, ok := f.ceilingOf(d, SpearmanHuman); ok {
		row := TableRow{Cells: []TableCell{{Text: "ceiling"}}}
		for k := range cols {
			c := missing
			if k < 3 {
				if e, ok := f.ceilingOf(d, []Quantity{SpearmanHuman, KendallHuman, PearsonHuman}[k]); ok {
					c = TableCell{Text: three(float64(e.Value)), Value: float64(e.Value)}
				}
			}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v *View) choiceTable(f *Finding, d *judged) Table {
	t := Table{Name: "agreement-" + d.Name, Title: "Agreement with people, " + d.Name,
		Caption: fmt.Sprintf("Share of votes for the metric's choice, with %s intervals. ~: cannot be told from the best (Holm).", v.level()),
		Columns: []TableColumn{{Title: "metric"}, {Title: "2AFC ↑", Numeric: true}, {Title: "majority chosen ↑", Numeric: true}}}
	cols := [][]*Estimate{f.on(d, TwoAFC, ""), f.on(d, TwoAFCDecided, "")}
	won := f.on(d, VotesWon, "")
	if len(present(won)) > 0 {
		cols = append(cols, won)
		t.Columns = append(t.Columns, TableColumn{Title: "votes won ↑", Numeric: true})
		t.Caption += " Votes won: share of all votes, so that trials with more of them count more."
	}
	bold, ties := f.best(d, TwoAFC, cols[0])
	for m := range d.Columns {
		row := TableRow{Metric: d.Columns[m].Label, Cells: []TableCell{{Text: d.Columns[m].Label + d.arrow(m)}}}
		for k, list := range cols {
			c := t.human(f, list[m], three)
			if k == 0 && list[m] != nil {
				c.Bold, c.Tie = m == bold, ties[m]
			}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	for i := range f.Estimates {
		e := &f.Estimates[i]
		if e.Dataset != d.Name || e.Metric != ratersLabel || e.At == string(VotesWon) {
			continue
		}
		row := TableRow{Cells: []TableCell{{Text: string(e.Quantity)}, t.human(f, e, three), missing}}
		if len(cols) > 2 {
			c := missing
			if x, ok := f.ceilingOf(d, VotesWon); ok && e.Quantity == CeilingPerfect {
				c = t.human(f, x, three)
			}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// pCell is a p-value in a column that says so.
func pCell(p Number) TableCell {
	s := strings.TrimPrefix(pvalue(float64(p)), "p ")
	return TableCell{Text: strings.TrimPrefix(s, "= "), Value: float64(p)}
}

// significance is the matrix of paired differences: row minus column.
func (v *View) significance(f *Finding, d *judged, q Quantity) (*figure.Matrix, Table) {
	k := len(d.Columns)
	at := map[string]int{}
	for m := range d.Columns {
		at[d.Columns[m].Label] = m
	}
	fig := &figure.Matrix{Cells: make([][]figure.Cell, k)}
	t := Table{Name: "agreement-differences-" + d.Name, Title: "Differences between metrics, " + d.Name,
		Caption: fmt.Sprintf("Agreement (%s, oriented) of the first less that of the second, paired over %ss, with %s intervals (unadjusted); p adjusted by Holm over all pairs.", q, d.noun(), v.level()),
		Columns: []TableColumn{{Title: "metric"}, {Title: "against"}, {Title: "difference", Numeric: true}, {Title: "p", Numeric: true}, {Title: "p, Holm", Numeric: true}, {Title: "verdict"}}}
	for m := range d.Columns {
		fig.Rows = append(fig.Rows, figure.Member{Label: d.Columns[m].Label, Family: d.family(m)})
		fig.Cells[m] = make([]figure.Cell, k)
		for o := range fig.Cells[m] {
			fig.Cells[m][o] = figure.Cell{Value: nan}
		}
		fig.Cells[m][m] = figure.Cell{Value: 0, Text: "·"}
	}
	fig.Columns = fig.Rows
	most := 0.
	told, same, pairs := 0, 0, 0
	smallest := 0.
	for i := range f.Contrasts {
		c := &f.Contrasts[i]
		if c.Dataset != d.Name || c.Quantity != q {
			continue
		}
		a, b := at[c.Metric], at[c.Against]
		mark := ""
		switch c.Verdict {
		case Above, Below:
			mark = "*"
			told++
		case Equivalent:
			mark = "≈"
			same++
		}
		smallest = c.SmallestEffect
		pairs++
		value, lo, hi := float64(c.Value), float64(c.Low), float64(c.High)
		if finite(value) {
			most = max(most, math.Abs(value))
		}
		fig.Cells[a][b] = figure.Cell{Value: value, Lo: lo, Hi: hi, Mark: mark}
		fig.Cells[b][a] = figure.Cell{Value: -value, Lo: -hi, Hi: -lo, Mark: mark}
		cells := []TableCell{{Text: c.Metric}, {Text: c.Against}, {Text: bracketed(three, value, lo, hi), Value: value}, pCell(c.P), pCell(c.PHolm)}
		if smallest > 0 {
			cells = append(cells, pCell(c.PEquivalenceHolm))
		}
		t.Rows = append(t.Rows, TableRow{Metric: c.Metric, Cells: append(cells, TableCell{Text: string(c.Verdict)})})
	}
	most = max(.05, math.Ceil(most/.05)*.05) // round ends of the colour scale
	fig.Scale = figure.Scale{Label: "row less column", Low: -most, Mid: 0, High: most, Diverging: true, Decimals: 2}
	says := fmt.Sprintf("Agreement (%s) of the row's metric less that of the column's; * marks the %d of %d pairs that are told apart (paired over %ss, Holm)", q, told, pairs, d.noun())
	if smallest > 0 {
		says += fmt.Sprintf(", ≈ the %d that differ by less than %s", same, amount(smallest))
		t.Caption += fmt.Sprintf(" Equivalence: p of a difference of %s or more, adjusted likewise.", amount(smallest))
		t.Columns = slices.Insert(t.Columns, 5, TableColumn{Title: "p of equivalence, Holm", Numeric: true})
	}
	fig.About = v.aboutHuman(f, d, "agreement-differences", "Differences between metrics", says, nil)
	fig.Interval = v.level() + ", paired t over " + d.noun() + "s, in the hover text"
	return fig, t
}

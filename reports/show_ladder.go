package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"probity/reports/figure"
	"probity/stats"
)

// ladderScores are the scores that a finding has a surface of, in its order.
func (f *Finding) ladderScores() []string {
	var out []string
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Quantity == SurfaceMisfit {
			out = append(out, e.Metric)
		}
	}
	return out
}

// showExchangeRate draws the surfaces with their contours, the curves of score over pairs for each quality, and prints
// exchange rates, contours, rungs and fits.
func showExchangeRate(v *View, f *Finding) (Exhibition, error) {
	l := v.in.Ladder
	scores := f.ladderScores()
	if l == nil || len(scores) == 0 {
		return Exhibition{}, nil
	}
	out := Exhibition{Figures: []figure.Drawing{v.ladderCurves(l, f, scores)}}
	for _, s := range scores {
		out.Figures = append(out.Figures, v.ladderSurface(l, f, s))
	}
	out.Tables = append(out.Tables, v.rateTable(l, f), v.rungTable(l, f, scores), v.contourTable(l, f), v.surfaceTable(f))
	if t := v.limitTable(l, f); len(t.Rows) > 0 {
		out.Tables = append(out.Tables, t)
	}
	return out, nil
}

// looks are the qualities of a ladder, from best to worst, each with a look of its own.
func (l *Ladder) looks() []figure.Member {
	var values []float64
	for _, m := range l.Models {
		if !slices.Contains(values, m.Quality) {
			values = append(values, m.Quality)
		}
	}
	slices.Sort(values)
	if l.Levels != nil || l.Higher {
		slices.Reverse(values)
	}
	var out []figure.Member
	for _, q := range values {
		out = append(out, figure.Member{Label: l.qualityWords(q), Family: "quality"})
	}
	return out
}

// qualities are the names of the qualities that rungs have, from best to worst.
func (l *Ladder) qualities(f *Finding) []string {
	var out []string
	for _, m := range l.looks() {
		if slices.ContainsFunc(f.Estimates, func(e Estimate) bool { return e.Quantity == RungScore && e.At == m.Label }) {
			out = append(out, m.Label)
		}
	}
	return out
}

// pairsAxis is the axis of pairs with the sizes that were trained as its ticks.
func (l *Ladder) pairsAxis(f *Finding) figure.Axis {
	a := figure.Axis{Label: "distinct pairs", Log: true}
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Quantity == RungScore && !slices.Contains(a.Ticks, float64(e.Severity)) {
			a.Ticks = append(a.Ticks, float64(e.Severity))
		}
	}
	slices.Sort(a.Ticks)
	for _, t := range a.Ticks {
		name := grouped(int(math.Round(t)))
		if l.isFresh(t) {
			name = "fresh"
		}
		a.Names = append(a.Names, name)
	}
	return a
}

// isFresh reports whether a place on the axis of pairs is that of fresh pairs.
func (l *Ladder) isFresh(pairs float64) bool {
	return slices.ContainsFunc(l.Models, func(m LadderModel) bool { return m.Fresh && math.Abs(math.Log2(m.Pairs/pairs)) < .05 })
}

// sizeCell prints a number of distinct pairs.
func (l *Ladder) sizeCell(pairs Number) TableCell {
	c := TableCell{Text: grouped(int(math.Round(float64(pairs)))), Value: float64(pairs)}
	if l.isFresh(float64(pairs)) {
		c.Text = "fresh (" + c.Text + ")"
	}
	return c
}

func (v *View) aboutLadder(l *Ladder, f *Finding, name, title, says string, list []*Estimate) figure.About {
	return figure.About{Name: slug(name + "-" + l.Name), Title: title, Says: says, N: f.Scope, Interval: v.intervals(list), Warnings: f.warnings(list), Exploratory: f.Exploratory}
}

// ladderCurves draws score over pairs, a panel a score and a curve a quality, with the fitted surface's sections.
func (v *View) ladderCurves(l *Ladder, f *Finding, scores []string) *figure.Curves {
	fig := &figure.Curves{X: l.pairsAxis(f), Y: figure.Axis{Label: "score"}, FreeY: true}
	var all []*Estimate
	for _, s := range scores {
		p := figure.Panel{Title: s}
		for _, q := range l.qualities(f) {
			at := func(quantity Quantity) []*Estimate {
				return f.pick(func(e *Estimate) bool { return e.Quantity == quantity && e.Metric == s && e.At == q })
			}
			rungs, fitted := at(RungScore), at(FittedScore)
			if l.Levels == nil {
				fitted = f.pick(func(e *Estimate) bool {
					return e.Quantity == FittedScore && e.Metric == s && e.At == l.Quality+" "+full(l.numberOf(q))
				})
			}
			if len(rungs) == 0 {
				continue
			}
			series := figure.Series{Label: q, Family: "quality"}
			for _, e := range rungs {
				series.X, series.Y = append(series.X, float64(e.Severity)), append(series.Y, float64(e.Value))
				series.Lo, series.Hi = append(series.Lo, float64(e.Low)), append(series.Hi, float64(e.High))
			}
			series.Fit = &figure.Line{}
			for _, e := range fitted {
				series.Fit.X, series.Fit.Y = append(series.Fit.X, float64(e.Severity)), append(series.Fit.Y, float64(e.Value))
			}
			p.Series = append(p.Series, series)
			all = append(all, rungs...)
		}
		fig.Panels = append(fig.Panels, p)
	}
	fig.About = v.aboutLadder(l, f, "ladder-curves", "Score over pairs for each quality", "Mean score of each rung over the number of distinct pairs, on an axis on which every doubling is as long, with an interval over seeds; lines are the fitted response surface", all)
	return fig
}

// numberOf is the numeric quality of a name.
func (l *Ladder) numberOf(name string) float64 {
	for _, m := range l.Models {
		if l.qualityWords(m.Quality) == name {
			return m.Quality
		}
	}
	return nan
}

// ladderSurface draws one score's fitted surface with contours of equal performance and the rungs.
func (v *View) ladderSurface(l *Ladder, f *Finding, score string) *figure.Surface {
	fig := &figure.Surface{X: l.pairsAxis(f), Y: figure.Axis{Label: l.Quality}, Scale: figure.Scale{Label: score, Decimals: 2}, Fitted: true}
	p := figure.SurfacePanel{Title: score, Label: score, Family: "quality"}
	rows := map[float64]map[float64]float64{}
	place := func(at string) float64 {
		for k, name := range l.Levels {
			if at == name {
				return float64(k)
			}
		}
		var q float64
		if _, err := fmt.Sscanf(at[len(l.Quality):], "%g", &q); err != nil {
			return l.numberOf(at)
		}
		return q
	}
	var all []*Estimate
	for _, e := range f.pick(func(e *Estimate) bool { return e.Metric == score }) {
		x, y := float64(e.Severity), place(orSelf(e.At, l))
		switch e.Quantity {
		case FittedScore:
			if rows[y] == nil {
				rows[y] = map[float64]float64{}
			}
			rows[y][x] = float64(e.Value)
			if !slices.Contains(p.X, x) {
				p.X = append(p.X, x)
			}
			if !slices.Contains(p.Y, y) {
				p.Y = append(p.Y, y)
			}
		case RungScore:
			p.Points = append(p.Points, figure.SurfacePoint{X: x, Y: y, Z: float64(e.Value)})
			if !slices.Contains(fig.Y.Ticks, y) {
				fig.Y.Ticks = append(fig.Y.Ticks, y)
			}
			all = append(all, e)
		case PairsFor:
			if !slices.Contains(p.Levels, float64(e.Realised)) {
				p.Levels = append(p.Levels, float64(e.Realised))
			}
		}
	}
	slices.Sort(p.X)
	slices.Sort(p.Y)
	slices.Sort(fig.Y.Ticks)
	for _, y := range p.Y {
		var row []float64
		for _, x := range p.X {
			row = append(row, rows[y][x])
		}
		p.Z = append(p.Z, row)
	}
	if l.Levels != nil {
		for _, t := range fig.Y.Ticks {
			fig.Y.Names = append(fig.Y.Names, l.Levels[int(t)])
		}
	}
	fig.Panels = []figure.SurfacePanel{p}
	says := "The fitted response surface of " + score + "; along a contour the score is the same, so that its slope is the exchange rate of pairs against quality"
	if l.Levels != nil {
		says += "; between levels the contours only join what belongs together"
	}
	fig.About = v.aboutLadder(l, f, "ladder-surface-"+score, "Equal performance: "+score, says, all)
	fig.Interval = ""
	fig.N = f.Scope
	return fig
}

func orSelf(at string, l *Ladder) string {
	if at == "" {
		return l.Quality + " 0"
	}
	return at
}

// rateTable prints slopes and exchange rates.
func (v *View) rateTable(l *Ladder, f *Finding) Table {
	t := Table{Name: "exchange-rate", Title: "Exchange rates",
		Caption: "How many doublings of pairs a step of quality is worth, with Fieller's " + v.level() + " set, beside the gains that it is the ratio of, in units of the link. Where the gain of a doubling cannot be told from 0 there is no finite rate.",
		Columns: []TableColumn{{Title: "score"}, {Title: "pairs", Numeric: true}, {Title: "quality"}, {Title: "link"}, {Title: "gain of a doubling", Numeric: true}, {Title: "gain of a step", Numeric: true}, {Title: "doublings a step is worth", Numeric: true}}}
	for i := range f.Estimates {
		r := &f.Estimates[i]
		if r.Quantity != ExchangeRate {
			continue
		}
		same := func(q Quantity) *Estimate {
			return f.pick(func(e *Estimate) bool {
				return e.Quantity == q && e.Metric == r.Metric && e.At == r.At && e.Severity == r.Severity
			})[0]
		}
		d, g := same(DoublingGain), same(StepGain)
		rate := t.estimate(f, r, false)
		switch r.Set {
		case string(stats.Exclusive):
			rate.Text, rate.Value = "no finite rate: "+r.setWords(), nan
		case string(stats.WholeLine):
			rate.Text, rate.Value = "no finite rate", nan
		}
		t.Rows = append(t.Rows, TableRow{Cells: []TableCell{{Text: r.Metric}, l.sizeCell(r.Severity), {Text: r.At},
			{Text: d.Unit}, slopeCell(d), slopeCell(g), rate}})
	}
	names := l.qualities(f)
	slices.SortStableFunc(t.Rows, func(a, b TableRow) int {
		if a.Cells[0].Text != b.Cells[0].Text {
			return 0 // scores stand together already
		}
		if d := slices.Index(names, a.Cells[2].Text) - slices.Index(names, b.Cells[2].Text); d != 0 {
			return d
		}
		return cmp.Compare(a.Cells[1].Value, b.Cells[1].Value)
	})
	for i := range t.Rows { // the link in words of the table
		if t.Rows[i].Cells[3].Text == "score" {
			t.Rows[i].Cells[3].Text = "identity"
		}
	}
	return t
}

func slopeCell(e *Estimate) TableCell {
	return TableCell{Text: bracketed(slopeText, float64(e.Value), float64(e.Low), float64(e.High)), Value: float64(e.Value)}
}

// rungTable prints the mean score of every rung.
func (v *View) rungTable(l *Ladder, f *Finding, scores []string) Table {
	t := Table{Name: "ladder-rungs", Title: "Rungs", Caption: "Mean score of each rung with its " + v.level() + " interval; n: models.",
		Columns: []TableColumn{{Title: "pairs", Numeric: true}, {Title: "quality"}, {Title: "n", Numeric: true}}}
	for _, s := range scores {
		t.Columns = append(t.Columns, TableColumn{Title: s, Numeric: true})
	}
	type rung struct {
		at    string
		pairs Number
	}
	var order []rung
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == RungScore }) {
		if r := (rung{e.At, e.Severity}); !slices.Contains(order, r) {
			order = append(order, r)
		}
	}
	for _, r := range order {
		row := TableRow{Cells: []TableCell{l.sizeCell(r.pairs), {Text: r.at}, {}}}
		n := 0
		for _, s := range scores {
			cell := missing
			for _, e := range f.pick(func(e *Estimate) bool {
				return e.Quantity == RungScore && e.Metric == s && e.At == r.at && e.Severity == r.pairs
			}) {
				cell, n = t.estimate(nil, e, true), max(n, e.N)
				cell.Text = slopeCell(e).Text
			}
			row.Cells = append(row.Cells, cell)
		}
		row.Cells[2] = TableCell{Text: fmt.Sprint(n), Value: float64(n)}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// contourTable prints how many pairs reach a score at each quality.
func (v *View) contourTable(l *Ladder, f *Finding) Table {
	t := Table{Name: "ladder-contours", Title: "Contours of equal performance", Caption: "Distinct pairs at which the fitted surface reaches a score, with " + v.level() + " intervals; - where it does not within the sizes that were trained, and no interval where not every seed's surface does.",
		Columns: []TableColumn{{Title: "score"}, {Title: "reaches", Numeric: true}}}
	names := l.qualities(f)
	for _, q := range names {
		t.Columns = append(t.Columns, TableColumn{Title: q, Numeric: true})
	}
	type contour struct {
		metric string
		level  Number
	}
	var order []contour
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == PairsFor }) {
		if c := (contour{e.Metric, e.Realised}); !slices.Contains(order, c) {
			order = append(order, c)
		}
	}
	whole := func(v float64) string {
		if v < 1 {
			return "<1"
		}
		if v > 1e9 {
			return ">1e9"
		}
		return grouped(int(math.Round(v)))
	}
	for _, c := range order {
		row := TableRow{Cells: []TableCell{{Text: c.metric}, {Text: amount(float64(c.level)), Value: float64(c.level)}}}
		for _, q := range names {
			cell := missing
			for _, e := range f.pick(func(e *Estimate) bool {
				return e.Quantity == PairsFor && e.Metric == c.metric && e.Realised == c.level && e.At == q
			}) {
				cell = TableCell{Text: bracketed(whole, float64(e.Value), float64(e.Low), float64(e.High)), Value: float64(e.Value)}
			}
			row.Cells = append(row.Cells, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// surfaceTable prints how each surface was fitted and how well it follows the rungs.
func (v *View) surfaceTable(f *Finding) Table {
	t := Table{Name: "ladder-surfaces", Title: "Response surfaces", Caption: "Link and terms (x: log2 of pairs, q: quality) of each surface, and the F test of its lack of fit against the variance within rungs.",
		Columns: []TableColumn{{Title: "score"}, {Title: "models", Numeric: true}, {Title: "surface and lack of fit"}}}
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == SurfaceMisfit }) {
		cell := t.estimate(f, e, false)
		t.Rows = append(t.Rows, TableRow{Cells: []TableCell{{Text: e.Metric}, {Text: fmt.Sprint(e.N), Value: float64(e.N)}, {Text: e.Method, Value: nan, Notes: cell.Notes}}})
	}
	return t
}

// limitTable prints what fresh pairs add at equal samples, and what more samples add.
func (v *View) limitTable(l *Ladder, f *Finding) Table {
	t := Table{Name: "ladder-limits", Title: "Repetition, diversity and time", Caption: "What fresh pairs add over a rung at equal samples (diversity in place of repetition), and what a longer training adds on the same data (time), with " + v.level() + " intervals.",
		Columns: []TableColumn{{Title: "score"}, {Title: "quality"}, {Title: "from"}, {Title: "to"}, {Title: "difference", Numeric: true}}}
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == FreshGain || e.Quantity == LongerGain }) {
		from, to := l.sizeCell(e.Severity).Text+" pairs", "fresh pairs"
		if e.Quantity == LongerGain {
			to = grouped(int(math.Round(float64(e.Realised)))) + " samples"
		}
		t.Rows = append(t.Rows, TableRow{Cells: []TableCell{{Text: e.Metric}, {Text: e.At}, {Text: from}, {Text: to}, slopeCell(e)}})
	}
	return t
}

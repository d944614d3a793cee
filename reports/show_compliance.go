package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/reports/figure"
)

// showCompliance draws the blindness matrix, the curves of graded kinds, and the tables.
func showCompliance(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, s := range v.a.suites {
		out.Figures = append(out.Figures, v.blindness(f, s))
		out.Figures = append(out.Figures, v.gradedCurves(f, s)...)
		out.Tables = append(out.Tables, v.complianceTable(f, s), v.kindsTable(f, s))
	}
	return out, nil
}

func (v *View) aboutSuite(f *Finding, s *suite, name, title, says string, list []*Estimate) figure.About {
	return figure.About{Name: slug(name + "-" + s.Name), Title: title + ", " + s.Title, Says: says, N: plural(s.clusters, s.noun()), Interval: v.intervals(list), Warnings: f.suiteFootnotes(list), Exploratory: f.Exploratory}
}

// suiteFootnotes are the warnings of a finding as a whole, then those of the estimates that are shown.
func (f *Finding) suiteFootnotes(list []*Estimate) []string {
	var out []string
	for _, w := range f.Warnings {
		if w.Code == "control" || w.Code == "shuffled" || w.Code == "reading" {
			out = append(out, w.Detail)
		}
	}
	return append(out, f.warnings(list)...)
}

// side words of a kind: what differs between its contexts.
func (k *SuiteKind) heading() string {
	words, input := false, false
	for _, d := range k.Differ {
		words = words || d != "input"
		input = input || d == "input"
	}
	switch {
	case words && input:
		return "words and input differ"
	case input:
		return "the input differs"
	}
	return "the words differ"
}

// blindness is the matrix of metrics and kinds of failure, the controls below, agreement with people beside it.
func (v *View) blindness(f *Finding, s *suite) figure.Drawing {
	fig := &figure.Matrix{Scale: figure.Scale{Label: "accuracy (chance .5)", Low: 0, Mid: .5, High: 1, Diverging: true, Decimals: 2}}
	var shown []*Estimate
	byKind := make([][]*Estimate, len(s.Kinds))
	for k, kind := range s.Kinds {
		fig.Columns = append(fig.Columns, figure.Member{Label: kind.Name})
		fig.ColumnGroups = append(fig.ColumnGroups, kind.heading())
		byKind[k] = f.over(s, Accuracy, kind.Name)
	}
	fig.Columns = append(fig.Columns, figure.Member{Label: "of kinds judged"})
	fig.ColumnGroups = append(fig.ColumnGroups, "mean")
	overall := f.over(s, Accuracy, "")
	reasons := map[string]bool{}
	blind := false
	order := s.order()
	for _, m := range order {
		fig.Rows = append(fig.Rows, figure.Member{Label: s.Columns[m].Label, Family: s.family(m)})
		if s.control(m) {
			fig.RowGroups = append(fig.RowGroups, "controls")
		} else {
			fig.RowGroups = append(fig.RowGroups, "metrics of "+s.Reads[m])
		}
		var row []figure.Cell
		for k := range s.Kinds {
			e := byKind[k][m]
			switch {
			case s.Excused[m][k] != "":
				row = append(row, figure.Cell{Value: math.NaN(), Text: "n/a", Warning: ""})
				reasons[s.Excused[m][k]] = true
			case e == nil:
				row = append(row, figure.Cell{Value: math.NaN()})
			default:
				c := figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)}
				if s.Blind[m][k] {
					c.Text, blind = "blind", true
				} else if !(e.Low > .5 || e.High < .5) {
					c.Mark = "~"
				}
				row = append(row, c)
				shown = append(shown, e)
			}
		}
		if e := overall[m]; e != nil {
			c := figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High)}
			if e.Low <= .5 && e.High >= .5 {
				c.Mark = "~"
			}
			row = append(row, c)
			shown = append(shown, e)
		} else {
			row = append(row, figure.Cell{Value: math.NaN(), Text: "n/a"})
		}
		fig.Cells = append(fig.Cells, row)
	}
	fig.Side = []figure.SideColumn{{Title: "kinds judged"}}
	for _, m := range order {
		fig.Side[0].Values = append(fig.Side[0].Values, fmt.Sprint(len(s.judged(m))))
	}
	for _, p := range v.peopleColumns(f, s) {
		col := figure.SideColumn{Title: p.Title}
		for _, m := range order {
			col.Values = append(col.Values, p.Values[m])
		}
		fig.Side = append(fig.Side, col)
	}
	says := "How often each metric prefers the right output of a requirement to a wrong one, by kind of failure; ~: the interval contains .5"
	if blind {
		says += "; blind: at .5 exactly by construction, since the metric does not look at what differs"
	}
	if len(reasons) > 0 {
		var list []string
		for r := range reasons {
			r, _, _ = strings.Cut(r, ":")
			if !slices.Contains(list, r) {
				list = append(list, r)
			}
		}
		slices.Sort(list)
		says += "; n/a: not judged, since " + strings.Join(list, "; or ")
	}
	fig.About = v.aboutSuite(f, s, "blindness", "The blindness matrix", says, shown)
	return fig
}

// order are the columns as they are shown: metrics by what they look at, then the controls.
func (s *suite) order() []int {
	var out []int
	for _, group := range readings {
		for m := range s.Metrics {
			if s.Reads[m] == group {
				out = append(out, m)
			}
		}
	}
	for m := s.Metrics; m < len(s.Columns); m++ {
		out = append(out, m)
	}
	return out
}

// peopleColumns are the side columns of agreement with people, one a data set that any metric was compared on.
func (v *View) peopleColumns(f *Finding, s *suite) []figure.SideColumn {
	var out []figure.SideColumn
	for _, d := range v.a.humans {
		col := figure.SideColumn{Title: "agrees with people, " + d.Name, Values: make([]string, len(s.Columns))}
		any := false
		for m := range s.Columns {
			for i := range f.Estimates {
				if e := &f.Estimates[i]; e.Quantity == PeopleAgree && e.At == d.Name && e.Dataset == s.Name && e.Metric == s.Columns[m].Label {
					col.Values[m], any = share(float64(e.Value)), true
				}
			}
		}
		if any {
			out = append(out, col)
		}
	}
	return out
}

// gradedCurves are accuracy against severity of each variant of a graded kind, every metric that looks at what differs.
func (v *View) gradedCurves(f *Finding, s *suite) []figure.Drawing {
	type place struct{ kind, variant, unit string }
	var places []place
	for i := range f.Estimates {
		e := &f.Estimates[i]
		if p := (place{e.Perturb, e.At, e.Unit}); e.Dataset == s.Name && e.Quantity == Accuracy && e.At != "" && !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	var out []figure.Drawing
	for _, p := range places {
		k := slices.IndexFunc(s.Kinds, func(x SuiteKind) bool { return x.Name == p.kind })
		panel := figure.Panel{Title: p.variant, References: []figure.Reference{{Label: "chance", At: .5}}}
		var shown []*Estimate
		for m := range s.Columns {
			if s.Blind[m][k] || s.Excused[m][k] != "" || s.control(m) && s.Columns[m].Label != "pixel difference" {
				continue
			}
			line := figure.Series{Label: s.Columns[m].Label, Family: s.family(m), Control: s.control(m)}
			for _, e := range f.pick(func(e *Estimate) bool {
				return e.Dataset == s.Name && e.Quantity == Accuracy && e.Perturb == p.kind && e.At == p.variant && e.Metric == s.Columns[m].Label
			}) {
				line.X, line.Y = append(line.X, float64(e.Severity)), append(line.Y, float64(e.Value))
				line.Lo, line.Hi = append(line.Lo, float64(e.BandLow)), append(line.Hi, float64(e.BandHigh))
				shown = append(shown, e)
			}
			if s.control(m) {
				line.Lo, line.Hi = nil, nil
			}
			if len(line.X) > 0 {
				panel.Series = append(panel.Series, line)
			}
		}
		if len(panel.Series) == 0 {
			continue
		}
		fig := &figure.Curves{X: figure.Axis{Label: strings.TrimSpace(p.variant + ", " + unitText(p.unit)), Log: true}, Y: figure.Axis{Label: "accuracy", Min: 0, Max: 1}, Panels: []figure.Panel{panel}}
		fig.About = v.aboutSuite(f, s, p.kind+"-"+p.variant, p.kind+", "+p.variant, fmt.Sprintf("Accuracy against the severity of %s; metrics that cannot see it are left out", p.kind), shown)
		if in := v.bands(shown); in != "" {
			fig.Interval = in
		}
		out = append(out, fig)
	}
	return out
}

// complianceTable sums each metric up.
func (v *View) complianceTable(f *Finding, s *suite) Table {
	t := Table{Name: slug("compliance-" + s.Name), Title: "Compliance, " + s.Title,
		Caption: fmt.Sprintf("Mean over the kinds that a metric is judged on, with %s intervals over %s; margins in standard deviations of the metric's own null. Bold: better than every other metric judged on as many kinds; ~: the best of them, and all that cannot be told from it.", v.level(), plural(s.clusters, s.noun()))}
	t.Columns = []TableColumn{{Title: "metric"}, {Title: "kinds judged", Numeric: true}, {Title: "of these blind", Numeric: true}, {Title: "accuracy ↑", Numeric: true}, {Title: "both contexts right ↑", Numeric: true},
		{Title: "margin ↑", Numeric: true}, {Title: "shuffled (.5)", Numeric: true}}
	people := v.peopleColumns(f, s)
	for _, p := range people {
		t.Columns = append(t.Columns, TableColumn{Title: p.Title, Numeric: true})
	}
	acc, both, margin, mixed := f.over(s, Accuracy, ""), f.over(s, BothRight, ""), f.over(s, Margin, ""), f.over(s, ShuffledAccuracy, "")
	best := s.bestOf(f, acc)
	cell := func(e *Estimate, onShare bool) TableCell {
		if e == nil {
			return missing
		}
		return t.estimate(nil, e, onShare)
	}
	for _, m := range s.order() {
		judged := s.judged(m)
		blind := 0
		for _, k := range judged {
			if s.Blind[m][k] {
				blind++
			}
		}
		row := TableRow{Metric: s.Columns[m].Label, Cells: []TableCell{{Text: s.Columns[m].Label}, {Text: fmt.Sprint(len(judged)), Value: float64(len(judged))}, {Text: fmt.Sprint(blind), Value: float64(blind)}}}
		if s.control(m) {
			row.Cells[0].Text = "control: " + s.Columns[m].Label
		}
		a := cell(acc[m], true)
		if best != nil && !s.control(m) {
			a.Bold, a.Tie = best[m] == 2, best[m] == 1
		}
		row.Cells = append(row.Cells, a, cell(both[m], true), cell(margin[m], false), cell(mixed[m], true))
		for _, p := range people {
			c := missing
			if p.Values[m] != "" {
				c = TableCell{Text: p.Values[m], Value: nan}
			}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// bestOf marks, among the metrics judged on the most kinds, the one that is better than every other (2), or the best and all that
// cannot be told from it (1).
func (s *suite) bestOf(f *Finding, acc []*Estimate) []int {
	full := 0
	for m := range s.Metrics {
		full = max(full, len(s.judged(m)))
	}
	best := -1
	competes := func(m int) bool { return acc[m] != nil && len(s.judged(m)) == full }
	for m := range s.Metrics {
		if competes(m) && (best < 0 || acc[m].Value > acc[best].Value) {
			best = m
		}
	}
	if best < 0 {
		return nil
	}
	out := make([]int, len(acc))
	alone := true
	for m := range s.Metrics {
		if m == best || !competes(m) {
			continue
		}
		told := slices.ContainsFunc(f.Contrasts, func(c Contrast) bool {
			pair := c.Metric == s.Columns[m].Label && c.Against == s.Columns[best].Label || c.Against == s.Columns[m].Label && c.Metric == s.Columns[best].Label
			return c.Dataset == s.Name && pair && c.Verdict != Undecided
		})
		if !told {
			out[m], alone = 1, false
		}
	}
	if out[best] = 1; alone {
		out[best] = 2
	}
	return out
}

// kindsTable has a row a metric and a column a kind.
func (v *View) kindsTable(f *Finding, s *suite) Table {
	t := Table{Name: slug("compliance-kinds-" + s.Name), Title: "Accuracy by kind of failure, " + s.Title,
		Caption: fmt.Sprintf("With %s intervals over %s. blind: .5 by construction; n/a: not judged, for the reason noted.", v.level(), plural(s.clusters, s.noun()))}
	t.Columns = []TableColumn{{Title: "metric"}}
	byKind := make([][]*Estimate, len(s.Kinds))
	for k, kind := range s.Kinds {
		t.Columns = append(t.Columns, TableColumn{Title: kind.Name, Numeric: true})
		byKind[k] = f.over(s, Accuracy, kind.Name)
	}
	note := func(text string) []int {
		i := slices.Index(t.Notes, text)
		if i < 0 {
			i = len(t.Notes)
			t.Notes = append(t.Notes, text)
		}
		return []int{i + 1}
	}
	for _, m := range s.order() {
		row := TableRow{Metric: s.Columns[m].Label, Cells: []TableCell{{Text: s.Columns[m].Label}}}
		for k := range s.Kinds {
			e := byKind[k][m]
			switch {
			case s.Excused[m][k] != "":
				row.Cells = append(row.Cells, TableCell{Text: "n/a", Value: nan, Notes: note(s.Excused[m][k])})
			case e == nil:
				row.Cells = append(row.Cells, missing)
			case s.Blind[m][k]:
				row.Cells = append(row.Cells, TableCell{Text: share(float64(e.Value)) + " blind", Value: float64(e.Value)})
			default:
				row.Cells = append(row.Cells, t.estimate(nil, e, true))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

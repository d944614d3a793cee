package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/reports/figure"
)

// View is what exhibits are made with: the metrics in the report's order with their looks, and the pictures to show. An
// exhibit takes its numbers from the finding alone.
type View struct {
	in      *Input
	columns []column
	curves  []*curve
	a       *Analysis
	palette *figure.Palette
}

// Exhibition is what a report shows of one finding.
type Exhibition struct {
	Figures []figure.Drawing
	Tables  []Table
	Data    []Data
}

// Data is a file beside the tables with what a finding was computed from.
type Data struct {
	Name string // file stem
	CSV  string
}

func (a *Analysis) view() *View {
	var members []figure.Member
	for i := range a.columns {
		members = append(members, figure.Member{Label: a.columns[i].Label, Family: a.columns[i].lookFamily()})
	}
	for _, d := range a.humans {
		for m := range d.Columns {
			members = append(members, figure.Member{Label: d.Columns[m].Label, Family: d.family(m)})
		}
	}
	for _, s := range a.suites {
		for m := range s.Columns {
			members = append(members, figure.Member{Label: s.Columns[m].Label, Family: s.family(m)})
		}
	}
	if a.in.Ladder != nil {
		members = append(members, a.in.Ladder.looks()...)
	}
	return &View{in: a.in, columns: a.columns, curves: a.curves, a: a, palette: figure.NewPalette(members)}
}

// lookFamily is the family that decides a metric's look; pixel controls and untrained twins look like controls.
func (c *column) lookFamily() string {
	if c.control {
		return "control"
	}
	return c.family()
}

// pick gives a finding's estimates that fit, in the finding's order.
func (f *Finding) pick(fits func(e *Estimate) bool) []*Estimate {
	var out []*Estimate
	for i := range f.Estimates {
		if fits(&f.Estimates[i]) {
			out = append(out, &f.Estimates[i])
		}
	}
	return out
}

// perturbs are the labels of edits in a finding's estimates of one quantity, in order.
func (f *Finding) perturbs(q Quantity) []string {
	var out []string
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Quantity == q && !math.IsNaN(float64(e.Area)) && !slices.Contains(out, e.Perturb) {
			out = append(out, e.Perturb)
		}
	}
	return out
}

// places are the regions of one edit, in the report's order.
func (v *View) places(perturb string) []*curve {
	var out []*curve
	for _, c := range v.curves {
		if c.perturb == perturb {
			out = append(out, c)
		}
	}
	return out
}

func (e *Estimate) on(c *curve) bool {
	return e.Perturb == c.perturb && e.Shape == c.shape && float64(e.Area) == c.area
}

// warnings are the words of the warnings that some estimates carry, the most frequent kinds not repeated endlessly: after
// six the rest are counted.
func (f *Finding) warnings(list []*Estimate) []string {
	const most = 6
	seen := make([]bool, len(f.Warnings))
	for _, e := range list {
		for _, w := range e.Warnings {
			seen[w] = true
		}
	}
	var out []string
	more := 0
	for i, yes := range seen {
		switch {
		case !yes:
		case len(out) < most:
			out = append(out, f.Warnings[i].Detail)
		default:
			more++
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("and %d more of the kind, in findings.json", more))
	}
	return out
}

// first is the first warning of an estimate in words, "" where it has none.
func (f *Finding) first(e *Estimate) string {
	if len(e.Warnings) == 0 {
		return ""
	}
	return f.Warnings[e.Warnings[0]].Detail
}

// about fills in what every figure of a finding carries.
func (v *View) about(f *Finding, name, title, says string, list []*Estimate, interval string) figure.About {
	lo, hi := math.MaxInt, 0
	for _, e := range list {
		lo, hi = min(lo, e.N), max(hi, e.N)
	}
	n := plural(hi, v.a.noun())
	if lo < hi {
		n = fmt.Sprintf("%d to %s", lo, n)
	}
	return figure.About{Name: slug(name), Title: title, Says: says, N: n, Interval: interval, Warnings: f.warnings(list), Exploratory: f.Exploratory}
}

// level writes the coverage of the intervals: "95 %".
func (v *View) level() string { return percent(v.a.level) }

// intervals names how a list's intervals were made: the one method, or the several.
func (v *View) intervals(list []*Estimate) string {
	var methods []string
	for _, e := range list {
		m, _, _ := strings.Cut(e.Method, ",")
		if e.Method != "none" && !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	if len(methods) == 0 {
		return ""
	}
	return v.level() + ", " + strings.Join(methods, "; ")
}

func (v *View) bands(list []*Estimate) string {
	if s := v.intervals(list); s != "" {
		return s + "; bands are simultaneous over the severities of a curve"
	}
	return ""
}

// slug makes a file name of words.
func slug(s string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_':
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		default:
			dash = true
		}
	}
	return b.String()
}

// severityAxis is the x axis of an edit's curves: log where the severity is a ratio and never 0.
func severityAxis(c *curve) figure.Axis {
	label := c.perturb
	switch {
	case c.axis.Name != "" && unitText(c.axis.Unit) != "" && !strings.Contains(c.axis.Name, "CIEDE2000"):
		label += ", " + c.axis.Name + " (" + unitText(c.axis.Unit) + ")"
	case c.axis.Name != "":
		label += ", " + c.axis.Name
	case unitText(c.unit) != "":
		label += ", " + unitText(c.unit)
	}
	a := figure.Axis{Label: strings.ReplaceAll(label, "CIEDE2000", "ΔE00"), Log: !c.axis.Fixed}
	for _, x := range c.cells {
		if x.realised <= 0 {
			a.Log = false
		}
	}
	if c.axis.Fixed { // done or not
		a.Label, a.Ticks = c.perturb, []float64{}
	}
	return a
}

// gridCurves are the curves of a quantity on 0..1 for every edit in every region, a panel each, so that edits can be
// compared; nil where there is one edit only. fits restricts the estimates.
func (v *View) gridCurves(f *Finding, q Quantity, name, title, says, y string, fits func(e *Estimate) bool) *figure.Curves {
	grid := &figure.Curves{Y: figure.Axis{Label: y, Min: 0, Max: 1}}
	edits := f.perturbs(q)
	if len(edits) < 2 {
		return nil
	}
	var all []*Estimate
	for _, perturb := range edits {
		fig := v.rankCurves(f, q, perturb, name, title, says, y, fits, func(_ *figure.Panel, _ *curve, shown []*Estimate) { all = append(all, shown...) })
		if fig == nil {
			continue
		}
		for _, p := range fig.Panels {
			x := fig.X
			x.Label = strings.TrimPrefix(strings.TrimPrefix(x.Label, perturb), ", ")
			p.Title, p.X = perturb+", "+p.Title, &x
			grid.Panels = append(grid.Panels, p)
		}
	}
	if len(grid.Panels) < 2 {
		return nil
	}
	grid.About = v.about(f, name, title, says, all, v.bands(all))
	return grid
}

func unitText(u string) string {
	switch u {
	case "dE00":
		return "ΔE00"
	case "fraction": // .25 of what is named anyway
		return ""
	}
	return u
}

// thumbs show what the severities of an edit look like, from the first source that is shown.
func (v *View) thumbs(perturb string) []figure.Thumb {
	var out []figure.Thumb
	source := ""
	for i := range v.in.Exhibits {
		x := &v.in.Exhibits[i]
		if x.Original || x.Stimulus.Perturb != perturb || x.Stimulus.Null != "" || source != "" && x.Stimulus.Source != source {
			continue
		}
		source = x.Stimulus.Source
		if slices.ContainsFunc(out, func(t figure.Thumb) bool { return t.At == x.Stimulus.Severity }) {
			continue
		}
		label := withUnit(x.Stimulus.Severity, unitText(x.Stimulus.Unit))
		if places := v.places(perturb); len(places) > 0 && places[0].axis.Fixed {
			label = "edited"
		}
		out = append(out, figure.Thumb{PNG: x.PNG, At: x.Stimulus.Severity, Label: label})
	}
	if len(out) > 8 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b figure.Thumb) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return 0
	})
	return out
}

// series turns one metric's estimates of a curve into a line with its band.
func (v *View) series(f *Finding, m int, list []*Estimate) figure.Series {
	c := &v.columns[m]
	s := figure.Series{Label: c.Label, Family: c.lookFamily(), Control: c.control}
	banded := false
	for _, e := range list {
		x := float64(e.Realised)
		if math.IsNaN(x) {
			x = float64(e.Severity)
		}
		lo, hi := float64(e.BandLow), float64(e.BandHigh)
		if math.IsNaN(lo) {
			lo, hi = float64(e.Low), float64(e.High)
		}
		banded = banded || !math.IsNaN(lo)
		s.X, s.Y, s.Lo, s.Hi = append(s.X, x), append(s.Y, float64(e.Value)), append(s.Lo, lo), append(s.Hi, hi)
		if s.Warning == "" {
			s.Warning = f.first(e)
		}
	}
	if !banded {
		s.Lo, s.Hi = nil, nil
	}
	return s
}

// rankCurves are the curves of a quantity on 0..1 for one edit, a panel a region, all metrics with their controls. fits
// restricts the estimates; nil where none is left.
func (v *View) rankCurves(f *Finding, q Quantity, perturb, name, title, says, y string, fits func(e *Estimate) bool, finish func(p *figure.Panel, c *curve, shown []*Estimate)) *figure.Curves {
	places := v.places(perturb)
	fig := &figure.Curves{X: severityAxis(places[0]), Y: figure.Axis{Label: y, Min: 0, Max: 1}}
	var all []*Estimate
	for _, c := range places {
		p := figure.Panel{Title: c.region(), References: []figure.Reference{{Label: "chance", At: .5}}}
		var shown []*Estimate
		for m := range v.columns {
			list := f.pick(func(e *Estimate) bool {
				return e.Quantity == q && e.Metric == v.columns[m].Label && e.on(c) && (fits == nil || fits(e))
			})
			if len(list) > 0 {
				p.Series = append(p.Series, v.series(f, m, list))
				shown = append(shown, list...)
			}
		}
		if len(p.Series) == 0 {
			continue
		}
		if finish != nil {
			finish(&p, c, shown)
		}
		fig.Panels = append(fig.Panels, p)
		all = append(all, shown...)
	}
	if len(fig.Panels) == 0 {
		return nil
	}
	fig.Thumbs = v.thumbs(perturb)
	fig.About = v.about(f, name, title, says, all, v.bands(all))
	return fig
}

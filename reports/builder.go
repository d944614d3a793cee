package reports

import (
	"fmt"
	"math"
	"strings"

	"probity/internal/trial"
)

// builder makes a finding: it numbers warnings and fills in what every estimate carries.
type builder struct {
	a     *Analysis
	f     *Finding
	index map[[2]string]int
}

func (a *Analysis) build(kind, title string) *builder {
	info, _ := Kinds.Info(kind)
	f := &Finding{Kind: kind, Version: max(1, info.Version), Title: title, Exploratory: true, Scope: a.scope(), Estimates: []Estimate{}, Warnings: []Warning{}}
	return &builder{a: a, f: f, index: map[[2]string]int{}}
}

// warn numbers a warning; the same words count once.
func (b *builder) warn(code, format string, args ...any) int {
	detail := fmt.Sprintf(format, args...)
	key := [2]string{code, detail}
	i, ok := b.index[key]
	if !ok {
		i = len(b.f.Warnings)
		b.index[key] = i
		b.f.Warnings = append(b.f.Warnings, Warning{Code: code, Detail: detail})
	}
	return i
}

func (b *builder) refuse(what, format string, args ...any) {
	b.f.Refused = append(b.f.Refused, Refusal{what, fmt.Sprintf(format, args...)})
}

func (b *builder) add(e Estimate) {
	e.Level = b.a.level
	if e.Method == "" {
		e.Method = "none"
	}
	for _, w := range e.Warnings {
		b.f.Warnings[w].Count++
	}
	b.f.Estimates = append(b.f.Estimates, e)
}

// blank is an estimate of nothing in particular: what does not apply is NaN.
func blank(q Quantity, metric string) Estimate {
	nan := Number(math.NaN())
	return Estimate{Quantity: q, Metric: metric, Area: nan, Severity: nan, Realised: nan, Value: nan, Low: nan, High: nan, BandLow: nan, BandHigh: nan, DF: nan}
}

// at names the cell that an estimate is about.
func (e Estimate) at(c *curve, x *cell) Estimate {
	e.Perturb, e.Shape, e.Area, e.Unit = c.perturb, c.shape, Number(c.area), c.unit
	if x != nil {
		e.Severity, e.Realised = Number(x.severity), Number(x.realised)
	}
	return e
}

func (e Estimate) with(value float64, v interval, k, sources int) Estimate {
	e.Value, e.Low, e.High, e.Method, e.DF, e.N, e.Sources = Number(value), Number(v.low), Number(v.high), v.method, Number(v.df), k, sources
	return e
}

// sourceWarnings are those about how many sources there are.
func (b *builder) sourceWarnings(k int) (out []int) {
	switch {
	case k < 2:
		out = append(out, b.warn("one-source", "%s: no interval can be given", plural(k, "independent "+b.a.noun())))
	case k < fewClusters:
		out = append(out, b.warn("few-sources", "only %s: intervals are from t and hold if values are nearly normal between them", plural(k, "independent "+b.a.noun())))
	}
	return out
}

// metricWarnings are those about a metric whatever the cell.
func (b *builder) metricWarnings(m int) (out []int) {
	c := &b.a.columns[m]
	if c.constant {
		out = append(out, b.warn("constant", "%s gives every stimulus the same score", c.Label))
	}
	if c.missing > 0 {
		out = append(out, b.warn("missing", "%s: %d of %d scores could not be computed and are left out", c.Label, c.missing, len(c.score)))
	}
	return out
}

// cellWarnings are those about a metric on one cell: what was asked of the pictures but not done, and what the model
// cannot have seen.
func (b *builder) cellWarnings(m int, c *curve, x *cell) (out []int) {
	n := len(b.a.sources)
	if x.unreachable > 0 {
		out = append(out, b.warn("unreachable", "%s", c.unreached(n, b.a.noun())))
	}
	if x.clipped > 0 {
		most := 0
		for _, y := range c.cells {
			most = max(most, y.clipped)
		}
		out = append(out, b.warn("clipped", "%s (%s): colours left the gamut and were clipped on up to %d of %s", c.perturb, c.region(), most, plural(n, b.a.noun())))
	}
	if lost := b.a.lost(m, x); lost > 0 {
		out = append(out, b.warn("crop", "%s: on %d of %s, less than half of the edited region (%s) is left in the input of %s", b.a.columns[m].Label, lost, plural(n, b.a.noun()), c.region(), b.a.columns[m].Model))
	}
	return out
}

// unreached tells on how many sources the targets of a curve were out of reach, and where its points then stand.
func (c *curve) unreached(n int, noun string) string {
	var parts []string
	for _, x := range c.cells {
		if x.unreachable == 0 {
			continue
		}
		s := fmt.Sprintf("%s on %d", withUnit(x.severity, unitText(c.unit)), x.unreachable)
		if x.realised != x.severity {
			s += fmt.Sprintf(" (the point stands at the mean reached, %s)", digits(x.realised))
		}
		parts = append(parts, s)
	}
	return fmt.Sprintf("%s (%s): of %s, the target was out of reach at %s", c.perturb, c.region(), plural(n, noun), strings.Join(parts, ", "))
}

// lost counts the sources on which the model that a metric stands on sees less than half of the edited region.
func (a *Analysis) lost(m int, x *cell) int {
	model := a.columns[m].Model
	if model == "" {
		return 0
	}
	lost := 0
	each := func(rows []int) bool {
		for _, i := range rows {
			if v, ok := a.table.Stimuli[i].Visible[model]; ok && v < .5 {
				return true
			}
		}
		return false
	}
	for s := range a.sources {
		gone := each(x.rows[s])
		for n := range x.crossed {
			gone = gone || each(x.crossed[n][s])
		}
		if gone {
			lost++
		}
	}
	return lost
}

// scope names what the numbers hold for.
func (a *Analysis) scope() string {
	var networks []string
	seen := map[string]bool{}
	metrics := 0
	for _, c := range a.columns {
		metrics++
		if c.Model != "" && !seen[c.Model] {
			seen[c.Model] = true
			networks = append(networks, c.Model)
		}
	}
	if len(a.sources) == 0 && a.in.Ladder != nil {
		return a.in.Ladder.scope()
	}
	if len(a.sources) == 0 && len(a.suites) > 0 {
		return scopeOfSuites(a.suites)
	}
	if len(a.sources) == 0 && len(a.humans) > 0 {
		return scopeOf(a.humans)
	}
	if len(a.sources) == 0 && len(a.table.Spaces) > 0 {
		return scopeOfSpaces(a.table.Spaces)
	}
	s := plural(metrics, "metric")
	switch n := len(networks); {
	case n == 1:
		s += " on the network " + networks[0]
	case n > 1 && n <= 4:
		s += fmt.Sprintf(" on %d networks (%s)", n, strings.Join(networks, ", "))
	case n > 4:
		s += fmt.Sprintf(" on %d networks", n)
	}
	s += ", " + plural(len(a.sources), a.noun())
	if d := a.in.Experiment.Dataset; d != "" {
		s += " of " + d
	}
	if len(a.clusters) < len(a.sources) {
		s += fmt.Sprintf(" (%d independent)", len(a.clusters))
	}
	return s
}

func (a *Analysis) noun() string {
	if n := a.in.Experiment.Noun; n != "" {
		return n
	}
	return "source"
}

// anchorWords is what the anchor is: a change of class only where there are classes.
func (a *Analysis) anchorWords() string {
	if a.in.Experiment.HasClasses {
		return "a change of class"
	}
	return "another image"
}

// family is the group that figures colour alike.
func (c *column) family() string {
	switch {
	case c.Group == trial.PixelControl:
		return "control"
	case c.Group == trial.Learned && c.Family != "":
		return c.Family
	case c.Group == "":
		return string(trial.External)
	}
	return string(c.Group)
}

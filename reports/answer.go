package reports

import (
	"fmt"
	"math"
	"strings"

	"probity/internal/trial"
)

// reference is the cell that answers speak of: the middle severity of the smallest local region of each edit, or of the
// whole picture where the edit has no local one; one for each edit, in the table's order.
func (a *Analysis) reference() []place {
	var out []place
	seen := map[string]int{}
	for i, c := range a.curves {
		p := place{i, c, c.cells[len(c.cells)/2]}
		k, ok := seen[c.perturb]
		switch {
		case !ok:
			seen[c.perturb] = len(out)
			out = append(out, p)
		case c.local() && (!out[k].curve.local() || c.area < out[k].curve.area):
			out[k] = p
		}
	}
	return out
}

// headline is the reference cell that a report's first sentence speaks of: the first local edit, else the first edit.
func (a *Analysis) headline() (place, bool) {
	all := a.reference()
	for _, p := range all {
		if p.curve.local() {
			return p, true
		}
	}
	if len(all) == 0 {
		return place{}, false
	}
	return all[0], true
}

// isAt reports whether an estimate is about a cell.
func (e *Estimate) isAt(p place) bool {
	return e.Perturb == p.curve.perturb && e.Shape == p.curve.shape && float64(e.Area) == p.curve.area && float64(e.Severity) == p.cell.severity
}

// collect gives, for every metric that is no control, its estimate of a quantity that fits.
func (a *Analysis) collect(f *Finding, fits func(e *Estimate) bool) []*Estimate {
	var out []*Estimate
	for i := range f.Estimates {
		e := &f.Estimates[i]
		if m := a.column(e.Metric); m >= 0 && !a.columns[m].control && !a.mute(e) && fits(e) && !math.IsNaN(float64(e.Value)) {
			out = append(out, e)
		}
	}
	return out
}

// mute reports whether a metric that compares with a request had none to compare with: an edit that nobody asked for gives
// it the same score everywhere, which is no result about the metric.
func (a *Analysis) mute(e *Estimate) bool {
	return a.columns[a.column(e.Metric)].Group == trial.Triplet && e.Value == .5 && e.Low == .5 && e.High == .5
}

// extremes are the estimates with the largest and the smallest value, the first of equals.
func extremes(list []*Estimate) (most, least *Estimate) {
	for _, e := range list {
		if most == nil || e.Value > most.Value {
			most = e
		}
		if least == nil || e.Value < least.Value {
			least = e
		}
	}
	return most, least
}

func (e *Estimate) ranged() string {
	return ranged(float64(e.Value), float64(e.Low), float64(e.High))
}

// noticed names the metrics whose interval lies above one half, of those given.
func noticed(list []*Estimate) (above int) {
	for _, e := range list {
		if e.Low > .5 {
			above++
		}
	}
	return above
}

func counted(k, n int) string {
	switch k {
	case 0:
		return fmt.Sprintf("none of the %d metrics", n)
	case n:
		if n == 1 {
			return "the one metric"
		}
		return fmt.Sprintf("all %d metrics", n)
	case 1:
		return fmt.Sprintf("1 of the %d metrics", n)
	}
	return fmt.Sprintf("%d of the %d metrics", k, n)
}

func verb(k int, one, many string) string {
	if k == 1 {
		return one
	}
	return many
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// rankAnswer is the sentence of detection at one cell.
func (a *Analysis) rankAnswer(f *Finding, q Quantity, p place, does, name string) string {
	got := a.collect(f, func(e *Estimate) bool { return e.Quantity == q && e.Worst && e.isAt(p) })
	most, least := extremes(got)
	if most == nil {
		return ""
	}
	k := noticed(got)
	s := fmt.Sprintf("%s %s %s amid the worst null of each (interval above .5): most %s, %s %s (n = %d, worst null %s)",
		sentence(counted(k, len(got)))+a.aside(), verb(k, does+"s", does), p.curve.describe(p.cell), most.Metric, name, most.ranged(), most.N, most.Null)
	if least != most {
		s += fmt.Sprintf("; least %s, %s (worst null %s)", least.Metric, least.ranged(), least.Null)
	}
	return s + "."
}

func (a *Analysis) detectionAnswer(f *Finding) string {
	var out []string
	for _, p := range a.reference() {
		if s := a.rankAnswer(f, AWithin, p, "find", "A within"); s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return "No edit amid noise was scored, so that nothing can be said of detection."
	}
	if p, ok := a.headline(); ok {
		out = append(out, a.thresholdWords(f, p))
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

// thresholdWords tells the lowest threshold at a region.
func (a *Analysis) thresholdWords(f *Finding, p place) string {
	var low *Estimate
	beyond := 0
	all := a.collect(f, func(e *Estimate) bool {
		return e.Quantity == Threshold && e.Worst && e.Perturb == p.curve.perturb && e.Shape == p.curve.shape && float64(e.Area) == p.curve.area
	})
	for _, e := range all {
		if e.Censored != 0 {
			beyond++
		} else if low == nil || (e.Value < low.Value) != p.curve.axis.Descending {
			low = e
		}
	}
	if len(all) == 0 {
		return ""
	}
	where := p.curve.perturb + " (" + p.curve.region() + ")"
	if low == nil {
		return fmt.Sprintf("No metric has a threshold for %s within the severities tested.", where)
	}
	s := fmt.Sprintf("The lowest threshold for %s is that of %s, %s", where, low.Metric, thresholdText(low))
	if beyond > 0 {
		s += fmt.Sprintf("; %d of %d lie beyond the severities tested", beyond, len(all))
	}
	return s + "."
}

// thresholdText writes a threshold with its interval, either of which may be beyond what was tested.
func thresholdText(e *Estimate) string {
	return thresholdWords(e, withUnit(float64(e.Value), unitText(e.Unit)))
}

// thresholdWords is a threshold, written v, with its interval or the side on which it is censored.
func thresholdWords(e *Estimate, v string) string {
	switch e.Censored {
	case 1:
		return "> " + v
	case -1:
		return "< " + v
	}
	lo, hi := "below tested", "beyond tested"
	if !math.IsNaN(float64(e.Low)) {
		lo = digits(float64(e.Low))
	}
	if !math.IsNaN(float64(e.High)) {
		hi = digits(float64(e.High))
	}
	return fmt.Sprintf("%s [%s, %s]", v, lo, hi)
}

func (a *Analysis) salienceAnswer(f *Finding) string {
	var out []string
	for _, p := range a.reference() {
		got := a.collect(f, func(e *Estimate) bool { return e.Quantity == Salience && e.Worst && e.isAt(p) })
		most, least := extremes(got)
		if most == nil {
			continue
		}
		k := noticed(got)
		below := 0
		for _, e := range got {
			if e.High < .5 {
				below++
			}
		}
		s := fmt.Sprintf("%s %s %s, alone, above the null that stands out most, alone: most %s, %s (n = %d, null %s)", sentence(counted(k, len(got)))+a.aside(), verb(k, "rates", "rate"),
			p.curve.describe(p.cell), most.Metric, most.ranged(), most.N, most.Null)
		if least != most {
			s += fmt.Sprintf("; least %s, %s (null %s)", least.Metric, least.ranged(), least.Null)
		}
		if below > 0 {
			s += fmt.Sprintf("; %s a null above the edit (interval below .5)", counted(below, len(got))+" "+verb(below, "rates", "rate"))
		}
		out = append(out, s+".")
	}
	if len(out) == 0 {
		return "No edit and null were scored alone, so that nothing can be said of salience."
	}
	return strings.Join(out, " ")
}

func (a *Analysis) sensitivityAnswer(f *Finding) string {
	var out []string
	p, ok := a.headline()
	if !ok {
		return "No edit was scored."
	}
	got := a.collect(f, func(e *Estimate) bool { return e.Quantity == NullPercentile && e.isAt(p) })
	if most, least := extremes(got); most != nil {
		s := fmt.Sprintf("At %s the edit stands, on average, above %s of the nulls of the same %s by %s", p.curve.describe(p.cell), most.ranged(), a.noun(), most.Metric)
		if least != most {
			s += fmt.Sprintf(" and above %s by %s", least.ranged(), least.Metric)
		}
		out = append(out, s+fmt.Sprintf(" (n = %d).", most.N))
	}
	if s := a.classWords(f, p); s != "" {
		out = append(out, s)
	}
	if len(out) == 0 {
		return "There is no null to rank the edits among; the curves are raw."
	}
	return strings.Join(out, " ")
}

// classWords compares an edit with what a change of class does.
func (a *Analysis) classWords(f *Finding, p place) string {
	if len(a.anchors) == 0 {
		return ""
	}
	anchor := a.collect(f, func(e *Estimate) bool {
		return e.Quantity == NullPercentile && e.Perturb == a.anchors[0].name
	})
	most, least := extremes(anchor)
	var s string
	if most != nil {
		s = fmt.Sprintf("%s stands above %s of the nulls by %s", sentence(a.anchorWords()), most.ranged(), most.Metric)
		if least != most && least.Value != most.Value {
			s += fmt.Sprintf(" and %s by %s", least.ranged(), least.Metric)
		} else if len(anchor) > 1 {
			s = fmt.Sprintf("%s stands above %s of the nulls by every metric", sentence(a.anchorWords()), most.ranged())
		}
	}
	swaps := a.collect(f, func(e *Estimate) bool { return e.Quantity == SwapPercentile && e.isAt(p) })
	if top, bottom := extremes(swaps); top != nil {
		if s != "" {
			s += "; "
		}
		s += fmt.Sprintf("that edit exceeds a swap with another image of the same class in %s of the cases by %s", top.ranged(), top.Metric)
		if bottom != top {
			s += fmt.Sprintf(" and in %s by %s", bottom.ranged(), bottom.Metric)
		}
	}
	if s == "" {
		return ""
	}
	return sentence(s) + "."
}

func (a *Analysis) areaAnswer(f *Finding) string {
	got := a.collect(f, func(e *Estimate) bool { return e.Quantity == Slope && e.Worst })
	most, least := extremes(got)
	if most == nil {
		if len(a.clusters) < thresholdSources {
			return fmt.Sprintf("No threshold is given from fewer than %d %ss, so that nothing can be said of how size matters.", thresholdSources, a.noun())
		}
		return "No metric has thresholds at three areas or more within the severities tested, so that no slope is given."
	}
	s := fmt.Sprintf("Across edited areas the threshold falls fastest by %s, with slope %s in log-log", least.Metric, bracketed(signed, float64(least.Value), float64(least.Low), float64(least.High)))
	if most != least {
		s += fmt.Sprintf(", and slowest by %s, %s", most.Metric, bracketed(signed, float64(most.Value), float64(most.Low), float64(most.High)))
	}
	return s + fmt.Sprintf(" (n = %d; Ricco's law is -1, Piper's -.5, no summation 0).", most.N)
}

// signed writes a slope.
func signed(v float64) string { return share(v) }

// answer is the report's first sentences: which metrics notice a small local edit, how that compares with a change of
// class, and what the numbers hold for.
func (a *Analysis) answer(findings []*Finding) string {
	var out []string
	p, ok := a.headline()
	if !ok {
		for _, f := range findings {
			if f.Answer != "" {
				return f.Answer
			}
		}
		return "The run scored no edit."
	}
	find := func(kind string) *Finding {
		for _, f := range findings {
			if f.Kind == kind {
				return f
			}
		}
		return nil
	}
	switch {
	case find("detection") != nil:
		out = append(out, a.rankAnswer(find("detection"), AWithin, p, "find", "A within"))
	case find("salience") != nil:
		out = append(out, find("salience").Answer)
	}
	if f := find("sensitivity"); f != nil {
		if len(out) == 0 {
			out = append(out, f.Answer)
		} else {
			out = append(out, a.classWords(f, p))
		}
	}
	for _, kind := range []string{"decomposition", "compliance", "agreement"} {
		if f := find(kind); f != nil {
			out = append(out, f.Answer)
		}
	}
	if f := find(hypothesesKind); f != nil {
		out = append(out, f.declared())
	}
	for _, f := range findings {
		if len(out) == 0 {
			out = append(out, f.Answer)
		}
	}
	return "Of " + a.scope() + ": " + lower(strings.TrimSpace(strings.Join(out, " ")))
}

// declared sums up the verdicts on the declared contrasts; a single one is told in full.
func (f *Finding) declared() string {
	if len(f.Contrasts) == 1 {
		return "Declared beforehand: " + f.Answer
	}
	var parts []string
	for _, v := range []Verdict{Larger, Above, Equivalent, Undecided, Below, Smaller, NotJudged} {
		n := 0
		for _, c := range f.Contrasts {
			if c.Verdict == v {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return fmt.Sprintf("Of %d contrasts declared beforehand: %s.", len(f.Contrasts), strings.Join(parts, ", "))
}

// aside says that controls are not counted, where there are any.
func (a *Analysis) aside() string {
	for i := range a.columns {
		if a.columns[i].control {
			return ", controls aside,"
		}
	}
	return ""
}

// lower begins a text in lower case, unless its first word is a name.
func lower(s string) string {
	for _, w := range []string{"All ", "None ", "At ", "Across ", "No "} {
		if strings.HasPrefix(s, w) {
			return strings.ToLower(s[:1]) + s[1:]
		}
	}
	return s
}

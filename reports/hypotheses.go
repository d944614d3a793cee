package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// hypothesesKind is the kind of the finding that judges the declared contrasts. It is not asked for by a [[finding]].
const hypothesesKind = "hypotheses"

// hypotheses judges the contrasts that were declared before the run: Holm-adjusted over all of them, and against the
// smallest effect of interest, so that a difference too small to matter and a difference too uncertain to show are told
// apart.
func (a *Analysis) hypotheses(found []*Finding) *Finding {
	b := a.build(hypothesesKind, "Declared hypotheses")
	b.f.Exploratory = false
	b.f.Method = []string{
		"A contrast is the mean over sources of the paired difference; p is from a t test over sources, adjusted over all declared hypotheses (Holm 1979).",
		"Equivalence is tested, not assumed: two one-sided t tests against the smallest effect of interest (Schuirmann 1987), adjusted likewise.",
		"Where a hypothesis names no null, severity or region, its estimate is the mean over all that there are.",
	}
	if slices.ContainsFunc(a.in.Experiment.Hypotheses, func(h Hypothesis) bool { return h.Finding == decompositionKind }) {
		b.f.Method = append(b.f.Method, "An effect of a decomposition is tested over seeds and sources, by t with Satterthwaite's degrees of freedom.")
	}
	var p, eq []float64
	for i := range a.in.Experiment.Hypotheses {
		c := a.contrast(b, &a.in.Experiment.Hypotheses[i], found)
		b.f.Contrasts = append(b.f.Contrasts, c)
		p, eq = append(p, float64(c.P)), append(eq, float64(c.PEquivalence))
	}
	p, eq = holm(p), holm(eq)
	for i := range b.f.Contrasts {
		c := &b.f.Contrasts[i]
		c.PHolm, c.PEquivalenceHolm = Number(p[i]), Number(eq[i])
		a.judge(c)
	}
	var words []string
	for _, c := range b.f.Contrasts {
		words = append(words, c.Words)
	}
	b.f.Answer = strings.Join(words, " ")
	return b.f
}

// contrast estimates one hypothesis. Where the data do not allow it, the verdict is NotJudged and Words say why.
func (a *Analysis) contrast(b *builder, h *Hypothesis, found []*Finding) Contrast {
	nan := Number(math.NaN())
	c := Contrast{Name: h.Name, Finding: h.Finding, Metric: h.Metric, Against: h.Against, At: h.At.words(), SmallestEffect: h.SmallestEffect, Level: a.level,
		Value: nan, Low: nan, High: nan, DF: nan, P: nan, PHolm: nan, PEquivalence: nan, PEquivalenceHolm: nan, Method: "none"}
	fail := func(format string, args ...any) Contrast {
		c.Verdict = NotJudged
		c.Words = fmt.Sprintf("%s is not judged: %s.", h.words(), fmt.Sprintf(format, args...))
		return c
	}
	switch h.Finding {
	case complianceKind:
		return a.complianceContrast(b, c, h, fail)
	case decompositionKind:
		return a.effectContrast(b, c, h, found, fail)
	}
	m := a.column(h.Metric)
	if m < 0 {
		return fail("%s is not among the metrics", h.Metric)
	}
	o := -1
	if h.Against != "" {
		if o = a.column(h.Against); o < 0 {
			return fail("%s is not among the metrics", h.Against)
		}
	}
	cells := a.matching(h.At)
	if len(cells) == 0 {
		return fail("no edit of the run fits %s", c.At)
	}
	nulls := a.matchingNulls(h.At)
	if len(nulls) == 0 {
		return fail("the run has no null %s", h.At.Null)
	}
	var value func(m int, at place) []float64
	chance := 0.5
	switch h.Finding {
	case "detection":
		c.Quantity = AWithin
		value = func(m int, at place) []float64 { return a.withinOf(m, at, nulls) }
	case "salience":
		c.Quantity = Salience
		value = func(m int, at place) []float64 {
			var all [][]float64
			for _, n := range nulls {
				v, _, _ := a.percentile(m, at.cell.rows, a.sortedNulls(m, n))
				all = append(all, v)
			}
			return meanOf(all)
		}
	case "sensitivity":
		c.Quantity = NullPercentile
		value = func(m int, at place) []float64 {
			v, _, _ := a.percentile(m, at.cell.rows, a.sortedNullsOf(m, nulls))
			return v
		}
	case "area-threshold":
		return a.slopeContrast(c, h, m, o, nulls)
	default:
		return fail("contrasts of the finding %s are not defined", h.Finding)
	}
	over := func(m int) []float64 {
		var all [][]float64
		for _, at := range cells {
			all = append(all, value(m, at))
		}
		return meanOf(all)
	}
	v := over(m)
	var d mean
	if o >= 0 {
		d = a.paired(v, over(o))
	} else {
		for i := range v {
			v[i] -= chance
		}
		d = a.mean(v, false)
	}
	for _, at := range cells {
		c.Warnings = append(c.Warnings, b.cellWarnings(m, at.curve, at.cell)...)
		if o >= 0 {
			c.Warnings = append(c.Warnings, b.cellWarnings(o, at.curve, at.cell)...)
		}
	}
	c.Warnings = append(c.Warnings, b.sourceWarnings(d.k)...)
	slices.Sort(c.Warnings)
	c.Warnings = slices.Compact(c.Warnings)
	if d.k < 2 {
		return fail("%s with both scores, two are needed", plural(d.k, "independent "+a.noun()))
	}
	iv := a.estimate(&d).interval
	c.Value, c.Low, c.High, c.Method, c.DF, c.N = Number(d.value), Number(iv.low), Number(iv.high), iv.method, Number(iv.df), d.k
	if !d.spread {
		return fail("the difference is %s on every %s, so that its uncertainty cannot be estimated (a floor or a ceiling)", share(d.value), a.noun())
	}
	c.test(d.value, d.se(), float64(d.k-1))
	return c
}

// test fills in the t tests of no difference and of equivalence.
func (c *Contrast) test(value, se, df float64) {
	c.P = Number(tTwoSided(value/se, df))
	// The larger of the two one-sided p-values: that of the nearer bound.
	below := tUpper((value+c.SmallestEffect)/se, df) // H0: value <= -smallest
	above := tUpper((c.SmallestEffect-value)/se, df) // H0: value >= smallest
	c.PEquivalence = Number(max(below, above))
}

// tUpper is the upper tail of Student's t.
func tUpper(t, df float64) float64 {
	p := tTwoSided(t, df) / 2
	if t < 0 {
		return 1 - p
	}
	return p
}

// judge turns adjusted p-values and the interval into a verdict and its sentence.
func (a *Analysis) judge(c *Contrast) {
	if c.Verdict == NotJudged {
		return
	}
	alpha := Number(1 - a.level)
	differs, same := c.PHolm < alpha, c.PEquivalenceHolm < alpha
	s := Number(c.SmallestEffect)
	var what string
	switch {
	case same && differs:
		c.Verdict, what = Equivalent, fmt.Sprintf("a difference, but one smaller than %s, the smallest that matters", amount(c.SmallestEffect))
	case same:
		c.Verdict, what = Equivalent, fmt.Sprintf("any difference is smaller than %s, the smallest that matters", amount(c.SmallestEffect))
	case differs && c.Low > s:
		c.Verdict, what = Larger, fmt.Sprintf("larger by more than %s, the smallest difference that matters", amount(c.SmallestEffect))
	case differs && c.High < -s:
		c.Verdict, what = Smaller, fmt.Sprintf("smaller by more than %s, the smallest difference that matters", amount(c.SmallestEffect))
	case differs && c.Value > 0:
		c.Verdict, what = Above, fmt.Sprintf("larger; whether by as much as %s is open", amount(c.SmallestEffect))
	case differs:
		c.Verdict, what = Below, fmt.Sprintf("smaller; whether by as much as %s is open", amount(c.SmallestEffect))
	default:
		c.Verdict, what = Undecided, "undecided: neither a difference nor its absence is shown"
	}
	h := Hypothesis{Name: c.Name, Finding: c.Finding, Metric: c.Metric, Against: c.Against}
	n := fmt.Sprint(c.N)
	if c.Finding == decompositionKind {
		n = plural(c.N, "model")
	}
	c.Words = fmt.Sprintf("%s, %s%s: %s (n = %s, %s, equivalence %s, Holm), %s.", h.words(), c.Quantity, c.At, ranged(float64(c.Value), float64(c.Low), float64(c.High)), n,
		pvalue(float64(c.PHolm)), pvalue(float64(c.PEquivalenceHolm)), what)
}

func (h *Hypothesis) words() string {
	s := h.what()
	if h.Name != "" {
		s = h.Name + " (" + s + ")"
	}
	return s
}

// what is what a contrast is between, or the effect that it is.
func (h *Hypothesis) what() string {
	switch {
	case h.Against != "":
		return h.Metric + " minus " + h.Against
	case h.Finding == decompositionKind:
		return h.Metric
	}
	return h.Metric + " against chance"
}

// words are the condition as it stands behind a quantity: " at hue 10, area 4 %, amid shift".
func (c Condition) words() string {
	var s string
	if c.Perturb != "" {
		s = " at " + c.Perturb
		if c.HasSeverity {
			s += " " + bare(c.Severity)
		}
		if c.Shape != "" {
			s += ", " + c.Shape
		}
		if c.HasArea {
			s += ", area " + percent(c.Area)
		}
	}
	if c.Null != "" {
		s += ", amid " + c.Null
	}
	return s
}

// effectContrast judges an effect of a decomposition, by its name, on one response: over seeds and sources.
func (a *Analysis) effectContrast(b *builder, c Contrast, h *Hypothesis, found []*Finding, fail func(format string, args ...any) Contrast) Contrast {
	c.Quantity = FactorEffect
	plain := strings.NewReplacer("−", "-", " ", "") // as people type it
	var fits []*Estimate
	var from *Finding
	var names []string
	for _, f := range found {
		if f.Kind != decompositionKind {
			continue
		}
		for _, e := range f.pick(func(e *Estimate) bool {
			return e.Quantity == FactorEffect && e.At == "" && (h.At.Perturb == "" || e.Perturb == h.At.Perturb) && (h.At.Null == "" || e.Null == h.At.Null)
		}) {
			if plain.Replace(e.Metric) == plain.Replace(h.Metric) {
				fits, from = append(fits, e), f
			} else if !slices.Contains(names, e.Metric) {
				names = append(names, e.Metric)
			}
		}
	}
	switch {
	case len(fits) > 1:
		return fail("it fits %d effects: name the response with at.perturb and the null with at.null", len(fits))
	case len(fits) == 0 && len(names) == 0:
		return fail("there is no decomposition%s", c.At)
	case len(fits) == 0:
		return fail("the decomposition has no such effect%s; it has %s", c.At, strings.Join(names, "; "))
	}
	e := fits[0]
	c.Metric, c.Value, c.Low, c.High, c.Method, c.DF, c.N = e.Metric, e.Value, e.Low, e.High, e.Method, e.DF, e.N
	for _, w := range e.Warnings {
		c.Warnings = append(c.Warnings, b.warn(from.Warnings[w].Code, "%s", from.Warnings[w].Detail))
	}
	se := float64(e.High-e.Low) / 2 / tQuantile(.5+a.level/2, float64(e.DF))
	if !(se > 0) {
		return fail("its uncertainty cannot be estimated (a floor or a ceiling)")
	}
	c.test(float64(e.Value), se, float64(e.DF))
	return c
}

// place is one cell of one curve.
type place struct {
	index int // of the curve
	curve *curve
	cell  *cell
}

func (a *Analysis) matching(c Condition) []place {
	var out []place
	for i, v := range a.curves {
		if c.Perturb != "" && v.perturb != c.Perturb || c.Shape != "" && v.shape != c.Shape || c.HasArea && v.area != c.Area {
			continue
		}
		for _, x := range v.cells {
			if !c.HasSeverity || x.severity == c.Severity {
				out = append(out, place{i, v, x})
			}
		}
	}
	return out
}

func (a *Analysis) matchingNulls(c Condition) []int {
	var out []int
	for i, n := range a.nulls {
		label, _, _ := strings.Cut(n.name, " ")
		if c.Null == "" || n.name == c.Null || label == c.Null {
			out = append(out, i)
		}
	}
	return out
}

// withinOf is each source's A within at a cell, averaged over nulls.
func (a *Analysis) withinOf(m int, at place, nulls []int) []float64 {
	var all [][]float64
	for _, n := range nulls {
		v := nanSources(len(a.sources))
		if d := a.detect(detectKey{m, n, at.index}); d != nil {
			for _, x := range d.cells {
				if x.cell == at.cell {
					v = x.sources
				}
			}
		}
		all = append(all, v)
	}
	return meanOf(all)
}

func nanSources(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// meanOf averages several values of each source; a source that lacks one has none.
func meanOf(all [][]float64) []float64 {
	out := make([]float64, len(all[0]))
	for i := range out {
		for _, v := range all {
			out[i] += v[i] / float64(len(all))
		}
	}
	return out
}

// slopeContrast judges a difference between two metrics' slopes of log threshold on log area, or of one slope from 0.
// The standard error is that of the bootstrap of sources.
func (a *Analysis) slopeContrast(c Contrast, h *Hypothesis, m, o int, nulls []int) Contrast {
	c.Quantity = Slope
	fail := func(format string, args ...any) Contrast {
		c.Verdict = NotJudged
		c.Words = fmt.Sprintf("%s is not judged: %s.", h.words(), fmt.Sprintf(format, args...))
		return c
	}
	if len(a.clusters) < thresholdSources {
		return fail("no threshold is given from fewer than %d sources", thresholdSources)
	}
	var curves []int
	for i, v := range a.curves {
		if (h.At.Perturb == "" || v.perturb == h.At.Perturb) && (h.At.Shape == "" || v.shape == h.At.Shape) {
			curves = append(curves, i)
		}
	}
	groups := a.byArea(curves)
	if len(groups) == 0 {
		return fail("no edit has several areas")
	}
	reps, jack := make([]float64, a.draws.n), make([]float64, len(a.clusters))
	parts := 0
	value := 0.
	add := func(m int, sign float64) bool {
		for _, g := range groups {
			for _, n := range nulls {
				s := a.fitSlope(m, n, g)
				if s == nil {
					return false
				}
				value += sign * s.value
				for r := range reps {
					reps[r] += sign * s.reps[r]
				}
				for k := range jack {
					jack[k] += sign * s.jack[k]
				}
				parts++
			}
		}
		return true
	}
	if !add(m, 1) {
		return fail("%s has no slope: too few areas with a threshold within the severities tested", h.Metric)
	}
	n := float64(parts)
	if o >= 0 && !add(o, -1) {
		return fail("%s has no slope: too few areas with a threshold within the severities tested", h.Against)
	}
	value /= n
	for r := range reps {
		reps[r] /= n
	}
	for k := range jack {
		jack[k] /= n
	}
	kept := sorted(slices.Clone(reps))
	if len(kept) < len(reps)*9/10 {
		return fail("in %d of %d resamples a threshold lies beyond what was tested", len(reps)-len(kept), len(reps))
	}
	var mu, ss float64
	for _, v := range kept {
		mu += v / float64(len(kept))
	}
	for _, v := range kept {
		ss += (v - mu) * (v - mu)
	}
	se := math.Sqrt(ss / float64(len(kept)-1))
	lo, hi, ok := bca(value, kept, sorted(jack), expanded(a.level, len(a.clusters)))
	if !ok || se == 0 {
		return fail("the resamples of the slope have no spread")
	}
	c.Value, c.Low, c.High, c.Method, c.N = Number(value), Number(lo), Number(hi), "BCa bootstrap of all curves over sources", len(a.clusters)
	c.test(value, se, float64(len(a.clusters)-1))
	return c
}

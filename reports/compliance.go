package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
	"probity/stats"
)

// The quantities of a suite. Perturb of an estimate is the kind of failure, "" over all kinds that the metric is judged on;
// At is the variant of a graded one.
const (
	Accuracy         Quantity = "accuracy"              // share of contexts whose right output scores better than the wrong one, ties half
	BothRight        Quantity = "both contexts right"   // share of quads; ties are not right
	ShuffledAccuracy Quantity = "accuracy, shuffled"    // with what differs between the contexts taken from another source
	Margin           Quantity = "margin"                // right less wrong, oriented, in standard deviations of the metric's own null
	PeopleAgree      Quantity = "agreement with people" // Spearman, oriented, or 2AFC; the data set stands in At
)

const complianceKind = "compliance"

func init() {
	Kinds.Add(registry.Info{
		Name:    complianceKind,
		Version: 1,
		Doc:     "the blindness matrix: does each metric prefer the right output of a requirement to a wrong one, by kind of failure",
		Long: `Accuracy: over the two contexts of a quad, how often the right output scores better than the wrong one, ties half; averaged
over the quads of a source, then over sources, and over all over kinds of failure. A metric that looks at nothing that differs between the contexts is at
.5 exactly. Both: both contexts of a quad right. Margin: right less wrong in standard deviations of the scores of the right output
photographed again. Controls: an oracle, a perfect reader of captions, the pixel difference, chance, a constant, and every metric with
words or inputs shuffled between sources. Needs a [[suite]].`,
		Source: "this project; counterbalanced in the manner of Winoground (Thrush et al. 2022)",
	}, Entry{Compute: compliance, Exhibit: showCompliance})
}

func compliance(ctx context.Context, a *Analysis, _ registry.Values) (*Finding, error) {
	b := a.build(complianceKind, "Compliance: right outputs against wrong ones")
	b.f.Method = []string{
		"A quad is two contexts (input, requirement, captions) and two outputs, each right in one context and wrong in the other. Accuracy is the share of contexts in which the right output scores better, ties half, averaged within source, then over sources; over all it is the mean over the kinds of failure that a metric is judged on.",
		"A metric that reads nothing that differs between the contexts prefers the same output in both: its accuracy is .5 by construction, and marked blind.",
		"A metric is not judged (n/a) where its words are not in the vocabulary that its model was trained on, where its model learned from captions of the class alone, or where a kind is about the wording of the requirement and the metric reads captions only.",
		"The margin is the score of the right output less that of the wrong one, oriented, in standard deviations of the metric's scores of right outputs photographed again, pooled within context.",
		"Shuffled: what differs between the contexts is taken from another source's quad, in an order decided by a fair coin; no metric can then do better than .5 but by chance.",
		"Two metrics are compared over the kinds that both are judged on: paired t over sources, two-sided, adjusted by Holm over all pairs.",
	}
	if len(a.suites) == 0 {
		b.refuse("compliance", "the experiment has no [[suite]] section")
		b.f.Answer = "There are no trials whose truth is known."
		return b.f, nil
	}
	var answers []string
	for _, s := range a.suites {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.suite(s)
		answers = append(answers, b.complianceAnswer(s))
	}
	b.f.Answer, b.f.Scope = strings.Join(answers, " "), scopeOfSuites(a.suites)
	return b.f, nil
}

func scopeOfSuites(list []*suite) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%s on %s of %s (%s)", plural(s.Metrics, "metric"), plural(len(s.Quads), "quad"), s.Title, plural(s.clusters, s.noun())))
	}
	return strings.Join(parts, "; ")
}

// judged are the kinds that a column is judged on.
func (s *suite) judged(m int) []int {
	var out []int
	for k := range s.Kinds {
		if s.Excused[m][k] == "" && len(s.quads[k]) > 0 {
			out = append(out, k)
		}
	}
	return out
}

// byCluster averages a quantity of quads within cluster; NaN where a cluster has none.
func (s *suite) byCluster(quads []int, value func(quad int) float64) []float64 {
	sum, n := make([]float64, s.clusters), make([]float64, s.clusters)
	for _, q := range quads {
		if v := value(q); v == v {
			sum[s.cluster[q]] += v
			n[s.cluster[q]]++
		}
	}
	for c := range sum {
		sum[c] /= n[c]
	}
	return sum
}

// overKinds averages a quantity over kinds within cluster.
func (s *suite) overKinds(kinds []int, value func(quad int) float64) []float64 {
	out := make([]float64, s.clusters)
	for _, k := range kinds {
		for c, v := range s.byCluster(s.quads[k], value) {
			out[c] += v
		}
	}
	for c := range out { // summed before it is divided: equal halves stay a half
		out[c] /= float64(len(kinds))
	}
	return out
}

// estimate makes an estimate of a mean over clusters.
func (b *builder) onSuite(s *suite, q Quantity, m int, kind string, values []float64, bounded bool, level float64) (Estimate, mean) {
	mn := meanOver(values, bounded)
	reps := make([]float64, s.draws.n)
	s.draws.replicate(&mn, reps)
	e := blank(q, s.Columns[m].Label).with(mn.value, b.a.interval(&mn, reps, level), mn.k, mn.sources)
	e.Dataset, e.Perturb = s.Name, kind
	return e, mn
}

// meanOver averages one value a cluster (NaN: none).
func meanOver(values []float64, bounded bool) mean {
	m := mean{num: make([]float64, len(values)), den: make([]float64, len(values)), bounded: bounded}
	first := math.NaN()
	off0, off1 := 0, 0
	var sum float64
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if v != 0 {
			off0++
		}
		if v != 1 {
			off1++
		}
		if math.IsNaN(first) {
			first = v
		}
		m.spread = m.spread || v != first
		m.num[i], m.den[i] = v, 1
		m.sources++
		sum += v
	}
	m.k = m.sources
	m.value = sum / float64(m.sources)
	if !m.spread {
		m.value = first // a sum of equal numbers may round
	}
	m.edge = bounded && m.sources > 0 && min(off0, off1) < edgeSources && (off0 == 0 || off1 == 0 || m.sources > 2*edgeSources)
	return m
}

// suite adds the estimates on one suite.
func (b *builder) suite(s *suite) {
	for _, n := range s.Notes {
		b.warn("reading", "%s: %s", s.Title, n)
	}
	set := b.clusterWarnings(s)
	for m := range s.Columns {
		warnings := slices.Concat(set, b.suiteWarnings(s, m))
		acc := func(q int) float64 { return s.accuracy(m, s.Score[m][q]) }
		both := func(q int) float64 { return s.both(m, s.Score[m][q]) }
		mixed := func(q int) float64 { return s.accuracy(m, s.Shuffled[m][q]) }
		sd := s.nullSD(m)
		margin := func(q int) float64 { return s.margin(m, q) / sd }
		add := func(q Quantity, kind string, values []float64, bounded bool) Estimate {
			e, mn := b.onSuite(s, q, m, kind, values, bounded, b.a.level)
			e.Warnings = warnings
			if mn.sources > 0 {
				b.add(e)
			}
			return e
		}
		kinds := s.judged(m)
		for k, kind := range s.Kinds {
			if s.Excused[m][k] != "" {
				continue
			}
			e := add(Accuracy, kind.Name, s.byCluster(s.quads[k], acc), true)
			if s.Blind[m][k] && e.Value != .5 && e.N > 0 {
				b.warn("control", "%s: %s looks at nothing that differs between the contexts of %s, and yet its accuracy is %s: report this as a fault", s.Title, s.Columns[m].Label, kind.Name, share(float64(e.Value)))
			}
			add(BothRight, kind.Name, s.byCluster(s.quads[k], both), true)
			add(ShuffledAccuracy, kind.Name, s.byCluster(s.quads[k], mixed), true)
			if sd > 0 {
				add(Margin, kind.Name, s.byCluster(s.quads[k], margin), false)
			}
			b.graded(s, m, k, acc, warnings)
		}
		b.excused(s, m)
		if len(kinds) == 0 {
			continue
		}
		add(Accuracy, "", s.overKinds(kinds, acc), true)
		add(BothRight, "", s.overKinds(kinds, both), true)
		if sd > 0 {
			add(Margin, "", s.overKinds(kinds, margin), false)
		}
		add(ShuffledAccuracy, "", s.overKinds(kinds, mixed), true)
		b.control(s, m, kinds, acc, mixed)
	}
	b.rank(s)
	b.people(s)
}

// excused tells on which kinds a metric is not judged, the kinds of one reason together.
func (b *builder) excused(s *suite, m int) {
	var reasons []string
	kinds := map[string][]string{}
	for k, why := range s.Excused[m] {
		if why == "" {
			continue
		}
		if kinds[why] == nil {
			reasons = append(reasons, why)
		}
		kinds[why] = append(kinds[why], s.Kinds[k].Name)
	}
	for _, why := range reasons {
		on := strings.Join(kinds[why], ", ")
		if len(kinds[why]) == len(s.Kinds) {
			on = "any kind"
		}
		b.refuse(fmt.Sprintf("%s of %s on %s", Accuracy, s.Columns[m].Label, on), "%s", why)
	}
}

// clusterWarnings are those about how many sources there are.
func (b *builder) clusterWarnings(s *suite) (out []int) {
	switch {
	case s.clusters < 2:
		out = append(out, b.warn("one-source", "%s: %s: no interval can be given", s.Title, plural(s.clusters, s.noun())))
	case s.clusters < fewClusters:
		out = append(out, b.warn("few-sources", "%s: only %s: intervals are from t and hold if values are nearly normal between them", s.Title, plural(s.clusters, s.noun())))
	}
	return out
}

// suiteWarnings are those about one metric whatever the kind.
func (b *builder) suiteWarnings(s *suite, m int) (out []int) {
	lost := 0
	for _, q := range s.Score[m] {
		if v := s.accuracy(m, q); v != v {
			lost++
		}
	}
	if lost > 0 {
		out = append(out, b.warn("missing", "%s: %s could not score all four trials of %d of %d quads, which are left out", s.Title, s.Columns[m].Label, lost, len(s.Quads)))
	}
	if mark := s.Columns[m].Mark; mark != "" {
		out = append(out, b.warn("model", "%s: %s is %s", s.Columns[m].Label, s.Columns[m].Model, mark))
	}
	return out
}

// control looks whether a column does what is known of it beforehand. Intervals are taken at a level that holds for all columns
// at once.
func (b *builder) control(s *suite, m int, kinds []int, acc, mixed func(q int) float64) {
	all := 1 - (1-b.a.level)/float64(len(s.Columns))
	e, mn := b.onSuite(s, ShuffledAccuracy, m, "", s.overKinds(kinds, mixed), true, all)
	if mn.sources > 1 && (e.Low > .5 || e.High < .5) {
		b.warn("shuffled", "%s: %s is at %s with words and inputs shuffled, which should be .5", s.Title, s.Columns[m].Label, e.ranged())
	}
	if !s.control(m) {
		return
	}
	e, _ = b.onSuite(s, Accuracy, m, "", s.overKinds(kinds, acc), true, all)
	switch s.Columns[m].Label {
	case "oracle":
		if e.Value != 1 {
			b.warn("control", "%s: the oracle, which is handed the right output, is at %s: report this as a fault", s.Title, share(float64(e.Value)))
		}
	case "random":
		if e.Low > .5 || e.High < .5 {
			b.warn("control", "%s: the random control is at %s, which should be .5", s.Title, e.ranged())
		}
	}
}

// graded adds accuracy against severity, a curve a variant, with its band.
func (b *builder) graded(s *suite, m, k int, acc func(q int) float64, warnings []int) {
	type cell struct {
		severity float64
		quads    []int
	}
	var variants, units []string
	cells := map[string][]cell{}
	for _, q := range s.quads[k] {
		x := &s.Quads[q]
		if x.Severity == 0 {
			continue
		}
		if !slices.Contains(variants, x.Variant) {
			variants, units = append(variants, x.Variant), append(units, x.Unit)
		}
		i := slices.IndexFunc(cells[x.Variant], func(c cell) bool { return c.severity == x.Severity })
		if i < 0 {
			i = len(cells[x.Variant])
			cells[x.Variant] = append(cells[x.Variant], cell{severity: x.Severity})
		}
		cells[x.Variant][i].quads = append(cells[x.Variant][i].quads, q)
	}
	for i, v := range variants {
		var list []Estimate
		var points []point
		for _, c := range cells[v] {
			values := s.byCluster(c.quads, acc)
			e, mn := b.onSuite(s, Accuracy, m, s.Kinds[k].Name, values, true, b.a.level)
			e.At, e.Severity, e.Realised, e.Unit, e.Warnings = v, Number(c.severity), Number(c.severity), units[i], warnings
			reps := make([]float64, s.draws.n)
			s.draws.replicate(&mn, reps)
			list = append(list, e)
			points = append(points, point{value: mn.value, se: mn.se(), reps: reps, interval: b.a.interval(&mn, slices.Clone(reps), b.a.level), k: mn.k, bounded: true, spread: mn.spread, edge: mn.edge})
		}
		low, high := b.a.band(points)
		for j := range list {
			list[j].BandLow, list[j].BandHigh = Number(low[j]), Number(high[j])
			if list[j].N > 0 {
				b.add(list[j])
			}
		}
	}
}

// nullSD is the standard deviation of a metric's scores of right outputs photographed again, pooled within context over the kinds
// that it is judged on.
func (s *suite) nullSD(m int) float64 {
	var ss, df float64
	for _, k := range s.judged(m) {
		for _, q := range s.quads[k] {
			for _, draws := range s.Null[m][q] {
				var n, sum float64
				for _, v := range draws {
					if finite(v) {
						n, sum = n+1, sum+v
					}
				}
				for _, v := range draws {
					if finite(v) {
						ss += (v - sum/n) * (v - sum/n)
					}
				}
				df += math.Max(0, n-1)
			}
		}
	}
	return math.Sqrt(ss / df)
}

// margin is by how much the right output scores better than the wrong one, averaged over the contexts.
func (s *suite) margin(m, q int) float64 {
	x := s.Score[m][q]
	v := (x[0][0] - x[0][1] + x[1][1] - x[1][0]) / 2
	if s.Columns[m].Direction == trial.Distance {
		v = -v
	}
	if !finite(v) {
		return nan
	}
	return v
}

// rank compares all pairs of metrics over the kinds that both are judged on.
func (b *builder) rank(s *suite) {
	first := len(b.f.Contrasts)
	var p []float64
	for i := range s.Metrics {
		for j := i + 1; j < s.Metrics; j++ {
			var common []int
			for _, k := range s.judged(i) {
				if slices.Contains(s.judged(j), k) {
					common = append(common, k)
				}
			}
			if len(common) == 0 {
				continue
			}
			x := s.overKinds(common, func(q int) float64 { return s.accuracy(i, s.Score[i][q]) })
			y := s.overKinds(common, func(q int) float64 { return s.accuracy(j, s.Score[j][q]) })
			for c := range x {
				x[c] -= y[c]
			}
			d := meanOver(x, false)
			if d.k < 2 {
				continue
			}
			iv := d.t(b.a.level)
			pv := 1.
			if se := d.se(); se > 0 {
				pv = tTwoSided(d.value/se, float64(d.k-1))
			}
			b.f.Contrasts = append(b.f.Contrasts, Contrast{Name: s.Columns[i].Label + " - " + s.Columns[j].Label, Finding: complianceKind, Metric: s.Columns[i].Label, Against: s.Columns[j].Label,
				Dataset: s.Name, At: fmt.Sprintf(" over %s", plural(len(common), "kind")), Quantity: Accuracy, Value: Number(d.value), Low: Number(iv.low), High: Number(iv.high), Level: b.a.level, Method: iv.method,
				DF: Number(iv.df), N: d.k, P: Number(pv), PEquivalence: Number(nan), PEquivalenceHolm: Number(nan)})
			p = append(p, pv)
		}
	}
	for i, v := range holm(p) {
		c := &b.f.Contrasts[first+i]
		c.PHolm = Number(v)
		switch {
		case float64(v) >= 1-b.a.level || c.Value == 0:
			c.Verdict = Undecided
		case c.Value > 0:
			c.Verdict = Above
		default:
			c.Verdict = Below
		}
		c.Words = fmt.Sprintf("%s minus %s, accuracy%s: %s (n = %d, %s, Holm).", c.Metric, c.Against, c.At, bracketed(signed, float64(c.Value), float64(c.Low), float64(c.High)), c.N, pvalue(v))
	}
}

// complianceContrast judges a declared contrast on a suite: two metrics over the kinds that both are judged on, or one against .5.
func (a *Analysis) complianceContrast(b *builder, c Contrast, h *Hypothesis, fail func(format string, args ...any) Contrast) Contrast {
	c.Quantity = Accuracy
	if len(a.suites) != 1 {
		return fail("the run has %d suites, and a contrast is about one", len(a.suites))
	}
	s := a.suites[0]
	find := func(label string) int {
		return slices.IndexFunc(s.Columns[:s.Metrics], func(c trial.Column) bool { return c.Label == label })
	}
	m, o := find(h.Metric), -1
	if m < 0 {
		return fail("%s is not among the metrics", h.Metric)
	}
	kinds := s.judged(m)
	if h.Against != "" {
		if o = find(h.Against); o < 0 {
			return fail("%s is not among the metrics", h.Against)
		}
		kinds = slices.DeleteFunc(kinds, func(k int) bool { return !slices.Contains(s.judged(o), k) })
	}
	if len(kinds) == 0 {
		return fail("there is no kind that it can be judged on")
	}
	values := s.overKinds(kinds, func(q int) float64 { return s.accuracy(m, s.Score[m][q]) })
	other := make([]float64, len(values))
	for i := range other {
		other[i] = .5
	}
	if o >= 0 {
		other = s.overKinds(kinds, func(q int) float64 { return s.accuracy(o, s.Score[o][q]) })
	}
	for i := range values {
		values[i] -= other[i]
	}
	d := meanOver(values, false)
	if d.k < 2 {
		return fail("%s with both scores, two are needed", plural(d.k, s.noun()))
	}
	c.Dataset, c.At, c.Warnings = s.Name, fmt.Sprintf(" on %s over %s", s.Title, plural(len(kinds), "kind")), b.clusterWarnings(s)
	reps := make([]float64, s.draws.n)
	s.draws.replicate(&d, reps)
	iv := a.interval(&d, reps, a.level)
	c.Value, c.Low, c.High, c.Method, c.DF, c.N = Number(d.value), Number(iv.low), Number(iv.high), iv.method, Number(iv.df), d.k
	if !d.spread {
		return fail("the difference is %s on every %s, so that its uncertainty cannot be estimated (a floor or a ceiling)", share(d.value), s.noun())
	}
	c.test(d.value, d.se(), float64(d.k-1))
	return c
}

// people puts beside each metric how it agrees with people, where the same report has judgements that it was compared with.
func (b *builder) people(s *suite) {
	for m := range s.Metrics {
		label := s.Columns[m].Label
		for _, d := range b.a.humans {
			at := slices.IndexFunc(d.Columns, func(c trial.Column) bool { return c.Label == label || c.Label == label+" (published)" })
			if at < 0 {
				continue
			}
			e := blank(PeopleAgree, label)
			e.Dataset, e.Perturb, e.At, e.N, e.Sources = s.Name, "", d.Name, d.clusters, len(d.items)
			if d.Choices() {
				continue // told by the finding on agreement
			}
			r, err := stats.Spearman(d.score[at], d.rating)
			if err != nil {
				continue
			}
			e.Value = Number(r * d.taken(at, r))
			b.add(e)
		}
	}
}

// over are a finding's estimates of a quantity over all kinds of a suite, by column; nil where there is none.
func (f *Finding) over(s *suite, q Quantity, kind string) []*Estimate {
	out := make([]*Estimate, len(s.Columns))
	for m := range s.Columns {
		for i := range f.Estimates {
			e := &f.Estimates[i]
			if e.Dataset == s.Name && e.Quantity == q && e.Perturb == kind && e.At == "" && e.Metric == s.Columns[m].Label {
				out[m] = e
			}
		}
	}
	return out
}

// readings are the groups of metrics by what they look at, in the order in which they are shown.
var readings = []string{ReadsPictures, ReadsOutput, ReadsAll, ReadsUnknown}

// complianceAnswer tells the best of each group of metrics, how much was blind, and what no metric sees.
func (b *builder) complianceAnswer(s *suite) string {
	overall := b.f.over(s, Accuracy, "")
	var best []string
	for _, group := range readings {
		top := -1
		for m, e := range overall[:s.Metrics] {
			if e != nil && s.Reads[m] == group && (top < 0 || e.Value > overall[top].Value) {
				top = m
			}
		}
		if top >= 0 {
			best = append(best, fmt.Sprintf("of %s %s, %s over %s", group, s.Columns[top].Label, overall[top].ranged(), plural(len(s.judged(top)), "kind")))
		}
	}
	text := fmt.Sprintf("On %s, %s, the right output is preferred to the wrong one most often", s.Title, plural(s.clusters, s.noun()))
	if len(best) == 0 {
		return text + " by no metric: none is judged on any kind."
	}
	text += ", among metrics " + strings.Join(best, "; ") + " (chance .5)."
	blind, all := 0, 0
	for m := range s.Metrics {
		for _, k := range s.judged(m) {
			all++
			if s.Blind[m][k] {
				blind++
			}
		}
	}
	text += fmt.Sprintf(" Of %s of metric and kind, %d are at .5 by construction: the metric does not look at what differs.", plural(all, "pair"), blind)
	var unseen, chance []string
	for k, kind := range s.Kinds {
		var top *Estimate
		for m, e := range b.f.over(s, Accuracy, kind.Name)[:s.Metrics] {
			if e != nil && !s.Blind[m][k] && (top == nil || e.Value > top.Value) {
				top = e
			}
		}
		switch {
		case top == nil:
			unseen = append(unseen, kind.Name)
		case !(top.Low > .5):
			chance = append(chance, fmt.Sprintf("%s (most %s, %s)", kind.Name, top.Metric, top.ranged()))
		}
	}
	if len(unseen) > 0 {
		text += fmt.Sprintf(" No metric that could be judged looks at what decides %s.", strings.Join(unseen, ", "))
	}
	if len(chance) > 0 {
		text += fmt.Sprintf(" No metric is above chance on %s.", strings.Join(chance, ", "))
	}
	return text
}

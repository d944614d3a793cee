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

// The quantities of agreement with people. Correlations are raw, with the sign that the columns have; Estimate.Sign says
// which sign is agreement.
const (
	SpearmanHuman  Quantity = "Spearman"
	KendallHuman   Quantity = "Kendall tau-b"
	PearsonHuman   Quantity = "Pearson"
	PearsonFitted  Quantity = "Pearson after fit"
	RMSEFitted     Quantity = "RMSE after fit"
	OutlierRatio   Quantity = "outlier ratio"
	FittedRating   Quantity = "fitted rating" // at the score in Severity
	FitParameter   Quantity = "fit parameter" // b1, b2, ... in At
	RatersRandom   Quantity = "Spearman, raters random"
	TwoAFC         Quantity = "2AFC agreement"  // mean share of a trial's votes for the metric's choice
	TwoAFCDecided  Quantity = "majority chosen" // share of decided trials whose majority the metric chose
	VotesWon       Quantity = "votes won"       // share of all votes for the metric's choice: trials with more votes count more
	CeilingPerfect Quantity = "ceiling"         // what a perfect metric would reach; the coefficient stands in At
	HumanAgrees    Quantity = "human agreement" // chance that one rater agrees with another
)

// ratersLabel stands for people where an estimate is about no metric.
const ratersLabel = "people"

var judgedParam = registry.Param{Name: "dataset", Type: registry.Strings, Doc: "names of the data sets of judgements that the finding is about; all where none is given"}

func init() {
	Kinds.Add(registry.Info{
		Name:    "agreement",
		Version: 3,
		Doc:     "how well each metric agrees with people, and whether it is better than another: correlations, fits, 2AFC, pairwise tests, human ceiling",
		Long: `Ratings: Spearman, Kendall tau-b and Pearson, raw; Pearson, RMSE and outlier ratio after VQEG's monotone logistic.
Choices: 2AFC agreement with votes as fractions. Intervals resample sources; differences between metrics are paired over
sources and adjusted by Holm. The ceiling is what a perfect metric would reach, given the raters' errors.`,
		Source: "VQEG 2000; ITU-T P.1401; Efron 1987; Tukey 1958; Zhang et al. 2018",
		Params: []registry.Param{judgedParam,
			{Name: "parameters", Type: registry.Int, Doc: "parameters of the logistic fit: 4 (VQEG 2000, monotone) or 5 (Sheikh et al. 2006)", Default: 4, Min: 4, Max: 5},
			{Name: "smallest_effect", Type: registry.Float, Doc: "smallest difference between two metrics' agreement (Spearman, or share of votes) that would matter, against which they are tested for equivalence; 0: none is tested", Default: 0., Min: 0, Max: 1}},
	}, Entry{Compute: agreement, Exhibit: showAgreement})
}

// steps counts the statistics of a finding for its progress.
type steps struct {
	a     *Analysis
	total int
}

func (a *Analysis) steps(total int) *steps {
	s := &steps{a, total}
	s.done(0)
	return s
}

func (s *steps) done(n int) {
	if p := s.a.in.Options.Progress; p != nil {
		if n == 0 {
			p(s.total, 0)
			return
		}
		p(0, n)
	}
}

// resampling draws a data set's clusters; the same for all of its findings, so that they are paired.
func (a *Analysis) resampling(d *judged) stats.Resampling {
	n := a.in.Options.Resamples
	if n == 0 {
		n = agreementResamples
	}
	return stats.Resampling{Seed: a.in.Experiment.Seed, Purpose: "judgements of " + d.Name, N: n, Workers: a.workers}
}

// human builds a finding on agreement; nothing can be said without judgements.
func (a *Analysis) human(kind, title string, params registry.Values) (*builder, []*judged, error) {
	b := a.build(kind, title)
	list, err := a.judgedNamed(params.Strings("dataset"))
	if err != nil {
		return nil, nil, err
	}
	b.f.Scope = scopeOf(list)
	if len(list) == 0 {
		b.refuse(title, "the experiment has no [[human]] section")
		b.f.Answer = "There are no judgements to compare with."
	}
	return b, list, nil
}

func scopeOf(list []*judged) string {
	var parts []string
	for _, d := range list {
		s := fmt.Sprintf("%s on %s of %s", plural(len(d.Columns), "metric"), plural(len(d.items), "item"), d.Name)
		if d.Cluster != nil {
			s += " (" + plural(d.clusters, d.noun()) + ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

// of is a blank estimate on a data set.
func (d *judged) of(q Quantity, metric string) Estimate {
	e := blank(q, metric)
	e.Dataset = d.Name
	e.N, e.Sources = d.clusters, len(d.items)
	return e
}

func (e Estimate) from(iv stats.Interval) Estimate {
	e.Value, e.Low, e.High, e.Method, e.DF, e.N = Number(iv.Value), Number(iv.Low), Number(iv.High), iv.Method, Number(iv.DF), iv.N
	return e
}

// setWarnings are those about a data set as a whole.
func (b *builder) setWarnings(d *judged) (out []int) {
	switch {
	case d.Cluster == nil:
		out = append(out, b.warn("unclustered", "%s: nothing says which items share a source; each counts as independent, which makes intervals too narrow and tests too sure if some do", d.Name))
	case d.clusters < 2:
		out = append(out, b.warn("one-source", "%s: %s: no interval can be given", d.Name, plural(d.clusters, d.noun())))
	case d.clusters < fewClusters:
		out = append(out, b.warn("few-sources", "%s: only %s: intervals are from t, with their number less one as degrees of freedom", d.Name, plural(d.clusters, d.noun())))
	}
	return out
}

// judgedWarnings are those about one metric on a data set.
func (b *builder) judgedWarnings(d *judged, m int, sign float64) (out []int) {
	c := &d.Columns[m]
	if n := d.missing[m]; n > 0 {
		out = append(out, b.warn("missing", "%s: %s has no finite score of %s, left out for all metrics", d.Name, c.Label, plural(n, "item")))
	}
	if d.expected(m) == 0 {
		out = append(out, b.warn("direction", "%s: %s has no stated direction; the sign of its overall agreement was taken, so that it cannot be seen to disagree", d.Name, c.Label))
	}
	return out
}

// taken is the sign that counts as agreement: the stated direction's, else the data's.
func (d *judged) taken(m int, value float64) float64 {
	if s := d.expected(m); s != 0 {
		return s
	}
	if value < 0 {
		return -1
	}
	return 1
}

func agreement(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement", "Agreement with people", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	b.f.Method = append(b.f.Method,
		"Correlations are of the numbers as they are; the sign that counts as agreement follows from the metric's direction and the scale's.",
		"The unit is the source: intervals of Spearman, Kendall (tau-b) and Pearson are BCa bootstraps over sources (below 20 sources the jackknife's t on Fisher's z).",
		"Two metrics are compared paired over sources, t with a standard error from counting each source half, of correlations on the difference of Fisher's z, two-sided, adjusted by Holm over all pairs of metrics on the data set; a verdict that no difference is shown does not say that there is none.")
	if e := params.Float("smallest_effect"); e > 0 {
		b.f.Method = append(b.f.Method, fmt.Sprintf("Equivalence is tested, not assumed: two one-sided t tests against a difference of %s, the smallest that matters (Schuirmann 1987), adjusted by Holm over the pairs.", amount(e)))
	}
	total := 0
	for _, d := range list {
		total += 5 * len(d.Columns)
	}
	s := a.steps(total)
	for _, d := range list {
		if d.Choices() {
			err = b.choices(ctx, d, params.Float("smallest_effect"), s)
		} else {
			err = b.ratings(ctx, d, params, s)
		}
		if err != nil {
			return nil, err
		}
	}
	b.f.Answer = b.agreementAnswer(list)
	return b.f, nil
}

func (b *builder) finding() *Finding {
	if b == nil {
		return nil
	}
	return b.f
}

// ratings are the estimates on a data set of ratings.
func (b *builder) ratings(ctx context.Context, d *judged, params registry.Values, s *steps) error {
	b.note(d)
	k := len(d.Columns)
	set := b.setWarnings(d)
	sign := make([]float64, k)
	var spearman *stats.Joint
	for _, c := range []struct {
		q    Quantity
		name stats.Correlation
	}{{SpearmanHuman, stats.SRCC}, {KendallHuman, stats.KRCC}, {PearsonHuman, stats.PLCC}} {
		j, err := stats.Correlations(ctx, c.name, d.score, d.rating, d.cluster, d.clusters, b.a.resampling(d))
		if err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		var low, high []int
		if c.q == SpearmanHuman {
			spearman = j
			of := make([]int, k)
			for m := range of {
				of[m], sign[m] = m, d.taken(m, j.Value[m])
			}
			low, high = j.Ranks(of, sign, b.a.level)
		}
		for m := range d.Columns {
			if math.IsNaN(j.Value[m]) {
				b.refuse(fmt.Sprintf("%s of %s on %s", c.q, d.Columns[m].Label, d.Name), "its scores, or the ratings, have one value only")
				continue
			}
			e := d.of(c.q, d.Columns[m].Label).from(j.Interval(m, b.a.level))
			e.Sign = int(sign[m])
			if low != nil {
				e.RankLow, e.RankHigh = low[m], high[m]
			}
			e.Warnings = slices.Concat(set, b.judgedWarnings(d, m, sign[m]))
			b.add(e)
		}
		s.done(k)
	}
	if err := b.fits(ctx, d, params.Int("parameters"), set, sign, s); err != nil {
		return err
	}
	b.opposite(d)
	b.ceiling(d)
	if err := b.ratersRandom(ctx, d, set, sign); err != nil {
		return err
	}
	smallest := params.Float("smallest_effect")
	b.pairwise(d, SpearmanHuman, smallest, func(i, o int) (stats.Interval, float64, float64) {
		iv, p := spearman.Difference(i, o, sign[i], sign[o], b.a.level)
		return iv, p, spearman.Equivalent(i, o, sign[i], sign[o], smallest)
	})
	s.done(k)
	return nil
}

// note passes on how the data were read.
func (b *builder) note(d *judged) {
	for _, n := range d.Notes {
		b.warn("reading", "%s: %s", d.Name, n)
	}
}

// opposite warns where every metric whose direction is stated orders against people: then the scale is the likelier culprit.
func (b *builder) opposite(d *judged) {
	stated, against := 0, 0
	for m, e := range b.f.on(d, SpearmanHuman, "") {
		if e == nil || d.expected(m) == 0 {
			continue
		}
		stated++
		if _, _, high := e.oriented(); high < 0 {
			against++
		}
	}
	if stated > 0 && stated == against {
		b.warn("scale", "%s: every metric whose direction is stated orders against %s: is a lower number the better one there (or a direction wrong)?", d.Name, d.scale())
	}
}

// fits are VQEG's monotone fits with what is told after them.
func (b *builder) fits(ctx context.Context, d *judged, parameters int, set []int, sign []float64, s *steps) error {
	method := fmt.Sprintf("%d-parameter logistic (%s), found from a grid of starts; RMSE divides by items less parameters (ITU-T P.1401); intervals refit the curve without each source.", parameters, map[int]string{4: "VQEG 2000, monotone", 5: "Sheikh, Sabir and Bovik 2006, not monotone by construction"}[parameters])
	if !slices.Contains(b.f.Method, method) {
		b.f.Method = append(b.f.Method, method)
	}
	for m := range d.Columns {
		c := &d.Columns[m]
		f, err := stats.FitWithInterval(ctx, d.score[m], d.rating, d.cluster, d.clusters, parameters, 65, b.a.level)
		s.done(1)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.refuse(fmt.Sprintf("the fit of %s on %s", c.Label, d.Name), "%v", err)
			continue
		}
		warnings := slices.Concat(set, b.judgedWarnings(d, m, sign[m]))
		for _, w := range f.Warnings {
			code := "fit"
			if !f.Converged && strings.Contains(w, "infinity") {
				code = "not-converged"
			}
			warnings = append(warnings, b.warn(code, "%s: the fit of %s: %s", d.Name, c.Label, w))
		}
		add := func(q Quantity, iv stats.Interval, set func(e *Estimate)) {
			e := d.of(q, c.Label).from(iv)
			e.Warnings = warnings
			if set != nil {
				set(&e)
			}
			b.add(e)
		}
		add(PearsonFitted, f.Correlation, func(e *Estimate) { e.Sign = 1 })
		add(RMSEFitted, f.Residual, nil)
		for i, v := range f.Parameters {
			e := d.of(FitParameter, c.Label)
			e.At, e.Value, e.Warnings = fmt.Sprintf("b%d", i+1), Number(v), warnings
			b.add(e)
		}
		for i, iv := range f.Curve {
			add(FittedRating, iv, func(e *Estimate) { e.Severity = Number(f.Grid[i]) })
		}
		if d.se == nil {
			continue
		}
		hits, trials := make([]int, d.clusters), make([]int, d.clusters)
		for i, v := range f.Fitted {
			trials[d.cluster[i]]++
			if math.Abs(v-d.rating[i]) > outlierWidth*d.se[i] {
				hits[d.cluster[i]]++
			}
		}
		add(OutlierRatio, stats.ClusterProportion(hits, trials, b.a.level), nil)
	}
	return nil
}

// outlierWidth is P.1401's number of standard errors beyond which a fitted rating is an outlier.
const outlierWidth = 1.96

// ceiling is what a perfect metric would reach, from the raters' errors.
func (b *builder) ceiling(d *judged) {
	if d.se == nil {
		b.refuse("the ceiling on "+d.Name, "neither standard errors nor raw ratings are given")
		return
	}
	c, err := stats.CeilingFromErrors(d.rating, d.se, 200, b.a.in.Experiment.Seed)
	if err != nil {
		b.refuse("the ceiling on "+d.Name, "%v", err)
		return
	}
	for _, v := range []struct {
		q Quantity
		v float64
	}{{SpearmanHuman, c.Spearman}, {KendallHuman, c.Kendall}, {PearsonHuman, c.Pearson}} {
		e := d.of(CeilingPerfect, ratersLabel)
		e.At, e.Value, e.Method = string(v.q), Number(v.v), "none: "+c.Method
		b.add(e)
	}
	m := "The ceiling is what the true ratings would reach with ratings that carry these raters' errors; what all raters of the study share is not counted as error."
	if !slices.Contains(b.f.Method, m) {
		b.f.Method = append(b.f.Method, m)
	}
}

// ratersRandom are Spearman's correlations with raters resampled beside sources: they hold for other raters too.
func (b *builder) ratersRandom(ctx context.Context, d *judged, set []int, sign []float64) error {
	if d.raw == nil || len(d.raw[0]) < 2 || d.clusters < 2 {
		return nil
	}
	m := "Raters random: sources and raters are resampled at once (pigeonhole bootstrap, Owen 2007), so that the interval holds for other raters as well: t with the standard error on Fisher's z, and the smaller number of sources and raters less one as degrees of freedom."
	if !slices.Contains(b.f.Method, m) {
		b.f.Method = append(b.f.Method, m)
	}
	few := b.warn("few-raters", "%s: %s: what other raters would have said is uncertain", d.Name, plural(len(d.raw[0]), "rater"))
	for m := range d.Columns {
		iv, err := stats.CrossedSpearman(ctx, d.score[m], d.raw, d.cluster, d.clusters, b.a.level, stats.Resampling{Seed: b.a.in.Experiment.Seed, Purpose: "judgements of " + d.Name, N: 2000, Workers: b.a.workers})
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.refuse(fmt.Sprintf("%s of %s on %s", RatersRandom, d.Columns[m].Label, d.Name), "%v", err)
			continue
		}
		e := d.of(RatersRandom, d.Columns[m].Label).from(iv)
		e.Sign = int(sign[m])
		e.Warnings = slices.Concat(set, b.judgedWarnings(d, m, sign[m]))
		if len(d.raw[0]) < fewClusters {
			e.Warnings = append(e.Warnings, few)
		}
		b.add(e)
	}
	return nil
}

// pairwise compares all pairs of metrics, adjusted by Holm over them. difference gives the interval, p of no difference, and p of
// one at least as large as smallest (NaN where smallest is 0).
func (b *builder) pairwise(d *judged, q Quantity, smallest float64, difference func(i, o int) (iv stats.Interval, p, equivalent float64)) {
	var labels []string
	for m := range d.Columns {
		labels = append(labels, d.Columns[m].Label)
	}
	b.pairwiseOf(labels, d, q, smallest, difference)
}

// pairwiseOf is pairwise of whatever has these labels.
func (b *builder) pairwiseOf(labels []string, d *judged, q Quantity, smallest float64, difference func(i, o int) (iv stats.Interval, p, equivalent float64)) {
	first := len(b.f.Contrasts)
	var p, eq []float64
	for i := range labels {
		for o := i + 1; o < len(labels); o++ {
			iv, pv, ev := difference(i, o)
			c := Contrast{Name: labels[i] + " - " + labels[o], Finding: b.f.Kind, Metric: labels[i], Against: labels[o], Dataset: d.Name, At: "",
				Quantity: q, Value: Number(iv.Value), Low: Number(iv.Low), High: Number(iv.High), Level: b.a.level, Method: iv.Method, DF: Number(iv.DF), N: iv.N,
				P: Number(pv), SmallestEffect: smallest, PEquivalence: Number(ev)}
			b.f.Contrasts = append(b.f.Contrasts, c)
			p, eq = append(p, pv), append(eq, ev)
		}
	}
	for k := range p { // no difference without any one source either: they order alike
		if c := &b.f.Contrasts[first+k]; c.Value == 0 && c.N > 1 && math.IsNaN(p[k]) {
			p[k], c.P = 1, 1
		}
	}
	adjusted, same := holm(p), holm(eq)
	for k := range p {
		c := &b.f.Contrasts[first+k]
		c.PHolm, c.PEquivalenceHolm = Number(adjusted[k]), Number(same[k])
		equivalent := same[k] < 1-b.a.level
		switch {
		case math.IsNaN(adjusted[k]):
			c.Verdict, c.Words = NotJudged, fmt.Sprintf("%s and %s cannot be compared on %s.", c.Metric, c.Against, d.Name)
		case adjusted[k] >= 1-b.a.level && equivalent:
			c.Verdict, c.Words = Equivalent, fmt.Sprintf("%s and %s agree with people equally well on %s, but for less than %s (equivalence %s, Holm).", c.Metric, c.Against, d.Name, amount(smallest), pvalue(same[k]))
		case adjusted[k] >= 1-b.a.level:
			c.Verdict, c.Words = Undecided, fmt.Sprintf("No difference is shown between %s and %s on %s (%s, Holm).", c.Metric, c.Against, d.Name, pvalue(adjusted[k]))
		case c.Value > 0:
			c.Verdict, c.Words = Above, fmt.Sprintf("%s agrees better with people than %s on %s (%s, Holm).", c.Metric, c.Against, d.Name, pvalue(adjusted[k]))
		default:
			c.Verdict, c.Words = Below, fmt.Sprintf("%s agrees less with people than %s on %s (%s, Holm).", c.Metric, c.Against, d.Name, pvalue(adjusted[k]))
		}
		if equivalent && (c.Verdict == Above || c.Verdict == Below) {
			c.Words += fmt.Sprintf(" The difference is smaller than %s, the smallest that matters.", amount(smallest))
		}
	}
}

// votesFor is, for each item, the share of votes for a metric's choice, ties of the metric half.
func (d *judged) votesFor(m int, sign float64) []float64 {
	out := make([]float64, len(d.items))
	for k, i := range d.items {
		a, v := d.VotesA[i], d.VotesB[i]
		x, y := sign*d.score[m][k], sign*d.scoreB[m][k]
		switch {
		case x > y:
			out[k] = a / (a + v)
		case y > x:
			out[k] = v / (a + v)
		default:
			out[k] = .5
		}
	}
	return out
}

// votesWon is the share of all votes that go to a rule which wins a given share of each trial's, with its interval over sources.
func (d *judged) votesWon(share []float64, drawn *stats.Drawn, level float64) stats.Interval {
	m := stats.Mean{Sum: make([]float64, d.clusters), Count: make([]float64, d.clusters), Rows: len(share)}
	var won, all float64
	for k, i := range d.items {
		n := d.VotesA[i] + d.VotesB[i]
		m.Sum[d.cluster[k]] += share[k] * n
		m.Count[d.cluster[k]] += n
		won, all = won+share[k]*n, all+n
		m.Spread = m.Spread || share[k] != share[0]
	}
	m.Value = won / all
	iv := m.T(level)
	if d.clusters >= fewForBootstrapT && m.Spread {
		iv = m.BootstrapT(drawn, level)
	}
	iv.Low, iv.High = max(0, iv.Low), min(1, iv.High)
	return iv
}

// fewForBootstrapT is the number of clusters from which a bootstrap-t is taken, as in stats.MeanInterval.
const fewForBootstrapT = 5

func byCluster(v []float64, cluster []int, clusters int) [][]float64 {
	out := make([][]float64, clusters)
	for i, c := range cluster {
		if !math.IsNaN(v[i]) {
			out[c] = append(out[c], v[i])
		}
	}
	return out
}

// choices are the estimates on a data set of choices between two.
func (b *builder) choices(ctx context.Context, d *judged, smallest float64, s *steps) error {
	b.note(d)
	set := b.setWarnings(d)
	m := "2AFC agreement is the mean share of a trial's votes for the metric's choice, ties of the metric half (Zhang et al. 2018); votes won counts all votes alike, so that trials with more of them count more; the ceiling is the same of the majority; human agreement is the chance that one rater agrees with another."
	b.f.Method = append(b.f.Method, m, "Intervals of 2AFC agreement are bootstrap-t over sources (stats.MeanInterval).")
	drawn := stats.Draw(b.a.resampling(d), d.clusters)
	interval := func(v []float64, bounded bool) stats.Interval {
		return stats.MeanInterval(byCluster(v, d.cluster, d.clusters), stats.MeanOptions{Level: b.a.level, Bounded: bounded, Drawn: drawn})
	}
	sign := make([]float64, len(d.Columns))
	share := make([][]float64, len(d.Columns))
	for m := range d.Columns {
		if err := ctx.Err(); err != nil {
			return err
		}
		sign[m] = 1
		switch d.Columns[m].Direction {
		case trial.Distance:
			sign[m] = -1
		case trial.Similarity:
		default:
			if arithmeticMean(d.votesFor(m, 1)) < .5 {
				sign[m] = -1
			}
		}
		share[m] = d.votesFor(m, sign[m])
		decided := make([]float64, len(d.items))
		for k, i := range d.items {
			decided[k] = math.NaN()
			if d.VotesA[i] != d.VotesB[i] {
				x, y := sign[m]*d.score[m][k], sign[m]*d.scoreB[m][k]
				switch {
				case x == y:
					decided[k] = .5
				case (x > y) == (d.VotesA[i] > d.VotesB[i]):
					decided[k] = 1
				default:
					decided[k] = 0
				}
			}
		}
		warnings := slices.Concat(set, b.judgedWarnings(d, m, sign[m]))
		for _, q := range []struct {
			q Quantity
			v []float64
		}{{TwoAFC, share[m]}, {TwoAFCDecided, decided}} {
			iv := interval(q.v, true)
			e := d.of(q.q, d.Columns[m].Label).from(iv)
			e.Sign = int(sign[m])
			e.Warnings = slices.Clone(warnings)
			for _, w := range iv.Warnings {
				e.Warnings = append(e.Warnings, b.warn("interval", "%s: %s: %s", d.Name, q.q, w))
			}
			b.add(e)
		}
		if !d.Shares {
			e := d.of(VotesWon, d.Columns[m].Label).from(d.votesWon(share[m], drawn, b.a.level))
			e.Sign, e.Warnings = int(sign[m]), warnings
			b.add(e)
		}
		s.done(5)
	}
	ceiling, human := make([]float64, len(d.items)), make([]float64, len(d.items))
	for k, i := range d.items {
		x, y := d.VotesA[i], d.VotesB[i]
		n := x + y
		ceiling[k], human[k] = max(x, y)/n, math.NaN()
		if n >= 2 && !d.Shares {
			human[k] = (x*(x-1) + y*(y-1)) / (n * (n - 1))
		}
	}
	e := d.of(CeilingPerfect, ratersLabel).from(interval(ceiling, true))
	e.At = string(TwoAFC)
	b.add(e)
	if !d.Shares {
		e := d.of(CeilingPerfect, ratersLabel).from(d.votesWon(ceiling, drawn, b.a.level))
		e.At = string(VotesWon)
		b.add(e)
	}
	if !slices.ContainsFunc(human, finite) {
		b.refuse("human agreement on "+d.Name, "no trial has two votes whose number is known")
	} else {
		b.add(d.of(HumanAgrees, ratersLabel).from(interval(human, true)))
	}
	b.pairwise(d, TwoAFC, smallest, func(i, o int) (stats.Interval, float64, float64) {
		diff := make([]float64, len(d.items))
		for k := range diff {
			diff[k] = share[i][k] - share[o][k]
		}
		mn := stats.NewMean(byCluster(diff, d.cluster, d.clusters))
		se, k := mn.SE(), float64(d.clusters)
		if !(se > 0) || d.clusters < 2 {
			return interval(diff, false), nan, nan
		}
		equivalent := nan
		if e, err := stats.TOST(mn.Value, se, k-1, smallest, 1-b.a.level); err == nil {
			equivalent = e.P
		}
		return mn.T(b.a.level), tTwoSided(mn.Value/se, k-1), equivalent
	})
	return nil
}

func arithmeticMean(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}

// agreementAnswer names the metric that agrees best with people on each data set, and which it cannot be told from.
func (b *builder) agreementAnswer(list []*judged) string {
	var out []string
	for _, d := range list {
		q := SpearmanHuman
		if d.Choices() {
			q = TwoAFC
		}
		var best *Estimate
		strength := func(e *Estimate) float64 {
			if q == TwoAFC {
				return float64(e.Value)
			}
			return float64(e.Sign) * float64(e.Value)
		}
		n := 0
		for i := range b.f.Estimates {
			e := &b.f.Estimates[i]
			if e.Dataset == d.Name && e.Quantity == q {
				n++
				if best == nil || strength(e) > strength(best) {
					best = e
				}
			}
		}
		if best == nil {
			out = append(out, fmt.Sprintf("On %s nothing could be said.", d.Name))
			continue
		}
		s := fmt.Sprintf("On %s, %s agrees best with people, %s %s (n = %s", d.Name, best.Metric, string(q), best.ranged(), plural(best.N, d.noun()))
		if n == 1 {
			s = fmt.Sprintf("On %s, %s agrees with people by %s %s (n = %s", d.Name, best.Metric, string(q), best.ranged(), plural(best.N, d.noun()))
		}
		if q == SpearmanHuman && strength(best) < 0 {
			s = fmt.Sprintf("On %s no metric orders as its direction says; %s comes nearest, %s %s (n = %s", d.Name, best.Metric, string(q), best.ranged(), plural(best.N, d.noun()))
		}
		for i := range b.f.Estimates {
			if e := &b.f.Estimates[i]; e.Dataset == d.Name && e.Quantity == CeilingPerfect && e.At == string(q) {
				s += ", ceiling " + share(float64(e.Value))
			}
		}
		s += ")"
		var ties []string
		for i := range b.f.Contrasts {
			c := &b.f.Contrasts[i]
			if c.Dataset != d.Name || c.Verdict != Undecided && c.Verdict != NotJudged && c.Verdict != Equivalent {
				continue
			}
			if c.Metric == best.Metric {
				ties = append(ties, c.Against)
			} else if c.Against == best.Metric {
				ties = append(ties, c.Metric)
			}
		}
		switch {
		case n == 1:
			s += "."
		case len(ties) == 0:
			s += ", significantly better than each of the others."
		case len(ties) == n-1:
			s += "; it cannot be told from any other."
		default:
			s += "; it cannot be told from " + strings.Join(ties, ", ") + "."
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

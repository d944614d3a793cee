package reports

import (
	"context"
	"fmt"
	"math"
	"strings"

	"probity/internal/registry"
	"probity/stats"
)

// The quantities of exchange rates. Metric is the score, At the quality, Severity the number of distinct pairs.
const (
	RungScore     Quantity = "score of a rung"                // mean over seeds
	FittedScore   Quantity = "fitted score"                   // of the response surface
	DoublingGain  Quantity = "gain of a doubling of pairs"    // slope of the surface, in units of the link
	StepGain      Quantity = "gain of a step of quality"      // slope of the surface times the step, in units of the link
	ExchangeRate  Quantity = "doublings a step is worth"      // the ratio of the two
	PairsFor      Quantity = "pairs that reach a score"       // contour of equal performance; the score stands in Realised
	FreshGain     Quantity = "gain of fresh pairs"            // of samples that are all new over the rung, at equal samples
	LongerGain    Quantity = "gain of a longer training"      // of another number of samples of the same data
	SurfaceMisfit Quantity = "F of the surface's lack of fit" // against the variance within rungs
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "exchange-rate",
		Version: 1,
		Doc:     "quantity or quality: how many doublings of pairs is a step of caption quality worth, from a ladder of models",
		Long: `A response surface of each score over log2(pairs) and a quality (a number such as the share of mismatched captions, or
ordered levels such as what captions tell), its contours of equal performance, and the local exchange rate: the gain of a step
of quality over the gain of a doubling, with Fieller's confidence set. Where the gain of a doubling cannot be told from 0
there is no finite rate. ` + "`probity ladder`" + ` reads any family of models from a table.`,
		Source: "Box and Wilson 1951; Fieller 1954; Draper and Smith 1998",
		Params: []registry.Param{},
	}, Entry{Compute: exchangeRate, Exhibit: showExchangeRate})
}

// surfaceColumns and surfaceRows are the places along pairs and along a numeric quality at which a fitted surface is kept.
const (
	surfaceColumns = 25
	surfaceRows    = 13
)

func exchangeRate(ctx context.Context, a *Analysis, _ registry.Values) (*Finding, error) {
	b := a.build("exchange-rate", "Quantity or quality")
	l := a.in.Ladder
	if l == nil {
		b.refuse("exchange rates", "there is no ladder of models; `probity ladder TABLE.csv` reads one")
		b.f.Answer = "There is no ladder of models."
		return b.f, nil
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	b.f.Scope = l.scope()
	b.f.Method = l.method()
	for _, n := range l.Notes {
		b.warn("table", "%s", n)
	}
	var answers []string
	for s := range l.Scores {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := newClimb(l, s)
		if err != nil {
			b.refuse("the exchange rate of "+l.Scores[s].Label, "%v", err)
			continue
		}
		answers = append(answers, b.climb(c)...)
	}
	b.f.Answer = strings.Join(answers, " ")
	if len(answers) == 0 {
		b.f.Answer = "No score has a response surface."
	}
	return b.f, nil
}

func (l *Ladder) method() []string {
	unit := "Models count as independent: intervals are t of the surface's residuals, with models less coefficients as degrees of freedom."
	if l.BySeed {
		unit = "The seed is the unit: it redraws the subset of pairs and the initial weights of all rungs at once. Each seed's surface is fitted alone, and every interval is t over seeds, with their number less one as degrees of freedom."
	}
	return []string{
		"Least squares of the score on log2(distinct pairs) and quality with the second-order terms that the rungs determine; the constant, the pairs and the quality always. Terms and link are named in the table.",
		"The link is the identity, unless its lack of fit is significant at 5 % and that of the logit has the smaller F.",
		unit,
		"The exchange rate is the gain of one step of quality over the gain of one doubling at the same place, with Fieller's set. Where the gain of a doubling has 0 in its interval the set is not bounded, and no finite rate is given.",
		"All rungs of a surface saw the same number of samples, so that twice the pairs are half the repeats: the gain of a doubling is that of diversity in place of repetition, and fresh pairs, each seen about once, are its limit. What more samples do is told apart, where there are models of another budget.",
	}
}

func (l *Ladder) scope() string {
	sizes, values, seeds := map[string]bool{}, map[float64]bool{}, map[string]bool{}
	for _, m := range l.Models {
		sizes[m.Size], values[m.Quality], seeds[m.Seed] = true, true, true
	}
	s := fmt.Sprintf("%s of %s: %s of pairs, %s of %s", plural(len(l.Models), "model"), l.Name, plural(len(sizes), "size"), plural(len(values), "value"), l.Quality)
	if l.BySeed {
		s += ", " + plural(len(seeds), "seed")
	}
	return s
}

// climb adds all estimates of one score and returns its answers.
func (b *builder) climb(c *climb) []string {
	level, label := b.a.level, c.score.Label
	warnings := b.climbWarnings(c)
	of := func(q Quantity, quality, x float64) Estimate {
		e := blank(q, label)
		e.Dataset, e.At = c.Name, c.qualityWords(quality)
		e.Severity, e.Unit = Number(math.Exp2(x)), "pairs"
		e.Sources, e.Warnings = len(c.rungs), warnings
		return e
	}
	for _, q := range c.quality {
		for _, s := range c.sizes {
			if models := c.of(s.name, q); len(models) > 0 {
				b.add(of(RungScore, q, s.x).from(c.mean(models, level)))
			}
		}
	}
	fit := blank(SurfaceMisfit, label)
	lack := c.surface.LackOfFit
	fit.Dataset, fit.Value, fit.DF, fit.N, fit.Sources, fit.Warnings = c.Name, Number(lack.F), Number(lack.DF2), len(c.rungs), len(c.rungs), warnings
	fit.Unit, fit.Method = c.unit(), c.misfitWords(c.surface)
	b.add(fit)
	lo, hi := c.sizes[0].x, c.sizes[len(c.sizes)-1].x
	fitted := func(q, place float64) {
		for k := range surfaceColumns {
			x := lo + (hi-lo)*float64(k)/(surfaceColumns-1)
			e := of(FittedScore, q, x).from(c.surface.ScoreInterval(x, place, level))
			if c.Levels == nil {
				e.At = c.Quality + " " + full(q)
			}
			b.add(e)
		}
	}
	for _, q := range c.fittedQualities() {
		fitted(q, c.place(q))
	}
	var answers []string
	for _, at := range c.rates() {
		x, place, step := at.x, c.place(at.quality), c.step(at.quality)
		doubling, gain := c.surface.Doubling(x, place), c.surface.Step(x, place, step)
		d, g := of(DoublingGain, at.quality, x).from(c.surface.Interval(doubling, level)), of(StepGain, at.quality, x).from(c.surface.Interval(gain, level))
		d.Unit, g.Unit = c.unit(), c.unit()
		b.add(d)
		b.add(g)
		r := of(ExchangeRate, at.quality, x)
		r.Unit = "doublings"
		set, err := c.surface.Ratio(gain, doubling, level)
		if err != nil {
			b.refuse(fmt.Sprintf("the exchange rate of %s at %s, %s", label, c.sizeWords(x), c.qualityWords(at.quality)), "%v", err)
			continue
		}
		r.Value, r.Low, r.High, r.DF, r.N, r.Set = Number(set.Value), Number(set.Low), Number(set.High), Number(set.DF), d.N, string(set.Kind)
		r.Method = "Fieller, " + d.Method
		if x < lo-1e-9 || x > hi+1e-9 || c.outside(at.quality) {
			r.Warnings = append(append([]int(nil), warnings...), b.warn("outside", "%s: %s, %s lies outside of what was trained; the surface is carried on there", label, c.sizeWords(x), c.qualityWords(at.quality)))
		}
		b.add(r)
		if at.told {
			answers = append(answers, c.answer(at.ladderPlace, &d, &g, &r))
		}
	}
	for _, score := range c.contourLevels() {
		for _, q := range c.quality {
			iv := c.surface.PairsFor(score, c.place(q), lo, hi, level)
			if math.IsNaN(iv.Value) {
				continue
			}
			iv.Value, iv.Low, iv.High = math.Exp2(iv.Value), math.Exp2(iv.Low), math.Exp2(iv.High)
			e := of(PairsFor, q, math.NaN()).from(iv)
			e.Realised = Number(score)
			b.add(e)
		}
	}
	if limits := b.limits(c, of); label == c.Scores[0].Label { // the others stand in the table
		answers = append(answers, limits...)
	}
	return answers
}

// rate is a place where an exchange rate is computed, and whether the answer tells it.
type rate struct {
	ladderPlace
	told bool
}

// rates are the places of the answer, then those of every rung from which a step is possible.
func (c *climb) rates() []rate {
	var out []rate
	for _, p := range c.places() {
		out = append(out, rate{p, true})
	}
	for _, q := range c.quality {
		if c.step(q) == 0 {
			continue
		}
		for _, s := range c.sizes {
			known := false
			for _, r := range out {
				known = known || r.x == s.x && r.quality == q
			}
			if !known {
				out = append(out, rate{ladderPlace{s.x, q}, false})
			}
		}
	}
	return out
}

func (c *climb) outside(quality float64) bool {
	first, last := c.quality[0], c.quality[len(c.quality)-1]
	return quality < min(first, last) || quality > max(first, last)
}

// fittedQualities are where the surface is kept: the levels, or a grid over a numeric quality that holds its values.
func (c *climb) fittedQualities() []float64 {
	if c.Levels != nil {
		return c.quality
	}
	out := append([]float64(nil), c.quality...)
	first, last := c.quality[0], c.quality[len(c.quality)-1]
	for k := range surfaceRows {
		q := first + (last-first)*float64(k)/(surfaceRows-1)
		near := false
		for _, v := range c.quality {
			near = near || math.Abs(v-q) < 1e-9*math.Abs(last-first)
		}
		if !near {
			out = append(out, q)
		}
	}
	return out
}

// contourLevels are round scores between the lowest and the highest that the surface has at a rung.
func (c *climb) contourLevels() []float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, q := range c.quality {
		for _, s := range c.sizes {
			v := c.surface.Score(s.x, c.place(q))
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if !(hi > lo) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/2)))
	for _, k := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(step*k) <= 7 {
			step *= k
			break
		}
	}
	var out []float64
	for k := math.Ceil(lo / step); k*step <= hi; k++ {
		out = append(out, math.Round(k*step*1e9)/1e9)
	}
	return out
}

// unit is the unit of slopes.
func (c *climb) unit() string {
	if c.surface.Link == stats.Logit {
		return "logit"
	}
	return "score"
}

func (c *climb) misfitWords(s *stats.Surface) string {
	t := s.LackOfFit
	words := fmt.Sprintf("%s link, terms %s", s.Link, s.Form.Words())
	switch {
	case t.DF1 < 1:
		return words + "; every rung has its own term, so that the fit cannot be tested"
	case math.IsNaN(t.F):
		return words + "; no rung has two models, so that the fit cannot be tested"
	}
	return words + fmt.Sprintf("; F(%g, %g) = %s, %s", t.DF1, t.DF2, digits(t.F), pvalue(t.P))
}

// climbWarnings are those about one score whatever the place.
func (b *builder) climbWarnings(c *climb) (out []int) {
	label := c.score.Label
	if c.missing > 0 {
		out = append(out, b.warn("missing", "%s does not apply to %s and is fitted without them", label, plural(c.missing, "model")))
	}
	if len(c.partial) > 0 {
		out = append(out, b.warn("incomplete", "%s: rungs on which a seed has no model are left out: %s", label, strings.Join(c.partial, "; ")))
	}
	switch {
	case !c.BySeed:
		out = append(out, b.warn("no-seeds", "models count as independent: what a seed shares between rungs is not allowed for"))
	case len(c.seeds) < 5:
		out = append(out, b.warn("few-seeds", "only %s: intervals are from t with %d degrees of freedom, wide and true only if seeds differ nearly normally", plural(len(c.seeds), "seed"), len(c.seeds)-1))
	}
	if len(c.sizes) == 2 {
		out = append(out, b.warn("two-sizes", "%s: two sizes of pairs only: that the gain of a doubling is the same all the way is assumed, not tested", label))
	}
	if p := c.surface.LackOfFit.P; p < .05 {
		out = append(out, b.warn("lack-of-fit", "%s: the surface does not follow the rungs (%s): its slopes are averages over a shape that it lacks", label, c.misfitWords(c.surface)))
	}
	if b.saturated(c) {
		out = append(out, b.warn("ceiling", "%s: some rungs stand at 1, where neither pairs nor quality can add anything", label))
	}
	return out
}

func (b *builder) saturated(c *climb) bool {
	within, top := true, 0.
	for _, r := range c.rungs {
		within = within && r.Score >= 0 && r.Score <= 1
		top = max(top, r.Score)
	}
	return within && top >= .995
}

// limits compares rungs with fresh pairs at equal samples, and budgets with each other.
func (b *builder) limits(c *climb, of func(q Quantity, quality, x float64) Estimate) (answers []string) {
	level := b.a.level
	var last *ladderSize
	for i := range c.sizes {
		if c.sizes[i].fresh {
			last = &c.sizes[i]
		}
	}
	if last != nil {
		for _, q := range c.quality {
			for _, s := range c.sizes {
				to, from := c.of(last.name, q), c.of(s.name, q)
				if s.fresh || len(to) == 0 || len(from) == 0 {
					continue
				}
				e := of(FreshGain, q, s.x).from(c.gain(to, from, level))
				e.Unit = "score"
				b.add(e)
				if q == c.quality[len(c.quality)-1] && s.name == c.sizes[0].name {
					answers = append(answers, fmt.Sprintf("At equal samples and %s, fresh pairs score %s more than %s, each seen about %s times, in %s.", c.qualityWords(q),
						bracketed(slopeText, float64(e.Value), float64(e.Low), float64(e.High)), c.sizeWords(s.x), c.repeats(s.name), c.score.Label))
				}
			}
		}
	}
	for _, q := range c.quality {
		budgets := map[float64][]int{}
		var order []float64
		size := ""
		for _, i := range c.longer {
			m := &c.Models[i]
			if m.Quality != q || math.IsNaN(c.x(m.Size)) || size != "" && m.Size != size {
				continue
			}
			size = m.Size
			if budgets[m.Samples] == nil {
				order = append(order, m.Samples)
			}
			budgets[m.Samples] = append(budgets[m.Samples], i)
		}
		for _, n := range order {
			from := c.of(size, q)
			if len(from) == 0 {
				continue
			}
			e := of(LongerGain, q, c.x(size)).from(c.gain(budgets[n], from, level))
			e.Realised, e.Unit = Number(n), "score"
			b.add(e)
			answers = append(answers, c.budgetWords(&e, q, size, n))
		}
	}
	return answers
}

// repeats is how often a pair of a size was seen, in words.
func (c *climb) repeats(size string) string {
	if math.IsNaN(c.budget) {
		return "several"
	}
	return digits(c.budget / math.Exp2(c.x(size)))
}

package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Rung is one trained model of a ladder: how much it was trained on, how good that was, and a score of it.
type Rung struct {
	Pairs   float64 // log2 of the number of distinct pairs
	Quality float64 // a number, or which level of an ordered quality, from 0
	Seed    int     // from 0; models of one seed belong together
	Score   float64
}

// SurfaceForm says which terms a response surface has besides the constant, the pairs and the quality.
type SurfaceForm struct {
	Levels         int  // of an ordered quality, each with a step of its own; 0: quality is a number
	Product        bool // pairs times quality: a doubling is worth more at one quality than at another
	PairsSquared   bool
	QualitySquared bool // of a number
}

// Words names the terms: "1, x, q, x q, x^2".
func (f SurfaceForm) Words() string {
	s := "1, x, q"
	if f.Product {
		s += ", x q"
	}
	if f.PairsSquared {
		s += ", x^2"
	}
	if f.QualitySquared {
		s += ", q^2"
	}
	return s
}

// FormFor is the second-order form (Box and Wilson 1951) as far as the rungs can carry it: the product wherever the rungs
// determine it, since without it a rate would be the same everywhere; then the square of the pairs (three sizes or more), then the
// square of a numeric quality (three values or more), each only if one rung or more is left to test the fit against. levels
// is 0 for a numeric quality.
func FormFor(rungs []Rung, levels int) SurfaceForm {
	f := SurfaceForm{Levels: levels}
	cells := len(cellsOf(rungs))
	var xs, qs []float64
	for _, r := range rungs {
		xs, qs = append(xs, r.Pairs), append(qs, r.Quality)
	}
	sizes, values := distinct(xs), distinct(qs)
	try := func(g SurfaceForm, left int) {
		if g.size()+left <= cells && g.determined(rungs) {
			f = g
		}
	}
	g := f
	g.Product = true
	try(g, 0)
	if sizes >= 3 {
		g = f
		g.PairsSquared = true
		try(g, 1)
	}
	if levels == 0 && values >= 3 {
		g = f
		g.QualitySquared = true
		try(g, 1)
	}
	return f
}

func distinct(v []float64) int {
	v = slices.Clone(v)
	slices.Sort(v)
	return len(slices.Compact(v))
}

// size is the number of coefficients.
func (f SurfaceForm) size() int { return len(f.Row(0, 0)) }

// Row are the terms at a place: the place's fitted value is their product with the coefficients.
func (f SurfaceForm) Row(x, q float64) []float64 {
	row := []float64{1, x}
	if f.Levels == 0 {
		row = append(row, q)
		if f.Product {
			row = append(row, x*q)
		}
	} else {
		for l := 1; l < f.Levels; l++ {
			row = append(row, indicator(q, l))
		}
		if f.Product {
			for l := 1; l < f.Levels; l++ {
				row = append(row, x*indicator(q, l))
			}
		}
	}
	if f.PairsSquared {
		row = append(row, x*x)
	}
	if f.QualitySquared {
		row = append(row, q*q)
	}
	return row
}

func indicator(q float64, level int) float64 {
	if q == float64(level) {
		return 1
	}
	return 0
}

// Doubling is the slope along the pairs at a place: what a doubling adds, in units of the link. All terms are of second
// order at most, so that the central difference over one doubling is the derivative itself.
func (f SurfaceForm) Doubling(x, q float64) []float64 {
	return minus(f.Row(x+.5, q), f.Row(x-.5, q))
}

// Step is what changing the quality by a step adds: the slope of a numeric quality at q times the step, or for an ordered
// quality the difference of the level step further from level q.
func (f SurfaceForm) Step(x, q, step float64) []float64 {
	if f.Levels > 0 {
		return minus(f.Row(x, q+step), f.Row(x, q))
	}
	out := minus(f.Row(x, q+.5), f.Row(x, q-.5))
	for i := range out {
		out[i] *= step
	}
	return out
}

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

func (f SurfaceForm) determined(rungs []Rung) bool {
	_, err := f.fit(rungs, Identity)
	return err == nil
}

// Link is the scale on which a surface is fitted.
type Link string

// The links. A monotone change of scale leaves the true contours of equal performance and the true exchange rates as they
// are; it decides whether so simple a surface can follow the scores.
const (
	Identity Link = "identity"
	Logit    Link = "logit" // log(p / (1 - p)) of a proportion
)

// Of is a score on the link's scale, Inverse its score again.
func (l Link) Of(score float64) float64 {
	if l == Logit {
		return math.Log(score / (1 - score))
	}
	return score
}

// Inverse is the score of a value on the link's scale.
func (l Link) Inverse(v float64) float64 {
	if l == Logit {
		return 1 / (1 + math.Exp(-v))
	}
	return v
}

// LackOfFit is the F test of a surface against the means of its rungs, with the variance of seeds within rungs as error
// (pure error; Draper and Smith 1998, sec. 2.1). P is NaN where no rung has two models, or every rung has its own term.
type LackOfFit struct {
	F, P     float64
	DF1, DF2 float64
}

// Surface is a response surface fitted by least squares on the link's scale.
type Surface struct {
	Form      SurfaceForm
	Link      Link
	Coef      []float64
	Seeds     [][]float64 // coefficients of the surface of each seed alone; nil: seeds are not told apart
	LackOfFit LackOfFit
	Variance  float64 // of the residuals
	DF        float64 // of the residuals
	N         int     // models

	origin  float64    // pairs are taken from here, so that their square is no near copy of them
	inverse *mat.Dense // of X'X
}

// least is a least-squares fit.
type least struct {
	coef    []float64
	inverse *mat.Dense
	rss     float64
	df      float64
}

// fit solves the normal equations by QR. The error says that the rungs do not determine the coefficients.
func (f SurfaceForm) fit(rungs []Rung, link Link) (least, error) {
	p, n := f.size(), len(rungs)
	if n < p {
		return least{}, fmt.Errorf("response surface: %d models do not determine %d coefficients (%s): %w", n, p, f.Words(), ErrUndefined)
	}
	x, y := mat.NewDense(n, p, nil), mat.NewVecDense(n, nil)
	for i, r := range rungs {
		x.SetRow(i, f.Row(r.Pairs, r.Quality))
		y.SetVec(i, link.Of(r.Score))
	}
	var qr mat.QR
	qr.Factorize(x)
	if c := qr.Cond(); !(c < 1e8) {
		return least{}, fmt.Errorf("response surface: the rungs do not determine the coefficients of %s (condition %.1e): %w", f.Words(), c, ErrUndefined)
	}
	var b mat.VecDense
	if err := qr.SolveVecTo(&b, false, y); err != nil {
		return least{}, fmt.Errorf("response surface: %w", err)
	}
	var xx, inv mat.Dense
	xx.Mul(x.T(), x)
	if err := inv.Inverse(&xx); err != nil {
		return least{}, fmt.Errorf("response surface: %w", err)
	}
	l := least{coef: make([]float64, p), inverse: &inv, df: float64(n - p)}
	for j := range p {
		l.coef[j] = b.AtVec(j)
	}
	for i, r := range rungs {
		d := y.AtVec(i) - dot(f.Row(r.Pairs, r.Quality), l.coef)
		l.rss += d * d
	}
	return l, nil
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

type surfaceCell struct{ x, q float64 }

// cellsOf groups models by rung, in the order in which they come.
func cellsOf(rungs []Rung) [][]Rung {
	at := map[surfaceCell]int{}
	var out [][]Rung
	for _, r := range rungs {
		c := surfaceCell{r.Pairs, r.Quality}
		i, ok := at[c]
		if !ok {
			i = len(out)
			at[c] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// FitSurface fits a surface. bySeed fits the surface of each seed as well, so that intervals are from t over seeds: the
// seed changes the subset and the initial weights of every rung at once, and models of one seed are not independent. Every
// seed must then have the same rungs. Without it all models count as independent, and intervals are from the residuals.
func FitSurface(rungs []Rung, form SurfaceForm, link Link, bySeed bool) (*Surface, error) {
	s := &Surface{Form: form, Link: link, N: len(rungs)}
	for i, r := range rungs {
		if err := finite("response surface", []float64{r.Pairs, r.Quality, r.Score}); err != nil {
			return nil, err
		}
		if link == Logit && (r.Score <= 0 || r.Score >= 1) {
			return nil, fmt.Errorf("response surface: score %g of model %d has no logit: %w", r.Score, i, ErrUndefined)
		}
		s.origin += r.Pairs / float64(len(rungs))
	}
	moved := slices.Clone(rungs)
	for i := range moved {
		moved[i].Pairs -= s.origin
	}
	l, err := form.fit(moved, link)
	if err != nil {
		return nil, err
	}
	s.Coef, s.inverse, s.DF, s.Variance = l.coef, l.inverse, l.df, l.rss/l.df
	s.LackOfFit = lackOfFit(moved, form, link, l)
	if !bySeed {
		return s, nil
	}
	var seeds [][]Rung
	for _, r := range moved {
		for r.Seed >= len(seeds) {
			seeds = append(seeds, nil)
		}
		seeds[r.Seed] = append(seeds[r.Seed], r)
	}
	if len(seeds) < 2 {
		return nil, fmt.Errorf("response surface: 1 seed, at least 2 are needed for an interval over seeds: %w", ErrUndefined)
	}
	cells := len(cellsOf(moved))
	for k, own := range seeds {
		if len(own) != cells || len(cellsOf(own)) != cells {
			return nil, fmt.Errorf("response surface: seed %d has %d models on %d of %d rungs; every seed must have one on each", k, len(own), len(cellsOf(own)), cells)
		}
		one, err := form.fit(own, link)
		if err != nil {
			return nil, fmt.Errorf("seed %d: %w", k, err)
		}
		s.Seeds = append(s.Seeds, one.coef)
	}
	return s, nil
}

func lackOfFit(rungs []Rung, form SurfaceForm, link Link, l least) LackOfFit {
	var pure float64
	cells := cellsOf(rungs)
	for _, c := range cells {
		var m float64
		for _, r := range c {
			m += link.Of(r.Score) / float64(len(c))
		}
		for _, r := range c {
			d := link.Of(r.Score) - m
			pure += d * d
		}
	}
	t := LackOfFit{F: math.NaN(), P: math.NaN(), DF1: float64(len(cells) - form.size()), DF2: float64(len(rungs) - len(cells))}
	if t.DF1 > 0 && t.DF2 > 0 && pure > 0 {
		t.F = max(0, l.rss-pure) / t.DF1 / (pure / t.DF2)
		t.P = fTail(t.F, t.DF1, t.DF2)
	}
	return t
}

// ChooseLink fits a surface with the identity, and with the logit where every score lies between 0 and 1. The identity is
// taken unless its lack of fit is significant at 5 % and that of the logit has the smaller F: the simpler scale, unless the
// seeds contradict it. The other fit is nil where it was not made.
func ChooseLink(rungs []Rung, form SurfaceForm, bySeed bool) (chosen, other *Surface, err error) {
	chosen, err = FitSurface(rungs, form, Identity, bySeed)
	if err != nil || slices.ContainsFunc(rungs, func(r Rung) bool { return r.Score <= 0 || r.Score >= 1 }) {
		return chosen, nil, err
	}
	if other, err = FitSurface(rungs, form, Logit, bySeed); err != nil {
		return nil, nil, err
	}
	if chosen.LackOfFit.P < .05 && other.LackOfFit.F < chosen.LackOfFit.F {
		chosen, other = other, chosen
	}
	return chosen, other, nil
}

// Terms are the form's terms at a place given as log2 of pairs, Doubling and Step those of the slopes.
func (s *Surface) Terms(x, q float64) []float64 { return s.Form.Row(x-s.origin, q) }

// Doubling are the terms of the slope along the pairs.
func (s *Surface) Doubling(x, q float64) []float64 { return s.Form.Doubling(x-s.origin, q) }

// Step are the terms of a step of quality.
func (s *Surface) Step(x, q, step float64) []float64 { return s.Form.Step(x-s.origin, q, step) }

// Score is the fitted score at a place.
func (s *Surface) Score(x, q float64) float64 { return s.Link.Inverse(dot(s.Terms(x, q), s.Coef)) }

// each is a combination of the coefficients of every seed.
func (s *Surface) each(terms []float64) []float64 {
	out := make([]float64, len(s.Seeds))
	for k, c := range s.Seeds {
		out[k] = dot(terms, c)
	}
	return out
}

// covariance of two combinations of coefficients, from the residuals.
func (s *Surface) covariance(a, b []float64) float64 {
	var v float64
	for i := range a {
		for j := range b {
			v += a[i] * s.inverse.At(i, j) * b[j]
		}
	}
	return v * s.Variance
}

// Interval is the t interval of a combination of coefficients on the link's scale: over seeds (their number less one
// degrees of freedom), or from the residuals.
func (s *Surface) Interval(terms []float64, level float64) Interval {
	iv := noInterval(dot(terms, s.Coef), s.N, orLevel(level))
	var se float64
	if s.Seeds != nil {
		n := float64(len(s.Seeds))
		_, ss := center(s.each(terms))
		se, iv.DF, iv.N = math.Sqrt(ss/(n-1)/n), n-1, len(s.Seeds)
		iv.Method = fmt.Sprintf("t over seeds, %g df", iv.DF)
	} else {
		if s.DF < 1 {
			iv.warn("as many coefficients as models: no interval")
			return iv
		}
		se, iv.DF = math.Sqrt(s.covariance(terms, terms)), s.DF
		iv.Method = fmt.Sprintf("t of the residuals, %g df", iv.DF)
	}
	h := tQuantile(.5+iv.Level/2, iv.DF) * se
	iv.Low, iv.High = iv.Value-h, iv.Value+h
	return iv
}

// ScoreInterval is the interval of the fitted score at a place.
func (s *Surface) ScoreInterval(x, q, level float64) Interval {
	iv := s.Interval(s.Terms(x, q), level)
	iv.Value, iv.Low, iv.High = s.Link.Inverse(iv.Value), s.Link.Inverse(iv.Low), s.Link.Inverse(iv.High)
	return iv
}

// Ratio is the ratio of two combinations of coefficients with Fieller's set.
func (s *Surface) Ratio(numerator, denominator []float64, level float64) (RatioSet, error) {
	if s.Seeds != nil {
		return FiellerPaired(s.each(numerator), s.each(denominator), level)
	}
	return Fieller(dot(numerator, s.Coef), dot(denominator, s.Coef), s.covariance(numerator, numerator), s.covariance(numerator, denominator),
		s.covariance(denominator, denominator), s.DF, level)
}

// ExchangeRate is the local exchange rate at a place: how many doublings of pairs a step of quality is worth, the ratio of
// the two slopes there. It is the slope of the contour of equal performance through the place, and no monotone transform
// of the score changes the true one.
func (s *Surface) ExchangeRate(x, q, step, level float64) (RatioSet, error) {
	return s.Ratio(s.Step(x, q, step), s.Doubling(x, q), level)
}

// PairsFor is where the fitted score reaches a value at a quality between lo and hi, all in log2 of pairs: the contour of
// equal performance. The smallest place is taken; NaN where there is none. The interval is from t over the places of the
// seeds' own surfaces; there is none where a seed does not reach the score between lo and hi, or seeds are not told apart.
func (s *Surface) PairsFor(score, q, lo, hi, level float64) Interval {
	target := s.Link.Of(score)
	iv := noInterval(s.crossing(s.Coef, target, q, lo, hi), s.N, orLevel(level))
	if math.IsNaN(iv.Value) || s.Seeds == nil {
		return iv
	}
	var at []float64
	for _, c := range s.Seeds {
		at = append(at, s.crossing(c, target, q, lo, hi))
	}
	if slices.ContainsFunc(at, math.IsNaN) {
		iv.warn("not every seed reaches the score within the sizes that were trained: no interval")
		return iv
	}
	n := float64(len(at))
	m, ss := center(at)
	h := tQuantile(.5+iv.Level/2, n-1) * math.Sqrt(ss/(n-1)/n)
	iv.Low, iv.High, iv.DF, iv.N = m-h, m+h, n-1, len(at)
	iv.Method = fmt.Sprintf("t over seeds, %g df", n-1)
	return iv
}

// crossing is the smallest x from lo to hi at which a second-order curve reaches the target.
func (s *Surface) crossing(coef []float64, target, q, lo, hi float64) float64 {
	at := func(x float64) float64 { return dot(s.Terms(x, q), coef) - target }
	// A parabola through three places is the curve itself.
	mid, h := (lo+hi)/2, (hi-lo)/2
	y0, y1, y2 := at(lo), at(mid), at(hi)
	a, b, c := (y0+y2)/2-y1, (y2-y0)/2, y1
	best := math.NaN()
	for _, u := range roots(a, b, c) {
		if u >= -1-1e-12 && u <= 1+1e-12 && !(u >= best) {
			best = u
		}
	}
	return mid + best*h
}

// roots are those of a u^2 + b u + c.
func roots(a, b, c float64) []float64 {
	if math.Abs(a) < 1e-12*(math.Abs(b)+math.Abs(c)) {
		if b == 0 {
			return nil
		}
		return []float64{-c / b}
	}
	d := b*b - 4*a*c
	if d < 0 {
		return nil
	}
	t := -(b + math.Copysign(math.Sqrt(d), b)) / 2
	if t == 0 {
		return []float64{0}
	}
	return []float64{t / a, c / t}
}

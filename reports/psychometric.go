package reports

import (
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"probity/internal/registry"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "psychometric",
		Version: 1,
		Doc:     "how fast do choices turn from chance to certainty? Psychometric functions of log severity amid each null: threshold, slope, lapse rate, goodness of fit",
		Long: `A within of detection is the share of right choices in a two-interval forced choice between the null alone and the edit
amid the null, ties half (Bamber 1975). Over log severity a logistic function from .5 to 1 less a lapse rate of 0 to .06 is fitted to
it by maximum likelihood, for every metric, null and edit in a region with at least four severities above 0. Choices within a source
share its nulls: they are fitted as the number of independent ones that would spread as much, and the deviance is scaled by what
sources show of its expectation (Rao and Scott 1984). Intervals are from the fits without each source. Unlike detection's
threshold this one takes a form of the curve for granted, which its deviance tests. Nothing is fitted to fewer than 30 sources.`,
		Source: "Wichmann and Hill 2001; Bamber 1975; Rao and Scott 1984, 1992",
		Params: []registry.Param{perturbParam, nullParam},
	}, Entry{Compute: psychometric, Exhibit: showPsychometric})
}

// The quantities of a psychometric function p(x) = .5 + (.5 - lapse) / (1 + exp(-(x - t) / s)) of x = log severity.
const (
	PsychometricThreshold Quantity = "psychometric threshold" // severity where p is .75
	PsychometricSlope     Quantity = "psychometric slope"     // rise of p a natural log unit of severity, there
	LapseRate             Quantity = "lapse rate"             // 0 to .06
	Deviance              Quantity = "deviance"               // scaled, so that chi-squared with DF degrees of freedom is its reference
	DevianceP             Quantity = "p of the deviance"      // small: the curve has another form
)

const (
	// psychometricSeverities is the number from which a curve is fitted: three parameters and one to test them by.
	psychometricSeverities = 4
	// maxLapse is the largest lapse rate (Wichmann and Hill 2001, p. 1298).
	maxLapse = .06
	// misfit is the p of a deviance below which the form of a curve is called into question.
	misfit = .05
)

// psychometricFit is the psychometric function of one detection curve. Places are log strengths.
type psychometricFit struct {
	d        *detected
	cells    []int // of d, those with a log strength, weakest first
	k        int
	trouble  string // why nothing could be fitted, "" where it was
	curve    stats.Psychometric
	at       [3]float64   // log strength at the criterion, log of the slope there, lapse rate
	leave    [][3]float64 // the same without each cluster; nil where one of the fits failed
	deviance float64
	df, p    float64
}

func psychometric(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, nulls, err := a.chosen(params)
	if err != nil {
		return nil, err
	}
	b := a.build("psychometric", "Psychometric functions")
	b.f.Method = []string{
		"A within, the AUC of the edit amid a null against the null alone within each source, is the share of right choices in a two-interval forced choice between them, ties half (Bamber 1975); averaged over sources.",
		"The psychometric function is .5 + (.5 - lapse) / (1 + exp(-(x - t) / s)) of x = log severity, with a lapse rate of 0 to .06, by maximum likelihood.",
		"Choices within a source share its pictures and nulls. They count as the number of independent choices that would vary as much between sources, one number a source for the whole curve (Rao and Scott 1992); it moves no parameter.",
		"The deviance is scaled by its expectation under the fitted form, from the covariance of the severities over sources (no variance below the binomial one), and referred to chi-squared with Satterthwaite's degrees of freedom (Rao and Scott 1984, second order). Unscaled it would take dependent choices for independent ones.",
		"The threshold is the severity at which the fitted curve is .75; the slope is its rise there a natural log unit of severity. Intervals are t from the fits without each source (delete-one jackknife), of the logarithms of both.",
	}
	var usable []int
	for _, i := range curves {
		c := a.curves[i]
		n := 0
		for _, x := range c.cells {
			if !math.IsNaN(c.strength(x)) {
				n++
			}
		}
		switch {
		case c.axis.Fixed:
			b.refuse(string(PsychometricThreshold)+" of "+c.perturb+" ("+c.region()+")", "the edit has no severity")
		case n < psychometricSeverities:
			b.refuse(string(PsychometricThreshold)+" of "+c.perturb+" ("+c.region()+")", "%d severities above 0, a psychometric function needs %d", n, psychometricSeverities)
		default:
			usable = append(usable, i)
		}
	}
	few := len(a.clusters) < thresholdSources
	if few {
		b.refuse(string(PsychometricThreshold), "%s: no psychometric function is fitted to fewer than %d", plural(len(a.clusters), "independent "+a.noun()), thresholdSources)
	}
	keys := a.detectKeys(usable, nulls)
	if err := a.detectAll(ctx, keys); err != nil {
		return nil, err
	}
	fits := make([]*psychometricFit, len(keys))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(a.workers)
	for i, k := range keys {
		g.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			if d := a.detect(k); d != nil {
				fits[i] = a.fitPsychometric(d)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for m := range a.columns {
		b.refuseWords(PsychometricThreshold, m, usable)
		first := len(b.f.Estimates)
		for i, k := range keys {
			if k.metric == m && fits[i] != nil {
				a.addPsychometric(b, fits[i], few)
			}
		}
		a.markWorstAs(b.f.Estimates[first:], m, usable, nulls)
	}
	if len(b.f.Estimates) == 0 {
		b.refuse(string(AWithin), "no edit of %d severities or more with a null laid over it is in the scores", psychometricSeverities)
	}
	b.f.Answer = a.psychometricAnswer(b.f)
	return b.f, nil
}

// fitPsychometric fits the curve, all of it and without each cluster, and tests its form.
func (a *Analysis) fitPsychometric(d *detected) *psychometricFit {
	f := &psychometricFit{d: d, k: math.MaxInt, deviance: math.NaN(), df: math.NaN(), p: math.NaN()}
	for i := range d.cells {
		if !math.IsNaN(d.curve.strength(d.cells[i].cell)) {
			f.cells = append(f.cells, i)
			f.k = min(f.k, d.cells[i].within.k)
		}
	}
	slices.SortStableFunc(f.cells, func(i, j int) int {
		if d.curve.strength(d.cells[i].cell) < d.curve.strength(d.cells[j].cell) {
			return -1
		}
		return 1
	})
	switch {
	case len(f.cells) < psychometricSeverities:
		f.trouble = fmt.Sprintf("%d severities have scores, %d are needed", len(f.cells), psychometricSeverities)
		return f
	case f.k < thresholdSources:
		f.trouble = fmt.Sprintf("%s at some severity, %d are needed", plural(f.k, "independent "+a.noun()), thresholdSources)
		return f
	}
	// The number of independent choices a source: that at which the binomial variance is the one between sources.
	var binomial, observed float64
	for _, i := range f.cells {
		w := &d.cells[i].within
		binomial += w.value * (1 - w.value)
		if w.spread {
			observed += w.se() * w.se() * float64(w.sources)
		}
	}
	if !(observed > 0) || !(binomial > 0) {
		f.trouble = "every " + a.noun() + " has the same A within"
		return f
	}
	choices := binomial / observed
	points := make([]stats.PsychometricPoint, len(f.cells))
	fill := func(value func(i int) (share, sources float64)) []stats.PsychometricPoint {
		for j, i := range f.cells {
			share, sources := value(i)
			n := choices * sources
			points[j] = stats.PsychometricPoint{X: d.curve.strength(d.cells[i].cell), Hits: max(0, min(n, n*share)), N: n}
		}
		return points
	}
	whole := fill(func(i int) (float64, float64) { return d.cells[i].within.value, float64(d.cells[i].within.sources) })
	var err error
	f.curve, err = stats.FitPsychometric(whole, .5, maxLapse)
	switch {
	case err != nil:
		f.trouble = err.Error()
		return f
	case !f.curve.Converged:
		f.trouble = "the curve stays near chance, near certainty, or is a step"
		return f
	}
	f.at = landmarks(f.curve)
	f.test(whole)
	leave := make([][]float64, len(d.cells))
	for _, i := range f.cells {
		leave[i] = d.cells[i].within.leaveOut()
	}
	for c := range a.clusters {
		if !slices.ContainsFunc(f.cells, func(i int) bool { return d.cells[i].within.den[c] > 0 }) {
			continue
		}
		r, err := f.curve.Refit(fill(func(i int) (float64, float64) {
			return leave[i][c], float64(d.cells[i].within.sources) - d.cells[i].within.den[c]
		}), maxLapse)
		if err != nil || !r.Converged {
			f.leave = nil
			break
		}
		f.leave = append(f.leave, landmarks(r))
	}
	return f
}

// landmarks are the place where a curve crosses the criterion, the logarithm of its slope there, and its lapse rate.
func landmarks(c stats.Psychometric) [3]float64 {
	height := 1 - c.Guess - c.Lapse
	u := (criterion - c.Guess) / height
	return [3]float64{c.Threshold + c.Scale*math.Log(u/(1-u)), math.Log(height * u * (1 - u) / c.Scale), c.Lapse}
}

// psychometricOf is the curve with these landmarks, the slope not in logarithms.
func psychometricOf(at, slope, lapse float64) stats.Psychometric {
	c := stats.Psychometric{Guess: .5, Lapse: lapse}
	height := 1 - c.Guess - c.Lapse
	u := (criterion - c.Guess) / height
	c.Scale = height * u * (1 - u) / slope
	c.Threshold = at - c.Scale*math.Log(u/(1-u))
	return c
}

// test scales the deviance. Under the fitted form it is nearly r'Wr, where r are the shares less the fitted ones, W the
// inverse binomial variances, and the fit has taken J (J'WJ)^-1 J'W r out of r. Its expectation is the trace of W R C, with R
// what is left of r and C the covariance of the shares over sources, which tells of shared nulls too (Rao and Scott 1984).
func (f *psychometricFit) test(points []stats.PsychometricPoint) {
	n := len(points)
	free := 3
	if !insideLapse(f.curve.Lapse) { // held at an end, not fitted
		free = 2
	}
	if n <= free {
		return
	}
	j, wj, w := mat.NewDense(n, free, nil), mat.NewDense(n, free, nil), mat.NewDiagDense(n, nil)
	for i, p := range points {
		q := f.curve.At(p.X)
		z := (p.X - f.curve.Threshold) / f.curve.Scale
		u := 1 / (1 + math.Exp(-z))
		rise := (1 - f.curve.Guess - f.curve.Lapse) * u * (1 - u)
		w.SetDiag(i, p.N/max(1e-9, q*(1-q)))
		for c, v := range []float64{rise, rise * z, u}[:free] { // up to factors of columns
			j.Set(i, c, v)
			wj.Set(i, c, v*w.At(i, i))
		}
	}
	var information, inverse mat.Dense
	information.Mul(j.T(), wj)
	if err := inverse.Inverse(&information); err != nil {
		return
	}
	var taken, left mat.Dense
	taken.Product(wj, &inverse, wj.T())
	left.Sub(w, &taken)
	var e, e2 mat.Dense
	e.Mul(&left, f.covariance(points))
	e2.Mul(&e, &e)
	expected, square := mat.Trace(&e), mat.Trace(&e2)
	if !(expected > 0) || !(square > 0) {
		return
	}
	f.df = expected * expected / square
	f.deviance = max(0, f.curve.Deviance) * f.df / expected
	f.p = distuv.ChiSquared{K: f.df}.Survival(f.deviance)
}

// insideLapse reports whether a lapse rate lies off both ends.
func insideLapse(v float64) bool { return v > .01*maxLapse && v < .99*maxLapse }

// covariance is that of A within at the severities of the curve, of ratio estimators over clusters as in mean.se. No variance
// is below the binomial one of the fitted share: near certainty, where all sources agree, what they show of it is nothing.
func (f *psychometricFit) covariance(points []stats.PsychometricPoint) *mat.Dense {
	n, k := len(f.cells), float64(f.k)
	c := mat.NewDense(n, n, nil)
	for x, i := range f.cells {
		for y, j := range f.cells {
			p, q := &f.d.cells[i].within, &f.d.cells[j].within
			var s float64
			for l := range p.num {
				s += (p.num[l] - p.value*p.den[l]) * (q.num[l] - q.value*q.den[l])
			}
			c.Set(x, y, s*k/(k-1)/float64(p.sources)/float64(q.sources))
		}
	}
	grown := make([]float64, n) // factors of standard deviations, which leave correlations as they are
	for x, p := range points {
		least, seen := f.curve.At(p.X)*(1-f.curve.At(p.X))/p.N, c.At(x, x)
		switch {
		case seen <= 0:
			c.Set(x, x, least)
			grown[x] = 1
		default:
			grown[x] = math.Sqrt(max(1, least/seen))
		}
	}
	for x := range n {
		for y := range n {
			c.Set(x, y, c.At(x, y)*grown[x]*grown[y])
		}
	}
	return c
}

// interval is the jackknife's of one of the landmarks (Efron and Tibshirani 1993, eq. 11.5).
func (f *psychometricFit) interval(which int, level float64) interval {
	k := float64(len(f.leave))
	if k < 2 {
		return noInterval
	}
	var m, ss float64
	for _, v := range f.leave {
		m += v[which] / k
	}
	for _, v := range f.leave {
		ss += (v[which] - m) * (v[which] - m)
	}
	h := tQuantile(.5+level/2, k-1) * math.Sqrt(ss*(k-1)/k)
	return interval{f.at[which] - h, f.at[which] + h, fmt.Sprintf("t from the delete-one jackknife over sources, %d df", len(f.leave)-1), k - 1}
}

// addPsychometric adds the points of a curve, and what was fitted to them. few says that the finding has refused all fits.
func (a *Analysis) addPsychometric(b *builder, f *psychometricFit, few bool) {
	d, c := f.d, f.d.curve
	null := a.nulls[d.null].name
	name := fmt.Sprintf("%s amid %s, %s (%s)", a.columns[d.metric].Label, null, c.perturb, c.region())
	var shape []int // warnings about the whole curve
	if f.trouble != "" && !few {
		shape = append(shape, b.warn("not-fitted", "%s: no psychometric function: %s", name, f.trouble))
	}
	if f.falls() {
		shape = append(shape, b.warn("non-monotone", "%s: A within falls with severity by more than its bands allow; the function can only rise", name))
	}
	all := slices.Clone(shape)
	for _, i := range f.cells {
		x := &d.cells[i]
		e := blank(AWithin, a.columns[d.metric].Label).at(c, x.cell).with(x.within.value, x.interval, x.within.k, x.within.sources)
		own := b.detectedWarnings(d, x)
		e.Null, e.Warnings = null, slices.Concat(own, shape)
		all = append(all, own...)
		b.add(e)
	}
	if f.trouble != "" {
		return
	}
	weak, strong := c.strength(d.cells[f.cells[0]].cell), c.strength(d.cells[f.cells[len(f.cells)-1]].cell)
	if f.at[0] < weak || f.at[0] > strong {
		all = append(all, b.warn("extrapolated", "%s: the threshold lies beyond the severities tested, where nothing but the form of the curve speaks for it", name))
	}
	if f.leave == nil {
		all = append(all, b.warn("jackknife", "%s: without one of the sources no function can be fitted, so that no interval is given", name))
	}
	switch {
	case math.IsNaN(f.p):
		all = append(all, b.warn("untested", "%s: the form of the curve cannot be tested: too steep, or sources do not differ", name))
	case f.p < misfit:
		all = append(all, b.warn("misfit", "%s: the deviance is larger than chance (%s): the curve has another form, and threshold and slope are those of the nearest logistic", name, pvalue(f.p)))
	}
	slices.Sort(all)
	all = slices.Compact(all)
	sources := math.MaxInt
	for _, i := range f.cells {
		sources = min(sources, d.cells[i].within.sources)
	}
	put := func(q Quantity, value float64, v interval) *Estimate {
		e := blank(q, a.columns[d.metric].Label).at(c, nil).with(value, v, f.k, sources)
		e.Unit, e.Null, e.Warnings = "", null, all
		b.add(e)
		return &b.f.Estimates[len(b.f.Estimates)-1]
	}
	iv := f.interval(0, a.level)
	iv.low, iv.high = c.severity(iv.low), c.severity(iv.high)
	if c.axis.Descending {
		iv.low, iv.high = iv.high, iv.low
	}
	e := put(PsychometricThreshold, c.severity(f.at[0]), iv)
	if e.Unit = c.unit; a.in.Experiment.Axis != "" {
		e.Unit = c.axis.Unit
	}
	iv = f.interval(1, a.level)
	iv.low, iv.high = math.Exp(iv.low), math.Exp(iv.high)
	put(PsychometricSlope, math.Exp(f.at[1]), iv)
	iv = noInterval
	if insideLapse(f.at[2]) { // at an end the estimate is no smooth function of the sources
		iv = f.interval(2, a.level)
		iv.low, iv.high = max(0, iv.low), min(maxLapse, iv.high)
	}
	put(LapseRate, f.at[2], iv)
	if !math.IsNaN(f.p) {
		test := noInterval
		test.df = f.df
		put(Deviance, f.deviance, test)
		put(DevianceP, f.p, test)
	}
}

// falls reports whether some severity lies below a weaker one by more than their simultaneous bands allow.
func (f *psychometricFit) falls() bool {
	for i, weak := range f.cells {
		for _, strong := range f.cells[i+1:] {
			if f.d.cells[strong].bandHi < f.d.cells[weak].bandLo {
				return true
			}
		}
	}
	return false
}

func (a *Analysis) psychometricAnswer(f *Finding) string {
	got := f.pick(func(e *Estimate) bool { return e.Quantity == PsychometricThreshold && e.Worst })
	if len(got) == 0 {
		if len(a.clusters) < thresholdSources {
			return fmt.Sprintf("No psychometric function is fitted to fewer than %d %ss.", thresholdSources, a.noun())
		}
		return "No psychometric function could be fitted; see what was refused and warned of."
	}
	var words string
	for _, p := range a.reference() {
		list := a.collect(f, func(e *Estimate) bool {
			return e.Quantity == PsychometricThreshold && e.Worst && e.on(p.curve)
		})
		if len(list) == 0 {
			continue
		}
		most, least := extremes(list)
		if p.curve.axis.Descending {
			most, least = least, most
		}
		where := p.curve.perturb + " (" + p.curve.region() + ")"
		words += fmt.Sprintf("Choices on %s amid the worst null of each metric reach %s soonest by %s, at %s", where, share(criterion), least.Metric, thresholdAt(least))
		if most != least {
			words += fmt.Sprintf(", and last by %s, at %s", most.Metric, thresholdAt(most))
		}
		words += fmt.Sprintf(" (n = %d). ", least.N)
	}
	tests := f.pick(func(e *Estimate) bool { return e.Quantity == DevianceP && e.Worst })
	bad := 0
	for _, e := range tests {
		if e.Value < misfit {
			bad++
		}
	}
	return words + fmt.Sprintf("Of %s, %d have another form than the logistic (p of the deviance below %s).", plural(len(tests), "curve"), bad, share(misfit))
}

// thresholdAt writes a psychometric threshold with its interval.
func thresholdAt(e *Estimate) string {
	s := withUnit(float64(e.Value), unitText(e.Unit))
	if e.Method == "none" {
		return s
	}
	return fmt.Sprintf("%s [%s, %s]", s, digits(float64(e.Low)), digits(float64(e.High)))
}

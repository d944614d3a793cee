package reports

import (
	"context"
	"math"
	"slices"

	"probity/internal/registry"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "area-threshold",
		Version: 1,
		Doc:     "how the size of an edit matters: detection threshold against edited area, with its slope in log-log",
		Long: `The threshold severity of detection for each area of an edit, and the slope of log threshold on log area by least
squares over the areas that have one, resampled whole with the thresholds. No monotone transform of a metric can change it.
A slope of -1 means that severity times area is constant (Ricco's law: the metric sums over the picture), -1/2 Piper's law
(summation limited by independent noise), 0 that size does not matter (it looks at the strongest place).`,
		Source: "Ricco 1877; Piper 1903; Watson and Ahumada 2005 for summation in detection",
		Params: []registry.Param{perturbParam, nullParam},
	}, Entry{Compute: areaThreshold, Exhibit: showAreaThreshold})
}

// slopeAreas is the number of areas with a threshold from which a slope is given.
const slopeAreas = 3

func areaThreshold(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, nulls, err := a.chosen(params)
	if err != nil {
		return nil, err
	}
	if err := a.detectAll(ctx, a.detectKeys(curves, nulls)); err != nil {
		return nil, err
	}
	b := a.build("area-threshold", "Threshold against area")
	b.f.Method = []string{
		"Thresholds are those of detection: the severity where the isotonic fit of A within on log severity crosses .75.",
		"The slope is that of log threshold on log area by least squares over the areas with an uncensored threshold; sources are resampled whole, through thresholds to slopes.",
		"Reference slopes: -1 (Ricco: severity times area is constant), -1/2 (Piper: summation against independent noise).",
	}
	if a.thresholdRefusal(b) {
		b.f.Answer = a.areaAnswer(b.f)
		return b.f, nil
	}
	for m := range a.columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		first := len(b.f.Estimates)
		for _, n := range nulls {
			for _, family := range a.byArea(curves) {
				a.slope(b, m, n, family)
			}
		}
		a.markWorstAs(b.f.Estimates[first:], m, curves, nulls)
	}
	b.f.Answer = a.areaAnswer(b.f)
	return b.f, nil
}

// markWorstAs marks the null amid which the metric's A within is lowest.
func (a *Analysis) markWorstAs(list []Estimate, m int, curves, nulls []int) {
	worst := a.worstNull(m, curves, nulls)
	for i := range list {
		list[i].Worst = worst >= 0 && list[i].Null == a.nulls[worst].name
	}
}

// worstNull is the null amid which a metric's A within, averaged over all cells, is lowest; -1 where there is none.
func (a *Analysis) worstNull(m int, curves, nulls []int) int {
	worst, least := -1, math.Inf(1)
	for _, n := range nulls {
		var sum, k float64
		for _, i := range curves {
			if d := a.detect(detectKey{m, n, i}); d != nil {
				for _, x := range d.cells {
					sum += x.within.value
					k++
				}
			}
		}
		if k > 0 && sum/k < least {
			worst, least = n, sum/k
		}
	}
	return worst
}

// byArea groups the curves of one edit and shape, which differ in area alone. The edit of the whole picture ends every
// group of its edit. Groups of one area are left out.
func (a *Analysis) byArea(curves []int) [][]int {
	var groups [][]int
	for _, i := range curves {
		c := a.curves[i]
		if !c.local() {
			continue
		}
		k := slices.IndexFunc(groups, func(g []int) bool {
			o := a.curves[g[0]]
			return o.perturb == c.perturb && o.shape == c.shape
		})
		if k < 0 {
			groups = append(groups, []int{i})
		} else {
			groups[k] = append(groups[k], i)
		}
	}
	for k, g := range groups {
		for _, i := range curves {
			if c := a.curves[i]; c.shape == "whole" && c.perturb == a.curves[g[0]].perturb {
				groups[k] = append(groups[k], i)
			}
		}
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return len(g) < 2 })
}

// slope adds the thresholds of one group of areas and the slope through them.
func (a *Analysis) slope(b *builder, m, null int, group []int) {
	label := a.columns[m].Label
	var list []*detected
	for _, i := range group {
		d := a.detect(detectKey{m, null, i})
		if d == nil {
			continue
		}
		e, ok := a.threshold(d)
		if !ok {
			continue
		}
		e.Warnings = b.metricWarnings(m)
		for _, x := range d.cells {
			e.Warnings = append(e.Warnings, b.cellWarnings(m, d.curve, x.cell)...)
		}
		slices.Sort(e.Warnings)
		e.Warnings = slices.Compact(e.Warnings)
		b.add(e)
		list = append(list, d)
	}
	c := a.curves[group[0]]
	name := label + " amid " + a.nulls[null].name + ", " + c.perturb
	fit := a.fitSlope(m, null, group)
	if fit == nil {
		kept := 0
		for _, d := range list {
			if !math.IsInf(d.whole.value, 0) {
				kept++
			}
		}
		b.refuse(string(Slope)+", "+name, "%d of %s have a threshold within the severities tested, %d are needed", kept, plural(len(group), "area"), slopeAreas)
		return
	}
	e := blank(Slope, label).at(c, nil)
	e.Area, e.Unit, e.Null = Number(math.NaN()), "", a.nulls[null].name
	reps := sorted(slices.Clone(fit.reps))
	iv := noInterval
	if lo, hi, ok := bca(fit.value, reps, sorted(slices.Clone(fit.jack)), expanded(a.level, len(a.clusters))); ok {
		iv = interval{lo, hi, "BCa bootstrap of all curves over sources", math.NaN()}
	}
	e = e.with(fit.value, iv, len(a.clusters), len(a.sources))
	e.Warnings = b.metricWarnings(m)
	if lost := len(fit.reps) - len(reps); lost > 0 {
		e.Warnings = append(e.Warnings, b.warn("censored", "%s: in %.1f %% of the resamples a threshold lies beyond what was tested; the interval of the slope is from the others", name, 100*float64(lost)/float64(len(fit.reps))))
	}
	if fit.areas < len(list) {
		e.Warnings = append(e.Warnings, b.warn("censored", "%s: the slope is from %d of %d areas; at the others the threshold lies beyond what was tested", name, fit.areas, len(list)))
	}
	b.add(e)
}

// slopeFit is a slope of log threshold on log area, in the data, in every resample and without each cluster; NaN where a
// threshold lies beyond what was tested.
type slopeFit struct {
	value      float64
	reps, jack []float64
	areas      int
}

// fitSlope is nil where too few areas have a threshold.
func (a *Analysis) fitSlope(m, null int, group []int) *slopeFit {
	var kept []*detected
	for _, i := range group {
		d := a.detect(detectKey{m, null, i})
		if d != nil && d.whole != nil && d.whole.k >= thresholdSources && !math.IsInf(d.whole.value, 0) && !math.IsNaN(d.whole.value) {
			kept = append(kept, d)
		}
	}
	if len(kept) < slopeAreas {
		return nil
	}
	x, y := make([]float64, len(kept)), make([]float64, len(kept))
	for j, d := range kept {
		x[j] = math.Log(d.curve.area)
	}
	fit := func(value func(w *crossed) float64) float64 {
		for j, d := range kept {
			if y[j] = value(d.whole); math.IsInf(y[j], 0) || math.IsNaN(y[j]) {
				return math.NaN()
			}
			if d.curve.axis.Descending {
				y[j] = -y[j]
			}
		}
		return leastSquares(x, y)
	}
	out := &slopeFit{areas: len(kept), reps: make([]float64, a.draws.n), jack: make([]float64, len(a.clusters))}
	out.value = fit(func(w *crossed) float64 { return w.value })
	for r := range out.reps {
		out.reps[r] = fit(func(w *crossed) float64 { return w.reps[r] })
	}
	for k := range out.jack {
		out.jack[k] = fit(func(w *crossed) float64 { return w.jack[k] })
	}
	return out
}

// leastSquares is the slope of y on x.
func leastSquares(x, y []float64) float64 {
	var mx, my float64
	for i := range x {
		mx += x[i] / float64(len(x))
		my += y[i] / float64(len(y))
	}
	var sxy, sxx float64
	for i := range x {
		sxy += (x[i] - mx) * (y[i] - my)
		sxx += (x[i] - mx) * (x[i] - mx)
	}
	return sxy / sxx
}

package reports

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/registry"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "detection",
		Version: 2,
		Doc:     "is the edit found amid noise? AUC within source and pooled, kept apart, with thresholds",
		Long: `The scores of an edit with a null laid over it, d(x, n'(e(x))), against those of the null alone, d(x, n(x)), with
independent draws of the null, at least 8 a source. A within is the AUC within each source (ties half), averaged over
sources: a criterion of its own for every picture. A pooled has one criterion for all. They can differ greatly and are
never mixed. d' = sqrt(2) times the normal quantile of A within, a relabelling, not given at 0 or 1. The threshold is the
severity where the isotonic fit of A within on log severity crosses .75, resampled whole; where it does not cross, it is
censored as larger than the largest tested. No threshold is given from fewer than 30 sources.`,
		Source: "Green and Swets 1966; Obuchowski 1997; Efron 1987; Barlow et al. 1972",
		Params: []registry.Param{perturbParam, nullParam},
	}, Entry{Compute: detection, Exhibit: showDetection})
}

func detection(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, nulls, err := a.chosen(params)
	if err != nil {
		return nil, err
	}
	if err := a.detectAll(ctx, a.detectKeys(curves, nulls)); err != nil {
		return nil, err
	}
	b := a.build("detection", "Detection")
	b.f.Method = []string{
		"A within is the AUC of the edit with a null laid over it against the null alone, independent draws, within each source (ties half), averaged over sources. A pooled uses one criterion for all sources.",
		"d' = sqrt(2) z(A within): a relabelling that assumes equal-variance normal scores; not given at 0 or 1.",
		fmt.Sprintf("The threshold is where the isotonic fit of A within on log severity crosses %s; its interval resamples sources, the whole curve at a time.", share(criterion)),
		"The worst null of a metric is the one with the lowest A within over all its edits; it is chosen on the same data, so its interval is a little too low.",
		"Bands are simultaneous over the severities of one curve.",
	}
	a.thresholdRefusal(b)
	worst := make([]int, len(a.columns))
	for m := range a.columns {
		b.refuseWords(AWithin, m, curves)
		first := len(b.f.Estimates)
		for _, n := range nulls {
			for _, i := range curves {
				if d := a.detect(detectKey{m, n, i}); d != nil {
					a.addDetected(b, d)
				}
			}
		}
		markWorst(b.f.Estimates[first:], AWithin)
		worst[m] = a.worstNull(m, curves, nulls)
	}
	a.bests(b, curves, worst)
	if len(b.f.Estimates) == 0 {
		b.refuse(string(AWithin), "no edit with a null laid over it is in the scores")
	}
	b.f.Answer = a.detectionAnswer(b.f)
	return b.f, nil
}

func (a *Analysis) detectKeys(curves, nulls []int) []detectKey {
	var keys []detectKey
	for m := range a.columns {
		for _, n := range nulls {
			for _, c := range curves {
				keys = append(keys, detectKey{m, n, c})
			}
		}
	}
	return keys
}

// thresholdRefusal says once why a report has no thresholds, where it has too few sources; true where it does.
func (a *Analysis) thresholdRefusal(b *builder) bool {
	if len(a.clusters) >= thresholdSources {
		return false
	}
	b.refuse(string(Threshold), "%s: none is given from fewer than %d", plural(len(a.clusters), "independent "+a.noun()), thresholdSources)
	return true
}

func (a *Analysis) addDetected(b *builder, d *detected) {
	c := d.curve
	n := a.nulls[d.null]
	label := a.columns[d.metric].Label
	all := []int{}
	for _, x := range d.cells {
		w := b.detectedWarnings(d, &x)
		for _, i := range w {
			if !slices.Contains(all, i) {
				all = append(all, i)
			}
		}
		e := blank(AWithin, label).at(c, x.cell).with(x.within.value, x.interval, x.within.k, x.within.sources)
		e.Null, e.BandLow, e.BandHigh, e.Warnings = n.name, Number(x.bandLo), Number(x.bandHi), w
		b.add(e)
		e = blank(APooled, label).at(c, x.cell).with(x.pooled, x.pooledInterval, x.pooledK, x.within.sources)
		e.Null, e.Warnings = n.name, w
		b.add(e)
		if v := x.within.value; v > 0 && v < 1 {
			iv := x.interval
			iv.low, iv.high = dPrime(iv.low), dPrime(iv.high)
			if iv.method != "none" {
				iv.method += ", relabelled"
			}
			e = blank(DPrime, label).at(c, x.cell).with(dPrime(v), iv, x.within.k, x.within.sources)
			e.Null, e.Warnings = n.name, w
			b.add(e)
		}
	}
	if e, ok := a.threshold(d); ok {
		e.Warnings = all
		b.add(e)
	}
}

// detectedWarnings are those about A within at one severity of a curve.
func (b *builder) detectedWarnings(d *detected, x *detectedCell) []int {
	n, col := b.a.nulls[d.null], &b.a.columns[d.metric]
	w := b.metricWarnings(d.metric)
	if n.few < nullDraws {
		w = append(w, b.warn("few-draws", "%s: only %d draws of the null a source; A within takes few values", n.name, n.few))
	}
	w = slices.Concat(w, b.cellWarnings(d.metric, d.curve, x.cell), b.sourceWarnings(x.within.k))
	if x.ties > tieShare && !col.constant {
		w = append(w, b.warn("ties", "%s amid %s: more than %s of the comparisons are ties, which count half", col.Label, n.name, percent(tieShare)))
	}
	return w
}

// dPrime relabels an AUC as the distance of two unit-variance normals; NaN at 0 and 1, where it would be infinite.
func dPrime(auc float64) float64 {
	if !(auc > 0 && auc < 1) {
		return math.NaN()
	}
	return math.Sqrt2 * normalQuantile(auc)
}

// threshold is a detection curve's threshold as an estimate; ok is false where none may be given.
func (a *Analysis) threshold(d *detected) (Estimate, bool) {
	w := d.whole
	if w == nil || w.k < thresholdSources || math.IsNaN(w.value) {
		return Estimate{}, false
	}
	c := d.curve
	e := blank(Threshold, a.columns[d.metric].Label).at(c, nil)
	e.Null, e.N, e.Method = a.nulls[d.null].name, w.k, w.method
	if a.in.Experiment.Axis != "" {
		e.Unit = c.axis.Unit
	}
	e.Sources = len(a.sources)
	for _, x := range d.cells {
		e.Sources = min(e.Sources, x.within.sources)
	}
	// On an axis that runs from strong to weak, the largest strength is the smallest number.
	sign := 1
	if c.axis.Descending {
		sign = -1
	}
	bound := func(strength float64) Number {
		if math.IsInf(strength, 0) || math.IsNaN(strength) {
			return Number(math.NaN())
		}
		return Number(c.severity(strength))
	}
	switch {
	case math.IsInf(w.value, 1):
		e.Value, e.Censored = Number(c.severity(w.last)), sign
	case math.IsInf(w.value, -1):
		e.Value, e.Censored = Number(c.severity(w.first)), -sign
	default:
		e.Value = Number(c.severity(w.value))
	}
	e.Low, e.High = bound(w.low), bound(w.high)
	if c.axis.Descending {
		e.Low, e.High = e.High, e.Low
	}
	return e, true
}

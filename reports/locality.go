package reports

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/registry"
	"probity/reports/figure"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "locality",
		Version: 1,
		Doc:     "a point a metric: how well it finds a small local edit against how well it tells a change of class from a swap within the class",
		Long: `Across: the probability that a swap with another class is rated above a swap within the class, of the same source (ties
half): a metric of what the thing is stands to the right. Up: A within of the smallest local edit at its middle severity,
amid the metric's worst null: a metric of style stands high. Both go by rank within source, so that no monotone transform
of a metric moves it. Needs detection's crossed stimuli, an anchor and its control.`,
		Source: "Green and Swets 1966; Fafchamps and Gubert 2007 for swaps",
		Params: []registry.Param{perturbParam, nullParam},
	}, Entry{Compute: locality, Exhibit: showLocality})
}

// ClassRank is how often a swap with another class is rated above one within the class.
const ClassRank Quantity = "class swap above same-class swap"

func locality(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, nulls, err := a.chosen(params)
	if err != nil {
		return nil, err
	}
	if err := a.detectAll(ctx, a.detectKeys(curves, nulls)); err != nil {
		return nil, err
	}
	b := a.build("locality", "Local edit against change of class")
	b.f.Method = []string{
		"The class axis is the probability that a swap with another class is rated above a swap within the class, of the same source, ties half; its interval allows for pictures that lend to several sources.",
		"The local axis is A within of the smallest local edit at its middle severity, amid the null that hides it best from the metric.",
	}
	if !a.in.Experiment.HasClasses || len(a.anchors) == 0 || len(a.controls) == 0 {
		b.refuse(string(ClassRank), "it needs classes, a swap with another class and a swap within the class")
		b.f.Answer = "Without classes nothing can be said of a change of class."
		return b.f, nil
	}
	u := a.units()
	for m := range a.columns {
		score := a.columns[m].score
		reference := make([][]float64, len(a.sources))
		for s := range reference {
			reference[s] = pick(score, a.controls[0].rows[s])
			slices.Sort(reference[s])
		}
		d := newDyadic(a.dyads(a.anchors[0], u, func(s, row int) float64 {
			if v := score[row]; !math.IsNaN(v) {
				return compare(reference[s], []float64{v}).auc()
			}
			return math.NaN()
		}, nil), nil, true)
		if d.k > 0 {
			e := blank(ClassRank, a.columns[m].Label).with(d.value, d.interval(a.level), d.k, d.k)
			e.Perturb, e.Warnings = a.anchors[0].name, slices.Concat(b.metricWarnings(m), b.swapWarnings(&d))
			b.add(e)
		}
		worst := a.worstNull(m, curves, nulls)
		for _, p := range a.reference() {
			if worst < 0 || !slices.Contains(curves, p.index) {
				continue
			}
			det := a.detect(detectKey{m, worst, p.index})
			if det == nil {
				continue
			}
			for _, x := range det.cells {
				if x.cell != p.cell {
					continue
				}
				e := blank(AWithin, a.columns[m].Label).at(p.curve, p.cell).with(x.within.value, x.interval, x.within.k, x.within.sources)
				e.Null, e.Worst = a.nulls[worst].name, true
				e.Warnings = slices.Concat(b.metricWarnings(m), b.cellWarnings(m, p.curve, p.cell), b.sourceWarnings(x.within.k))
				b.add(e)
			}
		}
	}
	b.f.Answer = a.localityAnswer(b.f)
	return b.f, nil
}

func (a *Analysis) localityAnswer(f *Finding) string {
	class := a.collect(f, func(e *Estimate) bool { return e.Quantity == ClassRank })
	most, least := extremes(class)
	if most == nil {
		return "No swap was scored, so that nothing can be said of a change of class."
	}
	s := fmt.Sprintf("A change of class is told from a swap within the class best by %s, %s (n = %d)", most.Metric, most.ranged(), most.N)
	if least != most {
		s += fmt.Sprintf(", and least by %s, %s", least.Metric, least.ranged())
	}
	if p, ok := a.headline(); ok {
		local := a.collect(f, func(e *Estimate) bool { return e.Quantity == AWithin && e.isAt(p) })
		if top, bottom := extremes(local); top != nil {
			s += fmt.Sprintf("; %s is found best by %s, %s", p.curve.describe(p.cell), top.Metric, top.ranged())
			if bottom != top {
				s += fmt.Sprintf(", and least by %s, %s", bottom.Metric, bottom.ranged())
			}
		}
	}
	return s + "."
}

// showLocality draws a point a metric, a panel an edit.
func showLocality(v *View, f *Finding) (Exhibition, error) {
	fig := &figure.Scatter{X: figure.Axis{Label: "class swap above same-class swap", Min: 0, Max: 1}, Y: figure.Axis{Label: "A within of the local edit", Min: 0, Max: 1}}
	var all []*Estimate
	for _, perturb := range f.perturbs(AWithin) {
		var p figure.ScatterPanel
		for m := range v.columns {
			c := &v.columns[m]
			x := f.pick(func(e *Estimate) bool { return e.Quantity == ClassRank && e.Metric == c.Label })
			y := f.pick(func(e *Estimate) bool {
				return e.Quantity == AWithin && e.Metric == c.Label && e.Perturb == perturb
			})
			if len(x) == 0 || len(y) == 0 {
				continue
			}
			if p.Title == "" {
				p.Title = perturb
				for _, k := range v.curves {
					if y[0].on(k) {
						p.Title = k.describe(&cell{severity: float64(y[0].Severity)})
					}
				}
			}
			p.Points = append(p.Points, figure.Point{Label: c.Label, Family: c.lookFamily(), X: float64(x[0].Value), XLo: float64(x[0].Low), XHi: float64(x[0].High),
				Y: float64(y[0].Value), YLo: float64(y[0].Low), YHi: float64(y[0].High), Direct: true, Control: c.control, Warning: f.first(y[0])})
			all = append(all, x[0], y[0])
		}
		if len(p.Points) > 0 {
			p.References = []figure.Reference{{Label: "chance", At: .5}, {Label: "chance", At: .5, Vertical: true}}
			fig.Panels = append(fig.Panels, p)
		}
	}
	if len(fig.Panels) == 0 {
		return Exhibition{}, nil
	}
	fig.About = v.about(f, "locality", "Local edit against change of class", "A point a metric: up, how well it finds the local edit amid its worst null; across, how often it rates a change of class above a swap within the class", all, v.intervals(all)+"; pointwise")
	return Exhibition{Figures: []figure.Drawing{fig}}, nil
}

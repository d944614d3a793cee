package reports

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/registry"
	"probity/reports/figure"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "monotonicity",
		Version: 1,
		Doc:     "how often a metric falls when an edit grows: share of falling steps, with Page's test beside it",
		Long: `Of each source and edit with three severities or more: the share of steps to the next severity at which the score, oriented
so that larger is more different, falls; averaged over sources. Page's test of a trend stands beside it: it asks whether scores
rise at all, which nearly every metric's do, so that its p says little. Replicates are averaged within source first; sources that
lack a severity are left out.`,
		Source: "Page 1963; Efron 1987 for the intervals",
		Params: []registry.Param{perturbParam},
	}, Entry{Compute: monotonicity, Exhibit: showMonotonicity})
}

// The quantities of monotonicity.
const (
	FallingSteps Quantity = "falling steps"    // share of steps to the next severity at which the score falls
	PageTest     Quantity = "p of Page's test" // one-sided, of no trend
	Reversals    Quantity = "reversals"        // share of all pairs of severities at which it falls
	stepsNeeded           = 3                  // severities
	pageSays              = "Page's (1963) test of a rising trend rejects nearly always, and says little: the share of falling steps is what to read."
)

// wrongSteps is, for one row of values in the order of severity, the number of steps to the next at which they fall.
func wrongSteps(v []float64) int {
	n := 0
	for i := 1; i < len(v); i++ {
		if v[i] < v[i-1] {
			n++
		}
	}
	return n
}

func monotonicity(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	curves, err := a.chosenCurves(params)
	if err != nil {
		return nil, err
	}
	b := a.build("monotonicity", "Do scores rise with severity?")
	b.f.Method = []string{"Share of steps to the next severity at which the score (oriented so that larger is more different, replicates averaged) falls, within source, averaged over sources. Equal scores do not fall.", pageSays}
	var worst *Estimate
	for m := range a.columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, i := range curves {
			c := a.curves[i]
			if len(c.cells) < stepsNeeded {
				if m == 0 {
					b.refuse("monotonicity over "+c.perturb, "it has %s, %d are needed", plural(len(c.cells), "severity"), stepsNeeded)
				}
				continue
			}
			share := nanSources(len(a.sources))
			var blocks [][]float64
			for s := range share {
				v := make([]float64, len(c.cells))
				whole := true
				for k, x := range c.cells {
					v[k] = average(a.columns[m].score, x.rows[s])
					whole = whole && finite(v[k])
				}
				if whole {
					share[s] = float64(wrongSteps(v)) / float64(len(v)-1)
					blocks = append(blocks, v)
				}
			}
			mn := a.mean(share, true)
			if mn.sources == 0 {
				b.refuse(fmt.Sprintf("monotonicity of %s over %s", a.columns[m].Label, c.perturb), "no source has a finite score at every severity")
				continue
			}
			at := func(q Quantity) Estimate {
				e := blank(q, a.columns[m].Label)
				e.Perturb, e.Shape, e.Area, e.N, e.Sources = c.perturb, c.shape, Number(c.area), mn.k, mn.sources
				e.Warnings = slices.Concat(b.metricWarnings(m), b.sourceWarnings(mn.k))
				return e
			}
			e := at(FallingSteps).with(mn.value, a.estimate(&mn).interval, mn.k, mn.sources)
			b.add(e)
			if t, err := stats.Monotonicity(blocks); err == nil {
				e, p := at(Reversals), at(PageTest)
				e.Value, p.Value = Number(t.Reversals), Number(t.P)
				b.add(e)
				b.add(p)
			}
			if worst == nil || e.Value > worst.Value {
				worst = &e
			}
		}
	}
	switch {
	case worst == nil:
		b.f.Answer = "No edit has severities enough to tell."
	case worst.Value == 0:
		b.f.Answer = "No metric's score falls at any step to the next severity."
	default:
		b.f.Answer = fmt.Sprintf("Scores fall at steps to the next severity most often of %s over %s: at %s of the steps (n = %s).", worst.Metric, worst.curveWords(), worst.ranged(), plural(worst.N, a.noun()))
	}
	return b.f, nil
}

// curveWords name the curve that an estimate belongs to.
func (e *Estimate) curveWords() string {
	s := e.Perturb
	if e.Shape != "" {
		s += ", " + e.Shape
	}
	if !math.IsNaN(float64(e.Area)) {
		s += ", area " + percent(float64(e.Area))
	}
	return s
}

func showMonotonicity(v *View, f *Finding) (Exhibition, error) {
	all := f.pick(func(e *Estimate) bool { return e.Quantity == FallingSteps })
	if len(all) == 0 {
		return Exhibition{}, nil
	}
	var curves []string
	cell := map[[2]string]*Estimate{}
	page := map[[2]string]*Estimate{}
	for i := range f.Estimates {
		e := &f.Estimates[i]
		key := [2]string{e.Metric, e.curveWords()}
		switch e.Quantity {
		case FallingSteps:
			if !slices.Contains(curves, key[1]) {
				curves = append(curves, key[1])
			}
			cell[key] = e
		case PageTest:
			page[key] = e
		}
	}
	fig := &figure.Matrix{Scale: figure.Scale{Label: "share of falling steps", Low: 0, Mid: .25, High: .5, Decimals: 2}}
	t := Table{Name: "monotonicity", Title: "Do scores rise with severity?",
		Caption: fmt.Sprintf("Share of steps to the next severity at which the score falls, with %s intervals, and p of Page's test of a rising trend, which nearly always rejects.", v.level()),
		Columns: []TableColumn{{Title: "metric"}, {Title: "edit"}, {Title: "falling steps ↓", Numeric: true}, {Title: "p of Page's test", Numeric: true}}}
	for _, c := range curves {
		fig.Columns = append(fig.Columns, figure.Member{Label: c})
	}
	for m := range v.columns {
		c := &v.columns[m]
		var row []figure.Cell
		any := false
		for _, name := range curves {
			e := cell[[2]string{c.Label, name}]
			if e == nil {
				row = append(row, figure.Cell{Value: nan})
				continue
			}
			any = true
			row = append(row, figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: f.first(e)})
			p := missing
			if x := page[[2]string{c.Label, name}]; x != nil {
				p = pCell(x.Value)
			}
			t.Rows = append(t.Rows, TableRow{Metric: c.Label, Cells: []TableCell{{Text: c.Label}, {Text: name}, t.estimate(f, e, true), p}})
		}
		if any {
			fig.Rows, fig.Cells = append(fig.Rows, figure.Member{Label: c.Label, Family: c.lookFamily()}), append(fig.Cells, row)
		}
	}
	fig.About = v.about(f, "monotonicity", "Do scores rise with severity?", "Share of steps to the next severity at which the score falls; 0 is a metric that never does, .5 one that goes up and down at random", all, v.intervals(all))
	return Exhibition{Figures: []figure.Drawing{fig}, Tables: []Table{t}}, nil
}

package reports

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "set-distance",
		Version: 1,
		Doc:     "how far does each set metric move when every member of a set is edited, beside doing nothing, nulls and a change of class",
		Long: `The value of each set metric for the set of edited pictures, one of every source, over severity; beside it the value
with nothing done (with ` + "`against = \"halves\"`" + ` what separates two samples of the same pictures), amid each null, and for the
anchor and its control. A metric sees an edit where its value leaves the interval of the base. Sets of equal size are
compared throughout, so that a bias that depends on size is the same in all of them.`,
		Source: "Heusel et al. 2017; Binkowski et al. 2018; Efron and Stein 1981",
		Params: []registry.Param{perturbParam},
	}, Entry{Compute: setDistance, Exhibit: showSetDistance})
}

func setDistance(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	if len(a.table.SetColumns) == 0 {
		return nil, fmt.Errorf("there is no [[set_metric]] to report on")
	}
	wanted := params.Strings("perturb")
	b := a.build("set-distance", "Set distances")
	b.f.Method = []string{
		"Each value compares two sets of pictures of the same size, or judges one: the stimuli of one condition against unedited pictures.",
		"Intervals are those of the set metric: a jackknife, or subsampling without replacement, over sources; never a bootstrap, whose duplicates shift a distance.",
		"The base is the same comparison with nothing done.",
	}
	for _, c := range a.table.SetColumns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range a.table.Sets {
			r := &a.table.Sets[i]
			if r.Metric != c.Label || r.Role == trial.Edit && len(wanted) > 0 && !slices.Contains(wanted, r.Perturb) {
				continue
			}
			if r.Problem != "" {
				b.refuse(fmt.Sprintf("%s of %s %s at %g", r.Metric, r.Role, r.Perturb, r.Severity), "%s", r.Problem)
				continue
			}
			e := blank(SetValue, r.Metric)
			e.Value, e.Low, e.High, e.N, e.Sources, e.Method = Number(r.Value), Number(r.Low), Number(r.High), r.N, r.N, r.Method
			switch r.Role {
			case trial.Edit:
				e.Perturb, e.Shape, e.Area, e.Severity, e.Realised, e.Unit = r.Perturb, r.Shape, Number(r.Area), Number(r.Severity), Number(r.Severity), r.Unit
				for _, curve := range a.curves {
					for _, x := range curve.cells {
						if e.on(curve) && x.severity == r.Severity {
							e.Realised = Number(x.realised)
						}
					}
				}
			case trial.SetEdit:
				e.Perturb, e.Shape, e.Area, e.Severity, e.Realised, e.Unit = r.Perturb, setShape, Number(r.Area), Number(r.Severity), Number(r.Severity), r.Unit
			case trial.Null:
				e.Null = r.Perturb
			case trial.None:
				e.At = nothingDone
			default:
				e.Perturb = r.Perturb
			}
			for _, w := range r.Warnings {
				e.Warnings = append(e.Warnings, b.warn("set", "%s: %s", r.Metric, w))
			}
			b.add(e)
		}
	}
	b.f.Answer = a.setAnswer(b.f)
	return b.f, nil
}

// setShape marks values for a change of which pictures a set has, where a region's shape stands otherwise.
const setShape = "set"

// nothingDone is the place of the base among a set metric's values.
const nothingDone = "nothing done"

// setBase is a set metric's value with nothing done.
func (f *Finding) setBase(metric string) *Estimate {
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Metric == metric && e.At == nothingDone {
			return e
		}
	}
	return nil
}

// setAnswer says at the reference cell which metrics leave the base, and how far a change of class moves them.
func (a *Analysis) setAnswer(f *Finding) string {
	p, ok := a.headline()
	if !ok || len(f.Estimates) == 0 {
		return "There is no edit to compare sets for."
	}
	moved, of := 0, 0
	var words string
	for _, c := range a.table.SetColumns {
		base := f.setBase(c.Label)
		here := f.pick(func(e *Estimate) bool { return e.Metric == c.Label && e.isAt(p) })
		if base == nil || len(here) == 0 {
			continue
		}
		of++
		e := here[0]
		apart := e.Low > base.High || e.High < base.Low
		if apart {
			moved++
		}
		if words == "" {
			words = fmt.Sprintf("%s is %s, %s with nothing done", c.Label, bracketed(digits, float64(e.Value), float64(e.Low), float64(e.High)), bracketed(digits, float64(base.Value), float64(base.Low), float64(base.High)))
			if len(a.anchors) > 0 {
				if anchor := f.pick(func(e *Estimate) bool { return e.Metric == c.Label && e.Perturb == a.anchors[0].name }); len(anchor) > 0 {
					words += fmt.Sprintf(" and %s after %s", bracketed(digits, float64(anchor[0].Value), float64(anchor[0].Low), float64(anchor[0].High)), a.anchors[0].name)
				}
			}
		}
	}
	if of == 0 {
		return "No set metric has a value at the reference edit."
	}
	return fmt.Sprintf("With every picture edited (%s %s, %s), %d of %s leave the interval of doing nothing: %s.",
		p.curve.perturb, withUnit(p.cell.severity, unitText(p.curve.unit)), p.curve.region(), moved, plural(of, "set metric"), words)
}

// isLevel reports whether a set metric's value is a level beside the curves: a null, an anchor, a control, the base.
func (e *Estimate) isLevel() bool { return e.Quantity == SetValue && math.IsNaN(float64(e.Area)) }

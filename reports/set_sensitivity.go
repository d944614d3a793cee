package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "set-sensitivity",
		Version: 1,
		Doc:     "what moves each set metric, in a unit that all metrics share: the movement that one chosen change of the set makes",
		Long: `The movement of a set metric is its value for a condition less its value with nothing done, with the sign turned for
metrics on which more is better. Movements of different metrics have no common scale; divided by the movement that one chosen
condition (` + "`unit`" + `) makes of the same metric they have: 1 is as much as that. A linear transform of a metric does not change the ratio,
nor does a bias that depends on the size of sets, which are equal. Intervals of movements are t from paired replicates of the
metric's own jackknife over sources, those of ratios are Fieller's sets, which are unbounded where the unit itself cannot be told from
no movement. Beside it stands the movement in its own standard errors: how surely a sample of this size shows it.`,
		Source: "Fieller 1954; Shao and Wu 1989; Kynkäänniemi et al. 2023 for what FID is moved by",
		Params: []registry.Param{perturbParam,
			{Name: "unit", Type: registry.String, Required: true, Doc: "the condition that counts 1: the label of a [[perturb]] or [[set_perturb]], with @severity where it has several"}},
	}, Entry{Compute: setSensitivity, Exhibit: showSetSensitivity})
}

// The quantities of set-sensitivity. At names the condition.
const (
	SetMovement Quantity = "movement of a set metric"            // in its own unit, larger is more different
	SetRelative Quantity = "movement relative to the unit"       // 1: as much as the chosen condition
	SetSignal   Quantity = "movement in its own standard errors" // of a sample of this size
)

// moved is a set metric's movement under one condition with replicates; reps is nil where only a standard error is known.
type moved struct {
	row     *trial.SetRow
	at      string
	value   float64
	reps    []float64
	se      float64
	df      float64
	problem string
}

func setSensitivity(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	if len(a.table.SetColumns) == 0 {
		return nil, fmt.Errorf("there is no [[set_metric]] to report on")
	}
	wanted, unit := params.Strings("perturb"), params.String("unit")
	b := a.build("set-sensitivity", "What moves set metrics")
	b.f.Method = []string{
		"A movement is the value for a condition less that with nothing done (for changes of a set's members less that of severity 0), turned so that more is more different.",
		fmt.Sprintf("Relative movements are divided by that of %s for the same metric; intervals are Fieller's sets.", unit),
		"Replicates are those of the metric's delete-half jackknife over sources, paired where both conditions hold the same sources; otherwise they are taken as independent, which makes intervals too wide rather than too narrow.",
	}
	for m := range a.table.SetColumns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := &a.table.SetColumns[m]
		list := a.movements(c, wanted, unit)
		u := slices.IndexFunc(list, func(x moved) bool { return isCondition(x.row, unit) })
		if u < 0 {
			return nil, fmt.Errorf("no condition %q is in the scores: parameter unit names a [[perturb]] or [[set_perturb]] by its label, with @severity where it has several", unit)
		}
		for _, x := range list {
			if x.problem != "" {
				b.refuse(c.Label+", "+x.at, "%s", x.problem)
				continue
			}
			var warn []int
			for _, w := range x.row.Warnings {
				warn = append(warn, b.warn("set", "%s: %s", c.Label, w))
			}
			put := func(q Quantity, value float64, v interval) {
				e := blank(q, c.Label).with(value, v, x.row.N, x.row.N)
				e.Perturb, e.At, e.Severity, e.Unit, e.Warnings = x.row.Perturb, x.at, Number(x.row.Severity), x.row.Unit, warn
				b.add(e)
			}
			iv := noInterval
			if x.se > 0 {
				h := tQuantile(.5+a.level/2, x.df) * x.se
				iv = interval{x.value - h, x.value + h, fmt.Sprintf("t on the jackknife, %.3g df", x.df), x.df}
				put(SetSignal, x.value/x.se, noInterval)
			}
			put(SetMovement, x.value, iv)
			value, ratio, why := relative(x, list[u], a.level)
			if list[u].problem != "" {
				why = list[u].problem
			}
			if why != "" {
				if what := c.Label + " relative to " + unit; !slices.ContainsFunc(b.f.Refused, func(r Refusal) bool { return r.What == what }) {
					b.refuse(what, "%s", why)
				}
				continue
			}
			put(SetRelative, value, ratio)
		}
	}
	b.f.Answer = a.sensitivityOfSets(b.f, unit)
	return b.f, nil
}

// conditionOf names a condition: "hue 10 (disc, 4 %)".
func conditionOf(r *trial.SetRow, several bool) string {
	s := r.Perturb
	if several {
		s += " " + bare(r.Severity)
	}
	if r.Shape != "" && r.Shape != "whole" && r.Shape != setShape {
		s += " (" + r.Shape
		if r.Area > 0 && r.Area < 1 {
			s += ", " + percent(r.Area)
		}
		s += ")"
	}
	return s
}

func isCondition(r *trial.SetRow, unit string) bool {
	label, severity, has := strings.Cut(unit, "@")
	if r.Perturb != label {
		return false
	}
	v, err := strconv.ParseFloat(severity, 64)
	return !has || err == nil && v == r.Severity
}

// movements are those of one set metric, in the order of the table. The unit's condition is among them whatever is wanted.
func (a *Analysis) movements(c *trial.Column, wanted []string, unit string) []moved {
	sign := 1.
	if c.Direction == trial.Similarity {
		sign = -1
	}
	severities := map[string]map[float64]bool{}
	base := map[string]*trial.SetRow{} // by label of a change of members; "" for edits, nulls and swaps
	var rows []*trial.SetRow
	for i := range a.table.Sets {
		r := &a.table.Sets[i]
		if r.Metric != c.Label {
			continue
		}
		switch {
		case r.Role == trial.None:
			base[""] = r
		case r.Role == trial.SetEdit && r.Severity == 0:
			base[r.Perturb] = r
		default:
			rows = append(rows, r)
			if severities[r.Perturb] == nil {
				severities[r.Perturb] = map[float64]bool{}
			}
			severities[r.Perturb][r.Severity] = true
		}
	}
	var out []moved
	for _, r := range rows {
		if len(wanted) > 0 && !slices.Contains(wanted, r.Perturb) && !isCondition(r, unit) {
			continue
		}
		x := moved{row: r, at: conditionOf(r, len(severities[r.Perturb]) > 1)}
		from := base[""]
		if r.Role == trial.SetEdit {
			from = base[r.Perturb]
		}
		switch {
		case from == nil:
			x.problem = "its value with nothing done is not there"
		case r.Problem != "" || from.Problem != "":
			x.problem = r.Problem + from.Problem
		default:
			x.value = sign * (r.Value - from.Value)
			if n := len(r.Replicates); n > 1 && n == len(from.Replicates) {
				for k := range n {
					x.reps = append(x.reps, sign*(r.Replicates[k]-from.Replicates[k]))
				}
				x.se, x.df = math.Sqrt(covariance(x.reps, x.reps)), float64(n-1)
			} else {
				x.se, x.df = math.Hypot(halfWidth(r), halfWidth(from))/normalQuantile(.5+orDefault(r.Level)/2), math.Inf(1)
			}
		}
		out = append(out, x)
	}
	return out
}

func orDefault(level float64) float64 {
	if level <= 0 || level >= 1 {
		return defaultLevel
	}
	return level
}

func halfWidth(r *trial.SetRow) float64 { return (r.High - r.Low) / 2 }

func covariance(x, y []float64) float64 {
	var mx, my, s float64
	n := float64(len(x))
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	for i := range x {
		s += (x[i] - mx) * (y[i] - my)
	}
	return s / (n - 1)
}

// relative is a movement in units of another, with Fieller's set.
func relative(x, unit moved, level float64) (float64, interval, string) {
	if x.row == unit.row {
		return 1, noInterval, ""
	}
	cov, df := 0., math.Min(x.df, unit.df)
	if x.reps != nil && len(x.reps) == len(unit.reps) {
		cov = covariance(x.reps, unit.reps)
	}
	if math.IsNaN(x.se) || math.IsNaN(unit.se) {
		return x.value / unit.value, noInterval, ""
	}
	r, err := stats.Fieller(x.value, unit.value, x.se*x.se, cov, unit.se*unit.se, df, level)
	switch {
	case err != nil:
		return 0, noInterval, err.Error()
	case r.Kind != stats.Bounded:
		return 0, noInterval, "the unit moves this metric by no more than its noise, so that nothing can be expressed in it"
	}
	return r.Value, interval{r.Low, r.High, "Fieller's set on the jackknife", df}, ""
}

// sensitivityOfSets says for each condition which metric it moves most and least.
func (a *Analysis) sensitivityOfSets(f *Finding, unit string) string {
	var words, done []string
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == SetRelative && e.Value != 1 }) {
		if slices.Contains(done, e.At) {
			continue
		}
		done = append(done, e.At)
		most, least := extremes(f.pick(func(o *Estimate) bool { return o.Quantity == SetRelative && o.At == e.At }))
		form := func(e *Estimate) string {
			return e.Metric + " " + bracketed(digits, float64(e.Value), float64(e.Low), float64(e.High))
		}
		s := fmt.Sprintf("%s: most %s", e.At, form(most))
		if least != most {
			s += ", least " + form(least)
		}
		words = append(words, s)
	}
	if len(words) == 0 {
		return "No set metric has a movement that can be expressed in units of " + unit + "."
	}
	return fmt.Sprintf("In units of what %s does to the same metric, sets are moved thus. %s.", unit, strings.Join(words, "; "))
}

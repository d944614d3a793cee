package reports_test

import (
	"fmt"
	"math"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
	"probity/reports"
)

// design is a synthetic experiment with a known truth: a metric's score is its gain times a signal that grows with
// log severity and log area, plus a level of the source's own, plus noise that every draw of a null brings anew.
type design struct {
	sources, replicates, draws int
	severities, areas          []float64
	nulls                      []string
	metrics                    []synthetic
	level                      float64 // standard deviation of the sources' own levels, in units of the noise
	vary                       float64 // standard deviation of the sources' gain
	seed                       uint64
	classes                    bool
	flagged                    bool // the strongest severity is out of reach
}

// synthetic is a metric whose d' for severity s on area a is gain * (s/10) * (a/0.04)^exponent.
type synthetic struct {
	label      string
	gain       float64
	exponent   float64
	similarity bool
	constant   bool
	group      trial.Group
	model      string
	family     string
	pool       string
	control    string
}

// signal is the metric's shift in units of the noise.
func (m synthetic) signal(severity, area float64) float64 {
	return m.gain * severity / 10 * math.Pow(area/.04, m.exponent)
}

// auc is the true A within of a normal shift without variation of gain: Phi(d'/sqrt 2).
func (m synthetic) auc(severity, area float64) float64 {
	return .5 * math.Erfc(-m.signal(severity, area)/2)
}

// threshold is the severity at which the truth reaches .75.
func (m synthetic) threshold(area float64) float64 {
	return 10 * math.Sqrt2 * .6744897501960817 / (m.gain * math.Pow(area/.04, m.exponent))
}

func standard() design {
	return design{
		sources: 48, replicates: 1, draws: 8, severities: []float64{1, 2, 5, 10, 20}, areas: []float64{.01, .04, .16}, nulls: []string{"shift", "noise"}, level: 3, seed: 7, classes: true,
		metrics: []synthetic{
			{label: "ssim", gain: .8, exponent: 1, similarity: true, group: trial.Classical},
			{label: "pixel-l2(cnn-a)", gain: 1, exponent: 1, group: trial.PixelControl, model: "cnn-a", family: "cnn"},
			{label: "cosine(cnn-a)", gain: 1, exponent: .5, group: trial.Learned, model: "cnn-a", family: "cnn", pool: "pooled", control: "pixel-l2(cnn-a)"},
			{label: "patch-cosine(cnn-a)", gain: 3, exponent: 0, group: trial.Learned, model: "cnn-a", family: "cnn", pool: "max", control: "pixel-l2(cnn-a)"},
			{label: "cosine(vit-a)", gain: 1.5, exponent: .5, group: trial.Learned, model: "vit-a", family: "vit", pool: "pooled"},
		},
	}
}

// table draws the design's scores.
func (d design) table() *trial.Table {
	t := &trial.Table{}
	for _, m := range d.metrics {
		c := trial.Column{Label: m.label, Kind: "synthetic", Version: 1, Direction: trial.Distance, Low: math.Inf(-1), High: math.Inf(1), Group: m.group, Model: m.model, Family: m.family, Pool: m.pool, Control: m.control}
		if m.similarity {
			c.Direction = trial.Similarity
		}
		t.Columns = append(t.Columns, c)
	}
	t.Score = make([][]float64, len(d.metrics))
	for i := range d.sources {
		s := stream.Key{Seed: d.seed, Source: fmt.Sprint("source", i), Purpose: "scores"}.Open()
		level, gain := make([]float64, len(d.metrics)), make([]float64, len(d.metrics))
		for m := range level {
			level[m], gain[m] = 20+d.level*s.Norm(), 1+d.vary*s.Norm()
		}
		base := trial.Stimulus{Source: fmt.Sprintf("s%03d", i), Class: fmt.Sprint("c", i%6)}
		base.Cluster = base.Source
		add := func(x trial.Stimulus, signal func(m synthetic) float64) {
			t.Stimuli = append(t.Stimuli, x)
			for m, y := range d.metrics {
				v := level[m] + gain[m]*signal(y) + s.Norm()
				if y.constant {
					v = 1
				}
				if y.similarity {
					v = -v
				}
				t.Score[m] = append(t.Score[m], v)
			}
		}
		none := func(synthetic) float64 { return 0 }
		for _, n := range d.nulls {
			for k := range d.draws {
				x := base
				x.Role, x.Null, x.NullSeverity, x.Draw = trial.Null, n, 1, k
				add(x, none)
			}
		}
		for _, area := range d.areas {
			for j, severity := range d.severities {
				for r := range d.replicates {
					x := base
					x.Perturb, x.Severity, x.Unit, x.Shape, x.Area, x.Replicate = "hue", severity, "dE00", "disc", area, r
					x.Realised.DE00 = severity
					if d.flagged && j == len(d.severities)-1 && i%4 == 0 {
						x.Realised.DE00 = .7 * severity
						x.Flags = []trial.Flag{{Code: "unreachable", Detail: "asked 20, reached 14"}}
					}
					x.Role = trial.Edit
					signal := func(m synthetic) float64 { return m.signal(severity, area) }
					add(x, signal)
					for _, n := range d.nulls {
						for k := range d.draws {
							y := x
							y.Role, y.Null, y.NullSeverity, y.Draw = trial.Crossed, n, 1, k
							add(y, signal)
						}
					}
				}
			}
		}
		for r := range 2 {
			x := base
			x.Severity, x.Shape, x.Area, x.Replicate = 1, "whole", 1, r
			x.Role, x.Perturb, x.Donors = trial.Anchor, "class-swap", []string{fmt.Sprintf("s%03d", (i*7+r*5+1)%d.sources)}
			add(x, func(synthetic) float64 { return 12 })
			if d.classes {
				x.Role, x.Perturb, x.Donors = trial.Control, "same-class-swap", []string{fmt.Sprintf("s%03d", (i+6*(r+1))%d.sources)}
				add(x, func(synthetic) float64 { return 8 })
			}
		}
	}
	return t
}

func (d design) input(kinds ...string) *reports.Input {
	in := &reports.Input{Table: d.table(), Experiment: reports.Experiment{
		Name: "synthetic", Question: "Which metric notices a small local edit?", Seed: d.seed, Dataset: "normal deviates", Sources: d.sources, HasClasses: d.classes,
		Perturbs: []reports.Perturb{
			{Label: "hue", Kind: "hue", Role: trial.Edit, Axis: trial.Axis{Name: "mean CIEDE2000 inside the region", Unit: "dE00", Max: 100}},
			{Label: "class-swap", Kind: "class-swap", Role: trial.Anchor, Axis: trial.Axis{Fixed: true}},
		},
	}}
	for _, k := range kinds {
		info, err := reports.Kinds.Info(k)
		if err != nil {
			panic(err)
		}
		v, _ := registry.NewValues(info, nil)
		in.Experiment.Findings = append(in.Experiment.Findings, reports.Request{Kind: k, Params: v})
	}
	return in
}

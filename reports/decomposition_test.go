package reports_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/table"
	"probity/internal/trial"
	"probity/reports"
)

// factorial is a run of a 2 x 2 x 2 design with seeds, each model pooled and by region, whose d' is 1 plus effects.
func factorial(sources, seeds int, keep func(family, labels, training string, seed int) bool, mark func(family, labels string) string) *reports.Input {
	t := &trial.Table{}
	var signal []float64
	for _, family := range []string{"cnn", "vit"} {
		for _, labels := range []string{"class", "all"} {
			for _, training := range []string{"labels", "contrastive"} {
				for seed := range seeds {
					s := stream.Key{Seed: 5, Source: family + labels + training, Replicate: seed}.Open()
					own := .1 * s.Norm()
					if keep != nil && !keep(family, labels, training, seed) {
						continue
					}
					name := fmt.Sprintf("%s-%s-%s-s%d", family, labels, training, seed)
					kind := map[string]string{"contrastive": "contrastive", "labels": map[string]string{"class": "classes", "all": "attributes"}[labels]}[training]
					for _, pool := range []string{"pooled", "top5%"} {
						c := trial.Column{Label: pool + "(" + name + ")", Kind: "synthetic", Version: 1, Direction: trial.Distance, Low: 0, High: math.Inf(1),
							Group: trial.Learned, Model: name, Family: family, Training: kind, Labels: labels, Seed: seed, Pool: pool}
						if mark != nil {
							c.Mark = mark(family, labels)
						}
						d := 1 + own
						if labels == "all" {
							d += .9
						}
						if pool != "pooled" && family == "vit" {
							d += .6
						}
						t.Columns, signal = append(t.Columns, c), append(signal, d)
					}
				}
			}
		}
	}
	t.Columns, signal = append(t.Columns, trial.Column{Label: "pixels", Kind: "input-l2", Group: trial.PixelControl, Model: "cnn", Family: "cnn", Labels: "class", Pool: "", High: 1}), append(signal, .5)
	t.Score = make([][]float64, len(t.Columns))
	for i := range sources {
		s := stream.Key{Seed: 6, Source: fmt.Sprint(i)}.Open()
		add := func(x trial.Stimulus, edited float64) {
			x.Source = fmt.Sprintf("s%02d", i)
			x.Shape, x.Area = "whole", 1
			t.Stimuli = append(t.Stimuli, x)
			for m := range signal {
				t.Score[m] = append(t.Score[m], 10+edited*signal[m]+s.Norm())
			}
		}
		for k := range 8 {
			add(trial.Stimulus{Role: trial.Null, Null: "shift", NullSeverity: 1, Draw: k}, 0)
			add(trial.Stimulus{Role: trial.Crossed, Perturb: "hue", Severity: 5, Null: "shift", NullSeverity: 1, Draw: k}, 1)
		}
	}
	in := &reports.Input{Table: t, Experiment: reports.Experiment{Name: "factorial", Seed: 1, Perturbs: []reports.Perturb{{Label: "hue", Kind: "hue", Role: trial.Edit, Axis: trial.Axis{Max: 100}}}}}
	in.Options.Resamples = 400
	return in
}

func ask(t *testing.T, in *reports.Input, params map[string]any) *reports.Finding {
	t.Helper()
	info, err := reports.Kinds.Info("decomposition")
	if err != nil {
		t.Fatal(err)
	}
	v, errs := registry.NewValues(info, params)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	in.Experiment.Findings = []reports.Request{{Kind: "decomposition", Params: v}}
	return compute(t, in)[0]
}

func at(f *reports.Finding, q reports.Quantity, what, part string) *reports.Estimate {
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Quantity == q && e.Metric == what && e.At == part {
			return e
		}
	}
	return nil
}

// The effects are those that the scores were made with: A within is Phi(d'/sqrt 2).
func TestDecompositionRecoversTheTruth(t *testing.T) {
	f := ask(t, factorial(30, 3, nil, nil), nil)
	phi := func(d float64) float64 { return .5 * math.Erfc(-d/2) }
	mean := func(labels, family, region float64) float64 { return phi(1 + .9*labels + .6*family*region) }
	labels := ((mean(1, 0, 0)-mean(0, 0, 0))*3 + mean(1, 1, 1) - mean(0, 1, 1)) / 4
	pool := (mean(0, 1, 1) - mean(0, 1, 0) + mean(1, 1, 1) - mean(1, 1, 0)) / 2
	for what, want := range map[string]float64{
		"label content: all − class": labels, "objective: contrastive − labels": 0, "by region − pooled, of vit": pool, "by region − pooled, of cnn": 0,
		"contrastive − labels, at label content class": 0, "vit − cnn, by region": pool, "vit − cnn, pooled": 0,
	} {
		e := at(f, reports.FactorEffect, what, "")
		if e == nil {
			t.Fatalf("no effect %q", what)
		}
		if float64(e.Low) > want || float64(e.High) < want {
			t.Errorf("%s: %.3f [%.3f, %.3f], the truth is %.3f", what, e.Value, e.Low, e.High, want)
		}
		fixed := at(f, reports.FixedEffect, what, "")
		if fixed.DF < 15.9 || math.Abs(float64(fixed.Value-e.Value)) > 1e-12 { // 8 cells of 3 seeds, or two strata of 16
			t.Errorf("%s over seeds alone: %+v", what, fixed)
		}
	}
	var sum float64
	for _, e := range f.Estimates {
		if e.Quantity == reports.VarianceShare && e.At == "" {
			sum += float64(e.Value)
			if e.Low > e.Value || e.Value > e.High {
				t.Errorf("share of %s: %v is outside [%v, %v]", e.Metric, e.Value, e.Low, e.High)
			}
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("shares add up to %v", sum)
	}
	if e := at(f, reports.CellMean, "input-l2, the pixels that models see", "pooled"); e == nil || math.Abs(float64(e.Value)-phi(.5)) > .05 {
		t.Errorf("pixel control: %+v", e)
	}
	for _, part := range []string{"without seed 1", "seed 1 alone"} {
		if at(f, reports.FactorEffect, "objective: contrastive − labels", part) == nil {
			t.Errorf("no effects %s", part)
		}
	}
	if !strings.Contains(f.Answer, "24 models") || !strings.Contains(f.Answer, "Leaving out any one seed") {
		t.Error(f.Answer)
	}
}

// What is not balanced is refused with the reason, or left out by name; marks warn and are left out in a repetition.
func TestDecompositionOfLess(t *testing.T) {
	refused := func(f *reports.Finding, want string) {
		t.Helper()
		if len(f.Refused) == 0 || !strings.Contains(f.Refused[0].Reason, want) || !strings.Contains(f.Answer, want) {
			t.Errorf("want %q, got %+v, %s", want, f.Refused, f.Answer)
		}
	}
	refused(ask(t, factorial(6, 1, nil, nil), nil), "1 seed in every cell")
	refused(ask(t, factorial(6, 2, func(f, l, tr string, s int) bool { return f != "vit" || l != "all" || tr != "labels" }, nil), nil), "the cell vit, all, labels has no model")
	refused(ask(t, standard().input("decomposition"), map[string]any{"perturb": []string{"hue"}}), "no metric stands on a model")
	f := ask(t, factorial(6, 3, func(f, l, tr string, s int) bool { return f != "vit" || s < 2 }, nil), nil)
	if !strings.Contains(strings.Join(f.Method, " "), "Left out: seed 2, which vit, class, labels") || at(f, reports.FactorEffect, "architecture: vit − cnn", "").N != 16 {
		t.Errorf("one seed that half of the cells lack: %v", f.Method)
	}
	f = ask(t, factorial(6, 2, func(f, l, tr string, s int) bool { return f == "cnn" }, nil), nil)
	if at(f, reports.FactorEffect, "label content: all − class", "") == nil || !strings.Contains(strings.Join(f.Method, " "), "architecture, which is cnn throughout") {
		t.Errorf("one architecture: %v", f.Method)
	}
	f = ask(t, factorial(6, 2, nil, func(f, l string) string {
		if f == "vit" && l == "all" {
			return "under-trained"
		}
		return ""
	}), map[string]any{"sets": []string{"a hue: hue@5"}})
	if !hasWarning(f, "marked") {
		t.Error("no warning of marked models")
	}
	for _, part := range []string{"label content class only", "architecture cnn only"} {
		e := at(f, reports.FactorEffect, "objective: contrastive − labels", part)
		if e == nil || e.N != 8 || e.Perturb != "a hue" {
			t.Errorf("%s: %+v", part, e)
			continue
		}
		for _, w := range e.Warnings {
			if f.Warnings[w].Code == "marked" {
				t.Errorf("%s is warned of models that it does without", part)
			}
		}
	}
}

// What a run leaves as a table of responses gives the same finding again, in one table or divided among two by seeds.
func TestResponsesGiveTheSameFinding(t *testing.T) {
	in := factorial(12, 3, nil, func(family, labels string) string {
		if family == "vit" && labels == "all" {
			return "learned less, says \"the card\""
		}
		return ""
	})
	want := ask(t, in, nil)
	text := reports.ResponsesCSV(want.Responses)
	lines := strings.SplitAfter(strings.TrimSpace(text)+"\n", "\n")
	header, rest := lines[0], lines[1:]
	var first, second []string
	for _, l := range rest {
		if l == "" {
			continue
		}
		if strings.Contains(l, "-s2)") {
			second = append(second, l)
		} else {
			first = append(first, l)
		}
	}
	if len(second) != 16 || len(first) != 33 { // 8 cells, two poolings; and the pixels
		t.Fatalf("%d and %d rows", len(first), len(second))
	}
	for name, texts := range map[string][]string{"one table": {text}, "two tables": {header + strings.Join(first, ""), header + strings.Join(second, "")}} {
		t.Run(name, func(t *testing.T) {
			var tables []*table.Table
			for _, s := range texts {
				x, err := table.Parse("responses.csv", []byte(s))
				if err != nil {
					t.Fatal(err)
				}
				tables = append(tables, x)
			}
			list, err := reports.ReadResponses(tables)
			if err != nil {
				t.Fatal(err)
			}
			again := &reports.Input{Responses: list, Experiment: reports.Experiment{Name: "again", Seed: in.Experiment.Seed}, Options: in.Options}
			got := ask(t, again, nil)
			if len(got.Estimates) != len(want.Estimates) || got.Answer != want.Answer {
				t.Fatalf("%d estimates, %d wanted\n%s\n%s", len(got.Estimates), len(want.Estimates), got.Answer, want.Answer)
			}
			for i := range want.Estimates {
				if g, w := fmt.Sprintf("%+v", got.Estimates[i]), fmt.Sprintf("%+v", want.Estimates[i]); g != w {
					t.Fatalf("estimate %d:\n%s\n%s", i, g, w)
				}
			}
		})
	}
}

func TestResponsesErrors(t *testing.T) {
	text := reports.ResponsesCSV(ask(t, factorial(4, 2, nil, nil), nil).Responses)
	header, _, _ := strings.Cut(text, "\n")
	for name, c := range map[string]struct {
		text []string
		want string
	}{
		"a column lacks": {[]string{strings.Replace(text, "pooling", "pool", 1)}, `has no column "pooling"`},
		"no sources":     {[]string{"metric,kind,group,model,family,training,labels,seed,pooling,mark,response,null\na,,,,,,,,,,r,n\nb,,,,,,,,,,r,n\nc,,,,,,,,,,r,n\n"}, "no column of a source"},
		"no A within":    {[]string{header + strings.Replace(strings.TrimPrefix(text, header), ",0.", ",7.", 1)}, "is no A within, which lies in 0 to 1"},
		"a seed":         {[]string{strings.Replace(text, ",class,0,", ",class,first,", 1), ""}, `"first" is no whole number`},
		"twice":          {[]string{text, text}, "leave out one of the two"},
		"other sources":  {[]string{text, strings.ReplaceAll(strings.ReplaceAll(text, "s03", "other"), "(", "(x")}, "the source other is in none of the tables before"},
		"no response":    {[]string{strings.Replace(text, ",hue,shift", ",,shift", 1)}, "column response: empty"},
		"another mark":   {[]string{text, strings.ReplaceAll(strings.ReplaceAll(text, ",hue,", ",other,"), ",pooled,,", ",pooled,marked,")}, "another model, family, training, labels, seed, pooling or mark"},
		"fewer sources":  {[]string{text, strings.ReplaceAll(cutColumn(text), ",hue,", ",other,")}, "3 sources, the tables before have 4"},
	} {
		t.Run(name, func(t *testing.T) {
			var tables []*table.Table
			for i, s := range c.text {
				if s == "" {
					continue
				}
				x, err := table.Parse(fmt.Sprintf("t%d.csv", i), []byte(s))
				if err != nil {
					t.Fatal(err)
				}
				tables = append(tables, x)
			}
			if _, err := reports.ReadResponses(tables); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// cutColumn is a table without its last column.
func cutColumn(text string) string {
	var out []string
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		out = append(out, l[:strings.LastIndex(l, ",")])
	}
	return strings.Join(out, "\n") + "\n"
}

// A declared effect is judged as the finding estimates it, over seeds and sources; one that there is not says which there are.
func TestHypothesesOnEffects(t *testing.T) {
	in := factorial(30, 3, nil, nil)
	in.Experiment.Findings = []reports.Request{{Kind: "decomposition"}}
	for _, name := range []string{"label content: all - class", "objective: contrastive − labels", "label content"} {
		in.Experiment.Hypotheses = append(in.Experiment.Hypotheses, reports.Hypothesis{Finding: "decomposition", Contrast: name, Metric: name, SmallestEffect: .1,
			At: reports.Condition{Perturb: "hue", Null: "shift"}})
	}
	list := compute(t, in)
	f, c := list[0], list[1].Contrasts
	e := at(f, reports.FactorEffect, "label content: all − class", "")
	if c[0].Value != e.Value || c[0].Low != e.Low || c[0].High != e.High || c[0].DF != e.DF || c[0].N != 24 || !(c[0].PHolm < .001) || c[0].Verdict != reports.Larger && c[0].Verdict != reports.Above {
		t.Errorf("%+v, the finding says %+v", c[0], e)
	}
	// The interval and p say the same: p of a value as far from 0 as the interval reaches is 1 - level.
	o := at(f, reports.FactorEffect, "objective: contrastive − labels", "")
	if inside := o.Low < 0 && 0 < o.High; inside != (c[1].P > .05) || c[1].Verdict != reports.Equivalent {
		t.Errorf("%+v, the finding says %+v", c[1], o)
	}
	if two := ask(t, factorial(12, 2, nil, nil), nil); strings.Contains(two.Answer, "Leaving out") {
		t.Errorf("no seed of two can be left out: %s", two.Answer)
	}
	if c[2].Verdict != reports.NotJudged || !strings.Contains(c[2].Words, "no such effect at hue, amid shift; it has architecture: vit − cnn; label content: all − class;") {
		t.Errorf("%+v", c[2])
	}
}

package reports_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"probity/internal/trial"
	"probity/reports"
)

func compute(t *testing.T, in *reports.Input) []*reports.Finding {
	t.Helper()
	f, err := reports.Findings(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func pick(f *reports.Finding, q reports.Quantity, metric string) []reports.Estimate {
	var out []reports.Estimate
	for _, e := range f.Estimates {
		if e.Quantity == q && e.Metric == metric {
			out = append(out, e)
		}
	}
	return out
}

func hasWarning(f *reports.Finding, code string) bool {
	for _, w := range f.Warnings {
		if w.Code == code && w.Count > 0 {
			return true
		}
	}
	return false
}

// The truth of a synthetic metric is known: A within is Phi(d'/sqrt 2), the threshold where it is .75, the slope minus the
// exponent of area.
func TestRecoversTheTruth(t *testing.T) {
	d := standard()
	d.sources, d.replicates = 120, 2
	f := compute(t, d.input("detection", "area-threshold"))
	for _, m := range d.metrics {
		var worst float64
		for _, e := range pick(f[0], reports.AWithin, m.label) {
			worst = max(worst, math.Abs(float64(e.Value)-m.auc(float64(e.Severity), float64(e.Area))))
		}
		if worst > .045 {
			t.Errorf("%s: A within is off by %.3f, more than 3.5 standard errors", m.label, worst)
		}
		for _, e := range pick(f[0], reports.APooled, m.label) {
			// One criterion for all: the spread of the sources' levels hides the same shift.
			want := .5 * math.Erfc(-m.signal(float64(e.Severity), float64(e.Area))/2/math.Sqrt(1+d.level*d.level))
			if math.Abs(float64(e.Value)-want) > .06 {
				t.Errorf("%s: A pooled %.3f, want %.3f", m.label, e.Value, want)
			}
		}
		for _, e := range pick(f[0], reports.Threshold, m.label) {
			want := m.threshold(float64(e.Area))
			switch {
			case want > 20:
				if e.Censored != 1 && want > 24 {
					t.Errorf("%s on %v: threshold %v, the truth %.1f lies beyond what was tested", m.label, e.Area, e.Value, want)
				}
			case e.Censored != 0 || math.Abs(math.Log(float64(e.Value)/want)) > .3:
				t.Errorf("%s on %v: threshold %.2f (censored %d), want %.2f", m.label, e.Area, e.Value, e.Censored, want)
			}
		}
		for _, e := range pick(f[1], reports.Slope, m.label) {
			if math.Abs(float64(e.Value)+m.exponent) > .15 {
				t.Errorf("%s: slope %.3f, want %.2f", m.label, e.Value, -m.exponent)
			}
		}
	}
}

// In a small simulation the intervals of A within and of thresholds hold the truth as often as they say.
func TestIntervalsCover(t *testing.T) {
	const runs = 60
	inA, ofA, inT, ofT := 0, 0, 0, 0
	for seed := range uint64(runs) {
		d := standard()
		d.seed, d.sources, d.areas, d.nulls, d.metrics = 100+seed, 30, []float64{.04}, []string{"shift"}, d.metrics[2:4]
		in := d.input("detection")
		in.Options.Resamples = 400
		f := compute(t, in)[0]
		for _, m := range d.metrics {
			for _, e := range pick(f, reports.AWithin, m.label) {
				if want := m.auc(float64(e.Severity), float64(e.Area)); want < .98 { // beyond, a few draws cannot tell
					ofA++
					if float64(e.Low) <= want && want <= float64(e.High) {
						inA++
					}
				}
			}
			for _, e := range pick(f, reports.Threshold, m.label) {
				ofT++
				want := m.threshold(float64(e.Area))
				if !(float64(e.Low) > want) && !(float64(e.High) < want) {
					inT++
				}
			}
		}
	}
	a, th := float64(inA)/float64(ofA), float64(inT)/float64(ofT)
	t.Logf("A within %.3f of %d, threshold %.3f of %d", a, ofA, th, ofT)
	if a < .9 || a > .985 {
		t.Errorf("95 %% intervals of A within hold the truth in %.1f %% of %d", 100*a, ofA)
	}
	if th < .86 {
		t.Errorf("95 %% intervals of thresholds hold the truth in %.1f %% of %d", 100*th, ofT)
	}
}

// No monotone transform of a metric changes what goes by rank within source and what is built on it.
func TestRanksIgnoreMonotoneTransforms(t *testing.T) {
	d := standard()
	d.metrics = d.metrics[2:4]
	plain := d.input("detection", "salience", "area-threshold")
	bent := d.input("detection", "salience", "area-threshold")
	for m := range bent.Table.Score {
		for i, v := range bent.Table.Score[m] {
			bent.Table.Score[m][i] = math.Exp(v/4) - 3
		}
	}
	if !reflect.DeepEqual(encode(t, compute(t, plain)), encode(t, compute(t, bent))) {
		t.Error("a monotone transform changed findings that go by rank")
	}
	// And turning a distance into a similarity changes nothing either.
	for m := range bent.Table.Score {
		bent.Table.Columns[m].Direction = trial.Similarity
		for i := range bent.Table.Score[m] {
			bent.Table.Score[m][i] *= -1
		}
	}
	if !reflect.DeepEqual(encode(t, compute(t, plain)), encode(t, compute(t, bent))) {
		t.Error("a similarity is judged otherwise than the distance that it negates")
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFewSourcesAreRefusedThresholdsAndGetT(t *testing.T) {
	d := standard()
	d.sources = 12
	f := compute(t, d.input("detection", "area-threshold"))
	for _, e := range f[0].Estimates {
		if e.Quantity == reports.Threshold {
			t.Fatal("a threshold from 12 sources")
		}
		if e.Quantity == reports.AWithin && e.Value < .95 && !strings.HasPrefix(e.Method, "t over sources, 11 df") {
			t.Fatalf("the interval from 12 sources is by %q", e.Method)
		}
	}
	for _, x := range f {
		if len(x.Refused) == 0 || !strings.Contains(x.Refused[0].Reason, "fewer than 30") {
			t.Errorf("%s does not say why there is no threshold: %+v", x.Kind, x.Refused)
		}
	}
	if !hasWarning(f[0], "few-sources") {
		t.Error("no warning of few sources")
	}
	d.sources = 29
	if got := pick(compute(t, d.input("detection"))[0], reports.Threshold, "ssim"); len(got) > 0 {
		t.Error("a threshold from 29 sources")
	}
	d.sources = 30
	if got := pick(compute(t, d.input("detection"))[0], reports.Threshold, "ssim"); len(got) == 0 {
		t.Error("no threshold from 30 sources")
	}
}

func TestCeilingIsNotCertainty(t *testing.T) {
	d := standard()
	d.metrics[0].gain = 100
	d.severities = []float64{10, 20}
	for _, e := range pick(compute(t, d.input("detection"))[0], reports.AWithin, "ssim") {
		if e.Area > .1 && e.Severity == 20 {
			if e.Value != 1 || e.Low > .94 || e.High != 1 || !strings.HasPrefix(e.Method, "Wilson") {
				t.Errorf("at the ceiling: %v [%v, %v] by %s", e.Value, e.Low, e.High, e.Method)
			}
		}
	}
	for _, e := range pick(compute(t, d.input("detection"))[0], reports.DPrime, "ssim") {
		if math.IsInf(float64(e.Value), 0) {
			t.Error("an infinite d'")
		}
	}
}

func TestWarningsReachTheEstimates(t *testing.T) {
	d := standard()
	d.metrics = append(d.metrics, synthetic{label: "constant", constant: true, group: trial.Classical})
	d.flagged, d.draws = true, 4
	in := d.input("detection", "sensitivity")
	for i := range in.Table.Stimuli {
		s := &in.Table.Stimuli[i]
		if s.Role == trial.Edit && s.Area == .01 && s.Source < "s010" {
			s.Visible = map[string]float64{"cnn-a": .2, "vit-a": 1}
		}
	}
	in.Table.Score[4][3] = math.NaN()
	f := compute(t, in)
	for _, code := range []string{"constant", "unreachable", "few-draws", "crop", "missing"} {
		if !hasWarning(f[0], code) {
			t.Errorf("detection does not warn of %q", code)
		}
	}
	for _, e := range f[0].Estimates {
		crop := false
		for _, w := range e.Warnings {
			crop = crop || f[0].Warnings[w].Code == "crop"
		}
		sees := e.Metric == "ssim" || e.Metric == "cosine(vit-a)" || e.Metric == "constant"
		if crop != (!sees && e.Area == .01) && e.Quantity != reports.Threshold {
			t.Fatalf("%s %s on %v: crop warning %v", e.Metric, e.Quantity, e.Area, crop)
		}
		if e.Severity == 20 && math.Abs(float64(e.Realised)-(.75*20+.25*14)) > 1e-9 {
			t.Fatalf("out of reach, but analysed at %v", e.Realised)
		}
		if e.Metric == "constant" && e.Quantity == reports.AWithin && e.Value != .5 {
			t.Fatalf("a constant metric has A within %v", e.Value)
		}
	}
}

func TestWithoutClassesTheAnchorIsAnotherImage(t *testing.T) {
	d := standard()
	d.classes = false
	f := compute(t, d.input("sensitivity"))[0]
	if len(pick(f, reports.ClassEffect, "ssim")) > 0 || len(pick(f, reports.SwapPercentile, "ssim")) > 0 {
		t.Error("an effect of class without classes")
	}
	if strings.Contains(f.Answer, "change of class") || !strings.Contains(f.Answer, "nother image") {
		t.Errorf("the answer speaks of classes: %s", f.Answer)
	}
	if len(f.Refused) == 0 {
		t.Error("it is not said why there is no effect of class")
	}
	d.classes = true
	f = compute(t, d.input("sensitivity"))[0]
	for _, e := range pick(f, reports.ClassEffect, "ssim") {
		if math.Abs(float64(e.Value)-4) > .6 || !(e.Low < 4 && 4 < e.High) {
			t.Errorf("effect of class %v [%v, %v], the truth is 4", e.Value, e.Low, e.High)
		}
	}
}

func TestLinearScaleIsRefusedWhereTheAnchorDoesNotClear(t *testing.T) {
	d := standard()
	in := d.input("sensitivity")
	for i, s := range in.Table.Stimuli { // the anchor moves patch-cosine no more than a null does
		if s.Role == trial.Anchor {
			in.Table.Score[3][i] -= 12
		}
	}
	f := compute(t, in)[0]
	if len(pick(f, reports.LinearScale, "patch-cosine(cnn-a)")) > 0 {
		t.Error("a linear scale whose anchor does not clear the nulls")
	}
	if len(pick(f, reports.LinearScale, "cosine(cnn-a)")) == 0 {
		t.Error("no linear scale although the anchor clears the nulls")
	}
	found := false
	for _, r := range f.Refused {
		found = found || strings.Contains(r.What, "patch-cosine(cnn-a)") && strings.Contains(r.Reason, "clear")
	}
	if !found {
		t.Errorf("the refusal is not told: %+v", f.Refused)
	}
}

func TestHypotheses(t *testing.T) {
	at := reports.Condition{Perturb: "hue", Severity: 5, Area: .01, HasSeverity: true, HasArea: true}
	d := standard()
	d.metrics = append(d.metrics, d.metrics[3])
	d.metrics[5].label = "copy" // the same metric with other noise
	d.sources, d.replicates = 100, 2
	in := d.input("detection")
	in.Experiment.Hypotheses = []reports.Hypothesis{
		{Finding: "detection", Metric: "patch-cosine(cnn-a)", Against: "cosine(cnn-a)", At: at, SmallestEffect: .05},
		{Finding: "detection", Metric: "cosine(cnn-a)", Against: "patch-cosine(cnn-a)", At: at, SmallestEffect: .05},
		{Finding: "detection", Metric: "copy", Against: "patch-cosine(cnn-a)", At: at, SmallestEffect: .1},
		{Finding: "detection", Metric: "copy", Against: "patch-cosine(cnn-a)", At: at, SmallestEffect: .001},
		{Finding: "detection", Metric: "patch-cosine(cnn-a)", SmallestEffect: .5},
		{Finding: "detection", Metric: "none", SmallestEffect: .5},
	}
	f := compute(t, in)
	last := f[len(f)-1]
	if last.Exploratory {
		t.Error("declared contrasts are called exploratory")
	}
	want := []reports.Verdict{reports.Larger, reports.Smaller, reports.Equivalent, reports.Undecided, reports.Equivalent, reports.NotJudged}
	for i, c := range last.Contrasts {
		if c.Verdict != want[i] {
			t.Errorf("contrast %d: %s, want %s (%s)", i, c.Verdict, want[i], c.Words)
		}
		if strings.Contains(c.Words, "equal ") {
			t.Errorf("a sentence says equal: %s", c.Words)
		}
	}
	if a, b := last.Contrasts[0], last.Contrasts[1]; a.Value != -b.Value || a.P != b.P {
		t.Error("a contrast turned round is not its negative")
	}
}

func TestBestIsBoldOnlyIfSignificant(t *testing.T) {
	d := standard()
	d.metrics = append(d.metrics, d.metrics[3])
	d.metrics[5].label = "copy"
	for _, b := range compute(t, d.input("detection"))[0].Best {
		if b.Area == .01 && b.Severity == 5 && (b.Alone || len(b.Ties) != 1) {
			t.Errorf("two metrics of one strength: %+v", b)
		}
		if b.Metric == "pixel-l2(cnn-a)" {
			t.Error("a control competes")
		}
	}
	d.metrics = d.metrics[:5]
	for _, b := range compute(t, d.input("detection"))[0].Best {
		if b.Area == .01 && b.Severity == 5 && (!b.Alone || b.Metric != "patch-cosine(cnn-a)") {
			t.Errorf("the strongest by far is not alone: %+v", b)
		}
	}
}

func TestClustersAreTheUnit(t *testing.T) {
	d := standard()
	d.sources = 60
	in := d.input("detection")
	for i := range in.Table.Stimuli { // every three sources are one photograph
		s := &in.Table.Stimuli[i]
		s.Cluster = "g" + string(rune('a'+(int(s.Source[2]-'0')*10+int(s.Source[3]-'0'))/3))
	}
	for _, e := range compute(t, in)[0].Estimates {
		if e.N != 20 && e.Quantity != reports.Threshold {
			t.Fatalf("n = %d, want 20 clusters", e.N)
		}
		if e.Sources != 60 {
			t.Fatalf("%d sources, want 60", e.Sources)
		}
		if e.Quantity == reports.Threshold {
			t.Fatal("a threshold from 20 independent sources")
		}
	}
}

func TestBytesAreTheSame(t *testing.T) {
	d := standard()
	d.sources, d.severities = 30, []float64{2, 5, 10}
	read := func(workers int, again bool) map[string]string {
		in := d.input("sensitivity", "salience", "detection", "area-threshold")
		in.Experiment.Hypotheses = []reports.Hypothesis{{Finding: "detection", Metric: "ssim", Against: "cosine(cnn-a)", SmallestEffect: .05}}
		in.Options.Workers, in.Options.Formats = workers, []string{"svg", "pdf"}
		dir := t.TempDir()
		if again { // from kept findings
			if _, err := reports.Write(context.Background(), in, dir); err != nil {
				t.Fatal(err)
			}
		}
		res, err := reports.Write(context.Background(), in, dir)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, f := range res.Files {
			b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f)))
			if err != nil {
				t.Fatal(err)
			}
			out[f] = string(b)
		}
		return out
	}
	one, four, kept := read(1, false), read(4, false), read(2, true)
	if len(one) < 30 {
		t.Fatalf("only %d files", len(one))
	}
	for f := range one {
		if one[f] != four[f] {
			t.Errorf("%s depends on the number of workers", f)
		}
		if one[f] != kept[f] {
			t.Errorf("%s differs when drawn from kept findings", f)
		}
	}
}

func TestKeptFindingsAreNotTakenForOtherScores(t *testing.T) {
	d := standard()
	d.sources, d.areas = 20, []float64{.04}
	in := d.input("salience")
	in.Options.Formats = []string{"svg"}
	dir := t.TempDir()
	first, err := reports.Write(context.Background(), in, dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range in.Table.Stimuli {
		if s.Role == trial.Edit {
			in.Table.Score[0][i] -= 100
			break
		}
	}
	second, err := reports.Write(context.Background(), in, dir)
	if err != nil {
		t.Fatal(err)
	}
	if encode(t, first.Findings) == encode(t, second.Findings) {
		t.Error("a changed score gave the kept findings")
	}
	if err := os.WriteFile(filepath.Join(dir, "findings.cache"), []byte("damaged"), 0o666); err != nil {
		t.Fatal(err)
	}
	third, err := reports.Write(context.Background(), in, dir)
	if err != nil {
		t.Fatal(err)
	}
	if encode(t, third.Findings) != encode(t, second.Findings) {
		t.Error("a damaged cache changed the findings")
	}
}

func TestBadInput(t *testing.T) {
	for name, in := range map[string]*reports.Input{
		"no table":       {},
		"no metric":      {Table: &trial.Table{Stimuli: make([]trial.Stimulus, 1)}},
		"wrong length":   {Table: &trial.Table{Stimuli: make([]trial.Stimulus, 2), Columns: make([]trial.Column, 1), Score: [][]float64{{1}}}},
		"unknown kind":   {Table: standard().table(), Experiment: reports.Experiment{Findings: []reports.Request{{Kind: "detektion"}}}},
		"few resamples":  {Table: standard().table(), Options: reports.Options{Resamples: 10}},
		"level of wrong": {Table: standard().table(), Options: reports.Options{Level: 95}},
	} {
		if _, err := reports.Findings(context.Background(), in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// On an axis of what was realised, a cell stands at the mean over sources of what was measured, and thresholds have that
// axis's unit; what was asked stays in Severity.
func TestRealisedAxis(t *testing.T) {
	d := standard()
	in := d.input("sensitivity", "detection")
	for i := range in.Table.Stimuli {
		s := &in.Table.Stimuli[i]
		s.Realised.RMS = 3*s.Severity + 1
	}
	in.Experiment.Axis = "realised.rms"
	f := compute(t, in)
	seen := 0
	for _, e := range f[0].Estimates {
		if e.Quantity != reports.MeanScore || math.IsNaN(float64(e.Severity)) {
			continue
		}
		seen++
		if want := 3*float64(e.Severity) + 1; math.Abs(float64(e.Realised)-want) > 1e-12 {
			t.Errorf("severity %v stands at %v, want %v", e.Severity, e.Realised, want)
		}
	}
	if seen == 0 {
		t.Error("no estimate has a severity")
	}
	for _, e := range f[1].Estimates {
		if e.Quantity == reports.Threshold && e.Unit != "levels" {
			t.Errorf("a threshold is in %q, want levels", e.Unit)
		}
	}
}

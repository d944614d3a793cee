package reports_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/internal/trial"
	"probity/reports"
)

// suiteOf makes a suite of one kind by words and one by input, with columns whose accuracy is known.
func suiteOf(scenes int) reports.Suite {
	s := reports.Suite{Name: "compliance", Title: "compliance 1, dev", Noun: "scene", Metrics: 3,
		Kinds: []reports.SuiteKind{{Name: "wrong-place", Differ: []string{"requirement"}}, {Name: "collateral", Differ: []string{"input"}}}}
	for _, c := range []struct {
		label string
		dir   trial.Direction
		reads string
	}{{"good", trial.Similarity, reports.ReadsAll}, {"blind", trial.Distance, reports.ReadsPictures}, {"ties", trial.Distance, reports.ReadsUnknown}, {"oracle", trial.Distance, reports.ReadsAll}} {
		s.Columns = append(s.Columns, trial.Column{Label: c.label, Kind: c.label, Direction: c.dir})
		s.Reads = append(s.Reads, c.reads)
		s.Excused, s.Blind = append(s.Excused, make([]string, 2)), append(s.Blind, make([]bool, 2))
	}
	s.Blind[1][0] = true
	r := stream.Key{Seed: 3, Step: "test"}.Open()
	for i := range scenes {
		for k, kind := range []string{"wrong-place", "collateral", "collateral"} {
			q := reports.SuiteQuad{Name: fmt.Sprint(i, kind, k), Cluster: fmt.Sprint("scene ", i), Kind: kind, Variant: "one"}
			if k > 0 {
				q.Severity, q.Unit = float64(k), "dE00"
			}
			s.Quads = append(s.Quads, q)
		}
	}
	for m := range s.Columns {
		var score, mixed [][2][2]float64
		var null [][2][]float64
		for i, q := range s.Quads {
			var x [2][2]float64
			scene := i / 3
			switch s.Columns[m].Label {
			case "good": // right in both contexts but of every fourth scene, where it ties in one
				x = [2][2]float64{{2, 1}, {1, 2}}
				if scene%4 == 0 {
					x[1] = [2]float64{1, 1}
				}
			case "blind": // prefers the first output in both, whatever the words; right where the input differs
				x = [2][2]float64{{1, 2}, {1, 2}}
				if q.Kind == "collateral" {
					x[1] = [2]float64{2, 1}
				}
			case "ties":
				x = [2][2]float64{{5, 5}, {5, 5}}
			case "oracle":
				x = [2][2]float64{{0, 1}, {1, 0}}
			}
			score = append(score, x)
			v := r.Norm()
			mixed = append(mixed, [2][2]float64{{v, -v}, {v, -v}})
			null = append(null, [2][]float64{{0, .5, -.5, 0}, {1, 1.5, .5, 1}})
		}
		s.Score, s.Shuffled, s.Null = append(s.Score, score), append(s.Shuffled, mixed), append(s.Null, null)
	}
	return s
}

func complianceFinding(t *testing.T, s reports.Suite) *reports.Finding {
	t.Helper()
	in := &reports.Input{Suites: []reports.Suite{s}, Experiment: reports.Experiment{Name: "x", Seed: 1, Findings: []reports.Request{{Kind: "compliance"}}}, Options: reports.Options{Resamples: 400}}
	list, err := reports.Findings(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

func TestComplianceCountsTiesHalf(t *testing.T) {
	s := suiteOf(24)
	f := complianceFinding(t, s)
	find := func(q reports.Quantity, metric, kind, at string, severity float64) reports.Estimate {
		t.Helper()
		for _, e := range f.Estimates {
			if e.Quantity == q && e.Metric == metric && e.Perturb == kind && e.At == at && (severity == 0 || float64(e.Severity) == severity) {
				return e
			}
		}
		t.Fatalf("no %s of %s on %q", q, metric, kind)
		return reports.Estimate{}
	}
	// A quarter of the scenes is right in one context and ties in the other: .75 + .25 x .75 = .9375.
	for _, c := range []struct {
		q            reports.Quantity
		metric, kind string
		want         float64
	}{
		{reports.Accuracy, "good", "wrong-place", .9375}, {reports.Accuracy, "good", "", .9375}, {reports.BothRight, "good", "wrong-place", .75},
		{reports.Accuracy, "blind", "wrong-place", .5}, {reports.Accuracy, "blind", "collateral", 1}, {reports.Accuracy, "blind", "", .75},
		{reports.BothRight, "blind", "wrong-place", 0}, {reports.Accuracy, "ties", "", .5}, {reports.BothRight, "ties", "", 0},
		{reports.Accuracy, "oracle", "", 1}, {reports.ShuffledAccuracy, "good", "", .5},
		// Scores differ by 1 in one context and by 0 or 1 in the other; the null's pooled variance is (.25 + .25)/3.
		{reports.Margin, "good", "wrong-place", (.75*1 + .25*.5) / math.Sqrt(.5/3)},
	} {
		e := find(c.q, c.metric, c.kind, "", 0)
		if math.Abs(float64(e.Value)-c.want) > 1e-12 {
			t.Errorf("%s of %s on %q is %v, wants %v", c.q, c.metric, c.kind, e.Value, c.want)
		}
		if e.N != 24 || !(e.Low <= e.Value && e.Value <= e.High) {
			t.Errorf("%s of %s on %q: n = %d, [%v, %v]", c.q, c.metric, c.kind, e.N, e.Low, e.High)
		}
	}
	if e := find(reports.Accuracy, "good", "collateral", "one", 2); math.Abs(float64(e.Value)-.9375) > 1e-12 || !(e.BandLow <= e.Low && e.BandHigh >= e.High) {
		t.Errorf("graded: %+v", e)
	}
	if len(f.Contrasts) != 3 {
		t.Fatalf("%d contrasts of 3 metrics", len(f.Contrasts))
	}
	for _, c := range f.Contrasts {
		if c.Metric == "good" && (c.Verdict != reports.Above || !(c.PHolm >= c.P)) {
			t.Errorf("%s: %s, p %v, Holm %v", c.Name, c.Verdict, c.P, c.PHolm)
		}
	}
	for _, w := range f.Warnings {
		if w.Code == "control" {
			t.Errorf("a fault is reported where there is none: %s", w.Detail)
		}
	}
}

// TestComplianceReportsItsOwnFaults: a blind metric off .5, or an oracle that errs, is told.
func TestComplianceReportsItsOwnFaults(t *testing.T) {
	s := suiteOf(24)
	s.Score[1][0] = [2][2]float64{{1, 2}, {2, 1}}
	s.Score[3][3] = [2][2]float64{{1, 0}, {0, 1}}
	for m := range s.Columns { // words that leak
		for i := range s.Quads {
			s.Shuffled[m][i] = [2][2]float64{{0, 1}, {1, 0}}
		}
	}
	var all []string
	for _, w := range complianceFinding(t, s).Warnings {
		all = append(all, w.Code+": "+w.Detail)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"blind looks at nothing that differs", "the oracle, which is handed the right output", "with words and inputs shuffled"} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s\n%s", want, text)
		}
	}
}

// TestComplianceLeavesOutWhatIsExcused: a kind that a metric is not judged on takes no part in its mean.
func TestComplianceLeavesOutWhatIsExcused(t *testing.T) {
	s := suiteOf(24)
	s.Excused[1][0] = "it cannot read"
	f := complianceFinding(t, s)
	for _, e := range f.Estimates {
		if e.Metric == "blind" && e.Quantity == reports.Accuracy && e.Perturb == "wrong-place" {
			t.Errorf("an excused kind is told: %+v", e)
		}
		if e.Metric == "blind" && e.Quantity == reports.Accuracy && e.Perturb == "" && e.Value != 1 {
			t.Errorf("the mean over the kind that is judged is %v, wants 1", e.Value)
		}
	}
	if len(f.Refused) == 0 || !strings.Contains(f.Refused[0].Reason, "it cannot read") {
		t.Errorf("refused: %v", f.Refused)
	}
}

// TestComplianceHypotheses: a contrast declared beforehand is judged over the kinds that both metrics are judged on.
func TestComplianceHypotheses(t *testing.T) {
	s := suiteOf(24)
	in := &reports.Input{Suites: []reports.Suite{s}, Options: reports.Options{Resamples: 400}, Experiment: reports.Experiment{Name: "x", Seed: 1, Findings: []reports.Request{{Kind: "compliance"}},
		Hypotheses: []reports.Hypothesis{{Finding: "compliance", Contrast: "good - blind", Metric: "good", Against: "blind", SmallestEffect: .1},
			{Finding: "compliance", Contrast: "good", Metric: "good", SmallestEffect: .1}, {Finding: "compliance", Contrast: "ties", Metric: "ties", SmallestEffect: .1},
			{Finding: "compliance", Contrast: "nobody", Metric: "nobody", SmallestEffect: .1}}}}
	list, err := reports.Findings(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	got := list[1].Contrasts
	for i, want := range []struct {
		verdict reports.Verdict
		value   float64
	}{{reports.Larger, .1875}, {reports.Larger, .4375}, {reports.NotJudged, math.NaN()}, {reports.NotJudged, math.NaN()}} {
		if c := got[i]; c.Verdict != want.verdict || want.value == want.value && math.Abs(float64(c.Value)-want.value) > 1e-12 {
			t.Errorf("%s: %s, %v; wants %s, %v (%s)", c.Metric, c.Verdict, c.Value, want.verdict, want.value, c.Words)
		}
	}
}

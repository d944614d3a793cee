package reports_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/internal/trial"
	"probity/reports"
)

// Two metrics that hardly differ are told to be equivalent, where a smallest difference that matters is given; one that is worse is
// not, and without such a difference nothing is said of equivalence.
func TestEquivalenceOfMetrics(t *testing.T) {
	j := rated(40)
	s := stream.Key{Seed: 4, Step: "test"}.Open()
	j.Columns[2] = trial.Column{Label: "twin", Direction: trial.Similarity, Group: trial.External}
	for i, v := range j.Score[0] {
		j.Score[2][i] = v + .05*s.Norm()
	}
	contrasts := func(smallest float64) map[string]reports.Contrast {
		requests, err := reports.AgreementFindings([]reports.Judged{j}, 4, smallest)
		if err != nil {
			t.Fatal(err)
		}
		list, err := reports.Findings(context.Background(), &reports.Input{Human: []reports.Judged{j}, Experiment: reports.Experiment{Name: "a", Seed: 5, Findings: requests}, Options: reports.Options{Resamples: 500}})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]reports.Contrast{}
		for _, c := range one(t, list, "agreement").Contrasts {
			out[c.Name] = c
		}
		return out
	}
	c := contrasts(.05)
	if x := c["good - twin"]; x.Verdict != reports.Equivalent || !(x.PEquivalenceHolm < .05) || !strings.Contains(x.Words, "equally well") {
		t.Errorf("%+v", x)
	}
	if x := c["good - fair"]; x.Verdict != reports.Above || !(x.PEquivalenceHolm > .5) {
		t.Errorf("%+v", x)
	}
	if x := contrasts(0)["good - twin"]; x.Verdict != reports.Undecided || !math.IsNaN(float64(x.PEquivalence)) {
		t.Errorf("no smallest difference was given: %+v", x)
	}
}

// levelled is rated with levels: people are wrong at one step of four on "noise", the metric never, and "odd" always.
func levelled() reports.Judged {
	j := reports.Judged{Name: "levels", Scale: "mos", Noun: "photograph", Columns: []trial.Column{
		{Label: "true", Direction: trial.Distance, Group: trial.External}, {Label: "odd", Direction: trial.Similarity, Group: trial.External}}, Score: make([][]float64, 2)}
	s := stream.Key{Seed: 6, Step: "test"}.Open()
	for c := range 24 {
		for _, g := range []string{"blur", "noise"} {
			for l := range 5 {
				q := 5 - float64(l) + .01*s.Norm()
				if g == "noise" && l == 3 {
					q += 2.5
				}
				j.Cluster, j.Group, j.Level = append(j.Cluster, fmt.Sprint("p", c)), append(j.Group, g), append(j.Level, float64(l+1))
				j.Rating, j.Score[0], j.Score[1] = append(j.Rating, q), append(j.Score[0], float64(l)), append(j.Score[1], float64(l))
			}
		}
	}
	return j
}

// Wrong steps are counted of people and of metrics, by distortion too, with Page's p beside them.
func TestAgreementMonotonicity(t *testing.T) {
	f := one(t, agreementOf(t, 0, levelled()), "agreement-monotonicity")
	for _, c := range []struct {
		metric, at string
		want       float64
	}{{"people", "", .125}, {"people", "distortion noise", .25}, {"people", "distortion blur", 0}, {"true", "", 0}, {"odd", "", 1}} {
		if e := estimate(t, f, reports.FallingSteps, c.metric, c.at); math.Abs(float64(e.Value)-c.want) > 1e-12 || e.N != 24 || !(e.Low <= e.Value && e.Value <= e.High) {
			t.Errorf("%s %s: %v [%v, %v], want %v", c.metric, c.at, e.Value, e.Low, e.High, c.want)
		}
	}
	if p := estimate(t, f, reports.PageTest, "true", ""); p.Value > 1e-6 {
		t.Errorf("Page's test of a metric that always rises: p = %v", p.Value)
	}
	if p := estimate(t, f, reports.PageTest, "odd", ""); p.Value < .99 {
		t.Errorf("Page's test of a metric that always falls: p = %v", p.Value)
	}
	if !strings.Contains(f.Answer, "odd is wrong most often") {
		t.Error(f.Answer)
	}
	j := levelled()
	j.Level = nil
	if slices.ContainsFunc(agreementOf(t, 0, j), func(f *reports.Finding) bool { return f.Kind == "agreement-monotonicity" }) {
		t.Error("monotonicity without levels")
	}
}

// A design's agreement is over its seeds, with few degrees of freedom, and two designs of very different agreement are told apart.
func TestAgreementSeeds(t *testing.T) {
	j := rated(24)
	s := stream.Key{Seed: 9, Step: "test"}.Open()
	j.Columns, j.Score, j.Design = nil, nil, nil
	for _, d := range []struct {
		name  string
		noise float64
	}{{"cnn", .4}, {"vit", 2}} {
		for k := range 3 {
			j.Columns = append(j.Columns, trial.Column{Label: fmt.Sprintf("%s-s%d", d.name, k), Direction: trial.Similarity, Group: trial.External})
			j.Design = append(j.Design, d.name)
			var x []float64
			for _, v := range j.Rating {
				x = append(x, v+d.noise*s.Norm())
			}
			j.Score = append(j.Score, x)
		}
	}
	j.Columns, j.Score, j.Design = append(j.Columns, trial.Column{Label: "alone", Direction: trial.Similarity, Group: trial.External}), append(j.Score, j.Rating), append(j.Design, "")
	f := one(t, agreementOf(t, 0, j), "agreement-seeds")
	a, b := estimate(t, f, reports.SeedsRandom, "cnn", ""), estimate(t, f, reports.SeedsRandom, "vit", "")
	if a.N != 3 || a.DF != 2 || !(a.Low < a.Value && a.Value < a.High) || !(a.Value > b.Value) || !slices.Contains(codes(f, a.Warnings), "few-seeds") {
		t.Errorf("%+v\n%+v", a, b)
	}
	if len(f.Contrasts) != 1 || f.Contrasts[0].Verdict != reports.Above || f.Contrasts[0].DF != 4 {
		t.Errorf("%+v", f.Contrasts)
	}
	if !strings.Contains(f.Answer, "cnn") || !strings.Contains(f.Answer, "told from 1 of the 1 others") {
		t.Error(f.Answer)
	}
	j.Design = j.Design[:3]
	if _, err := reports.NewAnalysis(&reports.Input{Human: []reports.Judged{j}}); err == nil || !strings.Contains(err.Error(), "3 designs for 7 metrics") {
		t.Error(err)
	}
}

// The share of falling steps is that of the design's truth: a step of d in units of the noise falls with probability Phi(-d / sqrt 2).
func TestMonotonicityRecoversTheTruth(t *testing.T) {
	d := standard()
	d.sources = 150
	f := compute(t, d.input("monotonicity"))[0]
	for _, m := range d.metrics {
		for _, area := range d.areas {
			var want float64
			for k := 1; k < len(d.severities); k++ {
				want += .5 * math.Erfc((m.signal(d.severities[k], area)-m.signal(d.severities[k-1], area))/2) / float64(len(d.severities)-1)
			}
			found := false
			for _, e := range f.Estimates {
				if e.Quantity == reports.FallingSteps && e.Metric == m.label && float64(e.Area) == area {
					found = true
					if se := math.Sqrt(want*(1-want)/float64(d.sources*4)) + 1e-9; math.Abs(float64(e.Value)-want) > 4*se || e.N != d.sources {
						t.Errorf("%s, area %v: %.3f of the steps fall, the truth is %.3f", m.label, area, e.Value, want)
					}
				}
			}
			if !found {
				t.Errorf("no estimate of %s at area %v", m.label, area)
			}
		}
	}
	if !strings.Contains(f.Answer, "most often") {
		t.Error(f.Answer)
	}
}

package reports_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/internal/trial"
	"probity/reports"
)

// rated is a data set of ratings: quality of items in two distortions, with metrics that see it more or less.
func rated(sources int) reports.Judged {
	s := stream.Key{Seed: 3, Step: "test", Purpose: "agreement"}.Open()
	j := reports.Judged{Name: "made", Scale: "mos", Noun: "photograph", Columns: []trial.Column{
		{Label: "good", Direction: trial.Similarity, Group: trial.External}, {Label: "fair", Direction: trial.Distance, Group: trial.External}, {Label: "blind", Group: trial.External}}, Score: make([][]float64, 3)}
	for c := range sources {
		for g := range 2 {
			for range 6 {
				q := s.Norm()
				j.Cluster, j.Group = append(j.Cluster, fmt.Sprintf("p%02d", c)), append(j.Group, []string{"blur", "noise"}[g])
				var raw []float64
				for range 4 { // in steps, as people rate
					raw = append(raw, math.Round(4*(q+.5*s.Norm()))/4)
				}
				j.Raw = append(j.Raw, raw)
				j.Rating = append(j.Rating, (raw[0]+raw[1]+raw[2]+raw[3])/4)
				j.Score[0], j.Score[1], j.Score[2] = append(j.Score[0], q+.4*s.Norm()), append(j.Score[1], -q+1.5*s.Norm()), append(j.Score[2], s.Norm())
				j.Item = append(j.Item, fmt.Sprintf("item %d", len(j.Item)))
			}
		}
	}
	return j
}

func agreementOf(t *testing.T, workers int, list ...reports.Judged) []*reports.Finding {
	t.Helper()
	requests, err := reports.AgreementFindings(list, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := reports.Findings(context.Background(), &reports.Input{Human: list, Experiment: reports.Experiment{Name: "a", Seed: 5, Findings: requests}, Options: reports.Options{Resamples: 500, Workers: workers}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func one(t *testing.T, list []*reports.Finding, kind string) *reports.Finding {
	t.Helper()
	for _, f := range list {
		if f.Kind == kind {
			return f
		}
	}
	t.Fatalf("no finding %s", kind)
	return nil
}

func estimate(t *testing.T, f *reports.Finding, q reports.Quantity, metric, at string) reports.Estimate {
	t.Helper()
	for _, e := range f.Estimates {
		if e.Quantity == q && e.Metric == metric && e.At == at {
			return e
		}
	}
	t.Fatalf("%s has no %s of %s at %q", f.Kind, q, metric, at)
	return reports.Estimate{}
}

func codes(f *reports.Finding, list []int) []string {
	var out []string
	for _, w := range list {
		out = append(out, f.Warnings[w].Code)
	}
	return out
}

// The oracle's numbers (scipy, in the goldens of stats) come through to the findings, each row its own source.
func TestAgreementCarriesTheOracle(t *testing.T) {
	data, err := os.ReadFile("../testdata/stats/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		X, Y, Z                    []float64
		Pearson, Spearman, Kendall float64
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	f := one(t, agreementOf(t, 0, reports.Judged{Name: "golden", Columns: []trial.Column{{Label: "x", Direction: trial.Similarity}, {Label: "z"}}, Score: [][]float64{g.X, g.Z}, Rating: g.Y}), "agreement")
	for q, want := range map[reports.Quantity]float64{reports.SpearmanHuman: g.Spearman, reports.KendallHuman: g.Kendall, reports.PearsonHuman: g.Pearson} {
		e := estimate(t, f, q, "x", "")
		if math.Abs(float64(e.Value)-want) > 1e-12 {
			t.Errorf("%s is %v, the oracle says %v", q, e.Value, want)
		}
		if !(e.Low < e.Value && e.Value < e.High) || e.N != 60 {
			t.Errorf("%s: %v to %v, n = %d", q, e.Low, e.High, e.N)
		}
		if c := codes(f, e.Warnings); !slices.Contains(c, "unclustered") {
			t.Errorf("%s of rows without sources warns of %v only", q, c)
		}
	}
	if e := estimate(t, f, reports.SpearmanHuman, "z", ""); !slices.Contains(codes(f, e.Warnings), "direction") {
		t.Error("a metric of unknown direction is not warned of")
	}
}

// Metrics stand in their order, the tests tell them apart, the ceiling lies above all.
func TestAgreementOfRatings(t *testing.T) {
	f := agreementOf(t, 0, rated(22))
	a := one(t, f, "agreement")
	good, fair, blind := estimate(t, a, reports.SpearmanHuman, "good", ""), estimate(t, a, reports.SpearmanHuman, "fair", ""), estimate(t, a, reports.SpearmanHuman, "blind", "")
	ceiling := estimate(t, a, reports.CeilingPerfect, "people", "Spearman")
	if !(good.Value > .8 && fair.Value < -.3 && math.Abs(float64(blind.Value)) < .2) || good.Sign != 1 || fair.Sign != -1 || good.RankLow != 1 || good.RankHigh != 1 || blind.RankLow != 3 {
		t.Errorf("good %+v\nfair %+v\nblind %+v", good, fair, blind)
	}
	if !(ceiling.Value > good.Value && ceiling.Value < 1) {
		t.Errorf("the ceiling is %v, the best metric %v", ceiling.Value, good.Value)
	}
	// Four raters with noise of half the signal: reliability 1/(1+.25/4) of the mean.
	if r := estimate(t, a, reports.CeilingPerfect, "people", "Pearson"); math.Abs(float64(r.Value)-math.Sqrt(1/(1+.25/4))) > .02 {
		t.Errorf("the ceiling of Pearson is %v", r.Value)
	}
	if len(a.Contrasts) != 3 {
		t.Fatalf("%d contrasts of 3 metrics", len(a.Contrasts))
	}
	for _, c := range a.Contrasts {
		if c.Verdict != reports.Above || !(c.PHolm >= c.P) {
			t.Errorf("%s: %s, p %v, Holm %v", c.Name, c.Verdict, c.P, c.PHolm)
		}
	}
	wide := estimate(t, a, reports.RatersRandom, "good", "")
	if !(wide.High-wide.Low > good.High-good.Low) {
		t.Errorf("with raters random the interval is %v wide, with raters fixed %v", wide.High-wide.Low, good.High-good.Low)
	}
	within := one(t, f, "agreement-within")
	for _, at := range []string{"overall", "within source", "within distortion", "distortion blur"} {
		if e := estimate(t, within, reports.SpearmanHuman, "good", at); !(e.Value > .7) {
			t.Errorf("%s: %v", at, e.Value)
		}
	}
	k := one(t, f, "agreement-krasula")
	if e := estimate(t, k, reports.BetterAUC, "good", ""); !(e.Low > .9 && e.High <= 1) {
		t.Errorf("better or worse: %+v", e)
	}
	raters := one(t, f, "agreement-raters")
	if e := estimate(t, raters, reports.RaterReliability, "people", "ICC(2,1)"); math.Abs(float64(e.Value)-.8) > .06 {
		t.Errorf("ICC(2,1) is %v, made to be .8", e.Value)
	}
}

// No monotone transform of the scores changes a rank correlation, and turning a metric round changes signs only.
func TestAgreementIsOfRanks(t *testing.T) {
	j := rated(21)
	before := one(t, agreementOf(t, 0, j), "agreement")
	turned := rated(21)
	for i, v := range turned.Score[0] {
		turned.Score[0][i] = -math.Exp(v)
	}
	turned.Columns[0].Direction = trial.Distance
	after := one(t, agreementOf(t, 0, turned), "agreement")
	for _, q := range []reports.Quantity{reports.SpearmanHuman, reports.KendallHuman} {
		x, y := estimate(t, before, q, "good", ""), estimate(t, after, q, "good", "")
		if math.Abs(float64(x.Value+y.Value)) > 1e-12 || y.Sign != -x.Sign {
			t.Errorf("%s: %v and, turned round, %v", q, x.Value, y.Value)
		}
	}
	for i := range before.Contrasts {
		if d := before.Contrasts[i].Value - after.Contrasts[i].Value; math.Abs(float64(d)) > 1e-12 {
			t.Errorf("%s changes by %v", before.Contrasts[i].Name, d)
		}
	}
}

// The same input gives the same bytes, whatever the number of workers.
func TestAgreementIsDeterministic(t *testing.T) {
	x, _ := json.Marshal(agreementOf(t, 1, rated(20)))
	y, _ := json.Marshal(agreementOf(t, 4, rated(20)))
	if !bytes.Equal(x, y) {
		t.Error("one worker and four give different findings")
	}
}

// Agreement that comes from differences between distortions alone is told.
func TestSimpson(t *testing.T) {
	s := stream.Key{Seed: 8, Step: "test"}.Open()
	j := reports.Judged{Name: "paradox", Columns: []trial.Column{{Label: "m", Direction: trial.Similarity}}, Score: [][]float64{nil}}
	for c := range 24 {
		for g := range 3 {
			for range 4 {
				v := s.Norm()
				j.Rating, j.Score[0] = append(j.Rating, 6*float64(g)+v), append(j.Score[0], 6*float64(g)-v+.2*s.Norm())
				j.Cluster, j.Group = append(j.Cluster, fmt.Sprint(c)), append(j.Group, fmt.Sprint("d", g))
			}
		}
	}
	f := one(t, agreementOf(t, 0, j), "agreement-within")
	over, in := estimate(t, f, reports.SpearmanHuman, "m", "overall"), estimate(t, f, reports.SpearmanHuman, "m", "within distortion")
	if !(over.Value > .7 && in.High < -.7) || !slices.Contains(codes(f, in.Warnings), "simpson") || !slices.Contains(codes(f, over.Warnings), "simpson") {
		t.Errorf("overall %v, within %v, warnings %v", over.Value, in.Value, codes(f, over.Warnings))
	}
	if e := estimate(t, f, reports.SpearmanHuman, "m", "distortion d1"); !slices.Contains(codes(f, e.Warnings), "reversed") {
		t.Error("a distortion on which the metric orders against people is not named")
	}
	if !strings.Contains(f.Answer, "another sign within groups") {
		t.Error(f.Answer)
	}
}

// What the data do not allow is said, not drawn.
func TestAgreementOfLittle(t *testing.T) {
	j := rated(6)
	for i := range j.Score[2] {
		j.Score[2][i] = 1
	}
	j.Score[1][4] = math.NaN()
	j.Score[1][5] = math.Inf(1)
	f := agreementOf(t, 0, j)
	a := one(t, f, "agreement")
	e := estimate(t, a, reports.SpearmanHuman, "good", "")
	if c := codes(a, e.Warnings); !slices.Contains(c, "few-sources") || !strings.Contains(e.Method, "jackknife t") || e.DF != 5 {
		t.Errorf("6 sources: %s, df %v, %v", e.Method, e.DF, c)
	}
	if c := codes(a, estimate(t, a, reports.SpearmanHuman, "fair", "").Warnings); !slices.Contains(c, "missing") || e.Sources != 70 {
		t.Errorf("missing scores: %v, %d items used", c, e.Sources)
	}
	if !slices.ContainsFunc(a.Refused, func(r reports.Refusal) bool { return strings.Contains(r.What, "Spearman of blind") }) {
		t.Errorf("a constant metric is not refused: %v", a.Refused)
	}
	if _, err := reports.NewAnalysis(&reports.Input{Human: []reports.Judged{{Name: "x", Columns: j.Columns[:1], Score: [][]float64{{1, 2}}, Rating: []float64{1, 2, 3}}}}); err == nil || !strings.Contains(err.Error(), "good has scores of 2 items, people judged 3") {
		t.Error(err)
	}
	lower := rated(22)
	lower.Lower = true
	lower.Columns = lower.Columns[:2]
	lower.Score = lower.Score[:2]
	if w := one(t, agreementOf(t, 0, lower), "agreement").Warnings; !slices.ContainsFunc(w, func(w reports.Warning) bool { return w.Code == "scale" }) {
		t.Errorf("a scale that runs the other way is not suspected: %v", w)
	}
}

// One item a source and distortion: nothing is said of agreement within them.
func TestAgreementWithinNothing(t *testing.T) {
	j := reports.Judged{Name: "few", Columns: []trial.Column{{Label: "m", Direction: trial.Similarity}}, Score: [][]float64{{1, 3, 2, 4, 6}}, Rating: []float64{1, 2, 3, 4, 5}, Cluster: []string{"a", "b", "c", "d", "e"}, Group: []string{"x", "y", "z", "u", "v"}}
	f := agreementOf(t, 0, j)
	if a := one(t, f, "agreement-within").Answer; a != "On few no source or distortion has enough items to tell agreement within it." {
		t.Error(a)
	}
	if a := one(t, f, "agreement-range").Answer; a != "No data set has ratings enough to be told apart by part of the scale." {
		t.Error(a)
	}
}

// Choices: votes count as fractions, the majority is the ceiling, and naming the alternatives the other way round changes
// nothing.
func TestAgreementOfChoices(t *testing.T) {
	s := stream.Key{Seed: 2, Step: "test"}.Open()
	j := reports.Judged{Name: "pairs", Columns: []trial.Column{{Label: "d", Direction: trial.Distance}, {Label: "coin", Direction: trial.Similarity}}, Score: make([][]float64, 2), ScoreB: make([][]float64, 2)}
	var agreement, ceiling float64
	n := 25 * 8
	for c := range 25 {
		for range 8 {
			a, b := s.Norm(), s.Norm()
			votes := 0.
			for range 5 {
				if b+.7*s.Norm() < a+.7*s.Norm() {
					votes++
				}
			}
			j.Score[0], j.ScoreB[0] = append(j.Score[0], a), append(j.ScoreB[0], b)
			j.Score[1], j.ScoreB[1] = append(j.Score[1], s.Norm()), append(j.ScoreB[1], s.Norm())
			j.VotesA, j.VotesB = append(j.VotesA, 5-votes), append(j.VotesB, votes)
			j.Cluster = append(j.Cluster, fmt.Sprint(c))
			if a < b {
				votes = 5 - votes
			}
			agreement += votes / 5 / float64(n)
			ceiling += max(votes, 5-votes) / 5 / float64(n)
		}
	}
	f := one(t, agreementOf(t, 0, j), "agreement")
	e := estimate(t, f, reports.TwoAFC, "d", "")
	c := estimate(t, f, reports.CeilingPerfect, "people", string(reports.TwoAFC))
	if math.Abs(float64(e.Value)-agreement) > 1e-12 || math.Abs(float64(c.Value)-ceiling) > 1e-12 || !(e.Low < e.Value && e.Value < e.High) {
		t.Errorf("agreement %v of %v, ceiling %v of %v", e.Value, agreement, c.Value, ceiling)
	}
	if f.Contrasts[0].Verdict != reports.Above {
		t.Errorf("%+v", f.Contrasts[0])
	}
	j.Score, j.ScoreB, j.VotesA, j.VotesB = j.ScoreB, j.Score, j.VotesB, j.VotesA
	if x := estimate(t, one(t, agreementOf(t, 0, j), "agreement"), reports.TwoAFC, "d", ""); x.Value != e.Value || x.Low != e.Low {
		t.Errorf("with A and B exchanged %v from %v, before %v from %v", x.Value, x.Low, e.Value, e.Low)
	}
}

// A report of judgements alone has its figures, tables and page, and the same bytes twice.
func TestAgreementReport(t *testing.T) {
	choices := rated(20)
	pairs := reports.Judged{Name: "choices", Columns: choices.Columns[:2], Score: choices.Score[:2], ScoreB: [][]float64{choices.Score[2], choices.Score[2]}, Cluster: choices.Cluster, VotesA: make([]float64, len(choices.Rating)), VotesB: make([]float64, len(choices.Rating))}
	for i := range pairs.VotesA {
		pairs.VotesA[i], pairs.VotesB[i] = float64(i%4), float64(4-i%4)
	}
	list := []reports.Judged{choices, pairs}
	requests, err := reports.AgreementFindings(list, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	in := &reports.Input{Human: list, Experiment: reports.Experiment{Name: "a", Findings: requests}, Options: reports.Options{Resamples: 300, Formats: []string{"svg"}}}
	dirs := []string{t.TempDir(), t.TempDir()}
	for _, dir := range dirs {
		res, err := reports.Write(context.Background(), in, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"findings.json", "report.html", "figures/agreement-made.svg", "figures/agreement-scatter-made.svg", "figures/agreement-differences-made.svg", "figures/agreement-within-made.svg", "figures/agreement-krasula-made.svg", "figures/agreement-range-made.svg", "figures/agreement-choices.svg",
			"tables/agreement-made.csv", "tables/agreement-choices.md", "tables/agreement-raters-made.tex", "tables/agreement-disagreement-made.csv", "tables/agreement-estimates.csv"} {
			if !slices.Contains(res.Files, want) {
				t.Errorf("there is no %s", want)
			}
		}
	}
	for _, name := range []string{"findings.json", "report.html", "figures/agreement-scatter-made.svg"} {
		x, _ := os.ReadFile(filepath.Join(dirs[0], name))
		y, _ := os.ReadFile(filepath.Join(dirs[1], name))
		if len(x) == 0 || !bytes.Equal(x, y) {
			t.Errorf("%s differs between two runs", name)
		}
	}
	doc, err := reports.ReadDocument(dirs[0])
	if err != nil || doc.Resamples != 300 || !strings.Contains(doc.Scope, "240 items of made (20 photographs)") {
		t.Errorf("%v %+v", err, doc.Scope)
	}
	// Other judgements are not answered from the cache.
	in.Human[0].Rating[0]++
	if _, err := reports.Write(context.Background(), in, dirs[0]); err != nil {
		t.Fatal(err)
	}
	x, _ := os.ReadFile(filepath.Join(dirs[0], "findings.json"))
	y, _ := os.ReadFile(filepath.Join(dirs[1], "findings.json"))
	if bytes.Equal(x, y) {
		t.Error("a changed rating changes nothing")
	}
}

package reports_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"probity/internal/trial"
	"probity/reports"
)

// logistic is a psychometric function that a synthetic metric has exactly: its severities are named so that A within,
// Phi(shift / sqrt 2), follows the function of log severity.
type logistic struct {
	threshold, scale, lapse float64 // the threshold is where the logistic is one half, in log severity
}

func (l logistic) at(x float64) float64 {
	return .5 + (.5-l.lapse)/(1+math.Exp(-(x-l.threshold)/l.scale))
}

// criterion is the severity where the function is .75, and slope its rise there.
func (l logistic) criterion() (severity, slope float64) {
	u := .25 / (.5 - l.lapse)
	return math.Exp(l.threshold + l.scale*math.Log(u/(1-u))), (.5 - l.lapse) * u * (1 - u) / l.scale
}

func (l logistic) input(seed uint64, sources int, places []float64) *reports.Input {
	return choices(l.at, seed, sources, places)
}

// choices is an experiment in which the share of right choices at log severity x is p(x), which must rise.
func choices(p func(x float64) float64, seed uint64, sources int, places []float64) *reports.Input {
	d := standard()
	d.seed, d.sources, d.areas, d.nulls = seed, sources, []float64{.04}, []string{"shift"}
	d.metrics = []synthetic{{label: "logistic", gain: 1, group: trial.Classical}}
	d.severities = nil
	name := map[float64]float64{}
	for _, x := range places {
		s := 10 * math.Sqrt2 * distuv.UnitNormal.Quantile(p(x))
		d.severities = append(d.severities, s)
		name[s] = math.Exp(x)
	}
	in := d.input("psychometric")
	for i := range in.Table.Stimuli {
		if s := &in.Table.Stimuli[i]; s.Perturb == "hue" {
			s.Severity, s.Realised.DE00 = name[s.Severity], name[s.Severity]
		}
	}
	in.Options.Resamples = 200
	return in
}

var sixPlaces = []float64{-1.5, -.75, 0, .75, 1.5, 2.5}

func single(t *testing.T, f *reports.Finding, q reports.Quantity, metric string) reports.Estimate {
	t.Helper()
	list := pick(f, q, metric)
	if len(list) != 1 {
		t.Fatalf("%d estimates of the %s: %+v %+v", len(list), q, f.Refused, f.Warnings)
	}
	return list[0]
}

func TestPsychometricRecoversTheFunction(t *testing.T) {
	l := logistic{.3, .6, .03}
	f := compute(t, l.input(11, 400, sixPlaces))[0]
	at, slope := l.criterion()
	for _, x := range []struct {
		q         reports.Quantity
		truth     float64
		tolerance float64 // 3 to 4 standard errors
	}{{reports.PsychometricThreshold, at, .12 * at}, {reports.PsychometricSlope, slope, .2 * slope}, {reports.LapseRate, l.lapse, .02}} {
		e := single(t, f, x.q, "logistic")
		if math.Abs(float64(e.Value)-x.truth) > x.tolerance {
			t.Errorf("%s %v, the truth is %v", x.q, e.Value, x.truth)
		}
		if !(e.Low <= e.Value && e.Value <= e.High) || e.N != 400 || !strings.Contains(e.Method, "399 df") {
			t.Errorf("%s: %+v", x.q, e)
		}
	}
	if p := single(t, f, reports.DevianceP, "logistic"); p.Value < .001 {
		t.Errorf("the true form is called into question: p = %v", p.Value)
	}
	if !single(t, f, reports.Deviance, "logistic").Worst {
		t.Error("the one null is not the worst")
	}
}

// In a small simulation intervals hold the truth, and the test of the form rejects the true one, as often as they say.
func TestPsychometricIntervalsCover(t *testing.T) {
	const runs = 120
	l := logistic{.3, .6, .02}
	at, slope := l.criterion()
	inT, inS, of, rejected, tested := 0, 0, 0, 0, 0
	for seed := range uint64(runs) {
		f := compute(t, l.input(500+seed, 40, sixPlaces))[0]
		for _, e := range pick(f, reports.PsychometricThreshold, "logistic") {
			of++
			if float64(e.Low) <= at && at <= float64(e.High) {
				inT++
			}
		}
		for _, e := range pick(f, reports.PsychometricSlope, "logistic") {
			if float64(e.Low) <= slope && slope <= float64(e.High) {
				inS++
			}
		}
		for _, e := range pick(f, reports.DevianceP, "logistic") {
			tested++
			if e.Value < .05 {
				rejected++
			}
		}
	}
	t.Logf("threshold %d, slope %d of %d; the true form rejected %d of %d", inT, inS, of, rejected, tested)
	if of < runs*9/10 || tested < of*9/10 {
		t.Errorf("%d of %d runs have a threshold, %d a test", of, runs, tested)
	}
	if share := float64(inT) / float64(of); share < .9 || share > .995 {
		t.Errorf("95 %% intervals of the threshold hold it in %.1f %% of %d", 100*share, of)
	}
	if share := float64(inS) / float64(of); share < .9 {
		t.Errorf("95 %% intervals of the slope hold it in %.1f %% of %d", 100*share, of)
	}
	if share := float64(rejected) / float64(tested); share > .12 {
		t.Errorf("the true form is rejected in %.1f %% of %d at the 5 %% level", 100*share, tested)
	}
}

// A curve that is no logistic is found out.
func TestPsychometricMisfit(t *testing.T) {
	plateau := func(x float64) float64 {
		if x > 2 {
			return .98
		}
		if x < -1 {
			return .53
		}
		return .79 + .01*x
	}
	f := compute(t, choices(plateau, 3, 100, sixPlaces))[0]
	if p := single(t, f, reports.DevianceP, "logistic"); p.Value > .01 || !hasWarning(f, "misfit") {
		t.Errorf("p = %v of a plateau: %+v", p.Value, f.Warnings)
	}
}

func TestPsychometricCountsTiesAsHalf(t *testing.T) {
	l := logistic{.3, .6, .02}
	in := l.input(5, 60, sixPlaces)
	for i, v := range in.Table.Score[0] {
		in.Table.Score[0][i] = math.Round(v) // noise of 1: many ties, chance stays one half
	}
	f := compute(t, in)[0]
	at, _ := l.criterion()
	if e := single(t, f, reports.PsychometricThreshold, "logistic"); math.Abs(math.Log(float64(e.Value)/at)) > .35 {
		t.Errorf("threshold %v with ties, %v without", e.Value, at)
	}
	if !hasWarning(f, "ties") {
		t.Error("no warning of ties")
	}
}

// No monotone transform of a metric, nor its direction, moves the function.
func TestPsychometricGoesByRank(t *testing.T) {
	l := logistic{.3, .6, .02}
	plain, bent := l.input(5, 60, sixPlaces), l.input(5, 60, sixPlaces)
	for i, v := range bent.Table.Score[0] {
		bent.Table.Score[0][i] = -math.Exp(v / 4)
	}
	bent.Table.Columns[0].Direction = trial.Similarity
	if encode(t, compute(t, plain)) != encode(t, compute(t, bent)) {
		t.Error("a monotone transform moves the psychometric function")
	}
}

func TestPsychometricRefuses(t *testing.T) {
	l := logistic{.3, .6, .02}
	f := compute(t, l.input(2, 29, sixPlaces))[0]
	if len(pick(f, reports.PsychometricThreshold, "logistic")) > 0 || len(pick(f, reports.AWithin, "logistic")) != len(sixPlaces) {
		t.Error("29 sources have points, but no threshold")
	}
	if len(f.Refused) != 1 || !strings.Contains(f.Refused[0].Reason, "fewer than 30") || hasWarning(f, "not-fitted") {
		t.Errorf("%+v %+v", f.Refused, f.Warnings)
	}
	f = compute(t, l.input(2, 30, []float64{-1, 0, 1}))[0]
	if len(f.Estimates) > 0 || !strings.Contains(f.Refused[0].Reason, "3 severities above 0, a psychometric function needs 4") {
		t.Errorf("%d estimates; %+v", len(f.Estimates), f.Refused)
	}
	in := l.input(2, 30, sixPlaces)
	for i := range in.Table.Score[0] {
		in.Table.Score[0][i] = 1
	}
	if f = compute(t, in)[0]; !hasWarning(f, "not-fitted") || len(pick(f, reports.PsychometricSlope, "logistic")) > 0 {
		t.Errorf("a constant metric: %+v", f.Warnings)
	}
}

func TestPsychometricWarnsBeyondWhatWasTested(t *testing.T) {
	f := compute(t, logistic{3, .6, 0}.input(4, 120, []float64{0, .8, 1.6, 2.4}))[0]
	if e := single(t, f, reports.PsychometricThreshold, "logistic"); !(e.Value > reports.Number(math.Exp(2.4))) || !hasWarning(f, "extrapolated") {
		t.Errorf("%v %+v", e.Value, f.Warnings)
	}
	in := logistic{.3, .6, 0}.input(4, 60, sixPlaces)
	for i := range in.Table.Stimuli {
		if s := &in.Table.Stimuli[i]; s.Role == trial.Crossed && s.Severity > 10 { // the strongest is not seen at all
			in.Table.Score[0][i] -= 10
		}
	}
	if f = compute(t, in)[0]; !hasWarning(f, "non-monotone") {
		t.Errorf("%+v", f.Warnings)
	}
}

func TestPsychometricIgnoresWorkers(t *testing.T) {
	d := standard()
	var docs []string
	for _, workers := range []int{1, 7} {
		in := d.input("psychometric")
		in.Options.Workers, in.Options.Resamples = workers, 200
		docs = append(docs, encode(t, compute(t, in)))
	}
	if docs[0] != docs[1] {
		t.Error("workers change the finding")
	}
}

func TestPsychometricIsShown(t *testing.T) {
	d := standard()
	in := d.input("psychometric")
	in.Options.Formats, in.Options.Resamples = []string{"svg"}, 200
	dir := t.TempDir()
	if _, err := reports.Write(context.Background(), in, dir); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(dir, "tables", "psychometric-hue.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(table), "| slope ↑ | lapse rate | deviance | df | p | n |") {
		t.Errorf("%.600s", table)
	}
	for _, n := range []string{"shift", "noise"} {
		names, err := filepath.Glob(filepath.Join(dir, "figures", "psychometric-hue-"+n+"*.svg"))
		if err != nil || len(names) == 0 {
			t.Errorf("no figure amid %s: %v", n, err)
		}
	}
}

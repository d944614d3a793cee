package reports_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"probity/internal/trial"
	"probity/reports"
)

// goldens are what scipy, statsmodels and scikit-learn make of the same numbers; see testdata/reports/goldens.py.
type goldens struct {
	Oracle string
	AUC    struct {
		Neg, Pos [][]float64
		Within   []float64
		AWithin  float64 `json:"a_within"`
		APooled  float64 `json:"a_pooled"`
		T        [2]float64
	}
	Wilson []struct {
		P, N, Level float64
		Interval    [2]float64
	}
	Holm     struct{ P, Adjusted []float64 }
	Isotonic []struct {
		X, Y, W, Fit []float64
		Crossing     *float64
	}
	BCa struct {
		X         []float64
		Resamples []string
		Interval  [2]float64
		Scipy     [2]float64
	}
	Paired struct {
		A, B           []float64
		P, Delta, TOST float64
	}
	Median struct {
		X        []float64
		Median   float64
		Interval [2]float64
	}
	Dyadic struct {
		Source, Donor []int
		Y             []float64
		Mean, SE      float64
	}
}

func readGoldens(t *testing.T) *goldens {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "reports", "goldens.json"))
	if err != nil {
		t.Fatal(err)
	}
	g := new(goldens)
	if err := json.Unmarshal(data, g); err != nil {
		t.Fatal(err)
	}
	return g
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, the oracle has %v", what, got, want)
	}
}

func TestDetectionAgainstMannWhitneyAndROC(t *testing.T) {
	g := readGoldens(t).AUC
	table := &trial.Table{Columns: []trial.Column{{Label: "m", Direction: trial.Distance}}, Score: [][]float64{nil}}
	add := func(s trial.Stimulus, v float64) {
		table.Stimuli, table.Score[0] = append(table.Stimuli, s), append(table.Score[0], v)
	}
	for i := range g.Neg {
		s := trial.Stimulus{Source: fmt.Sprint(i), Role: trial.Null, Null: "shift", NullSeverity: 1}
		for k, v := range g.Neg[i] {
			s.Draw = k
			add(s, v)
		}
		s.Role, s.Perturb, s.Severity, s.Shape, s.Area = trial.Crossed, "hue", 5, "disc", .04
		for k, v := range g.Pos[i] {
			s.Draw, s.Replicate = k%8, k/8
			add(s, v)
		}
	}
	f, err := reports.Findings(context.Background(), &reports.Input{Table: table, Experiment: reports.Experiment{Seed: 1, Findings: []reports.Request{{Kind: "detection"}}}})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range f[0].Estimates {
		switch e.Quantity {
		case reports.AWithin:
			seen++
			near(t, "A within", float64(e.Value), g.AWithin, 1e-12)
			near(t, "low end of t", float64(e.Low), g.T[0], 1e-9)
			near(t, "high end of t", float64(e.High), g.T[1], 1e-9)
			if e.N != 12 || float64(e.DF) != 11 {
				t.Errorf("n = %d with %v df, want 12 with 11", e.N, e.DF)
			}
		case reports.APooled:
			seen++
			near(t, "A pooled", float64(e.Value), g.APooled, 1e-12)
		case reports.Threshold:
			t.Error("a threshold from 12 sources")
		}
	}
	if seen != 2 {
		t.Errorf("%d of 2 quantities were given", seen)
	}
	if math.Abs(g.AWithin-g.APooled) < .05 {
		t.Error("the golden does not tell A within from A pooled")
	}
}

func TestIntervalsAgainstOracles(t *testing.T) {
	g := readGoldens(t)
	for _, w := range g.Wilson {
		lo, hi := reports.Wilson(w.P, w.N, w.Level)
		near(t, fmt.Sprintf("Wilson's low end of %v in %v", w.P, w.N), lo, w.Interval[0], 1e-12)
		near(t, fmt.Sprintf("Wilson's high end of %v in %v", w.P, w.N), hi, w.Interval[1], 1e-12)
	}
	for i, p := range reports.Holm(g.Holm.P) {
		near(t, "Holm", p, g.Holm.Adjusted[i], 1e-15)
	}
	reps := make([]float64, len(g.BCa.Resamples))
	for b, s := range g.BCa.Resamples {
		for _, r := range s {
			reps[b] += g.BCa.X[r-'A'] / 25
		}
	}
	var sum float64
	for _, v := range g.BCa.X {
		sum += v
	}
	var jack []float64
	for _, v := range g.BCa.X {
		jack = append(jack, (sum-v)/24)
	}
	lo, hi, ok := reports.BCa(sum/25, reps, jack, .95)
	if !ok {
		t.Fatal("BCa gave none")
	}
	near(t, "BCa's low end", lo, g.BCa.Interval[0], 1e-9)
	near(t, "BCa's high end", hi, g.BCa.Interval[1], 1e-9)
	near(t, "BCa's low end (scipy, 200,000 resamples)", lo, g.BCa.Scipy[0], .06)
	near(t, "BCa's high end (scipy, 200,000 resamples)", hi, g.BCa.Scipy[1], .06)

	p, eq := reports.PairedP(g.Paired.A, g.Paired.B, g.Paired.Delta)
	near(t, "paired t", p, g.Paired.P, 1e-10)
	near(t, "TOST", eq, g.Paired.TOST, 1e-10)

	near(t, "median", reports.Median(g.Median.X), g.Median.Median, 0)
	lo, hi, _ = reports.MedianInterval(g.Median.X, .95)
	near(t, "low end of the median", lo, g.Median.Interval[0], 0)
	near(t, "high end of the median", hi, g.Median.Interval[1], 0)

	m, se := reports.DyadicMean(g.Dyadic.Source, g.Dyadic.Donor, g.Dyadic.Y)
	near(t, "mean of dyads", m, g.Dyadic.Mean, 1e-12)
	near(t, "standard error of dyads", se, g.Dyadic.SE, 1e-12)
}

func TestIsotonicAgainstScikitLearn(t *testing.T) {
	crossed := 0
	for _, g := range readGoldens(t).Isotonic {
		fit := make([]float64, len(g.Y))
		reports.Isotonic(g.Y, g.W, fit)
		for i := range fit {
			near(t, "isotonic fit", fit[i], g.Fit[i], 1e-12)
		}
		x := reports.Crossing(g.X, fit, .75)
		if g.Crossing == nil {
			if !math.IsInf(x, 0) {
				t.Errorf("crossing at %v, there is none", x)
			}
			continue
		}
		crossed++
		near(t, "crossing", x, *g.Crossing, 1e-12)
	}
	if crossed == 0 {
		t.Error("no golden crosses")
	}
}

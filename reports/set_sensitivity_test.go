package reports_test

import (
	"math"
	"strings"
	"testing"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
	"probity/reports"
)

// setRows draws a set metric's rows with replicates: the base is 10, conditions move it by the given amounts in units of scale, and
// the noise of conditions that hold the same sources is shared but for a tenth.
func setRows(label string, direction trial.Direction, scale, noise float64, seed int) (trial.Column, []trial.SetRow) {
	sign := 1.
	if direction == trial.Similarity {
		sign = -1
	}
	s := stream.Key{Seed: 3, Step: label, Replicate: seed}.Open()
	shared, common := make([]float64, 20), s.Norm()
	for k := range shared {
		shared[k] = s.Norm()
	}
	row := func(role trial.Role, perturb string, severity, moved float64) trial.SetRow {
		own := s.Norm()
		r := trial.SetRow{Metric: label, Role: role, Perturb: perturb, Severity: severity, Shape: "whole", Area: 1, N: 500, Level: .95, Method: "delete-half jackknife",
			Value: 10 + sign*scale*(moved+noise*(common+.1*own))}
		for k := range shared {
			r.Replicates = append(r.Replicates, r.Value+scale*noise*(shared[k]+.1*s.Norm()))
		}
		r.Low, r.High = r.Value-2*scale*noise, r.Value+2*scale*noise
		return r
	}
	return trial.Column{Label: label, Kind: "frechet", Direction: direction, Group: trial.Learned, Model: label, Family: "cnn"},
		[]trial.SetRow{row(trial.None, "", 0, 0), row(trial.Edit, "hue", 5, .5), row(trial.Edit, "hue", 10, 2), row(trial.Anchor, "class", 1, 4), row(trial.Null, "shift", 1, 0)}
}

func sensitivityOf(t *testing.T, unit string, t0 *trial.Table) (*reports.Finding, error) {
	t.Helper()
	info, err := reports.Kinds.Info("set-sensitivity")
	if err != nil {
		t.Fatal(err)
	}
	v, errs := registry.NewValues(info, map[string]any{"unit": unit})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	t0.Stimuli = []trial.Stimulus{{Source: "s", Role: trial.Null, Null: "shift"}}
	list, err := reports.Findings(t.Context(), &reports.Input{Table: t0, Experiment: reports.Experiment{Name: "sets", Seed: 1, Findings: []reports.Request{{Kind: "set-sensitivity", Params: v}}}})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Relative movements do not depend on a metric's scale or direction, and their intervals hold the truth.
func TestSetSensitivity(t *testing.T) {
	held, of := 0, 0
	for seed := range 100 {
		tb := &trial.Table{}
		for _, m := range []struct {
			label     string
			direction trial.Direction
			scale     float64
		}{{"small", trial.Distance, .01}, {"large", trial.Similarity, 30}} {
			c, rows := setRows(m.label, m.direction, m.scale, 2, seed)
			tb.SetColumns, tb.Sets = append(tb.SetColumns, c), append(tb.Sets, rows...)
		}
		f, err := sensitivityOf(t, "class", tb)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range f.Estimates {
			if want, ok := map[string]float64{"hue 5": .125, "hue 10": .5, "shift": 0}[e.At]; ok && e.Quantity == reports.SetRelative {
				of++
				if float64(e.Low) <= want && want <= float64(e.High) {
					held++
				}
			}
		}
	}
	if c := float64(held) / float64(of); c < .91 || c > .99 {
		t.Errorf("95 %% intervals of relative movements hold the truth in %.1f %% of %d", 100*c, of)
	}
}

func TestSetSensitivityRefuses(t *testing.T) {
	c, rows := setRows("m", trial.Distance, 1, 2, 1)
	if _, err := sensitivityOf(t, "nothing", &trial.Table{SetColumns: []trial.Column{c}, Sets: rows}); err == nil || !strings.Contains(err.Error(), `no condition "nothing"`) {
		t.Errorf("an unknown unit: %v", err)
	}
	f, err := sensitivityOf(t, "shift", &trial.Table{SetColumns: []trial.Column{c}, Sets: rows})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Refused) != 1 || !strings.Contains(f.Refused[0].Reason, "no more than its noise") {
		t.Errorf("a unit that moves nothing: %+v", f.Refused)
	}
	for _, e := range f.Estimates {
		if e.Quantity == reports.SetRelative && e.At != "shift" {
			t.Errorf("%s is expressed in a unit of nothing: %v", e.At, e.Value)
		}
		if e.Quantity == reports.SetMovement && math.IsNaN(float64(e.Low)) {
			t.Errorf("%s has no interval", e.At)
		}
	}
}

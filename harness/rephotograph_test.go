package harness_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"probity/internal/trial"
)

// A scene can be photographed again after an exact edit: what is then between the two is the edit and the other
// photograph, never the null alone. Laid over an edit of pixels it cannot be made, and the run says so.
func TestSceneIsPhotographedAgainAfterAnEdit(t *testing.T) {
	src := strings.Replace(runExperiment, "kind = \"shift\"\nseverity = 1", "kind = \"scene-nuisance\"\nseverity = 1", 1)
	src = strings.Replace(src, "kind = \"gaussian-noise\"\nseverity = [0, 4, 16]\nregion = { shape = \"disc\", area = [0.05, 0.2] }", "kind = \"scene-recolour\"\nseverity = 1", 1)
	s, _, err := score(t, context.Background(), src, t.TempDir(), 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Table.Column("mse")
	var alone, crossed, edits []float64
	for i, row := range s.Table.Stimuli {
		v := s.Table.Score[m][i]
		if math.IsNaN(v) {
			t.Fatalf("%s %s %s amid %s could not be made", row.Source, row.Role, row.Perturb, row.Null)
		}
		switch row.Role {
		case trial.Null:
			alone = append(alone, v)
		case trial.Crossed:
			crossed = append(crossed, v)
		case trial.Edit:
			edits = append(edits, v)
		}
	}
	mean := func(x []float64) (m float64) {
		for _, v := range x {
			m += v / float64(len(x))
		}
		return m
	}
	if a, c, e := mean(alone), mean(crossed), mean(edits); !(c > a) || math.Abs(c-a-e) > .3*e {
		t.Errorf("mean squared differences: %.0f of the null, %.0f of the edit, %.0f of both", a, e, c)
	}
	// Exact edits can follow each other: the main object in another colour and texture, photographed again.
	src = strings.Replace(src, "kind = \"scene-recolour\"\nseverity = 1", "severity = 1\nsteps = [{ kind = \"scene-recolour\", severity = 1 }, { kind = \"scene-retexture\" }]", 1)
	if s, _, err = score(t, context.Background(), src, t.TempDir(), 1, &stopper{}); err != nil {
		t.Fatal(err)
	}
	if len(s.Table.Problems) > 0 {
		t.Errorf("problems: %v", s.Table.Problems)
	}
	for i, row := range s.Table.Stimuli {
		if row.Role == trial.Edit && !(s.Table.Score[0][i] > 0) {
			t.Errorf("%s: two exact edits changed nothing", row.Source)
		}
	}
	src = strings.Replace(runExperiment, "kind = \"shift\"\nseverity = 1", "kind = \"scene-nuisance\"\nseverity = 1", 1)
	if s, _, err = score(t, context.Background(), src, t.TempDir(), 1, &stopper{}); err != nil {
		t.Fatal(err)
	}
	if len(s.Table.Problems) == 0 || !strings.Contains(s.Table.Problems[0].Reason, "would lose the steps before it") {
		t.Errorf("problems: %v", s.Table.Problems)
	}
}

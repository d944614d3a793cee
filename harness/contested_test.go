package harness_test

import (
	"math"
	"slices"
	"testing"

	"probity/harness"
	"probity/internal/stream"
	"probity/internal/trial"
)

// table has one row for each of n edits of as many sources, with scores of a distance and of the same as a similarity.
func contestedTable(n int) *trial.Table {
	st := stream.Key{Seed: 1, Step: "contested test", Purpose: "scores"}.Open()
	t := &trial.Table{Columns: []trial.Column{{Label: "a"}, {Label: "b", Direction: trial.Similarity}, {Label: "pixels", Group: trial.PixelControl}, {Label: "constant"}}}
	t.Score = make([][]float64, 4)
	for i := range n {
		t.Stimuli = append(t.Stimuli, trial.Stimulus{Source: string(rune('A' + i)), Role: trial.Edit, Perturb: []string{"hue", "blur", "noise", "texture", "shape"}[i%5]})
		v := st.Norm()
		t.Score[0], t.Score[1], t.Score[2], t.Score[3] = append(t.Score[0], v), append(t.Score[1], -3*v), append(t.Score[2], st.Norm()), append(t.Score[3], 7)
	}
	return t
}

// Metrics of one order, whatever their units and directions, disagree about nothing; pixel controls and constants do not vote.
func TestContestedOfOneOrder(t *testing.T) {
	if got := harness.Contested(contestedTable(20), 8); len(got) != 0 {
		t.Errorf("metrics that order edits alike disagree about rows %v", got)
	}
}

func TestContestedFindsTheOutlier(t *testing.T) {
	x := contestedTable(20)
	most, least := 0, 0
	for i, v := range x.Score[0] {
		if v > x.Score[0][most] {
			most = i
		}
		if v < x.Score[0][least] {
			least = i
		}
	}
	x.Score[1][most] = math.Inf(1) // the largest change to one metric, the smallest to the other
	got := harness.Contested(x, 3)
	if len(got) == 0 || got[0] != most {
		t.Fatalf("contested rows %v, want %d first", got, most)
	}
	// A transform that keeps the order changes nothing.
	for i := range x.Score[0] {
		x.Score[0][i] = math.Exp(x.Score[0][i])
	}
	if again := harness.Contested(x, 3); !slices.Equal(again, got) {
		t.Errorf("rows %v after a monotone transform, %v before", again, got)
	}
	// Nulls are no edits, and a score that could not be computed does not count.
	x.Stimuli[most].Role = trial.Null
	x.Score[0][least] = math.NaN()
	if again := harness.Contested(x, 20); slices.Contains(again, most) || slices.Contains(again, least) {
		t.Errorf("rows %v hold a null (%d) or an edit with one score (%d)", again, most, least)
	}
}

func TestContestedShowsVariety(t *testing.T) {
	x := contestedTable(20)
	slices.Reverse(x.Score[1])
	for i := range x.Stimuli {
		x.Stimuli[i].Source = string(rune('A' + i/2))
	}
	sources, edits := map[string]int{}, map[string]int{}
	got := harness.Contested(x, 8)
	for _, i := range got {
		sources[x.Stimuli[i].Source]++
		edits[x.Stimuli[i].Perturb]++
	}
	if len(got) != 8 || len(sources) != 8 {
		t.Errorf("rows %v of %d sources", got, len(sources))
	}
	for e, n := range edits {
		if n > 2 {
			t.Errorf("%s is shown %d times", e, n)
		}
	}
}

package harness

import (
	"math"
	"slices"
	"sort"

	"probity/internal/trial"
)

// contested are the rows of the edits about which metrics disagree most, the most contested first: those with the largest
// difference between the highest and the lowest place that any two metrics give them among all edits, where a place is the
// mid-rank of the score, oriented so that larger is a larger change. Pixel controls and metrics that score all edits alike
// do not vote. At most one edit a source and two a perturbation are taken, so that they do not all show the same.
func contested(t *trial.Table, most int) []int {
	var rows []int
	for i := range t.Stimuli {
		if t.Stimuli[i].Role == trial.Edit {
			rows = append(rows, i)
		}
	}
	low, high := make([]float64, len(rows)), make([]float64, len(rows))
	for k := range rows {
		low[k], high[k] = math.Inf(1), math.Inf(-1)
	}
	order := make([]int, len(rows))
	for m, c := range t.Columns {
		if c.Group == trial.PixelControl {
			continue
		}
		score := func(k int) float64 {
			v := t.Score[m][rows[k]]
			if c.Direction == trial.Similarity {
				return -v
			}
			return v
		}
		order = order[:0]
		for k := range rows {
			if !math.IsNaN(score(k)) {
				order = append(order, k)
			}
		}
		sort.SliceStable(order, func(a, b int) bool { return score(order[a]) < score(order[b]) })
		n := len(order)
		if n < 2 || score(order[0]) == score(order[n-1]) {
			continue
		}
		for a := 0; a < n; {
			b := a
			for b < n && score(order[b]) == score(order[a]) {
				b++
			}
			place := (float64(a) + float64(b-1)) / 2 / float64(n-1)
			for ; a < b; a++ {
				k := order[a]
				low[k], high[k] = min(low[k], place), max(high[k], place)
			}
		}
	}
	byGap := make([]int, len(rows))
	for k := range byGap {
		byGap[k] = k
	}
	sort.SliceStable(byGap, func(a, b int) bool { return high[byGap[a]]-low[byGap[a]] > high[byGap[b]]-low[byGap[b]] })
	var out []int
	var sources []string
	edits := map[string]int{}
	for _, k := range byGap {
		s := &t.Stimuli[rows[k]]
		if len(out) == most || !(high[k] > low[k]) {
			break
		}
		if slices.Contains(sources, s.Source) || edits[s.Perturb] == 2 {
			continue
		}
		out, sources = append(out, rows[k]), append(sources, s.Source)
		edits[s.Perturb]++
	}
	return out
}

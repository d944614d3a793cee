package reports

import (
	"fmt"
	"math"
	"slices"

	"probity/internal/trial"
	"probity/reports/figure"
)

// stimuliKind asks for the figures of stimuli in Options.Only; they belong to no finding.
const stimuliKind = "stimuli"

// mostScores is how many metrics an item of the disagreement gallery shows: the ends, where there are more.
const mostScores = 12

// showStimuli draws the pictures that the run kept: strips of every edit's severities and of the nulls and swaps, the edits
// about which metrics disagree most, and maps of where metrics see a difference. The page shows strips with their curves
// and in its gallery, and takes the rest.
func (v *View) showStimuli() (strips, rest []figure.Drawing) {
	for _, p := range v.in.Experiment.Perturbs {
		if p.Role == trial.Edit {
			if fig := v.strip(p.Label); fig != nil {
				strips = append(strips, fig)
			}
		}
	}
	if fig := v.others(); fig != nil {
		strips = append(strips, fig)
	}
	if fig := v.disagreement(); fig != nil {
		rest = append(rest, fig)
	}
	return strips, append(rest, v.where()...)
}

// shownSources are the sources whose stimuli are shown whole, in order, with their pictures.
func (v *View) shownSources() (out []*Exhibit) {
	for i := range v.in.Exhibits {
		if x := &v.in.Exhibits[i]; x.Original && !x.Contested {
			out = append(out, x)
		}
	}
	return out
}

// sourceName names a source for a reader: its class where it has one.
func sourceName(s *trial.Stimulus) string {
	if s.Class != "" {
		return s.Class
	}
	return s.Source
}

// strip has a row for each source shown and a picture for each severity of one edit.
func (v *View) strip(perturb string) *figure.Strip {
	fig := &figure.Strip{}
	region := ""
	for _, src := range v.shownSources() {
		row := figure.StripRow{Label: sourceName(&src.Stimulus), Thumbs: []figure.Thumb{{PNG: src.PNG, Label: "source"}}}
		for i := range v.in.Exhibits {
			x := &v.in.Exhibits[i]
			s := &x.Stimulus
			if x.Original || x.Contested || s.Source != src.Stimulus.Source || s.Perturb != perturb || s.Null != "" {
				continue
			}
			label := "edited"
			for _, c := range v.places(perturb) {
				if !c.axis.Fixed {
					label = withUnit(s.Severity, unitText(s.Unit))
				}
				if c.shape == s.Shape && c.area == s.Area {
					region = c.region()
				}
			}
			row.Thumbs = append(row.Thumbs, figure.Thumb{PNG: x.PNG, At: s.Severity, Label: label})
		}
		if len(row.Thumbs) > 1 {
			fig.Rows = append(fig.Rows, row)
		}
	}
	if len(fig.Rows) == 0 {
		return nil
	}
	says := "Severity grows from left to right"
	if region != "" {
		says = "Where it acts: " + region + "; severity grows from left to right"
	}
	fig.About = figure.About{Name: slug("stimuli-" + perturb), Title: "Stimuli, " + perturb, Says: says, N: fmt.Sprintf("%d of %s", len(fig.Rows), plural(len(v.a.sources), v.a.noun()))}
	return fig
}

// others are the nulls, the anchors and their controls beside their sources.
func (v *View) others() *figure.Strip {
	fig := &figure.Strip{}
	role := map[string]trial.Role{}
	for _, p := range v.in.Experiment.Perturbs {
		role[p.Label] = p.Role
	}
	for _, src := range v.shownSources() {
		row := figure.StripRow{Label: sourceName(&src.Stimulus), Thumbs: []figure.Thumb{{PNG: src.PNG, Label: "source"}}}
		for i := range v.in.Exhibits {
			x := &v.in.Exhibits[i]
			s := &x.Stimulus
			if x.Original || x.Contested || s.Source != src.Stimulus.Source || s.Perturb != "" && role[s.Perturb] == trial.Edit {
				continue
			}
			label := s.Perturb
			if label == "" {
				label = s.Null
			}
			row.Thumbs = append(row.Thumbs, figure.Thumb{PNG: x.PNG, Label: label})
		}
		if len(row.Thumbs) > 1 {
			fig.Rows = append(fig.Rows, row)
		}
	}
	if len(fig.Rows) == 0 {
		return nil
	}
	fig.About = figure.About{Name: "stimuli-levels", Title: "Nulls, anchor and control", Says: "What edits are read against: one draw of each null, and swaps with other pictures", N: fmt.Sprintf("%d of %s", len(fig.Rows), plural(len(v.a.sources), v.a.noun()))}
	return fig
}

// disagreement shows the edits that the run kept because metrics disagree about them, with every metric's verdict as its
// percentile among all edits.
func (v *View) disagreement() *figure.Gallery {
	var edits []int
	for i := range v.a.table.Stimuli {
		if v.a.table.Stimuli[i].Role == trial.Edit {
			edits = append(edits, i)
		}
	}
	fig := &figure.Gallery{RankLabel: "percentile of the change among all edits"}
	var before []byte
	for i := range v.in.Exhibits {
		x := &v.in.Exhibits[i]
		switch {
		case !x.Contested:
			continue
		case x.Original:
			before = x.PNG
			continue
		}
		s := &x.Stimulus
		item := figure.GalleryItem{Title: v.stimulusWords(s) + ", " + sourceName(s), Before: before, After: x.PNG}
		for m := range v.columns {
			c := &v.columns[m]
			score, ok := x.Scores[c.Label]
			if !ok || c.Group == trial.PixelControl || c.constant {
				continue
			}
			item.Scores = append(item.Scores, figure.GalleryScore{Label: c.Label, Family: c.lookFamily(), Rank: midRank(c, edits, c.native(score)), Text: digits(score)})
		}
		if n := len(item.Scores); n > mostScores {
			order := slices.Clone(item.Scores)
			slices.SortStableFunc(order, func(a, b figure.GalleryScore) int { return cmpFloat(a.Rank, b.Rank) })
			low, high := order[mostScores/2-1].Rank, order[n-mostScores/2].Rank
			item.Scores = slices.DeleteFunc(item.Scores, func(q figure.GalleryScore) bool { return q.Rank > low && q.Rank < high })
		}
		fig.Items = append(fig.Items, item)
	}
	if len(fig.Items) == 0 {
		return nil
	}
	fig.About = figure.About{Name: "disagreement", Title: "Where metrics disagree most", N: fmt.Sprintf("%d of %s edits", len(fig.Items), grouped(len(edits))),
		Says: "Edits with the largest distance between the highest and the lowest percentile that any two metrics give them; at most one a " + v.a.noun() + " and two a kind of edit"}
	return fig
}

// midRank is the percentile 0..1 of an oriented score among rows, ties half.
func midRank(c *column, rows []int, v float64) float64 {
	below, same, n := 0, 0, 0
	for _, i := range rows {
		switch x := c.score[i]; {
		case math.IsNaN(x):
			continue
		case x < v:
			below++
		case x == v:
			same++
		}
		n++
	}
	if n < 2 {
		return math.NaN()
	}
	return (float64(below) + float64(max(0, same-1))/2) / float64(n-1)
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// stimulusWords names an edit: "hue 10 ΔE00 (disc, 4 %)".
func (v *View) stimulusWords(s *trial.Stimulus) string {
	for _, c := range v.curves {
		if c.perturb == s.Perturb && c.shape == s.Shape && c.area == s.Area {
			return c.describe(&cell{severity: s.Severity})
		}
	}
	return s.Perturb
}

// where lays each metric's map of an edit over its picture, one figure an edit. Metrics have their own units, so each map
// is given as a share of its largest value.
func (v *View) where() []figure.Drawing {
	var out []figure.Drawing
	for i := range v.in.Exhibits {
		x := &v.in.Exhibits[i]
		if len(x.Maps) == 0 {
			continue
		}
		s := &x.Stimulus
		fig := &figure.HeatOverlay{Scale: figure.Scale{Label: "difference, share of the map's largest", Low: 0, High: 1, Decimals: 1}}
		item := figure.HeatItem{Title: "the edit", Picture: x.PNG, Bare: true, Outline: x.Outline, MaskW: x.OutlineW, MaskH: x.OutlineH}
		fig.Items = append(fig.Items, item)
		for _, m := range x.Maps {
			k := v.a.column(m.Metric)
			if k < 0 {
				continue
			}
			h := item
			h.Title, h.Bare, h.W, h.H, h.Map = m.Metric, false, m.W, m.H, shares(m.V, v.columns[k].Direction == trial.Similarity)
			fig.Items = append(fig.Items, h)
		}
		if len(fig.Items) < 2 {
			continue
		}
		says := "Maps of metrics that compare place by place, each in its own grid and as a share of its largest value"
		if x.Outline != nil {
			says += "; the outline is the edited region"
		}
		fig.About = figure.About{Name: slug("where-" + s.Perturb), Title: "Where the difference is seen, " + v.stimulusWords(s), Says: says, N: "1 of " + plural(len(v.a.sources), v.a.noun())}
		out = append(out, fig)
	}
	return out
}

// shares are a map's values as shares of the largest difference; a similarity is first turned about its largest value.
func shares(v []float64, similarity bool) []float64 {
	most := 0.0
	top := math.Inf(-1)
	for _, x := range v {
		if !math.IsNaN(x) {
			top = max(top, x)
		}
	}
	out := make([]float64, len(v))
	for i, x := range v {
		if out[i] = x; similarity {
			out[i] = top - x
		}
		if out[i] > most {
			most = out[i]
		}
	}
	if most > 0 {
		for i := range out {
			out[i] = max(0, out[i]/most)
		}
	}
	return out
}

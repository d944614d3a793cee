// Package example makes an example report page from the example figures, for the page's tests and for a look at it.
package example

import (
	"fmt"
	"math"

	"probity/reports/figure"
	figures "probity/reports/figure/example"
	"probity/reports/page"
)

// Report is a page with every part. Its numbers describe no real metric.
func Report() (*page.Report, error) {
	drawn, err := figure.DrawAll(figures.Drawings(), figure.Options{Formats: []string{"svg"}, Palette: figures.Palette()})
	if err != nil {
		return nil, err
	}
	r := &page.Report{
		Name:        "local-edits",
		Question:    "Which features notice a small local edit?",
		Answer:      "Of the metrics on these two networks, the patch distance of vit-tiny finds a hue edit on 4 % of the picture best (A within .93 [.90, .95]); pooled features need edits four times as strong.",
		Scope:       "example data: 12 metrics, 48 rendered sources.",
		Facts:       []page.Fact{{Name: "sources", Value: "48"}, {Name: "stimuli", Value: "5,760"}, {Name: "metrics", Value: "12"}, {Name: "seed", Value: "20261123"}},
		Warnings:    []string{"clip-score(micro-clip): part of the edit was cropped away on 9 of 48 sources.", "No threshold is given for 3 metrics: it lies beyond the largest severity tested."},
		Experiment:  "probity = 1\nname = \"local-edits\"\nseed = 20261123\n\n[images]\ndataset = \"scenes\"\nlimit = 48\n\n[[metric]]\nkind = \"ssim\"\n",
		Environment: []page.Fact{{Name: "program", Value: "example"}, {Name: "ONNX Runtime", Value: "1.24.1"}},
		Skipped:     []string{"threshold of directional(micro-clip): fewer than 30 sources in which the edit is visible"},
	}
	titles := []string{}
	for i, f := range drawn {
		if len(titles) == 0 || i%3 == 0 {
			titles = append(titles, f.Title)
			r.Sections = append(r.Sections, page.Section{Title: f.Title, Answer: "An answer with its number: .87 [.84, .90], n = 48.", Exploratory: i > 0})
		}
		s := &r.Sections[len(r.Sections)-1]
		s.Figures = append(s.Figures, f)
	}
	t := page.Table{Title: "Thresholds", Caption: "Severity at which A within reaches .75, mean ΔE00.", Columns: []page.Column{{Title: "metric"}, {Title: "family"}, {Title: "threshold ↓", Numeric: true}, {Title: "95 % interval"}, {Title: "n", Numeric: true}},
		Notes: []string{"¹ part of the edit was cropped away"}}
	for i, m := range figures.Members() {
		v := 2 + math.Mod(float64(i)*7.3, 19)
		row := page.Row{Series: m.Label, Cells: []page.Cell{{Text: m.Label}, {Text: m.Family}, {Text: fmt.Sprintf("%.2f", v), Value: v, Bold: i == 0}, {Text: fmt.Sprintf("[%.2f, %.2f]", v*.8, v*1.3)}, {Text: "48", Value: 48}}}
		if i == 8 {
			row.Cells[2] = page.Cell{Text: "> 20", Value: math.NaN(), Note: "1"}
		}
		t.Rows = append(t.Rows, row)
	}
	r.Sections[0].Tables = []page.Table{t}
	for i := range 12 {
		sev := []float64{2, 5, 10, 20}[i%4]
		pert := []string{"hue", "texture swap", "blur"}[i/4]
		s := page.Stimulus{Title: fmt.Sprintf("%s %g, disc 9 %%", pert, sev), Perturb: pert, Source: fmt.Sprintf("scene-%02d", i/4), Severity: fmt.Sprint(sev),
			Before: figures.Scene(10+i/4, 192, 0, .09), After: figures.Scene(10+i/4, 192, sev, .09),
			Facts: []page.Fact{{Name: "realised", Value: fmt.Sprintf("%.2f ΔE00", sev*.98)}, {Name: "pixels changed", Value: "8.9 %"}}}
		if i == 3 {
			s.Flags = []string{"target 20 ΔE00 unreachable, reached 14.2"}
		}
		for j, m := range figures.Members() {
			s.Scores = append(s.Scores, page.Score{Label: m.Label, Family: m.Family, Text: fmt.Sprintf("%.3f", .01*sev*float64(j+1)), Rank: math.Mod(sev*.04+.13*float64(j), 1)})
		}
		r.Stimuli = append(r.Stimuli, s)
	}
	return r, nil
}

package reports_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/trial"
	"probity/reports"
	"probity/reports/figure/example"
)

// The pictures that a run keeps become strips, the gallery of disagreement and maps, and can be asked for alone.
func TestStimuliAreShown(t *testing.T) {
	d := standard()
	in := d.input("salience")
	in.Options = reports.Options{Formats: []string{"svg"}, Only: []string{"stimuli"}}
	source := &in.Table.Stimuli[0]
	in.Exhibits = append(in.Exhibits, reports.Exhibit{Original: true, PNG: example.Scene(1, 64, 0, .1), Stimulus: trial.Stimulus{Source: source.Source, Class: source.Class}})
	shown := 0
	for i, s := range in.Table.Stimuli {
		if s.Source != source.Source || s.Role != trial.Edit || s.Replicate != 0 || s.Area != d.areas[0] {
			continue
		}
		x := reports.Exhibit{Stimulus: s, PNG: example.Scene(1, 64, s.Severity, .1), Scores: map[string]float64{}}
		for m, c := range in.Table.Columns {
			x.Scores[c.Label] = in.Table.Score[m][i]
		}
		if shown++; shown == len(d.severities) {
			x.Maps = []reports.ExhibitMap{{Metric: "patch-cosine(cnn-a)", W: 2, H: 2, V: []float64{0, .1, .2, .4}}, {Metric: "ssim", W: 2, H: 1, V: []float64{1, .5}}}
			x.Outline, x.OutlineW, x.OutlineH = []uint8{0, 1, 0, 0}, 2, 2
		}
		in.Exhibits = append(in.Exhibits, x)
	}
	contested := in.Exhibits[1]
	contested.Contested, contested.Maps = true, nil
	in.Exhibits = append(in.Exhibits, reports.Exhibit{Original: true, Contested: true, PNG: in.Exhibits[0].PNG, Stimulus: in.Exhibits[0].Stimulus}, contested)

	dir := t.TempDir()
	if _, err := reports.Write(context.Background(), in, dir); err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		"stimuli-hue":  {"n: 1 of "},
		"disagreement": {"n: 1 of ", "percentile of the change among all edits"},
		"where-hue":    {"share of its largest value", "the outline is the edited region"},
	} {
		caption, err := os.ReadFile(filepath.Join(dir, "figures", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range wants {
			if !strings.Contains(string(caption), w) {
				t.Errorf("caption of %s lacks %q: %s", name, w, caption)
			}
		}
	}
	list, err := os.ReadDir(filepath.Join(dir, "figures"))
	if err != nil || len(list) != 6 {
		t.Errorf("%d files of stimuli alone, want 3 figures with captions; %v", len(list), err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "figures", "disagreement.svg"))
	if err != nil || strings.Contains(string(svg), "pixel-l2") || !strings.Contains(string(svg), "patch-cosine(cnn-a)") {
		t.Errorf("the disagreement gallery shows a pixel control, or not every metric; %v", err)
	}
}

// A map is a share of its largest difference; a similarity is turned about its largest value first.
func TestSharesOfMaps(t *testing.T) {
	for _, c := range []struct {
		in         []float64
		similarity bool
		want       []float64
	}{{[]float64{0, .1, .2, .4}, false, []float64{0, .25, .5, 1}}, {[]float64{1, .5, .75}, true, []float64{0, 1, .5}}, {[]float64{0, 0}, false, []float64{0, 0}}, {[]float64{3, 3}, true, []float64{0, 0}}} {
		got := reports.Shares(c.in, c.similarity)
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%v (similarity %v) becomes %v, want %v", c.in, c.similarity, got, c.want)
				break
			}
		}
	}
}

package figure_test

import (
	"strings"
	"testing"

	"probity/reports/figure"
	"probity/reports/figure/example"
)

// The names of real metrics carry model, output and pooling. They must neither be cut nor push a figure apart.
func TestLongNames(t *testing.T) {
	long := strings.NewReplacer(
		"(mobilenetv2)", "(mobilenetv2-1.0-224, spatial, pool=top5%)",
		"(vit-tiny)", "(vit-tiny-patch16-224, tokens, pool=max)",
		"(vit-untrained)", "(vit-tiny-patch16-224-untrained, embedding)",
		"(micro-clip)", "(micro-clip-s-16, text=target caption)").Replace
	detection, grid, forest, scatter, matrix, blind, gallery, area := example.Detection(12), example.Multiples(), example.Thresholds(), example.Locality(), example.Correlation(), example.Blindness(), example.Disagreement(), example.Summation()
	for _, c := range []*figure.Curves{detection, grid} {
		for _, p := range c.Panels {
			for i := range p.Series {
				p.Series[i].Label = long(p.Series[i].Label)
			}
		}
	}
	for i := range forest.Rows {
		forest.Rows[i].Label = long(forest.Rows[i].Label)
		forest.Rows[i].Note = "p = .003 (Holm)"
	}
	for i := range scatter.Panels[0].Points {
		scatter.Panels[0].Points[i].Label = long(scatter.Panels[0].Points[i].Label)
	}
	for _, m := range []*figure.Matrix{matrix, blind} {
		for i := range m.Rows {
			m.Rows[i].Label = long(m.Rows[i].Label)
		}
		for i := range m.Columns {
			m.Columns[i].Label = long(m.Columns[i].Label)
		}
	}
	for _, it := range gallery.Items {
		for i := range it.Scores {
			it.Scores[i].Label = long(it.Scores[i].Label)
		}
	}
	for _, p := range area.Panels {
		for i := range p.Series {
			p.Series[i].Label = long(p.Series[i].Label)
		}
	}
	for _, d := range []figure.Drawing{detection, grid, forest, scatter, matrix, blind, gallery, area} {
		for _, w := range []figure.Width{figure.Column, figure.Page} {
			f, err := d.Draw(figure.Options{Width: w, Formats: []string{"svg"}})
			if err != nil {
				t.Error(err)
				continue
			}
			s := parse(t, f.SVG)
			checkLayout(t, f.Name+" "+string(w), s)
			for _, x := range s.texts {
				if strings.Contains(x.s, "…") {
					t.Errorf("%s %s: %q is cut", f.Name, w, x.s)
				}
			}
			if forest, ok := d.(*figure.Forest); ok && w == figure.Column && !strings.Contains(f.Caption, forest.Rows[0].Note) {
				t.Error("notes that have no room in the figure are not in its caption")
			}
		}
	}
}

package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"probity/internal/trial"
	"probity/reports/figure"
)

// showJointSpace draws what centring does to retrieval, the condensation curves and, for each cell, the matrix of probes, and prints
// gaps and ranks, retrieval by attribute, and all probes.
func showJointSpace(v *View, f *Finding) (Exhibition, error) {
	cells := v.a.spaceCells()
	var out Exhibition
	add := func(d figure.Drawing, any bool) {
		if any {
			out.Figures = append(out.Figures, d)
		}
	}
	for _, g := range spaceGalleries(cells) {
		bars := v.spaceBars(f, cells, g)
		add(bars, len(bars.Groups) > 0)
		curves := v.spaceCurves(f, cells, g)
		add(curves, len(curves.Panels) > 0)
	}
	for _, c := range cells {
		m := v.spaceMatrix(f, c)
		add(m, len(m.Rows) > 0)
	}
	out.Tables = append(out.Tables, v.spaceTable(f, cells), v.condensedTable(f, cells))
	for _, t := range []Table{v.trainingTable(f, cells), v.attributeTable(f, cells), v.probeTable(f, cells)} {
		if len(t.Rows) > 0 {
			out.Tables = append(out.Tables, t)
		}
	}
	return out, nil
}

// spaceGalleries are the galleries of captions that any cell has, the hardest first.
func spaceGalleries(cells []*spaceCell) (out []string) {
	for _, g := range []string{controlledGallery, "captions of other pictures"} {
		for _, c := range cells {
			if rowOf(c.first(), spaceKey{quantity: "retrieval", side: "images to texts", form: "raw", gallery: g}) != nil {
				out = append(out, g)
				break
			}
		}
	}
	return out
}

// spaceAbout is what every figure of the finding carries: n is of pairs, and of seeds where there are several.
func (v *View) spaceAbout(f *Finding, name, title, says string, list []*Estimate) figure.About {
	about := v.about(f, name, title, says, list, v.intervals(list))
	pairs, seeds := 0, 0
	for i := range v.a.table.Spaces {
		pairs = max(pairs, v.a.table.Spaces[i].Test)
	}
	for _, c := range v.a.spaceCells() {
		seeds = max(seeds, len(c.spaces))
	}
	about.N = plural(pairs, "judged pair")
	if seeds > 1 {
		about.N += fmt.Sprintf(", %d seeds a cell", seeds)
	}
	return about
}

// against says what the right caption stands among.
func against(gallery string) string {
	if gallery == controlledGallery {
		return "against the same with one attribute wrong (mean over the attributes)"
	}
	return "among " + gallery
}

func gallerySlug(gallery string) string {
	if gallery == controlledGallery {
		return "controlled"
	}
	return "random"
}

func (v *View) spaceBars(f *Finding, cells []*spaceCell, gallery string) *figure.Bars {
	fig := &figure.Bars{X: figure.Axis{Label: "right caption nearest, share of cases", Min: 0, Max: 1}}
	var all []*Estimate
	chance := nan
	for _, c := range cells {
		g := figure.BarGroup{Title: c.label}
		for _, form := range []string{"raw", "centred", "aligned"} {
			k := spaceKey{quantity: "retrieval", side: "images to texts", form: form, gallery: gallery}
			e := f.spaceFind(c.label, k)
			if e == nil {
				continue
			}
			chance = rowOf(c.first(), k).Chance
			g.Bars = append(g.Bars, figure.Bar{Label: form, Family: form, Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: f.first(e)})
			all = append(all, e)
		}
		if len(g.Bars) > 0 {
			fig.Groups = append(fig.Groups, g)
		}
	}
	fig.About = v.spaceAbout(f, "joint-space-centring-"+gallerySlug(gallery), "What centring changes, "+against(gallery),
		fmt.Sprintf("How often the right caption is nearest, %s, with the embeddings as they are, with the mean of each side taken off, and with texts turned onto images besides; chance is %s", against(gallery), share(chance)), all)
	return fig
}

func (v *View) spaceCurves(f *Finding, cells []*spaceCell, gallery string) *figure.Curves {
	fig := &figure.Curves{X: figure.Axis{Label: "principal components", Log: true}, Y: figure.Axis{Label: "right caption nearest", Min: 0, Max: 1}}
	var all []*Estimate
	for _, c := range cells {
		p := figure.Panel{Title: c.label}
		for _, basis := range []string{"images", "texts", "both"} {
			k := spaceKey{quantity: "retrieval by components", side: "images to texts", form: "centred", gallery: gallery, basis: basis}
			at := k.at()
			s := figure.Series{Label: "components of " + basis, Family: "basis " + basis}
			for _, e := range f.pick(func(e *Estimate) bool {
				return e.Metric == c.label && string(e.Quantity) == k.quantity && e.At == at
			}) {
				s.X, s.Y = append(s.X, float64(e.Severity)), append(s.Y, float64(e.Value))
				s.Lo, s.Hi = append(s.Lo, float64(e.Low)), append(s.Hi, float64(e.High))
				s.Warning = f.first(e)
				all = append(all, e)
				for i := range c.first().Rows {
					if r := &c.first().Rows[i]; keyOf(r).at() == at && r.Components > 0 && len(p.References) == 0 {
						p.References = append(p.References, figure.Reference{Label: "chance", At: r.Chance})
					}
				}
			}
			if len(s.X) == 0 {
				continue
			}
			k.quantity = "components for 95 %"
			if e := f.spaceFind(c.label, k); e != nil && !math.IsNaN(float64(e.Value)) {
				s.Marks = append(s.Marks, figure.Mark{At: float64(e.Value), Lo: max(1, float64(e.Low)), Hi: float64(e.High), Level: interpolate(s.X, s.Y, float64(e.Value))})
			}
			p.Series = append(p.Series, s)
		}
		if len(p.Series) > 0 {
			fig.Panels = append(fig.Panels, p)
		}
	}
	fig.About = v.spaceAbout(f, "joint-space-condensation-"+gallerySlug(gallery), "Condensation, "+against(gallery),
		"How often the right caption is nearest, "+against(gallery)+", with both sides centred and projected onto the first principal components, which were fitted on the other half of the pictures; marks are where 95 % of the full score above chance is reached", all)
	return fig
}

// interpolate reads a curve at x, linearly between its points.
func interpolate(xs, ys []float64, x float64) float64 {
	for i := range xs {
		if xs[i] == x {
			return ys[i]
		}
		if xs[i] > x && i > 0 {
			return ys[i-1] + (ys[i]-ys[i-1])*(x-xs[i-1])/(xs[i]-xs[i-1])
		}
	}
	return nan
}

// probeSide is one row of the matrix of probes.
type probeSide struct{ side, form, label, group string }

func (c *spaceCell) probeSides() (out []probeSide) {
	for i := range c.first().Rows {
		r := &c.first().Rows[i]
		if r.Quantity != "accuracy" {
			continue
		}
		s := probeSide{r.Side, r.Form, r.Side, "on one side"}
		if strings.Contains(r.Side, " to ") {
			s.label, s.group = r.Side+", "+r.Form, "across"
		}
		known := false
		for _, o := range out {
			known = known || o == s
		}
		if !known {
			out = append(out, s)
		}
	}
	return out
}

func (v *View) spaceMatrix(f *Finding, c *spaceCell) *figure.Matrix {
	fig := &figure.Matrix{Scale: figure.Scale{Label: "selectivity", Low: -1, Mid: 0, High: 1, Diverging: true, Decimals: 2}}
	var all []*Estimate
	attributes := c.attributes()
	for _, a := range attributes {
		fig.Columns = append(fig.Columns, figure.Member{Label: a})
	}
	sides := c.probeSides()
	for _, group := range []string{"on one side", "across"} {
		for _, s := range sides {
			if s.group != group {
				continue
			}
			var cells []figure.Cell
			for _, a := range attributes {
				k := spaceKey{quantity: "accuracy", side: s.side, form: s.form, attribute: a}
				accuracy := f.spaceFind(c.label, k)
				k.quantity = "selectivity"
				e := f.spaceFind(c.label, k)
				switch {
				case accuracy == nil:
					cells = append(cells, figure.Cell{Value: nan})
				case e == nil: // no control task
					cells = append(cells, figure.Cell{Value: nan, Text: share(float64(accuracy.Value))})
					all = append(all, accuracy)
				default:
					cells = append(cells, figure.Cell{Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: f.first(e),
						Text: share(float64(accuracy.Value)) + " (" + share(float64(e.Value)) + ")"})
					all = append(all, e)
				}
			}
			fig.Rows = append(fig.Rows, figure.Member{Label: s.label})
			fig.RowGroups = append(fig.RowGroups, group)
			fig.Cells = append(fig.Cells, cells)
		}
	}
	fig.About = v.spaceAbout(f, "joint-space-probes-"+c.label, "Linear probes, "+c.label,
		"Accuracy of a linear probe of each attribute and, in brackets and by colour, its selectivity: accuracy less that of a control task. On one side: fitted on images or on full captions, judged on others, on captions in other wording too; across: fitted on one side and judged on the other", all)
	return fig
}

// spaceColumn is one column of the table of gaps and ranks.
type spaceColumn struct {
	title string
	key   spaceKey
	form  func(float64) string
}

var spaceColumns = []spaceColumn{
	{"gap", spaceKey{quantity: "modality gap", side: "all pairs", form: "raw"}, share},
	{"gap, centred", spaceKey{quantity: "modality gap", side: "judged pairs", form: "centred"}, share},
	{"paired cosine", spaceKey{quantity: "paired cosine", side: "judged pairs", form: "raw"}, share},
	{"paired cosine, centred", spaceKey{quantity: "paired cosine", side: "judged pairs", form: "centred"}, share},
	{"alignment", spaceKey{quantity: "alignment", side: "judged pairs", form: "raw"}, share},
	{"alignment, centred", spaceKey{quantity: "alignment", side: "judged pairs", form: "centred"}, share},
	{"uniformity, images", spaceKey{quantity: "uniformity of images", side: "judged pairs", form: "raw"}, share},
	{"uniformity, images, centred", spaceKey{quantity: "uniformity of images", side: "judged pairs", form: "centred"}, share},
	{"uniformity, texts", spaceKey{quantity: "uniformity of texts", side: "judged pairs", form: "raw"}, share},
	{"uniformity, texts, centred", spaceKey{quantity: "uniformity of texts", side: "judged pairs", form: "centred"}, share},
	{"effective rank, images", spaceKey{quantity: "effective rank", side: "images", form: "centred"}, digits},
	{"effective rank, texts", spaceKey{quantity: "effective rank", side: "texts", form: "centred"}, digits},
	{"participation ratio, images", spaceKey{quantity: "participation ratio", side: "images", form: "centred"}, digits},
	{"participation ratio, texts", spaceKey{quantity: "participation ratio", side: "texts", form: "centred"}, digits},
}

func (t *Table) spaceCell(f *Finding, e *Estimate, form func(float64) string) TableCell {
	if e == nil {
		return missing
	}
	c := t.estimate(f, e, false)
	c.Text = bracketed(form, float64(e.Value), float64(e.Low), float64(e.High))
	return c
}

// spaceTable has a row a quantity and a column a cell, so that it fits a page whatever their number.
func (v *View) spaceTable(f *Finding, cells []*spaceCell) Table {
	t := Table{Name: "joint-space", Title: "Gap, alignment, uniformity and rank", Caption: "With " + v.level() + " intervals. The gap is of all pairs, what is centred of those that are judged. Smaller alignment: pairs lie nearer; smaller uniformity: embeddings lie further apart.",
		Columns: []TableColumn{{Title: "quantity"}}}
	for _, c := range cells {
		t.Columns = append(t.Columns, TableColumn{Title: c.label, Numeric: true})
	}
	for _, q := range spaceColumns {
		row := TableRow{Cells: []TableCell{{Text: q.title}}}
		for _, c := range cells {
			row.Cells = append(row.Cells, t.spaceCell(f, f.spaceFind(c.label, q.key), q.form))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// trainingTable has what training changed, paired by seed: a row a quantity, a column a trained cell.
func (v *View) trainingTable(f *Finding, cells []*spaceCell) Table {
	t := Table{Name: "joint-space-training", Title: "Trained less untrained towers", Caption: "Difference from untrained towers of the same family, paired by seed, with " + v.level() + " t intervals over seeds.",
		Columns: []TableColumn{{Title: "quantity"}}}
	var trained []*spaceCell
	for _, c := range cells {
		if c.twin(cells) != nil && len(c.spaces) > 1 {
			trained = append(trained, c)
			t.Columns = append(t.Columns, TableColumn{Title: c.label, Numeric: true})
		}
	}
	if len(trained) == 0 {
		return t
	}
	type line struct {
		title string
		key   spaceKey
	}
	lines := []line{{"gap", spaceColumns[0].key}, {"effective rank, images", spaceKey{quantity: "effective rank", side: "images", form: "centred"}}, {"effective rank, texts", spaceKey{quantity: "effective rank", side: "texts", form: "centred"}}}
	for _, g := range spaceGalleries(trained) {
		lines = append(lines, line{"right caption nearest, centred, " + g, spaceKey{quantity: "retrieval", side: "images to texts", form: "centred", gallery: g}})
	}
	for _, s := range trained[0].probeSides() {
		if s.form == "raw" && s.group == "across" {
			continue
		}
		for _, a := range trained[0].attributes() {
			lines = append(lines, line{"selectivity, " + s.label + ": " + a, spaceKey{quantity: "selectivity", side: s.side, form: s.form, attribute: a}})
		}
	}
	for _, l := range lines {
		row := TableRow{Cells: []TableCell{{Text: l.title}}}
		any := false
		for _, c := range trained {
			e := f.spaceFindAt(c.label, l.key, fromUntrained+l.key.at())
			any = any || e != nil
			row.Cells = append(row.Cells, t.spaceCell(nil, e, share))
		}
		if any {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// condensedTable gives the number of components of every single model, with its interval over pictures.
func (v *View) condensedTable(f *Finding, cells []*spaceCell) Table {
	t := Table{Name: "joint-space-components", Title: "Components that do 95 %",
		Caption: "Number of principal components with which 95 % of the full score above chance is reached, of each model with its " + v.level() + " interval over pictures, and the full score.",
		Columns: []TableColumn{{Title: "model"}, {Title: "among"}, {Title: "dimensions", Numeric: true}, {Title: "of images", Numeric: true}, {Title: "of texts", Numeric: true}, {Title: "of both", Numeric: true}, {Title: "full score", Numeric: true}}}
	for _, c := range cells {
		for _, s := range c.spaces {
			label := s.Label
			if len(c.spaces) == 1 {
				label = c.label
			}
			for _, g := range spaceGalleries(cells) {
				row := TableRow{Cells: []TableCell{{Text: label}, {Text: g}, {Text: strconv.Itoa(s.D), Value: float64(s.D)}}}
				for _, basis := range []string{"images", "texts", "both"} {
					row.Cells = append(row.Cells, t.spaceCell(f, f.spaceFind(label, spaceKey{quantity: "components for 95 %", side: "images to texts", form: "centred", gallery: g, basis: basis}), components))
				}
				full := f.spaceFind(label, spaceKey{quantity: "retrieval", side: "images to texts", form: "centred", gallery: g})
				row.Cells = append(row.Cells, t.spaceCell(f, full, share))
				if full != nil {
					t.Rows = append(t.Rows, row)
				}
			}
		}
	}
	return t
}

// components writes a number of components.
func components(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return bare(v)
}

// attributeTable tells in which attribute a wrong caption is told from the right one.
func (v *View) attributeTable(f *Finding, cells []*spaceCell) Table {
	t := Table{Name: "joint-space-attributes", Title: "The right caption against one with an attribute wrong",
		Caption: "Share of pictures that are nearer to their full caption than to the same caption with one attribute wrong, with " + v.level() + " intervals; chance is .50.",
		Columns: []TableColumn{{Title: "cell"}, {Title: "embeddings"}}}
	const among = controlledGallery
	var attributes []string
	for _, c := range cells {
		for i := range c.first().Rows {
			if r := &c.first().Rows[i]; r.Gallery == among && r.Attribute != "" && r.Quantity == "retrieval" && r.Form == "raw" && len(attributes) < 100 && c == cells[0] {
				attributes = append(attributes, r.Attribute)
			}
		}
	}
	for _, a := range attributes {
		t.Columns = append(t.Columns, TableColumn{Title: a, Numeric: true})
	}
	for _, c := range cells {
		for _, form := range []string{"raw", "centred", "aligned"} {
			row := TableRow{Cells: []TableCell{{Text: c.label}, {Text: form}}}
			any := false
			for _, a := range attributes {
				e := f.spaceFind(c.label, spaceKey{quantity: "retrieval", side: "images to texts", form: form, gallery: among, attribute: a})
				any = any || e != nil
				row.Cells = append(row.Cells, t.spaceCell(f, e, share))
			}
			if any {
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

// probeTable has every probe's accuracy and selectivity.
func (v *View) probeTable(f *Finding, cells []*spaceCell) Table {
	t := Table{Name: "joint-space-probes", Title: "Linear probes", Caption: "Accuracy and selectivity (accuracy less control accuracy) of linear probes, with " + v.level() + " intervals. Majority: how often the most frequent label of the fitted half is right.",
		Columns: []TableColumn{{Title: "cell"}, {Title: "fitted on, judged on"}, {Title: "embeddings"}, {Title: "attribute"}, {Title: "accuracy", Numeric: true}, {Title: "selectivity", Numeric: true}, {Title: "majority", Numeric: true}}}
	for _, c := range cells {
		for _, s := range c.probeSides() {
			for _, a := range c.attributes() {
				k := spaceKey{quantity: "accuracy", side: s.side, form: s.form, attribute: a}
				r := rowOf(c.first(), k)
				if r == nil {
					continue
				}
				accuracy := f.spaceFind(c.label, k)
				k.quantity = "selectivity"
				t.Rows = append(t.Rows, TableRow{Cells: []TableCell{{Text: c.label}, {Text: s.side}, {Text: s.form}, {Text: a},
					t.spaceCell(f, accuracy, share), t.spaceCell(f, f.spaceFind(c.label, k), share), {Text: share(r.Chance), Value: r.Chance}}})
			}
		}
	}
	return t
}

// spaceFacts are a few numbers for the head of the page.
func spaceFacts(spaces []trial.Space) string {
	n := 0
	for i := range spaces {
		n = max(n, spaces[i].N)
	}
	return fmt.Sprintf("%d of up to %s pairs", len(spaces), grouped(n))
}

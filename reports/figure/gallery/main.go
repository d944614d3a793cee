// Gallery writes docs/gallery.md and the pictures beside it: every kind of figure, drawn from example data, with its
// caption and what it is shown with.
//
//	go run ./reports/figure/gallery docs
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"probity/reports/figure"
	"probity/reports/figure/example"
)

func main() {
	dir := "docs"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := run(dir); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	files, err := build()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "gallery"), 0o755); err != nil {
		return fmt.Errorf("make the gallery's folder: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(f.name)), f.data, 0o644); err != nil {
			return fmt.Errorf("write the gallery: %w", err)
		}
	}
	return nil
}

type file struct {
	name string
	data []byte
}

// entry is one figure of the gallery.
type entry struct {
	draw  figure.Drawing
	width figure.Width
	asks  string // the question that it answers
	by    string // the finding and the experiment that make it
}

// build draws the gallery: the page first, then its pictures.
func build() ([]file, error) {
	list := []entry{
		{example.Detection(3), figure.Column, "From which severity on is an edit found amid noise?", "`detection` in `experiments/first-look.toml`"},
		{example.Detection(12), figure.Page, "The same with twelve metrics: names beside the curves, thresholds in rows of their own.", "`detection` in `experiments/photo-edits.toml`"},
		{example.Multiples(), figure.Page, "How does that depend on the edit and on where it acts?", "`detection` in `experiments/first-look.toml`"},
		{example.Raw(), figure.Page, "How do raw scores grow, and where do the null and a change of class lie?", "`sensitivity` in `experiments/first-look.toml`"},
		{example.Thresholds(), figure.Column, "Which metric needs the least change? Open arrows: more than was tested.", "`detection` in `experiments/first-look.toml`"},
		{example.Summation(), figure.Page, "How does the threshold fall with the edited area, for pooled features and position by position?", "`area-threshold` in `experiments/photo-edits.toml`"},
		{example.Response(), figure.Page, "Severity and area together.", "the ladder, `experiments/ladder`, over pairs and quality"},
		{example.Locality(), figure.Page, "Does a metric see local edits or changes of class?", "`locality` in `experiments/first-look.toml`"},
		{example.Variance(), figure.Column, "What decides whether an edit is found?", "`decomposition` in `experiments/cnn-vs-vit.toml`"},
		{example.Blindness(), figure.Page, "To which failures of an edit is a metric blind?", "`compliance` in `experiments/compliance.toml`"},
		{example.Psychometric(), figure.Column, "How fast do choices turn from chance to certainty?", "`psychometric`, a section `[[finding]]` in any experiment with nulls"},
		{example.SetDistance(), figure.Column, "How does a distance between sets grow with the share of edited members?", "`set-distance` in `experiments/photo-sets.toml`"},
		{example.Agreement(), figure.Page, "How well does a metric agree with people, and how well do people agree with each other?", "`agreement` in `experiments/human/tid2013.toml`"},
		{example.Opinion(), figure.Page, "What does that agreement look like, picture by picture?", "`agreement` in `experiments/human/tid2013.toml`"},
		{example.Significance(), figure.Column, "Which differences in agreement are more than chance?", "`agreement` in `experiments/human/tid2013.toml`"},
		{example.Correlation(), figure.Column, "Which metrics say the same?", "`metric-correlation`, a section `[[finding]]` in any experiment"},
		{example.Stimuli(), figure.Page, "What do the stimuli look like?", "every experiment, as `stimuli`"},
		{example.Disagreement(), figure.Page, "On which stimuli do metrics disagree most?", "every experiment, as `stimuli`"},
		{example.Where(), figure.Page, "Where in the picture does a metric see the difference?", "every experiment with metrics that compare place by place, as `stimuli`"},
	}
	var md strings.Builder
	md.WriteString("# Gallery\n\nEvery kind of figure that a report can hold. The numbers and pictures here are made up (`reports/figure/example`) and describe\nno real metric; the figures are drawn by the code that draws real ones. `make figures` writes this page and its pictures anew.\n\n" +
		"Each figure comes as SVG, PDF with its font embedded, and PNG, in two widths: `column` (3.5 in) and `page` (7.16 in), and with\nthe caption that stands below it here. A metric has one colour, dash and marker in all figures of a report; colours go by family\nand can be told apart by colour-blind readers.\n")
	out := []file{{name: "gallery.md"}}
	seen := map[string]int{}
	for _, e := range list {
		f, err := e.draw.Draw(figure.Options{Width: e.width, Formats: []string{"svg"}, Palette: example.Palette()})
		if err != nil {
			return nil, err
		}
		name := f.Name
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, seen[name])
		}
		path := "gallery/" + name + ".svg"
		alt, _, _ := strings.Cut(f.Alt, ".")
		kind := strings.TrimPrefix(fmt.Sprintf("%T", e.draw), "*figure.")
		fmt.Fprintf(&md, "\n## %s\n\n%s\n\n![%s](%s)\n\n> %s\n\nMade by: %s. Type: `figure.%s`, width `%s`.\n", f.Title, e.asks, strings.NewReplacer("[", "(", "]", ")").Replace(alt), path, f.Caption, e.by, kind, e.width)
		out = append(out, file{path, f.SVG})
	}
	out[0].data = []byte(md.String())
	return out, nil
}

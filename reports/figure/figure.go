package figure

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Width is the final print width of a figure.
type Width string

// The widths of a two-column journal.
const (
	Column Width = "column" // 3.5 in
	Page   Width = "page"   // 7.16 in
)

// Points is the width in points; the empty Width is Page.
func (w Width) Points() (float64, error) {
	switch w {
	case Column:
		return 3.5 * 72, nil
	case Page, "":
		return 7.16 * 72, nil
	}
	return 0, fmt.Errorf("figure width %q is neither %q nor %q", string(w), Column, Page)
}

// Options say how figures are drawn. The zero value draws every format at page width without titles.
type Options struct {
	Width   Width
	Title   bool     // print the title above the figure; papers have captions instead
	Formats []string // "svg", "pdf", "png"; none means all three
	Palette *Palette // the report's; nil makes one from the figure's own series
	DPI     int      // of the PNG; 0 means 300
}

// About is what every figure carries besides its data. All of it goes into the caption.
type About struct {
	Name        string   // file stem and identifier: "detection-hue"
	Title       string   // a few words
	Says        string   // what is shown, in a sentence or two
	N           string   // "48 sources, 2 replicates each"
	Interval    string   // "95 % BCa bootstrap over sources"
	Warnings    []string // of the findings that are shown
	Exploratory bool     // not declared as a hypothesis before the run

	still bool // nothing is estimated, so that intervals are not missed
}

// Figure is a drawn figure. A format that was not asked for is nil.
type Figure struct {
	Name, Title   string
	Width, Height float64 // points
	SVG, PDF, PNG []byte
	Caption       string   // what is shown, n, intervals, notes and warnings: plain text, sentences
	Text          string   // the caption without its notes and warnings
	Notes         []string // those notes and warnings
	Alt           string   // alternative text for those who cannot see it
	Keys          []Key    // the series in the figure, in legend order
	Colours       []string // #rrggbb of all that is not a data colour scale, for a dark page (see Dark)
}

// Key is one series of a figure with its look; the page makes a switch of each.
type Key struct {
	Label, Family string
	Style         Style
}

// Bytes is the figure in one format, nil where it was not drawn.
func (f *Figure) Bytes(format string) []byte {
	switch format {
	case "svg":
		return f.SVG
	case "pdf":
		return f.PDF
	case "png":
		return f.PNG
	}
	return nil
}

// Drawing is any figure's data.
type Drawing interface {
	// Draw lays the figure out and renders it. The error names the figure and the field that cannot be drawn.
	Draw(o Options) (*Figure, error)
}

// pager is a Drawing that may need more than one page.
type pager interface {
	Pages(o Options) []Drawing
}

// DrawAll draws figures side by side on all cores and returns them in the order given. A drawing that does not fit a
// printed page (many panels) comes back as several figures, named with -1, -2 and so on.
func DrawAll(list []Drawing, o Options) ([]*Figure, error) {
	var flat []Drawing
	for _, d := range list {
		if p, ok := d.(pager); ok {
			flat = append(flat, p.Pages(o)...)
			continue
		}
		flat = append(flat, d)
	}
	out := make([]*Figure, len(flat))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range flat {
		g.Go(func() error {
			f, err := d.Draw(o)
			out[i] = f
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// Axis describes one axis of a figure.
type Axis struct {
	Label    string    // quantity and unit: "hue, mean ΔE00 inside the region"
	Log      bool      // ratio scale; values <= 0 cannot be shown and the caption says how many there were
	Min, Max float64   // limits; both 0: from the data
	Ticks    []float64 // places to label; nil: chosen; empty: none
	Names    []string  // of Ticks, in the place of numbers; nil: numbers
	Percent  bool      // fractions shown as per cent
}

// Line is a curve with an optional band. Lo and Hi are nil or as long as X; NaN where there is no value.
type Line struct {
	X, Y, Lo, Hi []float64
}

// Reference is a level that data are read against: the null's, the anchor's, chance, the human ceiling.
type Reference struct {
	Label    string
	At       float64
	Lo, Hi   float64 // its interval, drawn as a band; both 0 or NaN: none
	Vertical bool    // At is on the x axis
}

// Thumb is a small picture with its label.
type Thumb struct {
	PNG   []byte
	Label string  // "10"
	At    float64 // its place on the x axis, for a strip under curves
}

// sentences joins texts, each ended by a full stop.
func sentences(texts ...string) string {
	var b strings.Builder
	for _, s := range texts {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		if !strings.ContainsAny(s[len(s)-1:], ".!?") {
			b.WriteByte('.')
		}
	}
	return b.String()
}

// text is the caption as far as it does not warn; extra are sentences on how the figure is to be read.
func (a *About) text(extra ...string) string {
	list := []string{a.Title, a.Says}
	if a.N != "" {
		list = append(list, "n: "+a.N)
	}
	if a.Interval != "" {
		list = append(list, "Intervals: "+a.Interval)
	} else if !a.still {
		list = append(list, "No intervals are shown")
	}
	if a.Exploratory {
		list = append(list, "Exploratory: not declared as a hypothesis before the run")
	}
	return sentences(append(list, extra...)...)
}

// warned collects the warnings of single series, so that each text is said once, with all that it concerns.
type warned struct {
	texts  []string
	labels map[string][]string
}

func (w *warned) add(label, text string) {
	if text == "" {
		return
	}
	if w.labels == nil {
		w.labels = map[string][]string{}
	}
	if _, ok := w.labels[text]; !ok {
		w.texts = append(w.texts, text)
	}
	if !slices.Contains(w.labels[text], label) {
		w.labels[text] = append(w.labels[text], label)
	}
}

// list names the series that a warning concerns, unless it is all of them or the warning names them itself. Of more than
// four only the number is given.
func (w *warned) list(all int) []string {
	var out []string
	for _, t := range w.texts {
		switch l := w.labels[t]; {
		case len(l) == 1 && (strings.Contains(t, l[0]) || strings.Contains(strings.ReplaceAll(t, "(", ""), l[0])):
		case len(l) > 4 && len(l) < all:
			t = fmt.Sprintf("%d of %d series: %s", len(l), all, t)
		case len(l) < all || all == 1:
			t = strings.Join(l, "; ") + ": " + t
		}
		out = append(out, t)
	}
	return out
}

func (a *About) fail(format string, args ...any) error {
	return fmt.Errorf("draw figure %q: %w", a.Name, fmt.Errorf(format, args...))
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// interval reports whether lo and hi are a real interval.
func interval(lo, hi float64) bool { return finite(lo) && finite(hi) && hi > lo }

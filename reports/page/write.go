package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's template, style and script
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"probity/reports/figure"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// A page stays below pageBudget bytes; what the figures and tables leave of it, and at least leastGallery, is for the
// gallery's pictures.
const (
	pageBudget   = 4_200_000
	leastGallery = 500_000
)

// svgPicture is a picture inside a figure, as package figure writes it.
var svgPicture = regexp.MustCompile(`xlink:href="data:image/png;base64,([A-Za-z0-9+/=]+)"`)

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"sortkey": func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	},
	// nb keeps a number and its per cent sign on one line.
	"nb":        func(s string) string { return strings.ReplaceAll(s, " %", "\u00a0%") },
	"hexcolour": func(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) },
	"dash": func(d []float64) string {
		var b []string
		for _, v := range d {
			b = append(b, strconv.FormatFloat(v, 'g', 4, 64))
		}
		return strings.Join(b, " ")
	},
}).Parse(pageHTML))

type pageData struct {
	R        *Report
	CSS      template.CSS
	JS       template.JS
	Sections []section
	Metrics  []figure.Key
	Stimuli  bool
	Perturbs []string
	Gallery  gallery
	LeftOut  string
}

type section struct {
	Section
	Figures []drawn
	Tables  []sortable
}

type drawn struct {
	*figure.Figure
	Picture template.HTML
}

type sortable struct{ Table }

// Numeric reports whether column j is numeric.
func (t sortable) Numeric(j int) bool { return j < len(t.Columns) && t.Columns[j].Numeric }

type gallery struct {
	Pictures map[string]string `json:"pictures"`
	Stimuli  []galleryItem     `json:"stimuli"`
}

type galleryItem struct {
	Title   string         `json:"title"`
	Perturb string         `json:"perturb"`
	Source  string         `json:"source"`
	Before  string         `json:"before"`
	After   string         `json:"after"`
	Facts   []Fact         `json:"facts,omitempty"`
	Flags   []string       `json:"flags,omitempty"`
	Scores  []galleryScore `json:"scores"`
}

type galleryScore struct {
	Label  string  `json:"label"`
	Text   string  `json:"text"`
	Rank   float64 `json:"rank"` // -1: none
	Colour string  `json:"colour,omitempty"`
	Dark   string  `json:"dark,omitempty"`
}

// Write writes the page. Errors name the part that cannot be shown: a table row with a wrong number of cells, a figure
// that was drawn neither as SVG nor as PNG, a stimulus whose picture is not an image.
func Write(w io.Writer, r *Report) error {
	d := pageData{R: r, JS: template.JS(pageJS)}
	d.Gallery.Pictures = map[string]string{}
	size := 0 // bytes of figures and pictures so far
	ids := map[string]bool{"main": true, "stimuli": true, "experiment": true, "tip": true, "live": true}
	colours := map[string]bool{}
	styles := map[string]color.NRGBA{}
	for _, s := range r.Sections {
		if s.ID == "" {
			s.ID = s.Title
		}
		s.ID = unique(slug(s.ID), ids)
		out := section{Section: s}
		for _, f := range s.Figures {
			if f == nil {
				return fmt.Errorf("write report page: section %q has a figure that was not drawn", s.Title)
			}
			p := drawn{Figure: f}
			switch {
			case f.SVG != nil:
				svg := svgPicture.ReplaceAllFunc(f.SVG, func(m []byte) []byte {
					if len(r.Stimuli) == 0 { // there is no gallery to share pictures with
						return m
					}
					data, err := base64.StdEncoding.DecodeString(string(svgPicture.FindSubmatch(m)[1]))
					if err != nil {
						return m
					}
					name, err := d.keep(data, &size)
					if err != nil {
						return m
					}
					return []byte(`data-picture="` + name + `"`)
				})
				size += len(svg)
				p.Picture = template.HTML(svg) // written and escaped by figure
			case f.PNG != nil:
				p.Picture = template.HTML(`<img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(f.PNG) + `" alt="` + template.HTMLEscapeString(f.Alt) + `">`)
			default:
				return fmt.Errorf("write report page: figure %q was drawn neither as SVG nor as PNG", f.Name)
			}
			for _, c := range f.Colours {
				colours[c] = true
			}
			for _, k := range f.Keys {
				if _, ok := styles[k.Label]; !ok {
					styles[k.Label] = k.Style.Color
					d.Metrics = append(d.Metrics, k)
				}
				colours[hexOf(k.Style.Color)] = true
			}
			out.Figures = append(out.Figures, p)
		}
		for _, t := range s.Tables {
			for i, row := range t.Rows {
				if len(row.Cells) != len(t.Columns) {
					return fmt.Errorf("write report page: table %q has %d columns, but row %d has %d cells", t.Title, len(t.Columns), i+1, len(row.Cells))
				}
			}
			out.Tables = append(out.Tables, sortable{t})
		}
		d.Sections = append(d.Sections, out)
	}
	if err := d.fillGallery(r, styles, max(pageBudget, size+leastGallery), size); err != nil {
		return err
	}
	dark, err := darkStyle(colours)
	if err != nil {
		return err
	}
	d.CSS = template.CSS(pageCSS + dark)
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, d); err != nil {
		return fmt.Errorf("write report page: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write report page: %w", err)
	}
	return nil
}

// keep puts a picture into the page, once, and gives its name.
func (d *pageData) keep(data []byte, size *int) (string, error) {
	kind := http.DetectContentType(data)
	if kind != "image/png" && kind != "image/jpeg" {
		return "", fmt.Errorf("is %s, not PNG or JPEG", kind)
	}
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:8])
	if _, ok := d.Gallery.Pictures[name]; !ok {
		d.Gallery.Pictures[name] = "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
		*size += len(d.Gallery.Pictures[name])
	}
	return name, nil
}

// has reports whether the page holds a picture already.
func (d *pageData) has(data []byte) bool {
	sum := sha256.Sum256(data)
	_, ok := d.Gallery.Pictures[hex.EncodeToString(sum[:8])]
	return ok
}

// fillGallery takes stimuli into the gallery as long as the page, of which size bytes are there, stays within budget.
func (d *pageData) fillGallery(r *Report, styles map[string]color.NRGBA, budget, size int) error {
	left := 0 // stimuli left out
	seen := map[string]bool{}
	for _, s := range r.Stimuli {
		need := 0
		for _, picture := range [][]byte{s.Before, s.After} {
			if !d.has(picture) {
				need += len(picture) * 4 / 3
			}
		}
		if size+need > budget {
			left++
			continue
		}
		before, err := d.keep(s.Before, &size)
		if err != nil {
			return fmt.Errorf("write report page: stimulus %q: the picture before %w", s.Title, err)
		}
		after, err := d.keep(s.After, &size)
		if err != nil {
			return fmt.Errorf("write report page: stimulus %q: the picture after %w", s.Title, err)
		}
		item := galleryItem{Title: s.Title, Perturb: s.Perturb, Source: s.Source, Before: before, After: after, Facts: s.Facts, Flags: s.Flags, Scores: []galleryScore{}}
		for _, x := range s.Scores {
			g := galleryScore{Label: x.Label, Text: x.Text, Rank: -1}
			if x.Rank >= 0 && x.Rank <= 1 {
				g.Rank = x.Rank
			}
			if c, ok := styles[x.Label]; ok {
				dark, err := figure.Dark(hexOf(c))
				if err != nil {
					return fmt.Errorf("write report page: %w", err)
				}
				g.Colour, g.Dark = hexOf(c), dark
			}
			item.Scores = append(item.Scores, g)
		}
		d.Gallery.Stimuli = append(d.Gallery.Stimuli, item)
		if s.Perturb != "" && !seen[s.Perturb] {
			seen[s.Perturb] = true
			d.Perturbs = append(d.Perturbs, s.Perturb)
		}
	}
	slices.Sort(d.Perturbs)
	d.Stimuli = len(r.Stimuli) > 0
	if left > 0 {
		d.LeftOut = fmt.Sprintf("%d of %d stimuli are not shown, so that this page stays small enough to send; they are in the run's folder.", left, len(r.Stimuli))
	}
	if d.Gallery.Stimuli == nil {
		d.Gallery.Stimuli = []galleryItem{}
	}
	return nil
}

// MarshalJSON keeps the pictures in the order of their names.
func (g gallery) MarshalJSON() ([]byte, error) {
	type plain gallery // encoding/json sorts map keys
	return json.Marshal(plain(g))
}

// darkStyle is the style of a dark page: its own colours, and for every colour in the figures the one that replaces it.
// Elements of class f carry data in their colour and stay as they are. It holds for screens only, so print is light.
func darkStyle(colours map[string]bool) (string, error) {
	list := make([]string, 0, len(colours))
	for c := range colours {
		list = append(list, c)
	}
	sort.Strings(list)
	var b strings.Builder
	b.WriteString("@media screen and (prefers-color-scheme:dark){\n:root{--bg:" + figure.DarkPaper + ";--ink:#e4e6e8;--soft:#a9aeb4;--line:#363c43;--panel:#20252b;--link:#7cbcff;--warn:#ffd58a;--warnbg:#33290f;--accent:#4aa8e8}\n#tip{background:#e4e6e8;color:#16191d}\n.bar i{background:var(--d,var(--accent))}\n")
	for _, c := range list {
		d, err := figure.Dark(c)
		if err != nil {
			return "", fmt.Errorf("write report page: %w", err)
		}
		if d == c {
			continue
		}
		fmt.Fprintf(&b, "svg [fill=\"%s\"]:not(.f){fill:%s}svg [stroke=\"%s\"]:not(.f){stroke:%s}\n", c, d, c, d)
	}
	b.WriteString("}\n")
	return b.String(), nil
}

func hexOf(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// slug makes an anchor of a title.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if t := strings.Trim(b.String(), "-"); t != "" {
		return t
	}
	return "section"
}

func unique(s string, taken map[string]bool) string {
	t := s
	for i := 2; taken[t]; i++ {
		t = s + "-" + strconv.Itoa(i)
	}
	taken[t] = true
	return t
}

package figure_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"probity/reports/figure"
	"probity/reports/figure/example"
)

// text is one text element of an SVG with the rectangle that it covers.
type text struct {
	s              string
	size           float64
	x0, y0, x1, y1 float64
	rotated        bool
	italic         bool
	slanted        bool
}

type svg struct {
	w, h   float64
	texts  []text
	groups map[string]int // class -> number of groups
	series map[string]bool
	tips   int
	images int
	curves [][2]float64 // points on the lines of series, 1 pt apart
}

// along adds the points of a path of straight pieces.
func (s *svg) along(d string) {
	var last [2]float64
	for _, piece := range strings.FieldsFunc(d, func(r rune) bool { return r == 'M' || r == 'L' }) {
		var q [2]float64
		if n, _ := fmt.Sscan(piece, &q[0], &q[1]); n != 2 {
			return
		}
		if len(s.curves) > 0 && !strings.HasPrefix(d, "M"+piece) {
			n := 1 + int(math.Hypot(q[0]-last[0], q[1]-last[1]))
			for k := range n {
				f := float64(k) / float64(n)
				s.curves = append(s.curves, [2]float64{last[0] + f*(q[0]-last[0]), last[1] + f*(q[1]-last[1])})
			}
		}
		s.curves, last = append(s.curves, q), q
	}
}

func parse(t *testing.T, data []byte) *svg {
	t.Helper()
	out := &svg{groups: map[string]int{}, series: map[string]bool{}}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = true
	var cur *text
	var anchor string
	var open []string // classes of the groups around
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("SVG is not well-formed: %v", err)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			a := map[string]string{}
			for _, x := range e.Attr {
				a[x.Name.Local] = x.Value
			}
			if a["data-tip"] != "" {
				out.tips++
			}
			if a["data-series"] != "" {
				out.series[a["data-series"]] = true
			}
			num := func(k string) float64 {
				v, err := strconv.ParseFloat(a[k], 64)
				if err != nil {
					t.Fatalf("%s: attribute %s=%q is no number", e.Name.Local, k, a[k])
				}
				return v
			}
			switch e.Name.Local {
			case "svg":
				if _, err := fmt.Sscanf(a["viewBox"], "0 0 %f %f", &out.w, &out.h); err != nil {
					t.Fatal(err)
				}
			case "g":
				out.groups[a["class"]]++
				open = append(open, a["class"])
			case "path":
				if len(open) > 0 && open[len(open)-1] == "s" && a["fill"] == "none" {
					out.along(a["d"])
				}
			case "image":
				out.images++
			case "script", "foreignObject", "a":
				t.Errorf("SVG contains <%s>", e.Name.Local)
			case "text":
				weight := ""
				if a["font-weight"] == "bold" {
					weight = "bold"
				} else if a["font-style"] == "italic" {
					weight = "italic"
				}
				cur = &text{size: num("font-size"), x0: num("x"), y1: num("y"), rotated: strings.HasPrefix(a["transform"], "rotate(-90 ")}
				cur.slanted = a["transform"] != "" && !cur.rotated
				cur.s, cur.italic = weight, weight == "italic"
				anchor = a["text-anchor"]
			}
		case xml.EndElement:
			if e.Name.Local == "g" {
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if cur != nil {
				weight := cur.s
				cur.s = string(e)
				w := figure.TextWidth(cur.s, cur.size, weight)
				x, y := cur.x0, cur.y1
				from := 0.0
				switch anchor {
				case "middle":
					from = -w / 2
				case "end":
					from = -w
				}
				// Capital height and descent of Liberation Sans are .72 and .21 of the size.
				if cur.rotated {
					cur.x0, cur.x1, cur.y0, cur.y1 = x-.72*cur.size, x+.2*cur.size, y-from-w, y-from
				} else {
					cur.x0, cur.x1, cur.y0, cur.y1 = x+from, x+from+w, y-.72*cur.size, y+.2*cur.size
				}
				out.texts = append(out.texts, *cur)
				cur = nil
			}
		}
	}
}

// checkLayout says what a reader would complain of: text too small, cut off or printed over other text.
func checkLayout(t *testing.T, name string, s *svg) {
	t.Helper()
	for i, a := range s.texts {
		if raised := strings.Trim(a.s, "0123456789−") == "" && a.size >= 5; a.size < 6.5 && !raised {
			t.Errorf("%s: %q is set at %v pt, less than 6.5", name, a.s, a.size)
		}
		if a.slanted {
			continue
		}
		if a.x0 < -.6 || a.y0 < -.6 || a.x1 > s.w+.6 || a.y1 > s.h+.6 {
			t.Errorf("%s: %q is cut off: it covers %.1f..%.1f x %.1f..%.1f of %.1f x %.1f", name, a.s, a.x0, a.x1, a.y0, a.y1, s.w, s.h)
		}
		for _, b := range s.texts[:i] {
			ox, oy := math.Min(a.x1, b.x1)-math.Max(a.x0, b.x0), math.Min(a.y1, b.y1)-math.Max(a.y0, b.y0)
			if !b.slanted && ox > .8 && oy > 1.2 {
				t.Errorf("%s: %q lies over %q (%.1f x %.1f pt)", name, a.s, b.s, ox, oy)
			}
		}
	}
}

func TestNothingIsCutOffOrOverprinted(t *testing.T) {
	list := example.Drawings()
	for n := 1; n <= 12; n++ {
		list = append(list, example.Detection(n))
	}
	for _, w := range []figure.Width{figure.Column, figure.Page} {
		for _, title := range []bool{false, true} {
			for i, d := range list {
				f, err := d.Draw(figure.Options{Width: w, Title: title, Formats: []string{"svg"}, Palette: example.Palette()})
				if err != nil {
					t.Fatal(err)
				}
				checkLayout(t, fmt.Sprintf("%d %s %s", i, f.Name, w), parse(t, f.SVG))
			}
		}
	}
}

// hard are figures that real runs made and that were once drawn badly.
func hard() []figure.Drawing {
	// Panels side by side whose axes have labels at both ends, and long titles.
	map4 := example.Locality()
	map4.X, map4.Y = figure.Axis{Label: "class swap above same-class swap", Min: 0, Max: 1}, figure.Axis{Label: "A within of the local edit", Min: 0, Max: 1}
	for _, title := range []string{"scene-recolour 1 (whole)", "scene-background-texture (whole)", "scene-reshape (whole)"} {
		p := map4.Panels[0]
		p.Title = title
		map4.Panels = append(map4.Panels, p)
	}
	// A name of the y axis that is longer than the plot is high, and the name of a level that is longer than a panel.
	long := example.Multiples()
	long.Y.Label = "position of the edit on a linear scale, from the median null at 0 to the median anchor at 1"
	long.Panels = long.Panels[:2]
	for i := range long.Panels {
		long.Panels[i].References = append(long.Panels[i].References, figure.Reference{Label: "class-swap, lowest of any metric: directional(micro-cnn-clip-full-s0)", At: .62})
	}
	// Panels with axes of their own.
	own := example.Multiples()
	for i := range own.Panels {
		own.Panels[i].X = &figure.Axis{Label: []string{"hue, mean ΔE00 inside the region", "sigma (px)"}[i/2%2], Log: i/2%2 == 0}
	}
	// Levels in the way of curves, and far from them on both sides.
	raw := example.Raw()
	for i := range raw.Panels {
		y := raw.Panels[i].Series[0].Y
		raw.Panels[i].References = append(raw.Panels[i].References, figure.Reference{Label: "shift", At: y[2]}, figure.Reference{Label: "sensor-noise", At: 80 * y[4]},
			figure.Reference{Label: "same-class-swap", At: -3 * y[4]})
	}
	declared := &figure.Forest{About: figure.About{Name: "declared"}, Rows: []figure.Row{
		{Label: "CNN, captions - CNN, classes", Group: "A within at hue 5, area 4 %, amid shift", Value: .0266, Lo: -.049, Hi: .11, Note: "p = .607, undecided"},
		{Label: "CNN, classes, by region - CNN, classes", Group: "A within at hue 5, area 4 %, amid shift", Value: -.0375, Lo: -.11, Hi: .036, OpenHi: true, OpenLo: true}}}
	return []figure.Drawing{map4, long, own, raw, declared}
}

func TestHardFigures(t *testing.T) {
	for _, w := range []figure.Width{figure.Column, figure.Page} {
		for i, d := range hard() {
			f, err := d.Draw(figure.Options{Width: w, Formats: []string{"svg"}, Palette: example.Palette()})
			if err != nil {
				t.Fatal(err)
			}
			checkLayout(t, fmt.Sprintf("%d %s %s", i, f.Name, w), parse(t, f.SVG))
		}
	}
}

// A name of a level inside a plot lies on no curve: it goes where it hides nothing, or into the legend.
func TestNamesOfLevelsHideNothing(t *testing.T) {
	list := append(example.Drawings(), hard()...)
	for n := 1; n <= 12; n++ {
		list = append(list, example.Detection(n))
	}
	for _, w := range []figure.Width{figure.Column, figure.Page} {
		for i, d := range list {
			if _, ok := d.(*figure.Curves); !ok {
				continue
			}
			f, err := d.Draw(figure.Options{Width: w, Formats: []string{"svg"}, Palette: example.Palette()})
			if err != nil {
				t.Fatal(err)
			}
			s := parse(t, f.SVG)
			for _, n := range s.texts {
				if !n.italic {
					continue
				}
				for _, q := range s.curves {
					if q[0] > n.x0 && q[0] < n.x1 && q[1] > n.y0+.5 && q[1] < n.y1-.5 {
						t.Errorf("%d %s %s: %q lies on a curve at %.1f, %.1f", i, f.Name, w, n.s, q[0], q[1])
						break
					}
				}
			}
		}
	}
}

// Levels far from the curves do not flatten them: a curve takes a third of its panel's height or more.
func TestFarLevelsDoNotFlatten(t *testing.T) {
	c := example.Raw()
	for i := range c.Panels {
		y := c.Panels[i].Series[0].Y
		c.Panels[i].References = []figure.Reference{{Label: "class-swap", At: 50 * y[len(y)-1]}, {Label: "floor", At: -20 * y[len(y)-1]}}
	}
	f, err := c.Draw(figure.Options{Formats: []string{"svg"}, Palette: example.Palette()})
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, f.SVG)
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, q := range s.curves {
		if q[0] < 170 && q[1] < 100 { // the first panel
			lo, hi = math.Min(lo, q[1]), math.Max(hi, q[1])
		}
	}
	if hi-lo < 35 {
		t.Errorf("the curve takes %.1f pt of its panel", hi-lo)
	}
	arrows := 0
	for _, n := range s.texts {
		if strings.HasPrefix(n.s, "↑ class-swap ") || strings.HasPrefix(n.s, "↓ floor ") {
			arrows++
		}
	}
	if arrows != 12 || !strings.Contains(f.Caption, "an arrow at the edge gives its value") {
		t.Errorf("%d of 12 far levels are named; caption: %s", arrows, f.Caption)
	}
}

func TestOnePointMakesNoCurve(t *testing.T) {
	c := example.Detection(12)
	for i := range c.Panels[0].Series {
		s := &c.Panels[0].Series[i]
		s.X, s.Y, s.Lo, s.Hi, s.Marks = s.X[2:3], s.Y[2:3], s.Lo[2:3], s.Hi[2:3], nil
	}
	list, err := figure.DrawAll([]figure.Drawing{c}, figure.Options{Formats: []string{"svg"}, Palette: example.Palette()})
	if err != nil {
		t.Fatal(err)
	}
	if s := parse(t, list[0].SVG); len(list) != 1 || s.groups["s row"] != 12 || list[0].Name != "detection" {
		t.Errorf("12 series of one severity: %d figures, %d rows", len(list), s.groups["s row"])
	}
	checkLayout(t, "one severity", parse(t, list[0].SVG))
}

func TestManySeriesBecomeSmallMultiples(t *testing.T) {
	c := example.Detection(12)
	for i := range 30 {
		s := c.Panels[0].Series[i%12]
		s.Label = fmt.Sprintf("%s, layer %d", s.Label, i)
		c.Panels[0].Series = append(c.Panels[0].Series, s)
	}
	for _, w := range []figure.Width{figure.Column, figure.Page} {
		list, err := figure.DrawAll([]figure.Drawing{c}, figure.Options{Width: w, Formats: []string{"svg"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			s := parse(t, f.SVG)
			if s.groups["panel"] < 5 {
				t.Errorf("42 series were drawn in %d panels", s.groups["panel"])
			}
			checkLayout(t, f.Name+" "+string(w), s)
			if len(s.series) != 42 {
				t.Errorf("%d of 42 series are in the figure", len(s.series))
			}
		}
	}
}

func TestManyPanelsBecomePages(t *testing.T) {
	c := example.Multiples()
	for len(c.Panels) < 100 {
		c.Panels = append(c.Panels, c.Panels[len(c.Panels)%8])
	}
	list, err := figure.DrawAll([]figure.Drawing{example.Detection(3), c, example.Variance()}, figure.Options{Formats: []string{"svg"}, Palette: example.Palette()})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 7 || list[0].Name != "detection" || list[1].Name != "detection-grid-1" || list[5].Name != "detection-grid-5" || list[6].Name != "variance" {
		t.Fatalf("100 panels between two figures came back as %d figures", len(list))
	}
	panels := 0
	for _, f := range list[1:6] {
		panels += parse(t, f.SVG).groups["panel"]
		if f.Height > 9.2*72 {
			t.Errorf("%s is %.1f in high, more than a page", f.Name, f.Height/72)
		}
	}
	if panels != 100 {
		t.Errorf("%d of 100 panels were drawn", panels)
	}
}

func TestManyRowsBecomePages(t *testing.T) {
	f := example.Thresholds()
	for i := range 20 {
		for _, r := range example.Thresholds().Rows {
			r.Group = fmt.Sprintf("cell %d, %s", i, r.Group)
			f.Rows = append(f.Rows, r)
		}
	}
	for _, w := range []figure.Width{figure.Column, figure.Page} {
		list, err := figure.DrawAll([]figure.Drawing{f}, figure.Options{Width: w, Formats: []string{"svg"}, Palette: example.Palette()})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for _, f := range list {
			s := parse(t, f.SVG)
			rows += s.groups["s row"]
			checkLayout(t, f.Name, s)
			if f.Height > 9.4*72 {
				t.Errorf("%s is %.1f in high, more than a page", f.Name, f.Height/72)
			}
		}
		if rows != 21*12 {
			t.Errorf("%d of %d rows were drawn", rows, 21*12)
		}
	}
}

func TestLargeScatterStaysSmall(t *testing.T) {
	c := example.Opinion()
	for i := range c.Panels {
		for len(c.Panels[i].Points) < 3000 {
			c.Panels[i].Points = append(c.Panels[i].Points, c.Panels[i].Points...)
		}
	}
	for len(c.Panels) < 10 {
		c.Panels = append(c.Panels, c.Panels[0])
	}
	f, err := c.Draw(figure.Options{Formats: []string{"svg"}, Palette: example.Palette()})
	if err != nil {
		t.Fatal(err)
	}
	checkLayout(t, f.Name, parse(t, f.SVG))
	if len(f.SVG) > 2_500_000 {
		t.Errorf("%d points need %d bytes", 10*len(c.Panels[0].Points), len(f.SVG))
	}
}

func TestStructure(t *testing.T) {
	f, err := example.Detection(3).Draw(figure.Options{Formats: []string{"svg"}, Palette: example.Palette()})
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, f.SVG)
	// 3 curves and 3 rows of thresholds; a key beside each curve; 15 points, 3 thresholds and 5 pictures to hover over.
	if s.groups["s"] != 6 || s.groups["key"] != 3 || s.tips != 23 || s.images != 5 {
		t.Errorf("groups %v, %d hover texts, %d pictures", s.groups, s.tips, s.images)
	}
	if math.Abs(s.w-515.52) > .01 {
		t.Errorf("width %v pt, want 515.52 (7.16 in)", s.w)
	}
	if f.PDF != nil || f.PNG != nil {
		t.Error("formats were drawn that nobody asked for")
	}
	for _, want := range []string{"n: 48 sources", "Intervals: 95 % BCa"} {
		if !strings.Contains(f.Caption, want) {
			t.Errorf("caption lacks %q: %s", want, f.Caption)
		}
	}
	if !strings.Contains(f.Alt, "ssim goes from") {
		t.Errorf("alternative text does not tell the curves: %s", f.Alt)
	}
	f, err = example.Detection(3).Draw(figure.Options{Width: figure.Column, Formats: []string{"svg"}})
	if err != nil || f.Width != 252 {
		t.Errorf("column width is %v pt, want 252 (3.5 in); %v", f.Width, err)
	}
}

func TestHostileText(t *testing.T) {
	c := example.Detection(3)
	bad := `</text></svg><script>alert("1")</script>&'` + "\x00\x1b\xff"
	c.Title, c.X.Label, c.Panels[0].Title, c.Panels[0].Note = bad, bad, bad, bad
	c.Panels[0].Series[0].Label = bad + strings.Repeat(" very long label", 20)
	c.Panels[0].Series[1].Label = "猫と犬"
	f, err := c.Draw(figure.Options{Title: true})
	if err != nil {
		t.Fatal(err)
	}
	parse(t, f.SVG)
	if bytes.Contains(f.SVG, []byte("<script")) {
		t.Error("a label became an element")
	}
	if !strings.Contains(f.Caption, "lacks") || !strings.Contains(f.Caption, "猫") {
		t.Errorf("caption does not say that the font lacks characters: %s", f.Caption)
	}
}

func TestLogAxisSaysWhatItCannotShow(t *testing.T) {
	c := example.Detection(3)
	c.Panels[0].Series[0].X = append([]float64{0}, c.Panels[0].Series[0].X...)
	c.Panels[0].Series[0].Y = append([]float64{.5}, c.Panels[0].Series[0].Y...)
	c.Panels[0].Series[0].Lo, c.Panels[0].Series[0].Hi = nil, nil
	f, err := c.Draw(figure.Options{Formats: []string{"svg"}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(f.Caption, "1 points at x of 0 or less") {
		t.Errorf("caption: %s", f.Caption)
	}
}

package figure

import (
	"image/color"
	"math"
	"sort"
	"strings"
)

// scene is a display list in points, x to the right and y down from the top left corner. Figures are laid out into a
// scene once; the backends (svg.go, pdf.go, png.go) replay it. gonum/plot's canvases are not used for this because
// its SVG cannot name elements, which hover and toggling need, and its PDF is limited to one code page of 256
// characters.
type scene struct {
	w, h float64
	ops  []op
}

type opKind uint8

const (
	opPath opKind = iota
	opCircle
	opText
	opImage
	opOpen
	opClose
)

// op is one drawing instruction.
type op struct {
	kind   opKind
	segs   []seg
	fill   color.NRGBA // A 0: none
	stroke color.NRGBA // A 0: none
	width  float64
	dash   []float64
	x, y   float64
	w, h   float64 // of an image; w is a circle's radius
	size   float64
	face   face
	anchor anchor
	rotate float64 // degrees, counter-clockwise, of text about x, y
	text   string
	tip    string // hover text
	bare   bool   // SVG takes the paint from the group around it
	fixed  bool   // colours carry data and stay as they are on a dark page
	pic    *picture
	attrs  []attr
}

type attr struct{ name, value string }

// seg is one step of a path: 'M' and 'L' use p[0], 'C' all three, 'Z' none.
type seg struct {
	cmd byte
	p   [3]pt
}

type pt struct{ x, y float64 }

type anchor uint8

const (
	start anchor = iota
	middle
	end
)

// The colours of everything that is not data.
var (
	ink   = hex(0x222222)
	muted = hex(0x595959)
	axisC = hex(0x4a4a4a)
	gridC = hex(0xe3e3e3)
	paper = hex(0xffffff)
	none  = color.NRGBA{}
)

// Sizes of text in points; nothing is smaller than textSmall.
const (
	textSmall = 6.5
	textBase  = 7
	textLabel = 7.5
	textTitle = 8
)

func (s *scene) add(o op) { s.ops = append(s.ops, o) }

// open starts a group; attrs alternate names and values.
func (s *scene) open(attrs ...string) {
	o := op{kind: opOpen}
	for i := 0; i+1 < len(attrs); i += 2 {
		o.attrs = append(o.attrs, attr{attrs[i], attrs[i+1]})
	}
	s.add(o)
}

func (s *scene) close() { s.add(op{kind: opClose}) }

// series opens the group of one series.
func (s *scene) series(class, label, family string) {
	s.open("class", class, "data-series", label, "data-family", family)
}

func (s *scene) line(x0, y0, x1, y1 float64, c color.NRGBA, width float64, dash []float64) {
	s.add(op{kind: opPath, segs: []seg{{cmd: 'M', p: [3]pt{{x0, y0}}}, {cmd: 'L', p: [3]pt{{x1, y1}}}}, stroke: c, width: width, dash: dash})
}

func (s *scene) polyline(p []pt, c color.NRGBA, width float64, dash []float64) {
	if len(p) < 2 {
		return
	}
	s.add(op{kind: opPath, segs: polySegs(p, false), stroke: c, width: width, dash: dash})
}

func (s *scene) polygon(p []pt, fill color.NRGBA) {
	if len(p) < 3 {
		return
	}
	s.add(op{kind: opPath, segs: polySegs(p, true), fill: fill})
}

func (s *scene) rect(x, y, w, h float64, fill, stroke color.NRGBA, width float64) *op {
	s.add(op{kind: opPath, segs: polySegs([]pt{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, true), fill: fill, stroke: stroke, width: width})
	return &s.ops[len(s.ops)-1]
}

func (s *scene) circle(x, y, r float64, fill, stroke color.NRGBA, width float64) *op {
	s.add(op{kind: opCircle, x: x, y: y, w: r, fill: fill, stroke: stroke, width: width})
	return &s.ops[len(s.ops)-1]
}

func (s *scene) label(x, y float64, text string, size float64, f face, a anchor, c color.NRGBA) *op {
	s.add(op{kind: opText, x: x, y: y, text: clean(text), size: size, face: f, anchor: a, fill: c})
	return &s.ops[len(s.ops)-1]
}

func (s *scene) image(x, y, w, h float64, p *picture) *op {
	s.add(op{kind: opImage, x: x, y: y, w: w, h: h, pic: p, fixed: true})
	return &s.ops[len(s.ops)-1]
}

// marker draws a data point of size r (half the width) with its hover text.
func (s *scene) marker(m Marker, x, y, r float64, c color.NRGBA, tip string) {
	poly := func(fill bool, p ...pt) {
		for i := range p {
			p[i].x, p[i].y = x+r*p[i].x, y+r*p[i].y
		}
		o := op{kind: opPath, segs: polySegs(p, true), tip: tip, stroke: c, width: .8}
		if o.fill = c; !fill {
			o.fill = paper
		}
		s.add(o)
	}
	switch m {
	case Disc:
		s.circle(x, y, r, c, c, .8).tip = tip
	case Ring:
		s.circle(x, y, r, paper, c, .8).tip = tip
	case Square, SquareOpen:
		poly(m == Square, pt{-.9, -.9}, pt{.9, -.9}, pt{.9, .9}, pt{-.9, .9})
	case Diamond, DiamondOpen:
		poly(m == Diamond, pt{0, -1.25}, pt{1.25, 0}, pt{0, 1.25}, pt{-1.25, 0})
	case Triangle:
		poly(true, pt{0, -1.2}, pt{1.1, .85}, pt{-1.1, .85})
	case TriangleDown:
		poly(true, pt{0, 1.2}, pt{1.1, -.85}, pt{-1.1, -.85})
	case Cross, Plus:
		d, e := r, r
		segs := []seg{{cmd: 'M', p: [3]pt{{x - d, y - e}}}, {cmd: 'L', p: [3]pt{{x + d, y + e}}}, {cmd: 'M', p: [3]pt{{x - d, y + e}}}, {cmd: 'L', p: [3]pt{{x + d, y - e}}}}
		if m == Plus {
			d *= 1.3
			segs = []seg{{cmd: 'M', p: [3]pt{{x - d, y}}}, {cmd: 'L', p: [3]pt{{x + d, y}}}, {cmd: 'M', p: [3]pt{{x, y - d}}}, {cmd: 'L', p: [3]pt{{x, y + d}}}}
		}
		s.add(op{kind: opPath, segs: segs, stroke: c, width: 1.1, tip: tip})
	}
}

func polySegs(p []pt, closed bool) []seg {
	segs := make([]seg, 0, len(p)+1)
	for i, q := range p {
		cmd := byte('L')
		if i == 0 {
			cmd = 'M'
		}
		segs = append(segs, seg{cmd: cmd, p: [3]pt{q}})
	}
	if closed {
		segs = append(segs, seg{cmd: 'Z'})
	}
	return segs
}

// colours lists the colours of the scene that a dark page may replace, sorted.
func (s *scene) colours() []string {
	seen := map[string]bool{css(paper): true}
	for _, o := range s.ops {
		if o.fixed {
			continue
		}
		for _, c := range []color.NRGBA{o.fill, o.stroke} {
			if c.A != 0 {
				seen[css(c)] = true
			}
		}
	}
	list := make([]string, 0, len(seen))
	for c := range seen {
		list = append(list, c)
	}
	sort.Strings(list)
	return list
}

// missing lists the characters that the font lacks, each once, in the order of their code points.
func (s *scene) missing() string {
	seen := map[rune]bool{}
	for _, o := range s.ops {
		if o.kind == opText {
			for _, r := range o.text {
				if !o.face.has(r) {
					seen[r] = true
				}
			}
		}
	}
	var list []rune
	for r := range seen {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	return string(list)
}

// box is a rectangle in points.
type box struct{ x0, y0, x1, y1 float64 }

func (b box) w() float64 { return b.x1 - b.x0 }
func (b box) h() float64 { return b.y1 - b.y0 }

// clipPolyline cuts a polyline to the box and returns the pieces inside (Liang and Barsky, 1984, per segment).
func clipPolyline(p []pt, b box) [][]pt {
	var out [][]pt
	var cur []pt
	flush := func() {
		if len(cur) > 1 {
			out = append(out, cur)
		}
		cur = nil
	}
	for i := 1; i < len(p); i++ {
		a, c := p[i-1], p[i]
		t0, t1 := 0.0, 1.0
		dx, dy := c.x-a.x, c.y-a.y
		in := true
		for _, e := range [4][2]float64{{-dx, a.x - b.x0}, {dx, b.x1 - a.x}, {-dy, a.y - b.y0}, {dy, b.y1 - a.y}} {
			switch {
			case e[0] == 0:
				in = in && e[1] >= 0
			case e[0] < 0:
				t0 = math.Max(t0, e[1]/e[0])
			default:
				t1 = math.Min(t1, e[1]/e[0])
			}
		}
		if !in || t0 > t1 {
			flush()
			continue
		}
		if t0 > 0 {
			flush()
		}
		if cur == nil {
			cur = append(cur, pt{a.x + t0*dx, a.y + t0*dy})
		}
		cur = append(cur, pt{a.x + t1*dx, a.y + t1*dy})
		if t1 < 1 {
			flush()
		}
	}
	flush()
	return out
}

// clipPolygon cuts a polygon to the box (Sutherland and Hodgman, 1974).
func clipPolygon(p []pt, b box) []pt {
	cut := func(p []pt, inside func(pt) bool, cross func(a, c pt) pt) []pt {
		var out []pt
		for i, c := range p {
			a := p[(i+len(p)-1)%len(p)]
			ia, ic := inside(a), inside(c)
			if ia != ic {
				out = append(out, cross(a, c))
			}
			if ic {
				out = append(out, c)
			}
		}
		return out
	}
	atX := func(x float64) func(a, c pt) pt {
		return func(a, c pt) pt { return pt{x, a.y + (c.y-a.y)*(x-a.x)/(c.x-a.x)} }
	}
	atY := func(y float64) func(a, c pt) pt {
		return func(a, c pt) pt { return pt{a.x + (c.x-a.x)*(y-a.y)/(c.y-a.y), y} }
	}
	p = cut(p, func(q pt) bool { return q.x >= b.x0 }, atX(b.x0))
	p = cut(p, func(q pt) bool { return q.x <= b.x1 }, atX(b.x1))
	p = cut(p, func(q pt) bool { return q.y >= b.y0 }, atY(b.y0))
	return cut(p, func(q pt) bool { return q.y <= b.y1 }, atY(b.y1))
}

// wrap breaks text into lines no wider than width; the last of at most lines lines ends in an ellipsis if there is
// more. Words that are too long by themselves are broken after punctuation, or anywhere.
func wrap(text string, size float64, f face, width float64, lines int) []string {
	var out []string
	cur := ""
	pieces := breakable(text)
	for i := 0; i < len(pieces); i++ {
		p := pieces[i]
		if f.width(strings.TrimRight(cur+p, " "), size) <= width {
			cur += p
			continue
		}
		if cur != "" {
			out = append(out, strings.TrimRight(cur, " "))
			cur = ""
			i--
			continue
		}
		r := []rune(p)
		n := len(r)
		for n > 1 && f.width(string(r[:n]), size) > width {
			n--
		}
		out = append(out, string(r[:n]))
		if n < len(r) {
			pieces[i] = string(r[n:])
			i--
		}
	}
	if cur != "" {
		out = append(out, strings.TrimRight(cur, " "))
	}
	if len(out) > lines {
		last := []rune(out[lines-1])
		for len(last) > 0 && f.width(string(last)+"…", size) > width {
			last = last[:len(last)-1]
		}
		out = append(out[:lines-1:lines-1], strings.TrimRight(string(last), " ")+"…")
	}
	return out
}

// breakable splits text after spaces (not between a number and its per cent sign), hyphens, slashes and before brackets.
func breakable(text string) []string {
	var out []string
	from := 0
	r := []rune(text)
	for i := range r {
		if i+1 == len(r) || r[i] == ' ' && r[i+1] != ' ' && r[i+1] != '%' || (r[i] == '-' || r[i] == '/' || r[i] == ',') && r[i+1] != ' ' || r[i+1] == '(' {
			out = append(out, string(r[from:i+1]))
			from = i + 1
		}
	}
	return out
}

package figure

import (
	"math"
	"slices"
)

// grid lays panels out in rows and columns.
type grid struct {
	cols, rows int
	boxes      []box // of the plots, panel by panel
	bottom     float64
	right      float64
	titleW     float64 // room for a panel's title
	yLines     int     // of the name of the y axis
}

// gridSpec says what room panels need around their plots.
type gridSpec struct {
	n           int
	top         float64
	width       float64
	titles      []string // of the panels
	yTick       float64  // width of the widest y label
	freeX       bool     // every panel has its own x labels, not only the lowest
	freeY       bool     // every panel has its own y labels, not only the leftmost
	drop        float64  // lane below each plot
	xLines      int      // lines below each plot for the name of its own x axis
	overhang    float64  // by how much the x labels of two neighbours reach out of their plots, together
	rightMargin float64
	aspect      float64 // height of a plot over its width; 0: chosen
	xLabel      bool
	yLabel      Axis
	yLines      int // of its name; 0 is 1
	cols        int // 0: chosen
}

func columnsFor(n int, width float64) int {
	if width < 300 {
		return min(n, 2)
	}
	switch {
	case n <= 4:
		return n
	case n == 5, n == 6, n == 9:
		return 3
	}
	return 4
}

func (g gridSpec) layout() grid {
	cols := g.cols
	if cols == 0 {
		cols = columnsFor(g.n, g.width)
	}
	rows := (g.n + cols - 1) / cols
	left := g.yTick + 7
	if g.yLabel.Label != "" {
		left += 11 + 9*float64(max(1, g.yLines)-1)
	}
	gapX := math.Max(9, g.overhang+4)
	if g.freeY {
		gapX = math.Max(gapX, g.yTick+12)
	}
	if g.freeX {
		gapX = math.Max(gapX, 18)
	}
	right := 6 + g.rightMargin
	w := (g.width - left - right - gapX*float64(cols-1)) / float64(cols)
	aspect := g.aspect
	if aspect == 0 {
		switch {
		case cols == 1 && g.width > 300:
			aspect = .44
		case cols == 1:
			aspect = .66
		case cols == 2:
			aspect = .75
		default:
			aspect = .85
		}
	}
	h := w * aspect
	tickH := 4.0
	if g.freeX {
		tickH = 14 + 8*float64(g.xLines)
	}
	out := grid{cols: cols, rows: rows, titleW: w + math.Min(gapX-5, 6), yLines: max(1, g.yLines)}
	some := slices.ContainsFunc(g.titles, func(t string) bool { return t != "" })
	y := g.top
	for r := range rows {
		y += 3
		if some {
			lines := 1
			for _, t := range g.titles[r*cols : min(len(g.titles), (r+1)*cols)] {
				lines = max(lines, len(wrap(t, textLabel, bold, out.titleW, 2)))
			}
			y += 1 + 9*float64(lines)
		}
		for c := range cols {
			if r*cols+c >= g.n {
				break
			}
			x := left + float64(c)*(w+gapX)
			out.boxes = append(out.boxes, box{x, y, x + w, y + h})
			out.right = math.Max(out.right, x+w)
		}
		y += h + g.drop
		if r < rows-1 {
			y += tickH
		}
	}
	out.bottom = y + 12 + 8*float64(g.xLines)
	if len(out.boxes) > 0 && g.yLabel.Label != "" && g.yLines == 0 {
		if g.yLines = len(wrap(g.yLabel.Label, textLabel, regular, out.height(), 2)); g.yLines > 1 {
			return g.layout()
		}
	}
	return out
}

// height is the room for the name of the y axis.
func (g grid) height() float64 { return math.Max(g.boxes[len(g.boxes)-1].y1-g.boxes[0].y0+8, 60) }

// overhang is how far the labels on the x axis of a panel of width w reach out of it, on both sides together.
func overhang(s scale, ts []tick, w float64) float64 {
	s.p0, s.p1 = 0, w
	left, right := 0.0, 0.0
	for _, t := range ts {
		half := regular.width(t.text, textBase) / 2
		left, right = math.Max(left, half-s.at(t.v)), math.Max(right, s.at(t.v)+half-w)
	}
	return left + right
}

// lowest reports whether no panel stands below panel i, so that it carries the x labels.
func (g grid) lowest(i int) bool { return i+g.cols >= len(g.boxes) }

// leftmost reports whether panel i is the first of its row.
func (g grid) leftmost(i int) bool { return i%g.cols == 0 }

// labels writes the names of the axes: x below the panels, y at the left, centred on all of them.
func (g grid) labels(s *scene, x, y Axis) {
	b := g.boxes[0]
	last := g.boxes[len(g.boxes)-1]
	if x.Label != "" {
		mid := (b.x0 + g.right) / 2
		for i, l := range wrap(x.Label, textLabel, regular, s.w-12, 2) {
			w := regular.width(l, textLabel)
			s.label(clamp(mid, w/2+2, math.Max(w/2+2, s.w-w/2-2)), g.bottom+8+9*float64(i), l, textLabel, regular, middle, ink)
		}
	}
	if y.Label != "" {
		for i, l := range wrap(y.Label, textLabel, regular, g.height(), g.yLines) {
			s.label(8.5+9*float64(i), (b.y0+last.y1)/2, l, textLabel, regular, middle, ink).rotate = 90
		}
	}
}

// labelHeight is the height of the x axis' name.
func labelHeight(a Axis, width float64) float64 {
	if a.Label == "" {
		return 0
	}
	return 3 + 9*float64(len(wrap(a.Label, textLabel, regular, width-12, 2)))
}

// panelTitle writes a panel's title above its plot, broken into lines where it is long.
func (g grid) panelTitle(s *scene, i int, title string) {
	if title == "" {
		return
	}
	b := g.boxes[i]
	lines := wrap(title, textLabel, bold, g.titleW, 2)
	for i, l := range lines {
		s.label(b.x0, b.y0-4-9*float64(len(lines)-1-i), l, textLabel, bold, start, ink)
	}
}

// room finds places for small texts inside a panel where they hide the least.
type room struct {
	box   box
	data  []pt
	taken []box
}

func (r *room) addLine(p []pt) {
	for i, q := range p {
		if i > 0 {
			d := math.Hypot(q.x-p[i-1].x, q.y-p[i-1].y)
			n := int(d / 2)
			for k := 1; k < n; k++ {
				t := float64(k) / float64(n)
				r.data = append(r.data, pt{p[i-1].x + t*(q.x-p[i-1].x), p[i-1].y + t*(q.y-p[i-1].y)})
			}
		}
		r.data = append(r.data, q)
	}
}

// cost counts what a text in b would hide.
func (r *room) cost(b box) float64 {
	c := 0.0
	for _, q := range r.data {
		if q.x > b.x0-1 && q.x < b.x1+1 && q.y > b.y0-1 && q.y < b.y1+1 {
			c++
		}
	}
	for _, t := range r.taken {
		if t.x0 < b.x1 && t.x1 > b.x0 && t.y0 < b.y1 && t.y1 > b.y0 {
			c += 1000
		}
	}
	if b.x0 < r.box.x0-1 || b.x1 > r.box.x1+8 || b.y0 < r.box.y0-8 || b.y1 > r.box.y1+1 {
		c += 500
	}
	return c
}

// best takes the cheapest of the candidates, the first of equals.
func (r *room) best(c []box) box {
	b, cost := c[0], math.Inf(1)
	for _, k := range c {
		if v := r.cost(k); v < cost {
			b, cost = k, v
		}
	}
	r.taken = append(r.taken, b)
	return b
}

// note writes text into the freest corner.
func (r *room) note(s *scene, text string) {
	if text == "" {
		return
	}
	lines := wrap(text, textSmall, regular, r.box.w()*.9, 3)
	w := 0.0
	for _, l := range lines {
		w = math.Max(w, regular.width(l, textSmall))
	}
	h := 8 * float64(len(lines))
	b := r.box
	at := r.best([]box{
		{b.x1 - w - 2, b.y1 - h - 2, b.x1 - 2, b.y1 - 2},
		{b.x0 + 3, b.y0 + 2, b.x0 + 3 + w, b.y0 + 2 + h},
		{b.x1 - w - 2, b.y0 + 2, b.x1 - 2, b.y0 + 2 + h},
		{b.x0 + 3, b.y1 - h - 2, b.x0 + 3 + w, b.y1 - 2},
	})
	for i, l := range lines {
		s.label(at.x0, at.y0+6.2+8*float64(i), l, textSmall, regular, start, muted)
	}
}

// levelPlace finds the place beside a horizontal reference line where its name hides the least, and what it hides there.
func (r *room) levelPlace(text string, y float64) (box, float64) {
	w := italic.width(text, textSmall)
	b := r.box
	var c []box
	at := []float64{b.x1 - w - 1, b.x0 + 3}
	for k := 1; k < 8; k++ {
		at = append(at, b.x0+3+(b.w()-w-4)*float64(k)/8)
	}
	for _, x := range at {
		c = append(c, box{x, y - 8, x + w, y - 1.2}, box{x, y + 1.2, x + w, y + 8})
	}
	best, cost := c[0], math.Inf(1)
	for _, k := range c {
		v := r.cost(k)
		if k.y1 > b.y1 || k.y0 < b.y0-6 { // over the axis, or out of the plot
			v += 500
		}
		if v < cost {
			best, cost = k, v
		}
	}
	if w > b.w() {
		cost += 1000
	}
	return best, cost
}

// level writes the name of a horizontal reference line beside it.
func (r *room) level(s *scene, text string, y float64) {
	if text == "" {
		return
	}
	at, _ := r.levelPlace(text, y)
	r.taken = append(r.taken, at)
	s.label(at.x0, at.y1-1.4, text, textSmall, italic, start, muted)
}

// upright writes the name of a vertical reference line at its upper end.
func (r *room) upright(s *scene, text string, x float64) {
	if text == "" {
		return
	}
	w := italic.width(text, textSmall)
	b := r.box
	var c []box
	for _, y := range []float64{b.y0 + 1, b.y1 - 9, (b.y0 + b.y1) / 2} {
		c = append(c, box{x + 2, y, x + 2 + w, y + 8}, box{x - 2 - w, y, x - 2, y + 8})
	}
	at := r.best(c)
	s.label(at.x0, at.y0+6, text, textSmall, italic, start, muted)
}

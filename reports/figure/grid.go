package figure

import "math"

// grid lays panels out in rows and columns.
type grid struct {
	cols, rows int
	boxes      []box // of the plots, panel by panel
	bottom     float64
	right      float64
}

// gridSpec says what room panels need around their plots.
type gridSpec struct {
	n           int
	top         float64
	width       float64
	titles      bool    // some panel has a title
	titleLines  int     // of the longest
	yTick       float64 // width of the widest y label
	freeX       bool    // every panel has its own x labels, not only the lowest
	freeY       bool    // every panel has its own y labels, not only the leftmost
	drop        float64 // lane below each plot
	rightMargin float64
	aspect      float64 // height of a plot over its width; 0: chosen
	xLabel      bool
	yLabel      bool
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
	if g.yLabel {
		left += 11
	}
	gapX := 9.0
	if g.freeY {
		gapX = g.yTick + 12
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
	titleH := 3.0
	if g.titles {
		titleH = 4 + 9*float64(max(1, g.titleLines))
	}
	tickH := 4.0
	if g.freeX {
		tickH = 14
	}
	out := grid{cols: cols, rows: rows}
	y := g.top
	for r := range rows {
		y += titleH
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
	out.bottom = y + 12
	return out
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
		h := last.y1 - b.y0
		lines := wrap(y.Label, textLabel, regular, math.Max(h+8, 60), 1)
		s.label(8.5, (b.y0+last.y1)/2, lines[0], textLabel, regular, middle, ink).rotate = 90
	}
}

// labelHeight is the height of the x axis' name.
func labelHeight(a Axis, width float64) float64 {
	if a.Label == "" {
		return 0
	}
	return 3 + 9*float64(len(wrap(a.Label, textLabel, regular, width-12, 2)))
}

// titleLines is the most lines that a title needs in a column of the grid.
func titleLines(titles []string, width float64, cols int) (lines int, some bool) {
	for _, t := range titles {
		if t != "" {
			some = true
			lines = max(lines, len(wrap(t, textLabel, bold, (width-50)/float64(cols), 2)))
		}
	}
	return lines, some
}

// panelTitle writes a panel's title above its plot, broken into lines where it is long.
func panelTitle(s *scene, b box, title string) {
	if title == "" {
		return
	}
	lines := wrap(title, textLabel, bold, b.w()+6, 2)
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

// level writes the name of a horizontal reference line beside it.
func (r *room) level(s *scene, text string, y float64) {
	if text == "" {
		return
	}
	w := italic.width(text, textSmall)
	b := r.box
	above, below := box{y0: y - 8, y1: y - 1.2}, box{y0: y + 1.2, y1: y + 8}
	var c []box
	for _, x := range []float64{b.x1 - w - 1, b.x0 + 3, (b.x0 + b.x1 - w) / 2} {
		c = append(c, box{x, above.y0, x + w, above.y1}, box{x, below.y0, x + w, below.y1})
	}
	at := r.best(c)
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

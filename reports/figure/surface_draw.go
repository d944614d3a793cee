package figure

import (
	"fmt"
	"math"
	"strings"
)

// Draw implements Drawing.
func (c *Surface) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, c.fail("%w", err)
	}
	if len(c.Panels) == 0 {
		return nil, c.fail("there are no panels")
	}
	var members []Member
	var titles []string
	var all []float64
	var xs, ys [][]float64
	ex, ey := newExtent(c.X), newExtent(c.Y)
	for _, p := range c.Panels {
		if len(p.X) < 2 || len(p.Y) < 2 {
			return nil, c.fail("panel %q has %d x %d places; a surface needs at least 2 x 2", p.Title, len(p.X), len(p.Y))
		}
		if len(p.Z) != len(p.Y) {
			return nil, c.fail("panel %q has %d rows for %d y values", p.Title, len(p.Z), len(p.Y))
		}
		for _, row := range p.Z {
			if len(row) != len(p.X) {
				return nil, c.fail("panel %q has a row of %d for %d x values", p.Title, len(row), len(p.X))
			}
			all = append(all, row...)
		}
		for _, q := range p.Points {
			if !(q.X >= p.X[0] && q.X <= p.X[len(p.X)-1] && q.Y >= p.Y[0] && q.Y <= p.Y[len(p.Y)-1]) {
				return nil, c.fail("panel %q has a point at %v, %v, outside of its places", p.Title, q.X, q.Y)
			}
			all = append(all, q.Z)
		}
		for _, v := range [][]float64{p.X, p.Y} {
			for i := 1; i < len(v); i++ {
				if !(v[i] > v[i-1]) {
					return nil, c.fail("panel %q: places on an axis must rise, %v follows %v", p.Title, v[i], v[i-1])
				}
			}
		}
		if c.X.Log && p.X[0] <= 0 || c.Y.Log && p.Y[0] <= 0 {
			return nil, c.fail("panel %q has a place of 0 or less on a log axis", p.Title)
		}
		members = append(members, Member{p.Label, p.Family})
		titles = append(titles, orElse(p.Title, p.Label))
		xs, ys = append(xs, p.X), append(ys, p.Y)
		bx, by := edges(p.X, c.X.Log), edges(p.Y, c.Y.Log)
		ex.add(bx[0], bx[len(bx)-1])
		ey.add(by[0], by[len(by)-1])
	}
	sc := c.Scale.fit(all)
	if !sc.valid() {
		return nil, c.fail("the colour scale runs from %v over %v to %v; it must rise", sc.Low, sc.Mid, sc.High)
	}
	cm := landscape
	if sc.Diverging {
		cm = redBlue
	}
	ax, ay := c.X, c.Y
	if ax.Ticks == nil {
		ax.Ticks = distinct(7, xs...)
	}
	if ay.Ticks == nil {
		ay.Ticks = distinct(7, ys...)
	}
	pal := o.paletteFor(members)
	s := &scene{w: width}
	top := c.header(s, o)
	sx, sy := ex.scale(ax, 0), ey.scale(ay, 0)
	if !ax.Log {
		sx.min = ex.min
	}
	if !ay.Log {
		sy.min = ey.min
	}
	yt := sy.ticks(ay, 5)
	aspect := .85
	if len(c.Panels) == 1 {
		aspect = .6
	}
	plotW := (width - 40) / float64(columnsFor(len(c.Panels), width))
	over := overhang(sx, sx.ticks(ax, int(math.Max(4, plotW/30))), plotW)
	g := gridSpec{n: len(c.Panels), top: top, width: width, titles: titles, overhang: over, yTick: widest(yt), aspect: aspect, xLabel: true, yLabel: c.Y}.layout()
	for i, p := range c.Panels {
		b := g.boxes[i]
		x, y := sx, sy
		x.p0, x.p1, y.p0, y.p1 = b.x0, b.x1, b.y1, b.y0
		s.series("panel", p.Label, p.Family)
		g.panelTitle(s, i, titles[i])
		bx, by := edges(p.X, c.X.Log), edges(p.Y, c.Y.Log)
		for r := range p.Y {
			for k := range p.X {
				v := p.Z[r][k]
				x0, x1, y0, y1 := x.at(bx[k]), x.at(bx[k+1]), math.Max(y.at(by[r+1])-.5, b.y0), y.at(by[r])
				tip := fmt.Sprintf("%s\n%s: %s\n%s: %s\n%s: %s", p.Label, orElse(c.X.Label, "x"), short(p.X[k]), orElse(c.Y.Label, "y"), short(p.Y[r]), orElse(sc.Label, "value"), short(v))
				if !finite(v) {
					s.rect(x0, y0, x1-x0, y1-y0, paper, gridC, .4).tip = tip
					s.line(x0, y1, x1, y0, gridC, .6, nil)
					continue
				}
				// Rows are drawn from below and cells from the left; each reaches under the next, so that no seam shows.
				cell := s.rect(x0, y0, math.Min(x1+.5, b.x1)-x0, y1-y0, cm.at(sc.place(v)), none, 0)
				cell.fixed, cell.tip = true, tip
			}
		}
		levels := c.Levels
		if p.Levels != nil {
			levels = p.Levels
		}
		for _, level := range levels {
			segs := contour(p, level, func(u, v float64) pt { return pt{x.at(u), y.at(v)} }, c.X.Log, c.Y.Log)
			long := 0.0
			var at pt
			for _, pass := range []Style{{Color: hex(0xfefefe), Width: 2}, {Color: hex(0x111111), Width: .9}} {
				for _, sg := range segs {
					s.line(sg[0].x, sg[0].y, sg[1].x, sg[1].y, pass.Color, pass.Width, nil)
					s.ops[len(s.ops)-1].fixed = true
				}
			}
			for _, sg := range segs {
				if l := math.Hypot(sg[1].x-sg[0].x, sg[1].y-sg[0].y); l > long {
					long, at = l, pt{(sg[0].x + sg[1].x) / 2, (sg[0].y + sg[1].y) / 2}
				}
			}
			if len(segs) > 0 {
				t := brief(level)
				w := bold.width(t, textSmall)
				s.rect(at.x-w/2-1.5, at.y-4.2, w+3, 8, alpha(hex(0xfefefe), 215), none, 0).fixed = true
				s.label(at.x, at.y+2.3, t, textSmall, bold, middle, hex(0x111111)).fixed = true
			}
		}
		for _, q := range p.Points {
			if !finite(q.Z) {
				continue
			}
			s.circle(x.at(q.X), y.at(q.Y), 3.2, hex(0x111111), hex(0xfefefe), .9).fixed = true
			o := s.circle(x.at(q.X), y.at(q.Y), 2.2, cm.at(sc.place(q.Z)), none, 0)
			o.fixed, o.tip = true, fmt.Sprintf("%s, measured\n%s: %s\n%s: %s\n%s: %s", p.Label, orElse(c.X.Label, "x"), short(q.X), orElse(c.Y.Label, "y"), short(q.Y), orElse(sc.Label, "value"), short(q.Z))
		}
		axes{box: b, x: x, y: y, xt: x.ticks(ax, int(math.Max(4, b.w()/30))), hideXT: !g.lowest(i), tested: true}.draw(s)
		for _, t := range yt {
			yy := y.at(t.v)
			s.line(b.x0-2.6, yy, b.x0, yy, axisC, .6, nil)
			if g.leftmost(i) {
				s.label(b.x0-4.2, yy+2.5, t.text, textBase, regular, end, ink)
			}
		}
		s.close()
	}
	g.labels(s, c.X, c.Y)
	h := g.bottom + labelHeight(c.X, width)
	s.h = sc.drawBar(s, cm, g.boxes[0].x0, h+5, width-g.boxes[0].x0-4) + 3
	extra := []string{"Cells are the combinations that were tested; contours are interpolated between their centres"}
	if c.Fitted {
		extra = []string{"Colour and contours are the fitted surface; discs are what was measured, in the colour of its mean"}
	}
	alt := fmt.Sprintf("Colour surface, %d panels: %s. X axis: %s. Y axis: %s. Colour: %s. Panels: %s.", len(c.Panels), c.Title, c.X.Label, c.Y.Label, sc.Label, strings.Join(titles, ", "))
	return c.finish(s, o, keysOf(pal, members), alt, extra, nil)
}

// edges are the borders of cells around the places v: half way between neighbours.
func edges(v []float64, log bool) []float64 {
	t := make([]float64, len(v))
	for i := range v {
		if t[i] = v[i]; log {
			t[i] = math.Log(v[i])
		}
	}
	n := len(v)
	e := make([]float64, n+1)
	for i := 1; i < n; i++ {
		e[i] = (t[i-1] + t[i]) / 2
	}
	e[0], e[n] = t[0]-(e[1]-t[0]), t[n-1]+(t[n-1]-e[n-1])
	if log {
		for i := range e {
			e[i] = math.Exp(e[i])
		}
	}
	return e
}

// contour finds the level line as segments (marching squares; a saddle is resolved by the mean of its corners).
func contour(p SurfacePanel, level float64, at func(u, v float64) pt, logX, logY bool) [][2]pt {
	mix := func(a, b, f float64, log bool) float64 {
		if log {
			return math.Exp(math.Log(a) + f*(math.Log(b)-math.Log(a)))
		}
		return a + f*(b-a)
	}
	var out [][2]pt
	for r := 0; r+1 < len(p.Y); r++ {
		for k := 0; k+1 < len(p.X); k++ {
			z := [4]float64{p.Z[r][k], p.Z[r][k+1], p.Z[r+1][k+1], p.Z[r+1][k]} // counter-clockwise from the low corner
			if !finite(z[0]) || !finite(z[1]) || !finite(z[2]) || !finite(z[3]) {
				continue
			}
			cu := [4]float64{p.X[k], p.X[k+1], p.X[k+1], p.X[k]}
			cv := [4]float64{p.Y[r], p.Y[r], p.Y[r+1], p.Y[r+1]}
			var cut []pt
			for e := range 4 {
				a, b := e, (e+1)%4
				if (z[a] >= level) == (z[b] >= level) {
					continue
				}
				f := (level - z[a]) / (z[b] - z[a])
				cut = append(cut, at(mix(cu[a], cu[b], f, logX), mix(cv[a], cv[b], f, logY)))
			}
			switch len(cut) {
			case 2:
				out = append(out, [2]pt{cut[0], cut[1]})
			case 4:
				if ((z[0]+z[1]+z[2]+z[3])/4 >= level) == (z[0] >= level) {
					out = append(out, [2]pt{cut[0], cut[1]}, [2]pt{cut[2], cut[3]})
				} else {
					out = append(out, [2]pt{cut[3], cut[0]}, [2]pt{cut[1], cut[2]})
				}
			}
		}
	}
	return out
}

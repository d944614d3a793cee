package figure

import (
	"fmt"
	"math"
	"strings"
)

// Draw implements Drawing.
func (c *Bars) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, c.fail("%w", err)
	}
	var members []Member
	ex := newExtent(c.X)
	ex.add(0)
	labelW, numW := 0.0, 0.0
	number := func(b Bar) string {
		v, lo, hi, unit := b.Value, b.Lo, b.Hi, ""
		if c.X.Percent {
			v, lo, hi, unit = v*100, lo*100, hi*100, "%"
		}
		if !finite(v) {
			return "–"
		}
		f := brief
		if c.X.Percent {
			f = func(v float64) string { return sign(fmt.Sprintf("%.0f", v)) }
		}
		if interval(lo, hi) {
			return f(v) + unit + " [" + f(lo) + ", " + f(hi) + "]"
		}
		return f(v) + unit
	}
	notes := &footnotes{}
	n := 0
	for _, g := range c.Groups {
		for _, b := range g.Bars {
			n++
			members = append(members, Member{b.Label, b.Family})
			ex.count(b.Value)
			if interval(b.Lo, b.Hi) {
				ex.add(b.Lo, b.Hi)
			}
			for _, l := range wrap(b.Label, textBase, regular, width*.34, 2) {
				labelW = math.Max(labelW, regular.width(l+notes.mark(b.Warning), textBase))
			}
			numW = math.Max(numW, regular.width(number(b), textBase))
		}
	}
	if n == 0 {
		return nil, c.fail("there are no bars")
	}
	pal := o.paletteFor(members)
	s := &scene{w: width}
	top := c.header(s, o) + 2
	x0, x1 := labelW+12, width-8-numW
	sx := ex.scale(c.X, .04)
	if ex.min >= 0 && c.X.Min == 0 && c.X.Max == 0 {
		sx.min = 0
	}
	sx.p0, sx.p1 = x0, x1
	type rowAt struct {
		b     Bar
		group string
		y     float64
	}
	var rows []rowAt
	heads := make([]float64, len(c.Groups))
	y := top + 2
	for gi, g := range c.Groups {
		if g.Title != "" {
			if gi > 0 {
				y += 5
			}
			heads[gi] = y + 7.5
			y += 11
		}
		for _, b := range g.Bars {
			h := math.Max(11.5, 8.2*float64(len(wrap(b.Label, textBase, regular, width*.34, 2)))+3)
			rows = append(rows, rowAt{b, g.Title, y + h/2})
			y += h
		}
	}
	bottom := y + 2
	a := axes{box: box{x0, top, x1, bottom}, x: sx, y: scale{min: 0, max: 1, p0: bottom, p1: top}, xt: sx.ticks(c.X, int(math.Max(3, (x1-x0)/40))), gridX: true}
	s.open("class", "panel")
	a.draw(s)
	for i, g := range c.Groups {
		if g.Title != "" {
			s.label(4, heads[i], g.Title, textLabel, bold, start, ink)
		}
	}
	zero := sx.at(clamp(0, sx.min, sx.max))
	for _, r := range rows {
		st := pal.Style(r.b.Label)
		s.series("s", r.b.Label, r.b.Family)
		lines := wrap(r.b.Label, textBase, regular, width*.34, 2)
		for i, l := range lines {
			if i == len(lines)-1 {
				l += notes.mark(r.b.Warning)
			}
			s.label(x0-5, r.y+2.5-4.1*float64(len(lines)-1)+8.2*float64(i), l, textBase, regular, end, ink)
		}
		if finite(r.b.Value) {
			x := sx.at(clamp(r.b.Value, sx.min, sx.max))
			tip := r.b.Label + "\n" + orElse(c.X.Label, "value") + ": " + number(r.b)
			if r.group != "" {
				tip = r.group + "\n" + tip
			}
			if r.b.Warning != "" {
				tip += "\n" + r.b.Warning
			}
			s.rect(math.Min(zero, x), r.y-3.6, math.Abs(x-zero), 7.2, alpha(st.Color, 150), none, 0).tip = tip
			s.line(x, r.y-3.6, x, r.y+3.6, st.Color, 1.2, nil)
			if interval(r.b.Lo, r.b.Hi) {
				l, h := sx.at(clamp(r.b.Lo, sx.min, sx.max)), sx.at(clamp(r.b.Hi, sx.min, sx.max))
				s.line(l, r.y, h, r.y, ink, .8, nil)
				s.line(l, r.y-1.6, l, r.y+1.6, ink, .8, nil)
				s.line(h, r.y-1.6, h, r.y+1.6, ink, .8, nil)
			}
		}
		s.label(width-4, r.y+2.5, number(r.b), textBase, regular, end, ink)
		s.close()
	}
	if sx.min < 0 {
		s.line(zero, top, zero, bottom, axisC, .6, nil)
	}
	s.close()
	y = bottom + 12
	for _, l := range wrap(c.X.Label, textLabel, regular, width-10, 2) {
		w := regular.width(l, textLabel)
		s.label(clamp((x0+x1)/2, w/2+2, width-w/2-2), y+8, l, textLabel, regular, middle, ink)
		y += 9
	}
	s.h = notes.draw(s, 4, y+4, width-8) + 3
	var alt strings.Builder
	fmt.Fprintf(&alt, "Bar chart: %s. %s.", c.Title, c.X.Label)
	for _, r := range rows {
		if alt.Len() < 700 {
			fmt.Fprintf(&alt, " %s: %s.", strings.TrimPrefix(r.group+", "+r.b.Label, ", "), number(r.b))
		}
	}
	return c.finish(s, o, keysOf(pal, members), alt.String(), nil, notes.texts)
}

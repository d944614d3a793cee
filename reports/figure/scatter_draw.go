package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// maxHover is how many points of a panel carry a hover text; with more, the SVG would be too large for a page.
const maxHover = 800

// Draw implements Drawing.
func (c *Scatter) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, c.fail("%w", err)
	}
	if len(c.Panels) == 0 {
		return nil, c.fail("there are no panels")
	}
	n := len(c.Panels)
	var members []Member
	var titles []string
	sharedX, sharedY := newExtent(c.X), newExtent(c.Y)
	exs, eys := make([]*extent, n), make([]*extent, n)
	total, allDirect := 0, true
	for i, p := range c.Panels {
		titles = append(titles, p.Title)
		exs[i], eys[i] = newExtent(c.X), newExtent(c.Y)
		for _, q := range p.Points {
			members = append(members, Member{q.series(), q.Family})
			total++
			allDirect = allDirect && q.Direct
			for _, e := range []*extent{exs[i], sharedX} {
				e.count(q.X)
				if interval(q.XLo, q.XHi) {
					e.add(q.XLo, q.XHi)
				}
			}
			for _, e := range []*extent{eys[i], sharedY} {
				e.count(q.Y)
				if interval(q.YLo, q.YHi) {
					e.add(q.YLo, q.YHi)
				}
			}
		}
		if f := p.Fit; f != nil {
			for _, v := range [][]float64{f.Y, f.Lo, f.Hi} {
				if v != nil && len(v) != len(f.X) {
					return nil, c.fail("the fit of panel %d has %d x values and %d y or interval values; they must agree", i+1, len(f.X), len(v))
				}
			}
			eys[i].add(f.Y...)
			sharedY.add(f.Y...)
		}
		for _, r := range p.References {
			if r.Vertical {
				exs[i].add(r.At)
				sharedX.add(r.At)
			} else {
				eys[i].add(r.At)
				sharedY.add(r.At)
			}
		}
	}
	pal := o.paletteFor(members)
	keys := keysOf(pal, members)
	s := &scene{w: width}
	top := c.header(s, o)
	cols := columnsFor(n, width)
	sxs, sys := make([]scale, n), make([]scale, n)
	yt := make([][]tick, n)
	yTick := 0.0
	for i := range c.Panels {
		ex, ey := sharedX, sharedY
		if c.FreeX {
			ex = exs[i]
		}
		if c.FreeY {
			ey = eys[i]
		}
		sxs[i], sys[i] = ex.scale(c.X, .06), ey.scale(c.Y, .06)
		yt[i] = sys[i].ticks(c.Y, 5)
		yTick = math.Max(yTick, widest(yt[i]))
	}
	aspect := 1.0
	if n == 1 {
		if aspect = .85; width > 300 {
			aspect = .6
		}
	}
	over := 0.0
	for i := range sxs {
		w := (width - 40) / float64(cols)
		over = math.Max(over, overhang(sxs[i], sxs[i].ticks(c.X, int(math.Max(4, w/40))), w))
	}
	g := gridSpec{n: n, top: top, width: width, titles: titles, yTick: yTick, freeX: c.FreeX, freeY: c.FreeY, aspect: aspect, overhang: over, xLabel: true, yLabel: c.Y}.layout()
	crowded := total > 60*n
	// Names beside points only where they are short for the panel; a legend otherwise.
	named := true
	for _, p := range c.Panels {
		for _, q := range p.Points {
			named = named && (!q.Direct || regular.width(q.Label, textBase) < .4*g.boxes[0].w())
		}
	}
	allDirect = allDirect && named
	for i, p := range c.Panels {
		b := g.boxes[i]
		x, y := sxs[i], sys[i]
		x.p0, x.p1, y.p0, y.p1 = b.x0, b.x1, b.y1, b.y0
		a := axes{box: b, x: x, y: y, xt: x.ticks(c.X, int(math.Max(4, b.w()/40))), yt: yt[i], hideXT: !g.lowest(i) && !c.FreeX, hideYT: !g.leftmost(i) && !c.FreeY, gridX: true}
		s.open("class", "panel")
		g.panelTitle(s, i, p.Title)
		a.draw(s)
		r := &room{box: b}
		for _, ref := range p.References {
			a.reference(s, ref)
		}
		if p.Diagonal {
			lo, hi := math.Max(x.min, y.min), math.Min(x.max, y.max)
			if lo < hi {
				d := []pt{{x.at(lo), y.at(lo)}, {x.at(hi), y.at(hi)}}
				s.polyline(d, muted, .6, []float64{1, 1.8})
				r.addLine(d)
			}
		}
		c.drawPoints(s, a, p, pal, r, crowded)
		if p.Fit != nil {
			st := Style{Color: ink, Width: 1.2}
			if crowded && len(p.Points) > 0 {
				st.Color = shade(pal.Style(p.Points[0].series()).Color, -.45)
			}
			drawBand(s, a, *p.Fit, alpha(st.Color, 36))
			drawLine(s, a, *p.Fit, st, r)
		}
		for _, q := range p.Points {
			if named && q.Direct && x.inside(q.X) && y.inside(q.Y) {
				c.name(s, a, q, pal, r)
			}
		}
		for _, ref := range p.References {
			// A level that all panels share is named in the first.
			if i > 0 && !c.FreeX && !c.FreeY && slices.ContainsFunc(c.Panels[0].References, sameLevel(ref)) {
				continue
			}
			if ref.Vertical && x.inside(ref.At) {
				r.upright(s, ref.Label, x.at(ref.At))
			} else if !ref.Vertical && y.inside(ref.At) {
				r.level(s, ref.Label, y.at(ref.At))
			}
		}
		r.note(s, p.Note)
		s.close()
	}
	g.labels(s, c.X, c.Y)
	h := g.bottom + labelHeight(c.X, width)
	if !allDirect && len(keys) > 1 && !c.titled() {
		l := newLegend(keys, width-8, true)
		l.draw(s, 4, h+5)
		h += 5 + l.height
	}
	s.h = h + 4
	var extra []string
	var w warned
	labels := map[string]bool{}
	if lost := sharedX.lost + sharedY.lost; lost > 0 {
		extra = append(extra, fmt.Sprintf("%d values of 0 or less cannot be shown on the log axes", lost))
	}
	for _, p := range c.Panels {
		if p.Note != "" && p.Title != "" {
			extra = append(extra, p.Title+": "+p.Note)
		}
		for _, q := range p.Points {
			labels[q.Label] = true
			w.add(q.Label, q.Warning)
		}
	}
	var alt strings.Builder
	fmt.Fprintf(&alt, "Scatter plot: %s. X axis: %s. Y axis: %s. %d points in %d panels.", c.Title, c.X.Label, c.Y.Label, total, n)
	for _, p := range c.Panels {
		for _, q := range p.Points {
			if q.Direct && alt.Len() < 700 {
				fmt.Fprintf(&alt, " %s: %s, %s.", q.Label, short(q.X), short(q.Y))
			}
		}
	}
	return c.finish(s, o, keys, alt.String(), extra, w.list(len(labels)))
}

// titled reports whether the panels' titles name their only series.
func (c *Scatter) titled() bool {
	for _, p := range c.Panels {
		for _, q := range p.Points {
			if q.series() != p.Title {
				return false
			}
		}
	}
	return true
}

func (q Point) series() string { return orElse(q.Series, q.Label) }

func (c *Scatter) drawPoints(s *scene, a axes, p ScatterPanel, pal *Palette, r *room, crowded bool) {
	for i := 0; i < len(p.Points); {
		// Neighbours of one series share a group.
		j := i
		for j < len(p.Points) && p.Points[j].series() == p.Points[i].series() && p.Points[j].Family == p.Points[i].Family {
			j++
		}
		st := pal.Style(p.Points[i].series())
		s.series("s", p.Points[i].series(), p.Points[i].Family)
		dense := len(p.Points) > maxHover
		if dense {
			s.open("fill", css(st.Color), "fill-opacity", ".4", "class", "dots")
		}
		for _, q := range p.Points[i:j] {
			if !a.x.inside(q.X) || !a.y.inside(q.Y) {
				continue
			}
			at := pt{a.x.at(q.X), a.y.at(q.Y)}
			r.data = append(r.data, at)
			if interval(q.XLo, q.XHi) && a.x.shows(q.XLo) {
				h := []pt{{clamp(a.x.at(q.XLo), a.box.x0, a.box.x1), at.y}, {clamp(a.x.at(q.XHi), a.box.x0, a.box.x1), at.y}}
				s.polyline(h, alpha(st.Color, 190), .7, nil)
				r.addLine(h)
			}
			if interval(q.YLo, q.YHi) && a.y.shows(q.YLo) {
				v := []pt{{at.x, clamp(a.y.at(q.YLo), a.box.y0, a.box.y1)}, {at.x, clamp(a.y.at(q.YHi), a.box.y0, a.box.y1)}}
				s.polyline(v, alpha(st.Color, 190), .7, nil)
				r.addLine(v)
			}
			if dense {
				s.circle(at.x, at.y, 1.1, alpha(st.Color, 102), none, 0).bare = true
				continue
			}
			tip := fmt.Sprintf("%s\n%s: %s\n%s: %s", q.Label, orElse(c.X.Label, "x"), estimate(q.X, q.XLo, q.XHi), orElse(c.Y.Label, "y"), estimate(q.Y, q.YLo, q.YHi))
			if q.Warning != "" {
				tip += "\n" + q.Warning
			}
			if crowded {
				s.circle(at.x, at.y, 1.2, alpha(st.Color, 105), none, 0).tip = tip
				continue
			}
			size := 2.5
			if q.Control {
				size = 1.8
			}
			s.marker(st.Marker, at.x, at.y, size, st.Color, tip)
		}
		if dense {
			s.close()
		}
		s.close()
		i = j
	}
}

// name writes a point's label at the side where it hides least, with a leader if that is away from the point.
func (c *Scatter) name(s *scene, a axes, q Point, pal *Palette, r *room) {
	at := pt{a.x.at(q.X), a.y.at(q.Y)}
	w := regular.width(q.Label, textBase)
	var cand []box
	for _, d := range []float64{4, 11, 19} {
		for _, o := range [][2]float64{{d, -3.8}, {-d - w, -3.8}, {-w / 2, -d - 6.5}, {-w / 2, d - .5}, {d * .7, -d*.7 - 6.5}, {d * .7, d * .7}, {-d*.7 - w, -d*.7 - 6.5}, {-d*.7 - w, d * .7}} {
			cand = append(cand, box{at.x + o[0], at.y + o[1], at.x + o[0] + w, at.y + o[1] + 7.4})
		}
	}
	b := r.best(cand)
	st := pal.Style(q.series())
	s.series("s", q.series(), q.Family)
	near := pt{clamp(at.x, b.x0, b.x1), clamp(at.y, b.y0, b.y1)}
	if d := math.Hypot(near.x-at.x, near.y-at.y); d > 8 {
		s.line(at.x+(near.x-at.x)*3/d, at.y+(near.y-at.y)*3/d, near.x, near.y, alpha(st.Color, 150), .4, nil)
	}
	s.label(b.x0, b.y1-1.6, q.Label, textBase, regular, start, readable(st.Color))
	s.close()
}

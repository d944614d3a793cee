package figure

import (
	"fmt"
	"math"
	"strings"
)

// Draw implements Drawing.
func (t *AreaThreshold) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, t.fail("%w", err)
	}
	if len(t.Panels) == 0 {
		return nil, t.fail("there are no panels")
	}
	ax, ay := t.Area, t.Severity
	ax.Log, ay.Log = true, true
	guides := t.Slopes
	if guides == nil {
		guides = []SlopeGuide{{"Ricco, slope −1", -1}, {"Piper, slope −½", -.5}}
	}
	var members []Member
	var titles []string
	var areas [][]float64
	ex, ey := newExtent(ax), newExtent(ay)
	for _, p := range t.Panels {
		titles = append(titles, p.Title)
		for _, a := range p.Series {
			for _, v := range [][]float64{a.Threshold, a.Lo, a.Hi} {
				if v != nil && len(v) != len(a.Area) {
					return nil, t.fail("series %q has %d areas and %d thresholds or interval values; they must agree", a.Label, len(a.Area), len(v))
				}
			}
			if a.Threshold == nil || a.Censored != nil && len(a.Censored) != len(a.Area) {
				return nil, t.fail("series %q has %d areas, %d thresholds and %d censoring marks; they must agree", a.Label, len(a.Area), len(a.Threshold), len(a.Censored))
			}
			members = append(members, Member{a.Label, a.Family})
			areas = append(areas, a.Area)
			ex.count(a.Area...)
			ey.count(a.Threshold...)
			ey.add(a.Lo...)
			ey.add(a.Hi...)
		}
	}
	pal := o.paletteFor(members)
	keys := keysOf(pal, members)
	if ax.Ticks == nil {
		ax.Ticks = distinct(7, areas...)
	}
	s := &scene{w: width}
	top := t.header(s, o)
	cols := columnsFor(len(t.Panels), width)
	direct, margin := false, 0.0
	if len(t.Panels) == 1 && width > 300 {
		for _, k := range keys {
			margin = math.Max(margin, regular.width(k.Label, textBase)+13)
		}
		direct = margin < 165 && len(keys) <= maxSeries
	}
	if !direct {
		margin = 0
	}
	sy := ey.scale(ay, .1)
	yt := sy.ticks(ay, 5)
	aspect := .9
	if len(t.Panels) == 1 {
		aspect = .62
	}
	sx := ex.scale(ax, .08)
	plotW := (width - 40 - margin) / float64(cols)
	over := overhang(sx, sx.ticks(ax, int(math.Max(4, plotW/30))), plotW)
	g := gridSpec{n: len(t.Panels), top: top, width: width, titles: titles, overhang: over, yTick: widest(yt), rightMargin: margin, aspect: aspect, xLabel: true, yLabel: t.Severity}.layout()
	var slopes []string
	var guideLines []guideLine
	for i, p := range t.Panels {
		b := g.boxes[i]
		x, y := sx, sy
		x.p0, x.p1, y.p0, y.p1 = b.x0, b.x1, b.y1, b.y0
		a := axes{box: b, x: x, y: y, xt: x.ticks(ax, int(math.Max(4, b.w()/30))), yt: yt, hideXT: !g.lowest(i), hideYT: !g.leftmost(i), gridX: true, tested: ax.Ticks != nil}
		s.open("class", "panel")
		g.panelTitle(s, i, p.Title)
		a.draw(s)
		r := &room{box: b}
		for _, ser := range p.Series {
			st := pal.Style(ser.Label)
			size := 2.1
			if ser.Control {
				st.Width, size = .8, 1.5
			}
			s.series("s", ser.Label, ser.Family)
			// Between two censored thresholds there is nothing to draw a line through.
			line := Line{X: ser.Area, Y: append([]float64(nil), ser.Threshold...)}
			for j := range line.Y {
				if ser.Censored != nil && ser.Censored[j] {
					line.Y[j] = math.NaN()
				}
			}
			drawLine(s, a, line, st, r)
			for j, area := range ser.Area {
				v := ser.Threshold[j]
				if !x.inside(area) || !y.inside(v) {
					continue
				}
				q := pt{x.at(area), y.at(v)}
				r.data = append(r.data, q)
				lo, hi := math.NaN(), math.NaN()
				if ser.Lo != nil && ser.Hi != nil {
					lo, hi = ser.Lo[j], ser.Hi[j]
				}
				where := short(area)
				if ax.Percent {
					where = short(area*100) + " %"
				}
				tip := fmt.Sprintf("%s\narea %s\nthreshold %s", ser.Label, where, estimate(v, lo, hi))
				if ser.Censored != nil && ser.Censored[j] {
					tip = fmt.Sprintf("%s\narea %s\nthreshold > %s (largest tested)", ser.Label, where, short(v))
					s.add(op{kind: opPath, segs: polySegs([]pt{{q.x - 2.2, q.y + 2}, {q.x, q.y - 2}, {q.x + 2.2, q.y + 2}}, true), fill: paper, stroke: st.Color, width: .8, tip: tip})
					continue
				}
				if y.shows(lo) && hi > lo {
					end := b.y0
					if finite(hi) {
						end = clamp(y.at(hi), b.y0, b.y1)
					}
					s.line(q.x, clamp(y.at(lo), b.y0, b.y1), q.x, end, st.Color, .8, nil)
				}
				s.marker(st.Marker, q.x, q.y, size, st.Color, tip)
			}
			s.close()
			if ser.SlopeHi > ser.SlopeLo {
				name := ser.Label
				if p.Title != "" {
					name = p.Title + ", " + name
				}
				slopes = append(slopes, name+" "+sign(fmt.Sprintf("%.2f", ser.Slope))+" ["+sign(fmt.Sprintf("%.2f", ser.SlopeLo))+", "+sign(fmt.Sprintf("%.2f", ser.SlopeHi))+"]")
			}
		}
		// The guides fan out from one point near the upper left corner.
		from := pt{b.x0 + .06*b.w(), b.y0 + .06*b.h()}
		for _, gd := range guides {
			perX := math.Log(x.max/x.min) / b.w()
			perY := math.Log(y.max/y.min) / b.h()
			k := -gd.Slope * perX / perY
			to := pt{b.x1, from.y + k*(b.x1-from.x)}
			for _, piece := range clipPolyline([]pt{from, to}, b) {
				s.polyline(piece, muted, .6, []float64{1, 1.8})
				r.addLine(piece)
				guideLines = append(guideLines, guideLine{gd.Label, piece[0], piece[len(piece)-1], r})
			}
		}
		if direct {
			c := Curves{}
			q := Panel{}
			for _, ser := range p.Series {
				q.Series = append(q.Series, Series{Label: ser.Label, Family: ser.Family, X: ser.Area, Y: ser.Threshold})
			}
			c.drawDirect(s, a, q, pal)
		}
		s.close()
	}
	for _, gd := range guides {
		nameGuide(s, gd.Label, guideLines)
	}
	g.labels(s, ax, ay)
	y := g.bottom + labelHeight(ax, width)
	if !direct {
		l := newLegend(keys, width-8, false)
		l.draw(s, 4, y+5)
		y += 5 + l.height
	}
	s.h = y + 4
	extra := []string{"Both axes are logarithmic. Dotted lines: slopes of complete summation over area (Ricco, −1) and of its square root (Piper, −½)"}
	if t.Slopes != nil {
		extra = []string{"Both axes are logarithmic"}
	}
	extra = append(extra, "Open arrows: the threshold lies beyond the largest severity tested")
	if len(slopes) > 0 {
		extra = append(extra, "Slopes with intervals: "+strings.Join(slopes, "; "))
	}
	if ey.lost+ex.lost > 0 {
		extra = append(extra, fmt.Sprintf("%d values of 0 or less cannot be shown on the log axes", ey.lost+ex.lost))
	}
	var w warned
	for _, p := range t.Panels {
		for _, ser := range p.Series {
			w.add(ser.Label, ser.Warning)
		}
	}
	alt := fmt.Sprintf("Log-log chart of threshold against area: %s. X axis: %s. Y axis: %s. %d series.", t.Title, ax.Label, ay.Label, len(keys))
	if len(slopes) > 0 {
		alt += " Slopes: " + strings.Join(slopes[:min(8, len(slopes))], "; ") + "."
	}
	return t.finish(s, o, keys, alt, extra, w.list(len(keys)))
}

// guideLine is a guide as it was drawn in one panel.
type guideLine struct {
	label string
	p, q  pt
	room  *room
}

// nameGuide writes a guide's name along it, in the panel and at the place where the fewest data lie under the text.
func nameGuide(s *scene, text string, lines []guideLine) {
	w := italic.width(text, textSmall)
	var at pt
	rotate, cost := 0.0, math.Inf(1)
	for _, l := range lines {
		length := math.Hypot(l.q.x-l.p.x, l.q.y-l.p.y)
		if l.label != text || length < w+6 {
			continue
		}
		ux, uy := (l.q.x-l.p.x)/length, (l.q.y-l.p.y)/length
		for k := range 21 {
			from := 3 + (length-w-6)*float64(k)/20
			c := .05 * math.Abs(float64(k)-10)
			for _, d := range l.room.data {
				along := (d.x-l.p.x)*ux + (d.y-l.p.y)*uy
				above := (d.x-l.p.x)*uy - (d.y-l.p.y)*ux
				if along > from-3 && along < from+w+3 && above > .8 && above < 9 {
					c++
				}
			}
			if c < cost {
				at, cost = pt{l.p.x + from*ux + 2*uy, l.p.y + from*uy - 2*ux}, c
				rotate = -math.Atan2(uy, ux) * 180 / math.Pi
			}
		}
	}
	if !math.IsInf(cost, 1) {
		s.label(at.x, at.y, text, textSmall, italic, start, muted).rotate = rotate
	}
}

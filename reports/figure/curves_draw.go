package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
)

// maxSeries is how many curves one panel holds; with more, every family gets a panel of its own.
const maxSeries = 12

// Pages splits curves with many panels into figures that fit a printed page.
func (c *Curves) Pages(o Options) []Drawing {
	if f := c.forest(); f != nil {
		return f.Pages(o)
	}
	d := c.facet()
	var out []Drawing
	per := 20
	if o.Width == Column {
		per = 12
	}
	cut := chunks(len(d.Panels), per)
	for i, k := range cut {
		p := *d
		p.About, p.Panels = d.part(i, len(cut)), d.Panels[k[0]:k[1]]
		if i < len(cut)-1 {
			p.Thumbs = nil
		}
		out = append(out, &p)
	}
	return out
}

// forest is the same data as a Forest where every series is one point at the same place, which makes no curve; else nil.
func (c *Curves) forest() *Forest {
	if c.FreeY || len(c.Panels) == 0 {
		return nil
	}
	f := &Forest{About: c.About, X: c.Y, Sort: true, Decimals: 2}
	f.X.Label = orElse(c.Y.Label, "value")
	at := math.NaN()
	for _, p := range c.Panels {
		for _, s := range p.Series {
			if len(s.X) != 1 || s.Fit != nil || !math.IsNaN(at) && s.X[0] != at || len(s.Y) != 1 {
				return nil
			}
			at = s.X[0]
			r := Row{Label: s.Label, Family: s.Family, Group: p.Title, Value: s.Y[0], Control: s.Control, Warning: s.Warning, Lo: math.NaN(), Hi: math.NaN()}
			if s.Lo != nil && s.Hi != nil {
				r.Lo, r.Hi = s.Lo[0], s.Hi[0]
			}
			f.Rows = append(f.Rows, r)
		}
		for _, r := range p.References {
			if !r.Vertical && !slices.ContainsFunc(f.References, sameLevel(r)) {
				f.References = append(f.References, r)
			}
		}
	}
	if len(f.Rows) == 0 {
		return nil
	}
	return f
}

// facet gives every family its own panels where a panel has too many curves; controls go into each.
func (c *Curves) facet() *Curves {
	d := *c
	d.Panels = nil
	for _, p := range c.Panels {
		if len(p.Series) <= maxSeries {
			d.Panels = append(d.Panels, p)
			continue
		}
		var controls []Series
		var families []string
		for _, s := range p.Series {
			if s.Control {
				controls = append(controls, s)
			} else if !slices.Contains(families, s.Family) {
				families = append(families, s.Family)
			}
		}
		for _, f := range families {
			q := p
			if len(families) > 1 { // a panel of one family was named for it before
				q.Title = strings.TrimPrefix(p.Title+" · "+f, " · ")
			}
			q.Series = slices.Clone(controls)
			var own []Series
			for _, s := range p.Series {
				if !s.Control && s.Family == f {
					own = append(own, s)
				}
			}
			for len(own) > maxSeries {
				part := q
				part.Series = append(slices.Clone(controls), own[:maxSeries]...)
				own = own[maxSeries:]
				d.Panels = append(d.Panels, part)
			}
			q.Series = append(q.Series, own...)
			d.Panels = append(d.Panels, q)
		}
	}
	return &d
}

func (c *Curves) check() error {
	if len(c.Panels) == 0 {
		return c.fail("there are no panels")
	}
	for _, p := range c.Panels {
		for _, s := range p.Series {
			for _, v := range [][]float64{s.Y, s.Lo, s.Hi} {
				if v != nil && len(v) != len(s.X) {
					return c.fail("series %q has %d x values and %d y or interval values; they must agree", s.Label, len(s.X), len(v))
				}
			}
			if f := s.Fit; f != nil {
				for _, v := range [][]float64{f.Y, f.Lo, f.Hi} {
					if v != nil && len(v) != len(f.X) {
						return c.fail("the fit of series %q has %d x values and %d y or interval values; they must agree", s.Label, len(f.X), len(v))
					}
				}
			}
			if (s.Lo == nil) != (s.Hi == nil) {
				return c.fail("series %q has one end of its interval only", s.Label)
			}
		}
	}
	return nil
}

// Draw implements Drawing.
func (c *Curves) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, c.fail("%w", err)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	d := c.facet()
	n := len(d.Panels)
	var members []Member
	var titles []string
	var xs [][]float64
	marks := 0
	named := &levels{}
	exs, eys := make([]*extent, n), make([]*extent, n)
	ex, shared := newExtent(d.X), newExtent(d.Y)
	for i, p := range d.Panels {
		titles = append(titles, p.Title)
		eys[i], exs[i] = newExtent(d.Y), ex
		if p.X != nil {
			exs[i] = newExtent(*p.X)
		}
		rows := 0
		for _, s := range p.Series {
			members = append(members, Member{s.Label, s.Family})
			xs = append(xs, s.X)
			exs[i].count(s.X...)
			for _, e := range []*extent{eys[i], shared} {
				e.count(s.Y...)
				e.add(s.Lo...)
				e.add(s.Hi...)
			}
			if s.Fit != nil {
				exs[i].add(s.Fit.X...)
				for _, v := range [][]float64{s.Fit.Y, s.Fit.Lo, s.Fit.Hi} {
					eys[i].add(v...)
					shared.add(v...)
				}
			}
			if len(s.Marks) > 0 {
				rows++
			}
			for _, m := range s.Marks {
				exs[i].add(m.At)
			}
		}
		for _, r := range p.References {
			if r.Vertical {
				exs[i].add(r.At)
			} else {
				named.add(r.Label)
			}
		}
		marks = max(marks, rows)
	}
	below, above := make([][]Reference, n), make([][]Reference, n)
	if d.FreeY {
		for i, p := range d.Panels {
			below[i], above[i] = eys[i].admit(d.Y, p.References, bent(p))
		}
	} else {
		var all []Reference
		for _, p := range d.Panels {
			for _, r := range p.References {
				if !slices.ContainsFunc(all, sameLevel(r)) {
					all = append(all, r)
				}
			}
		}
		below[0], above[0] = shared.admit(d.Y, all, slices.ContainsFunc(d.Panels, bent))
	}
	pal := o.paletteFor(members)
	keys := keysOf(pal, members)
	xAxis := d.X
	if xAxis.Ticks == nil {
		xAxis.Ticks = distinct(8, xs...)
	}

	s := &scene{w: width}
	top := d.header(s, o)
	cols := columnsFor(n, width)
	lane := 0.0
	if marks > 0 {
		lane = 3.6*float64(marks) + 4
	}

	// Labels beside the curves where there is one panel and they fit; a legend below otherwise.
	direct, margin := false, 0.0
	if n == 1 && len(keys) > 0 {
		limit := 64.0
		if width > 300 {
			limit = 150
		}
		w := 0.0
		for _, k := range keys {
			w = math.Max(w, regular.width(k.Label, textBase))
		}
		if w <= limit && float64(len(keys))*8.4 <= (width-w-60)*.5 {
			direct, margin = true, w+13
		}
	}

	scaleX, scaleY := make([]scale, n), make([]scale, n)
	axisX := make([]Axis, n)
	yt := make([][]tick, n)
	yTick, over := 0.0, 0.0
	nt := 5
	if cols > 2 {
		nt = 4
	}
	spec := gridSpec{n: n, top: top, width: width, titles: titles, freeX: lane > 0, freeY: d.FreeY, drop: lane, rightMargin: margin, xLabel: d.X.Label != "", yLabel: d.Y}
	plotW := (width - 40 - margin) / float64(cols)
	for i, p := range d.Panels {
		e := shared
		if d.FreeY {
			e = eys[i]
		}
		scaleY[i] = e.scale(d.Y, .05)
		scaleY[i].spare(len(below[i]), len(above[i]))
		if !d.FreeY && i > 0 {
			scaleY[i] = scaleY[0]
		}
		yt[i] = scaleY[i].ticks(d.Y, nt)
		yTick = math.Max(yTick, widest(yt[i]))
		axisX[i] = xAxis
		if p.X != nil {
			axisX[i] = *p.X
			spec.freeX = true
			spec.xLines = max(spec.xLines, len(wrap(p.X.Label, textSmall, regular, plotW, 2)))
			if p.X.Ticks == nil {
				var own [][]float64
				for _, s := range p.Series {
					own = append(own, s.X)
				}
				axisX[i].Ticks = distinct(8, own...)
			}
		}
		scaleX[i] = exs[i].scale(axisX[i], .04)
		over = math.Max(over, overhang(scaleX[i], scaleX[i].ticks(axisX[i], int(math.Max(4, plotW/24))), plotW))
	}
	spec.yTick, spec.overhang = yTick, over
	g := spec.layout()
	many := len(keys) > 6
	rooms := make([]*room, n)
	for i, p := range d.Panels {
		b := g.boxes[i]
		sx, sy := scaleX[i], scaleY[i]
		sx.p0, sx.p1, sy.p0, sy.p1 = b.x0, b.x1, b.y1, b.y0
		a := axes{box: b, x: sx, y: sy, xt: sx.ticks(axisX[i], int(math.Max(4, b.w()/24))), yt: yt[i],
			hideXT: !g.lowest(i) && !spec.freeX, hideYT: !g.leftmost(i) && !d.FreeY, drop: lane, tested: axisX[i].Ticks != nil}
		s.open("class", "panel")
		g.panelTitle(s, i, p.Title)
		a.draw(s)
		if p.X != nil {
			for k, l := range wrap(p.X.Label, textSmall, regular, g.titleW, 2) {
				s.label(b.x0, b.y1+lane+18+8*float64(k), l, textSmall, regular, start, muted)
			}
		}
		r := &room{box: b}
		rooms[i] = r
		for _, ref := range p.References {
			if !beyondAxis(ref, below, above) {
				a.referenceAs(s, ref, named.dash(ref.Label))
			}
		}
		d.drawSeries(s, a, p, pal, r, many, b.w() < 130)
		if lane > 0 {
			d.drawLane(s, a, p, pal, lane)
		}
		for _, ref := range p.References {
			if ref.Vertical && sx.inside(ref.At) && (i == 0 || d.FreeY) {
				r.upright(s, ref.Label, sx.at(ref.At))
			}
		}
		r.beyond(s, below[i], above[i])
		r.note(s, p.Note)
		if direct {
			d.drawDirect(s, a, p, pal)
		}
		s.close()
		scaleX[i], scaleY[i] = sx, sy
	}
	inLegend := d.nameLevels(s, named, rooms, scaleY, below, above)
	g.labels(s, d.X, d.Y)
	y := g.bottom + labelHeight(d.X, width)
	if len(d.Thumbs) > 0 {
		y, err = drawThumbs(s, d.Thumbs, g, scaleX[0], y+4)
		if err != nil {
			return nil, d.fail("%w", err)
		}
	}
	if !direct && len(keys) > 0 && !d.titled() {
		l := newLegend(keys, width-8, false)
		l.draw(s, 4, y+5)
		y += 5 + l.height
	}
	if len(inLegend) > 0 {
		l := named.legend(inLegend, width-8)
		l.draw(s, 4, y+5)
		y += 5 + l.height
	}
	s.h = y + 4

	var extra []string
	if lane > 0 {
		extra = append(extra, "Below each plot: thresholds with their intervals; an open arrow is a threshold beyond the severities tested")
	}
	if slices.ContainsFunc(slices.Concat(below, above), func(l []Reference) bool { return len(l) > 0 }) {
		extra = append(extra, "A level so far away that it would flatten the curves is not on the axis: an arrow at the edge gives its value")
	}
	lost := 0
	for i, e := range exs {
		if i == 0 || e != ex {
			lost += e.lost
		}
	}
	if lost > 0 {
		extra = append(extra, fmt.Sprintf("%d points at x of 0 or less cannot be shown on the log axis", lost))
	}
	if shared.lost > 0 {
		extra = append(extra, fmt.Sprintf("%d values of 0 or less cannot be shown on the log axis", shared.lost))
	}
	var w warned
	for _, p := range d.Panels {
		for _, ser := range p.Series {
			w.add(ser.Label, ser.Warning)
		}
	}
	return d.finish(s, o, keys, d.alt(keys), extra, w.list(len(keys)))
}

// bent reports whether some series of a panel has two points or more.
func bent(p Panel) bool {
	return slices.ContainsFunc(p.Series, func(s Series) bool { return len(s.X) > 1 || s.Fit != nil })
}

// beyondAxis reports whether a level is named at the edge instead of drawn.
func beyondAxis(r Reference, below, above [][]Reference) bool {
	in := func(l []Reference) bool { return slices.ContainsFunc(l, sameLevel(r)) }
	return slices.ContainsFunc(below, in) || slices.ContainsFunc(above, in)
}

// nameLevels writes the names of levels into the panels, once a figure where the panels share their axis. It returns those
// that have no place where they hide nothing, or of which there would be many: they go into the legend.
func (c *Curves) nameLevels(s *scene, named *levels, rooms []*room, ys []scale, below, above [][]Reference) []string {
	var legend []string
	for _, label := range named.labels {
		if label == "" {
			continue
		}
		found, at, cost := -1, box{}, math.Inf(1)
		for i, p := range c.Panels {
			for _, ref := range p.References {
				if ref.Label != label || ref.Vertical || !ys[i].inside(ref.At) || beyondAxis(ref, below, above) {
					continue
				}
				if b, v := rooms[i].levelPlace(label, ys[i].at(ref.At)); v < cost {
					found, at, cost = i, b, v
				}
			}
		}
		switch {
		case found < 0:
		case cost > 0 || c.FreeY && len(c.Panels) > 1:
			legend = append(legend, label)
		default:
			rooms[found].taken = append(rooms[found].taken, at)
			s.label(at.x0, at.y1-1.4, label, textSmall, italic, start, muted)
		}
	}
	return legend
}

// titled reports whether the panels' titles name their only series, so that a legend would say it again.
func (c *Curves) titled() bool {
	for _, p := range c.Panels {
		if len(p.Series) != 1 || p.Series[0].Label != p.Title {
			return false
		}
	}
	return true
}

func (c *Curves) alt(keys []Key) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Line chart, %d panel", len(c.Panels))
	if len(c.Panels) != 1 {
		b.WriteByte('s')
	}
	fmt.Fprintf(&b, ": %s. X axis: %s. Y axis: %s.", c.Title, c.X.Label, c.Y.Label)
	if len(c.Panels) == 1 {
		for _, s := range c.Panels[0].Series {
			if n := len(s.X); n > 0 && b.Len() < 700 {
				fmt.Fprintf(&b, " %s goes from %s at %s to %s at %s.", s.Label, short(s.Y[0]), short(s.X[0]), short(s.Y[n-1]), short(s.X[n-1]))
			}
		}
		return b.String()
	}
	b.WriteString(" Series: ")
	for i, k := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(k.Label)
	}
	b.WriteByte('.')
	return b.String()
}

func (c *Curves) drawSeries(s *scene, a axes, p Panel, pal *Palette, r *room, many, small bool) {
	order := make([]Series, 0, len(p.Series))
	for _, ser := range p.Series {
		if ser.Control {
			order = append(order, ser)
		}
	}
	for _, ser := range p.Series {
		if !ser.Control {
			order = append(order, ser)
		}
	}
	// Single points of several series would lie upon each other: they stand side by side, in the order of the legend.
	dodge, step := !bent(p) && len(order) > 1, 0.0
	if dodge {
		step = math.Min(9, .8*a.box.w()/float64(len(order)))
	}
	for k, ser := range order {
		aside := 0.0
		if dodge {
			aside = step * (float64(k) - float64(len(order)-1)/2)
		}
		st := pal.Style(ser.Label)
		size, bandA := 1.9, uint8(38)
		if many {
			size, bandA = 1.6, 22
		}
		if small {
			size = 1.4
		}
		if ser.Control {
			st.Width, size, bandA = .8, 1.3, 18
		}
		if small {
			st.Width *= .85
		}
		if ser.Warning == "" {
			s.series("s", ser.Label, ser.Family)
		} else { // said once for the curve, not at each of its points
			s.open("class", "s", "data-series", ser.Label, "data-family", ser.Family, "data-note", ser.Warning)
		}
		line := Line{ser.X, ser.Y, ser.Lo, ser.Hi}
		if ser.Fit != nil {
			line = *ser.Fit
		}
		drawBand(s, a, line, alpha(st.Color, bandA))
		drawLine(s, a, line, st, r)
		for i, x := range ser.X {
			if !a.x.shows(x) || !a.y.shows(ser.Y[i]) {
				continue
			}
			q := pt{a.x.at(x) + aside, a.y.at(ser.Y[i])}
			if !a.x.inside(x) || !a.y.inside(ser.Y[i]) {
				continue
			}
			lo, hi := math.NaN(), math.NaN()
			if ser.Lo != nil {
				lo, hi = ser.Lo[i], ser.Hi[i]
			}
			// A band needs a neighbour; a point that stands alone has whiskers.
			alone := ser.Fit == nil && (i == 0 || !a.y.shows(ser.Y[i-1]) || !a.x.shows(ser.X[i-1])) && (i == len(ser.X)-1 || !a.y.shows(ser.Y[i+1]))
			if (ser.Fit != nil || alone) && interval(lo, hi) && a.y.shows(lo) {
				s.line(q.x, clamp(a.y.at(lo), a.box.y0, a.box.y1), q.x, clamp(a.y.at(hi), a.box.y0, a.box.y1), st.Color, .7, nil)
			}
			tip := fmt.Sprintf("%s\n%s: %s\n%s: %s", ser.Label, orElse(c.X.Label, "x"), short(x), orElse(c.Y.Label, "y"), estimate(ser.Y[i], lo, hi))
			if p.Title != "" {
				tip = p.Title + "\n" + tip
			}
			s.marker(st.Marker, q.x, q.y, size, st.Color, tip)
			r.data = append(r.data, q)
		}
		s.close()
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// drawBand fills between Lo and Hi wherever both exist in a run.
func drawBand(s *scene, a axes, l Line, c color.NRGBA) {
	if l.Lo == nil || l.Hi == nil {
		return
	}
	var up, down []pt
	flush := func() {
		if len(up) > 1 {
			poly := append([]pt(nil), up...)
			for i := len(down) - 1; i >= 0; i-- {
				poly = append(poly, down[i])
			}
			s.polygon(clipPolygon(poly, a.box), c)
		}
		up, down = nil, nil
	}
	for i, x := range l.X {
		if !a.x.shows(x) || !a.y.shows(l.Lo[i]) || !a.y.shows(l.Hi[i]) {
			flush()
			continue
		}
		up = append(up, pt{a.x.at(x), a.y.at(l.Hi[i])})
		down = append(down, pt{a.x.at(x), a.y.at(l.Lo[i])})
	}
	flush()
}

// drawLine strokes the curve in runs of finite values, cut to the panel.
func drawLine(s *scene, a axes, l Line, st Style, r *room) {
	var run []pt
	flush := func() {
		for _, piece := range clipPolyline(run, a.box) {
			s.polyline(piece, st.Color, st.Width, st.Dash)
			if r != nil {
				r.addLine(piece)
			}
		}
		run = nil
	}
	for i, x := range l.X {
		if !a.x.shows(x) || !a.y.shows(l.Y[i]) {
			flush()
			continue
		}
		run = append(run, pt{a.x.at(x), a.y.at(l.Y[i])})
	}
	flush()
}

// drawLane draws the thresholds of a panel between the plot and the x axis, a row a series.
func (c *Curves) drawLane(s *scene, a axes, p Panel, pal *Palette, height float64) {
	y := a.box.y1 + 3.6
	s.rect(a.box.x0, a.box.y1+1, a.box.w(), height-1, alpha(gridC, 90), none, 0)
	for _, ser := range p.Series {
		if len(ser.Marks) == 0 {
			continue
		}
		st := pal.Style(ser.Label)
		s.series("s", ser.Label, ser.Family)
		for _, m := range ser.Marks {
			if !a.x.shows(m.At) {
				continue
			}
			x := clamp(a.x.at(m.At), a.box.x0, a.box.x1)
			tip := fmt.Sprintf("%s\nthreshold at %s: %s", ser.Label, short(m.Level), estimate(m.At, m.Lo, m.Hi))
			if m.Below {
				tip = fmt.Sprintf("%s\nthreshold at %s: < %s (smallest tested)", ser.Label, short(m.Level), short(m.At))
				arrow(s, x+1, y, -1, st.Color, tip)
				continue
			}
			if m.Censored {
				tip = fmt.Sprintf("%s\nthreshold at %s: > %s (largest tested)", ser.Label, short(m.Level), short(m.At))
				arrow(s, x-1, y, 1, st.Color, tip)
				continue
			}
			if a.x.shows(m.Lo) && (a.x.shows(m.Hi) || math.IsInf(m.Hi, 1)) {
				x0 := clamp(a.x.at(m.Lo), a.box.x0, a.box.x1)
				x1 := a.box.x1
				if finite(m.Hi) {
					x1 = clamp(a.x.at(m.Hi), a.box.x0, a.box.x1)
				}
				s.line(x0, y, x1, y, st.Color, .9, nil)
				if math.IsInf(m.Hi, 1) || m.Hi > a.x.max {
					arrow(s, a.box.x1-2, y, 1, st.Color, "")
				}
			}
			s.marker(st.Marker, x, y, 1.5, st.Color, tip)
		}
		s.close()
		y += 3.6
	}
}

// arrow is an open arrow head at x, y, pointing right (dir 1) or left (-1).
func arrow(s *scene, x, y, dir float64, c color.NRGBA, tip string) {
	s.add(op{kind: opPath, segs: polySegs([]pt{{x - dir*2.2, y - 2}, {x + dir*1.6, y}, {x - dir*2.2, y + 2}}, true), fill: paper, stroke: c, width: .8, tip: tip})
}

// drawDirect writes the series' names beside their last points.
func (c *Curves) drawDirect(s *scene, a axes, p Panel, pal *Palette) {
	var ys, ends []float64
	for _, ser := range p.Series {
		y, e := (a.box.y0+a.box.y1)/2, a.box.x1
		l := Line{X: ser.X, Y: ser.Y}
		if ser.Fit != nil {
			l = *ser.Fit
		}
		for i := len(l.X) - 1; i >= 0; i-- {
			if a.x.inside(l.X[i]) && a.y.shows(l.Y[i]) {
				y, e = clamp(a.y.at(l.Y[i]), a.box.y0, a.box.y1), a.x.at(l.X[i])
				break
			}
		}
		ys, ends = append(ys, y), append(ends, e)
	}
	places := apart(ys, 8.4, a.box.y0+1, a.box.y1+a.drop)
	for i, ser := range p.Series {
		st := pal.Style(ser.Label)
		s.open("class", "key", "data-series", ser.Label, "data-family", ser.Family)
		s.line(ends[i]+2.5, ys[i], a.box.x1+9, places[i], alpha(st.Color, 140), .5, nil)
		s.label(a.box.x1+11, places[i]+2.4, ser.Label, textBase, regular, start, readable(st.Color))
		s.close()
	}
}

// readable darkens a colour until it can be read as text on white (4.5 to 1).
func readable(c color.NRGBA) color.NRGBA {
	for t := 0.0; t < 1; t += .02 {
		if d := shade(c, -t); 1.05/(luminance(d)+.05) >= 4.5 {
			return d
		}
	}
	return ink
}

// drawThumbs draws the strip of stimuli below a figure, each at its place on the x axis where there is room.
func drawThumbs(s *scene, thumbs []Thumb, g grid, sx scale, y float64) (float64, error) {
	x0, x1 := g.boxes[0].x0, g.right
	perRow := min(len(thumbs), int((x1-x0+3)/29))
	w := math.Min(46, (x1-x0+3)/float64(perRow)-3)
	aligned := len(g.boxes) == 1 && perRow == len(thumbs)
	xs := make([]float64, len(thumbs))
	b := g.boxes[0]
	sx.p0, sx.p1 = b.x0, b.x1
	for i, t := range thumbs {
		xs[i] = x0 + (float64(i%perRow)+.5)*(x1-x0)/float64(perRow)
		aligned = aligned && sx.inside(t.At)
	}
	if aligned {
		place := make([]float64, len(thumbs))
		for i, t := range thumbs {
			place[i] = sx.at(t.At)
		}
		w = math.Min(w, 40)
		xs = apart(place, w+2, x0+w/2-4, s.w-w/2-2)
	}
	rowH := 0.0
	s.open("class", "thumbs")
	for i, t := range thumbs {
		if i > 0 && i%perRow == 0 {
			y, rowH = y+rowH, 0
		}
		r, err := aspect(t.PNG)
		if err != nil {
			return 0, fmt.Errorf("thumbnail %q: %w", t.Label, err)
		}
		pic, err := loadPicture(t.PNG, w, w*r)
		if err != nil {
			return 0, fmt.Errorf("thumbnail %q: %w", t.Label, err)
		}
		s.image(xs[i]-w/2, y, w, w*r, pic).tip = t.Label
		s.label(xs[i], y+w*r+7.5, wrap(t.Label, textSmall, regular, w+2, 1)[0], textSmall, regular, middle, muted)
		rowH = math.Max(rowH, w*r+11)
	}
	s.close()
	return y + rowH, nil
}

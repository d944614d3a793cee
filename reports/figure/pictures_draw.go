package figure

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/draw"
)

// Draw implements Drawing.
func (c *Strip) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, c.fail("%w", err)
	}
	most, labelW := 0, 0.0
	for _, r := range c.Rows {
		most = max(most, len(r.Thumbs))
		for _, l := range wrap(r.Label, textBase, regular, width*.2, 4) {
			labelW = math.Max(labelW, regular.width(l, textBase))
		}
	}
	if most == 0 {
		return nil, c.fail("there are no pictures")
	}
	s := &scene{w: width}
	y := c.header(s, o)
	x0 := 4.0
	if labelW > 0 {
		x0 += labelW + 6
	}
	per := min(most, max(1, int((width-x0-2)/27)))
	w := math.Min((width-x0-2)/float64(per)-2.5, 90)
	for _, r := range c.Rows {
		s.open("class", "thumbs")
		lines := wrap(r.Label, textBase, regular, width*.2, 4)
		rowH := 0.0
		first := y
		for i, t := range r.Thumbs {
			if i > 0 && i%per == 0 {
				y += rowH
				rowH = 0
			}
			ratio, err := aspect(t.PNG)
			if err != nil {
				return nil, c.fail("picture %q of row %q: %w", t.Label, r.Label, err)
			}
			pic, err := loadPicture(t.PNG, w, w*ratio)
			if err != nil {
				return nil, c.fail("picture %q of row %q: %w", t.Label, r.Label, err)
			}
			x := x0 + float64(i%per)*(w+2.5)
			s.image(x, y, w, w*ratio, pic).tip = strings.TrimSpace(r.Label + "\n" + t.Label)
			h := w * ratio
			if t.Label != "" {
				for j, l := range wrap(t.Label, textSmall, regular, w+1, 2) {
					s.label(x+w/2, y+w*ratio+7.5+8*float64(j), l, textSmall, regular, middle, muted)
					h += 8
				}
				h += 2
			}
			rowH = math.Max(rowH, h+3)
		}
		for i, l := range lines {
			s.label(4, first+8+8.2*float64(i), l, textBase, regular, start, ink)
		}
		y += math.Max(rowH, 8.2*float64(len(lines))+4)
		s.close()
	}
	s.h = y + 2
	alt := fmt.Sprintf("Pictures of stimuli: %s.", c.Title)
	for _, r := range c.Rows {
		var l []string
		for _, t := range r.Thumbs {
			l = append(l, t.Label)
		}
		if len(alt) < 700 {
			alt += fmt.Sprintf(" %s: %s.", orElse(r.Label, "row"), strings.Join(l, ", "))
		}
	}
	return c.finishPictures(s, o, nil, alt)
}

// finishPictures is finish for figures in which nothing is estimated.
func (a About) finishPictures(s *scene, o Options, keys []Key, alt string, reading ...string) (*Figure, error) {
	a.still = true
	return a.finish(s, o, keys, alt, reading, nil)
}

// Draw implements Drawing.
func (c *Gallery) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, c.fail("%w", err)
	}
	if len(c.Items) == 0 {
		return nil, c.fail("there are no stimuli")
	}
	cols := 1
	if width > 300 {
		cols = 2
	}
	const gap = 16
	w := (width - 8 - gap*float64(cols-1)) / float64(cols)
	var members []Member
	labelW := 0.0
	for _, it := range c.Items {
		for _, q := range it.Scores {
			members = append(members, Member{q.Label, q.Family})
			labelW = math.Max(labelW, regular.width(q.Label, textSmall))
		}
	}
	labelW = math.Min(labelW, w*.37)
	pal := o.paletteFor(members)
	s := &scene{w: width}
	y := c.header(s, o)
	thumb := clamp((w-labelW-102)/2, 36, 62) // the scale of ranks keeps 90 pt
	rowTop, rowH := y, 0.0
	for i, it := range c.Items {
		if i%cols == 0 && i > 0 {
			rowTop, rowH = rowTop+rowH+9, 0
		}
		x := 4 + float64(i%cols)*(w+gap)
		yy := rowTop
		for _, l := range wrap(it.Title, textBase, bold, w, 2) {
			s.label(x, yy+7.5, l, textBase, bold, start, ink)
			yy += 9
		}
		yy += 2
		h := 0.0
		for k, data := range [][]byte{it.Before, it.After} {
			name := [2]string{"before", "after"}[k]
			ratio, err := aspect(data)
			if err != nil {
				return nil, c.fail("the picture %s of %q: %w", name, it.Title, err)
			}
			pic, err := loadPicture(data, thumb, thumb*ratio)
			if err != nil {
				return nil, c.fail("the picture %s of %q: %w", name, it.Title, err)
			}
			px := x + float64(k)*(thumb+3)
			s.image(px, yy, thumb, thumb*ratio, pic).tip = it.Title + ", " + name
			s.label(px+thumb/2, yy+thumb*ratio+7.5, name, textSmall, regular, middle, muted)
			h = math.Max(h, thumb*ratio+11)
		}
		l := x + 2*thumb + 12 + labelW
		r := x + w - 3
		sy := yy
		n := len(it.Scores)
		for _, q := range it.Scores {
			st := pal.Style(q.Label)
			lines := wrap(q.Label, textSmall, regular, labelW, 3)
			sy += 7.4*float64(len(lines)) + .4
			if len(lines) > 1 {
				sy++
			}
			mid := sy - 3 - 3.7*float64(len(lines)-1)
			s.series("s", q.Label, q.Family)
			for k, t := range lines {
				s.label(l-4, mid+2.3-3.7*float64(len(lines)-1)+7.4*float64(k), t, textSmall, regular, end, ink)
			}
			s.line(l, mid, r, mid, gridC, .6, nil)
			if finite(q.Rank) {
				s.marker(st.Marker, l+(r-l)*clamp(q.Rank, 0, 1), mid, 2.1, st.Color, fmt.Sprintf("%s\n%s: %.0f %%\nscore %s", q.Label, orElse(c.RankLabel, "rank"), 100*q.Rank, q.Text))
			}
			s.close()
		}
		if n > 0 {
			s.line(l, sy+2, r, sy+2, axisC, .5, nil)
			for k, t := range []string{"0", "", "100%"} {
				px := l + (r-l)*float64(k)/2
				s.line(px, sy+2, px, sy+4, axisC, .5, nil)
				if t == "" {
					continue
				}
				a := middle
				if k == 2 {
					a = end
				}
				s.label(math.Min(px, width-1), sy+11, t, textSmall, regular, a, ink)
			}
			h = math.Max(h, sy+13-yy)
		}
		rowH = math.Max(rowH, yy-rowTop+h)
	}
	y = rowTop + rowH
	s.h = y + 3
	extra := ""
	if c.RankLabel != "" {
		extra = "Markers: " + c.RankLabel
	}
	alt := fmt.Sprintf("Pictures before and after with the rank that each metric gives the change: %s. %d stimuli.", c.Title, len(c.Items))
	for _, it := range c.Items {
		if len(alt) < 700 {
			alt += " " + it.Title + "."
		}
	}
	return c.finishPictures(s, o, keysOf(pal, members), alt, extra)
}

// Draw implements Drawing.
func (c *HeatOverlay) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, c.fail("%w", err)
	}
	if len(c.Items) == 0 {
		return nil, c.fail("there are no pictures")
	}
	var all []float64
	for _, it := range c.Items {
		if it.Bare {
			continue
		}
		if it.W < 1 || it.H < 1 || len(it.Map) != it.W*it.H {
			return nil, c.fail("the map of %q has %d values for %d x %d", it.Title, len(it.Map), it.W, it.H)
		}
		all = append(all, it.Map...)
	}
	sc := c.Scale
	sc.Diverging = false
	if sc.Low == 0 && sc.High == 0 {
		sc = sc.fit(all)
		sc.Low = math.Min(0, sc.Low)
		step := math.Pow(10, math.Floor(math.Log10(sc.High-sc.Low))-1)
		sc.High = step * math.Ceil(sc.High/step)
	}
	if !sc.valid() {
		return nil, c.fail("the colour scale runs from %v to %v; it must rise", sc.Low, sc.High)
	}
	s := &scene{w: width}
	y := c.header(s, o)
	cols := columnsFor(len(c.Items), width)
	const gap = 5
	w := math.Min((width-8-gap*float64(cols-1))/float64(cols), 170)
	rowH := 0.0
	for i, it := range c.Items {
		if i%cols == 0 && i > 0 {
			y, rowH = y+rowH+3, 0
		}
		x := 4 + float64(i%cols)*(w+gap)
		lines := wrap(it.Title, textBase, regular, w, 2)
		img, _, err := image.Decode(bytes.NewReader(it.Picture))
		if err != nil {
			return nil, c.fail("the picture of %q: %w", it.Title, err)
		}
		ratio := float64(img.Bounds().Dy()) / float64(img.Bounds().Dx())
		if !it.Bare {
			img = overlay(img, it, sc)
		}
		pic, err := newPicture(img, w, w*ratio)
		if err != nil {
			return nil, c.fail("the picture of %q: %w", it.Title, err)
		}
		s.open("class", "panel")
		s.image(x, y, w, w*ratio, pic).tip = it.Title
		if it.Outline != nil {
			if len(it.Outline) != it.MaskW*it.MaskH || it.MaskW < 1 {
				return nil, c.fail("the outline of %q has %d values for %d x %d", it.Title, len(it.Outline), it.MaskW, it.MaskH)
			}
			segs := outline(it.Outline, it.MaskW, it.MaskH, box{x, y, x + w, y + w*ratio})
			s.add(op{kind: opPath, segs: segs, stroke: hex(0x111111), width: 1.5, fixed: true})
			s.add(op{kind: opPath, segs: segs, stroke: hex(0xfefefe), width: .7, fixed: true})
		}
		for j, l := range lines {
			s.label(x, y+w*ratio+8.2+8.2*float64(j), l, textBase, regular, start, ink)
		}
		s.close()
		rowH = math.Max(rowH, w*ratio+8.2*float64(len(lines))+5)
	}
	y += rowH
	extra := ""
	if len(all) > 0 {
		y = sc.drawBar(s, heat, 4, y+3, width-8)
		extra = "The map is laid over the picture in grey; brighter is a larger difference"
	}
	s.h = y + 3
	alt := fmt.Sprintf("Pictures with maps of where the metric sees a difference: %s.", c.Title)
	for _, it := range c.Items {
		if len(alt) < 700 {
			alt += " " + it.Title + "."
		}
	}
	return c.finishPictures(s, o, nil, alt, extra)
}

// overlay blends the map, enlarged without smoothing so that its real resolution shows, with the picture in grey.
func overlay(img image.Image, it HeatItem, sc Scale) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Src)
	for y := range b.Dy() {
		for x := range b.Dx() {
			v := it.Map[(y*it.H/b.Dy())*it.W+x*it.W/b.Dx()]
			p := out.PixOffset(x, y)
			g := .299*float64(out.Pix[p]) + .587*float64(out.Pix[p+1]) + .114*float64(out.Pix[p+2])
			c := color.NRGBA{}
			t := .6
			if finite(v) {
				c = heat.at(sc.place(v))
			} else {
				t = 0
			}
			for k, h := range [3]uint8{c.R, c.G, c.B} {
				out.Pix[p+k] = uint8(math.Round((1-t)*g + t*float64(h)))
			}
		}
	}
	return out
}

// outline is the border of a mask as a path, in runs along its rows and columns.
func outline(in []uint8, w, h int, b box) []seg {
	at := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h && in[y*w+x] != 0 }
	px := func(x int) float64 { return b.x0 + b.w()*float64(x)/float64(w) }
	py := func(y int) float64 { return b.y0 + b.h()*float64(y)/float64(h) }
	var segs []seg
	line := func(p, q pt) {
		segs = append(segs, seg{cmd: 'M', p: [3]pt{p}}, seg{cmd: 'L', p: [3]pt{q}})
	}
	for y := 0; y <= h; y++ {
		for x := 0; x < w; x++ {
			if at(x, y) == at(x, y-1) {
				continue
			}
			x0 := x
			for x < w && at(x, y) != at(x, y-1) {
				x++
			}
			line(pt{px(x0), py(y)}, pt{px(x), py(y)})
		}
	}
	for x := 0; x <= w; x++ {
		for y := 0; y < h; y++ {
			if at(x, y) == at(x-1, y) {
				continue
			}
			y0 := y
			for y < h && at(x, y) != at(x-1, y) {
				y++
			}
			line(pt{px(x), py(y0)}, pt{px(x), py(y)})
		}
	}
	return segs
}

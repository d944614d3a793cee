package figure

import (
	"image"
	"image/color"
	"math"

	"git.sr.ht/~sbinet/gg"
	"golang.org/x/image/draw"
)

// png renders the scene at dpi dots per inch. Text is drawn as outlines, so that rotated text is as sharp as the rest.
func (s *scene) png(dpi int) ([]byte, error) {
	k := float64(dpi) / 72
	dc := gg.NewContext(int(math.Round(s.w*k)), int(math.Round(s.h*k)))
	dc.SetColor(color.White)
	dc.Clear()
	dc.SetLineCapButt()
	dc.SetLineJoinRound()
	canvas := dc.Image().(*image.RGBA)
	for i := range s.ops {
		s.ops[i].png(dc, canvas, k)
	}
	return encodePNG(canvas, dpi)
}

func (o *op) png(dc *gg.Context, canvas *image.RGBA, k float64) {
	paint := func(path func()) {
		if o.fill.A != 0 {
			dc.SetColor(o.fill)
			path()
			dc.Fill()
		}
		if o.stroke.A != 0 && o.width > 0 {
			dc.SetColor(o.stroke)
			dc.SetLineWidth(o.width * k)
			d := make([]float64, len(o.dash))
			for i, v := range o.dash {
				d[i] = v * k
			}
			dc.SetDash(d...)
			path()
			dc.Stroke()
		}
	}
	switch o.kind {
	case opPath:
		paint(func() { ggPath(dc, o.segs, func(p pt) (float64, float64) { return p.x * k, p.y * k }) })
	case opCircle:
		paint(func() { dc.DrawCircle(o.x*k, o.y*k, o.w*k) })
	case opImage:
		r := image.Rect(int(math.Round(o.x*k)), int(math.Round(o.y*k)), int(math.Round((o.x+o.w)*k)), int(math.Round((o.y+o.h)*k)))
		draw.CatmullRom.Scale(canvas, r, o.pic.img, o.pic.img.Bounds(), draw.Over, nil)
	case opText:
		size := o.size * k / fonts()[o.face].units
		x0 := 0.0
		switch w := o.face.width(o.text, o.size) * k; o.anchor {
		case middle:
			x0 = -w / 2
		case end:
			x0 = -w
		}
		sin, cos := math.Sincos(-o.rotate * math.Pi / 180)
		dc.SetColor(o.fill)
		for _, r := range o.text {
			g := o.face.get(r)
			ggPath(dc, g.segs, func(p pt) (float64, float64) {
				x, y := x0+p.x*size, p.y*size
				return o.x*k + x*cos - y*sin, o.y*k + x*sin + y*cos
			})
			x0 += g.advance * size
		}
		dc.Fill()
	}
}

func ggPath(dc *gg.Context, segs []seg, at func(pt) (float64, float64)) {
	for _, s := range segs {
		x, y := at(s.p[0])
		switch s.cmd {
		case 'M':
			dc.MoveTo(x, y)
		case 'L':
			dc.LineTo(x, y)
		case 'C':
			x1, y1 := at(s.p[1])
			x2, y2 := at(s.p[2])
			dc.CubicTo(x, y, x1, y1, x2, y2)
		case 'Z':
			dc.ClosePath()
		}
	}
}

// opaque drops the alpha channel, which is full everywhere, so that the file is smaller and no viewer shows a
// checkerboard.
func opaque(m *image.RGBA) image.Image {
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m
}

package figure

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// pdf writes the scene as one page of exactly its size, with the used part of the font embedded.
func (s *scene) pdf(title string) ([]byte, error) {
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: s.w, Ht: s.h}})
	// The same figure gives the same bytes: no clock and no map order.
	epoch := time.Unix(0, 0).UTC()
	doc.SetCreationDate(epoch)
	doc.SetModificationDate(epoch)
	doc.SetCatalogSort(true)
	doc.SetProducer("probity", true)
	doc.SetTitle(bmp(title), true)
	doc.SetMargins(0, 0, 0)
	doc.SetAutoPageBreak(false, 0)
	doc.AddPage()
	var used [3]bool
	for i := range s.ops {
		if s.ops[i].kind == opText {
			used[s.ops[i].face] = true
		}
	}
	for f, style := range []string{"", "B", "I"} {
		if used[f] {
			// The copy guards the embedded font: the subsetter keeps the slice.
			doc.AddUTF8FontFromBytes("liberation", style, bytes.Clone(fonts()[f].ttf))
		}
	}
	pics := widePictures{taken: map[int]string{}, made: map[string]*picture{}}
	for i := range s.ops {
		if s.ops[i].kind == opImage {
			p, err := pics.get(s.ops[i].pic)
			if err != nil {
				return nil, err
			}
			s.ops[i].pdfImage(doc, p)
			continue
		}
		s.ops[i].pdf(doc)
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return b.Bytes(), nil
}

// widePictures gives every picture of a document its own width in pixels, by repeating its last column. fpdf numbers
// pictures in the order of their width and leaves those of equal width in map order, which differs from run to run.
type widePictures struct {
	taken map[int]string
	made  map[string]*picture
}

func (w widePictures) get(p *picture) (*picture, error) {
	if q, ok := w.made[p.name]; ok {
		return q, nil
	}
	b := p.img.Bounds()
	width := b.Dx()
	for w.taken[width] != "" {
		width++
	}
	w.taken[width] = p.name
	q := p
	if width > b.Dx() {
		out := image.NewRGBA(image.Rect(0, 0, width, b.Dy()))
		for y := range b.Dy() {
			for x := range width {
				out.Set(x, y, p.img.At(b.Min.X+min(x, b.Dx()-1), b.Min.Y+y))
			}
		}
		var buf bytes.Buffer
		if err := png.Encode(&buf, out); err != nil {
			return nil, fmt.Errorf("write PDF: %w", err)
		}
		q = &picture{name: p.name, png: buf.Bytes(), img: out}
	}
	w.made[p.name] = q
	return q, nil
}

// pdfImage draws a picture whose added columns are clipped away.
func (o *op) pdfImage(doc *fpdf.Fpdf, p *picture) {
	doc.SetAlpha(1, "Normal")
	opt := fpdf.ImageOptions{ImageType: "png"}
	doc.RegisterImageOptionsReader(p.name, opt, bytes.NewReader(p.png))
	doc.ClipRect(o.x, o.y, o.w, o.h, false)
	doc.ImageOptions(p.name, o.x, o.y, o.w*float64(p.img.Bounds().Dx())/float64(o.pic.img.Bounds().Dx()), o.h, false, opt, 0, "")
	doc.ClipEnd()
}

// bmp replaces characters beyond the Basic Multilingual Plane, which fpdf cannot write and the font does not have.
func bmp(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return '\ufffd'
		}
		return r
	}, clean(s))
}

func (o *op) pdf(doc *fpdf.Fpdf) {
	alpha := func(c color.NRGBA) {
		doc.SetAlpha(float64(c.A)/255, "Normal")
	}
	fill := func() {
		doc.SetFillColor(int(o.fill.R), int(o.fill.G), int(o.fill.B))
		alpha(o.fill)
	}
	stroke := func() {
		doc.SetDrawColor(int(o.stroke.R), int(o.stroke.G), int(o.stroke.B))
		doc.SetLineWidth(o.width)
		doc.SetLineJoinStyle("round")
		doc.SetDashPattern(o.dash, 0)
		alpha(o.stroke)
	}
	path := func() {
		for _, s := range o.segs {
			switch s.cmd {
			case 'M':
				doc.MoveTo(s.p[0].x, s.p[0].y)
			case 'L':
				doc.LineTo(s.p[0].x, s.p[0].y)
			case 'C':
				doc.CurveBezierCubicTo(s.p[0].x, s.p[0].y, s.p[1].x, s.p[1].y, s.p[2].x, s.p[2].y)
			case 'Z':
				doc.ClosePath()
			}
		}
	}
	switch o.kind {
	case opPath:
		if o.fill.A != 0 {
			fill()
			path()
			doc.DrawPath("F")
		}
		if o.stroke.A != 0 && o.width > 0 {
			stroke()
			path()
			doc.DrawPath("D")
		}
	case opCircle:
		if o.fill.A != 0 {
			fill()
			doc.Circle(o.x, o.y, o.w, "F")
		}
		if o.stroke.A != 0 && o.width > 0 {
			stroke()
			doc.Circle(o.x, o.y, o.w, "D")
		}
	case opText:
		doc.SetFont("liberation", [3]string{"", "B", "I"}[o.face], o.size)
		doc.SetTextColor(int(o.fill.R), int(o.fill.G), int(o.fill.B))
		alpha(o.fill)
		x := o.x
		switch w := o.face.width(o.text, o.size); o.anchor {
		case middle:
			x -= w / 2
		case end:
			x -= w
		}
		if o.rotate != 0 {
			doc.TransformBegin()
			doc.TransformRotate(o.rotate, o.x, o.y)
			doc.Text(x, o.y, bmp(o.text))
			doc.TransformEnd()
			return
		}
		doc.Text(x, o.y, bmp(o.text))
	}
}

package figure

import (
	"bytes"
	"fmt"
	"image/color"
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
	doc.SetTitle(title, true)
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
	for i := range s.ops {
		s.ops[i].pdf(doc)
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return b.Bytes(), nil
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
	case opImage:
		doc.SetAlpha(1, "Normal")
		opt := fpdf.ImageOptions{ImageType: "png"}
		doc.RegisterImageOptionsReader(o.pic.name, opt, bytes.NewReader(o.pic.png))
		doc.ImageOptions(o.pic.name, o.x, o.y, o.w, o.h, false, opt, 0, "")
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
			doc.Text(x, o.y, o.text)
			doc.TransformEnd()
			return
		}
		doc.Text(x, o.y, o.text)
	}
}

package preview

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"git.sr.ht/~sbinet/gg"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"

	"probity/harness"
	"probity/internal/raster"
)

// Sheet is a contact sheet of the edits of one source.
type Sheet struct {
	Title  string
	Name   string // of the source
	Source *raster.Image
	Rows   []harness.PreviewRow
}

// Sizes in pixels of the PNG.
const (
	side    = 176 // longest side of a picture
	gap     = 12
	labels  = 210 // width of the row labels
	head    = 64
	line    = 15
	margins = 18
	// maxSide keeps the PNG within what viewers open.
	maxSide = 30000
)

var faces = sync.OnceValue(func() (out [2]*opentype.Font) {
	for i, ttf := range [][]byte{liberationsansregular.TTF, liberationsansbold.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			panic(fmt.Sprintf("preview: the embedded font: %v", err))
		}
		out[i] = f
	}
	return out
})

func face(bold bool, size float64) font.Face {
	k := 0
	if bold {
		k = 1
	}
	f, err := opentype.NewFace(faces()[k], &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		panic(fmt.Sprintf("preview: the embedded font: %v", err))
	}
	return f
}

// fit brings a picture to the sheet's size; small pictures are enlarged by whole numbers, so that pixels stay pixels.
func fit(m *raster.Image) *raster.Image {
	longest := max(m.W, m.H)
	if longest <= side {
		if k := side / longest; k > 1 {
			return raster.Resize(m, m.W*k, m.H*k, raster.Box)
		}
		return m
	}
	return raster.Resize(m, max(1, m.W*side/longest), max(1, m.H*side/longest), raster.Lanczos)
}

// outlined is the source with a region's border drawn in black and white, one pixel of the sheet wide.
func outlined(m *raster.Image, region *raster.Mask) *raster.Image {
	out := fit(m).Clone()
	if region == nil || region.Count() == 0 || region.Count() == region.W*region.H {
		return out
	}
	in := func(x, y int) bool {
		if x < 0 || y < 0 || x >= out.W || y >= out.H {
			return false
		}
		return region.In[(y*region.H/out.H)*region.W+x*region.W/out.W] != 0
	}
	paint := func(x, y int, v uint8) {
		if x >= 0 && y >= 0 && x < out.W && y < out.H {
			p := out.Pix[3*(y*out.W+x):]
			p[0], p[1], p[2] = v, v, v
		}
	}
	type place struct{ x, y int }
	var edge []place
	for y := range out.H {
		for x := range out.W {
			if in(x, y) && !(in(x-1, y) && in(x+1, y) && in(x, y-1) && in(x, y+1)) {
				edge = append(edge, place{x, y})
			}
		}
	}
	for _, e := range edge {
		for _, d := range []place{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			if !in(e.x+d.x, e.y+d.y) {
				paint(e.x+d.x, e.y+d.y, 0)
			}
		}
	}
	for _, e := range edge {
		paint(e.x, e.y, 255)
	}
	return out
}

func picture(m *raster.Image) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		out.Pix[4*i], out.Pix[4*i+1], out.Pix[4*i+2], out.Pix[4*i+3] = m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2], 255
	}
	return out
}

// region is where a row acts: that of its first picture.
func region(r *harness.PreviewRow) *raster.Mask {
	for _, c := range r.Cells {
		if c.Region != nil {
			return c.Region
		}
	}
	return nil
}

// realised says in a line what was really done.
func realised(c *harness.PreviewCell) string {
	if c.Image == nil {
		return ""
	}
	r := c.Stimulus.Realised
	if t := c.Stimulus.TargetCaption; t != "" && r.Changed == 0 {
		return "“" + t + "”"
	}
	s := fmt.Sprintf("ΔE00 %s", short(r.DE00))
	if r.Area < 1 {
		s += fmt.Sprintf(" on %s %%", short(100*r.Area))
	}
	return s
}

// short writes three digits.
func short(v float64) string {
	switch {
	case v != 0 && math.Abs(v) < .1:
		return fmt.Sprintf("%.3f", v)
	case math.Abs(v) < 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// flags are the codes of what is to be known of a picture.
func flags(c *harness.PreviewCell) string {
	var out []string
	for _, f := range c.Stimulus.Flags {
		out = append(out, f.Code)
	}
	return strings.Join(out, ", ")
}

// wrap breaks a text into lines of a width.
func wrap(dc *gg.Context, text string, width float64, most int) []string {
	lines := dc.WordWrap(text, width)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] += " ..."
	}
	return lines
}

// PNG draws the sheet.
func (s *Sheet) PNG() ([]byte, error) {
	columns := 1
	for _, r := range s.Rows {
		columns = max(columns, len(r.Cells))
	}
	small := fit(s.Source)
	cw, rowHeight := side+gap, small.H+3*line+gap+6
	w, h := 2*margins+labels+(columns+1)*cw, head+margins+len(s.Rows)*rowHeight
	if w > maxSide || h > maxSide {
		return nil, fmt.Errorf("the sheet would be %d x %d pixels; preview fewer perturbations or severities at a time", w, h)
	}
	dc := gg.NewContext(w, h)
	dc.SetColor(color.White)
	dc.Clear()
	ink, soft, warn := color.Gray{30}, color.Gray{95}, color.RGBA{150, 60, 0, 255}
	text := func(t string, x, y float64, f font.Face, c color.Color) {
		dc.SetFontFace(f)
		dc.SetColor(c)
		dc.DrawString(t, x, y)
	}
	title, bold, plain, tiny := face(true, 20), face(true, 14), face(false, 12), face(false, 11.5)
	text(s.Title, margins, 30, title, ink)
	text(fmt.Sprintf("%s, %d x %d pixels; first column: the source with the region outlined", s.Name, s.Source.W, s.Source.H), margins, 50, plain, soft)
	for i := range s.Rows {
		r := &s.Rows[i]
		y := head + i*rowHeight
		dc.SetColor(color.Gray{225})
		dc.DrawLine(margins, float64(y)-5, float64(w-margins), float64(y)-5)
		dc.SetLineWidth(1)
		dc.Stroke()
		ty := float64(y) + 14
		dc.SetFontFace(bold)
		for _, l := range wrap(dc, r.Perturb, labels-gap, 2) {
			text(l, margins, ty, bold, ink)
			ty += 17
		}
		text(string(r.Role)+", "+r.Region, margins, ty, plain, soft)
		ty += 18
		dc.SetFontFace(tiny)
		for _, l := range wrap(dc, r.Doc, labels-gap, 6) {
			text(l, margins, ty, tiny, soft)
			ty += 14
		}
		dc.DrawImage(picture(outlined(s.Source, region(r))), margins+labels, y)
		text("source", margins+labels, float64(y+small.H+line), plain, soft)
		for k := range r.Cells {
			c := &r.Cells[k]
			x := margins + labels + (k+1)*cw
			if c.Image == nil {
				dc.SetColor(color.Gray{242})
				dc.DrawRectangle(float64(x), float64(y), float64(small.W), float64(small.H))
				dc.Fill()
				ry := float64(y) + 18
				dc.SetFontFace(tiny)
				for _, l := range wrap(dc, "not made: "+c.Reason, float64(small.W)-12, 8) {
					text(l, float64(x)+6, ry, tiny, warn)
					ry += 14
				}
			} else {
				dc.DrawImage(picture(fit(c.Image)), x, y)
			}
			ly := float64(y + small.H + line)
			text(c.Severity, float64(x), ly, bold, ink)
			dc.SetFontFace(tiny)
			for _, l := range wrap(dc, realised(c), side, 1) {
				text(l, float64(x), ly+line, tiny, soft)
			}
			dc.SetFontFace(tiny)
			for _, l := range wrap(dc, flags(c), side, 1) {
				text(l, float64(x), ly+2*line-1, tiny, warn)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, dc.Image()); err != nil {
		return nil, fmt.Errorf("encoding the sheet: %w", err)
	}
	return b.Bytes(), nil
}

// Strip draws one row small, with the source at its head and at most three of its severities, for a page of reference.
func (s *Sheet) Strip(r *harness.PreviewRow) image.Image {
	var cells []*harness.PreviewCell
	n := len(r.Cells)
	for k := range r.Cells {
		if n <= 3 || k == 0 || k == n/2 || k == n-1 {
			cells = append(cells, &r.Cells[k])
		}
	}
	w, h := s.Source.W, s.Source.H
	dc := gg.NewContext((len(cells)+1)*(w+8)-8, h+18)
	dc.SetColor(color.White)
	dc.Clear()
	dc.SetFontFace(face(false, 12))
	dc.DrawImage(picture(s.Source), 0, 0)
	dc.SetColor(color.Gray{60})
	dc.DrawString("source", 0, float64(h)+13)
	for k, c := range cells {
		x := (k + 1) * (w + 8)
		if c.Image != nil {
			dc.DrawImage(picture(c.Image), x, 0)
		}
		label := c.Severity
		if label == "" {
			label = r.Region
		}
		dc.SetColor(color.Gray{60})
		dc.DrawString(label, float64(x), float64(h)+13)
	}
	return dc.Image()
}

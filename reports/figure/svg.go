package figure

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"
)

// svg writes the scene. Every element of a series lies in a group with data-series; data points carry data-tip.
func (s *scene) svg(id, alt string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="%spt" height="%spt" viewBox="0 0 %s %s" role="img" aria-label="%s" font-family="Liberation Sans, Arimo, Arial, Helvetica, sans-serif"`,
		num(s.w), num(s.h), num(s.w), num(s.h), escape(alt))
	if id != "" {
		fmt.Fprintf(&b, ` data-figure="%s"`, escape(id))
	}
	// White paper, so that the figure can be read on any page; a dark page gives it its own colour (Dark).
	fmt.Fprintf(&b, ">\n<rect width=\"%s\" height=\"%s\" fill=\"%s\"/>\n", num(s.w), num(s.h), css(paper))
	for i := range s.ops {
		s.ops[i].svg(&b)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (o *op) svg(b *bytes.Buffer) {
	switch o.kind {
	case opOpen:
		b.WriteString("<g")
		for _, a := range o.attrs {
			fmt.Fprintf(b, ` %s="%s"`, a.name, escape(a.value))
		}
		b.WriteString(">\n")
	case opClose:
		b.WriteString("</g>\n")
	case opPath:
		b.WriteString(`<path d="`)
		writePath(b, o.segs)
		b.WriteByte('"')
		o.paint(b)
		b.WriteString("/>\n")
	case opCircle:
		fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="%s"`, num(o.x), num(o.y), num(o.w))
		o.paint(b)
		b.WriteString("/>\n")
	case opImage:
		fmt.Fprintf(b, `<image x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none"`, num(o.x), num(o.y), num(o.w), num(o.h))
		if o.tip != "" {
			fmt.Fprintf(b, ` data-tip="%s"`, escape(o.tip))
		}
		b.WriteString(` xlink:href="data:image/png;base64,`)
		b.WriteString(base64.StdEncoding.EncodeToString(o.pic.png))
		b.WriteString("\"/>\n")
	case opText:
		fmt.Fprintf(b, `<text x="%s" y="%s" font-size="%s"`, num(o.x), num(o.y), num(o.size))
		switch o.anchor {
		case middle:
			b.WriteString(` text-anchor="middle"`)
		case end:
			b.WriteString(` text-anchor="end"`)
		}
		switch o.face {
		case bold:
			b.WriteString(` font-weight="bold"`)
		case italic:
			b.WriteString(` font-style="italic"`)
		}
		if o.rotate != 0 {
			fmt.Fprintf(b, ` transform="rotate(%s %s %s)"`, num(-o.rotate), num(o.x), num(o.y))
		}
		o.paint(b)
		fmt.Fprintf(b, ">%s</text>\n", escape(o.text))
	}
}

func (o *op) paint(b *bytes.Buffer) {
	if o.bare {
		return
	}
	if o.fixed {
		b.WriteString(` class="f"`)
	}
	if o.fill.A == 0 {
		b.WriteString(` fill="none"`)
	} else {
		fmt.Fprintf(b, ` fill="%s"`, css(o.fill))
		if o.fill.A < 255 {
			fmt.Fprintf(b, ` fill-opacity="%s"`, num(float64(o.fill.A)/255))
		}
	}
	if o.stroke.A != 0 && o.width > 0 {
		fmt.Fprintf(b, ` stroke="%s" stroke-width="%s"`, css(o.stroke), num(o.width))
		if o.stroke.A < 255 {
			fmt.Fprintf(b, ` stroke-opacity="%s"`, num(float64(o.stroke.A)/255))
		}
		if o.dash != nil {
			b.WriteString(` stroke-dasharray="`)
			for i, d := range o.dash {
				if i > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(num(d))
			}
			b.WriteByte('"')
		}
		if o.kind == opPath {
			b.WriteString(` stroke-linejoin="round"`)
		}
	}
	if o.tip != "" {
		fmt.Fprintf(b, ` data-tip="%s"`, escape(o.tip))
	}
}

func writePath(b *bytes.Buffer, segs []seg) {
	for _, s := range segs {
		b.WriteByte(s.cmd)
		n := 1
		switch s.cmd {
		case 'Z':
			n = 0
		case 'C':
			n = 3
		}
		for i := range n {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(num(s.p[i].x))
			b.WriteByte(' ')
			b.WriteString(num(s.p[i].y))
		}
	}
}

// num is a number with at most two decimals: 1/100 point is finer than any printer.
func num(v float64) string {
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	if s == "-0" {
		return "0"
	}
	return s
}

func css(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

var escaper = strings.NewReplacer("\n", "&#10;", "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// escape makes text safe as content and as an attribute.
func escape(s string) string { return escaper.Replace(clean(s)) }

// clean drops what neither XML nor a font can hold: control characters and broken UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

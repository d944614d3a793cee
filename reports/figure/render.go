package figure

import (
	"fmt"
	"image/color"
	"slices"
	"strings"
)

// finish renders a laid-out scene in the formats asked for.
//
// reading are sentences on how to read it, notes what warns of single series.
func (a *About) finish(s *scene, o Options, keys []Key, alt string, reading, notes []string) (*Figure, error) {
	s.expand()
	for _, w := range a.Warnings {
		// A warning that is already said of single series is not said again.
		if !slices.ContainsFunc(notes, func(n string) bool { return strings.HasSuffix(n, w) }) {
			notes = append(notes, w)
		}
	}
	if m := s.missing(); m != "" {
		notes = append(notes, fmt.Sprintf("the figure's font lacks %q", m))
	}
	f := &Figure{Name: a.Name, Title: a.Title, Width: s.w, Height: s.h, Text: a.text(reading...), Notes: notes, Alt: alt, Keys: keys, Colours: s.colours()}
	said := []string{f.Text}
	for i, n := range notes {
		if len(notes) == 1 {
			n = "Warning: " + n
		} else {
			n = fmt.Sprintf("Warning %d: %s", i+1, n)
		}
		said = append(said, n)
	}
	f.Caption = sentences(said...)
	formats := o.Formats
	if len(formats) == 0 {
		formats = []string{"svg", "pdf", "png"}
	}
	dpi := o.DPI
	if dpi == 0 {
		dpi = 300
	}
	if dpi < 36 || dpi > 1200 {
		return nil, a.fail("a resolution of %d dpi is outside 36 to 1200", dpi)
	}
	for _, format := range formats {
		var err error
		switch format {
		case "svg":
			f.SVG = s.svg(a.Name, alt)
		case "pdf":
			f.PDF, err = s.pdf(a.Title)
		case "png":
			f.PNG, err = s.png(dpi)
		default:
			err = fmt.Errorf("format %q is none of svg, pdf, png", format)
		}
		if err != nil {
			return nil, a.fail("%w", err)
		}
	}
	return f, nil
}

// header starts a scene: with the title if titles are on. It returns the y below.
func (a *About) header(s *scene, o Options) float64 {
	if !o.Title || a.Title == "" {
		return 4
	}
	y := 4.0
	for _, l := range wrap(a.Title, 9, bold, s.w-4, 2) {
		s.label(2, y+8, l, 9, bold, start, ink)
		y += 11
	}
	return y + 3
}

// keysOf makes the legend's keys of members, each once, in the palette's order.
func keysOf(p *Palette, members []Member) []Key {
	var keys []Key
	for _, m := range members {
		if slices.ContainsFunc(keys, func(k Key) bool { return k.Label == m.Label }) {
			continue
		}
		keys = append(keys, Key{m.Label, m.Family, p.Style(m.Label)})
	}
	p.sortKeys(keys)
	return keys
}

// luminance is the relative luminance of a colour (WCAG 2.1).
func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= .04045 {
			return x / 12.92
		}
		return pow((x+.055)/1.055, 2.4)
	}
	return .2126*lin(c.R) + .7152*lin(c.G) + .0722*lin(c.B)
}

// onColour is black or white, whichever reads better on c.
func onColour(c color.NRGBA) color.NRGBA {
	l := luminance(c)
	if (l+.05)/.05 >= 1.05/(l+.05) {
		return hex(0x111111)
	}
	return hex(0xfefefe)
}

package figure

import (
	"image/color"
	"math"
)

// colourmap is a list of colours, evenly spaced from low to high. All of them change lightness steadily, so that they
// survive a grey print; the diverging one has its light middle at Scale.Mid.
type colourmap []color.NRGBA

var (
	blues     = colourmap{hex(0xf5f8fc), hex(0xc9dcee), hex(0x8fbfdf), hex(0x4a90c4), hex(0x1f5fa4), hex(0x0a2f6b)}
	redBlue   = colourmap{hex(0x8e1b2e), hex(0xc9524c), hex(0xefa98c), hex(0xf7f7f5), hex(0x9ec8e0), hex(0x4189bd), hex(0x1d4a8b)}
	heat      = colourmap{hex(0x000004), hex(0x2a0b54), hex(0x65156e), hex(0x9f2a63), hex(0xd44842), hex(0xf57d15), hex(0xfac127), hex(0xfcffa4)}
	landscape = colourmap{hex(0x440154), hex(0x46327e), hex(0x365c8d), hex(0x277f8e), hex(0x1fa187), hex(0x4ac16d), hex(0xa0da39), hex(0xfde725)}
)

// at is the colour at t in 0..1; t is clamped.
func (m colourmap) at(t float64) color.NRGBA {
	t = clamp(t, 0, 1) * float64(len(m)-1)
	i := min(int(t), len(m)-2)
	f := t - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-f) + float64(b)*f)) }
	a, b := m[i], m[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// place is where v lies on the scale, 0..1; a diverging scale has its middle at Mid on both sides.
func (s Scale) place(v float64) float64 {
	if s.Diverging {
		if v < s.Mid {
			return .5 * (v - s.Low) / (s.Mid - s.Low)
		}
		return .5 + .5*(v-s.Mid)/(s.High-s.Mid)
	}
	return (v - s.Low) / (s.High - s.Low)
}

// fit takes limits from the data where the scale has none.
func (s Scale) fit(vs []float64) Scale {
	if s.Low != 0 || s.High != 0 {
		return s
	}
	e := newExtent(Axis{})
	e.add(vs...)
	if !e.any {
		e.min, e.max = 0, 1
	}
	if s.Low, s.High = e.min, e.max; s.Diverging {
		d := math.Max(s.High-s.Mid, s.Mid-s.Low)
		s.Low, s.High = s.Mid-d, s.Mid+d
	}
	if s.High <= s.Low {
		s.High = s.Low + 1
	}
	return s
}

func (s Scale) valid() bool {
	return s.High > s.Low && (!s.Diverging || s.Mid > s.Low && s.Mid < s.High)
}

// drawBar draws the key of a colour scale with its top left corner at x, y and returns the y below it.
func (s Scale) drawBar(sc *scene, m colourmap, x, y, width float64) float64 {
	const n = 60
	w := math.Min(width, 150)
	if s.Label != "" {
		for i, l := range wrap(s.Label, textBase, regular, width-4, 2) {
			sc.label(x, y+7+8.2*float64(i), l, textBase, regular, start, ink)
		}
		y += 8.2*float64(len(wrap(s.Label, textBase, regular, width-4, 2))) + 2
	}
	for i := range n {
		// Each step reaches to the end and the next covers it, so that no seam shows.
		sc.rect(x+w*float64(i)/n, y, w-w*float64(i)/n, 6, m.at((float64(i)+.5)/n), none, 0).fixed = true
	}
	sc.rect(x, y, w, 6, none, axisC, .4)
	marks := []float64{s.Low, s.High}
	if s.Diverging {
		marks = []float64{s.Low, s.Mid, s.High}
	}
	for i, v := range marks {
		px := x + w*s.place(v)
		sc.line(px, y+6, px, y+8, axisC, .5, nil)
		a := middle
		switch i {
		case 0:
			a = start
		case len(marks) - 1:
			a = end
		}
		sc.label(px, y+15, short(v), textSmall, regular, a, ink)
	}
	return y + 18
}

package figure

import (
	"image/color"
	"slices"
	"sort"
)

// Member is one metric (or other series) of a report.
type Member struct {
	Label  string
	Family string // "cnn", "vit", "text-image", "classical", "triplet", "external", "control", "human", or any other
}

// Style is how a series looks, in every figure of a report: one colour a family, and within it lightness, dash and
// marker by index, so that series can be told apart without colour.
type Style struct {
	Color  color.NRGBA
	Dash   []float64 // points on and off; nil is solid
	Marker Marker
	Width  float64 // of lines, points
}

// Marker is the shape of a data point.
type Marker int

// The markers.
const (
	Disc Marker = iota
	Square
	Triangle
	Diamond
	Ring
	TriangleDown
	SquareOpen
	DiamondOpen
	Cross
	Plus
)

// Palette assigns styles once for a whole report.
type Palette struct {
	style  map[string]Style
	family map[string]color.NRGBA
	rank   map[string]int // of labels, for legends: by family, then as given
}

// familyColours are Okabe and Ito's (2008), which stay distinct in the common forms of colour blindness. Known
// families have the same colour in every report.
var familyColours = []struct {
	family string
	colour color.NRGBA
}{
	{"cnn", hex(0x0072b2)},
	{"vit", hex(0xd55e00)},
	{"text-image", hex(0x009e73)},
	{"classical", hex(0xcc79a7)},
	{"triplet", hex(0xe69f00)},
	{"external", hex(0x56b4e9)},
	{"control", hex(0x6a6a6a)},
	{"human", hex(0x1a1a1a)},
}

// spareColours serve families without a colour of their own: Tol's muted scheme (2021).
var spareColours = []color.NRGBA{hex(0x332288), hex(0x882255), hex(0x117733), hex(0x999933), hex(0xaa4499), hex(0x44aa99)}

var (
	dashes  = [][]float64{nil, {4.5, 2}, {1.2, 1.6}, {6, 1.8, 1.2, 1.8}, {2.6, 1.3}, {7, 1.6, 1.2, 1.6, 1.2, 1.6}}
	markers = []Marker{Disc, Square, Triangle, Diamond, Ring, TriangleDown, SquareOpen, DiamondOpen, Cross, Plus}
	shades  = []float64{0, -.42, .24, -.2, .12, -.6}
	// The spare colours are dark: there is more room towards white.
	spareShades = []float64{0, .48, .24, .64, -.4, .12}
)

// NewPalette gives every member its style. The order within a family decides dash, shade and marker.
func NewPalette(members []Member) *Palette {
	p := &Palette{style: map[string]Style{}, family: map[string]color.NRGBA{}, rank: map[string]int{}}
	order := map[string]int{}
	for i, f := range familyColours {
		p.family[f.family] = f.colour
		order[f.family] = i
	}
	count := map[string]int{}
	spare := 0
	for _, m := range members {
		if _, ok := p.style[m.Label]; ok {
			continue
		}
		base, ok := p.family[m.Family]
		if !ok {
			base = spareColours[spare%len(spareColours)]
			spare++
			p.family[m.Family] = base
			order[m.Family] = len(order)
		}
		i := count[m.Family]
		count[m.Family]++
		steps := shades
		if slices.Contains(spareColours, base) {
			steps = spareShades
		}
		s := Style{Color: shade(base, steps[i%len(steps)]), Dash: dashes[i%len(dashes)], Marker: markers[i%len(markers)], Width: 1.2}
		switch m.Family {
		case "control":
			s.Dash, s.Width = dashes[1+i%(len(dashes)-1)], .9
		case "human":
			s.Width = 1.6
		}
		p.style[m.Label] = s
		p.rank[m.Label] = order[m.Family]*10000 + i
	}
	return p
}

// Style is the look of a member; a label that the palette does not know is drawn in grey.
func (p *Palette) Style(label string) Style {
	if s, ok := p.style[label]; ok {
		return s
	}
	return Style{Color: hex(0x555555), Marker: Disc, Width: 1.2}
}

// FamilyColour is the colour of a family.
func (p *Palette) FamilyColour(family string) color.NRGBA {
	if c, ok := p.family[family]; ok {
		return c
	}
	return hex(0x555555)
}

func (p *Palette) sortKeys(keys []Key) {
	sort.SliceStable(keys, func(i, j int) bool { return p.rank[keys[i].Label] < p.rank[keys[j].Label] })
}

// paletteFor is the report's palette, or one of the figure's own members. Members that the report's palette lacks are
// added to a copy, so that no two of them look alike.
func (o Options) paletteFor(members []Member) *Palette {
	if o.Palette == nil {
		return NewPalette(members)
	}
	for _, m := range members {
		if _, ok := o.Palette.style[m.Label]; !ok {
			return o.Palette.with(members)
		}
	}
	return o.Palette
}

func (p *Palette) with(members []Member) *Palette {
	fresh := NewPalette(members)
	for l, s := range p.style {
		fresh.style[l], fresh.rank[l] = s, p.rank[l]
	}
	for f, c := range p.family {
		fresh.family[f] = c
	}
	return fresh
}

func hex(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

// shade mixes c with white (t > 0) or black (t < 0).
func shade(c color.NRGBA, t float64) color.NRGBA {
	to := 255.0
	if t < 0 {
		to, t = 0, -t
	}
	mix := func(v uint8) uint8 { return uint8(float64(v)*(1-t) + to*t + .5) }
	return color.NRGBA{R: mix(c.R), G: mix(c.G), B: mix(c.B), A: c.A}
}

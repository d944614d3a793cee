package figure

import (
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansitalic"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// face is one cut of Liberation Sans, whose widths are those of Arial and Helvetica: an SVG that is shown with one of
// those keeps its layout.
type face uint8

const (
	regular face = iota
	bold
	italic
)

type loadedFont struct {
	ttf   []byte
	font  *sfnt.Font
	units float64

	mu    sync.Mutex
	buf   sfnt.Buffer
	glyph map[rune]glyph
}

// glyph is a character's outline in font units, y down, and its advance.
type glyph struct {
	ok      bool
	advance float64
	segs    []seg
}

var fonts = sync.OnceValue(func() [3]*loadedFont {
	var list [3]*loadedFont
	for i, ttf := range [][]byte{liberationsansregular.TTF, liberationsansbold.TTF, liberationsansitalic.TTF} {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			panic("figure: the embedded font does not parse: " + err.Error())
		}
		list[i] = &loadedFont{ttf: ttf, font: f, units: float64(f.UnitsPerEm()), glyph: map[rune]glyph{}}
	}
	return list
})

func (f face) get(r rune) glyph {
	l := fonts()[f]
	l.mu.Lock()
	defer l.mu.Unlock()
	if g, ok := l.glyph[r]; ok {
		return g
	}
	var g glyph
	ppem := fixed.Int26_6(l.font.UnitsPerEm()) // one unit is then 1/64 in fixed point
	idx, err := l.font.GlyphIndex(&l.buf, r)
	g.ok = err == nil && idx != 0
	if adv, err := l.font.GlyphAdvance(&l.buf, idx, ppem, font.HintingNone); err == nil {
		g.advance = float64(adv)
	}
	if segs, err := l.font.LoadGlyph(&l.buf, idx, ppem, nil); err == nil {
		at := func(p fixed.Point26_6) pt { return pt{float64(p.X), float64(p.Y)} }
		var last pt
		for _, s := range segs {
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				if len(g.segs) > 0 {
					g.segs = append(g.segs, seg{cmd: 'Z'})
				}
				last = at(s.Args[0])
				g.segs = append(g.segs, seg{cmd: 'M', p: [3]pt{last}})
			case sfnt.SegmentOpLineTo:
				last = at(s.Args[0])
				g.segs = append(g.segs, seg{cmd: 'L', p: [3]pt{last}})
			case sfnt.SegmentOpQuadTo:
				c, e := at(s.Args[0]), at(s.Args[1])
				g.segs = append(g.segs, seg{cmd: 'C', p: [3]pt{
					{last.x + 2./3*(c.x-last.x), last.y + 2./3*(c.y-last.y)},
					{e.x + 2./3*(c.x-e.x), e.y + 2./3*(c.y-e.y)}, e}})
				last = e
			case sfnt.SegmentOpCubeTo:
				last = at(s.Args[2])
				g.segs = append(g.segs, seg{cmd: 'C', p: [3]pt{at(s.Args[0]), at(s.Args[1]), last}})
			}
		}
		if len(g.segs) > 0 {
			g.segs = append(g.segs, seg{cmd: 'Z'})
		}
	}
	l.glyph[r] = g
	return g
}

// has reports whether the font can show the character.
func (f face) has(r rune) bool { return f.get(r).ok }

// width is the width of text in points.
func (f face) width(text string, size float64) float64 {
	w := 0.0
	for _, r := range text {
		if d, up := raised(r); up {
			w += f.get(d).advance * raisedSize(size) / size
			continue
		}
		w += f.get(r).advance
	}
	return w * size / fonts()[f].units
}

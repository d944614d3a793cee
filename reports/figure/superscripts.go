package figure

import (
	"math"
	"strings"
)

// raised maps a superscript character to the one that is drawn small and high in its place.
func raised(r rune) (rune, bool) {
	switch r {
	case '⁻':
		return '−', true
	case '¹':
		return '1', true
	case '²':
		return '2', true
	case '³':
		return '3', true
	case '⁰', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹':
		return r - '⁰' + '0', true
	}
	return r, false
}

// raisedSize is the size of superscripts in text of a size: smaller, but not below the 5 pt that journals ask for.
func raisedSize(size float64) float64 { return math.Max(.75*size, 5) }

// expand turns text with superscripts into plain and raised pieces.
func (s *scene) expand() {
	out := make([]op, 0, len(s.ops))
	for _, o := range s.ops {
		if o.kind != opText || !strings.ContainsFunc(o.text, func(r rune) bool { _, up := raised(r); return up }) {
			out = append(out, o)
			continue
		}
		offset := 0.0
		switch w := o.face.width(o.text, o.size); o.anchor {
		case middle:
			offset = -w / 2
		case end:
			offset = -w
		}
		sin, cos := math.Sincos(-o.rotate * math.Pi / 180)
		for rest := []rune(o.text); len(rest) > 0; {
			_, up := raised(rest[0])
			n := 0
			var piece strings.Builder
			for ; n < len(rest); n++ {
				r, u := raised(rest[n])
				if u != up {
					break
				}
				piece.WriteRune(r)
			}
			p := o
			p.anchor, p.text = start, piece.String()
			dy := 0.0
			if up {
				dy, p.size = -.36*o.size, raisedSize(o.size)
			}
			p.x, p.y = o.x+offset*cos-dy*sin, o.y+offset*sin+dy*cos
			out = append(out, p)
			offset += p.face.width(p.text, p.size)
			rest = rest[n:]
		}
	}
	s.ops = out
}

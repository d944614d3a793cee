package figure

import (
	"image/color"
	"math"
	"sort"
)

func alpha(c color.NRGBA, a uint8) color.NRGBA { c.A = a; return c }

// legend draws the keys in columns below a figure, outside the panels. It is laid out before it is drawn.
type legend struct {
	keys    []Key
	lines   [][]string
	cols    int
	colW    float64
	rowH    []float64
	height  float64
	points  bool // only markers, no lines
	levels  bool // only lines, and nothing to switch
	sampleW float64
}

func newLegend(keys []Key, width float64, points bool) *legend {
	l := &legend{keys: keys, points: points, sampleW: 20}
	if points {
		l.sampleW = 8
	}
	if len(keys) == 0 {
		return l
	}
	const gap = 10
	maxText := width - l.sampleW - 4
	w := 0.0
	for _, k := range keys {
		lines := wrap(k.Label, textBase, regular, maxText, 3)
		l.lines = append(l.lines, lines)
		for _, t := range lines {
			w = math.Max(w, regular.width(t, textBase))
		}
	}
	l.colW = l.sampleW + 4 + w + gap
	l.cols = max(1, int((width+gap)/l.colW))
	if l.cols > len(keys) {
		l.cols = len(keys)
	}
	rows := (len(keys) + l.cols - 1) / l.cols
	l.cols = (len(keys) + rows - 1) / rows
	l.rowH = make([]float64, rows)
	for i := range keys {
		r := i % rows // down the columns, so that a family stays together
		l.rowH[r] = math.Max(l.rowH[r], 8.2*float64(len(l.lines[i]))+1.6)
	}
	for _, h := range l.rowH {
		l.height += h
	}
	return l
}

// draw puts the legend with its top left corner at x, y.
func (l *legend) draw(s *scene, x, y float64) {
	rows := len(l.rowH)
	for i, k := range l.keys {
		r, c := i%rows, i/rows
		top := y
		for j := range r {
			top += l.rowH[j]
		}
		x0 := x + float64(c)*l.colW
		if l.levels {
			s.open("class", "levels")
		} else {
			s.open("class", "key", "data-series", k.Label, "data-family", k.Family)
		}
		mid := top + 4.2
		// The pale strip makes the key easy to hit.
		if !l.points {
			s.line(x0, mid, x0+l.sampleW, mid, k.Style.Color, k.Style.Width, k.Style.Dash)
		}
		if !l.levels {
			s.marker(k.Style.Marker, x0+l.sampleW/2, mid, 2, k.Style.Color, "")
		}
		for j, t := range l.lines[i] {
			s.label(x0+l.sampleW+4, mid+2.5+8.2*float64(j), t, textBase, regular, start, ink)
		}
		s.close()
	}
}

// apart moves places that are closer than gap away from each other, as little as possible, within lo..hi, and keeps
// their order (pool adjacent blocks).
func apart(ys []float64, gap, lo, hi float64) []float64 {
	n := len(ys)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return ys[order[i]] < ys[order[j]] })
	type block struct {
		sum float64 // of the places that its members want its first member to have
		n   int
	}
	var blocks []block
	pos := func(b block) float64 {
		p := b.sum / float64(b.n)
		return math.Max(lo, math.Min(p, hi-gap*float64(b.n-1)))
	}
	for _, i := range order {
		blocks = append(blocks, block{ys[i], 1})
		for len(blocks) > 1 {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			if pos(a)+gap*float64(a.n) <= pos(b)+1e-9 {
				break
			}
			blocks = append(blocks[:len(blocks)-2], block{a.sum + b.sum - gap*float64(a.n*b.n), a.n + b.n})
		}
	}
	out := make([]float64, n)
	i := 0
	for _, b := range blocks {
		p := pos(b)
		for j := range b.n {
			out[order[i]] = p + gap*float64(j)
			i++
		}
	}
	return out
}

package raster

import (
	"fmt"
	"math"
)

// Filter is a resampling filter, as Pillow names and defines it.
type Filter int

// The filters. Widths (support) are in source pixels when enlarging and widen in proportion when shrinking.
const (
	Nearest  Filter = iota
	Box             // support 0.5
	Bilinear        // support 1
	Hamming         // support 1
	Bicubic         // support 2, a = -0.5
	Lanczos         // support 3
)

var filterNames = []string{"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"}

func (f Filter) String() string { return filterNames[f] }

// ParseFilter finds a filter by its lower-case name.
func ParseFilter(name string) (Filter, error) {
	for i, n := range filterNames {
		if n == name {
			return Filter(i), nil
		}
	}
	return 0, fmt.Errorf("there is no filter %q; there are %v", name, filterNames)
}

func (f Filter) support() float64 { return [...]float64{0, .5, 1, 1, 2, 3}[f] }

func (f Filter) weight(x float64) float64 {
	switch f {
	case Box:
		if x > -.5 && x <= .5 {
			return 1
		}
	case Bilinear:
		if x = math.Abs(x); x < 1 {
			return 1 - x
		}
	case Hamming:
		if x = math.Abs(x); x == 0 {
			return 1
		} else if x < 1 {
			x *= math.Pi
			// Pillow's constants are single precision.
			return math.Sin(x) / x * (float64(float32(.54)) + float64(float32(.46))*math.Cos(x))
		}
	case Bicubic:
		const a = -.5
		if x = math.Abs(x); x < 1 {
			return ((a+2)*x-(a+3))*x*x + 1
		} else if x < 2 {
			return (((x-5)*x+8)*x - 4) * a
		}
	case Lanczos:
		if x >= -3 && x < 3 {
			return sinc(x) * sinc(x/3)
		}
	}
	return 0
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// taps are the weights of one axis: output i is the sum of k[i*size+j] * input[first[i]+j] for j < count[i].
type taps struct {
	first, count []int
	k            []float64
	size         int
}

// axis computes the taps of one axis as Pillow's precompute_coeffs does.
func axis(in, out int, f Filter) taps {
	scale := float64(in) / float64(out)
	wide := math.Max(scale, 1)
	support := f.support() * wide
	size := int(math.Ceil(support))*2 + 1
	t := taps{make([]int, out), make([]int, out), make([]float64, out*size), size}
	for i := range t.first {
		centre := (float64(i) + .5) * scale
		lo := max(0, int(centre-support+.5))
		n := min(in, int(centre+support+.5)) - lo
		row := t.k[i*size : i*size+n]
		sum := 0.0
		for j := range row {
			row[j] = f.weight((float64(j+lo) - centre + .5) * (1 / wide))
			sum += row[j]
		}
		for j := range row {
			if sum != 0 {
				row[j] /= sum
			}
		}
		t.first[i], t.count[i] = lo, n
	}
	return t
}

const precision = 32 - 8 - 2 // bits of the fixed-point weights

// fixed rounds the weights to fixed point, half away from zero.
func (t taps) fixed() []int32 {
	out := make([]int32, len(t.k))
	for i, v := range t.k {
		if v < 0 {
			out[i] = int32(v*(1<<precision) - .5)
		} else {
			out[i] = int32(v*(1<<precision) + .5)
		}
	}
	return out
}

func clip8(v int32) uint8 {
	v >>= precision
	if v < 0 {
		return 0
	}
	if v > 255 {
		return 255
	}
	return uint8(v)
}

// Resize brings a picture to w x h pixels with the very bytes of Image.resize in Pillow up to 12: a horizontal, then a
// vertical pass in 22-bit fixed point with 8-bit numbers between them; a pass that changes nothing is left out. It panics
// if w or h is less than 1.
//
// Pillow 13 runs the vertical pass first where the height shrinks by more than twice the pixels that the width does (a
// portrait squashed to a square, or one more than twice as high as wide). That saves time and moves some bytes. The
// features that the field has published were computed with the one fixed order, so that is what is done here.
func Resize(m *Image, w, h int, f Filter) *Image {
	if w < 1 || h < 1 {
		panic(fmt.Sprintf("raster: cannot resize to %d x %d", w, h))
	}
	if f == Nearest {
		return nearest(m, w, h)
	}
	if w != m.W {
		m = resizeRows(m, w, f)
	} else if h == m.H {
		return m.Clone()
	}
	if h != m.H {
		m = resizeColumns(m, h, f)
	}
	return m
}

func nearest(m *Image, w, h int) *Image {
	out := New(w, h)
	px, py := nearestPlaces(m.W, w), nearestPlaces(m.H, h)
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			copy(out.Pix[3*(y*w+x):3*(y*w+x)+3], m.Pix[3*(py[y]*m.W+px[x]):])
		}
	}
	return out
}

// nearestPlaces gives the sample that each output takes. Pillow adds the step up, and so do we: on ties the sum's last
// digit decides.
func nearestPlaces(in, out int) []int {
	places := make([]int, out)
	step := float64(in) / float64(out)
	at := step * .5
	for i := range places {
		places[i] = min(in-1, int(at))
		at += step
	}
	return places
}

func resizeRows(m *Image, w int, f Filter) *Image {
	t := axis(m.W, w, f)
	k := t.fixed()
	out := New(w, m.H)
	for y := 0; y < m.H; y++ {
		src, dst := m.Pix[3*y*m.W:3*(y+1)*m.W], out.Pix[3*y*w:3*(y+1)*w]
		for x := 0; x < w; x++ {
			weights := k[x*t.size : x*t.size+t.count[x]]
			p := src[3*t.first[x]:]
			p = p[:3*len(weights)]
			var r, g, b int32 = 1 << (precision - 1), 1 << (precision - 1), 1 << (precision - 1)
			for j, c := range weights {
				q := p[3*j : 3*j+3 : 3*j+3]
				r += int32(q[0]) * c
				g += int32(q[1]) * c
				b += int32(q[2]) * c
			}
			d := dst[3*x : 3*x+3 : 3*x+3]
			d[0], d[1], d[2] = clip8(r), clip8(g), clip8(b)
		}
	}
	return out
}

func resizeColumns(m *Image, h int, f Filter) *Image {
	t := axis(m.H, h, f)
	k := t.fixed()
	out := New(m.W, h)
	stride := 3 * m.W
	acc := make([]int32, stride)
	for y := 0; y < h; y++ {
		for i := range acc {
			acc[i] = 1 << (precision - 1)
		}
		for j := 0; j < t.count[y]; j++ {
			c := k[y*t.size+j]
			src := m.Pix[(t.first[y]+j)*stride:][:len(acc)]
			for i, v := range src {
				acc[i] += int32(v) * c
			}
		}
		dst := out.Pix[y*stride:][:len(acc)]
		for i, v := range acc {
			dst[i] = clip8(v)
		}
	}
	return out
}

// ResizeMap brings a map to w x h with Pillow's filters for 32-bit float pictures: the same two passes, weights in double
// precision, nothing rounded between them (Pillow keeps float32 between the passes; this keeps float64).
func ResizeMap(m *Map, w, h int, f Filter) *Map {
	if w < 1 || h < 1 {
		panic(fmt.Sprintf("raster: cannot resize a map to %d x %d", w, h))
	}
	if f == Nearest {
		out := NewMap(w, h)
		px, py := nearestPlaces(m.W, w), nearestPlaces(m.H, h)
		for y := 0; y < h; y++ {
			for x := 0; x < w; x++ {
				out.V[y*w+x] = m.V[py[y]*m.W+px[x]]
			}
		}
		return out
	}
	tx, ty := axis(m.W, w, f), axis(m.H, h, f)
	mid := NewMap(w, m.H)
	for y := 0; y < m.H; y++ {
		for x := 0; x < w; x++ {
			sum := 0.0
			for j := 0; j < tx.count[x]; j++ {
				sum += m.V[y*m.W+tx.first[x]+j] * tx.k[x*tx.size+j]
			}
			mid.V[y*w+x] = sum
		}
	}
	out := NewMap(w, h)
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			sum := 0.0
			for j := 0; j < ty.count[y]; j++ {
				sum += mid.V[(ty.first[y]+j)*w+x] * ty.k[y*ty.size+j]
			}
			out.V[y*w+x] = sum
		}
	}
	return out
}

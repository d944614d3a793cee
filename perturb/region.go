package perturb

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	"probity/internal/raster"
	"probity/internal/stream"
	"probity/internal/trial"
)

// Region says where an edit acts.
type Region struct {
	Shape     string  // one of Shapes
	Area      float64 // fraction of the picture, in (0, 1]; not for whole and the shapes that a mask gives
	Placement string  // one of Placements; "" is "random"
	Mask      string  // path of a mask file, for shape "mask"
}

// Shapes are the shapes that a region can have.
//
//	whole       every pixel
//	disc, box   pixels ranked by Euclidean or Chebyshev distance from a centre
//	blob        pixels ranked by distance plus smooth noise: a disc with a random outline
//	superpixel  whole superpixels (SLIC), the nearest to a centre first; the last one is cut where the area is reached
//	object, background   the data set's mask
//	ring        a band around the object's mask, widened until it holds the area
//	mask        an 8-bit picture, white is inside
var Shapes = []string{"whole", "disc", "box", "blob", "superpixel", "object", "background", "ring", "mask"}

// Placements are the ways to choose a centre: uniformly at random such that a disc of 16 % fits, where the picture varies
// most or least, at the border (where a centre crop would lose it), or at the centre.
var Placements = []string{"random", "salient", "flat", "border", "centre"}

// fits is the area, as a fraction of the picture, whose disc a random centre leaves room for.
const fits = .16

// Resolve gives the region's pixels in the size of img. Of an area a region holds exactly round(area x W x H) pixels, at
// least one; it is the set of that many smallest values of a field that depends on the streams alone, so that a smaller
// area of the same streams lies within a larger one. draw opens the region's streams.
func (r Region) Resolve(ctx context.Context, src *trial.Source, img *raster.Image, draw func(purpose string) *stream.Stream) (*raster.Mask, error) {
	switch r.Shape {
	case "", "whole":
		return nil, nil
	case "object", "background":
		m, err := src.Picture.Mask(ctx, r.Shape)
		if err != nil {
			return nil, fmt.Errorf("region %s of %s: %w", r.Shape, src.ID, err)
		}
		return filled(m, r.Shape, src.ID)
	case "mask":
		data, err := os.ReadFile(r.Mask)
		if err != nil {
			return nil, fmt.Errorf("region mask: %w", err)
		}
		m, err := raster.DecodeMask(data)
		if err != nil {
			return nil, fmt.Errorf("region mask %s: %w", r.Mask, err)
		}
		if m.W != img.W || m.H != img.H {
			return nil, fmt.Errorf("region mask %s is %d x %d, the picture %s is %d x %d", r.Mask, m.W, m.H, src.ID, img.W, img.H)
		}
		return filled(m, r.Mask, src.ID)
	}
	if !(r.Area > 0 && r.Area <= 1) {
		return nil, fmt.Errorf("region %s: area %g is outside 0 to 1", r.Shape, r.Area)
	}
	field, err := r.field(ctx, src, img, draw)
	if err != nil {
		return nil, err
	}
	return smallest(field, img.W, img.H, max(1, int(math.Round(r.Area*float64(img.W*img.H))))), nil
}

func filled(m *raster.Mask, name, id string) (*raster.Mask, error) {
	if m.Count() == 0 {
		return nil, fmt.Errorf("region %s of %s is empty", name, id)
	}
	return m, nil
}

// field ranks the pixels.
func (r Region) field(ctx context.Context, src *trial.Source, img *raster.Image, draw func(string) *stream.Stream) ([]float64, error) {
	w, h := img.W, img.H
	field := make([]float64, w*h)
	if r.Shape == "ring" {
		m, err := src.Picture.Mask(ctx, "object")
		if err != nil {
			return nil, fmt.Errorf("region ring of %s: %w", src.ID, err)
		}
		d := distanceTo(m)
		for i := range field {
			if field[i] = d[i]; m.In[i] != 0 {
				field[i] = math.Inf(1)
			}
		}
		return field, nil
	}
	cx, cy, err := r.centre(img, draw)
	if err != nil {
		return nil, err
	}
	if r.Shape == "superpixel" {
		return superpixelField(img, cx, cy), nil
	}
	var rough []float64
	if r.Shape == "blob" {
		rough = smoothNoise(w, h, draw("outline"))
	}
	unit := math.Sqrt(float64(w*h) / math.Pi)
	for y := range h {
		for x := range w {
			dx, dy := float64(x)-cx, float64(y)-cy
			i := y*w + x
			switch r.Shape {
			case "disc":
				field[i] = dx*dx + dy*dy
			case "box":
				field[i] = math.Max(math.Abs(dx), math.Abs(dy))
			case "blob":
				// The outline wanders by a quarter of the radius, whatever the radius.
				d := math.Hypot(dx, dy) / unit
				field[i] = d * (1 + .25*rough[i])
			default:
				return nil, fmt.Errorf("there is no region shape %q; there are %q", r.Shape, Shapes)
			}
		}
	}
	return field, nil
}

// centre chooses the region's centre in pixels (of their centres).
func (r Region) centre(img *raster.Image, draw func(string) *stream.Stream) (x, y float64, err error) {
	s := draw("centre")
	u, v := s.Float64(), s.Float64()
	w, h := float64(img.W), float64(img.H)
	room := min(math.Sqrt(fits*w*h/math.Pi), .45*w, .45*h)
	inside := func(u, v float64) (float64, float64) {
		return room + u*(w-2*room) - .5, room + v*(h-2*room) - .5
	}
	switch r.Placement {
	case "", "random":
		x, y = inside(u, v)
		return x, y, nil
	case "centre":
		return w/2 - .5, h/2 - .5, nil
	case "border":
		// A place on the outline, all sides in proportion to their length.
		p := u * 2 * (w + h)
		switch {
		case p < w:
			return p - .5, 0, nil
		case p < w+h:
			return w - 1, p - w - .5, nil
		case p < 2*w+h:
			return p - w - h - .5, h - 1, nil
		}
		return 0, p - 2*w - h - .5, nil
	case "salient", "flat":
		// Of 32 candidates the one around which luminance varies most, or least.
		best, bx, by := math.Inf(-1), 0.0, 0.0
		for range 32 {
			cx, cy := inside(s.Float64(), s.Float64())
			v := variation(img, cx, cy, room/2)
			if r.Placement == "flat" {
				v = -v
			}
			if v > best {
				best, bx, by = v, cx, cy
			}
		}
		return bx, by, nil
	}
	return 0, 0, fmt.Errorf("there is no placement %q; there are %q", r.Placement, Placements)
}

// variation is the variance of luma in a square around a point.
func variation(img *raster.Image, cx, cy, radius float64) float64 {
	var n, sum, squares float64
	for y := max(0, int(cy-radius)); y < min(img.H, int(cy+radius)+1); y++ {
		for x := max(0, int(cx-radius)); x < min(img.W, int(cx+radius)+1); x++ {
			p := img.Pix[3*(y*img.W+x):]
			l := .299*float64(p[0]) + .587*float64(p[1]) + .114*float64(p[2])
			n, sum, squares = n+1, sum+l, squares+l*l
		}
	}
	if n == 0 {
		return 0
	}
	return squares/n - sum*sum/(n*n)
}

// smallest marks the k pixels with the smallest field; equal values go by place.
func smallest(field []float64, w, h, k int) *raster.Mask {
	m := raster.NewMask(w, h)
	k = min(k, len(field))
	edge := kth(append([]float64(nil), field...), k)
	left := k
	for i, v := range field {
		if v < edge {
			m.In[i] = 1
			left--
		}
	}
	for i, v := range field {
		if left > 0 && v == edge {
			m.In[i] = 1
			left--
		}
	}
	return m
}

// kth is the k-th smallest of v, k from 1; it reorders v (Hoare, 1961, with the median of three as pivot).
func kth(v []float64, k int) float64 {
	lo, hi := 0, len(v)-1
	for lo < hi {
		a, b, c := v[lo], v[(lo+hi)/2], v[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k-1 <= j:
			hi = j
		case k-1 >= i:
			lo = i
		default:
			return v[k-1]
		}
	}
	return v[lo]
}

// smoothNoise is standard normal noise whose finest detail is an eighth of the picture: a coarse grid of independent
// values, enlarged by the bicubic filter.
func smoothNoise(w, h int, s *stream.Stream) []float64 {
	const n = 8
	grid := raster.NewMap(n, n)
	for i := range grid.V {
		grid.V[i] = s.Norm()
	}
	big := raster.ResizeMap(grid, w, h, raster.Bicubic)
	for i, v := range big.V {
		big.V[i] = min(2, max(-2, v))
	}
	return big.V
}

// distanceTo is each pixel's squared Euclidean distance from the nearest pixel inside (Felzenszwalb and Huttenlocher,
// 2012); +Inf where the mask is empty.
func distanceTo(m *raster.Mask) []float64 {
	d := make([]float64, len(m.In))
	for i, v := range m.In {
		if v == 0 {
			d[i] = math.Inf(1)
		}
	}
	n := max(m.W, m.H)
	f, out := make([]float64, n), make([]float64, n)
	at, from := make([]int, n), make([]float64, n+1)
	for y := range m.H {
		row := d[y*m.W : (y+1)*m.W]
		copy(f, row)
		lowerEnvelope(f[:m.W], out, at, from)
		copy(row, out[:m.W])
	}
	for x := range m.W {
		for y := range m.H {
			f[y] = d[y*m.W+x]
		}
		lowerEnvelope(f[:m.H], out, at, from)
		for y := range m.H {
			d[y*m.W+x] = out[y]
		}
	}
	return d
}

// lowerEnvelope gives out[q] = min over p of f[p] + (q-p)^2.
func lowerEnvelope(f, out []float64, at []int, from []float64) {
	k := -1
	for q := range f {
		if math.IsInf(f[q], 1) {
			continue
		}
		s := math.Inf(-1)
		for k >= 0 {
			p := at[k]
			s = (f[q] + float64(q*q) - f[p] - float64(p*p)) / float64(2*(q-p))
			if s > from[k] {
				break
			}
			k--
			s = math.Inf(-1)
		}
		k++
		at[k], from[k] = q, s
		from[k+1] = math.Inf(1)
	}
	if k < 0 {
		for q := range f {
			out[q] = math.Inf(1)
		}
		return
	}
	j := 0
	for q := range f {
		for from[j+1] < float64(q) {
			j++
		}
		p := at[j]
		out[q] = f[p] + float64((q-p)*(q-p))
	}
}

// KnownShape reports whether a region can have a shape.
func KnownShape(shape string) bool { return slices.Contains(Shapes, shape) }

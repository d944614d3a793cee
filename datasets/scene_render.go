package datasets

import (
	"fmt"
	"math"

	"golang.org/x/image/vector"

	"probity/internal/raster"
	"probity/internal/stream"
)

// renderer holds the scratch memory of one goroutine; a second render of the same size allocates only its results.
type renderer struct {
	size   int
	linear []float32 // linear-light RGB, 3 floats a pixel
	cover  [][]uint8 // coverage of each object by itself, 0..255
	vis    []uint8   // scratch
	vec    *vector.Rasterizer
}

func newRenderer(size int) *renderer {
	return &renderer{size: size, linear: make([]float32, 3*size*size), vis: make([]uint8, size*size), vec: vector.NewRasterizer(size, size)}
}

// Render draws the scene at size x size pixels. It is deterministic: the same scene gives the same bytes.
func (sc *Scene) Render(size int) (*raster.Image, error) {
	img, _, err := newRenderer(size).render(sc, false)
	return img, err
}

// Masks gives, for each object, the pixels at least half covered by it and not hidden by a later one.
func (sc *Scene) Masks(size int) ([]*raster.Mask, error) {
	_, masks, err := newRenderer(size).render(sc, true)
	return masks, err
}

func (r *renderer) render(sc *Scene, masks bool) (*raster.Image, []*raster.Mask, error) {
	n := r.size
	r.ground(sc)
	for len(r.cover) < len(sc.Objects) {
		r.cover = append(r.cover, make([]uint8, n*n))
	}
	for k := range sc.Objects {
		if err := r.object(sc, k); err != nil {
			return nil, nil, fmt.Errorf("rendering scene %d: %w", sc.Index, err)
		}
	}
	img := raster.New(n, n)
	r.develop(sc, img.Pix)
	if !masks {
		return img, nil, nil
	}
	out := make([]*raster.Mask, len(sc.Objects))
	for k := range sc.Objects {
		m := raster.NewMask(n, n)
		for i, c := range r.cover[k] {
			if c >= 128 {
				m.In[i] = 1
				for _, later := range out[:k] {
					later.In[i] = 0
				}
			}
		}
		out[k] = m
	}
	return img, out, nil
}

// Geometry of the patterns: periods as fractions of the side, so that they are seen at 64 pixels (7 and 10 of them).
const (
	objectPeriod = 7. / 64
	groundPeriod = 10. / 64
	groundDepth  = .16 // how much darker the ground's second colour is
)

func (r *renderer) ground(sc *Scene) {
	n, g := r.size, sc.Ground
	a := linearOf(g.Colour, g.Colour2, g.Mix)
	b := a
	for c := range b {
		b[c] *= 1 - groundDepth
	}
	sin, cos := math.Sincos(g.Angle)
	px := 1 / float64(n)
	soft := .5 * px / groundPeriod
	for y := 0; y < n; y++ {
		fy := (float64(y)+.5)*px - sc.Nuisance.ShiftY
		row := r.linear[3*y*n : 3*(y+1)*n]
		for x := 0; x < n; x++ {
			fx := (float64(x)+.5)*px - sc.Nuisance.ShiftX
			t := float32(0)
			if g.Texture != "solid" {
				t = float32(texture(g.Texture, (cos*fx+sin*fy)/groundPeriod+g.Phase, (cos*fy-sin*fx)/groundPeriod+g.Phase, soft))
			}
			for c := 0; c < 3; c++ {
				row[3*x+c] = a[c] + t*(b[c]-a[c])
			}
		}
	}
}

func (r *renderer) object(sc *Scene, k int) error {
	n, o := r.size, &sc.Objects[k]
	side := float64(n)
	cx, cy := (o.X+sc.Nuisance.ShiftX)*side, (o.Y+sc.Nuisance.ShiftY)*side
	radius := o.Size / 2 * side
	sin, cos := math.Sincos(o.Angle)
	cover := r.cover[k]
	clear(cover)
	r.vec.Reset(n, n)
	if err := drawShape(&pen{r: r.vec, cx: cx, cy: cy, ux: radius * cos, uy: radius * sin}, o.Shape); err != nil {
		return err
	}
	r.vec.Draw(alphaOf(cover, n), alphaOf(cover, n).Rect, opaque, opaqueAt)

	base := linearOf(o.Colour, o.Colour2, o.Mix)
	second := patternColour(base)
	soft := .5 / (side * objectPeriod)
	x0, x1 := span(cx, radius, n)
	y0, y1 := span(cy, radius, n)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			a := cover[y*n+x]
			if a == 0 {
				continue
			}
			dx, dy := (float64(x)+.5-cx)/side, (float64(y)+.5-cy)/side
			u, v := (cos*dx+sin*dy)/objectPeriod, (cos*dy-sin*dx)/objectPeriod
			if o.Texture != "ringed" { // rings are centred on the object
				u, v = u+o.Phase, v+o.Phase
			}
			t := texture(o.Texture, u, v, soft)
			if o.Strip > 0 {
				t += o.Strip * (texture(o.Text2, u, v, soft) - t)
			}
			w, tt := float32(a)/255, float32(t)
			p := r.linear[3*(y*n+x) : 3*(y*n+x)+3]
			for c := range p {
				p[c] += w * (base[c] + tt*(second[c]-base[c]) - p[c])
			}
		}
	}
	return nil
}

// develop turns linear light into 8-bit sRGB: light, then encoding, then sensor noise, then rounding.
func (r *renderer) develop(sc *Scene, pix []uint8) {
	n, q := r.size, sc.Nuisance
	noise := stream.Key{Seed: sc.Seed, Step: "scene noise " + indexText(sc.Index), Purpose: "noise", Replicate: q.Draw}.Open()
	sin, cos := math.Sincos(q.SlopeDir)
	i := 0
	for y := 0; y < n; y++ {
		for x := 0; x < n; x++ {
			d := cos*(float64(x)+.5-float64(n)/2)/float64(n) + sin*(float64(y)+.5-float64(n)/2)/float64(n)
			light := float32(q.Gain * (1 - q.Slope*d))
			for c := 0; c < 3; c++ {
				v := encode(r.linear[i] * light)
				if q.Noise > 0 {
					// The sum of four uniform numbers (Irwin and Hall) is close to normal and four times as fast.
					b := noise.Uint64()
					sum := b&0xffff + b>>16&0xffff + b>>32&0xffff + b>>48
					v += float32(q.Noise) * (float32(sum) - 2*65535) * (1.7320508 / 65536)
				}
				switch {
				case v <= 0:
					pix[i] = 0
				case v >= 255:
					pix[i] = 255
				default:
					pix[i] = uint8(v + .5)
				}
				i++
			}
		}
	}
}

func span(centre, radius float64, n int) (int, int) {
	radius = 1.05*radius + 1 // a curve may leave the unit circle a little
	return max(0, int(centre-radius)), min(n, int(centre+radius)+1)
}

// linearOf is a colour in linear light, blended towards a second one.
func linearOf(name, second string, mix float64) [3]float32 {
	a := decoded[name]
	if mix > 0 {
		b := decoded[second]
		for c := range a {
			a[c] += float32(mix) * (b[c] - a[c])
		}
	}
	return a
}

// patternColour is the second colour of an object's pattern: darker, or for the dark colours lighter.
func patternColour(base [3]float32) [3]float32 {
	if luminance := .2126*base[0] + .7152*base[1] + .0722*base[2]; luminance < .16 {
		for c := range base {
			base[c] += .55 * (1 - base[c])
		}
		return base
	}
	for c := range base {
		base[c] *= .3
	}
	return base
}

var decoded = func() map[string][3]float32 {
	out := map[string][3]float32{}
	for name, rgb := range srgb {
		var lin [3]float32
		for c, v := range rgb {
			f := float64(v) / 255
			if f <= .04045 {
				lin[c] = float32(f / 12.92)
			} else {
				lin[c] = float32(math.Pow((f+.055)/1.055, 2.4))
			}
		}
		out[name] = lin
	}
	return out
}()

// encodeTable maps linear light, in steps of 1/4095, to sRGB levels 0..255.
var encodeTable = func() [4097]float32 {
	var t [4097]float32
	for i := range t {
		f := float64(i) / 4095
		if f <= .0031308 {
			t[i] = float32(255 * 12.92 * f)
		} else {
			t[i] = float32(255 * (1.055*math.Pow(f, 1/2.4) - .055))
		}
	}
	return t
}()

func encode(lin float32) float32 {
	f := lin * 4095
	switch {
	case f <= 0:
		return 0
	case f >= 4095:
		return encodeTable[4095]
	}
	i := int(f)
	return encodeTable[i] + (f-float32(i))*(encodeTable[i+1]-encodeTable[i])
}

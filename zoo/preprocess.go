package zoo

import (
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/trial"
)

// geometry is how one picture size is brought to a model's input: resized to rw x rh, then the window of w x h at
// (x0, y0) is taken; where the window is larger than the resized picture (fit pad), x0 or y0 is negative.
type geometry struct {
	srcW, srcH int
	rw, rh     int
	x0, y0     int
	w, h       int
}

// plan lays out the geometry for a picture of w x h pixels.
func (p *Preprocess) plan(w, h int, native bool) geometry {
	g := geometry{srcW: w, srcH: h, rw: w, rh: h, w: w, h: h}
	if native || p.Fit == "asis" {
		return g
	}
	g.h, g.w = p.Size[0], p.Size[1]
	switch p.Fit {
	case "squash":
		g.rw, g.rh = g.w, g.h
	case "crop":
		// torchvision.transforms.Resize with one number: the longer side is truncated.
		if w <= h {
			g.rw, g.rh = p.Resize, int(int64(p.Resize)*int64(h)/int64(w))
		} else {
			g.rw, g.rh = int(int64(p.Resize)*int64(w)/int64(h)), p.Resize
		}
		g.x0, g.y0 = margin(g.rw-g.w, p.Centre), margin(g.rh-g.h, p.Centre)
	case "pad":
		scale := math.Min(float64(g.w)/float64(w), float64(g.h)/float64(h))
		g.rw = min(g.w, max(1, int(math.Round(float64(w)*scale))))
		g.rh = min(g.h, max(1, int(math.Round(float64(h)*scale))))
		g.x0, g.y0 = -((g.w - g.rw) / 2), -((g.h - g.rh) / 2)
	}
	return g
}

func margin(spare int, centre string) int {
	if centre == "floor" {
		return spare / 2
	}
	return int(math.RoundToEven(float64(spare) / 2))
}

// Prepared is a picture brought to a model's input size, still as bytes: all that the model will see of it. It may be
// kept and given to several runs.
type Prepared struct {
	img    *raster.Image
	native bool
}

// Prepare resizes and crops a picture as the manifest says. native keeps the picture's own size, for models that take
// any.
func (m *Model) Prepare(img *raster.Image, native bool) (*Prepared, error) {
	p := &m.man.Preprocess
	if img == nil || img.W < 1 || img.H < 1 {
		return nil, fmt.Errorf("preparing a picture for %s: the picture is empty", m.man.Name)
	}
	if len(img.Pix) != 3*img.W*img.H {
		return nil, fmt.Errorf("preparing a picture for %s: %d x %d pixels with %d bytes, wants %d", m.man.Name, img.W, img.H, len(img.Pix), 3*img.W*img.H)
	}
	if err := m.takes(img.W, img.H, native); err != nil {
		return nil, err
	}
	return &Prepared{img: p.apply(img, native), native: native}, nil
}

// apply brings a picture to the input's size; where nothing is to be done it returns img itself.
func (p *Preprocess) apply(img *raster.Image, native bool) *raster.Image {
	g := p.plan(img.W, img.H, native)
	out := img
	if g.rw != img.W || g.rh != img.H {
		filter, err := raster.ParseFilter(p.Filter)
		if err != nil {
			panic("zoo: a checked manifest has a wrong filter: " + err.Error())
		}
		out = raster.Resize(img, g.rw, g.rh, filter)
	}
	if g.x0 == 0 && g.y0 == 0 && g.w == out.W && g.h == out.H {
		return out
	}
	cut := raster.New(g.w, g.h)
	if p.Fit == "pad" && p.Pad != 0 {
		for i := range cut.Pix {
			cut.Pix[i] = uint8(p.Pad)
		}
	}
	left, right := max(0, g.x0), min(out.W, g.x0+g.w)
	for y := max(0, g.y0); y < min(out.H, g.y0+g.h); y++ {
		copy(cut.Pix[3*((y-g.y0)*g.w+left-g.x0):], out.Pix[3*(y*out.W+left):3*(y*out.W+right)])
	}
	return cut
}

// takes says whether the model can be given pictures of this size.
func (m *Model) takes(w, h int, native bool) error {
	if !native && m.man.Preprocess.Fit != "asis" {
		return nil
	}
	if m.fixedH > 0 && h != m.fixedH || m.fixedW > 0 && w != m.fixedW {
		return fmt.Errorf("%s takes pictures of %d x %d pixels only and was given one of %d x %d at its own size; use a model with a dynamic height and width, or set the working size to that",
			m.man.Name, m.fixedW, m.fixedH, w, h)
	}
	return nil
}

// InputSize is the width and height of the model's input for a picture of w x h pixels.
func (m *Model) InputSize(w, h int, native bool) (int, int) {
	g := m.man.Preprocess.plan(w, h, native)
	return g.w, g.h
}

// Visible is the fraction of a masked area that is left in the model's input after cropping; 1 where the mask is empty.
// A nil mask stands for the whole picture of w x h pixels.
func (m *Model) Visible(mask *raster.Mask, w, h int) float64 { return m.man.Visible(mask, w, h) }

// Visible is the fraction of a masked area that is left in the model's input after cropping; 1 where the mask is empty.
// A nil mask stands for the whole picture of w x h pixels. Pixels on the edge of the crop count by their covered part.
func (man *Manifest) Visible(mask *raster.Mask, w, h int) float64 {
	if mask != nil {
		w, h = mask.W, mask.H
	}
	g := man.Preprocess.plan(w, h, false)
	// The window in source pixels.
	sx, sy := float64(w)/float64(g.rw), float64(h)/float64(g.rh)
	x0, x1 := max(0, float64(g.x0)*sx), min(float64(w), float64(g.x0+g.w)*sx)
	y0, y1 := max(0, float64(g.y0)*sy), min(float64(h), float64(g.y0+g.h)*sy)
	if mask == nil {
		return (x1 - x0) * (y1 - y0) / (float64(w) * float64(h))
	}
	cover := func(i int, a, b float64) float64 { return max(0, min(float64(i+1), b)-max(float64(i), a)) }
	cols := make([]float64, w)
	for x := range cols {
		cols[x] = cover(x, x0, x1)
	}
	var inside, all float64
	for y := 0; y < h; y++ {
		row := cover(y, y0, y1)
		for x, v := range mask.In[y*w : (y+1)*w] {
			if v != 0 {
				all++
				inside += row * cols[x]
			}
		}
	}
	if all == 0 {
		return 1
	}
	return inside / all
}

// tables are the 256 values that a channel's bytes become, for channels R, G, B of the picture.
type tables [3][256]float32

func (p *Preprocess) tables() *tables {
	var t tables
	for c := range t {
		i := c
		if p.Order == "BGR" {
			i = 2 - c
		}
		for b := range t[c] {
			t[c][b] = float32((float64(b)*p.Scale - p.Mean[i]) / p.Std[i])
		}
	}
	return &t
}

// fill writes a prepared picture into one place of the input tensor.
func (p *Preprocess) fill(dst []float32, img *raster.Image, t *tables, nhwc bool) {
	n := img.W * img.H
	r, g, b := 0, 1, 2 // the channel's place in the tensor
	if p.Order == "BGR" {
		r, b = 2, 0
	}
	pix := img.Pix[:3*n]
	if nhwc {
		dst = dst[:3*n]
		for i := 0; i < 3*n; i += 3 {
			dst[i+r] = t[0][pix[i]]
			dst[i+g] = t[1][pix[i+1]]
			dst[i+b] = t[2][pix[i+2]]
		}
		return
	}
	dr, dg, db := dst[r*n:(r+1)*n], dst[g*n:(g+1)*n], dst[b*n:(b+1)*n]
	for i := range dr {
		j := 3 * i
		dr[i], dg[i], db[i] = t[0][pix[j]], t[1][pix[j+1]], t[2][pix[j+2]]
	}
}

// Tensor is the preprocessed picture as trial.InputTensor: [3,H,W], red, green, blue, scaled to 0..1.
func (p *Prepared) Tensor() *trial.Tensor {
	n := p.img.W * p.img.H
	t := &trial.Tensor{Layout: trial.Grid, Shape: []int{3, p.img.H, p.img.W}, H: p.img.H, W: p.img.W, Data: make([]float32, 3*n)}
	for i := 0; i < n; i++ {
		for c := 0; c < 3; c++ {
			t.Data[c*n+i] = float32(p.img.Pix[3*i+c]) / 255
		}
	}
	return t
}

// Image is the preprocessed picture. It must not be changed.
func (p *Prepared) Image() *raster.Image { return p.img }

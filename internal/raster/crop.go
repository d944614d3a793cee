package raster

import "math"

// Crop cuts w x h pixels out, from (x0, y0) on. What lies outside the picture is black.
func (m *Image) Crop(x0, y0, w, h int) *Image {
	out := New(w, h)
	for y := max(0, -y0); y < min(h, m.H-y0); y++ {
		lo, hi := max(0, -x0), min(w, m.W-x0)
		if lo < hi {
			copy(out.Pix[3*(y*w+lo):3*(y*w+hi)], m.Pix[3*((y+y0)*m.W+x0+lo):])
		}
	}
	return out
}

// CentreCrop cuts the centre out with torchvision's rounding: the offset is half the difference, halves to even. A picture
// that is too small is padded with black, as there.
func (m *Image) CentreCrop(w, h int) *Image {
	return m.Crop(centreOffset(m.W, w), centreOffset(m.H, h), w, h)
}

func centreOffset(have, want int) int {
	if want > have { // torchvision pads first: (want-have)/2 before, rounded down
		return -((want - have) / 2)
	}
	return int(math.RoundToEven(float64(have-want) / 2))
}

// ShorterSide resizes so that the shorter side is n pixels and the longer int(n * longer / shorter), as torchvision does.
func (m *Image) ShorterSide(n int, f Filter) *Image {
	if m.W <= m.H {
		return Resize(m, n, max(1, n*m.H/m.W), f)
	}
	return Resize(m, max(1, n*m.W/m.H), n, f)
}

// Crop cuts w x h pixels out of a mask, from (x0, y0) on. What lies outside it is outside.
func (m *Mask) Crop(x0, y0, w, h int) *Mask {
	out := NewMask(w, h)
	for y := max(0, -y0); y < min(h, m.H-y0); y++ {
		lo, hi := max(0, -x0), min(w, m.W-x0)
		if lo < hi {
			copy(out.In[y*w+lo:y*w+hi], m.In[(y+y0)*m.W+x0+lo:])
		}
	}
	return out
}

package raster

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// EncodePNG writes an 8-bit RGB PNG.
func (m *Image) EncodePNG() ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, rgbView{m})
	return b.Bytes(), err
}

// EncodePNG writes an 8-bit grey PNG, 255 inside and 0 outside.
func (m *Mask) EncodePNG() ([]byte, error) {
	g := image.NewGray(image.Rect(0, 0, m.W, m.H))
	for i, v := range m.In {
		g.Pix[i] = 255 * v
	}
	var b bytes.Buffer
	err := png.Encode(&b, g)
	return b.Bytes(), err
}

// EncodeJPEG writes a baseline JPEG with 4:2:0 chroma and the standard quantisation tables scaled to a quality of 1..100,
// as libjpeg scales them (Go's encoder).
func EncodeJPEG(m *Image, quality int) ([]byte, error) {
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("encoding a JPEG: quality %d is outside 1 to 100", quality)
	}
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := 0; i < m.W*m.H; i++ {
		copy(rgba.Pix[4*i:4*i+3], m.Pix[3*i:3*i+3])
		rgba.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

// rgbView lets the PNG encoder read a picture; it is opaque, so that three channels are written.
type rgbView struct{ m *Image }

func (v rgbView) ColorModel() color.Model { return color.RGBAModel }
func (v rgbView) Bounds() image.Rectangle { return image.Rect(0, 0, v.m.W, v.m.H) }
func (v rgbView) Opaque() bool            { return true }
func (v rgbView) At(x, y int) color.Color {
	p := v.m.Pix[3*(y*v.m.W+x):]
	return color.RGBA{p[0], p[1], p[2], 255}
}

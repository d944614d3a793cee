package raster

import (
	"bytes"
	"image"
)

// opaqueGIF returns a GIF whose first frame has no transparent colour, and the index of the one that it had, -1 where it
// had none. Go's decoder blanks a transparent colour, so that what alpha hid would be lost.
func opaqueGIF(data []byte) (opaque []byte, transparent int) {
	if len(data) < 13 {
		return data, -1
	}
	at := 13
	if flags := data[10]; flags&0x80 != 0 {
		at += 3 << (flags&7 + 1)
	}
	for at+1 < len(data) && data[at] == 0x21 { // an extension: its label, then blocks that begin with their length
		if at+6 < len(data) && data[at+1] == 0xf9 && data[at+2] >= 4 && data[at+3]&1 != 0 {
			data, transparent = bytes.Clone(data), int(data[at+6])
			data[at+3] &^= 1
			return data, transparent
		}
		for at += 2; at < len(data) && data[at] != 0; {
			at += 1 + int(data[at])
		}
		at++
	}
	return data, -1
}

// onCanvas puts a GIF's first frame where it belongs on the whole canvas, which is filled with one colour of its palette.
func onCanvas(img image.Image, cfg image.Config, fill int) image.Image {
	b := img.Bounds()
	frame, ok := img.(*image.Paletted)
	if !ok || b == image.Rect(0, 0, cfg.Width, cfg.Height) {
		return img
	}
	out := image.NewPaletted(image.Rect(0, 0, cfg.Width, cfg.Height), frame.Palette)
	for i := range out.Pix {
		out.Pix[i] = uint8(fill)
	}
	b = b.Intersect(out.Rect)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		copy(out.Pix[out.PixOffset(b.Min.X, y):out.PixOffset(b.Max.X-1, y)+1], frame.Pix[frame.PixOffset(b.Min.X, y):])
	}
	return out
}

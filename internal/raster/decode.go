package raster

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// Errors that a caller may decide by, with errors.Is.
var (
	ErrFormat    = errors.New("not a picture in a known format (PNG, JPEG, WebP, TIFF, BMP, GIF)")
	ErrTooLarge  = errors.New("the picture is too large")
	ErrTruncated = errors.New("the file is cut short")
)

// MaxPixels is the largest picture that is decoded, width times height: the size from which Pillow refuses.
const MaxPixels = 2 * (1024 * 1024 * 1024 / 4 / 3)

// Meta says what a file held before it became 8-bit sRGB.
type Meta struct {
	Format        string // "png", "jpeg", "webp", "tiff", "bmp", "gif"
	Width, Height int    // as stored, before EXIF orientation
	BitDepth      int    // bits a channel: 8 or 16
	Grey          bool
	Palette       bool
	Alpha         bool   // it has an alpha channel or transparent colour, which is dropped
	Orientation   int    // EXIF, 1..8; 1 where there is none
	Chroma        string // JPEG: "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1", "4:1:0"; else ""
}

type format struct {
	name string
	// dense is the most pixels that a byte of a file can hold, 0 where there is no bound: 1-bit pixels deflated 1032 times,
	// one bit for a block of 64 in a progressive JPEG, 1-bit pixels. A header that claims more is refused before anything of
	// that size is allocated.
	dense  int
	match  func(data []byte) bool
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

func prefix(p string) func([]byte) bool {
	return func(d []byte) bool { return bytes.HasPrefix(d, []byte(p)) }
}

var formats = []format{
	{"png", 8 * 1032, prefix("\x89PNG\r\n\x1a\n"), png.DecodeConfig, png.Decode},
	{"jpeg", 512, prefix("\xff\xd8"), jpeg.DecodeConfig, jpeg.Decode},
	{"webp", 0, func(d []byte) bool { return len(d) > 12 && string(d[:4]) == "RIFF" && string(d[8:12]) == "WEBP" }, webp.DecodeConfig, webp.Decode},
	{"tiff", 0, func(d []byte) bool { return prefix("II*\x00")(d) || prefix("MM\x00*")(d) }, tiff.DecodeConfig, tiff.Decode},
	{"bmp", 8, prefix("BM"), bmp.DecodeConfig, bmp.Decode},
	{"gif", 0, func(d []byte) bool { return prefix("GIF87a")(d) || prefix("GIF89a")(d) }, gif.DecodeConfig, gif.Decode},
}

// Decode reads a picture as Pillow's Image.open, ImageOps.exif_transpose and convert("RGB") do together. The format is
// told by content. Of 16-bit channels the high byte is taken (Pillow turns 16-bit grey into near-white; that is not
// copied). Alpha is dropped, not composited, and Meta says that it was there. A GIF gives its first frame. All formats
// but JPEG give Pillow's bytes (oriented and in RGB); of 130 photographs as JPEG no number is more than 3 levels off, on
// average .03, because the inverse DCTs round differently.
//
// The error is ErrFormat, ErrTooLarge or ErrTruncated where one of these is the cause, with the details.
func Decode(data []byte) (*Image, Meta, error) {
	if len(data) == 0 {
		return nil, Meta{}, fmt.Errorf("%w: it is empty", ErrTruncated)
	}
	for _, f := range formats {
		if f.match(data) {
			return decode(data, f)
		}
	}
	return nil, Meta{}, fmt.Errorf("%w: it begins with %q", ErrFormat, data[:min(len(data), 12)])
}

// DecodeFile reads a picture file; see Decode.
func DecodeFile(path string) (*Image, Meta, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, Meta{}, err
	}
	m, meta, err := Decode(data)
	if err != nil {
		return nil, meta, fmt.Errorf("%s: %w", path, err)
	}
	return m, meta, nil
}

func decode(data []byte, f format) (m *Image, meta Meta, err error) {
	meta = Meta{Format: f.name, BitDepth: 8, Orientation: 1}
	defer func() {
		// The decoders of the standard library and x/image promise errors, not panics; a broken promise is the file's fault.
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("damaged %s: %v", f.name, r)
		}
	}()
	cfg, err := f.config(bytes.NewReader(data))
	if err != nil {
		return nil, meta, broken(f.name, err)
	}
	meta.Width, meta.Height = cfg.Width, cfg.Height
	if cfg.Width < 1 || cfg.Height < 1 {
		return nil, meta, fmt.Errorf("damaged %s: its size is %d x %d", f.name, cfg.Width, cfg.Height)
	}
	if cfg.Width > MaxPixels/cfg.Height {
		return nil, meta, fmt.Errorf("%w: its header says %d x %d, more than %d megapixels", ErrTooLarge, cfg.Width, cfg.Height, MaxPixels/1000000)
	}
	if f.dense > 0 && cfg.Width*cfg.Height > f.dense*len(data) {
		return nil, meta, fmt.Errorf("%w: %s: %d bytes cannot hold the %d x %d pixels of its header", ErrTruncated, f.name, len(data), cfg.Width, cfg.Height)
	}
	transparent := -1
	if f.name == "gif" {
		data, transparent = opaqueGIF(data)
	}
	img, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return nil, meta, broken(f.name, err)
	}
	if f.name == "gif" {
		img = onCanvas(img, cfg, max(0, transparent))
	}
	m = toRGB(img, &meta)
	meta.Alpha = meta.Alpha || transparent >= 0
	if f.name == "png" && data[25]&3 == 0 { // the header's colour type: 0 grey, 4 grey with alpha
		meta.Grey = true
	}
	if o := orientation(data, f.name); o > 1 {
		meta.Orientation = o
		m = m.orient(o)
	}
	return m, meta, nil
}

func broken(name string, err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), strings.Contains(text, "not enough pixel data"):
		return fmt.Errorf("%w: %s: %v", ErrTruncated, name, err)
	case strings.Contains(text, "dimension overflow"):
		return fmt.Errorf("%w: %s: %v", ErrTooLarge, name, err)
	}
	return fmt.Errorf("damaged %s: %w", name, err)
}

// toRGB turns a decoded picture into 8-bit sRGB.
func toRGB(img image.Image, meta *Meta) *Image {
	b := img.Bounds()
	out := New(b.Dx(), b.Dy())
	each := func(stride, step int, pix []uint8, at func(d, s []uint8)) {
		for y := 0; y < out.H; y++ {
			row, dst := pix[y*stride:], out.Pix[3*y*out.W:]
			for x := 0; x < out.W; x++ {
				at(dst[3*x:3*x+3:3*x+3], row[x*step:x*step+step])
			}
		}
	}
	switch s := img.(type) {
	case *image.YCbCr:
		meta.Chroma = chromaName(s.SubsampleRatio)
		if meta.Format == "webp" {
			meta.Chroma = ""
		}
		convertYCbCr(s, out, meta.Format == "webp")
	case *image.NYCbCrA:
		meta.Alpha = true
		convertYCbCr(&s.YCbCr, out, meta.Format == "webp")
	case *image.Gray:
		meta.Grey = true
		each(s.Stride, 1, s.Pix, func(d, p []uint8) { d[0], d[1], d[2] = p[0], p[0], p[0] })
	case *image.Gray16:
		meta.Grey, meta.BitDepth = true, 16
		each(s.Stride, 2, s.Pix, func(d, p []uint8) { d[0], d[1], d[2] = p[0], p[0], p[0] })
	case *image.NRGBA:
		meta.Alpha = !opaquePix(s.Pix, 4, 3)
		each(s.Stride, 4, s.Pix, func(d, p []uint8) { copy(d, p) })
	case *image.NRGBA64:
		meta.Alpha, meta.BitDepth = true, 16
		each(s.Stride, 8, s.Pix, func(d, p []uint8) { d[0], d[1], d[2] = p[0], p[2], p[4] })
	case *image.RGBA64: // only opaque pictures are decoded to it
		meta.BitDepth = 16
		each(s.Stride, 8, s.Pix, func(d, p []uint8) { d[0], d[1], d[2] = p[0], p[2], p[4] })
	case *image.Paletted:
		meta.Palette = true
		colours := make([][3]uint8, len(s.Palette))
		for i, c := range s.Palette {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			colours[i] = [3]uint8{n.R, n.G, n.B}
			meta.Alpha = meta.Alpha || n.A < 255
		}
		each(s.Stride, 1, s.Pix, func(d, p []uint8) {
			if int(p[0]) < len(colours) {
				c := colours[p[0]]
				d[0], d[1], d[2] = c[0], c[1], c[2]
			}
		})
	case *image.CMYK:
		each(s.Stride, 4, s.Pix, func(d, p []uint8) {
			k := 255 - int(p[3])
			for c := range d {
				v := int(p[c])*k + 128
				d[c] = uint8(max(0, k-(v>>8+v)>>8))
			}
		})
	default: // *image.RGBA of opaque PNGs and RGB JPEGs, and whatever a decoder may return
		for y := 0; y < out.H; y++ {
			for x := 0; x < out.W; x++ {
				n := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
				d := out.Pix[3*(y*out.W+x):]
				d[0], d[1], d[2] = n.R, n.G, n.B
				meta.Alpha = meta.Alpha || n.A < 255
			}
		}
	}
	return out
}

func opaquePix(pix []uint8, step, at int) bool {
	for i := at; i < len(pix); i += step {
		if pix[i] != 255 {
			return false
		}
	}
	return true
}

// DecodeMask reads a mask: a picture in which a pixel is inside where its grey value (the mean of its channels) is at
// least 128.
func DecodeMask(data []byte) (*Mask, error) {
	m, _, err := Decode(data)
	if err != nil {
		return nil, err
	}
	out := NewMask(m.W, m.H)
	for i := range out.In {
		if int(m.Pix[3*i])+int(m.Pix[3*i+1])+int(m.Pix[3*i+2]) >= 3*128 {
			out.In[i] = 1
		}
	}
	return out, nil
}

package figure

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	_ "image/jpeg" // thumbnails may be JPEG
	"image/png"
	"math"

	"golang.org/x/image/draw"
)

// picture is a raster image within a figure.
type picture struct {
	name string // by content
	png  []byte
	img  image.Image
}

// thumbDPI is the resolution to which pictures in figures are reduced.
const thumbDPI = 300

// loadPicture decodes a picture and shrinks it to what w x h points can show. It is never enlarged.
func loadPicture(data []byte, w, h float64) (*picture, error) {
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	return newPicture(img, w, h)
}

func newPicture(img image.Image, w, h float64) (*picture, error) {
	b := img.Bounds()
	tw, th := int(math.Ceil(w*thumbDPI/72)), int(math.Ceil(h*thumbDPI/72))
	if tw < 1 || th < 1 || b.Empty() {
		return nil, fmt.Errorf("a picture of %d x %d pixels cannot be shown in %.1f x %.1f pt", b.Dx(), b.Dy(), w, h)
	}
	if b.Dx() <= tw && b.Dy() <= th {
		tw, th = b.Dx(), b.Dy()
	}
	out := image.NewRGBA(image.Rect(0, 0, tw, th))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	if tw == b.Dx() && th == b.Dy() {
		draw.Draw(out, out.Bounds(), img, b.Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(out, out.Bounds(), img, b, draw.Over, nil)
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, opaque(out)); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return &picture{name: fmt.Sprintf("%x", sha256.Sum256(buf.Bytes())), png: buf.Bytes(), img: out}, nil
}

// aspect is height over width of an encoded picture.
func aspect(data []byte) (float64, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, fmt.Errorf("decode picture: %w", err)
	}
	if c.Width < 1 || c.Height < 1 {
		return 0, fmt.Errorf("a picture of %d x %d pixels", c.Width, c.Height)
	}
	return float64(c.Height) / float64(c.Width), nil
}

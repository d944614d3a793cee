package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"probity/internal/raster"
	"probity/internal/trial"
)

// suitePicture is a scene as a suite shows it: perhaps stained, perhaps with words on it. Two that are equal have the same
// pixels at the same size.
type suitePicture struct {
	Scene *Scene `json:"scene"`
	Stain *stain `json:"stain,omitempty"`
	Words string `json:"words,omitempty"`
	size  int
}

// stain is damage that no caption tells: a disc whose chroma is shifted in one direction of CIELAB, as far as makes the mean
// CIEDE2000 inside it DE00. Lengths are fractions of the side.
type stain struct {
	X, Y, Radius float64
	Direction    float64 // in the a*b* plane, radians
	DE00         float64
}

// Hash implements trial.Depiction.
func (p *suitePicture) Hash() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain numbers and strings always encode
	}
	sum := sha256.Sum256(append([]byte(fmt.Sprintf("probity suite picture 1 %d\n", p.size)), text...))
	return hex.EncodeToString(sum[:])
}

// Caption implements trial.Depiction.
func (p *suitePicture) Caption() string { return p.Scene.Caption("full") + p.written() }

func (p *suitePicture) written() string {
	if p.Words == "" {
		return ""
	}
	return fmt.Sprintf(" with the words %q written on it", p.Words)
}

// Again implements trial.Depiction: other light, noise and sub-pixel place.
func (p *suitePicture) Again(draw int) trial.Depiction {
	c := *p
	c.Scene = p.Scene.clone()
	c.Scene.Nuisance = newNuisance(p.Scene.Seed, p.Scene.Index, draw, 1)
	return &c
}

// Render implements trial.Depiction.
func (p *suitePicture) Render(context.Context) (*raster.Image, error) {
	img, err := p.Scene.Render(p.size)
	if err != nil {
		return nil, err
	}
	if p.Stain != nil {
		p.Stain.apply(img)
	}
	if p.Words != "" {
		err = write(img, p.Words)
	}
	return img, err
}

// disc is where the stain lies.
func (s *stain) disc(size int) *raster.Mask {
	m := raster.NewMask(size, size)
	n := float64(size)
	for y := range size {
		for x := range size {
			if math.Hypot((float64(x)+.5)/n-s.X, (float64(y)+.5)/n-s.Y) <= s.Radius {
				m.In[y*size+x] = 1
			}
		}
	}
	return m
}

// reach is the CIEDE2000 of the largest shift of a colour that sRGB can hold, clipped.
func (s *stain) reach(colour string) float64 {
	c := srgb[colour]
	l, a, b := raster.LabOf(c[0], c[1], c[2])
	sin, cos := math.Sincos(s.Direction)
	r, g, bl, _ := raster.FromLab(l, a+mostShift*cos, b+mostShift*sin)
	l2, a2, b2 := raster.LabOf(r, g, bl)
	return raster.DeltaE00(l, a, b, l2, a2, b2)
}

// mostShift is the largest shift of chroma that is looked at, in units of CIELAB.
const mostShift = 160

// stainSteps halve the range of shifts until it is far below what 8 bits can hold.
const stainSteps = 24

// apply shifts chroma inside the disc by what brings it to the difference asked for. The search ends at the same shift for
// the same pixels, so that a stain is the same wherever the ground under it is.
func (s *stain) apply(img *raster.Image) {
	disc := s.disc(img.W)
	before := img.Clone()
	lab := raster.ToLab(before)
	sin, cos := math.Sincos(s.Direction)
	shift := func(by float64) {
		for i, in := range disc.In {
			if in == 1 {
				img.Pix[3*i], img.Pix[3*i+1], img.Pix[3*i+2], _ = raster.FromLab(lab.L[i], lab.A[i]+by*cos, lab.B[i]+by*sin)
			}
		}
	}
	low, high := 0., float64(mostShift)
	for range stainSteps {
		mid := (low + high) / 2
		shift(mid)
		if raster.MeanDeltaE00(before, img, lab, disc) < s.DE00 {
			low = mid
		} else {
			high = mid
		}
	}
	shift(high)
}

var labelFont = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(liberationsansbold.TTF) })

// labelHeight is the height of the label that words are written on, as a fraction of the side.
const labelHeight = .2

// write pastes words over the picture: black on a white label at its foot, as large as fits.
func write(img *raster.Image, words string) error {
	f, err := labelFont()
	if err != nil {
		return fmt.Errorf("reading the font: %w", err)
	}
	face := func(points float64) (font.Face, error) {
		return opentype.NewFace(f, &opentype.FaceOptions{Size: points, DPI: 72, Hinting: font.HintingNone})
	}
	n := float64(img.W)
	points := n * labelHeight * .8
	measured, err := face(points)
	if err != nil {
		return fmt.Errorf("sizing the font: %w", err)
	}
	if w := float64(font.MeasureString(measured, words)) / 64; w > .94*n {
		points *= .94 * n / w
	}
	measured.Close()
	drawn, err := face(points)
	if err != nil {
		return fmt.Errorf("sizing the font: %w", err)
	}
	defer drawn.Close()
	top := int(math.Round(n * (1 - labelHeight)))
	ink := image.NewAlpha(image.Rect(0, 0, img.W, img.H))
	width := font.MeasureString(drawn, words)
	m := drawn.Metrics()
	middle := fixed.I(top+img.H) / 2
	d := font.Drawer{Dst: ink, Src: image.Opaque, Face: drawn, Dot: fixed.Point26_6{X: (fixed.I(img.W) - width) / 2, Y: middle + (m.Ascent-m.Descent)/2}}
	d.DrawString(words)
	for y := top; y < img.H; y++ {
		for x := range img.W {
			v := 255 - ink.AlphaAt(x, y).A
			p := img.Pix[3*(y*img.W+x):]
			p[0], p[1], p[2] = v, v, v
		}
	}
	return nil
}

// suiteRegion is where an edit may act: objects of scenes, the ground, the label of words.
type suiteRegion struct {
	Scenes  []*Scene `json:"scenes"`
	Objects []int    `json:"objects,omitempty"` // of each scene
	Ground  bool     `json:"ground,omitempty"`
	Label   bool     `json:"label,omitempty"`
	size    int
}

// Hash implements trial.Region.
func (r *suiteRegion) Hash() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(append([]byte(fmt.Sprintf("probity suite region 1 %d\n", r.size)), text...))
	return hex.EncodeToString(sum[:])
}

// Mask implements trial.Region. A pixel that an object covers at all belongs to it, so that no pixel of a right edit lies outside.
func (r *suiteRegion) Mask(context.Context) (*raster.Mask, error) {
	out := raster.NewMask(r.size, r.size)
	for _, sc := range r.Scenes {
		rd := newRenderer(r.size)
		if _, _, err := rd.render(sc, false); err != nil {
			return nil, err
		}
		for _, k := range r.Objects {
			for i, c := range rd.cover[k] {
				if c > 0 {
					out.In[i] = 1
				}
			}
		}
		if r.Ground {
			for i := range out.In {
				seen := true
				for _, cover := range rd.cover[:len(sc.Objects)] {
					seen = seen && cover[i] < 255
				}
				if seen { // not wholly behind an object
					out.In[i] = 1
				}
			}
		}
	}
	if r.Label {
		for i := int(math.Round(float64(r.size)*(1-labelHeight))) * r.size; i < len(out.In); i++ {
			out.In[i] = 1
		}
	}
	return out, nil
}

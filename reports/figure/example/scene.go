package example

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strconv"

	"probity/internal/stream"
)

func short(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }

// Scene renders a small picture of a hilly landscape, size x size pixels, with a disc of the given area whose hue is
// turned by about severity.
func Scene(seed int, size int, severity, area float64) []byte {
	st := stream.Key{Seed: uint64(seed), Step: "example scene", Purpose: "shape"}.Open()
	phase := [4]float64{}
	for i := range phase {
		phase[i] = 6.28 * st.Float64()
	}
	sunX, sunY := .2+.6*st.Float64(), .15+.15*st.Float64()
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	cx, cy, rad := Disc(seed, area)
	for y := range size {
		for x := range size {
			u, v := float64(x)/float64(size), float64(y)/float64(size)
			r, g, b := 120+60*v, 160+50*v, 225-20*v
			if math.Hypot(u-sunX, v-sunY) < .08 {
				r, g, b = 250, 235, 160
			}
			for k := range 3 {
				h := .42 + .15*float64(k) + .07*math.Sin(6*u*(1+.4*float64(k))+phase[k]) + .02*math.Sin(31*u+phase[3])
				if v > h {
					t := float64(k)
					r, g, b = 60+18*t+14*math.Sin(80*u*v+phase[0]), 120-16*t+20*math.Sin(47*u+60*v), 70-8*t
				}
			}
			if math.Hypot(u-cx, v-cy) < rad {
				s := severity / 20
				r, g, b = r+s*90, g-s*50, b+s*70
			}
			img.SetNRGBA(x, y, color.NRGBA{level(r), level(g), level(b), 255})
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		panic(err) // encoding to memory cannot fail
	}
	return buf.Bytes()
}

// Disc is where Scene puts its disc, as fractions of the picture's side.
func Disc(seed int, area float64) (cx, cy, radius float64) {
	st := stream.Key{Seed: uint64(seed), Step: "example scene", Purpose: "disc"}.Open()
	return .35 + .3*st.Float64(), .45 + .2*st.Float64(), math.Sqrt(area / math.Pi)
}

func level(v float64) uint8 { return uint8(math.Max(0, math.Min(255, math.Round(v)))) }

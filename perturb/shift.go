package perturb

import (
	"context"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "shift", Version: 1,
		Doc: "move the whole picture by a number of pixels, whole or not, in a random direction; meant as a null",
		Long: "The direction is drawn for each source and replicate. Values between pixels come from cubic convolution (Keys, a = -0.5) on " +
			"8-bit sRGB values, along x and then y; edges reflect. A shift by a fraction of a pixel also blurs a little, as a camera's does.",
		Source: "Keys, Cubic convolution interpolation for digital image processing, IEEE TASSP 29 (1981)",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "distance", Unit: "px", Min: 0, Max: 4096, Default: []float64{.5, 1, 2, 4}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				sin, cos := math.Sincos(2 * math.Pi * in.Draw("direction").Float64())
				return func(px float64) (*trial.Outcome, error) {
					return &trial.Outcome{Image: within(in.Image, shifted2(in.Image, px*cos, px*sin), in.Region)}, nil
				}, nil
			}), nil
		},
	})
}

// shifted2 moves a picture by (dx, dy) pixels.
func shifted2(m *raster.Image, dx, dy float64) *raster.Image {
	plane := make([]float64, len(m.Pix))
	kx, ox := keys(dx)
	for y := range m.H {
		for x := range m.W {
			d := plane[3*(y*m.W+x) : 3*(y*m.W+x)+3 : 3*(y*m.W+x)+3]
			for k, c := range kx {
				p := m.Pix[3*(y*m.W+reflect(x+ox+k, m.W)):]
				d[0] += c * float64(p[0])
				d[1] += c * float64(p[1])
				d[2] += c * float64(p[2])
			}
		}
	}
	ky, oy := keys(dy)
	out := raster.New(m.W, m.H)
	acc := make([]float64, 3*m.W)
	for y := range m.H {
		clear(acc)
		for k, c := range ky {
			row := plane[3*m.W*reflect(y+oy+k, m.H):][:len(acc)]
			for i, v := range row {
				acc[i] += c * v
			}
		}
		for i, v := range acc {
			out.Pix[3*y*m.W+i] = level(v)
		}
	}
	return out
}

// keys gives the four weights of a shift by d, and the offset of the first from the pixel itself.
func keys(d float64) ([4]float64, int) {
	whole := math.Floor(-d)
	f := -d - whole // the sample lies f right of pixel x + whole
	const a = -.5
	near := func(x float64) float64 { return ((a+2)*x-(a+3))*x*x + 1 }
	far := func(x float64) float64 { return (((x-5)*x+8)*x - 4) * a }
	return [4]float64{far(1 + f), near(f), near(1 - f), far(2 - f)}, int(whole) - 1
}

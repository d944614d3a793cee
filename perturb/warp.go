package perturb

import (
	"context"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "elastic-warp", Version: 1,
		Doc: "pull every pixel a little way, smoothly, in random directions: form bends, texture stays",
		Long: "Two fields of normal noise, smoothed by a Gaussian of `scale` times the shorter side, their means taken out, are scaled so that the root mean square " +
			"length of the displacement over the region is the severity. Values come from cubic convolution (Keys, a = -0.5) at the displaced " +
			"places; edges reflect. Beyond about a third of the Gaussian's sigma the picture begins to fold. At a region's edge the displacement ends abruptly.",
		Source: "Simard, Steinkraus and Platt, Best practices for convolutional neural networks applied to visual document analysis, ICDAR (2003)",
		Params: []registry.Param{{Name: "scale", Type: registry.Float, Default: .06, Min: .01, Max: .5, Unit: "fraction", Doc: "sigma of the smoothing as a fraction of the shorter side"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "root mean square displacement", Unit: "px", Min: 0, Max: 256, Default: []float64{.5, 1, 2, 4}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				m := in.Image
				s := in.Draw("field")
				plane := make([]float64, 3*m.W*m.H) // x, y and an idle third channel
				for i := range m.W * m.H {
					plane[3*i], plane[3*i+1] = s.Norm(), s.Norm()
				}
				convolve(plane, m.W, m.H, gaussian(math.Max(.5, v.Float("scale")*float64(min(m.W, m.H)))))
				places := pixels(m, in.Region)
				var mx, my, square float64
				for _, i := range places {
					mx, my = mx+plane[3*i], my+plane[3*i+1]
				}
				mx, my = mx/float64(len(places)), my/float64(len(places))
				for _, i := range places {
					plane[3*i], plane[3*i+1] = plane[3*i]-mx, plane[3*i+1]-my
					square += plane[3*i]*plane[3*i] + plane[3*i+1]*plane[3*i+1]
				}
				rms := math.Sqrt(square / float64(len(places)))
				if !(rms > 0) {
					return nil, fmt.Errorf("a region of %d pixels is too small to warp", len(places))
				}
				return func(px float64) (*trial.Outcome, error) {
					out := m.Clone()
					for _, i := range places {
						x, y := int(i)%m.W, int(i)/m.W
						v := between(m, float64(x)+px*plane[3*i]/rms, float64(y)+px*plane[3*i+1]/rms)
						out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = level(v[0]), level(v[1]), level(v[2])
					}
					return &trial.Outcome{Image: out}, nil
				}, nil
			}), nil
		},
	})
}

// between gives the colour at a place between pixels by cubic convolution; edges reflect.
func between(m *raster.Image, x, y float64) (v [3]float64) {
	kx, ox := keys(-(x - math.Floor(x)))
	ky, oy := keys(-(y - math.Floor(y)))
	x0, y0 := int(math.Floor(x))+ox, int(math.Floor(y))+oy
	for j, cy := range ky {
		row := m.Pix[3*m.W*reflect(y0+j, m.H):]
		for k, cx := range kx {
			p := row[3*reflect(x0+k, m.W):]
			c := cx * cy
			v[0] += c * float64(p[0])
			v[1] += c * float64(p[1])
			v[2] += c * float64(p[2])
		}
	}
	return v
}

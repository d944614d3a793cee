package perturb

import (
	"context"
	"fmt"
	"math"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "texture-overlay", Version: 1,
		Doc: "lay a grey texture of known contrast and spatial frequency over the picture",
		Long: "v' = round(clip(v + 255 s p)) on every channel, p of mean 0 and root mean square 1 over the region, so that s is the RMS contrast as a " +
			"fraction of the whole range before clipping. Patterns at f = `cycles` per shorter side: `stripes`, a sine of random orientation and phase; `checker`, " +
			"the product of the signs of two such sines at right angles; `noise`, white noise cut to the octave around f. One pattern for all severities.",
		Source: "Peli, Contrast in complex images, JOSA A 7 (1990), for RMS contrast",
		Params: []registry.Param{
			{Name: "pattern", Type: registry.String, Default: "noise", Enum: []string{"noise", "stripes", "checker"}, Doc: "what is laid over"},
			{Name: "cycles", Type: registry.Float, Default: 16.0, Min: .5, Max: 2048, Unit: "cycles per image", Doc: "spatial frequency, in periods per shorter side"},
		},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "RMS contrast", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.01, .02, .05, .1, .2}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				p, err := pattern(in, v.String("pattern"), v.Float("cycles"))
				if err != nil {
					return nil, err
				}
				places := pixels(in.Image, in.Region)
				return func(contrast float64) (*trial.Outcome, error) {
					out := &trial.Outcome{Image: in.Image.Clone()}
					lost := 0
					for _, i := range places {
						outside := false
						for c := range 3 {
							w := float64(in.Image.Pix[3*int(i)+c]) + 255*contrast*p[i]
							outside = outside || w < -.5 || w >= 255.5
							out.Image.Pix[3*int(i)+c] = level(w)
						}
						if outside {
							lost++
						}
					}
					clipped(out, lost, len(places))
					return out, nil
				}, nil
			}), nil
		},
	})
}

// pattern is a grey texture in the size of the picture, of mean 0 and root mean square 1 over the region.
func pattern(in *trial.Input, kind string, cycles float64) ([]float64, error) {
	w, h := in.Image.W, in.Image.H
	side := float64(min(w, h))
	if cycles > side/2 {
		return nil, fmt.Errorf("cycles %g is above what %g pixels can show, %g: choose fewer cycles or larger pictures", cycles, side, side/2)
	}
	s := in.Draw("pattern")
	p := make([]float64, w*h)
	switch kind {
	case "stripes", "checker":
		sin, cos := math.Sincos(math.Pi * s.Float64())
		a, b := 2*math.Pi*s.Float64(), 2*math.Pi*s.Float64()
		k := 2 * math.Pi * cycles / side
		for i := range p {
			x, y := float64(i%w), float64(i/w)
			p[i] = math.Sin(k*(x*cos+y*sin) + a)
			if kind == "checker" {
				p[i] = math.Copysign(1, p[i]) * math.Copysign(1, math.Sin(k*(y*cos-x*sin)+b))
			}
		}
	default:
		z := make([]complex128, w*h)
		for i := range z {
			z[i] = complex(s.Norm(), 0)
		}
		fft := newPlane2(w, h)
		fft.forward(z)
		for i := range z {
			fx, fy := frequency(i%w, w)*side, frequency(i/w, h)*side
			if f := math.Hypot(fx, fy); f < cycles/math.Sqrt2 || f > cycles*math.Sqrt2 {
				z[i] = 0
			}
		}
		fft.inverse(z)
		for i, v := range z {
			p[i] = real(v)
		}
	}
	places := pixels(in.Image, in.Region)
	var mean, square float64
	for _, i := range places {
		mean += p[i]
	}
	mean /= float64(max(1, len(places)))
	for _, i := range places {
		p[i] -= mean
		square += p[i] * p[i]
	}
	rms := math.Sqrt(square / float64(max(1, len(places))))
	if !(rms > 1e-9) {
		return nil, fmt.Errorf("a region of %d pixels shows nothing of a pattern of %g cycles: choose a larger region or more cycles", len(places), cycles)
	}
	for _, i := range places {
		p[i] /= rms
	}
	return p, nil
}

// frequency is that of a Fourier coefficient, in cycles per pixel, -1/2..1/2.
func frequency(k, n int) float64 {
	if 2*k > n {
		k -= n
	}
	return float64(k) / float64(n)
}

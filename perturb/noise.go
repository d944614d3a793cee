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
		Name: "gaussian-noise", Version: 1,
		Doc: "independent normal noise on every channel of every pixel",
		Long: "v' = round(clip(v + sigma n)), n standard normal, on 8-bit sRGB values. All severities of a source and replicate share " +
			"one field n, so that a larger sigma scales the same noise. Clipping at 0 and 255 makes the realised RMS a little smaller " +
			"than sigma; it is recorded.",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "sigma", Unit: "levels", Min: 0, Max: 255, Default: []float64{2, 5, 10, 20, 40}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return noiseSweep(in, func(float64) float64 { return 1 }), nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "sensor-noise", Version: 1,
		Doc: "noise of a camera sensor: its variance grows with the signal; meant as a null",
		Long: "The normal approximation of the Poisson-Gauss model: variance = sigma^2 (v + 10) / 138, with v the 8-bit value, so that sigma " +
			"is the standard deviation at mid-grey (128) and a tenth of it is there in black. Channels and pixels are independent.",
		Source: "Foi, Trimeche, Katkovnik and Egiazarian, Practical Poissonian-Gaussian noise modeling, IEEE TIP 17 (2008)",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "sigma at mid-grey", Unit: "levels", Min: 0, Max: 255, Default: []float64{2}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return noiseSweep(in, func(v float64) float64 { return math.Sqrt((v + 10) / 138) }), nil
			}), nil
		},
	})
}

// noiseSweep adds one field of normal noise, scaled by the severity and by gain(v).
func noiseSweep(in *trial.Input, gain func(v float64) float64) trial.Sweep {
	s := in.Draw("field")
	field := make([]float32, len(in.Image.Pix))
	for i := range field {
		field[i] = float32(s.Norm())
	}
	var table [256]float64
	for v := range table {
		table[v] = gain(float64(v))
	}
	return func(sigma float64) (*trial.Outcome, error) {
		out := raster.New(in.Image.W, in.Image.H)
		for i, v := range in.Image.Pix {
			out.Pix[i] = level(float64(v) + sigma*table[v]*float64(field[i]))
		}
		return &trial.Outcome{Image: within(in.Image, out, in.Region)}, nil
	}
}

package perturb

import (
	"context"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "salt-and-pepper", Version: 1,
		Doc: "turn a share of the pixels black or white",
		Long: "Each pixel has a fixed rank u, uniform on 0..1, and a fixed fate, black or white with equal chance; it turns where u < s. So a larger share turns " +
			"the same pixels and more. All three channels turn together (scikit-image's random_noise turns each on its own when given a colour picture).",
		Source: "Gonzalez and Woods, Digital Image Processing (2018), section 5.2",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "share of pixels", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.005, .01, .02, .05, .1}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				s := in.Draw("field")
				rank := make([]float64, in.Image.W*in.Image.H)
				fate := make([]uint8, len(rank))
				for i := range rank {
					rank[i] = s.Float64()
					fate[i] = uint8(255 * (s.Uint64() >> 63))
				}
				places := pixels(in.Image, in.Region)
				return func(share float64) (*trial.Outcome, error) {
					out := in.Image.Clone()
					for _, i := range places {
						if rank[i] < share {
							out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = fate[i], fate[i], fate[i]
						}
					}
					return &trial.Outcome{Image: out}, nil
				}, nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "speckle", Version: 1,
		Doc: "multiplicative noise: bright places get more of it",
		Long: "v' = round(clip(v (1 + s n))), n standard normal, independent for every channel and pixel, one field for all severities; scikit-image's " +
			"random_noise(mode=\"speckle\") with variance s^2. Black stays black.",
		Source: "Goodman, Some fundamental properties of speckle, JOSA 66 (1976), in its normal approximation",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "sigma relative to the value", Unit: "fraction", Min: 0, Max: 4, Default: []float64{.02, .05, .1, .2, .4}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return noiseSweep(in, func(v float64) float64 { return v }), nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "sharpen", Version: 1,
		Doc: "unsharp masking: add a multiple of what a Gaussian blur takes away",
		Long: "v' = round(clip(v + s (v - G v))) on 8-bit sRGB values, G a Gaussian of `radius` pixels with scipy.ndimage.gaussian_filter's defaults; " +
			"scikit-image's unsharp_mask with amount s.",
		Source: "scikit-image, skimage.filters.unsharp_mask",
		Params: []registry.Param{{Name: "radius", Type: registry.Float, Default: 1.0, Min: .2, Max: 64, Unit: "px", Doc: "sigma of the Gaussian"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "amount", Min: 0, Max: 100, Default: []float64{.25, .5, 1, 2, 4}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				smooth := gaussianPlane(in.Image, v.Float("radius"))
				return func(amount float64) (*trial.Outcome, error) {
					out := raster.New(in.Image.W, in.Image.H)
					for i, v := range in.Image.Pix {
						out.Pix[i] = level(float64(v) + amount*(float64(v)-smooth[i]))
					}
					return &trial.Outcome{Image: within(in.Image, out, in.Region)}, nil
				}, nil
			}), nil
		},
	})
	names := []string{"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"}
	trial.Perturbations.Add(registry.Info{
		Name: "down-up-scale", Version: 1,
		Doc: "shrink the picture by a factor and enlarge it again: detail is lost",
		Long: "Both resizes have Pillow's bytes; sides shrink to round(side / s), at least one pixel. A factor of 1 changes nothing. Inside a region the result " +
			"of the whole picture is shown.",
		Source: "Pillow, Image.resize",
		Params: []registry.Param{{Name: "filter", Type: registry.String, Default: "bicubic", Enum: names, Doc: "resampling filter of both ways"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "factor", Min: 1, Max: 1024, Default: []float64{1.5, 2, 4, 8}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			filter, err := raster.ParseFilter(v.String("filter"))
			if err != nil {
				return nil, err
			}
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				m := in.Image
				side := func(n int, factor float64) int { return max(1, int(float64(n)/factor+.5)) }
				return func(factor float64) (*trial.Outcome, error) {
					if factor <= 1 {
						return &trial.Outcome{Image: m.Clone()}, nil
					}
					small := raster.Resize(m, side(m.W, factor), side(m.H, factor), filter)
					return &trial.Outcome{Image: within(m, raster.Resize(small, m.W, m.H, filter), in.Region)}, nil
				}, nil
			}), nil
		},
	})
}

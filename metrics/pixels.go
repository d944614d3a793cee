package metrics

import (
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// classical registers a symmetric metric on pixels that has no parameters.
func classical(info registry.Info, dir trial.Direction, lo, hi float64, unit string, f func(*trial.Trial) (trial.Score, error)) {
	trial.Metrics.Add(info, trial.MetricEntry{Direction: dir, Low: lo, High: hi, Unit: unit, Symmetric: true, Group: trial.Classical,
		New: func(registry.Values, trial.Env) (trial.Metric, error) { return pair(f), nil }})
}

func init() {
	classical(registry.Info{Name: "mse", Version: 1, Doc: "mean squared error of the 8-bit sRGB values",
		Long: "MSE = mean over pixels and channels of (a - b)^2, in squared levels of 0..255.", Source: "skimage.metrics.mean_squared_error"},
		trial.Distance, 0, 255*255, "levels^2", func(t *trial.Trial) (trial.Score, error) { return trial.Score{Value: mse(t.Input, t.Output)}, nil })
	classical(registry.Info{Name: "mae", Version: 1, Doc: "mean absolute error of the 8-bit sRGB values",
		Long: "MAE = mean over pixels and channels of |a - b|, in levels of 0..255.", Source: "numpy"},
		trial.Distance, 0, 255, "levels", func(t *trial.Trial) (trial.Score, error) { return trial.Score{Value: mae(t.Input, t.Output)}, nil })
	classical(registry.Info{Name: "psnr", Version: 1, Doc: "peak signal-to-noise ratio, 10 log10(255^2 / MSE)",
		Long:   "In dB, over all channels together, data range 255. Equal pictures give +Inf, as in scikit-image; some programs cap it.",
		Source: "skimage.metrics.peak_signal_noise_ratio"},
		trial.Similarity, 0, math.Inf(1), "dB", func(t *trial.Trial) (trial.Score, error) {
			return trial.Score{Value: 10 * math.Log10(255*255/mse(t.Input, t.Output))}, nil
		})
	classical(registry.Info{Name: "ciede2000", Version: 1, Doc: "mean CIEDE2000 over all pixels",
		Long: "Each pixel's colour difference in CIELAB (D65, 2 degrees), kL = kC = kH = 1, averaged. No spatial filtering: what the eye " +
			"blurs at a distance still counts.",
		Source: "CIE 142-2001; Sharma, Wu and Dalal (2005)"},
		trial.Distance, 0, math.Inf(1), "dE00", func(t *trial.Trial) (trial.Score, error) {
			if t.Realised != nil {
				return trial.Score{Value: t.Realised.WholeDE0}, nil
			}
			lab := trial.Remember(t.Memo, "lab", func() *raster.Lab { return raster.ToLab(t.Input) })
			return trial.Score{Value: raster.MeanDeltaE00(t.Input, t.Output, lab, nil)}, nil
		})
}

// pair is a metric on two pictures of equal size that needs no features.
type pair func(t *trial.Trial) (trial.Score, error)

// Needs implements trial.Metric.
func (pair) Needs() []trial.Request { return nil }

// Score implements trial.Metric.
func (f pair) Score(t *trial.Trial) (trial.Score, error) {
	if err := sameSize(t); err != nil {
		return trial.Score{}, err
	}
	return f(t)
}

func sameSize(t *trial.Trial) error {
	if t.Input.W != t.Output.W || t.Input.H != t.Output.H {
		return fmt.Errorf("the pictures differ in size: %d x %d and %d x %d; resize one first", t.Input.W, t.Input.H, t.Output.W, t.Output.H)
	}
	return nil
}

func mse(a, b *raster.Image) float64 {
	var sum int64
	for i, v := range a.Pix {
		d := int64(v) - int64(b.Pix[i])
		sum += d * d
	}
	return float64(sum) / float64(len(a.Pix))
}

func mae(a, b *raster.Image) float64 {
	var sum int64
	for i, v := range a.Pix {
		d := int64(v) - int64(b.Pix[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a.Pix))
}

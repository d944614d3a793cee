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
		Name: "gaussian-blur", Version: 1,
		Doc: "Gaussian blur of the 8-bit sRGB values",
		Long: "The kernel is sampled at whole pixels, cut off at round(4 sigma) and normalised; edges reflect with the edge sample repeated. " +
			"These are scipy.ndimage.gaussian_filter's defaults, computed in double precision and rounded once. Inside a region the " +
			"blurred picture is shown, so that colours from outside bleed in and the region's edge is sharp.",
		Source: "scipy.ndimage.gaussian_filter",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "sigma", Unit: "px", Min: 0, Max: 256, Default: []float64{.5, 1, 2, 4, 8}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return func(sigma float64) (*trial.Outcome, error) {
					return &trial.Outcome{Image: within(in.Image, gaussianBlur(in.Image, sigma), in.Region)}, nil
				}, nil
			}), nil
		},
	})
}

// gaussianBlur is gaussianPlane rounded to 8 bits.
func gaussianBlur(m *raster.Image, sigma float64) *raster.Image {
	out := raster.New(m.W, m.H)
	for i, v := range gaussianPlane(m, sigma) {
		out.Pix[i] = level(v)
	}
	return out
}

// gaussianPlane is scipy.ndimage.gaussian_filter on each channel, mode "reflect", truncate 4, not rounded.
func gaussianPlane(m *raster.Image, sigma float64) []float64 {
	plane := make([]float64, len(m.Pix))
	for i, v := range m.Pix {
		plane[i] = float64(v)
	}
	convolve(plane, m.W, m.H, gaussian(sigma))
	return plane
}

// gaussian is a normalised kernel cut off at round(4 sigma).
func gaussian(sigma float64) []float64 {
	radius := int(4*sigma + .5)
	kernel := make([]float64, 2*radius+1)
	sum := 0.0
	for i := range kernel {
		x := float64(i - radius)
		kernel[i] = math.Exp(-.5 * x * x / (sigma * sigma))
		sum += kernel[i]
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	return kernel
}

// convolve filters an interleaved RGB plane with a symmetric kernel along both axes, in place, edges reflected. Samples at
// equal distances are added before they are weighed, which halves the multiplications.
func convolve(plane []float64, w, h int, kernel []float64) {
	radius := len(kernel) / 2
	// Columns first: whole rows are added, which the processor's caches like.
	tmp := make([]float64, len(plane))
	stride := 3 * w
	for y := range h {
		dst := tmp[y*stride : (y+1)*stride]
		weigh(dst, kernel, func(k int) []float64 { return plane[reflect(y+k-radius, h)*stride:] })
	}
	padded := make([]float64, 3*(w+2*radius))
	for y := range h {
		row := tmp[y*stride : (y+1)*stride]
		copy(padded[3*radius:], row)
		for x := range radius {
			left, right := 3*reflect(x-radius, w), 3*reflect(w+x, w)
			copy(padded[3*x:3*x+3], row[left:left+3])
			copy(padded[3*(w+radius+x):3*(w+radius+x)+3], row[right:right+3])
		}
		weigh(plane[y*stride:(y+1)*stride], kernel, func(k int) []float64 { return padded[3*k:] })
	}
}

// weigh sets dst to the sum of kernel[k] times row k.
func weigh(dst, kernel []float64, row func(k int) []float64) {
	last := len(kernel) - 1
	c, mid := kernel[last/2], row(last / 2)[:len(dst)]
	for i, v := range mid {
		dst[i] = c * v
	}
	for k := range last / 2 {
		c, a, b := kernel[k], row(k)[:len(dst)], row(last - k)[:len(dst)]
		for i, v := range a {
			dst[i] += c * (v + b[i])
		}
	}
}

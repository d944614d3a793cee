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
		Name: "contrast", Version: 1,
		Doc: "lower or raise the contrast around the region's mean luma",
		Long: "v' = round(clip(m + (1 ± s) (v - m))) on 8-bit sRGB values of every channel, m the region's mean luma (ITU-R BT.601). Down, s = 1 is a flat " +
			"grey; up, s = 1 doubles the contrast and clips, which is flagged.",
		Source: "Peli, Contrast in complex images, JOSA A 7 (1990)",
		Params: []registry.Param{{Name: "direction", Type: registry.String, Default: "down", Enum: []string{"down", "up", "random"}, Doc: "lower, raise, or drawn for each source and replicate"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "relative change of RMS contrast", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.05, .1, .2, .4, .8}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				sign := upOrDown(v.String("direction"), in)
				places := pixels(in.Image, in.Region)
				mean := 0.0
				for _, i := range places {
					mean += luma(in.Image.Pix[3*i:])
				}
				mean /= float64(max(1, len(places)))
				return func(s float64) (*trial.Outcome, error) {
					if err := atMost(s, 1); err != nil {
						return nil, err
					}
					return curve(in, places, func(v float64) float64 { return mean + (1+sign*s)*(v-mean) }), nil
				}, nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "gamma", Version: 1,
		Doc: "bend the tone curve: brighter or darker mid-tones, black and white kept",
		Long: "v' = round(255 (v / 255)^g) with g = 2^-s (up, brighter) or 2^s (down, darker), on 8-bit sRGB values of every channel. One octave is a factor of " +
			"two in the exponent.",
		Source: "Poynton, Digital Video and HD: Algorithms and Interfaces (2012), chapter 27",
		Params: []registry.Param{{Name: "direction", Type: registry.String, Default: "random", Enum: []string{"random", "up", "down"}, Doc: "brighter or darker; random draws it for each source and replicate"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "change of the exponent", Unit: "octaves", Min: 0, Max: 4, Default: []float64{.05, .1, .25, .5, 1}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				sign := upOrDown(v.String("direction"), in)
				places := pixels(in.Image, in.Region)
				return func(s float64) (*trial.Outcome, error) {
					if err := atMost(s, 4); err != nil {
						return nil, err
					}
					g := math.Exp2(-sign * s)
					return curve(in, places, func(v float64) float64 { return 255 * math.Pow(v/255, g) }), nil
				}, nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "posterise", Version: 1,
		Doc: "keep fewer bits a channel; fewer is stronger",
		Long: "v' = round(255 q / (2^b - 1)) with q = round((2^b - 1) v / 255): the nearest of 2^b equally spaced levels, black and white among them. " +
			"(Cutting off the low bits instead, as Pillow's ImageOps.posterize does, also darkens.)",
		Source: "Gonzalez and Woods, Digital Image Processing (2018), section 2.4",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "bits a channel", Unit: "bits", Min: 1, Max: 8, Integer: true, Descending: true, Default: []float64{6, 5, 4, 3, 2}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				places := pixels(in.Image, in.Region)
				return func(bits float64) (*trial.Outcome, error) {
					top := math.Exp2(min(8, max(1, math.Round(bits)))) - 1
					return curve(in, places, func(v float64) float64 { return 255 * math.Floor(top*v/255+.5) / top }), nil
				}, nil
			}), nil
		},
	})
}

// upOrDown is 1 for up and -1 for down; a random direction is drawn from the stream "direction".
func upOrDown(direction string, in *trial.Input) float64 {
	if direction == "down" || direction == "random" && in.Draw("direction").Float64() < .5 {
		return -1
	}
	return 1
}

// luma is ITU-R BT.601's, of 8-bit sRGB values.
func luma(p []uint8) float64 {
	return .299*float64(p[0]) + .587*float64(p[1]) + .114*float64(p[2])
}

// curve applies one tone curve to every channel of the region.
func curve(in *trial.Input, places []int32, f func(v float64) float64) *trial.Outcome {
	var table [256]uint8
	var outside [256]bool
	for v := range table {
		w := f(float64(v))
		table[v], outside[v] = level(w), w < -.5 || w >= 255.5
	}
	out := &trial.Outcome{Image: in.Image.Clone()}
	lost := 0
	for _, i := range places {
		p := out.Image.Pix[3*i : 3*i+3 : 3*i+3]
		if outside[p[0]] || outside[p[1]] || outside[p[2]] {
			lost++
		}
		p[0], p[1], p[2] = table[p[0]], table[p[1]], table[p[2]]
	}
	clipped(out, lost, len(places))
	return out
}

// amounts is the axis of edits that go from nothing to all.
func amounts(name string) trial.Axis {
	return trial.Axis{Name: name, Unit: "fraction", Min: 0, Max: 1, Default: []float64{.1, .25, .5, 1}}
}

// fade mixes the picture with what an edit makes of it, inside the region; amount 1 is the edit whole.
func fade(in *trial.Input, edited *raster.Image) trial.Sweep {
	return func(amount float64) (*trial.Outcome, error) {
		if err := atMost(amount, 1); err != nil {
			return nil, err
		}
		return &trial.Outcome{Image: blend(in, edited, amount)}, nil
	}
}

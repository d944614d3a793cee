package perturb

import (
	"context"
	"fmt"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "cut-out", Version: 1,
		Doc: "cover the region with a fill: its mean colour, grey, its own blur, or noise",
		Long: "v' = round((1 - a) v + a fill), a the severity; 1 covers it wholly. Fills: `mean`, the region's mean colour; `grey`, 128; " +
			"`blur`, a Gaussian blur of sigma one sixteenth of the shorter side; `noise`, uniform on 0..255, independent by channel.",
		Source: "DeVries and Taylor, Improved Regularization of Convolutional Neural Networks with Cutout (2017)",
		Params: []registry.Param{{Name: "fill", Type: registry.String, Default: "mean", Enum: []string{"mean", "grey", "blur", "noise"}, Doc: "what covers the region"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "opacity of the cover", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.1, .25, .5, 1}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				fill, err := cover(in, v.String("fill"))
				if err != nil {
					return nil, err
				}
				return func(a float64) (*trial.Outcome, error) { return &trial.Outcome{Image: blend(in, fill, a)}, nil }, nil
			}), nil
		},
	})
}

// blend mixes the picture with another inside the region; amount 1 is the other picture.
func blend(in *trial.Input, other *raster.Image, amount float64) *raster.Image {
	out := raster.New(in.Image.W, in.Image.H)
	for i, v := range in.Image.Pix {
		out.Pix[i] = level((1-amount)*float64(v) + amount*float64(other.Pix[i]))
	}
	return within(in.Image, out, in.Region)
}

func cover(in *trial.Input, fill string) (*raster.Image, error) {
	m := in.Image
	out := raster.New(m.W, m.H)
	switch fill {
	case "grey":
		for i := range out.Pix {
			out.Pix[i] = 128
		}
	case "noise":
		s := in.Draw("fill")
		for i := range out.Pix {
			out.Pix[i] = uint8(s.Uint64() >> 56)
		}
	case "blur":
		return gaussianBlur(m, float64(min(m.W, m.H))/16), nil
	case "mean":
		var sum [3]float64
		places := pixels(m, in.Region)
		if len(places) == 0 {
			return nil, fmt.Errorf("the region is empty")
		}
		for _, i := range places {
			for c := range sum {
				sum[c] += float64(m.Pix[3*int(i)+c])
			}
		}
		for i := range out.Pix {
			out.Pix[i] = level(sum[i%3] / float64(len(places)))
		}
	default:
		return nil, fmt.Errorf("there is no fill %q", fill)
	}
	return out, nil
}

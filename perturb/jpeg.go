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
		Name: "jpeg", Version: 1,
		Doc: "JPEG compression at a quality of 1 to 100; smaller is stronger",
		Long: "Baseline, 4:2:0 chroma, the standard quantisation tables scaled as libjpeg scales them; decoded with libjpeg's default chroma " +
			"upsampling. Inside a region the compressed picture is shown. At a quality of 90 or more it serves as a null.",
		Source: "ITU-T T.81 (1992), Annex K",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "quality", Min: 1, Max: 100, Integer: true, Descending: true, Default: []float64{90, 60, 30, 15, 5}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return func(quality float64) (*trial.Outcome, error) {
					data, err := raster.EncodeJPEG(in.Image, int(quality))
					if err != nil {
						return nil, err
					}
					img, _, err := raster.Decode(data)
					if err != nil {
						return nil, fmt.Errorf("decoding what was encoded: %w", err)
					}
					return &trial.Outcome{Image: within(in.Image, img, in.Region)}, nil
				}, nil
			}), nil
		},
	})
}

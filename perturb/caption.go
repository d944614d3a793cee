package perturb

import (
	"context"
	"fmt"
	"strings"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// onCaption makes a change of words an edit that an experiment can name beside edits of pixels: the picture stays, the
// caption that it is held against changes. Metrics that read no words must not move, and are shown doing so.
func onCaption(info registry.Info, axis trial.Axis, text func(v registry.Values) (trial.TextPerturbation, error)) {
	info.Long = strings.TrimSpace(info.Long + "\n\nAs an edit it leaves the picture as it is and changes the caption that the picture is held against.")
	info.Params = append([]registry.Param{{Name: "caption", Type: registry.String, Default: "full", Doc: "which of the source's captions: full, class, partial, mismatched, as its data set has them"}}, info.Params...)
	trial.Perturbations.Add(info, trial.PerturbationEntry{Axis: axis, New: func(v registry.Values) (trial.Perturbation, error) {
		p, err := text(v)
		if err != nil {
			return nil, err
		}
		return captionEdit{p, v.String("caption")}, nil
	}})
}

type captionEdit struct {
	text    trial.TextPerturbation
	caption string
}

// Prepare implements trial.Perturbation.
func (e captionEdit) Prepare(_ context.Context, in *trial.Input) (trial.Sweep, error) {
	words := ""
	if in.Source != nil {
		words = in.Source.Captions[e.caption]
	}
	return func(severity float64) (*trial.Outcome, error) {
		if words == "" {
			return nil, fmt.Errorf("the source has no %s caption", e.caption)
		}
		res, err := e.text.Apply(&trial.TextInput{Text: words, Draw: in.Draw}, severity)
		if err != nil {
			return nil, err
		}
		img := in.Image.Clone()
		return &trial.Outcome{Image: img, Region: raster.NewMask(img.W, img.H), SourceCaption: words, TargetCaption: res.Text, Flags: res.Flags}, nil
	}, nil
}

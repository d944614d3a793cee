package perturb

import (
	"context"
	"errors"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	add := func(name, doc, long string, rule trial.DonorRule) {
		trial.Perturbations.Add(registry.Info{Name: name, Doc: doc, Long: long, Version: 1}, trial.PerturbationEntry{
			Axis:    trial.Axis{Name: "done", Min: 0, Max: 1, Integer: true, Fixed: true, Default: []float64{1}},
			Regions: true, Donor: true, Anchor: true,
			New: func(registry.Values) (trial.Perturbation, error) {
				return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
					if in.Donor == nil {
						return nil, errors.New("there is no other source to take")
					}
					d, err := in.Donor(ctx, rule)
					if err != nil {
						return nil, err
					}
					return func(float64) (*trial.Outcome, error) {
						return &trial.Outcome{Image: within(in.Image, d.Image.Clone(), in.Region), Donors: []*trial.Source{d.Source}, Class: d.Source.Class}, nil
					}, nil
				}), nil
			},
		})
	}
	add("class-swap", "put another image of another class in its place: the anchor",
		"A change of class changes everything else too, so its effect is only what exceeds that of its control, same-class-swap.", trial.OtherClass)
	add("same-class-swap", "put another image of the same class in its place: the anchor's control",
		"What two images of one class differ in: place, light, pose, ground. The effect of class is the anchor's minus this.", trial.SameClass)
	add("other-image", "put another image in its place; for data sets without classes",
		"Says nothing of a change of class: the other image may be of any.", trial.AnyOther)
}

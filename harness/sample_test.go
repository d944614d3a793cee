package harness_test

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/harness"
	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// Registrants that these tests alone use, so that what they assert does not move with the real ones.

func init() {
	trial.Datasets.Add(registry.Info{Name: "sample-pictures", Doc: "pictures for tests", Version: 1, Params: []registry.Param{
		{Name: "flavour", Type: registry.String, Doc: "which pictures", Default: "plain", Enum: []string{"plain", "fancy"}},
	}}, trial.DatasetEntry{})
	trial.Datasets.Add(registry.Info{Name: "sample-ratings", Doc: "ratings for tests", Version: 1}, trial.DatasetEntry{Needs: "a table", Judged: true})
	trial.Datasets.Add(registry.Info{Name: "sample-folder", Doc: "a folder for tests", Version: 1}, trial.DatasetEntry{Needs: "a folder"})

	edit := func(name string, axis trial.Axis, e trial.PerturbationEntry, params ...registry.Param) {
		if trial.Perturbations.Has(name) {
			return
		}
		e.Axis = axis
		e.New = func(registry.Values) (trial.Perturbation, error) { return samplePerturbation{}, nil }
		trial.Perturbations.Add(registry.Info{Name: name, Doc: "an edit for tests", Version: 1, Params: params}, e)
	}
	edit("sample-hue", trial.Axis{Name: "mean CIEDE2000", Unit: "dE00", Max: 50, Default: []float64{1, 10}}, trial.PerturbationEntry{Regions: true},
		registry.Param{Name: "angle", Type: registry.Float, Doc: "direction", Unit: "degrees", Default: 0., Min: -180, Max: 180})
	edit("sample-blur", trial.Axis{Name: "sigma", Unit: "px", Max: math.Inf(1)}, trial.PerturbationEntry{})
	edit("sample-quality", trial.Axis{Name: "quality", Unit: "", Min: 1, Max: 100, Integer: true, Descending: true, Default: []float64{90}}, trial.PerturbationEntry{})
	edit("sample-shift", trial.Axis{Name: "shift", Unit: "px", Max: 8, Default: []float64{1}}, trial.PerturbationEntry{})
	swap := trial.Axis{Fixed: true}
	edit("class-swap", swap, trial.PerturbationEntry{Donor: true, Anchor: true})
	edit("same-class-swap", swap, trial.PerturbationEntry{Donor: true, Anchor: true})
	edit("other-image", swap, trial.PerturbationEntry{Donor: true, Anchor: true})

	metric := func(name string, group trial.Group, needs func(v registry.Values) []trial.Request, params ...registry.Param) {
		trial.Metrics.Add(registry.Info{Name: name, Doc: "a metric for tests", Version: 1, Params: params}, trial.MetricEntry{
			Direction: trial.Distance, High: math.Inf(1), Group: group,
			New: func(v registry.Values, env trial.Env) (trial.Metric, error) { return sampleMetric{needs(v)}, nil },
		})
	}
	both := func(v registry.Values, output string) []trial.Request {
		return []trial.Request{{Part: trial.OfInput, Model: v.String("model"), Output: output}, {Part: trial.OfOutput, Model: v.String("model"), Output: output}}
	}
	model := registry.Param{Name: "model", Type: registry.String, Doc: "backbone", Model: true, Required: true}
	metric("sample-mse", trial.Classical, func(registry.Values) []trial.Request { return nil })
	metric("sample-cosine", trial.Learned, func(v registry.Values) []trial.Request { return both(v, v.String("output")) }, model,
		registry.Param{Name: "output", Type: registry.String, Doc: "layer", Default: "embedding"})
	metric("sample-patch", trial.Learned, func(v registry.Values) []trial.Request { return both(v, v.String("output")) }, model,
		registry.Param{Name: "output", Type: registry.String, Doc: "layer", Default: "spatial"},
		registry.Param{Name: "pool", Type: registry.String, Doc: "pooling", Default: "mean", Enum: []string{"mean", "max", "top"}},
		registry.Param{Name: "top", Type: registry.Float, Doc: "share", Default: .05, Min: 0, Max: 1})
	metric("sample-input", trial.PixelControl, func(v registry.Values) []trial.Request { return both(v, trial.InputTensor) }, model)
	metric("sample-native", trial.Learned, func(v registry.Values) []trial.Request {
		return []trial.Request{{Part: trial.OfInput, Model: "cnn-small", Output: "spatial", Native: true}, {Part: trial.OfOutput, Model: "cnn-small", Output: "spatial", Native: true}}
	})

	labels := func(name string) registry.Param {
		return registry.Param{Name: name, Type: registry.Strings, Doc: "labels; all where it is not given"}
	}
	for _, kind := range []string{"sensitivity", "salience", "detection"} {
		sampleFindings.Add(registry.Info{Name: kind, Doc: "a finding for tests", Version: 1, Params: []registry.Param{labels("perturb"), labels("null")}}, struct{}{})
	}
	sampleFindings.Add(registry.Info{Name: "decomposition", Doc: "a finding for tests", Version: 1, Params: []registry.Param{labels("perturb"), labels("null"), labels("sets")}}, struct{}{})
	sampleFindings.Add(registry.Info{Name: "joint-space", Doc: "a finding for tests", Version: 1}, struct{}{})
}

var sampleFindings = registry.New[struct{}]("finding")

type samplePerturbation struct{}

func (samplePerturbation) Prepare(context.Context, *trial.Input) (trial.Sweep, error) {
	return func(float64) (*trial.Outcome, error) { return &trial.Outcome{}, nil }, nil
}

type sampleMetric struct{ needs []trial.Request }

func (m sampleMetric) Needs() []trial.Request                  { return m.needs }
func (m sampleMetric) Score(*trial.Trial) (trial.Score, error) { return trial.Score{}, nil }

type sampleEnv struct{}

func (sampleEnv) Model(name string) (trial.ModelInfo, error) {
	all := map[string]trial.ModelInfo{
		"cnn-small":           {Name: "cnn-small", Family: "cnn", Training: "classes", Twin: "cnn-small-untrained"},
		"cnn-small-untrained": {Name: "cnn-small-untrained", Family: "cnn", Training: "none"},
		"vit-small":           {Name: "vit-small", Family: "vit", Training: "classes"},
	}
	m, ok := all[name]
	if !ok {
		names := []string{"cnn-small", "cnn-small-untrained", "vit-small"}
		if near := registry.Nearest(name, names); near != "" {
			return m, fmt.Errorf("there is no model %q; did you mean %q?", name, near)
		}
		return m, fmt.Errorf("there is no model %q; there are %q", name, names)
	}
	m.Outputs = []trial.OutputInfo{{Name: "embedding", Layout: trial.Pooled}, {Name: "spatial", Layout: trial.Grid}}
	return m, nil
}

func (sampleEnv) Asset(name string) ([]byte, error) {
	return nil, fmt.Errorf("there is no asset %q", name)
}

type samplePicture struct{}

func (samplePicture) Load(context.Context) (*raster.Image, error) { return raster.New(64, 32), nil }
func (samplePicture) Mask(context.Context, string) (*raster.Mask, error) {
	return raster.NewMask(64, 32), nil
}

// sampleSources makes n sources in the given number of classes (0: without).
func sampleSources(n, classes int) *trial.Collection {
	c := &trial.Collection{Name: "sample-pictures"}
	for i := range n {
		s := &trial.Source{ID: fmt.Sprintf("%03d.png", i), Hash: fmt.Sprintf("%064x", i+1), Picture: samplePicture{}}
		if classes > 0 {
			s.Class = fmt.Sprintf("class %c", 'a'+i%classes)
		}
		c.Sources = append(c.Sources, s)
	}
	return c
}

func sampleOptions() harness.LoadOptions {
	return harness.LoadOptions{Env: sampleEnv{}, Findings: sampleFindings}
}

func ids(list []*trial.Source) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.ID)
	}
	return slices.Clip(out)
}

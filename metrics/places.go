package metrics

import (
	"fmt"
	"math"

	"probity/internal/linalg"
	"probity/internal/registry"
	"probity/internal/trial"
)

// onPlaces registers a metric on one map or tokens of both pictures.
func onPlaces(info registry.Info, output string, more []registry.Param, e trial.MetricEntry, f func(v registry.Values) func(a, b *trial.Tensor) (trial.Score, error)) {
	info.Params = append(modelParams(output, "a map or tokens"), more...)
	e.Group, e.AnySize = trial.Learned, true
	e.New = func(v registry.Values, env trial.Env) (trial.Metric, error) {
		o, err := outputOf(v, env)
		if err != nil {
			return nil, err
		}
		if o.Layout == trial.Pooled {
			return nil, fmt.Errorf("output %s of %s is pooled: %s needs a map or tokens", o.Name, v.String("model"), info.Name)
		}
		return places{info.Name, both(v.String("model"), v.String("output"), false), f(v)}, nil
	}
	trial.Metrics.Add(info, e)
}

// places is a metric on the vectors at all places of one map or tokens of both pictures.
type places struct {
	name  string
	needs []trial.Request
	f     func(a, b *trial.Tensor) (trial.Score, error)
}

// Needs implements trial.Metric.
func (m places) Needs() []trial.Request { return m.needs }

// Score implements trial.Metric.
func (m places) Score(t *trial.Trial) (trial.Score, error) {
	a, b := t.Features[0], t.Features[1]
	if a.Layout == trial.Pooled || b.Layout == trial.Pooled {
		return trial.Score{}, fmt.Errorf("output %s of %s is pooled: %s needs a map or tokens", m.needs[0].Output, m.needs[0].Model, m.name)
	}
	if a.Channels() != b.Channels() {
		return trial.Score{}, fmt.Errorf("the features differ in size: %v and %v", a.Shape, b.Shape)
	}
	s, err := m.f(a, b)
	if err == nil && math.IsNaN(s.Value) {
		err = fmt.Errorf("feature %s of %s holds a number that is none", m.needs[0].Output, m.needs[0].Model)
	}
	return s, err
}

func samePlaces(a, b *trial.Tensor) error {
	if a.H != b.H || a.W != b.W {
		return fmt.Errorf("the features differ in size: %d x %d and %d x %d places", a.W, a.H, b.W, b.H)
	}
	return nil
}

// byPlace views a map or tokens as places x channels.
func byPlace(t *trial.Tensor) linalg.View {
	if t.Layout == trial.Grid {
		return linalg.OfSingle(t.Data, t.Channels(), t.Positions()).T()
	}
	return linalg.OfSingle(t.Data[t.Prefix*t.Channels():], t.Positions(), t.Channels())
}

// units are the vectors at all places brought to length 1, places x channels; a zero vector stays zero.
func units(t *trial.Tensor) []float64 {
	n, c := t.Positions(), t.Channels()
	out := make([]float64, n*c)
	for i, norm := range norms(t) {
		row := out[i*c : (i+1)*c]
		t.Position(i, row)
		k := inverse(norm)
		for j := range row {
			row[j] *= k
		}
	}
	return out
}

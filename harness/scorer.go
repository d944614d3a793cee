package harness

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"probity/internal/raster"
	"probity/internal/trial"
)

// Backbone is what the harness needs of a loaded model; zoo.Model is one. It is safe for concurrent use.
type Backbone interface {
	Info() trial.ModelInfo
	// Hash covers the weights and what preprocessing makes of a picture.
	Hash() string
	// Runtime describes what computes the features (library, build, provider, CPU features): part of every key.
	Runtime() string
	// Features gives, for each picture, one tensor for each of outputs. A picture's features do not depend on which
	// other pictures are in the call.
	Features(ctx context.Context, imgs []*raster.Image, outputs []string, native bool) ([][]*trial.Tensor, error)
	// Texts gives the text tower's embedding of each text.
	Texts(ctx context.Context, texts []string) ([]*trial.Tensor, error)
	// Visible is the fraction of a region's area that is left in the model's input.
	Visible(region *raster.Mask) float64
}

// Models finds and loads backbones; zoo.Zoo does through an adapter in the command line.
type Models interface {
	trial.Env
	Load(name string) (Backbone, error)
}

// feature names one tensor of one picture.
type feature struct {
	model, output string
	native        bool
}

// call is one way of running a model: every output that any metric wants, in one forward pass.
type call struct {
	model   Backbone
	native  bool
	outputs []string
	keys    []feature
}

// scorer runs metrics on trials. Features are computed batch-wise, once for each picture, whatever the number of
// metrics that use them.
type scorer struct {
	metrics []trial.Metric
	needs   [][]trial.Request
	calls   []call
	textual map[string]Backbone // models whose text tower is asked

	mu    sync.Mutex
	texts map[[2]string]*trial.Tensor // model, text
}

// newScorer prepares metrics; more are features that someone else wants of every picture.
func newScorer(metrics []trial.Metric, models Models, more []trial.Request) (*scorer, error) {
	s := &scorer{metrics: metrics, textual: map[string]Backbone{}, texts: map[[2]string]*trial.Tensor{}}
	loaded := map[string]Backbone{}
	at := map[feature]int{} // by model and native: index into calls
	wanted := slices.Clone(more)
	for _, m := range metrics {
		needs := m.Needs()
		s.needs = append(s.needs, needs)
		wanted = append(wanted, needs...)
	}
	for _, r := range wanted {
		b := loaded[r.Model]
		if b == nil {
			var err error
			if b, err = models.Load(r.Model); err != nil {
				return nil, err
			}
			loaded[r.Model] = b
		}
		if r.Part.Text() {
			s.textual[r.Model] = b
			continue
		}
		way := feature{model: r.Model, native: r.Native}
		i, ok := at[way]
		if !ok {
			i = len(s.calls)
			at[way] = i
			s.calls = append(s.calls, call{model: b, native: r.Native})
		}
		key := feature{r.Model, r.Output, r.Native}
		known := false
		for _, k := range s.calls[i].keys {
			known = known || k == key
		}
		if !known {
			s.calls[i].keys = append(s.calls[i].keys, key)
			s.calls[i].outputs = append(s.calls[i].outputs, r.Output)
		}
	}
	return s, nil
}

// callsFor are the calls that some of the metrics need: where the others' scores are known, their models need not run.
func (s *scorer) callsFor(metrics map[int]bool) []call {
	var out []call
	for _, c := range s.calls {
		needed := false
		for m := range metrics {
			needed = needed || slices.ContainsFunc(s.needs[m], func(r trial.Request) bool {
				return !r.Part.Text() && slices.Contains(c.keys, feature{r.Model, r.Output, r.Native})
			})
		}
		if needed {
			out = append(out, c)
		}
	}
	return out
}

// features computes everything that calls give of some pictures.
func (s *scorer) features(ctx context.Context, imgs []*raster.Image, calls []call) ([]map[feature]*trial.Tensor, error) {
	out := make([]map[feature]*trial.Tensor, len(imgs))
	for i := range out {
		out[i] = map[feature]*trial.Tensor{}
	}
	for _, c := range calls {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tensors, err := c.model.Features(ctx, imgs, c.outputs, c.native)
		if err != nil {
			return nil, fmt.Errorf("features of %s: %w", c.model.Info().Name, err)
		}
		for i, row := range tensors {
			for k, t := range row {
				out[i][c.keys[k]] = t
			}
		}
	}
	return out, nil
}

// text embeds a text once for each model.
func (s *scorer) text(ctx context.Context, model, text string) (*trial.Tensor, error) {
	key := [2]string{model, text}
	s.mu.Lock()
	t := s.texts[key]
	s.mu.Unlock()
	if t != nil {
		return t, nil
	}
	ts, err := s.textual[model].Texts(ctx, []string{text})
	if err != nil {
		return nil, fmt.Errorf("text embedding of %s: %w", model, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[key] = ts[0]
	return ts[0], nil
}

// score runs metric m on a trial whose pictures have the given features. A metric that fails gives NaN and the reason;
// only an ended context is an error.
func (s *scorer) score(ctx context.Context, m int, t trial.Trial, in, out map[feature]*trial.Tensor) (trial.Score, error) {
	failed := trial.Score{Value: math.NaN()}
	t.Features = make([]*trial.Tensor, len(s.needs[m]))
	for i, r := range s.needs[m] {
		var words string
		switch r.Part {
		case trial.OfInput:
			t.Features[i] = in[feature{r.Model, r.Output, r.Native}]
			continue
		case trial.OfOutput:
			t.Features[i] = out[feature{r.Model, r.Output, r.Native}]
			continue
		case trial.OfRequirement:
			words = t.Requirement
		case trial.OfSourceCaption:
			words = t.SourceCaption
		case trial.OfTargetCaption:
			words = t.TargetCaption
		}
		if words == "" {
			return failed, fmt.Errorf("the trial has no %s", r.Part)
		}
		var err error
		if t.Features[i], err = s.text(ctx, r.Model, words); err != nil {
			return failed, err
		}
	}
	score, err := s.metrics[m].Score(&t)
	if err != nil {
		return failed, err
	}
	if math.IsNaN(score.Value) {
		return failed, errors.New("the metric gave NaN")
	}
	return score, nil
}

package harness

import (
	"context"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// Pair is two picture files: the reference and the picture under test.
type Pair struct{ Input, Output string }

// Words are what a metric may read besides the pictures.
type Words struct{ Requirement, SourceCaption, TargetCaption string }

// ChosenMetric is a metric made outside an experiment file.
type ChosenMetric struct {
	Label  string
	Metric trial.Metric
	Entry  trial.MetricEntry
	Info   registry.Info
}

// ScorePairs scores pairs of files one after another and hands each pair's scores to yield, in the order of metrics. A
// picture that cannot be read, or a metric that fails, is an error of that score and not of the whole.
func ScorePairs(ctx context.Context, metrics []ChosenMetric, pairs []Pair, words Words, models Models,
	yield func(p Pair, scores []trial.Score, errs []error) error) error {
	list := make([]trial.Metric, len(metrics))
	for i, m := range metrics {
		list[i] = m.Metric
	}
	sc, err := newScorer(list, models, nil)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		scores, errs := make([]trial.Score, len(list)), make([]error, len(list))
		if err := sc.pair(ctx, p, words, scores, errs); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			for i := range errs {
				errs[i] = err
			}
		}
		if err := yield(p, scores, errs); err != nil {
			return err
		}
	}
	return nil
}

func (s *scorer) pair(ctx context.Context, p Pair, words Words, scores []trial.Score, errs []error) error {
	a, _, err := raster.DecodeFile(p.Input)
	if err != nil {
		return err
	}
	b, _, err := raster.DecodeFile(p.Output)
	if err != nil {
		return err
	}
	feats, err := s.features(ctx, []*raster.Image{a, b}, s.calls)
	if err != nil {
		return err
	}
	t := trial.Trial{Input: a, Output: b, Requirement: words.Requirement, SourceCaption: words.SourceCaption, TargetCaption: words.TargetCaption}
	for m := range s.metrics {
		scores[m], errs[m] = s.score(ctx, m, t, feats[0], feats[1])
	}
	return nil
}

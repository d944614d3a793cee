// Package metrics holds the metrics under test: one file a metric, each registered on trial.Metrics (a score for an input
// and an output) or trial.SetMetrics (a score for two sets).
//
// A metric is a pure function of pixels, features and words. It declares the features that it needs and is handed them;
// it never runs a model, and none is needed to test it.
//
//	entry, info, _ := trial.Metrics.Get("ssim")
//	params, _ := registry.NewValues(info, nil)
//	m, _ := entry.New(params, nil)
//	score, err := m.Score(&trial.Trial{Input: a, Output: b})
//
// A metric on sets is handed the features of all members, which the harness stores as a run goes, and gives its score with
// an interval; no picture is in memory by then.
//
//	entry, info, _ := trial.SetMetrics.Get("frechet")
//	params, _ := registry.NewValues(info, map[string]any{"model": "resnet50"})
//	m, _ := entry.New(params, env)
//	score, err := m.Reduce(ctx, outputs, sources, seed)
//
// docs/metrics.md says how far each lies from its oracle, docs/metrics-cost.md what it costs.
package metrics

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
package metrics

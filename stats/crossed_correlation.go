package stats

import (
	"context"
	"fmt"
	"math"
)

// CrossedSpearman is Spearman's correlation of a metric with the mean over raters, with sources and raters resampled at
// once (the pigeonhole bootstrap, see CrossedInterval): it holds for other raters as well as for other sources. The interval
// is t with the bootstrap's standard error on Fisher's z, around the estimate: drawing raters with replacement leaves fewer
// of them, whose mean is less reliable, so that percentiles would lie too low. raw is by row, then rater; NaN where a rater
// did not rate. Rows that no drawn rater rated are left out of that resample.
func CrossedSpearman(ctx context.Context, score []float64, raw [][]float64, cluster []int, clusters int, level float64, r Resampling) (Interval, error) {
	none := noInterval(math.NaN(), 0, orLevel(level))
	if len(score) < 3 || len(raw) != len(score) || len(cluster) != len(score) {
		return none, fmt.Errorf("crossed spearman: %d scores, %d rows of ratings, clusters of %d, at least 3 of each are needed", len(score), len(raw), len(cluster))
	}
	raters := len(raw[0])
	for i, row := range raw {
		if len(row) != raters {
			return none, fmt.Errorf("crossed spearman: row %d has %d raters, the first %d", i, len(row), raters)
		}
	}
	if err := finite("crossed spearman", score); err != nil {
		return none, err
	}
	lx, nx := levels(score)
	iv, err := crossedInterval(ctx, clusters, raters, func() func(first, second []float64) float64 {
		n := len(score)
		y, w := make([]float64, n), make([]float64, n)
		cx, rx, cy, ry := make([]float64, nx), make([]float64, nx), make([]float64, n), make([]float64, n)
		return func(first, second []float64) float64 {
			for i, row := range raw {
				var s, k float64
				for j, v := range row {
					if second[j] > 0 && !math.IsNaN(v) {
						s += second[j] * v
						k += second[j]
					}
				}
				y[i], w[i] = 0, 0
				if k > 0 {
					y[i], w[i] = s/k, first[cluster[i]]
				}
			}
			ly, ny := levels(y)
			return fisherZ(weightedSpearman(lx, ly, nil, w, cx, cy[:ny], rx, ry[:ny]))
		}
	}, level, r, true)
	iv.Value, iv.Low, iv.High = math.Tanh(iv.Value), math.Tanh(iv.Low), math.Tanh(iv.High)
	if iv.Method != "none" && iv.Method != "degenerate" {
		iv.Method += ", Fisher's z"
	}
	return iv, err
}

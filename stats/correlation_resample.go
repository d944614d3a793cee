package stats

import (
	"context"
	"fmt"
	"math"
)

// Correlation names a coefficient that can be resampled.
type Correlation string

// The coefficients.
const (
	SRCC Correlation = "spearman"
	PLCC Correlation = "pearson"
)

// CorrelationInterval is a correlation with its cluster bootstrap interval; cluster gives each row's cluster, numbered
// from 0 without gaps (nil: every row is its own). Values are ranked once; a resample's mid-ranks come from counts by
// level, without sorting.
func CorrelationInterval(ctx context.Context, c Correlation, x, y []float64, cluster []int, level float64, r Resampling) (Interval, error) {
	if err := pairs(string(c), x, y, 3); err != nil {
		return noInterval(math.NaN(), 0, orLevel(level)), err
	}
	open, k, err := correlationStatistic(c, x, y, cluster)
	if err != nil {
		return noInterval(math.NaN(), 0, orLevel(level)), err
	}
	return ClusterBootstrap(ctx, k, open, level, r)
}

// CorrelationDifference compares two metrics x1 and x2 judged against the same y on the same rows: r(x1,y) - r(x2,y), each
// pair resampled together (paired cluster bootstrap).
func CorrelationDifference(ctx context.Context, c Correlation, x1, x2, y []float64, cluster []int, level float64, r Resampling) (Interval, error) {
	none := noInterval(math.NaN(), 0, orLevel(level))
	for _, x := range [][]float64{x1, x2} {
		if err := pairs(string(c), x, y, 3); err != nil {
			return none, err
		}
	}
	a, k, err := correlationStatistic(c, x1, y, cluster)
	if err != nil {
		return none, err
	}
	b, _, err := correlationStatistic(c, x2, y, cluster)
	if err != nil {
		return none, err
	}
	return ClusterBootstrap(ctx, k, func() Statistic {
		f, g := a(), b()
		return func(w []float64) float64 { return f(w) - g(w) }
	}, level, r)
}

func correlationStatistic(c Correlation, x, y []float64, cluster []int) (func() Statistic, int, error) {
	k := len(x)
	if cluster != nil {
		if len(cluster) != len(x) {
			return nil, 0, fmt.Errorf("%s: %d rows but clusters of %d", c, len(x), len(cluster))
		}
		k = 0
		for i, v := range cluster {
			if v < 0 {
				return nil, 0, fmt.Errorf("%s: row %d has cluster %d: number clusters from 0", c, i, v)
			}
			k = max(k, v+1)
		}
	}
	switch c {
	case SRCC:
		lx, nx := levels(x)
		ly, ny := levels(y)
		return func() Statistic {
			rx, ry := make([]float64, nx), make([]float64, ny)
			cx, cy := make([]float64, nx), make([]float64, ny)
			return func(w []float64) float64 {
				return weightedSpearman(lx, ly, cluster, w, cx, cy, rx, ry)
			}
		}, k, nil
	case PLCC:
		return func() Statistic {
			return func(w []float64) float64 { return weightedPearson(x, y, cluster, w) }
		}, k, nil
	}
	return nil, 0, fmt.Errorf("no correlation called %q can be resampled: spearman or pearson", c)
}

// weightedSpearman is the Spearman correlation of a sample in which row i comes as often as its cluster: ranks come from
// the cumulated counts of each level.
func weightedSpearman(lx, ly []int32, cluster []int, w, cx, cy, rx, ry []float64) float64 {
	clear(cx)
	clear(cy)
	if cluster == nil {
		for i, v := range w {
			cx[lx[i]] += v
			cy[ly[i]] += v
		}
	} else {
		for i, c := range cluster {
			v := w[c]
			cx[lx[i]] += v
			cy[ly[i]] += v
		}
	}
	n, xx := centredRanks(cx, rx)
	_, yy := centredRanks(cy, ry)
	var xy float64
	if cluster == nil {
		for i, v := range w {
			xy += v * rx[lx[i]] * ry[ly[i]]
		}
	} else {
		for i, c := range cluster {
			xy += w[c] * rx[lx[i]] * ry[ly[i]]
		}
	}
	if n < 2 || xx == 0 || yy == 0 {
		return math.NaN()
	}
	return xy / math.Sqrt(xx*yy)
}

// centredRanks turns counts by level into mid-ranks less their mean, and returns n and their sum of squares.
func centredRanks(count, rank []float64) (n, ss float64) {
	for _, c := range count {
		n += c
	}
	mid := n / 2
	below := 0.
	for i, c := range count {
		r := below + c/2 - mid
		rank[i] = r
		ss += c * r * r
		below += c
	}
	return n, ss
}

func weightedPearson(x, y []float64, cluster []int, w []float64) float64 {
	at := func(i int) float64 {
		if cluster == nil {
			return w[i]
		}
		return w[cluster[i]]
	}
	var n, mx, my float64
	for i := range x {
		v := at(i)
		n += v
		mx += v * x[i]
		my += v * y[i]
	}
	mx, my = mx/n, my/n
	var xx, yy, xy float64
	for i := range x {
		v := at(i)
		a, b := x[i]-mx, y[i]-my
		xx += v * a * a
		yy += v * b * b
		xy += v * a * b
	}
	if !(xx > 0 && yy > 0) {
		return math.NaN()
	}
	return xy / math.Sqrt(xx) / math.Sqrt(yy)
}

// SpearmanReplicates gives the Spearman correlation in every cluster resample, for statistics built of several.
func SpearmanReplicates(ctx context.Context, x, y []float64, cluster []int, r Resampling) ([]float64, error) {
	if err := pairs("spearman", x, y, 3); err != nil {
		return nil, err
	}
	open, k, err := correlationStatistic(SRCC, x, y, cluster)
	if err != nil {
		return nil, err
	}
	return r.Replicates(ctx, k, open)
}

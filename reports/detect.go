package reports

import (
	"context"
	"math"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"
)

// detected is the detection of one edit in one region, at all severities, by one metric amid one null.
type detected struct {
	curve  *curve
	metric int
	null   int
	cells  []detectedCell
	whole  *crossed // where the curve crosses the criterion; nil where it is not defined
}

// detectedCell is one severity of it.
type detectedCell struct {
	cell           *cell
	within         mean
	sources        []float64 // A within of each source; NaN where it has none
	interval       interval
	bandLo, bandHi float64
	pooled         float64
	pooledInterval interval
	pooledK        int
	ties           float64 // share of tied comparisons within sources
}

// crossed is a threshold in log strength.
type crossed struct {
	value     float64 // -Inf, +Inf: beyond what was tested
	low, high float64
	method    string
	reps      []float64 // by resample; NaN where a resample held no data
	jack      []float64 // by cluster; NaN where there is no data without it
	first     float64   // strength of the weakest and strongest severity
	last      float64
	k         int
}

type detectKey struct{ metric, null, curve int }

// detectAll computes every detection curve that is wanted, several at a time, and keeps them. Findings then take them
// from detect.
func (a *Analysis) detectAll(ctx context.Context, keys []detectKey) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(a.workers)
	for _, k := range keys {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			a.detect(k)
			return nil
		})
	}
	return g.Wait()
}

// detect is one detection curve; it is nil where no source has both the null alone and the edit amid it, or where the two
// are held against different words.
func (a *Analysis) detect(key detectKey) *detected {
	a.mu.Lock()
	d, ok := a.memo[key]
	a.mu.Unlock()
	if ok {
		return d
	}
	d = a.computeDetect(key)
	a.mu.Lock()
	defer a.mu.Unlock()
	if earlier, ok := a.memo[key]; ok {
		return earlier
	}
	a.memo[key] = d
	return d
}

func (a *Analysis) computeDetect(key detectKey) *detected {
	c := a.curves[key.curve]
	if !a.comparable(key.metric, c) {
		return nil
	}
	score := a.columns[key.metric].score
	neg := a.sortedNulls(key.metric, key.null)
	d := &detected{curve: c, metric: key.metric, null: key.null}
	var points []point
	for _, x := range c.cells {
		pos := make([][]float64, len(a.sources))
		cell := detectedCell{cell: x, sources: make([]float64, len(a.sources))}
		ties, pairs := 0, 0
		for i := range pos {
			pos[i] = pick(score, x.crossed[key.null][i])
			t := compare(neg[i], pos[i])
			cell.sources[i] = t.auc()
			ties += t.ties
			pairs += t.pairs
		}
		if pairs == 0 {
			continue
		}
		cell.ties = float64(ties) / float64(pairs)
		cell.within = a.mean(cell.sources, true)
		p := a.estimate(&cell.within)
		cell.interval = p.interval
		points = append(points, p)
		both := make([][]float64, len(a.sources)) // sources with nulls but no edit, or the other way round, do not count
		for i := range both {
			if len(pos[i]) > 0 {
				both[i] = neg[i]
			}
			if len(neg[i]) == 0 {
				pos[i] = nil
			}
		}
		pl := a.newPooled(both, pos)
		cell.pooled = pl.value
		cell.pooledInterval, cell.pooledK = a.pooledInterval(&pl)
		d.cells = append(d.cells, cell)
	}
	if len(d.cells) == 0 {
		return nil
	}
	low, high := a.band(points)
	for i := range d.cells {
		d.cells[i].bandLo, d.cells[i].bandHi = low[i], high[i]
	}
	d.whole = a.cross(d, points)
	return d
}

// estimate is a mean with its interval and replicates, as a point of a curve.
func (a *Analysis) estimate(m *mean) point {
	p := point{value: m.value, se: m.se(), k: m.k, bounded: m.bounded, spread: m.spread, edge: m.edge}
	if !m.spread {
		p.se = 0
	}
	if m.k >= fewClusters && m.spread {
		p.reps = make([]float64, a.draws.n)
		a.draws.replicate(m, p.reps)
		p.interval = a.interval(m, slices.Clone(p.reps), a.level)
		return p
	}
	p.interval = a.interval(m, nil, a.level)
	return p
}

// cross finds where the isotonic fit of A within on log severity crosses the criterion, in the data, in every resample of
// sources and without each source. It is nil where fewer than two severities have a logarithm.
func (a *Analysis) cross(d *detected, points []point) *crossed {
	type at struct {
		x    float64
		cell int
	}
	var axis []at
	k := math.MaxInt
	for i := range d.cells {
		if x := d.curve.strength(d.cells[i].cell); !math.IsNaN(x) {
			axis = append(axis, at{x, i})
			k = min(k, d.cells[i].within.k)
		}
	}
	sort.SliceStable(axis, func(i, j int) bool { return axis[i].x < axis[j].x })
	if len(axis) < 2 || axis[0].x == axis[len(axis)-1].x {
		return nil
	}
	n := len(axis)
	x, y, w, fit := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for j, p := range axis {
		x[j] = p.x
		w[j] = float64(d.cells[p.cell].within.sources)
	}
	solve := func(value func(cell int) float64) float64 {
		for j, p := range axis {
			y[j] = value(p.cell)
			if math.IsNaN(y[j]) {
				return math.NaN()
			}
		}
		isotonic(y, w, fit)
		return crossing(x, fit, criterion)
	}
	out := &crossed{first: x[0], last: x[n-1], k: k, low: math.NaN(), high: math.NaN(), method: "none"}
	out.value = solve(func(cell int) float64 { return d.cells[cell].within.value })
	if k < fewClusters {
		return out
	}
	out.reps = make([]float64, a.draws.n)
	for b := range out.reps {
		out.reps[b] = solve(func(cell int) float64 {
			if points[cell].reps == nil {
				return points[cell].value
			}
			return points[cell].reps[b]
		})
	}
	jacks := make([][]float64, len(d.cells))
	for i := range d.cells {
		jacks[i] = d.cells[i].within.leaveOut()
	}
	for c := range a.clusters {
		out.jack = append(out.jack, solve(func(cell int) float64 { return jacks[cell][c] }))
	}
	out.low, out.high, out.method = censoredInterval(out.value, out.reps, out.jack, expanded(a.level, k))
	return out
}

// censoredInterval is BCa where every leave-one-out value is finite; otherwise the acceleration is unknown and taken as
// 0. An end among censored resamples is infinite. Where even the bias correction is undefined (the estimate itself is
// censored), the ends are the plain percentiles, which then only say how far the resamples reach.
func censoredInterval(value float64, reps, jack []float64, level float64) (low, high float64, method string) {
	s := sorted(slices.Clone(reps))
	if len(s) == 0 {
		return math.NaN(), math.NaN(), "none"
	}
	jack = sorted(slices.Clone(jack))
	acc := acceleration(jack)
	for _, v := range jack {
		if math.IsInf(v, 0) {
			acc = math.NaN()
		}
	}
	method = "BCa bootstrap of the whole curve over sources"
	if math.IsNaN(acc) {
		acc, method = 0, "bias-corrected bootstrap of the whole curve over sources"
	}
	z0 := normalQuantile(shareBelow(s, value))
	if math.IsInf(value, 0) || math.IsInf(z0, 0) {
		return quantile(s, (1-level)/2), quantile(s, (1+level)/2), "percentile bootstrap of the whole curve over sources"
	}
	end := func(p float64) float64 {
		z := z0 + normalQuantile(p)
		return normalCDF(z0 + z/(1-acc*z))
	}
	return quantile(s, end((1-level)/2)), quantile(s, end((1+level)/2)), method
}

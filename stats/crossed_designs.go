package stats

import (
	"context"
	"fmt"
	"math"
)

// CrossedDesigns is the agreement of designs, each a number of models that differ in nothing but the training seed, with the
// same ratings: the mean over a design's seeds of their Spearman correlations, through Fisher's z. Sources are crossed with
// seeds, and every design has seeds of its own.
type CrossedDesigns struct {
	Value    []float64 // by design
	Seeds    []int     // by design
	Clusters int

	z    []float64   // Fisher's z of Value
	reps [][]float64 // by design, then resample; of Fisher's z
}

// SpearmanOfDesigns resamples sources and, within each design, seeds at once (the pigeonhole bootstrap, Owen 2007, which is a
// little too wide rather than too narrow), with the same draws of sources for all designs, so that differences are paired.
// score is by design, then seed, then row; cluster numbers each row's source from 0 to clusters-1. A design of one seed, fewer
// than two sources, fewer than 3 rows or a number that is not finite is an error; a metric that is constant gives NaN.
func SpearmanOfDesigns(ctx context.Context, score [][][]float64, rating []float64, cluster []int, clusters int, r Resampling) (*CrossedDesigns, error) {
	if clusters < 2 || len(rating) < 3 || len(cluster) != len(rating) || len(score) == 0 {
		return nil, fmt.Errorf("spearman of designs: %d designs on %d rows of %d sources, with sources of %d rows: at least 1 on 3 of 2 are needed: %w", len(score), len(rating), clusters, len(cluster), ErrUndefined)
	}
	if err := finite("spearman of designs", rating); err != nil {
		return nil, err
	}
	c := &CrossedDesigns{Clusters: clusters}
	var flat [][]float64
	for d, seeds := range score {
		if len(seeds) < 2 {
			return nil, fmt.Errorf("spearman of designs: design %d has %d seeds, at least 2 are needed: %w", d, len(seeds), ErrUndefined)
		}
		for k, x := range seeds {
			if len(x) != len(rating) {
				return nil, fmt.Errorf("spearman of designs: seed %d of design %d has %d scores against %d ratings", k, d, len(x), len(rating))
			}
			if err := finite("spearman of designs", x); err != nil {
				return nil, err
			}
		}
		c.Seeds = append(c.Seeds, len(seeds))
		flat = append(flat, seeds...)
	}
	for i, k := range cluster {
		if k < 0 || k >= clusters {
			return nil, fmt.Errorf("spearman of designs: row %d has source %d, outside 0 to %d", i, k, clusters-1)
		}
	}
	open := spearmanStatistics(flat, rating, cluster)
	one := make([]float64, clusters)
	for i := range one {
		one[i] = 1
	}
	each := make([]float64, len(flat))
	open()(one, each)
	at := 0
	for _, n := range c.Seeds {
		var s float64
		for _, v := range each[at : at+n] {
			s += fisherZ(v) / float64(n)
		}
		at += n
		c.z, c.Value = append(c.z, s), append(c.Value, math.Tanh(s))
		c.reps = append(c.reps, make([]float64, r.count()))
	}
	draws := make([]Resampling, len(c.Seeds))
	for d := range draws {
		draws[d] = r
		draws[d].Purpose += fmt.Sprintf(" (seeds of design %d)", d)
	}
	err := r.each(ctx, clusters, func() func(int, []float64) {
		f, out := open(), make([]float64, len(flat))
		seeds := make([][]float64, len(c.Seeds))
		for d, n := range c.Seeds {
			seeds[d] = make([]float64, n)
		}
		return func(b int, w []float64) {
			f(w, out)
			at := 0
			for d, n := range c.Seeds {
				draws[d].Draw(b, seeds[d])
				var s float64
				for k, v := range out[at : at+n] {
					if seeds[d][k] > 0 {
						s += seeds[d][k] * fisherZ(v) / float64(n)
					}
				}
				at += n
				c.reps[d][b] = s
			}
		}
	})
	return c, err
}

// Interval is that of one design: t with the bootstrap's standard error on Fisher's z and the smaller number of sources and
// seeds less one as degrees of freedom. It holds for other sources and other seeds.
func (c *CrossedDesigns) Interval(design int, level float64) Interval {
	few := min(c.Clusters, c.Seeds[design])
	iv := noInterval(c.z[design], few, orLevel(level))
	iv = spreadT(iv, c.reps[design], float64(few))
	iv.Value, iv.Low, iv.High = c.Value[design], math.Tanh(iv.Low), math.Tanh(iv.High)
	if iv.Method != "none" && iv.Method != "degenerate" {
		iv.Method = fmt.Sprintf("t with pigeonhole bootstrap's standard error, %d df, %d sources x %d seeds, Fisher's z", few-1, c.Clusters, c.Seeds[design])
	}
	return iv
}

// Difference compares two designs as sa*design a - sb*design b, on Fisher's z brought back at the mean of the two. Each design's
// seeds are its own, so that they are compared as in a t test of two samples: the degrees of freedom are those of both
// designs' seeds, less two, or of the sources, less one, if they are fewer.
func (c *CrossedDesigns) Difference(a, b int, sa, sb, level float64) (iv Interval, p float64) {
	few := min(c.Clusters, min(c.Seeds[a], c.Seeds[b]))
	d := paired{value: sa*c.z[a] - sb*c.z[b], mid: (sa*c.z[a] + sb*c.z[b]) / 2}
	iv = noInterval(d.value, few, orLevel(level))
	reps := make([]float64, len(c.reps[a]))
	for i := range reps {
		reps[i] = sa*c.reps[a][i] - sb*c.reps[b][i]
	}
	iv = spreadT(iv, reps, float64(few))
	p = math.NaN()
	if df := float64(min(c.Clusters-1, c.Seeds[a]+c.Seeds[b]-2)); iv.DF > 0 {
		// spreadT took the smaller number of levels for the spread and the quantile; the quantile is of df.
		se := (iv.High - iv.Low) / 2 / tQuantile(.5+iv.Level/2, iv.DF)
		h := tQuantile(.5+iv.Level/2, df) * se
		iv.Low, iv.High, iv.DF = d.fromZ(d.value-h), d.fromZ(d.value+h), df
		iv.Method = fmt.Sprintf("t with pigeonhole bootstrap's standard error, %g df, %d sources x %d and %d seeds, Fisher's z", df, c.Clusters, c.Seeds[a], c.Seeds[b])
		p = tTwoSided(d.value/se, df)
	}
	iv.Value = sa*c.Value[a] - sb*c.Value[b]
	return iv, p
}

// spreadT is t with the standard deviation of resamples, widened by k/(k-1) for the k levels of the smaller factor, of which
// resampling gives too small a spread; k-1 degrees of freedom.
func spreadT(iv Interval, reps []float64, k float64) Interval {
	n := len(reps)
	used := make([]float64, 0, n)
	for _, v := range reps {
		if !math.IsNaN(v) {
			used = append(used, v)
		}
	}
	if lost := n - len(used); lost > 0 {
		iv.warn(fmt.Sprintf("undefined in %d of %d resamples, which are left out", lost, n))
	}
	if len(used) < 2 || math.IsNaN(iv.Value) || k < 2 {
		iv.warn("undefined: no interval")
		return iv
	}
	_, ss := center(used)
	se := math.Sqrt(ss / float64(len(used)-1) * k / (k - 1))
	if se == 0 {
		return iv.degenerate()
	}
	iv.DF = k - 1
	h := tQuantile(.5+iv.Level/2, iv.DF) * se
	iv.Low, iv.High, iv.Method = iv.Value-h, iv.Value+h, "t"
	return iv
}

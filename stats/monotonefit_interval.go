package stats

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// FittedLogistic is a logistic fit with what refits without each cluster say of its uncertainty.
type FittedLogistic struct {
	LogisticFit
	Correlation Interval // Pearson after the fit
	Residual    Interval // RMSE
	// Grid are scores over their range, Curve the fitted rating there with its pointwise interval.
	Grid  []float64
	Curve []Interval
}

// maxRefits bounds the groups of clusters that are left out in turn.
const maxRefits = 40

// FitWithInterval fits a 4- or 5-parameter logistic and refits it without each cluster in turn (groups of clusters where
// there are more than 40): the delete-a-group jackknife (Kott 2001), t with groups - 1 degrees of freedom, on Fisher's z
// for the correlation and on the logarithm for the RMSE. Refitting counts the freedom that the curve took from the data,
// which an interval of a fit held fixed leaves out. grid is the number of points of the curve.
func FitWithInterval(ctx context.Context, score, rating []float64, cluster []int, clusters, parameters, grid int, level float64) (*FittedLogistic, error) {
	level = orLevel(level)
	if parameters != 4 && parameters != 5 {
		return nil, fmt.Errorf("logistic fit: %d parameters: 4 or 5", parameters)
	}
	full, err := fitLogistic(score, rating, parameters, nil)
	if err != nil {
		return nil, err
	}
	f := &FittedLogistic{LogisticFit: full}
	// Groups of clusters that have rows, dealt in turn.
	group, groups := make([]int, clusters), 0
	seen := make([]bool, clusters)
	for i := range score {
		c := i
		if cluster != nil {
			c = cluster[i]
		}
		if !seen[c] {
			seen[c] = true
			group[c] = groups % maxRefits
			groups++
		}
	}
	present := groups
	groups = min(groups, maxRefits)
	lo, hi := slices.Min(score), slices.Max(score)
	for i := range grid {
		f.Grid = append(f.Grid, lo+(hi-lo)*float64(i)/float64(max(1, grid-1)))
	}
	refits := make([]*LogisticFit, groups)
	var wg sync.WaitGroup
	workers := min(max(1, runtime.GOMAXPROCS(0)), groups)
	for w := range workers {
		wg.Go(func() {
			for g := w; g < groups && ctx.Err() == nil; g += workers {
				var x, y []float64
				for i := range score {
					c := i
					if cluster != nil {
						c = cluster[i]
					}
					if group[c] != g {
						x, y = append(x, score[i]), append(y, rating[i])
					}
				}
				if r, err := fitLogistic(x, y, parameters, &full); err == nil {
					refits[g] = &r
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	method := fmt.Sprintf("jackknife t over clusters with refits, %d df", groups-1)
	if present > groups {
		method = fmt.Sprintf("jackknife t over %d groups of clusters with refits, %d df", groups, groups-1)
	}
	judge := func(value float64, of func(r *LogisticFit) float64, to, from func(float64) float64) Interval {
		iv := noInterval(value, present, level)
		if groups < 2 || math.IsNaN(value) {
			iv.warn("one cluster, or no value: no interval")
			return iv
		}
		leave := make([]float64, groups)
		for g, r := range refits {
			leave[g] = math.NaN()
			if r != nil {
				leave[g] = to(of(r))
			}
		}
		t := noInterval(to(value), groups, level)
		t = jackknifeT(t, leave)
		iv.DF, iv.Warnings = t.DF, t.Warnings
		if !math.IsNaN(t.Low) {
			iv.Low, iv.High, iv.Method = from(t.Low), from(t.High), method
		}
		return iv
	}
	same := func(v float64) float64 { return v }
	f.Correlation = judge(full.Pearson, func(r *LogisticFit) float64 { return r.Pearson }, math.Atanh, math.Tanh)
	f.Residual = judge(full.RMSE, func(r *LogisticFit) float64 { return r.RMSE }, math.Log, math.Exp)
	for _, x := range f.Grid {
		f.Curve = append(f.Curve, judge(full.At(x), func(r *LogisticFit) float64 { return r.At(x) }, same, same))
	}
	return f, nil
}

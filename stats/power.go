package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// PowerAssumption is what must be supposed before anything has been measured.
type PowerAssumption struct {
	Clusters    int     // sources
	Draws       int     // values a source, with the edit and without
	Between     float64 // standard deviation of the true AUC between sources
	Correlation float64 // of two metrics' AUCs over sources
	Level       float64 // of the two-sided test, 0: .05
	Chance      float64 // of finding the effect, 0: .8
}

// DetectableAUC is the smallest mean AUC within sources that a two-sided t test over sources tells from .5. The variance of
// a source's AUC around its truth is Hanley and McNeil's (1982, eq. 1, exponential form of Q1 and Q2) with Draws values a
// side, at the AUC sought; to it comes Between squared. NaN where no AUC below 1 is detectable.
func DetectableAUC(a PowerAssumption) float64 {
	if a.Clusters < 2 || a.Draws < 1 {
		return math.NaN()
	}
	short := func(auc float64) float64 {
		return auc - .5 - a.smallest(hanleyMcNeil(auc, a.Draws)+a.Between*a.Between)
	}
	if short(1) < 0 {
		return math.NaN()
	}
	lo, hi := .5, 1.
	for range 60 {
		if mid := (lo + hi) / 2; short(mid) < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// DetectableDifference is the smallest difference of two metrics' mean AUC within sources, around the given AUC, that a
// paired two-sided t test over sources finds; the variance is 2(1-Correlation) times that of one.
func DetectableDifference(a PowerAssumption, around float64) float64 {
	if a.Clusters < 2 || a.Draws < 1 || !(around >= 0 && around <= 1) {
		return math.NaN()
	}
	return a.smallest(2 * (1 - a.Correlation) * (hanleyMcNeil(around, a.Draws) + a.Between*a.Between))
}

func hanleyMcNeil(auc float64, draws int) float64 {
	n := float64(draws)
	q1, q2 := auc/(2-auc), 2*auc*auc/(1+auc)
	return (auc*(1-auc) + (n-1)*(q1-auc*auc) + (n-1)*(q2-auc*auc)) / (n * n)
}

// smallest is the effect that a t test over clusters of the given variance finds; the power is that of the noncentral t,
// solved for by bisection.
func (a PowerAssumption) smallest(variance float64) float64 {
	level, chance := a.Level, a.Chance
	if level == 0 {
		level = .05
	}
	if chance == 0 {
		chance = .8
	}
	df := float64(a.Clusters - 1)
	critical := tQuantile(1-level/2, df)
	lo, hi := 0., 2*critical+10
	for range 80 {
		mid := (lo + hi) / 2
		if noncentralTail(critical, df, mid) < chance {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi * math.Sqrt(variance/float64(a.Clusters))
}

// noncentralTail is P(T > t) of a noncentral t with noncentrality d, integrated over the chi-squared quantiles of the
// estimated variance.
func noncentralTail(t, df, d float64) float64 {
	chi := distuv.ChiSquared{K: df}
	const n = 400
	var sum float64
	for i := range n {
		s := math.Sqrt(chi.Quantile((float64(i)+.5)/n) / df)
		sum += normalCDF(d - t*s)
	}
	return sum / n
}

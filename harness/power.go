package harness

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"probity/internal/trial"
)

// Power says what the sources of a plan can tell: the smallest effects that a two-sided t test over sources finds with
// the given chance. Method is "" where the plan has no nulls, and so no AUC.
type Power struct {
	Clusters   int     `json:"clusters"`
	Draws      int     `json:"draws"`      // of each null, the fewest of any
	AUC        float64 `json:"auc"`        // smallest AUC that is told from .5; above 1: none is
	Difference float64 `json:"difference"` // smallest difference between two metrics' AUC that is told from 0
	Level      float64 `json:"level"`
	Chance     float64 `json:"chance"`
	Method     string  `json:"method"`
}

// What Power assumes, since nothing has been measured yet. A source's AUC of m against n draws has the variance of Mann
// and Whitney (1947), (m+n+1)/(12mn) at .5, besides what the true AUC varies between sources; two metrics on the same
// stimuli are correlated. Together that is a standard deviation of .21 for 8 draws; measured on 32 rendered scenes, with
// classical metrics and hue turns between chance and ceiling, it was .15 to .24, and correlations .3 to .7.
const (
	powerLevel       = .05
	powerChance      = .8
	powerBetween     = .15 // standard deviation of the true AUC between sources
	powerCorrelation = .5  // of two metrics' AUCs over sources
)

// power fills Power.
func (p *Plan) power() {
	w := Power{Clusters: p.Counts.Clusters, Level: powerLevel, Chance: powerChance}
	for _, s := range p.Perturbs {
		if s.Role == trial.Null && (w.Draws == 0 || s.Draws < w.Draws) {
			w.Draws = s.Draws
		}
	}
	if w.Draws == 0 {
		return
	}
	w.AUC, w.Difference = detectable(w.Clusters, w.Draws)
	w.Method = fmt.Sprintf("two-sided t test at %g over sources, %d draws each; assumed: the true AUC varies between sources with SD %g, two metrics correlate %g",
		powerLevel, w.Draws, powerBetween, powerCorrelation)
	p.Power = w
}

// detectable gives the smallest AUC told from .5 and the smallest difference of two metrics' AUCs, for n sources with the
// given draws on either side.
func detectable(n, draws int) (auc, difference float64) {
	if n < 2 {
		return 2, 2
	}
	d := float64(draws)
	variance := (2*d+1)/(12*d*d) + powerBetween*powerBetween
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	// The sum of two central quantiles stands for the noncentral one; it is right to .01 from 10 degrees of freedom on.
	quantiles := t.Quantile(1-powerLevel/2) + t.Quantile(powerChance)
	return .5 + quantiles*math.Sqrt(variance/float64(n)),
		quantiles * math.Sqrt(2*(1-powerCorrelation)*variance/float64(n))
}

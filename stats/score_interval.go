package stats

import (
	"fmt"
	"math"
)

// Score is the score interval of a mean of values in 0..1: Wilson's, with as many trials as would spread the mean as much as the
// clusters do, and never more than there are rows (values that are shares, such as ties counted in parts, are taken as proportions
// would be). With t in the place of z, as in ClusterProportion. Where all values are 0 or all 1, each cluster is one trial.
func (m Mean) Score(level float64) Interval {
	k := len(m.Sum)
	iv := noInterval(m.Value, k, orLevel(level))
	if k < 2 {
		iv.warn("fewer than two clusters: no interval")
		return iv
	}
	p, se := m.Value, m.SE()
	if p <= 0 || p >= 1 {
		iv.Low, iv.High = wilson(p, float64(k), iv.Level)
		iv.Method = fmt.Sprintf("Wilson score, n = %d clusters", k)
		return iv
	}
	n := float64(m.Rows)
	if se > 0 {
		n = math.Min(n, p*(1-p)/(se*se))
	}
	z, t := normalQuantile(.5+iv.Level/2), tQuantile(.5+iv.Level/2, float64(k-1))
	iv.Low, iv.High = wilson(p, n*(z/t)*(z/t), iv.Level)
	iv.DF = float64(k - 1)
	iv.Method = fmt.Sprintf("score interval over clusters, %d df", k-1)
	return iv
}

package stats

import (
	"fmt"
	"math"
)

// DeLong is the AUC of each metric and their covariance (DeLong, DeLong and Clarke-Pearson 1988), by mid-ranks (Sun and Xu
// 2014), O(n log n). negative[m] and positive[m] are metric m's values, of the same cases in the same order. For
// independent cases; intervals are not clipped to 0..1 (pROC does).
func DeLong(negative, positive [][]float64) (auc []float64, covariance [][]float64, err error) {
	if len(negative) != len(positive) || len(negative) == 0 {
		return nil, nil, fmt.Errorf("delong: %d metrics without and %d with", len(negative), len(positive))
	}
	n, p := len(negative[0]), len(positive[0])
	if n < 2 || p < 2 {
		return nil, nil, fmt.Errorf("delong: %d negative and %d positive cases, at least 2 of each are needed: %w", n, p, ErrUndefined)
	}
	k := len(negative)
	auc = make([]float64, k)
	v10, v01 := make([][]float64, k), make([][]float64, k)
	for m := range k {
		if len(negative[m]) != n || len(positive[m]) != p {
			return nil, nil, fmt.Errorf("delong: metric %d has %d and %d cases, the first %d and %d", m, len(negative[m]), len(positive[m]), n, p)
		}
		for _, x := range [][]float64{negative[m], positive[m]} {
			for i, v := range x {
				if math.IsNaN(v) {
					return nil, nil, fmt.Errorf("delong: metric %d, case %d is NaN", m, i)
				}
			}
		}
		all := MidRanks(append(append([]float64{}, positive[m]...), negative[m]...))
		rp, rn := MidRanks(positive[m]), MidRanks(negative[m])
		v10[m], v01[m] = make([]float64, p), make([]float64, n)
		for i := range p {
			v10[m][i] = (all[i] - rp[i]) / float64(n)
			auc[m] += v10[m][i] / float64(p)
		}
		for j := range n {
			v01[m][j] = 1 - (all[p+j]-rn[j])/float64(p)
		}
	}
	covariance = make([][]float64, k)
	for a := range k {
		covariance[a] = make([]float64, k)
		for b := range k {
			var s, t float64
			for i := range p {
				s += (v10[a][i] - auc[a]) * (v10[b][i] - auc[b])
			}
			for j := range n {
				t += (v01[a][j] - auc[a]) * (v01[b][j] - auc[b])
			}
			covariance[a][b] = s/float64(p-1)/float64(p) + t/float64(n-1)/float64(n)
		}
	}
	return auc, covariance, nil
}

// CompareAUC tests two metrics' AUCs on the same cases with DeLong's covariance.
func CompareAUC(negative1, positive1, negative2, positive2 []float64) (Comparison, error) {
	auc, c, err := DeLong([][]float64{negative1, negative2}, [][]float64{positive1, positive2})
	if err != nil {
		return Comparison{P: math.NaN()}, err
	}
	se := math.Sqrt(c[0][0] + c[1][1] - 2*c[0][1])
	d := auc[0] - auc[1]
	if se == 0 {
		return Comparison{P: math.NaN()}, fmt.Errorf("delong: the two metrics order all cases alike, no variance: %w", ErrUndefined)
	}
	q := normalQuantile(.975) * se
	return Comparison{d / se, math.Inf(1), normalTwoSided(d / se), d - q, d + q}, nil
}

package metrics

import (
	"context"
	"fmt"
	"math"

	"probity/internal/linalg"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func init() {
	onSets(registry.Info{
		Name: "vendi", Version: 1,
		Doc: "Vendi score of one set: the effective number of different members",
		Long: "exp(-sum l_i log l_i) with l_i the eigenvalues of K / N, K the cosine similarities of all pairs of members: 1 where all are alike, N where all are orthogonal. It looks at no reference: " +
			"noise is varied too. order = q takes Renyi's entropy of order q, (sum l_i^q)^(1/(1-q)), in its place; small q counts rare members more.\n\n" +
			"It grows with N, and cannot pass the number of features: compare at equal N. Rectified features have no negative cosines, which keeps it low.",
		Source: "Friedman and Dieng, The Vendi Score: a diversity evaluation metric for machine learning, TMLR 2023; Pasarkar and Dieng, Cousins of the Vendi Score, AISTATS 2024 (order)",
	}, "embedding", trial.SetMetricEntry{Direction: trial.Similarity, Low: 1, High: math.Inf(1), Single: true}, []registry.Param{
		{Name: "order", Type: registry.Float, Default: 1., Min: .1, Max: 1000, Doc: "order of the entropy; 1 is Shannon's"},
		resamplesParam,
	}, func(v registry.Values) (setMetric, error) {
		order := v.Float("order")
		return setMetric{warn: func(a, _ sample) []string {
			if a.n < a.d {
				return []string{fmt.Sprintf("%d members for %d features: the Vendi score still grows with the number of members", a.n, a.d)}
			}
			return nil
		}, value: func(_ context.Context, a, _ sample, _ func(string) *stream.Stream) (float64, error) {
			return vendi(a, order)
		}}, nil
	})
}

func vendi(a sample, order float64) (float64, error) {
	x := make([]float64, len(a.x))
	for i := range a.n {
		row := a.x[i*a.d : (i+1)*a.d]
		norm := math.Sqrt(dot(row, row))
		if norm == 0 {
			return 0, fmt.Errorf("the feature of member %d is zero and has no direction", i+1)
		}
		for j, v := range row {
			x[i*a.d+j] = float64(v) / norm
		}
	}
	// The members' similarities and the features' second moments have the same eigenvalues but for zeros.
	v := linalg.Of(x, a.n, a.d)
	if a.n > a.d {
		v = v.T()
	}
	n := v.Rows
	values := linalg.Eigenvalues(linalg.Gram(v), n)
	rounding := float64(n) * 0x1p-52 // shares below are zeros
	most := values[n-1] / float64(a.n)
	sum := 0.
	for _, l := range values {
		switch l /= float64(a.n); {
		case l <= rounding:
		case order == 1:
			sum -= l * math.Log(l)
		default:
			sum += math.Pow(l/most, order)
		}
	}
	if order != 1 {
		sum = (math.Log(sum) + order*math.Log(most)) / (1 - order)
	}
	return math.Max(1, math.Exp(sum)), nil
}

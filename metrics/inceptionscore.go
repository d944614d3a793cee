package metrics

import (
	"context"
	"fmt"
	"math"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func init() {
	onSets(registry.Info{
		Name: "inception-score", Version: 1,
		Doc: "Inception Score of one set: how sure and how varied a classifier's answers are",
		Long: "exp(mean KL(p(y|x) || p(y))) with p(y|x) the softmax of each member's logits and p(y) their mean; 1 where all answers are alike, at most the number of classes. It looks " +
			"at no reference, and at nothing but the classes.\n\n" +
			"splits = 1 takes the whole set. The published convention is 10 splits, averaged, in the order of the members (torch-fidelity shuffles first); " +
			"smaller splits give smaller scores. A set needs several members for each class before the score means much, and a warning says where it has not. It is the Inception Score proper only " +
			"on the logits of the Inception network of 2015.",
		Source: "Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen, Improved techniques for training GANs, NeurIPS 2016; Barratt and Sharma, A note on the Inception Score, 2018; torch-fidelity",
	}, "logits", trial.SetMetricEntry{Direction: trial.Similarity, Low: 1, High: math.Inf(1), Single: true}, []registry.Param{
		{Name: "splits", Type: registry.Int, Default: 1, Min: 1, Max: 1000, Doc: "parts of the set that are scored alone and averaged"},
		resamplesParam,
	}, func(v registry.Values) (setMetric, error) {
		splits := v.Int("splits")
		return setMetric{fewest: splits, warn: func(a, _ sample) []string {
			if n := a.n / splits; n < 5*a.d {
				return []string{fmt.Sprintf("%d members a split for %d classes: the Inception Score is far below what more members would give", n, a.d)}
			}
			return nil
		}, value: func(_ context.Context, a, _ sample, _ func(string) *stream.Stream) (float64, error) {
			sum := 0.
			for i := range splits {
				from, to := i*a.n/splits, (i+1)*a.n/splits
				sum += inceptionScore(a.x[from*a.d:to*a.d], a.d)
			}
			return sum / float64(splits), nil
		}}, nil
	})
}

// inceptionScore is the score of rows of d logits.
func inceptionScore(x []float32, d int) float64 {
	n := len(x) / d
	p, mean := make([]float64, d), make([]float64, d)
	total := 0.
	for i := range n {
		row := x[i*d : (i+1)*d]
		most := row[0]
		for _, v := range row {
			most = max(most, v)
		}
		sum := 0.
		for j, v := range row {
			p[j] = math.Exp(float64(v) - float64(most))
			sum += p[j]
		}
		log := math.Log(sum)
		for j, v := range row {
			q := p[j] / sum
			mean[j] += q / float64(n)
			total += q * (float64(v) - float64(most) - log) // q log q
		}
	}
	total /= float64(n)
	for _, q := range mean {
		if q > 0 {
			total -= q * math.Log(q)
		}
	}
	return math.Exp(math.Max(total, 0))
}

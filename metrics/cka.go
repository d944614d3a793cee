package metrics

import (
	"fmt"
	"math"

	"probity/internal/linalg"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	onPlaces(registry.Info{
		Name: "cka", Version: 1,
		Doc: "linear centred kernel alignment of two maps or tokens, places as samples",
		Long: "<K, L> / (|K| |L|) with K = H A A^T H, L = H B B^T H (H takes off the mean over places), A and B the features of both pictures at the " +
			"same n places: whether the places are arranged alike in feature space, up to rotation and one scale. 1 is alike, 0 unrelated. It says " +
			"nothing of where in feature space the places lie: a change that moves all of them by the same vector gives 1.\n\n" +
			"debiased = true takes the unbiased estimate of HSIC (Song et al. 2012), which is about 0 for unrelated features, where the plain one " +
			"grows towards 1 as channels outnumber places; it may be negative. Two maps without any variation count as 1, one as 0.",
		Source: "Kornblith, Norouzi, Lee and Hinton, Similarity of neural network representations revisited, ICML 2019; Nguyen, Raghu and Kornblith, ICLR 2021 (debiased)",
	}, "spatial", []registry.Param{{Name: "debiased", Type: registry.Bool, Default: false, Doc: "take the unbiased estimate of HSIC"}},
		trial.MetricEntry{Direction: trial.Similarity, Low: -1, High: 1, Symmetric: true},
		func(v registry.Values) func(a, b *trial.Tensor) (trial.Score, error) {
			debiased := v.Bool("debiased")
			return func(a, b *trial.Tensor) (trial.Score, error) {
				if err := samePlaces(a, b); err != nil {
					return trial.Score{}, err
				}
				n := a.Positions()
				if n > selfSimilarityLargest {
					return trial.Score{}, fmt.Errorf("CKA of %d places is too large; choose an output with at most %d", n, selfSimilarityLargest)
				}
				if debiased && n < 4 {
					return trial.Score{}, fmt.Errorf("debiased CKA needs at least 4 places, got %d", n)
				}
				k, l := similarities(a, debiased), similarities(b, debiased)
				inner := dot64
				if debiased {
					inner = hsicUnbiased
				}
				kk, ll, kl := inner(k, k), inner(l, l), inner(k, l)
				switch {
				case kk <= 0 && ll <= 0:
					return trial.Score{Value: 1}, nil
				case kk <= 0 || ll <= 0:
					return trial.Score{Value: 0}, nil
				}
				return trial.Score{Value: kl / math.Sqrt(kk*ll)}, nil
			}
		})
}

// similarities is the n x n matrix of scalar products between places: with the mean vector taken off (the centred
// kernel), or raw with a diagonal of zeros, as the unbiased estimate wants it.
func similarities(t *trial.Tensor, raw bool) []float64 {
	n, c := t.Positions(), t.Channels()
	x := make([]float64, n*c)
	mean := make([]float64, c)
	for i := range n {
		row := x[i*c : (i+1)*c]
		t.Position(i, row)
		for j, v := range row {
			mean[j] += v / float64(n)
		}
	}
	// The unbiased estimate does not change when a vector is taken off all places, and loses fewer digits.
	k := make([]float64, n*n)
	v := linalg.Of(x, n, c).Less(mean)
	vt := linalg.Of(x, n, c).Less(mean).T()
	linalg.Add(k, n, 1, v, vt, linalg.Lower, linalg.One)
	linalg.Mirror(k, n)
	if raw {
		for i := range n {
			k[i*n+i] = 0
		}
	}
	return k
}

// hsicUnbiased is Song et al. (2012), equation 5, for n x n matrices with zero diagonals.
func hsicUnbiased(k, l []float64) float64 {
	n := int(math.Sqrt(float64(len(k))) + .5)
	m := float64(n)
	trace, sk, sl, cross := dot64(k, l), 0.0, 0.0, 0.0
	for i := range n {
		rk, rl := 0.0, 0.0
		for j := range n {
			rk += k[i*n+j]
			rl += l[i*n+j]
		}
		sk += rk
		sl += rl
		cross += rk * rl
	}
	return (trace + sk*sl/((m-1)*(m-2)) - 2*cross/(m-2)) / (m * (m - 3))
}

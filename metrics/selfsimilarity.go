package metrics

import (
	"fmt"
	"math"

	"probity/internal/linalg"
	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// selfSimilarityLargest bounds the places, whose similarities are kept squared in number.
const selfSimilarityLargest = 4096

func init() {
	onPlaces(registry.Info{
		Name: "self-similarity", Version: 1,
		Doc: "core: distance of the self-similarity matrices, how places relate to each other",
		Long: "sqrt(mean_ij (S_a,ij - S_b,ij)^2) with S_ij the cosine similarity of places i and j of one picture. A change of look that all places " +
			"share leaves the relations, and so the score, alone; a change of layout does not. Splice takes the keys of a ViT's last layer; any " +
			"map or tokens serve here. The map is the root mean square of each place's row.",
		Source: "Tumanyan, Bar-Tal, Bagon and Dekel, Splicing ViT features for semantic appearance transfer, CVPR 2022; Shechtman and Irani, CVPR 2007",
	}, "tokens", nil, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: 2, Symmetric: true},
		func(registry.Values) func(a, b *trial.Tensor) (trial.Score, error) {
			return func(a, b *trial.Tensor) (trial.Score, error) {
				if err := samePlaces(a, b); err != nil {
					return trial.Score{}, err
				}
				n, c := a.Positions(), a.Channels()
				if n > selfSimilarityLargest {
					return trial.Score{}, fmt.Errorf("self-similarity of %d places is too large; choose an output with at most %d", n, selfSimilarityLargest)
				}
				d := make([]float64, n*n)
				ua, ub := linalg.Of(units(a), n, c), linalg.Of(units(b), n, c)
				sa := make([]float64, n*n)
				linalg.Add(sa, n, 1, ua, ua.T(), linalg.Lower, linalg.One)
				linalg.Add(d, n, 1, ub, ub.T(), linalg.Lower, linalg.One)
				m := raster.NewMap(a.W, a.H)
				for i := range n {
					for j := range i {
						e := sa[i*n+j] - d[i*n+j]
						m.V[i] += e * e
						m.V[j] += e * e
					}
					e := sa[i*n+i] - d[i*n+i]
					m.V[i] += e * e
				}
				sum := 0.0
				for i, v := range m.V {
					sum += v
					m.V[i] = math.Sqrt(v / float64(n))
				}
				return trial.Score{Value: math.Sqrt(sum) / float64(n), Map: m}, nil
			}
		})
}

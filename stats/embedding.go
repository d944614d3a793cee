package stats

import (
	"fmt"
	"math"
)

// Gap is how two sets of embeddings of one space lie to each other: those of pictures and of their texts.
type Gap struct {
	Distance float64 // between the means of the embeddings, each brought to length 1: the modality gap
	Paired   float64 // mean cosine of the pairs
	// Alignment is the mean squared distance of the pairs, and Uniformity the logarithm of the mean of exp(-2 |x - y|^2)
	// over all pairs of different rows, of either set (Wang and Isola 2020).
	Alignment                float64
	UniformityA, UniformityB float64
}

// ModalityGap measures two sets of n embeddings of d numbers, row i of a paired with row i of b, row-major. Rows are
// brought to length 1 first; a row of length 0 is an error.
//
// Source: Liang et al., Mind the gap, NeurIPS (2022); Wang and Isola, Understanding contrastive representation learning
// through alignment and uniformity on the hypersphere, ICML (2020).
func ModalityGap(a, b []float32, n, d int) (Gap, error) {
	if n < 2 || d < 1 || len(a) != n*d || len(b) != n*d {
		return Gap{}, fmt.Errorf("modality gap: wants two sets of %d x %d numbers with 2 rows or more, got %d and %d", n, d, len(a), len(b))
	}
	x, err := unitRows(a, n, d)
	if err != nil {
		return Gap{}, err
	}
	y, err := unitRows(b, n, d)
	if err != nil {
		return Gap{}, err
	}
	var g Gap
	for k := range d {
		var gap float64
		for i := range n {
			gap += x[i*d+k] - y[i*d+k]
		}
		g.Distance += gap * gap / float64(n) / float64(n)
	}
	g.Distance = math.Sqrt(g.Distance)
	for i := range n {
		for k := range d {
			g.Paired += x[i*d+k] * y[i*d+k]
		}
	}
	g.Paired /= float64(n)
	g.Alignment = 2 - 2*g.Paired
	g.UniformityA, g.UniformityB = uniformity(x, n, d), uniformity(y, n, d)
	return g, nil
}

func unitRows(v []float32, n, d int) ([]float64, error) {
	out := make([]float64, n*d)
	for i := range n {
		var square float64
		for _, e := range v[i*d : (i+1)*d] {
			square += float64(e) * float64(e)
		}
		if !(square > 0) || math.IsInf(square, 0) {
			return nil, fmt.Errorf("embeddings: row %d has no length: it is 0 or not finite", i)
		}
		length := math.Sqrt(square)
		for k := range d {
			out[i*d+k] = float64(v[i*d+k]) / length
		}
	}
	return out, nil
}

func uniformity(v []float64, n, d int) float64 {
	var sum float64
	for i := range n {
		for j := range i {
			var dot float64
			for k := range d {
				dot += v[i*d+k] * v[j*d+k]
			}
			sum += math.Exp(-2 * (2 - 2*dot))
		}
	}
	return math.Log(sum / (float64(n) * float64(n-1) / 2))
}

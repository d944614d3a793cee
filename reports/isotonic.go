package reports

import "math"

// isotonic fits the non-decreasing sequence nearest to y in weighted least squares (pool adjacent violators, Barlow et
// al. 1972) into out.
func isotonic(y, w, out []float64) {
	type block struct {
		sum, weight float64
		n           int
	}
	var stack [64]block
	blocks := stack[:0]
	for i := range y {
		b := block{y[i] * w[i], w[i], 1}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if last.sum*b.weight < b.sum*last.weight {
				break
			}
			b = block{last.sum + b.sum, last.weight + b.weight, last.n + b.n}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	i := 0
	for _, b := range blocks {
		for range b.n {
			out[i] = b.sum / b.weight
			i++
		}
	}
}

// crossing is where a non-decreasing polyline through (x, y) first reaches level: -Inf where it begins at or above it,
// +Inf where it ends below.
func crossing(x, y []float64, level float64) float64 {
	if y[0] >= level {
		return math.Inf(-1)
	}
	for i := 1; i < len(y); i++ {
		if y[i] >= level {
			return x[i-1] + (x[i]-x[i-1])*(level-y[i-1])/(y[i]-y[i-1])
		}
	}
	return math.Inf(1)
}

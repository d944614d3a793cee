package stats

// Isotonic is the least-squares increasing fit of y with weights w (nil: all 1), by pooling adjacent violators (Ayer,
// Brunk, Ewing, Reid and Silverman 1955). y is in the order of the predictor; a negative weight counts as 0.
func Isotonic(y, w []float64) []float64 {
	type block struct {
		sum, weight float64
		n           int
	}
	blocks := make([]block, 0, len(y))
	value := func(b block) float64 { return b.sum / b.weight }
	for i, v := range y {
		wi := 1.
		if w != nil {
			// A weight of nothing still needs a place in the order; the smallest one does not move its neighbours.
			wi = max(w[i], 1e-300)
		}
		blocks = append(blocks, block{v * wi, wi, 1})
		for k := len(blocks) - 1; k > 0 && value(blocks[k-1]) >= value(blocks[k]); k-- {
			a, b := blocks[k-1], blocks[k]
			blocks[k-1] = block{a.sum + b.sum, a.weight + b.weight, a.n + b.n}
			blocks = blocks[:k]
		}
	}
	out := make([]float64, 0, len(y))
	for _, b := range blocks {
		for range b.n {
			out = append(out, value(b))
		}
	}
	return out
}

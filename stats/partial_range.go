package stats

import (
	"fmt"
	"slices"
)

// RangePart is agreement within one part of the rating scale.
type RangePart struct {
	Low, High float64 // ratings, both included
	N         int
	Spearman  float64
	Err       error // why Spearman is undefined
}

// PartialRange splits the items into parts of equal number by rating and computes Spearman within each: a metric may order
// bad from good and yet fail among the good. Restricted range lowers every correlation, so that parts are compared between
// metrics, never with the whole. Items with equal ratings stay in the order given.
func PartialRange(score, rating []float64, parts int) ([]RangePart, error) {
	if err := pairs("partial range", score, rating, 2); err != nil {
		return nil, err
	}
	if parts < 2 || parts > len(score)/3 {
		return nil, fmt.Errorf("partial range: %d parts of %d items: give at least 2 parts of at least 3 items", parts, len(score))
	}
	order := make([]int, len(rating))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if rating[a] < rating[b] {
			return -1
		} else if rating[a] > rating[b] {
			return 1
		}
		return 0
	})
	var out []RangePart
	for p := range parts {
		rows := order[p*len(order)/parts : (p+1)*len(order)/parts]
		var x, y []float64
		for _, i := range rows {
			x, y = append(x, score[i]), append(y, rating[i])
		}
		part := RangePart{Low: y[0], High: y[len(y)-1], N: len(x)}
		part.Spearman, part.Err = Spearman(x, y)
		out = append(out, part)
	}
	return out, nil
}

package stats

import (
	"fmt"
	"math"

	"probity/internal/stream"
)

// Ceiling is how well a perfect metric could agree with ratings that carry raters' errors.
type Ceiling struct {
	Reliability float64 // share of the ratings' variance that is not error of measurement
	Pearson     float64 // root of the reliability (Spearman 1904)
	Spearman    float64 // mean over simulated ratings
	Kendall     float64
	Method      string
}

// CeilingFromErrors draws the ceiling from the ratings' own standard errors: reliability = 1 - mean(se^2)/variance (classical
// test theory, Lord and Novick 1968). For rank correlations the ratings, shrunk towards their mean by the reliability's root,
// stand for the truth, and draws with the stated errors for what people would say. It bounds a metric that knows the truth
// and errs independently of these raters; it counts raters' chance, not what all raters of the study share.
func CeilingFromErrors(rating, se []float64, draws int, seed uint64) (Ceiling, error) {
	none := Ceiling{Reliability: math.NaN(), Pearson: math.NaN(), Spearman: math.NaN(), Kendall: math.NaN()}
	if err := pairs("ceiling", rating, rating, 3); err != nil {
		return none, err
	}
	if len(se) != len(rating) || draws < 1 {
		return none, fmt.Errorf("ceiling: %d ratings, %d standard errors, %d draws", len(rating), len(se), draws)
	}
	m, ss := center(rating)
	n := float64(len(rating))
	var noise float64
	for i, v := range se {
		if !(v >= 0) || math.IsInf(v, 0) {
			return none, fmt.Errorf("ceiling: standard error %d is %v", i, v)
		}
		noise += v * v / n
	}
	rel := 1 - noise/(ss/(n-1))
	if !(rel > 0) {
		return none, fmt.Errorf("ceiling: the raters' errors (mean square %.3g) are as large as the variance of the ratings (%.3g): %w", noise, ss/(n-1), ErrUndefined)
	}
	c := Ceiling{Reliability: rel, Pearson: math.Sqrt(rel), Method: fmt.Sprintf("from the ratings' standard errors, %d draws", draws)}
	truth, said := make([]float64, len(rating)), make([]float64, len(rating))
	for i, v := range rating {
		truth[i] = m + math.Sqrt(rel)*(v-m)
	}
	return c.rank(truth, draws, func(d int) []float64 {
		s := stream.Key{Seed: seed, Step: "ceiling", Purpose: "ratings", Replicate: d}.Open()
		for i, v := range truth {
			said[i] = v + se[i]*s.Norm()
		}
		return said
	})
}

// rank averages the rank correlations of truth with drawn ratings, through Fisher's z.
func (c Ceiling) rank(truth []float64, draws int, draw func(d int) []float64) (Ceiling, error) {
	var zs, zk float64
	for d := range draws {
		said := draw(d)
		rs, err := Spearman(truth, said)
		if err != nil {
			return c, fmt.Errorf("ceiling: %w", err)
		}
		rk, err := Kendall(truth, said)
		if err != nil {
			return c, fmt.Errorf("ceiling: %w", err)
		}
		zs += fisherZ(rs)
		zk += fisherZ(rk)
	}
	c.Spearman, c.Kendall = math.Tanh(zs/float64(draws)), math.Tanh(zk/float64(draws))
	return c, nil
}

func fisherZ(r float64) float64 { return math.Atanh(max(-1+1e-12, min(1-1e-12, r))) }

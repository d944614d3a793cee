package stats

import (
	"fmt"
	"math"
	"slices"

	"probity/internal/linalg"
)

// Spectrum are the eigenvalues of the covariance of some rows (about their mean, divided by n - 1), largest first. What is no larger
// than rounding leaves of a zero (max(n, d) times the machine epsilon times the largest) is 0. It is an error for fewer than 2 rows.
func Spectrum(r Rows) ([]float64, error) {
	if r.N < 2 || r.D < 1 {
		return nil, fmt.Errorf("spectrum: wants 2 rows or more, got %d x %d", r.N, r.D)
	}
	s := r.Less(r.Mean()).scatter()
	return spectrum(s, r.N, r.D), nil
}

// spectrum takes the scatter about the mean of n rows; it is overwritten.
func spectrum(s []float64, n, d int) []float64 {
	for i := range s {
		s[i] /= float64(n - 1)
	}
	v := linalg.Eigenvalues(s, d)
	slices.Reverse(v)
	tiny := float64(max(n, d)) * 0x1p-52 * v[0]
	for i := range v {
		if v[i] <= tiny {
			v[i] = 0
		}
	}
	return v
}

// EffectiveRank is exp(-sum p ln p) of p = s / sum(s), s the singular values of the centred rows, that is the square roots of the
// eigenvalues of their covariance: 1 for rows on a line, d for rows that spread alike in all directions. Roots and centring are part
// of the definition: the entropy of the eigenvalues themselves gives less.
//
// Source: Roy and Vetterli, The effective rank: a measure of effective dimensionality, EUSIPCO (2007), definition 1.
func EffectiveRank(spectrum []float64) float64 {
	var sum float64
	for _, v := range spectrum {
		sum += math.Sqrt(v)
	}
	if sum == 0 {
		return math.NaN()
	}
	var h float64
	for _, v := range spectrum {
		if p := math.Sqrt(v) / sum; p > 0 {
			h -= p * math.Log(p)
		}
	}
	return math.Exp(h)
}

// ParticipationRatio is (sum v)^2 / sum v^2 of the eigenvalues v of the covariance: the number of directions alike that would
// spread as much.
//
// Source: Gao, Trautmann, Yu, Santhanam, Ryu, Shenoy and Ganguli, A theory of multineuronal dimensionality (2017), eq. 5.
func ParticipationRatio(spectrum []float64) float64 {
	var sum, squares float64
	for _, v := range spectrum {
		sum += v
		squares += v * v
	}
	return sum * sum / squares
}

// Ranks are the effective rank and the participation ratio of some rows with their intervals.
type Ranks struct {
	Effective, Participation Interval
	// Cap is the largest rank that so many rows in so many dimensions can have, min(n-1, d). Capped: it is the rows that limit it,
	// n - 1 < d, so that both ranks say as much of n as of the space.
	Cap    int
	Capped bool
}

// RankIntervals measures both ranks. group puts each row into one of GroupCount groups, see Groups; the intervals are t from the
// delete-a-group jackknife. Ranks grow with n until it is many times d: compare sets of one size.
func RankIntervals(r Rows, group []int, level float64) (Ranks, error) {
	if len(group) != r.N {
		return Ranks{}, fmt.Errorf("ranks: %d rows but groups of %d", r.N, len(group))
	}
	all, err := Spectrum(r)
	if err != nil {
		return Ranks{}, err
	}
	out := Ranks{Cap: min(r.N-1, r.D), Capped: r.N-1 < r.D}
	if all[0] == 0 {
		return out, fmt.Errorf("ranks: all %d rows are the same: %w", r.N, ErrUndefined)
	}
	k := groupCount(group)
	centred := r.Less(r.Mean()) // about the mean of all, so that sums lose no digits
	total := centred.scatter()
	var effective, participation []float64
	for g := range k {
		var in []int
		for i, h := range group {
			if h == g {
				in = append(in, i)
			}
		}
		rest := r.N - len(in)
		if rest < 2 {
			effective, participation = append(effective, math.NaN()), append(participation, math.NaN())
			continue
		}
		part := centred.Pick(in)
		s := part.scatter()
		mean := part.Mean()
		for i := range mean {
			mean[i] *= -float64(len(in)) / float64(rest) // of those that stay; the mean of all is 0
		}
		for i := range r.D {
			for j := range r.D {
				s[i*r.D+j] = total[i*r.D+j] - s[i*r.D+j] - float64(rest)*mean[i]*mean[j]
			}
		}
		v := spectrum(s, rest, r.D)
		effective, participation = append(effective, EffectiveRank(v)), append(participation, ParticipationRatio(v))
	}
	out.Effective = groupJackknife(EffectiveRank(all), effective, level)
	out.Participation = groupJackknife(ParticipationRatio(all), participation, level)
	return out, nil
}

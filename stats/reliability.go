package stats

import (
	"fmt"
	"math"
	"slices"

	"probity/internal/stream"
)

// ICC holds the six intraclass correlations of Shrout and Fleiss (1979), with F intervals as McGraw and Wong (1996).
type ICC struct {
	Form           string // "ICC(1,1)": one rater, each item its own; "ICC(2,1)": raters random; "ICC(3,1)": raters fixed; ",k": mean of k
	Interval              // of N items
	F, DF1, DF2, P float64
}

// ICCs computes all forms of a complete table rating[item][rater].
func ICCs(rating [][]float64, level float64) ([]ICC, error) {
	level = orLevel(level)
	n := len(rating)
	if n < 2 || len(rating[0]) < 2 {
		return nil, fmt.Errorf("icc: at least 2 items and 2 raters are needed: %w", ErrUndefined)
	}
	k := len(rating[0])
	var grand float64
	rows, cols := make([]float64, n), make([]float64, k)
	for i, r := range rating {
		if len(r) != k {
			return nil, fmt.Errorf("icc: item %d has %d ratings, the first %d: leave out incomplete items or use Krippendorff's alpha", i, len(r), k)
		}
		if err := finite("icc", r); err != nil {
			return nil, err
		}
		for j, v := range r {
			rows[i] += v / float64(k)
			cols[j] += v / float64(n)
			grand += v / float64(n*k)
		}
	}
	var ssr, ssc, sse, ssw float64
	for i, r := range rating {
		ssr += (rows[i] - grand) * (rows[i] - grand) * float64(k)
		for j, v := range r {
			e := v - rows[i] - cols[j] + grand
			sse += e * e
			ssw += (v - rows[i]) * (v - rows[i])
		}
	}
	for _, c := range cols {
		ssc += (c - grand) * (c - grand) * float64(n)
	}
	N, K := float64(n), float64(k)
	d1, dw, de := N-1, N*(K-1), (N-1)*(K-1)
	msr, msc, mse, msw := ssr/d1, ssc/(K-1), sse/de, ssw/dw
	if msw == 0 || mse == 0 || msr == 0 {
		return nil, fmt.Errorf("icc: no variance between items or within them: %w", ErrUndefined)
	}
	a := (1 - level) / 2
	make1 := func(form string, v, lo, hi, f, df1, df2 float64) ICC {
		iv := noInterval(v, n, level)
		iv.Low, iv.High, iv.Method = lo, hi, "F (McGraw and Wong 1996)"
		return ICC{form, iv, f, df1, df2, fTail(f, df1, df2)}
	}
	f1, f3 := msr/msw, msr/mse
	l1, u1 := f1/fQuantile(1-a, d1, dw), f1*fQuantile(1-a, dw, d1)
	l3, u3 := f3/fQuantile(1-a, d1, de), f3*fQuantile(1-a, de, d1)
	icc2 := (msr - mse) / (msr + (K-1)*mse + K*(msc-mse)/N)
	// Satterthwaite's degrees of freedom of Shrout and Fleiss' interval for ICC(2,1).
	fj := msc / mse
	vn := (K - 1) * (N - 1) * math.Pow(K*icc2*fj+N*(1+(K-1)*icc2)-K*icc2, 2)
	vd := (N-1)*K*K*icc2*icc2*fj*fj + math.Pow(N*(1+(K-1)*icc2)-K*icc2, 2)
	v := vn / vd
	fu, fl := fQuantile(1-a, d1, v), fQuantile(1-a, v, d1)
	l2 := N * (msr - fu*mse) / (fu*(K*msc+(K*N-K-N)*mse) + N*msr)
	u2 := N * (fl*msr - mse) / (K*msc + (K*N-K-N)*mse + N*fl*msr)
	up := func(r float64) float64 { return K * r / (1 + (K-1)*r) }
	return []ICC{
		make1("ICC(1,1)", (msr-msw)/(msr+(K-1)*msw), (l1-1)/(l1+K-1), (u1-1)/(u1+K-1), f1, d1, dw),
		make1("ICC(2,1)", icc2, l2, u2, f3, d1, de),
		make1("ICC(3,1)", (msr-mse)/(msr+(K-1)*mse), (l3-1)/(l3+K-1), (u3-1)/(u3+K-1), f3, d1, de),
		make1("ICC(1,k)", (msr-msw)/msr, 1-1/l1, 1-1/u1, f1, d1, dw),
		make1("ICC(2,k)", (msr-mse)/(msr+(msc-mse)/N), up(l2), up(u2), f3, d1, de),
		make1("ICC(3,k)", (msr-mse)/msr, 1-1/l3, 1-1/u3, f3, d1, de),
	}, nil
}

// FleissKappa is the agreement of raters on categories beyond chance (Fleiss 1971): count[item][category], with the same
// number of ratings for every item. Where all ratings fall into one category it is undefined (0/0), an error.
func FleissKappa(count [][]int) (float64, error) {
	if len(count) == 0 {
		return math.NaN(), fmt.Errorf("fleiss' kappa: no items: %w", ErrUndefined)
	}
	raters := 0
	for _, c := range count[0] {
		raters += c
	}
	if raters < 2 {
		return math.NaN(), fmt.Errorf("fleiss' kappa: %d ratings an item, at least 2 are needed: %w", raters, ErrUndefined)
	}
	share := make([]float64, len(count[0]))
	var observed float64
	for i, row := range count {
		n, s := 0, 0
		if len(row) != len(share) {
			return math.NaN(), fmt.Errorf("fleiss' kappa: item %d has %d categories, the first %d", i, len(row), len(share))
		}
		for j, c := range row {
			n += c
			s += c * (c - 1)
			share[j] += float64(c)
		}
		if n != raters {
			return math.NaN(), fmt.Errorf("fleiss' kappa: item %d has %d ratings, the first %d", i, n, raters)
		}
		observed += float64(s) / float64(raters*(raters-1))
	}
	observed /= float64(len(count))
	var chance float64
	for _, s := range share {
		p := s / float64(raters*len(count))
		chance += p * p
	}
	if chance == 1 {
		return math.NaN(), fmt.Errorf("fleiss' kappa: all ratings fall into one category: %w", ErrUndefined)
	}
	return (observed - chance) / (1 - chance), nil
}

// AlphaLevel is the scale of measurement for Krippendorff's alpha.
type AlphaLevel string

// The scales.
const (
	Nominal  AlphaLevel = "nominal"
	Ordinal  AlphaLevel = "ordinal"
	Metrical AlphaLevel = "interval"
)

// KrippendorffAlpha is the agreement of raters with missing ratings allowed (Krippendorff 2011): rating[item][rater], NaN
// where there is none. Items with one rating are left out. All ratings equal: undefined, an error.
func KrippendorffAlpha(rating [][]float64, level AlphaLevel) (float64, error) {
	var values []float64
	var kept [][]float64
	for _, r := range rating {
		var u []float64
		for _, v := range r {
			if !math.IsNaN(v) {
				u = append(u, v)
			}
		}
		if len(u) >= 2 {
			kept = append(kept, u)
			values = append(values, u...)
		}
	}
	if len(kept) == 0 {
		return math.NaN(), fmt.Errorf("krippendorff's alpha: no item has two ratings: %w", ErrUndefined)
	}
	if constant(values) {
		return math.NaN(), fmt.Errorf("krippendorff's alpha: all ratings are equal: %w", ErrUndefined)
	}
	distinct := slices.Clone(values)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	count := make([]float64, len(distinct))
	at := func(v float64) int { i, _ := slices.BinarySearch(distinct, v); return i }
	for _, v := range values {
		count[at(v)]++
	}
	below := make([]float64, len(distinct)+1)
	for i, c := range count {
		below[i+1] = below[i] + c
	}
	// On the interval and the ordinal scale the distance is a squared difference of places, the values or their mid-ranks, so
	// that the sum over all pairs is a variance.
	place := make([]float64, len(distinct))
	switch level {
	case Nominal:
	case Metrical:
		copy(place, distinct)
	case Ordinal:
		for i, c := range count {
			place[i] = below[i] + c/2
		}
	default:
		return math.NaN(), fmt.Errorf("krippendorff's alpha: no level %q: nominal, ordinal or interval", level)
	}
	d := func(i, j int) float64 {
		if level == Nominal {
			if i == j {
				return 0
			}
			return 1
		}
		return (place[i] - place[j]) * (place[i] - place[j])
	}
	n := float64(len(values))
	var within, total, mean float64
	for i, c := range count {
		mean += c * place[i] / n
	}
	for i, c := range count {
		if level == Nominal {
			total += c * (n - c)
		} else {
			total += 2 * n * c * (place[i] - mean) * (place[i] - mean)
		}
	}
	index := make([]int, 0, 16)
	for _, u := range kept {
		index = index[:0]
		for _, v := range u {
			index = append(index, at(v))
		}
		var s float64
		for i, a := range index {
			for _, b := range index[:i] {
				s += 2 * d(a, b)
			}
		}
		within += s / float64(len(u)-1)
	}
	return 1 - (n-1)*within/total, nil
}

// SplitHalf is the reliability of the mean over raters: the correlation of the means of two random halves, over many splits
// (averaged through Fisher's z), stepped up by Spearman and Brown's (1910) formula. Its square root bounds what a perfect
// metric can reach. rating[item][rater] is complete.
func SplitHalf(rating [][]float64, splits int, seed uint64) (half, full float64, err error) {
	if len(rating) < 3 || len(rating[0]) < 2 || splits < 1 {
		return math.NaN(), math.NaN(), fmt.Errorf("split half: at least 3 items, 2 raters and a split are needed: %w", ErrUndefined)
	}
	k := len(rating[0])
	a, b := make([]float64, len(rating)), make([]float64, len(rating))
	var z float64
	for s := range splits {
		order := stream.Key{Seed: seed, Step: "split-half", Purpose: "raters", Replicate: s}.Open().Perm(k)
		clear(a)
		clear(b)
		for i, r := range rating {
			if len(r) != k {
				return math.NaN(), math.NaN(), fmt.Errorf("split half: item %d has %d ratings, the first %d", i, len(r), k)
			}
			for _, j := range order[:k/2] {
				a[i] += r[j]
			}
			for _, j := range order[k/2 : k/2*2] {
				b[i] += r[j]
			}
		}
		r, err := Pearson(a, b)
		if err != nil {
			return math.NaN(), math.NaN(), fmt.Errorf("split half: %w", err)
		}
		z += math.Atanh(max(-1+1e-12, min(1-1e-12, r)))
	}
	half = math.Tanh(z / float64(splits))
	// The halves hold k/2 raters each; odd k leaves one out, so that the step up is to k.
	m := float64(k) / float64(k/2)
	return half, m * half / (1 + (m-1)*half), nil
}

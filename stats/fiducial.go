package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"probity/internal/stream"
)

func (f *SplitPlotFit) open(r Resampling, b int) *stream.Stream {
	return stream.Key{Seed: r.Seed, Step: "split plot", Purpose: r.Purpose, Replicate: b}.Open()
}

// fiducial draws the variances of groups of fixed terms, and of seeds, from their joint confidence distribution.
func (f *SplitPlotFit) fiducial(member [][]int, s *stream.Stream) []float64 {
	draw := func(m MeanSquare) MeanSquare {
		return MeanSquare{m.MS * m.DF / distuv.ChiSquared{K: m.DF}.Quantile(s.Float64()), m.DF}
	}
	var seed, both []MeanSquare
	for k := range f.Parts {
		seed, both = append(seed, draw(f.Seed[k])), append(both, draw(f.SeedBlock[k]))
	}
	total := float64(f.Cells * f.Seeds * f.Parts * f.Blocks)
	out := make([]float64, len(member)+1)
	for g, list := range member {
		var square, variance float64
		for _, i := range list {
			t := &f.Terms[i]
			k, block := f.stratumOf(t.Mask), draw(t.Block)
			square += t.Coefficient * t.Coefficient
			variance += max(seed[k].MS, block.MS, seed[k].MS+block.MS-both[k].MS) / total / float64(len(list))
		}
		if variance > 0 {
			out[g] = variance * noncentrality(square/variance, float64(len(list)), s.Float64())
		} else {
			out[g] = square
		}
	}
	plot, part := f.seedComponents(seed, both)
	out[len(member)] = max(0, plot) + max(0, part)
	return out
}

// noncentrality is the noncentrality of a chi squared with df degrees of freedom whose distribution function at x is u; 0
// where even the central one lies below u. Over uniform u it is the confidence distribution of the noncentrality.
func noncentrality(x, df, u float64) float64 {
	if u >= noncentralCDF(x, df, 0) {
		return 0
	}
	low, high := 0., x+10*math.Sqrt(x)+30
	for noncentralCDF(x, df, high) > u && high < 1e12 {
		high *= 2
	}
	for range 60 {
		mid := (low + high) / 2
		if noncentralCDF(x, df, mid) > u {
			low = mid
		} else {
			high = mid
		}
		if high-low < 1e-9*(1+high) {
			break
		}
	}
	return (low + high) / 2
}

// noncentralCDF is the distribution function of a noncentral chi squared: exact for 1 degree of freedom, for more by
// Sankaran's (1963) normal approximation (Johnson, Kotz and Balakrishnan 1995, eq. 29.61a), exact at noncentrality 0.
func noncentralCDF(x, df, lambda float64) float64 {
	if df == 1 {
		a, b := math.Sqrt(x), math.Sqrt(lambda)
		return normalCDF(a-b) - normalCDF(-a-b)
	}
	if lambda == 0 {
		return distuv.ChiSquared{K: df}.CDF(x)
	}
	m := df + lambda
	h := 1 - 2*m*(df+3*lambda)/(3*(df+2*lambda)*(df+2*lambda))
	p := (df + 2*lambda) / (m * m)
	q := (h - 1) * (1 - 3*h)
	mean := 1 + h*p*(h-1-(2-h)*q*p/2)
	sd := h * math.Sqrt(2*p) * (1 + q*p/2)
	return normalCDF((math.Pow(x/m, h) - mean) / sd)
}

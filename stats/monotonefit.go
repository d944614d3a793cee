package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"
)

// LogisticFit is a logistic curve from a metric's scores to ratings, as VQEG prescribes before Pearson and RMSE.
type LogisticFit struct {
	Parameters []float64 // 4: b1..b4 of (b1-b2)/(1+exp(-(x-b3)/|b4|))+b2; 5: b1..b5 of b1(1/2-1/(1+exp(b2(x-b3))))+b4 x+b5
	Fitted     []float64
	Pearson    float64 // of fitted values and ratings
	RMSE       float64 // divided by n - parameters (ITU-T P.1401)
	RMSEPlain  float64 // divided by n
	// Converged is false where the optimum lies at infinity (the curve degenerates into a line, an exponential or a step).
	Converged bool
	// Monotone is false where the curve turns within the range of the scores; the 5-parameter one often does.
	Monotone bool
	Warnings []string
}

// FitLogistic4 fits VQEG's (2000, FR-TV phase I) monotone logistic with four parameters.
func FitLogistic4(score, rating []float64) (LogisticFit, error) {
	return fitLogistic(score, rating, 4, nil)
}

// FitLogistic5 fits the logistic with an added line (Sheikh, Sabir and Bovik 2006), which is not monotone by construction.
func FitLogistic5(score, rating []float64) (LogisticFit, error) {
	return fitLogistic(score, rating, 5, nil)
}

// fitLogistic projects the linear parameters out (Golub and Pereyra 1973), so that only centre and slope are searched: a
// grid over both finds the basin, and Nelder and Mead's simplex from its best points the optimum. Starting values, at which
// other fits stop early, play no part. near, where it is not nil, is a fit of nearly the same data, from whose optimum alone
// the search starts (the jackknife's refits).
func fitLogistic(score, rating []float64, parameters int, near *LogisticFit) (LogisticFit, error) {
	none := LogisticFit{Pearson: math.NaN(), RMSE: math.NaN(), RMSEPlain: math.NaN()}
	if err := pairs("logistic fit", score, rating, parameters+1); err != nil {
		return none, err
	}
	mx, ssx := center(score)
	sx := math.Sqrt(ssx / float64(len(score)))
	x := make([]float64, len(score))
	for i, v := range score {
		x[i] = (v - mx) / sx
	}
	lo, hi := slices.Min(x), slices.Max(x)
	my, ssy := center(rating)
	y := make([]float64, len(rating))
	for i, v := range rating {
		y[i] = v - my
	}
	curve := make([]float64, len(x))
	// solve finds the linear parameters at centre c and log scale s; the loss is relative to the ratings' sum of squares.
	solve := func(c, s float64) (line [3]float64, loss float64) {
		scale := math.Exp(-s)
		var mh float64
		for i, v := range x {
			curve[i] = .5 * math.Tanh(.5*scale*(v-c))
			mh += curve[i]
		}
		n := float64(len(x))
		mh /= n
		var hh, hx, xx, hy, xy float64
		for i, v := range x {
			h := curve[i] - mh
			hh += h * h
			hx += h * v
			xx += v * v
			hy += h * y[i]
			xy += v * y[i]
		}
		if hh < 1e-18*n {
			return line, 1
		}
		var a, b float64
		if parameters == 5 {
			det := hh*xx - hx*hx
			if det < 1e-12*hh*xx {
				return line, 1 - xy*xy/xx/ssy
			}
			a, b = (hy*xx-xy*hx)/det, (xy*hh-hy*hx)/det
		} else {
			a = hy / hh
		}
		return [3]float64{a, b, -a * mh}, 1 - (a*hy+b*xy)/ssy
	}
	type start struct{ c, s, loss float64 }
	var starts []start
	const steps = 24
	if near != nil {
		c, s := near.centre(parameters)
		c, s = (c-mx)/sx, math.Log(s/sx)
		_, l := solve(c, s)
		starts = append(starts, start{c, s, l})
	}
	for i := range steps {
		if near != nil {
			break
		}
		c := lo - 1 + (hi-lo+2)*float64(i)/(steps-1)
		for j := range steps {
			s := -4 + 6*float64(j)/(steps-1)
			_, l := solve(c, s)
			starts = append(starts, start{c, s, l})
		}
	}
	slices.SortStableFunc(starts, func(a, b start) int {
		if a.loss < b.loss {
			return -1
		} else if a.loss > b.loss {
			return 1
		}
		return 0
	})
	best := starts[0]
	problem := optimize.Problem{Func: func(p []float64) float64 {
		if math.Abs(p[0]) > 1e3 || math.Abs(p[1]) > 10 {
			return 1
		}
		_, l := solve(p[0], p[1])
		return l
	}}
	for k, used := 0, []start(nil); k < len(starts) && len(used) < 4; k++ {
		// Neighbours on the grid lead to the same basin.
		near := slices.ContainsFunc(used, func(u start) bool { return math.Hypot(u.c-starts[k].c, u.s-starts[k].s) < 1 })
		if near {
			continue
		}
		used = append(used, starts[k])
		r, err := optimize.Minimize(problem, []float64{starts[k].c, starts[k].s}, &optimize.Settings{
			MajorIterations: 2000, Converger: &optimize.FunctionConverge{Absolute: 1e-14, Iterations: 60}}, &optimize.NelderMead{})
		if r != nil && (err == nil || r.Location.X != nil) && r.F < best.loss {
			best = start{r.X[0], r.X[1], r.F}
		}
	}
	line, loss := solve(best.c, best.s)
	f := LogisticFit{Fitted: make([]float64, len(x)), Monotone: true, Converged: true}
	for i, v := range x {
		f.Fitted[i] = my + line[2] + line[0]*curve[i] + line[1]*v
	}
	rss := loss * ssy
	n := float64(len(x))
	f.RMSEPlain = math.Sqrt(max(0, rss) / n)
	f.RMSE = math.Sqrt(max(0, rss) / (n - float64(parameters)))
	if constant(f.Fitted) {
		f.Pearson = math.NaN()
		f.Warnings = append(f.Warnings, "the fit is constant")
	} else {
		f.Pearson = pearson(f.Fitted, rating)
	}
	scale := math.Exp(best.s)
	if parameters == 4 {
		a, base := line[0], my+line[2]
		f.Parameters = []float64{base + a/2, base - a/2, mx + sx*best.c, sx * scale}
	} else {
		f.Parameters = []float64{line[0], 1 / (scale * sx), mx + sx*best.c, line[1] / sx, my + line[2] - line[1]*mx/sx}
		// The slope is h'(x) + b; h' is largest at the centre and falls to both sides, so its extremes over the range suffice.
		slope := func(v float64) float64 {
			c := math.Cosh(.5 * (v - best.c) / scale)
			return line[0]/(4*scale*c*c) + line[1]
		}
		d := []float64{slope(lo), slope(hi), slope(max(lo, min(hi, best.c)))}
		f.Monotone = slices.Min(d) >= 0 || slices.Max(d) <= 0
		if !f.Monotone {
			f.Warnings = append(f.Warnings, "the fitted curve is not monotone within the scores")
		}
	}
	// Five scales beyond the data the logistic is an exponential to .7 %: centre and height are no longer told apart.
	if best.c < lo-5*scale || best.c > hi+5*scale || scale > 10*(hi-lo) || scale < 1e-3*(hi-lo)/10 {
		f.Converged = false
		f.Warnings = append(f.Warnings, fmt.Sprintf("the optimum lies at infinity (centre %.3g, scale %.3g standard deviations)", best.c, scale))
	}
	return f, nil
}

// centre is the logistic's middle and scale, in the scores' own unit.
func (f *LogisticFit) centre(parameters int) (centre, scale float64) {
	if parameters == 4 {
		return f.Parameters[2], f.Parameters[3]
	}
	return f.Parameters[2], 1 / f.Parameters[1]
}

// At is the fitted rating of a score.
func (f *LogisticFit) At(score float64) float64 {
	b := f.Parameters
	if len(b) == 4 {
		return (b[0]-b[1])/(1+math.Exp(-(score-b[2])/math.Abs(b[3]))) + b[1]
	}
	return b[0]*(.5-1/(1+math.Exp(b[1]*(score-b[2])))) + b[3]*score + b[4]
}

// OutlierRatio is the share of items whose fitted value lies further from the rating than width standard errors of it (VQEG
// 2000: two standard deviations; ITU-T P.1401: 1.96 standard errors). deviation is per item, above 0.
func OutlierRatio(fitted, rating, deviation []float64, width float64) (float64, error) {
	if len(fitted) != len(rating) || len(rating) != len(deviation) || len(rating) == 0 {
		return math.NaN(), fmt.Errorf("outlier ratio: %d fitted values, %d ratings, %d deviations", len(fitted), len(rating), len(deviation))
	}
	out := 0
	for i := range fitted {
		if !(deviation[i] >= 0) {
			return math.NaN(), fmt.Errorf("outlier ratio: deviation %d is %v", i, deviation[i])
		}
		if math.Abs(fitted[i]-rating[i]) > width*deviation[i] {
			out++
		}
	}
	return float64(out) / float64(len(fitted)), nil
}

package example

import (
	"math"

	"probity/internal/stream"
	"probity/reports/figure"
)

// Members are twelve metrics of all families.
func Members() []figure.Member {
	return []figure.Member{
		{Label: "ssim", Family: "classical"},
		{Label: "psnr", Family: "classical"},
		{Label: "ciede2000", Family: "classical"},
		{Label: "cosine(mobilenetv2)", Family: "cnn"},
		{Label: "patch-cosine(mobilenetv2)", Family: "cnn"},
		{Label: "lpips(alex)", Family: "cnn"},
		{Label: "cosine(vit-tiny)", Family: "vit"},
		{Label: "patch-cosine(vit-tiny)", Family: "vit"},
		{Label: "clip-score(micro-clip)", Family: "text-image"},
		{Label: "directional(micro-clip)", Family: "triplet"},
		{Label: "pixel-l2(vit-tiny)", Family: "control"},
		{Label: "cosine(vit-untrained)", Family: "control"},
	}
}

// Palette is the palette of a report on all of them.
func Palette() *figure.Palette { return figure.NewPalette(Members()) }

// about fills what all example figures share.
func about(name, title, says string) figure.About {
	return figure.About{Name: name, Title: title, Says: says, N: "48 sources, 2 replicates each (example data)",
		Interval: "95 % BCa bootstrap over sources, 2,000 resamples"}
}

func draws(purpose string) *stream.Stream {
	return stream.Key{Seed: 20261123, Step: "example figure", Purpose: purpose}.Open()
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

var severities = []float64{1, 2, 5, 10, 20}

// sensitivities decide how early each example metric sees an edit: the severity of its threshold.
var sensitivities = []float64{6, 9, 3, 14, 4, 5, 17, 3.5, 26, 30, 2.2, 22}

// curve is a detection curve with its interval.
func curve(m figure.Member, threshold, width float64, st *stream.Stream) figure.Series {
	s := figure.Series{Label: m.Label, Family: m.Family, Control: m.Family == "control"}
	for _, x := range severities {
		y := .5 + .5*logistic(2.2*math.Log(x/threshold)) + .012*st.Norm()
		h := width * (.4 + 2.4*(1-y)*(y-.4))
		s.X = append(s.X, x)
		s.Y = append(s.Y, math.Min(y, 1))
		s.Lo = append(s.Lo, math.Max(0, y-h))
		s.Hi = append(s.Hi, math.Min(1, y+h*.85))
	}
	return s
}

// Detection is the detection curves of n metrics in one panel, with threshold marks and a strip of stimuli.
func Detection(n int) *figure.Curves {
	st := draws("detection")
	p := figure.Panel{References: []figure.Reference{{Label: "threshold level", At: .75}, {Label: "chance", At: .5}}, Note: "n = 48"}
	for i, m := range Members()[:n] {
		t := sensitivities[i]
		s := curve(m, t, .06, st)
		mark := figure.Mark{At: t, Lo: t * .75, Hi: t * 1.4, Level: .75}
		if t > 20 {
			mark = figure.Mark{At: 20, Level: .75, Censored: true, Lo: math.NaN(), Hi: math.NaN()}
		}
		s.Marks = []figure.Mark{mark}
		p.Series = append(p.Series, s)
	}
	c := &figure.Curves{
		About:  about("detection", "Detection of a hue edit amid noise", "Area under the ROC curve within each source, edit then null against null alone, averaged over sources"),
		X:      figure.Axis{Label: "hue edit, mean ΔE00 inside the region", Log: true},
		Y:      figure.Axis{Label: "A within", Min: .4, Max: 1.02, Ticks: []float64{.5, .6, .7, .8, .9, 1}},
		Panels: []figure.Panel{p},
	}
	for _, x := range severities {
		c.Thumbs = append(c.Thumbs, figure.Thumb{PNG: Scene(1, 96, x, .16), Label: short(x), At: x})
	}
	return c
}

// Multiples is perturbation x region in small multiples.
func Multiples() *figure.Curves {
	st := draws("multiples")
	c := &figure.Curves{
		About: about("detection-grid", "Detection by perturbation and region", "A within for four perturbations and two regions"),
		X:     figure.Axis{Label: "severity, each perturbation's own unit", Log: true},
		Y:     figure.Axis{Label: "A within", Min: .4, Max: 1.02, Ticks: []float64{.5, .75, 1}},
	}
	for i, pert := range []string{"hue", "texture swap", "blur", "recolour object"} {
		for j, region := range []string{"disc 1 %", "disc 16 %"} {
			p := figure.Panel{Title: pert + ", " + region, References: []figure.Reference{{Label: "chance", At: .5}}}
			for k, m := range Members() {
				p.Series = append(p.Series, curve(m, sensitivities[k]*math.Pow(2, float64(1-2*j)+.4*float64(i-1)), .05, st))
			}
			c.Panels = append(c.Panels, p)
		}
	}
	return c
}

// Raw is the raw sensitivity of metrics with their own units, null and anchor levels.
func Raw() *figure.Curves {
	st := draws("raw")
	c := &figure.Curves{
		About: about("sensitivity-raw", "Sensitivity, raw scores", "Mean score over sources; bands: interval of the mean; levels: median null and another image of another class"),
		X:     figure.Axis{Label: "hue edit, mean ΔE00 inside the region", Log: true},
		Y:     figure.Axis{Label: "score"},
		FreeY: true,
	}
	for k, m := range Members()[:6] {
		scale := math.Pow(10, float64(k%3)-2)
		s := figure.Series{Label: m.Label, Family: m.Family}
		for _, x := range severities {
			y := scale * math.Pow(x/20, .8+.1*float64(k)) * (1 + .03*st.Norm())
			s.X, s.Y, s.Lo, s.Hi = append(s.X, x), append(s.Y, y), append(s.Lo, y*.88), append(s.Hi, y*1.11)
		}
		class := scale * []float64{1.4, 9}[k%2] // to every second metric a change of class is far more than any edit
		c.Panels = append(c.Panels, figure.Panel{Title: m.Label, Series: []figure.Series{s}, References: []figure.Reference{
			{Label: "null", At: .12 * scale, Lo: .08 * scale, Hi: .16 * scale}, {Label: "other class", At: class, Lo: .9 * class, Hi: 1.1 * class}}})
	}
	return c
}

// Psychometric is points with error bars and fitted curves.
func Psychometric() *figure.Curves {
	st := draws("psychometric")
	c := &figure.Curves{
		About: about("psychometric", "Psychometric functions", "Proportion of correct choices with Wilson intervals; curves: Weibull fits with bands"),
		X:     figure.Axis{Label: "distance between the two changes, JND", Log: true},
		Y:     figure.Axis{Label: "proportion correct", Min: .4, Max: 1.02, Ticks: []float64{.5, .75, 1}},
	}
	p := figure.Panel{References: []figure.Reference{{Label: "chance", At: .5}}}
	for k, i := range []int{0, 4, 7} {
		m := Members()[i]
		t := 1.2 * math.Pow(1.9, float64(k))
		f := func(x, t float64) float64 { return .5 + .48*(1-math.Exp(-math.Pow(x/t, 1.6))) }
		s := figure.Series{Label: m.Label, Family: m.Family, Fit: &figure.Line{}}
		for x := .5; x < 12; x *= 1.5 {
			y := math.Min(1, f(x, t)+.02*st.Norm())
			s.X, s.Y, s.Lo, s.Hi = append(s.X, x), append(s.Y, y), append(s.Lo, y-.05), append(s.Hi, math.Min(1, y+.05))
		}
		for x := .45; x < 12; x *= 1.08 {
			s.Fit.X = append(s.Fit.X, x)
			s.Fit.Y = append(s.Fit.Y, f(x, t))
			s.Fit.Lo = append(s.Fit.Lo, f(x, t*1.15))
			s.Fit.Hi = append(s.Fit.Hi, f(x, t/1.15))
		}
		s.Marks = []figure.Mark{{At: t * .86, Lo: t * .74, Hi: t * 1.0, Level: .75}}
		p.Series = append(p.Series, s)
	}
	c.Panels = []figure.Panel{p}
	return c
}

// SetDistance is set metrics against the edited fraction.
func SetDistance() *figure.Curves {
	c := &figure.Curves{
		About: about("set-distance", "Set distances", "Distance between the set of edited and of original pictures; bands: delete-d jackknife"),
		X:     figure.Axis{Label: "fraction of the set that is edited", Percent: true},
		Y:     figure.Axis{Label: "share of the distance to another class", Log: true},
	}
	p := figure.Panel{Note: "N = 2,000 each"}
	for k, m := range []figure.Member{{Label: "fid(mobilenetv2)", Family: "cnn"}, {Label: "kid(mobilenetv2)", Family: "cnn"}, {Label: "fd(vit-tiny)", Family: "vit"}, {Label: "cmmd(micro-clip)", Family: "text-image"}} {
		s := figure.Series{Label: m.Label, Family: m.Family}
		for _, x := range []float64{.05, .1, .2, .4, .6, .8, 1} {
			y := .3 * math.Pow(x, 1.3) / float64(k+1)
			s.X, s.Y, s.Lo, s.Hi = append(s.X, x), append(s.Y, y), append(s.Lo, y*.8), append(s.Hi, y*1.25)
		}
		p.Series = append(p.Series, s)
	}
	c.Panels = []figure.Panel{p}
	return c
}

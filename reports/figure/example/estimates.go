package example

import (
	"math"

	"probity/reports/figure"
)

// Thresholds is the forest plot of detection thresholds.
func Thresholds() *figure.Forest {
	f := &figure.Forest{
		About: about("thresholds", "Detection thresholds", "Severity at which A within reaches .75, by metric"),
		X:     figure.Axis{Label: "threshold, mean ΔE00 inside the region", Log: true, Ticks: []float64{1, 2, 5, 10, 20}},
		Sort:  true, Ascending: true, Ranks: true,
	}
	for i, m := range Members() {
		t := sensitivities[i]
		r := figure.Row{Label: m.Label, Family: m.Family, Value: t, Lo: t * .78, Hi: t * 1.3, RankLo: max(1, place(t)-1), RankHi: min(10, place(t)+1), Control: m.Family == "control"}
		if t > 20 {
			r.Value, r.Lo, r.Hi, r.Censored, r.RankLo, r.RankHi = 20, 17, math.NaN(), 1, 9, 10
		}
		if m.Label == "clip-score(micro-clip)" {
			r.Warning = "part of the edit was cropped away on 9 of 48 sources"
		}
		if r.Control {
			r.Group = "controls"
		} else {
			r.Group = "metrics"
		}
		f.Rows = append(f.Rows, r)
	}
	return f
}

func place(threshold float64) int {
	n := 1
	for _, t := range sensitivities {
		if t < threshold {
			n++
		}
	}
	return n
}

// Agreement is the forest plot of correlations with people, with the human ceiling.
func Agreement() *figure.Forest {
	f := &figure.Forest{
		About:      about("agreement", "Agreement with people", "Spearman's correlation of scores with mean opinion"),
		X:          figure.Axis{Label: "SRCC with mean opinion", Min: .4, Max: 1},
		Sort:       true,
		References: []figure.Reference{{Label: "human ceiling", At: .94, Lo: .92, Hi: .957}},
	}
	for i, m := range Members()[:8] {
		v := .86 - .05*float64(i) + .02*float64(i%3)
		f.Rows = append(f.Rows, figure.Row{Label: m.Label, Family: m.Family, Value: v, Lo: v - .04, Hi: v + .03})
	}
	return f
}

// Summation is threshold against area.
func Summation() *figure.AreaThreshold {
	t := &figure.AreaThreshold{
		About:    about("area-threshold", "Spatial summation", "Detection threshold against the edited area, for pooled features and for features compared position by position"),
		Area:     figure.Axis{Label: "edited area, share of the picture", Percent: true},
		Severity: figure.Axis{Label: "threshold, mean ΔE00"},
	}
	st := draws("summation")
	for k, title := range []string{"pooled", "by position"} {
		p := figure.AreaPanel{Title: title}
		for i, m := range []figure.Member{Members()[3+k], Members()[6+k], Members()[10]} {
			slope := []float64{-.95, -.8, -.5}[i]
			if k == 1 {
				slope = []float64{-.45, -.3, -.5}[i]
			}
			s := figure.AreaSeries{Label: m.Label, Family: m.Family, Control: i == 2, Slope: slope, SlopeLo: slope - .11, SlopeHi: slope + .1}
			for _, a := range []float64{.01, .02, .04, .08, .16, .32} {
				v := []float64{4, 6, 2}[i] * math.Pow(a/.16, slope) * math.Exp(.05*st.Norm())
				c := v > 40
				if c {
					v = 40
				}
				s.Area, s.Threshold, s.Lo, s.Hi, s.Censored = append(s.Area, a), append(s.Threshold, v), append(s.Lo, v*.8), append(s.Hi, v*1.3), append(s.Censored, c)
			}
			p.Series = append(p.Series, s)
		}
		t.Panels = append(t.Panels, p)
	}
	return t
}

// Locality is the map of local edits against class change.
func Locality() *figure.Scatter {
	st := draws("locality")
	p := figure.ScatterPanel{Diagonal: true, References: []figure.Reference{{Label: "chance", At: .5}, {Label: "chance", At: .5, Vertical: true}}}
	for i, m := range Members() {
		x := .5 + .5*logistic(-1.2*math.Log(sensitivities[i]/8)) - .06
		y := .62 + .3*logistic(.14*sensitivities[i]-1.5+.5*st.Norm())
		p.Points = append(p.Points, figure.Point{Label: m.Label, Family: m.Family, X: x, Y: y, XLo: x - .03, XHi: x + .025, YLo: y - .025, YHi: y + .02, Direct: true, Control: m.Family == "control"})
	}
	return &figure.Scatter{
		About:  about("locality", "Local edit against change of class", "A point a metric: how well it finds a small local edit, and how well it tells another class from another picture of the same class"),
		X:      figure.Axis{Label: "local edit (hue 10 ΔE00, 4 % of the area), A within", Min: .45, Max: 1},
		Y:      figure.Axis{Label: "change of class, A within", Min: .45, Max: 1},
		Panels: []figure.ScatterPanel{p},
	}
}

// Opinion is scores against mean opinion with fit and band.
func Opinion() *figure.Scatter {
	st := draws("opinion")
	c := &figure.Scatter{
		About: about("opinion", "Scores and opinions", "A point a picture; curve: four-parameter logistic fit with its band"),
		X:     figure.Axis{Label: "score"}, Y: figure.Axis{Label: "mean opinion"}, FreeX: true,
	}
	for k, i := range []int{0, 5, 7} {
		m := Members()[i]
		p := figure.ScatterPanel{Title: m.Label, Note: "SRCC .8" + string(rune('1'+k)) + " [.79, .89]", Fit: &figure.Line{}}
		f := func(x float64) float64 { return 1 + 7*logistic(6*(x-.5)) }
		for range 150 {
			x := st.Float64()
			p.Points = append(p.Points, figure.Point{Label: "picture", Series: m.Label, Family: m.Family, X: x, Y: f(x) + (.6+.2*float64(k))*st.Norm()})
		}
		for x := 0.0; x <= 1.001; x += .05 {
			y := f(x)
			p.Fit.X, p.Fit.Y, p.Fit.Lo, p.Fit.Hi = append(p.Fit.X, x), append(p.Fit.Y, y), append(p.Fit.Lo, y-.25), append(p.Fit.Hi, y+.25)
		}
		c.Panels = append(c.Panels, p)
	}
	return c
}

package example

import (
	"math"

	"probity/reports/figure"
)

// Blindness is the blindness matrix: metrics x failures of an edit, with human agreement at the side.
func Blindness() *figure.Matrix {
	st := draws("blindness")
	failures := []string{"nothing changed", "wrong colour", "wrong object", "wrong attribute", "spill outside", "background lost", "identity lost", "artefacts"}
	m := &figure.Matrix{
		About: about("blindness", "Blindness matrix", "Share of counterbalanced pairs in which the metric prefers the failed edit to the right one; .5 is blind, 0 sees every failure"),
		Scale: figure.Scale{Label: "prefers the failure", Low: 0, High: 1, Mid: .5, Diverging: false},
	}
	for i, f := range failures {
		m.Columns = append(m.Columns, figure.Member{Label: f})
		m.ColumnGroups = append(m.ColumnGroups, []string{"instruction", "preservation"}[i/4])
	}
	side := figure.SideColumn{Title: "human SRCC"}
	for i, mb := range Members()[:10] {
		m.Rows = append(m.Rows, mb)
		var row []figure.Cell
		for j := range failures {
			v := .5*logistic(1.4*st.Norm()+float64((i*j)%5)-2) + .03
			c := figure.Cell{Value: v, Lo: math.Max(0, v-.07), Hi: v + .08}
			if i == 2 && j == 5 {
				c = figure.Cell{Value: math.NaN()}
			}
			if i == 8 && j == 6 {
				c.Warning = "tokens cut off in 3 requirements"
			}
			row = append(row, c)
		}
		m.Cells = append(m.Cells, row)
		side.Values = append(side.Values, "."+short(math.Round(70-4*float64(i)))+"")
	}
	m.Side = []figure.SideColumn{side}
	return m
}

// Significance is the matrix of pairwise differences.
func Significance() *figure.Matrix {
	m := &figure.Matrix{
		About: about("significance", "Pairwise differences in agreement", "Row minus column, SRCC with mean opinion; * interval clear of 0 after Holm's adjustment, ~ not told apart"),
		Scale: figure.Scale{Label: "difference in SRCC, row − column", Diverging: true, Low: -.4, High: .4},
	}
	for i, a := range Members()[:8] {
		m.Rows, m.Columns = append(m.Rows, a), append(m.Columns, a)
		var row []figure.Cell
		for j := range 8 {
			v := -.045 * float64(i-j)
			c := figure.Cell{Value: v, Lo: v - .06, Hi: v + .06, Mark: "~"}
			if math.Abs(v) > .06 {
				c.Mark = "*"
			}
			if i == j {
				c = figure.Cell{Value: math.NaN(), Text: "–"}
			}
			row = append(row, c)
		}
		m.Cells = append(m.Cells, row)
	}
	return m
}

// Correlation is the clustered matrix of correlations between metrics.
func Correlation() *figure.Matrix {
	m := &figure.Matrix{
		About:   about("correlation", "Which metrics agree with each other", "Spearman's correlation of scores over all edits"),
		Scale:   figure.Scale{Label: "SRCC", Diverging: true, Low: -1, High: 1},
		Cluster: true,
	}
	ms := Members()
	for i, a := range ms {
		m.Rows, m.Columns = append(m.Rows, a), append(m.Columns, a)
		var row []figure.Cell
		for j := range ms {
			v := math.Exp(-math.Abs(math.Log(sensitivities[i]/sensitivities[j]))) - .25*math.Abs(math.Sin(float64(i*i+j*j)))
			if i == j {
				v = 1
			}
			row = append(row, figure.Cell{Value: v})
		}
		m.Cells = append(m.Cells, row)
	}
	return m
}

// Variance is the decomposition of detection.
func Variance() *figure.Bars {
	b := &figure.Bars{
		About: about("variance", "What decides detection", "Shares of the variance of A within over networks, by component"),
		X:     figure.Axis{Label: "share of the variance of A within", Percent: true},
	}
	for g, title := range []string{"local edits", "change of class"} {
		group := figure.BarGroup{Title: title}
		for i, l := range []string{"pooling", "training objective", "label content", "architecture", "seed", "rest"} {
			v := []float64{.44, .2, .12, .11, .05, .08}[(i+2*g)%6]
			bar := figure.Bar{Label: l, Family: []string{"classical", "vit", "text-image", "cnn", "control", "control"}[i], Value: v, Lo: math.Max(0, v-.07), Hi: v + .08}
			if i == 4 {
				bar.Warning = "3 seeds only; t interval on seed means"
			}
			group.Bars = append(group.Bars, bar)
		}
		b.Groups = append(b.Groups, group)
	}
	return b
}

// Response is the surface of detection over severity and area.
func Response() *figure.Surface {
	s := &figure.Surface{
		About:  about("surface", "Detection over severity and area", "A within; contours at the levels of chance, threshold and near certainty"),
		X:      figure.Axis{Label: "severity, mean ΔE00", Log: true},
		Y:      figure.Axis{Label: "edited area", Log: true, Percent: true},
		Scale:  figure.Scale{Label: "A within", Low: .5, High: 1},
		Levels: []float64{.6, .75, .9},
	}
	for k, i := range []int{3, 4} {
		m := Members()[i]
		p := figure.SurfacePanel{Title: m.Label, Label: m.Label, Family: m.Family, X: []float64{1, 2, 5, 10, 20}, Y: []float64{.01, .02, .04, .08, .16, .32}}
		for _, a := range p.Y {
			var row []float64
			for _, x := range p.X {
				row = append(row, .5+.5*logistic(2*math.Log(x/sensitivities[i])+(1-.5*float64(k))*math.Log(a/.16)*1.6))
			}
			p.Z = append(p.Z, row)
		}
		s.Panels = append(s.Panels, p)
	}
	return s
}

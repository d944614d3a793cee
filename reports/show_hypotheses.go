package reports

import (
	"fmt"
	"math"
	"strings"

	"probity/reports/figure"
)

// showHypotheses draws the declared contrasts as a forest against the smallest effects of interest.
func showHypotheses(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	fig := &figure.Forest{X: figure.Axis{Label: "difference"}, References: []figure.Reference{{Label: "no difference", At: 0}}}
	t := Table{Name: "hypotheses", Title: "Declared hypotheses", Caption: fmt.Sprintf("Contrasts declared before the run, with %s intervals; p of no difference and of a difference at least as large as the smallest effect of interest (TOST), both Holm-adjusted.", v.level()),
		Columns: []TableColumn{{Title: "contrast"}, {Title: "quantity"}, {Title: "difference", Numeric: true}, {Title: "smallest effect", Numeric: true}, {Title: "p", Numeric: true}, {Title: "p, equivalence", Numeric: true}, {Title: "n", Numeric: true}, {Title: "verdict"}}}
	smallest := map[float64]bool{}
	unit := true // every number lies within -1..1, as differences of shares do
	lo, hi := 1<<30, 0
	for i := range f.Contrasts {
		c := &f.Contrasts[i]
		name := c.Metric + " - " + c.Against
		if c.Against == "" {
			name = c.Metric + " - chance"
		}
		cell := TableCell{Text: ranged(float64(c.Value), float64(c.Low), float64(c.High)), Value: float64(c.Value)}
		t.Rows = append(t.Rows, TableRow{Metric: c.Metric, Cells: []TableCell{{Text: name + c.At}, {Text: string(c.Quantity)}, cell, {Text: amount(c.SmallestEffect), Value: c.SmallestEffect},
			{Text: strings.TrimPrefix(pvalue(float64(c.PHolm)), "p "), Value: float64(c.PHolm)}, {Text: strings.TrimPrefix(pvalue(float64(c.PEquivalenceHolm)), "p "), Value: float64(c.PEquivalenceHolm)},
			{Text: fmt.Sprint(c.N), Value: float64(c.N)}, {Text: string(c.Verdict)}}})
		if c.Verdict == NotJudged {
			continue
		}
		smallest[c.SmallestEffect] = true
		unit = unit && math.Max(math.Abs(float64(c.Low)), math.Abs(float64(c.High))) <= 1
		lo, hi = min(lo, c.N), max(hi, c.N)
		family := ""
		if m := v.a.column(c.Metric); m >= 0 {
			family = v.columns[m].lookFamily()
		}
		fig.Rows = append(fig.Rows, figure.Row{Label: name, Family: family, Group: strings.TrimSpace(string(c.Quantity) + c.At), Value: float64(c.Value), Lo: float64(c.Low), Hi: float64(c.High), Note: pvalue(float64(c.PHolm)) + ", " + string(c.Verdict)})
	}
	if len(smallest) == 1 {
		for s := range smallest {
			fig.References = append(fig.References, figure.Reference{Label: "smallest effect", At: s}, figure.Reference{Label: "smallest effect", At: -s})
		}
	}
	if unit {
		fig.Decimals = 3
	}
	if len(fig.Rows) > 0 {
		fig.About = figure.About{Name: "hypotheses", Title: "Declared hypotheses", Says: "Paired differences declared before the run; p adjusted by Holm over all of them", N: plural(hi, v.a.noun()), Interval: v.level() + ", over sources"}
		if lo < hi {
			fig.N = fmt.Sprintf("%d to %s", lo, fig.N)
		}
		out.Figures = append(out.Figures, fig)
	}
	if len(t.Rows) > 0 {
		out.Tables = append(out.Tables, t)
	}
	return out, nil
}

package reports

// What tests check against oracles directly.
var (
	Wilson         = wilson
	Holm           = holm
	Isotonic       = isotonic
	Crossing       = crossing
	BCa            = bca
	Median         = median
	MedianInterval = medianInterval
	Replace        = replace
	Shares         = shares
)

// PairedP is the two-sided p of paired values and the p of equivalence within delta, one source a cluster.
func PairedP(a, b []float64, delta float64) (p, equivalence float64) {
	x := &Analysis{clusters: make([]string, len(a)), sources: make([]source, len(a))}
	for i := range a {
		x.sources[i].cluster = i
	}
	d := x.paired(a, b)
	var c Contrast
	c.SmallestEffect = delta
	c.test(d.value, d.se(), float64(d.k-1))
	return float64(c.P), float64(c.PEquivalence)
}

// DyadicMean is the mean of scores that a source and a donor have a part in, with its standard error.
func DyadicMean(source, donor []int, y []float64) (mean, se float64) {
	var list []dyad
	for i := range y {
		list = append(list, dyad{source[i], donor[i], y[i], 1 / float64(len(y))})
	}
	d := newDyadic(list, nil, false)
	return d.value, d.se
}

// ResponsesCSV is the table of responses as a run writes it.
func ResponsesCSV(r *Responses) string { return r.csv() }

// LaTeX is a table as LaTeX.
func LaTeX(t *Table) string { return t.latex() }

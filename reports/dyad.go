package reports

import (
	"fmt"
	"math"
)

// dyad is one score of a stimulus that two pictures have a part in: the source and the donor that takes its place.
type dyad struct {
	source, donor int // units; donor -1 where there is none
	value, weight float64
}

// units numbers the pictures that swaps are made of: a source by its cluster, a donor that is no source of the table by
// itself.
type units struct {
	of map[string]int
	n  int
}

func (a *Analysis) units() *units {
	u := &units{of: map[string]int{}, n: len(a.clusters)}
	for _, s := range a.sources {
		u.of[s.id] = s.cluster
	}
	return u
}

func (u *units) donor(ids []string) int {
	if len(ids) == 0 {
		return -1
	}
	i, ok := u.of[ids[0]]
	if !ok {
		i = u.n
		u.n++
		u.of[ids[0]] = i
	}
	return i
}

// dyads gives a swap's stimuli with value(row) as score: replicates averaged within source, sources weighted alike. Rows
// whose value is NaN and sources that keep rejects are left out.
func (a *Analysis) dyads(w *swap, u *units, value func(source, row int) float64, keep func(source int) bool) []dyad {
	var out []dyad
	n := 0.
	for i, rows := range w.rows {
		if keep != nil && !keep(i) {
			continue
		}
		first := len(out)
		for _, r := range rows {
			if v := value(i, r); !math.IsNaN(v) {
				out = append(out, dyad{a.sources[i].cluster, u.donor(a.table.Stimuli[r].Donors), v, 0})
			}
		}
		if got := len(out) - first; got > 0 {
			n++
			for k := first; k < len(out); k++ {
				out[k].weight = 1 / float64(got)
			}
		}
	}
	for k := range out {
		out[k].weight /= n
	}
	return out
}

// dyadic is the weighted mean of dyads with a variance that allows for every two of them that share a picture in either
// part (Fafchamps and Gubert 2007; Aronow, Samii and Assenova 2015, eq. 6).
type dyadic struct {
	value   float64
	se      float64
	k       int // clusters of sources
	donors  int // distinct donors
	spread  bool
	bounded bool
	edge    bool // bounded, and the dyads of fewer than edgeSources sources differ from 0, or from 1
}

// newDyadic is the mean of plus, less that of minus where there is one.
func newDyadic(plus, minus []dyad, bounded bool) dyadic {
	out := dyadic{bounded: bounded, se: math.NaN()}
	sums := map[int]float64{}
	pairs := map[[2]int]float64{}
	sources, donors := map[int]float64{}, map[int]bool{}
	off0, off1 := map[int]bool{}, map[int]bool{}
	add := func(list []dyad, sign float64) {
		var m float64
		for _, d := range list {
			m += d.weight * d.value
		}
		out.value += sign * m
		for _, d := range list {
			out.spread = out.spread || d.value != list[0].value
			if d.value != 0 {
				off0[d.source] = true
			}
			if d.value != 1 {
				off1[d.source] = true
			}
			e := sign * d.weight * (d.value - m)
			sums[d.source] += e
			sources[d.source] += e
			if d.donor < 0 || d.donor == d.source {
				continue
			}
			donors[d.donor] = true
			sums[d.donor] += e
			pairs[[2]int{min(d.source, d.donor), max(d.source, d.donor)}] += e
		}
	}
	if len(plus) == 0 {
		out.value = math.NaN()
		return out
	}
	add(plus, 1)
	if len(minus) > 0 {
		add(minus, -1)
	}
	out.k, out.donors = len(sources), len(donors)
	out.edge = bounded && min(len(off0), len(off1)) < edgeSources && (len(off0) == 0 || len(off1) == 0 || out.k > 2*edgeSources)
	if out.k < 2 {
		return out
	}
	// Squares are summed in the order of the keys' values, so that no map order reaches a digit.
	bySource := sumSquares(values(sources))
	v := sumSquares(values(sums)) - sumSquares(values(pairs))
	n := float64(out.k)
	out.se = math.Sqrt(max(v, bySource) * n / (n - 1))
	return out
}

func (d *dyadic) df() int {
	if d.donors > 0 {
		return min(d.k, d.donors) - 1
	}
	return d.k - 1
}

// interval is from Student's t with one degree of freedom less than there are sources, or donors if they are fewer.
func (d *dyadic) interval(level float64) interval {
	switch {
	case d.k < 2 || d.df() < 1 || math.IsNaN(d.value):
		return noInterval
	case d.edge:
		lo, hi := wilson(d.value, float64(d.df()+1), level)
		return interval{lo, hi, wilsonMethod(d.df() + 1), math.NaN()}
	case !d.spread:
		return interval{d.value, d.value, "degenerate: all sources have the same value", math.NaN()}
	}
	df := float64(d.df())
	h := tQuantile(.5+level/2, df) * d.se
	lo, hi := d.value-h, d.value+h
	if d.bounded {
		lo, hi = max(0, lo), min(1, hi)
	}
	method := fmt.Sprintf("t over sources and donors (dyadic-robust), %d df", d.df())
	if d.donors == 0 {
		method = fmt.Sprintf("t over sources, %d df", d.df())
	}
	return interval{lo, hi, method, df}
}

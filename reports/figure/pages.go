package figure

import "fmt"

// chunks cuts n things into runs of at most per, as equal as possible.
func chunks(n, per int) [][2]int {
	if n <= per {
		return [][2]int{{0, n}}
	}
	pages := (n + per - 1) / per
	var out [][2]int
	for i := range pages {
		out = append(out, [2]int{i * n / pages, (i + 1) * n / pages})
	}
	return out
}

// part is the About of one page of several.
func (a About) part(i, pages int) About {
	if pages > 1 {
		a.Name = fmt.Sprintf("%s-%d", a.Name, i+1)
		a.Title = fmt.Sprintf("%s (%d of %d)", a.Title, i+1, pages)
	}
	return a
}

// panelsPerPage is how many small panels fit a printed page.
func panelsPerPage(o Options, rows int) int {
	if o.Width == Column {
		return 2 * rows
	}
	return 4 * rows
}

// Pages splits a scatter plot with many panels into figures that fit a printed page.
func (c *Scatter) Pages(o Options) []Drawing {
	var out []Drawing
	cut := chunks(len(c.Panels), panelsPerPage(o, 4))
	for i, k := range cut {
		d := *c
		d.About, d.Panels = c.part(i, len(cut)), c.Panels[k[0]:k[1]]
		out = append(out, &d)
	}
	return out
}

// Pages splits a plot with many panels into figures that fit a printed page.
func (t *AreaThreshold) Pages(o Options) []Drawing {
	var out []Drawing
	cut := chunks(len(t.Panels), panelsPerPage(o, 4))
	for i, k := range cut {
		d := *t
		d.About, d.Panels = t.part(i, len(cut)), t.Panels[k[0]:k[1]]
		out = append(out, &d)
	}
	return out
}

// Pages splits many surfaces into figures that fit a printed page. Limits of the colour scale that are taken from the
// data are taken from all of them.
func (c *Surface) Pages(o Options) []Drawing {
	var all []float64
	for _, p := range c.Panels {
		for _, row := range p.Z {
			all = append(all, row...)
		}
	}
	var out []Drawing
	cut := chunks(len(c.Panels), panelsPerPage(o, 4))
	for i, k := range cut {
		d := *c
		d.Scale = c.Scale.fit(all)
		d.About, d.Panels = c.part(i, len(cut)), c.Panels[k[0]:k[1]]
		out = append(out, &d)
	}
	return out
}

// Pages splits a forest plot with many rows, between groups where it can. Axis limits that are taken from the data are
// taken from all rows.
func (f *Forest) Pages(Options) []Drawing {
	const per = 46
	if len(f.Rows) <= per {
		return []Drawing{f}
	}
	rows := f.ordered()
	ex := newExtent(f.X)
	for _, r := range rows {
		ex.add(r.Value, r.Lo, r.Hi)
	}
	for _, r := range f.References {
		ex.add(r.At)
	}
	var pages [][]Row
	var cur []Row
	for i := 0; i < len(rows); {
		j := i
		for j < len(rows) && rows[j].Group == rows[i].Group {
			j++
		}
		group := rows[i:j]
		if len(cur) > 0 && len(cur)+len(group) > per {
			pages, cur = append(pages, cur), nil
		}
		for len(group) > per {
			pages, group = append(pages, group[:per]), group[per:]
		}
		cur = append(cur, group...)
		i = j
	}
	pages = append(pages, cur)
	s := ex.scale(f.X, .06)
	var out []Drawing
	for i, p := range pages {
		d := *f
		d.About, d.Rows, d.Sort = f.part(i, len(pages)), p, false
		if d.X.Min == 0 && d.X.Max == 0 && ex.any {
			d.X.Min, d.X.Max = s.min, s.max
		}
		out = append(out, &d)
	}
	return out
}

// Pages splits a gallery of many stimuli.
func (c *Gallery) Pages(o Options) []Drawing {
	per := 12
	if o.Width == Column {
		per = 6
	}
	var out []Drawing
	cut := chunks(len(c.Items), per)
	for i, k := range cut {
		d := *c
		d.About, d.Items = c.part(i, len(cut)), c.Items[k[0]:k[1]]
		out = append(out, &d)
	}
	return out
}

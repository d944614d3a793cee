package reports

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"probity/internal/trial"
	"probity/stats"
)

const (
	levelLabels      = "labels"      // objective: classes or attributes as labels
	levelContrastive = "contrastive" // objective: captions
	untrainedWord    = "untrained"
)

// level is a column's level of each factor.
func (c *column) levels() map[string]string {
	objective := levelLabels
	if c.Training == levelContrastive {
		objective = levelContrastive
	}
	return map[string]string{factorFamily: c.Family, factorLabels: c.Labels, factorObject: objective}
}

// designed reports whether a column is a trained model's of a design: pixel controls and metrics that read words are not.
func (c *column) designed() bool {
	return c.Group == trial.Learned && c.Labels != "" && c.Labels != "none" && c.Training != "none" && c.Family != "" && c.Pool != ""
}

// order puts the levels of a factor in their usual order; others follow by name.
func order(levels []string) []string {
	usual := []string{"cnn", "vit", "class", "partial", "all", levelLabels, levelContrastive, "pooled"}
	slices.SortFunc(levels, func(x, y string) int {
		i, j := slices.Index(usual, x), slices.Index(usual, y)
		switch {
		case i >= 0 && j >= 0:
			return i - j
		case i >= 0:
			return -1
		case j >= 0:
			return 1
		}
		return strings.Compare(x, y)
	})
	return slices.Compact(levels)
}

// plotOf arranges the run's metrics as a balanced design; want are the labels it is made of, all that belong to it where
// there are none. The error says why there is none.
func (a *Analysis) plotOf(want []string) (*plot, error) {
	p := &plot{}
	var columns []int
	for _, label := range want {
		m := a.column(label)
		switch {
		case m < 0:
			return nil, fmt.Errorf("there is no metric %q: parameter metric takes labels of [[metric]] sections", label)
		case !a.columns[m].designed():
			return nil, fmt.Errorf("the metric %q belongs to no trained model of a design", label)
		}
		columns = append(columns, m)
	}
	if len(want) == 0 {
		for m := range a.columns {
			if a.columns[m].designed() {
				columns = append(columns, m)
			}
		}
	}
	if len(columns) == 0 {
		return nil, errors.New("no metric stands on a model whose manifest says what its labels told and which seed it is, such as the bundled micro models")
	}
	for _, name := range []string{factorFamily, factorLabels, factorObject} {
		var levels []string
		for _, m := range columns {
			levels = append(levels, a.columns[m].levels()[name])
		}
		levels = order(levels)
		switch len(levels) {
		case 1:
			p.out = append(p.out, fmt.Sprintf("%s, which is %s throughout", name, levels[0]))
		case 2:
			p.factors = append(p.factors, factor{name, levels})
		default:
			return nil, fmt.Errorf("%s has %d levels (%s) and two can be analysed: choose metrics with the parameter metric", name, len(levels), strings.Join(levels, ", "))
		}
	}
	for _, m := range columns {
		p.parts = append(p.parts, a.columns[m].Pool)
	}
	if p.parts = order(p.parts); len(p.parts) > 2 {
		return nil, fmt.Errorf("features are pooled in %d ways (%s) and two can be compared: choose metrics with the parameter metric", len(p.parts), strings.Join(p.parts, ", "))
	}
	return p, a.fill(p, columns)
}

// fill puts columns into cells and keeps the seeds that every cell has in all parts.
func (a *Analysis) fill(p *plot, columns []int) error {
	type key struct {
		cell, seed int
	}
	found := map[key]*model{}
	p.cells = make([][]model, 1<<len(p.factors))
	var seeds []int
	for _, m := range columns {
		c := &a.columns[m]
		k := key{seed: c.Seed}
		for g, f := range p.factors {
			k.cell |= slices.Index(f.levels, c.levels()[f.name]) << g
		}
		x := found[k]
		if x == nil {
			x = &model{name: c.Model, mark: c.Mark, cell: k.cell, seed: c.Seed, column: slices.Repeat([]int{-1}, len(p.parts))}
			found[k] = x
		}
		part := slices.Index(p.parts, c.Pool)
		if o := x.column[part]; o >= 0 {
			return fmt.Errorf("%s and %s are both of %s, seed %d, %s: choose one of them with the parameter metric", a.columns[o].Label, c.Label, p.words(k.cell), c.Seed, c.Pool)
		}
		if x.name != c.Model {
			return fmt.Errorf("%s and %s are both %s, seed %d: choose one of them with the parameter metric", x.name, c.Model, p.words(k.cell), c.Seed)
		}
		x.column[part] = m
		if !slices.Contains(seeds, c.Seed) {
			seeds = append(seeds, c.Seed)
		}
	}
	slices.Sort(seeds)
	for cell := range p.cells {
		if !slices.ContainsFunc(seeds, func(s int) bool { return found[key{cell, s}] != nil }) {
			return fmt.Errorf("the cell %s has no model", p.words(cell))
		}
	}
	kept := 0
	for _, s := range seeds {
		var lacks []string
		for cell := range p.cells {
			x := found[key{cell, s}]
			if x == nil || slices.Contains(x.column, -1) {
				lacks = append(lacks, p.words(cell))
			}
		}
		if len(lacks) > 0 {
			p.out = append(p.out, fmt.Sprintf("seed %d, which %s lack%s", s, strings.Join(lacks, " and "), map[bool]string{true: "s", false: ""}[len(lacks) == 1]))
			continue
		}
		kept++
		for cell := range p.cells {
			p.cells[cell] = append(p.cells[cell], *found[key{cell, s}])
		}
	}
	if kept < 2 {
		return fmt.Errorf("%s in every cell and every pooling, two are needed: with fewer nothing says how much a seed moves", plural(kept, "seed"))
	}
	return nil
}

// words name a cell: "cnn, class, contrastive".
func (p *plot) words(cell int) string {
	var w []string
	for g, f := range p.factors {
		w = append(w, f.levels[cell>>g&1])
	}
	if len(w) == 0 {
		return "the one cell"
	}
	return strings.Join(w, ", ")
}

func (p *plot) seeds() []int {
	if len(p.cells[0]) < 3 {
		return nil
	}
	out := make([]int, len(p.cells[0]))
	for i := range out {
		out[i] = i
	}
	return out
}

// without leaves out one seed, by its place.
func (p *plot) without(seed int) *plot {
	q := &plot{factors: p.factors, parts: p.parts, at: fmt.Sprintf("without seed %d", p.cells[0][seed].seed)}
	for _, cell := range p.cells {
		q.cells = append(q.cells, slices.Delete(slices.Clone(cell), seed, seed+1))
	}
	return q
}

func (p *plot) marked() bool {
	for c := range p.cells {
		if p.cellMarked(c) {
			return true
		}
	}
	return false
}

func (p *plot) cellMarked(cell int) bool {
	return slices.ContainsFunc(p.cells[cell], func(m model) bool { return m.mark != "" })
}

// marks are the words of the marks of models in the design, "" where there is none.
func (p *plot) marks() string {
	var cells []string
	n := 0
	mark := ""
	for c, cell := range p.cells {
		if p.cellMarked(c) {
			cells = append(cells, p.words(c))
		}
		for _, m := range cell {
			if m.mark != "" {
				n++
				if mark == "" {
					mark = m.name + ": " + m.mark
				}
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s of the design are marked, all of the cells %s (%s)", plural(n, "model"), strings.Join(cells, "; "), strings.TrimSuffix(mark, "."))
}

// unmarked are the parts of the design without marked models that are a factorial again: one factor held at one level, or
// two where one is not enough.
func (p *plot) unmarked() []*plot {
	if !p.marked() {
		return nil
	}
	for held := 1; held < len(p.factors); held++ {
		var out []*plot
		for fixed := range 1 << len(p.factors) {
			if bits.OnesCount(uint(fixed)) != held {
				continue
			}
			for level := range 1 << len(p.factors) {
				if level&^fixed == 0 {
					if q := p.hold(fixed, level); q != nil {
						out = append(out, q)
					}
				}
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// hold keeps the cells in which the factors of fixed have the given levels; nil where one of them is marked.
func (p *plot) hold(fixed, level int) *plot {
	q := &plot{parts: p.parts}
	var words []string
	for g, f := range p.factors {
		if fixed>>g&1 == 1 {
			words = append(words, f.name+" "+f.levels[level>>g&1])
		} else {
			q.factors = append(q.factors, f)
		}
	}
	q.at = strings.Join(words, ", ") + " only"
	for c := range p.cells {
		if c&fixed != level {
			continue
		}
		if p.cellMarked(c) {
			return nil
		}
		q.cells = append(q.cells, p.cells[c]) // the other factors keep their order, and so do their bits
	}
	return q
}

// shareGroups divide the fixed terms: each factor, what factors between models do together, and what pooling does with
// them.
func (p *plot) shareGroups() []stats.ShareGroup {
	pool := 1 << len(p.factors)
	var out []stats.ShareGroup
	for g, f := range p.factors {
		out = append(out, stats.ShareGroup{Name: f.name, Has: func(t stats.SplitPlotTerm) bool { return t.Mask == 1<<g }})
	}
	if len(p.factors) > 1 {
		out = append(out, stats.ShareGroup{Name: p.together(), Has: func(t stats.SplitPlotTerm) bool {
			return t.Mask < pool && bits.OnesCount(uint(t.Mask)) > 1
		}})
	}
	if len(p.parts) == 2 {
		out = append(out, stats.ShareGroup{Name: factorPool, Has: func(t stats.SplitPlotTerm) bool { return t.Mask == pool }})
		if len(p.factors) > 0 {
			out = append(out, stats.ShareGroup{Name: sharePooling, Has: func(t stats.SplitPlotTerm) bool { return t.Mask > pool }})
		}
	}
	return out
}

func (p *plot) together() string {
	if len(p.factors) == 3 {
		return shareWithin
	}
	var names []string
	for _, f := range p.factors {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ") + " together"
}

// contrast is a difference of cell means. part >= 0: within one part, weights have one column.
type contrast struct {
	name    string
	weights [][]float64
	part    int
}

// contrasts are the effects that are reported: each factor's, and where they are asked of the design the effects of one
// factor at each level of another.
func (p *plot) contrasts() []contrast {
	cells, parts := len(p.cells), len(p.parts)
	index := func(name string) int {
		return slices.IndexFunc(p.factors, func(f factor) bool { return f.name == name })
	}
	// of is the difference between the levels of factor g (len(factors): the part) where factor h has level l; h < 0: everywhere.
	of := func(g, h, l int) [][]float64 {
		w := make([][]float64, cells)
		for c := range w {
			w[c] = make([]float64, parts)
			for k := range w[c] {
				x := c | k<<len(p.factors)
				if h >= 0 && x>>h&1 != l {
					continue
				}
				w[c][k] = float64(2*(x>>g&1) - 1)
			}
		}
		var n float64
		for _, row := range w {
			for _, v := range row {
				n += max(0, v)
			}
		}
		for _, row := range w {
			for k := range row {
				row[k] /= n
			}
		}
		return w
	}
	versus := func(levels []string) string { return levels[1] + " − " + levels[0] }
	var out []contrast
	for g, f := range p.factors {
		out = append(out, contrast{f.name + ": " + versus(f.levels), of(g, -1, 0), -1})
	}
	if parts == 2 {
		out = append(out, contrast{factorPool + ": " + versus(p.poolings()), of(len(p.factors), -1, 0), -1})
	}
	within := func(of1, at string) {
		g, h := index(of1), index(at)
		if g < 0 || h < 0 {
			return
		}
		for l, level := range p.factors[h].levels {
			out = append(out, contrast{fmt.Sprintf("%s, at %s %s", versus(p.factors[g].levels), at, level), of(g, h, l), -1})
		}
	}
	within(factorObject, factorLabels)
	within(factorLabels, factorObject)
	if g := index(factorFamily); g >= 0 && parts == 2 {
		for l, level := range p.factors[g].levels {
			out = append(out, contrast{versus(p.poolings()) + ", of " + level, of(len(p.factors), g, l), -1})
		}
		for k, part := range p.poolings() {
			w := of(g, len(p.factors), k)
			one := make([][]float64, cells)
			for c := range one {
				one[c] = w[c][k : k+1]
			}
			out = append(out, contrast{versus(p.factors[g].levels) + ", " + part, one, k})
		}
	}
	return out
}

// poolings are the names of the parts.
func (p *plot) poolings() []string {
	out := slices.Clone(p.parts)
	for i, s := range out {
		if s != "pooled" {
			out[i] = "by region"
		}
	}
	return out
}

// besides is a group of metrics that stand beside a design.
type besides struct {
	name, part string
	columns    []int
}

// besideDesign are untrained models, by family and pooling, and pixel controls.
func (a *Analysis) besideDesign(p *plot) []besides {
	var out []besides
	add := func(name, part string, m int) {
		for i := range out {
			if out[i].name == name && out[i].part == part {
				out[i].columns = append(out[i].columns, m)
				return
			}
		}
		out = append(out, besides{name, part, []int{m}})
	}
	for m := range a.columns {
		c := &a.columns[m]
		switch {
		case c.Group == trial.PixelControl:
			add(c.Kind+", the pixels that models see", "pooled", m)
		case c.Group == trial.Learned && c.Training == "none" && c.Family != "" && slices.Contains(p.parts, c.Pool):
			add(untrainedWord+" "+c.Family, c.Pool, m)
		}
	}
	return out
}

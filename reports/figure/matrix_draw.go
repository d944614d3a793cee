package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Draw implements Drawing.
func (m *Matrix) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, m.fail("%w", err)
	}
	nr, nc := len(m.Rows), len(m.Columns)
	if nr == 0 || nc == 0 {
		return nil, m.fail("the matrix has %d rows and %d columns", nr, nc)
	}
	if len(m.Cells) != nr {
		return nil, m.fail("%d rows are named and %d given", nr, len(m.Cells))
	}
	for i, row := range m.Cells {
		if len(row) != nc {
			return nil, m.fail("row %q has %d cells for %d columns", m.Rows[i].Label, len(row), nc)
		}
	}
	if m.ColumnGroups != nil && len(m.ColumnGroups) != nc || m.RowGroups != nil && len(m.RowGroups) != nr {
		return nil, m.fail("there must be one group a row and one a column, or none")
	}
	for _, sc := range m.Side {
		if len(sc.Values) != nr {
			return nil, m.fail("side column %q has %d values for %d rows", sc.Title, len(sc.Values), nr)
		}
	}
	var all []float64
	for _, row := range m.Cells {
		for _, c := range row {
			all = append(all, c.Value)
		}
	}
	sc := m.Scale.fit(all)
	if !sc.valid() {
		return nil, m.fail("the colour scale runs from %v over %v to %v; it must rise", sc.Low, sc.Mid, sc.High)
	}
	cm := blues
	if sc.Diverging {
		cm = redBlue
	}
	// Order of rows and columns, and the tree.
	rows, cols := make([]int, nr), make([]int, nc)
	for i := range rows {
		rows[i] = i
	}
	for j := range cols {
		cols[j] = j
	}
	var tree *node
	if m.Cluster {
		if nr != nc {
			return nil, m.fail("only a square matrix can be clustered, this one is %d x %d", nr, nc)
		}
		tree = cluster(m.Cells)
		rows = tree.leaves(nil)
		cols = rows
	}
	notes := &footnotes{}
	s := &scene{w: width}
	y := m.header(s, o)
	pal := o.paletteFor(append(slices.Clone(m.Rows), m.Columns...))

	// Widths: labels left, cells, tree, side columns.
	left := 0.0
	rowText := make([][]string, nr)
	for i, r := range m.Rows {
		rowText[i] = wrap(r.Label, textBase, regular, width*.33, 3)
		for _, l := range rowText[i] {
			left = math.Max(left, regular.width(l, textBase))
		}
	}
	left += 8
	side := 0.0
	sideW := make([]float64, len(m.Side))
	for k, c := range m.Side {
		for _, l := range wrap(c.Title, textSmall, bold, 54, 3) {
			sideW[k] = math.Max(sideW[k], bold.width(l, textSmall))
		}
		for _, v := range c.Values {
			sideW[k] = math.Max(sideW[k], regular.width(v, textBase))
		}
		side += sideW[k] + 9
	}
	treeW := 0.0
	if tree != nil {
		treeW = 38
	}
	gaps := 0.0
	for j := 1; j < nc; j++ {
		if m.ColumnGroups != nil && m.ColumnGroups[j] != m.ColumnGroups[j-1] {
			gaps += 4
		}
	}
	cw := math.Min((width-left-6-side-treeW-gaps)/float64(nc), 46+14*float64(max(0, 6-nc)))
	if m.Cluster {
		cw = math.Min(cw, 30)
	}
	if cw < 5 {
		return nil, m.fail("%d columns leave %.1f pt for each, which is too little; use width %q or fewer columns", nc, cw, Page)
	}
	ch := clamp(cw*.62, 10.5, 16)
	if nr == nc {
		ch = clamp(cw, 9, 22)
	}

	// Column labels: level where they fit, upright otherwise.
	upright := false
	for _, c := range m.Columns {
		for _, l := range wrap(c.Label, textBase, regular, cw-2, 3) {
			upright = upright || strings.HasSuffix(l, "…")
		}
		longest := 0.0
		for _, p := range breakable(c.Label) {
			longest = math.Max(longest, regular.width(strings.TrimSpace(p), textBase))
		}
		upright = upright || longest > cw-2
	}
	// An upright label may take as many lines as the cell is wide. Where that is not enough and the columns are the
	// rows, they are numbered.
	headText := make([][]string, nc)
	numbered := false
	for j, c := range m.Columns {
		if !upright {
			headText[j] = wrap(c.Label, textBase, regular, cw-2, 3)
			continue
		}
		lines := max(1, int((cw+1.5)/8.2))
		headText[j] = wrap(c.Label, textBase, regular, 112, lines)
		if !strings.HasSuffix(headText[j][len(headText[j])-1], "…") {
			continue
		}
		if slices.Equal(m.Rows, m.Columns) {
			numbered = true
			break
		}
		headText[j] = wrap(c.Label, textBase, regular, 230, lines)
	}
	if numbered {
		upright = false
		number := make([]int, nr)
		for i, ri := range rows {
			number[ri] = i + 1
		}
		left = 0
		for i, r := range m.Rows {
			headText[i] = []string{strconv.Itoa(number[i])}
			rowText[i] = wrap(r.Label+"  "+headText[i][0], textBase, regular, width*.33, 3)
			for _, l := range rowText[i] {
				left = math.Max(left, regular.width(l, textBase)+8)
			}
		}
		cw = math.Min(cw, (width-left-6-side-treeW-gaps)/float64(nc))
	}
	headH := 0.0
	for _, lines := range headText {
		if upright {
			for _, l := range lines {
				headH = math.Max(headH, regular.width(l, textBase)+4)
			}
		} else {
			headH = math.Max(headH, 8.2*float64(len(lines))+3)
		}
	}
	for _, c := range m.Side {
		headH = math.Max(headH, 8*float64(len(wrap(c.Title, textSmall, bold, 54, 3)))+3)
	}
	groupH := 0.0
	if m.ColumnGroups != nil {
		groupH = 11
	}
	top := y + groupH + headH + 2
	xs := make([]float64, nc)
	x := left
	for j := range cols {
		if j > 0 && m.ColumnGroups != nil && m.ColumnGroups[j] != m.ColumnGroups[j-1] {
			x += 4
		}
		xs[j] = x
		x += cw
	}
	right := x
	decimals := m.decimals(sc, cw)
	s.open("class", "panel")
	if m.ColumnGroups != nil {
		for j := 0; j < nc; {
			k := j
			for k < nc && m.ColumnGroups[k] == m.ColumnGroups[j] {
				k++
			}
			x0, x1 := xs[j], xs[k-1]+cw
			s.line(x0+1, y+groupH-2, x1-1, y+groupH-2, axisC, .5, nil)
			s.label((x0+x1)/2, y+groupH-4, wrap(m.ColumnGroups[j], textSmall, bold, x1-x0+2, 1)[0], textSmall, bold, middle, ink)
			j = k
		}
	}
	for j, cj := range cols {
		c := m.Columns[cj]
		tc := ink
		if c.Family != "" {
			tc = readable(pal.FamilyColour(c.Family))
			s.series("s", c.Label, c.Family)
		}
		if upright {
			lines := headText[cj]
			for k, l := range lines {
				s.label(xs[j]+cw/2+2.4-4.1*float64(len(lines)-1)+8.2*float64(k), top-4, l, textBase, regular, start, tc).rotate = 90
			}
		} else {
			lines := headText[cj]
			for k, l := range lines {
				s.label(xs[j]+cw/2, top-4-8.2*float64(len(lines)-1-k), l, textBase, regular, middle, tc)
			}
		}
		if c.Family != "" {
			s.close()
		}
	}
	sx := right + treeW + 9
	for k, c := range m.Side {
		lines := wrap(c.Title, textSmall, bold, 54, 3)
		for i, l := range lines {
			s.label(sx+sideW[k], top-4-8*float64(len(lines)-1-i), l, textSmall, bold, end, ink)
		}
		sx += sideW[k] + 9
	}
	yy := top
	centre := make([]float64, nr)
	for i, ri := range rows {
		r := m.Rows[ri]
		if m.RowGroups != nil && (i == 0 || m.RowGroups[ri] != m.RowGroups[rows[i-1]]) && m.RowGroups[ri] != "" {
			if i > 0 {
				yy += 3
			}
			s.label(2, yy+8, m.RowGroups[ri], textSmall, bold, start, ink)
			yy += 11
		}
		h := math.Max(ch, 8.2*float64(len(rowText[ri]))+2)
		mid := yy + h/2
		centre[i] = mid
		tc := ink
		if r.Family != "" {
			tc = readable(pal.FamilyColour(r.Family))
		}
		s.series("s", r.Label, r.Family)
		for k, l := range rowText[ri] {
			s.label(left-5, mid+2.5-4.1*float64(len(rowText[ri])-1)+8.2*float64(k), l, textBase, regular, end, tc)
		}
		for j, cj := range cols {
			m.drawCell(s, r, m.Columns[cj], m.Cells[ri][cj], sc, cm, decimals, box{xs[j], yy, xs[j] + cw, yy + h}, notes)
		}
		sx := right + treeW + 9
		for k, c := range m.Side {
			s.label(sx+sideW[k], mid+2.5, c.Values[ri], textBase, regular, end, ink)
			sx += sideW[k] + 9
		}
		s.close()
		yy += h
	}
	if tree != nil {
		pos := make([]float64, nr)
		for i, ri := range rows {
			pos[ri] = centre[i]
		}
		deep := math.Max(tree.height, 1e-12)
		tree.draw(s, pos, right+4, treeW-8, deep)
	}
	s.close()
	y = sc.drawBar(s, cm, left, yy+7, width-left-4)
	s.h = notes.draw(s, 4, y+2, width-8) + 3

	var extra []string
	if m.Cluster {
		extra = append(extra, "Order and tree: average linkage on 1 − |value|")
	}
	nan := 0
	for _, row := range m.Cells {
		for _, c := range row {
			if !finite(c.Value) && c.Text == "" {
				nan++
			}
		}
	}
	if nan > 0 {
		extra = append(extra, fmt.Sprintf("Crossed-out cells (%d) were not computed", nan))
	}
	out := 0
	for _, v := range all {
		if finite(v) && (v < sc.Low || v > sc.High) {
			out++
		}
	}
	if out > 0 {
		extra = append(extra, fmt.Sprintf("%d values lie beyond the ends of the colour scale and have its end colours", out))
	}
	var alt strings.Builder
	fmt.Fprintf(&alt, "Matrix of %d rows and %d columns: %s. Colours: %s.", nr, nc, m.Title, orElse(sc.Label, "value"))
	for _, ri := range rows {
		if alt.Len() > 600 {
			break
		}
		fmt.Fprintf(&alt, " %s:", m.Rows[ri].Label)
		for _, cj := range cols {
			fmt.Fprintf(&alt, " %s", short(m.Cells[ri][cj].Value))
		}
		alt.WriteByte('.')
	}
	var members []Member
	for _, r := range m.Rows {
		if r.Family != "" {
			members = append(members, r)
		}
	}
	return m.finish(s, o, keysOf(pal, members), alt.String(), extra, notes.texts)
}

func (m *Matrix) drawCell(s *scene, r, c Member, v Cell, sc Scale, cm colourmap, decimals int, b box, notes *footnotes) {
	tip := r.Label + "\n" + c.Label + "\n" + orElse(sc.Label, "value") + ": " + estimate(v.Value, v.Lo, v.Hi)
	if v.Text != "" {
		tip += " " + v.Text + v.Mark
	}
	if v.Warning != "" {
		tip += "\n" + v.Warning
	}
	mark := notes.mark(v.Warning)
	if !finite(v.Value) {
		s.rect(b.x0+.4, b.y0+.4, b.w()-.8, b.h()-.8, paper, gridC, .5).tip = strings.Replace(tip, ": –", ": not computed", 1)
		if v.Text == "" {
			s.line(b.x0+1.5, b.y1-1.5, b.x1-1.5, b.y0+1.5, gridC, .6, nil)
		} else {
			s.label((b.x0+b.x1)/2, (b.y0+b.y1)/2+2.4, v.Text+mark, textSmall, regular, middle, muted)
		}
		return
	}
	fill := cm.at(sc.place(v.Value))
	cell := s.rect(b.x0+.3, b.y0+.3, b.w()-.6, b.h()-.6, fill, none, 0)
	cell.fixed, cell.tip = true, tip
	text := v.Text
	if text == "" && decimals >= 0 {
		text = sc.text(v.Value, decimals)
	}
	text += v.Mark + mark
	if regular.width(text, textSmall) <= b.w()-1 {
		s.label((b.x0+b.x1)/2, (b.y0+b.y1)/2+2.4, text, textSmall, regular, middle, onColour(fill)).fixed = true
	} else if t := v.Mark + mark; t != "" && regular.width(t, textSmall) <= b.w() {
		s.label((b.x0+b.x1)/2, (b.y0+b.y1)/2+2.4, t, textSmall, regular, middle, onColour(fill)).fixed = true
	}
}

// text is a value of the scale with so many decimals; within -1..1 the leading zero is left out.
func (s Scale) text(v float64, decimals int) string {
	t := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(t, "-0.") == "" {
		t = strings.TrimPrefix(t, "-")
	}
	t = sign(t)
	if s.Low >= -1 && s.High <= 1 && decimals > 0 {
		t = strings.Replace(t, "0.", ".", 1)
	}
	return t
}

// decimals is how many decimals fit into every cell: as the scale asks, or fewer; -1 if no number fits.
func (m *Matrix) decimals(sc Scale, width float64) int {
	d := sc.Decimals
	if d == 0 {
		d = 2
	}
	for ; d >= 0; d-- {
		fits := true
		for _, row := range m.Cells {
			for _, c := range row {
				mark := c.Mark
				if c.Warning != "" {
					mark += "¹"
				}
				fits = fits && (c.Text != "" || !finite(c.Value) || regular.width(sc.text(c.Value, d)+mark, textSmall) <= width-1.6)
			}
		}
		if fits && (d > 0 || sc.High-sc.Low >= 10) {
			return d
		}
	}
	return -1
}

// node is a merge of the clustering; a leaf has an index and no children.
type node struct {
	leaf   int
	a, b   *node
	height float64
	size   int
}

// cluster joins the nearest pair of groups until one is left (UPGMA: Sokal and Michener, 1958). The distance of two
// rows is 1 - |value|, averaged over both triangles; ties go to the pair that comes first. A value that was not computed
// counts as unrelated.
func cluster(cells [][]Cell) *node {
	n := len(cells)
	d := make([][]float64, n)
	nodes := make([]*node, n)
	for i := range n {
		d[i] = make([]float64, n)
		nodes[i] = &node{leaf: i, size: 1}
	}
	dist := func(v float64) float64 {
		if !finite(v) {
			return 1
		}
		return 1 - math.Min(1, math.Abs(v))
	}
	for i := range n {
		for j := range n {
			d[i][j] = (dist(cells[i][j].Value) + dist(cells[j][i].Value)) / 2
		}
	}
	alive := make([]int, n)
	for i := range alive {
		alive[i] = i
	}
	for len(alive) > 1 {
		bi, bj := 0, 1
		for i := range alive {
			for j := i + 1; j < len(alive); j++ {
				if d[alive[i]][alive[j]] < d[alive[bi]][alive[bj]] {
					bi, bj = i, j
				}
			}
		}
		p, q := alive[bi], alive[bj]
		a, b := nodes[p], nodes[q]
		m := &node{leaf: -1, a: a, b: b, height: d[p][q], size: a.size + b.size}
		for _, k := range alive {
			if k != p && k != q {
				v := (d[p][k]*float64(a.size) + d[q][k]*float64(b.size)) / float64(m.size)
				d[p][k], d[k][p] = v, v
			}
		}
		nodes[p] = m
		alive = slices.Delete(alive, bj, bj+1)
	}
	return nodes[alive[0]]
}

func (n *node) leaves(out []int) []int {
	if n.a == nil {
		return append(out, n.leaf)
	}
	return n.b.leaves(n.a.leaves(out))
}

// draw draws the tree from its leaves at the left to its root at the right and returns the place of its root.
func (n *node) draw(s *scene, pos []float64, x, w, deep float64) (float64, float64) {
	if n.a == nil {
		return x, pos[n.leaf]
	}
	xa, ya := n.a.draw(s, pos, x, w, deep)
	xb, yb := n.b.draw(s, pos, x, w, deep)
	at := x + w*n.height/deep
	s.polyline([]pt{{xa, ya}, {at, ya}, {at, yb}, {xb, yb}}, axisC, .6, nil)
	return at, (ya + yb) / 2
}

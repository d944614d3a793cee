package figure

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

const rowHeight = 10.6

// Draw implements Drawing.
func (f *Forest) Draw(o Options) (*Figure, error) {
	width, err := o.Width.Points()
	if err != nil {
		return nil, f.fail("%w", err)
	}
	if len(f.Rows) == 0 {
		return nil, f.fail("there are no rows")
	}
	rows := f.ordered()
	var members []Member
	var groups []string
	ex := newExtent(f.X)
	anyRank := false
	for _, r := range rows {
		members = append(members, Member{r.Label, r.Family})
		if !slices.Contains(groups, r.Group) {
			groups = append(groups, r.Group)
		}
		ex.count(r.Value)
		ex.add(r.Lo, r.Hi)
		anyRank = anyRank || r.RankLo > 0
	}
	for _, r := range f.References {
		ex.add(r.At)
		if interval(r.Lo, r.Hi) {
			ex.add(r.Lo, r.Hi)
		}
	}
	pal := o.paletteFor(members)
	keys := keysOf(pal, members)
	notes := &footnotes{}

	s := &scene{w: width}
	y := f.header(s, o)

	// The columns: label, plot, numbers, rank, note.
	labels := make([][]string, len(rows))
	numbers := make([]string, len(rows))
	marks := make([]string, len(rows))
	numW, rankW, noteW := 0.0, 0.0, 0.0
	headMarks := map[string]string{} // of groups whose rows all carry the same warning
	for _, g := range groups {
		if g != "" && sameWarning(rows, g) {
			for _, r := range rows {
				if r.Group == g && r.Warning != "" {
					headMarks[g] = notes.mark(r.Warning)
				}
			}
		}
	}
	for i, r := range rows {
		if headMarks[r.Group] == "" {
			marks[i] = notes.mark(r.Warning)
		}
		numbers[i] = f.number(r)
		numW = math.Max(numW, regular.width(numbers[i], textBase))
		noteW = math.Max(noteW, regular.width(r.Note, textSmall))
		if f.Ranks && r.RankLo > 0 {
			rankW = math.Max(rankW, regular.width(rankText(r), textBase))
		}
	}
	if f.Ranks && anyRank {
		rankW = math.Max(rankW, regular.width("rank", textSmall))
	}
	// Where the columns leave too little for the plot, notes go into the caption and labels into more lines.
	notesBeside := noteW > 0
	var x0, x1 float64
	for _, try := range []struct {
		share float64
		lines int
		notes bool
	}{{.34, 2, true}, {.34, 3, false}, {.27, 4, false}, {.22, 6, false}} {
		labelW := 0.0
		for i, r := range rows {
			labels[i] = wrap(r.Label, textBase, regular, width*try.share, try.lines)
			for j, l := range labels[i] {
				if j == len(labels[i])-1 {
					l += marks[i]
				}
				labelW = math.Max(labelW, regular.width(l, textBase))
			}
		}
		x0, x1 = labelW+14, width-6-numW-5
		notesBeside = try.notes && noteW > 0
		if notesBeside {
			x1 -= noteW + 6
		}
		if rankW > 0 {
			x1 -= rankW + 8
		}
		cut := slices.ContainsFunc(labels, func(l []string) bool { return strings.HasSuffix(l[len(l)-1], "…") })
		if x1-x0 >= 66 && !cut {
			break
		}
	}
	if x1-x0 < 50 {
		return nil, f.fail("labels and numbers leave %.0f pt of %.0f for the plot; shorten them or use width %q", x1-x0, width, Page)
	}

	// Names of the reference lines stand above the plot, in as many lines as they need.
	sx := ex.scale(f.X, .06)
	sx.p0, sx.p1 = x0, x1
	refLines := 0
	type refText struct {
		x, w float64
		line int
	}
	var texts []refText
	for _, r := range f.References {
		if r.Label == "" || !sx.inside(r.At) {
			texts = append(texts, refText{line: -1})
			continue
		}
		w := italic.width(r.Label, textSmall)
		x := clamp(sx.at(r.At)-w/2, 2, width-w-2)
		t := refText{x, w, 0}
		for again := true; again; {
			again = false
			for _, u := range texts {
				if u.line == t.line && t.x < u.x+u.w+4 && u.x < t.x+t.w+4 {
					t.line++
					again = true
					break
				}
			}
		}
		texts = append(texts, t)
		refLines = max(refLines, t.line+1)
	}
	top := y + 8.2*float64(refLines) + 3
	if f.Ranks && anyRank && refLines == 0 {
		top += 7
	}
	// Place the rows.
	type placed struct {
		y float64
		h float64
	}
	place := make([]placed, len(rows))
	heads, headLines := map[int]float64{}, map[int][]string{}
	at := top + 2
	group := ""
	for i, r := range rows {
		if r.Group != "" && (i == 0 || r.Group != group) {
			if i > 0 {
				at += 4
			}
			heads[i] = at + 7.5
			headLines[i] = wrap(r.Group+headMarks[r.Group], textLabel, bold, math.Max(x0-10, 60), 3)
			if l := headLines[i]; strings.HasSuffix(l[len(l)-1], "…") { // too long for the column: over the plot in one line
				headLines[i] = wrap(r.Group+headMarks[r.Group], textLabel, bold, width-8, 1)
			}
			at += rowHeight + 9*float64(len(headLines[i])-1)
		}
		group = r.Group
		h := math.Max(rowHeight, 8.2*float64(len(labels[i]))+2.4)
		place[i] = placed{at + h/2, h}
		at += h
	}
	bottom := at + 2
	a := axes{box: box{x0, top, x1, bottom}, x: sx, y: scale{min: 0, max: 1, p0: bottom, p1: top}, xt: sx.ticks(f.X, int(math.Max(4, (x1-x0)/34))), gridX: true}
	s.open("class", "panel")
	a.draw(s)
	for i, r := range f.References {
		r.Vertical = true
		a.reference(s, r)
		if t := texts[i]; t.line >= 0 {
			s.label(t.x, top-3-8.2*float64(t.line), r.Label, textSmall, italic, start, muted)
		}
	}
	if f.Ranks && anyRank {
		s.label(x1+5+numW+8+rankW, top-3, "rank", textSmall, regular, end, muted)
	}
	for i, r := range rows {
		if h, ok := heads[i]; ok {
			for k, l := range headLines[i] {
				if w := bold.width(l, textLabel); w > x0-6 { // it reaches over the plot: lift it off axis, grid and levels
					s.rect(x0-1, h-7, w+7-x0, 9, paper, none, 0)
				}
				s.label(4, h+9*float64(k), l, textLabel, bold, start, ink)
			}
		}
		st := pal.Style(r.Label)
		c := st.Color
		yy := place[i].y
		s.series("s row", r.Label, r.Family)
		for j, l := range labels[i] {
			if j == len(labels[i])-1 {
				l += marks[i]
			}
			s.label(x0-6, yy+2.5-4.1*float64(len(labels[i])-1)+8.2*float64(j), l, textBase, regular, end, ink)
		}
		tip := r.Label + "\n" + orElse(f.X.Label, "value") + ": " + numbers[i]
		if r.Group != "" {
			tip = r.Group + "\n" + tip
		}
		if r.Note != "" {
			tip += "\n" + r.Note
		}
		if r.Warning != "" {
			tip += "\n" + r.Warning
		}
		w := 1.3
		if r.Control {
			w = .8
		}
		switch {
		case !sx.shows(r.Value):
			s.label((x0+x1)/2, yy+2.4, "not available", textSmall, italic, middle, muted)
		case r.Censored != 0:
			dir := float64(r.Censored)
			x := clamp(sx.at(r.Value), x0+3, x1-3)
			// A censored value may still be bounded on its near side.
			if near := r.Lo; r.Censored > 0 && sx.shows(near) && near < r.Value {
				s.line(clamp(sx.at(near), x0, x1), yy, x, yy, c, w, nil)
			}
			if near := r.Hi; r.Censored < 0 && sx.shows(near) && near > r.Value {
				s.line(clamp(sx.at(near), x0, x1), yy, x, yy, c, w, nil)
			}
			arrow(s, x, yy, dir, c, tip)
		default:
			if sx.shows(r.Lo) && (finite(r.Hi) || math.IsInf(r.Hi, 1)) && r.Hi > r.Lo {
				h0, h1 := clamp(sx.at(r.Lo), x0, x1), x1
				if finite(r.Hi) {
					h1 = clamp(sx.at(r.Hi), x0, x1)
				}
				s.line(h0, yy, h1, yy, c, w, nil)
				if math.IsInf(r.Hi, 1) {
					arrow(s, x1-2, yy, 1, c, "")
				} else if r.OpenHi {
					arrow(s, h1-1, yy, 1, c, "")
				}
				if r.OpenLo {
					arrow(s, h0+1, yy, -1, c, "")
				}
			}
			size := 2.3
			if r.Control {
				size = 1.8
			}
			s.marker(st.Marker, clamp(sx.at(r.Value), x0, x1), yy, size, c, tip)
		}
		x := x1 + 5
		s.label(x+numW, yy+2.5, numbers[i], textBase, regular, end, ink)
		x += numW
		if f.Ranks && anyRank {
			x += 8
			if r.RankLo > 0 {
				s.label(x+rankW, yy+2.5, rankText(r), textBase, regular, end, ink)
			}
			x += rankW
		}
		if notesBeside && r.Note != "" {
			s.label(x+6, yy+2.4, r.Note, textSmall, regular, start, muted)
		}
		s.close()
	}
	s.close()
	y = bottom + 12
	if f.X.Label != "" {
		for _, l := range wrap(f.X.Label, textLabel, regular, width-10, 2) {
			w := regular.width(l, textLabel)
			s.label(clamp((x0+x1)/2, w/2+2, width-w/2-2), y+8, l, textLabel, regular, middle, ink)
			y += 9
		}
	}
	s.h = notes.draw(s, 4, y+4, width-8) + 3

	var extra []string
	if noteW > 0 && !notesBeside {
		extra = append(extra, f.notes(rows)...)
	}
	if slices.ContainsFunc(rows, func(r Row) bool { return r.Censored != 0 }) {
		extra = append(extra, "Open arrows: the value lies beyond the range that was tested")
	}
	if f.Ranks && anyRank {
		extra = append(extra, "Rank: interval of the rank within its group, 1 is best")
	}
	if ex.lost > 0 {
		extra = append(extra, fmt.Sprintf("%d values of 0 or less cannot be shown on the log axis", ex.lost))
	}
	var alt strings.Builder
	fmt.Fprintf(&alt, "Forest plot: %s. %d rows of %s.", f.Title, len(rows), orElse(f.X.Label, "values"))
	for i, r := range rows {
		if alt.Len() > 700 {
			break
		}
		fmt.Fprintf(&alt, " %s: %s.", r.Label, numbers[i])
	}
	return f.finish(s, o, keys, alt.String(), extra, notes.texts)
}

// sameWarning reports whether all rows of a group of several carry one warning.
func sameWarning(rows []Row, group string) bool {
	n, first := 0, ""
	for _, r := range rows {
		if r.Group != group {
			continue
		}
		if n == 0 {
			first = r.Warning
		}
		if n++; r.Warning != first {
			return false
		}
	}
	return n > 1 && first != ""
}

// notes are the rows' notes for the caption: one sentence where all say the same.
func (f *Forest) notes(rows []Row) []string {
	same := true
	var list []string
	for _, r := range rows {
		same = same && r.Note == rows[0].Note
		if r.Note != "" {
			list = append(list, r.Label+": "+r.Note)
		}
	}
	if same {
		return []string{"All rows: " + rows[0].Note}
	}
	return []string{strings.Join(list, "; ")}
}

// ordered keeps groups in the order of their first row and sorts within them if asked. Rows of equal value keep their
// order; values that are not known come last.
func (f *Forest) ordered() []Row {
	rows := slices.Clone(f.Rows)
	var groups []string
	for _, r := range rows {
		if !slices.Contains(groups, r.Group) {
			groups = append(groups, r.Group)
		}
	}
	key := func(r Row) float64 {
		v := r.Value
		switch {
		case math.IsNaN(v):
			return math.Inf(1)
		case r.Censored > 0:
			v += math.Abs(v) * 1e-9 // after a known value of the same size
		}
		if !f.Ascending {
			v = -v
		}
		return v
	}
	sort.SliceStable(rows, func(i, j int) bool {
		gi, gj := slices.Index(groups, rows[i].Group), slices.Index(groups, rows[j].Group)
		if gi != gj || !f.Sort {
			return gi < gj
		}
		return key(rows[i]) < key(rows[j])
	})
	return rows
}

func (f *Forest) number(r Row) string {
	pre := ""
	switch {
	case !finite(r.Value):
		return "–"
	case r.Censored > 0:
		pre = "> "
	case r.Censored < 0:
		pre = "< "
	}
	v := func(x float64) string {
		if math.IsInf(x, 1) {
			return "∞"
		}
		if f.X.Percent {
			return brief(x*100) + "%"
		}
		if f.Decimals > 0 && finite(x) {
			s := strconv.FormatFloat(math.Abs(x), 'f', f.Decimals, 64)
			if x < 0 && strings.Trim(s, "0.") != "" {
				s = "−" + s
			}
			return s
		}
		return brief(x)
	}
	if r.Censored == 0 && finite(r.Lo) && r.Hi > r.Lo {
		lo, hi := v(r.Lo), v(r.Hi)
		if r.OpenLo {
			lo = "< " + lo
		}
		if r.OpenHi {
			hi = "> " + hi
		}
		return v(r.Value) + " [" + lo + ", " + hi + "]"
	}
	if r.Censored != 0 && !f.X.Percent {
		return pre + short(r.Value)
	}
	return pre + v(r.Value)
}

// brief is a number with two decimals below 10 and three significant digits above.
func brief(v float64) string {
	if a := math.Abs(v); a < 9.995 && (a >= .095 || v == 0) {
		t := sign(strconv.FormatFloat(v, 'f', 2, 64))
		if t == "−0.00" {
			return "0.00"
		}
		return t
	}
	if a := math.Abs(v); a >= 9.995 && a < 99.95 {
		return sign(strconv.FormatFloat(v, 'f', 1, 64)) // the zero is kept: 14.0 beside 10.9
	}
	return short(v)
}

func rankText(r Row) string {
	if r.RankLo == r.RankHi {
		return strconv.Itoa(r.RankLo)
	}
	return fmt.Sprintf("%d–%d", r.RankLo, r.RankHi)
}

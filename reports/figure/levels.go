package figure

import (
	"math"
	"slices"
	"sort"
)

// flattening is by how much levels may stretch an axis beyond what the curves take: a level that would press the curves
// into less than the 1/flattening part of a panel is not drawn but named at the edge that it lies beyond, with its value.
const flattening = 2.5

// levelDashes tell the levels of a figure apart.
var levelDashes = [][]float64{{2.2, 1.8}, {.8, 1.5}, {5, 1.6, .9, 1.6}, {6.5, 1.6}, {3.6, 1.4, .9, 1.4, .9, 1.4}}

// levels are the horizontal references of a figure by label, in order of their first appearance.
type levels struct{ labels []string }

func (l *levels) add(label string) {
	if !slices.Contains(l.labels, label) {
		l.labels = append(l.labels, label)
	}
}

// sameLevel compares levels by name and place; the ends of their bands may be NaN, which differs from itself.
func sameLevel(a Reference) func(b Reference) bool {
	return func(b Reference) bool { return a.Label == b.Label && a.At == b.At && a.Vertical == b.Vertical }
}

func (l *levels) dash(label string) []float64 {
	return levelDashes[max(0, slices.Index(l.labels, label))%len(levelDashes)]
}

// admit stretches an axis to the levels that do not flatten the data on it, the nearest first, and returns those that do:
// below and above, the nearest first. Where the axis has limits of its own it returns none, and where no series has two points (curves
// is false) it stretches the axis to all of them: there is no shape to flatten.
func (e *extent) admit(a Axis, refs []Reference, curves bool) (below, above []Reference) {
	if a.Min != 0 || a.Max != 0 {
		return nil, nil
	}
	place := func(v float64) float64 {
		if e.log {
			return math.Log(v)
		}
		return v
	}
	var list []Reference
	for _, r := range refs {
		if !r.Vertical && finite(r.At) && (!e.log || r.At > 0) {
			list = append(list, r)
		}
	}
	lo, hi := place(e.min), place(e.max)
	stretch := func(v float64) float64 { return math.Max(0, math.Max(lo-place(v), place(v)-hi)) }
	sort.SliceStable(list, func(i, j int) bool { return stretch(list[i].At) < stretch(list[j].At) })
	data := hi - lo
	for _, r := range list {
		if curves && e.any && data > 0 && math.Max(hi, place(r.At))-math.Min(lo, place(r.At)) > flattening*data {
			if place(r.At) < lo {
				below = append(below, r)
			} else {
				above = append(above, r)
			}
			continue
		}
		e.add(r.At)
		lo, hi = place(e.min), place(e.max)
		if data <= 0 && curves {
			continue
		}
		for _, v := range []float64{r.Lo, r.Hi} { // its band where there is room
			if interval(r.Lo, r.Hi) && (!e.log || v > 0) && (!curves || math.Max(hi, place(v))-math.Min(lo, place(v)) <= flattening*data) {
				e.add(v)
				lo, hi = place(e.min), place(e.max)
			}
		}
	}
	return below, above
}

// spare makes room at the ends of an axis for the names of levels beyond it: a share of the axis for each.
func (s *scale) spare(below, above int) {
	const each = .11
	lo, hi := s.min, s.max
	if s.log {
		lo, hi = math.Log(lo), math.Log(hi)
	}
	whole := (hi - lo) / (1 - each*float64(below+above))
	lo, hi = lo-each*float64(below)*whole, hi+each*float64(above)*whole
	if s.log {
		lo, hi = math.Exp(lo), math.Exp(hi)
	}
	s.min, s.max = lo, hi
}

// beyond names the levels that lie off the axis at its ends, with arrows and values.
func (r *room) beyond(s *scene, below, above []Reference) {
	write := func(list []Reference, arrow string, up bool) {
		for i, ref := range list {
			text := arrow + " " + ref.Label + " " + short(ref.At)
			w := italic.width(text, textSmall)
			if w > r.box.w()-2 {
				text = wrap(text, textSmall, italic, r.box.w()-2, 1)[0]
				w = italic.width(text, textSmall)
			}
			// The farthest level stands at the very edge.
			y := r.box.y1 - 2.2 - 8*float64(len(list)-1-i)
			if up {
				y = r.box.y0 + 7.5 + 8*float64(len(list)-1-i)
			}
			at := r.best([]box{{r.box.x0 + 3, y - 6.4, r.box.x0 + 3 + w, y + .6}, {r.box.x1 - w - 1, y - 6.4, r.box.x1 - 1, y + .6}})
			s.label(at.x0, at.y1-.6, text, textSmall, italic, start, muted)
		}
	}
	write(above, "↑", true)
	write(below, "↓", false)
}

// levelLegend is the key to levels that are not named in the panels.
func (l *levels) legend(labels []string, width float64) *legend {
	var keys []Key
	for _, t := range l.labels {
		if slices.Contains(labels, t) {
			keys = append(keys, Key{Label: t, Style: Style{Color: muted, Dash: l.dash(t), Width: .8}})
		}
	}
	k := newLegend(keys, width, false)
	k.levels = true
	return k
}

package figure

import (
	"math"
	"strconv"
	"strings"
)

// scale maps data to points along one axis.
type scale struct {
	min, max float64
	log      bool
	p0, p1   float64 // places of min and max
}

func (s scale) at(v float64) float64 {
	a, b, x := s.min, s.max, v
	if s.log {
		a, b, x = math.Log(a), math.Log(b), math.Log(v)
	}
	return s.p0 + (s.p1-s.p0)*(x-a)/(b-a)
}

// shows reports whether v can be drawn on the axis at all.
func (s scale) shows(v float64) bool { return finite(v) && (!s.log || v > 0) }

func (s scale) inside(v float64) bool { return s.shows(v) && v >= s.min && v <= s.max }

// extent collects the range of data on one axis.
type extent struct {
	min, max float64
	log      bool
	lost     int // values that a log axis cannot show
	any      bool
}

func newExtent(a Axis) *extent { return &extent{min: math.Inf(1), max: math.Inf(-1), log: a.Log} }

func (e *extent) add(vs ...float64) {
	for _, v := range vs {
		if !finite(v) || e.log && v <= 0 {
			continue
		}
		e.any = true
		e.min, e.max = math.Min(e.min, v), math.Max(e.max, v)
	}
}

// count adds values and counts those that a log axis cannot show.
func (e *extent) count(vs ...float64) {
	for _, v := range vs {
		if e.log && finite(v) && v <= 0 {
			e.lost++
		}
	}
	e.add(vs...)
}

// scale chooses limits: those of the axis where it has them, else the data's with some air.
func (e *extent) scale(a Axis, air float64) scale {
	s := scale{min: e.min, max: e.max, log: a.Log}
	if !e.any {
		s.min, s.max = 0, 1
		if a.Log {
			s.min = .1
		}
	}
	fixed := a.Min != 0 || a.Max != 0
	switch {
	case fixed && (!a.Log || a.Min > 0) && a.Max > a.Min:
		s.min, s.max = a.Min, a.Max
	case a.Log:
		if s.min == s.max {
			s.min, s.max = s.min/2, s.max*2
		} else {
			f := math.Pow(s.max/s.min, air)
			s.min, s.max = s.min/f, s.max*f
		}
	default:
		if s.min == s.max {
			d := math.Abs(s.min) * .1
			if d == 0 {
				d = 1
			}
			s.min, s.max = s.min-d, s.max+d
		} else {
			zero := s.min >= 0 && s.min <= .25*s.max
			d := (s.max - s.min) * air
			s.min, s.max = s.min-d, s.max+d
			if zero {
				s.min = 0
			}
		}
	}
	return s
}

// tick is a place on an axis; minor ticks have no text.
type tick struct {
	v    float64
	text string
}

// ticks chooses about n labelled places on the axis.
func (s scale) ticks(a Axis, n int) []tick {
	if a.Ticks != nil && len(a.Ticks) == 0 {
		return nil
	}
	var vs []float64
	var words []tick
	for i, v := range a.Ticks {
		if s.inside(v) {
			vs = append(vs, v)
			if a.Names != nil {
				words = append(words, tick{v, a.Names[i]})
			}
		}
	}
	if words != nil {
		return words
	}
	if len(vs) == 0 {
		if s.log {
			vs = logTicks(s.min, s.max, n)
		} else {
			vs = linearTicks(s.min, s.max, n)
		}
	}
	return named(vs, a.Percent)
}

// named gives ticks of one axis the same number of decimals, as many as tell them apart.
func named(vs []float64, percent bool) []tick {
	out := make([]tick, len(vs))
	scaled := make([]float64, len(vs))
	linear := true
	for i, v := range vs {
		if percent {
			v *= 100
		}
		scaled[i] = v
	}
	if len(vs) > 2 {
		d := scaled[1] - scaled[0]
		for i := 2; i < len(vs); i++ {
			linear = linear && math.Abs(scaled[i]-scaled[i-1]-d) < 1e-6*math.Abs(d)
		}
	}
	decimals := 0
	if linear {
		for _, v := range scaled {
			decimals = max(decimals, decimalsOf(v))
		}
	}
	for i, v := range scaled {
		out[i].v = vs[i]
		if linear && math.Abs(v) < 1e5 && decimals <= 4 {
			out[i].text = sign(strconv.FormatFloat(v, 'f', decimals, 64))
		} else {
			out[i].text = plain(v)
		}
		if percent {
			out[i].text += "%"
		}
	}
	return out
}

func decimalsOf(v float64) int {
	s := strconv.FormatFloat(v, 'g', 6, 64)
	s = strconv.FormatFloat(must(strconv.ParseFloat(s, 64)), 'f', -1, 64)
	if i := strings.IndexByte(s, '.'); i >= 0 {
		return len(s) - i - 1
	}
	return 0
}

func must(v float64, _ error) float64 { return v }

// plain is a number as people write it: no exponent between 1e-4 and 1e5, powers of ten beyond.
func plain(v float64) string {
	a := math.Abs(v)
	if v != 0 && (a < 1e-3 || a >= 1e5) {
		e := int(math.Floor(math.Log10(a) + 1e-9))
		m := v / math.Pow(10, float64(e))
		p := "10" + superscript(e)
		if math.Abs(m-1) < 1e-9 {
			return p
		}
		return sign(strconv.FormatFloat(m, 'g', 3, 64)) + "×" + p
	}
	return sign(strconv.FormatFloat(must(strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)), 'f', -1, 64))
}

// superscript is a whole number in raised characters. The font lacks most of them; superscripts.go draws them.
func superscript(e int) string {
	return strings.Map(func(r rune) rune {
		if r == '-' {
			return '⁻'
		}
		return []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0']
	}, strconv.Itoa(e))
}

// sign replaces the hyphen by a minus.
func sign(s string) string { return strings.Replace(s, "-", "−", 1) }

// short is a number with three significant digits, for hover texts and cells.
func short(v float64) string {
	if !finite(v) {
		return "–"
	}
	return plain(must(strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)))
}

// estimate is a value with its interval, for hover texts.
func estimate(v, lo, hi float64) string {
	if interval(lo, hi) {
		return short(v) + " [" + short(lo) + ", " + short(hi) + "]"
	}
	return short(v)
}

func linearTicks(lo, hi float64, n int) []float64 {
	if !(hi > lo) || n < 1 {
		return nil
	}
	raw := (hi - lo) / float64(n)
	mag := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * mag
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*mag >= raw*.999 {
			step = m * mag
			break
		}
	}
	var out []float64
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		v := i*step + 0 // never -0
		out = append(out, must(strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)))
	}
	return out
}

func logTicks(lo, hi float64, n int) []float64 {
	var best []float64
	for _, digits := range [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 2, 3, 5, 7}, {1, 2, 3, 4, 5, 6, 7, 8, 9}} {
		var vs []float64
		for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
			for _, d := range digits {
				v := must(strconv.ParseFloat(strconv.FormatFloat(d*math.Pow(10, e), 'g', 12, 64), 64))
				if v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
					vs = append(vs, v)
				}
			}
		}
		if best == nil || len(vs) <= n {
			best = vs
		}
	}
	if len(best) > n { // many decades: every second, third, ... of them
		k := (len(best) + n - 1) / n
		var vs []float64
		for i := 0; i < len(best); i += k {
			vs = append(vs, best[i])
		}
		best = vs
	}
	if len(best) < 2 {
		return linearTicks(lo, hi, n)
	}
	return best
}

// minorTicks are the unlabelled places of a log axis.
func (s scale) minorTicks() []float64 {
	if !s.log || s.max/s.min > 1e6 {
		return nil
	}
	var vs []float64
	for e := math.Floor(math.Log10(s.min)); e <= math.Log10(s.max); e++ {
		for d := 1.0; d < 10; d++ {
			if v := d * math.Pow(10, e); v > s.min && v < s.max {
				vs = append(vs, v)
			}
		}
	}
	return vs
}

// thin drops labels that would touch their neighbour on a horizontal axis; the ticks stay.
func (s scale) thin(ts []tick) []tick {
	out := append([]tick(nil), ts...)
	last := math.Inf(-1)
	for i := range out {
		w := regular.width(out[i].text, textBase)
		x := s.at(out[i].v)
		if x-w/2 < last+2.5 {
			out[i].text = ""
			continue
		}
		last = x + w/2
	}
	return out
}

// distinct are the different values of xs, sorted, if there are at most limit of them, else nil: severities that were
// tested make better ticks than round numbers.
func distinct(limit int, xs ...[]float64) []float64 {
	var out []float64
	for _, x := range xs {
	next:
		for _, v := range x {
			if !finite(v) {
				continue
			}
			for _, o := range out {
				if o == v {
					continue next
				}
			}
			if out = append(out, v); len(out) > limit || short(v) != plain(v) {
				return nil
			}
		}
	}
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// widest is the width of the widest label.
func widest(ts []tick) float64 {
	w := 0.0
	for _, t := range ts {
		w = math.Max(w, regular.width(t.text, textBase))
	}
	return w
}

// axes draws the frame of one panel: light grid, left and bottom axis with ticks.
type axes struct {
	box    box
	x, y   scale
	xt, yt []tick
	hideXT bool // labels of the x ticks
	hideYT bool
	gridX  bool
	tested bool    // the x ticks are all that there is between, so no minor ticks
	drop   float64 // space between the box and the x axis line, for a lane of thresholds
}

func (a axes) draw(s *scene) {
	s.open("class", "axes")
	for _, t := range a.yt {
		y := a.y.at(t.v)
		s.line(a.box.x0, y, a.box.x1, y, gridC, .4, nil)
	}
	if a.gridX {
		for _, t := range a.xt {
			x := a.x.at(t.v)
			s.line(x, a.box.y0, x, a.box.y1, gridC, .4, nil)
		}
	}
	bottom := a.box.y1 + a.drop
	s.line(a.box.x0, a.box.y0, a.box.x0, a.box.y1, axisC, .6, nil)
	s.line(a.box.x0, bottom, a.box.x1, bottom, axisC, .6, nil)
	for _, v := range a.x.minorTicks() {
		if a.tested {
			break
		}
		x := a.x.at(v)
		s.line(x, bottom, x, bottom+1.5, axisC, .4, nil)
	}
	for _, v := range a.y.minorTicks() {
		y := a.y.at(v)
		s.line(a.box.x0-1.5, y, a.box.x0, y, axisC, .4, nil)
	}
	for _, t := range a.xt {
		x := a.x.at(t.v)
		s.line(x, bottom, x, bottom+2.6, axisC, .6, nil)
	}
	if !a.hideXT {
		for _, t := range a.x.thin(a.xt) {
			if t.text == "" {
				continue
			}
			w := regular.width(t.text, textBase)
			s.label(math.Min(a.x.at(t.v), s.w-w/2-1), bottom+9.6, t.text, textBase, regular, middle, ink)
		}
	}
	for _, t := range a.yt {
		y := a.y.at(t.v)
		s.line(a.box.x0-2.6, y, a.box.x0, y, axisC, .6, nil)
		if !a.hideYT {
			s.label(a.box.x0-4.2, y+2.5, t.text, textBase, regular, end, ink)
		}
	}
	s.close()
}

// reference draws a level across the panel, with its interval; room.level names it.
func (a axes) reference(s *scene, r Reference) { a.referenceAs(s, r, levelDashes[0]) }

func (a axes) referenceAs(s *scene, r Reference, dash []float64) {
	if r.Vertical {
		if !a.x.inside(r.At) {
			return
		}
		if interval(r.Lo, r.Hi) && a.x.shows(r.Lo) {
			x0, x1 := clamp(a.x.at(r.Lo), a.box.x0, a.box.x1), clamp(a.x.at(r.Hi), a.box.x0, a.box.x1)
			s.rect(x0, a.box.y0, x1-x0, a.box.h(), alpha(muted, 26), none, 0)
		}
		x := a.x.at(r.At)
		s.line(x, a.box.y0, x, a.box.y1, muted, .7, dash)
		return
	}
	if !a.y.inside(r.At) {
		return
	}
	if interval(r.Lo, r.Hi) && a.y.shows(r.Lo) {
		y0, y1 := clamp(a.y.at(r.Hi), a.box.y0, a.box.y1), clamp(a.y.at(r.Lo), a.box.y0, a.box.y1)
		s.rect(a.box.x0, y0, a.box.w(), y1-y0, alpha(muted, 26), none, 0)
	}
	y := a.y.at(r.At)
	s.line(a.box.x0, y, a.box.x1, y, muted, .7, dash)
}

func clamp(v, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, v)) }

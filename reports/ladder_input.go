package reports

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"probity/stats"
)

// Ladder is a family of models trained on more or less data of better or worse quality, with scores of each: the input of
// the finding on exchange rates.
type Ladder struct {
	Name    string   // of the table
	Quality string   // what the axis of quality is called: "mismatch"
	Levels  []string // of an ordered quality, from worst to best; nil: quality is a number
	Higher  bool     // a larger number is a better quality; else a smaller one is, as of a share of wrong captions
	Step    float64  // of a numeric quality, above 0; 0: the smallest gap between two values
	BySeed  bool     // models of one seed belong together and every interval is over seeds; else models are independent
	Models  []LadderModel
	Scores  []LadderScore
	At      []LadderPoint // where exchange rates are told; none: in the middle
	Notes   []string      // what a reader must know of how the data were read
}

// LadderModel is one model of a ladder.
type LadderModel struct {
	Name    string
	Size    string  // how many pairs, as written: "1024", "fresh"
	Pairs   float64 // distinct pairs that it has seen
	Fresh   bool    // every sample was a new one: the limit of pairs at this number of samples
	Quality float64 // a number, or which of Levels
	Seed    string
	Samples float64 // seen in all; NaN where it is not known
}

// LadderScore is one score of every model, NaN where it does not apply.
type LadderScore struct {
	Label string
	Lower bool // lower is better
	Value []float64
}

// LadderPoint is a place on a ladder; NaN: every value there is (quality), the middle (pairs).
type LadderPoint struct{ Pairs, Quality float64 }

func (l *Ladder) check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("reading the ladder %s: %w", l.Name, fmt.Errorf(format, args...))
	}
	if len(l.Models) < 4 {
		return fail("%s, at least 4 are needed", plural(len(l.Models), "model"))
	}
	if len(l.Scores) == 0 {
		return fail("no score")
	}
	for i, m := range l.Models {
		switch {
		case !(m.Pairs > 0) || math.IsInf(m.Pairs, 0):
			return fail("%s has %v pairs", m.Name, m.Pairs)
		case !finite(m.Quality):
			return fail("%s has no %s", m.Name, l.Quality)
		case l.Levels != nil && (m.Quality != math.Trunc(m.Quality) || m.Quality < 0 || int(m.Quality) >= len(l.Levels)):
			return fail("%s has level %v of %d", m.Name, m.Quality, len(l.Levels))
		}
		for _, s := range l.Scores {
			if len(s.Value) != len(l.Models) {
				return fail("%s has scores of %d models of %d", s.Label, len(s.Value), len(l.Models))
			}
			if math.IsInf(s.Value[i], 0) {
				return fail("%s of %s is infinite", s.Label, m.Name)
			}
		}
	}
	return nil
}

// climb is one score's ladder made ready: the models of the budget that most of them have, on rungs that every seed has.
type climb struct {
	*Ladder
	score   LadderScore
	budget  float64 // samples of each model; NaN where they are not known
	models  []int   // places in Models
	rungs   []stats.Rung
	sizes   []ladderSize // from few to many pairs
	quality []float64    // from worst to best
	seeds   []string
	surface *stats.Surface
	other   *stats.Surface // on the other link; nil where it was not fitted
	missing int            // models without this score
	partial []string       // rungs left out since a seed has no model there
	longer  []int          // models of other budgets with this score
}

type ladderSize struct {
	name  string
	x     float64 // log2 of the mean number of distinct pairs
	fresh bool
}

// newClimb prepares and fits one score. The error says what is not given, and why.
func newClimb(l *Ladder, s int) (*climb, error) {
	c := &climb{Ladder: l, score: l.Scores[s], budget: math.NaN()}
	count := map[float64]int{}
	for i, m := range l.Models {
		if math.IsNaN(c.score.Value[i]) {
			c.missing++
		} else if !math.IsNaN(m.Samples) {
			count[m.Samples]++
		}
	}
	for samples, n := range count {
		if most := count[c.budget]; n > most || n == most && samples < c.budget {
			c.budget = samples
		}
	}
	var all []int
	for i, m := range l.Models {
		switch {
		case math.IsNaN(c.score.Value[i]):
		case m.Samples == c.budget || math.IsNaN(c.budget):
			all = append(all, i)
		default:
			c.longer = append(c.longer, i)
		}
	}
	if l.BySeed {
		for _, i := range all {
			if !slices.Contains(c.seeds, l.Models[i].Seed) {
				c.seeds = append(c.seeds, l.Models[i].Seed)
			}
		}
		sort.Strings(c.seeds)
		have := map[string]int{}
		for _, i := range all {
			have[c.rungName(i)]++
		}
		for _, i := range all {
			if have[c.rungName(i)] == len(c.seeds) {
				c.models = append(c.models, i)
			} else if name := c.rungName(i); !slices.Contains(c.partial, name) {
				c.partial = append(c.partial, name)
			}
		}
	} else {
		c.models = all
	}
	sum := map[string][2]float64{}
	for _, i := range c.models {
		m := &l.Models[i]
		v := sum[m.Size]
		if v[1] == 0 {
			c.sizes = append(c.sizes, ladderSize{name: m.Size, fresh: m.Fresh})
		}
		sum[m.Size] = [2]float64{v[0] + m.Pairs, v[1] + 1}
		if !slices.Contains(c.quality, m.Quality) {
			c.quality = append(c.quality, m.Quality)
		}
	}
	for i := range c.sizes {
		v := sum[c.sizes[i].name]
		c.sizes[i].x = math.Log2(v[0] / v[1])
	}
	slices.SortFunc(c.sizes, func(a, b ladderSize) int {
		if a.x < b.x {
			return -1
		}
		return 1
	})
	slices.Sort(c.quality)
	if l.Levels == nil && !l.Higher {
		slices.Reverse(c.quality)
	}
	switch {
	case len(c.sizes) < 2:
		return nil, fmt.Errorf("it is there for %s of pairs only, two are needed%s", plural(len(c.sizes), "size"), c.leftOut())
	case len(c.quality) < 2:
		return nil, fmt.Errorf("it is there for %s of %s only, two are needed%s", plural(len(c.quality), "value"), l.Quality, c.leftOut())
	}
	for _, i := range c.models {
		m := &l.Models[i]
		q := m.Quality
		if l.Levels != nil {
			q = float64(slices.Index(c.quality, q)) // a score may lack a level
		}
		c.rungs = append(c.rungs, stats.Rung{Pairs: c.x(m.Size), Quality: q, Seed: max(0, slices.Index(c.seeds, m.Seed)), Score: c.score.Value[i]})
	}
	levels := 0
	if l.Levels != nil {
		levels = len(c.quality)
	}
	var err error
	c.surface, c.other, err = stats.ChooseLink(c.rungs, stats.FormFor(c.rungs, levels), l.BySeed)
	return c, err
}

func (c *climb) leftOut() string {
	if len(c.partial) == 0 {
		return ""
	}
	return " (left out since a seed has no model there: " + strings.Join(c.partial, "; ") + ")"
}

func (c *climb) rungName(i int) string {
	m := &c.Models[i]
	return m.Size + " pairs, " + c.qualityWords(m.Quality)
}

// x is the place of a size.
func (c *climb) x(size string) float64 {
	for _, s := range c.sizes {
		if s.name == size {
			return s.x
		}
	}
	return math.NaN()
}

// place is a quality as the surface has it: a number, or which level of those there are.
func (c *climb) place(quality float64) float64 {
	if c.Levels == nil {
		return quality
	}
	return float64(slices.Index(c.quality, quality))
}

// step is what the surface's quality changes by for one step to the better; 0 at the best level.
func (c *climb) step(quality float64) float64 {
	if c.Levels != nil {
		if slices.Index(c.quality, quality) == len(c.quality)-1 {
			return 0
		}
		return 1
	}
	if c.Higher {
		return c.stepSize()
	}
	return -c.stepSize()
}

// stepSize is the size of a step of a numeric quality.
func (c *climb) stepSize() float64 {
	if c.Step > 0 {
		return c.Step
	}
	gap := math.Inf(1)
	for i := 1; i < len(c.quality); i++ {
		gap = min(gap, math.Abs(c.quality[i]-c.quality[i-1]))
	}
	return math.Round(gap*1e9) / 1e9
}

// stepWords says what a step of quality is from here: ".3 less mismatch, at the slope there", "from class to partial".
func (c *climb) stepWords(quality float64) string {
	if c.Levels != nil {
		k := slices.Index(c.quality, quality)
		return fmt.Sprintf("from %s to %s", c.Levels[int(quality)], c.Levels[int(c.quality[k+1])])
	}
	if c.Higher {
		return fmt.Sprintf("%s more %s, at the slope there", amount(c.stepSize()), c.Quality)
	}
	return fmt.Sprintf("%s less %s, at the slope there", amount(c.stepSize()), c.Quality)
}

// qualityWords names a quality: "mismatch .3", "partial".
func (l *Ladder) qualityWords(q float64) string {
	if l.Levels != nil {
		return l.Levels[int(q)]
	}
	if q == 0 {
		return l.Quality + " 0"
	}
	return l.Quality + " " + amount(q)
}

// sizeWords names a place on the axis of pairs: "1,024 pairs".
func (c *climb) sizeWords(x float64) string {
	for _, s := range c.sizes {
		if math.Abs(s.x-x) < 1e-9 && s.fresh {
			return "fresh pairs (" + grouped(int(math.Round(math.Exp2(x)))) + " distinct)"
		}
	}
	return grouped(int(math.Round(math.Exp2(x)))) + " pairs"
}

// middle is the size nearest to the middle of the axis; with two sizes the middle itself.
func (c *climb) middle() float64 {
	mid := (c.sizes[0].x + c.sizes[len(c.sizes)-1].x) / 2
	if len(c.sizes) == 2 {
		return mid
	}
	best := c.sizes[0].x
	for _, s := range c.sizes {
		if math.Abs(s.x-mid) < math.Abs(best-mid) {
			best = s.x
		}
	}
	return best
}

// ladderPlace is where an exchange rate is told.
type ladderPlace struct{ x, quality float64 }

// places are where the answer tells exchange rates: those asked for, or the middle size at the middle value of a numeric
// quality and at every step of an ordered one.
func (c *climb) places() []ladderPlace {
	values := c.quality
	if c.Levels != nil {
		values = values[:len(values)-1]
	}
	var out []ladderPlace
	if len(c.At) == 0 {
		if c.Levels == nil {
			values = []float64{values[len(values)/2]}
		}
		for _, q := range values {
			out = append(out, ladderPlace{c.middle(), q})
		}
		return out
	}
	for _, p := range c.At {
		x := c.middle()
		if !math.IsNaN(p.Pairs) {
			x = math.Log2(p.Pairs)
			for _, s := range c.sizes { // a size that was trained, though not to the last pair
				if math.Abs(s.x-x) < .02 {
					x = s.x
				}
			}
		}
		if math.IsNaN(p.Quality) {
			for _, q := range values {
				out = append(out, ladderPlace{x, q})
			}
			continue
		}
		if c.Levels == nil || slices.Contains(values, p.Quality) {
			out = append(out, ladderPlace{x, p.Quality})
		}
	}
	return out
}

// of are the models of a rung, by place in Models.
func (c *climb) of(size string, quality float64) []int {
	var out []int
	for _, i := range c.models {
		if m := &c.Models[i]; m.Size == size && m.Quality == quality {
			out = append(out, i)
		}
	}
	return out
}

// sign is 1 where more of the score is better.
func (c *climb) sign() float64 {
	if c.score.Lower {
		return -1
	}
	return 1
}

// mean is the mean score of some models with the t interval over them.
func (c *climb) mean(models []int, level float64) stats.Interval {
	var rows [][]float64
	for _, i := range models {
		rows = append(rows, []float64{c.score.Value[i]})
	}
	iv := stats.NewMean(rows).T(level)
	if c.BySeed {
		iv.Method = strings.Replace(iv.Method, "clusters", "seeds", 1)
	} else {
		iv.Method = strings.Replace(iv.Method, "clusters", "models", 1)
	}
	return iv
}

// gain is the mean difference of one group of models to another with its interval: paired over seeds where both have the same
// seeds (which set the initial weights too), else Welch's t.
func (c *climb) gain(to, from []int, level float64) stats.Interval {
	if c.BySeed && len(to) == len(from) {
		var rows [][]float64
		for _, i := range to {
			for _, k := range from {
				if c.Models[i].Seed == c.Models[k].Seed {
					rows = append(rows, []float64{c.score.Value[i] - c.score.Value[k]})
				}
			}
		}
		if len(rows) == len(to) {
			iv := stats.NewMean(rows).T(level)
			iv.Method = strings.Replace(iv.Method, "t over clusters", "paired t over seeds", 1)
			return iv
		}
	}
	var a, b []float64
	for _, i := range to {
		a = append(a, c.score.Value[i])
	}
	for _, i := range from {
		b = append(b, c.score.Value[i])
	}
	return stats.WelchInterval(a, b, level)
}

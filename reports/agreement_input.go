package reports

import (
	"fmt"
	"math"
	"slices"

	"probity/internal/trial"
)

// Judged is what people and metrics said of the same items: the input of the findings on agreement. Every slice over
// items has the same length.
type Judged struct {
	Name    string // of the data set: "tid2013"; unique in a report
	Noun    string // what a cluster is: "photograph"; "" means "source"
	Scale   string // what people's numbers are called: "mos"
	Columns []trial.Column
	// Score is by metric, then item. A score that is not finite is left out, with a warning, for all metrics.
	Score [][]float64
	Item  []string // names of the items, for the list of disagreements
	// Cluster names each item's source: the unit of every interval. nil: every item is its own.
	Cluster []string
	// Group names each item's distortion (editor, generator); nil where there is none.
	Group []string
	// Level is how strong each item's distortion is, in any unit; NaN where it is not known, nil where none is.
	Level []float64
	// Design names, by metric, the design of a model that was trained from several seeds: metrics of one design differ in
	// nothing but the seed. "" where a metric is none of several; nil where none is.
	Design []string

	// Ratings. Lower: a lower number is better, as of DMOS or error rates.
	Rating []float64
	Lower  bool
	SE     []float64   // standard error of each rating; nil where it is not known
	Raw    [][]float64 // by item, then rater; NaN where a rater did not rate; nil without raw ratings
	Raters []string

	// Choices, in place of ratings: votes for alternatives A and B of each item. Score is then A's and ScoreB B's.
	VotesA, VotesB []float64
	ScoreB         [][]float64
	// Shares marks votes that are known as shares only, so that raters' agreement with each other is not.
	Shares bool

	// Pictures of some items, for the list of disagreements: the reference and what was judged, as PNG.
	Pictures map[int][2][]byte
	Notes    []string // what a reader must know of how the data were read
}

// Choices reports whether people chose between two alternatives, rather than rating one.
func (j *Judged) Choices() bool { return j.VotesA != nil }

func (j *Judged) noun() string {
	if j.Cluster == nil {
		return "item"
	}
	if j.Noun == "" {
		return "source"
	}
	return j.Noun
}

// check says what of a data set cannot be used.
func (j *Judged) check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("reading the judgements of %s: %w", j.Name, fmt.Errorf(format, args...))
	}
	n := len(j.Rating)
	if j.Choices() {
		n = len(j.VotesA)
		if len(j.VotesB) != n || len(j.ScoreB) != len(j.Score) {
			return fail("%d and %d votes, %d and %d metrics for the alternatives", n, len(j.VotesB), len(j.Score), len(j.ScoreB))
		}
	}
	if n < 3 {
		return fail("%s, at least 3 are needed", plural(n, "item"))
	}
	if len(j.Columns) == 0 {
		return fail("no metric")
	}
	if j.Design != nil && len(j.Design) != len(j.Columns) {
		return fail("%d designs for %d metrics", len(j.Design), len(j.Columns))
	}
	if len(j.Columns) != len(j.Score) {
		return fail("%d metrics but %d columns of scores", len(j.Columns), len(j.Score))
	}
	for m := range j.Score {
		if len(j.Score[m]) != n || j.Choices() && len(j.ScoreB[m]) != n {
			return fail("%s has scores of %d items, people judged %d", j.Columns[m].Label, len(j.Score[m]), n)
		}
	}
	for _, l := range []struct {
		what string
		n    int
		set  bool
	}{{"clusters", len(j.Cluster), j.Cluster != nil}, {"groups", len(j.Group), j.Group != nil}, {"levels", len(j.Level), j.Level != nil}, {"standard errors", len(j.SE), j.SE != nil}, {"raw ratings", len(j.Raw), j.Raw != nil}, {"names", len(j.Item), j.Item != nil}} {
		if l.set && l.n != n {
			return fail("%d %s for %d items", l.n, l.what, n)
		}
	}
	for i, v := range j.Rating {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fail("the rating of item %d is %v", i+1, v)
		}
	}
	for i := range j.VotesA {
		if !(j.VotesA[i] >= 0 && j.VotesB[i] >= 0 && j.VotesA[i]+j.VotesB[i] > 0) {
			return fail("item %d has votes %v and %v", i+1, j.VotesA[i], j.VotesB[i])
		}
	}
	return nil
}

// judged is a data set made ready: the items that every metric has a score of, with clusters and groups numbered.
type judged struct {
	*Judged
	items    []int // places in Judged, of the items that are used
	cluster  []int // by used item
	clusters int
	group    []int // by used item; nil without groups
	groups   []string
	score    [][]float64 // by metric, then used item
	scoreB   [][]float64
	rating   []float64
	level    []float64 // nil where none is known
	se       []float64
	raw      [][]float64
	missing  []int // by metric: items without a finite score
}

func newJudged(j *Judged) (*judged, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	d := &judged{Judged: j, missing: make([]int, len(j.Score))}
	n := len(j.Rating) + len(j.VotesA)
	for i := range n {
		keep := true
		for m := range j.Score {
			ok := finite(j.Score[m][i]) && (!j.Choices() || finite(j.ScoreB[m][i]))
			if !ok {
				d.missing[m]++
				keep = false
			}
		}
		if keep {
			d.items = append(d.items, i)
		}
	}
	if len(d.items) < 3 {
		worst := 0
		for m, k := range d.missing {
			if k > d.missing[worst] {
				worst = m
			}
		}
		return nil, fmt.Errorf("reading the judgements of %s: only %s of %d have a score of every metric; %s lacks %d", j.Name, plural(len(d.items), "item"), n, j.Columns[worst].Label, d.missing[worst])
	}
	number := func(names []string) (of []int, all []string) {
		at := map[string]int{}
		for _, i := range d.items {
			name := fmt.Sprint(i)
			if names != nil {
				name = names[i]
			}
			k, ok := at[name]
			if !ok {
				k = len(all)
				at[name] = k
				all = append(all, name)
			}
			of = append(of, k)
		}
		return of, all
	}
	var names []string
	d.cluster, names = number(j.Cluster)
	d.clusters = len(names)
	if j.Group != nil {
		d.group, d.groups = number(j.Group)
	}
	pick := func(v []float64) []float64 {
		if v == nil {
			return nil
		}
		out := make([]float64, len(d.items))
		for k, i := range d.items {
			out[k] = v[i]
		}
		return out
	}
	for m := range j.Score {
		d.score = append(d.score, pick(j.Score[m]))
		if j.Choices() {
			d.scoreB = append(d.scoreB, pick(j.ScoreB[m]))
		}
	}
	d.rating, d.se, d.level = pick(j.Rating), pick(j.SE), pick(j.Level)
	if j.Raw != nil {
		for _, i := range d.items {
			d.raw = append(d.raw, j.Raw[i])
		}
		if d.se == nil {
			d.se = errorsOfMeans(d.raw)
		}
	}
	return d, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// errorsOfMeans are the standard errors of the means over raters; nil where an item has fewer than two ratings.
func errorsOfMeans(raw [][]float64) []float64 {
	out := make([]float64, len(raw))
	for i, r := range raw {
		var n, m, ss float64
		for _, v := range r {
			if !math.IsNaN(v) {
				n++
				m += v
			}
		}
		if n < 2 {
			return nil
		}
		m /= n
		for _, v := range r {
			if !math.IsNaN(v) {
				ss += (v - m) * (v - m)
			}
		}
		out[i] = math.Sqrt(ss / (n - 1) / n)
	}
	return out
}

// expected is the sign of the correlation between a metric and the scale where they agree: -1 for a distance and a scale on
// which more is better. 0: the metric's direction is not known.
func (d *judged) expected(m int) float64 {
	s := 1.
	switch d.Columns[m].Direction {
	case trial.Similarity:
	case trial.Distance:
		s = -1
	default:
		return 0
	}
	if d.Lower {
		s = -s
	}
	return s
}

// family is the look of one of the data set's metrics.
func (d *Judged) family(m int) string {
	c := column{Column: d.Columns[m]}
	return c.family()
}

// rows are the used items of each group of a numbering with n groups.
func rowsOf(of []int, n int) [][]int {
	out := make([][]int, n)
	for i, k := range of {
		out[k] = append(out[k], i)
	}
	return out
}

func at[T any](v []T, rows []int) []T {
	out := make([]T, len(rows))
	for k, i := range rows {
		out[k] = v[i]
	}
	return out
}

// judgedNamed are the data sets that a finding is about.
func (a *Analysis) judgedNamed(want []string) ([]*judged, error) {
	var out []*judged
	var names []string
	for _, d := range a.humans {
		names = append(names, d.Name)
		if len(want) == 0 || slices.Contains(want, d.Name) {
			out = append(out, d)
		}
	}
	for _, w := range want {
		if !slices.Contains(names, w) {
			return nil, fmt.Errorf("no data set of judgements is called %q: there are %q", w, names)
		}
	}
	return out, nil
}

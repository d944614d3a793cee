package reports

import (
	"fmt"

	"probity/internal/trial"
)

// Suite is what metrics and controls scored on trials whose truth is known by construction: the input of the finding
// compliance. A quad is two contexts and two outputs; output i is right in context i and wrong in the other.
type Suite struct {
	Name    string // label of its section; unique in a report
	Title   string // "compliance 1, dev"
	Noun    string // what a cluster is: "rendered scene"
	Kinds   []SuiteKind
	Columns []trial.Column
	Metrics int // of Columns; the rest are controls
	Quads   []SuiteQuad
	// By column, then quad: the score of [context][output], likewise with what differs between the contexts taken from another
	// source, and the scores of the right output photographed again. NaN where there is none.
	Score, Shuffled [][][2][2]float64
	Null            [][][2][]float64
	// By column, then kind: it looks at nothing that differs between the contexts; why it is not to be judged, "" where it is.
	Blind   [][]bool
	Excused [][]string
	Reads   []string // by column: what of a trial it looks at, one of the Reads constants
	Notes   []string
}

// What of a trial a metric looks at.
const (
	ReadsPictures = "input and output"
	ReadsOutput   = "words and output"
	ReadsAll      = "input, words and output"
	ReadsUnknown  = "programs and tables"
)

// SuiteKind is one kind of failure.
type SuiteKind struct {
	Name   string
	Doc    string
	Differ []string // parts of a trial that differ between the contexts
}

// SuiteQuad says what a quad is of.
type SuiteQuad struct {
	Name     string
	Cluster  string // source: the unit of every interval
	Kind     string
	Variant  string
	Severity float64 // 0 where the kind is not graded
	Unit     string
}

// suite is a suite made ready: clusters and kinds numbered.
type suite struct {
	*Suite
	clusters int
	cluster  []int   // by quad
	quads    [][]int // by kind
	draws    *resamples
}

func newSuite(s *Suite, seed uint64, resamples int) (*suite, error) {
	fail := func(format string, args ...any) (*suite, error) {
		return nil, fmt.Errorf("reading the suite %s: %w", s.Name, fmt.Errorf(format, args...))
	}
	if len(s.Quads) == 0 || len(s.Columns) == 0 {
		return fail("%d quads and %d columns", len(s.Quads), len(s.Columns))
	}
	if len(s.Score) != len(s.Columns) || len(s.Shuffled) != len(s.Columns) || len(s.Null) != len(s.Columns) || len(s.Blind) != len(s.Columns) || len(s.Excused) != len(s.Columns) || len(s.Reads) != len(s.Columns) {
		return fail("%d columns, but %d, %d and %d of scores", len(s.Columns), len(s.Score), len(s.Shuffled), len(s.Null))
	}
	for m := range s.Columns {
		if len(s.Score[m]) != len(s.Quads) || len(s.Shuffled[m]) != len(s.Quads) || len(s.Null[m]) != len(s.Quads) {
			return fail("%s has scores of %d quads, there are %d", s.Columns[m].Label, len(s.Score[m]), len(s.Quads))
		}
		if len(s.Blind[m]) != len(s.Kinds) || len(s.Excused[m]) != len(s.Kinds) {
			return fail("%s is described on %d kinds, there are %d", s.Columns[m].Label, len(s.Blind[m]), len(s.Kinds))
		}
	}
	out := &suite{Suite: s, quads: make([][]int, len(s.Kinds))}
	number := map[string]int{}
	kinds := map[string]int{}
	for k := range s.Kinds {
		kinds[s.Kinds[k].Name] = k
	}
	for i, q := range s.Quads {
		c, ok := number[q.Cluster]
		if !ok {
			c = len(number)
			number[q.Cluster] = c
		}
		k, ok := kinds[q.Kind]
		if !ok {
			return fail("quad %s is of the kind %q, which is not listed", q.Name, q.Kind)
		}
		out.cluster, out.quads[k] = append(out.cluster, c), append(out.quads[k], i)
	}
	out.clusters = len(number)
	out.draws = newResamples(seed, resamples, out.clusters)
	return out, nil
}

func (s *Suite) noun() string {
	if s.Noun == "" {
		return "source"
	}
	return s.Noun
}

func (s *Suite) control(m int) bool { return m >= s.Metrics }

func (s *Suite) family(m int) string {
	if s.control(m) {
		return "control"
	}
	c := column{Column: s.Columns[m]}
	return c.lookFamily()
}

// better is 1 where score a says more clearly than b that the output is right, .5 where they are equal, NaN where one is missing.
func (s *Suite) better(m int, a, b float64) float64 {
	if a != a || b != b {
		return nan
	}
	if s.Columns[m].Direction == trial.Distance {
		a, b = b, a
	}
	switch {
	case a > b:
		return 1
	case a == b:
		return .5
	}
	return 0
}

// accuracy is the share of a quad's contexts in which the right output scores better than the wrong one, ties half.
func (s *Suite) accuracy(m int, q [2][2]float64) float64 {
	return (s.better(m, q[0][0], q[0][1]) + s.better(m, q[1][1], q[1][0])) / 2
}

// both is 1 where the right output scores better in both contexts, else 0: ties are not right.
func (s *Suite) both(m int, q [2][2]float64) float64 {
	switch v := s.accuracy(m, q); {
	case v != v:
		return nan
	case v == 1:
		return 1
	}
	return 0
}

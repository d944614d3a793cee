package reports

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"probity/internal/trial"
)

// Analysis is a table made ready for findings: its rows indexed by cell and source, with the resamples of sources that
// all findings share. Its methods are safe for concurrent use.
type Analysis struct {
	in      *Input
	table   *trial.Table
	level   float64
	workers int

	sources  []source
	clusters []string // in the table's order
	columns  []column
	curves   []*curve
	nulls    []*nullKind
	anchors  []*swap
	controls []*swap
	draws    *resamples
	humans   []*judged
	suites   []*suite

	mu   sync.Mutex
	memo map[detectKey]*detected
}

// source is one original picture.
type source struct {
	id      string
	class   string
	cluster int
}

// column is one metric with its scores oriented so that larger is more different.
type column struct {
	trial.Column
	score    []float64 // oriented
	control  bool      // a pixel control or an untrained twin
	constant bool      // every score that there is has the same value
	missing  int       // scores that could not be computed
}

// curve is one edit in one region over its severities, weakest first.
type curve struct {
	perturb, kind, shape, unit string
	area                       float64
	axis                       trial.Axis
	cells                      []*cell
	words                      bool // the edit comes with words of its own: what asks for it, or what the picture shows afterwards
}

// cell is one edit at one severity. rows are indexed by source; crossed by null, then source.
type cell struct {
	severity    float64 // as asked
	realised    float64 // mean over sources where targets were out of reach, else severity
	rows        [][]int
	crossed     [][][]int
	unreachable int // sources with a stimulus whose target was out of reach
	clipped     int // sources with a stimulus whose colours left the gamut
}

// nullKind is one null at one severity.
type nullKind struct {
	name string
	rows [][]int // by source
	most int     // draws of the source with most
	few  int     // draws of the source with fewest, of those with any
}

// swap is an anchor or the control of one.
type swap struct {
	name string
	rows [][]int // by source
}

const (
	defaultLevel     = 0.95
	defaultResamples = 2000
	// agreementResamples are those of agreement with people, whose quantiles and ranks are looked at closely.
	agreementResamples = 10000
	// fewClusters is the number from which intervals are bootstrapped; below it they come from t.
	fewClusters = 20
	// thresholdSources is the number of sources from which a threshold is given.
	thresholdSources = 30
	// nullDraws is the number of draws of a null from which detection is judged without a warning.
	nullDraws = 8
	// criterion is the A within that defines a threshold.
	criterion = 0.75
)

// NewAnalysis indexes an input. The error says what of the table cannot be used.
func NewAnalysis(in *Input) (*Analysis, error) {
	t := in.Table
	if t != nil && len(t.Spaces) > 0 && len(t.Columns) == 0 { // joint spaces alone
		t = &trial.Table{Spaces: t.Spaces, Problems: t.Problems}
	} else if (len(in.Human)+len(in.Suites)+len(in.Responses) > 0 || in.Ladder != nil) && (t == nil || len(t.Stimuli) == 0) {
		t = new(trial.Table)
	} else if t == nil || len(t.Columns) == 0 && len(t.SetColumns) == 0 {
		return nil, fmt.Errorf("reading the scores: the table has no metric")
	}
	if len(t.Stimuli) == 0 && len(t.Spaces) == 0 && len(in.Human)+len(in.Suites)+len(in.Responses) == 0 && in.Ladder == nil {
		return nil, fmt.Errorf("reading the scores: the table has no stimulus")
	}
	if len(t.Score) != len(t.Columns) {
		return nil, fmt.Errorf("reading the scores: %d metrics but %d columns of scores", len(t.Columns), len(t.Score))
	}
	a := &Analysis{in: in, table: t, level: in.Options.Level, workers: in.Options.Workers, memo: map[detectKey]*detected{}}
	if a.level == 0 {
		a.level = defaultLevel
	}
	if a.level <= 0.5 || a.level >= 1 {
		return nil, fmt.Errorf("options: level %v of the intervals is outside .5 to 1", a.level)
	}
	if a.workers < 1 {
		a.workers = runtime.GOMAXPROCS(0)
	}
	n := in.Options.Resamples
	if n == 0 {
		n = defaultResamples
		if len(t.Stimuli) == 0 {
			n = agreementResamples
		}
	}
	if n < 200 {
		return nil, fmt.Errorf("options: %d resamples are too few for an interval, 200 are needed", n)
	}
	for m := range t.Columns {
		if len(t.Score[m]) != len(t.Stimuli) {
			return nil, fmt.Errorf("reading the scores: %s has %d scores for %d stimuli", t.Columns[m].Label, len(t.Score[m]), len(t.Stimuli))
		}
		a.columns = append(a.columns, newColumn(t, m))
	}
	for i := range in.Human {
		d, err := newJudged(&in.Human[i])
		if err != nil {
			return nil, err
		}
		for _, o := range a.humans {
			if o.Name == d.Name {
				return nil, fmt.Errorf("reading the judgements: two data sets are called %q", d.Name)
			}
		}
		a.humans = append(a.humans, d)
	}
	for i := range in.Suites {
		s, err := newSuite(&in.Suites[i], in.Experiment.Seed, n)
		if err != nil {
			return nil, err
		}
		a.suites = append(a.suites, s)
	}
	a.index()
	if len(in.Responses) > 0 {
		if err := a.given(in.Responses); err != nil {
			return nil, err
		}
	}
	a.draws = newResamples(in.Experiment.Seed, n, len(a.clusters))
	return a, nil
}

func newColumn(t *trial.Table, m int) column {
	c := column{Column: t.Columns[m], score: t.Oriented(m), constant: true}
	c.control = c.Group == trial.PixelControl
	for _, o := range t.Columns {
		c.control = c.control || o.Twin == c.Label
	}
	first := math.NaN()
	for _, v := range c.score {
		switch {
		case math.IsNaN(v):
			c.missing++
		case math.IsNaN(first):
			first = v
		case v != first:
			c.constant = false
		}
	}
	return c
}

// index sorts the rows of the table into cells. Everything keeps the order of the table, but for severities, which are
// sorted from weak to strong.
func (a *Analysis) index() {
	clusterOf, sourceOf := map[string]int{}, map[string]int{}
	for i := range a.table.Stimuli {
		s := &a.table.Stimuli[i]
		if _, ok := sourceOf[s.Source]; ok {
			continue
		}
		name := s.Cluster
		if name == "" {
			name = s.Source
		}
		k, ok := clusterOf[name]
		if !ok {
			k = len(a.clusters)
			clusterOf[name] = k
			a.clusters = append(a.clusters, name)
		}
		sourceOf[s.Source] = len(a.sources)
		a.sources = append(a.sources, source{s.Source, s.Class, k})
	}
	bySource := func() [][]int { return make([][]int, len(a.sources)) }

	type nullKey struct {
		name     string
		severity float64
	}
	severities := map[string]map[float64]bool{}
	for i := range a.table.Stimuli {
		if s := &a.table.Stimuli[i]; s.Null != "" {
			if severities[s.Null] == nil {
				severities[s.Null] = map[float64]bool{}
			}
			severities[s.Null][s.NullSeverity] = true
		}
	}
	nullOf := map[nullKey]int{}
	null := func(s *trial.Stimulus) int {
		k := nullKey{s.Null, s.NullSeverity}
		i, ok := nullOf[k]
		if !ok {
			name := s.Null
			if len(severities[s.Null]) > 1 {
				name = fmt.Sprintf("%s %g", s.Null, s.NullSeverity)
			}
			i = len(a.nulls)
			nullOf[k] = i
			a.nulls = append(a.nulls, &nullKind{name: name, rows: bySource()})
		}
		return i
	}
	for i := range a.table.Stimuli { // nulls first, so that cells know how many there are
		if s := &a.table.Stimuli[i]; s.Role == trial.Null || s.Role == trial.Crossed {
			null(s)
		}
	}

	type curveKey struct {
		perturb, shape string
		area           float64
	}
	curveOf := map[curveKey]*curve{}
	cellOf := map[curveKey]map[float64]*cell{}
	find := func(s *trial.Stimulus) *cell {
		k := curveKey{s.Perturb, s.Shape, s.Area}
		c := curveOf[k]
		if c == nil {
			c = &curve{perturb: s.Perturb, kind: s.Perturb, shape: s.Shape, unit: s.Unit, area: s.Area}
			for _, p := range a.in.Experiment.Perturbs {
				if p.Label == s.Perturb {
					c.kind, c.axis = p.Kind, p.Axis
				}
			}
			curveOf[k], cellOf[k] = c, map[float64]*cell{}
			a.curves = append(a.curves, c)
		}
		x := cellOf[k][s.Severity]
		if x == nil {
			x = &cell{severity: s.Severity, rows: bySource(), crossed: make([][][]int, len(a.nulls))}
			for n := range x.crossed {
				x.crossed[n] = bySource()
			}
			cellOf[k][s.Severity] = x
			c.cells = append(c.cells, x)
		}
		return x
	}
	swaps := func(list *[]*swap, name string) *swap {
		for _, w := range *list {
			if w.name == name {
				return w
			}
		}
		w := &swap{name: name, rows: bySource()}
		*list = append(*list, w)
		return w
	}
	for i := range a.table.Stimuli {
		s := &a.table.Stimuli[i]
		src := sourceOf[s.Source]
		switch s.Role {
		case trial.Edit:
			c := find(s)
			c.rows[src] = append(c.rows[src], i)
			of := curveOf[curveKey{s.Perturb, s.Shape, s.Area}]
			of.words = of.words || s.Instruction != "" || s.TargetCaption != s.SourceCaption
		case trial.Crossed:
			c := find(s)
			n := null(s)
			c.crossed[n][src] = append(c.crossed[n][src], i)
		case trial.Null:
			n := a.nulls[null(s)]
			n.rows[src] = append(n.rows[src], i)
		case trial.Anchor:
			w := swaps(&a.anchors, s.Perturb)
			w.rows[src] = append(w.rows[src], i)
		case trial.Control:
			w := swaps(&a.controls, s.Perturb)
			w.rows[src] = append(w.rows[src], i)
		}
	}
	for _, c := range a.curves {
		sort.SliceStable(c.cells, func(i, j int) bool {
			if c.axis.Descending {
				return c.cells[i].severity > c.cells[j].severity
			}
			return c.cells[i].severity < c.cells[j].severity
		})
		for _, x := range c.cells {
			a.realise(c, x)
		}
		a.measureAlong(c)
	}
	sort.SliceStable(a.curves, func(i, j int) bool { // areas of one edit and shape in order, edits as in the table
		p, q := a.curves[i], a.curves[j]
		return p.perturb == q.perturb && p.shape == q.shape && p.area < q.area
	})
	for _, n := range a.nulls {
		n.few = math.MaxInt
		for _, rows := range n.rows {
			n.most = max(n.most, len(rows))
			if len(rows) > 0 {
				n.few = min(n.few, len(rows))
			}
		}
		if n.most == 0 {
			n.few = 0
		}
	}
}

// realise takes a cell's severity from what was reached, where targets in dE00 were out of reach for some of its stimuli:
// the mean over sources of the mean CIEDE2000 inside the region.
func (a *Analysis) realise(c *curve, x *cell) {
	x.realised = x.severity
	var sum float64
	n := 0
	for _, rows := range x.rows {
		var reached float64
		far, clipped := false, false
		for _, i := range rows {
			s := &a.table.Stimuli[i]
			reached += s.Realised.DE00
			for _, f := range s.Flags {
				far = far || f.Code == "unreachable"
				clipped = clipped || f.Code == "clipped"
			}
		}
		if len(rows) > 0 {
			sum += reached / float64(len(rows))
			n++
		}
		if far {
			x.unreachable++
		}
		if clipped {
			x.clipped++
		}
	}
	if x.unreachable > 0 && c.unit == "dE00" && n > 0 {
		x.realised = sum / float64(n)
	}
}

// Measures are the axes that edits may be put on in place of their own severity: what was measured of the stimuli after
// quantising, so that metrics and edits can be compared at equal physical change.
var Measures = map[string]trial.Axis{
	"realised.de00":       {Name: "mean CIEDE2000 inside the region, realised", Unit: "dE00"},
	"realised.whole_de00": {Name: "mean CIEDE2000 over the whole picture, realised", Unit: "dE00"},
	"realised.max_de00":   {Name: "largest CIEDE2000 of a pixel, realised", Unit: "dE00"},
	"realised.rms":        {Name: "RMS difference inside the region, realised", Unit: "levels"},
	"realised.area":       {Name: "area of the region, realised", Unit: "fraction"},
	"realised.changed":    {Name: "share of pixels that differ, realised", Unit: "fraction"},
}

// measureAlong puts a curve's cells on the axis that the experiment chose, each at its mean over sources.
func (a *Analysis) measureAlong(c *curve) {
	name := a.in.Experiment.Axis
	axis, ok := Measures[name]
	if !ok {
		return
	}
	of := func(r *trial.Realised) float64 {
		switch name {
		case "realised.whole_de00":
			return r.WholeDE0
		case "realised.max_de00":
			return r.MaxDE00
		case "realised.rms":
			return r.RMS
		case "realised.area":
			return r.Area
		case "realised.changed":
			return r.Changed
		}
		return r.DE00
	}
	for _, x := range c.cells {
		var sum float64
		n := 0
		for _, rows := range x.rows {
			var one float64
			for _, i := range rows {
				one += of(&a.table.Stimuli[i].Realised)
			}
			if len(rows) > 0 {
				sum += one / float64(len(rows))
				n++
			}
		}
		if n > 0 {
			x.realised = sum / float64(n)
		}
	}
	c.axis = axis
	sort.SliceStable(c.cells, func(i, j int) bool { return c.cells[i].realised < c.cells[j].realised })
}

// comparable reports whether a metric's scores of an edit can be ranked among its nulls. A metric that reads words holds an
// edit that comes with words against those, and a null alone against the picture's own: the two say nothing of each other.
func (a *Analysis) comparable(m int, c *curve) bool {
	g := a.columns[m].Group
	return !c.words || g != trial.TextImage && g != trial.Triplet
}

// refuseWords says once for a metric which edits it is not ranked on, because their words differ from those of the nulls.
func (b *builder) refuseWords(q Quantity, m int, curves []int) {
	var names []string
	for _, i := range curves {
		if c := b.a.curves[i]; !b.a.comparable(m, c) && !slices.Contains(names, c.perturb) {
			names = append(names, c.perturb)
		}
	}
	if len(names) > 0 {
		b.refuse(fmt.Sprintf("%s of %s by %s", q, strings.Join(names, ", "), b.a.columns[m].Label),
			"it reads words, and the edit is held against words that a null alone is not: whether it follows them is the question of the finding compliance")
	}
}

// strength is a cell's place on the log severity axis, growing with the strength of the edit; NaN at severity 0, which
// changes nothing and has no logarithm.
func (c *curve) strength(x *cell) float64 {
	if x.realised <= 0 || c.axis.Fixed {
		return math.NaN()
	}
	if c.axis.Descending {
		return -math.Log(x.realised)
	}
	return math.Log(x.realised)
}

// severity is the inverse of strength.
func (c *curve) severity(strength float64) float64 {
	if c.axis.Descending {
		return math.Exp(-strength)
	}
	return math.Exp(strength)
}

// local reports whether the edit leaves some of the picture as it was.
func (c *curve) local() bool { return c.shape != "whole" && c.area > 0 && c.area < 1 }

// column finds a metric by label, or -1.
func (a *Analysis) column(label string) int {
	for i := range a.columns {
		if a.columns[i].Label == label {
			return i
		}
	}
	return -1
}

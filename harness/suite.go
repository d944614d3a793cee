package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"probity/internal/stream"
	"probity/internal/trial"
)

// SuiteDraws is how often the right output of each context is photographed again: a metric's own null on a suite.
const SuiteDraws = 4

// SuiteScores are the scores of one [[suite]] section: those of the experiment's metrics, then those of the controls, whose
// right answers are known.
type SuiteScores struct {
	Section SuiteSection
	Suite   *trial.Suite
	Columns []trial.Column
	Metrics int // of Columns; the rest are controls
	// By column, then quad (those of the first source first). A score that could not be computed is NaN.
	Score    [][][2][2]float64          // [context][output]
	Null     [][][2][SuiteDraws]float64 // [context][draw], of the right output photographed again
	Shuffled [][][2][2]float64          // with what differs between the contexts taken from another source's quad; NaN where there is none
	// By column, then kind: what keeps a metric from being judged on it, "" where nothing does; and whether it looks at nothing
	// that differs between the contexts.
	Excused  [][]string
	Blind    [][]bool
	Reads    [][]trial.Part // by column: the parts of a trial that it looks at; nil where that is not known
	Problems []trial.Problem
	Computed int
	Reused   int
	Key      string // hash of everything that the scores depend on
}

// Wordlist is what a backbone may say of words: those of a text that its text tower has no token for.
type Wordlist interface {
	Unknown(text string) []string
}

// openSuites makes the suites of all [[suite]] sections, once.
func (p *Plan) openSuites(ctx context.Context) ([]*trial.Suite, error) {
	if p.suites != nil {
		return p.suites, nil
	}
	var out []*trial.Suite
	for _, h := range p.Experiment.Suites {
		s, err := h.Entry.Suite(ctx, h.Params, h.OpenOptions(p.Experiment.Seed))
		if err != nil {
			return nil, fmt.Errorf("[[suite]] %s: %w", h.Label, err)
		}
		if len(s.Sources) == 0 || len(s.Sources[0].Quads) == 0 {
			return nil, fmt.Errorf("[[suite]] %s: it has no trials", h.Label)
		}
		out = append(out, s)
	}
	p.suites = out
	return out, nil
}

// ScoreSuites scores every [[suite]] section by the plan's metrics and by the controls. Scores are kept in the run's segments,
// one a source, so that an interrupted run goes on where it was. A metric that fails on a trial is NaN with a problem that names
// the trial; only where it fails on all is it an error. With opt.Memory the models are run in groups that fit. Of a shard only the
// counts and problems mean anything.
func ScoreSuites(ctx context.Context, p *Plan, models Models, opt RunOptions) ([]SuiteScores, error) {
	x := p.Experiment
	if len(x.Suites) == 0 {
		return nil, nil
	}
	suites, err := p.openSuites(ctx)
	if err != nil {
		return nil, err
	}
	words := x.checkTexts(models)
	words.suites(p, suites)
	if err := words.err(); err != nil {
		return nil, err
	}
	r, err := newRun(p, models, opt)
	if err != nil {
		return nil, err
	}
	var out []SuiteScores
	for i, s := range suites {
		one, err := r.suiteInGroups(ctx, x.Suites[i], s)
		if err != nil {
			return nil, fmt.Errorf("[[suite]] %s: %w", x.Suites[i].Label, err)
		}
		out = append(out, *one)
	}
	return out, nil
}

func (r *run) suite(ctx context.Context, h SuiteSection, s *trial.Suite) (*SuiteScores, error) {
	out := &SuiteScores{Section: h, Suite: s, Columns: append(r.plan.Columns(), controlColumns()...), Metrics: len(r.metrics)}
	quads := len(s.Sources) * len(s.Sources[0].Quads)
	for range out.Columns {
		score, null, shuffled := make([][2][2]float64, quads), make([][2][SuiteDraws]float64, quads), make([][2][2]float64, quads)
		for i := range quads {
			for c := range 2 {
				for o := range 2 {
					score[i][c][o], shuffled[i][c][o] = math.NaN(), math.NaN()
				}
				for d := range SuiteDraws {
					null[i][c][d] = math.NaN()
				}
			}
		}
		out.Score, out.Null, out.Shuffled = append(out.Score, score), append(out.Null, null), append(out.Shuffled, shuffled)
	}
	if err := r.facts(out); err != nil {
		return nil, err
	}
	donors := shuffled(s)
	trials := make([][]*suiteTrial, len(s.Sources))
	total := 0
	for i := range s.Sources {
		if r.opt.Shard.has(i) {
			trials[i] = suiteTrials(s, i, donors[i])
			total += len(trials[i]) * len(out.Columns)
		}
	}
	r.opt.Progress.Start("scoring "+h.Label, total, "scores")
	defer r.opt.Progress.End()
	problems := make([][]trial.Problem, len(s.Sources))
	var mu sync.Mutex
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.opt.Workers))
	for i := range s.Sources {
		if inner.Err() != nil {
			break
		}
		if !r.opt.Shard.has(i) {
			continue
		}
		g.Go(func() error {
			u := &suiteUnit{run: r, set: out, source: &s.Sources[i], trials: trials[i]}
			if err := u.score(inner); err != nil {
				return err
			}
			problems[i] = u.problems
			mu.Lock()
			out.Computed, out.Reused = out.Computed+u.computed, out.Reused+u.reused
			mu.Unlock()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, list := range problems {
		out.Problems = append(out.Problems, list...)
	}
	if r.opt.Shard.N > 0 { // a part need not hold a trial that can be scored
		return out, ctx.Err()
	}
	for m, c := range out.Columns {
		if !slices.ContainsFunc(out.Score[m], func(q [2][2]float64) bool { return q[0][0] == q[0][0] || q[1][1] == q[1][1] }) {
			reason := "no picture could be scored"
			for _, p := range out.Problems {
				if strings.HasSuffix(p.What, ", "+c.Label) {
					reason = p.What + ": " + p.Reason
					break
				}
			}
			return nil, fmt.Errorf("%s has no score of any trial; the first problem: %s", c.Label, reason)
		}
	}
	out.key()
	return out, ctx.Err()
}

// shuffled gives each source the one whose words or inputs take the place of its own in the shuffled control, -1 where there is
// no other, and which of its contexts stands for which: by a coin that is fair, since half of the sources are turned.
func shuffled(s *trial.Suite) []suiteDonor {
	n := len(s.Sources)
	out := make([]suiteDonor, n)
	rank := func(purpose string, i int) uint64 {
		return stream.Key{Source: s.Sources[i].Hash, Step: "suite shuffled", Purpose: purpose}.Rank()
	}
	ordered := func(purpose string) []int {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		slices.SortStableFunc(list, func(a, b int) int {
			switch x, y := rank(purpose, a), rank(purpose, b); {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		return list
	}
	ring := ordered("ring")
	for k, i := range ring {
		out[i].source = ring[(k+1)%n]
		if n == 1 {
			out[i].source = -1
		}
	}
	for k, i := range ordered("turn") {
		out[i].turned = k%2 == 1
	}
	return out
}

type suiteDonor struct {
	source int
	turned bool
}

// suiteTrial is one trial of a suite with the places in the results that its score belongs to.
type suiteTrial struct {
	name    string
	key     string
	context trial.Context
	output  trial.Depiction
	right   trial.Depiction // the right output of the context, for the controls
	quad    int
	role    suiteRole
	c, o    int
}

type suiteRole uint8

const (
	asIs suiteRole = iota
	again
	mixed
)

// suiteTrials lists the trials of one source, in the order of its quads.
func suiteTrials(s *trial.Suite, source int, donor suiteDonor) []*suiteTrial {
	var out []*suiteTrial
	src := &s.Sources[source]
	for j := range src.Quads {
		q := &src.Quads[j]
		at := source*len(src.Quads) + j
		add := func(role suiteRole, c, o int, what string, in trial.Context, output, right trial.Depiction) {
			t := &suiteTrial{context: in, output: output, right: right, quad: at, role: role, c: c, o: o}
			t.name = fmt.Sprintf("%s, context %d, %s", q.Name, c+1, what)
			h := sha256.New()
			fmt.Fprintf(h, "suite trial 1\n%s\n%s\n%s\n%s\n%q %q %q\n%s", in.Input.Hash(), output.Hash(), right.Hash(), in.Allowed.Hash(),
				in.Requirement, in.SourceCaption, in.TargetCaption, pixelsVersion)
			t.key = "suite " + hex.EncodeToString(h.Sum(nil))
			out = append(out, t)
		}
		for c := range 2 {
			for o := range 2 {
				add(asIs, c, o, fmt.Sprintf("output %d", o+1), q.Contexts[c], q.Outputs[o], q.Outputs[c])
			}
			for d := range SuiteDraws {
				add(again, c, d, fmt.Sprintf("its right output photographed again, draw %d", d+1), q.Contexts[c], q.Outputs[c].Again(d+1), q.Outputs[c])
			}
			if donor.source < 0 {
				continue
			}
			other := &s.Sources[donor.source].Quads[j]
			k := c
			if donor.turned {
				k = 1 - c
			}
			in := q.Contexts[c]
			for _, part := range q.Differ() {
				switch part {
				case trial.OfInput:
					in.Input = other.Contexts[k].Input
				case trial.OfRequirement:
					in.Requirement = other.Contexts[k].Requirement
				case trial.OfSourceCaption:
					in.SourceCaption = other.Contexts[k].SourceCaption
				case trial.OfTargetCaption:
					in.TargetCaption = other.Contexts[k].TargetCaption
				}
			}
			for o := range 2 {
				add(mixed, c, o, fmt.Sprintf("output %d, shuffled with %s", o+1, other.Name), in, q.Outputs[o], other.Outputs[k])
			}
		}
	}
	return out
}

// put stores a score where it belongs.
func (s *SuiteScores) put(m int, t *suiteTrial, v float64) {
	switch t.role {
	case asIs:
		s.Score[m][t.quad][t.c][t.o] = v
	case again:
		s.Null[m][t.quad][t.c][t.o] = v
	case mixed:
		s.Shuffled[m][t.quad][t.c][t.o] = v
	}
}

func (s *SuiteScores) key() {
	h := sha256.New()
	fmt.Fprintf(h, "suite 1\n%s\n%s %d %s %d\n", s.Section.Label, s.Suite.Name, s.Suite.Version, s.Suite.Part, s.Section.Size)
	for _, c := range s.Columns {
		fmt.Fprintf(h, "%+v\n", c)
	}
	for i := range s.Suite.Sources {
		for j := range s.Suite.Sources[i].Quads {
			q := &s.Suite.Sources[i].Quads[j]
			fmt.Fprintf(h, "%s %s %s %v\n", q.Name, q.Kind, q.Variant, q.Severity)
		}
	}
	fmt.Fprintf(h, "%q %v\n", s.Excused, s.Blind)
	for m := range s.Columns {
		fmt.Fprintf(h, "%x %x %x\n", s.Score[m], s.Null[m], s.Shuffled[m])
	}
	s.Key = hex.EncodeToString(h.Sum(nil))
}

package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
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
	Problems []trial.Problem
	Computed int
	Reused   int
	Key      string // hash of everything that the scores depend on
}

// Wordlist is what a backbone may say of words: those of a text that its text tower has no token for.
type Wordlist interface {
	Unknown(text string) []string
}

// OpenSuites makes the suites of all [[suite]] sections.
func OpenSuites(ctx context.Context, x *Experiment) ([]*trial.Suite, error) {
	var out []*trial.Suite
	for _, h := range x.Suites {
		s, err := h.Entry.Suite(ctx, h.Params, h.OpenOptions(x.Seed))
		if err != nil {
			return nil, fmt.Errorf("[[suite]] %s: %w", h.Label, err)
		}
		if len(s.Sources) == 0 || len(s.Sources[0].Quads) == 0 {
			return nil, fmt.Errorf("[[suite]] %s: it has no trials", h.Label)
		}
		out = append(out, s)
	}
	return out, nil
}

// ScoreSuites scores every [[suite]] section by the plan's metrics and by the controls. Scores are kept in the run's segments,
// one a source, so that an interrupted run goes on where it was. A metric that fails on a trial is NaN with a problem that names
// the trial; only where it fails on all is it an error.
func ScoreSuites(ctx context.Context, p *Plan, models Models, opt RunOptions) ([]SuiteScores, error) {
	x := p.Experiment
	if len(x.Suites) == 0 {
		return nil, nil
	}
	suites, err := OpenSuites(ctx, x)
	if err != nil {
		return nil, err
	}
	r := &run{plan: p, models: models, opt: opt, store: store{filepath.Join(opt.Dir, "segments")}}
	for _, m := range p.Metrics {
		key, err := r.metricKey(m)
		if err != nil {
			return nil, err
		}
		r.metrics, r.metricKeys = append(r.metrics, m.Metric), append(r.metricKeys, key)
	}
	if r.scorer, err = newScorer(r.metrics, models, nil); err != nil {
		return nil, err
	}
	var out []SuiteScores
	for i, s := range suites {
		one, err := r.suite(ctx, x.Suites[i], s)
		if err != nil {
			return nil, fmt.Errorf("[[suite]] %s: %w", x.Suites[i].Label, err)
		}
		out = append(out, *one)
	}
	return out, nil
}

// reads are the parts of a trial that a metric looks at, as far as that is known; nil for a program or table, which may look at
// all of them.
func reads(m PlannedMetric) []trial.Part {
	if m.Column.Group == trial.External {
		return nil
	}
	var out []trial.Part
	for _, n := range m.Metric.Needs() {
		if !slices.Contains(out, n.Part) {
			out = append(out, n.Part)
		}
	}
	if len(out) == 0 {
		return []trial.Part{trial.OfInput, trial.OfOutput}
	}
	return out
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
		trials[i] = suiteTrials(s, i, donors[i])
		total += len(trials[i]) * len(out.Columns)
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

// facts works out, from what each metric reads and what its model knows, where it is blind by construction and where it is not
// to be judged.
func (r *run) facts(s *SuiteScores) error {
	kinds := s.Suite.Kinds
	differ := make([][]trial.Part, len(kinds))
	for k, kind := range kinds {
		for i := range s.Suite.Sources {
			for j := range s.Suite.Sources[i].Quads {
				if q := &s.Suite.Sources[i].Quads[j]; q.Kind == kind.Name {
					for _, p := range q.Differ() {
						if !slices.Contains(differ[k], p) {
							differ[k] = append(differ[k], p)
						}
					}
				}
			}
		}
	}
	for m := range s.Columns {
		s.Blind, s.Excused = append(s.Blind, make([]bool, len(kinds))), append(s.Excused, make([]string, len(kinds)))
		var parts []trial.Part
		if m < s.Metrics {
			if parts = reads(r.plan.Metrics[m]); parts == nil {
				continue
			}
		} else {
			parts = controls[m-s.Metrics].reads
		}
		for k := range kinds {
			s.Blind[m][k] = !slices.ContainsFunc(parts, func(p trial.Part) bool { return slices.Contains(differ[k], p) })
			if m < s.Metrics {
				why, err := r.excused(m, parts, s.Suite, kinds[k])
				if err != nil {
					return err
				}
				s.Excused[m][k] = why
			}
		}
	}
	return nil
}

// excused says why a metric that reads words is not judged on a kind: what it is asked was never in what its model learned, or
// it is told the outcome in other words than those that the kind is about. "" where neither is so.
func (r *run) excused(m int, parts []trial.Part, s *trial.Suite, kind trial.SuiteKind) (string, error) {
	var texts []trial.Part
	for _, p := range parts {
		if p.Text() {
			texts = append(texts, p)
		}
	}
	if len(texts) == 0 {
		return "", nil
	}
	c := &r.plan.Metrics[m].Column
	if c.Labels == "class" && c.Training != "none" {
		return "the captions that its model was trained on told the class alone", nil
	}
	if kind.Wording && !slices.Contains(texts, trial.OfRequirement) {
		return "it reads captions, which tell the outcome plainly, and not the requirement whose wording the kind is about", nil
	}
	var lists []Wordlist
	for _, need := range r.plan.Metrics[m].Metric.Needs() {
		if !need.Part.Text() {
			continue
		}
		b, err := r.models.Load(need.Model)
		if err != nil {
			return "", err
		}
		if w, ok := b.(Wordlist); ok {
			lists = append(lists, w)
		}
	}
	for i := range s.Sources {
		for j := range s.Sources[i].Quads {
			q := &s.Sources[i].Quads[j]
			if q.Kind != kind.Name {
				continue
			}
			for k := range q.Contexts {
				words := map[trial.Part]string{trial.OfRequirement: q.Contexts[k].Requirement, trial.OfSourceCaption: q.Contexts[k].SourceCaption, trial.OfTargetCaption: q.Contexts[k].TargetCaption}
				for _, p := range texts {
					for _, w := range lists {
						if unknown := w.Unknown(words[p]); len(unknown) > 0 {
							return fmt.Sprintf("words of the %s are not in its model's vocabulary: %s", p, strings.Join(unknown[:min(3, len(unknown))], ", ")), nil
						}
					}
				}
			}
		}
	}
	return "", nil
}

// suiteUnit is the work on one source.
type suiteUnit struct {
	run    *run
	set    *SuiteScores
	source *trial.SuiteSource
	trials []*suiteTrial

	problems []trial.Problem
	computed int
	reused   int
	pictures map[string]*raster.Image // rendered, but for those photographed again
	masks    map[string]*raster.Mask
}

// suiteWork is one distinct trial of a unit: it may stand at several places.
type suiteWork struct {
	*suiteTrial
	at      []*suiteTrial
	missing []int
	row     int
}

func (u *suiteUnit) score(ctx context.Context) error {
	r := u.run
	keys := append(slices.Clone(r.metricKeys), controlKeys()...)
	var work []*suiteWork
	var list []string
	byKey := map[string]*suiteWork{}
	for _, t := range u.trials {
		w := byKey[t.key]
		if w == nil {
			w = &suiteWork{suiteTrial: t, row: len(work)}
			byKey[t.key] = w
			work, list = append(work, w), append(list, t.key)
		}
		w.at = append(w.at, t)
	}
	path := r.store.path(u.source.Hash, list, keys)
	known, bad := r.store.load(u.source.Hash)
	for _, err := range bad {
		r.opt.Log.Warn("a segment could not be read; what it held is computed again", "error", err)
	}
	seg := &segment{Source: u.source.Hash, Metrics: keys, Score: make([][]float64, len(keys))}
	any := false
	for _, w := range work {
		seg.Rows = append(seg.Rows, segmentRow{w.key, trial.Stimulus{Source: u.source.ID}})
		for m, mk := range keys {
			at := cell{w.key, mk}
			v, have := known.score[at]
			seg.Score[m] = append(seg.Score[m], math.NaN())
			if !have {
				w.missing = append(w.missing, m)
				any = true
				continue
			}
			seg.Score[m][w.row] = v
			for _, t := range w.at {
				u.set.put(m, t, v)
			}
			u.reused += len(w.at)
			r.opt.Progress.Add(len(w.at))
			if reason, ok := known.problems[at]; ok {
				u.fail(w, m, reason)
				seg.Problems = append(seg.Problems, segmentProblem{w.row, m, reason})
			}
		}
	}
	if !any {
		return nil
	}
	if err := u.compute(ctx, work, seg); err != nil {
		return err
	}
	return seg.write(path)
}

func (u *suiteUnit) fail(w *suiteWork, m int, reason string) {
	u.problems = append(u.problems, trial.Problem{What: w.name + ", " + u.set.Columns[m].Label, Reason: reason})
}

// picture renders each picture once; those photographed again are each wanted once, and not kept.
func (u *suiteUnit) picture(ctx context.Context, d trial.Depiction, keep bool) (*raster.Image, error) {
	hash := d.Hash()
	if img := u.pictures[hash]; img != nil {
		return img, nil
	}
	img, err := d.Render(ctx)
	if err == nil && keep {
		u.pictures[hash] = img
	}
	return img, err
}

// compute fills in the scores that are missing: input by input, whose features are computed once, and of each input output by
// output in batches.
func (u *suiteUnit) compute(ctx context.Context, work []*suiteWork, seg *segment) error {
	u.pictures, u.masks = map[string]*raster.Image{}, map[string]*raster.Mask{}
	var inputs []string
	byInput := map[string][]*suiteWork{}
	for _, w := range work {
		if len(w.missing) == 0 {
			continue
		}
		hash := w.context.Input.Hash()
		if byInput[hash] == nil {
			inputs = append(inputs, hash)
		}
		byInput[hash] = append(byInput[hash], w)
	}
	for _, hash := range inputs {
		if err := u.input(ctx, byInput[hash], seg); err != nil {
			return err
		}
	}
	return nil
}

// input scores the trials that have one input.
func (u *suiteUnit) input(ctx context.Context, work []*suiteWork, seg *segment) error {
	r := u.run
	input, err := u.picture(ctx, work[0].context.Input, true)
	if err != nil {
		return fmt.Errorf("%s: its input: %w", work[0].name, err)
	}
	var order []string
	byOutput := map[string][]*suiteWork{}
	for _, w := range work {
		hash := w.output.Hash()
		if byOutput[hash] == nil {
			order = append(order, hash)
		}
		byOutput[hash] = append(byOutput[hash], w)
	}
	var inputF map[feature]*trial.Tensor
	var memo trial.Memo
	for start := 0; start < len(order); {
		room := batchSize
		if inputF == nil {
			room--
		}
		now := order[start:min(start+room, len(order))]
		start += len(now)
		var imgs []*raster.Image
		for _, hash := range now {
			w := byOutput[hash][0]
			img, err := u.picture(ctx, w.output, w.role != again)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			imgs = append(imgs, img)
		}
		all := imgs
		if inputF == nil {
			all = append([]*raster.Image{input}, imgs...)
		}
		feats, err := r.scorer.features(ctx, all)
		if err != nil {
			return err
		}
		if inputF == nil {
			inputF, feats = feats[0], feats[1:]
		}
		for k, hash := range now {
			if err := u.output(ctx, byOutput[hash], trial.Trial{Input: input, Output: imgs[k], Memo: &memo}, inputF, feats[k], seg); err != nil {
				return err
			}
		}
	}
	return nil
}

// output scores the trials that share input and output and differ in words. A metric is asked once for each combination of the
// parts that it reads.
func (u *suiteUnit) output(ctx context.Context, work []*suiteWork, t trial.Trial, in, out map[feature]*trial.Tensor, seg *segment) error {
	r := u.run
	type asked struct {
		metric int
		words  string
	}
	known := map[asked]float64{}
	for _, w := range work {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := &w.context
		t.Requirement, t.SourceCaption, t.TargetCaption = c.Requirement, c.SourceCaption, c.TargetCaption
		hash := c.Allowed.Hash()
		if u.masks[hash] == nil {
			m, err := c.Allowed.Mask(ctx)
			if err != nil {
				return fmt.Errorf("%s: its mask: %w", w.name, err)
			}
			u.masks[hash] = m
		}
		t.Mask = u.masks[hash]
		for _, m := range w.missing {
			var v float64
			var err error
			if m >= len(r.metrics) {
				var right *raster.Image
				if right, err = u.picture(ctx, w.right, true); err != nil {
					return fmt.Errorf("%s: the right output: %w", w.name, err)
				}
				v = controls[m-len(r.metrics)].score(w, &t, right)
			} else {
				// The mask may be read by any metric, the words by those that say so and by programs.
				key := asked{m, hash}
				parts := reads(r.plan.Metrics[m])
				for _, p := range []struct {
					part trial.Part
					text string
				}{{trial.OfRequirement, t.Requirement}, {trial.OfSourceCaption, t.SourceCaption}, {trial.OfTargetCaption, t.TargetCaption}} {
					if parts == nil || slices.Contains(parts, p.part) {
						key.words += "\n" + p.text
					}
				}
				var have bool
				if v, have = known[key]; !have {
					var s trial.Score
					s, err = r.scorer.score(ctx, m, t, in, out)
					v = s.Value
					if err == nil {
						known[key] = v
					}
				}
			}
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				seg.Problems = append(seg.Problems, segmentProblem{w.row, m, err.Error()})
				u.fail(w, m, err.Error())
				v = math.NaN()
			}
			seg.Score[m][w.row] = v
			for _, at := range w.at {
				u.set.put(m, at, v)
			}
			u.computed += len(w.at)
			r.opt.Progress.Add(len(w.at))
		}
	}
	return nil
}

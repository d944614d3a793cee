package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
	"probity/internal/stream"
	"probity/internal/trial"
)

// JudgedScores are the judgements of one [[human]] section with the scores of the same items: those of the experiment's
// metrics where pictures are there, then those that the data set publishes.
type JudgedScores struct {
	Section    HumanSection
	Judgements *trial.Judgements
	Columns    []trial.Column
	Score      [][]float64 // by metric, then judgement; of choices those of A. NaN: could not be computed
	ScoreB     [][]float64 // of choices
	Problems   []trial.Problem
	Computed   int
	Reused     int
	Key        string // hash of everything that the scores and judgements depend on
}

// readJudgements reads the data sets of all [[human]] sections, once, each reduced to its limit of sources.
func (p *Plan) readJudgements(ctx context.Context) ([]*trial.Judgements, error) {
	if p.judged != nil {
		return p.judged, nil
	}
	x := p.Experiment
	var out []*trial.Judgements
	for _, h := range x.Humans {
		if h.Entry.Judge == nil {
			return nil, fmt.Errorf("[[human]] %s: the data set %s brings no human judgements", h.Label, h.Dataset)
		}
		j, err := h.Entry.Judge(ctx, h.Params, h.OpenOptions(x.Seed))
		if err == nil {
			err = j.Check()
		}
		if err != nil {
			return nil, fmt.Errorf("[[human]] %s: %w", h.Label, err)
		}
		out = append(out, limitJudgements(j, h.Limit, x.Seed))
	}
	p.judged = out
	return out, nil
}

// limitJudgements keeps the judgements of the first n sources by seeded rank, so that more contain fewer.
func limitJudgements(j *trial.Judgements, n int, seed uint64) *trial.Judgements {
	if n == 0 {
		return j
	}
	type ranked struct {
		name string
		rank uint64
	}
	var list []ranked
	seen := map[string]bool{}
	for i := range j.Items() {
		if s := sourceOf(j, i); !seen[s] {
			seen[s] = true
			list = append(list, ranked{s, stream.Key{Seed: seed, Source: s, Step: "limit"}.Rank()})
		}
	}
	if n >= len(list) {
		return j
	}
	sort.Slice(list, func(a, b int) bool {
		if list[a].rank != list[b].rank {
			return list[a].rank < list[b].rank
		}
		return list[a].name < list[b].name
	})
	keep := map[string]bool{}
	for _, r := range list[:n] {
		keep[r.name] = true
	}
	out := *j
	out.Ratings, out.Choices, out.Scores, out.ScoresB = nil, nil, make([][]float64, len(j.Scores)), make([][]float64, len(j.ScoresB))
	for i := range j.Items() {
		if !keep[sourceOf(j, i)] {
			continue
		}
		if j.Choices != nil {
			out.Choices = append(out.Choices, j.Choices[i])
		} else {
			out.Ratings = append(out.Ratings, j.Ratings[i])
		}
		for m := range j.Scores {
			out.Scores[m] = append(out.Scores[m], j.Scores[m][i])
		}
		for m := range j.ScoresB {
			out.ScoresB[m] = append(out.ScoresB[m], j.ScoresB[m][i])
		}
	}
	return &out
}

func sourceOf(j *trial.Judgements, i int) string {
	s := j.Subject(i)
	if s.Source == "" {
		return s.Item
	}
	return s.Source
}

// ScoreJudged scores the pictures of every [[human]] section by the plan's metrics. Scores are kept in the run's segments,
// one a reference picture, under keys of everything they depend on, so that an interrupted run goes on where it was. A
// picture or metric that fails is NaN with a problem; only where all fail is it an error. With opt.Memory the models are run in
// groups that fit. Of a shard only the counts and problems mean anything.
func ScoreJudged(ctx context.Context, p *Plan, models Models, opt RunOptions) ([]JudgedScores, error) {
	x := p.Experiment
	if len(x.Humans) == 0 {
		return nil, nil
	}
	sets, err := p.readJudgements(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.checkJudged(sets, models); err != nil {
		return nil, err
	}
	r, err := newRun(p, models, opt)
	if err != nil {
		return nil, err
	}
	var out []JudgedScores
	for i, j := range sets {
		s, err := r.judgedInGroups(ctx, x.Humans[i], j)
		if err != nil {
			return nil, fmt.Errorf("[[human]] %s: %w", x.Humans[i].Label, err)
		}
		out = append(out, *s)
	}
	return out, nil
}

// judged scores one data set.
func (r *run) judged(ctx context.Context, h HumanSection, j *trial.Judgements) (*JudgedScores, error) {
	s := &JudgedScores{Section: h, Judgements: j}
	// Judgements of one reference are worked on together, in the data set's order.
	var order []string
	groups := map[string][]int{}
	for i := range j.Items() {
		ref, _, ok := j.Pictures(i)
		if !ok {
			continue
		}
		if groups[ref] == nil {
			order = append(order, ref)
		}
		groups[ref] = append(groups[ref], i)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "judged 1\n%s\n%d\n", h.Label, j.Items())
	if len(order) > 0 {
		for _, m := range r.plan.Metrics {
			s.Columns = append(s.Columns, m.Column)
			s.Score = append(s.Score, nans(j.Items()))
			if j.Choices != nil {
				s.ScoreB = append(s.ScoreB, nans(j.Items()))
			}
		}
		if err := r.judgedGroups(ctx, s, order, groups); err != nil {
			return nil, err
		}
	} else if len(r.plan.Metrics) > 0 && len(j.Columns) == 0 {
		return nil, fmt.Errorf("its pictures are not there and it publishes no scores: nothing can be compared")
	} else if len(r.plan.Metrics) > 0 {
		s.Problems = append(s.Problems, trial.Problem{What: h.Label, Reason: "its pictures are not there, so that only the scores it publishes are compared"})
	}
	for m, c := range j.Columns {
		for _, own := range s.Columns {
			if own.Label == c.Label {
				c.Label += " (published)"
			}
		}
		s.Columns, s.Score = append(s.Columns, c), append(s.Score, j.Scores[m])
		if j.Choices != nil {
			s.ScoreB = append(s.ScoreB, j.ScoresB[m])
		}
	}
	if len(s.Columns) == 0 {
		return nil, fmt.Errorf("there is no [[metric]] and it publishes no scores: nothing can be compared")
	}
	for _, c := range s.Columns {
		fmt.Fprintf(sum, "%+v\n", c)
	}
	for _, table := range [][][]float64{s.Score, s.ScoreB} {
		for _, col := range table {
			fmt.Fprintf(sum, "%x\n", col)
		}
	}
	bare := func(at trial.Subject) trial.Subject { // where its picture lies does not matter
		at.Reference = ""
		return at
	}
	for i := range j.Ratings {
		fmt.Fprintf(sum, "%+v %x %x %x %x\n", bare(j.Ratings[i].Subject), j.Ratings[i].Value, j.Ratings[i].Error(), j.Ratings[i].N, j.Ratings[i].Raw)
	}
	for i := range j.Choices {
		fmt.Fprintf(sum, "%+v %x %x\n", bare(j.Choices[i].Subject), j.Choices[i].VotesB, j.Choices[i].Votes)
	}
	s.Key = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

func nans(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

func (r *run) judgedGroups(ctx context.Context, s *JudgedScores, order []string, groups map[string][]int) error {
	total := 0
	for k, ref := range order {
		for _, i := range groups[ref] {
			if r.opt.Shard.has(k) {
				_, outputs, _ := s.Judgements.Pictures(i)
				total += len(outputs) * len(r.metrics)
			}
		}
	}
	r.opt.Progress.Start("scoring "+s.Section.Label, total, "scores")
	defer r.opt.Progress.End()
	problems := make([][]trial.Problem, len(order))
	var mu sync.Mutex
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.opt.Workers))
	for k, ref := range order {
		if inner.Err() != nil {
			break
		}
		if !r.opt.Shard.has(k) {
			continue
		}
		g.Go(func() error {
			u := &judgedUnit{run: r, set: s, ref: ref, items: groups[ref]}
			if err := u.score(inner); err != nil {
				return err
			}
			problems[k] = u.problems
			mu.Lock()
			s.Computed += u.computed
			s.Reused += u.reused
			mu.Unlock()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, list := range problems {
		s.Problems = append(s.Problems, list...)
	}
	for m, c := range s.Columns {
		if r.opt.Shard.N > 0 { // a part need not hold a picture that can be scored
			break
		}
		any := false
		for _, v := range s.Score[m] {
			any = any || !math.IsNaN(v)
		}
		if !any {
			reason := "no picture could be scored"
			if len(s.Problems) > 0 {
				reason = s.Problems[0].What + ": " + s.Problems[0].Reason
			}
			return fmt.Errorf("%s has no score of any item; the first problem: %s", c.Label, reason)
		}
	}
	return ctx.Err()
}

// judgedUnit is the work on one reference picture and all that was judged against it.
type judgedUnit struct {
	run   *run
	set   *JudgedScores
	ref   string
	items []int

	problems []trial.Problem
	computed int
	reused   int
}

// judgedPicture is one picture that was judged, perhaps in several judgements: a triplet's may come again in another.
type judgedPicture struct {
	at        []judgedPlace
	file, key string
	missing   []int // metrics that are not known yet
}

// judgedPlace is one judgement of a picture: of a choice there are two to an item.
type judgedPlace struct{ item, alternative int }

func (u *judgedUnit) fail(what, reason string) {
	u.problems = append(u.problems, trial.Problem{What: what, Reason: reason})
}

func (u *judgedUnit) put(p *judgedPicture, m int, v float64) {
	for _, at := range p.at {
		if at.alternative == 1 {
			u.set.ScoreB[m][at.item] = v
		} else {
			u.set.Score[m][at.item] = v
		}
	}
}

func (u *judgedUnit) score(ctx context.Context) error {
	r, h, j := u.run, &u.set.Section, u.set.Judgements
	metrics := len(r.metrics)
	sums := map[string]string{}
	sum := func(file string) (string, error) {
		if s, ok := sums[file]; ok {
			return s, nil
		}
		s, err := hashFile(file)
		if err == nil {
			sums[file] = s
		}
		return s, err
	}
	hash, err := sum(u.ref)
	if err != nil {
		n := 0
		for _, i := range u.items {
			_, outputs, _ := j.Pictures(i)
			n += len(outputs)
		}
		u.fail(u.ref, pathless(err))
		r.opt.Progress.Add(n * metrics)
		return nil
	}
	var pictures []*judgedPicture
	var keys []string
	byKey := map[string]*judgedPicture{}
	for _, i := range u.items {
		_, outputs, _ := j.Pictures(i)
		for a, file := range outputs {
			own, err := sum(file)
			if err != nil {
				u.fail(file, pathless(err))
				r.opt.Progress.Add(metrics)
				continue
			}
			s := j.Subject(i)
			k := sha256.New()
			fmt.Fprintf(k, "judged 1\n%s\n%s\n%d %s\n%q %q %q\n%s", hash, own, h.Size, h.Fit, s.Requirement, s.SourceCaption, s.TargetCaption, pixelsVersion)
			key := "judged " + hex.EncodeToString(k.Sum(nil))
			p := byKey[key]
			if p == nil {
				p = &judgedPicture{file: file, key: key}
				byKey[key] = p
				pictures, keys = append(pictures, p), append(keys, key)
			}
			p.at = append(p.at, judgedPlace{i, a})
		}
	}
	if len(pictures) == 0 {
		return nil
	}
	path := r.store.path(hash, keys, r.metricKeys)
	known, bad := r.store.load(hash)
	for _, err := range bad {
		r.opt.Log.Warn("a segment could not be read; what it held is computed again", "error", err)
	}
	seg := &segment{Source: hash, Metrics: r.metricKeys, Score: make([][]float64, metrics)}
	any := false
	for _, p := range pictures {
		seg.Rows = append(seg.Rows, segmentRow{p.key, trial.Stimulus{Source: filepath.Base(u.ref)}})
		for m, mk := range r.metricKeys {
			at := cell{p.key, mk}
			v, have := known.score[at]
			seg.Score[m] = append(seg.Score[m], math.NaN())
			if !have {
				p.missing = append(p.missing, m)
				any = true
				continue
			}
			u.put(p, m, v)
			seg.Score[m][len(seg.Rows)-1] = v
			u.reused++
			r.opt.Progress.Add(len(p.at))
			if reason, ok := known.problems[at]; ok {
				u.fail(j.Subject(p.at[0].item).Item+", "+r.plan.Metrics[m].Column.Label, reason)
				seg.Problems = append(seg.Problems, segmentProblem{len(seg.Rows) - 1, m, reason})
			}
		}
	}
	if !any {
		return nil
	}
	if err := u.compute(ctx, pictures, seg); err != nil {
		return err
	}
	return seg.write(path)
}

// pathless words an error of a file without its path, which stands before it already.
func pathless(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// compute fills in the scores that are missing, batch by batch; the reference travels in the first.
func (u *judgedUnit) compute(ctx context.Context, pictures []*judgedPicture, seg *segment) error {
	r, h, j := u.run, &u.set.Section, u.set.Judgements
	scorer, err := r.scoring()
	if err != nil {
		return err
	}
	lacking := map[int]bool{}
	for _, p := range pictures {
		for _, m := range p.missing {
			lacking[m] = true
		}
	}
	calls := scorer.callsFor(lacking)
	bad := func(row int, p *judgedPicture, reason string) {
		for _, m := range p.missing {
			seg.Problems = append(seg.Problems, segmentProblem{row, m, reason})
		}
		u.fail(p.file, reason)
		u.computed += len(p.missing)
		r.opt.Progress.Add(len(p.missing) * len(p.at))
	}
	load := func(file string) (*raster.Image, error) {
		img, _, err := raster.DecodeFile(file)
		if err != nil {
			return nil, err
		}
		return fitted(img, h.Size, h.Fit), nil
	}
	input, err := load(u.ref)
	if err != nil {
		for row, p := range pictures {
			if len(p.missing) > 0 {
				bad(row, p, "its reference cannot be used: "+err.Error())
			}
		}
		return nil
	}
	var inputF map[feature]*trial.Tensor
	var memo trial.Memo
	var batch []*judgedPicture
	var rows []int
	var imgs []*raster.Image
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		all := imgs
		if inputF == nil {
			all = append([]*raster.Image{input}, imgs...)
		}
		feats, err := scorer.features(ctx, all, calls)
		if err != nil {
			return err
		}
		if inputF == nil {
			inputF, feats = feats[0], feats[1:]
		}
		for k, p := range batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			s := j.Subject(p.at[0].item)
			t := trial.Trial{Input: input, Output: imgs[k], Memo: &memo, Requirement: s.Requirement, SourceCaption: s.SourceCaption, TargetCaption: s.TargetCaption}
			for _, m := range p.missing {
				score, err := scorer.score(ctx, m, t, inputF, feats[k])
				if err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					seg.Problems = append(seg.Problems, segmentProblem{rows[k], m, err.Error()})
					u.fail(s.Item+", "+r.plan.Metrics[m].Column.Label, err.Error())
					continue
				}
				u.put(p, m, score.Value)
				seg.Score[m][rows[k]] = score.Value
			}
			u.computed += len(p.missing)
			r.opt.Progress.Add(len(p.missing) * len(p.at))
		}
		batch, rows, imgs = batch[:0], rows[:0], imgs[:0]
		return nil
	}
	for row, p := range pictures {
		if len(p.missing) == 0 {
			continue
		}
		img, err := load(p.file)
		if err != nil {
			bad(row, p, err.Error())
			continue
		}
		batch, rows, imgs = append(batch, p), append(rows, row), append(imgs, img)
		room := max(2, r.opt.batch())
		if inputF == nil {
			room--
		}
		if len(batch) == room {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// fitted brings a picture to the working size as the data sets of pictures do.
func fitted(m *raster.Image, size int, fit string) *raster.Image {
	switch {
	case size <= 0:
		return m
	case fit == "squash":
		return raster.Resize(m, size, size, raster.Bicubic)
	case fit == "shorter":
		return m.ShorterSide(size, raster.Bicubic)
	}
	return m.ShorterSide(size, raster.Bicubic).CentreCrop(size, size)
}

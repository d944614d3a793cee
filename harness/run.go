package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
	"probity/internal/trial"
)

// RunOptions say how a plan is carried out. None of them changes a result.
type RunOptions struct {
	Dir      string // the run's folder, runs/NAME
	Workers  int    // sources scored at a time; at least 1
	Batch    int    // pictures handed to a model at a time: what its batches hold; 0: 8
	Fresh    bool   // forget what earlier runs left in Dir
	Shard    Shard  // score only a part of the work; the zero Shard is all of it
	Memory   int64  // bytes that models may hold at a time, about; 0: all of them at once
	Progress Progress
	Log      *slog.Logger
}

// Shard is part I of N (1 to N) of a run's work, for several machines that share it: their segments, put into one folder, make the
// same run. What is dealt out is every Nth source, every Nth reference of judged pictures, every Nth source of a suite, and of joint
// spaces every Nth block of pictures and of texts; what is measured of a space waits until all its blocks are there.
type Shard struct{ I, N int }

func (s Shard) has(unit int) bool { return s.N == 0 || unit%s.N == s.I-1 }

// Progress is told how a run goes on. It is called from several goroutines.
type Progress interface {
	// Start begins a phase of total units; unit is what is counted ("scores").
	Start(phase string, total int, unit string)
	Add(n int)
	End()
}

// Scored is what scoring gives: the whole table, and what was done to get it.
type Scored struct {
	Table    *trial.Table
	Computed int // scores computed now
	Reused   int // scores taken from earlier segments
	Skipped  []trial.Problem
	Judged   []JudgedScores // of [[human]] sections; see AddJudged
	Suites   []SuiteScores  // of [[suite]] sections; see AddSuites
	Key      string         // hash of everything that the table depends on
}

// defaultBatch is the number of pictures whose features are computed at a time where nothing is said.
const defaultBatch = 8

func (o RunOptions) batch() int {
	if o.Batch <= 0 {
		return defaultBatch
	}
	return o.Batch
}

// pixelsVersion is raised whenever the same file may give other pixels: decoding, working size, fitting of donors.
const pixelsVersion = "pixels 1, decoder " + raster.Version

// Score carries out the first phase of a plan: every stimulus is made, every metric judges it, and the results lie in
// durable segments under Dir. A run that was interrupted goes on where it was. Of a shard no table is made.
func Score(ctx context.Context, p *Plan, models Models, opt RunOptions) (*Scored, error) {
	if opt.Fresh {
		if err := os.RemoveAll(filepath.Join(opt.Dir, "segments")); err != nil {
			return nil, fmt.Errorf("forgetting the earlier run: %w", err)
		}
	}
	if len(p.Metrics)+len(p.SetMetrics) == 0 && len(p.Experiment.Spaces) > 0 { // spaces alone
		return &Scored{Table: &trial.Table{Problems: append([]trial.Problem(nil), p.Problems...)}, Skipped: p.Problems, Key: "no scores"}, nil
	}
	r, err := newRun(p, models, opt)
	if err != nil {
		return nil, err
	}
	if err := r.setWants(); err != nil {
		return nil, err
	}
	passes, err := r.passes()
	if err != nil {
		return nil, err
	}
	if len(passes) > 1 {
		for i, group := range passes {
			if err := r.pass(ctx, group, i == 0); err != nil {
				return nil, err
			}
		}
	}
	before := r.computed
	r.open()
	err = r.all(ctx)
	r.done()
	if err != nil {
		return nil, err
	}
	r.reused -= before // what the passes before computed was not there before
	if opt.Shard.N > 0 {
		return &Scored{Table: &trial.Table{}, Computed: r.computed, Reused: r.reused}, nil
	}
	out, err := r.merge()
	if err != nil {
		return nil, err
	}
	if err := r.reduce(ctx, out.Table); err != nil {
		return nil, err
	}
	for _, m := range p.SetMetrics {
		out.Key += fmt.Sprintf("\n%s version %d (%s)", m.Section.Kind, m.Section.Info.Version, m.Section.Params.Canonical())
	}
	for _, w := range r.wants {
		out.Key += "\n" + w.key
	}
	out.Skipped = out.Table.Problems
	return out, nil
}

type run struct {
	plan       *Plan
	models     Models
	opt        RunOptions
	store      store
	metrics    []trial.Metric
	metricKeys []string
	scoring    func() (*scorer, error) // of units; loads the models when first asked
	wants      []setWant               // features that set metrics want
	rows       []int                   // planned stimuli that stand in sets
	lists      map[string]Wordlist     // of models that were asked for the words they know

	mu       sync.Mutex
	computed int
	reused   int
	failed   map[string]string // source ID -> why it could not be used
}

// newRun works out the keys of the plan's metrics.
func newRun(p *Plan, models Models, opt RunOptions) (*run, error) {
	r := &run{plan: p, models: models, opt: opt, store: store{filepath.Join(opt.Dir, "segments")}, lists: map[string]Wordlist{}}
	for _, m := range p.Metrics {
		key, err := r.metricKey(m)
		if err != nil {
			return nil, err
		}
		r.metrics, r.metricKeys = append(r.metrics, m.Metric), append(r.metricKeys, key)
	}
	return r, nil
}

// metricKey is a hash of everything that a metric's score depends on besides the stimulus.
func (r *run) metricKey(m PlannedMetric) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "metric 1\n%s\n%d\n%s\n", m.Column.Kind, m.Column.Version, m.Column.Params)
	if c, ok := m.Metric.(trial.Content); ok { // a table of scores: its bytes, not its path
		sum, err := c.Content()
		if err != nil {
			return "", fmt.Errorf("metric %s: %w", m.Column.Label, err)
		}
		fmt.Fprintf(h, "content %s\n", sum)
	}
	seen := map[string]bool{}
	for _, need := range m.Metric.Needs() {
		if seen[need.Model] {
			continue
		}
		seen[need.Model] = true
		b, err := r.models.Load(need.Model)
		if err != nil {
			return "", fmt.Errorf("metric %s: %w", m.Column.Label, err)
		}
		fmt.Fprintf(h, "%s\n%s\n%s\n", need.Model, b.Hash(), b.Runtime())
		r.release(need.Model)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// release frees a model that was looked at, where memory is limited.
func (r *run) release(name string) {
	if free, ok := r.models.(releaser); ok && r.opt.Memory > 0 {
		free.Release(name)
	}
}

// done frees the models of a phase where memory is limited, so that the next one begins with none.
func (r *run) done() {
	for _, m := range r.metrics {
		for _, need := range m.Needs() {
			r.release(need.Model)
		}
	}
	for _, w := range r.wants {
		r.release(w.feature.model)
	}
}

// open prepares for scoring. Models are loaded when the first unit needs them: a run that finds every score needs none.
func (r *run) open() {
	r.failed = map[string]string{}
	r.scoring = sync.OnceValues(func() (*scorer, error) { return newScorer(r.metrics, r.models, r.setRequests()) })
}

// all scores every source, several at a time.
func (r *run) all(ctx context.Context) error {
	var sources []*trial.Source
	for i, src := range r.plan.Sources {
		if r.opt.Shard.has(i) {
			sources = append(sources, src)
		}
	}
	bare := len(r.metrics) == 0 // only features are collected, for metrics on sets
	if bare {
		r.opt.Progress.Start("collecting features", len(sources), "pictures")
	} else {
		r.opt.Progress.Start("scoring", len(sources)*len(r.plan.Stimuli)*len(r.metrics), "scores")
	}
	defer r.opt.Progress.End()
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.opt.Workers))
	for _, src := range sources {
		if inner.Err() != nil {
			break
		}
		g.Go(func() error {
			err := r.source(inner, src)
			if bare {
				r.opt.Progress.Add(1)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if n := len(sources); n > 0 && len(r.failed) == n {
		return fmt.Errorf("none of the %d pictures could be scored; the first: %s", n, r.failed[sources[0].ID])
	}
	return ctx.Err()
}

// source brings one source to completion: nothing to do where its segments hold every score, else one new segment.
func (r *run) source(ctx context.Context, src *trial.Source) error {
	keys := r.stimulusKeys(src)
	path := r.store.path(src.Hash, keys, r.metricKeys)
	all := len(keys) * len(r.metrics)
	collect := false
	if len(r.wants) > 0 {
		_, err := openFeatures(r.featuresPath(src), true)
		collect = err != nil
	}
	if _, err := readSegment(path); err == nil && !collect {
		r.opt.Progress.Add(all)
		r.tally(0, all)
		return nil
	}
	known, problems := r.store.load(src.Hash)
	for _, err := range problems {
		r.opt.Log.Warn("a segment could not be read; what it held is computed again", "error", err)
	}
	u := &unit{run: r, src: src, keys: keys, known: known, seg: &segment{Source: src.Hash, Metrics: r.metricKeys}}
	if collect {
		u.collect(r.rows, r.wants)
	}
	if err := u.score(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var bad *pictureError
		if errors.As(err, &bad) {
			r.mu.Lock()
			r.failed[src.ID] = bad.Error()
			r.mu.Unlock()
			r.opt.Log.Warn("a picture is left out", "picture", src.ID, "reason", bad.err)
			r.opt.Progress.Add(all - u.reused)
			return nil
		}
		return fmt.Errorf("scoring %s: %w", src.ID, err)
	}
	if u.sets != nil {
		if err := u.sets.write(r.featuresPath(src)); err != nil {
			return err
		}
	}
	if err := u.seg.write(path); err != nil {
		return err
	}
	r.tally(u.computed, all-u.computed)
	return nil
}

// stimulusKeys are the keys of a source's stimuli, with the version of decoding.
func (r *run) stimulusKeys(src *trial.Source) []string {
	keys := r.plan.Keys(src)
	for i := range keys {
		keys[i] += pixelsVersion
	}
	return keys
}

// featuresPath is where a source's features for sets lie.
func (r *run) featuresPath(src *trial.Source) string {
	keys := r.stimulusKeys(src)
	var used []string
	for _, i := range r.rows {
		used = append(used, keys[i])
	}
	return r.store.featuresPath(src.Hash, used, r.wants)
}

func (r *run) tally(computed, reused int) {
	r.mu.Lock()
	r.computed += computed
	r.reused += reused
	r.mu.Unlock()
}

// pictureError marks a source whose picture cannot be used; the run goes on without it.
type pictureError struct{ err error }

func (e *pictureError) Error() string { return e.err.Error() }
func (e *pictureError) Unwrap() error { return e.err }

// unit is the work on one source.
type unit struct {
	run   *run
	src   *trial.Source
	keys  []string
	known *cells
	seg   *segment

	input    *raster.Image
	inputF   map[feature]*trial.Tensor
	memo     trial.Memo
	batch    []made
	missing  [][]int // by stimulus: the metrics that are not known yet
	computed int
	reused   int // scores that were there already, as soon as that is known

	scorer *scorer
	calls  []call       // those of the metrics that are missing anywhere
	sets   *setFeatures // what set metrics want of this source; nil where it is there already
	setRow map[int]int  // by stimulus: its row in sets
}

// collect makes the unit gather features for sets.
func (u *unit) collect(rows []int, wants []setWant) {
	u.sets, u.setRow = newSetFeatures(u.src.Hash, len(rows)+1, wants), map[int]int{}
	for k, i := range rows {
		u.setRow[i] = k + 1
	}
}

// wanted says whether a stimulus has to be made.
func (u *unit) wanted(i int) bool {
	if u.sets != nil {
		if _, in := u.setRow[i]; in {
			return true
		}
	}
	return len(u.missing[i]) > 0
}

// score fills the unit's segment: known scores are taken over, the others computed batch by batch.
func (u *unit) score(ctx context.Context) error {
	n, metrics := len(u.keys), len(u.run.metricKeys)
	u.seg.Rows = make([]segmentRow, n)
	u.seg.Score = make([][]float64, metrics)
	for m := range u.seg.Score {
		u.seg.Score[m] = make([]float64, n)
	}
	u.missing = make([][]int, n)
	lacking := map[int]bool{}
	for i, key := range u.keys {
		row, ok := u.known.rows[key]
		if ok {
			u.seg.Rows[i] = segmentRow{key, relabel(row, u.run.plan.Stimulus(u.src, i))}
		}
		if reason, bad := u.known.problems[cell{stimulus: key}]; ok && bad {
			u.fail(i, -1, reason)
			continue
		}
		for m, mk := range u.run.metricKeys {
			at := cell{key, mk}
			v, have := u.known.score[at]
			if !ok || !have {
				u.missing[i] = append(u.missing[i], m)
				lacking[m] = true
				continue
			}
			u.seg.Score[m][i] = v
			if reason, bad := u.known.problems[at]; bad {
				u.seg.Problems = append(u.seg.Problems, segmentProblem{i, m, reason})
			}
		}
	}
	u.reused = n * metrics
	for _, list := range u.missing {
		u.reused -= len(list)
	}
	u.run.opt.Progress.Add(u.reused) // before the rest is computed, or what is left would look like hours
	if len(lacking) == 0 && u.sets == nil {
		return nil
	}
	img, err := u.src.Picture.Load(ctx)
	if err != nil {
		return &pictureError{err}
	}
	if u.scorer, err = u.run.scoring(); err != nil {
		return err
	}
	if u.calls = u.scorer.calls; u.sets == nil {
		u.calls = u.scorer.callsFor(lacking)
	}
	u.input = img
	mk := &maker{plan: u.run.plan, src: u.src, img: img, need: u.wanted}
	if err := mk.each(ctx, func(x made) error { return u.take(ctx, x) }); err != nil {
		return err
	}
	return u.flush(ctx)
}

// relabel gives a stored row the names that the present plan has for it; what was measured stays.
func relabel(stored, now trial.Stimulus) trial.Stimulus {
	now.Donors, now.Instruction, now.Realised, now.Visible, now.Flags = stored.Donors, stored.Instruction, stored.Realised, stored.Visible, stored.Flags
	now.SourceCaption, now.TargetCaption = stored.SourceCaption, stored.TargetCaption
	return now
}

func (u *unit) fail(i, metric int, reason string) {
	u.seg.Problems = append(u.seg.Problems, segmentProblem{i, metric, reason})
	if metric >= 0 {
		u.seg.Score[metric][i] = math.NaN()
		return
	}
	for m := range u.seg.Score {
		u.seg.Score[m][i] = math.NaN()
	}
}

// take accepts a made stimulus into the current batch.
func (u *unit) take(ctx context.Context, x made) error {
	if x.region != nil && len(u.scorer.calls) > 0 {
		x.row.Visible = map[string]float64{}
		for _, c := range u.scorer.calls {
			if !c.native {
				x.row.Visible[c.model.Info().Name] = c.model.Visible(x.region)
			}
		}
	}
	u.seg.Rows[x.index] = segmentRow{u.keys[x.index], x.row}
	if x.img == nil {
		u.fail(x.index, -1, x.reason)
		u.run.opt.Progress.Add(len(u.missing[x.index]))
		u.computed += len(u.missing[x.index])
		return nil
	}
	x.region = nil
	u.batch = append(u.batch, x)
	room := max(2, u.run.opt.batch())
	if u.inputF == nil {
		room-- // the source itself travels in the first batch
	}
	if len(u.batch) < room {
		return nil
	}
	return u.flush(ctx)
}

// flush computes the batch's features and scores.
func (u *unit) flush(ctx context.Context) error {
	if len(u.batch) == 0 {
		return nil
	}
	imgs := make([]*raster.Image, 0, len(u.batch)+1)
	if u.inputF == nil {
		imgs = append(imgs, u.input)
	}
	for _, x := range u.batch {
		imgs = append(imgs, x.img)
	}
	feats, err := u.scorer.features(ctx, imgs, u.calls)
	if err != nil {
		return err
	}
	if u.inputF == nil {
		u.inputF, feats = feats[0], feats[1:]
		if u.sets != nil {
			if err := u.sets.put(0, u.run.wants, u.inputF); err != nil {
				return err
			}
		}
	}
	for k, x := range u.batch {
		if row, in := u.setRow[x.index]; in && u.sets != nil {
			if err := u.sets.put(row, u.run.wants, feats[k]); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		t := stimulusTrial(u.src, u.input, &x, &u.memo)
		for _, m := range u.missing[x.index] {
			s, err := u.scorer.score(ctx, m, t, u.inputF, feats[k])
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				u.fail(x.index, m, err.Error())
				continue
			}
			u.seg.Score[m][x.index] = s.Value
		}
		u.computed += len(u.missing[x.index])
		u.run.opt.Progress.Add(len(u.missing[x.index]))
	}
	u.batch = u.batch[:0]
	return nil
}

// stimulusTrial is what metrics are asked to judge of a stimulus.
func stimulusTrial(src *trial.Source, input *raster.Image, x *made, memo *trial.Memo) trial.Trial {
	t := trial.Trial{Input: input, Output: x.img, Memo: memo,
		Requirement: x.row.Instruction, SourceCaption: x.row.SourceCaption, TargetCaption: x.row.TargetCaption}
	if t.SourceCaption == "" {
		t.SourceCaption = src.Captions["full"]
	}
	if t.TargetCaption == "" { // an edit that says nothing of words leaves the caption as it is
		t.TargetCaption = t.SourceCaption
	}
	if x.row.Role != trial.Crossed { // a crossed stimulus tells of its edit alone
		t.Realised = &x.row.Realised
	}
	return t
}

// merge reads all segments back, in plan order, into the table.
func (r *run) merge() (*Scored, error) {
	p := r.plan
	t := &trial.Table{Problems: append([]trial.Problem(nil), p.Problems...)}
	for _, m := range p.Metrics {
		t.Columns = append(t.Columns, m.Column)
	}
	t.Score = make([][]float64, len(t.Columns))
	h := sha256.New()
	for _, k := range r.metricKeys {
		fmt.Fprintln(h, k)
	}
	out := &Scored{Table: t, Computed: r.computed, Reused: r.reused}
	for _, src := range p.Sources {
		if why, bad := r.failed[src.ID]; bad {
			t.Problems = append(t.Problems, trial.Problem{What: src.ID, Reason: why})
			continue
		}
		path := r.store.path(src.Hash, r.stimulusKeys(src), r.metricKeys)
		seg, err := readSegment(path)
		if err != nil {
			return nil, fmt.Errorf("merging: %w; run again to compute it anew", err)
		}
		fmt.Fprintln(h, src.ID, filepath.Base(path))
		first := len(t.Stimuli)
		for _, row := range seg.Rows {
			t.Stimuli = append(t.Stimuli, row.Stimulus)
		}
		for m := range t.Score {
			t.Score[m] = append(t.Score[m], seg.Score[m]...)
		}
		for _, bad := range seg.Problems {
			s := &t.Stimuli[first+bad.Row]
			what := fmt.Sprintf("%s: %s %s at %g", s.Source, s.Role, strings.Trim(s.Perturb+" + "+s.Null, "+ "), s.Severity)
			if bad.Metric >= 0 {
				what += ", " + t.Columns[bad.Metric].Label
			}
			t.Problems = append(t.Problems, trial.Problem{What: what, Reason: bad.Reason})
		}
	}
	out.Key = hex.EncodeToString(h.Sum(nil))
	return out, nil
}

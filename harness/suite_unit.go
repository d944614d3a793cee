package harness

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/raster"
	"probity/internal/trial"
)

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
	scorer   *scorer
	calls    []call // those of the metrics that are missing anywhere
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
	var err error
	if u.scorer, err = u.run.scoring(); err != nil {
		return err
	}
	var inputs []string
	byInput := map[string][]*suiteWork{}
	lacking := map[int]bool{}
	for _, w := range work {
		if len(w.missing) == 0 {
			continue
		}
		for _, m := range w.missing {
			if m < len(u.run.metrics) {
				lacking[m] = true
			}
		}
		hash := w.context.Input.Hash()
		if byInput[hash] == nil {
			inputs = append(inputs, hash)
		}
		byInput[hash] = append(byInput[hash], w)
	}
	u.calls = u.scorer.callsFor(lacking)
	for _, hash := range inputs {
		if err := u.input(ctx, byInput[hash], seg); err != nil {
			return err
		}
	}
	return nil
}

// input scores the trials that have one input.
func (u *suiteUnit) input(ctx context.Context, work []*suiteWork, seg *segment) error {
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
		room := max(2, u.run.opt.batch())
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
		feats := make([]map[feature]*trial.Tensor, len(imgs)) // controls want none
		if slices.ContainsFunc(now, func(hash string) bool { return slices.ContainsFunc(byOutput[hash], u.wantsMetrics) }) {
			all := imgs
			if inputF == nil {
				all = append([]*raster.Image{input}, imgs...)
			}
			if feats, err = u.scorer.features(ctx, all, u.calls); err != nil {
				return err
			}
			if inputF == nil {
				inputF, feats = feats[0], feats[1:]
			}
		}
		for k, hash := range now {
			if err := u.output(ctx, byOutput[hash], trial.Trial{Input: input, Output: imgs[k], Memo: &memo}, inputF, feats[k], seg); err != nil {
				return err
			}
		}
	}
	return nil
}

// wantsMetrics reports whether a score other than a control's is missing.
func (u *suiteUnit) wantsMetrics(w *suiteWork) bool {
	return slices.ContainsFunc(w.missing, func(m int) bool { return m < len(u.run.metrics) })
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
					s, err = u.scorer.score(ctx, m, t, in, out)
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

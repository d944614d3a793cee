package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"probity/internal/raster"
	"probity/internal/trial"
)

// ErrMemory is wrapped by the error about a metric whose models do not fit into RunOptions.Memory.
var ErrMemory = errors.New("too little memory")

// Models may also be able to free what a backbone holds; then RunOptions.Memory can be kept to.
type releaser interface{ Release(name string) }

// A backbone may also say what one caller needs for pictures of a size, in bytes.
type weigher interface{ Memory(w, h int) int64 }

// A backbone may also say what its open sessions hold: as Memory estimates it and, where the system tells, as it was measured.
type sessionWeigher interface {
	Session() (estimated, measured int64, known bool)
}

// passes splits the metrics of a run into groups whose models fit into opt.Memory together, in the order of the metrics;
// one group where nothing is said. The features that sets want are one need: they are kept in one file a source.
func (r *run) passes() ([][]int, error) {
	return r.passesOf(func() (w, h int, err error) {
		if len(r.plan.Sources) == 0 {
			return 0, 0, errors.New("no picture is there")
		}
		img, err := r.plan.Sources[0].Picture.Load(context.Background())
		if err != nil {
			return 0, 0, err
		}
		return img.W, img.H, nil
	})
}

// passesOf is passes for pictures of a size, which is asked for only where memory is limited; where it is not known, the run will
// say so of the picture. A model that says nothing of what it needs weighs nothing.
func (r *run) passesOf(size func() (w, h int, err error)) ([][]int, error) {
	all := make([]int, len(r.metrics))
	for i := range all {
		all[i] = i
	}
	free, ok := r.models.(releaser)
	if r.opt.Memory <= 0 || !ok || len(all) == 0 {
		return [][]int{all}, nil
	}
	width, height, err := size()
	if err != nil {
		return [][]int{all}, nil
	}
	weights := map[string]int64{}
	weigh := func(names []string) (total int64, err error) {
		for _, n := range names {
			w, known := weights[n]
			if !known {
				b, err := r.models.Load(n)
				if err != nil {
					return 0, err
				}
				if m, can := b.(weigher); can {
					w = m.Memory(width, height) * int64(max(1, r.opt.Workers))
				}
				weights[n] = w
				free.Release(n)
			}
			total += w
		}
		return total, nil
	}
	of := func(needs []trial.Request) (names []string) {
		for _, n := range needs {
			if !slices.Contains(names, n.Model) {
				names = append(names, n.Model)
			}
		}
		return names
	}
	var groups [][]int
	var held [][]string // models of each group
	place := func(metric int, names []string, label string) error {
		alone, err := weigh(names)
		if err != nil {
			return err
		}
		if alone > r.opt.Memory {
			return fmt.Errorf("%w: %d MiB allow less than what %s would take, about %d MiB for %s with %d workers; give more --memory or fewer --workers",
				ErrMemory, r.opt.Memory>>20, label, alone>>20, strings.Join(names, ", "), r.opt.Workers)
		}
		for g := range groups {
			union := slices.Clone(held[g])
			for _, n := range names {
				if !slices.Contains(union, n) {
					union = append(union, n)
				}
			}
			if total, err := weigh(union); err != nil {
				return err
			} else if total <= r.opt.Memory {
				held[g] = union
				if metric >= 0 {
					groups[g] = append(groups[g], metric)
				}
				return nil
			}
		}
		groups, held = append(groups, nil), append(held, names)
		if metric >= 0 {
			groups[len(groups)-1] = []int{metric}
		}
		return nil
	}
	if names := of(r.setRequests()); len(names) > 0 {
		if err := place(-1, names, "the set metrics"); err != nil {
			return nil, err
		}
	} else {
		groups, held = [][]int{nil}, [][]string{nil}
	}
	for i, m := range r.metrics {
		if err := place(i, of(m.Needs()), "the metric "+r.plan.Metrics[i].Column.Label); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// pass scores one group of metrics; the first group also gathers what sets want. Its models are freed at its end.
func (r *run) pass(ctx context.Context, group []int, first bool) error {
	sub := &run{plan: r.plan, models: r.models, opt: r.opt, store: r.store, rows: r.rows}
	for _, i := range group {
		sub.metrics, sub.metricKeys = append(sub.metrics, r.metrics[i]), append(sub.metricKeys, r.metricKeys[i])
	}
	if first {
		sub.wants = r.wants
	}
	sub.open()
	err := sub.all(ctx)
	r.computed += sub.computed
	sub.done()
	return err
}

// judgedInGroups scores one data set of judgements by groups of metrics whose models fit into the memory given.
func (r *run) judgedInGroups(ctx context.Context, h HumanSection, j *trial.Judgements) (*JudgedScores, error) {
	var out *JudgedScores
	computed, err := r.inGroups(func() (int, int, error) {
		for i := range j.Items() {
			if ref, _, ok := j.Pictures(i); ok {
				img, _, err := raster.DecodeFile(ref)
				if err != nil {
					return 0, 0, err
				}
				img = fitted(img, h.Size, h.Fit)
				return img.W, img.H, nil
			}
		}
		return 0, 0, errors.New("no picture is there")
	}, func(part *run) (_ int, err error) {
		if out, err = part.judged(ctx, h, j); err != nil {
			return 0, err
		}
		return out.Computed, nil
	})
	if err != nil {
		return nil, err
	}
	out.Computed, out.Reused = computed, out.Reused-(computed-out.Computed)
	return out, nil
}

// suiteInGroups scores one suite by groups of metrics whose models fit into the memory given.
func (r *run) suiteInGroups(ctx context.Context, h SuiteSection, s *trial.Suite) (*SuiteScores, error) {
	var out *SuiteScores
	computed, err := r.inGroups(func() (int, int, error) {
		img, err := s.Sources[0].Quads[0].Contexts[0].Input.Render(ctx)
		if err != nil {
			return 0, 0, err
		}
		return img.W, img.H, nil
	}, func(part *run) (_ int, err error) {
		if out, err = part.suite(ctx, h, s); err != nil {
			return 0, err
		}
		return out.Computed, nil
	})
	if err != nil {
		return nil, err
	}
	out.Computed, out.Reused = computed, out.Reused-(computed-out.Computed)
	return out, nil
}

// inGroups scores something by groups of metrics whose models fit into the memory given, one after the other, and frees the models of
// each; what they left in the segments is then put together by a last call for all metrics, which asks no model. Where all fit there
// is that call alone. It adds up how many scores the calls computed.
func (r *run) inGroups(size func() (w, h int, err error), score func(part *run) (computed int, err error)) (computed int, err error) {
	groups, err := r.passesOf(size)
	if err != nil {
		return 0, err
	}
	one := func(part *run) error {
		part.open()
		defer part.done()
		n, err := score(part)
		computed += n
		return err
	}
	for _, group := range groups {
		if len(groups) < 2 {
			break
		}
		if len(group) == 0 {
			continue
		}
		plan := *r.plan
		plan.Metrics = nil
		part := &run{plan: &plan, models: r.models, opt: r.opt, store: r.store, lists: r.lists}
		for _, i := range group {
			plan.Metrics = append(plan.Metrics, r.plan.Metrics[i])
			part.metrics, part.metricKeys = append(part.metrics, r.metrics[i]), append(part.metricKeys, r.metricKeys[i])
		}
		if err := one(part); err != nil {
			return 0, err
		}
	}
	err = one(r)
	return computed, err
}

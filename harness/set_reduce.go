package harness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"os"
	"path/filepath"
	"slices"

	"probity/internal/stream"
	"probity/internal/trial"
)

// setRows are the planned stimuli that stand in a set: one of every source for each condition of an edit, a null, an
// anchor or a control, its first replicate and draw. Row 0 of a source's features is the source itself, row k+1 is
// setRows()[k].
func (p *Plan) setRows() []int {
	var out []int
	for i, s := range p.Stimuli {
		if s.Role != trial.Crossed && s.Replicate == 0 && s.Draw == 0 && (s.Severity != 0 || s.Role != trial.Edit) {
			out = append(out, i)
		}
	}
	return out
}

// setWants lists every feature that a set metric wants, once.
func (r *run) setWants() error {
	seen := map[feature]bool{}
	for _, m := range r.plan.SetMetrics {
		for _, need := range m.Metric.Needs() {
			f := feature{need.Model, need.Output, need.Native}
			if seen[f] {
				continue
			}
			seen[f] = true
			b, err := r.models.Load(need.Model)
			if err != nil {
				return fmt.Errorf("set metric %s: %w", m.Section.Label, err)
			}
			r.wants = append(r.wants, setWant{f, fmt.Sprintf("%s\n%s\n%s\n%s\n%v", need.Model, b.Hash(), b.Runtime(), need.Output, need.Native)})
		}
	}
	if len(r.wants) > 0 {
		r.rows = r.plan.setRows()
	}
	return nil
}

// setRequests are the features that the scorer computes for sets, beside those for metrics on trials.
func (r *run) setRequests() []trial.Request {
	var out []trial.Request
	for _, w := range r.wants {
		out = append(out, trial.Request{Part: trial.OfOutput, Model: w.feature.model, Output: w.feature.output, Native: w.feature.native})
	}
	return out
}

// reduce is the second phase: every set metric compares, for each condition, the set of its stimuli with a set of
// sources.
func (r *run) reduce(ctx context.Context, t *trial.Table) error {
	if len(r.wants) == 0 {
		return nil
	}
	var sources []*trial.Source
	var open []*featuresFile
	for _, src := range r.plan.Sources {
		if _, bad := r.failed[src.ID]; bad {
			continue
		}
		f, err := openFeatures(r.featuresPath(src), false)
		if err != nil {
			return fmt.Errorf("comparing sets: %w; run again to compute it anew", err)
		}
		sources, open = append(sources, src), append(open, f)
	}
	edits := r.plan.setEdits()
	add := func(row *trial.SetRow) {
		t.Sets = append(t.Sets, *row)
		if row.Problem != "" {
			t.Problems = append(t.Problems, trial.Problem{What: fmt.Sprintf("%s of %s %s at %g", row.Metric, row.Role, row.Perturb, row.Severity), Reason: row.Problem})
		}
		r.opt.Progress.Add(1)
	}
	r.opt.Progress.Start("comparing sets", len(r.plan.SetMetrics)*(len(r.rows)+1+len(edits)), "sets")
	defer r.opt.Progress.End()
	for _, m := range r.plan.SetMetrics {
		col, err := setColumn(m, r.models)
		if err != nil {
			return err
		}
		t.SetColumns = append(t.SetColumns, col)
		var blocks []int
		for _, need := range m.Metric.Needs() {
			for i, w := range r.wants {
				if w.feature == (feature{need.Model, need.Output, need.Native}) {
					blocks = append(blocks, i)
				}
			}
		}
		for k := range len(r.rows) + 1 { // row 0: nothing was done
			if err := ctx.Err(); err != nil {
				return err
			}
			row, err := r.setScore(ctx, m, blocks, sources, open, k)
			if err != nil {
				return err
			}
			add(row)
		}
		for _, e := range edits {
			if err := ctx.Err(); err != nil {
				return err
			}
			row, err := r.setEditScore(ctx, m, blocks, sources, open, e)
			if err != nil {
				return err
			}
			add(row)
		}
	}
	return nil
}

// setScore compares one condition's set with its reference, or takes what an earlier run found.
func (r *run) setScore(ctx context.Context, m PlannedSetMetric, blocks []int, sources []*trial.Source, open []*featuresFile, row int) (*trial.SetRow, error) {
	out := &trial.SetRow{Metric: m.Section.Label, Role: trial.None, Shape: "whole", Area: 1}
	key := func(int) string { return "" }
	if row > 0 {
		stimulus := r.rows[row-1]
		s := r.plan.Stimulus(sources[0], stimulus)
		out.Role, out.Perturb, out.Severity, out.Unit, out.Shape, out.Area = s.Role, s.Perturb, s.Severity, s.Unit, s.Shape, s.Area
		if s.Role == trial.Null {
			out.Perturb, out.Severity = s.Null, s.NullSeverity
			out.Unit, out.Shape, out.Area = r.plan.Perturbs[r.plan.Stimuli[stimulus].Null].Axis.Unit, "whole", 1
		}
		key = func(i int) string { return r.stimulusKeys(sources[i])[stimulus] }
	}
	// Members are the sources of which this stimulus could be made. In halves, every second source in the seeded order
	// stands in the reference.
	var members, reference []int
	h := sha256.New()
	fmt.Fprintf(h, "set 2\n%s\n%d\n%s\n%d\n%v\n", m.Section.Kind, m.Section.Info.Version, m.Section.Params.Canonical(), r.plan.Experiment.Seed, m.Section.Halves)
	for i, f := range open {
		inSet, inReference := !m.Section.Halves || i%2 == 0, !m.Section.Single() && (!m.Section.Halves || i%2 == 1)
		if inSet && f.head.Made[row] {
			members = append(members, i)
			fmt.Fprintln(h, "set", filepath.Base(f.path), key(i))
		}
		if inReference && f.head.Made[0] && (m.Section.Halves || f.head.Made[row]) {
			reference = append(reference, i)
			fmt.Fprintln(h, "reference", filepath.Base(f.path))
		}
	}
	return r.compare(ctx, m, blocks, sources, open, members, row, reference, h, out)
}

// setEditScore compares a set whose members were changed, none of them edited, with its reference.
func (r *run) setEditScore(ctx context.Context, m PlannedSetMetric, blocks []int, sources []*trial.Source, open []*featuresFile, e setEdit) (*trial.SetRow, error) {
	out := &trial.SetRow{Metric: m.Section.Label, Role: trial.SetEdit, Perturb: e.section.Label, Severity: e.severity, Unit: e.section.Entry.Axis.Unit, Shape: "set", Area: 1}
	members, reference, warnings, err := r.compose(m, e, sources)
	if err != nil {
		out.Problem = err.Error()
		out.Value, out.Low, out.High = math.NaN(), math.NaN(), math.NaN()
		return out, nil
	}
	made := func(list []int) []int {
		return slices.DeleteFunc(list, func(i int) bool { return !open[i].head.Made[0] })
	}
	members, reference = made(members), made(reference)
	h := sha256.New()
	fmt.Fprintf(h, "set 2\n%s\n%d\n%s\n%d\n%v\n", m.Section.Kind, m.Section.Info.Version, m.Section.Params.Canonical(), r.plan.Experiment.Seed, m.Section.Halves)
	for _, i := range members {
		fmt.Fprintln(h, "set", filepath.Base(open[i].path), "")
	}
	for _, i := range reference {
		fmt.Fprintln(h, "reference", filepath.Base(open[i].path))
	}
	row, err := r.compare(ctx, m, blocks, sources, open, members, 0, reference, h, out)
	if err == nil {
		row.Warnings = append(row.Warnings[:len(row.Warnings):len(row.Warnings)], warnings...)
	}
	return row, err
}

// compare computes a set metric for the given rows of members and the unedited reference, or takes what was kept under
// the hash of both.
func (r *run) compare(ctx context.Context, m PlannedSetMetric, blocks []int, sources []*trial.Source, open []*featuresFile, members []int, row int, reference []int, h hash.Hash, out *trial.SetRow) (*trial.SetRow, error) {
	out.N = len(members)
	path := filepath.Join(r.store.dir, "sets", hex.EncodeToString(h.Sum(nil))[:32]+".set")
	if kept, err := readSetScore(path); err == nil {
		kept.into(out)
		return out, nil
	}
	if len(members) < 2 || len(reference) < 2 && !m.Section.Single() {
		out.Problem = fmt.Sprintf("%d members against %d are too few for sets", len(members), len(reference))
		out.Value, out.Low, out.High = math.NaN(), math.NaN(), math.NaN()
		return out, nil
	}
	gather := func(members []int, row int) (trial.Set, error) {
		set := trial.Set{N: len(members)}
		for _, i := range members {
			set.Clusters = append(set.Clusters, sources[i].Cluster())
		}
		for _, b := range blocks {
			block := open[members[0]].head.Blocks[b]
			x := trial.Matrix{Rows: len(members), Cols: block.Cols, Data: make([]float32, len(members)*block.Cols), Layout: block.Layout, H: block.H, W: block.W, Prefix: block.Prefix}
			for k, i := range members {
				if open[i].head.Blocks[b].Cols != block.Cols {
					return set, fmt.Errorf("the feature %s of %s has %d numbers for %s and %d for %s; sets need pictures of one size, see [images] size",
						r.wants[b].feature.output, r.wants[b].feature.model, block.Cols, sources[members[0]].ID, open[i].head.Blocks[b].Cols, sources[i].ID)
				}
				if err := open[i].row(b, row, x.Data[k*block.Cols:(k+1)*block.Cols]); err != nil {
					return set, err
				}
			}
			set.Features = append(set.Features, x)
		}
		return set, nil
	}
	a, err := gather(members, row)
	if err != nil {
		return nil, err
	}
	var b trial.Set
	if !m.Section.Single() {
		if b, err = gather(reference, 0); err != nil {
			return nil, err
		}
	}
	seed := stream.Key{Seed: r.plan.Experiment.Seed, Step: m.Section.Label, Purpose: "subsets"}.Rank()
	score, err := m.Metric.Reduce(ctx, a, b, seed)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		out.Problem = err.Error()
	}
	kept := keptSetScore{Score: score, Problem: out.Problem}
	kept.into(out)
	return out, kept.write(path)
}

// keptSetScore is a set metric's verdict as it is kept between runs.
type keptSetScore struct {
	Score   trial.SetScore
	Problem string
}

func (k *keptSetScore) into(row *trial.SetRow) {
	row.Value, row.Low, row.High, row.Level, row.Method, row.Warnings, row.Replicates, row.Problem =
		k.Score.Value, k.Score.Low, k.Score.High, k.Score.Level, k.Score.Method, k.Score.Warnings, k.Score.Replicates, k.Problem
	if k.Problem != "" {
		row.Value, row.Low, row.High = math.NaN(), math.NaN(), math.NaN()
	}
}

func (k *keptSetScore) write(path string) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(k); err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return WriteFile(path, b.Bytes())
}

func readSetScore(path string) (*keptSetScore, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < sha256.Size {
		return nil, errFeaturesDamaged
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return nil, errFeaturesDamaged
	}
	k := new(keptSetScore)
	return k, gob.NewDecoder(bytes.NewReader(body)).Decode(k)
}

// setColumn describes a set metric as a column of the table would be.
func setColumn(m PlannedSetMetric, env trial.Env) (trial.Column, error) {
	e := m.Section.Entry
	c := trial.Column{Label: m.Section.Label, Kind: m.Section.Kind, Params: m.Section.Params.Canonical(), Version: m.Section.Info.Version,
		Direction: e.Direction, Low: e.Low, High: e.High, Unit: e.Unit, Group: trial.Learned}
	if needs := m.Metric.Needs(); len(needs) > 0 {
		info, err := env.Model(needs[0].Model)
		if err != nil {
			return c, fmt.Errorf("set metric %s: %w", m.Section.Label, err)
		}
		c.Model, c.Family, c.Training, c.Output = needs[0].Model, info.Family, info.Training, needs[0].Output
		c.Labels, c.Seed, c.Mark = info.Labels, info.Seed, info.Mark
	}
	return c, nil
}

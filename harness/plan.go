package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"sort"

	"probity/internal/stream"
	"probity/internal/trial"
)

// Plan is everything that a run will do, settled before it starts: the sources, the stimuli made of each of them, and the
// metrics that judge them.
type Plan struct {
	Experiment *Experiment
	Classes    bool // every source has a class and there are at least two
	Sources    []*trial.Source
	Donors     *Donors          // over all sources of the data set, whatever the limit
	Perturbs   []PerturbSection // the experiment's, adapted to the data set: other-image where there are no classes, implied controls
	Stimuli    []PlannedStimulus
	Metrics    []PlannedMetric
	SetMetrics []PlannedSetMetric
	Problems   []trial.Problem // pictures that could not be read
	Warnings   []string        // what a reader of the results must know
	Notes      []string        // what the plan added or changed

	Counts Counts
	Cost   Cost
	Power  Power

	masks  map[string]string   // SHA-256 of each mask file of a region
	judged []*trial.Judgements // of the [[human]] sections; nil: not read yet
	suites []*trial.Suite      // of the [[suite]] sections; nil: not made yet
}

// PlannedStimulus is one stimulus of every source. Perturb, Region and Null are indices into Plan.Perturbs and its
// Regions; -1 where they do not apply.
type PlannedStimulus struct {
	Role      trial.Role
	Perturb   int
	Region    int
	Severity  float64
	Replicate int
	Null      int
	Draw      int
	// Edit is the index of the stimulus that a crossed one starts from; -1 for all others.
	Edit int
}

// PlannedMetric is a metric ready to judge, with the table's column that it fills.
type PlannedMetric struct {
	Section MetricSection
	Metric  trial.Metric
	Column  trial.Column
}

// PlannedSetMetric is a metric on sets, ready to compare: for each condition of an edit the set of its stimuli, one of
// every source, with a set of sources.
type PlannedSetMetric struct {
	Section SetMetricSection
	Metric  trial.SetMetric
}

// NewPlan plans the experiment on the sources of a data set. env knows the models.
func NewPlan(x *Experiment, col *trial.Collection, env trial.Env) (*Plan, error) {
	if x.Images.Dataset == "" && len(x.Humans)+len(x.Suites)+len(x.Spaces) > 0 {
		p := &Plan{Experiment: x, Donors: NewDonors(x.Seed, nil)}
		if len(x.Perturbs) > 0 || len(x.SetMetrics) > 0 {
			return nil, fmt.Errorf("%s has [[perturb]] or [[set_metric]] sections but no [images] to make stimuli of", x.Path)
		}
		return p, p.metrics(env)
	}
	if x.Images.Dataset == "" {
		return nil, fmt.Errorf("%s has no [images], so there is nothing to plan stimuli of", x.Path)
	}
	p := &Plan{Experiment: x, Problems: col.Problems}
	if len(col.Sources) == 0 {
		return nil, fmt.Errorf("the data set %s has no picture that can be read%s", x.Images.Dataset, firstProblem(col.Problems))
	}
	p.Donors = NewDonors(x.Seed, col.Sources)
	p.Sources = rankSources(x.Seed, col.Sources)
	if n := x.Images.Limit; n > 0 && n < len(p.Sources) {
		p.Sources = p.Sources[:n:n]
	} else if n > len(p.Sources) {
		p.warn("[images] limit is %d, but there are only %d sources", n, len(p.Sources))
	}
	p.adapt(col.Sources)
	if err := p.checkRegions(); err != nil {
		return nil, err
	}
	for _, s := range x.SetPerturbs {
		if s.Entry.Classes && !p.Classes {
			return nil, fmt.Errorf("the change of sets %s needs pictures of two classes or more: a folder whose sub-folders are classes, or scenes", s.Label)
		}
	}
	p.stimuli()
	if err := p.metrics(env); err != nil {
		return nil, err
	}
	if err := p.checkCaptions(env); err != nil {
		return nil, err
	}
	p.checkSources()
	p.count()
	p.estimate()
	p.power()
	return p, nil
}

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

func (p *Plan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

func firstProblem(problems []trial.Problem) string {
	if len(problems) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d could not be; the first: %s: %s)", len(problems), problems[0].What, problems[0].Reason)
}

// rankSources orders sources by a seeded hash, so that the first 96 contain the first 48 and adding pictures to a data
// set never reorders those that were there. Copies of one picture keep the order of their IDs.
func rankSources(seed uint64, all []*trial.Source) []*trial.Source {
	type ranked struct {
		source *trial.Source
		rank   uint64
	}
	list := make([]ranked, len(all))
	for i, s := range all {
		list[i] = ranked{s, stream.Key{Seed: seed, Source: s.Hash, Step: "limit"}.Rank()}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].rank != list[j].rank {
			return list[i].rank < list[j].rank
		}
		return list[i].source.ID < list[j].source.ID
	})
	out := make([]*trial.Source, len(list))
	for i, r := range list {
		out[i] = r.source
	}
	return out
}

// adapt fits the perturbations to the data set: without classes an anchor is another image and there is no control; with
// them a class swap brings its control.
func (p *Plan) adapt(all []*trial.Source) {
	classes := map[string]int{}
	for _, s := range all {
		classes[s.Class]++
	}
	p.Classes = len(classes) > 1 && classes[""] == 0
	why := "the data set has no classes"
	switch {
	case p.Classes:
	case len(classes) == 1 && classes[""] == 0:
		why = "all sources are of one class"
	case classes[""] > 0 && len(classes) > 1:
		why = fmt.Sprintf("%d of %d sources have no class", classes[""], len(all))
	}
	controlled := false
	for _, s := range p.Experiment.Perturbs {
		controlled = controlled || s.Kind == sameClassSwap
	}
	var implied []PerturbSection
	for _, s := range p.Experiment.Perturbs {
		switch {
		case p.Classes && s.Kind == classSwap && s.Role == trial.Anchor && !controlled:
			if c, ok := simple(sameClassSwap, trial.Control); ok {
				c.Replicates, c.Implied = s.Replicates, true
				implied = append(implied, c)
				controlled = true
				p.note("added %s as the control of %s, with as many replicates (%d)", sameClassSwap, s.Label, c.Replicates)
			}
		case !p.Classes && s.Kind == classSwap:
			c, ok := simple(otherImage, trial.Anchor)
			if !ok {
				break
			}
			p.warn("%s: %s, so the anchor %s is %s and says nothing of a change of class", s.Label, why, s.Label, otherImage)
			c.Role, c.Replicates, c.Regions = s.Role, s.Replicates, s.Regions
			if s.Label != s.Kind {
				c.Label = s.Label
			}
			s = c
		case !p.Classes && s.Kind == sameClassSwap:
			p.warn("%s: left out, since %s", s.Label, why)
			continue
		}
		p.Perturbs = append(p.Perturbs, s)
	}
	p.Perturbs = append(p.Perturbs, implied...)
}

// Kinds of perturbation that the plan knows by name.
const (
	classSwap     = "class-swap"
	sameClassSwap = "same-class-swap"
	otherImage    = "other-image"
)

// simple makes the section of a registered perturbation without an axis, with default parameters.
func simple(kind string, role trial.Role) (PerturbSection, bool) {
	entry, info, err := trial.Perturbations.Get(kind)
	if err != nil {
		return PerturbSection{}, false
	}
	values, made, err := defaults(entry, info)
	if err != nil {
		return PerturbSection{}, false
	}
	return PerturbSection{
		Kind: kind, Label: kind, Role: role, Axis: entry.Axis, Severities: []float64{1}, Replicates: 1,
		Regions: []RegionSpec{wholePicture},
		Steps:   []Step{{Kind: kind, Stream: kind, Params: values, Entry: entry, Info: info, OnAxis: true, Perturbation: made}},
	}, true
}

// stimuli lists what is made of every source, in the order of the table: edits, nulls, edits crossed with nulls, anchors,
// controls.
func (p *Plan) stimuli() {
	edits := p.sweep(trial.Edit)
	for i, s := range p.Perturbs {
		if s.Role != trial.Null {
			continue
		}
		for draw := range s.Draws {
			p.Stimuli = append(p.Stimuli, PlannedStimulus{
				Role: trial.Null, Perturb: -1, Region: -1, Null: i, Draw: draw, Edit: -1,
			})
		}
	}
	for _, e := range edits {
		edit := p.Stimuli[e]
		for i, s := range p.Perturbs {
			if s.Role != trial.Null || !p.crossed(edit.Perturb, i) {
				continue
			}
			for draw := range s.Draws {
				c := edit
				c.Role, c.Null, c.Draw, c.Edit = trial.Crossed, i, draw, e
				p.Stimuli = append(p.Stimuli, c)
			}
		}
	}
	p.sweep(trial.Anchor)
	p.sweep(trial.Control)
}

// sweep adds every region, severity and replicate of the perturbations of one role and returns their indices.
func (p *Plan) sweep(role trial.Role) (added []int) {
	for i, s := range p.Perturbs {
		if s.Role != role {
			continue
		}
		for r := range s.Regions {
			for _, severity := range s.Severities {
				for k := range s.Replicates {
					added = append(added, len(p.Stimuli))
					p.Stimuli = append(p.Stimuli, PlannedStimulus{
						Role: role, Perturb: i, Region: r, Severity: severity, Replicate: k, Null: -1, Edit: -1,
					})
				}
			}
		}
	}
	return added
}

// crossed reports whether any finding wants this edit amid draws of this null.
func (p *Plan) crossed(edit, null int) bool {
	for _, f := range p.Experiment.Findings {
		if findingNeeds[f.Kind].crossed && f.wants("perturb", p.Perturbs[edit].Label) && f.wants("null", p.Perturbs[null].Label) {
			return true
		}
	}
	return false
}

// wants reports whether the finding's list of labels names this one. A list that is empty or that the kind does not have
// means all.
func (f FindingSection) wants(param, label string) bool {
	if _, has := f.Info.Param(param); !has {
		return true
	}
	list := f.Params.Strings(param)
	if len(list) == 0 {
		return true
	}
	for _, l := range list {
		if l == label {
			return true
		}
	}
	return false
}

// Replicates of the random streams. Nulls count down from -1, so that no draw of a null ever shares its numbers with a
// replicate of an edit of the same kind; and the nulls that stand alone and those laid over an edit alternate, so that
// they are independent of each other and do not change with the number of draws.

// EditReplicate is the replicate that the streams of the stimulus' edit are keyed by.
func (s PlannedStimulus) EditReplicate() int { return s.Replicate }

// NullReplicate is the replicate that the streams of the stimulus' null are keyed by. Crossed stimuli of all edits and
// severities share their draws: draw 3 lays the same noise over each of them.
func (s PlannedStimulus) NullReplicate() int {
	if s.Role == trial.Crossed {
		return -(2*s.Draw + 2)
	}
	return -(2*s.Draw + 1)
}

// Draw opens the streams of one step on one source.
func (p *Plan) Draw(src *trial.Source, step string, replicate int) func(purpose string) *stream.Stream {
	return func(purpose string) *stream.Stream {
		return stream.Key{Seed: p.Experiment.Seed, Source: src.Hash, Step: step, Purpose: purpose, Replicate: replicate}.Open()
	}
}

// RegionDraw opens the streams that place regions. They are keyed by no perturbation, so that all edits of a source with
// the same shape and replicate act in the same place and can be compared pair by pair.
func (p *Plan) RegionDraw(src *trial.Source, replicate int) func(purpose string) *stream.Stream {
	return p.Draw(src, "region", replicate)
}

// Stimulus fills what the table says of a planned stimulus before it is made.
func (p *Plan) Stimulus(src *trial.Source, i int) trial.Stimulus {
	s := p.Stimuli[i]
	t := trial.Stimulus{
		Source: src.ID, Hash: src.Hash, Class: src.Class, Cluster: src.Cluster(),
		Role: s.Role, Severity: s.Severity, Replicate: s.Replicate, Draw: s.Draw,
	}
	if s.Perturb >= 0 {
		e := p.Perturbs[s.Perturb]
		t.Perturb, t.Unit = e.Label, e.Axis.Unit
		t.Shape, t.Area = e.Regions[s.Region].Shape, e.Regions[s.Region].Area
	}
	if s.Null >= 0 {
		n := p.Perturbs[s.Null]
		t.Null, t.NullSeverity = n.Label, n.Severities[0]
	}
	return t
}

// checkSources warns where the sources are too few for what is asked of them.
func (p *Plan) checkSources() {
	clusters := p.clusters()
	if detects := p.finds("detection"); detects && clusters < minThresholdSources {
		p.warn("%d independent sources: thresholds are given from %d on", clusters, minThresholdSources)
	}
	if clusters < 20 {
		p.warn("%d independent sources: intervals come from the t distribution, since a bootstrap needs 20 or more", clusters)
	}
	for _, s := range p.Perturbs {
		rule, ok := donorRules[s.Kind]
		if !ok {
			continue
		}
		none, few := 0, 0
		for _, src := range p.Sources {
			switch n := p.Donors.Candidates(src, rule); {
			case n == 0:
				none++
			case n < s.Replicates:
				few++
			}
		}
		if none > 0 {
			p.warn("%s: %d of %d sources have no %s and go without it", s.Label, none, len(p.Sources), rule)
		}
		if few > 0 {
			p.warn("%s: %d of %d sources have fewer than %d donors (%s): some come again", s.Label, few, len(p.Sources), s.Replicates, rule)
		}
	}
}

// checkRegions looks whether the regions that come from masks have them.
func (p *Plan) checkRegions() error {
	p.masks = map[string]string{}
	for _, s := range p.Perturbs {
		for _, r := range s.Regions {
			switch r.Shape {
			case "mask":
				data, err := os.ReadFile(r.Mask)
				if err != nil {
					return fmt.Errorf("perturbation %s: mask of the region: %w", s.Label, err)
				}
				sum := sha256.Sum256(data)
				p.masks[r.Mask] = hex.EncodeToString(sum[:])
			case "object", "background", "ring":
				mask := r.Shape
				if mask == "ring" {
					mask = "object"
				}
				without := 0
				for _, src := range p.Sources {
					if !slices.Contains(src.Masks, mask) {
						without++
					}
				}
				if without == len(p.Sources) {
					return fmt.Errorf("perturbation %s: region %s needs the mask %q, and no source of the data set %s has it", s.Label, r.Shape, mask, p.Experiment.Images.Dataset)
				}
				if without > 0 {
					p.warn("%s: %d of %d sources have no mask %q and go without it", s.Label, without, len(p.Sources), mask)
				}
			}
		}
	}
	return nil
}

// donorRules are the rules of the perturbations whose only matter is the donor.
var donorRules = map[string]trial.DonorRule{
	classSwap: trial.OtherClass, sameClassSwap: trial.SameClass, otherImage: trial.AnyOther,
}

// minThresholdSources is the number of sources from which thresholds are given.
const minThresholdSources = 30

func (p *Plan) finds(kind string) bool {
	for _, f := range p.Experiment.Findings {
		if f.Kind == kind {
			return true
		}
	}
	return false
}

// clusters counts the independent units among the sources.
func (p *Plan) clusters() int {
	seen := map[string]bool{}
	for _, s := range p.Sources {
		seen[s.Cluster()] = true
	}
	return len(seen)
}

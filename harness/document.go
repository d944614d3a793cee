package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"probity/internal/registry"
	"probity/internal/trial"
)

// DocumentVersion is the version of the experiment file that this program reads: `probity = 1`.
const DocumentVersion = 1

// Experiment is an experiment file, checked: every name in it exists, every value is possible, defaults are filled in
// and paths are resolved. What depends on the pictures (are there classes? how many sources?) is settled by NewPlan.
type Experiment struct {
	Version  int
	Name     string // also the name of the run's folder
	Question string
	Seed     uint64
	// OverlongTexts says what is done with a text of more tokens than a model reads: "error", or "cut".
	OverlongTexts string

	Images      ImagesSection
	Metrics     []MetricSection
	SetMetrics  []SetMetricSection
	SetPerturbs []SetPerturbSection
	Perturbs    []PerturbSection
	Findings    []FindingSection
	Hypotheses  []HypothesisSection
	Humans      []HumanSection
	Suites      []SuiteSection
	Spaces      []SpaceSection
	Figures     FigureSection

	Path      string   // of the file, as it was given
	Dir       string   // folder that relative paths in the file are taken from
	Source    []byte   // the file's bytes
	Overrides []string // "key=value", as given with --set, in order
}

// ImagesSection is [images]: where the sources come from. Dataset is "" where the file has no such section, since it is
// about [[human]] judgements or a [[suite]] alone.
type ImagesSection struct {
	Dataset string
	Entry   trial.DatasetEntry
	Info    registry.Info
	Params  registry.Values // the data set's own parameters
	Path    string          // resolved; "" where none was given
	Limit   int             // use the first so many sources by seeded rank; 0: all
	Size    int             // working size in pixels; 0: pictures stay as they are
	Fit     string          // "crop", "squash" or "shorter"
}

// OpenOptions are what the data set is opened with.
func (s ImagesSection) OpenOptions(seed uint64) trial.OpenOptions {
	return trial.OpenOptions{Path: s.Path, Size: s.Size, Fit: s.Fit, Seed: seed}
}

// HumanSection is one [[human]]: a data set with judgements that the metrics are compared with.
type HumanSection struct {
	Label string // unique: the section's name, or the data set's
	ImagesSection
}

// SuiteSection is one [[suite]]: trials whose truth is known by construction, on which the metrics are tried.
type SuiteSection struct {
	Label string // unique: the section's name, or the data set's
	ImagesSection
}

// MetricSection is one [[metric]].
type MetricSection struct {
	Kind   string
	Label  string // unique: the section's name, or made of kind and model
	Params registry.Values
	Entry  trial.MetricEntry
	Info   registry.Info
	Models []string // backbones that its parameters name, but for a kind's own default
	// Implied marks a metric that has no section of its own but is named by a hypothesis.
	Implied bool
}

// SetMetricSection is one [[set_metric]].
type SetMetricSection struct {
	Kind   string
	Label  string
	Params registry.Values
	Entry  trial.SetMetricEntry
	Info   registry.Info
	Models []string
	// Halves: the set is of one half of the sources, the reference is the other half, so that no picture stands in both.
	// Otherwise both are of all sources.
	Halves bool
}

// Single says whether the metric judges one set alone.
func (s SetMetricSection) Single() bool { return s.Entry.Single }

// PerturbSection is one [[perturb]]: an edit, null, anchor or control in all its severities and regions.
type PerturbSection struct {
	Kind       string // of the one step; for a chain the kinds joined by "+"
	Label      string // unique: the section's name, or the kind ("hue", "hue#2")
	Role       trial.Role
	Steps      []Step
	Severities []float64 // as written, without repetition
	Axis       trial.Axis
	Regions    []RegionSpec // one for each shape and area; a single "whole" where none was given
	Replicates int          // of edits, anchors and controls
	Draws      int          // of nulls; 0 for all others
	Implied    bool         // not written in the file but added by the plan
}

// Step is one step of a PerturbSection. Every section has at least one; a chain has several.
type Step struct {
	Kind   string
	Stream string // name that the step's random streams are keyed by: the kind, "kind#2" for its second use in a chain
	Params registry.Values
	Entry  trial.PerturbationEntry
	Info   registry.Info
	// OnAxis marks the one step that takes the section's severity; all others act at their own, Severity.
	OnAxis   bool
	Severity float64

	Perturbation trial.Perturbation
}

// FindingSection is one [[finding]].
type FindingSection struct {
	Kind   string
	Params registry.Values
	Info   registry.Info
}

// HypothesisSection is one [[hypothesis]]: a contrast declared before the run.
type HypothesisSection struct {
	Name     string // "" where none was given
	Finding  string // kind of a [[finding]] of the same file
	Contrast string // as written: "A - B", or "A" alone
	Metric   string // label of A
	Against  string // label of B; "" where A is judged alone
	At       Condition
	// SmallestEffect is the smallest difference that would matter, in the finding's own unit.
	SmallestEffect float64
}

// Condition picks the stimuli that a hypothesis is about. Zero values do not restrict.
type Condition struct {
	Perturb     string  // label of a [[perturb]]
	Null        string  // label of a [[perturb]] of role null
	Shape       string  // region shape
	Severity    float64 // of the perturbation
	Area        float64 // of the region
	HasSeverity bool    // Severity was given
	HasArea     bool    // Area was given
}

// FigureSection is [figures]: how the report's figures are drawn.
type FigureSection struct {
	Formats []string // "pdf", "svg", "png"
	Width   string   // "column" or "page"
	Only    []string // kinds of finding to draw; empty: all
	Axis    string   // what edits are put on: "severity", or what was realised, as in "realised.de00"
}

// LoadOptions are what the command line adds to an experiment file.
type LoadOptions struct {
	// Images replaces images.path; relative to the working directory. "" leaves it.
	Images string
	// Set are overrides "key=value": a dotted path into the file and a TOML value. An element of an array of tables is
	// named by its place from 0, its name or its kind: "perturb.hue.severity=[1, 2]".
	Set []string
	// Env knows the models. Where it is nil, models and outputs are not looked up until NewPlan.
	Env trial.Env
	// Findings are the kinds of [[finding]] that exist; a *registry.Registry is one.
	Findings FindingKinds
}

// FindingKinds describes what [[finding]] may name.
type FindingKinds interface {
	Names() []string
	Info(name string) (registry.Info, error) // the error names the nearest kind
}

// Load reads and checks an experiment file. The error is a *DocumentErrors, with every problem at once, unless the file
// cannot be read.
func Load(path string, opt LoadOptions) (*Experiment, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no experiment file %s; `probity init %s` writes one to start from", path, filepath.ToSlash(path))
		}
		return nil, fmt.Errorf("reading the experiment: %w", err)
	}
	return Parse(path, src, opt)
}

// Parse checks an experiment file's bytes. name stands in the messages, and relative paths are taken from its folder.
// The error is a *DocumentErrors.
func Parse(name string, src []byte, opt LoadOptions) (*Experiment, error) {
	d := newDocument(name, src)
	x := &Experiment{Path: name, Dir: filepath.Dir(name), Source: src, Overrides: opt.Set}
	if d.decode() {
		for _, set := range opt.Set {
			d.override(set)
		}
		d.read(x, opt)
	}
	if len(d.errs) > 0 {
		return nil, d.failure()
	}
	return x, nil
}

// Perturb finds a section by label, or -1.
func (x *Experiment) Perturb(label string) int {
	for i := range x.Perturbs {
		if x.Perturbs[i].Label == label {
			return i
		}
	}
	return -1
}

// Metric finds a section by label, or -1.
func (x *Experiment) Metric(label string) int {
	for i := range x.Metrics {
		if x.Metrics[i].Label == label {
			return i
		}
	}
	return -1
}

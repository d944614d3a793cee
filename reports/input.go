package reports

import (
	"encoding/json"

	"probity/internal/registry"
	"probity/internal/trial"
)

// Input is what a report is made of.
type Input struct {
	Table      *trial.Table
	Experiment Experiment
	Human      []Judged        // judgements with the metrics' scores of the same items; none: no finding on agreement
	Suites     []Suite         // trials whose truth is known; none: no finding on compliance
	Ladder     *Ladder         // models trained on more or less data of better or worse quality; nil: no finding on exchange rates
	Responses  []*Responses    // responses of a design that were measured elsewhere, one a null; none: a decomposition takes them from Table
	Exhibits   []Exhibit       // pictures that the report shows; none: no strips and no gallery
	Manifest   json.RawMessage // shown folded at the end of the page; nil: left out
	Options    Options
}

// Experiment is what the report needs to know of the experiment.
type Experiment struct {
	Name       string
	Question   string
	Text       string // the experiment file, shown folded at the end of the page
	Seed       uint64
	Dataset    string // name of the data set
	Noun       string // what a source is: "photograph", "rendered scene"; "" means "source"
	Sources    int    // sources planned, whether or not they could be read
	HasClasses bool   // sources have classes: an anchor is a change of class. Otherwise it is another image
	Perturbs   []Perturb
	Hypotheses []Hypothesis
	Findings   []Request
	Axis       string   // what edits are put on: a name in Measures; "" is their own severity
	Warnings   []string // of the plan: what a reader must know whatever the finding
}

// Perturb describes one [[perturb]] section by the label that stands in the table.
type Perturb struct {
	Label string
	Kind  string
	Role  trial.Role
	Axis  trial.Axis
}

// Request asks for one finding.
type Request struct {
	Kind   string
	Params registry.Values // checked against the kind's registry.Info; the zero Values takes every default
}

// Hypothesis is a contrast declared before the run: Metric minus Against, or Metric alone against chance. Of the finding
// "decomposition" Metric is the name of an effect, At.Perturb that of a response.
type Hypothesis struct {
	Name           string // "" where none was given
	Finding        string // kind of finding whose estimate is contrasted: "detection", "salience", "sensitivity"
	Contrast       string // as written
	Metric         string // label of a column
	Against        string // label of a column; "" where Metric is judged alone
	At             Condition
	SmallestEffect float64 // smallest difference that would matter, in the finding's unit
}

// Condition picks the cells that a hypothesis is about. What is not given does not restrict: the estimate is then the
// mean over all cells that fit.
type Condition struct {
	Perturb     string
	Null        string
	Shape       string
	Severity    float64
	Area        float64
	HasSeverity bool
	HasArea     bool
}

// Exhibit is one picture that the report may show.
type Exhibit struct {
	Stimulus trial.Stimulus
	Original bool               // the source itself
	Scores   map[string]float64 // by metric label
	PNG      []byte

	Contested          bool         // shown because metrics disagree about it; comes after its source
	Maps               []ExhibitMap // where metrics see the difference
	Outline            []uint8      // the edited region, OutlineW x OutlineH, 1 inside; nil: everywhere
	OutlineW, OutlineH int
}

// ExhibitMap is a metric's map of an exhibit, in the metric's own grid and direction, rows from the top.
type ExhibitMap struct {
	Metric string // label of a column
	W, H   int
	V      []float64
}

// Options say how results are rendered. They change no number but Level's intervals and Resamples' digits.
type Options struct {
	Formats []string // of figures: "pdf", "svg", "png"; none means all three
	Width   string   // "column" or "page"; "" means "page"
	Titles  bool     // print titles above figures
	Only    []string // kinds of finding whose figures and tables are written; none means all

	Level     float64 // of intervals; 0 means 0.95
	Resamples int     // bootstrap resamples; 0 means 2000, of agreement with people 10,000
	Cache     string  // folder where findings are kept between renderings; "" means the folder that is written
	Workers   int     // findings computed at a time; 0 means one a core. No result depends on it
	// Progress, where it is set, is told of the statistics on agreement: of how many in all some more are done. It is
	// called from several goroutines.
	Progress func(total, done int)
}

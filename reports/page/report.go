package page

import "probity/reports/figure"

// Report is everything that a page shows. Empty parts are left out.
type Report struct {
	Name     string // of the experiment
	Question string
	Answer   string   // one sentence (or two) with its interval
	Scope    string   // what the answer holds for: "these 2 networks, 48 photographs"
	Facts    []Fact   // a few numbers for the head: sources, stimuli, metrics, seed
	Warnings []string // of the run as a whole
	Sections []Section
	Stimuli  []Stimulus
	// Experiment is the experiment file's text; Environment what it ran on. Both are folded at the end.
	Experiment  string
	Environment []Fact
	Skipped     []string // what was not done, and why
}

// Fact is a name with its value.
type Fact struct{ Name, Value string }

// Section is one finding: its sentence, figures and tables.
type Section struct {
	ID          string // anchor; "" makes one of the title
	Title       string
	Answer      string   // the finding in a sentence with number and interval
	Text        []string // further paragraphs; of several, folded: how it was computed
	Warnings    []string
	Exploratory bool
	Figures     []*figure.Figure // SVG is shown; a figure with only a PNG is shown as that
	Tables      []Table
}

// Table can be sorted by any column and filtered by text.
type Table struct {
	Title   string
	Caption string
	Columns []Column
	Rows    []Row
	Notes   []string // footnotes, printed below
}

// Column is one column of a table.
type Column struct {
	Title   string // with its direction arrow and unit
	Numeric bool   // right-aligned and sorted by Cell.Value
}

// Row is one row of a table. Series is the metric's label: hovering the row highlights the metric in the figures.
type Row struct {
	Series string
	Cells  []Cell
}

// Cell is one cell of a table.
type Cell struct {
	Text  string
	Value float64 // for sorting numeric columns; NaN sorts last
	Bold  bool    // significantly best
	Note  string  // footnote sign and text for the hover: "1"
}

// Stimulus is one edited picture for the gallery.
type Stimulus struct {
	Title         string // "disc 4 %, hue 10 ΔE00"
	Perturb       string // the gallery filters by it
	Source        string
	Severity      string
	Before, After []byte // PNG or JPEG
	Facts         []Fact // realised difference, region
	Flags         []string
	Scores        []Score
}

// Score is one metric's verdict on a stimulus.
type Score struct {
	Label, Family string
	Text          string  // "0.132"
	Rank          float64 // percentile 0..1 among all stimuli shown or run; NaN: none
}

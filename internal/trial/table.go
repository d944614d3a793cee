package trial

// Role says what a stimulus is for.
type Role string

// The roles of a stimulus.
const (
	Edit    Role = "edit"    // the change under study
	Null    Role = "null"    // a change nobody should be asked to notice
	Crossed Role = "crossed" // an edit followed by an independent draw of a null
	Anchor  Role = "anchor"  // a change of class
	Control Role = "control" // the anchor's control: another image of the same class
	None    Role = "none"    // nothing was done: the base that sets are compared from
	SetEdit Role = "set"     // a change of which pictures a set has
)

// Stimulus is one row of the table: what was shown. Scores are kept apart, one column a metric.
type Stimulus struct {
	Source  string // source ID
	Hash    string // source hash
	Class   string
	Cluster string
	Role    Role

	// The edit (or anchor, or control). Empty for a null alone.
	Perturb   string  // label of the [[perturb]] section
	Severity  float64 // as asked
	Unit      string
	Shape     string  // region shape: "whole", "disc", ...
	Area      float64 // region area asked, fraction of the picture; 1 for whole
	Replicate int

	// The null, for roles Null and Crossed.
	Null         string
	NullSeverity float64
	Draw         int // 0-based draw of the null

	Donors      []string // source IDs
	Instruction string
	// Captions before and after the edit, where they are known.
	SourceCaption, TargetCaption string
	Realised                     Realised
	// Visible gives, for each model whose preprocessing was looked at, the fraction of the edited region that is left
	// in its input; a model that crops the borders away may see none of the edit.
	Visible map[string]float64
	Flags   []Flag
}

// Column describes one metric of a table.
type Column struct {
	Label     string // unique in the table: "patch-cosine(mobilenetv2-1.0)"
	Kind      string // registered name
	Params    string // canonical parameters
	Version   int
	Direction Direction
	Low, High float64
	Unit      string
	Group     Group
	Model     string // backbone; "" for a classical metric
	Family    string // of the backbone: "cnn", "vit"
	Training  string // of the backbone
	Labels    string // of the backbone: what its labels or captions told, where it is one of a design
	Seed      int    // of the backbone, where Labels is not ""
	Mark      string // of the backbone: what to know before it is used
	Output    string // layer
	Pool      string // "pooled" for pooled features, "mean", "max", "top5%" for position-wise metrics; "" classical
	Twin      string // label of the column computed on the untrained twin; "" where there is none
	Control   string // label of the column that is this one's pixel control; "" where there is none
}

// Table holds every score of a run, wide: Score[metric][stimulus]. A score that could not be computed is NaN and its
// reason stands in Problems.
type Table struct {
	Stimuli  []Stimulus
	Columns  []Column
	Score    [][]float64
	Problems []Problem

	// What set metrics say, one row a metric and condition, and what is known of each set metric.
	Sets       []SetRow
	SetColumns []Column

	// What was measured of the joint spaces of image and text towers.
	Spaces []Space
}

// SetRow is the comparison of one condition's set, one stimulus of every source, with the set of its sources.
type SetRow struct {
	Metric   string // label in SetColumns
	Role     Role
	Perturb  string // label of the [[perturb]] section, for a null too
	Severity float64
	Unit     string // of Severity
	Shape    string
	Area     float64
	N        int // members of each set

	Value, Low, High float64 // NaN where there is none
	Level            float64
	Method           string // of the interval
	Warnings         []string
	Replicates       []float64 // see SetScore
	Problem          string    // why there is no value
}

// Column finds a metric's index by label, or -1.
func (t *Table) Column(label string) int {
	for i, c := range t.Columns {
		if c.Label == label {
			return i
		}
	}
	return -1
}

// Oriented returns column m so that larger always means more different: similarities are negated.
func (t *Table) Oriented(m int) []float64 {
	col := t.Score[m]
	if t.Columns[m].Direction != Similarity {
		return col
	}
	out := make([]float64, len(col))
	for i, v := range col {
		out[i] = -v
	}
	return out
}

package trial

import (
	"context"
	"fmt"
	"sync"

	"probity/internal/raster"
	"probity/internal/registry"
)

// Trial is what a metric judges: an input picture, a requirement in words, an output picture, and what goes with them.
// For an image pair the input is the reference and the output the distorted picture. Input and Output have the same
// size, unless the metric's entry says that it accepts others.
type Trial struct {
	Input         *raster.Image
	Output        *raster.Image
	Requirement   string
	SourceCaption string
	TargetCaption string
	References    []string     // reference captions, for RefCLIPScore
	Mask          *raster.Mask // where the edit was allowed to act; nil where not known

	// Realised is what was measured of Output against Input already, over the whole picture too; nil where nothing was.
	Realised *Realised

	// Features holds one tensor for each of the metric's Needs, in that order.
	Features []*Tensor
	// Memo keeps what a metric computes of Input alone, so that a reference with many outputs pays once. May be nil.
	Memo *Memo
}

// Memo is a small cache for one input picture. Keys name the metric and the quantity.
type Memo struct {
	mu sync.Mutex
	m  map[string]any
}

// Remember returns the value of make from the first call with this key. A nil Memo computes every time.
func Remember[T any](m *Memo, key string, make func() T) T {
	if m == nil {
		return make()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.m[key]; ok {
		return v.(T)
	}
	v := make()
	if m.m == nil {
		m.m = map[string]any{}
	}
	m.m[key] = v
	return v
}

// Part says which part of a trial a feature is computed of.
type Part string

// The parts of a trial.
const (
	OfInput         Part = "input"
	OfOutput        Part = "output"
	OfRequirement   Part = "requirement"
	OfSourceCaption Part = "source caption"
	OfTargetCaption Part = "target caption"
	// OfReferences asks for the embeddings of all reference captions: one tensor of layout Tokens, [R, C], a row each.
	OfReferences Part = "references"
)

// Text reports whether the part is words.
func (p Part) Text() bool { return p != OfInput && p != OfOutput }

// Request asks for one feature of one part of a trial.
type Request struct {
	Part   Part
	Model  string // a backbone's name
	Output string // one of its outputs; InputTensor is the preprocessed picture itself, "text" the text tower's embedding
	// Native asks for the picture at its own size, neither resized nor cropped, whatever the manifest's preprocessing
	// says (LPIPS, DISTS). Only models with a dynamic height and width can do this.
	Native bool
}

// InputTensor names the pseudo-output that every image tower has: the tensor that preprocessing made, [C,H,W] before
// normalisation (scaled to 0..1), which is all that the model can see of a picture.
const InputTensor = "input"

// Layout says how a tensor's numbers are arranged.
type Layout string

// The layouts of a feature.
const (
	Pooled Layout = "pooled" // [C]
	Grid   Layout = "map"    // [C,H,W]
	Tokens Layout = "tokens" // [Prefix+H*W, C], prefix tokens first, then rows of the patch grid from the top
)

// Tensor is one feature of one picture or text.
type Tensor struct {
	Layout Layout
	Shape  []int
	Data   []float32
	// H and W are the patch grid's size for Grid and Tokens; Prefix counts the tokens before the grid.
	H, W, Prefix int
}

// Channels is the length of one position's vector.
func (t *Tensor) Channels() int {
	switch t.Layout {
	case Grid:
		return t.Shape[0]
	case Tokens:
		return t.Shape[1]
	}
	return len(t.Data)
}

// Position copies the vector at grid place i (row-major, 0 <= i < H*W) into dst, which has Channels() elements.
// A Pooled tensor has the single position 0.
func (t *Tensor) Position(i int, dst []float64) {
	switch t.Layout {
	case Grid:
		n := t.H * t.W
		for c := range dst {
			dst[c] = float64(t.Data[c*n+i])
		}
	case Tokens:
		row := t.Data[(t.Prefix+i)*len(dst) : (t.Prefix+i+1)*len(dst)]
		for c, v := range row {
			dst[c] = float64(v)
		}
	default:
		for c, v := range t.Data {
			dst[c] = float64(v)
		}
	}
}

// Positions is H*W, or 1 for a Pooled tensor.
func (t *Tensor) Positions() int {
	if t.Layout == Pooled {
		return 1
	}
	return t.H * t.W
}

// Direction says what a larger value means.
type Direction string

// The directions of a metric.
const (
	Distance   Direction = "distance"   // larger is more different, 0 (or the range's low end) is the same
	Similarity Direction = "similarity" // larger is more alike, or better
)

// Group is the group of metrics that figures colour and dash alike.
type Group string

// The groups of metrics. A metric on a backbone takes its group from the backbone's family at run time.
const (
	Classical    Group = "classical" // from pixels alone
	Learned      Group = "learned"   // on a backbone
	PixelControl Group = "control"   // pixel distance on a model's input tensor
	TextImage    Group = "text-image"
	Triplet      Group = "triplet" // input, requirement and output
	External     Group = "external"
)

// MetricEntry is what a metric registers.
type MetricEntry struct {
	Direction Direction
	Low, High float64 // range; ±Inf where unbounded
	Unit      string
	Symmetric bool // d(a,b) = d(b,a)
	Group     Group
	AnySize   bool // Input and Output may differ in size
	// New makes the metric; params have been checked against its registry.Info. env looks up models and assets.
	New func(params registry.Values, env Env) (Metric, error)
}

// Metrics holds every metric on trials; metrics fills it.
var Metrics = registry.New[MetricEntry]("metric")

// Metric scores trials. It is a pure function of the trial and safe for concurrent use.
type Metric interface {
	// Needs are the features to hand over in Trial.Features; nil for a classical metric.
	Needs() []Request
	Score(t *Trial) (Score, error)
}

// Score is a metric's verdict on one trial.
type Score struct {
	Value float64
	Map   *raster.Map // where the difference lies, in the metric's own grid; nil where the metric has none
}

// Env lets a metric's constructor look at what is installed.
type Env interface {
	// Model describes a backbone, or says that there is none (with the nearest name and how to get it).
	Model(name string) (ModelInfo, error)
	// Asset reads a file that belongs to models, such as lpips_lin/alex.json, from the model folders.
	Asset(name string) ([]byte, error)
}

// ModelInfo is what metrics and findings may know of a backbone.
type ModelInfo struct {
	Name     string
	Family   string // "cnn", "vit"
	Training string // "classes", "attributes", "contrastive", "self-supervised", "none"
	Data     string // what it was trained on
	Labels   string // what its labels or captions told of a picture: "none", "class", "partial", "all"; "" where it is not one of a design
	Seed     int    // which of the models that differ in nothing else, where Labels is not ""
	Mark     string // what to know before it is used, such as that its training was cut short; "" where nothing is
	Twin     string // name of its untrained twin; "" where there is none
	Outputs  []OutputInfo
	Text     bool    // it has a text tower
	Logit    float64 // logit scale of a contrastive pair; 0 where it has none
	// Fit and Keeps say which part of a picture its input shows: "crop" the centred square whose side is Keeps times the
	// picture's shorter side, "squash" and "asis" the whole picture, "" not known.
	Fit   string
	Keeps float64
}

// OutputInfo describes one output of an image tower.
type OutputInfo struct {
	Name   string
	Layout Layout
	Doc    string
}

// Output finds an output by name; the error lists those that exist.
func (m ModelInfo) Output(name string) (OutputInfo, error) {
	var names []string
	for _, o := range m.Outputs {
		if o.Name == name {
			return o, nil
		}
		names = append(names, o.Name)
	}
	hint := ""
	if near := registry.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return OutputInfo{}, fmt.Errorf("model %s has no output %q, it has %q%s", m.Name, name, names, hint)
}

// SetMetricEntry is what a metric on two sets registers.
type SetMetricEntry struct {
	Direction Direction
	Low, High float64
	Unit      string
	Single    bool // judges the one set alone (Inception Score, Vendi score)
	New       func(params registry.Values, env Env) (SetMetric, error)
}

// SetMetrics holds every metric on sets; metrics fills it.
var SetMetrics = registry.New[SetMetricEntry]("set metric")

// SetMetric compares two sets of pictures by their features.
type SetMetric interface {
	// Needs are the features wanted of every member; their Part is OfOutput.
	Needs() []Request
	// Reduce compares a with the reference b (empty for a Single metric). seed drives subsampling.
	Reduce(ctx context.Context, a, b Set, seed uint64) (SetScore, error)
}

// Set holds the features of N members: for each of the metric's Needs a row-major N x D matrix.
type Set struct {
	N        int
	Features []Matrix
	Clusters []string // N labels of the unit that statistics resample; nil: every member is its own
}

// Matrix is row-major, Rows x Cols. Where the feature is a map or tokens a row is the flattened tensor, and Layout, H, W
// and Prefix say how, as in Tensor; they are zero for a pooled feature.
type Matrix struct {
	Rows, Cols   int
	Data         []float32
	Layout       Layout
	H, W, Prefix int
}

// SetScore is a set metric's verdict with its interval.
type SetScore struct {
	Value     float64
	Low, High float64 // NaN where none can be given
	Level     float64 // of the interval, 0.95
	Method    string  // "delete-d jackknife", "subsampling without replacement"
	Warnings  []string
	// Replicates spread as the value would from sample to sample: their variance is its squared standard error. Those of two
	// conditions of one metric are paired where the conditions hold the same units. nil where the method makes none.
	Replicates []float64
}

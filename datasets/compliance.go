package datasets

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

// complianceVersion is the version of the suite's trials: the same version and part are the same trials for ever, as the
// committed hash in testdata/datasets/compliance.json says. Whatever changes a pixel or a word needs another version.
const complianceVersion = 1

// compliancePart is one part of the suite: scenes that no other part holds.
type compliancePart struct {
	name   string
	seed   uint64
	scenes int
}

// complianceParts are disjoint from each other and from the scenes that the bundled models were trained on by their seeds.
var complianceParts = []compliancePart{{"dev", 20261201, 100}, {"test", 20261202, 200}}

// complianceKinds are the kinds of failure, in the order of the matrix: first those in which the contexts differ in words.
var complianceKinds = []trial.SuiteKind{
	{Name: "nothing-done", Doc: "nothing was done; right where the requirement holds already"},
	{Name: "wrong-attribute", Doc: "another colour, texture or shape than was asked for"},
	{Name: "wrong-object", Doc: "the change was made to another object"},
	{Name: "wrong-place", Doc: "the ground was changed in place of the object, or the object in place of the ground"},
	{Name: "over-done", Doc: "moved by another amount than the requirement gives"},
	{Name: "typographic", Doc: "the words were written on the picture in place of the change"},
	{Name: "negated", Doc: "what the requirement says not to do", Wording: true},
	{Name: "paraphrased", Doc: "wrong attribute, the requirement in other words", Wording: true},
	{Name: "collateral", Doc: "as asked, with damage elsewhere"},
	{Name: "identity-lost", Doc: "as asked, of another scene that has the same caption"},
}

// The severities of collateral damage: mean CIEDE2000 inside a disc of the ground, and how far a small object was moved.
var (
	stainSeverities = []float64{2, 5, 10, 20}
	movedSeverities = []float64{.05, .1, .2}
)

func init() {
	var names, parts []string
	for _, k := range complianceKinds {
		names = append(names, k.Name)
	}
	for _, p := range complianceParts {
		parts = append(parts, p.name)
	}
	trial.Datasets.Add(registry.Info{
		Name: "compliance",
		Doc:  "a frozen suite of edits whose truth is known: does a metric tell the right output of a requirement from a wrong one",
		Long: "Quads of rendered scenes: two contexts (input, requirement, captions) and two outputs, each right in one context and wrong in the other. " +
			"Where the contexts differ in words alone, a metric of input and output is right in exactly half; where they differ in the input alone, so is a " +
			"metric of words and output. docs/compliance.md describes each kind of failure, the controls, and how to bring a metric or an editor. " +
			"The parts are frozen: version and part name the same trials for ever. It stands in a `[[suite]]`.",
		Version: complianceVersion,
		Params: []registry.Param{
			{Name: "version", Type: registry.Int, Default: complianceVersion, Min: 1, Max: complianceVersion, Doc: "version of the trials; this program has the one"},
			{Name: "part", Type: registry.String, Default: "dev", Enum: parts, Doc: "`dev` (100 scenes) to choose metrics and settings by, `test` (200) to report, once"},
			{Name: "kinds", Type: registry.Strings, Enum: names, Doc: "kinds of failure; all where none is named"},
			{Name: "count", Type: registry.Int, Min: 0, Max: math.Inf(1), Default: 0, Doc: "use the first so many scenes; 0 is all of the part, which is what can be cited"},
		},
	}, trial.DatasetEntry{Suite: openCompliance})
}

// openCompliance makes the suite; pictures are rendered when they are wanted.
func openCompliance(ctx context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Suite, error) {
	size := opt.Size
	if size == 0 {
		size = 64
	}
	if size < 32 {
		return nil, fmt.Errorf("the suite compliance needs a size of at least 32 pixels, got %d", size)
	}
	at := slices.IndexFunc(complianceParts, func(p compliancePart) bool { return p.name == params.String("part") })
	part := complianceParts[at]
	n := part.scenes
	if c := params.Int("count"); c > n {
		return nil, fmt.Errorf("the suite compliance has %d scenes in its part %s, count asks for %d", n, part.name, c)
	} else if c > 0 {
		n = c
	}
	s := &trial.Suite{Name: "compliance", Version: complianceVersion, Part: part.name, Noun: "rendered scene"}
	if n < part.scenes {
		s.Notes = append(s.Notes, fmt.Sprintf("the first %d of the %d scenes of part %s: not the whole part, which alone can be cited", n, part.scenes, part.name))
	}
	wanted := params.Strings("kinds")
	for _, k := range complianceKinds {
		if len(wanted) == 0 || slices.Contains(wanted, k.Name) {
			s.Kinds = append(s.Kinds, k)
		}
	}
	for index := 0; len(s.Sources) < n; index++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		q, err := newSuiteScene(part, index, len(s.Sources), size)
		if err != nil {
			return nil, err
		}
		if q == nil {
			continue
		}
		src := trial.SuiteSource{ID: q.name(""), Hash: q.picture(q.scene).Hash()}
		for _, quad := range q.quads {
			if len(wanted) == 0 || slices.Contains(wanted, quad.Kind) {
				src.Quads = append(src.Quads, quad)
			}
		}
		s.Sources = append(s.Sources, src)
	}
	return s, nil
}

// suiteScene is one scene of a part with its quads.
type suiteScene struct {
	part  string
	rank  int // place in the part: variants take turns by it
	size  int
	scene *Scene
	draw  *stream.Stream
	quads []trial.Quad
}

// newSuiteScene makes scene number index of a part. It is nil where the scene does not fit: an object that words cannot name
// alone, or no room for what has to be moved or stained.
func newSuiteScene(part compliancePart, index, rank, size int) (*suiteScene, error) {
	opt := DefaultSceneOptions(part.seed)
	opt.Objects = [2]int{2, 3}
	q := &suiteScene{part: part.name, rank: rank, size: size, scene: NewScene(opt, index),
		draw: stream.Key{Seed: part.seed, Step: "compliance", Purpose: "edits", Replicate: index}.Open()}
	if !q.named() {
		return nil, nil
	}
	for _, k := range []func() bool{q.nothingDone, q.attribute, q.wrongObject, q.wrongPlace, q.overDone, q.typographic, q.negated, q.collateral, q.identityLost} {
		if !k() {
			return nil, nil
		}
	}
	return q, nil
}

// named reports whether there are two objects or more and each can be named by its shape, and by its colour, alone.
func (q *suiteScene) named() bool {
	o := q.scene.Objects
	for i := range o {
		for j := range i {
			if o[i].Shape == o[j].Shape || o[i].Colour == o[j].Colour {
				return false
			}
		}
	}
	return len(o) >= 2
}

func (q *suiteScene) name(kind string) string {
	s := fmt.Sprintf("%s-%03d", q.part, q.rank)
	if kind != "" {
		s += "-" + kind
	}
	return s
}

func (q *suiteScene) picture(sc *Scene) *suitePicture { return &suitePicture{Scene: sc, size: q.size} }

// with is the scene with something done to a copy of it.
func (q *suiteScene) with(change func(sc *Scene)) *Scene {
	c := q.scene.clone()
	change(c)
	return c
}

// other draws a value that is none of not.
func (q *suiteScene) other(list []string, not ...string) string {
	for {
		if v := list[q.draw.IntN(len(list))]; !slices.Contains(not, v) {
			return v
		}
	}
}

// colours are those that the objects have.
func (q *suiteScene) colours() []string {
	var out []string
	for _, o := range q.scene.Objects {
		out = append(out, o.Colour)
	}
	return out
}

// shapes are those that the objects have.
func (q *suiteScene) shapes() []string {
	var out []string
	for _, o := range q.scene.Objects {
		out = append(out, o.Shape)
	}
	return out
}

// side is one context with the output that is right in it. The target caption is the output's own unless it is given.
type side struct {
	input   *suitePicture
	output  *suitePicture
	words   string
	allowed *suiteRegion
}

func (q *suiteScene) add(kind, suffix, variant string, severity float64, unit string, a, b side) {
	quad := trial.Quad{Name: q.name(kind + suffix), Kind: kind, Variant: variant, Severity: severity, Unit: unit}
	for i, s := range []side{a, b} {
		s.allowed.size = q.size
		quad.Contexts[i] = trial.Context{Input: s.input, Requirement: s.words, SourceCaption: s.input.Caption(), TargetCaption: s.output.Caption(), Allowed: s.allowed}
		quad.Outputs[i] = s.output
	}
	q.quads = append(q.quads, quad)
}

// on is a context on the scene itself whose edit makes it sc.
func (q *suiteScene) on(sc *Scene, words string, region suiteRegion) side {
	region.Scenes = []*Scene{q.scene}
	return side{q.picture(q.scene), q.picture(sc), words, &region}
}

var mainObject = suiteRegion{Objects: []int{0}}

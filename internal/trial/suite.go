package trial

import (
	"context"

	"probity/internal/raster"
	"probity/internal/registry"
)

// A Suite is a set of trials whose truth is known by construction, since their outputs were made by known edits. Its unit is
// the quad: two contexts and two outputs, each of which is right in one of them and wrong in the other. A metric that does not
// look at what differs between the contexts prefers the same output in both, and is right in exactly one.
type Suite struct {
	Name    string // of the data set: "compliance"
	Version int    // the same version and part are the same trials for ever
	Part    string // "dev", "test"; "" where there is one part
	Noun    string // what a source is: "rendered scene"
	Kinds   []SuiteKind
	Sources []SuiteSource
	Notes   []string // what a reader of the results must know
}

// SuiteKind is one kind of failure that an edit may have.
type SuiteKind struct {
	Name string // "wrong-place"
	Doc  string // what the wrong output did, a few words
	// Wording marks kinds that are about how the requirement is worded: captions tell the outcome in plain words.
	Wording bool
}

// SuiteSource is the picture that quads stem from: the unit of statistics. All sources of a suite have the same quads in the
// same order.
type SuiteSource struct {
	ID    string
	Hash  string // hex SHA-256
	Quads []Quad
}

// A Quad is two contexts and two outputs: Outputs[i] is right in Contexts[i] and wrong in the other.
type Quad struct {
	Name     string // unique in the suite, the same on every machine: "dev-007-wrong-place"
	Kind     string
	Variant  string  // which form of the kind: "colour"; quads at one place of all sources may differ in it
	Severity float64 // of graded kinds; 0 where there is none
	Unit     string
	Contexts [2]Context
	Outputs  [2]Depiction
}

// Context is what an output is judged in.
type Context struct {
	Input         Depiction
	Requirement   string
	SourceCaption string
	TargetCaption string
	Allowed       Region // where the edit may act
}

// Differ are the parts of a trial that differ between the contexts.
func (q *Quad) Differ() []Part {
	a, b := &q.Contexts[0], &q.Contexts[1]
	var out []Part
	for _, d := range []struct {
		part   Part
		differ bool
	}{{OfInput, a.Input.Hash() != b.Input.Hash()}, {OfRequirement, a.Requirement != b.Requirement}, {OfSourceCaption, a.SourceCaption != b.SourceCaption},
		{OfTargetCaption, a.TargetCaption != b.TargetCaption}} {
		if d.differ {
			out = append(out, d.part)
		}
	}
	return out
}

// Depiction is a picture of a suite, made when it is wanted. Implementations are safe for concurrent use.
type Depiction interface {
	Hash() string    // hex SHA-256 of everything that its pixels depend on
	Caption() string // what it shows, in words
	Render(ctx context.Context) (*raster.Image, error)
	// Again is the same once more, photograph number draw from 1: a change nobody should be asked to notice.
	Again(draw int) Depiction
}

// Region is a mask of a suite, made when it is wanted.
type Region interface {
	Hash() string
	Mask(ctx context.Context) (*raster.Mask, error)
}

// SuiteFunc makes a suite.
type SuiteFunc func(ctx context.Context, params registry.Values, opt OpenOptions) (*Suite, error)

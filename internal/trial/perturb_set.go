package trial

import (
	"probity/internal/registry"
	"probity/internal/stream"
)

// SetPerturbationEntry is what a perturbation of sets registers.
type SetPerturbationEntry struct {
	Axis    Axis
	Classes bool // it needs sources with classes
	Pool    bool // it takes members from outside the set
	New     func(params registry.Values) (SetPerturbation, error)
}

// SetPerturbations holds every perturbation of sets; perturb fills it.
var SetPerturbations = registry.New[SetPerturbationEntry]("set perturbation")

// SetPerturbation changes which members a set has, not the members themselves. It is safe for concurrent use.
type SetPerturbation interface {
	// Apply gives the members after the change. Severity 0 gives all of in.Members in their order.
	Apply(in *SetInput, severity float64) (*SetOutcome, error)
}

// SetInput is what a perturbation of sets is given.
type SetInput struct {
	Members   []*Source // the set under test
	Pool      []*Source // others that may come in; none of them is in Members
	Reference []*Source // the set that it is compared with, for attacks that look at it; may be nil
	// Draw opens the stream for one purpose, keyed by experiment seed, set, step and replicate.
	Draw func(purpose string) *stream.Stream
}

// SetOutcome is a set after the change.
type SetOutcome struct {
	Picks []Pick
	Flags []Flag
}

// Pick is one member of a set: an index into Members, or into Pool.
type Pick struct {
	Pool  bool
	Index int
}

package trial

import (
	"probity/internal/registry"
	"probity/internal/stream"
)

// TextPerturbationEntry is what a perturbation of words registers.
type TextPerturbationEntry struct {
	Axis Axis
	// Same marks changes that keep the meaning (paraphrase): nulls for text.
	Same bool
	New  func(params registry.Values) (TextPerturbation, error)
}

// TextPerturbations holds every perturbation of words; perturb fills it.
var TextPerturbations = registry.New[TextPerturbationEntry]("text perturbation")

// TextPerturbation changes a caption or a requirement. It is safe for concurrent use.
type TextPerturbation interface {
	// Apply gives the words after the change. Severity 0 gives them as they are.
	Apply(in *TextInput, severity float64) (*TextOutcome, error)
}

// TextInput is what a perturbation of words is given.
type TextInput struct {
	Text string
	// Draw opens the stream for one purpose, keyed by experiment seed, source, step and replicate.
	Draw func(purpose string) *stream.Stream
}

// TextOutcome is the text after the change.
type TextOutcome struct {
	Text    string
	Changed int    // words dropped, moved or replaced
	Flags   []Flag // "unchanged": the text has nothing that the change could act on
}

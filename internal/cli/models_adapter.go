package cli

import (
	"context"

	"probity/harness"
	"probity/internal/raster"
	"probity/internal/trial"
	"probity/reports"
	"probity/zoo"
)

// models lets the harness see the zoo through the interface that it declares.
type models struct {
	*zoo.Zoo
	truncated func(model, text string, tokens int) // told of every text that did not fit
}

func (m models) Load(name string) (harness.Backbone, error) {
	b, err := m.Zoo.Load(name)
	if err != nil {
		return nil, err
	}
	return backbone{b, m.truncated}, nil
}

type backbone struct {
	*zoo.Model
	truncated func(model, text string, tokens int)
}

// Hash covers the weights and what preprocessing makes of a picture.
func (b backbone) Hash() string { return b.Model.Hash() + " " + b.Model.Preprocessing() }

// Session is what the open sessions hold.
func (b backbone) Session() (estimated, measured int64, known bool) {
	s := b.Model.SessionMemory()
	return s.Estimated, s.Measured, s.Known
}

// Runtime is what the last digits of a feature depend on.
func (b backbone) Runtime() string { return b.Model.Runtime().Key() }

func (b backbone) Texts(ctx context.Context, texts []string) ([]*trial.Tensor, error) {
	out, cut, err := b.Model.Texts(ctx, texts)
	if err == nil && b.truncated != nil {
		for _, i := range cut {
			b.truncated(b.Info().Name, texts[i], 0)
		}
	}
	return out, err
}

// Unknown are the words of a text that the text tower has no token for; none where its tokens spell any word.
func (b backbone) Unknown(text string) []string {
	if list, ok := b.Model.Tokenizer().(harness.Wordlist); ok {
		return list.Unknown(text)
	}
	return nil
}

func (b backbone) Visible(region *raster.Mask) float64 {
	return b.Model.Visible(region, region.W, region.H)
}

// findingKinds shows the kinds of finding to the reader of experiment files.
func findingKinds() harness.FindingKinds { return reports.Kinds }

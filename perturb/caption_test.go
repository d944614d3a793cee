package perturb_test

import (
	"context"
	"strings"
	"testing"

	"probity/internal/registry"
	"probity/internal/trial"
)

// Every change of words can be named as an edit: the picture stays byte for byte, the caption changes as the change of
// words says, and at severity 0 it does not.
func TestWordsAsEdits(t *testing.T) {
	const caption = "a small red star on the left of two blue circles"
	for _, name := range trial.TextPerturbations.Names() {
		entry, info, err := trial.Perturbations.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		text, _, _ := trial.TextPerturbations.Get(name)
		v, errs := registry.NewValues(info, nil)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		p, err := entry.New(v)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := text.New(v)
		if err != nil {
			t.Fatal(err)
		}
		src := source(1, 24, 20)
		src.Captions = map[string]string{"full": caption}
		in := input(src, name, nil)
		s, err := p.Prepare(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, severity := range append([]float64{0}, entry.Axis.Default...) {
			o, err := s(severity)
			if err != nil {
				t.Errorf("%s at %g: %v", name, severity, err)
				continue
			}
			if !o.Image.Equal(in.Image) || o.Region == nil || o.Region.Count() != 0 {
				t.Errorf("%s at %g touches the picture", name, severity)
			}
			want, err := alone.Apply(&trial.TextInput{Text: caption, Draw: draws(src, name, 0)}, severity)
			if err != nil {
				t.Fatal(err)
			}
			if o.SourceCaption != caption || o.TargetCaption != want.Text || (o.TargetCaption == caption) != (severity == 0) {
				t.Errorf("%s at %g gives %q, want %q", name, severity, o.TargetCaption, want.Text)
			}
		}
		src.Captions = nil
		if s, err = p.Prepare(context.Background(), input(src, name, nil)); err != nil {
			t.Fatal(err)
		}
		if _, err := s(1); err == nil || !strings.Contains(err.Error(), "caption") {
			t.Errorf("%s of a source without a caption: %v", name, err)
		}
	}
}

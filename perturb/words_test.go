package perturb_test

import (
	"strings"
	"testing"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func words(t testing.TB, kind, text string, severity float64, params map[string]any) *trial.TextOutcome {
	t.Helper()
	entry, info, err := trial.TextPerturbations.Get(kind)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := registry.NewValues(info, params)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p, err := entry.New(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Apply(&trial.TextInput{Text: text, Draw: func(purpose string) *stream.Stream {
		return stream.Key{Seed: 3, Source: text, Step: kind, Purpose: purpose}.Open()
	}}, severity)
	if err != nil {
		t.Fatalf("%s of %q: %v", kind, text, err)
	}
	return out
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{"swap-attributes", "A red star and a blue disc.", "A blue star and a red disc."},
		{"swap-attributes", "an orange star and a blue disc", "a blue star and an orange disc"},
		{"swap-attributes", "two striped stars beside three dotted rings", "two dotted stars beside three striped rings"},
		{"swap-attributes", "a red star and a red disc", "a red star and a red disc"},
		{"swap-order", "a dog on a mat.", "a mat on a dog."},
		{"swap-order", "a dog left of a cat", "a cat left of a dog"},
		{"swap-order", "a dog", "a dog"},
		{"negate", "Make the star blue", "do not make the star blue"},
		{"negate", "A red star", "No red star"},
		{"negate", "stars", "not stars"},
	} {
		out := words(t, c.kind, c.text, 1, nil)
		if out.Text != c.want {
			t.Errorf("%s of %q gave %q, want %q", c.kind, c.text, out.Text, c.want)
		}
		if same := out.Text == c.text; same != (len(out.Flags) > 0) {
			t.Errorf("%s of %q: flags %v", c.kind, c.text, out.Flags)
		}
	}
}

func TestWordsNest(t *testing.T) {
	text := "a large red striped star and two small blue rings on a grey ground"
	n := len(strings.Fields(text))
	before := strings.Fields(text)
	for _, s := range []float64{.1, .25, .5, .9, 1} {
		left := strings.Fields(words(t, "drop-words", text, s, nil).Text)
		if want := max(1, n-max(1, int(s*float64(n)+.5))); len(left) != want {
			t.Errorf("drop-words at %g leaves %d words, want %d", s, len(left), want)
		}
		k := 0
		for _, w := range before {
			if k < len(left) && left[k] == w {
				k++
			}
		}
		if k != len(left) {
			t.Errorf("drop-words at %g kept %q, which the severity before had dropped", s, left)
		}
		before = left
	}
	for s := 1.0; s <= 6; s++ {
		out := words(t, "replace-words", text, s, nil)
		if out.Text == text || out.Changed != int(s) {
			t.Errorf("replace-words at %g changed %d words: %q", s, out.Changed, out.Text)
		}
	}
	if out := words(t, "replace-words", text, 1, map[string]any{"list": "count"}); !strings.Contains(out.Text, "small blue ring") || strings.Contains(out.Text, "two") {
		t.Errorf("replacing the count gave %q", out.Text)
	}
	if out := words(t, "paraphrase", "make it red", 1, nil); !strings.Contains(out.Text, "make it red") || out.Text == "make it red" {
		t.Errorf("paraphrase gave %q", out.Text)
	}
}

// FuzzWords asserts that no text makes a change panic, and that severity 0 keeps every text.
func FuzzWords(f *testing.F) {
	f.Add("a red star and two blue rings", .5)
	f.Add("“…” and !? on ", 1.)
	f.Add("\xff\xfe one one", 2.)
	f.Fuzz(func(t *testing.T, text string, s float64) {
		for _, kind := range trial.TextPerturbations.Names() {
			entry, info, _ := trial.TextPerturbations.Get(kind)
			v, _ := registry.NewValues(info, nil)
			p, err := entry.New(v)
			if err != nil {
				t.Fatal(err)
			}
			in := &trial.TextInput{Text: text, Draw: func(purpose string) *stream.Stream { return stream.Key{Purpose: purpose}.Open() }}
			if out, err := p.Apply(in, 0); err != nil || out.Text != text {
				t.Errorf("%s: severity 0 of %q gave %v, %v", kind, text, out, err)
			}
			if out, err := p.Apply(in, s); (out == nil) == (err == nil) {
				t.Errorf("%s at %g of %q gave %v, %v", kind, s, text, out, err)
			}
		}
	})
}

package zoo_test

import (
	"io/fs"
	"slices"
	"testing"

	"probity/zoo"
	"probity/zoo/bundled"
)

// A list of words says which words of a text it does not have; what a manifest says of a model tells what of a picture it sees.
func TestWhatABundledModelKnows(t *testing.T) {
	words, err := fs.ReadFile(bundled.Models(), "micro-words.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := zoo.NewWordTokenizer(words)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"a large Red striped star in the centre, and a small ring on a grey solid ground": nil,
		"make the red star blue; make the ring blue.":                                     {"make"},
		"move the star to the left by a tenth":                                            {"move", "to", "by", "tenth"},
		"":                                                                                nil,
	} {
		if got := tok.Unknown(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q are unknown, wants %q", text, got, want)
		}
	}
	data, err := fs.ReadFile(bundled.Models(), "micro-cnn-clip-full-s0.toml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := zoo.ParseManifest(data, "micro-cnn-clip-full-s0")
	if err != nil {
		t.Fatal(err)
	}
	if i := m.Info(); i.Fit != "squash" || i.Keeps != 1 {
		t.Errorf("a model that sees the whole picture says fit %q and keeps %v", i.Fit, i.Keeps)
	}
	known, err := zoo.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range known {
		p, i := m.Preprocess, m.Info()
		if p.Fit == "crop" && p.Size[0] == p.Size[1] && (i.Fit != "crop" || i.Keeps != float64(p.Size[0])/float64(p.Resize)) {
			t.Errorf("%s crops %v of %d and says fit %q, keeps %v", name, p.Size, p.Resize, i.Fit, i.Keeps)
		}
	}
}

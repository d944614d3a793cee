package datasets_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

// TestSceneWords: every wording is made of the bundled models' words and is no caption; every foil differs from the full caption in the
// one attribute that it names.
func TestSceneWords(t *testing.T) {
	entry, info, err := trial.Datasets.Get("scenes")
	if err != nil {
		t.Fatal(err)
	}
	params, errs := registry.NewValues(info, map[string]any{"count": 300})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	col, err := entry.Open(t.Context(), params, trial.OpenOptions{Size: 64})
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("../zoo/bundled/models/micro-words.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(list))
	words := func(text string) []string { return strings.Fields(strings.ReplaceAll(text, ",", "")) }
	for _, src := range col.Sources {
		full := src.Captions["full"]
		for _, w := range src.Words.Wordings() {
			for _, word := range words(w.Text) {
				if !slices.Contains(known, word) {
					t.Fatalf("%s, %s: the word %q is not in the vocabulary: %s", src.ID, w.Name, word, w.Text)
				}
			}
			if w.Text == full {
				t.Errorf("%s, %s is the full caption: %s", src.ID, w.Name, w.Text)
			}
			for _, fact := range []string{"shape", "colour", "texture", "ground-colour", "ground-texture"} {
				if slices.Contains(w.Tells, fact) && !slices.Contains(words(w.Text), src.Attributes[fact]) {
					t.Errorf("%s, %s does not tell the %s %s: %s", src.ID, w.Name, fact, src.Attributes[fact], w.Text)
				}
			}
		}
		foils := src.Words.Foils(func(a string) *stream.Stream {
			return stream.Key{Seed: 3, Source: src.Hash, Step: "foil", Purpose: a}.Open()
		})
		var of []string
		for _, f := range foils {
			of = append(of, f.Attribute)
			a, b := words(full), words(f.Text)
			differ := 0
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] && a[i] != "a" && a[i] != "an" {
					differ++
				}
			}
			switch {
			case f.Text == full:
				t.Errorf("%s: the foil of %s is the caption", src.ID, f.Attribute)
			case f.Attribute == "place" && a[len(a)-1] != b[len(b)-1]:
				t.Errorf("%s: the foil of place changes the end: %s", src.ID, f.Text)
			case f.Attribute == "count" && (strings.Count(f.Text, "small")-strings.Count(full, "small"))*(strings.Count(f.Text, "small")-strings.Count(full, "small")) != 1:
				t.Errorf("%s: the foil of count has %d small objects: %s", src.ID, strings.Count(f.Text, "small"), f.Text)
			case f.Attribute != "place" && f.Attribute != "count" && (differ != 1 || len(a) != len(b)):
				t.Errorf("%s: the foil of %s differs in %d words: %q, %q", src.ID, f.Attribute, differ, full, f.Text)
			}
		}
		if strings.Join(of, " ") != "shape colour texture place count ground-colour ground-texture" {
			t.Errorf("%s has foils of %q", src.ID, of)
		}
	}
	for _, w := range col.Sources[1].Words.Wordings() {
		t.Log(w.Name+":", w.Text)
	}
	t.Log("full:", col.Sources[1].Captions["full"])
}

package datasets_test

import (
	"context"
	"testing"

	"probity/internal/registry"
	"probity/internal/trial"
)

// A share of scenes has a main object of a shape from outside the trained classes; the others are what they were.
func TestScenesFromOutside(t *testing.T) {
	open := func(params map[string]any) *trial.Collection {
		entry, info, err := trial.Datasets.Get("scenes")
		if err != nil {
			t.Fatal(err)
		}
		v, errs := registry.NewValues(info, params)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		col, err := entry.Open(context.Background(), v, trial.OpenOptions{Size: 32})
		if err != nil {
			t.Fatal(err)
		}
		return col
	}
	plain, some := open(map[string]any{"count": int64(400)}), open(map[string]any{"count": int64(400), "outside": .25, "outside-shape": "drop"})
	n := 0
	for i, s := range some.Sources {
		if s.Class == "drop" {
			n++
			if s.Hash == plain.Sources[i].Hash || s.Attributes["ground"] != plain.Sources[i].Attributes["ground"] {
				t.Fatalf("scene %d: %v", i, s.Attributes)
			}
			continue
		}
		if s.Hash != plain.Sources[i].Hash {
			t.Fatalf("scene %d changed, and is not from outside", i)
		}
	}
	if n < 75 || n > 125 { // 100 expected, three standard deviations
		t.Errorf("%d of 400 scenes are from outside", n)
	}
}

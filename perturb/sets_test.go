package perturb_test

import (
	"fmt"
	"math"
	"testing"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func setOf(prefix string, counts map[string]int) (list []*trial.Source) {
	for _, class := range []string{"a", "b", "c", "z"} {
		for i := range counts[class] {
			id := fmt.Sprintf("%s/%s/%d", prefix, class, i)
			list = append(list, &trial.Source{ID: id, Hash: id, Class: class})
		}
	}
	return list
}

func setInput() *trial.SetInput {
	return &trial.SetInput{
		Members: setOf("set", map[string]int{"a": 20, "b": 30, "c": 10}), Pool: setOf("pool", map[string]int{"a": 9, "z": 40}),
		Reference: setOf("reference", map[string]int{"a": 10, "b": 10, "c": 40}),
		Draw:      func(purpose string) *stream.Stream { return stream.Key{Seed: 8, Step: "set", Purpose: purpose}.Open() },
	}
}

func onSet(t *testing.T, kind string, severity float64, params map[string]any) (*trial.SetInput, *trial.SetOutcome) {
	t.Helper()
	entry, info, err := trial.SetPerturbations.Get(kind)
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
	in := setInput()
	out, err := p.Apply(in, severity)
	if err != nil {
		t.Fatalf("%s at %g: %v", kind, severity, err)
	}
	return in, out
}

// TestSets asserts, for each change, the number of members touched and that a larger severity touches them and more.
func TestSets(t *testing.T) {
	for _, kind := range trial.SetPerturbations.Names() {
		_, same := onSet(t, kind, 0, nil)
		for i, p := range same.Picks {
			if p != (trial.Pick{Index: i}) || len(same.Picks) != 60 {
				t.Fatalf("%s: severity 0 changes the set", kind)
			}
		}
	}
	changed := func(out *trial.SetOutcome) map[int]bool {
		m := map[int]bool{}
		for i, p := range out.Picks {
			if p != (trial.Pick{Index: i}) {
				m[i] = true
			}
		}
		return m
	}
	for _, kind := range []string{"contamination", "duplicates"} {
		last := map[int]bool{}
		for _, s := range []float64{.05, .1, .25, .5} {
			in, out := onSet(t, kind, s, nil)
			got := changed(out)
			if want := int(math.Round(60 * s)); len(got) != want || len(out.Picks) != 60 {
				t.Errorf("%s at %g changed %d of %d members, want %d of 60", kind, s, len(got), len(out.Picks), want)
			}
			for m := range last {
				if !got[m] {
					t.Errorf("%s at %g: member %d was changed before and is not now", kind, s, m)
				}
			}
			last = got
			seen := map[trial.Pick]int{}
			for _, p := range out.Picks {
				seen[p]++
				if p.Pool && in.Pool[p.Index].Class != "z" {
					t.Errorf("%s took class %s, which the set has", kind, in.Pool[p.Index].Class)
				}
				if p.Pool && seen[p] > 1 {
					t.Errorf("%s took a guest twice", kind)
				}
			}
			if kind == "duplicates" && len(seen) != 60-len(got) {
				t.Errorf("duplicates at %g left %d distinct members, want %d", s, len(seen), 60-len(got))
			}
		}
	}
	if _, out := onSet(t, "sample-size", .75, nil); len(out.Picks) != 15 {
		t.Errorf("sample-size .75 of 60 leaves %d", len(out.Picks))
	}
	if _, out := onSet(t, "contamination", 1, nil); len(out.Flags) == 0 {
		t.Error("contaminating 60 by a pool of 40 raised no flag")
	}
	for _, refill := range []bool{false, true} {
		in, out := onSet(t, "missing-classes", .34, map[string]any{"refill": refill})
		classes := map[string]bool{}
		for _, p := range out.Picks {
			classes[in.Members[p.Index].Class] = true
		}
		if len(classes) != 2 || refill != (len(out.Picks) == 60) {
			t.Errorf("missing-classes (refill %v) left %d members of %d classes", refill, len(out.Picks), len(classes))
		}
	}
	for s, want := range map[float64]map[string]int{.5: {"a": 15, "b": 20, "c": 25}, 1: {"a": 10, "b": 10, "c": 40}} {
		in, out := onSet(t, "class-weights", s, nil)
		got := map[string]int{}
		for _, p := range out.Picks {
			got[in.Members[p.Index].Class]++
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("class-weights at %g gave %v, want %v", s, got, want)
		}
	}
}

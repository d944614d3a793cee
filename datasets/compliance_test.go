package datasets_test

import (
	"context"
	"encoding/json"
	"flag"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

var updateSuite = flag.Bool("update-suite", false, "write testdata/datasets/compliance.json anew: only with another version of the suite")

func openSuite(t *testing.T, size int, given map[string]any) *trial.Suite {
	t.Helper()
	entry, info, err := trial.Datasets.Get("compliance")
	if err != nil {
		t.Fatal(err)
	}
	values, errs := registry.NewValues(info, given)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	s, err := entry.Suite(context.Background(), values, trial.OpenOptions{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestComplianceIsFrozen: a version and a part are the same trials, word for word and pixel for pixel. Where this fails, either
// undo what changed them or give the suite another version and write the sums anew with -update-suite.
func TestComplianceIsFrozen(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skipf("the sums are of pixels rendered on amd64; on %s multiplications and additions may be fused, which moves last bits", runtime.GOARCH)
	}
	const path = "../testdata/datasets/compliance.json"
	type frozen struct {
		Version int               `json:"version"`
		Size    int               `json:"size"`
		SHA256  map[string]string `json:"sha256"` // by part
	}
	got := frozen{Version: 1, Size: 64, SHA256: map[string]string{}}
	for _, part := range []string{"dev", "test"} {
		s := openSuite(t, got.Size, map[string]any{"part": part})
		sum, err := s.Sum(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got.SHA256[part] = sum
		if s.Version != got.Version {
			t.Fatalf("the suite says version %d, this test is of version %d", s.Version, got.Version)
		}
	}
	if *updateSuite {
		data, _ := json.MarshalIndent(got, "", " ")
		if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want frozen
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for part, sum := range got.SHA256 {
		if want.SHA256[part] != sum || want.Version != got.Version {
			t.Errorf("part %s of version %d has the sum %s, frozen is %s of version %d: other trials need another version", part, got.Version, sum, want.SHA256[part], want.Version)
		}
	}
}

// TestComplianceLaws are what makes the suite impossible to pass blind.
func TestComplianceLaws(t *testing.T) {
	ctx := context.Background()
	s := openSuite(t, 64, map[string]any{"part": "test", "count": 12})
	words := map[string][]trial.Part{ // what may differ between the contexts
		"nothing-done": nil, "wrong-attribute": nil, "wrong-object": nil, "wrong-place": nil, "over-done": nil, "typographic": nil, "negated": nil, "paraphrased": nil,
		"collateral": {trial.OfInput}, "identity-lost": {trial.OfInput},
	}
	variants := map[string]map[string]bool{}
	for _, src := range s.Sources {
		if len(src.Quads) != len(s.Sources[0].Quads) {
			t.Fatalf("%s has %d quads, %s %d", src.ID, len(src.Quads), s.Sources[0].ID, len(s.Sources[0].Quads))
		}
		for j := range src.Quads {
			q := &src.Quads[j]
			if q.Kind != s.Sources[0].Quads[j].Kind {
				t.Errorf("%s: quad %d is %s, of the first scene %s", src.ID, j, q.Kind, s.Sources[0].Quads[j].Kind)
			}
			if variants[q.Kind] == nil {
				variants[q.Kind] = map[string]bool{}
			}
			variants[q.Kind][q.Variant] = true
			differ := q.Differ()
			if want, ok := words[q.Kind]; !ok || want != nil && !slices.Equal(differ, want) || want == nil && (slices.Contains(differ, trial.OfInput) || !slices.Contains(differ, trial.OfRequirement)) {
				t.Errorf("%s: its contexts differ in %v", q.Name, differ)
			}
			var out [2]*raster.Image
			for c := range 2 {
				x := &q.Contexts[c]
				if got := q.Outputs[c].Caption(); got != x.TargetCaption {
					t.Errorf("%s, context %d: the right output shows %q, the target caption says %q", q.Name, c+1, got, x.TargetCaption)
				}
				if got := x.Input.Caption(); got != x.SourceCaption {
					t.Errorf("%s, context %d: the input shows %q, the source caption says %q", q.Name, c+1, got, x.SourceCaption)
				}
				if strings.TrimSpace(x.Requirement) == "" {
					t.Errorf("%s, context %d has no requirement", q.Name, c+1)
				}
				in := rendered(t, x.Input)
				out[c] = rendered(t, q.Outputs[c])
				mask, err := x.Allowed.Mask(ctx)
				if err != nil {
					t.Fatal(err)
				}
				outside := 0
				for i := range mask.In {
					if mask.In[i] == 0 && [3]uint8(in.Pix[3*i:]) != [3]uint8(out[c].Pix[3*i:]) {
						outside++
					}
				}
				if outside > 0 {
					t.Errorf("%s, context %d: the right output differs from the input in %d pixels where the edit may not act", q.Name, c+1, outside)
				}
				if again := rendered(t, q.Outputs[c].Again(1)); again.Equal(out[c]) || !again.Equal(rendered(t, q.Outputs[c].Again(1))) {
					t.Errorf("%s: an output photographed again is the same picture, or two of one draw differ", q.Name)
				}
			}
			if out[0].Equal(out[1]) {
				t.Errorf("%s: its outputs are the same", q.Name)
			}
		}
	}
	for kind, n := range map[string]int{"wrong-attribute": 3, "nothing-done": 2, "negated": 2, "collateral": 2} {
		if len(variants[kind]) != n {
			t.Errorf("%s has the variants %v, wants %d", kind, variants[kind], n)
		}
	}
}

func rendered(t *testing.T, d trial.Depiction) *raster.Image {
	t.Helper()
	img, err := d.Render(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestStainsAreAsStrongAsTheySay measures collateral damage where it lies.
func TestStainsAreAsStrongAsTheySay(t *testing.T) {
	for _, size := range []int{64, 160} {
		s := openSuite(t, size, map[string]any{"count": 8, "kinds": []string{"collateral"}})
		for _, src := range s.Sources {
			for i := range src.Quads {
				q := &src.Quads[i]
				if q.Variant != "stain" {
					continue
				}
				for k, pair := range [][2]trial.Depiction{{q.Contexts[0].Input, q.Contexts[1].Input}, {q.Outputs[0], q.Outputs[1]}} {
					clean, stained := rendered(t, pair[0]), rendered(t, pair[1])
					changed := raster.NewMask(size, size)
					for p := range changed.In {
						if [3]uint8(clean.Pix[3*p:]) != [3]uint8(stained.Pix[3*p:]) {
							changed.In[p] = 1
						}
					}
					if share := float64(changed.Count()) / float64(size*size); share > .03 || share < .015 {
						t.Errorf("%s: %.3f of the picture is stained", q.Name, share)
					}
					// A weak stain leaves single pixels as they are after rounding, so that the mean over those that changed is a little larger.
					if de := raster.MeanDeltaE00(clean, stained, nil, changed); math.Abs(de-q.Severity) > .06*q.Severity+.1 {
						t.Errorf("%s, picture %d at %d pixels: the stain has a mean dE00 of %.2f, it says %g", q.Name, k, size, de, q.Severity)
					}
				}
			}
		}
	}
}

// TestCompliancePartsContainEachOther: fewer scenes are the first of more, fewer kinds are the same quads, parts share no scene.
func TestCompliancePartsContainEachOther(t *testing.T) {
	many, few := openSuite(t, 64, map[string]any{"count": 9}), openSuite(t, 64, map[string]any{"count": 4, "kinds": []string{"wrong-place"}})
	for i, src := range few.Sources {
		if src.Hash != many.Sources[i].Hash || len(src.Quads) != 1 {
			t.Fatalf("scene %d differs, or has %d quads", i, len(src.Quads))
		}
		at := slices.IndexFunc(many.Sources[i].Quads, func(q trial.Quad) bool { return q.Kind == "wrong-place" })
		if q := many.Sources[i].Quads[at]; q.Name != src.Quads[0].Name || q.Outputs[0].Hash() != src.Quads[0].Outputs[0].Hash() {
			t.Errorf("%s is another quad where other kinds are left out", q.Name)
		}
	}
	if len(few.Notes) == 0 {
		t.Error("nothing says that a part of a part cannot be cited")
	}
	seen := map[string]bool{}
	for _, part := range []string{"dev", "test"} {
		s := openSuite(t, 64, map[string]any{"part": part})
		if want := map[string]int{"dev": 100, "test": 200}[part]; len(s.Sources) != want || len(s.Notes) > 0 {
			t.Errorf("part %s has %d scenes, wants %d; notes %q", part, len(s.Sources), want, s.Notes)
		}
		for _, src := range s.Sources {
			if seen[src.Hash] {
				t.Errorf("%s is there twice", src.ID)
			}
			seen[src.Hash] = true
		}
	}
	entry, info, _ := trial.Datasets.Get("compliance")
	values, _ := registry.NewValues(info, map[string]any{"count": 101})
	if _, err := entry.Suite(context.Background(), values, trial.OpenOptions{}); err == nil || !strings.Contains(err.Error(), "has 100 scenes in its part dev, count asks for 101") {
		t.Errorf("too many scenes: %v", err)
	}
}

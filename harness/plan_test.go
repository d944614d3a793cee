package harness_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"probity/harness"
	"probity/internal/trial"
)

func plan(t *testing.T, src string, col *trial.Collection, set ...string) *harness.Plan {
	t.Helper()
	p, err := harness.NewPlan(parse(t, src, set...), col, sampleEnv{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rich has every role. By hand, for each source: hue 2 severities x 2 areas x 2 replicates = 8 and blur 1 severity = 1,
// so 9 edits; shift 9 draws and quality 8 draws, so 17 nulls; 9 edits x 17 draws = 153 crossed; 1 x 3 anchors; 1 x 3
// implied controls.
const rich = `probity = 1
name = "rich"
seed = 7
[images]
dataset = "sample-pictures"
[[metric]]
kind = "sample-mse"
[[metric]]
kind = "sample-cosine"
model = "cnn-small"
[[metric]]
kind = "sample-patch"
model = "cnn-small"
pool = "max"
[[metric]]
kind = "sample-cosine"
model = "cnn-small-untrained"
[[metric]]
kind = "sample-input"
model = "cnn-small"
[[metric]]
kind = "sample-native"
[[metric]]
kind = "sample-cosine"
model = "vit-small"
[[perturb]]
kind = "sample-hue"
severity = [0, 10]
replicates = 2
region = { shape = "disc", area = [0.01, 0.04] }
[[perturb]]
kind = "sample-blur"
severity = 2
[[perturb]]
kind = "sample-shift"
role = "null"
draws = 9
[[perturb]]
kind = "sample-quality"
role = "null"
[[perturb]]
kind = "class-swap"
replicates = 3
[[finding]]
kind = "detection"
`

func TestPlanCounts(t *testing.T) {
	p := plan(t, rich, sampleSources(40, 4), "images.limit=32")
	want := []harness.RoleCount{{Role: trial.Edit, N: 9}, {Role: trial.Null, N: 17}, {Role: trial.Crossed, N: 153}, {Role: trial.Anchor, N: 3}, {Role: trial.Control, N: 3}}
	if !reflect.DeepEqual(p.Counts.PerSource, want) {
		t.Errorf("for each source there are %v, want %v", p.Counts.PerSource, want)
	}
	if len(p.Stimuli) != 185 || p.Counts.Stimuli != 32*185 || p.Counts.Scores != 32*185*7 {
		t.Errorf("there are %d stimuli a source, %d stimuli, %d scores, want 185, %d, %d", len(p.Stimuli), p.Counts.Stimuli, p.Counts.Scores, 32*185, 32*185*7)
	}
	// A model looks at the source and at all stimuli but the 4 of severity 0, which are the source. The network at native
	// size is another pass, and the pixel control is none.
	pictures := 32 * (1 + 185 - 4)
	var got []string
	for _, w := range p.Counts.Passes {
		got = append(got, fmt.Sprintf("%s %v %d", w.Model, w.Native, w.N))
	}
	if want := []string{fmt.Sprint("cnn-small false ", pictures), fmt.Sprint("cnn-small-untrained false ", pictures), fmt.Sprint("cnn-small true ", pictures), fmt.Sprint("vit-small false ", pictures)}; !reflect.DeepEqual(got, want) {
		t.Errorf("passes are %q, want %q", got, want)
	}
	if p.Cost.Seconds <= 0 || p.Cost.Memory <= 0 || p.Cost.Disk <= 0 || p.Cost.Width != 64 || p.Cost.Height != 32 {
		t.Errorf("cost is %+v", p.Cost)
	}
}

func TestPlanOrder(t *testing.T) {
	p := plan(t, rich, sampleSources(40, 4))
	var roles []trial.Role
	for i, s := range p.Stimuli {
		if len(roles) == 0 || roles[len(roles)-1] != s.Role {
			roles = append(roles, s.Role)
		}
		if (s.Edit >= 0) != (s.Role == trial.Crossed) {
			t.Errorf("stimulus %d of role %s starts from stimulus %d", i, s.Role, s.Edit)
		}
		if s.Role == trial.Crossed {
			e := p.Stimuli[s.Edit]
			if e.Role != trial.Edit || e.Perturb != s.Perturb || e.Severity != s.Severity || e.Region != s.Region || e.Replicate != s.Replicate {
				t.Errorf("crossed stimulus %d is not its edit, %+v and %+v", i, s, e)
			}
		}
	}
	if want := []trial.Role{trial.Edit, trial.Null, trial.Crossed, trial.Anchor, trial.Control}; !slices.Equal(roles, want) {
		t.Errorf("roles come as %v, want %v", roles, want)
	}
	row := p.Stimulus(p.Sources[0], slices.IndexFunc(p.Stimuli, func(s harness.PlannedStimulus) bool {
		return s.Role == trial.Crossed && s.Draw == 3 && s.Severity == 10
	}))
	want := trial.Stimulus{Source: p.Sources[0].ID, Hash: p.Sources[0].Hash, Class: p.Sources[0].Class, Cluster: p.Sources[0].ID, Role: trial.Crossed,
		Perturb: "sample-hue", Severity: 10, Unit: "dE00", Shape: "disc", Area: .01, Null: "sample-shift", NullSeverity: 1, Draw: 3}
	if !reflect.DeepEqual(row, want) {
		t.Errorf("row is\n%+v, want\n%+v", row, want)
	}
}

func TestCrossingFollowsTheFinding(t *testing.T) {
	only := strings.Replace(rich, "kind = \"detection\"\n", "kind = \"detection\"\nperturb = [\"sample-blur\"]\nnull = [\"sample-quality\"]\n", 1)
	crossed := func(src string) int {
		n := 0
		for _, s := range plan(t, src, sampleSources(40, 4)).Stimuli {
			if s.Role == trial.Crossed {
				n++
			}
		}
		return n
	}
	if n := crossed(only); n != 8 {
		t.Errorf("one edit amid 8 draws of one null gives %d crossed stimuli", n)
	}
	if n := crossed(strings.Replace(rich, "\"detection\"", "\"sensitivity\"", 1)); n != 0 {
		t.Errorf("without detection there are %d crossed stimuli", n)
	}
}

// TestNullStreams: draws of a null alone, over an edit, and replicates of an edit of the same kind never share a stream.
func TestNullStreams(t *testing.T) {
	seen := map[int]string{}
	for draw := range 50 {
		for _, s := range []harness.PlannedStimulus{{Role: trial.Null, Draw: draw}, {Role: trial.Crossed, Draw: draw}} {
			r := s.NullReplicate()
			if r >= 0 || seen[r] != "" {
				t.Fatalf("%s draw %d has replicate %d, as has %s", s.Role, draw, r, seen[r])
			}
			seen[r] = fmt.Sprintf("%s draw %d", s.Role, draw)
		}
	}
}

func TestLimitsNest(t *testing.T) {
	all := sampleSources(130, 6)
	small, large := plan(t, rich, all, "images.limit=48"), plan(t, rich, all, "images.limit=96")
	if !slices.Equal(ids(large.Sources)[:48], ids(small.Sources)) {
		t.Error("the first 96 sources do not begin with the first 48")
	}
	more := sampleSources(140, 6)
	kept := slices.DeleteFunc(ids(plan(t, rich, more).Sources), func(id string) bool { return id >= "130.png" })
	if !slices.Equal(kept, ids(plan(t, rich, all).Sources)) {
		t.Error("adding pictures reorders those that were there")
	}
	if slices.Equal(ids(plan(t, rich, all, "seed=8").Sources), ids(plan(t, rich, all).Sources)) {
		t.Error("the order does not depend on the seed")
	}
	for i, s := range small.Sources {
		if a, b := small.Keys(s), large.Keys(large.Sources[i]); !slices.Equal(a, b) {
			t.Fatalf("the stimuli of %s depend on the limit", s.ID)
		}
	}
}

func TestDonors(t *testing.T) {
	all := sampleSources(60, 3)
	d := harness.NewDonors(7, all.Sources)
	counts := map[string]int{}
	for _, s := range all.Sources {
		for rule, ok := range map[trial.DonorRule]func(*trial.Source) bool{
			trial.SameClass:  func(o *trial.Source) bool { return o.Class == s.Class },
			trial.OtherClass: func(o *trial.Source) bool { return o.Class != s.Class },
			trial.AnyOther:   func(*trial.Source) bool { return true },
		} {
			seen := map[string]bool{}
			for replicate := range 19 {
				o, err := d.Choose(s, "class-swap", replicate, rule, nil)
				if err != nil || o == s || !ok(o) {
					t.Fatalf("%s, %s: %v, %v", s.ID, rule, o, err)
				}
				if seen[o.ID] {
					t.Fatalf("%s, %s: donor %s comes again at replicate %d", s.ID, rule, o.ID, replicate)
				}
				seen[o.ID] = true
				if replicate == 0 && rule == trial.AnyOther {
					counts[o.ID]++
				}
			}
		}
		first, _ := d.Choose(s, "class-swap", 0, trial.AnyOther, nil)
		second, _ := d.Choose(s, "class-swap", 1, trial.AnyOther, nil)
		next, err := d.Choose(s, "class-swap", 0, trial.AnyOther, func(o *trial.Source) bool { return o != first })
		if err != nil || next != second {
			t.Fatalf("with the first choice refused, %s takes %v, want its second choice %v", s.ID, next, second)
		}
	}
	if len(counts) < 25 { // 60 balls in 60 urns fill 38 on average, with a standard deviation of 2
		t.Errorf("60 sources borrow from %d donors only", len(counts))
	}
	// A source that is added changes only the choices that it wins.
	more := harness.NewDonors(7, sampleSources(61, 3).Sources)
	for _, s := range all.Sources {
		before, _ := d.Choose(s, "class-swap", 0, trial.AnyOther, nil)
		after, _ := more.Choose(s, "class-swap", 0, trial.AnyOther, nil)
		if after.ID != before.ID && after.ID != "060.png" {
			t.Errorf("adding a source changed the donor of %s from %s to %s", s.ID, before.ID, after.ID)
		}
	}
}

func TestDonorsAvoidCopiesAndKin(t *testing.T) {
	all := sampleSources(4, 0)
	all.Sources[1].Hash = all.Sources[0].Hash // a copy of the same picture
	all.Sources[2].Group, all.Sources[0].Group = "scene 1", "scene 1"
	d := harness.NewDonors(7, all.Sources)
	for replicate := range 5 {
		if o, err := d.Choose(all.Sources[0], "other-image", replicate, trial.AnyOther, nil); err != nil || o != all.Sources[3] {
			t.Errorf("donor is %v, %v, want the only one of another origin", o, err)
		}
	}
	if _, err := d.Choose(all.Sources[0], "class-swap", 0, trial.OtherClass, nil); err == nil {
		t.Error("a donor of another class was found where there are no classes")
	}
}

// TestCandidates compares the count with the list, on sources with copies and kin of all sorts.
func TestCandidates(t *testing.T) {
	all := sampleSources(60, 3)
	for i, s := range all.Sources {
		if i%5 == 0 {
			s.Hash = all.Sources[(i*7)%60].Hash
		}
		if i%4 == 0 {
			s.Group = fmt.Sprint("group ", i%12)
		}
		if i%11 == 0 {
			s.Class = ""
		}
	}
	d := harness.NewDonors(7, all.Sources)
	for _, s := range all.Sources {
		for _, rule := range []trial.DonorRule{trial.AnyOther, trial.OtherClass, trial.SameClass} {
			if n, want := d.Candidates(s, rule), len(d.Order(s, "step", rule)); n != want {
				t.Errorf("%s, %s: %d candidates, but %d in order", s.ID, rule, n, want)
			}
		}
	}
}

func TestKeys(t *testing.T) {
	all := sampleSources(40, 4)
	base := plan(t, rich, all)
	src := base.Sources[0]
	keys := base.Keys(src)
	seen := map[string]int{}
	for i, k := range keys {
		if j, ok := seen[k]; ok && !(base.Stimuli[i].Severity == 0 && base.Stimuli[i].Role == trial.Edit) {
			t.Errorf("stimuli %+v and %+v have one key", base.Stimuli[i], base.Stimuli[j])
		}
		seen[k] = i
	}
	same := func(src2 string, set ...string) int {
		p := plan(t, src2, all, set...)
		n := 0
		for _, k := range p.Keys(src) {
			if _, ok := seen[k]; ok {
				n++
			}
		}
		return n
	}
	blur := "[[perturb]]\nkind = \"sample-blur\"\nseverity = 2\n"
	moved := strings.Replace(rich, blur, "", 1) + blur
	for what, c := range map[string]struct{ got, want int }{
		"another name":                 {same(rich, "name=other", "question=what"), 185},
		"another order":                {same(moved), 185},
		"another label":                {same(rich, "perturb.sample-hue.name=tint"), 185},
		"another seed":                 {same(rich, "seed=8"), 0},
		"another size":                 {same(rich, "images.size=64"), 0},
		"one more severity":            {same(rich, "perturb.sample-hue.severity=[0, 5, 10]"), 185},
		"one more draw":                {same(rich, "perturb.sample-shift.draws=10"), 185},
		"other metrics":                {same(strings.Replace(rich, "[[metric]]\nkind = \"sample-native\"\n", "", 1)), 185},
		"another parameter of an edit": {same(rich, "perturb.sample-hue.angle=9"), 185 - 4 - 4*17},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d of 185 keys are as before, want %d", what, c.got, c.want)
		}
	}
	// A swap depends on its donor: without the donor of the first anchor, another picture would be shown.
	i := slices.IndexFunc(base.Stimuli, func(s harness.PlannedStimulus) bool { return s.Role == trial.Anchor })
	donor, _ := base.Donors.Choose(src, "class-swap", 0, trial.OtherClass, nil)
	without := &trial.Collection{Sources: slices.DeleteFunc(slices.Clone(all.Sources), func(s *trial.Source) bool { return s == donor })}
	if got := plan(t, rich, without).Keys(src)[i]; got == keys[i] {
		t.Error("the key of a swap does not depend on its donor")
	}
}

func TestColumnsAreLinked(t *testing.T) {
	var got []string
	for _, c := range plan(t, rich, sampleSources(40, 4)).Columns() {
		got = append(got, strings.Join([]string{c.Label, string(c.Group), c.Model, c.Family, c.Training, c.Output, c.Pool, c.Twin, c.Control}, "|"))
	}
	want := []string{
		"sample-mse|classical|||||||",
		"sample-cosine(cnn-small)|learned|cnn-small|cnn|classes|embedding|pooled|sample-cosine(cnn-small-untrained)|sample-input(cnn-small)",
		"sample-patch(cnn-small)|learned|cnn-small|cnn|classes|spatial|max||sample-input(cnn-small)",
		"sample-cosine(cnn-small-untrained)|learned|cnn-small-untrained|cnn|none|embedding|pooled||",
		"sample-input(cnn-small)|control|cnn-small|cnn|classes|input|||",
		"sample-native|learned|cnn-small|cnn|classes|spatial|mean||sample-input(cnn-small)",
		"sample-cosine(vit-small)|learned|vit-small|vit|classes|embedding|pooled||",
	}
	if !slices.Equal(got, want) {
		t.Errorf("columns are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWithoutClasses(t *testing.T) {
	src := rich + "[[perturb]]\nkind = \"same-class-swap\"\n"
	p := plan(t, src, sampleSources(40, 0))
	i := slices.IndexFunc(p.Perturbs, func(s harness.PerturbSection) bool { return s.Role == trial.Anchor })
	if p.Classes || i < 0 || p.Perturbs[i].Kind != "other-image" || p.Perturbs[i].Label != "other-image" || p.Perturbs[i].Replicates != 3 {
		t.Errorf("the anchor is %+v", p.Perturbs[i])
	}
	for _, s := range p.Perturbs {
		if s.Role == trial.Control {
			t.Errorf("there is the control %s, but there are no classes", s.Label)
		}
	}
	text := strings.Join(p.Warnings, "\n")
	for _, want := range []string{"so the anchor class-swap is other-image", "same-class-swap: left out, since the data set has no classes"} {
		if !strings.Contains(text, want) {
			t.Errorf("warnings are\n%s\nwant %q among them", text, want)
		}
	}
}

func TestPlanWarns(t *testing.T) {
	all := sampleSources(13, 6) // class a has three members, all others two
	text := strings.Join(plan(t, rich, all, "images.limit=20").Warnings, "\n")
	for _, want := range []string{
		"[images] limit is 20, but there are only 13 sources",
		"thresholds are given from 30 on",
		"same-class-swap: 13 of 13 sources have fewer than 3 donors",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("warnings are\n%s\nwant %q among them", text, want)
		}
	}
	if _, err := harness.NewPlan(parse(t, rich), &trial.Collection{Problems: []trial.Problem{{What: "a.png", Reason: "truncated PNG"}}}, sampleEnv{}); err == nil || !strings.Contains(err.Error(), "a.png: truncated PNG") {
		t.Errorf("error for a data set without pictures is %v", err)
	}
}

func TestResolved(t *testing.T) {
	p := plan(t, rich, sampleSources(40, 0), "images.limit=32")
	data, err := p.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, want := range []string{`"name":"rich"`, `"overrides":["images.limit=32"]`, `"limit":32`, `"params":{"flavour":"plain"}`, `"label":"other-image","role":"anchor"`,
		`{"label":"sample-patch(cnn-small)","kind":"sample-patch","version":1,"params":{"model":"cnn-small","output":"spatial","pool":"max","top":0.05}}`,
		`"severity":[0,10],"unit":"dE00","region":[{"shape":"disc","area":0.01},{"shape":"disc","area":0.04}],"replicates":2`} {
		if !strings.Contains(text, want) {
			t.Errorf("resolved experiment is\n%s\nwant %s in it", text, want)
		}
	}
	again, _ := p.Resolved()
	if !bytes.Equal(data, again) {
		t.Error("two calls give different bytes")
	}
}

func TestRegionsFromMasks(t *testing.T) {
	object := strings.Replace(rich, "shape = \"disc\", area = [0.01, 0.04]", "shape = \"object\"", 1)
	_, err := harness.NewPlan(parse(t, object), sampleSources(40, 4), sampleEnv{})
	if err == nil || !strings.Contains(err.Error(), "needs the mask \"object\", and no source of the data set sample-pictures has it") {
		t.Errorf("error is %v", err)
	}
	some := sampleSources(40, 4)
	for _, s := range some.Sources[:30] {
		s.Masks = []string{"object"}
	}
	if text := strings.Join(plan(t, object, some).Warnings, "\n"); !strings.Contains(text, "10 of 40 sources have no mask \"object\"") {
		t.Errorf("warnings are %s", text)
	}

	// The key follows the mask file's content.
	path := filepath.Join(t.TempDir(), "mask.png")
	file := strings.Replace(rich, "shape = \"disc\", area = [0.01, 0.04]", "shape = \"mask\", mask = "+strconv.Quote(path), 1)
	var keys []string
	for _, content := range []string{"one", "two", "one"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		p := plan(t, file, some)
		keys = append(keys, p.Keys(p.Sources[0])[2])
	}
	if keys[0] == keys[1] || keys[0] != keys[2] {
		t.Errorf("keys are %q for the contents one, two, one", keys)
	}
}

func TestDescribe(t *testing.T) {
	p := plan(t, rich, sampleSources(40, 4), "images.limit=32")
	var b bytes.Buffer
	if err := p.Describe(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5,920 = 32 sources x (9 edits + 17 nulls + 153 edit x null + 3 anchors + 3 controls)", "41,440 = 5,920 stimuli x 7 metrics",
		"5,824 of cnn-small at the picture's own size", "disc 0.01 0.04", "added same-class-swap as the control of class-swap"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("description is\n%s\nwant %q in it", b.String(), want)
		}
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Counts harness.Counts `json:"counts"`
	}
	if err := json.Unmarshal(data, &back); err != nil || back.Counts.Scores != 41440 {
		t.Errorf("JSON is %s, %v", data, err)
	}
}

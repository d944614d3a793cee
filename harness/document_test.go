package harness_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"probity/harness"
	"probity/internal/trial"
)

var update = flag.Bool("update", false, "write the golden messages anew")

// TestWrongDocuments reads every wrong document and compares the whole message with the golden beside it: file, line,
// column, line of the file, what is wrong and what would be right, all problems at once.
func TestWrongDocuments(t *testing.T) {
	files, err := filepath.Glob("../testdata/harness/wrong/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no wrong documents", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = harness.Parse(filepath.Base(file), src, sampleOptions())
			var wrong *harness.DocumentErrors
			if !errors.As(err, &wrong) {
				t.Fatalf("error is %v, want *DocumentErrors", err)
			}
			golden := strings.TrimSuffix(file, ".toml") + ".txt"
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("message is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

const plain = `probity = 1
name = "plain"
seed = 7
[images]
dataset = "sample-pictures"
[[metric]]
kind = "sample-mse"
[[metric]]
kind = "sample-cosine"
model = "cnn-small"
[[perturb]]
kind = "sample-hue"
severity = [1, 5, 10]
region = { shape = "disc", area = [0.01, 0.04] }
[[perturb]]
kind = "sample-shift"
severity = 1
role = "null"
draws = 9
[[finding]]
kind = "detection"
`

func parse(t *testing.T, src string, set ...string) *harness.Experiment {
	t.Helper()
	opt := sampleOptions()
	opt.Set = set
	x, err := harness.Parse("x.toml", []byte(src), opt)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestParse(t *testing.T) {
	x := parse(t, plain)
	hue := x.Perturbs[0]
	if hue.Label != "sample-hue" || hue.Role != trial.Edit || hue.Replicates != 1 || hue.Draws != 0 || len(hue.Regions) != 2 || hue.Regions[1].Area != .04 {
		t.Errorf("hue is %+v", hue)
	}
	if null := x.Perturbs[1]; null.Role != trial.Null || null.Draws != 9 || null.Regions[0].Shape != "whole" {
		t.Errorf("null is %+v", null)
	}
	if x.Seed != 7 || x.Images.Fit != "crop" || x.Images.Params.String("flavour") != "plain" {
		t.Errorf("header is %+v", x)
	}
}

func TestLabels(t *testing.T) {
	metric := func(extra string) string {
		return "[[metric]]\nkind = \"sample-patch\"\nmodel = \"cnn-small\"\n" + extra + "\n"
	}
	head := "probity = 1\nname = \"x\"\n[images]\ndataset = \"sample-pictures\"\n"
	x := parse(t, head+metric("")+metric("pool = \"max\"")+metric("pool = \"top\"\ntop = 0.1")+metric("name = \"mine\"")+
		"[[metric]]\nkind = \"sample-patch\"\nmodel = \"vit-small\"\n"+
		"[[perturb]]\nkind = \"sample-hue\"\n[[perturb]]\nkind = \"sample-hue\"\nangle = 9\n[[perturb]]\nkind = \"class-swap\"\n[[perturb]]\nkind = \"same-class-swap\"\n")
	var got []string
	for _, m := range x.Metrics {
		got = append(got, m.Label)
	}
	want := []string{"sample-patch(cnn-small, mean, top=0.05)", "sample-patch(cnn-small, max, top=0.05)", "sample-patch(cnn-small, top, top=0.1)", "mine", "sample-patch(vit-small)"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("metrics are labelled %q, want %q", got, want)
	}
	got = nil
	for _, p := range x.Perturbs {
		got = append(got, p.Label+" "+string(p.Role))
	}
	want = []string{"sample-hue edit", "sample-hue#2 edit", "class-swap anchor", "same-class-swap control"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("perturbations are labelled %q, want %q", got, want)
	}
}

func TestChains(t *testing.T) {
	chain := func(rest string) harness.PerturbSection {
		return parse(t, plain+"[[perturb]]\n"+rest).Perturbs[2]
	}
	p := chain("steps = [{ kind = \"sample-blur\", severity = 1.5 }, { kind = \"sample-hue\", angle = 5 }, { kind = \"sample-blur\", severity = 3 }]\nseverity = [1, 2]\nregion = { shape = \"box\", area = 0.1 }\n")
	if p.Kind != "sample-blur+sample-hue+sample-blur" || p.Label != p.Kind || p.Axis.Unit != "dE00" || len(p.Severities) != 2 {
		t.Errorf("chain is %+v", p)
	}
	if s := p.Steps; s[0].Severity != 1.5 || s[0].OnAxis || !s[1].OnAxis || s[2].Severity != 3 || s[0].Stream != "sample-blur" || s[2].Stream != "sample-blur#2" {
		t.Errorf("steps are %+v", s)
	}
	// Where every step has a severity of its own, the last one's is the section's.
	p = chain("steps = [{ kind = \"sample-hue\", severity = 4 }, { kind = \"sample-blur\", severity = 3 }]\n")
	if !p.Steps[1].OnAxis || len(p.Severities) != 1 || p.Severities[0] != 3 || p.Axis.Unit != "px" {
		t.Errorf("chain of fixed steps is %+v", p)
	}
	p = chain("steps = [{ kind = \"class-swap\" }]\n")
	if !p.Steps[0].OnAxis || p.Severities[0] != 1 || p.Role != trial.Anchor {
		t.Errorf("chain of a swap is %+v", p)
	}
}

// TestHypothesisBringsItsMetric: a label that says it all needs no section, as in the example of the documentation.
func TestHypothesisBringsItsMetric(t *testing.T) {
	x := parse(t, plain+"[[hypothesis]]\nfinding = \"detection\"\ncontrast = \"sample-patch(vit-small) - sample-cosine(cnn-small)\"\nsmallest_effect = 0.1\n")
	m := x.Metrics[len(x.Metrics)-1]
	if len(x.Metrics) != 3 || !m.Implied || m.Label != "sample-patch(vit-small)" || m.Params.String("model") != "vit-small" || m.Params.String("pool") != "mean" {
		t.Errorf("metrics are %+v", x.Metrics)
	}
	if h := x.Hypotheses[0]; h.Metric != "sample-patch(vit-small)" || h.Against != "sample-cosine(cnn-small)" {
		t.Errorf("hypothesis is %+v", h)
	}
}

func TestHumans(t *testing.T) {
	x := parse(t, "probity = 1\nname = \"x\"\n[[metric]]\nkind = \"sample-mse\"\n[[human]]\ndataset = \"sample-ratings\"\npath = \"a\"\n[[human]]\ndataset = \"sample-ratings\"\npath = \"b\"\nname = \"second\"\nlimit = 3\n")
	if len(x.Humans) != 2 || x.Humans[0].Label != "sample-ratings" || x.Humans[1].Label != "second" || x.Humans[1].Path != "b" || x.Humans[1].Limit != 3 {
		t.Errorf("judged data sets are %+v", x.Humans)
	}
	if p, err := harness.NewPlan(x, nil, sampleEnv{}); err != nil || len(p.Metrics) != 1 || len(p.Sources) != 0 {
		t.Errorf("planning judgements alone gives %+v, %v", p, err)
	}
	x = parse(t, "probity = 1\nname = \"x\"\n[[metric]]\nkind = \"sample-mse\"\n[[human]]\ndataset = \"sample-ratings\"\npath = \"a\"\n[[perturb]]\nkind = \"sample-hue\"\n")
	if _, err := harness.NewPlan(x, nil, sampleEnv{}); err == nil || !strings.Contains(err.Error(), "no [images] to make stimuli of") {
		t.Errorf("planning stimuli without pictures gives %v", err)
	}
}

func TestOverrides(t *testing.T) {
	x := parse(t, plain, "images.limit=12", "seed = 9", "perturb.sample-hue.severity=[2, 4]", "perturb.1.draws=8", "name=other", "figures.width=column")
	if x.Images.Limit != 12 || x.Seed != 9 || len(x.Perturbs[0].Severities) != 2 || x.Perturbs[1].Draws != 8 || x.Name != "other" || x.Figures.Width != "column" {
		t.Errorf("overrides were not applied: %+v", x)
	}
	for set, want := range map[string]string{
		"images.limit=many":                "--set images.limit=many: images.limit: wants a whole number, got the string \"many\"",
		"limit":                            "--set limit: wants key=value, such as images.limit=12",
		"images.limt=3":                    "--set images.limt=3: images.limt: unknown key \"limt\" in [images] with dataset = \"sample-pictures\"; did you mean \"limit\"?",
		"perturb.sample-hew.severity=1":    "--set perturb.sample-hew.severity=1: perturb has no element named \"sample-hew\"; did you mean \"sample-hue\"?",
		"perturb.7.severity=1":             "--set perturb.7.severity=1: perturb has no element 7, it has 0 to 1",
		"perturb.severity=1":               "--set perturb.severity=1: perturb is a list of tables: name one by its place from 0, its name or its kind, and a key in it, such as perturb.0.severity=...",
		"seed.x=1":                         "--set seed.x=1: seed is the whole number 7, not a table",
		"perturb.sample-hue.severity=[99]": "--set perturb.sample-hue.severity=[99]: perturb[0].severity[0]: severity 99 is outside the axis, 0 to 50 dE00 (mean CIEDE2000)",
	} {
		opt := sampleOptions()
		opt.Set = []string{set}
		_, err := harness.Parse("x.toml", []byte(plain), opt)
		if err == nil || err.Error() != want {
			t.Errorf("--set %s gives\n%v\nwant\n%s", set, err, want)
		}
	}
}

func TestImagesOption(t *testing.T) {
	src := "probity = 1\nname = \"x\"\n[images]\ndataset = \"sample-folder\"\npath = \"photos\"\n[[metric]]\nkind = \"sample-mse\"\n"
	opt := sampleOptions()
	x, err := harness.Parse(filepath.Join("some", "where", "x.toml"), []byte(src), opt)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("some", "where", "photos"); x.Images.Path != want {
		t.Errorf("path is %q, want it relative to the file: %q", x.Images.Path, want)
	}
	opt.Images = "elsewhere"
	if x, err = harness.Parse("x.toml", []byte(strings.Replace(src, "path = \"photos\"\n", "", 1)), opt); err != nil || x.Images.Path != "elsewhere" {
		t.Errorf("--images was not taken: %v, %v", x, err)
	}
}

func TestLoadMissingFile(t *testing.T) {
	_, err := harness.Load(filepath.Join(t.TempDir(), "none.toml"), sampleOptions())
	if err == nil || !strings.Contains(err.Error(), "there is no experiment file") || !strings.Contains(err.Error(), "probity init") {
		t.Errorf("error is %v", err)
	}
}

// TestEncodings reads files as editors of other systems leave them.
func TestEncodings(t *testing.T) {
	for name, src := range map[string]string{"CRLF": strings.ReplaceAll(plain, "\n", "\r\n"), "byte order mark": "\ufeff" + plain} {
		if _, err := harness.Parse("x.toml", []byte(src), sampleOptions()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPositions points at keys and values however TOML lets them be written. The column marked by ^ is on the line above.
func TestPositions(t *testing.T) {
	const doc = `probity = 1
name = "x"
images.dataset = "sample-pictures"
images.limit = 0
#              ^ images.limit
"metric" = [
  # the first is good
  { kind = "sample-mse" }, # and this one
  { "kind" = 'sample-moose' },
#            ^ metric[1].kind
]

[[perturb]]
kind = "sample-hue" # ä ö
severity = [ 1, # one
  2,
  60,
# ^ perturb[0].severity[2]
]
[perturb.region]
shape = "disc"
area = [ 0.1, 1.1 ]
#             ^ perturb[0].region.area[1]
[[perturb]]
  kind = "sample-blur"; 
`
	// The semicolon is no TOML; without it every mark is met.
	src := strings.Replace(doc, "; ", "", 1)
	src += "  severity = 1\n  name = \"ééé\"\n  region.shape = \"ünder\"\n# ^ perturb[1].region\n[[perturb]]\nsteps = [ { kind = \"sample-hue\", severity = 1 }, { kind = \"sämple\" } ]\n#                                                         ^ perturb[2].steps[1].kind\n"
	_, err := harness.Parse("x.toml", []byte(src), sampleOptions())
	var wrong *harness.DocumentErrors
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	at := map[string]string{}
	for _, e := range wrong.Errors {
		at[e.Key] = fmt.Sprintf("%d:%d", e.Line, e.Col)
	}
	lines := strings.Split(src, "\n")
	marks := 0
	for i, line := range lines {
		mark, key, ok := strings.Cut(line, "^ ")
		if !ok {
			continue
		}
		marks++
		if want := fmt.Sprintf("%d:%d", i, len([]rune(mark))+1); at[key] != want {
			t.Errorf("%s is reported at %q, want %s", key, at[key], want)
		}
		delete(at, key)
	}
	if marks != 6 || len(at) > 0 {
		t.Errorf("%d marks, and errors without a mark at %v", marks, at)
	}
	if _, err := harness.Parse("x.toml", []byte(doc), sampleOptions()); err == nil || !strings.HasPrefix(err.Error(), "x.toml:25:23: this is not TOML") {
		t.Errorf("the semicolon is reported as %v", err)
	}
}

// TestTooMuch: what is too long or nested too deep for the parsers is refused at once, and strings and comments may hold
// any brackets.
func TestTooMuch(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"lists":  {"x = " + strings.Repeat("[", 1<<18), "x.toml:1:69: lists and tables are nested more than 64 deep"},
		"tables": {"x = " + strings.Repeat("{a=", 1<<18), "x.toml:1:197: lists and tables are nested more than 64 deep"},
		"dots":   {"name = 1.5\n" + strings.Repeat("a.", 1<<18) + "a = 1", "x.toml:2:130: lists and tables are nested more than 64 deep"},
		"long":   {plain + strings.Repeat("\n", 1<<20), "more than any experiment file"},
	} {
		_, err := harness.Parse("x.toml", []byte(c.src), sampleOptions())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %.200v", name, err)
		}
	}
	many := strings.Repeat("[{", 100)
	src := "# " + many + "\nquestion = \"\"\"\n\\\" " + many + "\"\"\"\n" + strings.Replace(plain, "seed = 7", "seed = 7 # '"+many, 1) +
		"[[perturb]]\nkind = \"sample-hue\"\nname = '" + many + "\\'\n"
	if x := parse(t, src); !strings.Contains(x.Question, many) || x.Perturbs[2].Label != many+"\\" {
		t.Errorf("strings with brackets were read as %q and %q", x.Question, x.Perturbs[2].Label)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(plain), "images.limit=3")
	files, _ := filepath.Glob("../testdata/harness/wrong/*.toml")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, "perturb.0.severity=[1]")
	}
	f.Fuzz(func(t *testing.T, src []byte, set string) {
		opt := sampleOptions()
		opt.Set = []string{set}
		x, err := harness.Parse("x.toml", src, opt)
		var wrong *harness.DocumentErrors
		if err == nil && x == nil || err != nil && !errors.As(err, &wrong) {
			t.Fatalf("neither an experiment nor a *DocumentErrors: %v, %v", x, err)
		}
		if err != nil && (len(wrong.Errors) == 0 || err.Error() == "") {
			t.Fatal("an error without a message")
		}
	})
}

// TestModels: a list of models is a metric of each, as if each had a section of its own.
func TestModels(t *testing.T) {
	const head = "probity = 1\nname = \"x\"\nseed = 1\n[images]\ndataset = \"sample-pictures\"\n"
	short, err := harness.Parse("x.toml", []byte(head+"[[metric]]\nkind = \"sample-patch\"\nmodels = [\"vit-small\", \"cnn-small\"]\npool = \"top\"\n[[metric]]\nkind = \"sample-mse\"\n"), sampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	long, err := harness.Parse("x.toml", []byte(head+"[[metric]]\nkind = \"sample-patch\"\nmodel = \"vit-small\"\npool = \"top\"\n[[metric]]\nkind = \"sample-patch\"\nmodel = \"cnn-small\"\npool = \"top\"\n[[metric]]\nkind = \"sample-mse\"\n"), sampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	if len(short.Metrics) != 3 || short.Metrics[0].Label != "sample-patch(vit-small)" {
		t.Fatalf("%+v", short.Metrics)
	}
	for i := range long.Metrics {
		s, l := short.Metrics[i], long.Metrics[i]
		if s.Label != l.Label || s.Params.Canonical() != l.Params.Canonical() || !reflect.DeepEqual(s.Models, l.Models) {
			t.Errorf("metric %d: %s %s, written out %s %s", i, s.Label, s.Params.Canonical(), l.Label, l.Params.Canonical())
		}
	}
}

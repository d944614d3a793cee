package experiments_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"testing"

	"probity/datasets"
	"probity/harness"
	"probity/internal/trial"
	_ "probity/metrics"
	_ "probity/perturb"
	"probity/reports"
	"probity/zoo"
	"probity/zoo/bundled"
)

// catalogue describes the bundled networks and those of the zoo's catalogue, whether or not their weights are here.
type catalogue struct{}

func (catalogue) Model(name string) (trial.ModelInfo, error) {
	known, err := zoo.Catalog()
	if err != nil {
		return trial.ModelInfo{}, err
	}
	m := known[name]
	if data, err := fs.ReadFile(bundled.Models(), name+".toml"); err == nil {
		if m, err = zoo.ParseManifest(data, name); err != nil {
			return trial.ModelInfo{}, err
		}
	}
	if m == nil {
		return trial.ModelInfo{}, fmt.Errorf("there is no model %q in the catalogue", name)
	}
	return m.Info(), nil
}

// Asset gives LPIPS heads that weigh every channel alike: enough to make the metric, not to score with it.
func (catalogue) Asset(string) ([]byte, error) {
	heads := map[string][]float64{}
	for i, channels := range []int{64, 192, 384, 256, 256, 512, 512} {
		heads[fmt.Sprintf("lin%d.model.1.weight", i)] = make([]float64, channels)
	}
	return json.Marshal(heads)
}

func options() harness.LoadOptions {
	return harness.LoadOptions{Env: catalogue{}, Findings: reports.Kinds}
}

func TestExperimentsParse(t *testing.T) {
	files, err := filepath.Glob("*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no experiments", err)
	}
	human, err := filepath.Glob("human/*.toml")
	if err != nil || len(human) == 0 {
		t.Fatal("no experiments on judgements", err)
	}
	for _, file := range append(files, human...) {
		if _, err := harness.Load(file, options()); err != nil {
			t.Error(err)
		}
	}
}

// TestReadmeNamesEveryExperiment: the table of questions is complete.
func TestReadmeNamesEveryExperiment(t *testing.T) {
	files, _ := filepath.Glob("*.toml")
	text := read(t, "README.md")
	for _, file := range files {
		if !bytes.Contains(text, []byte("]("+file+")")) {
			t.Errorf("README.md does not tell of %s", file)
		}
	}
	files, _ = filepath.Glob("human/*.toml")
	text = read(t, "human/README.md")
	for _, file := range files {
		if !bytes.Contains(text, []byte("]("+filepath.Base(file)+")")) {
			t.Errorf("human/README.md does not tell of %s", file)
		}
	}
}

var tomlBlock = regexp.MustCompile("(?s)```toml\n(.*?)```")

// TestDocumentedExampleParses: the first example of the documentation is an experiment, word for word.
func TestDocumentedExampleParses(t *testing.T) {
	example := tomlBlock.FindSubmatch(read(t, "../docs/experiment-file.md"))
	if example == nil {
		t.Fatal("no example")
	}
	x, err := harness.Parse("../docs/experiment-file.md", example[1], options())
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, m := range x.Metrics {
		labels = append(labels, m.Label)
	}
	want := []string{"ssim", "cosine(vit-tiny-patch16-224)", "patch-cosine(mobilenetv2-1.0)", "cosine(mobilenetv2-1.0)"}
	if fmt.Sprint(labels) != fmt.Sprint(want) {
		t.Errorf("metrics are %q, want %q", labels, want)
	}
}

// TestPlanOfPhotoEdits counts the main experiment by hand. For each source: hue 5 severities x 4 regions + blur 3 x 3 =
// 29 edits; 2 nulls x 8 = 16; 29 edits x 8 draws of the one null that detection is asked amid = 232 crossed; 4 anchors
// and 8 controls.
func TestPlanOfPhotoEdits(t *testing.T) {
	x, err := harness.Load("photo-edits.toml", options())
	if err != nil {
		t.Fatal(err)
	}
	col := &trial.Collection{}
	for i := range 130 {
		col.Sources = append(col.Sources, &trial.Source{ID: fmt.Sprint(i), Hash: fmt.Sprintf("%064x", i), Class: fmt.Sprint(i % 6)})
	}
	p, err := harness.NewPlan(x, col, catalogue{})
	if err != nil {
		t.Fatal(err)
	}
	n := map[trial.Role]int{}
	for _, r := range p.Counts.PerSource {
		n[r.Role] = r.N
	}
	if n[trial.Edit] != 29 || n[trial.Null] != 16 || n[trial.Crossed] != 232 || n[trial.Anchor] != 4 || n[trial.Control] != 8 || p.Counts.Sources != 48 {
		t.Errorf("plan has %v", p.Counts)
	}
	for _, m := range p.Metrics {
		if c := m.Column; c.Group == trial.Learned && c.Control == "" {
			t.Errorf("%s has no pixel control", c.Label)
		}
	}
	if len(p.Warnings) > 0 {
		t.Errorf("the plan warns: %q", p.Warnings)
	}
	var b bytes.Buffer
	if err := p.Describe(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
}

// TestPlanOfFirstLook opens the data set too, since it is rendered.
func TestPlanOfFirstLook(t *testing.T) {
	x, err := harness.Load("first-look.toml", options())
	if err != nil {
		t.Fatal(err)
	}
	col, err := x.Images.Entry.Open(t.Context(), x.Images.Params, x.Images.OpenOptions(x.Seed))
	if err != nil {
		t.Fatal(err)
	}
	p, err := harness.NewPlan(x, col, catalogue{})
	if err != nil {
		t.Fatal(err)
	}
	if !p.Classes || len(p.Warnings) > 0 || p.Cost.Seconds > 120 {
		t.Errorf("classes %v, warnings %q, %v s", p.Classes, p.Warnings, p.Cost.Seconds)
	}
	var b bytes.Buffer
	if err := p.Describe(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
}

var _ = datasets.WriteScenes

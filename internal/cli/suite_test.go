package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/harness"
	"probity/internal/registry"
	"probity/internal/trial"
	"probity/reports"
)

const suiteFile = `
probity = 1
name = "suite"
[[suite]]
dataset = "compliance"
count = 3
size = 32
kinds = ["wrong-place", "collateral"]
[[metric]]
kind = "ssim"
%s
[figures]
formats = ["svg"]
`

func suiteExperiment(t *testing.T, more string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "suite.toml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(suiteFile, more)), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func complianceOf(t *testing.T, dir string) *reports.Finding {
	t.Helper()
	d, err := reports.ReadDocument(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Findings {
		if f.Kind == "compliance" {
			return f
		}
	}
	t.Fatal("no finding on compliance")
	return nil
}

// accuracyOn is the estimate of a metric's accuracy on one kind.
func accuracyOn(t *testing.T, f *reports.Finding, metric, kind string) reports.Estimate {
	t.Helper()
	for _, e := range f.Estimates {
		if e.Quantity == reports.Accuracy && e.Metric == metric && e.Perturb == kind && e.At == "" {
			return e
		}
	}
	t.Fatalf("no accuracy of %s on %q", metric, kind)
	return reports.Estimate{}
}

// A run of a suite alone leaves the matrix; nothing is scored twice; controls do what is known of them.
func TestRunOfASuite(t *testing.T) {
	file := suiteExperiment(t, "")
	out := filepath.Join(t.TempDir(), "run")
	status, _, stderr := called("run", file, "--out", out)
	if status != exitDone || !strings.Contains(stderr, "at .5 by construction") {
		t.Fatalf("exit %d: %s", status, stderr)
	}
	for _, name := range []string{"report.html", "suite-compliance.csv", "figures/blindness-compliance.svg", "figures/collateral-stain-compliance.svg", "tables/compliance-compliance.md"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	f := complianceOf(t, out)
	for _, c := range []struct {
		metric, kind string
		want         float64
	}{{"ssim", "wrong-place", .5}, {"oracle", "wrong-place", 1}, {"oracle", "", 1}, {"constant", "", .5}, {"caption oracle", "collateral", .5}, {"pixel difference", "collateral", 1}, {"pixel difference", "wrong-place", .5}} {
		if e := accuracyOn(t, f, c.metric, c.kind); float64(e.Value) != c.want || e.N != 3 {
			t.Errorf("%s on %q: %v of %d scenes, wants exactly %v of 3", c.metric, c.kind, e.Value, e.N, c.want)
		}
	}
	if status, _, stderr := called("run", file, "--out", out); status != exitDone || !strings.Contains(stderr, "the report is up to date") {
		t.Errorf("the second run: exit %d: %s", status, stderr)
	}
	if status, stdout, _ := called("validate", file); status != exitDone || !strings.Contains(stdout, "compliance") {
		t.Errorf("validate: exit %d: %s", status, stdout)
	}
}

// A metric that was computed elsewhere takes part through the suite that was written out; a row that is missing is named.
func TestSuiteOfATable(t *testing.T) {
	dir := t.TempDir()
	if status, _, stderr := called("suite", "--out", dir, "--count", "3", "--size", "32", "--kinds", "wrong-place,collateral"); status != exitDone {
		t.Fatalf("exit %d: %s", status, stderr)
	}
	f, err := os.Open(filepath.Join(dir, "trials.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(f).ReadAll()
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.ToLower(fmt.Sprint(rows[0])); strings.Contains(text, "right") || strings.Contains(text, "kind") {
		t.Errorf("the table of trials tells which outputs are right: %s", text)
	}
	table := func(rows [][]string) string {
		path := filepath.Join(dir, "scores.csv")
		var b strings.Builder
		w := csv.NewWriter(&b)
		for i, r := range rows {
			score := "score"
			if i > 0 {
				score = "7"
			}
			w.Write(append(append([]string{}, r...), score))
		}
		w.Flush()
		if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	section := fmt.Sprintf("[[metric]]\nkind = \"table\"\npath = %q\n", filepath.ToSlash(table(rows)))
	file := suiteExperiment(t, section)
	out := filepath.Join(t.TempDir(), "run")
	if status, _, stderr := called("run", file, "--out", out); status != exitDone || strings.Contains(stderr, "left out") {
		t.Fatalf("exit %d: %s", status, stderr)
	}
	// A score that is the same everywhere ties, whatever the kind.
	for _, kind := range []string{"wrong-place", "collateral"} {
		if e := accuracyOn(t, complianceOf(t, out), "table", kind); e.Value != .5 {
			t.Errorf("equal scores on %s: %v, wants exactly .5", kind, e.Value)
		}
	}
	table(rows[:len(rows)-1])
	status, _, stderr := called("run", file, "--out", out)
	if status != exitDone || !strings.Contains(stderr, "left out: dev-00") || !strings.Contains(stderr, "has no row with these pictures") {
		t.Errorf("a missing row: exit %d: %s", status, stderr)
	}
}

// An editor that makes the right outputs is nearer to them everywhere, at distance 0; a picture that is missing is named.
func TestSuiteJudgesAnEditor(t *testing.T) {
	entry, info, err := trial.Datasets.Get("compliance")
	if err != nil {
		t.Fatal(err)
	}
	values, errs := registry.NewValues(info, map[string]any{"count": 2, "kinds": []string{"wrong-place", "identity-lost"}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	s, err := entry.Suite(context.Background(), values, trial.OpenOptions{Size: 48})
	if err != nil {
		t.Fatal(err)
	}
	right, idle := t.TempDir(), t.TempDir()
	for _, item := range harness.SuiteItems(s) {
		for dir, d := range map[string]trial.Depiction{right: item.Quad.Outputs[item.Context], idle: item.Quad.Contexts[item.Context].Input} {
			img, err := d.Render(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			data, err := img.EncodePNG()
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, item.Name+".png"), data, 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	flags := []string{"--count", "2", "--kinds", "wrong-place,identity-lost", "--size", "48"}
	status, stdout, stderr := called(append([]string{"suite", "--judge", right}, flags...)...)
	if status != exitDone || !strings.Contains(stdout, "wrong-place") || !strings.Contains(stdout, "1.00") || !strings.Contains(stdout, "0.00  ") {
		t.Errorf("the right outputs: exit %d: %s%s", status, stdout, stderr)
	}
	edited, err := harness.JudgeEditor(context.Background(), s, idle, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edited { // nothing done: right outside, wrong inside
		if e.Quad.Kind == "wrong-place" && (e.Outside > 0 || !(e.Inside > 0)) {
			t.Errorf("%s: doing nothing is %v from the right output inside and %v outside", e.Name, e.Inside, e.Outside)
		}
	}
	if err := os.Remove(filepath.Join(right, "dev-001-wrong-place-2.png")); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := called(append([]string{"suite", "--judge", right}, flags...)...); status != exitInput || !strings.Contains(stderr, "item dev-001-wrong-place-2") {
		t.Errorf("a missing picture: exit %d: %s", status, stderr)
	}
	if status, _, stderr := called("suite", "--judge", idle, "--count", "2", "--kinds", "wrong-place,identity-lost"); status != exitInput || !strings.Contains(stderr, "48 x 48 pixels, the suite has 64 x 64") {
		t.Errorf("another size: exit %d: %s", status, stderr)
	}
	for _, bad := range [][]string{{"suite"}, {"suite", "--out", "x", "--part", "tset"}, {"suite", "--out", "x", "--version", "2"}, {"suite", "--out", "x", "--kinds", "wrong-plaice"}, {"suite", "--out", "x", "--count", "101"}} {
		if status, _, stderr := called(bad...); status != exitInput {
			t.Errorf("%v: exit %d: %s", bad, status, stderr)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"probity/reports"
)

var action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// No number of the paper is typed by hand: outside its expressions the text has no digit but in names.
func TestPaperHasNoTypedNumbers(t *testing.T) {
	names := regexp.MustCompile("`[^`]*`|\\([^)]*\\.(md|toml)\\)|<!--.*?-->|CIEDE2000|https?://\\S+")
	for i, line := range strings.Split(action.ReplaceAllString(paper, ""), "\n") {
		text := names.ReplaceAllString(line, "")
		if m := regexp.MustCompile(`\d`).FindString(text); m != "" && !regexp.MustCompile(`^#+ \d\. `).MatchString(text) {
			t.Errorf("findings.md.tmpl:%d: a typed number: %s", i+1, line)
		}
	}
}

// Every study that the paper's text names exists, its experiment too, and every study is in the text.
func TestPaperNamesStudies(t *testing.T) {
	quoted := regexp.MustCompile(`(?:ran|missing|question|answer|scope|method|declared|figure|estimate|(?:expected "[a-z]+" [.0-9]+)) "([^"]+)"`)
	named := map[string]bool{}
	for _, m := range quoted.FindAllStringSubmatch(paper, -1) {
		named[m[1]] = true
	}
	have := map[string]bool{}
	for _, s := range studies {
		have[s.name] = true
		if !named[s.name] {
			t.Errorf("the paper says nothing of study %s", s.name)
		}
		if _, err := os.Stat(filepath.Join("..", "..", s.args[1])); err != nil {
			t.Errorf("study %s: %v", s.name, err)
		}
	}
	for n := range named {
		if !have[n] {
			t.Errorf("the paper names a study %q that does not exist", n)
		}
	}
}

// The committed paper shows exactly the figures that lie beside it, and came of this template.
func TestPaperAndFigures(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "findings.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`\(findings/([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
		shown[m[1]] = true
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "findings", "*.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !shown[filepath.Base(f)] {
			t.Errorf("%s is not shown in docs/findings.md", f)
		}
		delete(shown, filepath.Base(f))
	}
	for f := range shown {
		t.Errorf("docs/findings.md shows %s, which is not there; run make findings", f)
	}
	for _, line := range strings.Split(paper, "\n") {
		if strings.HasPrefix(line, "#") && !strings.Contains(line, "{{") && !strings.Contains(string(text), line+"\n") {
			t.Errorf("docs/findings.md lacks the heading %q of its template; run make findings", line)
		}
	}
}

// A study runs, is read, is written of, and a second call computes nothing and writes the same bytes.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tiny.toml")
	const tiny = `probity = 1
name = "tiny"
question = "Is it found?"
[images]
dataset = "scenes"
count = 6
size = 32
[[metric]]
kind = "ssim"
[[perturb]]
kind = "gaussian-noise"
severity = [2, 20]
[[perturb]]
kind = "shift"
severity = 1
role = "null"
[[finding]]
kind = "detection"
[[hypothesis]]
name = "noise"
finding = "detection"
contrast = "ssim"
at = { perturb = "gaussian-noise", severity = 20 }
smallest_effect = 0.05
`
	if err := os.WriteFile(file, []byte(tiny), 0o666); err != nil {
		t.Fatal(err)
	}
	list := []study{{name: "tiny", args: []string{"run", file}}, {name: "elsewhere", args: []string{"run", file}, needs: []string{"models"}}}
	o := options{docs: filepath.Join(dir, "docs"), runs: filepath.Join(dir, "runs")}
	defer func(was string) { paper = was }(paper)
	paper = `{{question "tiny"}} {{answer "tiny" "detection"}} {{scope "tiny"}} {{method "tiny" "detection" 1}}
{{declared "tiny"}} {{figure "tiny" "detection-gaussian-noise-shift"}}
{{estimate "tiny" "detection" "quantity=A within" "severity=20"}} {{expected "larger" .5 "tiny" "detection" "quantity=A within" "severity=20"}} {{if ran "elsewhere"}}no{{else}}{{missing "elsewhere"}}{{end}} {{costs}}`
	var first []byte
	for range 2 {
		var progress, errs bytes.Buffer
		if err := write(context.Background(), o, list, &progress, &errs); err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
		text, err := os.ReadFile(filepath.Join(dir, "docs", "findings.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Is it found? ", "(findings/tiny-detection-gaussian-noise-shift.svg)", "needs models", "| elsewhere |", "only 6 independent"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the paper lacks %q:\n%s", want, text)
			}
		}
		if first == nil {
			first = text
		} else if !bytes.Equal(first, text) {
			t.Error("a second call wrote other bytes")
		}
	}
	for _, wrong := range []string{`{{answer "none" "detection"}}`, `{{answer "tiny" "none"}}`, `{{figure "tiny" "none"}}`,
		`{{estimate "tiny" "detection"}}`, `{{estimate "tiny" "detection" "colour=red"}}`, `{{missing "none"}}`} {
		paper = wrong
		if err := write(context.Background(), o, list[:1], new(bytes.Buffer), new(bytes.Buffer)); err == nil {
			t.Errorf("%s: no error", wrong)
		}
	}
	o.only = []string{"none"}
	if err := write(context.Background(), o, list, new(bytes.Buffer), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "tiny, elsewhere") {
		t.Errorf("an unknown study: %v", err)
	}
}

func TestFirstSentences(t *testing.T) {
	const text = "A is .05 [.01, .09]. B (n = 3). C is more."
	for n, want := range map[int]string{1: "A is .05 [.01, .09].", 2: "A is .05 [.01, .09]. B (n = 3).", 3: text, 9: text} {
		if got := first(n, text); got != want {
			t.Errorf("first %d: %q, want %q", n, got, want)
		}
	}
}

func TestVerdictAgainstExpectation(t *testing.T) {
	for _, c := range []struct {
		v              reports.Verdict
		expected, want string
	}{
		{reports.Larger, "larger", "as expected"}, {reports.Above, "larger", "as expected"}, {reports.Below, "larger", "against the expectation"},
		{reports.Equivalent, "larger", "against the expectation"}, {reports.Equivalent, "equivalent", "as expected"}, {reports.Undecided, "larger", "open"}, {reports.NotJudged, "larger", "open"},
	} {
		if got := against(c.v, c.expected); got != c.want {
			t.Errorf("%s, expected %s: %s, want %s", c.v, c.expected, got, c.want)
		}
	}
}

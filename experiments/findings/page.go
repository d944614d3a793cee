package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"probity/reports"
)

//go:embed findings.md.tmpl
var paper string

// write runs the studies and writes the paper with its figures.
func write(ctx context.Context, o options, list []study, progress, errs io.Writer) error {
	results, err := runAll(ctx, o, list, progress, errs)
	if err != nil {
		return err
	}
	p := &page{studies: list, results: results, figures: map[string][]byte{}}
	text, err := p.render(paper)
	if err != nil {
		return err
	}
	folder := filepath.Join(o.docs, "findings")
	old, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil {
		return err
	}
	for _, f := range old { // figures that the paper no longer shows
		if p.figures[filepath.Base(f)] == nil {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for name, data := range p.figures {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o666); err != nil {
			return err
		}
	}
	path := filepath.Join(o.docs, "findings.md")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		return err
	}
	fmt.Fprintln(progress, path)
	return nil
}

// page is what the paper's template reads: findings of runs by name.
type page struct {
	studies []study
	results map[string]*result
	figures map[string][]byte // that the text shows, by file name
}

func (p *page) render(text string) ([]byte, error) {
	t, err := template.New("findings.md.tmpl").Option("missingkey=error").Funcs(template.FuncMap{
		"ran": p.ran, "missing": p.missing, "question": p.question, "answer": p.answer, "scope": p.scope, "method": p.method, "declared": p.declared,
		"figure": p.figure, "estimate": p.estimate, "expected": p.expected, "first": first, "costs": p.costs,
		"list": func(v ...string) []string { return v },
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (p *page) result(name string) (*result, error) {
	if r := p.results[name]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("study %s has not run", name)
}

func (p *page) finding(name, kind string) (*reports.Finding, error) {
	r, err := p.result(name)
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, f := range r.doc.Findings {
		if f.Kind == kind {
			return f, nil
		}
		kinds = append(kinds, f.Kind)
	}
	return nil, fmt.Errorf("study %s has no finding %s; it has %s", name, kind, strings.Join(kinds, ", "))
}

func (p *page) ran(name string) bool { return p.results[name] != nil }

// missing says what a study that has not run would need.
func (p *page) missing(name string) (string, error) {
	for _, s := range p.studies {
		if s.name == name {
			return fmt.Sprintf("*Not run here: `%s` needs %s that the repository does not hold.*", s.command(), strings.Join(s.needs, " and ")), nil
		}
	}
	return "", fmt.Errorf("there is no study %s", name)
}

func (p *page) question(name string) (string, error) {
	r, err := p.result(name)
	if err != nil {
		return "", err
	}
	return r.doc.Question, nil
}

// answer is the finding's own sentence.
func (p *page) answer(name, kind string) (string, error) {
	f, err := p.finding(name, kind)
	if err != nil {
		return "", err
	}
	return f.Answer, nil
}

func (p *page) scope(name string) (string, error) {
	r, err := p.result(name)
	if err != nil {
		return "", err
	}
	return r.doc.Scope, nil
}

// method is the finding's definitions, the first n of them.
func (p *page) method(name, kind string, n int) (string, error) {
	f, err := p.finding(name, kind)
	if err != nil {
		return "", err
	}
	return strings.Join(f.Method[:min(n, len(f.Method))], " "), nil
}

// declared is the table of a study's hypotheses with their verdicts.
func (p *page) declared(name string) (string, error) {
	f, err := p.finding(name, "hypotheses")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| declared before the run | difference | smallest that matters | n | p (Holm) | verdict |\n|---|---:|---:|---:|---:|---|\n")
	for _, c := range f.Contrasts {
		what := c.Name
		if what == "" {
			what = c.Metric + " - " + c.Against
			if c.Finding == "decomposition" {
				what = c.Metric
			} else if c.Against == "" {
				what = c.Metric + " against chance"
			}
		}
		fmt.Fprintf(&b, "| %s; %s%s | %s | %s | %d | %s | **%s** |\n", cell(what), c.Quantity, cell(c.At), ranged(c.Value, c.Low, c.High), bare(short(c.SmallestEffect)), c.N, pvalue(float64(c.PHolm)), c.Verdict)
	}
	return b.String(), nil
}

func against(v reports.Verdict, expected string) string {
	way := map[reports.Verdict]string{reports.Larger: "larger", reports.Above: "larger", reports.Smaller: "smaller", reports.Below: "smaller", reports.Equivalent: "equivalent"}[v]
	switch way {
	case "":
		return "open"
	case expected:
		return "as expected"
	}
	return "against the expectation"
}

// figure shows a figure of a run with the caption that stands beside it. The error names those that the run has.
func (p *page) figure(name, fig string) (string, error) {
	r, err := p.result(name)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(r.dir, "figures")
	data, err := os.ReadFile(filepath.Join(folder, fig+".svg"))
	if err != nil {
		have, _ := filepath.Glob(filepath.Join(folder, "*.svg"))
		for i := range have {
			have[i] = strings.TrimSuffix(filepath.Base(have[i]), ".svg")
		}
		return "", fmt.Errorf("study %s has no figure %s; it has %s", r.name, fig, strings.Join(have, ", "))
	}
	caption, err := os.ReadFile(filepath.Join(folder, fig+".txt"))
	if err != nil {
		return "", err
	}
	file := name + "-" + fig + ".svg"
	p.figures[file] = data
	text := strings.TrimSpace(string(caption))
	title, _, _ := strings.Cut(text, ".")
	return fmt.Sprintf("![%s](findings/%s)\n\n*%s*", title, file, strings.ReplaceAll(text, "*", `\*`)), nil
}

// one finds the one estimate of a finding that fits. Each of where is key=value, of metric, quantity, perturb, shape, null,
// dataset, at, unit, area and severity.
func (p *page) one(name, kind string, where []string) (*reports.Estimate, error) {
	f, err := p.finding(name, kind)
	if err != nil {
		return nil, err
	}
	var fits []*reports.Estimate
	for i := range f.Estimates {
		e := &f.Estimates[i]
		all := true
		for _, w := range where {
			k, v, _ := strings.Cut(w, "=")
			have, known := map[string]string{"metric": e.Metric, "quantity": string(e.Quantity), "perturb": e.Perturb, "shape": e.Shape, "null": e.Null, "dataset": e.Dataset,
				"at": e.At, "unit": e.Unit, "area": short(float64(e.Area)), "severity": short(float64(e.Severity))}[k]
			if !known {
				return nil, fmt.Errorf("an estimate has no %q", k)
			}
			all = all && have == v
		}
		if all {
			fits = append(fits, e)
		}
	}
	if len(fits) != 1 {
		return nil, fmt.Errorf("study %s, finding %s: %d estimates fit %s, one is wanted", name, kind, len(fits), strings.Join(where, ", "))
	}
	return fits[0], nil
}

// estimate is one number of a finding with its interval.
func (p *page) estimate(name, kind string, where ...string) (string, error) {
	e, err := p.one(name, kind, where)
	if err != nil {
		return "", err
	}
	return ranged(e.Value, e.Low, e.High), nil
}

// expected holds the interval of an estimate to what was expected of it: "larger" or "smaller" than a reference, or "equal" to it. It
// gives two cells of a table, the estimate and how it stands. An interval that holds the reference leaves the question open; it
// speaks neither for nor against equality.
func (p *page) expected(way string, reference float64, name, kind string, where ...string) (string, error) {
	e, err := p.one(name, kind, where)
	if err != nil {
		return "", err
	}
	found := reports.Undecided
	switch {
	case float64(e.Low) > reference:
		found = reports.Above
	case float64(e.High) < reference:
		found = reports.Below
	}
	return ranged(e.Value, e.Low, e.High) + " | " + against(found, way), nil
}

// costs lists what was run and the processor time that it took.
func (p *page) costs() string {
	var b strings.Builder
	b.WriteString("| study | command | processor seconds |\n|---|---|---:|\n")
	var sum float64
	for _, s := range p.studies {
		r := p.results[s.name]
		if r == nil {
			fmt.Fprintf(&b, "| %s | `%s` | not run |\n", s.name, s.command())
			continue
		}
		sum += r.seconds
		fmt.Fprintf(&b, "| %s | `%s` | %.0f |\n", s.name, s.command(), r.seconds)
	}
	fmt.Fprintf(&b, "| all | | %.0f |\n", sum)
	return b.String()
}

var sentenceEnd = regexp.MustCompile(`[a-z)\]%]\. [A-Z]`)

// first keeps the first n sentences of a text.
func first(n int, text string) string {
	ends := sentenceEnd.FindAllStringIndex(text, n)
	if len(ends) < n {
		return text
	}
	return text[:ends[n-1][0]+2]
}

// cell escapes what would end a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func short(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// ranged writes a value with its interval.
func ranged(value, low, high reports.Number) string {
	dec := 2
	if m := math.Abs(float64(value)); m >= 100 {
		dec = 0
	} else if m >= 10 {
		dec = 1
	}
	text := func(v reports.Number) string {
		if math.IsNaN(float64(v)) {
			return "–"
		}
		return bare(strconv.FormatFloat(float64(v), 'f', dec, 64))
	}
	return fmt.Sprintf("%s [%s, %s]", text(value), text(low), text(high))
}

// bare drops a zero before the point.
func bare(s string) string {
	if rest, ok := strings.CutPrefix(s, "-0."); ok {
		return "-." + rest
	}
	if rest, ok := strings.CutPrefix(s, "0."); ok {
		return "." + rest
	}
	return s
}

func pvalue(p float64) string {
	switch {
	case math.IsNaN(p):
		return "–"
	case p < .001:
		return "< .001"
	}
	return bare(strconv.FormatFloat(p, 'f', 3, 64))
}

package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"probity/internal/registry"
	"probity/reports/figure"
	"probity/reports/page"
)

// FormatVersion is the version of findings.json.
const FormatVersion = 1

// Result is what Write left.
type Result struct {
	Findings []*Finding
	Answer   string   // the report's first sentences
	Files    []string // relative to the folder, in the order written
}

// Document is findings.json.
type Document struct {
	Format     int        `json:"probity_findings"`
	Experiment string     `json:"experiment"`
	Question   string     `json:"question,omitempty"`
	Answer     string     `json:"answer"`
	Scope      string     `json:"scope"`
	Resamples  int        `json:"resamples"`
	Seed       uint64     `json:"seed"`
	Findings   []*Finding `json:"findings"`
}

// Write computes the findings and writes findings.json, tables/, figures/ and report.html into dir. Each file is
// replaced atomically, and the same Input gives the same bytes. Findings of the same scores and options are taken from
// the cache that an earlier Write left. Options.Only restricts what is drawn, not findings.json.
func Write(ctx context.Context, in *Input, dir string) (*Result, error) {
	a, err := NewAnalysis(in)
	if err != nil {
		return nil, err
	}
	for _, kind := range in.Options.Only {
		if kind != hypothesesKind && kind != stimuliKind {
			if _, err := Kinds.Info(kind); err != nil {
				return nil, fmt.Errorf("choosing what to draw: %w", err)
			}
		}
	}
	folder := in.Options.Cache
	if folder == "" {
		folder = dir
	}
	key := a.key()
	findings := recall(folder, key)
	if findings == nil {
		if findings, err = a.findings(ctx); err != nil {
			return nil, err
		}
		if err := keep(folder, key, findings); err != nil {
			return nil, err
		}
	}
	res := &Result{Findings: findings, Answer: a.answer(findings)}
	w := &writer{dir: dir, res: res}
	doc, err := json.MarshalIndent(Document{Format: FormatVersion, Experiment: in.Experiment.Name, Question: in.Experiment.Question, Answer: res.Answer, Scope: a.scope(),
		Resamples: a.draws.n, Seed: in.Experiment.Seed, Findings: findings}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing findings.json: %w", err)
	}
	w.file("findings.json", append(doc, '\n'))
	if err := a.render(ctx, w, findings); err != nil {
		return nil, err
	}
	return res, w.err
}

// Findings computes the findings that the experiment asks for, in that order, then the verdicts on its hypotheses.
func Findings(ctx context.Context, in *Input) ([]*Finding, error) {
	a, err := NewAnalysis(in)
	if err != nil {
		return nil, err
	}
	return a.findings(ctx)
}

func (a *Analysis) findings(ctx context.Context) ([]*Finding, error) {
	requests := a.in.Experiment.Findings
	out := make([]*Finding, len(requests))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(a.workers)
	for i, r := range requests {
		g.Go(func() error {
			entry, info, err := Kinds.Get(r.Kind)
			if err != nil {
				return err
			}
			params := r.Params
			if len(params.Names()) == 0 {
				var errs []error
				if params, errs = registry.NewValues(info, nil); len(errs) > 0 {
					return fmt.Errorf("finding %s: %w", r.Kind, errors.Join(errs...))
				}
			}
			f, err := entry.Compute(ctx, a, params)
			if err != nil {
				return fmt.Errorf("finding %s: %w", r.Kind, err)
			}
			if f.Params, err = json.Marshal(params); err != nil {
				return fmt.Errorf("finding %s: %w", r.Kind, err)
			}
			out[i] = f
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if len(a.in.Experiment.Hypotheses) > 0 {
		out = append(out, a.hypotheses(out))
	}
	return out, nil
}

// exhibit makes a finding's figures and tables.
func (v *View) exhibit(f *Finding) (Exhibition, error) {
	show := showHypotheses
	if f.Kind != hypothesesKind {
		entry, _, err := Kinds.Get(f.Kind)
		if err != nil {
			return Exhibition{}, err
		}
		if show = entry.Exhibit; show == nil {
			return Exhibition{}, nil
		}
	}
	return show(v, f)
}

// render draws figures and tables of the findings that are wanted, and the page.
func (a *Analysis) render(ctx context.Context, w *writer, findings []*Finding) error {
	v := a.view()
	opt := figure.Options{Width: figure.Width(a.in.Options.Width), Title: a.in.Options.Titles, Formats: a.in.Options.Formats, Palette: v.palette}
	formats := opt.Formats
	if len(formats) == 0 {
		formats = []string{"pdf", "svg", "png"}
	}
	// The page shows SVG, whatever files are wanted.
	if !slices.Contains(formats, "svg") {
		opt.Formats = append(slices.Clone(formats), "svg")
	}
	var shown []*Finding
	var drawings []figure.Drawing
	var from []int // finding of each drawing
	var tables [][]Table
	taken := map[string]int{}
	for _, f := range findings {
		if only := a.in.Options.Only; len(only) > 0 && !slices.Contains(only, f.Kind) {
			continue
		}
		x, err := v.exhibit(f)
		if err != nil {
			return fmt.Errorf("showing %s: %w", f.Kind, err)
		}
		for range x.Figures {
			from = append(from, len(shown))
		}
		drawings = append(drawings, x.Figures...)
		for _, d := range x.Data {
			w.file("tables/"+unique(taken, slug(d.Name))+".csv", []byte(d.CSV))
		}
		for i := range x.Tables {
			x.Tables[i].Name = unique(taken, slug(x.Tables[i].Name))
		}
		shown, tables = append(shown, f), append(tables, x.Tables)
	}
	pictures := len(drawings) // the figures of stimuli begin here
	strips := 0
	if only := a.in.Options.Only; len(only) == 0 || slices.Contains(only, stimuliKind) {
		s, rest := v.showStimuli()
		strips = len(s)
		drawings = append(append(drawings, s...), rest...)
	}
	drawn := make([][]*figure.Figure, len(drawings))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(a.workers)
	for i, d := range drawings {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			var err error
			drawn[i], err = figure.DrawAll([]figure.Drawing{d}, opt)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	figures := make([][]*figure.Figure, len(shown))
	var stimuli []*figure.Figure
	names := map[string]int{}
	for i, list := range drawn {
		for _, f := range list {
			name := unique(names, f.Name)
			for _, format := range formats {
				w.file("figures/"+name+"."+format, f.Bytes(format))
			}
			w.file("figures/"+name+".txt", []byte(f.Caption+"\n"))
		}
		switch {
		case i < pictures:
			figures[from[i]] = append(figures[from[i]], list...)
		case i >= pictures+strips:
			stimuli = append(stimuli, list...)
		}
	}
	for i, f := range shown {
		for _, t := range tables[i] {
			w.file("tables/"+t.Name+".tex", []byte(t.latex()))
			w.file("tables/"+t.Name+".md", []byte(t.markdown()))
			w.file("tables/"+t.Name+".csv", []byte(t.csv()))
		}
		if len(f.Estimates) > 0 {
			w.file("tables/"+unique(taken, slug(f.Kind)+"-estimates")+".csv", []byte(f.tidy()))
		}
	}
	var b bytes.Buffer
	if err := page.Write(&b, v.page(w.res.Answer, shown, figures, tables, stimuli)); err != nil {
		return fmt.Errorf("writing report.html: %w", err)
	}
	w.file("report.html", b.Bytes())
	return nil
}

// unique numbers names that come again.
func unique(taken map[string]int, name string) string {
	taken[name]++
	if n := taken[name]; n > 1 {
		return fmt.Sprintf("%s-%d", name, n)
	}
	return name
}

// writer writes files into a folder until the first error.
type writer struct {
	dir string
	res *Result
	err error
}

func (w *writer) file(name string, data []byte) {
	if w.err != nil || data == nil {
		return
	}
	if w.err = replace(filepath.Join(w.dir, filepath.FromSlash(name)), data); w.err == nil {
		w.res.Files = append(w.res.Files, name)
	}
}

// replace writes a file so that a reader sees the old or the new bytes, never a part.
func replace(path string, data []byte) (err error) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("making the folder of %s: %w", path, err)
	}
	f, err := os.CreateTemp(dir, ".writing-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if cerr := f.Chmod(0o666 &^ umask); err == nil {
		err = cerr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// umask is the usual one: files are readable by all and writable by their owner.
const umask = 0o022

package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"probity/harness"
	"probity/reports"
)

// writeRun writes all that a run leaves but its segments. It does nothing where a finished run of the same key is there.
func (a *app) writeRun(ctx context.Context, p *harness.Plan, m models, scored *harness.Scored, opt harness.RunOptions, start time.Time) error {
	dir := opt.Dir
	key, err := p.ReportKey(scored)
	if err != nil {
		return err
	}
	if harness.Complete(dir, key) {
		a.say("the report is up to date")
		return nil
	}
	files, err := harness.WriteScores(scored.Table, dir)
	if err != nil {
		return err
	}
	judged, err := harness.WriteJudged(scored.Judged, dir)
	if err != nil {
		return err
	}
	files = append(files, judged...)
	suites, err := harness.WriteSuites(scored.Suites, dir)
	if err != nil {
		return err
	}
	files = append(files, suites...)
	shown, err := harness.WriteExhibits(ctx, p, scored, m, opt)
	if err != nil {
		return err
	}
	manifest, err := p.Manifest(scored, m, harness.RunFacts{Program: programVersion(), Started: start, Seconds: time.Since(start).Seconds(), Key: key, Batch: opt.Batch, Memory: opt.Memory})
	if err != nil {
		return err
	}
	in, err := reportInput(p, scored, shown, manifest)
	if err != nil {
		return err
	}
	if err := addJudged(in, scored.Judged); err != nil {
		return err
	}
	addSuites(in, scored.Suites)
	if err := saveInput(in, dir); err != nil {
		return err
	}
	in.Options.Cache = dir
	end := a.watch(in)
	res, err := reports.Write(ctx, in, dir)
	end()
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	a.say("\n%s\n", res.Answer)
	files = append(files, inputFile)
	for _, s := range shown {
		files = append(files, "exhibits/"+s.File)
	}
	return harness.Finish(dir, manifest, append(files, res.Files...))
}

// reportInput turns a scored plan into what a report is made of.
func reportInput(p *harness.Plan, scored *harness.Scored, shown []harness.Exhibit, m *harness.Manifest) (*reports.Input, error) {
	x := p.Experiment
	// The report shows only what is the same in every run of the same experiment: no durations, no dates.
	still := *m
	still.Started, still.Seconds, still.Computed, still.Reused, still.Files, still.Key = "", 0, 0, 0, nil, ""
	still.Models = slices.Clone(m.Models)
	for i := range still.Models {
		still.Models[i].Memory = nil
	}
	text, err := json.MarshalIndent(still, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	in := &reports.Input{
		Table: scored.Table, Manifest: text,
		Experiment: reports.Experiment{
			Name: x.Name, Question: x.Question, Text: string(x.Source), Seed: x.Seed, Dataset: x.Images.Dataset,
			Sources: len(p.Sources), HasClasses: p.Classes, Warnings: p.Warnings,
		},
		Options: reports.Options{Formats: x.Figures.Formats, Width: x.Figures.Width, Only: x.Figures.Only},
	}
	e := &in.Experiment
	switch x.Images.Dataset {
	case "folder":
		e.Noun, e.Dataset = "picture", filepath.Base(x.Images.Path)
	case "scenes":
		e.Noun, e.Dataset = "rendered scene", ""
	}
	if x.Figures.Axis != "severity" {
		e.Axis = x.Figures.Axis
	}
	for _, s := range p.Perturbs {
		e.Perturbs = append(e.Perturbs, reports.Perturb{Label: s.Label, Kind: s.Kind, Role: s.Role, Axis: s.Axis})
	}
	for _, f := range x.Findings {
		e.Findings = append(e.Findings, reports.Request{Kind: f.Kind, Params: f.Params})
	}
	for _, h := range x.Hypotheses {
		e.Hypotheses = append(e.Hypotheses, reports.Hypothesis{Name: h.Name, Finding: h.Finding, Contrast: h.Contrast, Metric: h.Metric, Against: h.Against,
			At: reports.Condition(h.At), SmallestEffect: h.SmallestEffect})
	}
	for _, s := range shown {
		e := reports.Exhibit{Stimulus: s.Stimulus, Original: s.Original, Scores: s.Scores, Contested: s.Contested, PNG: s.PNG}
		for _, x := range s.Maps {
			e.Maps = append(e.Maps, reports.ExhibitMap{Metric: x.Metric, W: x.W, H: x.H, V: x.V})
		}
		if o := s.Outline; o != nil {
			e.OutlineW, e.OutlineH, e.Outline = o.W, o.H, o.In
		}
		in.Exhibits = append(in.Exhibits, e)
	}
	return in, nil
}

// inputFile keeps what a report was made of, for `probity report`. It is a cache of the program's own: scores.parquet
// and findings.json are what other programs read.
const inputFile = "report.bin"

const inputMagic = "probity report input 1\n"

func saveInput(in *reports.Input, dir string) error {
	var b bytes.Buffer
	b.WriteString(inputMagic)
	if err := gob.NewEncoder(&b).Encode(in); err != nil {
		return fmt.Errorf("keeping what the report is made of: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return harness.WriteFile(filepath.Join(dir, inputFile), b.Bytes())
}

func loadInput(dir string) (*reports.Input, error) {
	path := filepath.Join(dir, inputFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the run in %s has lost what its report is made of: %w; give its `probity run` again", dir, err)
	}
	if n := min(len(data), len(inputMagic)); len(data) < len(inputMagic)+sha256.Size && string(data[:n]) == inputMagic[:n] {
		return nil, fmt.Errorf("%s is cut short: it has %d bytes; give its `probity run` again, which takes over every score", path, len(data))
	}
	if len(data) < len(inputMagic) || string(data[:len(inputMagic)]) != inputMagic {
		return nil, fmt.Errorf("%s was written by another version of the program; give its `probity run` again, which takes over every score", path)
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return nil, fmt.Errorf("%s is damaged: its checksum differs; give its `probity run` again, which takes over every score", path)
	}
	in := new(reports.Input)
	if err := gob.NewDecoder(bytes.NewReader(body[len(inputMagic):])).Decode(in); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; give its `probity run` again, which takes over every score", path, err)
	}
	return in, nil
}

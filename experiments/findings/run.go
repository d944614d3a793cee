package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"probity/internal/cli"
	"probity/reports"
)

// A study is one experiment of the paper.
type study struct {
	name string
	// args are those of the program, without --out, --models and --images. "{data}" stands for the folder of published data.
	args  []string
	needs []string // of "models", "images", "data"
}

// A result is a study that has run.
type result struct {
	study
	dir     string
	doc     *reports.Document
	seconds float64 // of processor time, of the run that computed the scores
}

// lacks says what a study needs that was not given.
func (s study) lacks(o options) []string {
	var out []string
	for _, n := range s.needs {
		if map[string]string{"models": o.models, "images": o.images, "data": o.data}[n] == "" {
			out = append(out, n)
		}
	}
	return out
}

// command is what a reader would type.
func (s study) command() string {
	text := "probity " + strings.Join(s.args, " ")
	for _, n := range s.needs {
		if n != "data" {
			text += " --" + n + " " + strings.ToUpper(n)
		}
	}
	return strings.ReplaceAll(text, "{data}", "DATA")
}

// runAll runs the studies that are asked for and can be, and reads those that have run before.
func runAll(ctx context.Context, o options, list []study, progress, errs io.Writer) (map[string]*result, error) {
	for _, name := range o.only {
		if !slices.ContainsFunc(list, func(s study) bool { return s.name == name }) {
			var names []string
			for _, s := range list {
				names = append(names, s.name)
			}
			return nil, fmt.Errorf("--only: there is no study %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	out := map[string]*result{}
	for i, s := range list {
		dir := filepath.Join(o.runs, s.name)
		asked := len(o.only) == 0 || slices.Contains(o.only, s.name)
		switch lacks := s.lacks(o); {
		case len(lacks) > 0:
			fmt.Fprintf(progress, "[%d/%d] %s: left out, --%s is not given\n", i+1, len(list), s.name, strings.Join(lacks, " and --"))
			continue
		case asked:
			fmt.Fprintf(progress, "[%d/%d] %s\n", i+1, len(list), s.name)
			if err := s.run(ctx, o, dir, errs); err != nil {
				return nil, err
			}
		}
		r, err := s.read(dir)
		if errors.Is(err, os.ErrNotExist) && !asked {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("study %s: %w", s.name, err)
		}
		out[s.name] = r
	}
	return out, nil
}

// run carries a study out; what was done before is taken over.
func (s study) run(ctx context.Context, o options, dir string, errs io.Writer) error {
	var args []string
	for _, a := range s.args {
		args = append(args, strings.ReplaceAll(a, "{data}", o.data))
	}
	args = append(args, "--out", dir)
	if args[0] == "run" {
		for _, set := range o.set {
			args = append(args, "--set", set)
		}
	}
	for _, n := range s.needs {
		switch n {
		case "models":
			args = append(args, "--models", o.models)
		case "images":
			args = append(args, "--images", o.images)
		}
	}
	before := cpuTime()
	if status := cli.Main(ctx, args, errs, errs); status != 0 {
		return fmt.Errorf("study %s: probity %s: exit status %d", s.name, strings.Join(args, " "), status)
	}
	return s.time(dir, cpuTime()-before)
}

// timing keeps the processor time of the run that computed the scores: a later one takes them over and takes next to nothing.
const timing = "seconds.json"

func (s study) time(dir string, seconds float64) error {
	path := filepath.Join(filepath.Dir(dir), s.name+"-"+timing)
	var before float64
	if data, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(data, &before) // unreadable counts as not there
	}
	data, err := json.Marshal(max(before, seconds))
	if err == nil {
		err = os.WriteFile(path, data, 0o666)
	}
	return err
}

func (s study) read(dir string) (*result, error) {
	data, err := os.ReadFile(filepath.Join(dir, "findings.json"))
	if err != nil {
		return nil, err
	}
	r := &result{study: s, dir: dir, doc: new(reports.Document)}
	if err := json.Unmarshal(data, r.doc); err != nil {
		return nil, fmt.Errorf("reading findings.json: %w", err)
	}
	if data, err := os.ReadFile(filepath.Join(filepath.Dir(dir), s.name+"-"+timing)); err == nil {
		if err := json.Unmarshal(data, &r.seconds); err != nil {
			return nil, fmt.Errorf("reading how long it took: %w", err)
		}
	}
	return r, nil
}

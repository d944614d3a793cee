// Command ladder measures the rungs of the ladder of micro CLIPs that are trained, and joins all that is known of them to one table:
//
//	go run ./experiments/ladder --work WORK/ladder --data DATA --models FOLDER [--python python3]
//
// It exports every finished rung that is not exported yet (zoo/train/export.py), runs experiments/ladder-detection.toml on each,
// and writes zoo/train/results/ladder.csv (what export.py measured) and ladder-scores.csv (that, with detection and compliance;
// a row a model, with the SHA-256 of its files). The bundled cells of the same recipe with four times the samples stand in the
// scores too. What is measured already is passed over, so that the same command goes on while training does. Then
//
//	probity ladder zoo/train/results/ladder-scores.csv --pairs pairs --distinct distinct --samples samples --seed seed \
//	  --quality mismatch --where content=full --score controlled-shape
//	probity ladder zoo/train/results/ladder-scores.csv --pairs pairs --distinct distinct --samples samples --seed seed \
//	  --quality content --levels class,partial,full --where mismatch=0 --score controlled-shape
//
// answer how many doublings of pairs a step of caption quality is worth.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"probity/internal/cli"
	"probity/internal/table"
	"probity/reports"
)

const experiment = "experiments/ladder-detection.toml"

// place is the model that the experiment file names, which is replaced by each rung.
const place = "micro-cnn-clip-full-s0"

// carried are the columns of the exporter's table that go into the scores as they are.
var carried = []string{"controlled-shape", "controlled-colour", "controlled-texture", "zero-shot-shape", "zero-shot-colour", "zero-shot-texture", "probe-shape", "probe-colour", "probe-texture"}

// edits and kinds are what the experiment measures.
var (
	edits   = []string{"scene-recolour", "hue", "scene-reshape"}
	kinds   = []string{"wrong-attribute", "wrong-object"}
	readers = []string{"clip-score", "directional"} // metrics that read words
)

type options struct{ work, data, models, python, table, scores, cells, runs string }

func main() {
	var o options
	flag.StringVar(&o.work, "work", "", "folder that zoo/train/train.py filled with the recipe ladder")
	flag.StringVar(&o.data, "data", "", "folder of the scenes, with train and eval")
	flag.StringVar(&o.models, "models", "", "folder for the exported rungs")
	flag.StringVar(&o.python, "python", "python3", "Python with zoo/train/requirements.txt")
	flag.StringVar(&o.runs, "runs", "runs/ladder-rungs", "folder for the runs of the single rungs")
	flag.StringVar(&o.table, "table", "zoo/train/results/ladder.csv", "table of the exporter")
	flag.StringVar(&o.scores, "scores", "zoo/train/results/ladder-scores.csv", "table with all scores")
	flag.StringVar(&o.cells, "cells", "zoo/train/results/cells.csv", "table of the bundled cells")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "ladder:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) error {
	if o.models == "" {
		return errors.New("--models: where do the exported rungs lie?")
	}
	if o.work != "" {
		if err := export(ctx, o); err != nil {
			return err
		}
	}
	rungs, err := table.Records(o.table)
	if err != nil {
		return err
	}
	cells, err := table.Records(o.cells)
	if err != nil {
		return err
	}
	var rows [][]string
	for i, r := range rungs {
		fmt.Fprintf(os.Stderr, "%d of %d: %s\n", i+1, len(rungs), r["name"])
		row, err := o.measure(ctx, r, r["quality"], r["distinct"])
		if err != nil {
			return err
		}
		rows = append(rows, row)
		if err := write(o.scores, rows); err != nil { // what is measured is there, however soon the rest is wanted
			return err
		}
	}
	for _, r := range cells {
		content := map[string]string{"clip-full": "full", "clip-class": "class"}[r["arm"]]
		rung := func(x map[string]string) bool { return x["seed"] == r["seed"] }
		if r["family"] != "cnn" || content == "" || !slices.ContainsFunc(rungs, rung) { // longer training is compared within seeds
			continue
		}
		fmt.Fprintln(os.Stderr, r["name"])
		row, err := o.measure(ctx, r, content, r["distinct"])
		if err != nil {
			return err
		}
		rows = append(rows, row)
		if err := write(o.scores, rows); err != nil {
			return err
		}
	}
	return nil
}

// export runs the exporter, which passes over what it has exported.
func export(ctx context.Context, o *options) error {
	var paths [4]string
	for i, p := range []string{o.data, o.work, o.models, o.table} {
		var err error
		if paths[i], err = filepath.Abs(p); err != nil {
			return err
		}
	}
	c := exec.CommandContext(ctx, o.python, "export.py", "--data", paths[0], "--work", paths[1], "--out", paths[2], "--table", paths[3])
	c.Dir, c.Stdout, c.Stderr = "zoo/train", os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("exporting the rungs: %w", err)
	}
	return nil
}

// measure runs the experiment on one model and makes its row.
func (o *options) measure(ctx context.Context, r map[string]string, content, distinct string) ([]string, error) {
	name := r["name"]
	text, err := os.ReadFile(experiment)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(string(text) + r["sha256"] + r["text-sha256"]))
	dir := filepath.Join(o.runs, name, hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); errors.Is(err, fs.ErrNotExist) {
		file := filepath.Join(o.runs, name, "experiment.toml")
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), place, name)), 0o666); err != nil {
			return nil, err
		}
		if status := cli.Main(ctx, []string{"run", file, "--models", o.models, "--out", dir, "--quiet", "--workers", "1"}, io.Discard, os.Stderr); status != 0 {
			return nil, fmt.Errorf("running %s on %s: status %d", experiment, name, status)
		}
	}
	doc, err := reports.ReadDocument(dir)
	if err != nil {
		return nil, err
	}
	row := []string{name, content, r["mismatch"], r["pairs"], distinct, r["samples"], r["seed"]}
	for _, c := range carried {
		row = append(row, r[c])
	}
	for _, e := range edits {
		row = append(row, number(value(doc, reports.AWithin, "cosine", e)))
	}
	for _, m := range readers {
		for _, k := range kinds {
			row = append(row, number(value(doc, reports.Accuracy, m, k)))
		}
	}
	return append(row, r["sha256"], r["text-sha256"]), nil
}

// value is an estimate of a document; NaN where it has none, as of a cell that does not apply.
func value(d *reports.Document, q reports.Quantity, metric, perturb string) float64 {
	for _, f := range d.Findings {
		for i := range f.Estimates {
			if e := &f.Estimates[i]; e.Quantity == q && e.Metric == metric && e.Perturb == perturb && e.At == "" {
				return float64(e.Value)
			}
		}
	}
	return math.NaN()
}

func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

func header() []string {
	h := []string{"name", "content", "mismatch", "pairs", "distinct", "samples", "seed"}
	h = append(h, carried...)
	for _, e := range edits {
		h = append(h, "detection-"+e)
	}
	for _, m := range readers {
		for _, k := range kinds {
			h = append(h, m+"-"+k)
		}
	}
	return append(h, "sha256", "text-sha256")
}

func write(path string, rows [][]string) error {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(slices.Concat([][]string{header()}, rows)); err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", []byte(b.String()), 0o666); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// Command seeds measures more seeds of the micro models than are bundled on the stimuli of experiments/cnn-vs-vit.toml:
//
//	go run ./experiments/seeds --models FOLDER
//
// It runs that experiment on every model of zoo/train/results/cells.csv, bundled or in the folder (zoo/train/export.py puts them
// there), and on the pairs of architectures that zoo/train/matched.py found equally accurate, and writes what the decompositions
// divide, a value each model, edit and scene, to zoo/train/results/detection.csv and detection-matched.csv. Scores that a run's folder
// has are not computed again. Then
//
//	probity decompose zoo/train/results/detection.csv --where null=scene-nuisance --noun "rendered scene"
//
// says what moves detection, with intervals over all seeds.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"probity/internal/cli"
	"probity/internal/table"
)

const experiment = "experiments/cnn-vs-vit.toml"

func main() {
	models := flag.String("models", "", "folder with the models that are not bundled")
	runs := flag.String("runs", "runs/seeds", "folder for the runs")
	results := flag.String("results", "zoo/train/results", "folder of the tables")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *models, *runs, *results); err != nil {
		fmt.Fprintln(os.Stderr, "seeds:", err)
		os.Exit(1)
	}
}

// network is a model with its place in the design.
type network struct{ name, family string }

func run(ctx context.Context, models, runs, results string) error {
	cells, err := table.Records(filepath.Join(results, "cells.csv"))
	if err != nil {
		return err
	}
	var all []network
	for _, r := range cells {
		all = append(all, network{r["name"], r["family"]})
	}
	if err := measure(ctx, all, models, filepath.Join(runs, "all"), filepath.Join(results, "detection.csv")); err != nil {
		return err
	}
	rows, err := table.Records(filepath.Join(results, "matched.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "there is no matched.csv: no pairs of equal accuracy are measured")
		return nil
	}
	if err != nil {
		return err
	}
	wanted := pairs(rows)
	for _, m := range all { // the experiment declares contrasts of these
		if strings.HasSuffix(m.name, "-s0") {
			wanted = append(wanted, m)
		}
	}
	return measure(ctx, wanted, models, filepath.Join(runs, "matched"), filepath.Join(results, "detection-matched.csv"))
}

// pairs are the networks of every arm and seed that both families have, each family's stopped one where there is one.
func pairs(rows []map[string]string) []network {
	named := map[string]string{}
	var places [][3]string
	for _, r := range rows {
		p := [3]string{r["arm"], r["seed"], r["family"]}
		if !slices.Contains(places, p) {
			places = append(places, p)
		}
		if r["matched"] != "" {
			named[strings.Join(p[:], " ")] = r["matched"]
		}
	}
	var out []network
	for _, p := range places {
		other := p
		if other[2] = "cnn"; p[2] == "cnn" {
			other[2] = "vit"
		}
		if !slices.Contains(places, other) {
			continue
		}
		name := named[strings.Join(p[:], " ")]
		if name == "" {
			name = fmt.Sprintf("micro-%s-%s-s%s", p[2], p[0], p[1])
		}
		out = append(out, network{name, p[2]})
	}
	return out
}

// measure runs the experiment on the networks and joins the tables of responses that it leaves.
func measure(ctx context.Context, list []network, models, dir, to string) error {
	args := []string{"run", experiment, "--out", dir}
	if models != "" {
		args = append(args, "--models", models)
	}
	for section, family := range []string{"", "cnn", "vit"} { // the file's sections: embeddings of all, maps of either family
		var names []string
		for _, m := range list {
			if family == "" || m.family == family {
				names = append(names, fmt.Sprintf("%q", m.name))
			}
		}
		args = append(args, "--set", fmt.Sprintf("metric.%d.models=[%s]", section, strings.Join(names, ", ")))
	}
	if status := cli.Main(ctx, args, io.Discard, os.Stderr); status != 0 {
		return fmt.Errorf("running %s: status %d", experiment, status)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "tables", "decomposition-responses-*.csv"))
	if err != nil || len(tables) == 0 {
		return fmt.Errorf("%s has no tables of responses", dir)
	}
	var b bytes.Buffer
	for i, path := range tables {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if i > 0 {
			_, text, _ = bytes.Cut(text, []byte("\n")) // the header is the same
		}
		b.Write(text)
	}
	if err := os.WriteFile(to+".tmp", b.Bytes(), 0o666); err != nil {
		return err
	}
	return os.Rename(to+".tmp", to)
}

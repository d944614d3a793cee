package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/registry"
	"probity/internal/trial"
	"probity/reports"
	"probity/stats"
)

func (a *app) suiteCommand() *cobra.Command {
	var out, judge, part string
	var kinds []string
	var size, count, version int
	c := &cobra.Command{
		Use:   "suite --out DIR | --judge DIR",
		Short: "write the compliance suite for a metric or an editor of your own, or judge an editor's pictures by it",
		Long: `The compliance suite holds edits whose truth is known. A metric that is a program takes part in an experiment by itself
(kind = "command"). For one that cannot be called, and for editors, the suite can be written out:

  --out DIR    trials.csv has a row for every trial that a run scores, items.csv a row for every edit that is asked for; the
               pictures' names and the order of the trials do not tell which outputs are right. Add a column of scores to
               trials.csv and name it in an experiment: kind = "table" (or "table-similarity"), path, column.
  --judge DIR  DIR holds an editor's pictures, one for every row of items.csv, ITEM.png. Each is held against the right output:
               is it nearer to it than to the wrong one, and how far from it, where the edit may act and elsewhere, in units of the
               right output photographed again.

The part test can be made anew by anyone who has the program; that its answers are not written is to keep them from being used by
mistake, not to keep them secret.`,
		Example: `  probity suite --out suite --size 256
  probity suite --judge edited --size 256`,
		Args: args(0, 0, "no arguments, only flags"),
		RunE: func(c *cobra.Command, _ []string) error {
			if (out == "") == (judge == "") {
				return wrong("say where to write the suite with --out DIR, or where an editor's pictures lie with --judge DIR")
			}
			entry, info, err := trial.Datasets.Get("compliance")
			if err != nil {
				return err
			}
			given := map[string]any{"part": part, "count": count, "version": version}
			if len(kinds) > 0 {
				given["kinds"] = kinds
			}
			for name, v := range given {
				p, _ := info.Param(name)
				if _, err := p.Check(v); err != nil {
					return wrong("--%s: %v", name, err)
				}
			}
			values, errs := registry.NewValues(info, given)
			if len(errs) > 0 {
				return inputError{errs[0]}
			}
			s, err := entry.Suite(c.Context(), values, trial.OpenOptions{Size: size})
			if err != nil {
				return inputError{err}
			}
			p := a.progress()
			if out != "" {
				p.Start("writing the suite", len(s.Sources), "scenes")
				err := harness.WriteSuite(c.Context(), s, out, func() { p.Add(1) })
				p.End()
				if err == nil {
					fmt.Fprintln(a.out, out)
				}
				return err
			}
			p.Start("judging", len(harness.SuiteItems(s)), "pictures")
			items, err := harness.JudgeEditor(c.Context(), s, judge, func() { p.Add(1) })
			p.End()
			if err != nil {
				if c.Context().Err() != nil {
					return err
				}
				return inputError{err}
			}
			return a.editorTable(s, items)
		},
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "folder to write the suite to")
	f.StringVar(&judge, "judge", "", "folder of an editor's pictures, ITEM.png")
	f.StringVar(&part, "part", "dev", "part of the suite: dev or test")
	f.IntVar(&version, "version", 1, "version of the suite")
	f.IntVar(&size, "size", 64, "side of the pictures in pixels")
	f.IntVar(&count, "count", 0, "use the first so many scenes; 0 is all of the part")
	f.StringSliceVar(&kinds, "kinds", nil, "kinds of failure (default all)")
	return c
}

// editorRow is what is told of an editor on one kind of item.
type editorRow struct {
	Kind    string         `json:"kind"`
	Items   int            `json:"items"`
	Nearer  stats.Interval `json:"-"`
	Share   reports.Number `json:"nearer_to_right"` // null where it is not known, as those below
	Low     reports.Number `json:"low"`
	High    reports.Number `json:"high"`
	Inside  reports.Number `json:"median_inside"`
	Outside reports.Number `json:"median_outside"`
}

// editorTable prints, by kind, how often the editor's picture is nearer to the right output, and how far it is from it.
func (a *app) editorTable(s *trial.Suite, items []harness.EditedItem) error {
	var rows []editorRow
	kinds := []string{}
	for _, k := range s.Kinds {
		kinds = append(kinds, k.Name)
	}
	for _, kind := range append(kinds, "all") {
		row := editorRow{Kind: kind}
		byScene := map[string][]float64{}
		var inside, outside []float64
		for _, e := range items {
			if kind != "all" && e.Quad.Kind != kind {
				continue
			}
			row.Items++
			byScene[e.Source] = append(byScene[e.Source], e.Nearer)
			inside, outside = append(inside, e.Inside), append(outside, e.Outside)
		}
		if row.Items == 0 {
			continue
		}
		var clusters [][]float64
		for i := range s.Sources {
			if v := byScene[s.Sources[i].ID]; v != nil {
				clusters = append(clusters, v)
			}
		}
		row.Nearer = stats.MeanInterval(clusters, stats.MeanOptions{Bounded: true, Resampling: stats.Resampling{Seed: 1, Purpose: "editor", N: 2000}})
		row.Share, row.Low, row.High = reports.Number(row.Nearer.Value), reports.Number(row.Nearer.Low), reports.Number(row.Nearer.High)
		row.Inside, row.Outside = reports.Number(median(inside)), reports.Number(median(outside))
		rows = append(rows, row)
	}
	if a.json {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", " ")
		return enc.Encode(rows)
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "kind\titems\tnearer to the right output\tfrom it inside\toutside\n")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%.2f [%.2f, %.2f]\t%.2f\t%.2f\n", r.Kind, r.Items, r.Share, r.Low, r.High, r.Inside, r.Outside)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	a.say("intervals are over %d %ss; distances are medians, mean CIEDE2000 from the right output where the edit may act and elsewhere, in units of the right output photographed again", len(s.Sources), s.Noun)
	return nil
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return stats.Quantile7(v, .5)
}

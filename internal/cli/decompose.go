package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/registry"
	"probity/internal/table"
	"probity/reports"
)

// decomposeFlags say which rows count and how the report is made.
type decomposeFlags struct {
	tabledFlags
	where      []string
	hypotheses []string
	smallest   float64
	noun       string
	resamples  int
	seed       uint64
}

func (a *app) decomposeCommand() *cobra.Command {
	var f decomposeFlags
	c := &cobra.Command{
		Use:   "decompose TABLE.csv [TABLE.csv...]",
		Short: "divide detection between models among architecture, labels, objective, pooling and seed, from tables",
		Long: `Divide the variance of detection between trained models among architecture, label content, objective, pooling and seed, with
effects and intervals over seeds, from tables that runs left (tables/decomposition-responses-*.csv) or that were made
elsewhere. Several tables are joined: more seeds of the same cells, scored on another machine on the same sources, are then
analysed together with the first.

A table has a row a metric and response, with the columns metric, kind, group, model, family, training, labels, seed,
pooling, mark, response, null, and after them a column a source with the response: A within of detection, in 0 to 1, empty
where there is none. Metrics of group "learned" with a family, training other than "none", labels other than "none" and a
pooling form the design: a full factorial of two families, two contents of labels and two objectives (training
"contrastive" or not), several seeds a cell; a factor with one level throughout is left out. Metrics of training "none"
and of group "pixel control" are shown beside it.`,
		Example: `  probity decompose runs/a/tables/decomposition-responses-amid-shift.csv runs/b/tables/decomposition-responses-amid-shift.csv
  probity decompose zoo/train/results/detection.csv --where null=scene-nuisance --noun "rendered scene"`,
		Args: args(1, 64, "tables of responses"),
		RunE: func(c *cobra.Command, got []string) error {
			return a.decompose(c.Context(), got, &f)
		},
	}
	p := c.Flags()
	p.StringArrayVar(&f.where, "where", nil, "keep the rows with this value: COLUMN=VALUE[,VALUE...]; may be given again")
	p.StringArrayVar(&f.hypotheses, "hypothesis", nil, `effect declared before the data were seen, as "RESPONSE: EFFECT", judged with Holm's adjustment; may be given again`)
	p.Float64Var(&f.smallest, "smallest-effect", .05, "smallest difference of A within that matters to a hypothesis")
	p.StringVar(&f.noun, "noun", "", "what a source is: photograph, rendered scene (default source)")
	p.IntVar(&f.resamples, "resamples", 2000, "draws of the generalised confidence intervals of shares")
	p.Uint64Var(&f.seed, "seed", 1, "seed of these draws")
	f.add(p, "decompose")
	return c
}

func (a *app) decompose(ctx context.Context, paths []string, f *decomposeFlags) error {
	start := time.Now()
	if err := f.check(); err != nil {
		return inputError{err}
	}
	if f.resamples < 200 {
		return inputError{wrong("--resamples %d: at least 200 are needed for an interval", f.resamples)}
	}
	var tables []*table.Table
	for _, p := range paths {
		t, err := table.Read(p)
		if err != nil {
			return inputError{err}
		}
		for _, w := range f.where {
			if err := t.Where(w); err != nil {
				return inputError{err}
			}
		}
		tables = append(tables, t)
	}
	list, err := reports.ReadResponses(tables)
	if err != nil {
		return inputError{err}
	}
	declared, err := f.declared(list)
	if err != nil {
		return inputError{err}
	}
	in, manifest, err := f.input(tables, list, declared)
	if err != nil {
		return err
	}
	return a.writeTabled(ctx, tabled{f.folder("decompose", paths[0]), in, manifest, start}, func(res *reports.Result) {
		for _, x := range res.Findings {
			for _, c := range x.Contrasts {
				a.say("%s", c.Words)
			}
		}
		a.sayRefused(res)
	})
}

// declared reads the hypotheses: an effect of one response each, amid the one null that the tables have.
func (f *decomposeFlags) declared(list []*reports.Responses) ([]reports.Hypothesis, error) {
	if len(f.hypotheses) > 0 && !(f.smallest > 0 && f.smallest < 1) {
		return nil, wrong("--smallest-effect %v: wants a difference of A within above 0 and below 1", f.smallest)
	}
	if len(f.hypotheses) > 0 && len(list) > 1 {
		return nil, wrong("--hypothesis: the tables have responses amid %d nulls; choose one with --where null=%s", len(list), list[0].Null)
	}
	var out []reports.Hypothesis
	for _, text := range f.hypotheses {
		response, effect, ok := strings.Cut(text, ": ")
		if !ok || effect == "" {
			return nil, wrong("--hypothesis %q: wants \"RESPONSE: EFFECT\", such as \"colour: label content: all - class\"", text)
		}
		var names []string
		for _, x := range list[0].List {
			names = append(names, x.Name)
		}
		if !slices.Contains(names, response) {
			return nil, wrong("--hypothesis %q: there is no response %q; there are %s", text, response, strings.Join(names, ", "))
		}
		out = append(out, reports.Hypothesis{Finding: "decomposition", Contrast: effect, Metric: effect, At: reports.Condition{Perturb: response, Null: list[0].Null}, SmallestEffect: f.smallest})
	}
	return out, nil
}

// input is what the report is made of, a finding each null, with the manifest of the run.
func (f *decomposeFlags) input(tables []*table.Table, list []*reports.Responses, declared []reports.Hypothesis) (*reports.Input, *harness.Manifest, error) {
	name := f.runName("decompose", tables[0].Path)
	m, err := tabledManifest(name, tables, nil, map[string]any{"where": f.where, "resamples": f.resamples, "hypotheses": f.hypotheses, "smallest_effect": f.smallest})
	if err != nil {
		return nil, nil, err
	}
	m.Seed = f.seed
	for _, c := range list[0].Columns {
		m.Metrics = append(m.Metrics, harness.ManifestMetric{Label: c.Label, Kind: "table"})
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, nil, fmt.Errorf("writing the manifest: %w", err)
	}
	info, err := reports.Kinds.Info("decomposition")
	if err != nil {
		return nil, nil, err
	}
	var requests []reports.Request
	for _, r := range list {
		params, errs := registry.NewValues(info, map[string]any{"null": []any{r.Null}})
		if len(errs) > 0 {
			return nil, nil, errs[0]
		}
		requests = append(requests, reports.Request{Kind: "decomposition", Params: params})
	}
	var names []string
	for _, t := range tables {
		if n := filepath.Base(t.Path); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return &reports.Input{
		Responses: list, Manifest: text,
		Experiment: reports.Experiment{Name: name, Question: "What moves detection in " + strings.Join(names, ", ") + "?", Seed: f.seed, Noun: f.noun, Findings: requests, Hypotheses: declared},
		Options:    reports.Options{Formats: f.formats, Width: f.width, Resamples: f.resamples},
	}, m, nil
}

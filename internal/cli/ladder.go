package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/table"
	"probity/reports"
)

// ladderFlags say what the columns of a table are.
type ladderFlags struct {
	tabledFlags
	pairs, distinct, quality, seed, model, samples string
	scores, levels, where, at                      []string
	higher                                         bool
	step                                           float64
	missing                                        string
}

func (a *app) ladderCommand() *cobra.Command {
	var f ladderFlags
	c := &cobra.Command{
		Use:   "ladder TABLE.csv --pairs COLUMN --quality COLUMN --score COLUMN[,COLUMN...]",
		Short: "quantity or quality: how many doublings of pairs is a step of caption quality worth",
		Long: `Fit response surfaces over the number of pairs and their quality to any family of trained models, from a table with a
header and a row a model: how many distinct pairs it was trained on (--pairs), how good they were (--quality: a number such
as the share of mismatched captions, or words whose order --levels gives), and scores of the model (--score). The report has
the surfaces with their contours of equal performance, and the local exchange rate: how many doublings of pairs a step of
quality is worth, with Fieller's confidence set, or that there is no finite rate.

With --seed, a column that says which models share a seed, every interval is over seeds: give it where there are two
or more. Without it models count as independent, and the error is what the surface leaves over.

All models should have seen the same number of samples. With --samples (a column, or one number for all) models of another
budget stay out of the surface and are compared with those of the same data; the word "fresh" in the column of pairs then
means that no sample was seen twice by intent. --distinct names a column with the pairs that were really seen, where
that differs.`,
		Example: `  probity ladder ladder.csv --pairs pairs --quality mismatch --score zero-shot --seed seed --at pairs=1024,quality=0
  probity ladder ladder.csv --pairs pairs --quality content --levels class,partial,full --where mismatch=0 --score zero-shot`,
		Args: args(1, 1, "one table"),
		RunE: func(c *cobra.Command, got []string) error {
			return a.ladder(c.Context(), got[0], &f)
		},
	}
	p := c.Flags()
	p.StringVar(&f.pairs, "pairs", "", "column with the number of distinct pairs, or the word fresh")
	p.StringVar(&f.quality, "quality", "", "column with the quality: numbers, or words (with --levels)")
	p.StringSliceVar(&f.scores, "score", nil, "columns with scores, each perhaps with :lower where less is better")
	p.StringSliceVar(&f.levels, "levels", nil, "words of the column of quality, from worst to best")
	p.BoolVar(&f.higher, "higher-is-better", false, "a larger number is a better quality (default: a smaller one, as of a share of wrong captions)")
	p.Float64Var(&f.step, "step", 0, "one step of a numeric quality (default the smallest gap between two of its values)")
	p.StringVar(&f.seed, "seed", "", "column that says which models share a seed")
	p.StringVar(&f.model, "model", "", "column that names the models")
	p.StringVar(&f.samples, "samples", "", "samples seen in training: a column or a number")
	p.StringVar(&f.distinct, "distinct", "", "column with the distinct pairs that were really seen")
	p.StringArrayVar(&f.where, "where", nil, "keep the rows with this value: COLUMN=VALUE[,VALUE...]; may be given again")
	p.StringArrayVar(&f.at, "at", nil, "where to tell the exchange rate: pairs=1024,quality=0; either alone; may be given again")
	p.StringVar(&f.missing, "missing", "error", "scores that are missing: error, or drop the model for that score")
	f.add(p, "ladder")
	return c
}

func (a *app) ladder(ctx context.Context, path string, f *ladderFlags) error {
	start := time.Now()
	t, err := table.Read(path)
	if err != nil {
		return inputError{err}
	}
	l, err := f.read(t)
	if err != nil {
		return inputError{err}
	}
	for _, n := range l.Notes {
		a.say("note: %s", n)
	}
	in, manifest, err := f.input(t, l)
	if err != nil {
		return err
	}
	return a.writeTabled(ctx, tabled{f.folder("ladder", path), in, manifest, start}, a.sayRefused)
}

// checkFor looks at flags that need no row.
func (f *ladderFlags) checkFor(t *table.Table) error {
	if err := f.check(); err != nil {
		return err
	}
	for _, x := range []struct{ flag, value, what string }{{"--pairs", f.pairs, "the number of distinct pairs"}, {"--quality", f.quality, "their quality"}, {"--score", strings.Join(f.scores, ""), "scores"}} {
		if x.value == "" {
			return wrong("%s: which column holds %s? %s has %s", x.flag, x.what, t.Path, strings.Join(t.Header, ", "))
		}
	}
	switch {
	case f.missing != "error" && f.missing != "drop":
		return wrong("--missing %q: wants error or drop", f.missing)
	case f.step < 0 || math.IsNaN(f.step) || math.IsInf(f.step, 0):
		return wrong("--step %v: a step is a number above 0", f.step)
	case f.step > 0 && len(f.levels) > 0:
		return wrong("--step is about a numeric quality; with --levels a step goes from one level to the next")
	case f.higher && len(f.levels) > 0:
		return wrong("--higher-is-better is about a numeric quality; --levels gives the order of words")
	case len(f.levels) == 1:
		return wrong("--levels %s: at least two levels are needed, from worst to best", f.levels[0])
	}
	return nil
}

// read takes the table's columns.
func (f *ladderFlags) read(t *table.Table) (*reports.Ladder, error) {
	if err := f.checkFor(t); err != nil {
		return nil, err
	}
	for _, w := range f.where {
		if err := t.Where(w); err != nil {
			return nil, err
		}
	}
	l := &reports.Ladder{Name: strings.TrimSuffix(filepath.Base(t.Path), filepath.Ext(t.Path)), Quality: f.quality, Higher: f.higher, Step: f.step, BySeed: f.seed != "",
		Models: make([]reports.LadderModel, len(t.Rows))}
	for _, step := range []func(*table.Table, *reports.Ladder) error{f.readNames, f.readSamples, f.readPairs, f.readQuality, f.readScores} {
		if err := step(t, l); err != nil {
			return nil, err
		}
	}
	if err := f.design(t, l); err != nil {
		return nil, err
	}
	return l, f.points(l)
}

func (f *ladderFlags) readNames(t *table.Table, l *reports.Ladder) error {
	for _, x := range []struct {
		flag, column string
		set          func(m *reports.LadderModel, v string)
	}{{"--model", f.model, func(m *reports.LadderModel, v string) { m.Name = v }}, {"--seed", f.seed, func(m *reports.LadderModel, v string) { m.Seed = v }}} {
		for i := range l.Models {
			if x.flag == "--model" {
				l.Models[i].Name = fmt.Sprintf("row %d", t.Lines[i])
			}
		}
		if x.column == "" {
			continue
		}
		col, err := t.Column(x.flag, x.column)
		if err != nil {
			return err
		}
		names, err := t.Names(x.flag, col)
		if err != nil {
			return err
		}
		for i, v := range names {
			x.set(&l.Models[i], v)
		}
	}
	return nil
}

func (f *ladderFlags) readSamples(t *table.Table, l *reports.Ladder) error {
	if f.samples == "" {
		for i := range l.Models {
			l.Models[i].Samples = math.NaN()
		}
		return nil
	}
	constant, err := strconv.ParseFloat(f.samples, 64)
	var v []float64
	if err != nil {
		if v, err = t.Complete("--samples", f.samples); err != nil {
			return err
		}
	}
	for i := range l.Models {
		l.Models[i].Samples = constant
		if v != nil {
			l.Models[i].Samples = v[i]
		}
		if !(l.Models[i].Samples >= 1) {
			return wrong("%s, row %d: %v samples", t.Path, t.Lines[i], l.Models[i].Samples)
		}
	}
	return nil
}

func (f *ladderFlags) readPairs(t *table.Table, l *reports.Ladder) error {
	col, err := t.Column("--pairs", f.pairs)
	if err != nil {
		return err
	}
	var distinct []float64
	if f.distinct != "" {
		if distinct, err = t.Complete("--distinct", f.distinct); err != nil {
			return err
		}
	}
	for i, v := range t.Texts(col) {
		m := &l.Models[i]
		m.Size, m.Fresh = v, strings.EqualFold(v, "fresh")
		switch {
		case m.Fresh && f.samples == "" && f.distinct == "":
			return wrong("%s, row %d, column %s: fresh pairs are as many as the samples that were seen; give their number with --samples (or --distinct)", t.Path, t.Lines[i], t.Header[col])
		case m.Fresh:
			m.Size, m.Pairs = "fresh", m.Samples
		default:
			if m.Pairs, err = strconv.ParseFloat(v, 64); err != nil {
				return wrong("%s, row %d, column %s: %q is neither a number of pairs nor fresh", t.Path, t.Lines[i], t.Header[col], v)
			}
			m.Size = strconv.FormatFloat(m.Pairs, 'f', -1, 64)
		}
		if distinct != nil {
			m.Pairs = distinct[i]
		}
		if !(m.Pairs > 0) || math.IsInf(m.Pairs, 0) {
			return wrong("%s, row %d: %v distinct pairs; their number is above 0, since the axis is logarithmic", t.Path, t.Lines[i], m.Pairs)
		}
	}
	return nil
}

func (f *ladderFlags) readQuality(t *table.Table, l *reports.Ladder) error {
	col, err := t.Column("--quality", f.quality)
	if err != nil {
		return err
	}
	l.Quality = t.Header[col]
	if len(f.levels) > 0 {
		for i, v := range t.Texts(col) {
			k := slices.Index(f.levels, v)
			if k < 0 {
				return wrong("%s, row %d, column %s: %q is none of --levels %s", t.Path, t.Lines[i], l.Quality, v, strings.Join(f.levels, ","))
			}
			l.Models[i].Quality = float64(k)
		}
		l.Levels = f.levels
		return nil
	}
	v, gaps, err := t.Numbers(col)
	if err != nil {
		var seen []string
		for _, x := range t.Texts(col) {
			if !slices.Contains(seen, x) {
				seen = append(seen, x)
			}
		}
		return wrong("%v; for words give their order from worst to best: --levels %s", err, strings.Join(seen, ","))
	}
	if len(gaps) > 0 {
		return wrong("%s", t.Gap(col, gaps))
	}
	for i := range v {
		l.Models[i].Quality = v[i]
	}
	return nil
}

func (f *ladderFlags) readScores(t *table.Table, l *reports.Ladder) error {
	for _, name := range f.scores {
		name = strings.TrimSpace(name)
		s := reports.LadderScore{Label: name}
		if cut, ok := strings.CutSuffix(name, ":lower"); ok && !slices.Contains(t.Header, name) {
			s.Label, s.Lower = cut, true
		}
		col, err := t.Column("--score", s.Label)
		if err != nil {
			return err
		}
		s.Label = t.Header[col]
		var gaps []int
		if s.Value, gaps, err = t.Numbers(col); err != nil {
			return err
		}
		if len(gaps) > 0 && f.missing == "error" {
			return wrong("%s; give --missing drop to leave such models out for this score", t.Gap(col, gaps))
		}
		for _, o := range l.Scores {
			if o.Label == s.Label {
				return wrong("--score: %s is named twice", s.Label)
			}
		}
		l.Scores = append(l.Scores, s)
	}
	return nil
}

// design checks that both axes have two values or more, that a seed has one model a rung, and that there are seeds.
func (f *ladderFlags) design(t *table.Table, l *reports.Ladder) error {
	sizes, values, seeds := map[string]bool{}, map[float64]bool{}, map[string]bool{}
	type rung struct {
		size, seed       string
		quality, samples float64
	}
	first := map[rung]int{}
	for i, m := range l.Models {
		sizes[m.Size], values[m.Quality], seeds[m.Seed] = true, true, true
		key := rung{m.Size, m.Seed, m.Quality, m.Samples}
		if math.IsNaN(key.samples) {
			key.samples = 0
		}
		if k, ok := first[key]; ok && l.BySeed {
			return wrong("%s, rows %d and %d: two models of seed %s with %s pairs and %s %s; keep one kind of model with --where COLUMN=VALUE", t.Path, t.Lines[k], t.Lines[i], m.Seed, m.Size, l.Quality,
				f.qualityText(l, m.Quality))
		}
		first[key] = i
	}
	for s := range sizes {
		if len(sizes) == 1 {
			return wrong("--pairs %s: all %d models have %s pairs; a surface needs two sizes or more", f.pairs, len(l.Models), s)
		}
	}
	for q := range values {
		if len(values) == 1 {
			return wrong("--quality %s: all %d models have %s; a surface needs two values or more", f.quality, len(l.Models), f.qualityText(l, q))
		}
	}
	for s := range seeds {
		if l.BySeed && len(seeds) == 1 {
			return wrong("--seed %s: all %d models have seed %s; an interval over seeds needs two or more. Without --seed the error is what the surface leaves over, which holds only as far as its form does", f.seed, len(l.Models), s)
		}
	}
	if l.Levels != nil {
		for k, name := range l.Levels {
			if !values[float64(k)] {
				l.Notes = append(l.Notes, fmt.Sprintf("no model has %s %s", l.Quality, name))
			}
		}
	}
	return nil
}

func (f *ladderFlags) qualityText(l *reports.Ladder, q float64) string {
	if l.Levels != nil {
		return l.Levels[int(q)]
	}
	return strconv.FormatFloat(q, 'g', -1, 64)
}

// points reads --at.
func (f *ladderFlags) points(l *reports.Ladder) error {
	for _, text := range f.at {
		p := reports.LadderPoint{Pairs: math.NaN(), Quality: math.NaN()}
		for _, part := range strings.Split(text, ",") {
			name, value, ok := strings.Cut(part, "=")
			name, value = strings.TrimSpace(name), strings.TrimSpace(value)
			if !ok || name != "pairs" && name != "quality" {
				return wrong("--at %s: wants pairs=NUMBER, quality=VALUE or both with a comma between", text)
			}
			x, err := strconv.ParseFloat(value, 64)
			switch {
			case name == "pairs" && strings.EqualFold(value, "fresh"):
				for _, m := range l.Models {
					if m.Fresh && (math.IsNaN(p.Pairs) || m.Pairs < p.Pairs) {
						p.Pairs = m.Pairs
					}
				}
				if math.IsNaN(p.Pairs) {
					return wrong("--at %s: no model has fresh pairs", text)
				}
			case name == "pairs" && (err != nil || !(x > 0) || math.IsInf(x, 0)):
				return wrong("--at %s: %q is no number of pairs", text, value)
			case name == "pairs":
				p.Pairs = x
			case l.Levels != nil:
				k := slices.Index(l.Levels, value)
				if k < 0 {
					return wrong("--at %s: %q is none of --levels %s", text, value, strings.Join(l.Levels, ","))
				}
				if k == len(l.Levels)-1 {
					return wrong("--at %s: there is no step up from %s, the best level; name the level that a step starts from", text, value)
				}
				p.Quality = float64(k)
			case err != nil || math.IsNaN(x) || math.IsInf(x, 0):
				return wrong("--at %s: %q is no number", text, value)
			default:
				p.Quality = x
			}
		}
		l.At = append(l.At, p)
	}
	return nil
}

// input is what the report is made of, with the manifest of the run.
func (f *ladderFlags) input(t *table.Table, l *reports.Ladder) (*reports.Input, *harness.Manifest, error) {
	name := f.runName("ladder", t.Path)
	m, err := tabledManifest(name, []*table.Table{t}, l.Notes, map[string]any{"pairs": f.pairs, "distinct": f.distinct, "quality": f.quality, "levels": f.levels, "higher_is_better": f.higher, "step": f.step, "seed": f.seed,
		"model": f.model, "samples": f.samples, "scores": f.scores, "where": f.where, "at": f.at, "missing": f.missing})
	if err != nil {
		return nil, nil, err
	}
	for _, s := range l.Scores {
		m.Metrics = append(m.Metrics, harness.ManifestMetric{Label: s.Label, Kind: "table"})
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, nil, fmt.Errorf("writing the manifest: %w", err)
	}
	return &reports.Input{
		Ladder: l, Manifest: text,
		Experiment: reports.Experiment{Name: name, Question: "How many doublings of pairs is a step of " + l.Quality + " worth in " + filepath.Base(t.Path) + "?", Dataset: l.Name, Noun: "model",
			Findings: []reports.Request{{Kind: "exchange-rate"}}},
		Options: reports.Options{Formats: f.formats, Width: f.width},
	}, m, nil
}

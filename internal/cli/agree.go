package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/table"
	"probity/internal/trial"
	"probity/reports"
)

// agreeFlags say what the columns of a table are.
type agreeFlags struct {
	tabledFlags
	human, by, group, item, se, sd, count, votes string
	level                                        string
	designs                                      []string
	smallest                                     float64
	metrics, raters                              []string
	kind, missing, noun                          string
	before, after, pictures                      string
	lower                                        bool
	resamples, parameters                        int
	seed                                         uint64
}

func (a *app) agreeCommand() *cobra.Command {
	var f agreeFlags
	c := &cobra.Command{
		Use:   "agree TABLE.csv --human COLUMN --metric COLUMN[,COLUMN...] --by COLUMN",
		Short: "compare scores computed anywhere with what people said",
		Long: `Compare metrics with people, from a table with a header and a row an item: a column with people's numbers (--human), a
column a metric (--metric), and the column that says which items share a source (--by), the unit of every interval.

Whether more of a metric is better is known for the program's own metrics by their name; for others write it behind the
column: --metric "lpips:distance,niqe:distance,topiq:similarity". Else the sign of the metric's own agreement is taken,
with a warning.

Raters' errors give the ceiling, the outlier ratio and Krasula's analysis: --se (standard error of each rating), or --sd
with --count (standard deviation and number of ratings; --count a column or a number), or --raters (a column a rater).

Metrics from one design of a model, trained from several seeds: --seeds NAME=COLUMN,COLUMN,... tells how the design agrees,
with intervals that hold for other seeds too. Levels of a distortion: --level tells how often a metric, and people, take the
stronger level for the better one.

Choices between two: --kind pair (or triplet), with --human the votes for B and --votes the votes in all (or --human a share
of votes alone), and for each metric the columns METRIC_a and METRIC_b.`,
		Example: `  probity agree tid2013.csv --human mos --metric ssim,lpips:distance --by ref_img --distortion dst_type --se std
  probity agree pairs.csv --kind pair --human votes_b --votes votes --metric lpips:distance --by reference`,
		Args: args(1, 1, "one table"),
		RunE: func(c *cobra.Command, got []string) error {
			return a.agree(c.Context(), got[0], &f)
		},
	}
	p := c.Flags()
	p.StringVar(&f.human, "human", "", "column with people's numbers: ratings, or votes for B")
	p.StringSliceVar(&f.metrics, "metric", nil, "columns with scores, each perhaps with :distance or :similarity")
	p.StringVar(&f.by, "by", "", "column that names each row's source, the unit of every interval")
	p.StringVar(&f.group, "distortion", "", "column that names each row's distortion, editor or generator")
	p.StringVar(&f.level, "level", "", "column with the level of each row's distortion, a number that grows with it")
	p.StringArrayVar(&f.designs, "seeds", nil, "metrics that differ in the training seed only, under one name: cnn=cnn_s0,cnn_s1,cnn_s2 (may be repeated)")
	p.StringVar(&f.kind, "kind", "rating", "rating, pair or triplet")
	p.StringVar(&f.item, "item", "", "column that names the items")
	p.StringVar(&f.se, "se", "", "column with the standard error of each rating")
	p.StringVar(&f.sd, "sd", "", "column with the standard deviation of an item's ratings (needs --count)")
	p.StringVar(&f.count, "count", "", "ratings an item: a column or a number")
	p.StringSliceVar(&f.raters, "raters", nil, "columns with single raters' ratings; --human may then be left out")
	p.StringVar(&f.votes, "votes", "", "column with the votes in all, for --kind pair")
	p.BoolVar(&f.lower, "lower-is-better", false, "a lower human number is better (DMOS, error rates)")
	p.StringVar(&f.missing, "missing", "error", "scores that are missing or infinite: error, or drop the rows for all metrics")
	p.StringVar(&f.noun, "noun", "", "what a source is: photograph, prompt (default source)")
	p.StringVar(&f.before, "before", "", "column with the file of the reference picture, for the list of disagreements")
	p.StringVar(&f.after, "after", "", "column with the file of the picture that was judged; of choices two, those of A and B")
	p.StringVar(&f.pictures, "pictures", "", "folder that those files lie in (default the table's)")
	p.IntVar(&f.resamples, "resamples", 10000, "bootstrap resamples")
	p.IntVar(&f.parameters, "fit", 4, "parameters of the logistic fit: 4 or 5")
	p.Float64Var(&f.smallest, "smallest-effect", 0, "smallest difference between two metrics that matters, to test them for equivalence")
	p.Uint64Var(&f.seed, "seed", 1, "seed of the resamples")
	f.add(p, "agree")
	return c
}

func (a *app) agree(ctx context.Context, path string, f *agreeFlags) error {
	start := time.Now()
	t, err := table.Read(path)
	if err != nil {
		return inputError{err}
	}
	j, err := f.judged(t)
	if err != nil {
		return inputError{err}
	}
	for _, n := range j.Notes {
		a.say("note: %s", n)
	}
	in, manifest, err := f.input(t, j)
	if err != nil {
		return err
	}
	if f.before != "" || f.after != "" {
		if err := f.loadPictures(t, in); err != nil {
			return inputError{err}
		}
	}
	return a.writeTabled(ctx, tabled{f.folder("agree", path), in, manifest, start}, nil)
}

// watch shows how the statistics go on; the returned function ends it.
func (a *app) watch(in *reports.Input) func() {
	p := a.progress()
	var mu sync.Mutex
	total, done := 0, 0
	in.Options.Progress = func(more, now int) {
		mu.Lock()
		defer mu.Unlock()
		if more > 0 { // a further finding begins
			total += more
			p.Start("analysing", total, "statistics")
			now += done
			done = 0
		}
		done += now
		p.Add(now)
	}
	return func() {
		if total > 0 {
			p.End()
		}
	}
}

// judged reads the table's columns.
func (f *agreeFlags) judged(t *table.Table) (*reports.Judged, error) {
	j := &reports.Judged{Name: strings.TrimSuffix(filepath.Base(t.Path), filepath.Ext(t.Path)), Noun: f.noun, Scale: f.human, Lower: f.lower}
	switch f.kind {
	case "rating", "pair", "triplet":
	default:
		return nil, wrong("--kind %q: wants rating, pair or triplet", f.kind)
	}
	if f.missing != "error" && f.missing != "drop" {
		return nil, wrong("--missing %q: wants error or drop", f.missing)
	}
	if f.parameters != 4 && f.parameters != 5 {
		return nil, wrong("--fit %d: wants 4 or 5 parameters", f.parameters)
	}
	if !(f.smallest >= 0 && f.smallest < 1) {
		return nil, wrong("--smallest-effect %v: wants a difference in Spearman's correlation (or share of votes) from 0 to below 1", f.smallest)
	}
	if f.resamples < 200 {
		return nil, wrong("--resamples %d: at least 200 are needed for an interval", f.resamples)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.human == "" && len(f.raters) == 0 {
		return nil, wrong("--human: which column holds people's numbers? %s has numbers in %s", t.Path, strings.Join(t.Numeric(), ", "))
	}
	if len(f.metrics) == 0 {
		return nil, wrong("--metric: which columns hold scores? %s has numbers in %s", t.Path, strings.Join(t.Numeric(), ", "))
	}
	if f.kind != "rating" {
		for _, x := range [][2]string{{"--se", f.se}, {"--sd", f.sd}, {"--count", f.count}, {"--raters", strings.Join(f.raters, ",")}} {
			if x[1] != "" {
				return nil, wrong("%s is about ratings; choices have --votes", x[0])
			}
		}
		if f.level != "" || len(f.designs) > 0 {
			return nil, wrong("--level and --seeds are about ratings")
		}
	} else if f.votes != "" {
		return nil, wrong("--votes is about choices: give --kind pair")
	}
	cols, err := f.columns(t, j)
	if err != nil {
		return nil, err
	}
	if err := f.gaps(t, j, cols); err != nil {
		return nil, err
	}
	for m := range j.Columns {
		j.Score = append(j.Score, nil)
		if j.Score[m], _, err = t.Numbers(cols[m][0]); err != nil {
			return nil, err
		}
		if f.kind != "rating" {
			j.ScoreB = append(j.ScoreB, nil)
			if j.ScoreB[m], _, err = t.Numbers(cols[m][1]); err != nil {
				return nil, err
			}
		}
	}
	if f.kind == "rating" {
		err = f.ratings(t, j)
	} else {
		err = f.choices(t, j)
	}
	if err != nil {
		return nil, err
	}
	for _, x := range []struct {
		flag, name string
		to         *[]string
	}{{"--by", f.by, &j.Cluster}, {"--distortion", f.group, &j.Group}, {"--item", f.item, &j.Item}} {
		if x.name == "" {
			continue
		}
		col, err := t.Column(x.flag, x.name)
		if err != nil {
			return nil, err
		}
		if *x.to, err = t.Names(x.flag, col); err != nil {
			return nil, err
		}
	}
	if f.level != "" {
		if f.by == "" {
			return nil, wrong("--level %s: say with --by which rows share a source; levels are compared within it", f.level)
		}
		if j.Level, err = t.Complete("--level", f.level); err != nil {
			return nil, err
		}
	}
	if err := f.seeds(j); err != nil {
		return nil, err
	}
	if j.Item == nil {
		for i := range t.Rows {
			name := fmt.Sprintf("row %d", t.Lines[i])
			if j.Cluster != nil {
				name += " (" + j.Cluster[i]
				if j.Group != nil {
					name += ", " + j.Group[i]
				}
				name += ")"
			}
			j.Item = append(j.Item, name)
		}
	}
	return j, nil
}

// columns finds each metric's column, two for choices, and what is known of it.
func (f *agreeFlags) columns(t *table.Table, j *reports.Judged) ([][2]int, error) {
	var out [][2]int
	for _, m := range f.metrics {
		m = strings.TrimSpace(m)
		name, direction := m, trial.Direction("")
		if i := strings.LastIndex(m, ":"); i >= 0 && !slices.Contains(t.Header, m) {
			switch d := trial.Direction(m[i+1:]); d {
			case trial.Distance, trial.Similarity:
				name, direction = m[:i], d
			default:
				return nil, wrong("--metric %s: a direction is distance or similarity, got %q", m, m[i+1:])
			}
		}
		c := trial.Column{Label: name, Kind: "table", Direction: direction, Group: trial.External, Low: math.Inf(-1), High: math.Inf(1)}
		if entry, info, err := trial.Metrics.Get(strings.ToLower(name)); err == nil {
			c.Group = entry.Group
			if direction == "" {
				c.Direction = entry.Direction
			} else if direction != entry.Direction {
				j.Notes = append(j.Notes, fmt.Sprintf("%s is taken as a %s, as stated, although the program's %s is a %s", name, direction, info.Name, entry.Direction))
			}
			if c.Group == trial.Learned {
				c.Family = ""
				c.Group = trial.External
			}
		}
		var at [2]int
		var err error
		if f.kind == "rating" {
			at[0], err = t.Column("--metric", name)
		} else {
			if at[0], err = t.Column("--metric", name+"_a"); err == nil {
				at[1], err = t.Column("--metric", name+"_b")
			}
		}
		if err != nil {
			return nil, err
		}
		for _, o := range j.Columns {
			if o.Label == c.Label {
				return nil, wrong("--metric: %s is named twice", name)
			}
		}
		if strings.EqualFold(name, f.human) {
			return nil, wrong("--metric %s is the column of --human", name)
		}
		j.Columns, out = append(j.Columns, c), append(out, at)
	}
	return out, nil
}

// seeds names the designs of the metrics that --seeds lists.
func (f *agreeFlags) seeds(j *reports.Judged) error {
	for _, text := range f.designs {
		name, list, ok := strings.Cut(text, "=")
		columns := strings.Split(list, ",")
		if !ok || name == "" || len(columns) < 2 {
			return wrong("--seeds %q: wants a name and two columns or more: cnn=cnn_s0,cnn_s1", text)
		}
		if j.Design == nil {
			j.Design = make([]string, len(j.Columns))
		}
		for _, c := range columns {
			m := slices.IndexFunc(j.Columns, func(x trial.Column) bool { return x.Label == strings.TrimSpace(c) })
			switch {
			case m < 0:
				return wrong("--seeds %s: %q is not among the columns of --metric", name, strings.TrimSpace(c))
			case j.Design[m] != "":
				return wrong("--seeds %s: %s is in %s already", name, j.Columns[m].Label, j.Design[m])
			}
			j.Design[m] = name
		}
		first := slices.Index(j.Design, name)
		for m := range j.Columns {
			if j.Design[m] == name && j.Columns[m].Direction != j.Columns[first].Direction {
				return wrong("--seeds %s: %s and %s are of different directions", name, j.Columns[first].Label, j.Columns[m].Label)
			}
		}
	}
	return nil
}

// gaps deals with scores that are missing or infinite: an error, or rows that are dropped for all metrics.
func (f *agreeFlags) gaps(t *table.Table, j *reports.Judged, cols [][2]int) error {
	drop := map[int]bool{}
	for m, pair := range cols {
		of := pair[:1]
		if f.kind != "rating" {
			of = pair[:]
		}
		for _, col := range of {
			_, gaps, err := t.Numbers(col)
			if err != nil {
				return err
			}
			if len(gaps) == 0 {
				continue
			}
			if f.missing == "error" {
				return wrong("%s; give --missing drop to leave such rows out for all metrics", t.Gap(col, gaps))
			}
			j.Notes = append(j.Notes, fmt.Sprintf("%d of %d rows have no finite score of %s and were left out for all metrics", len(gaps), len(t.Rows), j.Columns[m].Label))
			for _, i := range gaps {
				drop[i] = true
			}
		}
	}
	if len(drop) > 0 {
		n := len(t.Rows)
		t.Keep(func(i int) bool { return !drop[i] })
		if len(t.Rows) < 3 {
			return wrong("%s: only %d of %d rows have finite scores of every metric", t.Path, len(t.Rows), n)
		}
	}
	return nil
}

func (f *agreeFlags) ratings(t *table.Table, j *reports.Judged) (err error) {
	if len(f.raters) > 0 {
		j.Raw = make([][]float64, len(t.Rows))
		for _, name := range f.raters {
			col, err := t.Column("--raters", name)
			if err != nil {
				return err
			}
			v, _, err := t.Numbers(col)
			if err != nil {
				return err
			}
			for i, x := range v {
				j.Raw[i] = append(j.Raw[i], x)
			}
			j.Raters = append(j.Raters, t.Header[col])
		}
	}
	if f.human != "" {
		if j.Rating, err = t.Complete("--human", f.human); err != nil {
			return err
		}
	} else {
		j.Scale = "mean rating"
		for i, row := range j.Raw {
			var s, n float64
			for _, v := range row {
				if !math.IsNaN(v) {
					s, n = s+v, n+1
				}
			}
			if n == 0 {
				return wrong("%s, row %d: no rater has rated it", t.Path, t.Lines[i])
			}
			j.Rating = append(j.Rating, s/n)
		}
	}
	switch {
	case f.se != "" && f.sd != "":
		return wrong("--se and --sd are two ways to say the same: give one")
	case f.se != "":
		if j.SE, err = t.Complete("--se", f.se); err != nil {
			return err
		}
	case f.sd != "" && f.count == "":
		return wrong("--sd: the standard deviation of ratings says how sure their mean is only with --count, the number of ratings (a column or a number); if the column is the standard error already, give it as --se")
	case f.sd != "":
		if j.SE, err = t.Complete("--sd", f.sd); err != nil {
			return err
		}
		var constant float64
		var n []float64
		if _, err := fmt.Sscanf(f.count+"\n", "%g\n", &constant); err != nil {
			if n, err = t.Complete("--count", f.count); err != nil {
				return err
			}
		}
		for i := range j.SE {
			k := constant
			if n != nil {
				k = n[i]
			}
			if k < 1 {
				return wrong("%s, row %d: %v ratings; --count is how many people rated the item", t.Path, t.Lines[i], k)
			}
			j.SE[i] /= math.Sqrt(k)
		}
	}
	for i, v := range j.SE {
		if v < 0 {
			return wrong("%s, row %d: a standard error of %v", t.Path, t.Lines[i], v)
		}
	}
	return nil
}

func (f *agreeFlags) choices(t *table.Table, j *reports.Judged) error {
	b, err := t.Complete("--human", f.human)
	if err != nil {
		return err
	}
	var all []float64
	if f.votes != "" {
		if all, err = t.Complete("--votes", f.votes); err != nil {
			return err
		}
	}
	whole := true
	for i, v := range b {
		n := 1.
		if all != nil {
			n = all[i]
		}
		whole = whole && v == math.Trunc(v)
		switch {
		case n < 1:
			return wrong("%s, row %d: %v votes in all", t.Path, t.Lines[i], n)
		case v < 0 || v > n:
			if all == nil {
				return wrong("%s, row %d: %v votes for B; without --votes the column of --human holds shares from 0 to 1", t.Path, t.Lines[i], v)
			}
			return wrong("%s, row %d: %v votes for B of %v in all", t.Path, t.Lines[i], v, n)
		}
		j.VotesA, j.VotesB = append(j.VotesA, n-v), append(j.VotesB, v)
	}
	j.Shares = all == nil && !whole
	return nil
}

// input is what the report is made of, with the manifest of the run.
func (f *agreeFlags) input(t *table.Table, j *reports.Judged) (*reports.Input, *harness.Manifest, error) {
	name := f.runName("agree", t.Path)
	m, err := tabledManifest(name, []*table.Table{t}, j.Notes, map[string]any{"human": f.human, "lower_is_better": f.lower, "by": f.by, "distortion": f.group, "kind": f.kind, "se": f.se, "sd": f.sd, "count": f.count,
		"raters": f.raters, "votes": f.votes, "metrics": f.metrics, "missing": f.missing, "resamples": f.resamples, "fit": f.parameters, "smallest_effect": f.smallest, "level": f.level, "seeds": f.designs})
	if err != nil {
		return nil, nil, err
	}
	m.Seed = f.seed
	for _, c := range j.Columns {
		m.Metrics = append(m.Metrics, harness.ManifestMetric{Label: c.Label, Kind: c.Kind, Params: string(c.Direction)})
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, nil, fmt.Errorf("writing the manifest: %w", err)
	}
	requests, err := reports.AgreementFindings([]reports.Judged{*j}, f.parameters, f.smallest)
	if err != nil {
		return nil, nil, err
	}
	return &reports.Input{
		Human: []reports.Judged{*j}, Manifest: text,
		Experiment: reports.Experiment{Name: name, Question: "How well do the metrics agree with people on " + filepath.Base(t.Path) + "?", Seed: f.seed, Dataset: j.Name, Noun: f.noun, Findings: requests},
		Options:    reports.Options{Formats: f.formats, Width: f.width, Resamples: f.resamples},
	}, m, nil
}

// loadPictures reads the pictures of the items that the list of disagreements shows.
func (f *agreeFlags) loadPictures(t *table.Table, in *reports.Input) error {
	if f.before == "" || f.after == "" {
		return wrong("--before and --after go together: the reference and the picture that was judged")
	}
	before, err := t.Column("--before", f.before)
	if err != nil {
		return err
	}
	names := []string{f.after}
	if f.kind != "rating" {
		if names = strings.Split(f.after, ","); len(names) != 2 {
			return wrong("--after %s: choices have two pictures, those of A and B: --after COLUMN,COLUMN", f.after)
		}
	}
	var after []int
	for _, name := range names {
		col, err := t.Column("--after", strings.TrimSpace(name))
		if err != nil {
			return err
		}
		after = append(after, col)
	}
	folder := f.pictures
	if folder == "" {
		folder = filepath.Dir(t.Path)
	}
	j := &in.Human[0]
	j.Pictures = map[int][2][]byte{}
	items, err := reports.Disagreements(in, 0)
	if err != nil {
		return inputError{err}
	}
	for _, i := range items {
		file := func(col int) string {
			return filepath.Join(folder, filepath.FromSlash(strings.TrimSpace(t.Rows[i][col])))
		}
		var outputs []string
		for _, col := range after {
			outputs = append(outputs, file(col))
		}
		pair, err := judgedThumbnails(file(before), outputs)
		if err != nil {
			return wrong("%s, row %d: %v", t.Path, t.Lines[i], err)
		}
		j.Pictures[i] = pair
	}
	return nil
}

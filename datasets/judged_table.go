package datasets

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

func init() {
	column := func(name, def, doc string) registry.Param {
		return registry.Param{Name: name, Type: registry.String, Doc: doc, Default: def}
	}
	trial.Datasets.Add(registry.Info{
		Name:    "judged-table",
		Version: 1,
		Doc:     "judgements of one's own: a table with a row an item, ratings or choices, with pictures or with scores",
		Long: `A table with a header (commas, semicolons or tabs), a row an item. Columns are found by the names in the parameters; one
that is named but not there is an error, a default that is not there is left out. Pictures lie in the folder of the table
unless pictures says otherwise. docs/agreement.md describes it column by column.`,
		Params: []registry.Param{
			{Name: "kind", Type: registry.String, Doc: "rating, or a choice between two: pair or triplet", Default: "rating", Enum: []string{"rating", "pair", "triplet"}},
			{Name: "human", Type: registry.String, Doc: "column with people's numbers: the mean rating, or the votes for B (default rating, or votes_b)"},
			column("by", "source", "column that names each row's source, the unit of every interval"),
			column("distortion", "distortion", "column that names each row's distortion, editor or generator"),
			column("level", "level", "column with the level of each row's distortion, a number above 0 that grows with it"),
			column("item", "item", "column that names the items"),
			column("reference", "reference", "column with the file of the reference picture"),
			column("output", "output", "column with the file of the picture that was judged"),
			column("a", "a", "column with the file of alternative A"),
			column("b", "b", "column with the file of alternative B"),
			column("requirement", "requirement", "column with the words that asked for the edit"),
			column("source_caption", "source_caption", "column with what the reference shows"),
			column("target_caption", "target_caption", "column with what the output should show"),
			column("votes", "votes", "column with the votes in all; without it the column of human holds shares"),
			{Name: "se", Type: registry.String, Doc: "column with the standard error of each rating"},
			{Name: "sd", Type: registry.String, Doc: "column with the standard deviation of an item's ratings"},
			{Name: "count", Type: registry.String, Doc: "column with the number of an item's ratings"},
			{Name: "raters", Type: registry.Strings, Doc: "columns with single raters' ratings; human may then be left out"},
			{Name: "distances", Type: registry.Strings, Doc: "columns with scores on which more is worse; of choices NAME_a and NAME_b"},
			{Name: "similarities", Type: registry.Strings, Doc: "columns with scores on which more is better; of choices NAME_a and NAME_b"},
			{Name: "lower_is_better", Type: registry.Bool, Doc: "a lower number of people's is better (DMOS, error rates)", Default: false},
			{Name: "noun", Type: registry.String, Doc: "what a source is: photograph, prompt", Default: "source"},
			{Name: "pictures", Type: registry.String, Doc: "folder of the pictures, relative to the table's", Default: "."},
		},
	}, trial.DatasetEntry{Needs: "path = the table", Judged: true, Judge: judgedTable})
}

// tableReader reads the columns of one table under the names that the parameters give.
type tableReader struct {
	t      *table.Table
	params registry.Values
	given  registry.Info
}

// find is the column of a parameter; -1 where its default is not there. One that is no default must be there.
func (r *tableReader) find(param string) (int, error) {
	name := r.params.String(param)
	if name == "" {
		return -1, nil
	}
	if p, ok := r.given.Param(param); ok && p.Default == name {
		return slices.Index(r.t.Header, name), nil
	}
	return r.t.Column(param, name)
}

func (r *tableReader) texts(param string) ([]string, error) {
	col, err := r.find(param)
	if col < 0 || err != nil {
		return make([]string, len(r.t.Rows)), err
	}
	return r.t.Texts(col), nil
}

func (r *tableReader) numbers(param string) ([]float64, error) {
	col, err := r.find(param)
	if err != nil {
		return nil, err
	}
	if col < 0 {
		out := make([]float64, len(r.t.Rows))
		for i := range out {
			out[i] = math.NaN()
		}
		return out, nil
	}
	return r.t.Complete(param, r.t.Header[col])
}

func judgedTable(_ context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	info, err := trial.Datasets.Info("judged-table")
	if err != nil {
		return nil, err
	}
	if s, err := os.Stat(opt.Path); err == nil && s.IsDir() {
		return nil, fmt.Errorf("%s is a folder; path is the table itself", opt.Path)
	}
	t, err := table.Read(opt.Path)
	if err != nil {
		return nil, err
	}
	r := &tableReader{t, params, info}
	j := &trial.Judgements{Name: strings.TrimSuffix(filepath.Base(opt.Path), filepath.Ext(opt.Path)), Kind: trial.JudgementKind(params.String("kind")), Lower: params.Bool("lower_is_better"), Noun: params.String("noun")}
	choices := j.Kind != trial.Rated
	subjects, err := r.subjects()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(filepath.Dir(opt.Path), filepath.FromSlash(params.String("pictures")))
	picture := func(name string) string {
		if name == "" || filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(folder, filepath.FromSlash(name))
	}
	for i := range subjects {
		subjects[i].Reference = picture(subjects[i].Reference)
	}
	if choices {
		err = r.choices(j, subjects, picture)
	} else {
		err = r.ratings(j, subjects, picture)
	}
	if err != nil {
		return nil, err
	}
	return j, r.scores(j, choices)
}

func (r *tableReader) subjects() ([]trial.Subject, error) {
	out := make([]trial.Subject, len(r.t.Rows))
	for _, f := range []struct {
		param string
		names bool
		to    func(s *trial.Subject) *string
	}{
		{"item", true, func(s *trial.Subject) *string { return &s.Item }},
		{"reference", false, func(s *trial.Subject) *string { return &s.Reference }},
		{"by", true, func(s *trial.Subject) *string { return &s.Source }},
		{"distortion", true, func(s *trial.Subject) *string { return &s.Distortion }},
		{"requirement", false, func(s *trial.Subject) *string { return &s.Requirement }},
		{"source_caption", false, func(s *trial.Subject) *string { return &s.SourceCaption }},
		{"target_caption", false, func(s *trial.Subject) *string { return &s.TargetCaption }},
	} {
		col, err := r.find(f.param)
		if err != nil {
			return nil, err
		}
		if col < 0 {
			continue
		}
		list := r.t.Texts(col)
		if f.names {
			if list, err = r.t.Names(f.param, col); err != nil {
				return nil, err
			}
		}
		for i, v := range list {
			*f.to(&out[i]) = v
		}
	}
	levels, err := r.numbers("level")
	if err != nil {
		return nil, err
	}
	for i, v := range levels {
		switch {
		case math.IsNaN(v):
		case v <= 0:
			return nil, fmt.Errorf("%s, row %d: a level of %v; levels are numbers above 0", r.t.Path, r.t.Lines[i], v)
		default:
			out[i].Level = v
		}
	}
	for i := range out {
		if out[i].Item == "" {
			out[i].Item = fmt.Sprintf("row %d", r.t.Lines[i])
			if d := out[i].Distortion; d != "" {
				out[i].Item += " (" + d + ")"
			}
		}
		if out[i].Source == "" {
			// The reference picture is the source, unless a column says otherwise.
			out[i].Source = out[i].Reference
		}
	}
	return out, nil
}

func (r *tableReader) ratings(j *trial.Judgements, subjects []trial.Subject, picture func(string) string) error {
	outputs, err := r.texts("output")
	if err != nil {
		return err
	}
	raw := make([][]float64, len(subjects))
	for _, name := range r.params.Strings("raters") {
		col, err := r.t.Column("raters", name)
		if err != nil {
			return err
		}
		v, _, err := r.t.Numbers(col)
		if err != nil {
			return err
		}
		for i := range raw {
			raw[i] = append(raw[i], v[i])
		}
		j.Raters = append(j.Raters, r.t.Header[col])
	}
	human := r.params.String("human")
	j.Scale = "mean rating"
	var value []float64
	switch {
	case human != "" || len(j.Raters) == 0:
		if human == "" {
			human = "rating"
		}
		j.Scale = human
		if value, err = r.t.Complete("human", human); err != nil {
			return err
		}
	default:
		for i, row := range raw {
			var s, n float64
			for _, v := range row {
				if !math.IsNaN(v) {
					s, n = s+v, n+1
				}
			}
			if n == 0 {
				return fmt.Errorf("%s, row %d: no rater has rated it", r.t.Path, r.t.Lines[i])
			}
			value = append(value, s/n)
		}
	}
	se, err := r.numbers("se")
	if err != nil {
		return err
	}
	sd, err := r.numbers("sd")
	if err != nil {
		return err
	}
	count, err := r.numbers("count")
	if err != nil {
		return err
	}
	for i, s := range subjects {
		if se[i] < 0 || sd[i] < 0 || count[i] < 1 {
			return fmt.Errorf("%s, row %d: standard error %v, standard deviation %v, %v ratings", r.t.Path, r.t.Lines[i], se[i], sd[i], count[i])
		}
		j.Ratings = append(j.Ratings, trial.Rating{Subject: s, Output: picture(outputs[i]), Value: value[i], SE: se[i], SD: sd[i], N: count[i], Raw: raw[i]})
	}
	return nil
}

func (r *tableReader) choices(j *trial.Judgements, subjects []trial.Subject, picture func(string) string) error {
	human := r.params.String("human")
	if human == "" {
		human = "votes_b"
	}
	j.Scale = human
	b, err := r.t.Complete("human", human)
	if err != nil {
		return err
	}
	votes, err := r.numbers("votes")
	if err != nil {
		return err
	}
	fileA, err := r.texts("a")
	if err != nil {
		return err
	}
	fileB, err := r.texts("b")
	if err != nil {
		return err
	}
	for i, s := range subjects {
		most := votes[i]
		if math.IsNaN(most) {
			most = 1
		}
		if b[i] < 0 || b[i] > most || most < 1 {
			return fmt.Errorf("%s, row %d: %v votes for B of %v in all (without a column of votes the column %s holds shares from 0 to 1)", r.t.Path, r.t.Lines[i], b[i], most, human)
		}
		j.Choices = append(j.Choices, trial.Choice{Subject: s, A: picture(fileA[i]), B: picture(fileB[i]), VotesB: b[i], Votes: votes[i]})
	}
	return nil
}

// scores are the columns of scores that the table brings; one that is missing is NaN.
func (r *tableReader) scores(j *trial.Judgements, choices bool) error {
	for _, g := range []struct {
		param     string
		direction trial.Direction
	}{{"distances", trial.Distance}, {"similarities", trial.Similarity}} {
		for _, name := range r.params.Strings(g.param) {
			names := []string{name}
			if choices {
				names = []string{name + "_a", name + "_b"}
			}
			for k, n := range names {
				col, err := r.t.Column(g.param, n)
				if err != nil {
					return err
				}
				v, _, err := r.t.Numbers(col)
				if err != nil {
					return err
				}
				if k == 0 {
					j.Scores = append(j.Scores, v)
				} else {
					j.ScoresB = append(j.ScoresB, v)
				}
			}
			j.Columns = append(j.Columns, trial.Column{Label: name, Kind: "table", Direction: g.direction, Group: trial.External, Low: math.Inf(-1), High: math.Inf(1)})
		}
	}
	return nil
}

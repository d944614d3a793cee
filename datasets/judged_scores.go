package datasets

import (
	"context"
	"fmt"
	"math"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

// scoreParams are the parameters of a data set to which scores computed elsewhere can be joined.
func scoreParams() []registry.Param {
	return []registry.Param{
		{Name: "scores", Type: registry.String, Path: true, Doc: "table of scores computed elsewhere: a column item, which names every item, and a column a metric (of choices NAME_a and NAME_b)"},
		{Name: "distances", Type: registry.Strings, Doc: "columns of scores on which more is worse"},
		{Name: "similarities", Type: registry.Strings, Doc: "columns of scores on which more is better"},
	}
}

// withScores joins a table of scores to the judgements that a reader gives. Every item needs its row and every row its item:
// metrics that were scored on other items are not compared on these.
func withScores(read trial.JudgeFunc) trial.JudgeFunc {
	return func(ctx context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
		j, err := read(ctx, params, opt)
		if err != nil {
			return nil, err
		}
		file := params.String("scores")
		named := len(params.Strings("distances")) + len(params.Strings("similarities"))
		switch {
		case file == "" && named == 0:
			return j, nil
		case file == "":
			return nil, fmt.Errorf("distances and similarities name columns of scores, but scores names no table")
		case named == 0:
			return nil, fmt.Errorf("scores = %q: say which of its columns are distances or similarities", file)
		}
		t, err := table.Read(file)
		if err != nil {
			return nil, err
		}
		col, err := t.Column("scores", "item")
		if err != nil {
			return nil, err
		}
		at := map[string]int{}
		for i := range j.Items() {
			at[j.Subject(i).Item] = i
		}
		row := make([]int, j.Items()) // of each item, in the table, from 1
		for i, item := range t.Texts(col) {
			k, ok := at[item]
			switch {
			case !ok:
				return nil, fmt.Errorf("%s, row %d: %s has no item %q; its first is %q", file, t.Lines[i], j.Name, item, j.Subject(0).Item)
			case row[k] != 0:
				return nil, fmt.Errorf("%s, row %d: %q comes twice", file, t.Lines[i], item)
			}
			row[k] = i + 1
		}
		for k, i := range row {
			if i == 0 {
				return nil, fmt.Errorf("%s has no row for %q", file, j.Subject(k).Item)
			}
		}
		for _, g := range []struct {
			param     string
			direction trial.Direction
		}{{"distances", trial.Distance}, {"similarities", trial.Similarity}} {
			for _, name := range params.Strings(g.param) {
				column := func(name string) ([]float64, error) {
					v, err := t.Complete(g.param, name)
					if err != nil {
						return nil, err
					}
					scores := make([]float64, len(row))
					for k, i := range row {
						scores[k] = v[i-1]
					}
					return scores, nil
				}
				a := name
				if j.Choices != nil {
					a = name + "_a"
					b, err := column(name + "_b")
					if err != nil {
						return nil, err
					}
					j.ScoresB = append(j.ScoresB, b)
				}
				scores, err := column(a)
				if err != nil {
					return nil, err
				}
				j.Columns = append(j.Columns, trial.Column{Label: name, Kind: "table", Direction: g.direction, Group: trial.External, Low: math.Inf(-1), High: math.Inf(1)})
				j.Scores = append(j.Scores, scores)
			}
		}
		return j, nil
	}
}

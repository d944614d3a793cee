package datasets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

// The layout is that of data/human-evaluation-realism in the authors' repository, layer6ai-labs/dgm-eval (its README).
func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "fd-human",
		Version: 1,
		Doc:     "how often people take the pictures of 41 generators for real: error rate a generator, on four data sets",
		Long: `A CSV a data set (cifar10.csv, ffhq256.csv, imagenet256.csv, lsun256.csv), a row a participant, with the columns id, model and err_rt:
the share of 200 pictures, half of them real, that the participant judged wrongly. An item is a generator with the mean over its
participants and its standard error: more errors, more realistic pictures. Each participant saw one generator. The authors publish the Frechet distances in the tables of
their paper, and as a picture of a table, not beside these files: give them as scores, a table with the columns item (cifar10/ACGAN)
and a column a distance, a row for each of the 41 generators, and name those columns in distances. Distances of different data sets have no common scale: set chooses one of them, which the table of scores may
cover with the others.`,
		Source: "Stein, Cresswell, Hosseinzadeh et al. 2023",
		Params: append([]registry.Param{{Name: "set", Type: registry.String, Doc: "one data set; all where none is given", Enum: fdSets}}, scoreParams()...),
	}, trial.DatasetEntry{Where: "https://github.com/layer6ai-labs/dgm-eval", Needs: "path = the folder with cifar10.csv, ffhq256.csv, imagenet256.csv or lsun256.csv; scores = a table of distances", Judged: true, Judge: oneFDSet(withScores(judgeFDHuman))})
}

// fdSets are the data sets on which generators were judged, as their files are called.
var fdSets = []string{"cifar10", "ffhq256", "imagenet256", "lsun256"}

// oneFDSet keeps the generators of the data set that is asked for, after scores of all of them were joined.
func oneFDSet(read trial.JudgeFunc) trial.JudgeFunc {
	return func(ctx context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
		j, err := read(ctx, params, opt)
		set := params.String("set")
		if err != nil || set == "" {
			return j, err
		}
		out := *j
		out.Name += " " + set
		out.Ratings, out.Scores = nil, make([][]float64, len(j.Scores))
		for i, r := range j.Ratings {
			if r.Distortion != set {
				continue
			}
			r.Distortion = "" // there is but one
			out.Ratings = append(out.Ratings, r)
			for m := range j.Scores {
				out.Scores[m] = append(out.Scores[m], j.Scores[m][i])
			}
		}
		if len(out.Ratings) == 0 {
			return nil, fmt.Errorf("%s holds no %s.csv", opt.Path, set)
		}
		return &out, nil
	}
}

func judgeFDHuman(_ context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	j := &trial.Judgements{Name: "FD-human", Kind: trial.Rated, Scale: "error rate", Noun: "generator"}
	for _, set := range fdSets {
		file := filepath.Join(opt.Path, set+".csv")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		t, err := table.Read(file)
		if err != nil {
			return nil, err
		}
		col, err := t.Column("fd-human", "model")
		if err != nil {
			return nil, err
		}
		models, err := t.Names("fd-human", col)
		if err != nil {
			return nil, err
		}
		rates, err := t.Complete("fd-human", "err_rt")
		if err != nil {
			return nil, err
		}
		var order []string
		by := map[string][]float64{}
		for i, m := range models {
			if rates[i] < 0 || rates[i] > 1 {
				return nil, fmt.Errorf("%s, row %d: an error rate of %v", file, t.Lines[i], rates[i])
			}
			if by[m] == nil {
				order = append(order, m)
			}
			by[m] = append(by[m], rates[i])
		}
		for _, m := range order {
			var mean, ss float64
			n := float64(len(by[m]))
			for _, v := range by[m] {
				mean += v / n
			}
			for _, v := range by[m] {
				ss += (v - mean) * (v - mean)
			}
			sd := math.NaN()
			if n > 1 {
				sd = math.Sqrt(ss / (n - 1))
			}
			j.Ratings = append(j.Ratings, trial.Rating{Subject: trial.Subject{Item: set + "/" + m, Source: set + "/" + m, Distortion: set}, Value: mean, SD: sd, SE: math.NaN(), N: n})
		}
	}
	if len(j.Ratings) == 0 {
		return nil, fmt.Errorf("%s holds none of cifar10.csv, ffhq256.csv, imagenet256.csv and lsun256.csv", opt.Path)
	}
	return j, nil
}

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
participants and its standard error: more errors, more realistic pictures. Each participant saw one generator. The authors publish the Frechet distances in their paper,
not beside these files: give them as scores, a table with the columns item (cifar10/ACGAN) and a column a distance, and name those
columns in distances. agreement-within then tells each data set apart: distances of different data sets have no common scale.`,
		Source: "Stein, Cresswell, Hosseinzadeh et al. 2023",
		Params: scoreParams(),
	}, trial.DatasetEntry{Where: "https://github.com/layer6ai-labs/dgm-eval", Needs: "path = the folder with cifar10.csv, ffhq256.csv, imagenet256.csv or lsun256.csv; scores = a table of distances", Judged: true, Judge: withScores(judgeFDHuman)})
}

func judgeFDHuman(_ context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	j := &trial.Judgements{Name: "FD-human", Kind: trial.Rated, Scale: "error rate", Noun: "generator"}
	for _, set := range []string{"cifar10", "ffhq256", "imagenet256", "lsun256"} {
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

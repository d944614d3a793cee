package datasets

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "material-similarity",
		Version: 1,
		Doc:     "triplets of rendered materials: which of two looks more like the reference, with the votes",
		Long: `answers_processed_test.json (or train) is needed: answers are [reference, chosen, other], numbered from 0 in the order of the
sorted file names, agreement the votes [for chosen, for other]. The pictures lie in one folder beside it, which is the only
one there or the one that pictures names. Alternative A is the one that was chosen. An item is
called by its place in answers, from 0: triplet 0.`,
		Source: "Lagunas et al. 2019",
		Params: append([]registry.Param{
			{Name: "answers", Type: registry.String, Doc: "file of the answers", Default: "answers_processed_test.json"},
			{Name: "pictures", Type: registry.String, Doc: "folder of the pictures; the only one beside the answers where none is given"},
		}, scoreParams()...),
	}, trial.DatasetEntry{Where: "https://github.com/mlagunas/material-appearance-similarity", Needs: "path = the folder with answers_processed_test.json and the pictures' folder", Judged: true, Judge: withScores(judgeMaterial)})
}

func judgeMaterial(_ context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	file := filepath.Join(opt.Path, filepath.FromSlash(params.String("answers")))
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading judgements: %w", err)
	}
	var doc struct {
		Answers   [][]int     `json:"answers"`
		Agreement [][]float64 `json:"agreement"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if len(doc.Answers) == 0 || len(doc.Answers) != len(doc.Agreement) {
		return nil, fmt.Errorf("%s has %d answers and %d pairs of votes", file, len(doc.Answers), len(doc.Agreement))
	}
	names, err := materialPictures(opt.Path, params.String("pictures"))
	if err != nil {
		return nil, err
	}
	j := &trial.Judgements{Name: "material similarity", Kind: trial.ChoseOfTriple, Scale: "votes", Noun: "reference"}
	for i, a := range doc.Answers {
		v := doc.Agreement[i]
		if len(a) != 3 || len(v) != 2 || v[0] < 0 || v[1] < 0 || v[0]+v[1] < 1 {
			return nil, fmt.Errorf("%s, answer %d: %v with votes %v; wants [reference, chosen, other] and [for, against]", file, i, a, v)
		}
		var files [3]string
		for k, n := range a {
			switch {
			case n < 0 || len(names) > 0 && n >= len(names):
				return nil, fmt.Errorf("%s, answer %d: picture %d, there are %d", file, i, n, len(names))
			case len(names) > 0:
				files[k] = names[n]
			}
		}
		j.Choices = append(j.Choices, trial.Choice{
			Subject: trial.Subject{Item: fmt.Sprintf("triplet %d", i), Reference: files[0], Source: fmt.Sprintf("material %d", a[0])},
			A:       files[1], B: files[2], VotesB: v[1], Votes: v[0] + v[1],
		})
	}
	return j, nil
}

// materialPictures are the pictures in the order of their names; none where there is no folder.
func materialPictures(path, folder string) ([]string, error) {
	if folder == "" {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("looking for pictures: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if folder != "" {
				return nil, fmt.Errorf("%s has the folders %s and %s: say with pictures which holds the pictures", path, folder, e.Name())
			}
			folder = e.Name()
		}
		if folder == "" {
			return nil, nil
		}
	}
	names, err := pictureNames(filepath.Join(path, filepath.FromSlash(folder)))
	if err != nil {
		return nil, fmt.Errorf("looking for pictures: %w", err)
	}
	sort.Strings(names)
	for i, n := range names {
		names[i] = filepath.Join(path, filepath.FromSlash(folder), filepath.FromSlash(n))
	}
	return names, nil
}

package datasets

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

// The layout is that which pyiqa's scripts/process_pipal.py (chaofengc/IQA-PyTorch) reads.
func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "pipal",
		Version: 1,
		Doc:     "Elo ratings of 23,200 patches: 200 references in 40 distortions, restorations by networks among them",
		Long: `Train_Label with a text file a reference (lines "A0001_00_00.bmp,1446.09": reference, kind and number of the distortion, Elo
rating, more is better) is needed. References in Train_Ref and pictures in any other folder beside it (Train_Dist,
Distortion_1, ...) are used where they are there. No errors of the ratings are published.`,
		Source: "Gu, Cai, Chen et al. 2020",
		Params: scoreParams(),
	}, trial.DatasetEntry{Where: "https://github.com/HaomingCai/PIPAL-dataset", Needs: "path = the folder with Train_Label", Judged: true, Judge: withScores(judgePIPAL)})
}

// pipalName is reference, kind and number of the distortion.
var pipalName = regexp.MustCompile(`^([A-Z]\d{4})_(\d\d)_(\d\d)\.(?:bmp|png)$`)

func judgePIPAL(ctx context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	labels, err := filepath.Glob(filepath.Join(opt.Path, "Train_Label", "*.txt"))
	if err != nil {
		return nil, fmt.Errorf("looking for judgements: %w", err)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("%s has no files of ratings", filepath.Join(opt.Path, "Train_Label"))
	}
	sort.Strings(labels)
	pictures, err := foldedFiles(opt.Path)
	if err != nil {
		return nil, err
	}
	j := &trial.Judgements{Name: "PIPAL", Kind: trial.Rated, Scale: "Elo rating", Noun: "reference"}
	for _, file := range labels {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading judgements: %w", err)
		}
		for i, text := range strings.Split(string(data), "\n") {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			name, value, _ := strings.Cut(text, ",")
			m := pipalName.FindStringSubmatch(name)
			elo, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if m == nil || err != nil || math.IsNaN(elo) || math.IsInf(elo, 0) {
				return nil, fmt.Errorf("%s, line %d: %q is no line such as A0001_00_00.bmp,1446.09", file, i+1, text)
			}
			nan := math.NaN()
			j.Ratings = append(j.Ratings, trial.Rating{
				Subject: trial.Subject{Item: name, Reference: pictures[folded(m[1]+".bmp")], Source: m[1], Distortion: m[2]},
				Output:  pictures[folded(name)], Value: elo, SD: nan, SE: nan, N: nan,
			})
		}
	}
	pictured(j)
	return j, nil
}

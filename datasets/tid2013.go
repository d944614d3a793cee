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

func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "tid2013",
		Version: 1,
		Doc:     "ratings of 3,000 pictures: 25 photographs in 24 distortions at 5 levels (MOS 0 to 9)",
		Long: `mos_with_names.txt (a rating and a name a line) is needed. mos_std.txt, the standard deviation of each mean, gives the
ceiling. Pictures in reference_images and distorted_images, and the authors' scores in metrics_values (a file a metric, a
number a line in the order of the names), are used where they are there.`,
		Source: "Ponomarenko et al. 2015",
		Params: scoreParams(),
	}, trial.DatasetEntry{Where: "https://www.ponomarenko.info/tid2013.htm", Needs: "path = the folder with mos_with_names.txt", Judged: true, Judge: withScores(judgeTID2013)})
}

// tidName is reference, distortion and level in the name of a distorted picture; names vary in case.
var tidName = regexp.MustCompile(`^[iI](\d\d)_(\d\d)_(\d)\.[bB][mM][pP]$`)

func judgeTID2013(_ context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	file := filepath.Join(opt.Path, "mos_with_names.txt")
	lines, err := readFields(file, 2)
	if err != nil {
		return nil, err
	}
	references, err := foldedFiles(filepath.Join(opt.Path, "reference_images"))
	if err != nil {
		return nil, err
	}
	outputs, err := foldedFiles(filepath.Join(opt.Path, "distorted_images"))
	if err != nil {
		return nil, err
	}
	j := &trial.Judgements{Name: "TID2013", Kind: trial.Rated, Scale: "mos", Noun: "photograph"}
	for _, l := range lines {
		mos, err := strconv.ParseFloat(l.fields[0], 64)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %q is not a number", file, l.number, l.fields[0])
		}
		name := strings.ToLower(l.fields[1])
		m := tidName.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("%s, line %d: %q is no name such as i01_02_3.bmp", file, l.number, l.fields[1])
		}
		level, _ := strconv.Atoi(m[3]) // a digit
		nan := math.NaN()
		j.Ratings = append(j.Ratings, trial.Rating{
			Subject: trial.Subject{Item: name, Reference: references["i"+m[1]+".bmp"], Source: "i" + m[1], Distortion: m[2], Level: float64(level)},
			Output:  outputs[name], Value: mos, SD: nan, SE: nan, N: nan,
		})
	}
	std := filepath.Join(opt.Path, "mos_std.txt")
	if _, err := os.Stat(std); err == nil {
		se, err := readColumn(std, len(j.Ratings))
		if err != nil {
			return nil, err
		}
		for i, v := range se {
			if v < 0 {
				return nil, fmt.Errorf("%s, line %d: a standard deviation of %v", std, i+1, v)
			}
			j.Ratings[i].SE = v
		}
	}
	published, err := filepath.Glob(filepath.Join(opt.Path, "metrics_values", "*.txt"))
	if err != nil {
		return nil, fmt.Errorf("looking for scores: %w", err)
	}
	sort.Strings(published)
	for _, p := range published {
		v, err := readColumn(p, len(j.Ratings))
		if err != nil {
			return nil, err
		}
		label := strings.TrimSuffix(filepath.Base(p), ".txt")
		j.Columns = append(j.Columns, publishedColumn(label, trial.Similarity))
		j.Scores = append(j.Scores, v)
	}
	pictured(j)
	return j, nil
}

// publishedColumn describes a metric whose scores a data set publishes.
func publishedColumn(label string, d trial.Direction) trial.Column {
	return trial.Column{Label: label, Kind: "published", Direction: d, Group: trial.External, Low: math.Inf(-1), High: math.Inf(1)}
}

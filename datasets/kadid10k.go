package datasets

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

// The columns are those that pyiqa's scripts/process_kadid10k.py (chaofengc/IQA-PyTorch) reads.
func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "kadid10k",
		Version: 1,
		Doc:     "ratings of 10,125 pictures: 81 photographs in 25 distortions at 5 levels (1 to 5, higher is better)",
		Long: `dmos.csv with the columns dist_img, ref_img, dmos and var is needed; pictures in images are used where they are there. What
the authors call dmos grows with quality. The variance of the ratings is published without their number, so that no ceiling
can be given.`,
		Source: "Lin, Hosu and Saupe 2019",
		Params: scoreParams(),
	}, trial.DatasetEntry{Where: "https://database.mmsp-kn.de/kadid-10k-database.html", Needs: "path = the folder with dmos.csv", Judged: true, Judge: withScores(judgeKADID)})
}

// kadidName is photograph, distortion and level in the name of a distorted picture.
var kadidName = regexp.MustCompile(`^[iI](\d\d)_(\d\d)_(\d\d)\.[pP][nN][gG]$`)

func judgeKADID(_ context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	t, err := table.Read(filepath.Join(opt.Path, "dmos.csv"))
	if err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, name := range []string{"dist_img", "ref_img"} {
		col, err := t.Column("kadid10k", name)
		if err != nil {
			return nil, err
		}
		if names[name], err = t.Names("kadid10k", col); err != nil {
			return nil, err
		}
	}
	dmos, err := t.Complete("kadid10k", "dmos")
	if err != nil {
		return nil, err
	}
	variance, err := t.Complete("kadid10k", "var")
	if err != nil {
		return nil, err
	}
	pictures, err := foldedFiles(filepath.Join(opt.Path, "images"))
	if err != nil {
		return nil, err
	}
	j := &trial.Judgements{Name: "KADID-10k", Kind: trial.Rated, Scale: "dmos", Noun: "photograph"}
	for i, name := range names["dist_img"] {
		m := kadidName.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("%s, row %d: %q is no name such as I01_02_03.png", t.Path, t.Lines[i], name)
		}
		if variance[i] < 0 {
			return nil, fmt.Errorf("%s, row %d: a variance of %v", t.Path, t.Lines[i], variance[i])
		}
		level, _ := strconv.Atoi(m[3]) // two digits
		ref := names["ref_img"][i]
		j.Ratings = append(j.Ratings, trial.Rating{
			Subject: trial.Subject{Item: name, Reference: pictures[folded(ref)], Source: strings.ToLower(ref), Distortion: m[2], Level: float64(level)},
			Output:  pictures[folded(name)], Value: dmos[i], SD: math.Sqrt(variance[i]), SE: math.NaN(), N: math.NaN(),
		})
	}
	pictured(j)
	return j, nil
}

package datasets

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

// The names of pictures are those of pyiqa's meta_info_CSIQDataset.csv (chaofengc/IQA-PyTorch): 1600.AWGN.1.png.
func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "csiq",
		Version: 1,
		Doc:     "ratings of 866 pictures: 30 photographs in 6 distortions at 4 to 5 levels (DMOS 0 to 1, lower is better)",
		Long: `csiq.DMOS.csv is needed: the sheet all_by_image of the authors' csiq.DMOS.xlsx saved as CSV, with the columns image,
dst_type, dst_lev and dmos (decimal points or commas). Pictures in src_imgs and dst_imgs are used where they are there.
The standard deviation of the ratings is published without their number, so that no ceiling can be given.`,
		Source: "Larson and Chandler 2010",
		Params: scoreParams(),
	}, trial.DatasetEntry{Where: "https://s2.smu.edu/~eclarson/csiq.html", Needs: "path = the folder with csiq.DMOS.csv", Judged: true, Judge: withScores(judgeCSIQ)})
}

func judgeCSIQ(_ context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	t, err := table.Read(filepath.Join(opt.Path, "csiq.DMOS.csv"))
	if err != nil {
		return nil, err
	}
	columns := map[string][]string{}
	for _, name := range []string{"image", "dst_type"} {
		col, err := t.Column("csiq", name)
		if err != nil {
			return nil, err
		}
		if columns[name], err = t.Names("csiq", col); err != nil {
			return nil, err
		}
	}
	level, err := t.Complete("csiq", "dst_lev")
	if err != nil {
		return nil, err
	}
	dmos, err := t.Complete("csiq", "dmos")
	if err != nil {
		return nil, err
	}
	sd, err := t.Complete("csiq", "dmos_std")
	if err != nil {
		return nil, err
	}
	references, err := foldedFiles(filepath.Join(opt.Path, "src_imgs"))
	if err != nil {
		return nil, err
	}
	outputs, err := foldedFiles(filepath.Join(opt.Path, "dst_imgs"))
	if err != nil {
		return nil, err
	}
	j := &trial.Judgements{Name: "CSIQ", Kind: trial.Rated, Scale: "dmos", Lower: true, Noun: "photograph"}
	for i, image := range columns["image"] {
		kind := columns["dst_type"][i]
		name := image + "." + kind + "." + strconv.FormatFloat(level[i], 'g', -1, 64) + ".png"
		if level[i] < 1 {
			return nil, fmt.Errorf("%s, row %d: level %v", t.Path, t.Lines[i], level[i])
		}
		j.Ratings = append(j.Ratings, trial.Rating{
			Subject: trial.Subject{Item: name, Reference: references[folded(image+".png")], Source: image, Distortion: kind, Level: level[i]},
			Output:  outputs[folded(name)], Value: dmos[i], SD: sd[i], SE: math.NaN(), N: math.NaN(),
		})
	}
	pictured(j)
	return j, nil
}

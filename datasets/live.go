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
	"probity/internal/trial"
)

// The layout is that of LIVE's release 2 as pyiqa's scripts/process_live.py (chaofengc/IQA-PyTorch) reads it.
func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "live",
		Version: 1,
		Doc:     "ratings of 779 pictures: 29 photographs in 5 distortions (DMOS, lower is better)",
		Long: `Release 2. refnames_all.mat and dmos_realigned.mat (dmos_new, dmos_std, orgs; the scores after the authors' realignment) are
needed; where the latter is absent dmos.mat (dmos, orgs) is read, and a note says so. The 982 entries are jp2k 1 to 227, jpeg 1 to
233, wn, gblur and fastfading 1 to 174; the 203 whose orgs is 1 are the hidden references and are left out. Pictures
in refimgs and jp2k, jpeg, wn, gblur, fastfading are used where they are there. The number of ratings is not published beside their
standard deviation, so that no ceiling can be given.`,
		Source: "Sheikh, Sabir and Bovik 2006",
		Params: scoreParams(),
	}, trial.DatasetEntry{Where: "https://live.ece.utexas.edu/research/quality/subjective.htm", Needs: "path = the folder with refnames_all.mat and dmos_realigned.mat (or dmos.mat)", Judged: true, Judge: withScores(judgeLIVE)})
}

// liveFolders are the distortions in the order of the scores, with their numbers of pictures.
var liveFolders = []struct {
	name string
	n    int
}{{"jp2k", 227}, {"jpeg", 233}, {"wn", 174}, {"gblur", 174}, {"fastfading", 174}}

func judgeLIVE(_ context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	j := &trial.Judgements{Name: "LIVE", Kind: trial.Rated, Scale: "dmos", Lower: true, Noun: "photograph"}
	file, column := filepath.Join(opt.Path, "dmos_realigned.mat"), "dmos_new"
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		plain := filepath.Join(opt.Path, "dmos.mat")
		if _, err := os.Stat(plain); err == nil {
			file, column = plain, "dmos"
			j.Notes = append(j.Notes, "dmos_realigned.mat is not there: the scores are those of dmos.mat, before realignment")
		}
	}
	scores, err := readMat(file)
	if err != nil {
		return nil, err
	}
	namesFile := filepath.Join(opt.Path, "refnames_all.mat")
	named, err := readMat(namesFile)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, f := range liveFolders {
		total += f.n
	}
	numbers := func(name string) ([]float64, error) {
		v := scores[name].numbers
		if len(v) != total {
			return nil, fmt.Errorf("%s: %s has %d numbers, wants %d", file, name, len(v), total)
		}
		for i, x := range v {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("%s, entry %d of %s: %v", file, i+1, name, x)
			}
		}
		return v, nil
	}
	dmos, err := numbers(column)
	if err != nil {
		return nil, err
	}
	original, err := numbers("orgs")
	if err != nil {
		return nil, err
	}
	var sd []float64
	if column == "dmos_new" {
		if sd, err = numbers("dmos_std"); err != nil {
			return nil, err
		}
	}
	names := named["refnames_all"].cells
	if len(names) != total {
		return nil, fmt.Errorf("%s: refnames_all has %d names, wants %d", namesFile, len(names), total)
	}
	picture := func(parts ...string) string {
		p := filepath.Join(append([]string{opt.Path}, parts...)...)
		if _, err := os.Stat(p); err != nil {
			return ""
		}
		return p
	}
	i := -1
	for _, f := range liveFolders {
		for k := range f.n {
			i++
			ref := names[i].text
			switch {
			case ref == "" || ref != filepath.Base(ref):
				return nil, fmt.Errorf("%s, entry %d: %q is no name of a picture", namesFile, i+1, ref)
			case original[i] != 0 && original[i] != 1:
				return nil, fmt.Errorf("%s, entry %d of orgs: %v, wants 0 or 1", file, i+1, original[i])
			case original[i] == 1:
				continue
			}
			r := trial.Rating{Value: dmos[i], SD: math.NaN(), SE: math.NaN(), N: math.NaN()}
			if sd != nil {
				if r.SD = sd[i]; r.SD < 0 {
					return nil, fmt.Errorf("%s, entry %d of dmos_std: %v", file, i+1, r.SD)
				}
			}
			own := fmt.Sprintf("img%d.bmp", k+1)
			r.Subject = trial.Subject{Item: f.name + "/" + own, Reference: picture("refimgs", ref), Source: ref, Distortion: f.name}
			r.Output = picture(f.name, own)
			j.Ratings = append(j.Ratings, r)
		}
	}
	pictured(j)
	return j, nil
}

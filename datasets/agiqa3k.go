package datasets

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"regexp"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

// The layout is that of data.csv in the authors' repository, lcysyzxdxc/AGIQA-3k-Database.
func init() {
	params := append([]registry.Param{{Name: "score", Type: registry.String, Doc: "perceptual quality, or agreement with the prompt", Default: "quality", Enum: []string{"quality", "align"}}}, scoreParams()...)
	trial.Datasets.Add(registry.Info{
		Name:    "agiqa3k",
		Version: 1,
		Doc:     "ratings of 2,982 generated pictures by six models: perceptual quality, and agreement with the prompt",
		Long: `data.csv with the columns name, prompt, mos_quality, std_quality, mos_align and std_align is needed. The prompt is the source, since
every generator drew from the same prompts; the generator is what stands before the first _ of a picture's name, with its setting.
There is no reference picture, so that metrics cannot be run on the pictures here: compare scores computed elsewhere, with scores and
distances or similarities. The standard deviation is published without the number of ratings: no ceiling can be given.`,
		Source: "Li, Zhang, Wu et al. 2023",
		Params: params,
	}, trial.DatasetEntry{Where: "https://github.com/lcysyzxdxc/AGIQA-3k-Database", Needs: "path = the folder with data.csv; scores = a table of what metrics say", Judged: true, Judge: withScores(judgeAGIQA)})
}

// agiqaName is generator with setting and number: "sd1.5_highcorr_012.jpg", "midjourney_lowstep_003.jpg".
var agiqaName = regexp.MustCompile(`^(.+?)_(\d+)\.(?:jpg|jpeg|png)$`)

func judgeAGIQA(_ context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	t, err := table.Read(filepath.Join(opt.Path, "data.csv"))
	if err != nil {
		return nil, err
	}
	score := params.String("score")
	texts := map[string][]string{}
	for _, name := range []string{"name", "prompt"} {
		col, err := t.Column("agiqa3k", name)
		if err != nil {
			return nil, err
		}
		if texts[name], err = t.Names("agiqa3k", col); err != nil {
			return nil, err
		}
	}
	mos, err := t.Complete("agiqa3k", "mos_"+score)
	if err != nil {
		return nil, err
	}
	sd, err := t.Complete("agiqa3k", "std_"+score)
	if err != nil {
		return nil, err
	}
	j := &trial.Judgements{Name: "AGIQA-3K " + score, Kind: trial.Rated, Scale: "mos_" + score, Noun: "prompt"}
	for i, name := range texts["name"] {
		m := agiqaName.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("%s, row %d: %q is no name such as sd1.5_normal_012.jpg", t.Path, t.Lines[i], name)
		}
		if sd[i] < 0 {
			return nil, fmt.Errorf("%s, row %d: a standard deviation of %v", t.Path, t.Lines[i], sd[i])
		}
		j.Ratings = append(j.Ratings, trial.Rating{
			Subject: trial.Subject{Item: name, Source: texts["prompt"][i], Distortion: m[1], Requirement: texts["prompt"][i], TargetCaption: texts["prompt"][i]},
			Value:   mos[i], SD: sd[i], SE: math.NaN(), N: math.NaN(),
		})
	}
	return j, nil
}

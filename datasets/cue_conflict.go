package datasets

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "cue-conflict",
		Version: 1,
		Doc:     "pictures with the shape of one thing and the texture of another: what people and networks say they are",
		Long: `raw-data holds a CSV an observer, as the authors publish them, with the columns subj, object_response and imagename; those
named subject-NN are people, the others networks. An item is a picture whose shape and texture are of different categories
and to which somebody answered either: a choice between shape (A) and texture (B), with people's votes. A network stands
beside them as a column: 1 for the cue that it chose, 0 for the other, both 0 where it chose neither. The source is the
object that gave the shape. The share of shape among all answers of either is an observer's shape bias.`,
		Source: "Geirhos et al. 2019",
	}, trial.DatasetEntry{Where: "https://github.com/rgeirhos/texture-vs-shape", Needs: "path = the folder with raw-data", Judged: true, Judge: judgeCueConflict})
}

// cueName is shape and texture at the end of a trial's picture name.
var cueName = regexp.MustCompile(`_(([a-z]+)\d+)-(([a-z]+)\d+)\.png$`)

func judgeCueConflict(_ context.Context, _ registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	files, err := filepath.Glob(filepath.Join(opt.Path, "raw-data", "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("looking for answers: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no CSV of answers", filepath.Join(opt.Path, "raw-data"))
	}
	sort.Strings(files)
	type item struct {
		object, texture string
		votes           [2]float64            // people's for shape and for texture
		network         map[string][2]float64 // what each network chose
	}
	items := map[string]*item{}
	var names, networks []string
	for _, file := range files {
		t, err := table.Read(file)
		if err != nil {
			return nil, err
		}
		texts := map[string][]string{}
		for _, name := range []string{"subj", "object_response", "imagename"} {
			col, err := t.Column("cue-conflict", name)
			if err != nil {
				return nil, err
			}
			texts[name] = t.Texts(col)
		}
		for i, picture := range texts["imagename"] {
			m := cueName.FindStringSubmatch(picture)
			if m == nil {
				return nil, fmt.Errorf("%s, row %d: %q does not end in shape and texture, such as cat1-dog2.png", file, t.Lines[i], picture)
			}
			if m[2] == m[4] {
				continue // both cues say the same
			}
			name := m[1] + "-" + m[3]
			x := items[name]
			if x == nil {
				x = &item{object: m[1], texture: m[4], network: map[string][2]float64{}}
				items[name] = x
				names = append(names, name)
			}
			var answer [2]float64
			switch texts["object_response"][i] {
			case m[2]:
				answer[0] = 1
			case m[4]:
				answer[1] = 1
			}
			who := texts["subj"][i]
			if strings.HasPrefix(who, "subject-") {
				x.votes[0] += answer[0]
				x.votes[1] += answer[1]
				continue
			}
			if !slices.Contains(networks, who) {
				networks = append(networks, who)
			}
			x.network[who] = answer
		}
	}
	sort.Strings(names)
	j := &trial.Judgements{Name: "cue conflict", Kind: trial.Chose, Scale: "votes for texture", Noun: "object"}
	for _, n := range networks {
		j.Columns = append(j.Columns, publishedColumn(n, trial.Similarity))
	}
	j.Scores, j.ScoresB = make([][]float64, len(networks)), make([][]float64, len(networks))
	neither := 0
	for _, name := range names {
		x := items[name]
		if x.votes[0]+x.votes[1] == 0 {
			neither++
			continue
		}
		j.Choices = append(j.Choices, trial.Choice{Subject: trial.Subject{Item: name, Source: x.object, Distortion: x.texture}, VotesB: x.votes[1], Votes: x.votes[0] + x.votes[1]})
		for k, n := range networks {
			answer, ok := x.network[n]
			if !ok {
				answer = [2]float64{math.NaN(), math.NaN()}
			}
			j.Scores[k], j.ScoresB[k] = append(j.Scores[k], answer[0]), append(j.ScoresB[k], answer[1])
		}
	}
	if neither > 0 {
		j.Notes = append(j.Notes, fmt.Sprintf("%d of %d pictures were seen by nobody as either cue", neither, len(names)))
	}
	// Over every picture, those included that nobody saw as either cue: what the authors print.
	var people [2]float64
	for _, x := range items {
		people[0], people[1] = people[0]+x.votes[0], people[1]+x.votes[1]
	}
	bias := []string{fmt.Sprintf("people %.2f %%", 100*people[0]/(people[0]+people[1]))}
	for _, n := range networks {
		var chose [2]float64
		for _, x := range items {
			chose[0], chose[1] = chose[0]+x.network[n][0], chose[1]+x.network[n][1]
		}
		bias = append(bias, fmt.Sprintf("%s %.2f %%", n, 100*chose[0]/(chose[0]+chose[1])))
	}
	j.Notes = append(j.Notes, "shape bias over all pictures whose cues differ: "+strings.Join(bias, ", "))
	if len(j.Choices) == 0 {
		return nil, fmt.Errorf("%s has no answer of people", filepath.Join(opt.Path, "raw-data"))
	}
	return j, nil
}

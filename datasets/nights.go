package datasets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"probity/internal/registry"
	"probity/internal/table"
	"probity/internal/trial"
)

// The layout, and the rule that triplets with fewer than six unanimous votes are left out, are those of dataset/dataset.py and
// dataset/README.md in the authors' repository, ssundaram21/dreamsim.
func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "nights",
		Version: 1,
		Doc:     "triplets of pictures of one subject: which of two variations is more like the reference (votes are unanimous)",
		Long: `data.csv is needed, with the columns id, votes, ref_path, left_path, right_path, left_vote, right_vote and split. Only triplets
on which all voters agreed are used, so that the majority's ceiling is 1; those with fewer than six votes are left out and counted,
as the authors do. Pictures are used where they are there. An item is called by its id; scores
from elsewhere are of the triplets that are used.`,
		Source: "Fu, Tamir, Sundaram et al. 2023 (DreamSim)",
		Params: append([]registry.Param{{Name: "split", Type: registry.String, Doc: "train, val or test; all where none is given", Enum: []string{"train", "val", "test"}}}, scoreParams()...),
	}, trial.DatasetEntry{Where: "https://github.com/ssundaram21/dreamsim", Needs: "path = the folder with data.csv", Judged: true, Judge: withScores(judgeNIGHTS)})
}

func judgeNIGHTS(_ context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	t, err := table.Read(filepath.Join(opt.Path, "data.csv"))
	if err != nil {
		return nil, err
	}
	texts := map[string][]string{}
	for _, name := range []string{"id", "ref_path", "left_path", "right_path", "split"} {
		col, err := t.Column("nights", name)
		if err != nil {
			return nil, err
		}
		texts[name] = t.Texts(col)
	}
	numbers := map[string][]float64{}
	for _, name := range []string{"votes", "left_vote", "right_vote"} {
		if numbers[name], err = t.Complete("nights", name); err != nil {
			return nil, err
		}
	}
	picture := func(name string) string {
		p := filepath.Join(opt.Path, filepath.FromSlash(name))
		if s, err := os.Stat(p); name == "" || err != nil || s.IsDir() {
			return ""
		}
		return p
	}
	j := &trial.Judgements{Name: "NIGHTS", Kind: trial.ChoseOfTriple, Scale: "votes", Noun: "triplet"}
	few := 0
	for i, id := range texts["id"] {
		if want := params.String("split"); want != "" && texts["split"][i] != want {
			continue
		}
		left, right, votes := numbers["left_vote"][i], numbers["right_vote"][i], numbers["votes"][i]
		if left < 0 || right < 0 || left+right != 1 || votes < 1 {
			return nil, fmt.Errorf("%s, row %d: %v votes, left_vote %v and right_vote %v; one of them is 1 and the other 0", t.Path, t.Lines[i], votes, left, right)
		}
		if votes < 6 {
			few++
			continue
		}
		j.Choices = append(j.Choices, trial.Choice{
			Subject: trial.Subject{Item: id, Source: id, Reference: picture(texts["ref_path"][i])},
			A:       picture(texts["left_path"][i]), B: picture(texts["right_path"][i]), VotesB: right * votes, Votes: votes,
		})
	}
	if len(j.Choices) == 0 {
		return nil, fmt.Errorf("%s has no triplet of the split %q", t.Path, params.String("split"))
	}
	if few > 0 {
		j.Notes = append(j.Notes, fmt.Sprintf("%d triplets with fewer than six unanimous votes are left out", few))
	}
	pictured(j)
	return j, nil
}

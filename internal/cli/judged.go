package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/harness"
	"probity/internal/raster"
	"probity/internal/trial"
	"probity/reports"
)

// addJudged puts the judged sections of a run into what its report is made of, with the findings that they allow where the
// experiment asks for none of them.
func addJudged(in *reports.Input, list []harness.JudgedScores) error {
	if len(list) == 0 {
		return nil
	}
	for i := range list {
		in.Human = append(in.Human, judgedInput(&list[i]))
	}
	asked := false
	for _, r := range in.Experiment.Findings {
		asked = asked || strings.HasPrefix(r.Kind, "agreement")
	}
	if !asked {
		requests, err := reports.AgreementFindings(in.Human, 4, 0)
		if err != nil {
			return err
		}
		in.Experiment.Findings = append(in.Experiment.Findings, requests...)
	}
	for i := range list {
		if err := addPictures(in, i, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// judgedInput turns a scored section into the report's own form.
func judgedInput(s *harness.JudgedScores) reports.Judged {
	j := s.Judgements
	out := reports.Judged{Name: s.Section.Label, Noun: j.Noun, Scale: j.Scale, Columns: s.Columns, Score: s.Score, Lower: j.Lower, Raters: j.Raters, Notes: j.Notes}
	for _, p := range j.Problems {
		out.Notes = append(out.Notes, p.What+": "+p.Reason)
	}
	for _, c := range s.Columns {
		out.Design = append(out.Design, design(c))
	}
	n := j.Items()
	clustered, grouped, errors, raw := false, true, true, n > 0
	for i := range n {
		at := j.Subject(i)
		clustered = clustered || at.Source != ""
		grouped = grouped && at.Distortion != ""
		out.Item = append(out.Item, at.Item)
		if j.Choices == nil {
			r := &j.Ratings[i]
			errors = errors && r.Error() >= 0
			raw = raw && len(r.Raw) > 0 && len(r.Raw) == len(j.Ratings[0].Raw)
		}
	}
	for i := range n {
		at := j.Subject(i)
		if clustered {
			source := at.Source
			if source == "" {
				source = at.Item
			}
			out.Cluster = append(out.Cluster, source)
		}
		if grouped {
			out.Group = append(out.Group, at.Distortion)
		}
		if at.Level != 0 { // levels count from 1; a data set without any leaves 0
			if out.Level == nil {
				out.Level = slices.Repeat([]float64{math.NaN()}, n)
			}
			out.Level[i] = at.Level
		}
		if j.Choices != nil {
			c := &j.Choices[i]
			votes := c.Votes
			if math.IsNaN(votes) {
				votes, out.Shares = 1, true
			}
			out.VotesA, out.VotesB = append(out.VotesA, votes-c.VotesB), append(out.VotesB, c.VotesB)
			continue
		}
		r := &j.Ratings[i]
		out.Rating = append(out.Rating, r.Value)
		if errors {
			out.SE = append(out.SE, r.Error())
		}
		if raw {
			out.Raw = append(out.Raw, r.Raw)
		}
	}
	if j.Choices != nil {
		out.ScoreB = s.ScoreB
	}
	return out
}

// design names what a metric's model has in common with those that differ from it in the training seed only: the label
// without the seed. "" of a model that is not one of a design.
func design(c trial.Column) string {
	if c.Labels == "" {
		return ""
	}
	return strings.Replace(c.Label, c.Model, strings.TrimSuffix(c.Model, fmt.Sprintf("-s%d", c.Seed)), 1)
}

// addPictures reads the pictures of the items that the list of disagreements shows.
func addPictures(in *reports.Input, set int, s *harness.JudgedScores) error {
	items, err := reports.Disagreements(in, set)
	if err != nil {
		return inputError{err}
	}
	for _, i := range items {
		reference, outputs, ok := s.Judgements.Pictures(i)
		if !ok {
			continue
		}
		pair, err := judgedThumbnails(reference, outputs)
		if err != nil {
			return fmt.Errorf("reading a picture for the report: %w", err)
		}
		if in.Human[set].Pictures == nil {
			in.Human[set].Pictures = map[int][2][]byte{}
		}
		in.Human[set].Pictures[i] = pair
	}
	return nil
}

// judgedThumbnails are a reference and what was judged against it, as a report shows them: of a choice A and B beside each other.
func judgedThumbnails(reference string, outputs []string) (pair [2][]byte, err error) {
	img, _, err := raster.DecodeFile(reference)
	if err != nil {
		return pair, err
	}
	pair[0] = harness.Thumbnail(img)
	var judged []*raster.Image
	for _, file := range outputs {
		img, _, err := raster.DecodeFile(file)
		if err != nil {
			return pair, err
		}
		judged = append(judged, img)
	}
	pair[1] = harness.Thumbnail(beside(judged))
	return pair, nil
}

// beside sets pictures in a row on white, A at the left, with a gap between them.
func beside(list []*raster.Image) *raster.Image {
	if len(list) == 1 {
		return list[0]
	}
	gap, w, h := 0, 0, 0
	for _, m := range list {
		gap, h = max(gap, m.W/16), max(h, m.H)
		w += m.W
	}
	out := raster.New(w+gap*(len(list)-1), h)
	for i := range out.Pix {
		out.Pix[i] = 255
	}
	x := 0
	for _, m := range list {
		for y := range m.H {
			copy(out.Pix[3*(y*out.W+x):], m.Pix[3*y*m.W:3*(y+1)*m.W])
		}
		x += m.W + gap
	}
	return out
}

package harness

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
)

// AddJudged joins the judged sections to what was scored, so that the report's key depends on them.
func (s *Scored) AddJudged(list []JudgedScores) {
	s.Judged = list
	var keys []string
	for i := range list {
		keys = append(keys, list[i].Key)
		s.Computed, s.Reused = s.Computed+list[i].Computed, s.Reused+list[i].Reused
		s.Skipped = append(s.Skipped, list[i].Problems...)
	}
	s.joinKeys(keys)
}

// joinKeys makes the key depend on those of further sections; without any it stays as it is.
func (s *Scored) joinKeys(keys []string) {
	if len(keys) == 0 {
		return
	}
	h := sha256.New()
	fmt.Fprintln(h, s.Key)
	for _, k := range keys {
		fmt.Fprintln(h, k)
	}
	s.Key = hex.EncodeToString(h.Sum(nil))
}

// WriteJudged writes one table a section, judgements-LABEL.csv: a row an item, with people's numbers and every metric's
// score, as `probity agree` reads it. It returns the files' names.
func WriteJudged(list []JudgedScores, dir string) ([]string, error) {
	var out []string
	for i := range list {
		s := &list[i]
		name := "judgements-" + fileName(s.Section.Label) + ".csv"
		data, err := s.csv()
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
		if err := WriteFile(filepath.Join(dir, name), data); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, nil
}

// fileName keeps of a label what can stand in a file's name everywhere.
func fileName(label string) string {
	var b []byte
	for _, r := range []byte(label) {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_':
			b = append(b, r)
		default:
			b = append(b, '-')
		}
	}
	return string(b)
}

func (s *JudgedScores) csv() ([]byte, error) {
	j := s.Judgements
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	number := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	choices := j.Choices != nil
	head := []string{"item", "source", "distortion"}
	levels := false
	for i := range j.Items() {
		levels = levels || j.Subject(i).Level != 0
	}
	if levels {
		head = append(head, "level")
	}
	if choices {
		head = append(head, "votes_b", "votes")
	} else {
		head = append(head, "rating", "se")
		head = append(head, j.Raters...)
	}
	for _, c := range s.Columns {
		if choices {
			head = append(head, c.Label+"_a", c.Label+"_b")
		} else {
			head = append(head, c.Label)
		}
	}
	rows := [][]string{head}
	for i := range j.Items() {
		at := j.Subject(i)
		row := []string{at.Item, sourceOf(j, i), at.Distortion}
		if levels {
			row = append(row, number(at.Level))
		}
		if choices {
			row = append(row, number(j.Choices[i].VotesB), number(j.Choices[i].Votes))
		} else {
			r := &j.Ratings[i]
			row = append(row, number(r.Value), number(r.Error()))
			for k := range j.Raters {
				v := math.NaN()
				if k < len(r.Raw) {
					v = r.Raw[k]
				}
				row = append(row, number(v))
			}
		}
		for m := range s.Columns {
			row = append(row, number(s.Score[m][i]))
			if choices {
				row = append(row, number(s.ScoreB[m][i]))
			}
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// judgedFacts describe the judgements for the manifest.
func (s *Scored) judgedFacts() []ManifestJudged {
	var out []ManifestJudged
	for i := range s.Judged {
		j := &s.Judged[i]
		out = append(out, ManifestJudged{Label: j.Section.Label, Dataset: j.Section.Dataset, Items: j.Judgements.Items(), Key: j.Key})
	}
	return out
}

package harness

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
)

// AddSuites joins the suites to what was scored, so that the report's key depends on them.
func (s *Scored) AddSuites(list []SuiteScores) {
	s.Suites = list
	var keys []string
	for i := range list {
		keys = append(keys, list[i].Key)
		s.Computed, s.Reused = s.Computed+list[i].Computed, s.Reused+list[i].Reused
		s.Skipped = append(s.Skipped, list[i].Problems...)
	}
	s.joinKeys(keys)
}

// suiteFacts describe the suites for the manifest.
func (s *Scored) suiteFacts() []ManifestSuite {
	var out []ManifestSuite
	for i := range s.Suites {
		x := &s.Suites[i]
		quads := 0
		for k := range x.Suite.Sources {
			quads += len(x.Suite.Sources[k].Quads)
		}
		out = append(out, ManifestSuite{Label: x.Section.Label, Dataset: x.Suite.Name, Version: x.Suite.Version, Part: x.Suite.Part, Sources: len(x.Suite.Sources), Quads: quads, Key: x.Key})
	}
	return out
}

// WriteSuites writes one table a section, suite-LABEL.csv: a row a context, with each metric's score of its right and of its
// wrong output. It returns the files' names.
func WriteSuites(list []SuiteScores, dir string) ([]string, error) {
	var out []string
	for i := range list {
		name := "suite-" + fileName(list[i].Section.Label) + ".csv"
		data, err := list[i].csv()
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

func (s *SuiteScores) csv() ([]byte, error) {
	number := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	head := []string{"quad", "source", "kind", "variant", "severity", "unit", "context", "requirement"}
	for _, c := range s.Columns {
		head = append(head, c.Label+"_right", c.Label+"_wrong")
	}
	rows := [][]string{head}
	at := 0
	for i := range s.Suite.Sources {
		src := &s.Suite.Sources[i]
		for j := range src.Quads {
			q := &src.Quads[j]
			for c := range 2 {
				severity := ""
				if q.Severity != 0 {
					severity = number(q.Severity)
				}
				row := []string{q.Name, src.ID, q.Kind, q.Variant, severity, q.Unit, strconv.Itoa(c + 1), q.Contexts[c].Requirement}
				for m := range s.Columns {
					row = append(row, number(s.Score[m][at][c][c]), number(s.Score[m][at][c][1-c]))
				}
				rows = append(rows, row)
			}
			at++
		}
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

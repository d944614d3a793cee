package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/reports/figure"
	"probity/reports/page"
)

// page maps findings and exhibits to the HTML page.
func (v *View) page(answer string, findings []*Finding, figures [][]*figure.Figure, tables [][]Table, stimuli []*figure.Figure) *page.Report {
	x := &v.in.Experiment
	r := &page.Report{Name: x.Name, Question: x.Question, Answer: answer, Scope: v.a.scope() + ".", Warnings: x.Warnings, Experiment: x.Text, Stimuli: v.stimuli(),
		Facts: v.facts()}
	for i, f := range findings {
		s := page.Section{ID: slug(f.Kind), Title: f.Title, Answer: f.Answer, Text: f.Method, Exploratory: f.Exploratory, Figures: figures[i]}
		for _, w := range f.Warnings {
			s.Warnings = append(s.Warnings, sentence(w.Detail)+".")
		}
		for _, k := range f.Refused {
			s.Warnings = append(s.Warnings, fmt.Sprintf("Not given: %s. %s.", k.What, sentence(k.Reason)))
		}
		for k := range tables[i] {
			s.Tables = append(s.Tables, tables[i][k].page())
		}
		r.Sections = append(r.Sections, s)
	}
	if len(stimuli) > 0 {
		r.Sections = append(r.Sections, page.Section{ID: "pictures", Title: "Where metrics look, and where they disagree", Figures: stimuli})
	}
	for _, p := range v.a.table.Problems {
		r.Skipped = append(r.Skipped, p.What+": "+p.Reason)
	}
	if len(v.in.Manifest) > 0 {
		r.Environment = []page.Fact{{Name: "manifest", Value: indented(v.in.Manifest)}}
	}
	return r
}

// facts are a few numbers for the head of the page.
func (v *View) facts() []page.Fact {
	var out []page.Fact
	if n := len(v.a.table.Stimuli); n > 0 {
		out = append(out, page.Fact{Name: v.a.noun() + "s", Value: fmt.Sprint(len(v.a.sources))},
			page.Fact{Name: "stimuli", Value: grouped(n)},
			page.Fact{Name: "metrics", Value: fmt.Sprint(len(v.columns))},
			page.Fact{Name: "scores", Value: grouped(n * len(v.columns))})
	}
	for _, d := range v.a.humans {
		value := plural(len(d.Columns), "metric") + ", " + grouped(len(d.items)) + " items"
		if d.Cluster != nil {
			value += ", " + plural(d.clusters, d.noun())
		}
		out = append(out, page.Fact{Name: d.Name, Value: value})
	}
	for _, s := range v.a.suites {
		out = append(out, page.Fact{Name: s.Title, Value: plural(s.Metrics, "metric") + ", " + grouped(len(s.Quads)) + " quads, " + plural(s.clusters, s.noun())})
	}
	if spaces := v.a.table.Spaces; len(spaces) > 0 {
		out = append(out, page.Fact{Name: "joint spaces", Value: spaceFacts(spaces)})
	}
	return append(out, page.Fact{Name: "seed", Value: fmt.Sprint(v.in.Experiment.Seed)})
}

func indented(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// grouped writes a count with thousands apart.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// stimuli are the pictures of the gallery, each beside its source, with every metric's score and its percentile among all
// stimuli of the run.
func (v *View) stimuli() []page.Stimulus {
	original := map[string][]byte{}
	for i := range v.in.Exhibits {
		if x := &v.in.Exhibits[i]; x.Original {
			original[x.Stimulus.Source] = x.PNG
		}
	}
	ranks := make([][]float64, len(v.columns))
	for m := range v.columns {
		ranks[m] = sorted(slices.Clone(v.columns[m].score))
	}
	var out []page.Stimulus
	for i := range v.in.Exhibits {
		x := &v.in.Exhibits[i]
		if x.Original || x.Contested || original[x.Stimulus.Source] == nil {
			continue
		}
		s := &x.Stimulus
		p := page.Stimulus{Perturb: s.Perturb, Source: s.Source, Before: original[s.Source], After: x.PNG}
		switch {
		case s.Perturb == "":
			p.Perturb, p.Title, p.Severity = s.Null, "null: "+s.Null, bare(s.NullSeverity)
		default:
			p.Title, p.Severity = s.Perturb, bare(s.Severity)
			for _, c := range v.curves {
				if c.perturb == s.Perturb && c.shape == s.Shape && c.area == s.Area {
					p.Title = c.describe(&cell{severity: s.Severity})
				}
			}
		}
		p.Facts = append(p.Facts, page.Fact{Name: "mean difference in the region", Value: digits(s.Realised.DE00) + " ΔE00"},
			page.Fact{Name: "pixels changed", Value: fmt.Sprintf("%.1f %%", 100*s.Realised.Changed)})
		for _, f := range s.Flags {
			p.Flags = append(p.Flags, f.Detail)
		}
		if len(s.Donors) > 0 {
			p.Facts = append(p.Facts, page.Fact{Name: "donor", Value: strings.Join(s.Donors, ", ")})
		}
		for m := range v.columns {
			c := &v.columns[m]
			score, ok := x.Scores[c.Label]
			if !ok || math.IsNaN(score) {
				continue
			}
			rank := math.NaN()
			if n := len(ranks[m]); n > 0 {
				rank = shareBelow(ranks[m], c.native(score)) // native is its own inverse
			}
			p.Scores = append(p.Scores, page.Score{Label: c.Label, Family: c.lookFamily(), Text: digits(score), Rank: rank})
		}
		out = append(out, p)
	}
	return out
}

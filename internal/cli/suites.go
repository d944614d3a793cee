package cli

import (
	"fmt"
	"slices"

	"probity/harness"
	"probity/internal/trial"
	"probity/reports"
)

// addSuites puts the suites of a run into what its report is made of, with the finding on them where the experiment does not
// ask for it.
func addSuites(in *reports.Input, list []harness.SuiteScores) {
	if len(list) == 0 {
		return
	}
	for i := range list {
		in.Suites = append(in.Suites, suiteInput(&list[i]))
	}
	x := &in.Experiment
	if !slices.ContainsFunc(x.Findings, func(r reports.Request) bool { return r.Kind == "compliance" }) {
		x.Findings = append(x.Findings, reports.Request{Kind: "compliance"})
	}
}

// suiteInput turns a scored suite into the report's own form.
func suiteInput(s *harness.SuiteScores) reports.Suite {
	x := s.Suite
	title := fmt.Sprintf("%s %d", x.Name, x.Version)
	if x.Part != "" {
		title += ", " + x.Part
	}
	out := reports.Suite{Name: s.Section.Label, Title: title, Noun: x.Noun, Columns: s.Columns, Metrics: s.Metrics, Score: s.Score, Shuffled: s.Shuffled,
		Blind: s.Blind, Excused: s.Excused, Notes: x.Notes}
	for _, parts := range s.Reads {
		out.Reads = append(out.Reads, readsOf(parts))
	}
	for m := range s.Null {
		var rows [][2][]float64
		for _, q := range s.Null[m] {
			rows = append(rows, [2][]float64{slices.Clone(q[0][:]), slices.Clone(q[1][:])})
		}
		out.Null = append(out.Null, rows)
	}
	for _, k := range x.Kinds {
		out.Kinds = append(out.Kinds, reports.SuiteKind{Name: k.Name, Doc: k.Doc})
	}
	for i := range x.Sources {
		for j := range x.Sources[i].Quads {
			q := &x.Sources[i].Quads[j]
			if i == 0 {
				k := slices.IndexFunc(out.Kinds, func(k reports.SuiteKind) bool { return k.Name == q.Kind })
				for _, p := range q.Differ() {
					if !slices.Contains(out.Kinds[k].Differ, string(p)) {
						out.Kinds[k].Differ = append(out.Kinds[k].Differ, string(p))
					}
				}
			}
			out.Quads = append(out.Quads, reports.SuiteQuad{Name: q.Name, Cluster: x.Sources[i].ID, Kind: q.Kind, Variant: q.Variant, Severity: q.Severity, Unit: q.Unit})
		}
	}
	return out
}

// readsOf names what of a trial a metric looks at.
func readsOf(parts []trial.Part) string {
	words := slices.ContainsFunc(parts, trial.Part.Text)
	switch input := slices.Contains(parts, trial.OfInput); {
	case parts == nil:
		return reports.ReadsUnknown
	case words && input:
		return reports.ReadsAll
	case words:
		return reports.ReadsOutput
	}
	return reports.ReadsPictures
}

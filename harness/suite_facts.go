package harness

import (
	"fmt"
	"slices"
	"strings"

	"probity/internal/trial"
)

// reads are the parts of a trial that a metric looks at, as far as that is known; nil for a program or table, which may look at
// all of them.
func reads(m PlannedMetric) []trial.Part {
	if m.Column.Group == trial.External {
		return nil
	}
	var out []trial.Part
	for _, n := range m.Metric.Needs() {
		if !slices.Contains(out, n.Part) {
			out = append(out, n.Part)
		}
	}
	if len(out) == 0 {
		return []trial.Part{trial.OfInput, trial.OfOutput}
	}
	return out
}

// facts works out, from what each metric reads and what its model knows, where it is blind by construction and where it is not
// to be judged.
func (r *run) facts(s *SuiteScores) error {
	kinds := s.Suite.Kinds
	differ := make([][]trial.Part, len(kinds))
	for k, kind := range kinds {
		for i := range s.Suite.Sources {
			for j := range s.Suite.Sources[i].Quads {
				if q := &s.Suite.Sources[i].Quads[j]; q.Kind == kind.Name {
					for _, p := range q.Differ() {
						if !slices.Contains(differ[k], p) {
							differ[k] = append(differ[k], p)
						}
					}
				}
			}
		}
	}
	s.Reads = make([][]trial.Part, len(s.Columns))
	for m := range s.Columns {
		s.Blind, s.Excused = append(s.Blind, make([]bool, len(kinds))), append(s.Excused, make([]string, len(kinds)))
		var parts []trial.Part
		if m < s.Metrics {
			if parts = reads(r.plan.Metrics[m]); parts == nil {
				continue
			}
		} else {
			parts = controls[m-s.Metrics].reads
		}
		s.Reads[m] = parts
		for k := range kinds {
			s.Blind[m][k] = !slices.ContainsFunc(parts, func(p trial.Part) bool { return slices.Contains(differ[k], p) })
			if m < s.Metrics {
				why, err := r.excused(m, parts, s.Suite, kinds[k])
				if err != nil {
					return err
				}
				s.Excused[m][k] = why
			}
		}
	}
	return nil
}

// excused says why a metric that reads words is not judged on a kind: what it is asked was never in what its model learned, or
// it is told the outcome in other words than those that the kind is about. "" where neither is so.
func (r *run) excused(m int, parts []trial.Part, s *trial.Suite, kind trial.SuiteKind) (string, error) {
	var texts []trial.Part
	for _, p := range parts {
		if p.Text() {
			texts = append(texts, p)
		}
	}
	if len(texts) == 0 {
		return "", nil
	}
	c := &r.plan.Metrics[m].Column
	if c.Labels == "class" && c.Training != "none" {
		return "the captions that its model was trained on told the class alone", nil
	}
	if kind.Wording && !slices.Contains(texts, trial.OfRequirement) {
		return "it reads captions, which tell the outcome plainly, and not the requirement whose wording the kind is about", nil
	}
	var lists []Wordlist
	for _, need := range r.plan.Metrics[m].Metric.Needs() {
		if !need.Part.Text() {
			continue
		}
		w, err := r.wordlist(need.Model)
		if err != nil {
			return "", err
		}
		if w != nil {
			lists = append(lists, w)
		}
	}
	for i := range s.Sources {
		for j := range s.Sources[i].Quads {
			q := &s.Sources[i].Quads[j]
			if q.Kind != kind.Name {
				continue
			}
			for k := range q.Contexts {
				words := map[trial.Part]string{trial.OfRequirement: q.Contexts[k].Requirement, trial.OfSourceCaption: q.Contexts[k].SourceCaption, trial.OfTargetCaption: q.Contexts[k].TargetCaption}
				for _, p := range texts {
					for _, w := range lists {
						if unknown := w.Unknown(words[p]); len(unknown) > 0 {
							return fmt.Sprintf("words of the %s are not in its model's vocabulary: %s", p, strings.Join(unknown[:min(3, len(unknown))], ", ")), nil
						}
					}
				}
			}
		}
	}
	return "", nil
}

// wordlist is what a model says of words, nil where it says nothing. A model that memory does not allow to stay is let go again: the
// words that it knows remain.
func (r *run) wordlist(model string) (Wordlist, error) {
	if w, asked := r.lists[model]; asked {
		return w, nil
	}
	b, err := r.models.Load(model)
	if err != nil {
		return nil, err
	}
	w, _ := b.(Wordlist)
	r.lists[model] = w
	r.release(model)
	return w, nil
}

package harness

import (
	"fmt"
	"slices"
	"sort"

	"probity/internal/stream"
	"probity/internal/trial"
)

// setEdit is one change of a set's members at one severity.
type setEdit struct {
	section  SetPerturbSection
	severity float64
}

// setEdits lists every change of a set, each with severity 0 first, which is its base.
func (p *Plan) setEdits() []setEdit {
	var out []setEdit
	for _, s := range p.Experiment.SetPerturbs {
		list := s.Severities
		if !slices.Contains(list, 0) {
			list = append([]float64{0}, list...)
		}
		for _, v := range list {
			out = append(out, setEdit{s, v})
		}
	}
	return out
}

// compose gives the members of the changed set and of its reference, as places in sources. A change that takes members
// from outside draws them from one class that the set and its reference then do without.
func (r *run) compose(m PlannedSetMetric, e setEdit, sources []*trial.Source) (members, reference []int, warnings []string, err error) {
	draw := func(purpose string) *stream.Stream {
		return stream.Key{Seed: r.plan.Experiment.Seed, Step: e.section.Kind, Purpose: purpose}.Open()
	}
	foreign := ""
	if e.section.Entry.Pool {
		if foreign, err = foreignClass(e.section, sources, draw); err != nil {
			return nil, nil, nil, err
		}
	}
	var set, pool []int
	for i, s := range sources {
		switch {
		case foreign != "" && s.Class == foreign:
			pool = append(pool, i)
		default:
			if !m.Section.Halves || i%2 == 0 {
				set = append(set, i)
			}
			if !m.Section.Single() && (!m.Section.Halves || i%2 == 1) {
				reference = append(reference, i)
			}
		}
	}
	of := func(places []int) []*trial.Source {
		out := make([]*trial.Source, len(places))
		for k, i := range places {
			out[k] = sources[i]
		}
		return out
	}
	if e.section.Entry.Classes && !r.plan.Classes {
		return nil, nil, nil, fmt.Errorf("%s needs pictures with classes: a folder whose sub-folders are classes", e.section.Kind)
	}
	res, err := e.section.Edit.Apply(&trial.SetInput{Members: of(set), Pool: of(pool), Reference: of(reference), Draw: draw}, e.severity)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s at %g: %w", e.section.Label, e.severity, err)
	}
	for _, p := range res.Picks {
		if p.Pool {
			members = append(members, pool[p.Index])
		} else {
			members = append(members, set[p.Index])
		}
	}
	for _, f := range res.Flags {
		warnings = append(warnings, f.Detail)
	}
	return members, reference, warnings, nil
}

// foreignClass is the class that comes in from outside: the one named, or one drawn.
func foreignClass(s SetPerturbSection, sources []*trial.Source, draw func(string) *stream.Stream) (string, error) {
	var classes []string
	for _, src := range sources {
		if src.Class != "" && !slices.Contains(classes, src.Class) {
			classes = append(classes, src.Class)
		}
	}
	sort.Strings(classes)
	if len(classes) < 2 {
		return "", fmt.Errorf("%s needs pictures of two classes or more", s.Kind)
	}
	if _, ok := s.Info.Param("class"); ok && s.Params.String("class") != "" {
		name := s.Params.String("class")
		if !slices.Contains(classes, name) {
			return "", fmt.Errorf("%s: no picture is of class %q; there are %q", s.Kind, name, classes)
		}
		return name, nil
	}
	return classes[draw("foreign class").IntN(len(classes))], nil
}

package harness

import (
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

// SetPerturbSection is one [[set_perturb]]: a change of which pictures a set has, for set metrics.
type SetPerturbSection struct {
	Label      string
	Kind       string
	Params     registry.Values
	Entry      trial.SetPerturbationEntry
	Info       registry.Info
	Edit       trial.SetPerturbation
	Severities []float64
}

func (d *document) setPerturbs(root *section, x *Experiment) {
	var names, paths []string
	for _, s := range root.tables("set_perturb") {
		kind, name := s.text("kind"), s.text("name")
		given := s.has("severity")
		severities, severityPaths := s.numbers("severity")
		if kind == "" {
			s.kindMissing("set_perturb", "set-perturbations")
			continue
		}
		entry, info, err := trial.SetPerturbations.Get(kind)
		if err != nil {
			d.fail(s.at("kind"), atValue, "%v", err)
			continue
		}
		values, good := s.params(info)
		list := s.severities(PerturbSection{Kind: kind, Axis: entry.Axis, Role: trial.Edit}, given, severities, severityPaths)
		s.close("a [[set_perturb]] of kind " + kind)
		if !good {
			continue
		}
		edit, err := entry.New(values)
		if err != nil {
			d.fail(s.path, atKey, "%v", err)
			continue
		}
		x.SetPerturbs = append(x.SetPerturbs, SetPerturbSection{Kind: kind, Params: values, Entry: entry, Info: info, Edit: edit, Severities: list})
		names, paths = append(names, name), append(paths, s.path)
	}
	if len(x.SetPerturbs) > 0 && len(x.SetMetrics) == 0 {
		d.fail(paths[0], atKey, "a change of sets is seen by set metrics only: add a [[set_metric]]")
	}
	like := make([]PerturbSection, len(x.SetPerturbs))
	for i, p := range x.SetPerturbs {
		like[i].Kind = p.Kind
	}
	labels := perturbLabels(like, names)
	for i, label := range labels {
		x.SetPerturbs[i].Label = label
	}
	d.uniqueLabels("set_perturb", labels, paths, names)
}

func setPerturbSchema(name string) map[string]any {
	entry, info, _ := trial.SetPerturbations.Get(name)
	properties, required := kind(info)
	properties["name"] = labelSchema()
	one := severitySchema(entry.Axis)
	many := list(one["description"].(string), one)
	many["minItems"] = 1
	properties["severity"] = map[string]any{"description": one["description"], "oneOf": []any{one, many}, "default": entry.Axis.Default}
	return object(strings.TrimSpace(info.Doc), properties, required...)
}

package harness

import (
	"maps"
	"slices"

	"probity/internal/registry"
)

// perModel gives the sections that models = [...] stands for: one each model, as if it were written with model = "NAME". The
// table is "metric" or "set_metric"; info finds a kind. Sections that cannot be read are noted and left out.
func (d *document) perModel(list []*section, table string, info func(kind string) (registry.Info, error)) []*section {
	var out []*section
	for _, s := range list {
		raw, several := s.m["models"]
		if !several {
			out = append(out, s)
			d.wantedMetrics++
			continue
		}
		d.wantedMetrics++ // the section itself, where it is lost
		names, ok := s.modelNames(raw)
		kind, _ := s.m["kind"].(string)
		if known, err := info(kind); err == nil {
			if p, has := known.Param("model"); !has || !p.Model {
				d.fail(s.at("models"), atKey, "%s takes no model", kind)
				ok = false
			}
		}
		if s.has("model") {
			d.fail(s.at("models"), atKey, "stands beside model: write one of the two")
			ok = false
		}
		if s.has("name") {
			d.fail(s.at("name"), atValue, "one name cannot be that of several metrics: leave it out, labels are then made of kind and model; or write a [[%s]] for each model", table)
			ok = false
		}
		if !ok {
			continue
		}
		d.wantedMetrics += len(names) - 1
		for i, name := range names {
			m := maps.Clone(s.m)
			delete(m, "models")
			m["model"] = name
			out = append(out, &section{d: d, path: s.path, m: m, stands: map[string]string{"model": element(s.at("models"), i)}})
		}
	}
	return out
}

// modelNames reads models = [...].
func (s *section) modelNames(raw any) ([]string, bool) {
	list, ok := raw.([]any)
	if !ok || len(list) == 0 {
		got := describeTOML(raw)
		if ok {
			got = "an empty one"
		}
		s.d.fail(s.at("models"), atValue, "wants a list of one or more models, such as models = [\"micro-cnn-class-s0\", \"micro-vit-class-s0\"], got %s", got)
		return nil, false
	}
	var names []string
	for i, v := range list {
		name, isText := v.(string)
		switch {
		case !isText || name == "":
			s.d.fail(element(s.at("models"), i), atValue, "wants the name of a model, got %s", describeTOML(v))
			ok = false
		case slices.Contains(names, name):
			s.d.fail(element(s.at("models"), i), atValue, "%s stands in the list twice", name)
			ok = false
		}
		names = append(names, name)
	}
	return names, ok
}

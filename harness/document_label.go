package harness

import (
	"fmt"
	"strings"

	"probity/internal/registry"
)

// metricLabels names metrics: by the section's own name, or kind(model), or kind. Where sections would share a label, the
// parameters in which they differ are added: "patch-cosine(mobilenetv2-1.0, max)".
func metricLabels(n int, names []string, of func(int) (kind string, models []string, info registry.Info, v registry.Values)) []string {
	labels := make([]string, n)
	groups := map[string][]int{}
	for i := range labels {
		if labels[i] = names[i]; labels[i] != "" {
			continue
		}
		kind, models, _, _ := of(i)
		labels[i] = withArguments(kind, models)
		groups[labels[i]] = append(groups[labels[i]], i)
	}
	for _, members := range groups { // each group is changed by itself, so that map order does not matter
		if len(members) < 2 {
			continue
		}
		_, _, info, _ := of(members[0])
		var differ []registry.Param
		for _, p := range info.Params {
			if p.Model {
				continue
			}
			_, _, _, first := of(members[0])
			for _, i := range members[1:] {
				if _, _, _, v := of(i); v.Text(p.Name) != first.Text(p.Name) {
					differ = append(differ, p)
					break
				}
			}
		}
		for _, i := range members {
			kind, models, _, v := of(i)
			arguments := append([]string{}, models...)
			for _, p := range differ {
				if v.Has(p.Name) {
					arguments = append(arguments, argument(p, v))
				}
			}
			labels[i] = withArguments(kind, arguments)
		}
	}
	return labels
}

// argument writes a parameter in a label: a string as it is, anything else with its name.
func argument(p registry.Param, v registry.Values) string {
	if p.Type == registry.String {
		return v.String(p.Name)
	}
	return p.Name + "=" + v.Text(p.Name)
}

func withArguments(kind string, arguments []string) string {
	if len(arguments) == 0 {
		return kind
	}
	return kind + "(" + strings.Join(arguments, ", ") + ")"
}

// perturbLabels names perturbations: by the section's own name, or the kind, numbered where it comes again.
func perturbLabels(ps []PerturbSection, names []string) []string {
	labels := make([]string, len(ps))
	seen := map[string]int{}
	for i := range ps {
		if labels[i] = names[i]; labels[i] != "" {
			continue
		}
		seen[ps[i].Kind]++
		if labels[i] = ps[i].Kind; seen[ps[i].Kind] > 1 {
			labels[i] = fmt.Sprintf("%s#%d", ps[i].Kind, seen[ps[i].Kind])
		}
	}
	return labels
}

package reports

import (
	"errors"
	"fmt"

	"probity/internal/registry"
)

// AgreementFindings are the findings that judgements allow: of `probity agree`, and of an experiment with [[human]] sections
// that names none of them. parameters are those of the logistic fit; smallest is the smallest difference that matters, 0 where
// equivalence is not tested.
func AgreementFindings(list []Judged, parameters int, smallest float64) ([]Request, error) {
	var rated, grouped, spread, raw, levelled, seeded bool
	for i := range list {
		j := &list[i]
		rated = rated || !j.Choices()
		grouped = grouped || !j.Choices() && (j.Cluster != nil || j.Group != nil)
		spread = spread || !j.Choices() && (j.SE != nil || j.Raw != nil)
		raw = raw || j.Raw != nil
		levelled = levelled || !j.Choices() && j.Level != nil && j.Cluster != nil
		seen := map[string]bool{}
		for _, name := range j.Design {
			seeded = seeded || !j.Choices() && name != "" && seen[name]
			seen[name] = true
		}
	}
	kinds := []string{"agreement"}
	for _, k := range []struct {
		kind string
		want bool
	}{{"agreement-within", grouped}, {"agreement-krasula", spread}, {"agreement-range", rated}, {"agreement-monotonicity", levelled}, {"agreement-raters", raw}, {"agreement-seeds", seeded}, {"agreement-disagreement", true}} {
		if k.want && Kinds.Has(k.kind) {
			kinds = append(kinds, k.kind)
		}
	}
	var out []Request
	for _, kind := range kinds {
		info, err := Kinds.Info(kind)
		if err != nil {
			return nil, err
		}
		given := map[string]any{}
		if kind == "agreement" {
			given["parameters"], given["smallest_effect"] = parameters, smallest
		}
		values, errs := registry.NewValues(info, given)
		if len(errs) > 0 {
			return nil, fmt.Errorf("finding %s: %w", kind, errors.Join(errs...))
		}
		out = append(out, Request{Kind: kind, Params: values})
	}
	return out, nil
}

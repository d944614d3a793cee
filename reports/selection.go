package reports

import (
	"fmt"
	"slices"
	"strings"

	"probity/internal/registry"
)

// perturbParam and nullParam restrict a finding to some of the experiment's perturbations.
var (
	perturbParam = registry.Param{Name: "perturb", Type: registry.Strings, Doc: "labels of the edits that the finding is about; all where none is given"}
	nullParam    = registry.Param{Name: "null", Type: registry.Strings, Doc: "labels of the nulls that the finding is about; all where none is given"}
)

// chosen are the places of the curves and of the nulls that are wanted.
func (a *Analysis) chosen(params registry.Values) (curves, nulls []int, err error) {
	if curves, err = a.chosenCurves(params); err != nil {
		return nil, nil, err
	}
	nulls, err = a.chosenNulls(params)
	return curves, nulls, err
}

// chosenCurves are the places of the curves whose edit is wanted.
func (a *Analysis) chosenCurves(params registry.Values) ([]int, error) {
	want := params.Strings("perturb")
	var out []int
	for i, c := range a.curves {
		if len(want) == 0 || slices.Contains(want, c.perturb) {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no edit %s is in the scores: parameter perturb names labels of [[perturb]] sections", strings.Join(want, ", "))
	}
	return out, nil
}

// chosenNulls are the places of the nulls that are wanted.
func (a *Analysis) chosenNulls(params registry.Values) ([]int, error) {
	want := params.Strings("null")
	var out []int
	for i, n := range a.nulls {
		label, _, _ := strings.Cut(n.name, " ")
		if len(want) == 0 || slices.Contains(want, n.name) || slices.Contains(want, label) {
			out = append(out, i)
		}
	}
	if len(out) == 0 && len(want) > 0 {
		return nil, fmt.Errorf("no null %s is in the scores: parameter null names labels of [[perturb]] sections of role null", strings.Join(want, ", "))
	}
	return out, nil
}

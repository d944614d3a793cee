package harness

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"probity/internal/trial"
)

// writeSpaces writes spaces.csv: a row for each number that was measured of a joint space, with its interval over pictures.
func writeSpaces(t *trial.Table) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"space", "cell", "model", "seed", "pairs", "dimensions", "fitted", "judged", "quantity", "side", "form", "gallery", "basis", "attribute", "components",
		"value", "low", "high", "level", "method", "df", "n", "chance", "warnings"}}
	number := func(v float64) string {
		if v != v {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	for i := range t.Spaces {
		s := &t.Spaces[i]
		for k := range s.Rows {
			r := &s.Rows[k]
			components := ""
			if r.Components > 0 {
				components = strconv.Itoa(r.Components)
			}
			rows = append(rows, []string{s.Label, s.Cell, s.Model, strconv.Itoa(s.Seed), strconv.Itoa(s.N), strconv.Itoa(s.D), strconv.Itoa(s.Train), strconv.Itoa(s.Test),
				r.Quantity, r.Side, r.Form, r.Gallery, r.Basis, r.Attribute, components,
				number(r.Value), number(r.Low), number(r.High), number(r.Level), r.Method, number(r.DF), strconv.Itoa(r.N), number(r.Chance), strings.Join(r.Warnings, "; ")})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("writing spaces.csv: %w", err)
	}
	return b.Bytes(), nil
}

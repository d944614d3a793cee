package table

import (
	"encoding/csv"
	"fmt"
	"os"
)

// Records reads a CSV file with a header that a program of ours wrote: a map a row, by the header's names. It may have any number of
// rows; tables that people wrote are for Read.
func Records(path string) ([]map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	var out []map[string]string
	for _, r := range rows[min(1, len(rows)):] {
		m := map[string]string{}
		for i, v := range r {
			m[rows[0][i]] = v
		}
		out = append(out, m)
	}
	return out, nil
}

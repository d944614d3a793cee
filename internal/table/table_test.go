package table_test

import (
	"testing"

	"probity/internal/table"
)

// Whatever bytes a table holds, reading it ends in a table or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n3,4\n5,6\n"))
	f.Add([]byte("\ufeffa;b\r\n\"1,5\";2\r\nnan;inf\r\n;-\r\n"))
	f.Add([]byte("\"a\n,b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := table.Parse("t.csv", data)
		if err != nil {
			return
		}
		for i, r := range got.Rows {
			if len(r) != len(got.Header) || got.Lines[i] < 2 && i > 0 {
				t.Fatalf("row %d: %d fields at line %d", i, len(r), got.Lines[i])
			}
		}
		for i := range got.Header {
			if v, _, err := got.Numbers(i); err == nil && len(v) != len(got.Rows) {
				t.Fatalf("column %d has %d numbers of %d rows", i, len(v), len(got.Rows))
			}
		}
	})
}

package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"probity/internal/registry"
)

// judgedTable is a table of somebody's scores and judgements, as text, with the line of each row for messages.
type judgedTable struct {
	path   string
	data   []byte
	header []string
	rows   [][]string
	lines  []int
}

// readTable reads a CSV file with a header. The separator is the one of comma, semicolon and tab that the header has most of.
func readTable(path string) (*judgedTable, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, inputError{fmt.Errorf("reading the table: %w", err)}
	}
	return parseTable(path, data)
}

func parseTable(path string, data []byte) (*judgedTable, error) {
	t := &judgedTable{path: path, data: data}
	text := bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	first, _ := bufio.NewReader(bytes.NewReader(text)).ReadString('\n')
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = ','
	for _, c := range []rune{';', '\t'} {
		if strings.Count(first, string(c)) > strings.Count(first, string(r.Comma)) {
			r.Comma = c
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if parse, ok := errors.AsType[*csv.ParseError](err); ok && errors.Is(parse.Err, csv.ErrFieldCount) {
				return nil, wrong("%s, row %d: %d fields, the header has %d", path, parse.Line, len(row), len(t.header))
			}
			return nil, wrong("%s: %v", path, err)
		}
		line, _ := r.FieldPos(0)
		if t.header == nil {
			for i, h := range row {
				row[i] = strings.TrimSpace(h)
			}
			t.header = row
			for i, h := range row {
				if h != "" && slices.Index(row, h) < i {
					return nil, wrong("%s: two columns are called %q", path, h)
				}
			}
			continue
		}
		t.rows, t.lines = append(t.rows, row), append(t.lines, line)
	}
	switch {
	case t.header == nil:
		return nil, wrong("%s is empty; a table with a header is wanted", path)
	case len(t.rows) < 3:
		return nil, wrong("%s has %d rows below its header; at least 3 are needed", path, len(t.rows))
	}
	return t, nil
}

// column finds a column by name; the error names the flag and the nearest name.
func (t *judgedTable) column(flag, name string) (int, error) {
	if i := slices.Index(t.header, name); i >= 0 {
		return i, nil
	}
	for i, h := range t.header {
		if strings.EqualFold(h, name) {
			return i, nil
		}
	}
	if near := registry.Nearest(name, t.header); near != "" {
		return -1, wrong("%s: %s has no column %q; did you mean %q?", flag, t.path, name, near)
	}
	return -1, wrong("%s: %s has no column %q; it has %s", flag, t.path, name, strings.Join(t.header, ", "))
}

// texts is a column as it is, blanks cut.
func (t *judgedTable) texts(col int) []string {
	out := make([]string, len(t.rows))
	for i, r := range t.rows {
		out[i] = strings.TrimSpace(r[col])
	}
	return out
}

// names is a column of names of which none may be missing. Case is ignored where names differ in nothing else, since
// published tables write I01.bmp and i01.bmp for the same picture.
func (t *judgedTable) names(flag string, col int) ([]string, error) {
	out := t.texts(col)
	first := map[string]string{}
	for i, v := range out {
		if v == "" {
			return nil, wrong("%s, row %d, column %s: empty; every row needs its %s", t.path, t.lines[i], t.header[col], strings.TrimPrefix(flag, "--"))
		}
		key := strings.ToLower(v)
		if _, ok := first[key]; !ok {
			first[key] = v
		}
		out[i] = first[key]
	}
	return out, nil
}

// missingValues are ways to write that there is no number.
var missingValues = []string{"", "na", "n/a", "nan", "null", "none", "-"}

var decimalComma = regexp.MustCompile(`^[+-]?\d*,\d+([eE][+-]?\d+)?$`)

// numbers reads a column of numbers. A missing or infinite one is NaN and its row is counted in gaps; any other text is an error
// with row and column. Decimal commas are read where no value of the column has a point.
func (t *judgedTable) numbers(col int) (out []float64, gaps []int, err error) {
	commas := true
	for _, v := range t.texts(col) {
		if strings.Contains(v, ".") {
			commas = false
		}
	}
	for i, v := range t.texts(col) {
		if slices.Contains(missingValues, strings.ToLower(v)) {
			out, gaps = append(out, math.NaN()), append(gaps, i)
			continue
		}
		if commas && decimalComma.MatchString(v) {
			v = strings.Replace(v, ",", ".", 1)
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, nil, wrong("%s, row %d, column %s: %q is not a number", t.path, t.lines[i], t.header[col], v)
		}
		if math.IsInf(f, 0) || math.IsNaN(f) {
			f = math.NaN()
			gaps = append(gaps, i)
		}
		out = append(out, f)
	}
	return out, gaps, nil
}

// gap words the first of a column's missing values.
func (t *judgedTable) gap(col int, gaps []int) string {
	i := gaps[0]
	s := fmt.Sprintf("%s, row %d, column %s: %q is no finite number", t.path, t.lines[i], t.header[col], t.rows[i][col])
	if len(gaps) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(gaps)-1)
	}
	return s
}

// numeric names the columns that hold numbers in most rows.
func (t *judgedTable) numeric() []string {
	var out []string
	for i, h := range t.header {
		if v, gaps, err := t.numbers(i); err == nil && len(gaps) < len(v)/2 {
			out = append(out, h)
		}
	}
	return out
}

// keep drops rows.
func (t *judgedTable) keep(want func(i int) bool) {
	var rows [][]string
	var lines []int
	for i := range t.rows {
		if want(i) {
			rows, lines = append(rows, t.rows[i]), append(lines, t.lines[i])
		}
	}
	t.rows, t.lines = rows, lines
}

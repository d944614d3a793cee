package table

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

// Table is a table with a header, as text.
type Table struct {
	Path   string
	Data   []byte // the file's bytes
	Header []string
	Rows   [][]string
	Lines  []int // line of each row in the file
}

// Read reads a CSV file with a header. The separator is the one of comma, semicolon and tab that the header has most of.
func Read(path string) (*Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the table: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a table's bytes; path stands in messages.
func Parse(path string, data []byte) (*Table, error) {
	t := &Table{Path: path, Data: data}
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
				return nil, fmt.Errorf("%s, row %d: %d fields, the header has %d", path, parse.Line, len(row), len(t.Header))
			}
			return nil, fmt.Errorf("%s: %v", path, err)
		}
		line, _ := r.FieldPos(0)
		if t.Header == nil {
			for i, h := range row {
				row[i] = strings.TrimSpace(h)
			}
			t.Header = row
			for i, h := range row {
				if h != "" && slices.Index(row, h) < i {
					return nil, fmt.Errorf("%s: two columns are called %q", path, h)
				}
			}
			continue
		}
		t.Rows, t.Lines = append(t.Rows, row), append(t.Lines, line)
	}
	switch {
	case t.Header == nil:
		return nil, fmt.Errorf("%s is empty; a table with a header is wanted", path)
	case len(t.Rows) < 3:
		return nil, fmt.Errorf("%s has %d rows below its header; at least 3 are needed", path, len(t.Rows))
	}
	return t, nil
}

// Column finds a column by name; the error names the flag and the nearest name.
func (t *Table) Column(flag, name string) (int, error) {
	if i := slices.Index(t.Header, name); i >= 0 {
		return i, nil
	}
	for i, h := range t.Header {
		if strings.EqualFold(h, name) {
			return i, nil
		}
	}
	if near := registry.Nearest(name, t.Header); near != "" {
		return -1, fmt.Errorf("%s: %s has no column %q; did you mean %q?", flag, t.Path, name, near)
	}
	return -1, fmt.Errorf("%s: %s has no column %q; it has %s", flag, t.Path, name, strings.Join(t.Header, ", "))
}

// Texts is a column as it is, blanks cut.
func (t *Table) Texts(col int) []string {
	out := make([]string, len(t.Rows))
	for i, r := range t.Rows {
		out[i] = strings.TrimSpace(r[col])
	}
	return out
}

// Names is a column of names of which none may be missing. Case is ignored where names differ in nothing else, since
// published tables write I01.bmp and i01.bmp for the same picture.
func (t *Table) Names(flag string, col int) ([]string, error) {
	out := t.Texts(col)
	first := map[string]string{}
	for i, v := range out {
		if v == "" {
			return nil, fmt.Errorf("%s, row %d, column %s: empty; every row needs its %s", t.Path, t.Lines[i], t.Header[col], strings.TrimPrefix(flag, "--"))
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

// Numbers reads a column of numbers. A missing or infinite one is NaN and its row is counted in gaps; any other text is an error
// with row and column. Decimal commas are read where no value of the column has a point.
func (t *Table) Numbers(col int) (out []float64, gaps []int, err error) {
	commas := true
	for _, v := range t.Texts(col) {
		if strings.Contains(v, ".") {
			commas = false
		}
	}
	for i, v := range t.Texts(col) {
		if slices.Contains(missingValues, strings.ToLower(v)) {
			out, gaps = append(out, math.NaN()), append(gaps, i)
			continue
		}
		if commas && decimalComma.MatchString(v) {
			v = strings.Replace(v, ",", ".", 1)
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, nil, fmt.Errorf("%s, row %d, column %s: %q is not a number", t.Path, t.Lines[i], t.Header[col], v)
		}
		if math.IsInf(f, 0) || math.IsNaN(f) {
			f = math.NaN()
			gaps = append(gaps, i)
		}
		out = append(out, f)
	}
	return out, gaps, nil
}

// Gap words the first of a column's missing values.
func (t *Table) Gap(col int, gaps []int) string {
	i := gaps[0]
	s := fmt.Sprintf("%s, row %d, column %s: %q is no finite number", t.Path, t.Lines[i], t.Header[col], t.Rows[i][col])
	if len(gaps) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(gaps)-1)
	}
	return s
}

// Complete reads a column of which no number may be missing.
func (t *Table) Complete(flag, name string) ([]float64, error) {
	col, err := t.Column(flag, name)
	if err != nil {
		return nil, err
	}
	v, gaps, err := t.Numbers(col)
	if err == nil && len(gaps) > 0 {
		err = fmt.Errorf("%s", t.Gap(col, gaps))
	}
	return v, err
}

// Numeric names the columns that hold numbers in most rows.
func (t *Table) Numeric() []string {
	var out []string
	for i, h := range t.Header {
		if v, gaps, err := t.Numbers(i); err == nil && len(gaps) < len(v)/2 {
			out = append(out, h)
		}
	}
	return out
}

// Where keeps the rows that COLUMN=VALUE or COLUMN=VALUE,VALUE... wants; numbers are equal as numbers. It is an error that none is left.
func (t *Table) Where(w string) error {
	name, value, ok := strings.Cut(w, "=")
	if !ok {
		return fmt.Errorf("--where %s: wants COLUMN=VALUE", w)
	}
	col, err := t.Column("--where", strings.TrimSpace(name))
	if err != nil {
		return err
	}
	value = strings.TrimSpace(value)
	wanted := []string{value}
	for _, v := range strings.Split(value, ",") {
		wanted = append(wanted, strings.TrimSpace(v))
	}
	var seen []string
	before := t.Texts(col)
	t.Keep(func(i int) bool {
		if !slices.Contains(seen, before[i]) {
			seen = append(seen, before[i])
		}
		return slices.ContainsFunc(wanted, func(v string) bool {
			x, err1 := strconv.ParseFloat(before[i], 64)
			y, err2 := strconv.ParseFloat(v, 64)
			return before[i] == v || err1 == nil && err2 == nil && x == y
		})
	})
	if len(t.Rows) == 0 {
		if len(seen) > 8 {
			seen = append(seen[:8], fmt.Sprintf("%d more", len(seen)-8))
		}
		return fmt.Errorf("--where %s: no row has it; column %s has %s", w, t.Header[col], strings.Join(seen, ", "))
	}
	return nil
}

// Keep drops rows.
func (t *Table) Keep(want func(i int) bool) {
	var rows [][]string
	var lines []int
	for i := range t.Rows {
		if want(i) {
			rows, lines = append(rows, t.Rows[i]), append(lines, t.Lines[i])
		}
	}
	t.Rows, t.Lines = rows, lines
}

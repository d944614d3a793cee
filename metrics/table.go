package metrics

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	for _, k := range []struct {
		name string
		dir  trial.Direction
		more string
	}{{"table", trial.Distance, "a distance"}, {"table-similarity", trial.Similarity, "a similarity"}} {
		trial.Metrics.Add(registry.Info{
			Name: k.name, Version: 1,
			Doc: "scores from a CSV or Parquet file: " + k.more + " computed elsewhere takes part without being ported",
			Long: "The table has a row for each trial and the columns `output` (path of the picture that was judged), `input` (path of the reference; may be " +
				"left out where the score does not depend on it), `requirement` (likewise) and the score, whose column `column` names. Paths are taken " +
				"relative to the table's folder. A row belongs to a trial whose pictures have the very same pixels, whatever their files are called " +
				"here or there, and the same requirement. The trial has to be judged at the size of the files (no `[images] size`).\n\n" +
				"A trial without a row fails and is counted as failed; so does one whose score is empty or NaN. Two rows for one trial with different " +
				"scores are an error.",
			Params: []registry.Param{
				{Name: "path", Type: registry.String, Required: true, Path: true, Doc: "the table: .csv with a header, or .parquet"},
				{Name: "column", Type: registry.String, Default: "score", Doc: "name of the score's column"},
			},
		}, trial.MetricEntry{Direction: k.dir, Low: math.Inf(-1), High: math.Inf(1), Group: trial.External, AnySize: true,
			New: func(v registry.Values, _ trial.Env) (trial.Metric, error) {
				return newTable(v.String("path"), v.String("column"))
			}})
	}
}

// tableRow is a row as it stands in the file.
type tableRow struct {
	line                       int
	input, output, requirement string
	score                      float64
}

// table looks scores up by the pixels of a trial's pictures.
type table struct {
	path        string
	hash        string
	rows        []tableRow
	input, asks bool // the table has the column

	once   sync.Once
	scores map[tableKey]float64
	lost   []string // rows whose pictures could not be read
	err    error
}

type tableKey struct {
	input, output [sha256.Size]byte
	requirement   string
}

func newTable(path, column string) (*table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the table of scores: %w", err)
	}
	sum := sha256.Sum256(data)
	m := &table{path: path, hash: hex.EncodeToString(sum[:])}
	read := readCSV
	if bytes.HasPrefix(data, []byte("PAR1")) {
		read = readParquet
	}
	header, cells, err := read(data)
	if err != nil {
		return nil, fmt.Errorf("reading the table of scores %s: %w", path, err)
	}
	at := map[string]int{}
	for i, h := range header {
		if _, twice := at[h]; twice {
			return nil, fmt.Errorf("the table of scores %s has two columns %q", path, h)
		}
		at[h] = i
	}
	for _, want := range []string{"output", column} {
		if _, ok := at[want]; !ok {
			hint := ""
			if near := registry.Nearest(want, header); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return nil, fmt.Errorf("the table of scores %s has no column %q, it has %q%s", path, want, header, hint)
		}
	}
	_, m.input = at["input"]
	_, m.asks = at["requirement"]
	cell := func(row []string, name string) string {
		if i, ok := at[name]; ok {
			return row[i]
		}
		return ""
	}
	for i, row := range cells {
		r := tableRow{line: i + 2, input: cell(row, "input"), output: cell(row, "output"), requirement: cell(row, "requirement")}
		text := strings.TrimSpace(cell(row, column))
		if r.score, err = strconv.ParseFloat(text, 64); err != nil {
			if r.score = math.NaN(); text != "" {
				return nil, fmt.Errorf("the table of scores %s, row %d: %s %q is no number", path, r.line, column, text)
			}
		}
		m.rows = append(m.rows, r)
	}
	if len(m.rows) == 0 {
		return nil, fmt.Errorf("the table of scores %s has no rows", path)
	}
	return m, nil
}

// Content says which bytes the scores come from.
func (m *table) Content() (string, error) { return m.hash, nil }

// Needs implements trial.Metric.
func (m *table) Needs() []trial.Request { return nil }

// Score implements trial.Metric. The first call reads every picture that the table names.
func (m *table) Score(t *trial.Trial) (trial.Score, error) {
	m.once.Do(m.index)
	if m.err != nil {
		return trial.Score{}, m.err
	}
	key := tableKey{output: pixels(t.Output)}
	if m.input {
		key.input = trial.Remember(t.Memo, "pixels", func() [sha256.Size]byte { return pixels(t.Input) })
	}
	if m.asks {
		key.requirement = t.Requirement
	}
	v, ok := m.scores[key]
	switch {
	case !ok && len(m.lost) > 0:
		return trial.Score{}, fmt.Errorf("the table of scores %s has no row with these pictures; %d of its rows could not be read, the first: %s", m.path, len(m.lost), m.lost[0])
	case !ok:
		return trial.Score{}, fmt.Errorf("the table of scores %s has no row with these pictures", m.path)
	case math.IsNaN(v):
		return trial.Score{}, fmt.Errorf("the table of scores %s has no score in the row of these pictures", m.path)
	}
	return trial.Score{Value: v}, nil
}

// index decodes the pictures and keys the scores by their pixels.
func (m *table) index() {
	type file struct {
		sum [sha256.Size]byte
		err error
	}
	files := map[string]*file{}
	var names []string
	for _, r := range m.rows {
		for _, f := range []string{r.input, r.output} {
			if f != "" && files[f] == nil {
				files[f] = new(file)
				names = append(names, f)
			}
		}
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, name := range names {
		f := files[name]
		g.Go(func() error {
			path := name
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(m.path), filepath.FromSlash(path))
			}
			img, _, err := raster.DecodeFile(path)
			if err != nil {
				f.err = err
				return nil
			}
			f.sum = pixels(img)
			return nil
		})
	}
	g.Wait()
	m.scores = map[tableKey]float64{}
	lines := map[tableKey]int{}
	for _, r := range m.rows {
		key := tableKey{requirement: r.requirement}
		var bad error
		for _, f := range []struct {
			name string
			want bool
			sum  *[sha256.Size]byte
		}{{r.input, m.input, &key.input}, {r.output, true, &key.output}} {
			switch {
			case !f.want:
			case f.name == "":
				bad = errors.New("a path is empty")
			case files[f.name].err != nil:
				bad = files[f.name].err
			default:
				*f.sum = files[f.name].sum
			}
		}
		if bad != nil {
			m.lost = append(m.lost, fmt.Sprintf("row %d: %v", r.line, bad))
			continue
		}
		if v, twice := m.scores[key]; twice && v != r.score {
			m.err = fmt.Errorf("the table of scores %s gives rows %d and %d, which have the same pictures, different scores", m.path, lines[key], r.line)
			return
		}
		m.scores[key], lines[key] = r.score, r.line
	}
}

// pixels is the SHA-256 of a picture's size and bytes.
func pixels(m *raster.Image) (sum [sha256.Size]byte) {
	h := sha256.New()
	var size [16]byte
	binary.LittleEndian.PutUint64(size[:8], uint64(m.W))
	binary.LittleEndian.PutUint64(size[8:], uint64(m.H))
	h.Write(size[:])
	h.Write(m.Pix)
	h.Sum(sum[:0])
	return
}

func readCSV(data []byte) (header []string, rows [][]string, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if header, err = r.Read(); err != nil {
		if err == io.EOF {
			err = errors.New("it is empty")
		}
		return nil, nil, err
	}
	rows, err = r.ReadAll()
	return header, rows, err
}

// readParquet reads flat columns as text.
func readParquet(data []byte) (header []string, rows [][]string, err error) {
	defer func() {
		// The library panics on some files whose counts do not fit each other.
		if p := recover(); p != nil {
			err = fmt.Errorf("the Parquet file is damaged: %v", p)
		}
	}()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	for _, path := range f.Schema().Columns() {
		header = append(header, strings.Join(path, "."))
	}
	for _, group := range f.RowGroups() {
		r := group.Rows()
		buf := make([]parquet.Row, 256)
		for {
			n, err := r.ReadRows(buf)
			for _, row := range buf[:n] {
				cells := make([]string, len(header))
				for _, v := range row {
					if c := v.Column(); c >= 0 && c < len(cells) && !v.IsNull() {
						cells[c] = parquetText(v)
					}
				}
				rows = append(rows, cells)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				r.Close()
				return nil, nil, err
			}
		}
		if err := r.Close(); err != nil {
			return nil, nil, err
		}
	}
	return header, rows, nil
}

// parquetText writes a value so that a number keeps all its digits.
func parquetText(v parquet.Value) string {
	switch v.Kind() {
	case parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 64)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return string(v.ByteArray())
	}
	return v.String()
}

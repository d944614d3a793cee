package harness

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"probity/internal/trial"
)

// scoreRow is one row of scores.csv and scores.parquet: one metric's score of one stimulus. The field order is the
// column order of both files; docs/file-formats.md explains each column.
type scoreRow struct {
	Source       string  `parquet:"source,dict"`
	Class        string  `parquet:"class,dict"`
	Cluster      string  `parquet:"cluster,dict"`
	Role         string  `parquet:"role,dict"`
	Perturb      string  `parquet:"perturb,dict"`
	Severity     float64 `parquet:"severity"`
	Unit         string  `parquet:"unit,dict"`
	Shape        string  `parquet:"shape,dict"`
	Area         float64 `parquet:"area"`
	Replicate    int64   `parquet:"replicate"`
	Null         string  `parquet:"null,dict"`
	NullSeverity float64 `parquet:"null_severity"`
	Draw         int64   `parquet:"draw"`
	Donors       string  `parquet:"donors,dict"`
	Instruction  string  `parquet:"instruction,dict"`
	RealArea     float64 `parquet:"realised_area"`
	RealChanged  float64 `parquet:"realised_changed"`
	RealDE00     float64 `parquet:"realised_de00"`
	RealMaxDE00  float64 `parquet:"realised_max_de00"`
	RealWhole    float64 `parquet:"realised_whole_de00"`
	RealRMS      float64 `parquet:"realised_rms"`
	Visible      float64 `parquet:"visible"`
	Flags        string  `parquet:"flags,dict"`
	Metric       string  `parquet:"metric,dict"`
	Direction    string  `parquet:"direction,dict"`
	Score        float64 `parquet:"score"`
}

var scoreHeader = []string{"source", "class", "cluster", "role", "perturb", "severity", "unit", "shape", "area", "replicate",
	"null", "null_severity", "draw", "donors", "instruction", "realised_area", "realised_changed", "realised_de00",
	"realised_max_de00", "realised_whole_de00", "realised_rms", "visible", "flags", "metric", "direction", "score"}

// tidy visits the table's scores in the order of stimuli, then metrics.
func tidy(t *trial.Table, visit func(*scoreRow) error) error {
	for i := range t.Stimuli {
		s := &t.Stimuli[i]
		codes := make([]string, len(s.Flags))
		for k, f := range s.Flags {
			codes[k] = f.Code
		}
		row := scoreRow{
			Source: s.Source, Class: s.Class, Cluster: s.Cluster, Role: string(s.Role),
			Perturb: s.Perturb, Severity: s.Severity, Unit: s.Unit, Shape: s.Shape, Area: s.Area, Replicate: int64(s.Replicate),
			Null: s.Null, NullSeverity: s.NullSeverity, Draw: int64(s.Draw),
			Donors: strings.Join(s.Donors, ";"), Instruction: s.Instruction,
			RealArea: s.Realised.Area, RealChanged: s.Realised.Changed, RealDE00: s.Realised.DE00, RealMaxDE00: s.Realised.MaxDE00,
			RealWhole: s.Realised.WholeDE0, RealRMS: s.Realised.RMS, Flags: strings.Join(codes, ";"),
		}
		for m, c := range t.Columns {
			row.Visible = math.NaN()
			if v, ok := s.Visible[c.Model]; ok {
				row.Visible = v
			}
			row.Metric, row.Direction, row.Score = c.Label, string(c.Direction), t.Score[m][i]
			if err := visit(&row); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeCSV writes the tidy table as RFC 4180 CSV with LF line ends. A number is written in the fewest digits that
// give the same float64 back; a missing score is an empty field.
func writeCSV(w io.Writer, t *trial.Table) error {
	b := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprintln(b, strings.Join(scoreHeader, ","))
	line := make([]byte, 0, 512)
	text := func(s string) {
		if strings.ContainsAny(s, ",\"\r\n") {
			line = append(line, '"')
			line = append(line, strings.ReplaceAll(s, `"`, `""`)...)
			line = append(line, '"')
		} else {
			line = append(line, s...)
		}
		line = append(line, ',')
	}
	number := func(f float64) {
		if !math.IsNaN(f) {
			line = strconv.AppendFloat(line, f, 'g', -1, 64)
		}
		line = append(line, ',')
	}
	whole := func(n int64) { line = append(strconv.AppendInt(line, n, 10), ',') }
	err := tidy(t, func(r *scoreRow) error {
		line = line[:0]
		text(r.Source)
		text(r.Class)
		text(r.Cluster)
		text(r.Role)
		text(r.Perturb)
		number(r.Severity)
		text(r.Unit)
		text(r.Shape)
		number(r.Area)
		whole(r.Replicate)
		text(r.Null)
		number(r.NullSeverity)
		whole(r.Draw)
		text(r.Donors)
		text(r.Instruction)
		number(r.RealArea)
		number(r.RealChanged)
		number(r.RealDE00)
		number(r.RealMaxDE00)
		number(r.RealWhole)
		number(r.RealRMS)
		number(r.Visible)
		text(r.Flags)
		text(r.Metric)
		text(r.Direction)
		number(r.Score)
		line[len(line)-1] = '\n'
		_, err := b.Write(line)
		return err
	})
	if err != nil {
		return err
	}
	return b.Flush()
}

// writeParquet writes the same rows as writeCSV; a missing score is NaN.
func writeParquet(w io.Writer, t *trial.Table) error {
	pw := parquet.NewGenericWriter[scoreRow](w, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("probity", "1", "0"))
	batch := make([]scoreRow, 0, 4096)
	flush := func() error {
		_, err := pw.Write(batch)
		batch = batch[:0]
		return err
	}
	err := tidy(t, func(r *scoreRow) error {
		if batch = append(batch, *r); len(batch) == cap(batch) {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	return pw.Close()
}

// scoreFiles renders both files.
func scoreFiles(t *trial.Table) (csv, pq []byte, err error) {
	var a, b bytes.Buffer
	if err := writeCSV(&a, t); err != nil {
		return nil, nil, fmt.Errorf("writing scores.csv: %w", err)
	}
	if err := writeParquet(&b, t); err != nil {
		return nil, nil, fmt.Errorf("writing scores.parquet: %w", err)
	}
	return a.Bytes(), b.Bytes(), nil
}

// setsHeader are the columns of sets.csv; docs/file-formats.md explains each.
var setsHeader = []string{"metric", "role", "perturb", "severity", "unit", "shape", "area", "n", "value", "low", "high", "level", "method", "direction", "warnings", "problem"}

// writeSets writes what set metrics say, as writeCSV writes scores.
func writeSets(t *trial.Table) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	number := func(f float64) string {
		if math.IsNaN(f) {
			return ""
		}
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	direction := map[string]trial.Direction{}
	for _, c := range t.SetColumns {
		direction[c.Label] = c.Direction
	}
	if err := w.Write(setsHeader); err != nil {
		return nil, err
	}
	for _, r := range t.Sets {
		if err := w.Write([]string{r.Metric, string(r.Role), r.Perturb, number(r.Severity), r.Unit, r.Shape, number(r.Area), strconv.Itoa(r.N),
			number(r.Value), number(r.Low), number(r.High), number(r.Level), r.Method, string(direction[r.Metric]), strings.Join(r.Warnings, "; "), r.Problem}); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

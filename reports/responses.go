package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"probity/internal/table"
	"probity/internal/trial"
)

// Responses are what a decomposition divides: A within of every metric of a design, a value each source. A run's
// decomposition leaves them as tables/decomposition-responses-*.csv; `probity decompose` reads such tables, of one run or of several
// on the same sources.
type Responses struct {
	Null    string
	Sources []string
	Columns []trial.Column // metrics of the design, untrained twins and pixel controls
	List    []Response
}

// Response is one response of all metrics.
type Response struct {
	Name  string
	Value [][]float64 // [column][source] in 0 to 1; NaN where there is none
}

// responseHeader are the columns of a table of responses; the sources follow, a column each.
var responseHeader = []string{"metric", "kind", "group", "model", "family", "training", "labels", "seed", "pooling", "mark", "response", "null"}

// csv writes the table, a row a metric and response.
func (r *Responses) csv() string {
	var b strings.Builder
	row := func(fields []string) {
		for i, s := range fields {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(csvField(s))
		}
		b.WriteByte('\n')
	}
	row(slices.Concat(responseHeader, r.Sources))
	for _, x := range r.List {
		for m, c := range r.Columns {
			fields := []string{c.Label, c.Kind, string(c.Group), c.Model, c.Family, c.Training, c.Labels, strconv.Itoa(c.Seed), c.Pool, c.Mark, x.Name, r.Null}
			for _, v := range x.Value[m] {
				fields = append(fields, full(v))
			}
			row(fields)
		}
	}
	return b.String()
}

// ReadResponses joins tables of responses, one Responses a null. The error names file and row.
func ReadResponses(tables []*table.Table) ([]*Responses, error) {
	var out []*Responses
	seen := map[string]string{} // where a metric's response stands
	for _, t := range tables {
		col := map[string]int{}
		for _, name := range responseHeader {
			i := slices.Index(t.Header, name)
			if i < 0 {
				return nil, fmt.Errorf("%s has no column %q; a table of responses has %s, then a column a source, as a run's tables/decomposition-responses-*.csv do", t.Path, name, strings.Join(responseHeader, ", "))
			}
			col[name] = i
		}
		var sources []string
		var at []int
		for i, h := range t.Header {
			if !slices.Contains(responseHeader, h) {
				sources, at = append(sources, h), append(at, i)
			}
		}
		if len(sources) == 0 {
			return nil, fmt.Errorf("%s has no column of a source after %s", t.Path, strings.Join(responseHeader, ", "))
		}
		for k, fields := range t.Rows {
			get := func(name string) string { return strings.TrimSpace(fields[col[name]]) }
			fail := func(column, format string, args ...any) error {
				return fmt.Errorf("%s, row %d, column %s: %w", t.Path, t.Lines[k], column, fmt.Errorf(format, args...))
			}
			c := trial.Column{Label: get("metric"), Kind: get("kind"), Version: 1, Direction: trial.Distance, High: math.Inf(1), Group: trial.Group(get("group")), Model: get("model"),
				Family: get("family"), Training: get("training"), Labels: get("labels"), Pool: get("pooling"), Mark: get("mark")}
			for _, name := range []string{"metric", "response", "null"} {
				if get(name) == "" {
					return nil, fail(name, "empty; every row needs its %s", name)
				}
			}
			var err error
			if s := get("seed"); s != "" {
				if c.Seed, err = strconv.Atoi(s); err != nil {
					return nil, fail("seed", "%q is no whole number", s)
				}
			}
			values := make([]float64, len(at))
			for i, j := range at {
				values[i] = math.NaN()
				if s := strings.TrimSpace(fields[j]); s != "" {
					if values[i], err = strconv.ParseFloat(s, 64); err != nil || !(values[i] >= 0 && values[i] <= 1) {
						return nil, fail(t.Header[j], "%q is no A within, which lies in 0 to 1 (empty where there is none)", s)
					}
				}
			}
			here := fmt.Sprintf("%s, row %d", t.Path, t.Lines[k])
			key := c.Label + "\x00" + get("response") + "\x00" + get("null")
			if before, twice := seen[key]; twice {
				return nil, fmt.Errorf("%s: %s has %s amid %s in %s already; leave out one of the two", here, c.Label, get("response"), get("null"), before)
			}
			seen[key] = here
			if out, err = join(out, c, get("response"), get("null"), sources, values); err != nil {
				return nil, fmt.Errorf("%s: %w", here, err)
			}
		}
	}
	return out, nil
}

// join adds one row to the responses amid its null.
func join(all []*Responses, c trial.Column, response, null string, sources []string, values []float64) ([]*Responses, error) {
	i := slices.IndexFunc(all, func(r *Responses) bool { return r.Null == null })
	if i < 0 {
		i = len(all)
		all = append(all, &Responses{Null: null, Sources: sources})
	}
	r := all[i]
	if len(sources) != len(r.Sources) {
		return nil, fmt.Errorf("%s, the tables before have %d: a design is compared on the same sources", plural(len(sources), "source"), len(r.Sources))
	}
	m := slices.IndexFunc(r.Columns, func(o trial.Column) bool { return o.Label == c.Label })
	if m < 0 {
		m = len(r.Columns)
		r.Columns = append(r.Columns, c)
		for k := range r.List {
			r.List[k].Value = append(r.List[k].Value, slices.Repeat([]float64{math.NaN()}, len(r.Sources)))
		}
	} else if r.Columns[m] != c {
		return nil, fmt.Errorf("the metric %s has another model, family, training, labels, seed, pooling or mark in an earlier row", c.Label)
	}
	k := slices.IndexFunc(r.List, func(x Response) bool { return x.Name == response })
	if k < 0 {
		k = len(r.List)
		x := Response{Name: response}
		for range r.Columns {
			x.Value = append(x.Value, slices.Repeat([]float64{math.NaN()}, len(r.Sources)))
		}
		r.List = append(r.List, x)
	}
	for j, s := range sources {
		place := slices.Index(r.Sources, s)
		if place < 0 {
			return nil, fmt.Errorf("the source %s is in none of the tables before: a design is compared on the same sources", s)
		}
		r.List[k].Value[m][place] = values[j]
	}
	return all, nil
}

// given makes an analysis of responses that were measured elsewhere: its metrics, its sources and its nulls.
func (a *Analysis) given(all []*Responses) error {
	for _, r := range all {
		for _, s := range r.Sources {
			if !slices.ContainsFunc(a.sources, func(o source) bool { return o.id == s }) {
				a.sources, a.clusters = append(a.sources, source{id: s, cluster: len(a.clusters)}), append(a.clusters, s)
			}
		}
		a.nulls = append(a.nulls, &nullKind{name: r.Null})
		if len(r.Columns) != len(all[0].Columns) || len(r.Sources) != len(all[0].Sources) {
			return fmt.Errorf("reading the responses: %s and %s amid %s, %s and %s amid %s: every null needs all of them", plural(len(all[0].Columns), "metric"), plural(len(all[0].Sources), "source"),
				all[0].Null, plural(len(r.Columns), "metric"), plural(len(r.Sources), "source"), r.Null)
		}
		for m, c := range r.Columns {
			if c.Label != all[0].Columns[m].Label {
				return fmt.Errorf("reading the responses: the metrics amid %s come in another order than those amid %s", r.Null, all[0].Null)
			}
		}
	}
	for _, c := range all[0].Columns {
		a.columns = append(a.columns, column{Column: c, control: c.Group == trial.PixelControl || c.Training == "none"})
	}
	return nil
}

// givenResponses are the responses amid one null of those given.
func (a *Analysis) givenResponses(nulls []int) ([]response, error) {
	if len(nulls) != 1 {
		return nil, fmt.Errorf("the table has responses amid %s: ask for one with parameter null", a.nullNames(nulls))
	}
	var out []response
	for _, x := range a.in.Responses[nulls[0]].List {
		out = append(out, response{name: x.Name, given: x.Value})
	}
	return out, nil
}

// responsesOf collects the responses of the metrics of a design and of those beside it, for the reader who wants to analyse them anew.
func (a *Analysis) responsesOf(p *plot, list []response, nulls []int) *Responses {
	r := &Responses{Null: a.nullNames(nulls)}
	for _, s := range a.sources {
		r.Sources = append(r.Sources, s.id)
	}
	var columns []int
	for _, cell := range p.cells {
		for _, m := range cell {
			columns = append(columns, m.column...)
		}
	}
	for _, g := range a.besideDesign(p) {
		columns = append(columns, g.columns...)
	}
	for _, m := range columns {
		r.Columns = append(r.Columns, a.columns[m].Column)
	}
	for _, x := range list {
		y := Response{Name: x.name}
		for _, m := range columns {
			y.Value = append(y.Value, a.responseOf(m, x, nulls))
		}
		r.List = append(r.List, y)
	}
	return r
}

package reports

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"probity/reports/page"
)

// Difference is one thing in which two runs were made differently: "seed", "1", "2".
type Difference struct {
	What   string `json:"what"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Compared is one run beside the first.
type Compared struct {
	Name  string // of the run, as the reader knows it
	Setup []Difference
	*Comparison
}

// Counts says how many estimates both runs have, how many are equal, how many have an interval on their difference and
// how many of those leave out 0.
func (c *Comparison) Counts() (both, same, judged, clear int) {
	for i := range c.Changes {
		x := &c.Changes[i]
		both++
		switch {
		case x.Same:
			same++
		case !math.IsNaN(x.Low):
			judged++
			if x.Clear {
				clear++
			}
		}
	}
	return both, same, judged, clear
}

// Summary is what changed in a sentence or two. It does not hide that among many intervals some leave out 0 by chance.
func (c *Comparison) Summary() string {
	both, same, judged, clear := c.Counts()
	if both == 0 {
		return "The runs have no estimate in common: they share no finding of the same metric on the same edit."
	}
	s := fmt.Sprintf("Of %s that both runs have, %d %s the same.", plural(both, "estimate"), same, verb(same, "is", "are"))
	if judged > 0 {
		s += fmt.Sprintf(" Of %s with an interval, %d leave%s out 0", plural(judged, "difference"), clear, third(clear))
		if level := c.level(); level > 0 {
			s += fmt.Sprintf("; at most about %s would by chance if nothing had changed", bare(math.Ceil(float64(judged)*(1-level))))
		}
		s += "."
	}
	if none := both - same - judged; none > 0 {
		s += fmt.Sprintf(" %s no interval.", plural(none, "difference")+map[bool]string{true: " has", false: " have"}[none == 1])
	}
	if a, b := len(c.OnlyBefore), len(c.OnlyAfter); a+b > 0 {
		s += fmt.Sprintf(" %s only in the first run, %d only in the second.", plural(a, "estimate")+" "+verb(a, "is", "are"), b)
	}
	return s
}

func third(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

func (c *Comparison) level() float64 {
	for i := range c.Changes {
		if !math.IsNaN(c.Changes[i].Low) {
			return c.Changes[i].Before.Level
		}
	}
	return 0
}

// Where is the condition that an estimate is of, in words: "gaussian-blur 2 px, disc 4 %".
func (e *Estimate) Where() string {
	var out []string
	add := func(s string) {
		if s != "" {
			out = append(out, s)
		}
	}
	edit := e.Perturb
	if v := float64(e.Severity); !math.IsNaN(v) && !math.IsInf(v, 0) {
		edit = strings.TrimSpace(edit + " " + withUnit(v, unitText(e.Unit)))
	}
	add(edit)
	region := e.Shape
	if v := float64(e.Area); !math.IsNaN(v) && v > 0 {
		region = strings.TrimSpace(region + " " + percent(v))
	}
	add(region)
	if e.Null != "" {
		add("against " + e.Null)
	}
	add(e.Dataset)
	add(e.At)
	return strings.Join(out, ", ")
}

// Table is the changes as a table; without all, only those whose interval leaves out 0.
func (c *Comparison) Table(name, before, after string, all bool) Table {
	t := Table{
		Name: name, Title: "What changed from " + before + " to " + after,
		Caption: "After minus before.",
		Columns: []TableColumn{{Title: "finding"}, {Title: "estimate"}, {Title: "metric"}, {Title: "of"},
			{"before", true}, {"after", true}, {"difference", true}, {Title: "clear"}, {Title: "note"}},
	}
	for i := range c.Changes {
		x := &c.Changes[i]
		if !all && !x.Clear {
			continue
		}
		clear := ""
		switch {
		case x.Clear:
			clear = "yes"
		case x.Same:
			clear = "same"
		case !math.IsNaN(x.Low):
			clear = "no"
		}
		t.Rows = append(t.Rows, TableRow{Metric: x.After.Metric, Cells: []TableCell{
			{Text: x.Kind, Value: nan}, {Text: string(x.After.Quantity), Value: nan}, {Text: x.After.Metric, Value: nan},
			{Text: x.After.Where(), Value: nan}, ofRun(&x.Before), ofRun(&x.After),
			{Text: bracketed(digits, x.Value, x.Low, x.High), Value: x.Value, Bold: x.Clear},
			{Text: clear, Value: nan}, {Text: x.Note, Value: nan},
		}})
	}
	return t
}

// ofRun is a run's estimate; a threshold beyond what was tested has its sign.
func ofRun(e *Estimate) TableCell {
	v := float64(e.Value)
	sign := map[int]string{1: "> ", -1: "< "}[e.Censored]
	return TableCell{Text: sign + bracketed(digits, v, float64(e.Low), float64(e.High)), Value: v}
}

// WriteComparison writes comparison.html and for each run beside the first comparison-N.csv (N from 2; every estimate,
// changed or not) into dir, and returns the files' names.
func WriteComparison(dir, first string, runs []Compared) ([]string, error) {
	r := &page.Report{Name: "Comparison with " + first}
	var files []string
	put := func(name string, data []byte) error {
		files = append(files, name)
		return replace(filepath.Join(dir, name), data)
	}
	for i, c := range runs {
		t := c.Table(fmt.Sprintf("comparison-%d", i+2), first, c.Name, true)
		s := page.Section{ID: fmt.Sprintf("run-%d", i+2), Title: c.Name, Answer: c.Summary(), Text: []string{
			"Differences are after minus before, with intervals by " + c.Method + ". Intervals are pointwise: nothing is adjusted for how many there are."}}
		if len(c.Setup) > 0 {
			made := Table{Title: "What was made differently", Columns: []TableColumn{{Title: "what"}, {Title: first}, {Title: c.Name}}}
			for _, d := range c.Setup {
				made.Rows = append(made.Rows, TableRow{Cells: []TableCell{{Text: d.What, Value: nan}, {Text: d.Before, Value: nan}, {Text: d.After, Value: nan}}})
			}
			s.Tables = append(s.Tables, made.page())
		} else {
			s.Text = append(s.Text, "Nothing that the runs record was made differently.")
		}
		s.Tables = append(s.Tables, t.page())
		for _, list := range []struct {
			title string
			names []string
		}{{"Only in " + first, c.OnlyBefore}, {"Only in " + c.Name, c.OnlyAfter}} {
			if len(list.names) == 0 {
				continue
			}
			only := Table{Title: list.title, Columns: []TableColumn{{Title: "estimate"}}}
			for _, n := range list.names {
				only.Rows = append(only.Rows, TableRow{Cells: []TableCell{{Text: n, Value: nan}}})
			}
			s.Tables = append(s.Tables, only.page())
		}
		r.Sections = append(r.Sections, s)
		if len(runs) == 1 {
			r.Answer = c.Summary()
		}
		if err := put(t.Name+".csv", []byte(c.tidy())); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if err := page.Write(&b, r); err != nil {
		return nil, fmt.Errorf("writing the page of the comparison: %w", err)
	}
	if err := put("comparison.html", b.Bytes()); err != nil {
		return nil, err
	}
	return files, nil
}

// tidy is every change at full precision, a row each; numbers that are not there are empty.
func (c *Comparison) tidy() string {
	var b strings.Builder
	field := func(s string) {
		if strings.ContainsAny(s, ",\"\r\n") {
			s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		b.WriteString(s)
	}
	b.WriteString("finding,quantity,metric,of,before,before_low,before_high,before_n,after,after_low,after_high,after_n,difference,low,high,level,clear,same,note\n")
	for i := range c.Changes {
		x := &c.Changes[i]
		for _, s := range []string{x.Kind, string(x.After.Quantity), x.After.Metric, x.After.Where()} {
			field(s)
			b.WriteByte(',')
		}
		for _, e := range []*Estimate{&x.Before, &x.After} {
			fmt.Fprintf(&b, "%s,%s,%s,%d,", full(float64(e.Value)), full(float64(e.Low)), full(float64(e.High)), e.N)
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s,%t,%t,", full(x.Value), full(x.Low), full(x.High), full(x.After.Level), x.Clear, x.Same)
		field(x.Note)
		b.WriteByte('\n')
	}
	return b.String()
}

package reports_test

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/reports"
)

// Labels come from people: no character of theirs breaks a table of any format.
func TestTablesEscapeLabels(t *testing.T) {
	const label = `a_b & 50% <x>|y "q", $z`
	d := standard()
	d.sources, d.areas = 32, []float64{.01, .04}
	d.metrics[3].label = label
	in := d.input("detection")
	in.Options.Formats = []string{"svg"}
	dir := t.TempDir()
	if _, err := reports.Write(context.Background(), in, dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	tex := read("tables/detection-hue.tex")
	if !strings.Contains(tex, `a\_b \& 50\% $<$x$>$|y "q", \$z`) {
		t.Error("the label is not escaped for LaTeX")
	}
	for i, line := range strings.Split(tex, "\n") {
		if !strings.HasSuffix(line, `\\`) {
			continue
		}
		if n := strings.Count(strings.ReplaceAll(line, `\&`, ""), "&"); n != 8 {
			t.Errorf("line %d of the LaTeX table has %d separators, want 8", i+1, n)
		}
	}
	if !strings.Contains(tex, `\textbf{`) || !strings.Contains(tex, `\bottomrule`) {
		t.Error("no best value, or no rule")
	}
	rows, err := csv.NewReader(strings.NewReader(read("tables/detection-hue.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 11 || rows[4][1] != label {
		t.Errorf("the CSV table has %d rows, and %q", len(rows), rows[4][1])
	}
	for i, line := range strings.Split(read("tables/detection-hue.md"), "\n") {
		if strings.HasPrefix(line, "|") {
			if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 10 {
				t.Errorf("line %d of the Markdown table has %d bars, want 10", i+1, n)
			}
		}
	}
	if strings.Contains(read("report.html"), "<x>") {
		t.Error("the page does not escape the label")
	}
	tidy, err := csv.NewReader(strings.NewReader(read("tables/detection-estimates.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(tidy) < 100 {
		t.Errorf("the tidy table has %d rows", len(tidy))
	}
}

// What does not fit on a page breaks over pages: a float would run off it.
func TestLongTablesBreak(t *testing.T) {
	for rows, want := range map[int][2]string{30: {`\begin{table}`, `\end{table}`}, 31: {`\begin{longtable}{lr}`, `\end{longtable}`}} {
		x := reports.Table{Name: "n", Title: "T", Caption: "C.", Columns: []reports.TableColumn{{Title: "metric"}, {Title: "value", Numeric: true}}, Notes: []string{"few sources"}}
		for range rows {
			x.Rows = append(x.Rows, reports.TableRow{Cells: []reports.TableCell{{Text: "ssim"}, {Text: ".5", Value: .5, Notes: []int{1}}}})
		}
		tex := reports.LaTeX(&x)
		if !strings.Contains(tex, want[0]) || !strings.Contains(tex, want[1]) || strings.Count(tex, `ssim & .5`) != rows || !strings.Contains(tex, `\textsuperscript{1}~few sources`) {
			t.Errorf("%d rows:\n%s", rows, tex)
		}
		for _, env := range []string{"table", "tabular", "longtable"} {
			if b, e := strings.Count(tex, `\begin{`+env+`}`), strings.Count(tex, `\end{`+env+`}`); b != e {
				t.Errorf("%d rows: %s begins %d times and ends %d times", rows, env, b, e)
			}
		}
	}
}

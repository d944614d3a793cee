package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/reports/page"
)

// Table is a printed table: the same content as LaTeX, Markdown, CSV and on the page.
type Table struct {
	Name    string // file stem
	Title   string
	Caption string
	Columns []TableColumn
	Rows    []TableRow
	Notes   []string // footnotes, numbered from 1
}

// TableColumn is one column; its title carries the direction arrow and the unit.
type TableColumn struct {
	Title   string
	Numeric bool
}

// TableRow is one row; Metric is the label that the row is about, "" where it is about none.
type TableRow struct {
	Metric string
	Cells  []TableCell
}

// TableCell is one cell.
type TableCell struct {
	Text  string
	Value float64 // of numeric columns, NaN where there is none
	Bold  bool    // significantly best
	Tie   bool    // best, or not significantly below the best; marked ~
	Notes []int   // footnotes, from 1
}

var (
	nan     = math.NaN()
	missing = TableCell{Text: "-", Value: nan}
)

// estimate is a cell with the estimate and its interval; warnings of f become footnotes of the table.
func (t *Table) estimate(f *Finding, e *Estimate, onShare bool) TableCell {
	form := digits
	if onShare {
		form = share
	}
	c := TableCell{Text: bracketed(form, float64(e.Value), float64(e.Low), float64(e.High)), Value: float64(e.Value)}
	if f == nil {
		return c
	}
	for _, w := range e.Warnings {
		text := f.Warnings[w].Detail
		k := slices.Index(t.Notes, text)
		if k < 0 {
			k = len(t.Notes)
			t.Notes = append(t.Notes, text)
		}
		c.Notes = append(c.Notes, k+1)
	}
	return c
}

// plain is the cell's text with its marks for formats without typography.
func (c *TableCell) plain() string {
	s := c.Text
	if c.Tie {
		s += " ~"
	}
	return s
}

// markdown writes the table as a pipe table with numbered footnotes.
func (t *Table) markdown() string {
	var b strings.Builder
	escape := strings.NewReplacer("|", `\|`, "\n", " ", "*", `\*`, "_", `\_`, "<", "&lt;", ">", "&gt;")
	fmt.Fprintf(&b, "**%s.** %s\n\n", escape.Replace(t.Title), escape.Replace(t.Caption))
	rule := ""
	for _, c := range t.Columns {
		b.WriteString("| " + escape.Replace(c.Title) + " ")
		if c.Numeric {
			rule += "|---:"
		} else {
			rule += "|:---"
		}
	}
	b.WriteString("|\n" + rule + "|\n")
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			s := escape.Replace(c.plain())
			if c.Bold {
				s = "**" + s + "**"
			}
			for _, n := range c.Notes {
				s += fmt.Sprintf("[^%d]", n)
			}
			b.WriteString("| " + s + " ")
		}
		b.WriteString("|\n")
	}
	for i, n := range t.Notes {
		fmt.Fprintf(&b, "\n[^%d]: %s\n", i+1, escape.Replace(n))
	}
	return b.String()
}

// csv writes the table as RFC 4180 CSV with LF line ends; each numeric column is followed by its bare value.
func (t *Table) csv() string {
	var b strings.Builder
	field := func(s string) {
		b.WriteString(csvField(s))
	}
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteByte(',')
		}
		field(c.Title)
		if c.Numeric {
			b.WriteByte(',')
			field(c.Title + " (value)")
		}
	}
	b.WriteString(",notes\n")
	for _, r := range t.Rows {
		var notes []string
		for i := range r.Cells {
			c := &r.Cells[i]
			if i > 0 {
				b.WriteByte(',')
			}
			s := c.plain()
			if c.Bold {
				s += " *"
			}
			field(s)
			if t.Columns[i].Numeric {
				b.WriteByte(',')
				b.WriteString(full(c.Value))
			}
			for _, n := range c.Notes {
				if !slices.Contains(notes, t.Notes[n-1]) {
					notes = append(notes, t.Notes[n-1])
				}
			}
		}
		b.WriteByte(',')
		field(strings.Join(notes, "; "))
		b.WriteByte('\n')
	}
	return b.String()
}

// longTable is the number of rows that a page holds in a float; a longer table breaks over pages.
const longTable = 30

// latex writes the table for booktabs; its notes stand below it.
func (t *Table) latex() string {
	var b strings.Builder
	spec := ""
	for _, c := range t.Columns {
		if c.Numeric {
			spec += "r"
		} else {
			spec += "l"
		}
	}
	caption := fmt.Sprintf("\\caption{%s. %s}\\label{tab:%s}", tex(t.Title), tex(t.Caption), slug(t.Name))
	var titles []string
	for _, c := range t.Columns {
		titles = append(titles, tex(c.Title))
	}
	head := "\\toprule\n" + strings.Join(titles, " & ") + " \\\\\n\\midrule\n"
	long := len(t.Rows) > longTable
	if long {
		fmt.Fprintf(&b, "%% needs \\usepackage{booktabs,longtable}\n\\setlength\\LTcapwidth{\\linewidth}\n\\begin{longtable}{%s}\n%s\\\\\n%s\\endfirsthead\n%s\\endhead\n\\bottomrule\n\\endfoot\n", spec, caption, head, head)
	} else {
		fmt.Fprintf(&b, "%% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n%s\n\\begin{tabular}{%s}\n%s", caption, spec, head)
	}
	last := ""
	for k, r := range t.Rows {
		if first := r.Cells[0].Text; k > 0 && first != last && repeats(t.Rows) {
			b.WriteString("\\addlinespace\n")
		}
		last = r.Cells[0].Text
		for i := range r.Cells {
			c := &r.Cells[i]
			if i > 0 {
				b.WriteString(" & ")
			}
			s := tex(c.Text)
			if c.Bold {
				s = "\\textbf{" + s + "}"
			}
			if c.Tie {
				s += "\\,$\\sim$"
			}
			if len(c.Notes) > 0 {
				var n []string
				for _, k := range c.Notes {
					n = append(n, fmt.Sprint(k))
				}
				s += "\\textsuperscript{" + strings.Join(n, ",") + "}"
			}
			b.WriteString(s)
		}
		b.WriteString(" \\\\\n")
	}
	if long {
		b.WriteString("\\end{longtable}\n")
	} else {
		b.WriteString("\\bottomrule\n\\end{tabular}\n")
	}
	if len(t.Notes) > 0 {
		if long {
			b.WriteString("{")
		}
		b.WriteString("\\par\\smallskip\\raggedright\\footnotesize\n")
		for i, n := range t.Notes {
			fmt.Fprintf(&b, "\\textsuperscript{%d}~%s.\n", i+1, tex(n))
		}
		if long {
			b.WriteString("\\par}\n")
		}
	}
	if !long {
		b.WriteString("\\end{table}\n")
	}
	return b.String()
}

// repeats reports whether the first column groups rows.
func repeats(rows []TableRow) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i].Cells[0].Text == rows[i-1].Cells[0].Text {
			return true
		}
	}
	return false
}

var texEscapes = strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`,
	"↑", `$\uparrow$`, "↓", `$\downarrow$`, "ΔE00", `$\Delta E_{00}$`, "Δ", `$\Delta$`, "σ", `$\sigma$`, ">", `$>$`, "<", `$<$`, "≤", `$\le$`, "≥", `$\ge$`, "±", `$\pm$`)

// tex escapes text for LaTeX, and sets minus signs of numbers.
func tex(s string) string {
	s = texEscapes.Replace(s)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '-' && i+1 < len(s) && (s[i+1] == '.' || s[i+1] >= '0' && s[i+1] <= '9') && (i == 0 || s[i-1] == ' ' || s[i-1] == '[') {
			b.WriteString("$-$")
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// page is the table as the page shows it.
func (t *Table) page() page.Table {
	p := page.Table{Title: t.Title, Caption: t.Caption}
	for _, c := range t.Columns {
		p.Columns = append(p.Columns, page.Column{Title: c.Title, Numeric: c.Numeric})
	}
	for _, r := range t.Rows {
		row := page.Row{Series: r.Metric}
		for i := range r.Cells {
			c := &r.Cells[i]
			var notes []string
			for _, n := range c.Notes {
				notes = append(notes, fmt.Sprint(n))
			}
			row.Cells = append(row.Cells, page.Cell{Text: c.plain(), Value: c.Value, Bold: c.Bold, Note: strings.Join(notes, ",")})
		}
		p.Rows = append(p.Rows, row)
	}
	for i, n := range t.Notes {
		p.Notes = append(p.Notes, fmt.Sprintf("%d %s", i+1, n))
	}
	return p
}

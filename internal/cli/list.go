package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"probity/internal/registry"
	"probity/internal/trial"
	"probity/reports"
)

// listing is one registrant as `probity list --json` prints it.
type listing struct {
	Sort    string         `json:"sort"`
	Name    string         `json:"name"`
	Doc     string         `json:"doc"`
	Facts   []string       `json:"facts,omitempty"`
	Long    string         `json:"long,omitempty"`
	Source  string         `json:"source,omitempty"`
	Version int            `json:"version"`
	Params  []listingParam `json:"params,omitempty"`
}

type listingParam struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Unit     string   `json:"unit,omitempty"`
	Default  string   `json:"default,omitempty"`
	Required bool     `json:"required,omitempty"`
	Allowed  []string `json:"allowed,omitempty"`
	Doc      string   `json:"doc"`
}

// sorts are what can be listed, in the order of `probity list`.
var sorts = []struct {
	name string
	all  func() []listing
}{
	{"datasets", func() []listing {
		return listAll("data set", trial.Datasets, func(e trial.DatasetEntry) []string {
			var f []string
			if e.Needs != "" {
				f = append(f, "needs "+e.Needs)
			}
			if e.Where != "" {
				f = append(f, "published at "+e.Where)
			}
			if e.Judged {
				f = append(f, "brings human judgements")
			}
			return f
		})
	}},
	{"perturbations", func() []listing {
		return listAll("perturbation", trial.Perturbations, func(e trial.PerturbationEntry) []string {
			f := []string{"severity: " + axisText(e.Axis)}
			if e.Regions {
				f = append(f, "can be confined to a region")
			}
			if e.Donor {
				f = append(f, "borrows from another source")
			}
			return f
		})
	}},
	{"metrics", func() []listing {
		return listAll("metric", trial.Metrics, func(e trial.MetricEntry) []string {
			f := []string{string(e.Direction) + ", " + rangeText(e.Low, e.High, e.Unit)}
			if e.Symmetric {
				f = append(f, "symmetric")
			}
			return f
		})
	}},
	{"set-perturbations", func() []listing {
		return listAll("set perturbation", trial.SetPerturbations, func(e trial.SetPerturbationEntry) []string {
			f := []string{"severity: " + axisText(e.Axis)}
			if e.Classes {
				f = append(f, "needs pictures with classes")
			}
			return f
		})
	}},
	{"set-metrics", func() []listing {
		return listAll("set metric", trial.SetMetrics, func(e trial.SetMetricEntry) []string {
			return []string{string(e.Direction) + ", " + rangeText(e.Low, e.High, e.Unit)}
		})
	}},
	{"findings", func() []listing {
		return listAll("finding", reports.Kinds, func(reports.Entry) []string { return nil })
	}},
}

func listAll[T any](sort string, r *registry.Registry[T], facts func(T) []string) []listing {
	var out []listing
	for _, name := range r.Names() {
		e, info, err := r.Get(name)
		if err != nil {
			panic(err) // the name comes from the registry itself
		}
		l := listing{Sort: sort, Name: name, Doc: info.Doc, Long: info.Long, Source: info.Source, Version: info.Version, Facts: facts(e)}
		for _, p := range info.Params {
			q := listingParam{Name: p.Name, Type: string(p.Type), Unit: p.Unit, Required: p.Required, Allowed: p.Enum, Doc: p.Doc}
			if p.Default != nil {
				q.Default = registry.Text(p.Default)
			}
			l.Params = append(l.Params, q)
		}
		out = append(out, l)
	}
	return out
}

func axisText(a trial.Axis) string {
	if a.Fixed {
		return "none, it is done or not"
	}
	text := a.Name
	if a.Unit != "" && !strings.Contains(a.Name, a.Unit) {
		text += " (" + a.Unit + ")"
	}
	text += ", " + rangeText(a.Min, a.Max, "")
	if a.Descending {
		text += ", smaller is stronger"
	}
	return text
}

func rangeText(low, high float64, unit string) string {
	end := func(v float64) string {
		switch {
		case math.IsInf(v, 1):
			return "∞"
		case math.IsInf(v, -1):
			return "-∞"
		}
		return fmt.Sprintf("%g", v)
	}
	text := end(low) + " to " + end(high)
	if unit != "" {
		text += " " + unit
	}
	return text
}

func (a *app) listCommand() *cobra.Command {
	var names []string
	for _, s := range sorts {
		names = append(names, s.name)
	}
	return &cobra.Command{
		Use:   "list [" + strings.Join(names, "|") + "] [NAME]",
		Short: "list what an experiment can name, or describe one thing in full",
		Example: `  probity list
  probity list metrics
  probity list metrics ssim`,
		ValidArgs: names,
		Args:      args(0, 2, "at most a sort and a name"),
		RunE: func(c *cobra.Command, got []string) error {
			var rows []listing
			found := len(got) == 0
			for _, s := range sorts {
				if len(got) == 0 || got[0] == s.name {
					found = true
					rows = append(rows, s.all()...)
				}
			}
			if !found {
				return wrong("there is nothing called %q to list; there are %s", got[0], strings.Join(names, ", "))
			}
			if len(got) == 2 {
				i := sort.Search(len(rows), func(i int) bool { return rows[i].Name >= got[1] })
				if i == len(rows) || rows[i].Name != got[1] {
					var known []string
					for _, r := range rows {
						known = append(known, r.Name)
					}
					hint := ""
					if near := registry.Nearest(got[1], known); near != "" {
						hint = fmt.Sprintf("; did you mean %q?", near)
					}
					return wrong("%s has no %q%s", got[0], got[1], hint)
				}
				rows = rows[i : i+1]
			}
			if a.json {
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				return enc.Encode(rows)
			}
			if len(got) == 2 {
				describe(a.out, rows[0])
				return nil
			}
			printListing(a.out, rows)
			return nil
		},
	}
}

func printListing(w io.Writer, rows []listing) {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	last := ""
	for _, r := range rows {
		if r.Sort != last {
			if last != "" {
				fmt.Fprintln(tw)
			}
			fmt.Fprintf(tw, "%sS\n", strings.ToUpper(r.Sort))
			last = r.Sort
		}
		fmt.Fprintf(tw, "  %s\t%s\n", r.Name, r.Doc)
	}
	tw.Flush()
}

func describe(w io.Writer, r listing) {
	fmt.Fprintf(w, "%s (%s, version %d)\n%s\n", r.Name, r.Sort, r.Version, r.Doc)
	for _, f := range r.Facts {
		fmt.Fprintf(w, "  - %s\n", f)
	}
	if len(r.Params) > 0 {
		fmt.Fprintln(w, "\nParameters")
		for _, p := range r.Params {
			fmt.Fprintf(w, "  %s (%s", p.Name, p.Type)
			switch {
			case p.Required:
				fmt.Fprint(w, ", required")
			case p.Default != "":
				fmt.Fprintf(w, ", default %s", p.Default)
			}
			if p.Unit != "" {
				fmt.Fprintf(w, ", in %s", p.Unit)
			}
			fmt.Fprintf(w, ")\n      %s", p.Doc)
			if len(p.Allowed) > 0 {
				fmt.Fprintf(w, "; one of %s", strings.Join(p.Allowed, ", "))
			}
			fmt.Fprintln(w)
		}
	}
	if r.Long != "" {
		fmt.Fprintf(w, "\n%s\n", wrapText(r.Long, 100))
	}
	if r.Source != "" {
		fmt.Fprintf(w, "\nSource: %s\n", r.Source)
	}
}

// wrapText breaks paragraphs at width; lines that start with a space are kept as they are.
func wrapText(s string, width int) string {
	var out []string
	for _, para := range paragraphs(s) {
		if para == "" || para[0] == ' ' {
			out = append(out, para)
			continue
		}
		line := ""
		for _, word := range strings.Fields(para) {
			if line != "" && len(line)+1+len(word) > width {
				out = append(out, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// paragraphs joins lines that were broken for the width of a source file: a line goes on in the next where it is nearly as long
// as source lines are. Short lines, empty and indented ones stay as they are.
func paragraphs(s string) []string {
	var out []string
	open := false
	for _, line := range strings.Split(s, "\n") {
		if open && line != "" && line[0] != ' ' {
			out[len(out)-1] += " " + line
		} else {
			out = append(out, line)
		}
		open = len(line) > 80 && line[0] != ' '
	}
	return out
}

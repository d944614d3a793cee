package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/reports"
)

func (a *app) compareCommand() *cobra.Command {
	var out string
	var all bool
	c := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "put runs side by side: what changed, with intervals on the difference",
		Long: `Compare finished runs with the first one: what was made differently (seed, models, versions, pictures), and which
estimates changed, each difference with an interval. Estimates are matched by finding, quantity, metric, edit, region and
severity; to compare two models, give the metric the same name in both experiments. Only differences whose interval leaves
out 0 are printed, unless --all is given; --out writes all of them as CSV and as a page.

Intervals are made from those of the two runs as if these were independent (MOVER). Runs on the same pictures usually go
up and down together; the intervals are then too wide rather than too narrow.`,
		Example: `  probity compare runs/clip-b32 runs/clip-l14
  probity compare runs/seed-1 runs/seed-2 runs/seed-3 --all --out comparison`,
		Args: args(2, -1, "the folders of at least two runs"),
		RunE: func(_ *cobra.Command, got []string) error {
			var runs []finishedRun
			for _, dir := range got {
				r, err := readRun(dir)
				if err != nil {
					return inputError{err}
				}
				runs = append(runs, r)
			}
			var list []reports.Compared
			for _, r := range runs[1:] {
				list = append(list, reports.Compared{Name: r.dir, Setup: madeDifferently(runs[0].made, r.made), Comparison: reports.Compare(runs[0].found, r.found)})
			}
			if a.json {
				if err := a.compareJSON(got[0], list, all); err != nil {
					return err
				}
			} else {
				for i := range list {
					if err := a.printComparison(got[0], &list[i], all); err != nil {
						return err
					}
				}
			}
			if out == "" {
				return nil
			}
			files, err := reports.WriteComparison(out, got[0], list)
			if err != nil {
				return err
			}
			for _, f := range files {
				a.say("wrote %s", filepath.Join(out, f))
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder for comparison.html and a CSV file for each run beside the first")
	c.Flags().BoolVar(&all, "all", false, "print every difference, not only the clear ones")
	return c
}

// finishedRun is what a comparison needs of a run.
type finishedRun struct {
	dir   string
	made  *harness.Manifest
	found *reports.Document
}

// readRun reads a run and holds its findings to the hash in its manifest.
func readRun(dir string) (finishedRun, error) {
	const remedy = "give its `probity run` again, which takes over every score"
	m, err := harness.ReadManifest(dir)
	if err != nil {
		return finishedRun{}, err
	}
	path := filepath.Join(dir, "findings.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return finishedRun{}, fmt.Errorf("the run in %s has lost its findings: %w; %s", dir, err, remedy)
	}
	d, err := reports.ReadDocument(dir)
	if err != nil {
		return finishedRun{}, fmt.Errorf("%w; %s", err, remedy)
	}
	sum := sha256.Sum256(data)
	known := false
	for _, f := range m.Files {
		if f.Path != "findings.json" {
			continue
		}
		if known = true; f.SHA256 != hex.EncodeToString(sum[:]) {
			return finishedRun{}, fmt.Errorf("%s is not what the run wrote: its SHA-256 is %x, the manifest says %s; %s", path, sum, f.SHA256, remedy)
		}
	}
	if !known {
		return finishedRun{}, fmt.Errorf("the manifest of the run in %s does not list findings.json, so it was not finished or was changed; %s", dir, remedy)
	}
	return finishedRun{dir, m, d}, nil
}

// madeDifferently lists what two runs record of how they were made, where it is not the same.
func madeDifferently(x, y *harness.Manifest) []reports.Difference {
	var out []reports.Difference
	add := func(what, before, after string) {
		if before != after {
			out = append(out, reports.Difference{What: what, Before: orNone(before), After: orNone(after)})
		}
	}
	add("seed", fmt.Sprint(x.Seed), fmt.Sprint(y.Seed))
	add("program", x.Program, y.Program)
	add("Go", x.Go, y.Go)
	add("platform", x.Platform, y.Platform)
	add("ONNX Runtime", x.Runtime, y.Runtime)
	add("decoding and resizing", x.Pixels, y.Pixels)
	add("data set", x.Dataset, y.Dataset)
	add("overrides", strings.Join(x.Overrides, " "), strings.Join(y.Overrides, " "))
	named := func(what string, before, after map[string]string, order []string) {
		seen := map[string]bool{}
		for _, n := range order {
			if !seen[n] {
				seen[n] = true
				add(what+" "+n, before[n], after[n])
			}
		}
	}
	metrics := func(m *harness.Manifest) (map[string]string, []string) {
		is, order := map[string]string{}, []string(nil)
		for _, v := range m.Metrics {
			is[v.Label], order = strings.TrimSpace(fmt.Sprintf("%s version %d %s", v.Kind, v.Version, v.Params)), append(order, v.Label)
		}
		return is, order
	}
	models := func(m *harness.Manifest) (map[string]string, []string) {
		is, order := map[string]string{}, []string(nil)
		for _, v := range m.Models {
			is[v.Name], order = v.Hash, append(order, v.Name)
		}
		return is, order
	}
	edits := func(m *harness.Manifest) (map[string]string, []string) {
		is, order := map[string]string{}, []string(nil)
		for _, v := range m.Perturbs {
			is[v.Label], order = fmt.Sprintf("%s %s at %v %s", v.Role, strings.Join(v.Steps, ", "), v.Severities, v.Unit), append(order, v.Label)
		}
		return is, order
	}
	for _, part := range []struct {
		what string
		of   func(*harness.Manifest) (map[string]string, []string)
	}{{"metric", metrics}, {"model", models}, {"edit", edits}} {
		before, first := part.of(x)
		after, second := part.of(y)
		named(part.what, before, after, append(first, second...))
	}
	gone, come := linesApart(x.Experiment, y.Experiment), linesApart(y.Experiment, x.Experiment)
	add("experiment", strings.Join(gone, "; "), strings.Join(come, "; "))
	// Of pictures only how many is said; their names would fill the screen.
	old, now, changed := map[string]string{}, map[string]bool{}, 0
	for _, s := range x.Sources {
		old[s.ID] = s.Hash
	}
	lost, more := 0, 0
	for _, s := range y.Sources {
		now[s.ID] = true
		if h, ok := old[s.ID]; !ok {
			more++
		} else if h != s.Hash {
			changed++
		}
	}
	for id := range old {
		if !now[id] {
			lost++
		}
	}
	if lost+more+changed > 0 {
		add("pictures", fmt.Sprint(len(x.Sources)), fmt.Sprintf("%d (%d not in the first, %d of the first missing, %d changed)", len(y.Sources), more, lost, changed))
	}
	return out
}

// linesApart are the lines of an experiment that another has not got, or has fewer of; comments and order do not count. After
// eight the rest are counted.
func linesApart(x, y string) []string {
	const most = 8
	lines := func(s string) []string {
		var out []string
		for _, l := range strings.Split(s, "\n") {
			if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
				out = append(out, l)
			}
		}
		return out
	}
	left := map[string]int{}
	for _, l := range lines(y) {
		left[l]++
	}
	var out []string
	for _, l := range lines(x) {
		if left[l]--; left[l] < 0 {
			out = append(out, l)
		}
	}
	if n := len(out); n > most {
		out = append(out[:most], fmt.Sprintf("and %d lines more", n-most))
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) printComparison(first string, c *reports.Compared, all bool) error {
	fmt.Fprintf(a.out, "%s -> %s\n", first, c.Name)
	t := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	const wide = 60 // a longer one would push the others' arrows off the screen
	var long []reports.Difference
	for _, d := range c.Setup {
		if len(d.Before) > wide || len(d.After) > wide {
			long = append(long, d)
			continue
		}
		fmt.Fprintf(t, "  %s\t%s\t-> %s\n", d.What, d.Before, d.After)
	}
	for _, d := range long {
		fmt.Fprintf(t, "  %s\n", d.What)
		for _, side := range [][2]string{{"-", d.Before}, {"+", d.After}} {
			if side[1] == orNone("") {
				continue
			}
			for _, l := range strings.Split(side[1], "; ") {
				fmt.Fprintf(t, "    %s %s\n", side[0], l)
			}
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(c.Setup) == 0 {
		fmt.Fprintln(a.out, "  made alike, as far as the runs record it")
	}
	fmt.Fprintf(a.out, "\n%s\n\n", c.Summary())
	table := c.Table("", first, c.Name, all)
	if len(table.Rows) == 0 {
		return nil
	}
	for i, col := range table.Columns {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, col.Title)
	}
	fmt.Fprintln(t)
	for _, r := range table.Rows {
		for i, cell := range r.Cells {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, cell.Text)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	return nil
}

// comparedRecord is one run of `probity compare --json`.
type comparedRecord struct {
	Before     string               `json:"before"`
	After      string               `json:"after"`
	Setup      []reports.Difference `json:"made_differently"`
	Summary    string               `json:"summary"`
	Method     string               `json:"method"`
	Changes    []changeRecord       `json:"changes"`
	OnlyBefore []string             `json:"only_before"`
	OnlyAfter  []string             `json:"only_after"`
}

type changeRecord struct {
	Finding string           `json:"finding"`
	Before  reports.Estimate `json:"before"`
	After   reports.Estimate `json:"after"`
	Value   reports.Number   `json:"difference"`
	Low     reports.Number   `json:"low"`
	High    reports.Number   `json:"high"`
	Clear   bool             `json:"clear"`
	Same    bool             `json:"same"`
	Note    string           `json:"note,omitempty"`
}

func (a *app) compareJSON(first string, list []reports.Compared, all bool) error {
	var out []comparedRecord
	for _, c := range list {
		r := comparedRecord{Before: first, After: c.Name, Setup: c.Setup, Summary: c.Summary(), Method: c.Method, OnlyBefore: c.OnlyBefore, OnlyAfter: c.OnlyAfter}
		for _, x := range c.Changes {
			if all || x.Clear {
				r.Changes = append(r.Changes, changeRecord{x.Kind, x.Before, x.After, reports.Number(x.Value), reports.Number(x.Low), reports.Number(x.High), x.Clear, x.Same, x.Note})
			}
		}
		out = append(out, r)
	}
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

package cli

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/reports"
)

// ladderTable writes a ladder whose true surface is known: .5 + .03 (x - 6) - .2 mismatch, x being log2 of pairs, beside a score
// that pairs do not change; three captions' contents of which each is worth two doublings more than the last.
func ladderTable(t *testing.T, edit func(rows [][]string) [][]string) string {
	t.Helper()
	s := stream.Key{Seed: 4, Step: "ladder", Purpose: "table"}.Open()
	rows := [][]string{{"name", "content", "mismatch", "pairs", "distinct", "samples", "seed", "score", "flat", "full_only"}}
	add := func(content string, mismatch float64, pairs string, distinct, samples float64, seed int, gain float64) {
		noise := func() float64 { return .003 * s.Norm() }
		y := .5 + .03*(math.Log2(distinct)-6) - .2*mismatch + map[string]float64{"class": -.12, "partial": -.06}[content] + gain
		only := ""
		if content == "full" {
			only = fmt.Sprintf("%.4f", y+noise())
		}
		rows = append(rows, []string{fmt.Sprintf("m%d", len(rows)), content, fmt.Sprint(mismatch), pairs, fmt.Sprint(distinct), fmt.Sprint(samples), fmt.Sprint(seed), fmt.Sprintf("%.4f", y+noise()),
			fmt.Sprintf("%.4f", .7-.3*mismatch+noise()), only})
	}
	for seed := range 4 {
		for _, p := range []struct {
			name     string
			distinct float64
		}{{"64", 64}, {"1024", 1024}, {"fresh", 44000}} {
			for _, m := range []float64{0, .3, .6} {
				add("full", m, p.name, p.distinct, 50000, seed, 0)
			}
			add("partial", 0, p.name, p.distinct, 50000, seed, 0)
			add("class", 0, p.name, p.distinct, 50000, seed, 0)
		}
		add("full", 0, "fresh", 125000, 200000, seed, .1)
	}
	if edit != nil {
		rows = edit(rows)
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintln(&b, strings.Join(r, ","))
	}
	path := filepath.Join(t.TempDir(), "ladder.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func climbed(t *testing.T, args ...string) *reports.Finding {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	status, _, stderr := called(append([]string{"ladder", "--quiet", "--format", "svg", "--out", dir}, args...)...)
	if status != exitDone {
		t.Fatalf("exit %d: %s", status, stderr)
	}
	d, err := reports.ReadDocument(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"report.html", "figures/ladder-curves-ladder.svg", "figures/ladder-surface-score-ladder.svg", "tables/exchange-rate.csv"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
	if status, _, stderr := called("report", dir, "--format", "svg", "--quiet"); status != exitDone {
		t.Errorf("drawing it again: %s", stderr)
	}
	return d.Findings[0]
}

// held finds an estimate and holds it to what was planted. Each of many intervals of 95 % may miss: three times the distance of
// either end, which a t of 3 degrees of freedom misses twice in a thousand.
func held(t *testing.T, f *reports.Finding, q reports.Quantity, metric, at string, pairs, want float64) *reports.Estimate {
	t.Helper()
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Quantity == q && e.Metric == metric && e.At == at && (math.IsNaN(pairs) || math.Abs(float64(e.Severity)-pairs) < 1) {
			if !math.IsNaN(want) && !(float64(e.Value)-3*float64(e.Value-e.Low) <= want && want <= float64(e.Value)+3*float64(e.High-e.Value)) {
				t.Errorf("%s of %s at %s, %v: %v [%v, %v] does not hold %v", q, metric, at, pairs, e.Value, e.Low, e.High, want)
			}
			return e
		}
	}
	t.Fatalf("no %s of %s at %s, %v pairs", q, metric, at, pairs)
	return nil
}

// The exchange rates that were planted are found on either axis, and where pairs change nothing there is none.
func TestLadderFindsThePlantedRates(t *testing.T) {
	path := ladderTable(t, nil)
	common := []string{path, "--pairs", "pairs", "--distinct", "distinct", "--samples", "samples", "--seed", "seed", "--model", "name"}
	f := climbed(t, append(common, "--quality", "mismatch", "--where", "content=full", "--score", "score,flat", "--at", "pairs=1024,quality=0.3")...)
	for _, pairs := range []float64{64, 1024, 44000} {
		r := held(t, f, reports.ExchangeRate, "score", "mismatch .3", pairs, 2) // .2 * .3 / .03
		if r.Set != "bounded" || r.N != 4 || float64(r.DF) != 3 || !strings.HasPrefix(r.Method, "Fieller, t over seeds, 3 df") {
			t.Errorf("%+v", r)
		}
		if r := held(t, f, reports.ExchangeRate, "flat", "mismatch .3", pairs, math.NaN()); r.Set == "bounded" {
			t.Errorf("a finite rate of a score that pairs do not change: %+v", r)
		}
	}
	held(t, f, reports.DoublingGain, "score", "mismatch .3", 1024, .03)
	held(t, f, reports.StepGain, "score", "mismatch .3", 1024, .06)
	held(t, f, reports.FreshGain, "score", "mismatch 0", 64, .03*(math.Log2(44000)-6))
	held(t, f, reports.LongerGain, "score", "mismatch 0", 44000, .1+.03*math.Log2(125000./44000))
	for _, want := range []string{"At 1,024 pairs, mismatch .3 a step of caption quality is worth", "doublings of pairs in score", "there is no finite exchange rate in flat", "that rung was still learning"} {
		if !strings.Contains(f.Answer, want) {
			t.Errorf("the answer lacks %q: %s", want, f.Answer)
		}
	}
	if !strings.Contains(f.Scope, "40 models of ladder: 3 sizes of pairs, 3 values of mismatch, 4 seeds") {
		t.Error(f.Scope)
	}

	f = climbed(t, append(common, "--quality", "content", "--levels", "class,partial,full", "--where", "mismatch=0", "--score", "score,full_only", "--missing", "drop")...)
	held(t, f, reports.ExchangeRate, "score", "class", 1024, 2)
	held(t, f, reports.ExchangeRate, "score", "partial", 1024, 2)
	if len(f.Refused) != 1 || !strings.Contains(f.Refused[0].Reason, "1 value of content only") {
		t.Errorf("a score of one level: %+v", f.Refused)
	}
	// The contour of equal performance: class captions need two doublings more for the same score.
	for score, pairs := range map[float64]float64{.7: math.Exp2(6 + .2/.03)} {
		for i := range f.Estimates {
			if e := &f.Estimates[i]; e.Quantity == reports.PairsFor && e.Metric == "score" && e.At == "full" && float64(e.Realised) == score && math.Abs(math.Log2(float64(e.Value)/pairs)) > .4 {
				t.Errorf("a score of %g at %v pairs, planted at %.0f", score, e.Value, pairs)
			}
		}
	}
}

// Without a column of seeds the error is what the surface leaves over.
func TestLadderWithoutSeeds(t *testing.T) {
	f := climbed(t, ladderTable(t, nil), "--pairs", "distinct", "--quality", "mismatch", "--where", "content=full", "--where", "samples=50000", "--score", "score")
	r := held(t, f, reports.ExchangeRate, "score", "mismatch .3", 1024, 2)
	if float64(r.DF) != 36-6 || !strings.Contains(r.Method, "residuals") {
		t.Errorf("%+v", r)
	}
}

// A rung that a seed lacks is left out, and named.
func TestLadderNamesIncompleteRungs(t *testing.T) {
	path := ladderTable(t, func(rows [][]string) [][]string { return append(rows[:2:2], rows[3:]...) })
	f := climbed(t, path, "--pairs", "pairs", "--quality", "mismatch", "--where", "content=full", "--where", "samples=50000", "--samples", "samples", "--score", "score", "--seed", "seed")
	found := false
	for _, w := range f.Warnings {
		found = found || w.Code == "incomplete" && strings.Contains(w.Detail, "64 pairs, mismatch .3")
	}
	if !found {
		t.Errorf("%+v", f.Warnings)
	}
}

func TestLadderErrors(t *testing.T) {
	set := func(row, col int, v string) func([][]string) [][]string {
		return func(rows [][]string) [][]string { rows[row][col] = v; return rows }
	}
	all := func(col int, v string) func([][]string) [][]string {
		return func(rows [][]string) [][]string {
			for i := range rows[1:] {
				rows[i+1][col] = v
			}
			return rows
		}
	}
	base := []string{"--pairs", "pairs", "--quality", "mismatch", "--score", "score", "--samples", "samples", "--seed", "seed", "--where", "content=full"}
	for name, c := range map[string]struct {
		edit func([][]string) [][]string
		args []string
		want string
	}{
		"no pairs":         {nil, []string{"--quality", "mismatch", "--score", "score"}, "--pairs: which column holds the number of distinct pairs? "},
		"missing column":   {nil, append(base, "--quality", "mismatches"), `has no column "mismatches"; did you mean "mismatch"?`},
		"text in pairs":    {set(3, 3, "many"), base, `row 4, column pairs: "many" is neither a number of pairs nor fresh`},
		"no pairs at all":  {set(3, 3, "0"), base, "row 4: 0 distinct pairs; their number is above 0"},
		"text in a score":  {set(3, 7, "good"), base, `row 4, column score: "good" is not a number`},
		"gap in a score":   {set(3, 7, ""), base, "give --missing drop"},
		"fresh of what":    {nil, []string{"--pairs", "pairs", "--quality", "mismatch", "--score", "score", "--where", "content=full"}, "give their number with --samples"},
		"words as quality": {nil, []string{"--pairs", "distinct", "--quality", "content", "--score", "score"}, "for words give their order from worst to best: --levels full,partial,class"},
		"unknown level":    {nil, []string{"--pairs", "distinct", "--quality", "content", "--levels", "class,full", "--score", "score"}, `"partial" is none of --levels class,full`},
		"one seed":         {all(6, "0"), append(base, "--where", "samples=50000"), "all 9 models have seed 0; an interval over seeds needs two or more"},
		"one size":         {nil, append(base, "--where", "pairs=64"), "all 12 models have 64 pairs; a surface needs two sizes or more"},
		"one quality":      {nil, append(base, "--where", "mismatch=0"), "models have 0; a surface needs two values or more"},
		"two of a kind":    {nil, []string{"--pairs", "pairs", "--quality", "mismatch", "--score", "score", "--samples", "samples", "--seed", "seed"}, "rows 2 and 5: two models of seed 0 with 64 pairs and mismatch 0; keep one kind"},
		"nothing left":     {nil, append(base, "--where", "content=none"), "no row has it; column content has full"},
		"a bad place":      {nil, append(base, "--at", "pairs=few"), `--at pairs=few: "few" is no number of pairs`},
		"no step up":       {nil, []string{"--pairs", "distinct", "--quality", "content", "--levels", "class,partial,full", "--where", "mismatch=0", "--score", "score", "--at", "quality=full"}, "there is no step up from full"},
		"a bad step":       {nil, append(base, "--step", "-1"), "--step -1"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"ladder", ladderTable(t, c.edit), "--out", filepath.Join(t.TempDir(), "run")}, c.args...)
			status, _, stderr := called(args...)
			if name == "one seed" { // all seeds became one: models of a rung are then of one seed
				if status != exitInput || !strings.Contains(stderr, "two models of seed 0") && !strings.Contains(stderr, c.want) {
					t.Errorf("exit %d: %s", status, stderr)
				}
				return
			}
			if status != exitInput || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d: %s\nwants %s", status, stderr, c.want)
			}
		})
	}
}

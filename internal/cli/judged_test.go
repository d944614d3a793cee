package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/stream"
	"probity/reports"
)

// judgedPictures writes references with ever noisier outputs and a table of ratings and of choices between neighbours.
func judgedPictures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := stream.Key{Seed: 4, Step: "test"}.Open()
	put := func(name string, m *raster.Image) {
		data, err := m.EncodePNG()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var ratings, pairs strings.Builder
	fmt.Fprintln(&ratings, "item,reference,output,distortion,mos,mos_se")
	fmt.Fprintln(&pairs, "reference,a,b,votes_b,votes")
	for r := range 8 {
		ref := raster.New(24, 24)
		for i := range ref.Pix {
			ref.Pix[i] = uint8(60 + s.IntN(120))
		}
		put(fmt.Sprintf("r%d.png", r), ref)
		for o := range 5 {
			out := raster.New(24, 24)
			for i, v := range ref.Pix {
				out.Pix[i] = uint8(max(0, min(255, int(v)+s.IntN(8*o+3)-4*o-1)))
			}
			put(fmt.Sprintf("r%d_%d.png", r, o), out)
			fmt.Fprintf(&ratings, "i%d_%d,r%d.png,r%d_%d.png,%s,%.2f,.2\n", r, o, r, r, o, []string{"even", "odd"}[o%2], 5-float64(o)+.3*s.Norm())
			if o > 0 {
				fmt.Fprintf(&pairs, "r%d.png,r%d_%d.png,r%d_%d.png,%d,5\n", r, r, o, r, o-1, 3+s.IntN(3))
			}
		}
	}
	for name, text := range map[string]string{"ratings.csv": ratings.String(), "pairs.csv": pairs.String(), "judged.toml": judgedExperiment} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const judgedExperiment = `
probity = 1
name = "judged"
[[metric]]
kind = "mse"
[[metric]]
kind = "ssim"
[[human]]
dataset = "judged-table"
name = "ratings"
path = "ratings.csv"
human = "mos"
se = "mos_se"
noun = "photograph"
[[human]]
dataset = "judged-table"
name = "pairs"
path = "pairs.csv"
kind = "pair"
[figures]
formats = ["svg"]
`

// An experiment of judgements alone leaves a whole run, the same bytes whatever the workers, and nothing is scored twice.
func TestRunOfJudgements(t *testing.T) {
	dir := judgedPictures(t)
	file := filepath.Join(dir, "judged.toml")
	runs := []string{filepath.Join(dir, "one"), filepath.Join(dir, "three")}
	for i, out := range runs {
		if status, _, stderr := called("run", file, "--out", out, "--workers", fmt.Sprint(1+2*i)); status != exitDone || !strings.Contains(stderr, "On ratings, ") {
			t.Fatalf("exit %d: %s", status, stderr)
		}
	}
	for _, name := range []string{"findings.json", "report.html", "judgements-ratings.csv", "judgements-pairs.csv", "figures/agreement-ratings.svg", "figures/agreement-pairs.svg", "figures/agreement-disagreement-ratings.svg", "tables/agreement-krasula-ratings.csv"} {
		a, err := os.ReadFile(filepath.Join(runs[0], name))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(filepath.Join(runs[1], name))
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs between 1 worker and 3", name)
		}
	}
	if status, _, stderr := called("run", file, "--out", runs[0]); status != exitDone || !strings.Contains(stderr, "the report is up to date") || !strings.Contains(stderr, "were there already") {
		t.Errorf("the second run: exit %d: %s", status, stderr)
	}
	// What it wrote can be compared by hand, to the same numbers.
	d, err := reports.ReadDocument(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	e := agreed(t, filepath.Join(runs[0], "judgements-ratings.csv"), "--human", "rating", "--se", "se", "--metric", "mse,ssim", "--by", "source", "--distortion", "distortion", "--item", "item")
	for _, q := range []reports.Quantity{reports.SpearmanHuman, reports.KendallHuman, reports.PearsonFitted} {
		for _, m := range []string{"mse", "ssim"} {
			if x, y := value(t, d, q, m), value(t, e, q, m); x != y {
				t.Errorf("%s of %s: %v in the run, %v from its table", q, m, x, y)
			}
		}
	}
	again := filepath.Join(dir, "again")
	if status, _, stderr := called("report", runs[0], "--only", "agreement", "--format", "svg", "--out", again); status != exitDone {
		t.Error(stderr)
	}
	if status, out, stderr := called("validate", file); status != exitDone || !strings.Contains(out, "judgements") {
		t.Errorf("validate: exit %d: %s%s", status, out, stderr)
	}
}

// Mistakes in judgements are the user's, and say which section, file and row.
func TestRunOfJudgementsMistakes(t *testing.T) {
	dir := judgedPictures(t)
	for _, c := range []struct{ old, new, want string }{
		{`path = "ratings.csv"`, `path = "rating.csv"`, "[[human]] ratings: reading the table"},
		{`human = "mos"`, `human = "mso"`, `human: ` + filepath.Join(dir, "ratings.csv") + ` has no column "mso"; did you mean "mos"?`},
		{`se = "mos_se"`, `se = "item"`, `row 2, column item: "i0_0" is not a number`},
		{`noun = "photograph"`, `colour = "red"`, `unknown key "colour"`},
		{`kind = "pair"`, `kind = "paar"`, `did you mean "pair"?`},
		{"[[human]]", "[images]\ndataset = \"judged-table\"\npath = \"ratings.csv\"\n[[human]]", "brings judgements only: write it as a [[human]] section"},
	} {
		file := filepath.Join(dir, "bad.toml")
		if err := os.WriteFile(file, []byte(strings.Replace(judgedExperiment, c.old, c.new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		if status, _, stderr := called("run", file, "--out", filepath.Join(dir, "bad")); status != exitInput || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q, want %q", c.new, status, stderr, c.want)
		}
	}
}

// Edits and judgements in one experiment make one report.
func TestRunOfEditsAndJudgements(t *testing.T) {
	dir := judgedPictures(t)
	file := filepath.Join(dir, "both.toml")
	text := strings.Replace(judgedExperiment, "[[metric]]", "[images]\ndataset = \"scenes\"\ncount = 24\nlimit = 4\nsize = 32\n[[perturb]]\nkind = \"gaussian-noise\"\nseverity = [4, 16]\n[[perturb]]\nkind = \"shift\"\nrole = \"null\"\nseverity = 1\ndraws = 8\n[[finding]]\nkind = \"detection\"\n[[metric]]", 1)
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "both")
	if status, _, stderr := called("run", file, "--out", out, "--quiet"); status != exitDone {
		t.Fatal(stderr)
	}
	d, err := reports.ReadDocument(out)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, f := range d.Findings {
		kinds = append(kinds, f.Kind)
	}
	if got := strings.Join(kinds, " "); got != "detection agreement agreement-within agreement-krasula agreement-range agreement-disagreement" {
		t.Errorf("findings are %s", got)
	}
	if !strings.Contains(d.Answer, "gaussian-noise") || !strings.Contains(d.Answer, "On ratings, ") {
		t.Error(d.Answer)
	}
}

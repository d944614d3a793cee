package human_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"probity/internal/cli"
	"probity/internal/sharedtest"
	"probity/internal/stream"
)

// document is what these tests read of findings.json.
type document struct {
	Answer, Question string
	Findings         []struct {
		Kind, Answer string
		Estimates    []struct {
			Quantity, Metric string
			At               string
			Set              string `json:"dataset"`
			Value            float64
			Low, High        *float64
			N                int
		}
		Contrasts []struct {
			Name, Quantity, Words string
			Value, Low, High      float64
			Holm                  float64 `json:"p_holm"`
		}
		Warnings []struct{ Code, Detail string }
	}
}

var update = flag.Bool("update", false, "write results.md anew")

func call(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := cli.Main(context.Background(), args, &out, &errs); status != 0 {
		t.Fatalf("probity %s: exit %d: %s", strings.Join(args, " "), status, errs.String())
	}
	return errs.String()
}

// run runs an experiment of this folder on data elsewhere, with few resamples.
func run(t *testing.T, name, path string, set ...string) (string, *document) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	args := []string{"run", name + ".toml", "--quiet", "--out", out, "--set", fmt.Sprintf("human.0.path=%q", path), "--set", `figures.formats=["svg"]`}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	call(t, args...)
	return out, findings(t, out)
}

func findings(t *testing.T, dir string) *document {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "findings.json"))
	d := new(document)
	if err == nil {
		err = json.Unmarshal(data, d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func shared(t *testing.T, path string) string {
	t.Helper()
	dir, err := filepath.Abs(sharedtest.Dir(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Every finding of an experiment and of the same table given to `probity agree` has the same estimates, intervals and warnings:
// agreement overall and within groups (with Simpson's paradox planted), by part of the scale, pairs, raters and disagreements; and
// of choices too.
func TestBothWaysIn(t *testing.T) {
	dir := t.TempDir()
	draw := stream.Key{Seed: 7, Step: "both ways in"}.Open()
	ratings, pairs := "item,source,distortion,ann,bob,eve,m,k\n", "item,source,distortion,votes_b,votes,m_a,m_b,k_a,k_b\n"
	for s := range 22 {
		for i := range 6 {
			group := float64(i % 2)
			q := 2*group + draw.Norm()
			// m rises with quality between the groups and falls within them.
			m, k := 4*group-q+.2*draw.Norm(), q+draw.Norm()
			ratings += fmt.Sprintf("i%d_%d,s%d,%c,%.3f,%.3f,%.3f,%.4f,%.4f\n", s, i, s, 'a'+rune(i%2), q+.3*draw.Norm(), q+.3*draw.Norm(), q+.3*draw.Norm(), m, k)
			pairs += fmt.Sprintf("i%d_%d,s%d,%c,%d,5,%.4f,%.4f,%.4f,%.4f\n", s, i, s, 'a'+rune(i%2), draw.IntN(6), draw.Norm(), draw.Norm(), draw.Norm(), q)
		}
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, text, section string
		flags, kinds        []string
	}{
		{"rated", ratings, `raters = ["ann", "bob", "eve"]`, []string{"--raters", "ann,bob,eve"}, []string{"agreement", "agreement-within", "agreement-krasula", "agreement-range", "agreement-raters", "agreement-disagreement"}},
		{"chosen", pairs, `kind = "pair"`, []string{"--kind", "pair", "--human", "votes_b", "--votes", "votes"}, []string{"agreement", "agreement-disagreement"}},
	} {
		table := write(c.name+".csv", c.text)
		experiment := write(c.name+".toml", "probity = 1\nname = \"both\"\nseed = 5\n[[human]]\ndataset = \"judged-table\"\nname = \""+c.name+"\"\npath = \""+c.name+".csv\"\n"+c.section+"\nsimilarities = [\"m\", \"k\"]\n")
		one, two := filepath.Join(dir, c.name+"-run"), filepath.Join(dir, c.name+"-agree")
		call(t, "run", experiment, "--quiet", "--out", one, "--set", `figures.formats=["svg"]`)
		call(t, append([]string{"agree", table, "--quiet", "--metric", "m:similarity,k:similarity", "--by", "source", "--distortion", "distortion", "--item", "item", "--seed", "5", "--out", two, "--format", "svg"}, c.flags...)...)
		a, b := findings(t, one), findings(t, two)
		if len(a.Findings) != len(b.Findings) {
			t.Errorf("%s: %d findings from the experiment, %d from the table", c.name, len(a.Findings), len(b.Findings))
			continue
		}
		kinds := map[string]bool{}
		simpson := false
		for i := range a.Findings {
			x, y := a.Findings[i], b.Findings[i]
			kinds[x.Kind] = true
			for _, w := range x.Warnings {
				simpson = simpson || w.Code == "simpson"
			}
			if x.Kind != y.Kind || len(x.Estimates) == 0 || !reflect.DeepEqual(x.Estimates, y.Estimates) || !reflect.DeepEqual(x.Warnings, y.Warnings) {
				t.Errorf("%s: %s from the experiment:\n%+v %v\n%s from the table:\n%+v %v", c.name, x.Kind, x.Estimates, x.Warnings, y.Kind, y.Estimates, y.Warnings)
			}
		}
		for _, kind := range c.kinds {
			if !kinds[kind] {
				t.Errorf("%s: no %s", c.name, kind)
			}
		}
		if c.name == "rated" && !simpson {
			t.Error("no warning of the sign that turns within groups")
		}
	}
}

// Each data set's distances are compared with people on their own, on data of which the correlation is known.
func TestFDHuman(t *testing.T) {
	dir := shared(t, "data/fd-human")
	scores := filepath.Join(t.TempDir(), "distances.csv")
	text := "item,fd\n"
	for _, set := range []string{"cifar10", "ffhq256", "imagenet256", "lsun256"} {
		data, err := os.ReadFile(filepath.Join(dir, set+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		// The distance falls as the error rate of the generator's first participant grows: known, and not perfect.
		seen := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^participant_\w+,([^,]+),[\d.]+,([\d.]+),`).FindAllStringSubmatch(string(data), -1) {
			if !seen[m[1]] {
				seen[m[1]] = true
				text += set + "/" + m[1] + ",-" + m[2] + "\n"
			}
		}
	}
	if err := os.WriteFile(scores, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	var set []string
	for i := range 4 {
		set = append(set, fmt.Sprintf("human.%d.path=%q", i, dir), fmt.Sprintf("human.%d.scores=%q", i, scores))
	}
	_, d := run(t, "fd-human", dir, set...)
	// scipy 1.17.1: spearmanr of each generator's mean error rate with its first participant's.
	want := map[int]float64{13: fdWant[0], 9: fdWant[1], 11: fdWant[2], 8: fdWant[3]}
	found := 0
	for _, e := range d.Findings[0].Estimates {
		if e.Quantity == "Spearman" && e.Metric == "fd" {
			found++
			if math.Abs(math.Abs(e.Value)-want[e.N]) > 1e-9 {
				t.Errorf("Spearman of %d generators is %v, want %v", e.N, e.Value, want[e.N])
			}
		}
	}
	if found != 4 {
		t.Errorf("%d of 4 data sets compared: %s", found, d.Answer)
	}
}

// cifar10, ffhq256, imagenet256, lsun256.
var fdWant = [4]float64{0.7087912087912087, 0.5085476277156078, 0.15489789617658978, 0.4523809523809524}

// What the quick experiments say of the authors' data stands in results.md, number by number.
func TestResults(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What the experiments on human judgements say\n\nWritten by `go test ./experiments/human -run TestResults -update` from the data that the authors publish. Intervals are 95 %,\nover what n counts. These are findings on these editors, pictures, networks and raters.\n")
	for _, e := range []struct{ name, data string }{{"imagenhub-text", "data/imagenhub"}, {"imagenhub-subject", "data/imagenhub"}, {"cue-conflict", "data/cue-conflict"}} {
		_, d := run(t, e.name, shared(t, e.data))
		fmt.Fprintf(&b, "\n## [%s](%s.toml)\n\n%s\n\n", e.name, e.name, d.Question)
		told := map[string]bool{}
		for _, f := range d.Findings {
			fmt.Fprintf(&b, "- **%s.** %s\n", f.Kind, f.Answer)
			if f.Kind == "agreement" {
				for _, x := range f.Estimates {
					if x.Low != nil && (x.Quantity == "Spearman" || x.Quantity == "Spearman, raters random" || x.Quantity == "2AFC agreement") {
						fmt.Fprintf(&b, "  - %s, %s: %.2f [%.2f, %.2f] (n = %d)\n", x.Quantity, x.Metric, x.Value, *x.Low, *x.High, x.N)
					}
				}
				for _, c := range f.Contrasts {
					fmt.Fprintf(&b, "  - %s, difference in %s: %.2f [%.2f, %.2f], Holm's p %.2g\n", c.Name, c.Quantity, c.Value, c.Low, c.High, c.Holm)
				}
			}
		}
		for _, f := range d.Findings {
			for _, w := range f.Warnings {
				if !told[w.Detail] {
					told[w.Detail] = true
					fmt.Fprintf(&b, "- *%s*: %s\n", w.Code, w.Detail)
				}
			}
		}
	}
	if *update {
		if err := os.WriteFile("results.md", []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("results.md")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("results.md is not what the experiments say: go test ./experiments/human -run TestResults -update\n%s", b.String())
	}
}

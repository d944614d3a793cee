package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/reports"
)

// responsesTable writes responses of a 2 x 2 x 2 design, pooled and by region, in which labels that tell all add .2 and nothing else
// does anything.
func responsesTable(t *testing.T, first, seeds int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("metric,kind,group,model,family,training,labels,seed,pooling,mark,response,null")
	for i := range 24 {
		fmt.Fprintf(&b, ",scene-%02d", i)
	}
	b.WriteByte('\n')
	for seed := first; seed < first+seeds; seed++ {
		for _, family := range []string{"cnn", "vit"} {
			for _, labels := range []string{"class", "all"} {
				for _, training := range []string{"classes", "contrastive"} {
					name := fmt.Sprintf("%s-%s-%s-s%d", family, labels, training, seed)
					s := stream.Key{Seed: 11, Source: name}.Open()
					for _, pool := range []string{"pooled", "top5%"} {
						fmt.Fprintf(&b, "%s %s,cosine,learned,%s,%s,%s,%s,%d,%s,,colour,shift", pool, name, name, family, training, labels, seed, pool)
						for range 24 {
							v := .6 + .02*s.Norm()
							if labels == "all" {
								v += .2
							}
							fmt.Fprintf(&b, ",%.4f", v)
						}
						b.WriteByte('\n')
					}
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("seeds-%d.csv", first))
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDecomposeJoinsTables(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	status, _, stderr := called("decompose", "--quiet", "--format", "svg", "--noun", "rendered scene", "--out", dir, responsesTable(t, 0, 3), responsesTable(t, 3, 2))
	if status != exitDone {
		t.Fatalf("exit %d: %s", status, stderr)
	}
	d, err := reports.ReadDocument(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range d.Findings[0].Estimates {
		if e.Quantity == reports.FactorEffect && e.Metric == "label content: all − class" && e.At == "" {
			found = true
			if e.N != 40 || e.Sources != 24 || !(float64(e.Low) < .2 && .2 < float64(e.High)) || float64(e.High-e.Low) > .05 {
				t.Errorf("%+v, planted .2", e)
			}
		}
	}
	if !found || !strings.Contains(d.Answer, "these 40 models: colour: label content 100 %") {
		t.Error(d.Answer)
	}
	for _, f := range []string{"report.html", "figures/decomposition-amid-shift.svg", "tables/decomposition-responses-amid-shift.csv", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
	if status, _, stderr := called("report", dir, "--format", "svg", "--quiet"); status != exitDone {
		t.Errorf("drawing it again: %s", stderr)
	}
}

func TestDecomposeErrors(t *testing.T) {
	one := responsesTable(t, 0, 2)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no table":         {nil, "wants tables of responses"},
		"no such file":     {[]string{"nowhere.csv"}, "nowhere.csv"},
		"the same twice":   {[]string{one, one}, "leave out one of the two"},
		"nothing left":     {[]string{one, "--where", "null=scene-nuisance"}, "no row has it; column null has shift"},
		"another format":   {[]string{one, "--format", "gif"}, `--format "gif": wants pdf, svg or png`},
		"another table":    {[]string{ladderTable(t, nil)}, `has no column "metric"; a table of responses has metric, kind, group`},
		"too few draws":    {[]string{one, "--resamples", "20"}, "--resamples 20: at least 200"},
		"a misspelt where": {[]string{one, "--where", "sed=1"}, `has no column "sed"; did you mean "seed"?`},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, stderr := called(append([]string{"decompose", "--out", filepath.Join(t.TempDir(), "run")}, c.args...)...)
			if status != exitInput || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, want %q: %s", status, c.want, stderr)
			}
		})
	}
	// One seed is no design: the report says so and is there.
	status, out, stderr := called("decompose", "--format", "svg", "--out", filepath.Join(t.TempDir(), "run"), one, "--where", "seed=1")
	if status != exitDone || !strings.Contains(stderr+out, "two are needed") {
		t.Errorf("one seed: exit %d: %s%s", status, out, stderr)
	}
}

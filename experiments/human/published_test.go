package human_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The experiments of this folder give, to every printed digit, what the data's and metrics' authors publish.
func TestPublished(t *testing.T) {
	type number struct {
		quantity, metric, at string
		value                float64
		digits               int
	}
	three := func(metric string, plcc, srocc, krocc float64) []number {
		return []number{{"Pearson", metric, "", plcc, 3}, {"Spearman", metric, "", srocc, 3}, {"Kendall tau-b", metric, "", krocc, 3}}
	}
	four := func(metric string, srocc, krocc float64) []number {
		return []number{{"Spearman", metric, "", srocc, 4}, {"Kendall tau-b", metric, "", krocc, 4}}
	}
	join := func(list ...[]number) (out []number) {
		for _, l := range list {
			out = append(out, l...)
		}
		return out
	}
	for _, e := range []struct {
		name, data string
		set        []string
		want       []number
	}{
		{"tid2013-vqmt", "data/iqa-scores/tid2013/TID2013.VQMT.csv", nil, join(three("DSSIM", -.773, -.861, -.678), three("SSIMULACRA", -.663, -.673, -.485), three("Butteraugli", -.648, -.760, -.572))},
		{"csiq-vqmt", "data/iqa-scores/csiq/csiq.VQMT.csv", nil, join(three("DSSIM", .803, .946, .793), three("SSIMULACRA", .793, .848, .644), three("Butteraugli", .767, .902, .722))},
		{"tid2013", "data/iqa-scores/tid2013", nil, join(four("psnr", .6869, .4958), four("psnr_ha", .8187, .6433), four("psnr_hvs", .6536, .5077), four("psnr_hvsm", .6246, .4818))},
		{"material", "data/material-similarity", []string{`metric=[{kind="mse"}]`}, []number{{"ceiling", "people", "votes won", .8381, 4}, {"majority chosen", "mse", "", .6749, 4}}},
	} {
		t.Run(e.name, func(t *testing.T) {
			path := shared(t, filepath.Dir(e.data))
			path = filepath.Join(path, filepath.Base(e.data))
			// One kind of finding is enough for the digits.
			_, d := run(t, e.name, path, append(e.set, `finding=[{kind="agreement"}]`)...)
			for _, n := range e.want {
				found := false
				for _, x := range d.Findings[0].Estimates {
					if x.Quantity == n.quantity && x.Metric == n.metric && x.At == n.at {
						found = true
						if p := math.Pow(10, float64(n.digits)); math.Round(x.Value*p) != math.Round(n.value*p) {
							t.Errorf("%s of %s is %.6f, published %v", n.quantity, n.metric, x.Value, n.value)
						}
					}
				}
				if !found {
					t.Errorf("no %s of %s: %s", n.quantity, n.metric, d.Answer)
				}
			}
		})
	}
}

// What is published of raters and of people's choices stands in the notes of the experiments: ImagenHub's editor scores and kappas, and
// the shape bias of people and networks.
func TestPublishedNotes(t *testing.T) {
	for _, e := range []struct {
		name, data string
		want       []string
	}{
		{"imagenhub-text", "data/imagenhub", []string{"InstructPix2Pix 0.28, 0.70, 0.27 (0.60)", "MagicBrush 0.51, 0.65, 0.47 (0.50)"}},
		{"cue-conflict", "data/cue-conflict", []string{"people 95.87 %", "alexnet 42.94 %", "googlenet 31.19 %", "vgg 17.22 %"}},
	} {
		_, d := run(t, e.name, shared(t, e.data), `finding=[{kind="agreement"}]`)
		var notes strings.Builder
		for _, w := range d.Findings[0].Warnings {
			notes.WriteString(w.Detail + "\n")
		}
		for _, want := range e.want {
			if !strings.Contains(notes.String(), want) {
				t.Errorf("%s does not say %q:\n%s", e.name, want, notes.String())
			}
		}
	}
}

// The authors' Frechet distances are in their paper and not beside the error rates; where a table of them is there, Spearman's
// correlations are theirs.
func TestFDHumanPublished(t *testing.T) {
	dir := shared(t, "data/fd-human")
	if _, err := os.Stat(filepath.Join(dir, "distances.csv")); err != nil {
		t.Skip("no distances.csv with the columns item (cifar10/ACGAN) and fd, for 41 generators: the authors print the distances in their paper's tables")
	}
	var set []string
	for i := range 4 {
		set = append(set, fmt.Sprintf("human.%d.path=%q", i, dir), fmt.Sprintf("human.%d.scores=%q", i, filepath.Join(dir, "distances.csv")))
	}
	_, d := run(t, "fd-human", dir, set...)
	want := map[string]float64{"cifar10": .971, "ffhq256": .836, "imagenet256": .976, "lsun256": .383}
	for _, x := range d.Findings[0].Estimates {
		if w, ok := want[x.Set]; ok && x.Quantity == "Spearman" {
			if math.Round(1000*math.Abs(x.Value)) != math.Round(1000*w) {
				t.Errorf("%s: %.4f, published %v", x.Set, x.Value, w)
			}
			delete(want, x.Set)
		}
	}
	if len(want) > 0 {
		t.Errorf("nothing said of %v", want)
	}
}

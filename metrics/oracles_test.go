package metrics_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"probity/internal/trial"
)

var update = flag.Bool("update", false, "write docs/metrics.md anew")

const page = "../docs/metrics.md"

// TestOracles holds the metrics to their oracles and then compares docs/metrics.md with the registries and goldens. The
// column of deviations, which depends on the processor in its last digits, is not compared.
// `go test ./metrics -run TestOracles -update` writes the page; it wants the real pictures.
func TestOracles(t *testing.T) {
	ok := true
	for name, f := range map[string]func(*testing.T){"pictures": pictures, "conversions": colourConversions, "features": seededFeatures, "sets": seededSets} {
		ok = t.Run(name, f) && ok
	}
	ok = t.Run("real pictures", func(t *testing.T) {
		if *update {
			t.Setenv("PROBITY_REQUIRE_SHARED", "1")
		}
		realPictures(t)
	}) && ok
	if !ok {
		t.Fatal("no page is written of numbers that are wrong")
	}
	fresh := pageText(t)
	if *update {
		if err := os.WriteFile(page, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	deviation := regexp.MustCompile(`\| [0-9.e+-]+ \|( 1e-\d+ \|)`)
	blank := func(s string) string {
		return deviation.ReplaceAllString(strings.ReplaceAll(s, "\r\n", "\n"), "| |$1")
	}
	if blank(string(data)) != blank(fresh) {
		t.Errorf("%s is not what the registries and goldens say: go test ./metrics -run TestOracles -update", page)
	}
}

func pageText(t *testing.T) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("<!-- Written by `go test ./metrics -run TestOracles -update`. -->")
	say("# The metrics\n")
	say("What each of them is, and how far it lies from the program that researchers know it by. Formulas, papers, parameters and known traps are in")
	say("[the experiment file's reference](experiment-file.md#metrics); what a score costs is in [metrics-cost.md](metrics-cost.md).\n")
	say("A metric needs no model to be tested: it is fed tensors. That a model's features are right is the zoo's business, and tested there.\n")
	say("## On a pair or a triplet\n")
	say("| metric | what it is | larger means | range | unit | d(a, b) = d(b, a) | sizes may differ |")
	say("|---|---|---|---|---|---|---|")
	yes := map[bool]string{true: "yes", false: ""}
	for _, name := range trial.Metrics.Names() {
		e, info, err := trial.Metrics.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		say("| [%s](experiment-file.md#%s) | %s | %s | %s | %s | %s | %s |", name, name, info.Doc, means(e.Direction), between(e.Low, e.High), e.Unit, yes[e.Symmetric], yes[e.AnySize])
	}
	say("\n## On two sets, or one\n")
	say("| metric | what it is | larger means | range | sets |")
	say("|---|---|---|---|---|")
	for _, name := range trial.SetMetrics.Names() {
		e, info, err := trial.SetMetrics.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		sets := "2"
		if e.Single {
			sets = "1"
		}
		say("| [%s](experiment-file.md#%s) | %s | %s | %s | %s |", name, name, info.Doc, means(e.Direction), between(e.Low, e.High), sets)
	}
	say("\n## Against their oracles\n")
	say("The largest deviation over all cases, relative to the oracle's value, and what the tests allow. The oracles' values are in `testdata/metrics`, written by `goldens.py` there;")
	say("pictures are two pairs of our own (one with odd sides), the LPIPS repository's example and six pairs of TID2013, features and sets are seeded noise. Where the reference")
	say("is a formula and no package, the oracle is the formula in numpy, scipy or torch.\n")
	say("| metric | oracle | largest deviation | allowed |")
	say("|---|---|---|---|")
	list := slices.SortedFunc(maps.Values(agreements), func(a, b *agreement) int {
		return cmp.Or(cmp.Compare(a.metric, b.metric), cmp.Compare(a.oracle, b.oracle))
	})
	for _, a := range list {
		say("| %s | %s | %.1e | %.0e |", a.metric, a.oracle, a.worst, tenUp(a.tolerance))
	}
	say("\nRemarks. `ssim piq` is piq's SSIM of luma without its downsampling. `ciede2000 formula` is colour-science's CIEDE2000 on the same Lab values; with its own conversion from sRGB,")
	say("whose matrix and white point have other digits, it is `ciede2000 own conversion`. `frechet` against numpy is with fewer members than features, where scipy's square root of a matrix is")
	say("not exact; there the oracle is the nuclear norm by singular values. `open` balls count no point on their surface. torch-fidelity averages precision and recall in single precision.")
	say("LPIPS and DISTS are the packages' own code fed with tensors in place of a network's. At the size of a published FID, 3,000 and 2,600 members with 2,048 features, the distance is 2e-13 off")
	say("torch-fidelity's form in double precision, and with 1,000 and 1,200 members 3e-14 off the nuclear norm.\n")
	say("## From the file to the score\n")
	say("LPIPS and DISTS on their real architectures with seeded random weights and the packages' own linear heads, preprocessing and network included. The rest is single precision in the networks.")
	say("Made by `testdata/metrics/architectures.py FOLDER` and `PROBITY_FULL=FOLDER go test ./metrics -run Architectures -v` (torch 2.15, ONNX Runtime 1.24.1, x86-64):\n")
	say("| metric | oracle | largest relative deviation |")
	say("|---|---|---|")
	for _, r := range [][3]string{{"lpips-alex", "lpips 0.1.4", "1.0e-07"}, {"lpips-vgg", "lpips 0.1.4", "6.1e-08"}, {"lpips-squeeze", "lpips 0.1.4", "2.8e-07"}, {"dists", "DISTS_pytorch 0.1, double precision", "9.9e-08"}} {
		say("| %s | %s | %s |", r[0], r[1], r[2])
	}
	say("\n## Intervals of set metrics\n")
	say("How often a nominal 95 %% interval held the mean score of sets of its size: 300 pairs of samples, normal in 4 dimensions with unequal means and spreads, N members each.")
	say("The means and spreads make KID's cubic kernel heavy-tailed, which is its worst case: its interval then lies too low more often than too high.\n")
	say("| set metric | N = 30 | 60 | 200 |")
	say("|---|---|---|---|")
	for _, r := range []string{"frechet | 96 %% | 95 %% | 95 %%", "kid | 88 %% | 87 %% | 93 %%", "cmmd | 95 %% | 92 %% | 94 %%", "precision | 99 %% | 99 %% | 98 %%", "density | 97 %% | 98 %% | 99 %%",
		"coverage | 97 %% | 94 %% | 93 %%", "vendi | 98 %% | 98 %% | 94 %%"} {
		say("| " + r + " |")
	}
	say("\n## TID2013's six pairs\n")
	say("The pairs of the micro set, their mean opinion scores, and the classical metrics.\n")
	labels := []string{"psnr", "ssim", "ms-ssim", "gmsd", "vifp", "ciede2000", "gradient", "histogram"}
	say("| output | MOS | %s |", strings.Join(labels, " | "))
	say("|---|---|%s", strings.Repeat("---|", len(labels)))
	for _, p := range read[[]pairGolden](t, "pairs.json") {
		if p.MOS == 0 {
			continue
		}
		row := fmt.Sprintf("| %s | %.2f |", p.Output[strings.LastIndex(p.Output, "/")+1:], p.MOS)
		for _, l := range labels {
			row += fmt.Sprintf(" %.4f |", p.Scores[l].Value)
		}
		say("%s", row)
	}
	return b.String()
}

func means(d trial.Direction) string {
	if d == trial.Distance {
		return "more different"
	}
	return "more alike, or better"
}

func between(lo, hi float64) string {
	side := func(v float64) string {
		switch {
		case math.IsInf(v, 1):
			return "inf"
		case math.IsInf(v, -1):
			return "-inf"
		}
		return fmt.Sprintf("%.4g", v)
	}
	return side(lo) + " to " + side(hi)
}

// tenUp is the power of ten at or above v, so that the page shows one digit.
func tenUp(v float64) float64 { return math.Pow(10, math.Ceil(math.Log10(v)-1e-9)) }

package reports_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"probity/internal/trial"
	"probity/reports"
)

// jointSpaces are two cells of three seeds, trained and not, with numbers chosen by hand.
func jointSpaces() []trial.Space {
	var out []trial.Space
	for _, cell := range []string{"full", "untrained"} {
		for seed := range 3 {
			s := trial.Space{Label: cell + "-s" + string(rune('0'+seed)), Cell: cell, Model: cell + "-s" + string(rune('0'+seed)), Family: "cnn", Training: "contrastive", Seed: seed, N: 2000, D: 128, Train: 1000, Test: 1000}
			gap, score, selectivity := .1, .9, .5
			if cell == "untrained" {
				s.Training, gap, score, selectivity = "none", 1.2, .5, 0
			} else if seed == 0 {
				s.Mark = "under-trained: a mark"
			}
			d := .02 * float64(seed-1)
			row := func(q, side, form, gallery, basis, attribute string, k int, chance, v float64) {
				s.Rows = append(s.Rows, trial.SpaceRow{Quantity: q, Side: side, Form: form, Gallery: gallery, Basis: basis, Attribute: attribute, Components: k, Chance: chance,
					Value: v, Low: v - .01, High: v + .01, DF: 19, Level: .95, Method: "jackknife t over 20 groups, 19 df", N: 20})
			}
			const controlled, others = "a caption with one attribute wrong", "captions of other pictures"
			row("modality gap", "all pairs", "raw", "", "", "", 0, math.NaN(), gap+d)
			row("modality gap", "judged pairs", "centred", "", "", "", 0, math.NaN(), .01)
			row("effective rank", "images", "centred", "", "", "", 0, math.NaN(), 30+d)
			for _, form := range []string{"raw", "centred", "aligned"} {
				row("retrieval", "images to texts", form, controlled, "", "", 0, .5, score+d)
				row("retrieval", "images to texts", form, controlled, "", "shape", 0, .5, score+d)
				row("retrieval", "images to texts", form, others, "", "", 0, .1, score+d)
			}
			for _, g := range []string{controlled, others} {
				for _, k := range []int{1, 2, 4, 128} {
					row("retrieval by components", "images to texts", "centred", g, "both", "", k, .5, .5+(score-.5)*float64(min(k, 4))/4)
				}
				row("components for 95 %", "images to texts", "centred", g, "both", "", 0, .5, 4)
				if cell == "untrained" {
					s.Rows[len(s.Rows)-1].Value = math.NaN()
				}
			}
			for _, side := range []string{"images", "texts, reordered", "images to texts"} {
				for _, a := range []string{"shape", "colour"} {
					row("accuracy", side, "centred", "", "", a, 0, .1, .2+selectivity)
					row("control accuracy", side, "centred", "", "", a, 0, math.NaN(), .2)
					row("selectivity", side, "centred", "", "", a, 0, 0, selectivity+d)
				}
			}
			out = append(out, s)
		}
	}
	return out
}

func TestJointSpace(t *testing.T) {
	in := &reports.Input{Table: &trial.Table{Spaces: jointSpaces()}, Experiment: reports.Experiment{Name: "x", Findings: []reports.Request{{Kind: "joint-space"}}}, Options: reports.Options{Formats: []string{"svg"}}}
	dir := t.TempDir()
	res, err := reports.Write(t.Context(), in, dir)
	if err != nil {
		t.Fatal(err)
	}
	f := res.Findings[0]
	find := func(metric, quantity, at, attribute string) *reports.Estimate {
		for i := range f.Estimates {
			if e := &f.Estimates[i]; e.Metric == metric && string(e.Quantity) == quantity && e.At == at && e.Perturb == attribute {
				return e
			}
		}
		t.Fatalf("there is no %s of %s at %q", quantity, metric, at)
		return nil
	}
	// t over seeds: sd .02, so half a width of t(.975, 2) .02 / sqrt(3).
	e := find("full", "selectivity", "images to texts, centred", "shape")
	half := 4.302652729696142 * .02 / math.Sqrt(3)
	if math.Abs(float64(e.Value)-.5) > 1e-12 || math.Abs(float64(e.High-e.Value)-half) > 1e-9 || e.N != 3 || e.DF != 2 || !strings.HasPrefix(e.Method, "t over seeds") {
		t.Errorf("selectivity over seeds is %+v, want .5 and a half width of %v", e, half)
	}
	e = find("full", "selectivity", "difference from untrained, images to texts, centred", "shape") // the seeds' parts cancel
	if math.Abs(float64(e.Value)-.5) > 1e-12 || float64(e.High-e.Low) > 1e-9 || e.Null != "untrained" {
		t.Errorf("the difference from untrained towers, paired by seed, is %+v", e)
	}
	if e = find("full-s2", "components for 95 %", "images to texts, centred, a caption with one attribute wrong, components of both", ""); e.Value != 4 || e.N != 20 {
		t.Errorf("a single model's number of components is %+v", e)
	}
	for _, want := range []string{"In full images and texts lie .10 [.05, .15] apart", "nearer to its caption than to the same with one attribute wrong in .90 [.85, .95] of the cases before", "(chance .50)",
		"4.00 [4.00, 4.00] of 128 principal components", "shape (accuracy .70, selectivity .50 [.45, .55])", "Of untrained towers (untrained): none of shape, colour."} {
		if !strings.Contains(f.Answer, want) {
			t.Errorf("the answer lacks %q: %s", want, f.Answer)
		}
	}
	if f.Scope != "6 pairs of towers, 2,000 pairs of a picture and a caption" {
		t.Errorf("scope: %s", f.Scope)
	}
	if !slices.ContainsFunc(f.Warnings, func(w reports.Warning) bool {
		return w.Code == "mark" && strings.Contains(w.Detail, "under-trained: a mark")
	}) {
		t.Errorf("the mark of a model is lost: %+v", f.Warnings)
	}
	for _, name := range []string{"figures/joint-space-centring-controlled.svg", "figures/joint-space-condensation-random.svg", "figures/joint-space-probes-full.svg", "tables/joint-space.md", "tables/joint-space-probes.md", "tables/joint-space-training.md", "report.html"} {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Errorf("%v", err)
		}
	}
	in.Table = &trial.Table{Spaces: []trial.Space{jointSpaces()[0]}} // one model: intervals over pictures
	if res, err = reports.Write(t.Context(), in, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	f = res.Findings[0]
	if e = find("full", "modality gap", "all pairs, raw", ""); e.N != 20 || math.Abs(float64(e.High-e.Low)-.02) > 1e-12 {
		t.Errorf("of one model the gap is %+v", e)
	}
	in.Table = nil
	if _, err := reports.Findings(t.Context(), in); err == nil {
		t.Error("a finding on joint spaces without any gives no error")
	}
}

package reports_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"probity/internal/trial"
	"probity/reports"
)

func TestLocalityTellsLocalFromClass(t *testing.T) {
	d := standard()
	f := compute(t, d.input("locality"))[0]
	for _, m := range d.metrics {
		for _, e := range pick(f, reports.ClassRank, m.label) {
			want := .5 * math.Erfc(-4./2) // the class swap lies 4 above the swap within the class, with unit noise
			if math.Abs(float64(e.Value)-want) > .02 {
				t.Errorf("%s: %v, want %.3f", m.label, e.Value, want)
			}
		}
		if len(pick(f, reports.AWithin, m.label)) != 1 {
			t.Errorf("%s: not one local edit", m.label)
		}
	}
	d.classes = false
	if f = compute(t, d.input("locality"))[0]; len(f.Estimates) > 0 || len(f.Refused) == 0 {
		t.Error("a place between local and class without classes")
	}
}

func TestMetricsThatOrderAlikeCorrelate(t *testing.T) {
	d := standard()
	d.level = 30 // differences between sources must not pass for agreement
	d.metrics = append(d.metrics, d.metrics[3])
	d.metrics[3].gain, d.metrics[5].gain, d.metrics[5].label = 30, 30, "copy"
	d.metrics[0].gain = 0
	f := compute(t, d.input("metric-correlation"))[0]
	for _, e := range f.Estimates {
		switch {
		case e.Metric == "copy" && e.Null == "patch-cosine(cnn-a)":
			if e.Value < .93 {
				t.Errorf("a metric and its copy: %v", e.Value)
			}
		case e.Metric == "copy" && e.Null == "ssim":
			if math.Abs(float64(e.Value)) > .1 || !(e.Low < 0 && 0 < e.High) {
				t.Errorf("noise and a metric: %v [%v, %v]", e.Value, e.Low, e.High)
			}
		}
	}
	if len(f.Estimates) != 15 {
		t.Errorf("%d pairs, want 15", len(f.Estimates))
	}
}

func TestCompare(t *testing.T) {
	write := func(seed uint64, gain float64) *reports.Document {
		d := standard()
		d.seed, d.metrics[3].gain, d.areas = seed, gain, []float64{.04}
		in := d.input("detection")
		in.Options.Formats = []string{"svg"}
		dir := t.TempDir()
		if _, err := reports.Write(context.Background(), in, dir); err != nil {
			t.Fatal(err)
		}
		doc, err := reports.ReadDocument(dir)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	one, two := write(1, 3), write(2, 1)
	for _, c := range reports.Compare(one, one).Changes {
		if c.Value != 0 && !math.IsNaN(c.Value) || c.Clear {
			t.Errorf("a run differs from itself: %+v", c)
		}
	}
	clear := map[string]int{}
	for _, c := range reports.Compare(one, two).Changes {
		if c.After.Quantity == reports.AWithin && c.After.Severity == 5 && c.Clear {
			clear[c.After.Metric]++
		}
	}
	if clear["patch-cosine(cnn-a)"] != 2 || len(clear) != 1 {
		t.Errorf("clear changes: %v, want those of the metric that lost its gain alone", clear)
	}
	if _, err := reports.ReadDocument(t.TempDir()); err == nil {
		t.Error("findings of an empty folder")
	}
}

func TestMetricsThatReadWordsAreNotRankedAmongNullsWithOtherWords(t *testing.T) {
	d := standard()
	d.metrics = append(d.metrics, synthetic{label: "directional(clip-a)", gain: 3, similarity: true, group: trial.Triplet, model: "clip-a"})
	for _, worded := range []bool{false, true} {
		in := d.input("detection", "salience", "sensitivity")
		for i := range in.Table.Stimuli {
			if s := &in.Table.Stimuli[i]; worded && (s.Role == trial.Edit || s.Role == trial.Crossed) {
				s.Instruction, s.TargetCaption = "make it red", "a red circle"
			}
		}
		for k, q := range []reports.Quantity{reports.AWithin, reports.Salience, reports.SwapPercentile} {
			f := compute(t, in)[k]
			if got := len(pick(f, q, "directional(clip-a)")) > 0; got == worded {
				t.Errorf("edits with words %v, %s: an estimate %v", worded, q, got)
			}
			if len(pick(f, q, "ssim")) == 0 {
				t.Errorf("%s of a metric that reads no words is missing", q)
			}
			said := false
			for _, r := range f.Refused {
				said = said || strings.Contains(r.What, "directional(clip-a)") && strings.Contains(r.Reason, "words")
			}
			if said != worded {
				t.Errorf("edits with words %v, %s: refused with a reason %v", worded, q, said)
			}
		}
	}
}

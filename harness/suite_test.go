package harness_test

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"

	_ "probity/datasets" // the suite itself
	"probity/harness"
	"probity/internal/raster"
	"probity/internal/trial"
)

// wordy is a model with two towers, each of which gives a direction that follows from its bytes: it knows all but a few words.
type wordy struct{ sampleEnv }

func (wordy) Load(string) (harness.Backbone, error) { return wordyBackbone{}, nil }

type wordyBackbone struct{ toyBackbone }

func directionOf(b []byte) *trial.Tensor {
	t := &trial.Tensor{Layout: trial.Pooled, Shape: []int{8}, Data: make([]float32, 8)}
	for k := range t.Data {
		h := fnv.New64a()
		h.Write([]byte{byte(k)})
		h.Write(b)
		t.Data[k] = float32(h.Sum64()%2001)/1000 - 1
	}
	return t
}

func (wordyBackbone) Features(_ context.Context, imgs []*raster.Image, outputs []string, _ bool) ([][]*trial.Tensor, error) {
	var out [][]*trial.Tensor
	for _, m := range imgs {
		var row []*trial.Tensor
		for range outputs {
			row = append(row, directionOf(m.Pix))
		}
		out = append(out, row)
	}
	return out, nil
}

func (wordyBackbone) Texts(_ context.Context, texts []string) ([]*trial.Tensor, error) {
	var out []*trial.Tensor
	for _, t := range texts {
		out = append(out, directionOf([]byte(t)))
	}
	return out, nil
}

func (wordyBackbone) Unknown(text string) []string {
	if strings.Contains(text, "written") {
		return []string{"written"}
	}
	return nil
}

// looking is a metric that multiplies what it looks at, or the mean level of a trial's pictures where it wants no features.
type looking struct{ needs []trial.Request }

func (m looking) Needs() []trial.Request { return m.needs }

func (m looking) Score(t *trial.Trial) (trial.Score, error) {
	if len(m.needs) == 0 {
		v := 0.
		for i, p := range t.Input.Pix {
			v += float64(i%7) * math.Abs(float64(p)-float64(t.Output.Pix[i]))
		}
		return trial.Score{Value: v}, nil
	}
	v := 0.
	for k := range t.Features[0].Data {
		p := 1.
		for _, f := range t.Features {
			p *= float64(f.Data[k])
		}
		v += p
	}
	return trial.Score{Value: v}, nil
}

func asks(parts ...trial.Part) looking {
	var m looking
	for _, p := range parts {
		m.needs = append(m.needs, trial.Request{Part: p, Model: "cnn-small", Output: "embedding"})
	}
	return m
}

const suiteExperiment = `
probity = 1
name = "suite"
[[suite]]
dataset = "compliance"
count = 5
size = 32
%s`

// suitePlan plans five scenes and metrics that look at different parts of a trial.
func suitePlan(t *testing.T, more string) *harness.Plan {
	t.Helper()
	opt := sampleOptions()
	x, err := harness.Parse("suite.toml", []byte(strings.Replace(suiteExperiment, "%s", more, 1)), opt)
	if err != nil {
		t.Fatal(err)
	}
	p, err := harness.NewPlan(x, nil, wordy{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		label  string
		group  trial.Group
		metric looking
	}{
		{"pixels", trial.Classical, looking{}},
		{"features", trial.Learned, asks(trial.OfInput, trial.OfOutput)},
		{"caption", trial.TextImage, asks(trial.OfOutput, trial.OfTargetCaption)},
		{"requirement", trial.TextImage, asks(trial.OfOutput, trial.OfRequirement)},
		{"four terms", trial.Triplet, asks(trial.OfInput, trial.OfOutput, trial.OfSourceCaption, trial.OfTargetCaption)},
		{"program", trial.External, looking{}},
	} {
		p.Metrics = append(p.Metrics, harness.PlannedMetric{Metric: m.metric, Column: trial.Column{Label: m.label, Kind: m.label, Direction: trial.Distance, Group: m.group}})
	}
	return p
}

func scoreSuite(ctx context.Context, p *harness.Plan, dir string, workers int, pr harness.Progress) (*harness.SuiteScores, error) {
	list, err := harness.ScoreSuites(ctx, p, wordy{}, harness.RunOptions{Dir: dir, Workers: workers, Progress: pr, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// accuracyOf is the share of a quad's contexts in which the right output has the smaller score, ties half.
func accuracyOf(q [2][2]float64) (v float64) {
	for c := range 2 {
		switch right, wrong := q[c][c], q[c][1-c]; {
		case right < wrong:
			v += .5
		case right == wrong:
			v += .25
		case right != right || wrong != wrong:
			return math.NaN()
		}
	}
	return v
}

// TestWhatIsNotLookedAtCannotBeGotRight is the suite's law: a metric that looks at nothing that differs between the contexts of a quad
// is right in exactly one of the two; the oracle is right in both; the constant ties.
func TestWhatIsNotLookedAtCannotBeGotRight(t *testing.T) {
	s, err := scoreSuite(context.Background(), suitePlan(t, ""), t.TempDir(), 2, nothing{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Problems) > 0 {
		t.Fatal(s.Problems)
	}
	column := func(label string) int {
		return slices.IndexFunc(s.Columns, func(c trial.Column) bool { return c.Label == label })
	}
	kind := func(name string) int {
		return slices.IndexFunc(s.Suite.Kinds, func(k trial.SuiteKind) bool { return k.Name == name })
	}
	inputKinds := []string{"collateral", "identity-lost"}
	var random, randoms float64
	at := 0
	for _, src := range s.Suite.Sources {
		for j := range src.Quads {
			q := &src.Quads[j]
			byInput := slices.Contains(inputKinds, q.Kind)
			want := map[string]float64{"oracle": 1, "constant": .5}
			if byInput {
				want["caption"], want["requirement"], want["caption oracle"], want["pixel difference"] = .5, .5, .5, 1
			} else {
				want["pixels"], want["features"], want["pixel difference"], want["program"], want["caption oracle"] = .5, .5, .5, .5, 1
			}
			for label, v := range want {
				if got := accuracyOf(s.Score[column(label)][at]); got != v {
					t.Errorf("%s: %s has accuracy %v, wants exactly %v", q.Name, label, got, v)
				}
			}
			for m := range s.Columns {
				if s.Blind[m][kind(q.Kind)] {
					for what, scores := range map[string][2][2]float64{"": s.Score[m][at], " shuffled": s.Shuffled[m][at]} {
						if got := accuracyOf(scores); got != .5 {
							t.Errorf("%s: %s is blind and has accuracy%s %v", q.Name, s.Columns[m].Label, what, got)
						}
					}
				}
				for c := range 2 {
					for _, v := range s.Null[m][at][c] {
						if v != v {
							t.Errorf("%s: %s has no score of an output photographed again", q.Name, s.Columns[m].Label)
						}
					}
				}
			}
			random, randoms = random+accuracyOf(s.Score[column("random")][at]), randoms+1
			at++
		}
	}
	// 2 x 80 fair coins: within four standard errors.
	if p := random / randoms; math.Abs(p-.5) > 4*math.Sqrt(.25/(2*randoms)) {
		t.Errorf("the random control is right in %.3f of %v contexts", p, 2*randoms)
	}
	for _, c := range []struct {
		label, kind string
		blind       bool
		excused     string
	}{
		{"pixels", "wrong-attribute", true, ""}, {"pixels", "collateral", false, ""}, {"caption", "identity-lost", true, ""}, {"caption", "wrong-object", false, ""},
		{"caption", "typographic", false, "vocabulary"}, {"caption", "negated", false, "reads captions"}, {"requirement", "negated", false, ""}, {"requirement", "over-done", false, ""},
		{"four terms", "paraphrased", false, "reads captions"}, {"four terms", "collateral", false, ""}, {"program", "wrong-attribute", false, ""}, {"program", "typographic", false, ""},
	} {
		m, k := column(c.label), kind(c.kind)
		if s.Blind[m][k] != c.blind && c.excused == "" {
			t.Errorf("%s on %s: blind %v, wants %v", c.label, c.kind, s.Blind[m][k], c.blind)
		}
		if got := s.Excused[m][k]; (got == "") != (c.excused == "") || !strings.Contains(got, c.excused) {
			t.Errorf("%s on %s: excused %q, wants %q", c.label, c.kind, got, c.excused)
		}
	}
}

// nothing is a progress that nobody looks at.
type nothing struct{}

func (nothing) Start(string, int, string) {}
func (nothing) Add(int)                   {}
func (nothing) End()                      {}

// TestSuiteGoesOn: the results do not depend on workers or interruptions, and nothing is computed twice.
func TestSuiteGoesOn(t *testing.T) {
	p := suitePlan(t, "kinds = [\"wrong-place\", \"identity-lost\"]")
	one, err := scoreSuite(context.Background(), p, t.TempDir(), 1, nothing{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := scoreSuite(ctx, p, dir, 2, &stopper{left: one.Computed / 2, stop: cancel}); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	rest, err := scoreSuite(context.Background(), p, dir, 3, nothing{})
	if err != nil {
		t.Fatal(err)
	}
	if rest.Key != one.Key || rest.Reused == 0 || rest.Computed == 0 || rest.Computed+rest.Reused != one.Computed {
		t.Errorf("gone on: %d computed and %d reused of %d, same results: %v", rest.Computed, rest.Reused, one.Computed, rest.Key == one.Key)
	}
	again, err := scoreSuite(context.Background(), p, dir, 1, nothing{})
	if err != nil || again.Computed != 0 || again.Key != one.Key {
		t.Errorf("a second run computed %d scores, %v", again.Computed, err)
	}
}

// TestSuiteSectionErrors: what cannot be is said with its place.
func TestSuiteSectionErrors(t *testing.T) {
	for _, c := range []struct{ section, want string }{
		{"dataset = \"compliance\"\nversion = 2", "version"},
		{"dataset = \"compliance\"\npart = \"tset\"", "part"},
		{"dataset = \"compliance\"\nkinds = [\"wrong-plaice\"]", "wrong-plaice"},
		{"dataset = \"compliance\"\nlimit = 3", "write count = 3"},
		{"dataset = \"compliance\"\npath = \"x\"", "leave path out"},
		{"dataset = \"scenes\"", "is no suite of trials"},
		{"", "which data set"},
	} {
		_, err := harness.Parse("x.toml", []byte("probity = 1\nname = \"x\"\n[[suite]]\n"+c.section+"\n"), sampleOptions())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.toml:") {
			t.Errorf("%q: %v, wants %q with its place", c.section, err, c.want)
		}
	}
	if _, err := harness.Parse("x.toml", []byte("probity = 1\nname = \"x\"\n[images]\ndataset = \"compliance\"\n"), sampleOptions()); err == nil || !strings.Contains(err.Error(), "write it as a [[suite]] section") {
		t.Errorf("a suite as [images]: %v", err)
	}
}

// The plan counts what a suite will do before it is done: as many scores as are then computed.
func TestCountAllIsWhatIsScored(t *testing.T) {
	p := suitePlan(t, fewKinds)
	for range 2 { // counting twice counts once
		if err := p.CountAll(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := harness.ScoreSuites(context.Background(), p, wordy{}, quiet(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	c := p.Counts.Suites
	if len(c) != 1 || c[0].Scores != s[0].Computed || c[0].Sources != len(s[0].Suite.Sources) || len(p.Counts.Passes) == 0 || p.Counts.Passes[0].N == 0 {
		t.Errorf("counted %+v, %+v; %d scores were computed", c, p.Counts.Passes, s[0].Computed)
	}
}

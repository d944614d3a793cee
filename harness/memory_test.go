package harness_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"probity/harness"
	"probity/internal/trial"
)

// counted are models that count which are held at a time, each of 100 bytes a worker, and that read texts of a few words.
type counted struct {
	harness.Models
	words      int // 0: any number
	mu         *sync.Mutex
	held, most map[string]bool
}

func count(m harness.Models) *counted {
	return &counted{Models: m, mu: new(sync.Mutex), held: map[string]bool{}, most: map[string]bool{}}
}

func (m *counted) Load(name string) (harness.Backbone, error) {
	b, err := m.Models.Load(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held[name] = true
	if len(m.held) > len(m.most) {
		m.most = maps.Clone(m.held)
	}
	list, _ := b.(harness.Wordlist)
	return countedBackbone{b, list}, err
}

func (m *counted) Release(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.held, name)
}

func (m *counted) CheckText(model, text string) error {
	if n := len(strings.Fields(text)); m.words > 0 && n > m.words {
		return fmt.Errorf("%s reads %d words and not %d", model, m.words, n)
	}
	return nil
}

type countedBackbone struct {
	harness.Backbone
	list harness.Wordlist
}

func (countedBackbone) Memory(int, int) int64 { return 100 }

func (b countedBackbone) Unknown(text string) []string {
	if b.list == nil {
		return nil
	}
	return b.list.Unknown(text)
}

func quiet(dir string) harness.RunOptions {
	return harness.RunOptions{Dir: dir, Workers: 2, Progress: nothing{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// twoModels gives the half of a suite's metrics another model.
func twoModels(p *harness.Plan) *harness.Plan {
	for i, m := range p.Metrics {
		if x, ok := m.Metric.(looking); ok && i%2 == 1 {
			x.needs = slices.Clone(x.needs)
			for k := range x.needs {
				x.needs[k].Model = "vit-small"
			}
			p.Metrics[i].Metric = x
		}
	}
	return p
}

const fewKinds = "kinds = [\"wrong-place\", \"typographic\", \"identity-lost\"]"

// With little memory the models of a suite are run one after the other, to the same scores, and none is left over.
func TestSuiteKeepsToMemory(t *testing.T) {
	run := func(memory int64) (harness.SuiteScores, *counted, error) {
		models := count(wordy{})
		opt := quiet(t.TempDir())
		opt.Memory = memory
		s, err := harness.ScoreSuites(context.Background(), twoModels(suitePlan(t, fewKinds)), models, opt)
		if err != nil {
			return harness.SuiteScores{}, models, err
		}
		return s[0], models, nil
	}
	all, together, err := run(0)
	if err != nil {
		t.Fatal(err)
	}
	apart, one, err := run(200)
	if err != nil {
		t.Fatal(err)
	}
	if len(together.most) != 2 || len(one.most) != 1 || len(one.held) != 0 {
		t.Errorf("%d models were held at a time without a limit and %d with room for one; %d were left", len(together.most), len(one.most), len(one.held))
	}
	if all.Key != apart.Key || all.Computed != apart.Computed || apart.Reused != 0 || len(apart.Problems) != 0 {
		t.Errorf("together %d computed, apart %d, %d reused, %v", all.Computed, apart.Computed, apart.Reused, apart.Problems)
	}
	if _, _, err := run(100); !errors.Is(err, harness.ErrMemory) {
		t.Errorf("room for half a model gives %v", err)
	}
}

// join copies the segments of a run's parts into one folder.
func join(t *testing.T, parts ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range parts {
		if err := os.CopyFS(filepath.Join(dir, "segments"), os.DirFS(filepath.Join(p, "segments"))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Parts of suites, of judged pictures and of joint spaces that are scored apart make together what one machine makes: no part does
// the work of another, and nothing is left to do.
func TestPartsOfEverything(t *testing.T) {
	type done struct {
		key              string
		computed, reused int
	}
	ctx := context.Background()
	folder := ratedFolder(t, 5, 4)
	spaces := put(t, t.TempDir(), "x.toml", []byte(spacesFile))
	for name, score := range map[string]func(opt harness.RunOptions) (done, error){
		"suite": func(opt harness.RunOptions) (done, error) {
			s, err := harness.ScoreSuites(ctx, twoModels(suitePlan(t, fewKinds)), count(wordy{}), opt)
			if err != nil {
				return done{}, err
			}
			return done{s[0].Key, s[0].Computed, s[0].Reused}, nil
		},
		"judged pictures": func(opt harness.RunOptions) (done, error) {
			o := sampleOptions()
			models := count(toyModels{calls: new(atomic.Int64)})
			o.Env = models
			x, err := harness.Parse("people.toml", []byte(fmt.Sprintf(humanExperiment, filepath.ToSlash(folder), "")), o)
			if err != nil {
				return done{}, err
			}
			p, err := harness.NewPlan(x, nil, models)
			if err != nil {
				return done{}, err
			}
			s, err := harness.ScoreJudged(ctx, p, models, opt)
			if err != nil {
				return done{}, err
			}
			return done{s[0].Key, s[0].Computed, s[0].Reused}, nil
		},
		"joint spaces": func(opt harness.RunOptions) (done, error) {
			models := count(towers{new(atomic.Int64), new(atomic.Int64)})
			x, err := harness.Load(spaces, harness.LoadOptions{Env: models, Findings: sampleFindings})
			if err != nil {
				return done{}, err
			}
			col, err := x.Images.Entry.Open(ctx, x.Images.Params, x.Images.OpenOptions(x.Seed))
			if err != nil {
				return done{}, err
			}
			p, err := harness.NewPlan(x, col, models)
			if err != nil {
				return done{}, err
			}
			opt.Memory = 200
			s, err := harness.ScoreSpaces(ctx, p, models, opt)
			if err != nil {
				return done{}, err
			}
			if len(models.most) != 1 || len(models.held) != 0 {
				t.Errorf("joint spaces: %d models were held at a time with room for one, %d were left", len(models.most), len(models.held))
			}
			return done{s.Key, s.Computed, s.Reused}, nil
		},
	} {
		whole, err := score(quiet(t.TempDir()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var dirs []string
		sum := 0
		for i := 1; i <= 2; i++ {
			opt := quiet(t.TempDir())
			opt.Shard = harness.Shard{I: i, N: 2}
			part, err := score(opt)
			if err != nil {
				t.Fatalf("%s, part %d: %v", name, i, err)
			}
			if part.computed == 0 || part.reused != 0 {
				t.Errorf("%s: part %d computed %d and reused %d", name, i, part.computed, part.reused)
			}
			dirs, sum = append(dirs, opt.Dir), sum+part.computed
		}
		joined, err := score(quiet(join(t, dirs...)))
		if err != nil {
			t.Fatalf("%s, joined: %v", name, err)
		}
		if joined.key != whole.key {
			t.Errorf("%s: the joined parts differ from the whole", name)
		}
		if name == "joint spaces" {
			continue // the parts count embeddings, the whole spaces
		}
		if sum != whole.computed || joined.computed != 0 || joined.reused != whole.computed {
			t.Errorf("%s: the parts computed %d of %d, then %d were computed and %d reused", name, sum, whole.computed, joined.computed, joined.reused)
		}
	}
}

// A model that does not fit alone is an error of a joint space too.
func TestSpaceThatDoesNotFit(t *testing.T) {
	models := count(towers{new(atomic.Int64), new(atomic.Int64)})
	p := spacePlan(t, models, "")
	opt := quiet(t.TempDir())
	opt.Memory = 150
	if _, err := harness.ScoreSpaces(context.Background(), p, models, opt); !errors.Is(err, harness.ErrMemory) || !strings.Contains(err.Error(), "pair-s0") {
		t.Errorf("room for three quarters of a model gives %v", err)
	}
}

func spacePlan(t *testing.T, models harness.Models, more string) *harness.Plan {
	t.Helper()
	x, err := harness.Load(put(t, t.TempDir(), "x.toml", []byte(strings.Replace(spacesFile, "name = \"spaces\"\n", "name = \"spaces\"\n"+more, 1))),
		harness.LoadOptions{Env: models, Findings: sampleFindings})
	if err != nil {
		t.Fatal(err)
	}
	p := planOf(t, x, models)
	return p
}

// Texts of suites and of joint spaces that a model does not read whole are an error before anything is computed, unless they are
// to be cut.
func TestTextsOfSuitesAndSpacesAreCheckedFirst(t *testing.T) {
	ctx := context.Background()
	models := count(wordy{})
	models.words = 6
	err := twoModels(suitePlan(t, fewKinds)).CheckTexts(ctx, models)
	if err == nil || !strings.Contains(err.Error(), "[[suite]] compliance") || !strings.Contains(err.Error(), "context 1") || !strings.Contains(err.Error(), "reads 6 words") {
		t.Errorf("texts of a suite: %v", err)
	}
	opt := quiet(t.TempDir())
	if _, err := harness.ScoreSuites(ctx, twoModels(suitePlan(t, fewKinds)), models, opt); err == nil || len(models.held) > 0 {
		t.Errorf("scoring such a suite: %v, %d models were loaded", err, len(models.held))
	}
	silent := suitePlan(t, fewKinds)
	silent.Metrics = slices.DeleteFunc(silent.Metrics, func(m harness.PlannedMetric) bool {
		return slices.ContainsFunc(m.Metric.Needs(), func(r trial.Request) bool { return r.Part.Text() })
	})
	if err := silent.CheckTexts(ctx, models); err != nil {
		t.Errorf("nothing reads texts: %v", err)
	}

	pairs := count(towers{new(atomic.Int64), new(atomic.Int64)})
	pairs.words = 3
	err = spacePlan(t, pairs, "").CheckTexts(ctx, pairs)
	if err == nil || !strings.Contains(err.Error(), "[[space]] of pair-s0") || !strings.Contains(err.Error(), "such texts") {
		t.Errorf("texts of a joint space: %v", err)
	}
	if _, err := harness.ScoreSpaces(ctx, spacePlan(t, pairs, ""), pairs, opt); err == nil || len(pairs.held) > 0 {
		t.Errorf("measuring such a space: %v, %d models were loaded", err, len(pairs.held))
	}
	if err := spacePlan(t, pairs, "overlong_texts = \"cut\"\n").CheckTexts(ctx, pairs); err != nil {
		t.Errorf("texts that are to be cut: %v", err)
	}
}

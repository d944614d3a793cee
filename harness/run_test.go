package harness_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "probity/datasets"
	"probity/harness"
	"probity/internal/raster"
	"probity/internal/trial"
	_ "probity/metrics"
)

// runExperiment is small, but has every role and a metric on a backbone.
const runExperiment = `
probity = 1
name = "run"
seed = 3
[images]
dataset = "scenes"
count = 60
limit = 5
size = 48
[[metric]]
kind = "mse"
[[metric]]
kind = "cosine"
model = "cnn-small"
[[perturb]]
kind = "gaussian-noise"
severity = [0, 4, 16]
region = { shape = "disc", area = [0.05, 0.2] }
[[perturb]]
kind = "class-swap"
[[perturb]]
kind = "shift"
severity = 1
role = "null"
draws = 8
[[finding]]
kind = "detection"
`

// toyModels gives one backbone whose features are block means: a function of each picture alone.
type toyModels struct {
	sampleEnv
	calls *atomic.Int64
}

func (m toyModels) Load(name string) (harness.Backbone, error) {
	info, err := m.Model(name)
	return toyBackbone{info, m.calls}, err
}

type toyBackbone struct {
	info  trial.ModelInfo
	calls *atomic.Int64
}

func (b toyBackbone) Info() trial.ModelInfo { return b.info }
func (b toyBackbone) Hash() string          { return "toy" }
func (b toyBackbone) Runtime() string       { return "toy runtime" }
func (b toyBackbone) Texts(context.Context, []string) ([]*trial.Tensor, error) {
	return nil, errors.New("no text tower")
}
func (b toyBackbone) Visible(*raster.Mask) float64 { return 1 }
func (b toyBackbone) Features(_ context.Context, imgs []*raster.Image, outputs []string, _ bool) ([][]*trial.Tensor, error) {
	if len(imgs) > 8 {
		return nil, errors.New("more than a batch")
	}
	b.calls.Add(int64(len(imgs)))
	out := make([][]*trial.Tensor, len(imgs))
	for i, m := range imgs {
		for range outputs {
			t := &trial.Tensor{Layout: trial.Pooled, Shape: []int{12}, Data: make([]float32, 12)}
			for k, v := range m.Pix {
				t.Data[(k/(3*m.W)*4/m.H)*3+k%3] += float32(v) / 1000
			}
			out[i] = append(out[i], t)
		}
	}
	return out, nil
}

// stopper counts scores and calls stop when there are n.
type stopper struct {
	mu   sync.Mutex
	left int
	stop func()
}

func (s *stopper) Start(string, int, string) {}
func (s *stopper) End()                      {}
func (s *stopper) Add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left -= n; s.left <= 0 && s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// counter counts what progress is told.
type counter struct {
	mu          sync.Mutex
	total, done int
}

func (c *counter) Start(_ string, total int, _ string) { c.total = total }
func (c *counter) End()                                {}
func (c *counter) Add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += n
}

// planOf opens the pictures of an experiment and plans it.
func planOf(t *testing.T, x *harness.Experiment, models harness.Models) *harness.Plan {
	t.Helper()
	col, err := x.Images.Entry.Open(context.Background(), x.Images.Params, x.Images.OpenOptions(x.Seed))
	if err != nil {
		t.Fatal(err)
	}
	p, err := harness.NewPlan(x, col, models)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func score(t *testing.T, ctx context.Context, src, dir string, workers int, pr harness.Progress) (*harness.Scored, int64, error) {
	t.Helper()
	opt := sampleOptions()
	models := toyModels{calls: new(atomic.Int64)}
	opt.Env = models
	x, err := harness.Parse("run.toml", []byte(src), opt)
	if err != nil {
		t.Fatal(err)
	}
	p := planOf(t, x, models)
	s, err := harness.Score(ctx, p, models, harness.RunOptions{Dir: dir, Workers: workers, Progress: pr, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	return s, models.calls.Load(), err
}

// files are the bytes of what a table is written to.
func files(t *testing.T, s *harness.Scored) []byte {
	t.Helper()
	dir := t.TempDir()
	names, err := harness.WriteScores(s.Table, dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, n := range names {
		data, err := os.ReadFile(filepath.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

func TestWorkersDoNotMatter(t *testing.T) {
	one, _, err := score(t, context.Background(), runExperiment, t.TempDir(), 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	four, _, err := score(t, context.Background(), runExperiment, t.TempDir(), 4, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(files(t, one), files(t, four)) {
		t.Error("4 workers wrote other bytes than 1")
	}
	// 5 sources x (6 edits + 8 nulls + 6 x 8 crossed + class swap and its control) x 2 metrics.
	if want := 5 * (6 + 8 + 48 + 1 + 1) * 2; one.Computed != want {
		t.Errorf("computed %d scores, want %d", one.Computed, want)
	}
	for i, s := range one.Table.Stimuli {
		if s.Role == trial.Edit && s.Severity == 0 {
			for m := range one.Table.Columns {
				if v := one.Table.Score[m][i]; v != 0 {
					t.Errorf("severity 0 scores %g by %s, want 0", v, one.Table.Columns[m].Label)
				}
			}
		}
	}
}

func TestInterruptedRunGoesOn(t *testing.T) {
	whole, _, err := score(t, context.Background(), runExperiment, t.TempDir(), 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	computed, kills := 0, 0
	for n := 37; ; n += 61 {
		ctx, cancel := context.WithCancel(context.Background())
		s, _, err := score(t, ctx, runExperiment, dir, 1, &stopper{left: n, stop: cancel})
		cancel()
		if err == nil {
			computed = s.Computed
			if !bytes.Equal(files(t, whole), files(t, s)) {
				t.Error("the resumed run wrote other bytes than the undisturbed one")
			}
			break
		}
		if kills++; !errors.Is(err, context.Canceled) || kills > 50 {
			t.Fatalf("interruption %d: %v", kills, err)
		}
	}
	if kills < 3 {
		t.Errorf("interrupted %d times, want at least 3", kills)
	}
	if computed == whole.Computed {
		t.Error("the last run computed everything: nothing was kept")
	}
	s, calls, err := score(t, context.Background(), runExperiment, dir, 2, &stopper{})
	if err != nil || s.Computed != 0 || calls != 0 {
		t.Errorf("an unchanged run computed %d scores with %d forward passes (%v), want none", s.Computed, calls, err)
	}
}

func TestOnlyWhatChangedIsComputed(t *testing.T) {
	dir := t.TempDir()
	_, first, err := score(t, context.Background(), runExperiment, dir, 2, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(runExperiment, `kind = "mse"`, "kind = \"mse\"\n[[metric]]\nkind = \"psnr\"", 1)
	s, calls, err := score(t, context.Background(), more, dir, 2, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if want := 5 * 64; s.Computed != want {
		t.Errorf("a further metric: computed %d scores, want %d", s.Computed, want)
	}
	if calls != 0 {
		t.Errorf("a classical metric needs no forward pass, but %d pictures were looked at", calls)
	}
	// A further model looks at every picture, those whose scores are there at none: and the bar knows at once what is left.
	other := strings.Replace(runExperiment, `kind = "mse"`, "kind = \"mse\"\n[[metric]]\nkind = \"cosine\"\nmodel = \"vit-small\"", 1)
	bar := &counter{}
	s, calls, err = score(t, context.Background(), other, dir, 2, bar)
	if err != nil {
		t.Fatal(err)
	}
	if calls != first || s.Computed != 5*64 {
		t.Errorf("a further model: %d pictures were looked at and %d scores computed, want %d and %d", calls, s.Computed, first, 5*64)
	}
	if bar.total != bar.done || bar.total != 5*64*3 {
		t.Errorf("progress went to %d of %d, want %d", bar.done, bar.total, 5*64*3)
	}
	s, _, err = score(t, context.Background(), strings.Replace(runExperiment, "limit = 5", "limit = 7", 1), dir, 2, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 * 64 * 2; s.Computed != want {
		t.Errorf("two further sources: computed %d scores, want %d", s.Computed, want)
	}
	s, _, err = score(t, context.Background(), strings.Replace(runExperiment, "severity = [0, 4, 16]", "severity = [0, 4, 15]", 1), dir, 2, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if want := 5 * (2 + 2*8) * 2; s.Computed != want {
		t.Errorf("another severity: computed %d scores, want %d", s.Computed, want)
	}
}

func TestDamagedSegmentsAreComputedAnew(t *testing.T) {
	dir := t.TempDir()
	whole, _, err := score(t, context.Background(), runExperiment, dir, 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(dir, "segments", "*", "*.segment"))
	if err != nil || len(list) != 5 {
		t.Fatalf("%d segments (%v), want 5", len(list), err)
	}
	data, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(list[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list[1], nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s, _, err := score(t, context.Background(), runExperiment, dir, 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if want := whole.Computed / 5 * 2; s.Computed != want {
		t.Errorf("computed %d scores, want the %d of the two damaged segments", s.Computed, want)
	}
	if !bytes.Equal(files(t, whole), files(t, s)) {
		t.Error("the repaired run wrote other bytes")
	}
}

func TestBrokenPicturesAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	for _, class := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			m := raster.New(40, 40)
			for k := range m.Pix {
				m.Pix[k] = uint8(k*(i+3) + len(class)*17 + int(class[0]))
			}
			data, err := m.EncodePNG()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, class, string(rune('0'+i))+".png"), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "a", "text.png"), []byte("this is no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	src := strings.Replace(runExperiment, "dataset = \"scenes\"\ncount = 60\nlimit = 5", "dataset = \"folder\"\npath = \""+filepath.ToSlash(dir)+"\"", 1)
	s, _, err := score(t, context.Background(), src, t.TempDir(), 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Skipped) != 1 || s.Skipped[0].What != "a/text.png" || !strings.Contains(s.Skipped[0].Reason, "not a picture") {
		t.Errorf("skipped %v, want a/text.png, which is not a picture", s.Skipped)
	}
	if n := len(s.Table.Stimuli); n != 6*64 {
		t.Errorf("%d stimuli, want those of 6 sources", n)
	}
}

// A metric that takes over what was measured already gives the same number as one that measures itself.
func TestRealisedDifferenceIsTheMetrics(t *testing.T) {
	src := strings.Replace(runExperiment, `kind = "mse"`, `kind = "ciede2000"`, 1)
	s, _, err := score(t, context.Background(), src, t.TempDir(), 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Table.Column("ciede2000")
	for i, row := range s.Table.Stimuli {
		if row.Role == trial.Crossed {
			if row.Severity > 0 && s.Table.Score[m][i] == row.Realised.WholeDE0 {
				t.Errorf("%s: the score of an edit amid a null is that of the edit alone", row.Source)
			}
			continue
		}
		if got := s.Table.Score[m][i]; got != row.Realised.WholeDE0 {
			t.Errorf("%s %s: ciede2000 is %v, the mean over the whole picture %v", row.Source, row.Role, got, row.Realised.WholeDE0)
		}
	}
}

const setExperiment = `
probity = 1
name = "sets"
seed = 3
[images]
dataset = "scenes"
count = 60
limit = 12
size = 48
[[set_metric]]
kind = "frechet"
model = "cnn-small"
[[set_metric]]
kind = "frechet"
model = "cnn-small"
name = "own"
against = "sources"
[[set_metric]]
kind = "vendi"
model = "cnn-small"
[[perturb]]
kind = "gaussian-noise"
severity = [4, 64]
[[perturb]]
kind = "class-swap"
[[perturb]]
kind = "shift"
severity = 1
role = "null"
draws = 8
[[set_perturb]]
kind = "sample-size"
severity = 0.5
[[set_perturb]]
kind = "contamination"
severity = [0.25]
[[finding]]
kind = "sensitivity"
`

// Set metrics give the same bytes whatever the workers, interruptions and damage to what was kept; a set against its own
// sources is at no distance while nothing is done, and further with more noise.
func TestSets(t *testing.T) {
	want, first, err := score(t, context.Background(), setExperiment, t.TempDir(), 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	whole := files(t, want)
	at := func(metric string, role trial.Role, severity float64) float64 {
		for _, r := range want.Table.Sets {
			if r.Metric == metric && r.Role == role && r.Severity == severity {
				if r.Problem != "" {
					t.Errorf("%s %s: %s", metric, role, r.Problem)
				}
				return r.Value
			}
		}
		t.Fatalf("no value of %s for %s %g", metric, role, severity)
		return 0
	}
	if d := at("own", trial.None, 0); !(d > -1e-9 && d < 1e-9) {
		t.Errorf("a set is at %g from itself", d)
	}
	if a, b := at("own", trial.Edit, 4), at("own", trial.Edit, 64); !(a > 0 && b > a) {
		t.Errorf("noise of 4 and of 64 levels move a set by %g and %g", a, b)
	}
	if a, b := at("own", trial.SetEdit, 0), at("own", trial.SetEdit, .5); !(a > -1e-9 && a < 1e-9 && b > 0) {
		t.Errorf("half of a set is at %g from the whole, the whole at %g", b, a)
	}
	for _, r := range want.Table.Sets {
		if r.Role == trial.SetEdit {
			if r.Perturb == "sample-size" && r.Metric == "own" && r.N != map[float64]int{0: 12, .5: 6}[r.Severity] {
				t.Errorf("sample-size %g leaves %d members of 12", r.Severity, r.N)
			}
			if r.Perturb == "contamination" && r.Severity > 0 && r.N == 12 {
				t.Error("the class that comes in stood in the set before")
			}
			continue
		}
		if n := map[bool]int{true: 12, false: 6}[r.Metric != "frechet(cnn-small)"]; r.N != n {
			t.Errorf("%s has %d members, want %d", r.Metric, r.N, n)
		}
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	if _, _, err := score(t, ctx, setExperiment, dir, 3, &stopper{left: 1, stop: cancel}); err == nil {
		cancel()
	}
	got, _, err := score(t, context.Background(), setExperiment, dir, 3, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(files(t, got), whole) {
		t.Error("an interrupted run with other workers gives other bytes")
	}
	again, calls, err := score(t, context.Background(), setExperiment, dir, 2, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if calls != 0 || !bytes.Equal(files(t, again), whole) {
		t.Errorf("a second run asked for the features of %d pictures", calls)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "segments", "*", "*.features"))
	if err != nil || len(kept) != 12 {
		t.Fatalf("%d files of features, %v", len(kept), err)
	}
	data, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-40] ^= 1
	if err := os.WriteFile(kept[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	mended, calls, err := score(t, context.Background(), setExperiment, dir, 2, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if calls == 0 || calls >= first || !bytes.Equal(files(t, mended), whole) {
		t.Errorf("after damage to one file, features of %d pictures (of %d) were computed", calls, first)
	}
}

// weighed are models that count how many are held at a time, each of 100 bytes a worker.
type weighed struct {
	toyModels
	mu         *sync.Mutex
	held, most *map[string]bool
}

func (m weighed) Load(name string) (harness.Backbone, error) {
	b, err := m.toyModels.Load(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	(*m.held)[name] = true
	if len(*m.held) > len(*m.most) {
		*m.most = maps.Clone(*m.held)
	}
	return weighedBackbone{b}, err
}

func (m weighed) Release(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(*m.held, name)
}

type weighedBackbone struct{ harness.Backbone }

func (weighedBackbone) Memory(int, int) int64 { return 100 }

// Models that may not be held together are run one after the other, and the result is the same to the byte; one that
// does not fit alone is an error.
func TestMemory(t *testing.T) {
	src := strings.Replace(setExperiment, "[[perturb]]", "[[metric]]\nkind = \"cosine\"\nmodel = \"vit-small\"\n[[metric]]\nkind = \"mse\"\n[[perturb]]", 1)
	run := func(memory int64) (*harness.Scored, int, error) {
		held, most := map[string]bool{}, map[string]bool{}
		models := weighed{toyModels{calls: new(atomic.Int64)}, new(sync.Mutex), &held, &most}
		opt := sampleOptions()
		opt.Env = models
		x, err := harness.Parse("run.toml", []byte(src), opt)
		if err != nil {
			t.Fatal(err)
		}
		p := planOf(t, x, models)
		s, err := harness.Score(context.Background(), p, models, harness.RunOptions{Dir: t.TempDir(), Workers: 2, Memory: memory, Progress: &stopper{},
			Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		return s, len(most), err
	}
	all, together, err := run(0)
	if err != nil {
		t.Fatal(err)
	}
	apart, most, err := run(200)
	if err != nil {
		t.Fatal(err)
	}
	if together != 2 || most != 1 {
		t.Errorf("%d models were held at a time without a limit and %d with room for one", together, most)
	}
	if !bytes.Equal(files(t, all), files(t, apart)) {
		t.Error("models run apart give other bytes")
	}
	if _, _, err := run(100); !errors.Is(err, harness.ErrMemory) {
		t.Errorf("room for half a model gives %v", err)
	}
}

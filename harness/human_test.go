package harness_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"probity/harness"
	"probity/internal/raster"
	"probity/internal/stream"
	"probity/reports"
)

// ratedFolder has references with outputs that are noisier and noisier, rated by two people, and a table of them.
func ratedFolder(t *testing.T, references, outputs int) string {
	t.Helper()
	dir := t.TempDir()
	s := stream.Key{Seed: 1, Step: "test"}.Open()
	put := func(name string, m *raster.Image) {
		data, err := m.EncodePNG()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	fmt.Fprintln(&b, "item,reference,output,distortion,ann,bob,published")
	for r := range references {
		ref := raster.New(24, 20)
		for i := range ref.Pix {
			ref.Pix[i] = uint8(60 + s.IntN(120))
		}
		put(fmt.Sprintf("r%d.png", r), ref)
		for o := range outputs {
			out := raster.New(24, 20)
			for i, v := range ref.Pix {
				out.Pix[i] = uint8(max(0, min(255, int(v)+s.IntN(8*o+3)-4*o-1)))
			}
			put(fmt.Sprintf("r%d_%d.png", r, o), out)
			fmt.Fprintf(&b, "i%d_%d,r%d.png,r%d_%d.png,noise,%d,%d,%d\n", r, o, r, r, o, 9-o, 9-o-s.IntN(2), o)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ratings.csv"), []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

const humanExperiment = `
probity = 1
name = "people"
[[metric]]
kind = "mse"
[[metric]]
kind = "cosine"
model = "cnn-small"
[[human]]
dataset = "judged-table"
path = "%s/ratings.csv"
raters = ["ann", "bob"]
distances = ["published"]
%s`

func judge(t *testing.T, ctx context.Context, src, dir string, workers int, pr harness.Progress) ([]harness.JudgedScores, int64, error) {
	t.Helper()
	opt := sampleOptions()
	models := toyModels{calls: new(atomic.Int64)}
	opt.Env = models
	x, err := harness.Parse("people.toml", []byte(src), opt)
	if err != nil {
		t.Fatal(err)
	}
	p, err := harness.NewPlan(x, nil, models)
	if err != nil {
		t.Fatal(err)
	}
	s, err := harness.ScoreJudged(ctx, p, models, harness.RunOptions{Dir: dir, Workers: workers, Progress: pr, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	return s, models.calls.Load(), err
}

// The scores of judged pictures are those of pairs scored one by one; the reference is computed once; published scores
// stand behind; a second run computes nothing, a further metric only itself.
func TestScoreJudged(t *testing.T) {
	folder, dir := ratedFolder(t, 4, 10), t.TempDir()
	src := fmt.Sprintf(humanExperiment, filepath.ToSlash(folder), "")
	list, calls, err := judge(t, context.Background(), src, dir, 2, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	s := list[0]
	if len(s.Columns) != 3 || s.Columns[2].Label != "published" || s.Computed != 4*10*2 || s.Reused != 0 || s.Judgements.Items() != 40 {
		t.Fatalf("%d columns, %d computed, %d reused, %d items", len(s.Columns), s.Computed, s.Reused, s.Judgements.Items())
	}
	if want := int64(4 * 11); calls != want {
		t.Errorf("the network saw %d pictures, there are %d", calls, want)
	}
	for i := range s.Judgements.Items() {
		ref, outputs, _ := s.Judgements.Pictures(i)
		a, _, err := raster.DecodeFile(ref)
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := raster.DecodeFile(outputs[0])
		if err != nil {
			t.Fatal(err)
		}
		var mse float64
		for k := range a.Pix {
			d := float64(a.Pix[k]) - float64(b.Pix[k])
			mse += d * d / float64(len(a.Pix))
		}
		if math.Abs(s.Score[0][i]-mse) > 1e-9*mse {
			t.Fatalf("item %d: mse %v, by hand %v", i, s.Score[0][i], mse)
		}
		if r := s.Judgements.Ratings[i]; math.Abs(r.Value-(r.Raw[0]+r.Raw[1])/2) > 1e-12 || r.Source != filepath.Base(ref) || s.Score[2][i] != float64(i%10) {
			t.Fatalf("item %d: %+v", i, r)
		}
	}
	again, calls, err := judge(t, context.Background(), src, dir, 1, &stopper{})
	if err != nil || calls != 0 || again[0].Computed != 0 || again[0].Reused != 80 || again[0].Key != s.Key {
		t.Errorf("the second run: %d pictures, %d computed, %d reused, %v", calls, again[0].Computed, again[0].Reused, err)
	}
	more, _, err := judge(t, context.Background(), strings.Replace(src, "[[human]]", "[[metric]]\nkind = \"ssim\"\n[[human]]", 1), dir, 1, &stopper{})
	if err != nil || more[0].Computed != 40 || more[0].Reused != 80 || more[0].Key == s.Key {
		t.Errorf("with a further metric: %d computed, %d reused, %v", more[0].Computed, more[0].Reused, err)
	}
	few, _, err := judge(t, context.Background(), src+"limit = 2\n", dir, 1, &stopper{})
	if err != nil || few[0].Judgements.Items() != 20 || few[0].Computed != 0 || len(few[0].Score[2]) != 20 {
		t.Errorf("with a limit of 2: %d items, %d computed, %v", few[0].Judgements.Items(), few[0].Computed, err)
	}
	// A changed picture is scored anew, and nothing else.
	data, _ := os.ReadFile(filepath.Join(folder, "r0_9.png"))
	if err := os.WriteFile(filepath.Join(folder, "r0_3.png"), data, 0o666); err != nil {
		t.Fatal(err)
	}
	// Its bytes are those of another output of the same reference, whose scores are known.
	if changed, _, err := judge(t, context.Background(), src, dir, 1, &stopper{}); err != nil || changed[0].Computed != 0 || changed[0].Score[0][3] != changed[0].Score[0][9] {
		t.Errorf("a copied picture: %d computed, %v", changed[0].Computed, err)
	}
}

// A run that was stopped goes on where it was, to the same scores.
func TestScoreJudgedResumes(t *testing.T) {
	folder, dir := ratedFolder(t, 6, 9), t.TempDir()
	src := fmt.Sprintf(humanExperiment, filepath.ToSlash(folder), "")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if _, _, err := judge(t, ctx, src, dir, 1, &stopper{left: 50, stop: stop}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	rest, _, err := judge(t, context.Background(), src, dir, 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	whole, _, err := judge(t, context.Background(), src, t.TempDir(), 3, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	if rest[0].Reused == 0 || rest[0].Reused+rest[0].Computed != whole[0].Computed || rest[0].Key != whole[0].Key {
		t.Errorf("reused %d, computed %d; undisturbed %d", rest[0].Reused, rest[0].Computed, whole[0].Computed)
	}
}

// With little memory the models of judged pictures are run one after the other, to the same scores.
func TestScoreJudgedKeepsToMemory(t *testing.T) {
	folder := ratedFolder(t, 3, 6)
	src := strings.Replace(fmt.Sprintf(humanExperiment, filepath.ToSlash(folder), ""), "[[human]]", "[[metric]]\nkind = \"cosine\"\nmodel = \"vit-small\"\n[[human]]", 1)
	run := func(memory int64) (harness.JudgedScores, int, error) {
		held, most := map[string]bool{}, map[string]bool{}
		models := weighed{toyModels{calls: new(atomic.Int64)}, new(sync.Mutex), &held, &most}
		opt := sampleOptions()
		opt.Env = models
		x, err := harness.Parse("people.toml", []byte(src), opt)
		if err != nil {
			t.Fatal(err)
		}
		p, err := harness.NewPlan(x, nil, models)
		if err != nil {
			t.Fatal(err)
		}
		s, err := harness.ScoreJudged(context.Background(), p, models, harness.RunOptions{Dir: t.TempDir(), Workers: 2, Memory: memory, Progress: &stopper{},
			Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			return harness.JudgedScores{}, 0, err
		}
		return s[0], len(most), nil
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
	if all.Key != apart.Key || all.Computed != apart.Computed || apart.Reused != 0 || len(apart.Problems) != 0 {
		t.Errorf("together %d computed, apart %d, %d reused, %v", all.Computed, apart.Computed, apart.Reused, apart.Problems)
	}
	if _, _, err := run(100); !errors.Is(err, harness.ErrMemory) {
		t.Errorf("room for half a model gives %v", err)
	}
}

// A picture that is not there or broken is a problem of its item; where all fail, it is an error. Without pictures only
// what is published is compared.
func TestScoreJudgedProblems(t *testing.T) {
	folder := ratedFolder(t, 3, 4)
	src := fmt.Sprintf(humanExperiment, filepath.ToSlash(folder), "")
	if err := os.Remove(filepath.Join(folder, "r0_1.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "r1_2.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 2 { // the second time from the segments
		list, _, err := judge(t, context.Background(), src, dir, 1, &stopper{})
		if err != nil {
			t.Fatal(err)
		}
		s := list[0]
		if !math.IsNaN(s.Score[0][1]) || !math.IsNaN(s.Score[1][6]) || math.IsNaN(s.Score[0][2]) || len(s.Problems) < 2 {
			t.Errorf("scores %v, problems %v", s.Score[0], s.Problems)
		}
		if p := s.Problems[0]; !strings.HasSuffix(p.What, "r0_1.png") || strings.Contains(p.Reason, "r0_1.png") {
			t.Errorf("the missing picture is told as %+v", p)
		}
	}
	names, err := harness.WriteJudged(mustJudge(t, src), dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || names[0] != "judgements-judged-table.csv" || len(rows) != 13 || strings.Join(rows[0], " ") != "item source distortion rating se ann bob mse cosine(cnn-small) published" || rows[2][7] != "" || rows[1][7] == "" {
		t.Errorf("%v %v %v", names, rows[:3], err)
	}
	for _, name := range []string{"r0.png", "r1.png", "r2.png"} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := judge(t, context.Background(), src, t.TempDir(), 1, &stopper{}); err == nil || !strings.Contains(err.Error(), "has no score of any item; the first problem: ") {
		t.Errorf("without references: %v", err)
	}
	if list, _, err := judge(t, context.Background(), strings.Replace(src, "[[human]]", "[[human]]\nreference = \"distortion\"\noutput = \"\"", 1), t.TempDir(), 1, &stopper{}); err != nil || len(list[0].Columns) != 1 || len(list[0].Problems) != 1 {
		t.Errorf("scores alone: %v", err)
	}
}

func mustJudge(t *testing.T, src string) []harness.JudgedScores {
	t.Helper()
	list, _, err := judge(t, context.Background(), src, t.TempDir(), 1, &stopper{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A finding on agreement without judgements is a mistake in the file.
func TestAgreementNeedsJudgements(t *testing.T) {
	_, err := harness.Parse("x.toml", []byte(strings.Replace(runExperiment, `kind = "detection"`, `kind = "agreement"`, 1)), harness.LoadOptions{Env: sampleEnv{}, Findings: reports.Kinds})
	if err == nil || !strings.Contains(err.Error(), "the finding agreement needs judgements: a [[human]] section") {
		t.Error(err)
	}
}

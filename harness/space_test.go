package harness_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"probity/harness"
	"probity/internal/raster"
	"probity/internal/stream"
	"probity/internal/trial"
)

// towers are two toy models with both towers, of two seeds: pictures become block means, texts the sum of a random vector for each word.
type towers struct {
	pictures, texts *atomic.Int64
}

func (towers) Model(name string) (trial.ModelInfo, error) {
	if !strings.HasPrefix(name, "pair-s") {
		return trial.ModelInfo{}, fmt.Errorf("there is no model %q", name)
	}
	return trial.ModelInfo{Name: name, Family: "cnn", Training: "contrastive", Text: true, Seed: int(name[6] - '0'), Outputs: []trial.OutputInfo{{Name: "joint", Layout: trial.Pooled}}}, nil
}
func (towers) Asset(name string) ([]byte, error) { return nil, errors.New("no assets") }
func (m towers) Load(name string) (harness.Backbone, error) {
	info, err := m.Model(name)
	return tower{toyBackbone{info: info}, m}, err
}

type tower struct {
	toyBackbone
	m towers
}

func (b tower) Hash() string { return b.info.Name }
func (b tower) Features(_ context.Context, imgs []*raster.Image, outputs []string, _ bool) ([][]*trial.Tensor, error) {
	if len(imgs) > 8 || len(outputs) != 1 || outputs[0] != "joint" {
		return nil, fmt.Errorf("%d pictures for outputs %q", len(imgs), outputs)
	}
	b.m.pictures.Add(int64(len(imgs)))
	var out [][]*trial.Tensor
	for _, img := range imgs {
		v := make([]float32, 12)
		for i, p := range img.Pix {
			v[(i%3)*4+i/3/(img.W*img.H/4+1)] += float32(p) / float32(img.W*img.H)
		}
		out = append(out, []*trial.Tensor{{Layout: trial.Pooled, Shape: []int{12}, Data: v}})
	}
	return out, nil
}

func (b tower) Texts(_ context.Context, texts []string) ([]*trial.Tensor, error) {
	b.m.texts.Add(int64(len(texts)))
	var out []*trial.Tensor
	for _, t := range texts {
		v := make([]float32, 12)
		for _, w := range strings.Fields(strings.ReplaceAll(t, ",", "")) {
			h := fnv.New64()
			h.Write([]byte(w))
			s := stream.Key{Seed: h.Sum64(), Step: b.info.Name}.Open()
			for k := range v {
				v[k] += float32(s.Norm())
			}
		}
		out = append(out, &trial.Tensor{Layout: trial.Pooled, Shape: []int{12}, Data: v})
	}
	return out, nil
}

func measure(t *testing.T, file, dir string, workers int, memory int64) (*harness.ScoredSpaces, towers, error) {
	t.Helper()
	m := towers{new(atomic.Int64), new(atomic.Int64)}
	x, err := harness.Load(file, harness.LoadOptions{Env: m, Findings: sampleFindings})
	if err != nil {
		return nil, m, err
	}
	var col *trial.Collection
	if x.Images.Dataset != "" {
		if col, err = x.Images.Entry.Open(t.Context(), x.Images.Params, x.Images.OpenOptions(x.Seed)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := harness.NewPlan(x, col, m)
	if err != nil {
		t.Fatal(err)
	}
	opt := harness.RunOptions{Dir: dir, Workers: workers, Memory: memory, Progress: &stopper{}, Log: slog.New(slog.DiscardHandler)}
	if s, err := harness.Score(t.Context(), p, m, opt); err != nil || len(s.Table.Stimuli) != 0 {
		t.Fatalf("a run of spaces alone scores %+v, %v", s, err)
	}
	got, err := harness.ScoreSpaces(t.Context(), p, m, opt)
	return got, m, err
}

func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const spacesFile = `
probity = 1
name = "spaces"
[images]
dataset = "scenes"
count = 90
size = 32
[[space]]
models = ["pair-s0", "pair-s1"]
gallery = 10
`

// TestSpaces: the same numbers whatever the workers, nothing computed twice, and every number that is promised is there.
func TestSpaces(t *testing.T) {
	file := put(t, t.TempDir(), "x.toml", []byte(spacesFile))
	dir := t.TempDir()
	one, m, err := measure(t, file, dir, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if m.pictures.Load() != 2*90 || one.Computed != 2 || one.Reused != 0 {
		t.Errorf("%d pictures were embedded, %d spaces measured", m.pictures.Load(), one.Computed)
	}
	four, _, err := measure(t, file, t.TempDir(), 4, 0)
	if err != nil || !same(one.Spaces, four.Spaces) || one.Key != four.Key {
		t.Errorf("with four workers: %v, other numbers or another key", err)
	}
	again, m, err := measure(t, file, dir, 2, 0)
	if err != nil || m.pictures.Load()+m.texts.Load() != 0 || again.Computed != 0 || again.Reused != 2 || !same(one.Spaces, again.Spaces) {
		t.Errorf("a second run embeds %d pictures and %d texts, measures %d spaces; %v", m.pictures.Load(), m.texts.Load(), again.Computed, err)
	}
	// A file that is lost or damaged is made again.
	list, _ := filepath.Glob(filepath.Join(dir, "segments", "spaces", "*"))
	if len(list) < 4 {
		t.Fatalf("kept %q", list)
	}
	for _, f := range list {
		data, _ := os.ReadFile(f)
		data[len(data)/2] ^= 1
		put(t, filepath.Dir(f), filepath.Base(f), data)
	}
	if again, m, err = measure(t, file, dir, 2, 0); err != nil || m.pictures.Load() != 2*90 || !same(one.Spaces, again.Spaces) {
		t.Errorf("after damage %d pictures are embedded: %v", m.pictures.Load(), err)
	}

	s := one.Spaces[0]
	if s.Cell != "pair" || s.Label != "pair-s0" || s.Train != 45 || s.Test != 45 || s.D != 12 || s.Seed != 0 || one.Spaces[1].Seed != 1 {
		t.Errorf("the space is %+v", trial.Space{Label: s.Label, Cell: s.Cell, Train: s.Train, Test: s.Test, D: s.D})
	}
	count := map[string]int{}
	for _, r := range s.Rows {
		count[r.Quantity+"|"+r.Side+"|"+r.Form+"|"+r.Gallery+"|"+r.Basis]++
		if math.IsNaN(r.Value) && r.Quantity != "components for 95 %" {
			t.Errorf("no value: %+v", r)
		}
		if !math.IsNaN(r.Low) && !(r.Low <= r.Value && r.Value <= r.High) {
			t.Errorf("the interval does not hold the value: %+v", r)
		}
	}
	for key, want := range map[string]int{
		"modality gap|all pairs|raw||": 1, "modality gap|judged pairs|centred||": 1, "effective rank|texts|centred||": 1,
		"retrieval|images to texts|raw|captions of other pictures|": 1, "retrieval|images to texts|aligned|a caption with one attribute wrong|": 8,
		"retrieval|texts to images|centred|other pictures|": 1, "retrieval by components|images to texts|centred|a caption with one attribute wrong|both": 7,
		"accuracy|images|raw||": 7, "accuracy|texts, partial|raw||": 2, "accuracy|texts, reordered|raw||": 7, "selectivity|images to texts|aligned||": 7,
		"control accuracy|texts to images|raw||": 7,
	} {
		if count[key] != want {
			t.Errorf("%d numbers of %s, want %d", count[key], key, want)
		}
	}
	for _, r := range s.Rows { // a bag of words tells shape and ground whatever the order
		if r.Quantity == "accuracy" && r.Side == "texts, reordered" && r.Attribute == "ground-colour" && r.Value < .8 {
			t.Errorf("ground colour of reordered words is decoded in %v of the scenes", r.Value)
		}
	}
}

// same compares numbers with NaN equal to NaN.
func same(a, b []trial.Space) bool {
	return reflect.DeepEqual(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b))
}

// array is a NumPy file.
func array(kind string, shape string, values []float32) []byte {
	var b bytes.Buffer
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, shape)
	head += strings.Repeat(" ", (64-(11+len(head))%64)%64) + "\n"
	b.WriteString("\x93NUMPY\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(head))))
	b.WriteString(head)
	for _, v := range values {
		switch kind {
		case "<f8":
			b.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(float64(v))))
		default:
			b.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
	}
	return b.Bytes()
}

// TestPublishedFeatures: pairs that differ by one vector have a gap that centring closes, and are found every time then.
func TestPublishedFeatures(t *testing.T) {
	const n, d = 120, 6
	dir := t.TempDir()
	s := stream.Key{Seed: 5, Step: "published"}.Open()
	images, texts := make([]float32, n*d), make([]float32, n*d)
	for i := range n {
		var square float64
		for k := range d {
			v := s.Norm()
			images[i*d+k] = float32(v)
			square += v * v
		}
		for k := range d {
			images[i*d+k] /= float32(math.Sqrt(square))
			texts[i*d+k] = -images[i*d+k] // as far apart as can be: the mean is taken off, and a rotation turns them back
		}
	}
	put(t, dir, "i.npy", array("<f4", "120, 6", images))
	put(t, dir, "t.npy", array("<f8", "120, 6", texts))
	put(t, dir, "p.npy", array("<f4", "2, 120, 6", append(append([]float32(nil), images...), texts...)))
	text := "probity = 1\nname = \"x\"\n[[space]]\nfeatures = { images = \"i.npy\", texts = \"t.npy\" }\n[[space]]\nname = \"pairs\"\nfeatures = { pairs = \"p.npy\" }\n"
	got, _, err := measure(t, put(t, dir, "x.toml", []byte(text)), t.TempDir(), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Spaces) != 2 || got.Spaces[0].Label != "i" || got.Spaces[1].Label != "pairs" {
		t.Fatalf("spaces are %+v", got.Spaces)
	}
	for k, r := range got.Spaces[0].Rows {
		if o := got.Spaces[1].Rows[k]; o.Value != r.Value && !math.IsNaN(r.Value) {
			t.Errorf("in one file %v, in two %v: %+v", o.Value, r.Value, r)
		}
		if r.Quantity == "retrieval" && (r.Form == "aligned") != (r.Value > .9) {
			t.Errorf("retrieval is %v: %+v", r.Value, r)
		}
		if r.Quantity == "paired cosine" && r.Form == "aligned" && r.Value < .99 {
			t.Errorf("a rotation leaves a paired cosine of %v", r.Value)
		}
	}

	for name, c := range map[string]struct{ section, want string }{
		"two dimensions": {"features = { pairs = \"i.npy\" }", "has the shape [120 6]; pairs wants [2, N, D]"},
		"three":          {"features = { images = \"p.npy\", texts = \"t.npy\" }", "has the shape [2 120 6], wants [N, D]"},
		"rows":           {"features = { images = \"few.npy\", texts = \"t.npy\" }", "few.npy has 20 rows and"},
		"too few":        {"features = { images = \"few.npy\", texts = \"few.npy\" }", "20 pairs are too few, 40 are needed"},
		"dimensions":     {"features = { images = \"i.npy\", texts = \"narrow.npy\" }", "image features have 6 numbers and text features 3"},
		"integers":       {"features = { images = \"whole.npy\", texts = \"t.npy\" }", "wants float16, float32 or float64 in C order"},
		"no file":        {"features = { images = \"none.npy\", texts = \"t.npy\" }", "none.npy: no such file"},
		"cut":            {"features = { images = \"cut.npy\", texts = \"t.npy\" }", "are not the 720 numbers of shape"},
		"zero":           {"features = { images = \"zero.npy\", texts = \"t.npy\" }", "images: embeddings: row 0 has no length"},
	} {
		put(t, dir, "few.npy", array("<f4", "20, 6", images[:120]))
		put(t, dir, "narrow.npy", array("<f4", "120, 3", images[:360]))
		put(t, dir, "whole.npy", array("<i4", "120, 6", images))
		put(t, dir, "cut.npy", array("<f4", "120, 6", images[:700]))
		put(t, dir, "zero.npy", array("<f4", "120, 6", make([]float32, n*d)))
		_, _, err := measure(t, put(t, dir, "bad.toml", []byte("probity = 1\nname = \"x\"\n[[space]]\n"+c.section+"\n")), t.TempDir(), 1, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", name, err, c.want)
		}
	}
	for name, c := range map[string]struct{ images, section, want string }{
		"too few scenes":    {"dataset = \"scenes\"\ncount = 30\nsize = 32", "models = [\"pair-s0\"]", "needs 40 pictures with captions or more"},
		"unknown attribute": {"dataset = \"scenes\"\ncount = 50\nsize = 32", "models = [\"pair-s0\"]\nattributes = [\"color\"]", "not every source has the attribute \"color\"; all have colour, count,"},
	} {
		_, _, err := measure(t, put(t, dir, "bad.toml", []byte("probity = 1\nname = \"x\"\n[images]\n"+c.images+"\n[[space]]\n"+c.section+"\n")), t.TempDir(), 1, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", name, err, c.want)
		}
	}
}

// FuzzNPY: no bytes make the reader of features fail otherwise than by an error.
func FuzzNPY(f *testing.F) {
	f.Add(array("<f4", "2, 3", make([]float32, 6)))
	f.Add(array("<f2", "4,", []float32{1, 2}))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		shape, v, err := harness.ParseNPY(data)
		if err != nil {
			return
		}
		n := 1
		for _, k := range shape {
			n *= k
		}
		if n != len(v) {
			t.Errorf("shape %v with %d numbers", shape, len(v))
		}
	})
}

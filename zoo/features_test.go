package zoo_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"probity/internal/raster"
	"probity/internal/sharedtest"
	"probity/internal/trial"
	"probity/zoo"
)

const fixtures = "../testdata/zoo"

// open opens the small models, or those of other folders, and skips where there is no ONNX Runtime.
func open(t testing.TB, dirs ...string) *zoo.Zoo {
	t.Helper()
	if !zoo.Runnable {
		t.Skip("built without a C compiler")
	}
	if _, err := zoo.FindRuntime("", ""); err != nil {
		if os.Getenv("PROBITY_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if dirs == nil {
		dirs = []string{filepath.Join(fixtures, "models")}
	}
	z, err := zoo.Open(zoo.Options{Dirs: dirs, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

type sample struct {
	Shape  []int
	Norm   float64
	At     []int
	Values string
	Top    *int
}

func unpack(t *testing.T, s string) []float32 {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// compare returns the relative L2 and the cosine distance between a feature and its golden.
func compare(t *testing.T, got *trial.Tensor, want sample) (rel, cos float64) {
	t.Helper()
	if !slices.Equal(got.Shape, want.Shape) {
		t.Fatalf("shape %v, want %v", got.Shape, want.Shape)
	}
	var norm, diff, ab, aa, bb float64
	for _, v := range got.Data {
		norm += float64(v) * float64(v)
	}
	for i, v := range unpack(t, want.Values) {
		a, b := float64(got.Data[want.At[i]]), float64(v)
		diff += (a - b) * (a - b)
		ab, aa, bb = ab+a*b, aa+a*a, bb+b*b
	}
	rel = math.Max(math.Sqrt(diff/math.Max(bb, 1e-30)), math.Abs(math.Sqrt(norm)-want.Norm)/want.Norm)
	return rel, 1 - ab/math.Sqrt(math.Max(aa*bb, 1e-30))
}

func decode(t testing.TB, path string) *raster.Image {
	t.Helper()
	img, _, err := raster.DecodeFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// From file to feature, the small models agree with torch and Pillow (versions in features.json).
func TestSmallModelsAgreeWithTorch(t *testing.T) {
	z := open(t)
	var gold struct {
		Pictures []string
		Models   map[string]struct {
			Outputs, Native map[string]map[string]sample
			Texts           []struct {
				Text   string
				IDs    []int64
				Values string
			}
		}
	}
	readJSON(t, filepath.Join(fixtures, "features.json"), &gold)
	if len(gold.Models) != 5 {
		t.Fatalf("%d models in the golden file, want 5", len(gold.Models))
	}
	for name, want := range gold.Models {
		m, err := z.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, native := range []bool{false, true} {
			outputs := want.Outputs
			if native {
				outputs = want.Native
			}
			for output, byPicture := range outputs {
				for picture, s := range byPicture {
					img := decode(t, filepath.Join(fixtures, picture))
					if native && name == "tiny-alex" && min(img.W, img.H) < 63 {
						img = raster.Resize(img, 2*img.W, 2*img.H, raster.Nearest)
					}
					f, err := m.Features(context.Background(), []*raster.Image{img}, []string{output}, native)
					if err != nil {
						t.Fatalf("%s %s: %v", name, output, err)
					}
					if rel, cos := compare(t, f[0][0], s); rel > 1e-5 || cos > 1e-9 {
						t.Errorf("%s %s of %s (native %v): relative L2 %.1e, cosine distance %.1e", name, output, picture, native, rel, cos)
					}
				}
			}
		}
		if len(want.Texts) == 0 {
			continue
		}
		var texts []string
		for _, x := range want.Texts {
			texts = append(texts, x.Text)
		}
		got, cut, err := m.Texts(context.Background(), texts)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range want.Texts {
			ids, dropped := m.Tokenizer().Encode(x.Text, 24)
			for len(ids) < 24 {
				ids = append(ids, int64(m.Tokenizer().VocabSize()-1))
			}
			if !slices.Equal(ids, x.IDs) {
				t.Errorf("tokens of %q: %v, want %v", x.Text, ids, x.IDs)
			}
			if (dropped > 0) != slices.Contains(cut, i) {
				t.Errorf("%q: %d tokens dropped, but reported as cut: %v", x.Text, dropped, cut)
			}
			v := unpack(t, x.Values)
			at := make([]int, len(v))
			var norm float64
			for k := range v {
				at[k] = k
				norm += float64(v[k]) * float64(v[k])
			}
			if rel, _ := compare(t, got[i], sample{Shape: []int{len(v)}, Norm: math.Sqrt(norm), At: at, Values: x.Values}); rel > 1e-5 {
				t.Errorf("embedding of %q: relative L2 %.1e", x.Text, rel)
			}
		}
	}
}

// A picture's features are the same bytes alone, in company, at any place, from any number of callers.
func TestFeaturesDoNotDependOnCompany(t *testing.T) {
	z := open(t)
	wide, tall := decode(t, filepath.Join(fixtures, "wide.png")), decode(t, filepath.Join(fixtures, "tall.png"))
	for _, name := range []string{"tiny-cnn", "tiny-vit", "tiny-resnet", "tiny-clip"} {
		companyTest(t, z, name, wide, tall)
	}
}

func companyTest(t *testing.T, z *zoo.Zoo, name string, a, b *raster.Image) {
	t.Helper()
	m, err := z.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	var outputs []string
	for _, o := range m.Info().Outputs {
		outputs = append(outputs, o.Name)
	}
	ctx := context.Background()
	alone, err := m.Features(ctx, []*raster.Image{a}, outputs, false)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, got []*trial.Tensor, names []string) {
		for k, n := range names {
			i := slices.Index(outputs, n)
			if !slices.Equal(got[k].Data, alone[0][i].Data) {
				t.Errorf("%s: %s of a picture %s differs from the same alone", name, n, what)
			}
		}
	}
	var group sync.WaitGroup
	for place := range 10 {
		group.Add(1)
		go func() {
			defer group.Done()
			imgs := make([]*raster.Image, 11)
			for i := range imgs {
				imgs[i] = b
			}
			imgs[place] = a
			got, err := m.Features(ctx, imgs, outputs, false)
			if err != nil {
				t.Error(err)
				return
			}
			same("in company", got[place], outputs)
		}()
	}
	group.Wait()
	one, err := m.Features(ctx, []*raster.Image{b, a}, outputs[:1], false)
	if err != nil {
		t.Fatal(err)
	}
	same("with one output asked", one[1], outputs[:1])
}

// The same for the genuine models, and with two threads: what the package's doc promises.
func TestGenuineFeaturesDoNotDependOnCompany(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	dir := sharedtest.Dir(t, "models")
	kodak := sharedtest.Dir(t, "data/kodak")
	z := open(t, dir)
	a, b := decode(t, filepath.Join(kodak, "01.png")), decode(t, filepath.Join(kodak, "07.png"))
	two, err := zoo.Open(zoo.Options{Dirs: []string{dir}, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	for _, name := range []string{"vit-tiny-patch16-224", "mobilenetv2-1.0"} {
		m1, err := z.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		m2, err := two.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		f1, err := m1.Features(context.Background(), []*raster.Image{a, b}, []string{"embedding"}, false)
		if err != nil {
			t.Fatal(err)
		}
		f2, err := m2.Features(context.Background(), []*raster.Image{b, b, b, a}, []string{"embedding"}, false)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f1[0][0].Data, f2[3][0].Data) || !slices.Equal(f1[1][0].Data, f2[0][0].Data) {
			t.Errorf("%s: features depend on place, company or threads", name)
		}
	}
}

// The genuine models agree with ONNX Runtime's Python package on pictures that Pillow decoded and resized.
func TestGenuineModelsAgreeWithPython(t *testing.T) {
	dir, data := sharedtest.Dir(t, "models"), sharedtest.Dir(t, "data")
	z := open(t, dir)
	var gold struct {
		Pictures []string
		Models   map[string]map[string]map[string]sample
	}
	readJSON(t, filepath.Join(fixtures, "shared.json"), &gold)
	for name, outputs := range gold.Models {
		m, err := z.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for o := range outputs {
			names = append(names, o)
		}
		sort.Strings(names)
		var imgs []*raster.Image
		for _, p := range gold.Pictures {
			imgs = append(imgs, decode(t, filepath.Join(data, filepath.FromSlash(p))))
		}
		got, err := m.Features(context.Background(), imgs, names, false)
		if err != nil {
			t.Fatal(err)
		}
		worst := map[bool][2]float64{}
		for i, p := range gold.Pictures {
			png := strings.HasSuffix(p, ".png")
			// JPEG decoders differ by a level here and there, which the features show.
			relMost, cosMost := 1e-4, 1e-6
			if !png {
				relMost, cosMost = 2e-2, 2e-4
			}
			for k, o := range names {
				want := outputs[o][p]
				rel, cos := compare(t, got[i][k], want)
				worst[png] = [2]float64{max(worst[png][0], rel), max(worst[png][1], cos)}
				if rel > relMost || cos > cosMost {
					t.Errorf("%s %s of %s: relative L2 %.1e, cosine distance %.1e", name, o, p, rel, cos)
				}
				if want.Top != nil {
					best := 0
					for c, v := range got[i][k].Data {
						if v > got[i][k].Data[best] {
							best = c
						}
					}
					if best != *want.Top {
						t.Errorf("%s: class %d of %s, want %d", name, best, p, *want.Top)
					}
				}
			}
		}
		t.Logf("%s: PNG relative L2 %.1e, cosine distance %.1e; JPEG %.1e, %.1e", name, worst[true][0], worst[true][1], worst[false][0], worst[false][1])
	}
}

func TestInputTensorIsThePreprocessedPicture(t *testing.T) {
	z := open(t)
	m, err := z.Load("tiny-cnn")
	if err != nil {
		t.Fatal(err)
	}
	img := decode(t, filepath.Join(fixtures, "wide.png"))
	f, err := m.Features(context.Background(), []*raster.Image{img}, []string{trial.InputTensor, "embedding"}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := raster.Resize(img, 32, 32, raster.Bilinear)
	in := f[0][0]
	if !slices.Equal(in.Shape, []int{3, 32, 32}) || in.Layout != trial.Grid {
		t.Fatalf("shape %v, layout %s", in.Shape, in.Layout)
	}
	for i := range 32 * 32 {
		for c := range 3 {
			if in.Data[c*32*32+i] != float32(want.Pix[3*i+c])/255 {
				t.Fatalf("pixel %d channel %d: %v, want %d/255", i, c, in.Data[c*32*32+i], want.Pix[3*i+c])
			}
		}
	}
}

func TestBadRequestsAreExplained(t *testing.T) {
	z := open(t)
	vit, err := z.Load("tiny-vit")
	if err != nil {
		t.Fatal(err)
	}
	img := decode(t, filepath.Join(fixtures, "wide.png"))
	ctx := context.Background()
	contains := func(err error, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if err == nil || !strings.Contains(err.Error(), p) {
				t.Errorf("the error %v does not say %q", err, p)
			}
		}
	}
	_, err = vit.Features(ctx, []*raster.Image{img}, []string{"embeding"}, false)
	contains(err, `did you mean "embedding"`, "block1")
	_, err = vit.Features(ctx, []*raster.Image{img}, []string{"embedding"}, true)
	contains(err, "32 x 32", "53 x 37")
	_, _, err = vit.Texts(ctx, []string{"words"})
	contains(err, "no text tower")
	_, err = vit.Features(ctx, []*raster.Image{{W: 3, H: 3, Pix: make([]uint8, 5)}}, []string{"embedding"}, false)
	contains(err, "wants 27")
	_, err = z.Load("tiny-vti")
	contains(err, `did you mean "tiny-vit"`)
	if !errors.Is(err, zoo.ErrNoModel) {
		t.Errorf("%v is not ErrNoModel", err)
	}
	_, err = z.Load("alexnet")
	contains(err, "alexnet_features.onnx", "--models")
	_, err = z.Asset("../secret")
	contains(err, "inside a model folder")
	_, err = zoo.Open(zoo.Options{Provider: "cudda"})
	contains(err, `did you mean "cuda"`)
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, err = vit.Features(ended, []*raster.Image{img}, []string{"embedding"}, false); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
	z.Release("tiny-vit")
	_, err = vit.Features(ctx, []*raster.Image{img}, []string{"embedding"}, false)
	contains(err, "released")
	if _, err := z.Load("tiny-vit"); err != nil {
		t.Errorf("loading again: %v", err)
	}
}

func TestMissingProviderIsExplained(t *testing.T) {
	open(t)
	z, err := zoo.Open(zoo.Options{Dirs: []string{filepath.Join(fixtures, "models")}, Provider: "cuda"})
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	_, err = z.Load("tiny-cnn")
	var p *zoo.ProviderError
	if err != nil && !errors.As(err, &p) {
		t.Errorf("%v is no ProviderError", err)
	}
	if p != nil && !strings.Contains(p.Error(), "onnxruntime-gpu") {
		t.Errorf("%v does not say what to do", p)
	}
}

func TestDamagedModelsAreExplained(t *testing.T) {
	open(t)
	src, err := os.ReadFile(filepath.Join(fixtures, "models", "tiny-cnn.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	man, err := os.ReadFile(filepath.Join(fixtures, "models", "tiny-cnn.toml"))
	if err != nil {
		t.Fatal(err)
	}
	noHash := regexpHash.ReplaceAllString(string(man), "")
	newer := slices.Clone(src)
	// opset_import { version: 17 } at the end of the file becomes version 99.
	at := strings.LastIndex(string(newer), "\x10\x11")
	newer[at+1] = 99
	for name, c := range map[string]struct {
		onnx     []byte
		manifest string
		want     string
	}{
		"hash":      {append(slices.Clone(src), 0), string(man), "SHA-256"},
		"truncated": {src[:len(src)/2], noHash, "no ONNX file"},
		"text":      {[]byte("hello"), noHash, "no ONNX file"},
		"opset":     {newer, noHash, "opset 99"},
		"input":     {src, strings.Replace(noHash, `name = "pixel_values"`, `name = "pixel_value"`, 1), `did you mean "pixel_values"`},
		"output":    {src, strings.Replace(noHash, `name = "relu2"`, `name = "relu3"`, 1), "relu2"},
		"layout":    {src, strings.Replace(noHash, `layout = "map"`, `layout = "tokens"`, 1), "wants [tokens,C]"},
	} {
		dir := t.TempDir()
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "tiny-cnn.onnx"), c.onnx, 0o644), os.WriteFile(filepath.Join(dir, "tiny-cnn.toml"), []byte(c.manifest), 0o644)); err != nil {
			t.Fatal(err)
		}
		z, err := zoo.Open(zoo.Options{Dirs: []string{dir}, Strict: true, Cache: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		m, err := z.Load("tiny-cnn")
		if err == nil {
			_, err = m.Features(context.Background(), []*raster.Image{raster.New(40, 40)}, []string{"relu1"}, false)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error %v does not say %q", name, err, c.want)
		}
		z.Close()
	}
}

func BenchmarkFeatures(b *testing.B) {
	z := open(b)
	m, err := z.Load("tiny-vit")
	if err != nil {
		b.Fatal(err)
	}
	img := decode(b, filepath.Join(fixtures, "wide.png"))
	imgs := []*raster.Image{img, img, img, img, img, img, img, img}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Features(context.Background(), imgs, []string{"embedding"}, false); err != nil {
			b.Fatal(err)
		}
	}
}

// Full-size architectures with seeded random weights, which goldens.py --full makes and nobody commits, agree with the
// libraries' own transforms, tokenizer and torch. PROBITY_FULL names their folder.
func TestFullSizeModelsAgreeWithTheirLibraries(t *testing.T) {
	dir := os.Getenv("PROBITY_FULL")
	if dir == "" {
		t.Skip("PROBITY_FULL names no folder made by testdata/zoo/goldens.py --full")
	}
	data := sharedtest.Dir(t, "data")
	z := open(t, dir, sharedtest.Dir(t, "models"))
	var gold struct {
		Pictures []string
		Models   map[string]struct {
			Outputs map[string]map[string]sample
			Texts   []struct{ Text, Values string }
		}
	}
	readJSON(t, filepath.Join(dir, "full.json"), &gold)
	for name, want := range gold.Models {
		m, err := z.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for o := range want.Outputs {
			names = append(names, o)
		}
		sort.Strings(names)
		worst := map[string][2]float64{}
		for _, p := range gold.Pictures {
			got, err := m.Features(context.Background(), []*raster.Image{decode(t, filepath.Join(data, filepath.FromSlash(p)))}, names, false)
			if err != nil {
				t.Fatal(err)
			}
			for k, o := range names {
				rel, cos := compare(t, got[0][k], want.Outputs[o][p])
				kind := filepath.Ext(p)
				worst[kind] = [2]float64{max(worst[kind][0], rel), max(worst[kind][1], cos)}
				if kind == ".png" && (rel > 1e-3 || cos > 1e-6) {
					t.Errorf("%s %s of %s: relative L2 %.1e, cosine distance %.1e", name, o, p, rel, cos)
				}
			}
		}
		for _, kind := range []string{".png", ".jpg", ".JPEG"} {
			if w, ok := worst[kind]; ok {
				t.Logf("%s, %s: relative L2 %.1e, cosine distance %.1e", name, kind, w[0], w[1])
			}
		}
		if len(want.Texts) > 0 {
			var texts []string
			for _, x := range want.Texts {
				texts = append(texts, x.Text)
			}
			got, _, err := m.Texts(context.Background(), texts)
			if err != nil {
				t.Fatal(err)
			}
			var most [2]float64
			for i, x := range want.Texts {
				v := unpack(t, x.Values)
				at := make([]int, len(v))
				var norm float64
				for k := range v {
					at[k] = k
					norm += float64(v[k]) * float64(v[k])
				}
				rel, cos := compare(t, got[i], sample{Shape: []int{len(v)}, Norm: math.Sqrt(norm), At: at, Values: x.Values})
				most = [2]float64{max(most[0], rel), max(most[1], cos)}
				if rel > 1e-3 || cos > 1e-6 {
					t.Errorf("%s: text %q: relative L2 %.1e, cosine distance %.1e", name, x.Text, rel, cos)
				}
			}
			t.Logf("%s, %d texts: relative L2 %.1e, cosine distance %.1e", name, len(texts), most[0], most[1])
		}
		z.Release(name)
	}
}

// A class token picked from the tokens is the first of them.
func TestPickFirst(t *testing.T) {
	open(t)
	dir := t.TempDir()
	for _, name := range []string{"tiny-vit.onnx", "tiny-vit.toml"} {
		data, err := os.ReadFile(filepath.Join(fixtures, "models", name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".toml") {
			data = append(data, "\n[[output]]\nname = \"cls\"\ntensor = \"tokens\"\nlayout = \"pooled\"\npick = \"first\"\ndoc = \"class token\"\n"...)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := open(t, dir).Load("tiny-vit")
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Features(context.Background(), []*raster.Image{decode(t, filepath.Join(fixtures, "tall.png"))}, []string{"cls", "tokens"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f[0][0].Data, f[0][1].Data[:32]) || f[0][0].Layout != trial.Pooled {
		t.Error("the class token is not the first token")
	}
}

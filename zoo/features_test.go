package zoo_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
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

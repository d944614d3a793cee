package zoo_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/sharedtest"
	"probity/internal/trial"
	"probity/zoo"
)

// sample is a golden feature: its shape, its norm and evenly spaced values of it.
type sample struct {
	Shape  []int
	Norm   float64
	At     []int
	Values string // float32, little-endian, base64
	Top    *int   // class of the highest logit
}

// textSample is the golden embedding of a text, whole.
type textSample struct {
	Text   string
	IDs    []int64
	Values string
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

// off is how far a feature is from its golden: relative L2 and cosine distance.
type off [2]float64

func (a off) worse(b off) off { return off{max(a[0], b[0]), max(a[1], b[1])} }

func (a off) String() string {
	if a == (off{}) {
		return ""
	}
	return fmt.Sprintf("%.1e, %.1e", a[0], a[1])
}

// compare holds a feature against its golden. The relative L2 is that of the sampled values or that of the norm, the larger.
func compare(t *testing.T, got *trial.Tensor, want sample) off {
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
	rel := math.Max(math.Sqrt(diff/math.Max(bb, 1e-30)), math.Abs(math.Sqrt(norm)-want.Norm)/want.Norm)
	return off{rel, math.Max(0, 1-ab/math.Sqrt(math.Max(aa*bb, 1e-30)))}
}

func compareText(t *testing.T, got *trial.Tensor, values string) off {
	t.Helper()
	want := unpack(t, values)
	s := sample{Shape: []int{len(want)}, Values: values}
	for k, v := range want {
		s.At = append(s.At, k)
		s.Norm += float64(v) * float64(v)
	}
	s.Norm = math.Sqrt(s.Norm)
	return compare(t, got, s)
}

// parity is one row of the table of docs/models.md: the worst over all outputs and pictures.
type parity struct {
	Against string `json:"against"`         // the program that made the goldens
	PNG     off    `json:"png"`             // pictures that every decoder reads alike
	JPEG    off    `json:"jpeg"`            // pictures that decoders read differently
	Texts   off    `json:"texts,omitempty"` // of those models that read them
	Counts  [3]int `json:"counts"`          // pictures of either kind, texts
	// Of a library whose default way from a picture to a tensor is another than the one compared with: how far the joint embeddings
	// of the two are apart, in Python, on opaque pictures and on those with transparency.
	Default *[2]off `json:"default,omitempty"`
}

const parityFile = fixtures + "/parity.json"

// limits are what the way from file to embedding may be off by.
var limits = off{1e-3, 1e-6}

// measure runs a model over the golden's pictures, which find names the files of, and over its texts.
func measure(t *testing.T, m *zoo.Model, outputs map[string]map[string]sample, texts []textSample, find func(string) string) parity {
	t.Helper()
	name, ctx := m.Info().Name, context.Background()
	names := slices.Sorted(maps.Keys(outputs))
	var p parity
	pictures := slices.Sorted(maps.Keys(outputs[names[0]]))
	var batch [][]*trial.Tensor
	for i, picture := range pictures {
		if len(batch) == 0 { // eight at a time: a batch is filled up anyway
			var imgs []*raster.Image
			for _, next := range pictures[i:min(i+zoo.DefaultBatch, len(pictures))] {
				imgs = append(imgs, decode(t, find(next)))
			}
			var err error
			if batch, err = m.Features(ctx, imgs, names, false); err != nil {
				t.Fatal(err)
			}
		}
		got := batch[:1]
		batch = batch[1:]
		png := strings.HasSuffix(picture, ".png")
		for k, o := range names {
			want := outputs[o][picture]
			d := compare(t, got[0][k], want)
			if png {
				p.PNG = p.PNG.worse(d)
			} else {
				p.JPEG = p.JPEG.worse(d)
			}
			if png && (!(d[0] <= limits[0]) || !(d[1] <= limits[1])) {
				t.Errorf("%s, %s of %s: relative L2 and cosine distance %v", name, o, picture, d)
			}
			if want.Top != nil {
				if best := slices.Index(got[0][k].Data, slices.Max(got[0][k].Data)); best != *want.Top {
					t.Errorf("%s: class %d of %s, want %d", name, best, picture, *want.Top)
				}
			}
		}
		if png {
			p.Counts[0]++
		} else {
			p.Counts[1]++
		}
	}
	if len(texts) == 0 {
		return p
	}
	var said []string
	for _, x := range texts {
		said = append(said, x.Text)
	}
	got, _, err := m.Texts(ctx, said)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range texts {
		if x.IDs != nil {
			text := m.Manifest().Text
			ids, _ := m.Tokenizer().Encode(x.Text, text.Context)
			for len(ids) < text.Context {
				ids = append(ids, text.PadID)
			}
			if !slices.Equal(ids, x.IDs) {
				t.Errorf("%s: tokens of %q: %v, want %v", name, x.Text, ids, x.IDs)
			}
		}
		d := compareText(t, got[i], x.Values)
		p.Texts = p.Texts.worse(d)
		if !(d[0] <= limits[0]) || !(d[1] <= limits[1]) {
			t.Errorf("%s: text %q: relative L2 and cosine distance %v", name, x.Text, d)
		}
	}
	p.Counts[2] = len(texts)
	return p
}

// hold compares what was measured with what docs/models.md says, or with -update writes it down. Another processor may differ in the
// last digits of single precision, and no more.
func hold(t *testing.T, model string, p parity) {
	t.Helper()
	t.Logf("%s against %s: PNG %v; JPEG %v; texts %v (%v pictures of either kind and texts)", model, p.Against, p.PNG, p.JPEG, p.Texts, p.Counts)
	known := map[string]parity{}
	if data, err := os.ReadFile(parityFile); err == nil {
		if err := json.Unmarshal(data, &known); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		list := []*off{&p.PNG, &p.JPEG, &p.Texts}
		if p.Default != nil {
			list = append(list, &p.Default[0], &p.Default[1])
		}
		for _, o := range list {
			for i := range o {
				fmt.Sscanf(fmt.Sprintf("%.1e", o[i]), "%g", &o[i])
			}
		}
		known[model] = p
		data, err := json.MarshalIndent(known, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(parityFile, append(data, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	said, ok := known[model]
	if !ok {
		t.Errorf("docs/models.md says nothing of %s: run this test with -update, then go test ./zoo -run TestModelsPage -update", model)
		return
	}
	type row struct {
		what      string
		got, want off
		least     off
	}
	rows := []row{{"PNG", p.PNG, said.PNG, off{1e-5, 1e-9}}, {"texts", p.Texts, said.Texts, off{1e-5, 1e-9}}, {"JPEG", p.JPEG, said.JPEG, off{1e-5, 1e-9}}}
	switch {
	case (p.Default == nil) != (said.Default == nil):
		t.Errorf("%s: the library's default processor was compared, or docs/models.md says that it was, and not both", model)
	case p.Default != nil:
		rows = append(rows, row{"default, no alpha", p.Default[0], said.Default[0], off{}}, row{"default, alpha", p.Default[1], said.Default[1], off{}})
	}
	for _, c := range rows {
		for i, what := range []string{"relative L2", "cosine distance"} {
			if most := max(2*c.want[i], c.least[i]); !(c.got[i] <= most) {
				t.Errorf("%s, %s: the %s is %.1e, docs/models.md says %.1e", model, c.what, what, c.got[i], c.want[i])
			}
		}
	}
	if p.Counts != said.Counts {
		t.Errorf("%s: %v pictures of either kind and texts, docs/models.md says %v", model, p.Counts, said.Counts)
	}
}

// From file to embedding, a small model of each architecture with seeded random weights, exported by zoo/export, agrees with its library,
// on pictures of every kind and on 40 texts (versions in features.json). This runs wherever ONNX Runtime is.
func TestSmallModelsAgreeWithTorch(t *testing.T) {
	z := open(t)
	var gold struct {
		Pictures, Kinds []string
		Models          map[string]struct {
			Outputs, Native, Kinds map[string]map[string]sample
			Texts                  []textSample
		}
	}
	readJSON(t, filepath.Join(fixtures, "features.json"), &gold)
	if len(gold.Models) != 7 || len(gold.Kinds) != 20 {
		t.Fatalf("%d models and %d kinds of picture in the golden file, want 7 and 20", len(gold.Models), len(gold.Kinds))
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
					if d := compare(t, f[0][0], s); d[0] > 1e-5 || d[1] > 1e-9 {
						t.Errorf("%s %s of %s (native %v): relative L2 and cosine distance %v", name, output, picture, native, d)
					}
				}
			}
		}
		p := measure(t, m, want.Kinds, want.Texts, func(picture string) string { return filepath.Join(fixtures, "kinds", picture) })
		p.Against = map[string]string{"tiny-clip": "transformers", "tiny-siglip": "transformers", "tiny-open-clip": "open_clip", "tiny-vit": "timm", "tiny-resnet": "timm"}[name]
		if p.Against == "" {
			p.Against = "torch"
		}
		hold(t, name, p)
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
		p := measure(t, m, outputs, nil, func(picture string) string { return filepath.Join(data, filepath.FromSlash(picture)) })
		p.Against = "ONNX Runtime in Python on Pillow's pictures"
		hold(t, name, p)
	}
}

// Full-size architectures with seeded random weights, which `make goldens` makes and nobody commits, agree with the libraries' own
// transforms, tokenizers and torch on photographs of every kind. PROBITY_FULL names their folder.
func TestFullSizeModelsAgreeWithTheirLibraries(t *testing.T) {
	dir := os.Getenv("PROBITY_FULL")
	if dir == "" {
		t.Skip("PROBITY_FULL names no folder made by `make goldens`")
	}
	data := sharedtest.Dir(t, "data")
	z := open(t, dir, sharedtest.Dir(t, "models"))
	var gold struct {
		Models map[string]struct {
			Oracle  string
			Outputs map[string]map[string]sample
			Texts   []textSample
			Default map[string]off
		}
	}
	readJSON(t, filepath.Join(dir, "full.json"), &gold)
	for _, name := range slices.Sorted(maps.Keys(gold.Models)) {
		want := gold.Models[name]
		t.Run(name, func(t *testing.T) {
			m, err := z.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			p := measure(t, m, want.Outputs, want.Texts, func(picture string) string {
				if strings.HasPrefix(picture, "pictures/") {
					return filepath.Join(dir, filepath.FromSlash(picture))
				}
				return filepath.Join(data, filepath.FromSlash(picture))
			})
			p.Against = want.Oracle
			for picture, d := range want.Default {
				if p.Default == nil {
					p.Default = new([2]off)
				}
				k := 0
				if strings.Contains(picture, "alpha") || strings.Contains(picture, "transparent") {
					k = 1
				}
				p.Default[k] = p.Default[k].worse(d)
			}
			hold(t, name, p)
			z.Release(name)
		})
	}
}

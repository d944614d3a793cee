package raster_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"probity/internal/raster"
)

type goldens struct {
	Oracle string
	Resize []struct {
		Seed, W, H, TW, TH int
		Filter, SHA256     string
	}
	ResizeFloat []struct {
		TW, TH int
		Filter string
		Values []float64
	} `json:"resize_float"`
	Lab struct {
		Lab   [][3]float64
		DE00  []float64
		CDE00 []float64 `json:"de00_colour_science"`
	}
	TorchVision []struct {
		Seed, W, H, Side, CW, CH int
		SHA256                   string
	}
	Decode []struct {
		Name, File, SHA256, RGB, Note string
		W, H                          int
	}
}

func load(t *testing.T) *goldens {
	t.Helper()
	data, err := os.ReadFile("../../testdata/raster/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	g := new(goldens)
	if err := json.Unmarshal(data, g); err != nil {
		t.Fatal(err)
	}
	return g
}

// generate is the integer generator of testdata/raster/goldens.py.
func generate(seed uint32, n int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		seed = seed*1664525 + 1013904223
		out[i] = uint8(seed >> 24)
	}
	return out
}

func picture(seed, w, h int) *raster.Image {
	m := raster.New(w, h)
	if seed%2 == 1 {
		copy(m.Pix, generate(uint32(seed), len(m.Pix)))
		return m
	}
	for y := range h {
		for x := range w {
			p := m.Pix[3*(y*w+x):]
			p[0], p[1] = uint8(x*255/max(1, w-1)), uint8(y*255/max(1, h-1))
			if 2*x > w {
				p[2] = 255
			}
		}
	}
	return m
}

func sum(b []uint8) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestResizeHasPillowsBytes(t *testing.T) {
	g := load(t)
	for _, c := range g.Resize {
		f, err := raster.ParseFilter(c.Filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := raster.Resize(picture(c.Seed, c.W, c.H), c.TW, c.TH, f); sum(got.Pix) != c.SHA256 {
			t.Errorf("picture %d, %d x %d to %d x %d, %s: bytes differ from %s", c.Seed, c.W, c.H, c.TW, c.TH, c.Filter, g.Oracle)
		}
	}
}

func TestResizeMap(t *testing.T) {
	g := load(t)
	m := raster.NewMap(13, 9)
	for i, v := range generate(11, 13*9) {
		m.V[i] = float64(v)
	}
	for _, c := range g.ResizeFloat {
		f, _ := raster.ParseFilter(c.Filter)
		got := raster.ResizeMap(m, c.TW, c.TH, f)
		for i, want := range c.Values {
			if math.Abs(got.V[i]-want) > 5e-5 { // Pillow keeps float32
				t.Errorf("%s to %d x %d, element %d: %g, %s has %g", c.Filter, c.TW, c.TH, i, got.V[i], g.Oracle, want)
				break
			}
		}
	}
}

func TestLabAndDeltaE(t *testing.T) {
	g := load(t)
	a, b := generate(21, 300), generate(22, 300)
	for i, want := range g.Lab.Lab {
		L, A, B := raster.LabOf(a[3*i], a[3*i+1], a[3*i+2])
		for c, v := range []float64{L, A, B} {
			if math.Abs(v-want[c]) > 1e-9 {
				t.Fatalf("Lab of %v: %v, scikit-image has %v", a[3*i:3*i+3], []float64{L, A, B}, want)
			}
		}
		L2, A2, B2 := raster.LabOf(b[3*i], b[3*i+1], b[3*i+2])
		de := raster.DeltaE00(L, A, B, L2, A2, B2)
		if math.Abs(de-g.Lab.DE00[i]) > 1e-12 || math.Abs(raster.DeltaE00(L2, A2, B2, L, A, B)-de) > 1e-12 {
			t.Errorf("pair %d: CIEDE2000 %v, scikit-image has %v", i, de, g.Lab.DE00[i])
		}
		if math.Abs(raster.DeltaE00(want[0], want[1], want[2], L2, A2, B2)-g.Lab.CDE00[i]) > 1e-12 {
			t.Errorf("pair %d: CIEDE2000 %v, colour-science has %v", i, de, g.Lab.CDE00[i])
		}
		if r, gg, bb, ok := raster.FromLab(L, A, B); r != a[3*i] || gg != a[3*i+1] || bb != a[3*i+2] || !ok {
			t.Errorf("%v came back from Lab as %d %d %d (in gamut: %v)", a[3*i:3*i+3], r, gg, bb, ok)
		}
	}
}

// sharma are the 34 pairs published with Sharma, Wu and Dalal (2005), Table 1.
var sharma = [][7]float64{
	{50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425}, {50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615},
	{50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412}, {50, -1.3802, -84.2814, 50, 0, -82.7485, 1},
	{50, -1.1848, -84.8006, 50, 0, -82.7485, 1}, {50, -.9009, -85.5211, 50, 0, -82.7485, 1},
	{50, 0, 0, 50, -1, 2, 2.3669}, {50, -1, 2, 50, 0, 0, 2.3669},
	{50, 2.49, -.001, 50, -2.49, .0009, 7.1792}, {50, 2.49, -.001, 50, -2.49, .0010, 7.1792},
	{50, 2.49, -.001, 50, -2.49, .0011, 7.2195}, {50, 2.49, -.001, 50, -2.49, .0012, 7.2195},
	{50, -.001, 2.49, 50, .0009, -2.49, 4.8045}, {50, -.001, 2.49, 50, .0010, -2.49, 4.8045},
	{50, -.001, 2.49, 50, .0011, -2.49, 4.7461}, {50, 2.5, 0, 50, 0, -2.5, 4.3065},
	{50, 2.5, 0, 73, 25, -18, 27.1492}, {50, 2.5, 0, 61, -5, 29, 22.8977},
	{50, 2.5, 0, 56, -27, -3, 31.9030}, {50, 2.5, 0, 58, 24, 15, 19.4535},
	{50, 2.5, 0, 50, 3.1736, .5854, 1}, {50, 2.5, 0, 50, 3.2972, 0, 1},
	{50, 2.5, 0, 50, 1.8634, .5757, 1}, {50, 2.5, 0, 50, 3.2592, .3350, 1},
	{60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644}, {63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630},
	{61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731}, {35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645},
	{22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373}, {36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146},
	{90.8027, -2.0831, 1.4410, 91.1528, -1.6435, .0447, 1.4441}, {90.9257, -.5406, -.9208, 88.6381, -.8985, -.7239, 1.5381},
	{6.7747, -.2908, -2.4247, 5.8714, -.0985, -2.2286, .6377}, {2.0776, .0795, -1.1350, .9033, -.0636, -.5514, .9082},
}

func TestSharmasPairs(t *testing.T) {
	for i, p := range sharma {
		if got := raster.DeltaE00(p[0], p[1], p[2], p[3], p[4], p[5]); math.Abs(got-p[6]) > 5e-5 {
			t.Errorf("pair %d: %.6f, published %.4f", i+1, got, p[6])
		}
	}
}

func TestTransformsAsTorchvision(t *testing.T) {
	g := load(t)
	if len(g.TorchVision) == 0 {
		t.Fatal("no goldens")
	}
	for _, c := range g.TorchVision {
		got := picture(c.Seed, c.W, c.H).ShorterSide(c.Side, raster.Bicubic).CentreCrop(c.CW, c.CH)
		if sum(got.Pix) != c.SHA256 {
			t.Errorf("%d x %d, shorter side %d, centre %d x %d: bytes differ from %s", c.W, c.H, c.Side, c.CW, c.CH, g.Oracle)
		}
	}
}

func TestDecodeAsPillow(t *testing.T) {
	g := load(t)
	for _, c := range g.Decode {
		file, err := hex.DecodeString(c.File)
		if err != nil {
			t.Fatal(err)
		}
		m, meta, err := raster.Decode(file)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if m.W != c.W || m.H != c.H {
			t.Errorf("%s: %d x %d, Pillow has %d x %d", c.Name, m.W, m.H, c.W, c.H)
			continue
		}
		if meta.Format == "jpeg" {
			want, _ := hex.DecodeString(c.RGB)
			worst, total := 0, 0
			for i, v := range m.Pix {
				d := int(v) - int(want[i])
				worst, total = max(worst, d, -d), total+max(d, -d)
			}
			// The inverse DCTs round differently. In 45 numbers one such pixel is already a mean of .067.
			if worst > 3 || total > max(3, len(want)/20) {
				t.Errorf("%s (%s): at most %d levels and %.3f on average from %s, want 3 and .05", c.Name, meta.Chroma, worst, float64(total)/float64(len(want)), g.Oracle)
			}
			continue
		}
		if sum(m.Pix) != c.SHA256 {
			t.Errorf("%s: bytes differ from %s", c.Name, g.Oracle)
		}
		if strings.Contains(c.Note, "alpha") != meta.Alpha {
			t.Errorf("%s: Meta.Alpha is %v", c.Name, meta.Alpha)
		}
	}
}

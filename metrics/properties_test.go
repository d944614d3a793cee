package metrics_test

import (
	"hash/fnv"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"probity/internal/raster"
	"probity/internal/trial"
)

// same is what a metric says of a picture and itself, where that is not 0 for a distance and the range's upper end for a
// similarity.
var same = map[string]float64{
	"psnr": math.Inf(1), "vifp": 1,
	"text-image-gain": 0, "directional": 0, "compliance-preservation": 0, // nothing was done, so nothing was done right
}

// wordy metrics hold pictures against words: no picture is at distance 0 from a caption.
var wordy = map[string]bool{"clip-score": true, "ref-clip-score": true}

// scene is a picture of some smooth shapes with noise of +-amount levels.
func scene(w, h int, amount float64) *raster.Image {
	m := raster.New(w, h)
	n := noise(5, len(m.Pix))
	for i := range m.Pix {
		x, y, c := i/3%w, i/3/w, float64(i%3)
		v := 120 + 60*math.Sin(float64(x)/19+c) + 30*math.Cos(float64(y)/11-c)
		if (x-w/3)*(x-w/3)+(y-h/2)*(y-h/2) < w*h/16 {
			v = 200 - 40*c
		}
		m.Pix[i] = uint8(math.Round(v + 2*amount*float64(n[i])))
	}
	return m
}

func flat(w, h int, level uint8) *raster.Image {
	m := raster.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = level
	}
	return m
}

// layerChannels are the channels of the layers that LPIPS and DISTS tap.
var layerChannels = map[string]int{
	"relu1": 64, "relu2": 192, "relu3": 384, "relu4": 256, "relu5": 256,
	"relu1_2": 64, "relu2_2": 128, "relu3_3": 256, "relu4_3": 512, "relu5_3": 512,
	"tap1": 64, "tap2": 128, "tap3": 256, "tap4": 384, "tap5": 384, "tap6": 512, "tap7": 512, trial.InputTensor: 3,
}

// network stands in for a backbone: random filters of the picture averaged down to 8 x 8 places, rectified, so that equal
// pictures have equal features, a flat picture the same vector everywhere, and small changes small effects.
func network(m *raster.Image, output string) *trial.Tensor {
	const side = 8
	c, ok := layerChannels[output]
	if !ok {
		c = 48
	}
	h := fnv.New32a()
	h.Write([]byte(output))
	weights := noise(h.Sum32(), 4*c)
	var mean, count [3 * side * side]float64
	for i, v := range m.Pix {
		at := i%3*side*side + (i/3/m.W*side/m.H)*side + i/3%m.W*side/m.W
		mean[at] += float64(v) / 255
		count[at]++
	}
	out := grid(make([]float32, c*side*side), c, side, side)
	for k := range c {
		for i := range side * side {
			v := float64(weights[4*k+3]) + .2
			for j := range 3 {
				v += 2 * float64(weights[4*k+j]) * mean[j*side*side+i] / count[j*side*side+i]
			}
			out.Data[k*side*side+i] = float32(max(v, 0))
		}
	}
	switch output {
	case "tokens":
		return tokens(out)
	case "embedding", "joint":
		v := make([]float32, c)
		for k := range v {
			for _, x := range out.Data[k*side*side : (k+1)*side*side] {
				v[k] += x / side / side
			}
		}
		return pooled(v)
	}
	return out
}

func features(m trial.Metric, t *trial.Trial) []*trial.Tensor {
	var out []*trial.Tensor
	for _, r := range m.Needs() {
		switch r.Part {
		case trial.OfInput:
			out = append(out, network(t.Input, r.Output))
		case trial.OfOutput:
			out = append(out, network(t.Output, r.Output))
		case trial.OfReferences:
			out = append(out, &trial.Tensor{Layout: trial.Tokens, Shape: []int{2, 48}, Data: noise(7, 96)})
		default:
			out = append(out, pooled(noise(uint32(len(r.Part)), 48)))
		}
	}
	return out
}

// variants are all metrics on trials with each value of their string parameters, programs and tables aside.
func variants() (labels []string) {
	for _, name := range trial.Metrics.Names() {
		e, info, _ := trial.Metrics.Get(name)
		if e.Group == trial.External {
			continue
		}
		labels = append(labels, name)
		for _, p := range info.Params {
			for _, v := range p.Enum {
				if v != p.Default && v != "outside" { // which needs a mask: TestPreservation
					labels = append(labels, name+" "+p.Name+"="+v)
				}
			}
		}
	}
	return
}

func scoreOf(t *testing.T, m trial.Metric, a, b *raster.Image, memo *trial.Memo) float64 {
	t.Helper()
	x := &trial.Trial{Input: a, Output: b, Memo: memo}
	x.Features = features(m, x)
	s, err := m.Score(x)
	if err != nil {
		t.Fatal(err)
	}
	return s.Value
}

// TestProperties holds every metric to the laws that its entry promises.
func TestProperties(t *testing.T) {
	const w, h = 173, 162
	clean, noisy, noisier := scene(w, h, 0), scene(w, h, 6), scene(w, h, 40)
	for _, label := range variants() {
		t.Run(label, func(t *testing.T) {
			m, e := build(t, label)
			name := strings.Fields(label)[0]
			whole := e.High
			if e.Direction == trial.Distance {
				whole = 0
			}
			if v, ok := same[name]; ok {
				whole = v
			}
			kept := clean.Clone()
			self := scoreOf(t, m, clean, clean, nil)
			little, much := scoreOf(t, m, clean, noisy, nil), scoreOf(t, m, clean, noisier, nil)
			rounding := 0.
			if name == "vifp" {
				rounding = 1e-8 // the constants that the authors' code adds
			} else if e.Direction == trial.Similarity {
				rounding = 1e-12
			}
			if !wordy[name] && self != whole && !(abs(self-whole) <= rounding) {
				t.Errorf("of a picture and itself it says %v, want %v", self, whole)
			}
			for _, v := range []float64{self, little, much} {
				if !(v >= e.Low && v <= e.High*(1+1e-12)) {
					t.Errorf("%v is outside %v to %v", v, e.Low, e.High)
				}
			}
			if e.Group != trial.TextImage && e.Group != trial.Triplet {
				if e.Direction == trial.Distance && !(self < little && little < much) || e.Direction == trial.Similarity && !(self > little && little > much) {
					t.Errorf("a %s: %v alone, %v with a little noise, %v with much", e.Direction, self, little, much)
				}
			}
			if e.Symmetric {
				if back := scoreOf(t, m, noisier, clean, nil); abs(back-much) > 1e-12*max(1, abs(much)) {
					t.Errorf("%v one way, %v the other", much, back)
				}
			}
			for _, pair := range [][2]uint8{{0, 0}, {0, 255}, {255, 0}, {255, 255}, {90, 91}} {
				v := scoreOf(t, m, flat(w, h, pair[0]), flat(w, h, pair[1]), nil)
				if math.IsNaN(v) || math.IsInf(v, 0) && !(name == "psnr" && pair[0] == pair[1]) {
					t.Errorf("%v of flat pictures of %v", v, pair)
				}
			}
			if s := scoreOf(t, m, clean, flat(w, h, 128), nil); math.IsNaN(s) || math.IsInf(s, 0) {
				t.Errorf("%v against a flat picture", s)
			}
			x := &trial.Trial{Input: clean, Output: scene(w, h+1, 0)}
			x.Features = features(m, x)
			if _, err := m.Score(x); !e.AnySize && (err == nil || !strings.Contains(err.Error(), "173 x 162") || !strings.Contains(err.Error(), "173 x 163")) {
				t.Errorf("pictures of unequal size: error %v, wants both sizes", err)
			} else if e.AnySize && err != nil {
				t.Errorf("pictures of unequal size: %v", err)
			}
			if !clean.Equal(kept) {
				t.Error("it changes its input")
			}
		})
	}
}

// TestWorkers: the same bits with or without what is remembered of the input, one at a time or all at once, on one
// processor or more.
func TestWorkers(t *testing.T) {
	const w, h = 165, 161
	a := scene(w, h, 3)
	outputs := []*raster.Image{scene(w, h, 9), scene(w, h, 20), flat(w, h, 100), a}
	for _, label := range variants() {
		m, _ := build(t, label)
		want := make([]float64, len(outputs))
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			for i, b := range outputs {
				want[i] = scoreOf(t, m, a, b, nil)
			}
		}()
		got := make([]float64, 3*len(outputs))
		memo := new(trial.Memo)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i] = scoreOf(t, m, a, outputs[i%len(outputs)], memo) })
		}
		wg.Wait()
		for i, v := range got {
			if math.Float64bits(v) != math.Float64bits(want[i%len(want)]) {
				t.Errorf("%s: %v alone, %v among others", label, want[i%len(want)], v)
			}
		}
	}
}

// Features of unequal size are an error that names both, never a panic; so is a number that is none.
func TestWrongFeatures(t *testing.T) {
	blank := raster.New(8, 8)
	for label, given := range featureGoldens() {
		m, _ := build(t, label)
		for i := range given {
			wrong := slices.Clone(given)
			c := *wrong[i]
			c.Data, c.Shape = c.Data[:len(c.Data)-c.Channels()], slices.Clone(c.Shape)
			switch c.Layout {
			case trial.Grid:
				n := c.H * c.W
				c.Shape[0]--
				c.Data = wrong[i].Data[:c.Shape[0]*n]
			case trial.Tokens:
				continue // references: as many as there are
			default:
				c.Data = wrong[i].Data[:len(wrong[i].Data)-1]
				c.Shape[0]--
			}
			wrong[i] = &c
			if s, err := m.Score(&trial.Trial{Input: blank, Output: blank, Features: wrong}); err == nil {
				t.Errorf("%s: feature %d of %v among %v gave %v, wants an error", label, i, c.Shape, given[i].Shape, s.Value)
			}
			bad := slices.Clone(given)
			d := *bad[i]
			d.Data = slices.Clone(d.Data)
			d.Data[3] = float32(math.NaN())
			bad[i] = &d
			if s, err := m.Score(&trial.Trial{Input: blank, Output: blank, Features: bad}); err == nil && !math.IsNaN(s.Value) {
				t.Errorf("%s: feature %d holds NaN and the score is %v", label, i, s.Value)
			}
		}
	}
}

// The three regions of preservation: an edit inside the mask costs `pooled` and spares `outside`.
func TestPreservation(t *testing.T) {
	const w, h = 160, 160
	a := scene(w, h, 0)
	b, mask := a.Clone(), raster.NewMask(w, h)
	for y := 40; y < 80; y++ {
		for x := 40; x < 80; x++ {
			mask.In[y*w+x] = 1
			copy(b.Pix[3*(y*w+x):], []uint8{250, 10, 240})
		}
	}
	score := func(region string, mask *raster.Mask) (float64, error) {
		m, _ := build(t, "compliance-preservation region="+region)
		x := &trial.Trial{Input: a, Output: b, Mask: mask}
		x.Features = features(m, x)
		// A full step in the captions' direction: C = 1, so that the square of the score is P.
		e := words()
		for i, k := range []int{0, 1, 0, 1} {
			x.Features[i] = e[k]
		}
		s, err := m.Score(x)
		return s.Value * s.Value, err
	}
	pooled, err1 := score("pooled", nil)
	outside, err2 := score("outside", mask)
	trimmed, err3 := score("trimmed", nil)
	if err1 != nil || err2 != nil || err3 != nil || abs(outside-1) > 1e-12 || abs(trimmed-1) > 1e-12 || !(pooled < .999) {
		t.Errorf("pooled %v, outside %v, trimmed %v (%v, %v, %v)", pooled, outside, trimmed, err1, err2, err3)
	}
	if _, err := score("outside", nil); err == nil || !strings.Contains(err.Error(), "trimmed") {
		t.Errorf("without a mask: %v", err)
	}
	full := raster.NewMask(w, h)
	for i := range full.In {
		full.In[i] = 1
	}
	if _, err := score("outside", full); err == nil {
		t.Error("a mask of the whole picture is no error")
	}
}

package perturb_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/sharedtest"
	"probity/internal/trial"
	"probity/perturb"

	"path/filepath"
)

func TestPhaseScrambling(t *testing.T) {
	for _, size := range [][2]int{{64, 48}, {61, 47}} {
		src := source(2, size[0], size[1])
		for _, share := range []float64{.3, 1} {
			before, after, err := perturb.ScrambledSpectra(input(src, "phase-scramble", nil), share)
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for c := range before {
				for i, p := range before[c] {
					worst = math.Max(worst, math.Abs(after[c][i]-p)/math.Max(p, 1))
				}
			}
			if worst > 1e-6 {
				t.Errorf("%v at %g: the power spectrum moved by %g before quantising", size, share, worst)
			}
		}
		o, err := sweep(t, "phase-scramble", input(src, "phase-scramble", nil))(1)
		if err != nil || len(o.Flags) != 1 || o.Flags[0].Code != "spectrum" {
			t.Errorf("the loss of spectrum is not stated: %v, %v", o.Flags, err)
		}
		t.Log(o.Flags[0].Detail)
		in := input(src, "phase-scramble-histogram", nil)
		h, err := sweep(t, "phase-scramble-histogram", in)(1)
		if err != nil || !slices.Equal(colours(in.Image), colours(h.Image)) {
			t.Errorf("the colour histogram is not kept: %v", err)
		}
	}
}

// colours lists a picture's colours in order.
func colours(m *raster.Image) []int {
	out := make([]int, 0, m.W*m.H)
	for i := 0; i < len(m.Pix); i += 3 {
		out = append(out, int(m.Pix[i])<<16|int(m.Pix[i+1])<<8|int(m.Pix[i+2]))
	}
	slices.Sort(out)
	return out
}

// TestStatisticsOfNoise compares realised statistics with what the formulas say, on a mid-grey picture where nothing clips.
func TestStatisticsOfNoise(t *testing.T) {
	m := raster.New(256, 256)
	for i := range m.Pix {
		m.Pix[i] = 128
	}
	src := &trial.Source{ID: "grey", Hash: "grey", Picture: memory{img: m}}
	// Rounding to whole levels adds a variance of 1/12.
	for name, c := range map[string]struct{ severity, sd float64 }{
		"gaussian-noise": {10, math.Sqrt(100 + 1./12)}, "sensor-noise": {4, math.Sqrt(16 + 1./12)}, "speckle": {.1, math.Sqrt(12.8*12.8 + 1./12)},
		"texture-overlay": {.05, math.Sqrt(12.75*12.75 + 1./12)}, "salt-and-pepper": {.1, math.Sqrt(.1 * (128*128 + 127*127) / 2)},
	} {
		o, err := sweep(t, name, input(src, name, nil))(c.severity)
		if err != nil {
			t.Fatal(err)
		}
		d := raster.Measure(m, o.Image, nil, nil)
		// The standard error of an estimate from 65,536 independent pixels is below .5 %; salt and pepper turns few of them.
		if math.Abs(d.RMS/c.sd-1) > .02 {
			t.Errorf("%s at %g: RMS %.4f, want %.4f", name, c.severity, d.RMS, c.sd)
		}
	}
}

func TestInpaintAndPoisson(t *testing.T) {
	flat, ramp := raster.New(40, 40), raster.New(40, 40)
	hole := raster.NewMask(40, 40)
	for i := range hole.In {
		x, y := i%40, i/40
		flat.Pix[3*i], flat.Pix[3*i+1], flat.Pix[3*i+2] = 90, 140, 30
		ramp.Pix[3*i], ramp.Pix[3*i+1], ramp.Pix[3*i+2] = uint8(20+4*x), uint8(20+4*y), uint8(20+2*x+2*y)
		if x >= 14 && x < 25 && y >= 12 && y < 27 {
			hole.In[i] = 1
		}
	}
	damaged := func(m *raster.Image) *raster.Image {
		out := m.Clone()
		for i, v := range hole.In {
			if v != 0 {
				out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = 255, 0, 255
			}
		}
		return out
	}
	got, err := perturb.Inpainted(damaged(flat), hole, 5)
	if err != nil || !got.Equal(flat) {
		t.Errorf("a hole in a flat picture is not filled by its colour (%v)", err)
	}
	if got, err = perturb.Inpainted(damaged(ramp), hole, 5); err != nil {
		t.Fatal(err)
	}
	if d := raster.Measure(ramp, got, nil, hole); d.RMS > 6 {
		t.Errorf("a hole in a ramp is filled with an RMS error of %.2f levels", d.RMS)
	}
	// A patch that differs by a constant leaves no trace; one of no gradient gives the harmonic filling, which keeps a ramp.
	patch := ramp.Clone()
	for i := range patch.Pix {
		patch.Pix[i] += 40
	}
	if got := perturb.Seamless(damaged(ramp), patch, hole); !got.Equal(ramp) {
		t.Error("a Poisson patch with another offset is not brought to its surroundings")
	}
	if got := perturb.Seamless(damaged(ramp), flat, hole); !got.Equal(ramp) {
		t.Error("a Poisson patch without gradients is not the harmonic filling")
	}
}

func TestMoveObject(t *testing.T) {
	src := source(1, 120, 100)
	// Distinct enough to be found again.
	s := sweep(t, "move-object", input(src, "move-object", nil))
	object, _ := src.Picture.Mask(context.Background(), "object")
	for _, px := range []float64{2, 5, 11} {
		o, err := s(px)
		if err != nil {
			t.Fatal(err)
		}
		extra := o.Region.Count() - object.Count()
		if extra <= 0 {
			t.Fatalf("moving by %g px touches nothing new", px)
		}
		// The union's box grows by the shift along each side.
		grow := func(along int) float64 {
			lo, hi, olo, ohi := 1<<30, -1, 1<<30, -1
			for i, v := range o.Region.In {
				at := [2]int{i % 120, i / 120}[along]
				if v != 0 {
					lo, hi = min(lo, at), max(hi, at)
				}
				if object.In[i] != 0 {
					olo, ohi = min(olo, at), max(ohi, at)
				}
			}
			return float64(hi - lo - ohi + olo)
		}
		if d := math.Hypot(grow(0), grow(1)); math.Abs(d-px) > .75 {
			t.Errorf("asked to move by %g px, moved by %.2f", px, d)
		}
	}
}

func TestTextureKeepsLocalMean(t *testing.T) {
	src := source(1, 128, 96)
	region := disc(t, src, .3)
	in := input(src, "texture-replace", region)
	o, err := sweep(t, "texture-replace", in)(1)
	if err != nil {
		t.Fatal(err)
	}
	var sum [3]float64
	n := 0.0
	for i, v := range region.In {
		if v != 0 {
			n++
			for c := range sum {
				sum[c] += float64(o.Image.Pix[3*i+c]) - float64(in.Image.Pix[3*i+c])
			}
		}
	}
	for c, v := range sum {
		if math.Abs(v/n) > 1 {
			t.Errorf("the region's mean of channel %d moved by %.2f levels", c, v/n)
		}
	}
}

func TestSuperpixelsAreConnected(t *testing.T) {
	m := scene(3, 90, 70)
	label, count := perturb.Superpixels(m, 60)
	if count < 30 || count > 90 {
		t.Errorf("asked for about 60 superpixels, got %d", count)
	}
	seen := make([]bool, len(label))
	parts := 0
	for first := range label {
		if seen[first] {
			continue
		}
		parts++
		stack := []int{first}
		seen[first] = true
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for _, j := range []int{i - 1, i + 1, i - 90, i + 90} {
				if j >= 0 && j < len(label) && !seen[j] && label[j] == label[i] && (j%90-i%90)*(j%90-i%90) <= 1 {
					seen[j] = true
					stack = append(stack, j)
				}
			}
		}
	}
	if parts != count {
		t.Errorf("%d superpixels lie in %d connected parts", count, parts)
	}
}

// TestParametersAndSeverities feeds values at and beyond the ends: an error that names the key, never a panic.
func TestParametersAndSeverities(t *testing.T) {
	for _, name := range trial.Perturbations.Names() {
		entry, info, _ := trial.Perturbations.Get(name)
		for _, p := range info.Params {
			for _, bad := range []any{math.NaN(), math.Inf(1), -1e300, "no such word", int64(-1 << 40), []any{"x"}} {
				_, errs := registry.NewValues(info, map[string]any{p.Name: bad})
				_, isText := bad.(string)
				if free := p.Type == registry.String && len(p.Enum) == 0; free && isText {
					continue
				}
				if !slices.ContainsFunc(errs, func(err error) bool { return strings.Contains(err.Error(), p.Name) }) {
					t.Errorf("%s: %s = %v gave %v, which does not name it", name, p.Name, bad, errs)
				}
			}
		}
		if name == "files" {
			continue
		}
		for _, size := range [][2]int{{1, 1}, {2, 1}, {3, 5}, {17, 16}} {
			src := source(1, size[0], size[1])
			v, _ := registry.NewValues(info, nil)
			p, err := entry.New(v)
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.Prepare(context.Background(), input(src, name, nil))
			if err != nil {
				continue // a picture may be too small for an edit, which says so
			}
			for _, severity := range []float64{math.NaN(), math.Inf(1), -1, entry.Axis.Min, entry.Axis.Max, 1e-9, 3} {
				if math.IsInf(severity, 0) && severity == entry.Axis.Max {
					severity = 1e3
				}
				if o, err := s(severity); err == nil && (o.Image.W != size[0] || o.Image.H != size[1]) {
					t.Errorf("%s at %g: %d x %d pixels for %v", name, severity, o.Image.W, o.Image.H, size)
				}
			}
		}
	}
}

// TestPhotographs asserts reached differences and nondecreasing effects on real pictures.
func TestPhotographs(t *testing.T) {
	dir := sharedtest.Dir(t, "data/kodak")
	for _, file := range []string{"01.png", "07.png", "23.png"} {
		img, _, err := raster.DecodeFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		img = img.CentreCrop(256, 256)
		src := &trial.Source{ID: file, Hash: file, Picture: memory{img: img}}
		region := disc(t, src, .16)
		for _, name := range []string{"hue", "chroma", "lightness", "colour-cast", "contrast", "gamma", "posterise", "desaturate", "gaussian-noise",
			"salt-and-pepper", "speckle", "gaussian-blur", "sharpen", "jpeg", "down-up-scale", "phase-scramble", "elastic-warp", "texture-overlay", "cross-fade", "cut-out"} {
			entry, _, _ := trial.Perturbations.Get(name)
			in := input(src, name, region)
			s := sweep(t, name, in)
			last := -1.0
			for _, v := range severities(entry.Axis) {
				o, err := s(v)
				if err != nil {
					t.Fatal(err)
				}
				d := raster.Measure(img, o.Image, nil, region)
				// An edit that has reached its end stays there, give or take rounding.
				if d.RMS < .995*last {
					t.Errorf("%s of %s at %g: RMS %.3f after %.3f", name, file, v, d.RMS, last)
				}
				last = max(last, d.RMS)
				if slices.Contains([]string{"hue", "chroma", "lightness"}, name) && !slices.ContainsFunc(o.Flags, func(f trial.Flag) bool { return f.Code == "unreachable" }) &&
					math.Abs(d.DE00-v) > math.Max(.0201, .0101*v) {
					t.Errorf("%s of %s: asked for %g dE00, reached %.3f without a flag", name, file, v, d.DE00)
				}
			}
		}
	}
}

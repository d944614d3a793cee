package perturb_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
	"probity/perturb"
)

var update = flag.Bool("update", false, "write testdata/perturb/hashes.json anew")

// scene is a smooth picture with coloured areas, grey areas, an edge and a little noise.
func scene(seed, w, h int) *raster.Image {
	m := raster.New(w, h)
	s := stream.Key{Seed: uint64(seed), Step: "test picture"}.Open()
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			p := m.Pix[3*(y*w+x):]
			r, g, b := 60+150*u, 90+90*v, 150-70*u*v
			if math.Hypot(u-.6, v-.4) < .25 {
				r, g, b = 170, 60+40*v, 60
			}
			if u < .2 {
				r, g, b = 120, 120, 120
			}
			n := 4 * s.Norm()
			p[0], p[1], p[2] = uint8(r+n), uint8(g+n), uint8(b+n)
		}
	}
	return m
}

type memory struct {
	img  *raster.Image
	mask *raster.Mask
}

func (m memory) Load(context.Context) (*raster.Image, error) { return m.img.Clone(), nil }
func (m memory) Mask(_ context.Context, name string) (*raster.Mask, error) {
	if m.mask == nil {
		return nil, fmt.Errorf("there is no mask %q", name)
	}
	out := raster.NewMask(m.mask.W, m.mask.H)
	for i, v := range m.mask.In {
		out.In[i] = v
		if name == "background" {
			out.In[i] = 1 - v
		}
	}
	return out, nil
}

func source(seed, w, h int) *trial.Source {
	mask := raster.NewMask(w, h)
	for y := h / 4; y < h/2; y++ {
		for x := w / 3; x < 2*w/3; x++ {
			mask.In[y*w+x] = 1
		}
	}
	return &trial.Source{ID: fmt.Sprint("picture ", seed), Hash: fmt.Sprint(seed), Class: "a", Masks: []string{"object", "background"}, Picture: memory{scene(seed, w, h), mask}}
}

// editor is a scene whose every edit draws a disc, of radius or opacity by amount.
type editor struct{ img *raster.Image }

func (e editor) Kinds() []string {
	return []string{"recolour", "retexture", "reshape", "move", "remove", "add", "count", "class", "background-colour", "background-texture", "nuisance"}
}

func (e editor) Edit(_ context.Context, kind string, amount float64, s *stream.Stream) (trial.SceneEdit, error) {
	img, mask := e.img.Clone(), raster.NewMask(e.img.W, e.img.H)
	shade := .5 + .4*s.Float64()
	for i := range mask.In {
		if x, y := float64(i%img.W), float64(i/img.W); math.Hypot(x-30, y-20) < 12 {
			mask.In[i] = 1
			for c := range 3 {
				img.Pix[3*i+c] = uint8(float64(img.Pix[3*i+c]) * (1 - shade*math.Min(1, amount)))
			}
		}
	}
	return trial.SceneEdit{Image: img, Mask: mask, Instruction: "darken it", Class: "b"}, nil
}

func draws(src *trial.Source, step string, replicate int) func(string) *stream.Stream {
	return func(purpose string) *stream.Stream {
		return stream.Key{Seed: 1, Source: src.Hash, Step: step, Purpose: purpose, Replicate: replicate}.Open()
	}
}

func input(src *trial.Source, name string, region *raster.Mask) *trial.Input {
	img, _ := src.Picture.Load(context.Background())
	if strings.HasPrefix(name, "scene-") {
		src.Editor = editor{img.Clone()}
	}
	donor := source(99, img.W, img.H)
	donor.Class = "b"
	return &trial.Input{Image: img, Region: region, Source: src, Draw: draws(src, name, 0),
		Donor: func(ctx context.Context, _ trial.DonorRule) (*trial.Donor, error) {
			d, err := donor.Picture.Load(ctx)
			if err == nil { // other colours, other form
				for i := 0; i < len(d.Pix); i += 3 {
					d.Pix[i], d.Pix[i+1], d.Pix[i+2] = 255-d.Pix[i+2], d.Pix[i], d.Pix[i+1]/2
				}
			}
			return &trial.Donor{Source: donor, Image: d, Mask: donor.Picture.Mask}, err
		}}
}

func sweep(t *testing.T, name string, in *trial.Input) trial.Sweep {
	t.Helper()
	entry, info, err := trial.Perturbations.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := registry.NewValues(info, nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p, err := entry.New(v)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Prepare(context.Background(), in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

func disc(t *testing.T, src *trial.Source, area float64) *raster.Mask {
	t.Helper()
	img, _ := src.Picture.Load(context.Background())
	m, err := perturb.Region{Shape: "disc", Area: area}.Resolve(context.Background(), src, img, draws(src, "region", 0))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// severities are the default ones from weak to strong.
func severities(a trial.Axis) []float64 {
	return a.Default
}

// registered are all perturbations of pixels but files, which has its own test.
func registered() []string {
	words := trial.TextPerturbations.Names()
	return slices.DeleteFunc(trial.Perturbations.Names(), func(name string) bool { return name == "files" || slices.Contains(words, name) })
}

// TestLaws asserts what every perturbation promises.
func TestLaws(t *testing.T) {
	for _, name := range registered() {
		entry, _, _ := trial.Perturbations.Get(name)
		for k, size := range [][2]int{{96, 80}, {61, 47}} {
			src := source(k+1, size[0], size[1])
			regions := map[string]*raster.Mask{"whole": nil}
			if entry.Regions {
				regions["disc"] = disc(t, src, .2)
			}
			for where, region := range regions {
				in := input(src, name, region)
				before := in.Image.Clone()
				s := sweep(t, name, in)
				if o, err := s(0); err != nil || !o.Image.Equal(before) {
					t.Errorf("%s on %s: severity 0 changes the picture (%v)", name, where, err)
				}
				last := -1.0
				for _, v := range severities(entry.Axis) {
					o, err := s(v)
					if err != nil {
						t.Errorf("%s on %s at %g: %v", name, where, v, err)
						continue
					}
					again, err := sweep(t, name, input(src, name, region))(v)
					if err != nil || !again.Image.Equal(o.Image) {
						t.Errorf("%s on %s at %g: the same streams gave other pixels (%v)", name, where, v, err)
					}
					d := raster.Measure(before, o.Image, nil, region)
					if name == "tile" || name == "move-object" {
						last = max(last, d.RMS) // their severity is a count or a distance: its effect is asserted apart
						continue
					}
					// Weak changes may round to the same bytes; a stronger one is never a smaller change.
					if d.RMS < last*(1-1e-3) {
						t.Errorf("%s on %s at %g: RMS %.4f after %.4f at the severity before", name, where, v, d.RMS, last)
					}
					last = d.RMS
					if region := acted(region, o); region != nil {
						for i, inside := range region.In {
							if inside == 0 && [3]uint8(o.Image.Pix[3*i:]) != [3]uint8(before.Pix[3*i:]) {
								t.Errorf("%s at %g changed a pixel outside its region", name, v)
								break
							}
						}
					}
				}
				if last <= 0 {
					t.Errorf("%s on %s: the strongest default severity changes nothing", name, where)
				}
				if !in.Image.Equal(before) {
					t.Errorf("%s on %s changed its input", name, where)
				}
			}
		}
	}
}

// acted is where a step says that it acted.
func acted(given *raster.Mask, o *trial.Outcome) *raster.Mask {
	if o.Region != nil {
		return o.Region
	}
	return given
}

// TestReachedColourDifference asserts that hue, chroma and lightness reach what is asked, or say that they do not.
func TestReachedColourDifference(t *testing.T) {
	for _, name := range []string{"hue", "chroma", "lightness"} {
		for seed := 1; seed < 5; seed++ {
			src := source(seed, 120, 90)
			for _, area := range []float64{.01, .1, 1} {
				region := disc(t, src, area)
				in := input(src, name, region)
				s := sweep(t, name, in)
				for _, want := range []float64{1, 3, 10, 25} {
					o, err := s(want)
					if err != nil {
						t.Fatal(err)
					}
					got := raster.MeanDeltaE00(in.Image, o.Image, nil, region)
					flagged := false
					for _, f := range o.Flags {
						flagged = flagged || f.Code == "unreachable"
					}
					if off := math.Abs(got - want); !flagged && off > math.Max(.0201, .0101*want) {
						t.Errorf("%s to %g dE00 on %g of picture %d: reached %.4f without a flag", name, want, area, seed, got)
					} else if flagged && got > want {
						t.Errorf("%s to %g dE00: flagged unreachable at %.3f", name, want, got)
					}
				}
			}
		}
	}
}

// TestAreaIsExactAndNested is a property test over random sizes, shapes, placements and areas.
func TestAreaIsExactAndNested(t *testing.T) {
	s := stream.Key{Seed: 5, Step: "test"}.Open()
	for range 60 {
		w, h := 8+s.IntN(90), 8+s.IntN(90)
		src := source(s.IntN(1000), w, h)
		img, _ := src.Picture.Load(context.Background())
		shape := []string{"disc", "box", "blob", "ring", "superpixel"}[s.IntN(5)]
		placement := perturb.Placements[s.IntN(len(perturb.Placements))]
		small, large := .3*s.Float64(), .3+.2*s.Float64()
		var masks []*raster.Mask
		for _, area := range []float64{small, large} {
			r := perturb.Region{Shape: shape, Area: area, Placement: placement}
			m, err := r.Resolve(context.Background(), src, img, draws(src, "region", 0))
			if err != nil {
				t.Fatalf("%+v on %d x %d: %v", r, w, h, err)
			}
			if want := max(1, int(math.Round(area*float64(w*h)))); m.Count() != want {
				t.Errorf("%+v on %d x %d holds %d pixels, want %d", r, w, h, m.Count(), want)
			}
			masks = append(masks, m)
		}
		for i, v := range masks[0].In {
			if v == 1 && masks[1].In[i] == 0 {
				t.Errorf("%s, %s on %d x %d: area %g does not lie within area %g", shape, placement, w, h, small, large)
				break
			}
		}
	}
}

func TestRegionErrors(t *testing.T) {
	src := source(1, 20, 20)
	img, _ := src.Picture.Load(context.Background())
	for _, r := range []perturb.Region{{Shape: "disc"}, {Shape: "disc", Area: 1.5}, {Shape: "disc", Area: math.NaN()}, {Shape: "star", Area: .1},
		{Shape: "disc", Area: .1, Placement: "nowhere"}, {Shape: "mask", Mask: "does-not-exist.png"}} {
		if _, err := r.Resolve(context.Background(), src, img, draws(src, "region", 0)); err == nil {
			t.Errorf("%+v gave no error", r)
		}
	}
}

// TestPinnedPixels compares with committed hashes: a change of any pixel must raise the perturbation's version.
func TestPinnedPixels(t *testing.T) {
	const file = "../testdata/perturb/hashes.json"
	got := map[string]string{}
	for _, name := range registered() {
		entry, info, _ := trial.Perturbations.Get(name)
		src := source(1, 72, 56)
		var region *raster.Mask
		if entry.Regions {
			region = disc(t, src, .3)
		}
		s := sweep(t, name, input(src, name, region))
		h := sha256.New()
		for _, v := range severities(entry.Axis) {
			o, err := s(v)
			if err != nil {
				t.Fatal(err)
			}
			h.Write(o.Image.Pix)
		}
		got[fmt.Sprintf("%s version %d", name, info.Version)] = hex.EncodeToString(h.Sum(nil))
	}
	if *update {
		data, _ := json.MarshalIndent(got, "", " ")
		if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for name, h := range got {
		switch w, ok := want[name]; {
		case !ok:
			t.Errorf("%s is not pinned: run go test ./perturb -run Pinned -update", name)
		case w != h:
			t.Errorf("%s gives other pixels than before: raise its version", name)
		}
	}
}

func BenchmarkPerturbations(b *testing.B) {
	src := source(1, 256, 256)
	for _, name := range registered() {
		entry, info, _ := trial.Perturbations.Get(name)
		v, _ := registry.NewValues(info, nil)
		p, err := entry.New(v)
		if err != nil {
			b.Fatal(err)
		}
		list := severities(entry.Axis)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(256 * 256) // "MB/s" then reads as Mpixel/s
			in := input(src, name, nil)
			if in.Donor != nil { // the donor is drawn once: its picture is not what is timed
				d, err := in.Donor(context.Background(), trial.AnyOther)
				in.Donor = func(context.Context, trial.DonorRule) (*trial.Donor, error) { return d, err }
			}
			b.ResetTimer()
			for b.Loop() {
				s, err := p.Prepare(context.Background(), in)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s(list[len(list)/2]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package perturb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

// The suite compliance-photos is made here, since its outputs are photographs with perturbations of known strength.

const photosVersion = 1

var photoKinds = []trial.SuiteKind{
	{Name: "nothing-done", Doc: "nothing was done; right where nothing was to be done"},
	{Name: "wrong-attribute", Doc: "blurred in place of made grey, or the other way round"},
	{Name: "wrong-place", Doc: "the change was made in the other disc"},
	{Name: "over-done", Doc: "blurred by another amount than the requirement gives"},
	{Name: "negated", Doc: "what the requirement says not to do", Wording: true},
	{Name: "paraphrased", Doc: "wrong attribute, the requirement in other words", Wording: true},
	{Name: "collateral", Doc: "as asked, with damage elsewhere"},
	{Name: "identity-lost", Doc: "as asked, of another photograph"},
}

var photoDamage = []float64{2, 5, 10, 20}

func init() {
	var names []string
	for _, k := range photoKinds {
		names = append(names, k.Name)
	}
	trial.Datasets.Add(registry.Info{
		Name: "compliance-photos",
		Doc:  "the compliance suite's quads on photographs of your own: edits of known strength in two discs",
		Long: "As `compliance`, on the pictures of a folder. Two discs, on the left and on the right, each of 8 % of a square picture, are made grey, blurred " +
			"or shifted in lightness by the program's own perturbations, so that the truth is known of any photograph. No object has to be found, and " +
			"nothing is fetched. The photographs decide what the trials are: cite them with the version. The null is a shift of one pixel. It stands in a " +
			"`[[suite]]`.",
		Version: photosVersion,
		Params: []registry.Param{
			{Name: "version", Type: registry.Int, Default: photosVersion, Min: 1, Max: photosVersion, Doc: "version of the trials; this program has the one"},
			{Name: "kinds", Type: registry.Strings, Enum: names, Doc: "kinds of failure; all where none is named"},
			{Name: "count", Type: registry.Int, Min: 0, Max: math.Inf(1), Default: 0, Doc: "use so many of the photographs, by a rank of their bytes; 0 is all"},
		},
	}, trial.DatasetEntry{Needs: "a folder of photographs", Suite: openPhotos})
}

func openPhotos(ctx context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Suite, error) {
	entry, info, err := trial.Datasets.Get("folder")
	if err != nil {
		return nil, err
	}
	values, errs := registry.NewValues(info, nil)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	col, err := entry.Open(ctx, values, opt)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(col.Sources)
	rank := func(s *trial.Source) uint64 { return stream.Key{Source: s.Hash, Step: "compliance-photos"}.Rank() }
	slices.SortStableFunc(all, func(a, b *trial.Source) int {
		switch x, y := rank(a), rank(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	switch n := params.Int("count"); {
	case n > len(all):
		return nil, fmt.Errorf("there are %d photographs in %s, count asks for %d", len(all), opt.Path, n)
	case n > 0:
		all = all[:n]
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("the suite compliance-photos needs two photographs or more, since one is the other's twin: %s has %d", opt.Path, len(all))
	}
	s := &trial.Suite{Name: "compliance-photos", Version: photosVersion, Noun: "photograph"}
	for _, p := range col.Problems {
		s.Notes = append(s.Notes, "left out: "+p.What+": "+p.Reason)
	}
	wanted := params.Strings("kinds")
	for _, k := range photoKinds {
		if len(wanted) == 0 || slices.Contains(wanted, k.Name) {
			s.Kinds = append(s.Kinds, k)
		}
	}
	m := photoMaker{how: fmt.Sprintf("%d %s", opt.Size, opt.Fit)}
	for i, src := range all {
		one := trial.SuiteSource{ID: src.ID, Hash: src.Hash}
		for _, q := range m.quads(src, all[(i+1)%len(all)]) {
			if len(wanted) == 0 || slices.Contains(wanted, q.Kind) {
				one.Quads = append(one.Quads, q)
			}
		}
		s.Sources = append(s.Sources, one)
	}
	return s, nil
}

// photoMaker makes the quads of a photograph.
type photoMaker struct{ how string }

// The two discs, by the names that requirements use.
const (
	leftDisc  = "left"
	rightDisc = "right"
)

func grey(side string) photoStep {
	return photoStep{Kind: "desaturate", Severity: 1, Disc: side, Says: "whose disc on the " + side + " is black and white"}
}

func blurred(side string, sigma float64) photoStep {
	return photoStep{Kind: "gaussian-blur", Severity: sigma, Disc: side, Says: fmt.Sprintf("whose disc on the %s is blurred with a sigma of %g %%", side, sigma)}
}

func (m photoMaker) quads(src, twin *trial.Source) []trial.Quad {
	of := func(s *trial.Source, steps ...photoStep) *photograph {
		return &photograph{source: s, how: m.how, Steps: steps}
	}
	context := func(in *photograph, out *photograph, words string, sides ...string) trial.Context {
		return trial.Context{Input: in, Requirement: words, SourceCaption: in.Caption(), TargetCaption: out.Caption(), Allowed: &discs{photo: of(in.source), Sides: sides}}
	}
	plain, makeGrey := of(src), "make the disc on the left black and white"
	var out []trial.Quad
	add := func(kind, suffix, variant string, severity float64, unit string, a, b trial.Context, x, y *photograph) {
		out = append(out, trial.Quad{Name: src.ID + "-" + kind + suffix, Kind: kind, Variant: variant, Severity: severity, Unit: unit, Contexts: [2]trial.Context{a, b}, Outputs: [2]trial.Depiction{x, y}})
	}
	words := func(kind, first, second string, x, y *photograph, a, b []string) {
		add(kind, "", kind, 0, "", context(plain, x, first, a...), context(plain, y, second, b...), x, y)
	}
	l := []string{leftDisc}
	words("nothing-done", makeGrey, "leave the picture as it is", of(src, grey(leftDisc)), plain, l, l)
	words("wrong-attribute", makeGrey, "blur the disc on the left", of(src, grey(leftDisc)), of(src, blurred(leftDisc, 2)), l, l)
	words("wrong-place", makeGrey, "make the disc on the right black and white", of(src, grey(leftDisc)), of(src, grey(rightDisc)), l, []string{rightDisc})
	words("over-done", "blur the disc on the left with a sigma of 0.5 % of the side", "blur the disc on the left with a sigma of 3 % of the side", of(src, blurred(leftDisc, .5)), of(src, blurred(leftDisc, 3)), l, l)
	words("negated", makeGrey, "do not make the disc on the left black and white", of(src, grey(leftDisc)), plain, l, l)
	words("paraphrased", "take all colour out of the left-hand disc", "put the left-hand disc out of focus", of(src, grey(leftDisc)), of(src, blurred(leftDisc, 2)), l, l)
	for _, de := range photoDamage {
		damage := photoStep{Kind: "lightness", Severity: de, Disc: rightDisc}
		in, x, y := of(src, damage), of(src, grey(leftDisc)), of(src, damage, grey(leftDisc))
		add("collateral", fmt.Sprintf("-%g", de), "lightness", de, "dE00", context(plain, x, makeGrey, l...), context(in, y, makeGrey, l...), x, y)
	}
	x, y := of(src, grey(leftDisc)), of(twin, grey(leftDisc))
	add("identity-lost", "", "another photograph", 0, "", context(plain, x, makeGrey, l...), context(of(twin), y, makeGrey, l...), x, y)
	return out
}

// photograph is a photograph after some steps.
type photograph struct {
	source *trial.Source
	how    string // working size and fit
	Steps  []photoStep
	Shot   int // 0, or the draw of the null that is laid over it
}

// photoStep is one perturbation in one disc. A blur's severity is in percent of the shorter side.
type photoStep struct {
	Kind     string
	Severity float64
	Disc     string
	Says     string `json:"-"` // what a caption says of it; "" of damage, which none tells
}

// Hash implements trial.Depiction.
func (p *photograph) Hash() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain numbers and strings always encode
	}
	h := sha256.New()
	fmt.Fprintf(h, "probity photograph %d\n%s\n%s\n%s\n", photosVersion, p.source.Hash, p.how, text)
	for _, kind := range []string{"desaturate", "gaussian-blur", "lightness", "shift"} {
		if info, err := trial.Perturbations.Info(kind); err == nil {
			fmt.Fprintf(h, "%s %d\n", kind, info.Version)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Caption implements trial.Depiction.
func (p *photograph) Caption() string {
	text := "a photograph"
	for _, s := range p.Steps {
		if s.Says != "" {
			text += " " + s.Says
		}
	}
	return text
}

// Again implements trial.Depiction: the same, shifted by one pixel in a direction of its own.
func (p *photograph) Again(draw int) trial.Depiction {
	c := *p
	c.Shot = draw
	return &c
}

// Render implements trial.Depiction.
func (p *photograph) Render(ctx context.Context) (*raster.Image, error) {
	img, err := p.source.Picture.Load(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range p.Steps {
		severity := s.Severity
		if s.Kind == "gaussian-blur" {
			severity *= float64(min(img.W, img.H)) / 100
		}
		if img, err = p.apply(ctx, img, s.Kind, severity, discOf(img.W, img.H, s.Disc)); err != nil {
			return nil, err
		}
	}
	if p.Shot > 0 {
		return p.apply(ctx, img, "shift", 1, nil)
	}
	return img, nil
}

func (p *photograph) apply(ctx context.Context, img *raster.Image, kind string, severity float64, region *raster.Mask) (*raster.Image, error) {
	entry, info, err := trial.Perturbations.Get(kind)
	if err != nil {
		return nil, err
	}
	given := map[string]any{}
	if kind == "lightness" { // towards where there is room
		given["direction"] = "up"
		if meanLightness(img, region) > 50 {
			given["direction"] = "down"
		}
	}
	values, errs := registry.NewValues(info, given)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	made, err := entry.New(values)
	if err != nil {
		return nil, err
	}
	sweep, err := made.Prepare(ctx, &trial.Input{Image: img, Region: region, Source: p.source, Draw: func(purpose string) *stream.Stream {
		return stream.Key{Source: p.source.Hash, Step: "compliance-photos " + kind, Purpose: purpose, Replicate: p.Shot}.Open()
	}})
	if err != nil {
		return nil, err
	}
	out, err := sweep(severity)
	if err != nil {
		return nil, err
	}
	return out.Image, nil
}

// meanLightness is the mean L* of a region.
func meanLightness(img *raster.Image, region *raster.Mask) float64 {
	var sum, n float64
	for i, in := range region.In {
		if in == 1 {
			l, _, _ := raster.LabOf(img.Pix[3*i], img.Pix[3*i+1], img.Pix[3*i+2])
			sum, n = sum+l, n+1
		}
	}
	return sum / n
}

// discOf is one of the two discs, whose radius is .16 of the shorter side.
func discOf(w, h int, side string) *raster.Mask {
	m := raster.NewMask(w, h)
	at := .27
	if side == rightDisc {
		at = .73
	}
	r := .16 * float64(min(w, h))
	for y := range h {
		for x := range w {
			if math.Hypot(float64(x)+.5-at*float64(w), float64(y)+.5-.5*float64(h)) <= r {
				m.In[y*w+x] = 1
			}
		}
	}
	return m
}

// discs is where an edit of a photograph may act.
type discs struct {
	photo *photograph
	Sides []string
}

// Hash implements trial.Region.
func (d *discs) Hash() string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("probity discs 1\n%s\n%q", d.photo.Hash(), d.Sides)))
	return hex.EncodeToString(sum[:])
}

// Mask implements trial.Region.
func (d *discs) Mask(ctx context.Context) (*raster.Mask, error) {
	img, err := d.photo.source.Picture.Load(ctx)
	if err != nil {
		return nil, err
	}
	out := raster.NewMask(img.W, img.H)
	for _, side := range d.Sides {
		for i, v := range discOf(img.W, img.H, side).In {
			out.In[i] |= v
		}
	}
	return out, nil
}

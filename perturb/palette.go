package perturb

import (
	"context"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "desaturate", Version: 1,
		Doc:  "take away a share of the chroma, lightness and hue kept",
		Long: "a' = (1 - s) a, b' = (1 - s) b in CIELAB; s = 1 is a grey picture of the same L*. Where the severity should be a visible difference instead, use chroma.",
	}, trial.PerturbationEntry{
		Axis: amounts("share of the chroma taken away"), Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return labSweep(in, func(lab [3]float64, s float64) [3]float64 {
					return [3]float64{lab[0], (1 - s) * lab[1], (1 - s) * lab[2]}
				}), nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "palette-transfer", Version: 1,
		Doc: "take over another image's palette: the mean and covariance of its colours in CIELAB",
		Long: "T(x) = m2 + A (x - m1) with A = S1^-1/2 (S1^1/2 S2 S1^1/2)^1/2 S1^-1/2, the linear Monge-Kantorovich map: of all linear maps that give the region " +
			"the donor's mean and covariance it moves colours least (matching standard deviations axis by axis, as Reinhard et al. did, leaves the covariance). " +
			"x' = (1 - s) x + s T(x). Both are kept regular by adding 0.25 (half a CIELAB unit squared) to the diagonal. " +
			"The donor is any other source, its whole picture.",
		Source: "Pitié and Kokaram, The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer, CVMP (2007)",
	}, trial.PerturbationEntry{
		Axis: amounts("share of the transfer"), Regions: true, Donor: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				d, err := donor(ctx, in, trial.AnyOther)
				if err != nil {
					return nil, err
				}
				m1, s1 := labMoments(in.Image, in.Region)
				m2, s2 := labMoments(d.Image, nil)
				a := transport(s1, s2)
				sweep := labSweep(in, func(lab [3]float64, s float64) [3]float64 {
					t := a.times([3]float64{lab[0] - m1[0], lab[1] - m1[1], lab[2] - m1[2]})
					for c := range lab {
						lab[c] = (1-s)*lab[c] + s*(m2[c]+t[c])
					}
					return lab
				})
				return lending(sweep, d), nil
			}), nil
		},
	})
	names := make([]string, 0, len(basicColours))
	for _, c := range basicColours {
		names = append(names, c.name)
	}
	trial.Perturbations.Add(registry.Info{
		Name: "recolour", Version: 1,
		Doc: "give the region, or the source's object, a named colour, its shading kept",
		Long: "x' = x + s (c - m) in CIELAB, m the region's mean colour and c the named one, so that texture and shading stay. For the colours of things " +
			"(red to brown) L* moves by half the way only, since a dark red car asked to be yellow should still look lit; black, grey and white take it whole. " +
			"Without a region it acts on the source's object mask, where there is one. Targets are sRGB's " + strings.Join(names, ", ") + " of Berlin and Kay's " +
			"eleven basic terms. The instruction is `make the CLASS COLOUR`.",
		Source: "Berlin and Kay, Basic Color Terms (1969)",
		Params: []registry.Param{{Name: "colour", Type: registry.String, Default: "random", Enum: append([]string{"random"}, names...),
			Doc: "the name of the new colour; random draws one at least 30 dE00 from the region's mean"}},
	}, trial.PerturbationEntry{
		Axis: amounts("share of the way to the colour"), Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				in, own, err := onObject(ctx, in)
				if err != nil {
					return nil, err
				}
				mean, _ := labMoments(in.Image, in.Region)
				colour, target := namedColour(v.String("colour"), mean, in)
				move := [3]float64{target[0] - mean[0], target[1] - mean[1], target[2] - mean[2]}
				if math.Hypot(target[1], target[2]) > 5 {
					move[0] /= 2
				}
				sweep := labSweep(in, func(lab [3]float64, s float64) [3]float64 {
					return [3]float64{math.Min(100, math.Max(0, lab[0]+s*move[0])), lab[1] + s*move[1], lab[2] + s*move[2]}
				})
				thing := "it"
				if in.Source != nil && in.Source.Class != "" {
					thing = "the " + in.Source.Class
				}
				return func(s float64) (*trial.Outcome, error) {
					out, err := sweep(s)
					if err == nil {
						out.Region, out.Instruction = own, "make "+thing+" "+colour
					}
					return out, err
				}, nil
			}), nil
		},
	})
}

// basicColours are the eleven basic colour terms with a typical sRGB colour each.
var basicColours = []struct {
	name    string
	r, g, b uint8
}{
	{"red", 200, 30, 40}, {"orange", 235, 130, 30}, {"yellow", 240, 215, 50}, {"green", 50, 150, 60}, {"blue", 40, 90, 190}, {"purple", 125, 60, 160},
	{"pink", 240, 150, 185}, {"brown", 115, 75, 45}, {"black", 25, 25, 25}, {"grey", 128, 128, 128}, {"white", 240, 240, 240},
}

// namedColour finds a colour, or draws one that is at least 30 dE00 from the mean.
func namedColour(name string, mean [3]float64, in *trial.Input) (string, [3]float64) {
	var far []int
	for i, c := range basicColours {
		L, A, B := raster.LabOf(c.r, c.g, c.b)
		if c.name == name {
			return name, [3]float64{L, A, B}
		}
		if raster.DeltaE00(mean[0], mean[1], mean[2], L, A, B) >= 30 {
			far = append(far, i)
		}
	}
	i := in.Draw("colour").IntN(len(basicColours))
	if len(far) > 0 {
		i = far[in.Draw("colour").IntN(len(far))]
	}
	c := basicColours[i]
	L, A, B := raster.LabOf(c.r, c.g, c.b)
	return c.name, [3]float64{L, A, B}
}

// onObject confines an edit without a region to the source's object, where it has one. own is that region, for the outcome.
func onObject(ctx context.Context, in *trial.Input) (_ *trial.Input, own *raster.Mask, err error) {
	if in.Region != nil || in.Source == nil {
		return in, nil, nil
	}
	for _, name := range in.Source.Masks {
		if name != "object" {
			continue
		}
		m, err := in.Source.Picture.Mask(ctx, "object")
		if err != nil {
			return nil, nil, fmt.Errorf("object mask of %s: %w", in.Source.ID, err)
		}
		if m.W != in.Image.W || m.H != in.Image.H {
			return nil, nil, fmt.Errorf("object mask of %s is %d x %d, the picture %d x %d", in.Source.ID, m.W, m.H, in.Image.W, in.Image.H)
		}
		if m.Count() == 0 {
			return nil, nil, fmt.Errorf("the object mask of %s is empty", in.Source.ID)
		}
		alone := *in
		alone.Region = m
		return &alone, m, nil
	}
	return in, nil, nil
}

// donor borrows from another source; its picture has the size of the borrower's.
func donor(ctx context.Context, in *trial.Input, rule trial.DonorRule) (*trial.Donor, error) {
	if in.Donor == nil {
		return nil, fmt.Errorf("there is no other source to borrow from")
	}
	d, err := in.Donor(ctx, rule)
	if err != nil {
		return nil, err
	}
	if d.Image.W != in.Image.W || d.Image.H != in.Image.H {
		return nil, fmt.Errorf("the donor %s is %d x %d, the picture %d x %d", d.Source.ID, d.Image.W, d.Image.H, in.Image.W, in.Image.H)
	}
	return d, nil
}

// lending names the donor in every outcome.
func lending(sweep trial.Sweep, d *trial.Donor) trial.Sweep {
	return func(s float64) (*trial.Outcome, error) {
		out, err := sweep(s)
		if err == nil {
			out.Donors = []*trial.Source{d.Source}
		}
		return out, err
	}
}

// labSweep maps each of the region's colours in CIELAB. Pixels whose colour the map leaves alone keep their bytes.
func labSweep(in *trial.Input, f func(lab [3]float64, s float64) [3]float64) trial.Sweep {
	places := pixels(in.Image, in.Region)
	colours := make([][3]float64, len(places))
	for k, i := range places {
		p := in.Image.Pix[3*i : 3*i+3 : 3*i+3]
		L, A, B := raster.LabOf(p[0], p[1], p[2])
		colours[k] = [3]float64{L, A, B}
	}
	return func(s float64) (*trial.Outcome, error) {
		if err := atMost(s, 1); err != nil {
			return nil, err
		}
		out := &trial.Outcome{Image: in.Image.Clone()}
		lost := 0
		for k, i := range places {
			lab := f(colours[k], s)
			if lab == colours[k] {
				continue
			}
			r, g, b, ok := raster.FromLab(lab[0], lab[1], lab[2])
			if !ok {
				lost++
			}
			out.Image.Pix[3*i], out.Image.Pix[3*i+1], out.Image.Pix[3*i+2] = r, g, b
		}
		clipped(out, lost, len(places))
		return out, nil
	}
}

// labMoments are the mean and population covariance of a region's colours in CIELAB.
func labMoments(m *raster.Image, region *raster.Mask) (mean [3]float64, cov matrix) {
	places := pixels(m, region)
	colours := make([][3]float64, len(places))
	for k, i := range places {
		L, A, B := raster.LabOf(m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2])
		colours[k] = [3]float64{L, A, B}
		mean[0], mean[1], mean[2] = mean[0]+L, mean[1]+A, mean[2]+B
	}
	n := float64(max(1, len(places)))
	for c := range mean {
		mean[c] /= n
	}
	for _, x := range colours {
		for i := range cov {
			for j := range cov {
				cov[i][j] += (x[i] - mean[i]) * (x[j] - mean[j]) / n
			}
		}
	}
	return mean, cov
}

// transport is the linear Monge-Kantorovich map from covariance a to b.
func transport(a, b matrix) matrix {
	for i := range a {
		a[i][i] += .25
		b[i][i] += .25
	}
	root := a.power(.5)
	back := a.power(-.5)
	return back.compose(root.compose(b).compose(root).power(.5)).compose(back)
}

// power is a symmetric positive matrix to a power.
func (m matrix) power(p float64) (out matrix) {
	sym := mat.NewSymDense(3, nil)
	for i := range m {
		for j := i; j < 3; j++ {
			sym.SetSym(i, j, (m[i][j]+m[j][i])/2)
		}
	}
	var eig mat.EigenSym
	eig.Factorize(sym, true)
	values := eig.Values(nil)
	var v mat.Dense
	eig.VectorsTo(&v)
	for i := range out {
		for j := range out {
			for k, l := range values {
				out[i][j] += v.At(i, k) * math.Pow(math.Max(l, 1e-12), p) * v.At(j, k)
			}
		}
	}
	return out
}

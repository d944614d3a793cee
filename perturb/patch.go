package perturb

import (
	"context"
	"errors"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func init() {
	edge := []registry.Param{
		{Name: "edge", Type: registry.String, Default: "feather", Enum: []string{"hard", "feather", "poisson"}, Doc: "how the patch meets its surroundings"},
		{Name: "feather", Type: registry.Float, Default: 3.0, Min: 0, Max: 256, Unit: "px", Doc: "width of the ramp inside the border, for edge = \"feather\""},
	}
	const edges = " Edges: `hard`; `feather`, a linear ramp of opacity inside the border; `poisson`, the patch's gradients with the surroundings' " +
		"colours on the border (equation 7 of Pérez et al., solved by conjugate gradients to 0.01 levels). Nothing outside the region changes. v' = (1 - s) v + s edited."
	add := func(name, doc, long string, lends bool, make func(ctx context.Context, in *trial.Input, v registry.Values) (trial.Sweep, error)) {
		trial.Perturbations.Add(registry.Info{Name: name, Doc: doc, Version: 1, Long: long + edges,
			Source: "Pérez, Gangnet and Blake, Poisson image editing, ACM TOG 22 (2003)", Params: edge},
			trial.PerturbationEntry{Axis: onOff("opacity"), Regions: true, Local: true, Donor: lends, New: func(v registry.Values) (trial.Perturbation, error) {
				return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) { return make(ctx, in, v) }), nil
			}})
	}
	add("copy-move", "cover the region with another part of the same picture",
		"The part has the region's form and lies at a random offset at which it is inside the picture, and clear of the region if there is such a place among 256 drawn.", false,
		func(ctx context.Context, in *trial.Input, v registry.Values) (trial.Sweep, error) {
			in, own, err := somewhere(ctx, in)
			if err != nil {
				return nil, err
			}
			dx, dy, _, err := offset(in.Region, in.Draw("offset"))
			if err != nil {
				return nil, err
			}
			edited, err := pasted(in.Image, moved(in.Image, dx, dy), in.Region, v)
			if err != nil {
				return nil, err
			}
			return actingOn(fade(in, edited), own), nil
		})
	add("insert-patch", "put the same place of another image into the region",
		"The donor is any other source, brought to the picture's size.", true,
		func(ctx context.Context, in *trial.Input, v registry.Values) (trial.Sweep, error) {
			in, own, err := somewhere(ctx, in)
			if err != nil {
				return nil, err
			}
			d, err := donor(ctx, in, trial.AnyOther)
			if err != nil {
				return nil, err
			}
			edited, err := pasted(in.Image, d.Image, in.Region, v)
			if err != nil {
				return nil, err
			}
			return lending(actingOn(fade(in, edited), own), d), nil
		})
	add("swap-patches", "exchange the region with another part of the same picture",
		"The other part has the region's form and lies clear of it, at the first such place of 256 drawn; both count as the region where the edit acted. Where there is no "+
			"room for that, the place with the least overlap is taken, what overlaps stays, and the flag `partial` gives the share that was exchanged.", false,
		func(ctx context.Context, in *trial.Input, v registry.Values) (trial.Sweep, error) {
			in, _, err := somewhere(ctx, in)
			if err != nil {
				return nil, err
			}
			dx, dy, clear, err := offset(in.Region, in.Draw("offset"))
			if err != nil {
				return nil, err
			}
			own, other := in.Region, movedMask(in.Region, dx, dy)
			if !clear {
				// What both would claim stays: a pixel is exchanged if it and its partner each belong to one part only.
				own = raster.NewMask(other.W, other.H)
				for i, v := range in.Region.In {
					if v != 0 && other.In[i] == 0 && in.Region.In[i+dy*own.W+dx] == 0 {
						own.In[i] = 1
					}
				}
				if own.Count() == 0 {
					return nil, errors.New("found no room for a second region of the same form: choose a smaller area")
				}
				other = movedMask(own, dx, dy)
			}
			edited, err := pasted(in.Image, moved(in.Image, dx, dy), own, v)
			if err != nil {
				return nil, err
			}
			if edited, err = pasted(edited, moved(in.Image, -dx, -dy), other, v); err != nil {
				return nil, err
			}
			both := *in
			both.Region = union(own, other)
			sweep := actingOn(fade(&both, edited), both.Region)
			if clear {
				return sweep, nil
			}
			share := float64(own.Count()) / float64(in.Region.Count())
			return func(s float64) (*trial.Outcome, error) {
				out, err := sweep(s)
				if err == nil {
					out.Flags = append(out.Flags, trial.Flag{Code: "partial", Detail: fmt.Sprintf("exchanged %.0f %% of the region, there is no room for a second one clear of it", 100*share)})
				}
				return out, err
			}, nil
		})
}

// offset draws where a region of the same form lies, as a shift in pixels, wholly in the picture; clear reports whether
// the two share no pixel.
func offset(region *raster.Mask, s *stream.Stream) (dx, dy int, clear bool, err error) {
	frame := &raster.Image{W: region.W, H: region.H}
	x0, y0, w, h, err := bounds(frame, region)
	if err != nil {
		return 0, 0, false, err
	}
	least := math.MaxInt
	for range 256 {
		x, y := s.IntN(region.W-w+1)-x0, s.IntN(region.H-h+1)-y0
		shared := 0
		if max(x, -x) < w && max(y, -y) < h {
			for i, v := range region.In {
				if v != 0 && region.In[i+y*region.W+x] != 0 {
					shared++
				}
			}
		}
		if shared == 0 {
			return x, y, true, nil
		}
		if shared < least {
			dx, dy, least = x, y, shared
		}
	}
	if dx == 0 && dy == 0 {
		return 0, 0, false, errors.New("the region's form fits nowhere else in the picture: choose a smaller area")
	}
	return dx, dy, false, nil
}

// moved shows at each place the pixel (dx, dy) further; beyond the edge it repeats the edge.
func moved(m *raster.Image, dx, dy int) *raster.Image {
	out := raster.New(m.W, m.H)
	for y := range m.H {
		for x := range m.W {
			i := min(m.H-1, max(0, y+dy))*m.W + min(m.W-1, max(0, x+dx))
			copy(out.Pix[3*(y*m.W+x):3*(y*m.W+x)+3], m.Pix[3*i:])
		}
	}
	return out
}

// movedMask carries a mask (dx, dy) away; what leaves the picture is lost.
func movedMask(m *raster.Mask, dx, dy int) *raster.Mask {
	out := raster.NewMask(m.W, m.H)
	for i, v := range m.In {
		if x, y := i%m.W+dx, i/m.W+dy; v != 0 && x >= 0 && x < m.W && y >= 0 && y < m.H {
			out.In[y*m.W+x] = 1
		}
	}
	return out
}

func union(a, b *raster.Mask) *raster.Mask {
	out := raster.NewMask(a.W, a.H)
	for i := range out.In {
		out.In[i] = a.In[i] | b.In[i]
	}
	return out
}

// pasted puts a picture into the region of another, with the edge that the parameters ask for.
func pasted(m, patch *raster.Image, region *raster.Mask, v registry.Values) (*raster.Image, error) {
	switch v.String("edge") {
	case "poisson":
		return seamless(m, patch, region), nil
	case "feather":
		if px := v.Float("feather"); px > 0 {
			return feathered(m, patch, region, px), nil
		}
	}
	return within(m, patch.Clone(), region), nil
}

// feathered mixes a patch in with an opacity that rises from the region's border inwards over px pixels.
func feathered(m, patch *raster.Image, region *raster.Mask, px float64) *raster.Image {
	outside := raster.NewMask(region.W, region.H)
	for i, v := range region.In {
		outside.In[i] = 1 - v
	}
	far := distanceTo(outside)
	out := m.Clone()
	for i, v := range region.In {
		if v == 0 {
			continue
		}
		a := math.Min(1, math.Sqrt(far[i])/(px+1))
		for c := range 3 {
			out.Pix[3*i+c] = level((1-a)*float64(m.Pix[3*i+c]) + a*float64(patch.Pix[3*i+c]))
		}
	}
	return out
}

// seamless solves the Poisson equation inside the region: the patch's gradients, the picture's colours around it. At the
// picture's own edge nothing is prescribed. A region without surroundings takes the patch as it is.
func seamless(m, patch *raster.Image, region *raster.Mask) *raster.Image {
	places := pixels(m, region)
	number := make([]int32, len(region.In))
	for k, i := range places {
		number[i] = int32(k) + 1
	}
	// next[k] are the unknown neighbours of unknown k, -1 for none; degree counts all its neighbours.
	next := make([][4]int32, len(places))
	degree := make([]float64, len(places))
	rhs := make([]float64, len(places))
	x, r, p, q := make([]float64, len(places)), make([]float64, len(places)), make([]float64, len(places)), make([]float64, len(places))
	out := m.Clone()
	bordered := false
	for c := range 3 {
		clear(degree)
		for k, i32 := range places {
			i := int(i32)
			next[k] = [4]int32{-1, -1, -1, -1}
			rhs[k] = 0
			for n, d := range [4][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
				nx, ny := i%m.W+d[0], i/m.W+d[1]
				if nx < 0 || nx >= m.W || ny < 0 || ny >= m.H {
					continue
				}
				j := ny*m.W + nx
				degree[k]++
				rhs[k] += float64(patch.Pix[3*i+c]) - float64(patch.Pix[3*j+c])
				if number[j] > 0 {
					next[k][n] = number[j] - 1
				} else {
					bordered = true
					rhs[k] += float64(m.Pix[3*j+c])
				}
			}
			x[k] = float64(patch.Pix[3*i+c])
		}
		if !bordered {
			return patch.Clone()
		}
		apply := func(v, to []float64) {
			for k := range to {
				sum := degree[k] * v[k]
				for _, j := range next[k] {
					if j >= 0 {
						sum -= v[j]
					}
				}
				to[k] = sum
			}
		}
		apply(x, q)
		square := 0.0
		for k := range r {
			r[k] = rhs[k] - q[k]
			p[k] = r[k]
			square += r[k] * r[k]
		}
		// The error is the residual times a factor that grows with the region's width squared; so ask for much less.
		for step := 0; step < 20*(m.W+m.H) && square > 1e-12*float64(len(places)); step++ {
			apply(p, q)
			pq := 0.0
			for k := range p {
				pq += p[k] * q[k]
			}
			if pq <= 0 {
				break
			}
			a, was := square/pq, square
			square = 0
			for k := range x {
				x[k] += a * p[k]
				r[k] -= a * q[k]
				square += r[k] * r[k]
			}
			for k := range p {
				p[k] = r[k] + square/was*p[k]
			}
		}
		for k, i := range places {
			out.Pix[3*int(i)+c] = level(x[k])
		}
	}
	return out
}

package perturb

import (
	"context"
	"errors"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "move-object", Version: 1,
		Doc: "move the object, or what is in the region, by a number of pixels and fill the gap",
		Long: "The gap is inpainted (Telea 2004, radius 5) and the object's own pixels are put back at the new place, with a hard edge. The direction is the same for all " +
			"severities: of 8 drawn, the one in which the object can go furthest; its shift is rounded to whole pixels along x and y. What leaves the picture is lost and flagged " +
			"`clipped`. The region where the edit acted is the old place with the new. Distance grows with severity; the difference in pixels need not, once the two places are apart.",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "distance", Unit: "px", Min: 0, Max: 4096, Integer: true, Default: []float64{2, 4, 8, 16}},
		Regions: true, Local: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				in, _, err := somewhere(ctx, in)
				if err != nil {
					return nil, err
				}
				ground, err := inpainted(in.Image, in.Region, 5)
				if err != nil {
					return nil, err
				}
				dirX, dirY, err := roomiest(in)
				if err != nil {
					return nil, err
				}
				return func(px float64) (*trial.Outcome, error) {
					if err := atMost(px, 1e6); err != nil {
						return nil, err
					}
					dx, dy := int(math.Round(px*dirX)), int(math.Round(px*dirY))
					place := movedMask(in.Region, dx, dy)
					out := &trial.Outcome{Image: within(ground, moved(in.Image, -dx, -dy), place), Region: union(in.Region, place)}
					clippedObject(out, in.Region, place)
					return out, nil
				}, nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "repeat-object", Version: 1,
		Doc: "add further copies of the object, or of what is in the region, elsewhere in the picture",
		Long: "Copies go to random places at which they are wholly in the picture, each the one of 64 drawn that overlaps the object and earlier copies least; more copies keep " +
			"the earlier places. They are pasted with a hard edge.",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "copies added", Unit: "copies", Min: 1, Max: 64, Integer: true, Default: []float64{1, 2, 4}},
		Regions: true, Local: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				in, _, err := somewhere(ctx, in)
				if err != nil {
					return nil, err
				}
				x0, y0, w, h, err := bounds(in.Image, in.Region)
				if err != nil {
					return nil, err
				}
				return func(copies float64) (*trial.Outcome, error) {
					if err := atMost(copies, 64); err != nil {
						return nil, err
					}
					s := in.Draw("places")
					out := &trial.Outcome{Image: in.Image.Clone(), Region: raster.NewMask(in.Image.W, in.Image.H)}
					taken := append([]uint8(nil), in.Region.In...)
					for range int(copies) {
						var dx, dy int
						least := math.MaxInt
						for range 64 {
							x, y := s.IntN(in.Image.W-w+1)-x0, s.IntN(in.Image.H-h+1)-y0
							shared := 0
							for i, v := range in.Region.In {
								if v != 0 {
									shared += int(taken[i+y*in.Image.W+x])
								}
							}
							if shared < least {
								dx, dy, least = x, y, shared
							}
						}
						for i, v := range in.Region.In {
							if v != 0 {
								j := i + dy*in.Image.W + dx
								taken[j], out.Region.In[j] = 1, 1
								copy(out.Image.Pix[3*j:3*j+3], in.Image.Pix[3*i:])
							}
						}
					}
					return out, nil
				}, nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "tile", Version: 1,
		Doc: "show the picture k times, small, in a grid: the same thing, more of it",
		Long: "k copies, each shrunk (Pillow's bicubic) to a cell of ceil(sqrt(k)) columns and as many rows as are needed, aspect kept where the cells allow; cells left over, and " +
			"what the division leaves at the right and bottom, show the mean colour. One copy is the picture itself.",
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "copies", Unit: "copies", Min: 1, Max: 256, Integer: true, Default: []float64{2, 4, 9, 16}},
		Regions: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				m := in.Image
				mean, err := cover(&trial.Input{Image: m}, "mean")
				if err != nil {
					return nil, err
				}
				return func(copies float64) (*trial.Outcome, error) {
					if err := atMost(copies, 256); err != nil {
						return nil, err
					}
					k := int(copies)
					if k <= 1 {
						return &trial.Outcome{Image: m.Clone()}, nil
					}
					cols := int(math.Ceil(math.Sqrt(float64(k))))
					rows := (k + cols - 1) / cols
					cw, ch := m.W/cols, m.H/rows
					if cw < 1 || ch < 1 {
						return nil, fmt.Errorf("%d copies do not fit into %d x %d pixels", k, m.W, m.H)
					}
					scale := math.Min(float64(cw)/float64(m.W), float64(ch)/float64(m.H))
					w, h := min(cw, max(1, int(scale*float64(m.W)+.5))), min(ch, max(1, int(scale*float64(m.H)+.5)))
					small := raster.Resize(m, w, h, raster.Bicubic)
					out := mean.Clone()
					for n := range k {
						x, y := n%cols*cw+(cw-w)/2, n/cols*ch+(ch-h)/2
						for row := range h {
							copy(out.Pix[3*((y+row)*m.W+x):][:3*w], small.Pix[3*row*w:])
						}
					}
					return &trial.Outcome{Image: within(m, out, in.Region)}, nil
				}, nil
			}), nil
		},
	})
	trial.Perturbations.Add(registry.Info{
		Name: "object-class-swap", Version: 1,
		Doc: "put another class's object in the place of this one, everything else kept",
		Long: "A rendered scene is drawn again with its main object's shape changed, exactly. Otherwise the object is inpainted (Telea 2004, radius 5) and the object of a " +
			"source of another class takes its place: scaled, aspect kept, until one of its sides fills the old object's box, at the box's centre, bicubic, with a hard edge. " +
			"Both sources need an object mask.",
	}, trial.PerturbationEntry{
		Axis:  trial.Axis{Name: "done", Min: 0, Max: 1, Integer: true, Fixed: true, Default: []float64{1}},
		Donor: true, Anchor: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				if hasEdit(in.Source, "class") {
					return sceneSweep(ctx, in, "class")
				}
				in, own, err := onObject(ctx, in)
				if err != nil {
					return nil, err
				}
				if own == nil {
					return nil, errors.New("the source has no object mask and is no scene: use class-swap")
				}
				d, err := donor(ctx, in, trial.OtherClass)
				if err != nil {
					return nil, err
				}
				if d.Mask == nil {
					return nil, fmt.Errorf("the donor %s has no masks", d.Source.ID)
				}
				theirs, err := d.Mask(ctx, "object")
				if err != nil {
					return nil, fmt.Errorf("object mask of the donor %s: %w", d.Source.ID, err)
				}
				edited, place, err := transplant(in, d.Image, theirs)
				if err != nil {
					return nil, fmt.Errorf("donor %s: %w", d.Source.ID, err)
				}
				return func(float64) (*trial.Outcome, error) {
					return &trial.Outcome{Image: edited.Clone(), Region: union(own, place), Donors: []*trial.Source{d.Source}, Class: d.Source.Class}, nil
				}, nil
			}), nil
		},
	})
}

// roomiest is the direction, of 8 drawn, in which the region can go furthest before its box leaves the picture.
func roomiest(in *trial.Input) (dx, dy float64, err error) {
	x0, y0, w, h, err := bounds(in.Image, in.Region)
	if err != nil {
		return 0, 0, err
	}
	s := in.Draw("direction")
	most := -1.0
	for range 8 {
		sin, cos := math.Sincos(2 * math.Pi * s.Float64())
		room := func(speed float64, before, after int) float64 {
			switch {
			case speed < -1e-9:
				return float64(before) / -speed
			case speed > 1e-9:
				return float64(after) / speed
			}
			return math.Inf(1)
		}
		if r := math.Min(room(cos, x0, in.Image.W-x0-w), room(sin, y0, in.Image.H-y0-h)); r > most {
			dx, dy, most = cos, sin, r
		}
	}
	return dx, dy, nil
}

func clippedObject(out *trial.Outcome, before, after *raster.Mask) {
	if b, a := before.Count(), after.Count(); a < b {
		out.Flags = append(out.Flags, trial.Flag{Code: "clipped", Detail: fmt.Sprintf("%.0f %% of the object left the picture", 100*float64(b-a)/float64(b))})
	}
}

// transplant puts a donor's object in the place of the region's and gives where it lies.
func transplant(in *trial.Input, from *raster.Image, theirs *raster.Mask) (*raster.Image, *raster.Mask, error) {
	x0, y0, w, h, err := bounds(in.Image, in.Region)
	if err != nil {
		return nil, nil, err
	}
	tx, ty, tw, th, err := bounds(from, theirs)
	if err != nil {
		return nil, nil, errors.New("its object mask is empty")
	}
	out, err := inpainted(in.Image, in.Region, 5)
	if err != nil {
		return nil, nil, err
	}
	scale := math.Min(float64(w)/float64(tw), float64(h)/float64(th))
	nw, nh := max(1, int(scale*float64(tw)+.5)), max(1, int(scale*float64(th)+.5))
	object := raster.Resize(from.Crop(tx, ty, tw, th), nw, nh, raster.Bicubic)
	place := raster.NewMask(in.Image.W, in.Image.H)
	for y := range nh {
		for x := range nw {
			px, py := x0+(w-nw)/2+x, y0+(h-nh)/2+y
			if px < 0 || px >= in.Image.W || py < 0 || py >= in.Image.H {
				continue
			}
			if theirs.In[(ty+(2*y+1)*th/(2*nh))*theirs.W+tx+(2*x+1)*tw/(2*nw)] == 0 {
				continue
			}
			i := py*in.Image.W + px
			place.In[i] = 1
			copy(out.Pix[3*i:3*i+3], object.Pix[3*(y*nw+x):])
		}
	}
	return out, place, nil
}

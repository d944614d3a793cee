package perturb

import (
	"context"
	"errors"
	"fmt"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "background-replace", Version: 1,
		Doc: "put another image behind the object",
		Long: "Everything but the source's object mask shows any other source, brought to the picture's size: v' = (1 - s) v + s donor. The donor's own object comes " +
			"along. A region, where one is given, is replaced instead. The object's edge is hard.",
		Source: "Xiao, Engstrom, Ilyas and Madry, Noise or signal: the role of image backgrounds in object recognition, ICLR (2021)",
	}, trial.PerturbationEntry{
		Axis: onOff("opacity"), Regions: true, Local: true, Donor: true,
		New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				var own *raster.Mask
				if in.Region == nil {
					_, object, err := onObject(ctx, in)
					if err != nil {
						return nil, err
					}
					if object == nil {
						return nil, errors.New("the source has no object mask: give the edit a region")
					}
					own = raster.NewMask(object.W, object.H)
					for i, v := range object.In {
						own.In[i] = 1 - v
					}
					alone := *in
					alone.Region = own
					in = &alone
				}
				d, err := donor(ctx, in, trial.AnyOther)
				if err != nil {
					return nil, err
				}
				return lending(actingOn(fade(in, d.Image), own), d), nil
			}), nil
		},
	})
	rules := map[string]trial.DonorRule{"any": trial.AnyOther, "other-class": trial.OtherClass, "same-class": trial.SameClass}
	trial.Perturbations.Add(registry.Info{
		Name: "cross-fade", Version: 1,
		Doc:    "fade into another image, pixel by pixel",
		Long:   "v' = round((1 - s) v + s donor) on 8-bit sRGB values. At 1 it is the other image, as class-swap and same-class-swap make it.",
		Params: []registry.Param{{Name: "donor", Type: registry.String, Default: "any", Enum: []string{"any", "other-class", "same-class"}, Doc: "which other source may lend"}},
	}, trial.PerturbationEntry{
		Axis: amounts("share of the other image"), Regions: true, Donor: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			rule := rules[v.String("donor")]
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				d, err := donor(ctx, in, rule)
				if err != nil {
					return nil, err
				}
				return lending(fade(in, d.Image), d), nil
			}), nil
		},
	})

	share := func(name string) trial.Axis {
		return trial.Axis{Name: name, Unit: "fraction", Min: 0, Max: 1, Default: []float64{.1, .25, .5, 1}}
	}
	once := trial.Axis{Name: "done", Min: 0, Max: 1, Integer: true, Fixed: true, Default: []float64{1}}
	for _, k := range []struct {
		kind, doc string
		axis      trial.Axis
	}{
		{"recolour", "give a rendered scene's main object another colour", share("share of the new colour")},
		{"retexture", "give a rendered scene's main object another texture", share("share of the new texture")},
		{"reshape", "give a small object of a rendered scene another shape", once},
		{"move", "move a small object of a rendered scene", trial.Axis{Name: "distance as a fraction of the side", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.05, .1, .2}}},
		{"remove", "take a small object out of a rendered scene", once},
		{"add", "add a small object to a rendered scene", once},
		{"count", "add one more copy of a small object to a rendered scene", once},
		{"class", "change the shape of a rendered scene's main object: a change of class with all else kept", once},
		{"background-colour", "give a rendered scene's ground another colour", share("share of the new colour")},
		{"background-texture", "give a rendered scene's ground another texture", once},
		{"nuisance", "photograph a rendered scene again: other light, noise and sub-pixel place; meant as a null",
			trial.Axis{Name: "strength of the nuisance", Min: 0, Max: 10, Default: []float64{1}}},
	} {
		trial.Perturbations.Add(registry.Info{
			Name: "scene-" + k.kind, Version: 1, Doc: k.doc,
			Long: "The scene is drawn again with this one thing changed, exactly; instruction, captions and class come with it, and the region is the pixels that differ. " +
				"Only for sources that are scenes, and as the first step of a chain or after other exact edits. All severities of a source and replicate make the same choice (the same new colour, the same object).",
		}, trial.PerturbationEntry{Axis: k.axis, Anchor: k.kind == "class", New: func(registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) { return sceneSweep(ctx, in, k.kind) }), nil
		}})
	}
}

func hasEdit(src *trial.Source, kind string) bool {
	if src == nil || src.Editor == nil {
		return false
	}
	for _, k := range src.Editor.Kinds() {
		if k == kind {
			return true
		}
	}
	return false
}

// sceneSweep edits the scene behind a picture.
func sceneSweep(ctx context.Context, in *trial.Input, kind string) (trial.Sweep, error) {
	if !hasEdit(in.Source, kind) {
		if in.Source == nil || in.Source.Editor == nil {
			return nil, fmt.Errorf("scene edit %s: the source is no rendered scene", kind)
		}
		return nil, fmt.Errorf("scene edit %s: the scene %s allows %q only", kind, in.Source.ID, in.Source.Editor.Kinds())
	}
	scene, err := in.Source.Picture.Load(ctx)
	if err != nil {
		return nil, err
	}
	if !scene.Equal(in.Image) {
		return nil, fmt.Errorf("scene edit %s draws the scene anew and would lose the steps before it: make it the first step", kind)
	}
	return func(amount float64) (*trial.Outcome, error) {
		e, err := in.Source.Editor.Edit(ctx, kind, amount, in.Draw("edit"))
		if err != nil {
			return nil, err
		}
		if e.Image.W != in.Image.W || e.Image.H != in.Image.H {
			return nil, fmt.Errorf("scene edit %s gave %d x %d pixels for %d x %d", kind, e.Image.W, e.Image.H, in.Image.W, in.Image.H)
		}
		out := &trial.Outcome{Image: e.Image, Region: e.Mask, Instruction: e.Instruction, SourceCaption: e.SourceCaption, TargetCaption: e.TargetCaption, Editor: e.Editor}
		if e.Mask != nil && e.Mask.Count() == 0 {
			out.Region = nil // too little to change a byte: the whole picture is what was looked at
		}
		if e.Class != in.Source.Class {
			out.Class = e.Class
		}
		return out, nil
	}, nil
}

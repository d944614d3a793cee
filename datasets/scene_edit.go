package datasets

import (
	"context"
	"fmt"
	"math"
	"strings"

	"probity/internal/raster"
	"probity/internal/stream"
	"probity/internal/trial"
)

// SceneEdits are the exact edits that a scene allows. In each, one thing changes and the rest, sensor noise included,
// stays as it is.
//
//	recolour            the main object's colour; amount is the share of the new colour (1)
//	retexture           the main object's texture; amount is the share of the new pattern (1)
//	reshape             a small object's shape
//	move                a small object's place; amount is the distance as a fraction of the side (0.15)
//	remove, add         a small object
//	count               one more copy of a small object
//	class               the main object's shape: a change of class with all else kept
//	background-colour   the ground's colour; amount is the share of the new colour (1)
//	background-texture  the ground's texture
//	nuisance            another photograph of the same scene: light, noise and sub-pixel place; amount scales it (1)
var SceneEdits = []string{"recolour", "retexture", "reshape", "move", "remove", "add", "count", "class",
	"background-colour", "background-texture", "nuisance"}

// sceneEditor is a scene at one size.
type sceneEditor struct {
	scene  *Scene
	size   int
	shapes []string // shapes that edits may use
}

func (e *sceneEditor) Kinds() []string {
	var kinds []string
	for _, k := range SceneEdits {
		if needs := k == "reshape" || k == "move" || k == "remove" || k == "count"; needs && len(e.scene.Objects) < 2 {
			continue
		}
		kinds = append(kinds, k)
	}
	return kinds
}

func (e *sceneEditor) Edit(_ context.Context, kind string, amount float64, s *stream.Stream) (trial.SceneEdit, error) {
	after, words, err := e.scene.edited(kind, amount, s, e.shapes)
	if err != nil {
		return trial.SceneEdit{}, err
	}
	before, err := e.scene.Render(e.size)
	if err != nil {
		return trial.SceneEdit{}, err
	}
	img, err := after.Render(e.size)
	if err != nil {
		return trial.SceneEdit{}, err
	}
	mask := raster.NewMask(e.size, e.size)
	for i := range mask.In {
		if [3]uint8(before.Pix[3*i:]) != [3]uint8(img.Pix[3*i:]) {
			mask.In[i] = 1
		}
	}
	return trial.SceneEdit{Image: img, Mask: mask, Instruction: words, SourceCaption: e.scene.Caption("full"),
		TargetCaption: after.Caption("full"), Class: after.Class(),
		Editor: &sceneEditor{scene: after, size: e.size, shapes: e.shapes}}, nil
}

// edited is the scene with one thing changed, and the words that ask for it.
func (sc *Scene) edited(kind string, amount float64, s *stream.Stream, shapes []string) (*Scene, string, error) {
	known := false
	for _, k := range SceneEdits {
		known = known || k == kind
	}
	if !known {
		return nil, "", fmt.Errorf("there is no scene edit %q; there are %s", kind, strings.Join(SceneEdits, ", "))
	}
	out := sc.clone()
	main := &out.Objects[0]
	other := func(list []string, not string) string {
		for {
			if v := list[s.IntN(len(list))]; v != not {
				return v
			}
		}
	}
	small := func() (*Object, error) {
		if len(out.Objects) < 2 {
			return nil, fmt.Errorf("scene edit %s needs a second object, scene %d has one", kind, sc.Index)
		}
		return &out.Objects[1+s.IntN(len(out.Objects)-1)], nil
	}
	switch kind {
	case "recolour":
		was := main.short()
		to := other(Colours, main.Colour)
		main.mixColour(to, amount)
		return out, fmt.Sprintf("make the %s %s", was, to), nil
	case "retexture":
		to := other(Textures, main.Texture)
		if amount > 0 && amount < 1 {
			main.Text2, main.Strip = to, amount
		} else {
			main.Texture = to
		}
		return out, fmt.Sprintf("make the %s %s", main.short(), to), nil
	case "class":
		was := main.short()
		main.Shape = other(shapes, main.Shape)
		return out, fmt.Sprintf("turn the %s into %s", was, article(main.Shape)), nil
	case "reshape":
		o, err := small()
		if err != nil {
			return nil, "", err
		}
		was := o.short()
		o.Shape = other(shapes, o.Shape)
		return out, fmt.Sprintf("turn the small %s into %s", was, article(o.Shape)), nil
	case "move":
		o, err := small()
		if err != nil {
			return nil, "", err
		}
		if amount <= 0 {
			amount = .15
		}
		return out.move(o, amount, s)
	case "remove":
		o, err := small()
		if err != nil {
			return nil, "", err
		}
		words := fmt.Sprintf("remove the small %s", o.short())
		for k := range out.Objects {
			if &out.Objects[k] == o {
				out.Objects = append(out.Objects[:k], out.Objects[k+1:]...)
				break
			}
		}
		return out, words, nil
	case "add", "count":
		o := Object{Shape: shapes[s.IntN(len(shapes))], Colour: Colours[s.IntN(len(Colours))], Texture: Textures[s.IntN(len(Textures))],
			Angle: (s.Float64() - .5) * math.Pi / 3, Phase: s.Float64(), Size: .22 + .08*s.Float64()}
		words := "add " + article("small "+o.Colour+" "+o.Texture+" "+o.Shape)
		if kind == "count" {
			twin, err := small()
			if err != nil {
				return nil, "", err
			}
			o = *twin
			words = "add another small " + o.short()
		}
		for o.Size > .1 {
			if place(s, out.Objects, &o) {
				out.Objects = append(out.Objects, o)
				return out, words, nil
			}
			o.Size *= .9 // a crowded scene takes a smaller one
		}
		return nil, "", fmt.Errorf("scene edit %s: scene %d has no room for another object", kind, sc.Index)
	case "background-colour":
		to := other(GroundColours, out.Ground.Colour)
		if amount > 0 && amount < 1 {
			out.Ground.Colour2, out.Ground.Mix = to, amount
		} else {
			out.Ground.Colour = to
		}
		return out, "make the ground " + to, nil
	case "background-texture":
		out.Ground.Texture = other(Textures, out.Ground.Texture)
		return out, "make the ground " + out.Ground.Texture, nil
	}
	// nuisance
	if amount <= 0 {
		amount = 1
	}
	out.Nuisance = newNuisance(sc.Seed, sc.Index, 1+s.IntN(math.MaxInt32), amount)
	return out, "take the picture again", nil
}

func (o *Object) mixColour(to string, amount float64) {
	if amount > 0 && amount < 1 {
		o.Colour2, o.Mix = to, amount
		return
	}
	o.Colour = to
}

// move puts a small object amount of the side further on, where there is room for it.
func (sc *Scene) move(o *Object, amount float64, s *stream.Stream) (*Scene, string, error) {
	start := s.Float64() * 2 * math.Pi
	x, y := o.X, o.Y
	for k := 0; k < 64; k++ {
		sin, cos := math.Sincos(start + 2*math.Pi*float64(k)/64)
		o.X, o.Y = x+amount*cos, y+amount*sin
		free := min(o.X, o.Y) > o.Size/2 && max(o.X, o.Y) < 1-o.Size/2
		for i := range sc.Objects {
			p := &sc.Objects[i]
			free = free && (p == o || math.Hypot(o.X-p.X, o.Y-p.Y) > .4*(o.Size+p.Size))
		}
		if free {
			way := "right"
			switch {
			case math.Abs(cos) >= math.Abs(sin) && cos < 0:
				way = "left"
			case math.Abs(cos) < math.Abs(sin) && sin < 0:
				way = "up"
			case math.Abs(cos) < math.Abs(sin):
				way = "down"
			}
			return sc, fmt.Sprintf("move the small %s %s", o.short(), map[string]string{
				"right": "to the right", "left": "to the left", "up": "up", "down": "down"}[way]), nil
		}
	}
	return nil, "", fmt.Errorf("scene edit move: no room to move the small %s of scene %d by %g of the side", o.short(), sc.Index, amount)
}

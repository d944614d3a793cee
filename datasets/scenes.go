package datasets

import (
	"context"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func init() {
	trial.Datasets.Add(registry.Info{
		Name: "scenes",
		Doc:  "captioned scenes that the program renders itself: textured coloured shapes on a textured ground",
		Long: "A scene holds a large main object, whose shape is the class, and up to three small ones, each with shape, colour, " +
			"texture, size, place and rotation, on a coloured, textured ground, with nuisance (light, sensor noise, sub-pixel " +
			"place). Everything is known of it: masks, attributes, captions, and exact edits with the words that ask for them. " +
			"Scene i depends on the seed and i alone.",
		Version: 1,
		Params: []registry.Param{
			{Name: "count", Type: registry.Int, Default: 200, Min: 1, Max: math.Inf(1), Doc: "number of scenes"},
			{Name: "objects", Type: registry.Floats, Default: []float64{1, 4}, Min: 1, Max: 4, Doc: "fewest and most objects of a scene"},
			{Name: "held-out", Type: registry.String, Default: "none", Enum: []string{"none", "shapes", "textures"},
				Doc: "use the shapes or textures that the bundled models were never trained on"},
			{Name: "outside", Type: registry.Float, Unit: "fraction", Default: 0.0, Min: 0, Max: 1,
				Doc: "share of scenes whose main object has a shape that the bundled models were never trained on; all else is as trained"},
			{Name: "outside-shape", Type: registry.String, Default: "hourglass", Enum: HeldOutShapes, Doc: "the shape of those, and so their class"},
			{Name: "nuisance", Type: registry.Float, Default: 1.0, Min: 0, Max: 4, Doc: "strength of light, noise and sub-pixel shift; 1 as trained"},
			{Name: "scene-seed", Type: registry.Int, Default: 1, Min: 0, Max: math.Inf(1), Doc: "seed of the scenes; the experiment's seed does not change them"},
		},
	}, trial.DatasetEntry{Open: openScenes})
}

func openScenes(_ context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Collection, error) {
	size := opt.Size
	if size == 0 {
		size = 256
	}
	if size < 16 {
		return nil, fmt.Errorf("scenes need a size of at least 16 pixels, got %d", size)
	}
	o := DefaultSceneOptions(uint64(params.Int("scene-seed")))
	o.Nuisance = params.Float("nuisance")
	if n := params.Floats("objects"); len(n) == 2 && n[0] <= n[1] {
		o.Objects = [2]int{int(n[0]), int(n[1])}
	} else {
		return nil, fmt.Errorf("scenes: objects wants the fewest and the most, such as [1, 4], got %v", n)
	}
	switch params.String("held-out") {
	case "shapes":
		o.Shapes = HeldOutShapes
	case "textures":
		o.Textures = HeldOutTextures
	}
	col := &trial.Collection{Name: "scenes"}
	for i := 0; i < params.Int("count"); i++ {
		sc := NewScene(o, i)
		if share := params.Float("outside"); share > 0 && (stream.Key{Seed: o.Seed, Step: "scene", Purpose: "outside", Replicate: i}).Open().Float64() < share {
			sc.Objects[0].Shape = params.String("outside-shape")
		}
		col.Sources = append(col.Sources, sceneSource(sc, size, o.Shapes, o.Textures))
	}
	return col, nil
}

func sceneSource(sc *Scene, size int, shapes, textures []string) *trial.Source {
	masks := []string{"object", "background"}
	for k := range sc.Objects {
		masks = append(masks, fmt.Sprintf("object-%d", k+1))
	}
	return &trial.Source{
		ID: fmt.Sprintf("scene-%06d", sc.Index), Hash: sc.Hash(), Class: sc.Class(),
		Captions:   map[string]string{"full": sc.Caption("full"), "partial": sc.Caption("partial"), "class": sc.Caption("class")},
		Attributes: sc.Attributes(), Masks: masks,
		Picture: &scenePicture{sc, size}, Editor: &sceneEditor{sc, size, shapes}, Words: &sceneWords{sc, shapes, textures},
	}
}

type scenePicture struct {
	scene *Scene
	size  int
}

func (p *scenePicture) Load(context.Context) (*raster.Image, error) { return p.scene.Render(p.size) }

func (p *scenePicture) Mask(_ context.Context, name string) (*raster.Mask, error) {
	masks, err := p.scene.Masks(p.size)
	if err != nil {
		return nil, err
	}
	switch name {
	case "object":
		return masks[0], nil
	case "background":
		m := raster.NewMask(p.size, p.size)
		for i := range m.In {
			m.In[i] = 1
			for _, o := range masks {
				m.In[i] &^= o.In[i]
			}
		}
		return m, nil
	}
	for k, m := range masks {
		if name == fmt.Sprintf("object-%d", k+1) {
			return m, nil
		}
	}
	return nil, fmt.Errorf("scene %d has no mask %q", p.scene.Index, name)
}

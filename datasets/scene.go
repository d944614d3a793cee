package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"

	"probity/internal/stream"
)

// A Scene is the complete description of a rendered picture: two equal scenes give equal pixels at any size. Lengths
// are fractions of the picture's side, angles are radians, x runs right and y runs down.
type Scene struct {
	Seed     uint64   `json:"seed"`
	Index    int      `json:"index"`
	Ground   Ground   `json:"ground"`
	Objects  []Object `json:"objects"` // painted in order; the first is the main object, the largest
	Nuisance Nuisance `json:"nuisance"`
}

// Ground is what the objects lie on.
type Ground struct {
	Colour  string  `json:"colour"`
	Texture string  `json:"texture"`
	Angle   float64 `json:"angle"`
	Phase   float64 `json:"phase"`
	// Mix blends the colour towards Colour2 (edits with an amount); 0 is Colour alone.
	Mix     float64 `json:"mix,omitempty"`
	Colour2 string  `json:"colour2,omitempty"`
}

// Object is one shape of a scene.
type Object struct {
	Shape   string  `json:"shape"`
	Colour  string  `json:"colour"`
	Texture string  `json:"texture"`
	X       float64 `json:"x"`
	Y       float64 `json:"y"`
	Size    float64 `json:"size"` // diameter of the circle that holds the shape
	Angle   float64 `json:"angle"`
	Phase   float64 `json:"phase"`             // of the texture, in periods
	Mix     float64 `json:"mix,omitempty"`     // share of Colour2 in the colour
	Colour2 string  `json:"colour2,omitempty"` // only with Mix
	Strip   float64 `json:"strip,omitempty"`   // share of Texture2 in the pattern
	Text2   string  `json:"texture2,omitempty"`
}

// Nuisance is what changes from photograph to photograph of the same thing.
type Nuisance struct {
	Draw     int     `json:"draw"`     // number of the draw; another draw is another photograph of the same scene
	Gain     float64 `json:"gain"`     // brightness, as a factor in linear light
	Slope    float64 `json:"slope"`    // light falls off by this share from one side to the other
	SlopeDir float64 `json:"slopeDir"` // direction in which it falls
	Noise    float64 `json:"noise"`    // sensor noise, standard deviation in levels of 0..255
	ShiftX   float64 `json:"shiftX"`   // of the whole picture, fraction of the side (at most half a pixel at 64 px)
	ShiftY   float64 `json:"shiftY"`
}

// SceneOptions choose what a set of scenes may hold.
type SceneOptions struct {
	Seed     uint64
	Objects  [2]int   // fewest and most objects
	Shapes   []string // shapes to draw from
	Textures []string // textures to draw from
	Nuisance float64  // 1: as trained; 0: none
}

// DefaultSceneOptions are one to four objects of the trained shapes and textures.
func DefaultSceneOptions(seed uint64) SceneOptions {
	return SceneOptions{Seed: seed, Objects: [2]int{1, 4}, Shapes: Shapes, Textures: Textures, Nuisance: 1}
}

// NewScene draws scene number index. It depends on the options and the index alone, so the first 100 of 1,000 scenes
// are the first 100 of 10,000.
func NewScene(opt SceneOptions, index int) *Scene {
	s := stream.Key{Seed: opt.Seed, Step: "scene", Purpose: "content", Replicate: index}.Open()
	pick := func(list []string) string { return list[s.IntN(len(list))] }
	sc := &Scene{Seed: opt.Seed, Index: index}
	sc.Ground = Ground{Colour: pick(GroundColours), Texture: pick(Textures), Angle: s.Float64() * math.Pi, Phase: s.Float64()}
	n := opt.Objects[0] + s.IntN(opt.Objects[1]-opt.Objects[0]+1)
	for k := 0; k < n; k++ {
		o := Object{Shape: pick(opt.Shapes), Colour: pick(Colours), Texture: pick(opt.Textures),
			Angle: (s.Float64() - .5) * math.Pi / 3, Phase: s.Float64()}
		if k == 0 {
			o.Size = .36 + .12*s.Float64()
		} else {
			o.Size = .22 + .08*s.Float64()
		}
		if place(s, sc.Objects, &o) {
			sc.Objects = append(sc.Objects, o)
		}
	}
	sc.Nuisance = newNuisance(opt.Seed, index, 0, opt.Nuisance)
	return sc
}

// place draws a position for o away from the border and from the objects there are; false where none was found.
func place(s *stream.Stream, there []Object, o *Object) bool {
	margin := o.Size/2 + .02
	for try := 0; try < 60; try++ {
		o.X = margin + (1-2*margin)*s.Float64()
		o.Y = margin + (1-2*margin)*s.Float64()
		free := true
		for _, p := range there {
			free = free && math.Hypot(o.X-p.X, o.Y-p.Y) > .46*(o.Size+p.Size)
		}
		if free {
			return true
		}
	}
	return false
}

// newNuisance draws photograph number draw of a scene.
func newNuisance(seed uint64, index, draw int, amount float64) Nuisance {
	s := stream.Key{Seed: seed, Step: "scene nuisance " + indexText(index), Purpose: "nuisance", Replicate: draw}.Open()
	return Nuisance{
		Draw:     draw,
		Gain:     1 + amount*.12*(2*s.Float64()-1),
		Slope:    amount * .18 * s.Float64(),
		SlopeDir: 2 * math.Pi * s.Float64(),
		Noise:    amount * (1 + 2*s.Float64()),
		ShiftX:   amount * (s.Float64() - .5) / 64,
		ShiftY:   amount * (s.Float64() - .5) / 64,
	}
}

// Hash identifies the scene's content.
func (sc *Scene) Hash() string {
	text, err := json.Marshal(sc)
	if err != nil {
		panic(err) // plain numbers and strings always encode
	}
	sum := sha256.Sum256(append([]byte("probity scene 1\n"), text...))
	return hex.EncodeToString(sum[:])
}

// Class is the main object's shape.
func (sc *Scene) Class() string { return sc.Objects[0].Shape }

// clone copies the scene deeply.
func (sc *Scene) clone() *Scene {
	c := *sc
	c.Objects = append([]Object(nil), sc.Objects...)
	return &c
}

package datasets

import (
	"fmt"
	"strings"

	"probity/internal/stream"
	"probity/internal/trial"
)

// sceneWords says of a scene what its captions do not.
type sceneWords struct {
	scene            *Scene
	shapes, textures []string // that the data set draws from
}

// sceneFacts are the attributes that a full caption tells of every scene.
var sceneFacts = []string{"shape", "colour", "texture", "place", "count", "ground-colour", "ground-texture"}

// Wordings implements trial.Words. Full captions begin with the main object, adjectives before nouns, and end with the ground:
//
//	partial       the main object's colour and shape alone: "a red star"
//	reordered     the ground first, the main object last
//	paraphrased   place first, and every adjective behind its noun
func (w *sceneWords) Wordings() []trial.Wording {
	sc := w.scene
	main := &sc.Objects[0]
	var small []string
	behind := []string{fmt.Sprintf("%s %s, large, %s and %s", place9(main.X, main.Y), article(main.Shape), main.Texture, main.Colour)}
	for k := range sc.Objects[1:] {
		o := &sc.Objects[k+1]
		small = append(small, article(o.noun(false)))
		behind = append(behind, fmt.Sprintf("%s, small, %s and %s", article(o.Shape), o.Texture, o.Colour))
	}
	ground := article(sc.Ground.Colour + " " + sc.Ground.Texture + " ground")
	reordered := "on " + ground + " "
	if len(small) > 0 {
		reordered += strings.Join(small, ", ") + " and "
	}
	reordered += article(main.noun(true)) + " " + place9(main.X, main.Y)
	return []trial.Wording{
		{Name: "partial", Text: sc.Caption("partial"), Tells: []string{"shape", "colour"}},
		{Name: "reordered", Text: reordered, Tells: sceneFacts},
		{Name: "paraphrased", Text: strings.Join(behind, ", and ") + fmt.Sprintf(", on the ground, %s and %s", sc.Ground.Texture, sc.Ground.Colour), Tells: sceneFacts},
	}
}

// Foils implements trial.Words: the full caption of the scene with one of its facts changed. Where the count is wrong, an object is named
// that is not there, or the last one is left out.
func (w *sceneWords) Foils(s func(attribute string) *stream.Stream) []trial.Foil {
	var out []trial.Foil
	for _, attribute := range sceneFacts {
		r := s(attribute)
		other := func(list []string, not string) string {
			for {
				if v := list[r.IntN(len(list))]; v != not {
					return v
				}
			}
		}
		sc := w.scene.clone()
		main := &sc.Objects[0]
		switch attribute {
		case "shape":
			main.Shape = other(w.shapes, main.Shape)
		case "colour":
			main.Colour = other(Colours, main.Colour)
		case "texture":
			main.Texture = other(w.textures, main.Texture)
		case "place":
			was := place9(main.X, main.Y)
			for place9(main.X, main.Y) == was {
				cell := r.IntN(9)
				main.X, main.Y = (.5+float64(cell%3))/3, (.5+float64(cell/3))/3
			}
		case "count":
			n := len(sc.Objects)
			if n > 1 && (n == 4 || r.IntN(2) == 0) {
				sc.Objects = sc.Objects[:n-1]
				break
			}
			sc.Objects = append(sc.Objects, Object{Shape: w.shapes[r.IntN(len(w.shapes))], Colour: Colours[r.IntN(len(Colours))], Texture: w.textures[r.IntN(len(w.textures))]})
		case "ground-colour":
			sc.Ground.Colour = other(GroundColours, sc.Ground.Colour)
		case "ground-texture":
			sc.Ground.Texture = other(Textures, sc.Ground.Texture)
		}
		out = append(out, trial.Foil{Attribute: attribute, Text: sc.Caption("full")})
	}
	return out
}

package datasets

import (
	"fmt"
	"strings"
)

// Caption gives a scene's description in words. quality is "full" (every object's size, colour, texture and shape, the
// main one's place, the ground's colour and texture), "partial" (the main object's colour and shape) or "class" (its
// shape).
func (sc *Scene) Caption(quality string) string {
	main := &sc.Objects[0]
	switch quality {
	case "class":
		return article(main.Shape)
	case "partial":
		return article(main.Colour + " " + main.Shape)
	}
	var parts []string
	for k := range sc.Objects {
		text := article(sc.Objects[k].noun(k == 0))
		if k == 0 {
			text += " " + place9(main.X, main.Y)
		}
		parts = append(parts, text)
	}
	text := parts[0]
	switch n := len(parts); {
	case n == 2:
		text += " and " + parts[1]
	case n > 2:
		text += ", " + strings.Join(parts[1:n-1], ", ") + " and " + parts[n-1]
	}
	return text + " on " + article(sc.Ground.Colour+" "+sc.Ground.Texture+" ground")
}

// noun names an object by its facts: "large red striped star".
func (o *Object) noun(main bool) string {
	size := "small"
	if main {
		size = "large"
	}
	return fmt.Sprintf("%s %s %s %s", size, o.Colour, o.Texture, o.Shape)
}

// short names an object as an instruction does: "red star".
func (o *Object) short() string { return o.Colour + " " + o.Shape }

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// place9 names one of nine places.
func place9(x, y float64) string {
	col, row := int(3*x), int(3*y)
	cols, rows := []string{"left", "", "right"}, []string{"upper", "", "lower"}
	switch {
	case cols[col] == "" && rows[row] == "":
		return "in the centre"
	case rows[row] == "":
		return "on the " + cols[col]
	case cols[col] == "":
		if row == 0 {
			return "at the top"
		}
		return "at the bottom"
	}
	return "at the " + rows[row] + " " + cols[col]
}

// Attributes are the caption's facts as name and value, for models trained on labels.
func (sc *Scene) Attributes() map[string]string {
	main := &sc.Objects[0]
	a := map[string]string{
		"shape": main.Shape, "colour": main.Colour, "texture": main.Texture, "place": place9(main.X, main.Y),
		"count": fmt.Sprint(len(sc.Objects)), "ground-colour": sc.Ground.Colour, "ground-texture": sc.Ground.Texture,
	}
	for k, o := range sc.Objects[1:] {
		i := fmt.Sprint(k + 2)
		a["shape-"+i], a["colour-"+i], a["texture-"+i] = o.Shape, o.Colour, o.Texture
	}
	return a
}

package datasets

import (
	"fmt"
	"math"
)

// Each kind of failure is one method that adds its quads. It is false where the scene has no room for it.

// nothingDone sets a requirement that holds already beside one that asks for a change.
func (q *suiteScene) nothingDone() bool {
	main := q.scene.Objects[0]
	is, to, variant := main.Colour, q.other(Colours, q.colours()...), "colour"
	changed := q.with(func(sc *Scene) { sc.Objects[0].Colour = to })
	if q.rank%2 == 1 {
		is, to, variant = main.Texture, q.other(Textures, main.Texture), "texture"
		changed = q.with(func(sc *Scene) { sc.Objects[0].Texture = to })
	}
	q.add("nothing-done", "", variant, 0, "",
		q.on(changed, fmt.Sprintf("make the %s %s", main.Shape, to), mainObject),
		q.on(q.scene, fmt.Sprintf("make the %s %s", main.Shape, is), mainObject))
	return true
}

// attribute adds wrong-attribute and paraphrased: the same pictures, asked for in other words.
func (q *suiteScene) attribute() bool {
	main := q.scene.Objects[0]
	name := main.short()
	var to [2]string
	var changed [2]*Scene
	var variant, plain string
	var others []string
	switch q.rank % 3 {
	case 0:
		variant, plain = "colour", "make the %s %s"
		others = []string{"change the colour of the %s to %s", "the %s should be %s", "let the %s become %s", "I would like to see the %s in %s"}
		to[0] = q.other(Colours, q.colours()...)
		to[1] = q.other(Colours, append(q.colours(), to[0])...)
	case 1:
		variant, plain = "texture", "make the %s %s"
		others = []string{"change the pattern of the %s to %s", "the %s should be %s", "let the %s become %s", "I would like the %s to look %s"}
		to[0] = q.other(Textures, main.Texture)
		to[1] = q.other(Textures, main.Texture, to[0])
	case 2:
		variant, plain = "shape", "turn the %s into %s"
		others = []string{"change the shape of the %s to that of %s", "the %s should be %s", "let the %s become %s", "I would like the %s to be %s"}
		to[0] = q.other(Shapes, q.shapes()...)
		to[1] = q.other(Shapes, append(q.shapes(), to[0])...)
	}
	other := others[q.rank/3%len(others)]
	var sides, again [2]side
	region := suiteRegion{Objects: []int{0}}
	for i := range to {
		changed[i] = q.with(func(sc *Scene) {
			switch o := &sc.Objects[0]; variant {
			case "colour":
				o.Colour = to[i]
			case "texture":
				o.Texture = to[i]
			case "shape":
				o.Shape = to[i]
			}
		})
		noun := to[i]
		if variant == "shape" {
			noun = article(noun)
		}
		sides[i] = q.on(changed[i], fmt.Sprintf(plain, name, noun), region)
		again[i] = q.on(changed[i], fmt.Sprintf(other, name, noun), region)
	}
	if variant == "shape" { // the edit may act wherever any of the shapes lies, so that the mask does not tell which
		for i := range sides {
			sides[i].allowed.Scenes = []*Scene{q.scene, changed[0], changed[1]}
			again[i].allowed.Scenes = sides[i].allowed.Scenes
		}
	}
	q.add("wrong-attribute", "", variant, 0, "", sides[0], sides[1])
	q.add("paraphrased", "", variant, 0, "", again[0], again[1])
	return true
}

// wrongObject asks for one colour on the large object, or on a small one.
func (q *suiteScene) wrongObject() bool {
	to := q.other(Colours, q.colours()...)
	k := 1 + q.draw.IntN(len(q.scene.Objects)-1)
	var sides [2]side
	for i, which := range []int{0, k} {
		sides[i] = q.on(q.with(func(sc *Scene) { sc.Objects[which].Colour = to }),
			fmt.Sprintf("make the %s %s", q.scene.Objects[which].short(), to), suiteRegion{Objects: []int{which}})
	}
	q.add("wrong-object", "", "colour", 0, "", sides[0], sides[1])
	return true
}

// wrongPlace asks for one texture on the large object, or on the ground.
func (q *suiteScene) wrongPlace() bool {
	main := q.scene.Objects[0]
	to := q.other(Textures, main.Texture, q.scene.Ground.Texture)
	q.add("wrong-place", "", "texture", 0, "",
		q.on(q.with(func(sc *Scene) { sc.Objects[0].Texture = to }), fmt.Sprintf("make the %s %s", main.short(), to), mainObject),
		q.on(q.with(func(sc *Scene) { sc.Ground.Texture = to }), fmt.Sprintf("make the ground %s", to), suiteRegion{Ground: true}))
	return true
}

// overDone moves the large object by a tenth or by four tenths of the width (or height): the captions tell its place, so that
// they differ too. The scene's own layout is redrawn, since the object has to begin at the border.
func (q *suiteScene) overDone() bool {
	for range 40 {
		sc := q.scene.clone()
		main := &sc.Objects[0]
		small := sc.Objects[1:]
		start := .28 + .03*q.draw.Float64()
		across := main.Size/2 + .03 + (1-main.Size-.06)*q.draw.Float64()
		upright, back := q.draw.IntN(2) == 1, q.draw.IntN(2) == 1
		at := func(by float64) (x, y float64) {
			along := start + by
			if back {
				along = 1 - along
			}
			if upright {
				return across, along
			}
			return along, across
		}
		main.X, main.Y = at(0)
		placed := []Object{}
		for _, by := range []float64{0, .1, .25, .4} { // nothing may lie in the way
			o := *main
			o.X, o.Y = at(by)
			placed = append(placed, o)
		}
		fits := true
		for i := range small {
			if fits = fits && place(q.draw, placed, &small[i]); fits {
				placed = append(placed, small[i])
			}
		}
		if !fits {
			continue
		}
		way := map[[2]bool]string{{false, false}: "to the right", {false, true}: "to the left", {true, false}: "down", {true, true}: "up"}[[2]bool{upright, back}]
		of := "width"
		if upright {
			of = "height"
		}
		var moved [2]*Scene
		var sides [2]side
		for i, by := range []float64{.1, .4} {
			moved[i] = sc.clone()
			moved[i].Objects[0].X, moved[i].Objects[0].Y = at(by)
			sides[i] = side{q.picture(sc), q.picture(moved[i]), fmt.Sprintf("move the %s %s by %s of the %s", main.short(), way, []string{"a tenth", "four tenths"}[i], of),
				&suiteRegion{Objects: []int{0}}}
		}
		for i := range sides {
			sides[i].allowed.Scenes = []*Scene{sc, moved[0], moved[1]}
		}
		q.add("over-done", "", "move", 0, "", sides[0], sides[1])
		return true
	}
	return false
}

// typographic writes what the target is called on the unchanged picture: right only where writing was asked for.
func (q *suiteScene) typographic() bool {
	main := q.scene.Objects[0]
	to := q.other(Colours, q.colours()...)
	words := to + " " + main.Shape
	written := q.on(q.scene, fmt.Sprintf("write %q on the picture", words), suiteRegion{Label: true})
	written.output.Words = words
	q.add("typographic", "", "colour", 0, "",
		q.on(q.with(func(sc *Scene) { sc.Objects[0].Colour = to }), fmt.Sprintf("make the %s %s", main.short(), to), mainObject),
		written)
	return true
}

// negated has one requirement that says what not to do: to leave the picture, or which of two colours is not meant. In the second
// form both requirements consist of the same words.
func (q *suiteScene) negated() bool {
	name := q.scene.Objects[0].short()
	a := q.other(Colours, q.colours()...)
	b := q.other(Colours, append(q.colours(), a)...)
	coloured := func(to string) *Scene { return q.with(func(sc *Scene) { sc.Objects[0].Colour = to }) }
	if q.rank%2 == 0 {
		q.add("negated", "", "do not", 0, "", q.on(coloured(a), fmt.Sprintf("make the %s %s", name, a), mainObject),
			q.on(q.scene, fmt.Sprintf("do not make the %s %s", name, a), mainObject))
		return true
	}
	q.add("negated", "", "not this", 0, "", q.on(coloured(a), fmt.Sprintf("make the %s %s, not %s", name, a, b), mainObject),
		q.on(coloured(b), fmt.Sprintf("make the %s %s, not %s", name, b, a), mainObject))
	return true
}

// collateral adds damage that no caption tells to what was asked for. The second context's input has the damage already, so
// that there the output without it is the damaged one.
func (q *suiteScene) collateral() bool {
	to := q.other(Colours, q.colours()...)
	words := fmt.Sprintf("make the %s %s", q.scene.Objects[0].short(), to)
	colour := func(sc *Scene) *Scene {
		c := sc.clone()
		c.Objects[0].Colour = to
		return c
	}
	spot, ok := q.spot()
	if !ok {
		return false
	}
	for _, de := range stainSeverities {
		s := spot
		s.DE00 = de
		damaged := func(p *suitePicture) *suitePicture {
			p.Stain = &s
			return p
		}
		q.add("collateral", fmt.Sprintf("-stain-%g", de), "stain", de, "dE00",
			q.on(colour(q.scene), words, mainObject),
			side{damaged(q.picture(q.scene)), damaged(q.picture(colour(q.scene))), words, &suiteRegion{Scenes: []*Scene{q.scene}, Objects: []int{0}}})
	}
	moved, ok := q.displaced()
	if !ok {
		return false
	}
	for i, by := range movedSeverities {
		q.add("collateral", fmt.Sprintf("-moved-%g", by), "moved object", by, "of the side",
			q.on(colour(q.scene), words, mainObject),
			side{q.picture(moved[i]), q.picture(colour(moved[i])), words, &suiteRegion{Scenes: []*Scene{moved[i]}, Objects: []int{0}}})
	}
	return true
}

// spot finds a disc of the ground away from every object.
func (q *suiteScene) spot() (stain, bool) {
	s := stain{Radius: .09}
	for range 64 { // a direction in which colours do not run into the gamut's border before the strongest stain, with light to spare
		s.Direction = 2 * math.Pi * q.draw.Float64()
		if s.reach(q.scene.Ground.Colour) > 1.4*stainSeverities[len(stainSeverities)-1] {
			break
		}
	}
	for range 200 {
		s.X, s.Y = .1+.8*q.draw.Float64(), .1+.8*q.draw.Float64()
		free := true
		for _, o := range q.scene.Objects {
			free = free && math.Hypot(s.X-o.X, s.Y-o.Y) > o.Size/2+s.Radius+.02
		}
		if free {
			return s, true
		}
	}
	return s, false
}

// displaced moves one small object in one direction by each of the distances.
func (q *suiteScene) displaced() (out [3]*Scene, ok bool) {
	k := 1 + q.draw.IntN(len(q.scene.Objects)-1)
	start := 2 * math.Pi * q.draw.Float64()
	for turn := range 64 {
		sin, cos := math.Sincos(start + 2*math.Pi*float64(turn)/64)
		free := true
		for i, by := range movedSeverities {
			out[i] = q.with(func(sc *Scene) {
				o := &sc.Objects[k]
				o.X, o.Y = o.X+by*cos, o.Y+by*sin
				free = free && min(o.X, o.Y) > o.Size/2 && max(o.X, o.Y) < 1-o.Size/2
				for j, p := range sc.Objects {
					free = free && (j == k || math.Hypot(o.X-p.X, o.Y-p.Y) > .5*(o.Size+p.Size))
				}
			})
		}
		if free {
			return out, true
		}
	}
	return out, false
}

// identityLost takes another scene with the same full caption: places, angles and phases drawn anew.
func (q *suiteScene) identityLost() bool {
	to := q.other(Colours, q.colours()...)
	words := fmt.Sprintf("make the %s %s", q.scene.Objects[0].short(), to)
	here := place9(q.scene.Objects[0].X, q.scene.Objects[0].Y)
	for range 400 {
		twin := q.scene.clone()
		twin.Ground.Angle, twin.Ground.Phase = q.draw.Float64()*math.Pi, q.draw.Float64()
		var placed []Object
		fits := true
		for i := range twin.Objects {
			o := &twin.Objects[i]
			o.Angle, o.Phase = (q.draw.Float64()-.5)*math.Pi/3, q.draw.Float64()
			fits = fits && place(q.draw, placed, o)
			fits = fits && (i > 0 || place9(o.X, o.Y) == here)
			placed = append(placed, *o)
		}
		if !fits || math.Hypot(twin.Objects[1].X-q.scene.Objects[1].X, twin.Objects[1].Y-q.scene.Objects[1].Y) < .15 {
			continue
		}
		coloured := twin.clone()
		coloured.Objects[0].Colour = to
		q.add("identity-lost", "", "layout", 0, "",
			q.on(q.with(func(sc *Scene) { sc.Objects[0].Colour = to }), words, mainObject),
			side{q.picture(twin), q.picture(coloured), words, &suiteRegion{Scenes: []*Scene{twin}, Objects: []int{0}}})
		return true
	}
	return false
}

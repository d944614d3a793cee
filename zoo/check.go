package zoo

import (
	"context"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/stream"
)

// Finding is one thing that Check saw.
type Finding struct {
	Problem bool   `json:"problem"` // something is wrong; otherwise it is worth knowing
	What    string `json:"what"`
	Remedy  string `json:"remedy,omitempty"`
}

// Check runs a model and says what is wrong with it or its manifest: file and shapes, a batch that cannot vary, numbers
// that are not finite, outputs that do not vary, an input range that suggests another normalisation, and its meaning where
// that can be tested: a backbone must put a picture nearer to its own crop than to other pictures, and a trained joint
// model must tell coloured shapes apart by words well above chance. Where it says words or ImageNet's classes, another
// normalisation under which it knows rendered pictures better is suspected to be its own.
func (z *Zoo) Check(ctx context.Context, name string) ([]Finding, error) {
	before, known := resident()
	m, err := z.Load(name)
	if err != nil {
		return nil, err
	}
	var out []Finding
	note := func(problem bool, remedy, format string, args ...any) {
		out = append(out, Finding{problem, fmt.Sprintf(format, args...), remedy})
	}
	if m.fixedN > 0 {
		note(true, "export it again with a dynamic batch dimension", "its batch is fixed at %d", m.fixedN)
	}
	if m.man.SHA256 == "" {
		note(false, "add to its manifest: sha256 = \""+m.hash+"\"", "its manifest has no SHA-256, so another file under its name would not be noticed")
	}

	pictures, crops := probes(16)
	var names []string
	for _, o := range m.man.Outputs {
		names = append(names, o.Name)
	}
	features, err := m.Features(ctx, pictures, names, false)
	if err != nil {
		return nil, err
	}
	near, err := m.Features(ctx, crops, names, false)
	if err != nil {
		return nil, err
	}
	if p := m.man.Preprocess; len(p.Size) == 2 {
		n := m.BatchSize(p.Size[1], p.Size[0])
		all, session := m.Memory(p.Size[1], p.Size[0]), m.SessionMemory()
		opened := "not measured on this system"
		if session.Known {
			opened = fmt.Sprintf("measured %d MiB", (session.Measured+1<<20-1)>>20)
		}
		ran := ""
		if after, ok := resident(); ok && known {
			ran = fmt.Sprintf("; after %d pictures in batches of %d this process had grown by %d MiB in all", len(pictures)+len(crops), n, max(0, after-before)>>20)
		}
		note(false, "", "memory, as --memory plans it: about %d MiB for its open sessions (%s) and %d MiB more for each caller's batch of %d pictures%s",
			session.Estimated>>20, opened, (all-session.Estimated)>>20, n, ran)
	}
	m.checkInput(note)
	for k, o := range m.man.Outputs {
		bad, same := 0, true
		for i := range features {
			for j, v := range features[i][k].Data {
				if v != v || math.IsInf(float64(v), 0) {
					bad++
				} else if v != features[0][k].Data[j] {
					same = false
				}
			}
		}
		switch {
		case bad > 0:
			note(true, "compare scale, mean and std with the model's own preprocessing; a float16 file may overflow", "output %s holds %d numbers that are not finite", o.Name, bad)
			continue
		case same:
			note(true, "name another tensor in its manifest", "output %s is the same for every picture", o.Name)
			continue
		}
		if o.Layout == "map" || o.Layout == "tokens" {
			continue
		}
		right := 0
		for i := range near {
			best, bestD := -1, math.Inf(1)
			for j := range features {
				if d := cosineDistance(near[i][k].Data, features[j][k].Data); d < bestD {
					best, bestD = j, d
				}
			}
			if best == i {
				right++
			}
		}
		if share := float64(right) / float64(len(near)); share < .5 {
			note(m.man.Training != "none", "compare the normalisation, the colour order and the output's tensor with the model's own",
				"output %s finds only %d of %d pictures again by their crop", o.Name, right, len(near))
		}
	}
	if m.text != nil {
		if err := m.checkWords(ctx, note); err != nil {
			return nil, err
		}
	}
	for _, f := range out {
		if f.Problem { // what is wrong otherwise makes another normalisation look better or worse than it is
			return out, nil
		}
	}
	if err := m.checkNormalisation(ctx, note); err != nil {
		return nil, err
	}
	return out, nil
}

// checkInput looks at the numbers that the network is given.
func (m *Model) checkInput(note func(bool, string, string, ...any)) {
	low, high := m.span()
	if low >= 0 {
		note(false, "", "its input is never negative, %.3g to %.3g: right for a network that normalises pictures itself; most others take about -2 to 2", low, high)
	}
	// Networks are trained on inputs of about unit spread; the published normalisations span 2 to 5.4.
	if span := high - low; !(span >= .5 && span <= 12) {
		note(true, "for bytes in 0..255 scale is usually 0.00392156862745098 with mean and std around .5 or ImageNet's, or 1 with mean and std around 128",
			"its input spans %.3g to %.3g; most networks take about -2 to 2, so another normalisation is suspected", low, high)
	}
}

// span is the least and the greatest number that the network is given.
func (m *Model) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for c := range m.tables {
		for _, v := range m.tables[c] {
			low, high = min(low, float64(v)), max(high, float64(v))
		}
	}
	return low, high
}

// checkWords asks a joint model for the colour and the outline of rendered shapes.
func (m *Model) checkWords(ctx context.Context, note func(bool, string, string, ...any)) error {
	joint := m.output("joint")
	if joint == "" {
		note(true, "give the output that lies in the text's space the layout joint", "it has a text tower but no joint output")
		return nil
	}
	imgs, texts := m.colouredShapes()
	words, _, err := m.Texts(ctx, texts)
	if err != nil {
		return err
	}
	if len(words[0].Data) == 0 {
		return nil
	}
	f, err := m.Features(ctx, imgs, []string{joint}, false)
	if err != nil {
		return err
	}
	colour, outline := 0, 0
	for i := range imgs {
		if len(f[i][0].Data) != len(words[0].Data) {
			note(true, "name the projected embeddings of both towers", "images have %d numbers in the joint space and texts %d", len(f[i][0].Data), len(words[0].Data))
			return nil
		}
		best, bestD := -1, math.Inf(1)
		for j := range words {
			if d := cosineDistance(f[i][0].Data, words[j].Data); d < bestD {
				best, bestD = j, d
			}
		}
		if best/len(shapes) == i/len(shapes) {
			colour++
		}
		if best%len(shapes) == i%len(shapes) {
			outline++
		}
	}
	// Chance is 3 of 12 colours and 4 of 12 shapes; 7 colours, or 8 shapes, come by chance once in sixty. A model whose captions
	// told of one of them need not know the other.
	if colour < 7 && outline < 8 {
		note(m.man.Training == "contrastive", "compare the tokenizer, the padding id, the normalisation and the outputs with the model's own",
			"by words it gets the colour of %d and the shape of %d of %d rendered shapes right, and 3 and 4 are chance", colour, outline, len(imgs))
	}
	return nil
}

// shapes are the outlines of the pictures that words are tried on.
var shapes = []string{"circle", "square", "triangle"}

// colouredShapes renders shapes in four colours, colour by colour, with what is in them.
func (m *Model) colouredShapes() (imgs []*raster.Image, texts []string) {
	form := "a photo of a %s %s"
	if m.man.Text.Tokenizer == "words" {
		form = "a %s %s" // its list holds what captions of rendered scenes are made of
	}
	for _, c := range []struct {
		name string
		rgb  [3]uint8
	}{{"red", [3]uint8{220, 30, 30}}, {"green", [3]uint8{30, 170, 60}}, {"blue", [3]uint8{40, 70, 220}}, {"yellow", [3]uint8{240, 215, 40}}} {
		for _, s := range shapes {
			imgs, texts = append(imgs, shape(s, c.rgb)), append(texts, fmt.Sprintf(form, c.name, s))
		}
	}
	return imgs, texts
}

// shape renders a shape of one colour on grey.
func shape(kind string, rgb [3]uint8) *raster.Image {
	const n = 256
	img := raster.New(n, n)
	for y := range n {
		for x := range n {
			dx, dy := float64(x)-n/2, float64(y)-n/2
			in := false
			switch kind {
			case "circle":
				in = dx*dx+dy*dy < 80*80
			case "square":
				in = math.Abs(dx) < 70 && math.Abs(dy) < 70
			case "triangle":
				in = dy > -80 && dy < 70 && math.Abs(dx) < (dy+80)*.6
			}
			c := [3]uint8{190, 190, 190}
			if in {
				c = rgb
			}
			copy(img.Pix[3*(y*n+x):], c[:])
		}
	}
	return img
}

// probes renders n pictures of coloured waves and blobs, no two alike, and a crop of nine tenths of each side of every one.
func probes(n int) (pictures, crops []*raster.Image) {
	const size = 240
	for k := range n {
		s := stream.Key{Seed: 1, Step: "models check", Purpose: "picture", Replicate: k}.Open()
		img := raster.New(size, size)
		var fx, fy, phase, level [3]float64
		for c := range 3 {
			fx[c], fy[c], phase[c], level[c] = .01+.08*s.Float64(), .01+.08*s.Float64(), 6*s.Float64(), 60+130*s.Float64()
		}
		type blob struct {
			x, y, r float64
			rgb     [3]float64
		}
		blobs := make([]blob, 5)
		for i := range blobs {
			blobs[i] = blob{size * s.Float64(), size * s.Float64(), 15 + 40*s.Float64(), [3]float64{255 * s.Float64(), 255 * s.Float64(), 255 * s.Float64()}}
		}
		for y := range size {
			for x := range size {
				var v [3]float64
				for c := range 3 {
					v[c] = level[c] + 55*math.Sin(fx[c]*float64(x)+fy[c]*float64(y)+phase[c])
				}
				for _, b := range blobs {
					if dx, dy := float64(x)-b.x, float64(y)-b.y; dx*dx+dy*dy < b.r*b.r {
						v = b.rgb
					}
				}
				for c := range 3 {
					img.Pix[3*(y*size+x)+c] = uint8(min(255, max(0, v[c])))
				}
			}
		}
		pictures = append(pictures, img)
		crops = append(crops, img.Crop(size/20, size/20, size*9/10, size*9/10))
	}
	return pictures, crops
}

// cosineDistance is 1 minus the cosine of two vectors; 1 where either is zero.
func cosineDistance(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 1
	}
	return 1 - ab/math.Sqrt(aa*bb)
}

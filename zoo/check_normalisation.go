package zoo

import (
	"context"
	"fmt"
	"math"
	"slices"

	"probity/internal/raster"
)

// A trained network recognises best what it was trained on, prepared as it was trained. So where a model says in words or classes what
// it sees, it is asked what is in rendered pictures, prepared as its manifest says and by each convention that published networks
// follow; one under which it knows much better is suspected to be its own. What this can and cannot tell was measured by giving
// genuine and bundled models manifests that are wrong (docs/models.md).

// convention is a normalisation that published networks were trained with.
type convention struct {
	name      string
	scale     float64
	mean, std []float64
	order     string
}

var conventions = []convention{
	{"ImageNet's mean and standard deviation", 1. / 255, []float64{.485, .456, .406}, []float64{.229, .224, .225}, "RGB"},
	{"CLIP's mean and standard deviation", 1. / 255, []float64{.48145466, .4578275, .40821073}, []float64{.26862954, .26130258, .27577711}, "RGB"},
	{"mean and standard deviation .5, as -1 to 1", 1. / 255, []float64{.5, .5, .5}, []float64{.5, .5, .5}, "RGB"},
	{"levels as 0 to 1", 1. / 255, []float64{0, 0, 0}, []float64{1, 1, 1}, "RGB"},
	{"levels as 0 to 255", 1, []float64{0, 0, 0}, []float64{1, 1, 1}, "RGB"},
	{"Caffe's BGR of 0 to 255 less its means", 1, []float64{103.939, 116.779, 123.68}, []float64{1, 1, 1}, "BGR"},
}

// candidates are the conventions, and the manifest's own with its channels in the other order.
func (m *Model) candidates() []convention {
	p := &m.man.Preprocess
	turned := convention{"its own numbers with the channels in the other order", p.Scale, slices.Clone(p.Mean), slices.Clone(p.Std), "BGR"}
	if p.Order == "BGR" {
		turned.order = "RGB"
	}
	slices.Reverse(turned.mean)
	slices.Reverse(turned.std)
	return append(slices.Clone(conventions), turned)
}

// remedy is what the manifest would say.
func (c *convention) remedy() string {
	return fmt.Sprintf("compare with the library that the model comes from; in the manifest this one is scale = %.15g, mean = %s, std = %s, order = %q", c.scale, listed(c.mean), listed(c.std), c.order)
}

func listed(v []float64) string {
	text := "["
	for i, x := range v {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%.9g", x)
	}
	return text + "]"
}

// under is the same model with pictures prepared by a convention. It shares the sessions and must be let go by letGo alone.
func (m *Model) under(c *convention) *Model {
	man := *m.man
	p := &man.Preprocess
	p.Scale, p.Mean, p.Std, p.Order = c.scale, c.mean, c.std, c.order
	return &Model{man: &man, info: m.info, hash: m.hash, bytes: m.bytes, rt: m.rt, batch: m.batch, tables: p.tables(),
		fixedH: m.fixedH, fixedW: m.fixedW, fixedN: m.fixedN, image: m.image, free: map[[3]int64][]lane{}}
}

// letGo frees the buffers of a model made by under.
func (m *Model) letGo() {
	for _, free := range m.free {
		for _, l := range free {
			l.close()
		}
	}
}

// told is by how much a convention must do better than the manifest before it is suspected, in nats of the mean log probability of
// the right answer. Where manifests are right, other conventions gained .4 at most with words and .9 with classes; channels in the
// wrong order cost 2.8 and more.
var told = map[string]float64{"words": 1, "classes": 2}

// checkNormalisation suspects another convention than the manifest's.
func (m *Model) checkNormalisation(ctx context.Context, note func(bool, string, string, ...any)) error {
	if m.info.Training == "none" {
		return nil
	}
	knows, what, err := m.examination(ctx)
	if err != nil || knows == nil {
		return err
	}
	own, err := knows(m)
	if err != nil {
		return err
	}
	list := m.candidates()
	values, err := m.knowsUnder(knows, list)
	if err != nil {
		return err
	}
	best := slices.Max(values)
	bestAt := slices.Index(values, best)
	// Classes tell the order of channels and hardly the numbers: where turning the channels is enough, nothing else is accused.
	if turned := len(values) - 1; what == "classes" && values[turned]-own > told[what] {
		best, bestAt = values[turned], turned
	}
	if best-own > told[what] {
		note(true, list[bestAt].remedy(), "its %s know rendered pictures better under another normalisation, %s: the mean log probability of the right answer is %.1f instead of %.1f, so the manifest's is suspected to be wrong",
			what, list[bestAt].name, best, own)
	}
	return nil
}

// knowsUnder asks the model by each convention.
func (m *Model) knowsUnder(knows func(*Model) (float64, error), list []convention) ([]float64, error) {
	var out []float64
	for i := range list {
		other := m.under(&list[i])
		v, err := knows(other)
		other.letGo()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// examination is what a model can be asked about rendered pictures: the mean log probability, over the pictures, that it gives to the
// right answer. nil where it says neither words nor ImageNet's classes.
func (m *Model) examination(ctx context.Context) (knows func(*Model) (float64, error), what string, err error) {
	if m.text != nil {
		joint := m.output("joint")
		imgs, texts := m.colouredShapes()
		words, _, err := m.Texts(ctx, texts)
		if err != nil || joint == "" {
			return nil, "", err
		}
		return func(u *Model) (float64, error) {
			f, err := u.Features(ctx, imgs, []string{joint}, false)
			if err != nil {
				return 0, err
			}
			sum := 0.
			for i := range f {
				logits := make([]float64, len(words))
				for j := range words {
					if len(words[j].Data) != len(f[i][0].Data) {
						return 0, nil // said by checkWords
					}
					logits[j] = wordScale * (1 - cosineDistance(f[i][0].Data, words[j].Data))
				}
				sum += logProbability(logits, i)
			}
			return sum / float64(len(f)), nil
		}, "words", nil
	}
	logits := m.output("logits")
	if logits == "" {
		return nil, "", nil
	}
	imgs, classes := fruit()
	f, err := m.Features(ctx, imgs[:1], []string{logits}, false)
	if err != nil {
		return nil, "", err
	}
	first := len(f[0][0].Data) - 1000 // TensorFlow's networks have a class for the background before ImageNet's
	if first != 0 && first != 1 {
		return nil, "", nil
	}
	return func(u *Model) (float64, error) {
		f, err := u.Features(ctx, imgs, []string{logits}, false)
		if err != nil {
			return 0, err
		}
		sum := 0.
		for i := range f {
			v := make([]float64, len(f[i][0].Data))
			for j, x := range f[i][0].Data {
				v[j] = float64(x)
			}
			sum += logProbability(v, first+classes[i])
		}
		return sum / float64(len(f)), nil
	}, "classes", nil
}

// wordScale multiplies cosines before they are compared: about what contrastive training arrives at, lower than CLIP's 100, whose
// files do not all bring theirs.
const wordScale = 30

// output is the name of the first output of a layout; "" where there is none.
func (m *Model) output(layout string) string {
	for _, o := range m.man.Outputs {
		if o.Layout == layout {
			return o.Name
		}
	}
	return ""
}

// logProbability is the logarithm of a softmax's share.
func logProbability(logits []float64, at int) float64 {
	top := slices.Max(logits)
	sum := 0.
	for _, x := range logits {
		sum += math.Exp(x - top)
	}
	return logits[at] - top - math.Log(sum)
}

// fruit renders shaded oranges, lemons, green apples and tennis balls, one and three, on two grounds, with their places among
// ImageNet's classes: things that are known by their colour.
func fruit() (imgs []*raster.Image, classes []int) {
	for _, kind := range []struct {
		rgb    [3]float64
		rx, ry float64
		class  int
	}{
		{[3]float64{245, 140, 20}, 1, 1, 950}, {[3]float64{245, 220, 40}, 1.15, .9, 951}, {[3]float64{130, 190, 50}, 1, .95, 948}, {[3]float64{200, 230, 60}, 1, 1, 852},
	} {
		for _, ground := range [][3]float64{{235, 235, 235}, {120, 85, 60}} {
			for _, balls := range [][][3]float64{{{128, 128, 80}}, {{85, 100, 52}, {175, 110, 52}, {125, 180, 52}}} {
				imgs, classes = append(imgs, shaded(kind.rgb, ground, kind.rx, kind.ry, balls)), append(classes, kind.class)
			}
		}
	}
	return imgs, classes
}

// shaded renders ellipsoids (centre and radius, in pixels) lit from the upper left, with soft shadows, on a ground.
func shaded(rgb, ground [3]float64, rx, ry float64, balls [][3]float64) *raster.Image {
	const size = 256
	img := raster.New(size, size)
	for y := range size {
		for x := range size {
			c := ground
			for k := range c {
				c[k] *= .85 + .15*float64(y)/size
			}
			for _, b := range balls {
				dx, dy := (float64(x)-b[0])/(b[2]*rx), (float64(y)-b[1])/(b[2]*ry)
				sx, sy := (float64(x)-b[0]-10)/(b[2]*rx), (float64(y)-b[1]-.55*b[2])/(b[2]*ry*.8)
				r := dx*dx + dy*dy
				if r >= 1 && sx*sx+sy*sy < 1 {
					for k := range c {
						c[k] *= .93
					}
				}
				if r < 1 {
					z := math.Sqrt(1 - r)
					light, gloss := math.Max(0, -.5*dx-.6*dy+.62*z), math.Pow(math.Max(0, -.3*dx-.4*dy+.87*z), 24)
					for k := range c {
						c[k] = rgb[k]*(.35+.75*light) + 110*gloss
					}
				}
			}
			for k, v := range c {
				img.Pix[3*(y*size+x)+k] = uint8(min(255, max(0, v)))
			}
		}
	}
	return img
}

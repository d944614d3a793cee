package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Metrics.Add(registry.Info{
		Name: "compliance-preservation", Version: 1,
		Doc: "a candidate: does the output do what was asked, and is everything else kept",
		Long: "sqrt(C P).\n\n" +
			"Compliance C = max(0, directional similarity) of the four terms, as in `directional`.\n\n" +
			"Preservation P, on a map or tokens of the same model (or of `keeper`), c_i the cosine similarity of place i of input and output, negative ones " +
			"counted as 0:\n" +
			"- region = `pooled`: the mean of c_i over all places, those that were to change included;\n" +
			"- region = `outside`: the mean of c_i, each place weighted by the share of its cell that lies outside the mask of the edit. The mask is " +
			"carried through the model's own crop;\n" +
			"- region = `trimmed`: the mean of c_i without the `share` of places that changed most; it needs no mask and takes for granted that what was " +
			"asked for is the largest change and of about that size.\n\n" +
			"The geometric mean is that of ImagenHub's overall score: either part at 0 makes 0. Known weaknesses: C does not see how far the edit went; " +
			"a place's receptive field reaches across the mask's border, so that a right edit costs some P; doing nothing gives C = 0, so 0. A " +
			"candidate under test, not an endorsed measure.",
		Source: "this project; the overall score sqrt(SC x PQ) is that of Ku et al., ImagenHub, ICLR 2024",
		Params: jointParams(
			registry.Param{Name: "keeper", Type: registry.String, Model: true, Doc: "backbone that judges preservation; the same model where it is left out"},
			registry.Param{Name: "places", Type: registry.String, Default: "tokens", Doc: "its map or tokens"},
			registry.Param{Name: "region", Type: registry.String, Default: "trimmed", Enum: []string{"pooled", "outside", "trimmed"}, Doc: "where preservation is asked"},
			registry.Param{Name: "share", Type: registry.Float, Default: .25, Min: 0, Max: .95, Unit: "fraction", Doc: "share of places that region = \"trimmed\" leaves out"},
		),
	}, trial.MetricEntry{Direction: trial.Similarity, Low: 0, High: 1, Group: trial.Triplet, AnySize: true, New: newCompliance})
}

type compliance struct {
	needs  []trial.Request
	region string
	share  float64
	keeper trial.ModelInfo
}

func newCompliance(v registry.Values, env trial.Env) (trial.Metric, error) {
	if err := jointModel(v, env); err != nil {
		return nil, err
	}
	keeper := v.String("keeper")
	if keeper == "" {
		keeper = v.String("model")
	}
	m := &compliance{region: v.String("region"), share: v.Float("share")}
	m.needs = append(fourTerms(v.String("model"), v.String("output")), both(keeper, v.String("places"), false)...)
	if env == nil {
		return m, nil
	}
	info, err := env.Model(keeper)
	if err != nil {
		return nil, err
	}
	o, err := info.Output(v.String("places"))
	switch {
	case err != nil:
		return nil, err
	case o.Layout == trial.Pooled:
		return nil, fmt.Errorf("output %s of %s is pooled: preservation needs a map or tokens", o.Name, info.Name)
	case m.region == "outside" && info.Fit == "":
		return nil, fmt.Errorf("model %s does not say which part of a picture it sees, so that a mask cannot be carried to its places; use region = \"trimmed\"", info.Name)
	}
	m.keeper = info
	return m, nil
}

// Needs implements trial.Metric.
func (m *compliance) Needs() []trial.Request { return m.needs }

// Score implements trial.Metric. The map is 1 - c_i.
func (m *compliance) Score(t *trial.Trial) (trial.Score, error) {
	e, err := embeddings(t.Features[:4], m.needs)
	if err != nil {
		return trial.Score{}, err
	}
	a, b := t.Features[4], t.Features[5]
	if a.H != b.H || a.W != b.W || a.Channels() != b.Channels() || a.Layout == trial.Pooled {
		return trial.Score{}, fmt.Errorf("the features of preservation differ in size or are pooled: %v and %v", a.Shape, b.Shape)
	}
	d := distances(a, b, norms(a))
	p, err := m.preserved(t, d, a.W, a.H)
	if err != nil {
		return trial.Score{}, err
	}
	value := math.Sqrt(math.Max(0, directional(e[0], e[1], e[2], e[3])) * p)
	if math.IsNaN(value) {
		return trial.Score{}, errors.New("a feature holds a number that is none")
	}
	return trial.Score{Value: value, Map: &raster.Map{W: a.W, H: a.H, V: d}}, nil
}

func (m *compliance) preserved(t *trial.Trial, d []float64, w, h int) (float64, error) {
	kept := make([]float64, len(d))
	for i, v := range d {
		kept[i] = math.Max(0, 1-v)
	}
	switch m.region {
	case "outside":
		if t.Mask == nil {
			return 0, errors.New("the trial has no mask of the edit, which region = \"outside\" needs; use region = \"trimmed\"")
		}
		weights, sum, total := outside(t.Mask, m.keeper, w, h), 0.0, 0.0
		for i, k := range weights {
			sum += k * kept[i]
			total += k
		}
		if total == 0 {
			return 0, errors.New("the mask of the edit covers all that the model sees: there is nothing to preserve")
		}
		return sum / total, nil
	case "trimmed":
		slices.Sort(kept)
		kept = kept[min(int(math.Round(m.share*float64(len(kept)))), len(kept)-1):]
	}
	sum := 0.0
	for _, k := range kept {
		sum += k
	}
	return sum / float64(len(kept)), nil
}

// outside is, for each cell of a w x h grid over what the model sees of the picture, the share of its pixels outside the
// mask; pixels cut by a cell's edge are counted by area.
func outside(mask *raster.Mask, model trial.ModelInfo, w, h int) []float64 {
	x0, y0, width, height := 0.0, 0.0, float64(mask.W), float64(mask.H)
	if model.Fit == "crop" {
		side := model.Keeps * math.Min(width, height)
		x0, y0, width, height = (width-side)/2, (height-side)/2, side, side
	}
	out := make([]float64, w*h)
	for i := range out {
		l, r := x0+width*float64(i%w)/float64(w), x0+width*float64(i%w+1)/float64(w)
		top, low := y0+height*float64(i/w)/float64(h), y0+height*float64(i/w+1)/float64(h)
		in := 0.0
		for y := max(0, int(top)); y < min(mask.H, int(math.Ceil(low))); y++ {
			dy := math.Min(low, float64(y+1)) - math.Max(top, float64(y))
			for x := max(0, int(l)); x < min(mask.W, int(math.Ceil(r))); x++ {
				if mask.In[y*mask.W+x] == 0 {
					in += dy * (math.Min(r, float64(x+1)) - math.Max(l, float64(x)))
				}
			}
		}
		out[i] = in / ((r - l) * (low - top))
	}
	return out
}

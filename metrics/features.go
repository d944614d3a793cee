package metrics

import (
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// modelParams are the parameters that say which feature of which backbone a metric looks at.
func modelParams(output, doc string) []registry.Param {
	return []registry.Param{
		{Name: "model", Type: registry.String, Required: true, Model: true, Doc: "backbone, as `probity models` lists it"},
		{Name: "output", Type: registry.String, Default: output, Doc: doc},
	}
}

// both asks for one output of input and output picture.
func both(model, output string, native bool) []trial.Request {
	return []trial.Request{
		{Part: trial.OfInput, Model: model, Output: output, Native: native},
		{Part: trial.OfOutput, Model: model, Output: output, Native: native},
	}
}

func init() {
	add := func(name, doc, long, source string, lo, hi float64, f func(a, b []float32) float64) {
		trial.Metrics.Add(registry.Info{Name: name, Doc: doc, Long: long, Source: source, Version: 1,
			Params: modelParams("embedding", "the feature to compare, usually a pooled one; a map or tokens are compared as one long vector")},
			trial.MetricEntry{Direction: trial.Distance, Low: lo, High: hi, Symmetric: true, Group: trial.Learned, AnySize: true,
				New: func(v registry.Values, env trial.Env) (trial.Metric, error) {
					if _, err := outputOf(v, env); err != nil {
						return nil, err
					}
					return vectors{both(v.String("model"), v.String("output"), false), f}, nil
				}})
	}
	add("cosine", "cosine distance of a backbone's pooled features",
		"1 - a.b / (|a| |b|), in double precision. Two equal vectors give exactly 0; a zero vector has no direction and is an error "+
			"unless both are zero.", "", 0, 2, cosineDistance)
	add("l2", "Euclidean distance of a backbone's pooled features", "|a - b|; its scale is the backbone's own.", "", 0, math.Inf(1),
		func(a, b []float32) float64 { return math.Sqrt(squared(a, b, 1, 1)) })
	add("normalised-l2", "Euclidean distance of a backbone's pooled features, each brought to length 1",
		"|a/|a| - b/|b||, which is sqrt(2 x cosine distance).", "", 0, 2,
		func(a, b []float32) float64 {
			return math.Sqrt(squared(a, b, 1/math.Sqrt(dot(a, a)), 1/math.Sqrt(dot(b, b))))
		})
	trial.Metrics.Add(registry.Info{
		Name: "input-l2", Version: 1,
		Doc: "pixel distance on a backbone's input tensor: the control of every metric on that backbone",
		Long: "The root mean square difference of the two pictures after the backbone's own resizing and cropping, values scaled to 0..1, before " +
			"mean and standard deviation. What preprocessing has removed of an edit, no feature can see; what this sees and a feature does " +
			"not, the network has thrown away.",
		Params: modelParams("", "")[:1],
	}, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: 1, Symmetric: true, Group: trial.PixelControl, AnySize: true,
		New: func(v registry.Values, env trial.Env) (trial.Metric, error) {
			if env != nil {
				if _, err := env.Model(v.String("model")); err != nil {
					return nil, err
				}
			}
			return vectors{both(v.String("model"), trial.InputTensor, false), func(a, b []float32) float64 {
				return math.Sqrt(squared(a, b, 1, 1) / float64(len(a)))
			}}, nil
		}})
	trial.Metrics.Add(registry.Info{
		Name: "patch-cosine", Version: 1,
		Doc: "cosine distance position by position on a map or tokens, then pooled: a metric that judges regions",
		Long: "d_i = 1 - a_i.b_i / (|a_i| |b_i|) at each place i of a CNN's map or a ViT's patch tokens; the score is the `mean`, the `max`, " +
			"or the mean of the `top` share of places (PatchGAN's idea of judging regions, as a metric). Where both vectors are zero the distance " +
			"is 0, where one is, 1. Prefix tokens (CLS, registers) are left out. A place's receptive field is larger than its cell, and a ViT's " +
			"may be the whole picture.\n\n" +
			"pool = `assignment` does not compare place with place: each place of the input is given its own place of the output such that the mean " +
			"distance is the smallest possible (a linear assignment), and that mean is the score. What has only moved costs nothing. At most " +
			"1,024 places.",
		Source: "Isola, Zhu, Zhou and Efros, Image-to-image translation with conditional adversarial networks, CVPR 2017 (judging patches); " +
			"Jonker and Volgenant, Computing 38 (1987), and scipy.optimize.linear_sum_assignment (assignment)",
		Params: append(modelParams("spatial", "a map or tokens"),
			registry.Param{Name: "pool", Type: registry.String, Default: "mean", Enum: []string{"mean", "max", "top", "assignment"}, Doc: "how places are pooled"},
			registry.Param{Name: "share", Type: registry.Float, Default: .05, Min: 1e-6, Max: 1, Unit: "fraction", Doc: "share of places that pool = \"top\" averages, at least one"}),
	}, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: 2, Symmetric: true, Group: trial.Learned, AnySize: true,
		New: func(v registry.Values, env trial.Env) (trial.Metric, error) {
			o, err := outputOf(v, env)
			if err != nil {
				return nil, err
			}
			if o.Layout == trial.Pooled {
				return nil, fmt.Errorf("output %s of %s is pooled: patch-cosine needs a map or tokens", o.Name, v.String("model"))
			}
			return patchCosine{both(v.String("model"), v.String("output"), false), v.String("pool"), v.Float("share")}, nil
		}})
}

// outputOf looks the wanted output up; without an env (tests) nothing is known of it.
func outputOf(v registry.Values, env trial.Env) (trial.OutputInfo, error) {
	if env == nil {
		return trial.OutputInfo{Name: v.String("output")}, nil
	}
	m, err := env.Model(v.String("model"))
	if err != nil {
		return trial.OutputInfo{}, err
	}
	return m.Output(v.String("output"))
}

// vectors is a metric on one feature of both pictures, each read as one vector.
type vectors struct {
	needs []trial.Request
	f     func(a, b []float32) float64
}

// Needs implements trial.Metric.
func (m vectors) Needs() []trial.Request { return m.needs }

// Score implements trial.Metric.
func (m vectors) Score(t *trial.Trial) (trial.Score, error) {
	a, b := t.Features[0], t.Features[1]
	if len(a.Data) != len(b.Data) {
		return trial.Score{}, fmt.Errorf("the features differ in size: %v and %v", a.Shape, b.Shape)
	}
	v := m.f(a.Data, b.Data)
	if math.IsNaN(v) {
		return trial.Score{}, fmt.Errorf("feature %s of %s has no direction: it is zero or not a number", m.needs[0].Output, m.needs[0].Model)
	}
	return trial.Score{Value: v}, nil
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

// squared is |ka a - kb b|^2.
func squared(a, b []float32, ka, kb float64) float64 {
	sum := 0.0
	for i, v := range a {
		d := ka*float64(v) - kb*float64(b[i])
		sum += d * d
	}
	return sum
}

// cosineDistance is computed as half the squared distance of the unit vectors, which loses nothing near 0 and is exactly
// 0 for equal vectors.
func cosineDistance(a, b []float32) float64 {
	aa, bb := dot(a, a), dot(b, b)
	if aa == 0 && bb == 0 {
		return 0
	}
	return squared(a, b, 1/math.Sqrt(aa), 1/math.Sqrt(bb)) / 2
}

type patchCosine struct {
	needs []trial.Request
	pool  string
	share float64
}

// Needs implements trial.Metric.
func (m patchCosine) Needs() []trial.Request { return m.needs }

// Score implements trial.Metric.
func (m patchCosine) Score(t *trial.Trial) (trial.Score, error) {
	a, b := t.Features[0], t.Features[1]
	if a.H != b.H || a.W != b.W || a.Channels() != b.Channels() {
		return trial.Score{}, fmt.Errorf("the features differ in size: %v and %v", a.Shape, b.Shape)
	}
	if a.Layout == trial.Pooled {
		return trial.Score{}, fmt.Errorf("output %s of %s is pooled: patch-cosine needs a map or tokens", m.needs[0].Output, m.needs[0].Model)
	}
	if m.pool == "assignment" {
		return assigned(a, b)
	}
	na := trial.Remember(t.Memo, "norms "+m.needs[0].Model+" "+m.needs[0].Output, func() []float64 { return norms(a) })
	d := distances(a, b, na)
	for _, v := range d {
		if math.IsNaN(v) {
			return trial.Score{}, fmt.Errorf("feature %s of %s holds a number that is none", m.needs[0].Output, m.needs[0].Model)
		}
	}
	return trial.Score{Value: pool(d, m.pool, m.share), Map: &raster.Map{W: a.W, H: a.H, V: d}}, nil
}

// norms are the lengths of the vectors at each place.
func norms(t *trial.Tensor) []float64 {
	n := t.Positions()
	out := make([]float64, n)
	if t.Layout == trial.Grid {
		for c := range t.Channels() {
			for i, v := range t.Data[c*n : (c+1)*n] {
				out[i] += float64(v) * float64(v)
			}
		}
	} else {
		c := t.Channels()
		for i := range out {
			row := t.Data[(t.Prefix+i)*c : (t.Prefix+i+1)*c]
			out[i] = dot(row, row)
		}
	}
	for i, v := range out {
		out[i] = math.Sqrt(v)
	}
	return out
}

// distances are the cosine distances at each place, as half the squared distance of unit vectors.
func distances(a, b *trial.Tensor, na []float64) []float64 {
	n := a.Positions()
	nb := norms(b)
	d := make([]float64, n)
	ka, kb := make([]float64, n), nb
	for i := range ka {
		ka[i], kb[i] = inverse(na[i]), inverse(nb[i])
	}
	if a.Layout == trial.Grid {
		for c := range a.Channels() {
			pa, pb := a.Data[c*n:(c+1)*n], b.Data[c*n:(c+1)*n]
			for i, v := range pa {
				e := ka[i]*float64(v) - kb[i]*float64(pb[i])
				d[i] += e * e
			}
		}
	} else {
		c := a.Channels()
		for i := range d {
			d[i] = squared(a.Data[(a.Prefix+i)*c:(a.Prefix+i+1)*c], b.Data[(b.Prefix+i)*c:(b.Prefix+i+1)*c], ka[i], kb[i])
		}
	}
	for i := range d {
		if d[i] /= 2; ka[i] == 0 != (kb[i] == 0) {
			d[i] = 1
		}
	}
	return d
}

func inverse(v float64) float64 {
	if v == 0 {
		return 0
	}
	return 1 / v
}

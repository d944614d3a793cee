package metrics

import (
	"encoding/json"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// lpipsNets are the networks of LPIPS v0.1: the backbone, its taps, and the linear heads' file.
var lpipsNets = []struct {
	name, net, model, heads string
	outputs                 []string
}{
	{"lpips-alex", "AlexNet", "alexnet", "lpips_lin/alex.json", []string{"relu1", "relu2", "relu3", "relu4", "relu5"}},
	{"lpips-vgg", "VGG-16", "vgg16", "lpips_lin/vgg.json", []string{"relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"}},
	{"lpips-squeeze", "SqueezeNet 1.1", "squeezenet1.1-lpips", "lpips_lin/squeeze.json", []string{"tap1", "tap2", "tap3", "tap4", "tap5", "tap6", "tap7"}},
}

func init() {
	for _, n := range lpipsNets {
		trial.Metrics.Add(registry.Info{
			Name: n.name, Version: 1,
			Doc: "learned perceptual distance LPIPS v0.1 on " + n.net,
			Long: "At each tapped layer the features of both pictures are brought to unit length over channels (x / (|x| + 1e-10)), their squared " +
				"difference is weighted by the learned, non-negative weight of each channel, averaged over places, and the layers are added.\n\n" +
				"The picture enters at its own size, neither resized nor cropped, in [-1, 1] and then shifted and scaled, which is the same as " +
				"ImageNet's mean and standard deviation on 0..1. Feeding [0, 1] where [-1, 1] is meant gives plausible wrong numbers.",
			Source: "Zhang, Isola, Efros, Shechtman and Wang, The unreasonable effectiveness of deep features as a perceptual metric, CVPR 2018",
			Params: []registry.Param{
				{Name: "model", Type: registry.String, Default: n.model, Model: true, Doc: "backbone"},
				{Name: "heads", Type: registry.String, Default: n.heads, Doc: "the linear heads' file, looked for in the model folders"},
			},
		}, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: math.Inf(1), Symmetric: true, Group: trial.Learned,
			New: func(v registry.Values, env trial.Env) (trial.Metric, error) {
				return newLPIPS(v.String("model"), v.String("heads"), n.outputs, env)
			}})
	}
}

type lpips struct {
	needs   []trial.Request
	weights [][]float64
}

func newLPIPS(model, heads string, outputs []string, env trial.Env) (*lpips, error) {
	if env == nil {
		return nil, fmt.Errorf("LPIPS needs the folder of its linear heads")
	}
	data, err := env.Asset(heads)
	if err != nil {
		return nil, fmt.Errorf("LPIPS needs its linear heads: %w", err)
	}
	var file map[string][]float64
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("reading the LPIPS heads %s: %w", heads, err)
	}
	m := new(lpips)
	for k, o := range outputs {
		key := fmt.Sprintf("lin%d.model.1.weight", k)
		w, ok := file[key]
		if !ok {
			return nil, fmt.Errorf("the LPIPS heads %s have no %q", heads, key)
		}
		m.weights = append(m.weights, w)
		m.needs = append(m.needs, both(model, o, true)...)
	}
	return m, nil
}

// Needs implements trial.Metric.
func (m *lpips) Needs() []trial.Request { return m.needs }

// Score implements trial.Metric. The map has the size of the first layer's; the other layers are enlarged bilinearly.
func (m *lpips) Score(t *trial.Trial) (trial.Score, error) {
	if err := sameSize(t); err != nil {
		return trial.Score{}, err
	}
	var score trial.Score
	for k, w := range m.weights {
		a, b := t.Features[2*k], t.Features[2*k+1]
		if a.Channels() != len(w) || b.Channels() != len(w) {
			return trial.Score{}, fmt.Errorf("layer %s has %d channels, its LPIPS head %d", m.needs[2*k].Output, a.Channels(), len(w))
		}
		na := trial.Remember(t.Memo, "norms "+m.needs[2*k].Model+" "+m.needs[2*k].Output+" native", func() []float64 { return norms(a) })
		nb := norms(b)
		n := a.Positions()
		d := raster.NewMap(a.W, a.H)
		ka, kb := make([]float64, n), nb
		for i := range ka {
			ka[i], kb[i] = 1/(na[i]+1e-10), 1/(nb[i]+1e-10)
		}
		for c, weight := range w {
			if weight == 0 {
				continue
			}
			pa, pb := a.Data[c*n:(c+1)*n], b.Data[c*n:(c+1)*n]
			for i, v := range pa {
				e := ka[i]*float64(v) - kb[i]*float64(pb[i])
				d.V[i] += weight * e * e
			}
		}
		sum := 0.0
		for _, v := range d.V {
			sum += v
		}
		score.Value += sum / float64(n)
		if score.Map == nil {
			score.Map = d
			continue
		}
		for i, v := range raster.ResizeMap(d, score.Map.W, score.Map.H, raster.Bilinear).V {
			score.Map.V[i] += v
		}
	}
	return score, nil
}

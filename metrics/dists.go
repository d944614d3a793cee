package metrics

import (
	"encoding/json"
	"fmt"

	"probity/internal/registry"
	"probity/internal/trial"
)

// distsOutputs are the layers of DISTS after the picture itself, with their channels.
var (
	distsOutputs  = []string{"relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"}
	distsChannels = []int{3, 64, 128, 256, 512, 512}
)

func init() {
	trial.Metrics.Add(registry.Info{
		Name: "dists", Version: 1,
		Doc: "deep image structure and texture similarity DISTS, as a distance",
		Long: "1 - sum_layers sum_channels (alpha l + beta s), l = (2 mu_a mu_b + c) / (mu_a^2 + mu_b^2 + c) the texture and " +
			"s = (2 s_ab + c) / (s_a^2 + s_b^2 + c) the structure term of each channel over the whole layer, c = 1e-6, the learned alpha and beta " +
			"divided by the sum of all. The layers are the picture itself in 0..1 and five of VGG-16 with L2 pooling.\n\n" +
			"The picture enters at its own size. The authors' script first brings the shorter side to 256 pixels where it is longer: do the same " +
			"(`[images] size`) to compare with their numbers. The weights' file is JSON with the lists `alpha` and `beta`, 1,475 numbers each, " +
			"as the authors' weights.pt holds them.",
		Source: "Ding, Ma, Wang and Simoncelli, Image quality assessment: unifying structure and texture similarity, TPAMI 44 (2022); DISTS_pytorch",
		Params: []registry.Param{
			{Name: "model", Type: registry.String, Default: "dists-vgg16", Model: true, Doc: "backbone"},
			{Name: "weights", Type: registry.String, Default: "dists/weights.json", Doc: "the file of alpha and beta, looked for in the model folders"},
		},
	}, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: 2, Symmetric: true, Group: trial.Learned,
		New: func(v registry.Values, env trial.Env) (trial.Metric, error) {
			return newDISTS(v.String("model"), v.String("weights"), env)
		}})
}

type dists struct {
	needs       []trial.Request
	alpha, beta []float64
}

func newDISTS(model, weights string, env trial.Env) (*dists, error) {
	if env == nil {
		return nil, fmt.Errorf("DISTS needs the folder of its weights")
	}
	data, err := env.Asset(weights)
	if err != nil {
		return nil, fmt.Errorf("DISTS needs its weights: %w", err)
	}
	var file struct{ Alpha, Beta []float64 }
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("reading the DISTS weights %s: %w", weights, err)
	}
	want, sum := 0, 0.0
	for _, c := range distsChannels {
		want += c
	}
	if len(file.Alpha) != want || len(file.Beta) != want {
		return nil, fmt.Errorf("the DISTS weights %s hold %d alpha and %d beta, wants %d of each", weights, len(file.Alpha), len(file.Beta), want)
	}
	for i, a := range file.Alpha {
		sum += a + file.Beta[i]
	}
	if !(sum > 0) {
		return nil, fmt.Errorf("the DISTS weights %s add up to %g, wants more than 0", weights, sum)
	}
	m := &dists{alpha: make([]float64, want), beta: make([]float64, want)}
	for i := range m.alpha {
		m.alpha[i], m.beta[i] = file.Alpha[i]/sum, file.Beta[i]/sum
	}
	for _, o := range append([]string{trial.InputTensor}, distsOutputs...) {
		m.needs = append(m.needs, both(model, o, true)...)
	}
	return m, nil
}

// Needs implements trial.Metric.
func (m *dists) Needs() []trial.Request { return m.needs }

// Score implements trial.Metric.
func (m *dists) Score(t *trial.Trial) (trial.Score, error) {
	if err := sameSize(t); err != nil {
		return trial.Score{}, err
	}
	const c = 1e-6
	// The weights add up to 1, so 1 - sum of similarities is the sum of their shortfalls, exactly 0 for equal pictures.
	total, at := 0.0, 0
	for k, channels := range distsChannels {
		a, b := t.Features[2*k], t.Features[2*k+1]
		if a.Channels() != channels || b.Channels() != channels || a.Positions() != b.Positions() {
			return trial.Score{}, fmt.Errorf("layer %s is %v and %v, DISTS wants %d channels and equal sizes", m.needs[2*k].Output, a.Shape, b.Shape, channels)
		}
		n := a.Positions()
		for ch := range channels {
			pa, pb := a.Data[ch*n:(ch+1)*n], b.Data[ch*n:(ch+1)*n]
			ma, mb := 0.0, 0.0
			for i, v := range pa {
				ma += float64(v)
				mb += float64(pb[i])
			}
			ma /= float64(n)
			mb /= float64(n)
			va, vb, off := 0.0, 0.0, 0.0
			for i, v := range pa {
				x, y := float64(v)-ma, float64(pb[i])-mb
				va += x * x
				vb += y * y
				off += (x - y) * (x - y)
			}
			va, vb, off = va/float64(n), vb/float64(n), off/float64(n)
			// 1 - l = (mu_a - mu_b)^2 / (...), 1 - s = var(a - b) / (...).
			total += m.alpha[at] * (ma - mb) * (ma - mb) / (ma*ma + mb*mb + c)
			total += m.beta[at] * off / (va + vb + c)
			at++
		}
	}
	return trial.Score{Value: total}, nil
}

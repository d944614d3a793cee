package metrics

import (
	"fmt"
	"math"

	"probity/internal/registry"
	"probity/internal/trial"
)

// clipWeight is w of CLIPScore.
const clipWeight = 2.5

// jointParams choose a model with two towers.
func jointParams(more ...registry.Param) []registry.Param {
	return append([]registry.Param{
		{Name: "model", Type: registry.String, Required: true, Model: true, Doc: "a model with an image and a text tower"},
		{Name: "output", Type: registry.String, Default: "joint", Doc: "its image embedding in the space shared with text"},
	}, more...)
}

var captionParam = registry.Param{Name: "text", Type: registry.String, Default: "target", Enum: []string{"target", "requirement"},
	Doc: "the words that the output is held against: the target caption, or the requirement itself"}

// captionOf is the part that the parameter text names.
func captionOf(v registry.Values) trial.Part {
	if v.String("text") == "requirement" {
		return trial.OfRequirement
	}
	return trial.OfTargetCaption
}

// textOutput is the name of a text tower's only output.
const textOutput = "text"

// jointModel checks that a model has both towers.
func jointModel(v registry.Values, env trial.Env) error {
	if env == nil {
		return nil
	}
	m, err := env.Model(v.String("model"))
	if err != nil {
		return err
	}
	if !m.Text {
		return fmt.Errorf("model %s has no text tower: this metric needs a CLIP-like pair", m.Name)
	}
	o, err := m.Output(v.String("output"))
	if err == nil && o.Layout != trial.Pooled {
		err = fmt.Errorf("output %s of %s is not pooled: its embedding in the space shared with text is wanted", o.Name, m.Name)
	}
	return err
}

// joint is a metric on embeddings in a space shared by pictures and words, each brought to length 1.
type joint struct {
	needs []trial.Request
	f     func(e [][]float64) float64
}

// Needs implements trial.Metric.
func (m joint) Needs() []trial.Request { return m.needs }

// Score implements trial.Metric.
func (m joint) Score(t *trial.Trial) (trial.Score, error) {
	e, err := embeddings(t.Features, m.needs)
	if err != nil {
		return trial.Score{}, err
	}
	return trial.Score{Value: m.f(e)}, nil
}

// embeddings brings pooled features to length 1; tokens give a row for each text.
func embeddings(ts []*trial.Tensor, needs []trial.Request) ([][]float64, error) {
	var out [][]float64
	for i, t := range ts {
		rows, c := 1, len(t.Data)
		if t.Layout == trial.Tokens {
			rows, c = t.Shape[0], t.Shape[1]
		}
		if rows == 0 {
			return nil, fmt.Errorf("the trial has no %s", needs[i].Part)
		}
		for r := range rows {
			row := t.Data[r*c : (r+1)*c]
			norm := math.Sqrt(dot(row, row))
			if !(norm > 0) || math.IsInf(norm, 0) {
				return nil, fmt.Errorf("the embedding of the %s by %s has no direction", needs[i].Part, needs[i].Model)
			}
			u := make([]float64, c)
			for k, v := range row {
				u[k] = float64(v) / norm
			}
			if len(out) > 0 && len(out[0]) != c {
				return nil, fmt.Errorf("the embedding of the %s by %s has %d numbers, that of the %s %d: they do not share a space", needs[i].Part, needs[i].Model, c, needs[0].Part, len(out[0]))
			}
			out = append(out, u)
		}
	}
	return out, nil
}

func init() {
	add := func(info registry.Info, dir trial.Direction, lo, hi float64, group trial.Group, needs func(model, output string, text trial.Part) []trial.Request, f func(e [][]float64) float64) {
		trial.Metrics.Add(info, trial.MetricEntry{Direction: dir, Low: lo, High: hi, Group: group, AnySize: true,
			New: func(v registry.Values, env trial.Env) (trial.Metric, error) {
				if err := jointModel(v, env); err != nil {
					return nil, err
				}
				text := trial.OfTargetCaption
				if _, ok := info.Param("text"); ok {
					text = captionOf(v)
				}
				return joint{needs(v.String("model"), v.String("output"), text), f}, nil
			}})
	}
	picture := func(p trial.Part, model, output string) trial.Request {
		return trial.Request{Part: p, Model: model, Output: output}
	}
	words := func(p trial.Part, model string) trial.Request {
		return trial.Request{Part: p, Model: model, Output: textOutput}
	}
	add(registry.Info{
		Name: "clip-score", Version: 1,
		Doc: "CLIPScore: how well the output fits the words, without looking at the input",
		Long: "2.5 max(cos(E(output), T(words)), 0). The factor is the paper's; torchmetrics multiplies by 100 instead. The paper puts \"A photo depicts\" " +
			"before each caption: write it into the captions to compare with its numbers. Cosines of CLIP lie in a narrow band (.15 to .35 for " +
			"OpenAI's), so that differences matter and absolute values do not carry over between models. The input is not looked at: copying a " +
			"picture that fits the words scores best.",
		Source: "Hessel, Holtzman, Forbes, Le Bras and Choi, CLIPScore, EMNLP 2021",
		Params: jointParams(captionParam),
	}, trial.Similarity, 0, clipWeight, trial.TextImage, func(model, output string, text trial.Part) []trial.Request {
		return []trial.Request{picture(trial.OfOutput, model, output), words(text, model)}
	}, func(e [][]float64) float64 { return clipWeight * math.Max(dot64(e[0], e[1]), 0) })
	add(registry.Info{
		Name: "ref-clip-score", Version: 1,
		Doc: "RefCLIPScore: CLIPScore of the words, together with how near they are to reference captions",
		Long: "The harmonic mean of CLIPScore (with its factor 2.5) and of the largest cosine of the words with any reference caption, not below 0. It " +
			"judges the words more than the picture.",
		Source: "Hessel, Holtzman, Forbes, Le Bras and Choi, CLIPScore, EMNLP 2021",
		Params: jointParams(captionParam),
	}, trial.Similarity, 0, 2*clipWeight/(1+clipWeight), trial.TextImage, func(model, output string, text trial.Part) []trial.Request {
		return []trial.Request{picture(trial.OfOutput, model, output), words(text, model), words(trial.OfReferences, model)}
	}, func(e [][]float64) float64 {
		score, near := clipWeight*math.Max(dot64(e[0], e[1]), 0), 0.0
		for _, r := range e[2:] {
			near = math.Max(near, dot64(e[1], r))
		}
		if score+near == 0 {
			return 0
		}
		return 2 * score * near / (score + near)
	})
	add(registry.Info{
		Name: "text-image-gain", Version: 1,
		Doc: "how much nearer to the words the output is than the input",
		Long: "cos(E(output), T(words)) - cos(E(input), T(words)), in -2..2, 0 where nothing was done. It needs no source caption, and it does not " +
			"see what else was changed.",
		Source: "the gain used by many editing benchmarks, e.g. Zhang et al., MagicBrush, NeurIPS 2023",
		Params: jointParams(captionParam),
	}, trial.Similarity, -2, 2, trial.TextImage, func(model, output string, text trial.Part) []trial.Request {
		return []trial.Request{picture(trial.OfOutput, model, output), picture(trial.OfInput, model, output), words(text, model)}
	}, func(e [][]float64) float64 { return dot64(e[0], e[2]) - dot64(e[1], e[2]) })
	add(registry.Info{
		Name: "directional", Version: 1,
		Doc: "directional similarity: do the pictures change in the direction in which the captions change",
		Long: "cos(E(output) - E(input), T(target) - T(source)), all four embeddings of length 1 before the differences. The four terms are the input, " +
			"the output, the source caption and the target caption; both captions have to be declared. Where the embedding of the output equals " +
			"the input's there is no direction and the score is 0. The length of the change does not matter: a tiny step in the right direction " +
			"scores as high as the whole way.",
		Source: "Gal et al., StyleGAN-NADA, SIGGRAPH 2022; Brooks, Holynski and Efros, InstructPix2Pix, CVPR 2023",
		Params: jointParams(),
	}, trial.Similarity, -1, 1, trial.Triplet, func(model, output string, _ trial.Part) []trial.Request { return fourTerms(model, output) },
		func(e [][]float64) float64 { return directional(e[0], e[1], e[2], e[3]) })
}

// fourTerms are the embeddings of a directional similarity, in the order input, output, source caption, target caption.
func fourTerms(model, output string) []trial.Request {
	return append(both(model, output, false),
		trial.Request{Part: trial.OfSourceCaption, Model: model, Output: textOutput},
		trial.Request{Part: trial.OfTargetCaption, Model: model, Output: textOutput})
}

// directional is the cosine of out-in and target-source, 0 where one of them is nothing.
func directional(in, out, source, target []float64) float64 {
	var xy, xx, yy float64
	for i := range in {
		x, y := out[i]-in[i], target[i]-source[i]
		xy += x * y
		xx += x * x
		yy += y * y
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

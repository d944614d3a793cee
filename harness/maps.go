package harness

import (
	"context"

	"probity/internal/raster"
	"probity/internal/trial"
)

// mapper computes maps of where metrics see a difference, for the few stimuli that show one. Maps are dropped while
// scoring, so these are computed anew.
type mapper struct {
	labels []string
	scorer *scorer
	src    *trial.Source
	input  *raster.Image
	inputF map[feature]*trial.Tensor
	memo   trial.Memo
}

// newMapper takes the metrics that compare position by position and the classical ones, the learned first; which of them
// have a map shows when they are asked.
func newMapper(ctx context.Context, p *Plan, models Models, src *trial.Source, img *raster.Image) (*mapper, error) {
	m := &mapper{src: src, input: img}
	var list []trial.Metric
	for _, learned := range []bool{true, false} {
		for _, pm := range p.Metrics {
			c := pm.Column
			if c.Group == trial.PixelControl || learned != (c.Model != "") || c.Pool == "pooled" || learned && c.Pool == "" {
				continue
			}
			m.labels, list = append(m.labels, c.Label), append(list, pm.Metric)
		}
	}
	var err error
	if m.scorer, err = newScorer(list, models, nil); err != nil {
		return nil, err
	}
	f, err := m.scorer.features(ctx, []*raster.Image{img})
	if err != nil {
		return nil, err
	}
	m.inputF = f[0]
	return m, nil
}

// maps are the maps of one stimulus. A metric that cannot judge it has none; why stands among the run's problems.
func (m *mapper) maps(ctx context.Context, x made) ([]ExhibitMap, error) {
	f, err := m.scorer.features(ctx, []*raster.Image{x.img})
	if err != nil {
		return nil, err
	}
	t := stimulusTrial(m.src, m.input, &x, &m.memo)
	var out []ExhibitMap
	for i, label := range m.labels {
		if len(out) == mapsShown {
			break
		}
		s, err := m.scorer.score(ctx, i, t, m.inputF, f[0])
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil || s.Map == nil {
			continue
		}
		d := s.Map
		if longest := max(d.W, d.H); longest > mapSide {
			d = raster.ResizeMap(d, max(1, d.W*mapSide/longest), max(1, d.H*mapSide/longest), raster.Box)
		}
		out = append(out, ExhibitMap{Metric: label, W: d.W, H: d.H, V: d.V})
	}
	return out, nil
}

// strongest are the stimuli that show maps: of each perturbation's shown edits the one of the largest change, as far as
// the first metric that tells them apart can say.
func (p *Plan) strongest(t *trial.Table, first int) map[int]bool {
	best := map[int]int{}
	var order []int
	for i, s := range p.Stimuli {
		if s.Role != trial.Edit || !p.exhibited(i) {
			continue
		}
		k, ok := best[s.Perturb]
		if !ok {
			order = append(order, s.Perturb)
		}
		if !ok || t.Stimuli[first+i].Realised.WholeDE0 > t.Stimuli[first+k].Realised.WholeDE0 {
			best[s.Perturb] = i
		}
	}
	out := map[int]bool{}
	for _, e := range order {
		out[best[e]] = true
	}
	return out
}

// outlineOf is a region's mask at a size for showing; nil where the edit acts everywhere or nothing is known.
func outlineOf(region *raster.Mask) *Outline {
	if region == nil {
		return nil
	}
	w, h := region.W, region.H
	if longest := max(w, h); longest > outlineSide {
		w, h = max(1, w*outlineSide/longest), max(1, h*outlineSide/longest)
	}
	o := &Outline{W: w, H: h, In: make([]uint8, w*h)}
	inside := 0
	for y := range h {
		for x := range w {
			if region.In[(2*y+1)*region.H/(2*h)*region.W+(2*x+1)*region.W/(2*w)] != 0 {
				o.In[y*w+x] = 1
				inside++
			}
		}
	}
	if inside == 0 || inside == w*h {
		return nil
	}
	return o
}

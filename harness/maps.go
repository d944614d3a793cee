package harness

import (
	"context"

	"probity/internal/raster"
	"probity/internal/trial"
)

// mapper computes maps of where metrics see a difference, for the few stimuli that show one. Maps are dropped while
// scoring, so these are computed anew.
type mapper struct {
	run    *run    // of the metrics that may have a map
	groups [][]int // metrics whose models fit into the memory given together
	src    *trial.Source
	input  *raster.Image
	memo   trial.Memo
}

// newMapper takes the metrics that compare position by position and the classical ones, the learned first; which of them
// have a map shows when they are asked.
func newMapper(p *Plan, models Models, opt RunOptions, src *trial.Source, img *raster.Image) (*mapper, error) {
	plan := *p
	plan.Metrics = nil
	r := &run{plan: &plan, models: models, opt: opt}
	for _, learned := range []bool{true, false} {
		for _, pm := range p.Metrics {
			c := pm.Column
			if c.Group == trial.PixelControl || learned != (c.Model != "") || c.Pool == "pooled" || learned && c.Pool == "" {
				continue
			}
			plan.Metrics, r.metrics = append(plan.Metrics, pm), append(r.metrics, pm.Metric)
		}
	}
	m := &mapper{run: r, src: src, input: img}
	var err error
	m.groups, err = r.passesOf(func() (int, int, error) { return img.W, img.H, nil })
	return m, err
}

// maps are the first few maps of one stimulus, in the order of the metrics. A metric that cannot judge it has none; why stands
// among the run's problems.
func (m *mapper) maps(ctx context.Context, x made) ([]ExhibitMap, error) {
	t := stimulusTrial(m.src, m.input, &x, &m.memo)
	found := make([]*raster.Map, len(m.run.metrics))
	for _, group := range m.groups {
		if err := m.group(ctx, group, x.img, t, found); err != nil {
			return nil, err
		}
	}
	var out []ExhibitMap
	for i, d := range found {
		if d == nil || len(out) == mapsShown {
			continue
		}
		if longest := max(d.W, d.H); longest > mapSide {
			d = raster.ResizeMap(d, max(1, d.W*mapSide/longest), max(1, d.H*mapSide/longest), raster.Box)
		}
		out = append(out, ExhibitMap{Metric: m.run.plan.Metrics[i].Column.Label, W: d.W, H: d.H, V: d.V})
	}
	return out, nil
}

// group asks the metrics of one group, no more than can be shown.
func (m *mapper) group(ctx context.Context, group []int, img *raster.Image, t trial.Trial, found []*raster.Map) error {
	if len(group) == 0 {
		return nil
	}
	part := &run{models: m.run.models, opt: m.run.opt}
	for _, i := range group {
		part.metrics = append(part.metrics, m.run.metrics[i])
	}
	defer part.done()
	part.open()
	scorer, err := part.scoring()
	if err != nil {
		return err
	}
	f, err := scorer.features(ctx, []*raster.Image{m.input, img}, scorer.calls)
	if err != nil {
		return err
	}
	shown := 0
	for k, i := range group {
		if shown == mapsShown {
			break
		}
		s, err := scorer.score(ctx, k, t, f[0], f[1])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && s.Map != nil {
			found[i] = s.Map
			shown++
		}
	}
	return nil
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

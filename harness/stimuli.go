package harness

import (
	"context"
	"fmt"

	"probity/internal/raster"
	"probity/internal/trial"
)

// A made stimulus: its picture and its row of the table. img is nil where it could not be made; reason says why.
type made struct {
	index  int // into Plan.Stimuli
	img    *raster.Image
	row    trial.Stimulus
	region *raster.Mask
	reason string
}

// sweepGroup is what shares one preparation: all severities of one perturbation, region and replicate, each with the
// crossed stimuli that start from it.
type sweepGroup struct {
	perturb, region, replicate int
	edits                      []int
	crossed                    map[int][]int
}

// groups arranges the plan's stimuli for making: edits by shared preparation, each followed by its crossed stimuli; then
// the nulls by themselves. The order is a function of the plan alone.
func (p *Plan) groups() (sweeps []*sweepGroup, nulls []int) {
	type key struct{ perturb, region, replicate int }
	at := map[key]*sweepGroup{}
	for i, s := range p.Stimuli {
		if s.Role == trial.Null {
			nulls = append(nulls, i)
			continue
		}
		k := key{s.Perturb, s.Region, s.Replicate}
		g := at[k]
		if g == nil {
			g = &sweepGroup{perturb: s.Perturb, region: s.Region, replicate: s.Replicate, crossed: map[int][]int{}}
			at[k] = g
			sweeps = append(sweeps, g)
		}
		if s.Role == trial.Crossed {
			g.crossed[s.Edit] = append(g.crossed[s.Edit], i)
		} else {
			g.edits = append(g.edits, i)
		}
	}
	return sweeps, nulls
}

// maker makes the stimuli of one source.
type maker struct {
	plan *Plan
	src  *trial.Source
	img  *raster.Image // the source at working size
	lab  *raster.Lab   // of img, for measuring; made on first use
	need func(i int) bool
}

// each makes every stimulus that is needed, in the order of groups, and hands it to yield. A stimulus that cannot be
// made is handed over with its reason; only yield's error and an ended context stop the walk.
func (m *maker) each(ctx context.Context, yield func(made) error) error {
	sweeps, nulls := m.plan.groups()
	for _, g := range sweeps {
		if err := m.sweep(ctx, g, yield); err != nil {
			return err
		}
	}
	for _, i := range nulls {
		if !m.need(i) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := yield(m.null(ctx, i, m.img, nil)); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) sweep(ctx context.Context, g *sweepGroup, yield func(made) error) error {
	needed := func(edit int) bool {
		if m.need(edit) {
			return true
		}
		for _, c := range g.crossed[edit] {
			if m.need(c) {
				return true
			}
		}
		return false
	}
	var apply func(severity float64) (*trial.Outcome, error)
	var region *raster.Mask
	var failed error
	for _, e := range g.edits {
		if !needed(e) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s := m.plan.Stimuli[e]
		section := &m.plan.Perturbs[g.perturb]
		if apply == nil && failed == nil {
			if region, failed = m.region(ctx, section.Regions[g.region], g.replicate); failed == nil {
				apply, failed = m.chain(ctx, section, s.EditReplicate(), trial.Outcome{Image: m.img}, region)
			}
		}
		out := made{index: e, row: m.plan.Stimulus(m.src, e)}
		var res *trial.Outcome
		var editor trial.Editor
		err := failed
		if err == nil {
			res, err = apply(s.Severity)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			out.reason = err.Error()
		} else {
			out.img, editor = res.Image, res.Editor
			out.region = region
			if res.Region != nil {
				out.region = res.Region
			}
			m.describe(&out, res)
		}
		if m.need(e) {
			if err := yield(out); err != nil {
				return err
			}
		}
		for _, c := range g.crossed[e] {
			if !m.need(c) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			x := made{index: c, reason: out.reason}
			if out.img != nil {
				x = m.null(ctx, c, out.img, editor)
			}
			// A crossed stimulus tells of its edit; the null laid over it is named, not measured.
			row := m.plan.Stimulus(m.src, c)
			row.Realised, row.Donors, row.Flags, row.Instruction = out.row.Realised, out.row.Donors, out.row.Flags, out.row.Instruction
			row.SourceCaption, row.TargetCaption = out.row.SourceCaption, out.row.TargetCaption
			x.row, x.region = row, out.region
			if err := yield(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// null makes stimulus i, whose null is laid over base. Where base is a scene that was drawn anew, editor is that scene's, so
// that it can be photographed again.
func (m *maker) null(ctx context.Context, i int, base *raster.Image, editor trial.Editor) made {
	s := m.plan.Stimuli[i]
	section := &m.plan.Perturbs[s.Null]
	out := made{index: i, row: m.plan.Stimulus(m.src, i)}
	apply, err := m.chain(ctx, section, s.NullReplicate(), trial.Outcome{Image: base, Editor: editor}, nil)
	var res *trial.Outcome
	if err == nil {
		res, err = apply(section.Severities[0])
	}
	if err != nil {
		out.reason = err.Error()
		return out
	}
	out.img = res.Image
	if s.Role == trial.Null {
		m.describe(&out, res)
	}
	return out
}

// redrawn is a scene after an exact edit: its picture is the edited one, its masks are those of the source.
type redrawn struct {
	img *raster.Image
	trial.Picture
}

func (r redrawn) Load(context.Context) (*raster.Image, error) { return r.img.Clone(), nil }

// chain prepares a section's steps on what was made before and returns what applies them at a severity. The steps before
// the one on the axis are done once. A scene that was drawn anew is the next step's scene.
func (m *maker) chain(ctx context.Context, section *PerturbSection, replicate int, start trial.Outcome, region *raster.Mask) (func(float64) (*trial.Outcome, error), error) {
	prepare := func(st *Step, from *trial.Outcome) (trial.Sweep, error) {
		src, img := m.src, from.Image
		if from.Editor != nil {
			scene := *m.src
			scene.Editor, scene.Picture = from.Editor, redrawn{img, m.src.Picture}
			src = &scene
		}
		sweep, err := st.Perturbation.Prepare(ctx, &trial.Input{
			Image: img, Region: region, Source: src,
			Draw:  m.plan.Draw(m.src, st.Stream, replicate),
			Donor: m.donor(st.Stream, replicate, img.W, img.H),
		})
		if err != nil {
			return nil, fmt.Errorf("preparing %s: %w", st.Kind, err)
		}
		return sweep, nil
	}
	run := func(st *Step, sweep trial.Sweep, severity float64, into *trial.Outcome) error {
		if severity == 0 {
			into.Image = into.Image.Clone()
			return nil
		}
		res, err := sweep(severity)
		if err != nil {
			return fmt.Errorf("%s at %g: %w", st.Kind, severity, err)
		}
		merge(into, res)
		return nil
	}
	axis := 0
	for !section.Steps[axis].OnAxis {
		st := &section.Steps[axis]
		sweep, err := prepare(st, &start)
		if err != nil {
			return nil, err
		}
		if err := run(st, sweep, st.Severity, &start); err != nil {
			return nil, err
		}
		axis++
	}
	first, err := prepare(&section.Steps[axis], &start)
	if err != nil {
		return nil, err
	}
	return func(severity float64) (*trial.Outcome, error) {
		out := start
		out.Flags, out.Donors = append([]trial.Flag(nil), start.Flags...), append([]*trial.Source(nil), start.Donors...)
		if err := run(&section.Steps[axis], first, severity, &out); err != nil {
			return nil, err
		}
		for k := axis + 1; k < len(section.Steps); k++ {
			st := &section.Steps[k]
			sweep, err := prepare(st, &out)
			if err != nil {
				return nil, err
			}
			if err := run(st, sweep, st.Severity, &out); err != nil {
				return nil, err
			}
		}
		return &out, nil
	}, nil
}

// merge adds what a step did to what the steps before it did.
func merge(into, res *trial.Outcome) {
	into.Image, into.Editor = res.Image, res.Editor
	if res.Region != nil {
		into.Region = res.Region
	}
	into.Donors = append(into.Donors, res.Donors...)
	into.Flags = append(into.Flags, res.Flags...)
	if res.Instruction != "" {
		into.Instruction = res.Instruction
	}
	if res.TargetCaption != "" {
		if into.SourceCaption == "" { // of the first step that speaks of words
			into.SourceCaption = res.SourceCaption
		}
		into.TargetCaption = res.TargetCaption
	}
	if res.Class != "" {
		into.Class = res.Class
	}
}

// describe measures what was really done and fills the row.
func (m *maker) describe(out *made, res *trial.Outcome) {
	if m.lab == nil {
		m.lab = raster.ToLab(m.img)
	}
	d := raster.Measure(m.img, out.img, m.lab, out.region)
	out.row.Realised = trial.Realised{Area: d.Area, Changed: d.Changed, DE00: d.DE00, MaxDE00: d.MaxDE00, WholeDE0: d.WholeDE00, RMS: d.RMS}
	out.row.Flags, out.row.Instruction = res.Flags, res.Instruction
	out.row.SourceCaption, out.row.TargetCaption = res.SourceCaption, res.TargetCaption
	for _, s := range res.Donors {
		out.row.Donors = append(out.row.Donors, s.ID)
	}
}

// donor lets a step borrow from another source, brought to w x h: resized to cover (Pillow's bicubic) and cut at the
// centre. A source whose picture cannot be read is passed over.
func (m *maker) donor(step string, replicate, w, h int) func(context.Context, trial.DonorRule) (*trial.Donor, error) {
	return func(ctx context.Context, rule trial.DonorRule) (*trial.Donor, error) {
		unusable := map[string]bool{}
		for {
			src, err := m.plan.Donors.Choose(m.src, step, replicate, rule, func(s *trial.Source) bool { return !unusable[s.Hash] })
			if err != nil {
				return nil, err
			}
			img, err := src.Picture.Load(ctx)
			if err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				unusable[src.Hash] = true
				continue
			}
			fit := coverOf(img.W, img.H, w, h)
			return &trial.Donor{Source: src, Image: fit.image(img), Mask: func(ctx context.Context, name string) (*raster.Mask, error) {
				mask, err := src.Picture.Mask(ctx, name)
				if err != nil {
					return nil, err
				}
				return fit.mask(mask), nil
			}}, nil
		}
	}
}

// cover brings a picture to a size that it then fills: resized to w x h, cut to cw x ch at the centre.
type cover struct{ w, h, cw, ch int }

func coverOf(fromW, fromH, w, h int) cover {
	scale := max(float64(w)/float64(fromW), float64(h)/float64(fromH))
	return cover{max(w, int(scale*float64(fromW)+.5)), max(h, int(scale*float64(fromH)+.5)), w, h}
}

func (c cover) image(m *raster.Image) *raster.Image {
	if m.W == c.cw && m.H == c.ch {
		return m
	}
	return raster.Resize(m, c.w, c.h, raster.Bicubic).Crop((c.w-c.cw)/2, (c.h-c.ch)/2, c.cw, c.ch)
}

func (c cover) mask(m *raster.Mask) *raster.Mask {
	grey := raster.New(m.W, m.H)
	for i, v := range m.In {
		grey.Pix[3*i] = 255 * v
	}
	grey = c.image(grey)
	out := raster.NewMask(c.cw, c.ch)
	for i := range out.In {
		if grey.Pix[3*i] >= 128 {
			out.In[i] = 1
		}
	}
	return out
}

// region resolves a region on the source. Its streams are those of the region alone, so that all edits of a source with
// the same replicate act in the same place.
func (m *maker) region(ctx context.Context, r RegionSpec, replicate int) (*raster.Mask, error) {
	return r.Resolve(ctx, m.src, m.img, m.plan.RegionDraw(m.src, replicate))
}

package harness

import (
	"fmt"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

// metrics makes every metric and describes the column that it fills.
func (p *Plan) metrics(env trial.Env) error {
	for _, s := range p.Experiment.Metrics {
		m, err := s.Entry.New(s.Params, env)
		if err != nil {
			return fmt.Errorf("metric %s: %w", s.Label, err)
		}
		c, err := column(s, m, env)
		if err != nil {
			return fmt.Errorf("metric %s: %w", s.Label, err)
		}
		if s.Implied {
			p.note("added the metric %s, which a hypothesis names", s.Label)
		}
		p.Metrics = append(p.Metrics, PlannedMetric{Section: s, Metric: m, Column: c})
	}
	for _, s := range p.Experiment.SetMetrics {
		m, err := s.Entry.New(s.Params, env)
		if err != nil {
			return fmt.Errorf("set metric %s: %w", s.Label, err)
		}
		p.SetMetrics = append(p.SetMetrics, PlannedSetMetric{Section: s, Metric: m})
	}
	p.link(env)
	return nil
}

// column describes a metric's column but for its links to other columns.
func column(s MetricSection, m trial.Metric, env trial.Env) (trial.Column, error) {
	c := trial.Column{
		Label: s.Label, Kind: s.Kind, Params: s.Params.Canonical(), Version: s.Info.Version,
		Direction: s.Entry.Direction, Low: s.Entry.Low, High: s.Entry.High, Unit: s.Entry.Unit, Group: s.Entry.Group,
	}
	needs := m.Needs()
	if len(needs) == 0 {
		return c, nil
	}
	c.Model = needs[0].Model
	info, err := env.Model(c.Model)
	if err != nil {
		return c, err
	}
	c.Family, c.Training, c.Labels, c.Seed, c.Mark = info.Family, info.Training, info.Labels, info.Seed, info.Mark
	pooled := true
	var outputs []string
	for _, r := range needs {
		if r.Model != c.Model || r.Part.Text() {
			continue
		}
		known := false
		for _, o := range outputs {
			known = known || o == r.Output
		}
		if !known {
			outputs = append(outputs, r.Output)
		}
		o, err := info.Output(r.Output)
		pooled = pooled && err == nil && o.Layout == trial.Pooled
	}
	c.Output = strings.Join(outputs, "+")
	if c.Group != trial.Learned {
		return c, nil
	}
	switch pool := textParam(s.Params, s.Info, "pool"); {
	case pooled:
		c.Pool = "pooled"
	case pool == "top":
		c.Pool = "top5%"
		for _, name := range []string{"top", "share"} {
			if prm, ok := s.Info.Param(name); ok && prm.Type == registry.Float && s.Params.Has(name) {
				c.Pool = fmt.Sprintf("top%g%%", 100*s.Params.Float(name))
			}
		}
	case pool != "":
		c.Pool = pool
	default:
		c.Pool = "mean"
	}
	return c, nil
}

func textParam(v registry.Values, info registry.Info, name string) string {
	if prm, ok := info.Param(name); ok && prm.Type == registry.String {
		return v.String(name)
	}
	return ""
}

// link finds each learned column's pixel control, which looks at the same model's input, and its twin, which is the same
// metric on the untrained network.
func (p *Plan) link(env trial.Env) {
	for i := range p.Metrics {
		c := &p.Metrics[i].Column
		if c.Model == "" || c.Group == trial.PixelControl {
			continue
		}
		twin := ""
		if info, err := env.Model(c.Model); err == nil {
			twin = info.Twin
		}
		for j := range p.Metrics {
			o := p.Metrics[j].Column
			if o.Group == trial.PixelControl && o.Model == c.Model && c.Control == "" {
				c.Control = o.Label
			}
			if twin != "" && o.Model == twin && o.Kind == c.Kind && o.Output == c.Output && o.Pool == c.Pool && c.Twin == "" {
				c.Twin = o.Label
			}
		}
	}
}

// Columns are the columns of the table, in the order of the metrics.
func (p *Plan) Columns() []trial.Column {
	out := make([]trial.Column, len(p.Metrics))
	for i, m := range p.Metrics {
		out[i] = m.Column
	}
	return out
}

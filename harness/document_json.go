package harness

import (
	"encoding/json"

	"probity/internal/registry"
	"probity/internal/trial"
)

// resolvedExperiment is an experiment as the manifest records it: every default filled in, so that a run can be repeated
// from the manifest alone. Paths are as the file or the command line gave them.
type resolvedExperiment struct {
	Version    int                  `json:"probity"`
	Name       string               `json:"name"`
	Question   string               `json:"question"`
	Overlong   string               `json:"overlong_texts,omitempty"` // "cut"; texts that are too long are errors otherwise
	Seed       uint64               `json:"seed"`
	Images     resolvedImages       `json:"images"`
	Metrics    []resolvedMetric     `json:"metrics"`
	SetMetrics []resolvedMetric     `json:"set_metrics,omitempty"`
	Spaces     []resolvedSpace      `json:"spaces,omitempty"`
	Perturbs   []resolvedPerturb    `json:"perturbations"`
	Findings   []resolvedFinding    `json:"findings"`
	Hypotheses []resolvedHypothesis `json:"hypotheses,omitempty"`
	Figures    resolvedFigures      `json:"figures"`
	Overrides  []string             `json:"overrides,omitempty"`
}

type resolvedImages struct {
	Dataset string          `json:"dataset"`
	Version int             `json:"version"`
	Params  registry.Values `json:"params"`
	Path    string          `json:"path,omitempty"`
	Limit   int             `json:"limit,omitempty"`
	Size    int             `json:"size,omitempty"`
	Fit     string          `json:"fit,omitempty"`
}

type resolvedMetric struct {
	Label   string          `json:"label"`
	Kind    string          `json:"kind"`
	Version int             `json:"version"`
	Params  registry.Values `json:"params"`
	Implied bool            `json:"implied,omitempty"`
}

type resolvedPerturb struct {
	Label      string           `json:"label"`
	Role       trial.Role       `json:"role"`
	Steps      []resolvedStep   `json:"steps"`
	Severities []float64        `json:"severity"`
	Unit       string           `json:"unit,omitempty"`
	Regions    []planRegionJSON `json:"region"`
	Replicates int              `json:"replicates,omitempty"`
	Draws      int              `json:"draws,omitempty"`
	Implied    bool             `json:"implied,omitempty"`
}

type resolvedStep struct {
	Kind     string          `json:"kind"`
	Version  int             `json:"version"`
	Params   registry.Values `json:"params"`
	Severity *float64        `json:"severity,omitempty"` // absent where the step takes the section's
}

type resolvedFinding struct {
	Kind    string          `json:"kind"`
	Version int             `json:"version"`
	Params  registry.Values `json:"params"`
}

type resolvedHypothesis struct {
	Name           string            `json:"name,omitempty"`
	Finding        string            `json:"finding"`
	Contrast       string            `json:"contrast"`
	At             resolvedCondition `json:"at"`
	SmallestEffect float64           `json:"smallest_effect"`
}

type resolvedCondition struct {
	Perturb  string   `json:"perturb,omitempty"`
	Null     string   `json:"null,omitempty"`
	Shape    string   `json:"shape,omitempty"`
	Severity *float64 `json:"severity,omitempty"`
	Area     *float64 `json:"area,omitempty"`
}

type resolvedFigures struct {
	Formats []string `json:"formats"`
	Width   string   `json:"width"`
	Only    []string `json:"only,omitempty"`
	Axis    string   `json:"axis"`
}

// MarshalJSON writes the experiment as resolved.
func (x *Experiment) MarshalJSON() ([]byte, error) { return json.Marshal(x.resolved(x.Perturbs)) }

// Resolved is the experiment as carried out, as JSON: like Experiment.MarshalJSON, with the perturbations as the plan
// adapted them to the data set.
func (p *Plan) Resolved() ([]byte, error) {
	return json.Marshal(p.Experiment.resolved(p.Perturbs))
}

func (x *Experiment) resolved(perturbs []PerturbSection) resolvedExperiment {
	im := x.Images
	r := resolvedExperiment{
		Version: x.Version, Name: x.Name, Question: x.Question, Seed: x.Seed,
		Images:   resolvedImages{Dataset: im.Dataset, Version: im.Info.Version, Params: im.Params, Path: im.Path, Limit: im.Limit, Size: im.Size},
		Metrics:  []resolvedMetric{},
		Perturbs: []resolvedPerturb{},
		Findings: []resolvedFinding{},
		Figures:  resolvedFigures(x.Figures), Overrides: x.Overrides,
	}
	if im.Size > 0 {
		r.Images.Fit = im.Fit
	}
	if x.OverlongTexts == "cut" {
		r.Overlong = "cut"
	}
	for _, m := range x.Metrics {
		r.Metrics = append(r.Metrics, resolvedMetric{m.Label, m.Kind, m.Info.Version, m.Params, m.Implied})
	}
	r.Spaces = resolveSpaces(x.Spaces)
	for _, m := range x.SetMetrics {
		r.SetMetrics = append(r.SetMetrics, resolvedMetric{Label: m.Label, Kind: m.Kind, Version: m.Info.Version, Params: m.Params})
	}
	for _, s := range perturbs {
		e := resolvedPerturb{Label: s.Label, Role: s.Role, Severities: s.Severities, Unit: s.Axis.Unit, Draws: s.Draws, Implied: s.Implied}
		if s.Role != trial.Null {
			e.Replicates = s.Replicates
		}
		for _, st := range s.Steps {
			step := resolvedStep{Kind: st.Kind, Version: st.Info.Version, Params: st.Params}
			if !st.OnAxis {
				at := st.Severity
				step.Severity = &at
			}
			e.Steps = append(e.Steps, step)
		}
		for _, g := range s.Regions {
			e.Regions = append(e.Regions, planRegionJSON(g))
		}
		r.Perturbs = append(r.Perturbs, e)
	}
	for _, f := range x.Findings {
		r.Findings = append(r.Findings, resolvedFinding{f.Kind, f.Info.Version, f.Params})
	}
	for _, h := range x.Hypotheses {
		c := resolvedCondition{Perturb: h.At.Perturb, Null: h.At.Null, Shape: h.At.Shape}
		if h.At.HasSeverity {
			c.Severity = &h.At.Severity
		}
		if h.At.HasArea {
			c.Area = &h.At.Area
		}
		r.Hypotheses = append(r.Hypotheses, resolvedHypothesis{h.Name, h.Finding, h.Contrast, c, h.SmallestEffect})
	}
	return r
}

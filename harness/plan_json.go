package harness

import (
	"encoding/json"

	"probity/internal/trial"
)

// planJSON is the plan as `probity validate --json` prints it.
type planJSON struct {
	Name     string             `json:"name"`
	Question string             `json:"question,omitempty"`
	Seed     uint64             `json:"seed"`
	Dataset  string             `json:"dataset"`
	Classes  bool               `json:"classes"`
	Counts   Counts             `json:"counts"`
	Cost     Cost               `json:"cost"`
	Power    Power              `json:"power"`
	Metrics  []planMetricJSON   `json:"metrics"`
	Perturbs []planPerturbJSON  `json:"perturbations"`
	Skipped  []trialProblemJSON `json:"skipped,omitempty"`
	Notes    []string           `json:"notes,omitempty"`
	Warnings []string           `json:"warnings,omitempty"`
}

type planMetricJSON struct {
	Label     string `json:"label"`
	Kind      string `json:"kind"`
	Params    string `json:"params,omitempty"`
	Version   int    `json:"version"`
	Direction string `json:"direction"`
	Model     string `json:"model,omitempty"`
	Output    string `json:"output,omitempty"`
	Pool      string `json:"pool,omitempty"`
	Control   string `json:"control,omitempty"`
	Twin      string `json:"twin,omitempty"`
}

type planPerturbJSON struct {
	Label      string           `json:"label"`
	Kind       string           `json:"kind"`
	Role       string           `json:"role"`
	Unit       string           `json:"unit,omitempty"`
	Severities []float64        `json:"severities"`
	Regions    []planRegionJSON `json:"regions"`
	Replicates int              `json:"replicates,omitempty"`
	Draws      int              `json:"draws,omitempty"`
	Implied    bool             `json:"implied,omitempty"`
}

type planRegionJSON struct {
	Shape     string  `json:"shape"`
	Area      float64 `json:"area,omitempty"`
	Placement string  `json:"placement,omitempty"`
	Mask      string  `json:"mask,omitempty"`
}

type trialProblemJSON struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// MarshalJSON writes what Describe prints, for programs.
func (p *Plan) MarshalJSON() ([]byte, error) {
	x := p.Experiment
	out := planJSON{
		Name: x.Name, Question: x.Question, Seed: x.Seed, Dataset: x.Images.Dataset, Classes: p.Classes,
		Counts: p.Counts, Cost: p.Cost, Power: p.Power, Notes: p.Notes, Warnings: p.Warnings,
	}
	for _, m := range p.Metrics {
		c := m.Column
		out.Metrics = append(out.Metrics, planMetricJSON{c.Label, c.Kind, c.Params, c.Version, string(c.Direction), c.Model, c.Output, c.Pool, c.Control, c.Twin})
	}
	for _, s := range p.Perturbs {
		e := planPerturbJSON{Label: s.Label, Kind: s.Kind, Role: string(s.Role), Unit: s.Axis.Unit, Severities: s.Severities, Draws: s.Draws, Implied: s.Implied}
		if s.Role != trial.Null {
			e.Replicates = s.Replicates
		}
		for _, r := range s.Regions {
			e.Regions = append(e.Regions, planRegionJSON(r))
		}
		out.Perturbs = append(out.Perturbs, e)
	}
	for _, q := range p.Problems {
		out.Skipped = append(out.Skipped, trialProblemJSON{q.What, q.Reason})
	}
	return json.Marshal(out)
}

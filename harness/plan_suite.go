package harness

import "context"

// SuiteCount says how much one [[suite]] section will do.
type SuiteCount struct {
	Label   string `json:"label"`
	Sources int    `json:"sources"`
	Trials  int    `json:"trials"` // right and wrong outputs, outputs photographed again, shuffled contexts
	Scores  int    `json:"scores"` // with those of the controls
	Size    int    `json:"size"`   // of its pictures, pixels
}

// SpaceCount says how much all [[space]] sections will do.
type SpaceCount struct {
	Models   int `json:"models"`
	Pictures int `json:"pictures"`
	Texts    int `json:"texts"`
}

// CountAll adds what suites and joint spaces will do to Counts and Cost. It opens the suites, which NewPlan does not.
func (p *Plan) CountAll(ctx context.Context) error {
	suites, err := p.openSuites(ctx)
	if err != nil {
		return err
	}
	p.Counts.Suites, p.Counts.Spaces = nil, nil
	p.count()
	for i, s := range suites {
		c := SuiteCount{Label: p.Experiment.Suites[i].Label, Sources: len(s.Sources), Size: p.Experiment.Suites[i].Size}
		if c.Size == 0 {
			c.Size = suiteSize
		}
		pictures := 0
		donors := shuffled(s)
		for k := range s.Sources {
			trials, looked := suiteTrials(s, k, donors[k]), map[[2]string]bool{}
			for _, t := range trials {
				in := t.context.Input.Hash()
				looked[[2]string{in, ""}], looked[[2]string{in, t.output.Hash()}] = true, true
			}
			c.Trials += len(trials)
			pictures += len(looked) // an input's features are computed once, an output's once for each input
		}
		c.Scores = c.Trials * (len(p.Metrics) + len(controls))
		for k := range p.Counts.Passes {
			p.Counts.Passes[k].N += pictures
		}
		p.Counts.Suites = append(p.Counts.Suites, c)
	}
	if needs := p.Experiment.spaceNeeds(); len(needs) > 0 {
		r := &spaceRun{plan: p}
		if err := r.sources(); err != nil {
			return err
		}
		c := SpaceCount{Pictures: len(p.Sources), Texts: len(r.texts)}
		seen := map[string]bool{}
		for _, n := range needs {
			if seen[n.Model] {
				continue
			}
			seen[n.Model] = true
			c.Models++
			p.addPasses(n.Model, false, "", c.Pictures)
		}
		p.Counts.Spaces = &c
	}
	p.estimate()
	return nil
}

// suiteSize is the side of a suite's pictures where the section does not say it.
const suiteSize = 64

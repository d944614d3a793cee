package harness

import (
	"context"
	"fmt"
	"strings"

	"probity/internal/trial"
)

// An Env may also know how long a text a model reads; the error says what to do about one that is longer.
type textReader interface {
	CheckText(model, text string) error
}

// textCheck finds the texts that a model does not read whole, before anything is computed.
type textCheck struct {
	reader textReader
	seen   map[[2]string]bool // model, text
	long   int
	first  error
	where  string
}

// checkTexts begins a check; nil where texts are to be cut, or nobody knows how long they may be.
func (x *Experiment) checkTexts(env trial.Env) *textCheck {
	reader, ok := env.(textReader)
	if !ok || x.OverlongTexts == "cut" {
		return nil
	}
	return &textCheck{reader: reader, seen: map[[2]string]bool{}}
}

// of looks at the words of one trial that the metrics read.
func (c *textCheck) of(metrics []PlannedMetric, where string, words Words) {
	if c == nil {
		return
	}
	for _, m := range metrics {
		for _, need := range m.Metric.Needs() {
			text := ""
			switch need.Part {
			case trial.OfRequirement:
				text = words.Requirement
			case trial.OfSourceCaption:
				text = words.SourceCaption
			case trial.OfTargetCaption:
				text = words.TargetCaption
			}
			key := [2]string{need.Model, text}
			if text == "" || c.seen[key] {
				continue
			}
			c.seen[key] = true
			if err := c.reader.CheckText(need.Model, text); err != nil {
				if c.long == 0 {
					c.first, c.where = err, fmt.Sprintf("the %s of %s", need.Part, where)
				}
				c.long++
			}
		}
	}
}

// err tells of the first such text and counts them.
func (c *textCheck) err() error {
	if c == nil || c.long == 0 {
		return nil
	}
	more := ""
	if c.long > 1 {
		more = fmt.Sprintf(" (the first of %d such texts)", c.long)
	}
	return fmt.Errorf("%s%s: %w", c.where, more, c.first)
}

// checkCaptions looks at the captions that the sources bring. What edits make of them is known only when they are made.
func (p *Plan) checkCaptions(env trial.Env) error {
	c := p.Experiment.checkTexts(env)
	for _, s := range p.Sources {
		caption := s.Captions["full"]
		c.of(p.Metrics, s.ID, Words{SourceCaption: caption, TargetCaption: caption})
	}
	return c.err()
}

// CheckTexts says, before anything is computed, whether the models read every text whole that a run will hand them: those of judged
// trials, of suites, and of joint spaces. NewPlan has looked at the captions of the pictures.
func (p *Plan) CheckTexts(ctx context.Context, env trial.Env) error {
	c := p.Experiment.checkTexts(env)
	if c == nil {
		return nil
	}
	if p.readsTexts() {
		sets, err := p.readJudgements(ctx)
		if err != nil {
			return err
		}
		c.judged(p, sets)
		suites, err := p.openSuites(ctx)
		if err != nil {
			return err
		}
		c.suites(p, suites)
	}
	if len(p.Experiment.spaceNeeds()) > 0 {
		r := &spaceRun{plan: p}
		if err := r.sources(); err != nil {
			return err
		}
		c.spaces(p, r)
	}
	return c.err()
}

func (p *Plan) readsTexts() bool {
	for _, m := range p.Metrics {
		for _, need := range m.Metric.Needs() {
			if need.Part.Text() {
				return true
			}
		}
	}
	return false
}

// checkJudged looks at the words of judged trials.
func (p *Plan) checkJudged(sets []*trial.Judgements, env trial.Env) error {
	c := p.Experiment.checkTexts(env)
	c.judged(p, sets)
	return c.err()
}

func (c *textCheck) judged(p *Plan, sets []*trial.Judgements) {
	for i, j := range sets {
		for k := range j.Items() {
			s := j.Subject(k)
			c.of(p.Metrics, strings.TrimSpace("[[human]] "+p.Experiment.Humans[i].Label+" "+s.Item), Words{s.Requirement, s.SourceCaption, s.TargetCaption})
		}
	}
}

// suites looks at the words of both contexts of every quad; those of the shuffled control are the same words.
func (c *textCheck) suites(p *Plan, suites []*trial.Suite) {
	for i, s := range suites {
		for k := range s.Sources {
			for j := range s.Sources[k].Quads {
				q := &s.Sources[k].Quads[j]
				for n := range q.Contexts {
					x := &q.Contexts[n]
					where := fmt.Sprintf("[[suite]] %s, %s, context %d", p.Experiment.Suites[i].Label, q.Name, n+1)
					c.of(p.Metrics, where, Words{x.Requirement, x.SourceCaption, x.TargetCaption})
				}
			}
		}
	}
}

// spaces looks at the captions, wordings and wrong captions that joint spaces are measured on, which r has listed.
func (c *textCheck) spaces(p *Plan, r *spaceRun) {
	if c == nil {
		return
	}
	for _, sp := range p.Experiment.Spaces {
		for _, model := range sp.Models {
			for _, t := range r.texts {
				if err := c.reader.CheckText(model, t); err != nil {
					if c.long == 0 {
						c.first, c.where = err, fmt.Sprintf("[[space]] of %s: the caption %q", model, t)
					}
					c.long++
				}
			}
		}
	}
}

// CheckWords says whether every model that metrics ask reads the words whole; see zoo.TextTooLongError.
func CheckWords(metrics []ChosenMetric, words Words, env trial.Env) error {
	var list []PlannedMetric
	for _, m := range metrics {
		list = append(list, PlannedMetric{Metric: m.Metric})
	}
	c := (&Experiment{}).checkTexts(env)
	c.of(list, "the pair", words)
	return c.err()
}

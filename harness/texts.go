package harness

import (
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

// checkJudged looks at the words of judged trials.
func (p *Plan) checkJudged(sets []*trial.Judgements, env trial.Env) error {
	c := p.Experiment.checkTexts(env)
	for i, j := range sets {
		for k := range j.Items() {
			s := j.Subject(k)
			c.of(p.Metrics, strings.TrimSpace("[[human]] "+p.Experiment.Humans[i].Label+" "+s.Item), Words{s.Requirement, s.SourceCaption, s.TargetCaption})
		}
	}
	return c.err()
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

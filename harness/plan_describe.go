package harness

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"probity/internal/trial"
)

// Describe prints the plan for people: what will be made and scored, what it will cost, and what it can tell.
func (p *Plan) Describe(w io.Writer) error {
	x := p.Experiment
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("experiment", "%s (seed %d)", x.Name, x.Seed)
	if x.Question != "" {
		line("question", "%s", x.Question)
	}
	if x.Images.Dataset == "" {
		for _, h := range x.Humans {
			line("judgements", "%s: the data set %s %s", h.Label, h.Dataset, h.Path)
		}
		for _, h := range x.Suites {
			line("suite", "%s: %s (%s)", h.Label, h.Dataset, h.Params.Canonical())
		}
		p.describeSpaces(line)
		for _, m := range p.Metrics {
			line("metric", "%s", m.Column.Label)
		}
		if len(x.Humans) == 0 { // what judged pictures cost is known when they are read
			p.describeCost(line)
		}
		return t.Flush()
	}
	c := p.Counts
	sources := fmt.Sprintf("%s of the data set %s, %d x %d pixels", plural(c.Sources, "source"), x.Images.Dataset, p.Cost.Width, p.Cost.Height)
	if all := len(p.Donors.all); all > c.Sources {
		sources += fmt.Sprintf("; limited from %d", all)
	}
	if c.Clusters < c.Sources {
		sources += fmt.Sprintf("; %d independent", c.Clusters)
	}
	line("pictures", "%s", sources)
	if n := len(p.Problems); n > 0 {
		line("", "%d left out, the first: %s: %s", n, p.Problems[0].What, p.Problems[0].Reason)
	}
	p.describeSpaces(line)
	if len(p.Metrics)+len(p.SetMetrics) == 0 && len(x.Spaces) > 0 {
		p.describeCost(line)
		return t.Flush()
	}
	var roles []string
	for _, r := range c.PerSource {
		roles = append(roles, fmt.Sprintf("%s %s", grouped(r.N), roleText[r.Role]))
	}
	line("stimuli", "%s = %d sources x (%s)", grouped(c.Stimuli), c.Sources, strings.Join(roles, " + "))
	line("scores", "%s = %s stimuli x %d metrics", grouped(c.Scores), grouped(c.Stimuli), len(p.Metrics))
	p.describeCost(line)
	p.describePower(line)
	if err := t.Flush(); err != nil {
		return err
	}

	t = tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "\nmetric\tdirection\tmodel\toutput\tpooling\tpixel control\n")
	for _, m := range p.Metrics {
		k := m.Column
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", k.Label, k.Direction, dash(k.Model), dash(k.Output), dash(k.Pool), dash(k.Control))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(p.SetMetrics) > 0 {
		t = tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintf(t, "\nset metric\tdirection\tmodel\n")
		for _, m := range p.SetMetrics {
			fmt.Fprintf(t, "%s\t%s\t%s\n", m.Section.Label, m.Section.Entry.Direction, dash(strings.Join(m.Section.Models, ", ")))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	t = tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "\nperturbation\trole\tseverity\tregion\trepeated\n")
	for _, s := range p.Perturbs {
		severity := "-"
		if !s.Axis.Fixed {
			severity = strings.Trim(fmt.Sprint(s.Severities), "[]") + " " + s.Axis.Unit
		}
		repeated := plural(s.Replicates, "replicate")
		if s.Role == trial.Null {
			repeated = plural(s.Draws, "draw")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Label, s.Role, severity, regionsText(s.Regions), repeated)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, n := range p.Notes {
		fmt.Fprintf(w, "\nnote: %s", n)
	}
	for _, n := range p.Warnings {
		fmt.Fprintf(w, "\nwarning: %s", n)
	}
	if len(p.Notes)+len(p.Warnings) > 0 {
		fmt.Fprintln(w)
	}
	return nil
}

// describeCost prints what models look at, and what the run takes.
func (p *Plan) describeCost(line func(name, format string, args ...any)) {
	c := p.Counts
	for _, s := range c.Suites {
		line("suite "+s.Label, "%s scores = %s trials of %d sources x %d metrics and %d controls", grouped(s.Scores), grouped(s.Trials), s.Sources, len(p.Metrics), len(controls))
	}
	if s := c.Spaces; s != nil {
		line("embeddings", "%s = %d models x (%s pictures + %s texts)", grouped(s.Models*(s.Pictures+s.Texts)), s.Models, grouped(s.Pictures), grouped(s.Texts))
	}
	for i := 0; i < len(c.Passes); {
		f := c.Passes[i]
		names := []string{f.Model}
		for i++; i < len(c.Passes); i++ { // models that look at as many pictures stand in one line
			o := c.Passes[i]
			o.Model = f.Model
			if o != f {
				break
			}
			names = append(names, c.Passes[i].Model)
		}
		title, of := "", "of "+strings.Join(names, ", ")
		if i == len(names) {
			title = "forward passes"
		}
		if len(names) > 3 {
			of = fmt.Sprintf("of each of %d models: %s, %s, ..., %s", len(names), names[0], names[1], names[len(names)-1])
		} else if len(names) > 1 {
			of = "of each of " + strings.Join(names, ", ")
		}
		how := ""
		if f.Native {
			how = " at the picture's own size"
		}
		guess := ""
		if f.Guess {
			guess = ", a guess"
		}
		line(title, "%s %s%s (about %g ms each%s)", grouped(f.N), of, how, f.Milliseconds, guess)
	}
	line("time", "about %s on %s", roughTime(p.Cost.Seconds), plural(p.Cost.Cores, "core"))
	line("memory", "about %s", roughBytes(p.Cost.Memory))
	line("disk", "about %s in runs/%s", roughBytes(p.Cost.Disk), p.Experiment.Name)
}

// ShardText says what one part of a run is, for each thing that the run does.
func (p *Plan) ShardText() string {
	var of []string
	if len(p.Sources) > 0 && len(p.Metrics)+len(p.SetMetrics) > 0 {
		of = append(of, "the pictures")
	}
	for _, h := range p.Experiment.Humans {
		of = append(of, "the reference pictures of "+h.Label)
	}
	for _, s := range p.Experiment.Suites {
		of = append(of, "the sources of the suite "+s.Label)
	}
	if len(p.Experiment.spaceNeeds()) > 0 {
		of = append(of, fmt.Sprintf("the blocks of %d pictures and of %d texts of joint spaces", pictureBlock, textBlock))
	}
	if len(of) == 0 {
		return "nothing: features that are given in files are measured when the parts are joined"
	}
	return "a share of " + strings.Join(of, "; of ")
}

var roleText = map[trial.Role]string{
	trial.Edit: "edits", trial.Null: "nulls", trial.Crossed: "edit x null", trial.Anchor: "anchors", trial.Control: "controls",
}

func (p *Plan) describePower(line func(name, format string, args ...any)) {
	w := p.Power
	if w.Method == "" {
		return
	}
	if w.AUC > 1 {
		line("power", "%s cannot tell any AUC from .5", plural(w.Clusters, "independent source"))
	} else {
		line("power", "%s tell an AUC of %.3f from .5, and a difference of %.3f between two metrics, %.0f times in 100",
			plural(w.Clusters, "independent source"), w.AUC, w.Difference, 100*w.Chance)
	}
	line("", "(%s)", w.Method)
}

// regionsText lists regions by shape: "disc 0.01 0.04".
func regionsText(regions []RegionSpec) string {
	var parts []string
	last := ""
	for _, r := range regions {
		name := r.Shape
		for _, more := range []string{r.Placement, r.Mask} {
			if more != "" && more != "random" {
				name += " " + more
			}
		}
		if name == last {
			parts[len(parts)-1] += fmt.Sprintf(" %g", r.Area)
			continue
		}
		last = name
		if ownArea(r.Shape) {
			parts = append(parts, name)
		} else {
			parts = append(parts, fmt.Sprintf("%s %g", name, r.Area))
		}
	}
	return strings.Join(parts, ", ")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", grouped(n), noun)
}

// grouped writes a count with a thin group mark: 12,345.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func roughTime(s float64) string {
	switch {
	case s < 90:
		return fmt.Sprintf("%.0f s", math.Ceil(s))
	case s < 5400:
		return fmt.Sprintf("%.0f min", s/60)
	}
	return fmt.Sprintf("%.1f h", s/3600)
}

func roughBytes(n int64) string {
	const mib = 1 << 20
	if n < 1<<30 {
		return fmt.Sprintf("%d MiB", (n+mib-1)/mib)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

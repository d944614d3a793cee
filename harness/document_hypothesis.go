package harness

import (
	"regexp"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

// hypotheses reads [[hypothesis]] and looks up everything that it names.
func (d *document) hypotheses(root *section, x *Experiment, opt LoadOptions) {
	// Sections that could not be read have been reported; what names them is not reported again.
	var kinds []string
	for _, f := range root.tables("finding") {
		if kind, ok := f.m["kind"].(string); ok {
			kinds = append(kinds, kind)
		}
	}
	d.lostMetrics = d.wantedMetrics > len(x.Metrics)+len(x.SetMetrics)
	d.lostPerturbs = len(root.tables("perturb")) > len(x.Perturbs)
	for _, s := range root.tables("hypothesis") {
		h := HypothesisSection{Name: s.text("name"), Finding: s.text("finding")}
		switch {
		case !s.has("finding"):
			s.missing("finding", "a hypothesis is about a finding of this file, such as finding = \"detection\"")
		case h.Finding != "" && !slices.Contains(kinds, h.Finding):
			d.failNear(s.at("finding"), atValue, registry.Nearest(h.Finding, kinds), "no [[finding]] of kind %q is in this file", h.Finding)
		}
		if h.Finding == effectsKind {
			s.effect(x, &h)
		} else {
			s.contrast(x, &h, opt.Env)
			if at := s.table("at"); at != nil {
				h.At = at.condition(x)
				at.covered(x, h)
			}
		}
		effect, ok := s.number("smallest_effect")
		switch {
		case !s.has("smallest_effect"):
			s.missing("smallest_effect", "the smallest difference that would matter must be declared, such as smallest_effect = 0.05")
		case ok && effect <= 0:
			d.fail(s.at("smallest_effect"), atValue, "%v is not above 0", effect)
		}
		h.SmallestEffect = effect
		s.close("a [[hypothesis]]")
		x.Hypotheses = append(x.Hypotheses, h)
	}
}

// effectsKind is the finding whose effects, over seeds, a hypothesis may name.
const effectsKind = "decomposition"

// effect reads the name of an effect of a decomposition, such as "vit - cnn, pooled", and of which response amid which null it is.
// Which effects there are depends on the models' manifests: the report says so where there is none of this name.
func (s *section) effect(x *Experiment, h *HypothesisSection) {
	h.Contrast = s.text("contrast")
	h.Metric = h.Contrast
	if h.Contrast == "" {
		s.missing("contrast", "a hypothesis about a decomposition names an effect: contrast = \"vit - cnn, pooled\"")
	}
	at := s.table("at")
	if at == nil {
		s.missing("at", "an effect is one of a response: at = { perturb = \"RESPONSE\" }, by its name in the finding's list sets, or by the label of an edit without one")
		return
	}
	h.At = Condition{Perturb: at.text("perturb"), Null: at.text("null")}
	at.close("the condition of a [[hypothesis]] about a decomposition")
	var names []string
	for _, f := range x.Findings {
		if f.Kind != effectsKind || h.At.Null != "" && !f.wants("null", h.At.Null) {
			continue
		}
		for _, set := range f.Params.Strings("sets") {
			name, _, _ := strings.Cut(set, ":")
			names = append(names, strings.TrimSpace(name))
		}
		if len(f.Params.Strings("sets")) == 0 {
			for _, p := range x.Perturbs {
				if p.Role == trial.Edit && f.wants("perturb", p.Label) {
					names = append(names, p.Label)
				}
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case !at.has("perturb"):
		at.missing("perturb", "an effect is one of a response; the responses are "+orNone(names))
	case !slices.Contains(names, h.At.Perturb) && !s.d.lostPerturbs && slices.ContainsFunc(x.Findings, func(f FindingSection) bool { return f.Kind == effectsKind }):
		s.d.failNear(at.at("perturb"), atValue, registry.Nearest(h.At.Perturb, names), "no decomposition has a response %q%s; the responses are %s", h.At.Perturb, amid(h.At.Null), orNone(names))
	}
}

func amid(null string) string {
	if null == "" {
		return ""
	}
	return " amid " + null
}

// contrast reads "A - B" or "A", where A and B are labels of metrics.
func (s *section) contrast(x *Experiment, h *HypothesisSection, env trial.Env) {
	h.Contrast = s.text("contrast")
	if h.Contrast == "" {
		if !s.has("contrast") {
			s.missing("contrast", "a hypothesis contrasts two metrics: contrast = \"A - B\", by their labels")
		}
		return
	}
	a, b, two := strings.Cut(h.Contrast, " - ")
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	for _, label := range []string{a, b} {
		if label != "" || two {
			s.metricNamed(label, x, env)
		}
	}
	if two && a == b {
		s.d.fail(s.at("contrast"), atValue, "contrasts %s with itself", a)
	}
	h.Metric, h.Against = a, b
}

// labelForm is a label as metricLabels makes it of a kind and perhaps a model.
var labelForm = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*)(?:\(([^(),]+)\))?$`)

// metricNamed looks for the metric with this label. A label that says it all, kind or kind(model), need not stand in the
// file as a section: that metric is then added, with its default parameters.
func (s *section) metricNamed(label string, x *Experiment, env trial.Env) {
	var labels, alike []string
	for _, m := range x.Metrics {
		labels = append(labels, m.Label)
		if withArguments(m.Kind, m.Models) == label {
			alike = append(alike, m.Label)
		}
	}
	for _, m := range x.SetMetrics {
		labels = append(labels, m.Label)
	}
	switch {
	case slices.Contains(labels, label):
		return
	case len(alike) > 0:
		s.d.fail(s.at("contrast"), atValue, "no metric is labelled %q; the one meant is one of %s", label, strings.Join(alike, ", "))
		return
	}
	if m, ok := impliedMetric(label, env); ok {
		x.Metrics = append(x.Metrics, m)
		return
	}
	if s.d.lostMetrics {
		return
	}
	near := registry.Nearest(label, labels)
	for _, l := range labels {
		if strings.HasPrefix(l, label+"(") { // only the model was left out
			near = l
			break
		}
	}
	s.d.failNear(s.at("contrast"), atValue, near, "no metric is labelled %q; the labels are %s", label, strings.Join(labels, ", "))
}

func impliedMetric(label string, env trial.Env) (MetricSection, bool) {
	form := labelForm.FindStringSubmatch(label)
	if form == nil || !trial.Metrics.Has(form[1]) {
		return MetricSection{}, false
	}
	entry, info, err := trial.Metrics.Get(form[1])
	if err != nil {
		return MetricSection{}, false
	}
	given := map[string]any{}
	if model := form[2]; model != "" {
		for _, p := range info.Params {
			if p.Model && len(given) == 0 {
				given[p.Name] = model
			}
		}
		if len(given) == 0 {
			return MetricSection{}, false
		}
	}
	values, errs := registry.NewValues(info, given)
	if len(errs) > 0 {
		return MetricSection{}, false
	}
	m := MetricSection{Kind: form[1], Label: label, Params: values, Entry: entry, Info: info, Implied: true}
	if form[2] != "" {
		m.Models = []string{form[2]}
	}
	if env != nil {
		if _, err := entry.New(values, env); err != nil {
			return MetricSection{}, false
		}
		for _, model := range m.Models {
			if _, err := env.Model(model); err != nil {
				return MetricSection{}, false
			}
		}
	}
	return m, true
}

// condition reads at = { perturb = "hue", severity = 10, area = 0.04 } and checks it against the sections.
func (s *section) condition(x *Experiment) Condition {
	d := s.d
	c := Condition{Perturb: s.text("perturb"), Null: s.text("null"), Shape: s.text("shape")}
	c.Severity, c.HasSeverity = s.number("severity")
	c.Area, c.HasArea = s.number("area")
	s.close("the condition of a [[hypothesis]]")
	labels := func(want func(trial.Role) bool) (out []string) {
		for _, p := range x.Perturbs {
			if want(p.Role) {
				out = append(out, p.Label)
			}
		}
		return out
	}
	if c.Null != "" {
		nulls := labels(func(r trial.Role) bool { return r == trial.Null })
		if !slices.Contains(nulls, c.Null) && !d.lostPerturbs {
			d.failNear(s.at("null"), atValue, registry.Nearest(c.Null, nulls), "no null is labelled %q; the nulls are %s", c.Null, orNone(nulls))
		}
	}
	if c.Perturb == "" {
		if c.HasSeverity || c.HasArea || c.Shape != "" {
			d.fail(s.path, atKey, "a severity, an area or a shape means something for one perturbation only: name it with perturb = \"...\"")
		}
		return c
	}
	i := x.Perturb(c.Perturb)
	if i < 0 && d.lostPerturbs {
		return c
	}
	if i < 0 || x.Perturbs[i].Role == trial.Null {
		edits := labels(func(r trial.Role) bool { return r != trial.Null })
		d.failNear(s.at("perturb"), atValue, registry.Nearest(c.Perturb, edits), "no edit is labelled %q; the edits are %s", c.Perturb, orNone(edits))
		return c
	}
	p := x.Perturbs[i]
	if c.HasSeverity && !slices.Contains(p.Severities, c.Severity) {
		d.fail(s.at("severity"), atValue, "%s is not made at severity %v but at %v", c.Perturb, c.Severity, p.Severities)
	}
	var areas []float64
	var shapes []string
	for _, r := range p.Regions {
		if c.Shape == "" || r.Shape == c.Shape {
			areas = append(areas, r.Area)
		}
		if !slices.Contains(shapes, r.Shape) {
			shapes = append(shapes, r.Shape)
		}
	}
	if c.Shape != "" && !slices.Contains(shapes, c.Shape) {
		d.failNear(s.at("shape"), atValue, registry.Nearest(c.Shape, shapes), "%s has no region of shape %q but %s", c.Perturb, c.Shape, strings.Join(shapes, ", "))
	} else if c.HasArea && !slices.Contains(areas, c.Area) {
		d.fail(s.at("area"), atValue, "%s has no region of area %v but %v", c.Perturb, c.Area, areas)
	}
	return c
}

// covered checks that a finding of the hypothesis' kind looks at what the condition names.
func (s *section) covered(x *Experiment, h HypothesisSection) {
	for key, label := range map[string]string{"perturb": h.At.Perturb, "null": h.At.Null} { // errors are sorted by place later
		if label == "" {
			continue
		}
		declared, looked := false, false
		for _, f := range x.Findings {
			if f.Kind == h.Finding {
				declared = true
				looked = looked || f.wants(key, label)
			}
		}
		if declared && !looked {
			s.d.fail(s.at(key), atValue, "the finding %s of this file leaves %q out: its list %s names others", h.Finding, label, key)
		}
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// crossCheck looks at what only the whole file shows: findings that lack the stimuli they stand on, metrics with nothing
// to judge.
func (d *document) crossCheck(root *section, x *Experiment, perturbPaths, findingPaths []string) {
	count := map[trial.Role]int{}
	for _, p := range x.Perturbs {
		count[p.Role]++
	}
	for i, f := range x.Findings {
		path := findingPaths[i]
		if strings.HasPrefix(f.Kind, "agreement") && len(x.Humans) == 0 && !root.has("human") {
			d.fail(path, atKey, "the finding %s needs judgements: a [[human]] section", f.Kind)
		}
		if f.Kind == "compliance" && len(x.Suites) == 0 && !root.has("suite") {
			d.fail(path, atKey, "the finding %s needs trials whose truth is known: a [[suite]] section with dataset = \"compliance\"", f.Kind)
		}
		if f.Kind == "joint-space" && len(x.Spaces) == 0 && !root.has("space") {
			d.fail(path, atKey, "the finding %s needs a joint space: a [[space]] section with models or features", f.Kind)
		}
		needs, known := findingNeeds[f.Kind]
		if !known || d.lostPerturbs {
			continue
		}
		if needs.edits && count[trial.Edit] == 0 {
			d.fail(path, atKey, "the finding %s needs an edit: a [[perturb]] of role \"edit\"", f.Kind)
		}
		if needs.nulls && count[trial.Null] == 0 {
			d.fail(path, atKey, "the finding %s needs a null, the noise that edits are told from: a [[perturb]] with role = \"null\", such as kind = \"shift\", severity = [1], draws = %d", f.Kind, minDraws)
		}
		if needs.crossed {
			for k, p := range x.Perturbs {
				if p.Role == trial.Null && p.Draws < minDraws && f.wants("null", p.Label) {
					d.fail(join(perturbPaths[k], "draws"), atValue, "%d draws are too few for the finding %s, which needs %d or more for each source", p.Draws, f.Kind, minDraws)
				}
			}
		}
	}
}

// findingNeeds says which stimuli a kind of finding stands on. Kinds that are not here take what there is.
var findingNeeds = map[string]struct{ edits, nulls, crossed bool }{
	"sensitivity":    {edits: true},
	"salience":       {edits: true, nulls: true},
	"detection":      {edits: true, nulls: true, crossed: true},
	"area-threshold": {edits: true, nulls: true, crossed: true},
	"psychometric":   {edits: true, nulls: true, crossed: true},
	"locality":       {edits: true, nulls: true, crossed: true},
	"decomposition":  {edits: true, nulls: true, crossed: true},
	"kinds-of-edit":  {edits: true, nulls: true, crossed: true},
}

package harness

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

// minDraws is the smallest number of draws of a null from which detection may be judged (fewer give too coarse an AUC
// within a source).
const minDraws = 8

var (
	fits          = []string{"crop", "squash", "shorter"}
	roles         = []string{string(trial.Edit), string(trial.Anchor), string(trial.Control), string(trial.Null)}
	figureFormats = []string{"pdf", "svg", "png"}
	figureWidths  = []string{"column", "page"}
	figureAxes    = []string{"severity", "realised.de00", "realised.whole_de00", "realised.max_de00", "realised.rms", "realised.area", "realised.changed"}
)

// runName is what can be a folder's name everywhere.
var runName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// read walks the whole document. The order of the calls is the order in which later sections need earlier ones.
func (d *document) read(x *Experiment, opt LoadOptions) {
	root := &section{d: d, m: d.root}
	d.header(root, x)
	d.images(root, x, opt)
	d.humans(root, x)
	d.suites(root, x, opt)
	d.spaces(root, x, opt)
	d.metrics(root, x, opt)
	d.setMetrics(root, x, opt)
	d.setPerturbs(root, x)
	perturbPaths := d.perturbs(root, x)
	findingPaths := d.findings(root, x, opt)
	d.hypotheses(root, x, opt)
	d.figures(root, x)
	root.close("an experiment file")
	d.crossCheck(root, x, perturbPaths, findingPaths)
}

func (d *document) header(root *section, x *Experiment) {
	if !root.has("probity") {
		d.errs = append(d.errs, DocumentError{File: d.name, Line: 1, Col: 1, Key: "probity", Text: d.lines.line(1),
			Problem: fmt.Sprintf("missing: an experiment file begins with probity = %d, the version of its format", DocumentVersion)})
	}
	x.Version = int(root.whole("probity", DocumentVersion, 1, math.MaxInt64))
	if x.Version > DocumentVersion {
		d.fail("probity", atValue, "this program reads version %d of the format, the file says %d: a newer probity is needed", DocumentVersion, x.Version)
	}
	x.Name = root.text("name")
	switch {
	case !root.has("name"):
		root.missing("name", "an experiment needs a name; its results go to runs/NAME")
	case x.Name != "" && (!runName.MatchString(x.Name) || len(x.Name) > 100 || strings.HasSuffix(x.Name, ".")):
		d.fail("name", atValue, "%q cannot be a folder's name: use letters, digits, '-', '_' and '.', beginning with a letter or digit", x.Name)
	case x.Name == "" && d.root["name"] == "":
		d.fail("name", atValue, "is empty: results go to runs/NAME")
	}
	x.Question = root.text("question")
	x.Seed = uint64(root.whole("seed", 1, 0, math.MaxInt64))
	x.OverlongTexts = root.choice("overlong_texts", "error", "error", "cut")
}

func (d *document) images(root *section, x *Experiment, opt LoadOptions) {
	s := root.table("images")
	if s == nil {
		if !root.has("images") && !root.has("human") && !root.has("suite") && !root.has("space") {
			root.missing("images", "an experiment needs [images] with dataset = \"folder\" and path, or another data set; `probity list datasets` shows them")
		}
		return
	}
	s.dataset(&x.Images, opt.Images)
	if x.Images.Info.Name != "" && x.Images.Entry.Open == nil && x.Images.Entry.Judge != nil {
		d.fail(s.at("dataset"), atValue, "the data set %s brings judgements only: write it as a [[human]] section", x.Images.Dataset)
	} else if x.Images.Info.Name != "" && x.Images.Entry.Suite != nil {
		d.fail(s.at("dataset"), atValue, "the data set %s is a suite of trials: write it as a [[suite]] section", x.Images.Dataset)
	}
	s.close("[images] with dataset = \"" + x.Images.Dataset + "\"")
}

// humans reads [[human]]: data sets as in [images], with judgements.
func (d *document) humans(root *section, x *Experiment) {
	var names, labels, paths []string
	for _, s := range root.tables("human") {
		h := HumanSection{Label: s.text("name")}
		names = append(names, h.Label)
		errs := len(d.errs)
		s.dataset(&h.ImagesSection, "")
		if h.Info.Name != "" && !h.Entry.Judged {
			d.fail(s.at("dataset"), atValue, "the data set %s brings no human judgements; `probity list datasets` says which do", h.Dataset)
		}
		s.close("a [[human]] with dataset = \"" + h.Dataset + "\"")
		if h.Label == "" {
			h.Label = h.Dataset
		}
		labels, paths = append(labels, h.Label), append(paths, s.path)
		if len(d.errs) == errs {
			x.Humans = append(x.Humans, h)
		}
	}
	d.uniqueLabels("human", labels, paths, names)
}

// suites reads [[suite]]: data sets as in [images], of trials whose truth is known.
func (d *document) suites(root *section, x *Experiment, opt LoadOptions) {
	var names, labels, paths []string
	for _, s := range root.tables("suite") {
		h := SuiteSection{Label: s.text("name")}
		names = append(names, h.Label)
		errs := len(d.errs)
		override := "" // --images are the suite's photographs where the experiment has no other pictures
		if e, _, err := trial.Datasets.Get(fmt.Sprint(s.m["dataset"])); err == nil && e.Needs != "" && !root.has("images") {
			override = opt.Images
		}
		s.dataset(&h.ImagesSection, override)
		if h.Info.Name != "" && h.Entry.Suite == nil {
			d.fail(s.at("dataset"), atValue, "the data set %s is no suite of trials whose truth is known; `probity list datasets` says which are", h.Dataset)
		}
		for _, key := range []string{"path", "fit"} {
			if s.has(key) && h.Info.Name != "" && h.Entry.Needs == "" {
				d.fail(s.at(key), atKey, "the suite %s makes its own pictures, at the size asked for: leave %s out", h.Dataset, key)
			}
		}
		if s.has("limit") {
			d.fail(s.at("limit"), atKey, "a suite is frozen, and its scenes have an order of their own: write count = %d for the first so many", max(1, h.Limit))
		}
		s.close("a [[suite]] with dataset = \"" + h.Dataset + "\"")
		if h.Label == "" {
			h.Label = h.Dataset
		}
		labels, paths = append(labels, h.Label), append(paths, s.path)
		if len(d.errs) == errs {
			x.Suites = append(x.Suites, h)
		}
	}
	d.uniqueLabels("suite", labels, paths, names)
}

// dataset reads a data set and how its pictures are opened. override replaces the path; "" leaves it.
func (s *section) dataset(im *ImagesSection, override string) {
	d := s.d
	im.Limit = int(s.whole("limit", 0, 1, math.MaxInt32))
	im.Size = int(s.whole("size", 0, 16, 16384))
	im.Fit = s.choice("fit", "crop", fits...)
	if s.has("fit") && !s.has("size") {
		d.fail(s.at("fit"), atKey, "says how pictures are brought to a size, but no size is given")
	}
	path := s.text("path")
	im.Dataset = s.text("dataset")
	if im.Dataset == "" {
		if v, ok := s.m["dataset"]; !ok {
			s.missing("dataset", "which data set? `probity list datasets` shows them")
		} else if v == "" {
			d.fail(s.at("dataset"), atValue, "is empty; `probity list datasets` shows the data sets")
		}
		s.forgive()
		return
	}
	entry, info, err := trial.Datasets.Get(im.Dataset)
	if err != nil {
		d.fail(s.at("dataset"), atValue, "%v", err)
		s.forgive()
		return
	}
	im.Entry, im.Info = entry, info
	im.Params, _ = s.params(info)
	switch {
	case override != "":
		im.Path = override
	case path != "":
		im.Path = resolve(filepath.Dir(d.name), path)
	case entry.Needs != "":
		how := "write path = \"...\", relative to this file"
		if s.path == "images" || entry.Suite != nil {
			how += ", or give --images"
		}
		s.missing("path", fmt.Sprintf("the data set %s needs a path (%s): %s", im.Dataset, entry.Needs, how))
	}
}

// resolve takes a path in the file relative to the file's folder. Files write slashes on every system.
func resolve(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// models checks every parameter that names a model, and the output asked of it. ok is false where one does not exist. names
// are those that a label should tell: a kind's own default model goes without saying.
func (s *section) models(info registry.Info, values registry.Values, env trial.Env) (names []string, ok bool) {
	ok = true
	for _, p := range info.Params {
		if !p.Model || !values.Has(p.Name) || values.String(p.Name) == "" {
			continue
		}
		name := values.String(p.Name)
		if p.Default == nil || name != p.Default {
			names = append(names, name)
		}
		if env == nil {
			continue
		}
		m, err := env.Model(name)
		if err != nil {
			s.d.fail(s.at(p.Name), atValue, "%v", err)
			ok = false
			continue
		}
		if out, has := info.Param("output"); has && p.Name == "model" && values.Has(out.Name) {
			if o := values.String(out.Name); o != "" && o != trial.InputTensor && o != "text" {
				if _, err := m.Output(o); err != nil {
					s.d.fail(s.at(out.Name), atValue, "%v", err)
					ok = false
				}
			}
		}
	}
	return names, ok
}

func (d *document) metrics(root *section, x *Experiment, opt LoadOptions) {
	list := root.tables("metric")
	if len(list) == 0 && !root.has("metric") && !root.has("set_metric") && !root.has("human") && !root.has("suite") && !root.has("space") {
		root.missing("metric", "an experiment needs at least one [[metric]]; `probity list metrics` shows them")
	}
	var names []string
	var paths []string
	for _, s := range d.perModel(list, "metric", trial.Metrics.Info) {
		kind, name := s.text("kind"), s.text("name")
		if kind == "" {
			s.kindMissing("metric", "metrics")
			continue
		}
		entry, info, err := trial.Metrics.Get(kind)
		if err != nil {
			d.fail(s.at("kind"), atValue, "%v", err)
			continue
		}
		values, good := s.params(info)
		s.close("a [[metric]] of kind " + kind)
		if !good {
			continue
		}
		m := MetricSection{Kind: kind, Params: values, Entry: entry, Info: info}
		if m.Models, good = s.models(info, values, opt.Env); !good {
			continue
		}
		if opt.Env != nil {
			if _, err := entry.New(values, opt.Env); err != nil {
				d.fail(s.path, atKey, "%v", err)
				continue
			}
		}
		x.Metrics = append(x.Metrics, m)
		names = append(names, name)
		paths = append(paths, s.path)
	}
	labels := metricLabels(len(x.Metrics), names, func(i int) (string, []string, registry.Info, registry.Values) {
		m := &x.Metrics[i]
		return m.Kind, m.Models, m.Info, m.Params
	})
	for i, label := range labels {
		x.Metrics[i].Label = label
	}
	d.uniqueLabels("metric", labels, paths, names)
}

func (d *document) setMetrics(root *section, x *Experiment, opt LoadOptions) {
	var names, paths []string
	for _, s := range d.perModel(root.tables("set_metric"), "set_metric", trial.SetMetrics.Info) {
		kind, name := s.text("kind"), s.text("name")
		if kind == "" {
			s.kindMissing("set_metric", "set-metrics")
			continue
		}
		entry, info, err := trial.SetMetrics.Get(kind)
		if err != nil {
			d.fail(s.at("kind"), atValue, "%v", err)
			continue
		}
		values, good := s.params(info)
		against := s.text("against")
		if against != "" && against != "halves" && against != "sources" {
			d.fail(s.at("against"), atValue, "%q is not one of halves, sources", against)
			good = false
		}
		s.close("a [[set_metric]] of kind " + kind)
		if !good {
			continue
		}
		m := SetMetricSection{Kind: kind, Params: values, Entry: entry, Info: info, Halves: against != "sources" && !entry.Single}
		if m.Models, good = s.models(info, values, opt.Env); !good {
			continue
		}
		if opt.Env != nil {
			if _, err := entry.New(values, opt.Env); err != nil {
				d.fail(s.path, atKey, "%v", err)
				continue
			}
		}
		x.SetMetrics = append(x.SetMetrics, m)
		names, paths = append(names, name), append(paths, s.path)
	}
	labels := metricLabels(len(x.SetMetrics), names, func(i int) (string, []string, registry.Info, registry.Values) {
		m := &x.SetMetrics[i]
		return m.Kind, m.Models, m.Info, m.Params
	})
	for i, label := range labels {
		x.SetMetrics[i].Label = label
	}
	d.uniqueLabels("set_metric", labels, paths, names)
}

// kindMissing notes that a section has no kind. listed is what `probity list` calls the kinds.
func (s *section) kindMissing(table, listed string) {
	how := fmt.Sprintf("`probity list %s` shows the kinds", listed)
	if v, ok := s.m["kind"]; !ok {
		s.missing("kind", fmt.Sprintf("a [[%s]] needs a kind; %s", table, how))
	} else if v == "" {
		s.d.fail(s.at("kind"), atValue, "is empty; %s", how)
	}
}

// uniqueLabels notes labels that two sections share.
func (d *document) uniqueLabels(table string, labels, paths, names []string) {
	first := map[string]int{}
	for i, label := range labels {
		j, taken := first[label]
		if !taken {
			first[label] = i
			continue
		}
		other := d.place(paths[j], atKey)
		where := fmt.Sprintf("line %d", other.Line)
		if other.Override != "" {
			where = other.Override
		}
		if names[i] != "" || names[j] != "" {
			d.fail(join(paths[i], "name"), atValue, "the name %q is taken by the [[%s]] of %s", label, table, where)
		} else {
			d.fail(paths[i], atKey, "this [[%s]] is the same as that of %s: %s", table, where, label)
		}
	}
}

func (d *document) perturbs(root *section, x *Experiment) (paths []string) {
	var names []string
	for _, s := range root.tables("perturb") {
		p, name, ok := s.perturb()
		if !ok {
			continue
		}
		x.Perturbs = append(x.Perturbs, p)
		names, paths = append(names, name), append(paths, s.path)
	}
	labels := perturbLabels(x.Perturbs, names)
	for i, label := range labels {
		x.Perturbs[i].Label = label
	}
	d.uniqueLabels("perturb", labels, paths, names)
	return paths
}

// perturb reads one [[perturb]]; ok is false where it cannot be planned.
func (s *section) perturb() (p PerturbSection, name string, ok bool) {
	d := s.d
	errs := len(d.errs)
	name = s.text("name")
	kind := s.text("kind")
	steps := s.tables("steps")
	rawSeverity := s.has("severity")
	severities, severityPaths := s.numbers("severity")
	what := "a [[perturb]]"
	switch {
	case kind != "" && s.has("steps"):
		d.fail(s.at("steps"), atKey, "a [[perturb]] has either a kind or steps, not both")
		return p, name, false
	case kind != "":
		step, good := s.step(kind)
		what += " of kind " + kind
		if !good {
			return p, name, false
		}
		step.OnAxis, step.Stream = true, kind
		p.Kind, p.Steps = kind, []Step{step}
	case s.has("steps"):
		what += " with steps"
		if !s.chain(&p, steps) {
			return p, name, false
		}
	default:
		s.kindMissing("perturb", "perturbations")
		return p, name, false
	}

	p.Axis = trial.Axis{Fixed: true}
	regions, anchor := false, false
	for _, st := range p.Steps {
		if st.OnAxis {
			p.Axis = st.Entry.Axis
		}
		regions = regions || st.Entry.Regions
		anchor = anchor || st.Entry.Anchor
	}

	role := string(trial.Edit)
	if anchor {
		role = string(trial.Anchor)
		if strings.HasPrefix(p.Kind, "same-class") {
			role = string(trial.Control)
		}
	}
	p.Role = trial.Role(s.choice("role", role, roles...))

	p.Severities = s.severities(p, rawSeverity, severities, severityPaths)

	if s.has("region") && !regions {
		d.fail(s.at("region"), atKey, "%s acts on the whole picture and takes no region", p.Kind)
		s.take("region")
	} else {
		p.Regions = s.regions("region")
	}
	if len(p.Regions) == 0 {
		p.Regions = []RegionSpec{wholePicture}
	}

	p.Replicates = int(s.whole("replicates", 1, 1, 10000))
	p.Draws = int(s.whole("draws", minDraws, 1, 10000))
	if p.Role == trial.Null {
		if s.has("replicates") {
			d.fail(s.at("replicates"), atKey, "a null has draws, not replicates: write draws = %d", p.Replicates)
		}
		if len(p.Severities) > 1 {
			d.fail(s.at("severity"), atValue, "a null has one severity: write a [[perturb]] for each, so that each kind of noise is judged on its own")
		}
		if s.has("region") && regions {
			d.fail(s.at("region"), atKey, "a null acts on the whole picture: leave region out")
		}
	} else {
		if s.has("draws") {
			d.fail(s.at("draws"), atKey, "only a null has draws; an %s has replicates", p.Role)
		}
		p.Draws = 0
	}
	s.close(what)
	return p, name, len(d.errs) == errs
}

// step reads a step's parameters from the section and makes the perturbation.
func (s *section) step(kind string) (Step, bool) {
	entry, info, err := trial.Perturbations.Get(kind)
	if err != nil {
		s.d.fail(s.at("kind"), atValue, "%v", err)
		return Step{}, false
	}
	values, ok := s.params(info)
	if !ok {
		return Step{}, false
	}
	made, err := entry.New(values)
	if err != nil {
		s.d.fail(s.path, atKey, "%v", err)
		return Step{}, false
	}
	return Step{Kind: kind, Params: values, Entry: entry, Info: info, Perturbation: made}, true
}

// chain reads steps = [...]: all but one have their own severity, and that one takes the section's.
func (s *section) chain(p *PerturbSection, steps []*section) bool {
	if len(steps) == 0 {
		s.d.fail(s.at("steps"), atValue, "wants a list of tables such as { kind = \"gaussian-blur\", severity = 1 }")
		return false
	}
	good := true
	used := map[string]int{}
	var kinds []string
	onAxis := -1
	for i, t := range steps {
		kind := t.text("kind")
		if kind == "" {
			t.kindMissing("perturb", "perturbations")
			good = false
			continue
		}
		severity, has := t.number("severity")
		step, ok := t.step(kind)
		t.close("a step of kind " + kind)
		if !ok {
			good = false
			continue
		}
		if used[kind]++; used[kind] > 1 {
			step.Stream = fmt.Sprintf("%s#%d", kind, used[kind])
		} else {
			step.Stream = kind
		}
		axis := step.Entry.Axis
		switch {
		case has && axis.Fixed && severity != 1:
			s.d.fail(t.at("severity"), atValue, "%s has no severity axis: leave severity out", kind)
			good = false
		case has:
			if err := axis.Check(severity); err != nil {
				s.d.fail(t.at("severity"), atValue, "%v", err)
				good = false
			}
			step.Severity = severity
		case axis.Fixed:
			step.Severity = 1
		case onAxis >= 0:
			s.d.fail(t.path, atKey, "step %d takes the section's severity too: only one step may, the others need a severity of their own", i+1)
			good = false
		default:
			onAxis = i
			step.OnAxis = true
		}
		kinds = append(kinds, kind)
		p.Steps = append(p.Steps, step)
	}
	p.Kind = strings.Join(kinds, "+")
	if good && onAxis < 0 { // the last step is as good as any to carry the one severity that there is
		p.Steps[len(p.Steps)-1].OnAxis = true
		if s.has("severity") {
			s.d.fail(s.at("severity"), atKey, "every step has a severity of its own: leave this one out, or that of the step that should take it")
			good = false
		}
	}
	return good
}

// severities checks the list against the axis, or takes the axis' default.
func (s *section) severities(p PerturbSection, given bool, list []float64, paths []string) []float64 {
	d, axis := s.d, p.Axis
	if !given && s.has("steps") {
		for _, st := range p.Steps {
			if st.OnAxis && st.Severity != 0 {
				return []float64{st.Severity}
			}
		}
	}
	if axis.Fixed {
		if given && !slices.Equal(list, []float64{1}) {
			d.fail(s.at("severity"), atKey, "%s has no severity axis: leave severity out", p.Kind)
		}
		return []float64{1}
	}
	if !given {
		if len(axis.Default) == 0 {
			s.missing("severity", fmt.Sprintf("%s needs severity = [...]: %s", p.Kind, axisText(axis)))
		}
		if p.Role == trial.Null && len(axis.Default) > 1 {
			s.missing("severity", fmt.Sprintf("a null needs one severity: %s", axisText(axis)))
		}
		return axis.Default
	}
	var out []float64
	for i, v := range list {
		if err := axis.Check(v); err != nil {
			d.fail(paths[i], atValue, "%v (%s)", err, axis.Name)
			continue
		}
		if slices.Contains(out, v) {
			d.fail(paths[i], atValue, "severity %v is there twice", v)
			continue
		}
		if v == 0 && p.Role == trial.Null {
			d.fail(paths[i], atValue, "severity 0 changes nothing, and a null must change something")
			continue
		}
		out = append(out, v)
	}
	return out
}

// axisText describes an axis for people.
func axisText(a trial.Axis) string {
	t := a.Name
	if a.Unit != "" && !strings.Contains(a.Name, a.Unit) {
		t += " in " + a.Unit
	}
	if math.IsInf(a.Min, -1) && math.IsInf(a.Max, 1) {
		return t
	}
	if math.IsInf(a.Max, 1) {
		return fmt.Sprintf("%s, from %v", t, a.Min)
	}
	return fmt.Sprintf("%s, %v to %v", t, a.Min, a.Max)
}

func (d *document) findings(root *section, x *Experiment, opt LoadOptions) (paths []string) {
	for _, s := range root.tables("finding") {
		kind := s.text("kind")
		if kind == "" {
			s.kindMissing("finding", "findings")
			continue
		}
		if opt.Findings == nil {
			d.fail(s.at("kind"), atValue, "there is no finding %q: this program was built without findings", kind)
			continue
		}
		info, err := opt.Findings.Info(kind)
		if err != nil {
			d.fail(s.at("kind"), atValue, "%v", err)
			continue
		}
		values, ok := s.params(info)
		s.close("a [[finding]] of kind " + kind)
		if !ok {
			continue
		}
		f := FindingSection{Kind: kind, Params: values, Info: info}
		for _, other := range x.Findings {
			if other.Kind == kind && other.Params.Canonical() == values.Canonical() {
				d.fail(s.path, atKey, "the finding %s is there twice with the same parameters", kind)
			}
		}
		d.findingLabels(s, f, x)
		x.Findings = append(x.Findings, f)
		paths = append(paths, s.path)
	}
	return paths
}

// findingLabels checks the labels in a finding's lists of perturbations and nulls.
func (d *document) findingLabels(s *section, f FindingSection, x *Experiment) {
	for key, null := range map[string]bool{"perturb": false, "null": true} { // errors are sorted by place later
		if prm, ok := f.Info.Param(key); !ok || prm.Type != registry.Strings {
			continue
		}
		var labels []string
		for _, p := range x.Perturbs {
			if (p.Role == trial.Null) == null {
				labels = append(labels, p.Label)
			}
		}
		for i, label := range f.Params.Strings(key) {
			if slices.Contains(labels, label) || len(x.Perturbs) < len(tableList(d.root["perturb"])) {
				continue
			}
			what := "edit"
			if null {
				what = "null"
			}
			d.failNear(element(s.at(key), i), atValue, registry.Nearest(label, labels), "no %s is labelled %q; there are %s", what, label, orNone(labels))
		}
	}
}

func (d *document) figures(root *section, x *Experiment) {
	x.Figures = FigureSection{Formats: slices.Clone(figureFormats), Width: "page", Axis: figureAxes[0]}
	s := root.table("figures")
	if s == nil {
		return
	}
	if s.has("formats") {
		x.Figures.Formats = nil
		for i, f := range s.texts("formats") {
			if !slices.Contains(figureFormats, f) {
				d.failNear(element(s.at("formats"), i), atValue, registry.Nearest(f, figureFormats), "%q is not one of %s", f, strings.Join(figureFormats, ", "))
				continue
			}
			if !slices.Contains(x.Figures.Formats, f) {
				x.Figures.Formats = append(x.Figures.Formats, f)
			}
		}
	}
	x.Figures.Width = s.choice("width", "page", figureWidths...)
	x.Figures.Axis = s.choice("axis", figureAxes[0], figureAxes...)
	x.Figures.Only = s.texts("only")
	kinds := []string{"stimuli"} // the pictures themselves belong to no finding
	for _, f := range x.Findings {
		kinds = append(kinds, f.Kind)
	}
	for i, kind := range x.Figures.Only {
		if !slices.Contains(kinds, kind) {
			d.failNear(element(s.at("only"), i), atValue, registry.Nearest(kind, kinds), "no [[finding]] of kind %q is in this file", kind)
		}
	}
	s.close("[figures]")
}

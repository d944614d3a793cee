package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"probity/internal/registry"
	"probity/stats"
)

// decompositionKind is the kind's name, which hypotheses on its effects give.
const decompositionKind = "decomposition"

func init() {
	Kinds.Add(registry.Info{
		Name:    decompositionKind,
		Version: 1,
		Doc:     "what moves detection: its variance between trained models divided among architecture, label content, objective, pooling and seed",
		Long: `The response is A within of detection, a value for each source and metric, averaged over the cells of a response: the
edits of one entry of ` + "`sets`" + ` at the severities and areas given, amid the nulls given. The metrics are those of models
that belong to a design (their manifests say what their labels told and which seed they are): a full factorial of architecture, label
content and objective, several seeds a cell, each model scored pooled and by region. Factors and their interactions are fixed; seeds
(nested in cells) and sources (crossed) are random, so that an effect's error is that between seeds plus that between sources. Shares
divide the variance between scores of models, averaged over sources. Only balanced designs are analysed: what is left out is named,
and cells with marked (under-trained) models are left out in a repetition on the part of the design that stays balanced.`,
		Source: "Searle, Casella and McCulloch 1992; Satterthwaite 1946; Hannig, Iyer and Patterson 2006",
		Params: []registry.Param{perturbParam, nullParam,
			setsParam, severityParam, areaParam,
			{Name: "metric", Type: registry.Strings, Doc: "labels of the metrics that the design is made of; all that belong to it where none is given"}},
	}, Entry{Compute: decomposition, Exhibit: showDecomposition})
}

// setsParam, severityParam and areaParam choose the cells that a response is averaged over.
var (
	setsParam     = registry.Param{Name: "sets", Type: registry.Strings, Doc: "responses, each a label of an edit or `name: label, label@severity`, over which A within is averaged; each edit alone where none is given"}
	severityParam = registry.Param{Name: "severity", Type: registry.Floats, Doc: "severities that count; all where none is given"}
	areaParam     = registry.Param{Name: "area", Type: registry.Floats, Doc: "areas that count; all where none is given"}
)

// The quantities of a decomposition. Metric names the factor, effect or cell, Perturb the response, At the part of the
// design where it is not all of it.
const (
	VarianceShare Quantity = "share of the variance between models"
	FactorEffect  Quantity = "effect on A within"                // over seeds and sources drawn anew
	FixedEffect   Quantity = "effect on A within, these sources" // over seeds alone
	Component     Quantity = "variance component"                // raw: may be below 0
	CellMean      Quantity = "A within of a cell"
)

// The factors of the design, with their levels from the one that is coded -1 to the one coded +1.
const (
	factorFamily = "architecture"
	factorLabels = "label content"
	factorObject = "objective"
	factorPool   = "pooling"
	shareWithin  = "architecture, labels, objective together"
	sharePooling = "pooling together with them"
	// betweenModels is the variance that shares divide.
	betweenModels = "all between models"
)

// factor is one factor between models.
type factor struct {
	name   string
	levels []string
}

// model is one trained model of the design with its metrics.
type model struct {
	name, mark string
	cell       int
	seed       int
	column     []int // by part
}

// plot is the design that the run's metrics form.
type plot struct {
	factors []factor
	parts   []string // "pooled", "by region"; one where metrics are all of one kind
	cells   [][]model
	at      string   // which part of the design this is, "" all of it
	out     []string // what was left out and why
}

// response is a set of cells whose A within is averaged.
type response struct {
	name   string
	places []place
	given  [][]float64 // by column and source, where it was measured elsewhere
}

func decomposition(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	nulls, err := a.chosenNulls(params)
	if err != nil {
		return nil, err
	}
	read := a.responses
	if len(a.in.Responses) > 0 {
		read = func(registry.Values) ([]response, error) { return a.givenResponses(nulls) }
	}
	responses, err := read(params)
	if err != nil {
		return nil, err
	}
	b := a.build(decompositionKind, "What moves detection")
	b.f.Method = []string{
		"The response is A within of each source, averaged over the edits, severities, areas and nulls of a response.",
		"Architecture, label content, objective, pooling and their interactions are fixed and have two levels each; seeds are random and nested in the cell of the first three; sources are random and crossed with everything. Pooling is compared within models (split plot).",
		"Effects are differences of cell means. Their variance is that of seeds plus that of sources, less what both hold, from mean squares; t with Satterthwaite's degrees of freedom. Over these sources alone the degrees of freedom are those of seeds, exact.",
		"Shares are of the variance between scores of models, averaged over sources, with each factor's levels equally frequent. Estimates below 0 count as 0 in shares and are given as they are among the components. Intervals are generalised confidence intervals over seeds and sources.",
		"Seeds' variances are pooled over cells. A within is bounded: near .5 and 1 effects shrink, which shows as interaction.",
		"Objective compares arms with equal label content only, label content arms with equal objective only.",
	}
	whole, err := a.plotOf(params.Strings("metric"))
	if err != nil {
		b.refuse("decomposition", "%s", err)
		b.f.Answer = "The metrics form no balanced design: " + err.Error() + "."
		return b.f, nil
	}
	for _, s := range whole.out {
		b.f.Method = append(b.f.Method, "Left out: "+s+".")
	}
	curves := []int{}
	for _, r := range responses {
		for _, p := range r.places {
			curves = append(curves, p.index)
		}
	}
	if err := a.detectAll(ctx, a.detectKeys(curves, nulls)); err != nil {
		return nil, err
	}
	parts := append([]*plot{whole}, whole.unmarked()...)
	if len(parts) == 1 && whole.marked() {
		b.refuse("the design without marked models", "no part of it stays a balanced factorial without them")
	}
	for _, r := range responses {
		for _, p := range parts {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			a.decompose(b, p, r, nulls)
			if p == whole {
				a.cellMeans(b, p, r, nulls)
				for _, seed := range p.seeds() {
					a.decompose(b, p.without(seed), r, nulls)
					a.alone(b, p, seed, r, nulls)
				}
			}
		}
	}
	b.f.Responses = a.responsesOf(whole, responses, nulls)
	b.f.Answer = decompositionAnswer(b.f, responses, whole)
	return b.f, nil
}

// responses reads the parameters: each entry of sets, or each edit.
func (a *Analysis) responses(params registry.Values) ([]response, error) {
	curves, err := a.chosenCurves(params)
	if err != nil {
		return nil, err
	}
	severities, areas := params.Floats("severity"), params.Floats("area")
	of := func(name string, labels []string) (response, error) {
		r := response{name: name}
		for _, label := range labels {
			severities := severities
			if before, after, only := strings.Cut(label, "@"); only {
				v, err := strconv.ParseFloat(after, 64)
				if err != nil {
					return r, fmt.Errorf("parameter sets: %q: after @ stands a severity", label)
				}
				label, severities = before, []float64{v}
			}
			before := len(r.places)
			for _, i := range curves {
				c := a.curves[i]
				if c.perturb != label || len(areas) > 0 && c.local() && !slices.Contains(areas, c.area) {
					continue
				}
				for _, x := range c.cells {
					if len(severities) == 0 || c.axis.Fixed || slices.Contains(severities, x.severity) {
						r.places = append(r.places, place{i, c, x})
					}
				}
			}
			if len(r.places) == before {
				return r, fmt.Errorf("no edit %q at these severities and areas is in the scores: parameters perturb and sets name labels of [[perturb]] sections of role edit", label)
			}
		}
		return r, nil
	}
	var out []response
	add := func(name string, labels ...string) error {
		r, err := of(name, labels)
		out = append(out, r)
		return err
	}
	for _, s := range params.Strings("sets") {
		name, list, several := strings.Cut(s, ":")
		labels := []string{strings.TrimSpace(s)}
		if several {
			labels = nil
			for _, l := range strings.Split(list, ",") {
				labels = append(labels, strings.TrimSpace(l))
			}
		}
		if err := add(strings.TrimSpace(name), labels...); err != nil {
			return nil, err
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	for _, i := range curves {
		name := a.curves[i].perturb
		if !slices.ContainsFunc(out, func(r response) bool { return r.name == name }) {
			if err := add(name, name); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// decompose adds the estimates of one response on one part of the design.
func (a *Analysis) decompose(b *builder, p *plot, r response, nulls []int) {
	what := "decomposition of " + r.name
	if p.at != "" {
		what += ", " + p.at
	}
	y, sources, lost := a.splitPlot(p, r, nulls)
	d := stats.SplitPlot{Y: y}
	for _, f := range p.factors {
		d.Factors = append(d.Factors, f.name)
	}
	if len(p.parts) == 2 {
		d.Part = factorPool
	}
	f, err := stats.FitSplitPlot(d)
	if err != nil {
		b.refuse(what, "%s", err)
		return
	}
	warn := b.sourceWarnings(sources)
	if lost > 0 {
		warn = append(warn, b.warn("missing", "%s: %s without a score of some metric of the design are left out", r.name, plural(lost, a.noun())))
	}
	if m := p.marks(); m != "" {
		warn = append(warn, b.warn("marked", "%s", m))
	}
	for k, pv := range f.UnequalP {
		if pv < .01 && !strings.HasPrefix(p.at, "without seed") {
			warn = append(warn, b.warn("unequal", "%s%s: one cell's seeds differ much more than others' (Cochran's C %s%s): the pooled variance is too small for it and too large for the rest",
				r.name, inPart(p.at), share(f.Unequal[k]), []string{"", " of what pooling changes"}[k]))
		}
	}
	n := f.Cells * f.Seeds
	put := func(q Quantity, name string, value float64, v interval) {
		e := blank(q, name).with(value, v, n, sources)
		e.Perturb, e.At, e.Null, e.Warnings = r.name, p.at, a.nullNames(nulls), warn
		b.add(e)
	}
	groups := p.shareGroups()
	if list, err := f.Shares(groups, a.level, stats.Resampling{Seed: a.in.Experiment.Seed, Purpose: r.name + p.at, N: a.draws.n}); err != nil {
		b.refuse("shares of variance, "+what, "%s", err)
	} else {
		var total float64
		for _, s := range list {
			total += max(0, s.Variance)
		}
		put(Component, betweenModels, total, noInterval)
		for _, s := range list {
			put(VarianceShare, s.Name, s.Value, interval{s.Low, s.High, s.Method, math.NaN()})
		}
	}
	effect := func(name string, e stats.SplitPlotEffect) {
		put(FactorEffect, name, e.Value, interval{e.Low, e.High, e.Method, e.DF})
		put(FixedEffect, name, e.Value, interval{e.SeedsLow, e.SeedsHigh, fmt.Sprintf("t over seeds, %.3g df", e.SeedsDF), e.SeedsDF})
	}
	for _, c := range p.contrasts() {
		if c.part >= 0 { // within one part no variance is shared with the other
			one := stats.SplitPlot{Factors: d.Factors, Y: onePart(y, c.part)}
			g, err := stats.FitSplitPlot(one)
			if err != nil {
				b.refuse(c.name+", "+what, "%s", err)
				continue
			}
			effect(c.name, g.Contrast(c.weights, a.level))
			continue
		}
		effect(c.name, f.Contrast(c.weights, a.level))
	}
	for _, t := range f.Terms {
		put(Component, t.Name, t.Raw, noInterval)
	}
	for _, c := range f.Components() {
		put(Component, c.Name, c.Raw, noInterval)
	}
}

func onePart(y [][][][]float64, part int) [][][][]float64 {
	out := make([][][][]float64, len(y))
	for c := range y {
		for _, parts := range y[c] {
			out[c] = append(out[c], parts[part:part+1])
		}
	}
	return out
}

func inPart(at string) string {
	if at == "" {
		return ""
	}
	return ", " + at
}

// alone adds the effects as one seed alone shows them, for comparison with the other seeds'. One seed has no interval.
func (a *Analysis) alone(b *builder, p *plot, seed int, r response, nulls []int) {
	only := &plot{factors: p.factors, parts: p.parts, at: fmt.Sprintf("seed %d alone", p.cells[0][seed].seed)}
	for _, cell := range p.cells {
		only.cells = append(only.cells, []model{cell[seed]})
	}
	y, sources, _ := a.splitPlot(only, r, nulls)
	if sources == 0 {
		return
	}
	for _, c := range p.contrasts() {
		var v float64
		for cell := range y {
			for part := range only.parts {
				w := 0.
				switch {
				case c.part < 0:
					w = c.weights[cell][part]
				case c.part == part:
					w = c.weights[cell][0]
				}
				for _, x := range y[cell][0][part] {
					v += w * x / float64(sources)
				}
			}
		}
		e := blank(FactorEffect, c.name).with(v, noInterval, len(y), sources)
		e.Perturb, e.At, e.Null = r.name, only.at, a.nullNames(nulls)
		b.add(e)
	}
}

// splitPlot collects A within of every source that has it in all metrics of the design: [cell][seed][part][source].
func (a *Analysis) splitPlot(p *plot, r response, nulls []int) (y [][][][]float64, sources, lost int) {
	var all [][]float64
	for _, cell := range p.cells {
		for _, m := range cell {
			for _, c := range m.column {
				all = append(all, a.responseOf(c, r, nulls))
			}
		}
	}
	var keep []int
	for s := range a.sources {
		if !slices.ContainsFunc(all, func(v []float64) bool { return math.IsNaN(v[s]) }) {
			keep = append(keep, s)
		}
	}
	k := 0
	for _, cell := range p.cells {
		var seeds [][][]float64
		for _, m := range cell {
			var parts [][]float64
			for range m.column {
				v := make([]float64, len(keep))
				for i, s := range keep {
					v[i] = all[k][s]
				}
				parts = append(parts, v)
				k++
			}
			seeds = append(seeds, parts)
		}
		y = append(y, seeds)
	}
	return y, len(keep), len(a.sources) - len(keep)
}

// responseOf is a metric's A within of each source, averaged over a response's cells and nulls.
func (a *Analysis) responseOf(column int, r response, nulls []int) []float64 {
	if r.given != nil {
		return r.given[column]
	}
	var all [][]float64
	for _, at := range r.places {
		all = append(all, a.withinOf(column, at, nulls))
	}
	return meanOf(all)
}

func (a *Analysis) nullNames(nulls []int) string {
	var names []string
	for _, n := range nulls {
		names = append(names, a.nulls[n].name)
	}
	return strings.Join(names, ", ")
}

// cellMeans adds the mean of every cell and part, over its seeds, and beside the design those of untrained models and of
// pixel controls.
func (a *Analysis) cellMeans(b *builder, p *plot, r response, nulls []int) {
	put := func(name, part string, columns []int, warn []int) {
		y := make([][][][]float64, 1)
		var keep []int
		var all [][]float64
		for _, c := range columns {
			all = append(all, a.responseOf(c, r, nulls))
		}
		for s := range a.sources {
			if !slices.ContainsFunc(all, func(v []float64) bool { return math.IsNaN(v[s]) }) {
				keep = append(keep, s)
			}
		}
		if len(keep) == 0 {
			return
		}
		var mean float64
		for _, v := range all {
			one := make([]float64, len(keep))
			for i, s := range keep {
				one[i] = v[s]
				mean += v[s] / float64(len(keep)*len(all))
			}
			y[0] = append(y[0], [][]float64{one})
		}
		iv := noInterval
		if f, err := stats.FitSplitPlot(stats.SplitPlot{Y: y}); err == nil {
			if e := f.Contrast([][]float64{{1}}, a.level); e.Method != "degenerate" {
				iv = interval{max(0, e.Low), min(1, e.High), e.Method, e.DF}
			}
		} else if len(columns) == 1 {
			m := a.mean(all[0], true)
			iv = a.estimate(&m).interval
		}
		e := blank(CellMean, name).with(mean, iv, len(columns), len(keep))
		e.Perturb, e.At, e.Null, e.Warnings = r.name, part, a.nullNames(nulls), warn
		b.add(e)
	}
	for c, cell := range p.cells {
		var warn []int
		for _, m := range cell {
			if m.mark != "" {
				warn = []int{b.warn("marked", "%s", p.marks())}
			}
		}
		for k, part := range p.parts {
			var columns []int
			for _, m := range cell {
				columns = append(columns, m.column[k])
			}
			put(p.words(c), part, columns, warn)
		}
	}
	for _, g := range a.besideDesign(p) {
		put(g.name, g.part, g.columns, nil)
	}
}

// decompositionAnswer says of each response which share each factor has, and by how much leaving out a seed moves effects.
func decompositionAnswer(f *Finding, responses []response, p *plot) string {
	var words []string
	for _, r := range responses {
		list := f.pick(func(e *Estimate) bool { return e.Quantity == VarianceShare && e.Perturb == r.name && e.At == "" })
		if len(list) == 0 {
			continue
		}
		slices.SortStableFunc(list, func(x, y *Estimate) int { return int(math.Copysign(1, float64(y.Value-x.Value))) })
		var parts []string
		for _, e := range list[:min(3, len(list))] {
			parts = append(parts, e.Metric+" "+perCent(float64(e.Value), float64(e.Low), float64(e.High)))
		}
		words = append(words, fmt.Sprintf("%s: %s", r.name, strings.Join(parts, ", ")))
	}
	if len(words) == 0 {
		return "The variance of detection could not be divided; see what was refused."
	}
	s := fmt.Sprintf("Of the variance of detection between these %s: %s.", plural(len(p.cells)*len(p.cells[0]), "model"), strings.Join(words, "; "))
	if moved, flipped, of := stability(f); of > 0 {
		s += fmt.Sprintf(" Leaving out any one seed moves no effect by more than %s", amountTo(moved))
		if flipped == 0 {
			s += fmt.Sprintf(" and turns the sign of none of the %d whose interval excludes 0.", of)
		} else {
			s += fmt.Sprintf(" and turns the sign of %d of the %d whose interval excludes 0.", flipped, of)
		}
	}
	return s
}

// stability compares effects on all seeds with those without each seed: the largest move, and of those whose interval
// excludes 0 how many change sign.
func stability(f *Finding) (moved float64, flipped, of int) {
	for _, e := range f.pick(func(e *Estimate) bool { return e.Quantity == FactorEffect && e.At == "" }) {
		sure, flips, tried := e.Low > 0 || e.High < 0, false, false
		for _, o := range f.pick(func(o *Estimate) bool {
			return o.Quantity == FactorEffect && strings.HasPrefix(o.At, "without seed ") && o.Metric == e.Metric && o.Perturb == e.Perturb
		}) {
			tried = true
			moved = max(moved, math.Abs(float64(o.Value-e.Value)))
			flips = flips || (o.Value > 0) != (e.Value > 0)
		}
		if sure && tried { // two seeds cannot spare one
			of++
			if flips {
				flipped++
			}
		}
	}
	return moved, flipped, of
}

// perCent writes a share with its interval: "38 % [20, 55]".
func perCent(v, low, high float64) string {
	f := func(v float64) string { return strconv.FormatFloat(100*v, 'f', 0, 64) }
	if math.IsNaN(low) || math.IsNaN(high) {
		return f(v) + " %"
	}
	return fmt.Sprintf("%s %% [%s, %s]", f(v), f(low), f(high))
}

// amountTo writes a difference with two decimals, rounded up.
func amountTo(v float64) string { return share(math.Ceil(v*100) / 100) }

package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/reports/figure"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "agreement-within",
		Version: 1,
		Doc:     "agreement overall, within source and within distortion, shown together, with a warning where they differ in sign (Simpson's paradox)",
		Long: `Spearman's correlation with the ratings over all items, averaged over sources within source, and averaged over
distortions within distortion, and for each distortion alone. A metric can agree overall because it tells distortions
apart, and still order wrongly within each of them; where signs differ the finding warns (Simpson 1951).`,
		Source: "Simpson 1951; Spearman 1904; Efron 1987",
		Params: []registry.Param{judgedParam},
	}, Entry{Compute: agreementWithin, Exhibit: showAgreementWithin})
}

// The parts of a data set on which agreement is told, in Estimate.At; a single distortion is named behind distortionAt.
const (
	overallAt          = "overall"
	withinSourceAt     = "within source"
	withinDistortionAt = "within distortion"
	distortionAt       = "distortion "
)

// fewInGroup is the number of items below which a group's correlation is not taken.
const fewInGroup = 3

func agreementWithin(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement-within", "Agreement within source and distortion", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	b.f.Method = append(b.f.Method,
		"Spearman's correlation with the ratings: over all items, within each source averaged over sources, within each distortion averaged over distortions, and of each distortion alone. Groups of fewer than 3 items, or in which scores or ratings are constant, are left out of averages.",
		"Intervals resample sources, whatever the grouping (BCa; below 20 sources the jackknife's t); that of the mean within source is bootstrap-t.")
	total := 0
	for _, d := range list {
		if !d.Choices() {
			total += len(d.Columns) * (2 + len(d.groups))
		}
	}
	s := a.steps(total)
	for _, d := range list {
		if d.Choices() {
			continue
		}
		if err := b.within(ctx, d, s); err != nil {
			return nil, err
		}
	}
	b.f.Answer = b.withinAnswer(list)
	return b.f, nil
}

func (b *builder) within(ctx context.Context, d *judged, s *steps) error {
	set := b.setWarnings(d)
	k := len(d.Columns)
	all, err := stats.Correlations(ctx, stats.SRCC, d.score, d.rating, d.cluster, d.clusters, b.a.resampling(d))
	if err != nil {
		return fmt.Errorf("%s: %w", d.Name, err)
	}
	sign := make([]float64, k)
	warnings := make([][]int, k)
	put := func(m int, at string, iv stats.Interval, n int) {
		if math.IsNaN(iv.Value) {
			b.refuse(fmt.Sprintf("Spearman of %s on %s, %s", d.Columns[m].Label, d.Name, at), "it is defined nowhere: groups are too small or constant")
			return
		}
		e := d.of(SpearmanHuman, d.Columns[m].Label).from(iv)
		e.At, e.Sign, e.Sources = at, int(sign[m]), n
		e.Warnings = warnings[m]
		b.add(e)
	}
	for m := range d.Columns {
		sign[m] = d.taken(m, all.Value[m])
		warnings[m] = slices.Concat(set, b.judgedWarnings(d, m, sign[m]))
		put(m, overallAt, all.Interval(m, b.a.level), len(d.items))
	}
	s.done(k)
	names, groupings := []string{}, [][]int{}
	if d.Cluster != nil {
		names, groupings = append(names, withinSourceAt), append(groupings, d.cluster)
		drawn := stats.Draw(b.a.resampling(d), d.clusters)
		for m := range d.Columns {
			each := make([][]float64, d.clusters)
			n := 0
			for c, rows := range rowsOf(d.cluster, d.clusters) {
				if len(rows) < fewInGroup {
					continue
				}
				if r, err := stats.Spearman(at(d.score[m], rows), at(d.rating, rows)); err == nil {
					each[c] = []float64{r}
					n++
				}
			}
			iv := stats.MeanInterval(each, stats.MeanOptions{Level: b.a.level, Drawn: drawn})
			if n == 0 {
				iv.Value = nan
			}
			iv.Low, iv.High = max(-1, iv.Low), min(1, iv.High)
			put(m, withinSourceAt, iv, n)
		}
	}
	s.done(k)
	if d.group != nil && len(d.groups) > 1 {
		names, groupings = append(names, withinDistortionAt), append(groupings, d.group)
		if err := b.distortions(ctx, d, put, s); err != nil {
			return err
		}
	}
	for m := range d.Columns {
		if len(names) == 0 {
			break
		}
		g, err := stats.GuardSimpson(d.score[m], d.rating, names, groupings)
		if err != nil {
			continue // its refusal stands already
		}
		if g.Warning != "" {
			w := b.warn("simpson", "%s: %s: %s", d.Name, d.Columns[m].Label, g.Warning)
			for i := range b.f.Estimates {
				if e := &b.f.Estimates[i]; e.Dataset == d.Name && e.Metric == d.Columns[m].Label {
					e.Warnings = append(slices.Clone(e.Warnings), w)
					b.f.Warnings[w].Count++
				}
			}
		}
	}
	return nil
}

// distortions are the correlations within each distortion, and their mean, resampled by source together.
func (b *builder) distortions(ctx context.Context, d *judged, put func(m int, at string, iv stats.Interval, n int), s *steps) error {
	k := len(d.Columns)
	joint := &stats.Joint{Clusters: d.clusters, Fisher: true}
	var used []string
	var sizes []int
	var own []*stats.Joint
	for g, rows := range rowsOf(d.group, len(d.groups)) {
		name := d.groups[g]
		if len(rows) < fewInGroup {
			b.refuse(fmt.Sprintf("Spearman within %s on %s", name, d.Name), "it has only %s", plural(len(rows), "item"))
			s.done(k)
			continue
		}
		cols := make([][]float64, k)
		for m := range cols {
			cols[m] = at(d.score[m], rows)
		}
		j, err := stats.Correlations(ctx, stats.SRCC, cols, at(d.rating, rows), at(d.cluster, rows), d.clusters, b.a.resampling(d))
		s.done(k)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.refuse(fmt.Sprintf("Spearman within %s on %s", name, d.Name), "%v", err)
			continue
		}
		used, sizes, own = append(used, name), append(sizes, len(rows)), append(own, j)
	}
	for m := range d.Columns {
		n := 0
		joint.Value, joint.Replicates, joint.Leave = nil, nil, nil
		whole := true // every distortion has all sources, so that they can be left out together
		for _, j := range own {
			whole = whole && j.Clusters == d.clusters
		}
		for _, j := range own {
			if math.IsNaN(j.Value[m]) {
				continue
			}
			n++
			if whole {
				joint.Value, joint.Leave = append(joint.Value, j.Value[m]), append(joint.Leave, j.Leave[m])
				if j.Replicates != nil {
					joint.Replicates = append(joint.Replicates, j.Replicates[m])
				}
			}
		}
		switch {
		case n == 0:
			put(m, withinDistortionAt, stats.Interval{Value: nan}, 0)
		case whole:
			of := make([]int, n)
			for i := range of {
				of[i] = i
			}
			put(m, withinDistortionAt, joint.Interval(joint.Mean(of), b.a.level), n)
		default: // sources differ between distortions (generators): the mean over distortions, t over them
			each := [][]float64{}
			for _, j := range own {
				if !math.IsNaN(j.Value[m]) {
					each = append(each, []float64{j.Value[m]})
				}
			}
			iv := stats.MeanInterval(each, stats.MeanOptions{Level: b.a.level, Resampling: b.a.resampling(d)})
			iv.Low, iv.High = max(-1, iv.Low), min(1, iv.High)
			iv.Method += ", over distortions"
			put(m, withinDistortionAt, iv, n)
		}
	}
	reversed := make([][]string, k)
	for g, j := range own {
		for m := range d.Columns {
			iv := j.Interval(m, b.a.level)
			if sign := d.expected(m); sign*iv.Low < 0 && sign*iv.High < 0 {
				reversed[m] = append(reversed[m], used[g])
			}
			put(m, distortionAt+used[g], iv, sizes[g])
		}
	}
	for m, names := range reversed {
		if len(names) == 0 {
			continue
		}
		w := b.warn("reversed", "%s: %s orders against people, with its whole interval, on %s", d.Name, d.Columns[m].Label, strings.Join(names, ", "))
		for i := range b.f.Estimates {
			e := &b.f.Estimates[i]
			if at, ok := strings.CutPrefix(e.At, distortionAt); ok && e.Dataset == d.Name && e.Metric == d.Columns[m].Label && slices.Contains(names, at) {
				e.Warnings = append(slices.Clone(e.Warnings), w)
				b.f.Warnings[w].Count++
			}
		}
	}
	return nil
}

func (b *builder) withinAnswer(list []*judged) string {
	var out []string
	for _, d := range list {
		if d.Choices() {
			continue
		}
		var against, held []string
		for m := range d.Columns {
			label := d.Columns[m].Label
			flagged := false
			for i := range b.f.Warnings {
				flagged = flagged || b.f.Warnings[i].Code == "simpson" && strings.HasPrefix(b.f.Warnings[i].Detail, d.Name+": "+label+": ")
			}
			if flagged {
				against = append(against, label)
			} else {
				held = append(held, label)
			}
		}
		switch {
		case d.Cluster == nil && d.group == nil:
			out = append(out, fmt.Sprintf("On %s neither sources nor distortions are known, so that agreement within them cannot be told.", d.Name))
			continue
		case !slices.ContainsFunc(b.f.Estimates, func(e Estimate) bool {
			return e.Dataset == d.Name && (e.At == withinSourceAt || e.At == withinDistortionAt)
		}):
			out = append(out, fmt.Sprintf("On %s no source or distortion has enough items to tell agreement within it.", d.Name))
			continue
		case len(against) > 0:
			out = append(out, fmt.Sprintf("On %s the agreement of %s has another sign within groups than overall: what holds overall does not hold within.", d.Name, strings.Join(against, ", ")))
		default:
			out = append(out, fmt.Sprintf("On %s the agreement of %s has the same sign overall and within groups.", d.Name, counted(len(held), len(d.Columns))))
		}
		if e := b.weakest(d); e != nil {
			v, lo, hi := e.oriented()
			out = append(out, fmt.Sprintf("Weakest of all metrics and distortions is %s on %s: %s (n = %s).", e.Metric, strings.TrimPrefix(e.At, distortionAt), ranged(v, lo, hi), plural(e.N, d.noun())))
		}
	}
	return strings.Join(out, " ")
}

// weakest is the distortion's estimate with the least agreement.
func (b *builder) weakest(d *judged) *Estimate {
	var least *Estimate
	for i := range b.f.Estimates {
		e := &b.f.Estimates[i]
		if e.Dataset != d.Name || !strings.HasPrefix(e.At, distortionAt) {
			continue
		}
		if least == nil || float64(e.Sign)*float64(e.Value) < float64(least.Sign)*float64(least.Value) {
			least = e
		}
	}
	return least
}

func showAgreementWithin(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		parts := []string{overallAt, withinSourceAt, withinDistortionAt}
		fig := &figure.Forest{X: figure.Axis{Label: "Spearman, oriented so that more is better agreement"}, Decimals: 2, References: []figure.Reference{{Label: "none", At: 0}}}
		t := Table{Name: "agreement-within-" + d.Name, Title: "Agreement overall and within groups, " + d.Name,
			Caption: fmt.Sprintf("Spearman's correlation with %s over all items, averaged within source and within distortion, with %s intervals; signs as the columns have them.", d.scale(), v.level()),
			Columns: []TableColumn{{Title: "metric"}}}
		var lists [][]*Estimate
		for _, p := range parts {
			list := f.on(d, SpearmanHuman, p)
			if len(present(list)) == 0 {
				continue
			}
			lists = append(lists, list)
			t.Columns = append(t.Columns, TableColumn{Title: p, Numeric: true})
		}
		if len(lists) < 2 {
			continue
		}
		var used []*Estimate
		for m := range d.Columns {
			row := TableRow{Metric: d.Columns[m].Label, Cells: []TableCell{{Text: d.Columns[m].Label + d.arrow(m)}}}
			for _, list := range lists {
				row.Cells = append(row.Cells, t.human(f, list[m], three))
			}
			t.Rows = append(t.Rows, row)
		}
		for _, list := range lists {
			for m, e := range list {
				if e == nil {
					continue
				}
				value, lo, hi := e.oriented()
				fig.Rows = append(fig.Rows, figure.Row{Label: d.Columns[m].Label, Family: d.family(m), Group: e.At, Value: value, Lo: lo, Hi: hi, Warning: v.simpson(f, e)})
				used = append(used, e)
			}
		}
		fig.About = v.aboutHuman(f, d, "agreement-within", "Agreement overall and within groups", "Spearman's correlation over all items, and averaged within source and within distortion", used)
		out.Figures, out.Tables = append(out.Figures, fig), append(out.Tables, t)
		if m, t := v.distortionMatrix(f, d); m != nil {
			out.Figures, out.Tables = append(out.Figures, m), append(out.Tables, t)
		}
	}
	return out, nil
}

func (v *View) simpson(f *Finding, e *Estimate) string {
	for _, w := range e.Warnings {
		if f.Warnings[w].Code == "simpson" {
			return f.Warnings[w].Detail
		}
	}
	return ""
}

// distortionMatrix shows every metric on every distortion.
func (v *View) distortionMatrix(f *Finding, d *judged) (*figure.Matrix, Table) {
	var names []string
	for i := range f.Estimates {
		if e := &f.Estimates[i]; e.Dataset == d.Name && strings.HasPrefix(e.At, distortionAt) && !slices.Contains(names, e.At) {
			names = append(names, e.At)
		}
	}
	if len(names) == 0 {
		return nil, Table{}
	}
	fig := &figure.Matrix{Scale: figure.Scale{Label: "Spearman, oriented", Low: -1, Mid: 0, High: 1, Diverging: true, Decimals: 2}}
	t := Table{Name: "agreement-distortions-" + d.Name, Title: "Agreement by distortion, " + d.Name,
		Caption: fmt.Sprintf("Spearman's correlation with %s within each distortion, with %s intervals; signs as the columns have them.", d.scale(), v.level()), Columns: []TableColumn{{Title: "distortion"}}}
	for m := range d.Columns {
		fig.Rows = append(fig.Rows, figure.Member{Label: d.Columns[m].Label, Family: d.family(m)})
		fig.Cells = append(fig.Cells, nil)
		t.Columns = append(t.Columns, TableColumn{Title: d.Columns[m].Label + d.arrow(m), Numeric: true})
	}
	var used []*Estimate
	for _, at := range names {
		name := strings.TrimPrefix(at, distortionAt)
		fig.Columns = append(fig.Columns, figure.Member{Label: name})
		row := TableRow{Cells: []TableCell{{Text: name}}}
		for m, e := range f.on(d, SpearmanHuman, at) {
			row.Cells = append(row.Cells, t.human(f, e, three))
			if e == nil {
				fig.Cells[m] = append(fig.Cells[m], figure.Cell{Value: nan})
				continue
			}
			value, lo, hi := e.oriented()
			fig.Cells[m] = append(fig.Cells[m], figure.Cell{Value: value, Lo: lo, Hi: hi})
			used = append(used, e)
		}
		t.Rows = append(t.Rows, row)
	}
	fig.About = v.aboutHuman(f, d, "agreement-distortions", "Agreement by distortion", "Spearman's correlation with "+d.scale()+" within each distortion; below 0 the metric orders against people", used)
	return fig, t
}

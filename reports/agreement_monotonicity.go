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
		Name:    "agreement-monotonicity",
		Version: 1,
		Doc:     "how often metrics, and people, find a stronger level of a distortion the better one: share of wrong steps, with Page's test beside it",
		Long: `Data sets whose distortions come at levels. Of each source and distortion with three levels or more: the share of steps to the
next level at which the metric's score says that the picture got better. People's ratings are held to the
same, since a level is what was done, and not what is seen: some distortions' levels are not in order of harm. Page's test of a trend
stands beside it and nearly always rejects.`,
		Source: "Page 1963; Wilson 1927, Rao and Scott 1992 for the intervals",
		Params: []registry.Param{judgedParam},
	}, Entry{Compute: agreementMonotonicity, Exhibit: showAgreementMonotonicity})
}

// series are one source's items of one distortion by level: places among the used items, weakest level first; several items of one
// level are averaged.
type series struct {
	cluster, group int
	at             [][]int
}

func (d *judged) series() []series {
	if d.level == nil || d.Cluster == nil {
		return nil
	}
	type key struct{ cluster, group int }
	by := map[key][]int{}
	var order []key
	for i := range d.items {
		k := key{d.cluster[i], 0}
		if d.group != nil {
			k.group = d.group[i]
		}
		if math.IsNaN(d.level[i]) {
			continue
		}
		if by[k] == nil {
			order = append(order, k)
		}
		by[k] = append(by[k], i)
	}
	var out []series
	for _, k := range order {
		rows := by[k]
		slices.SortStableFunc(rows, func(a, b int) int {
			switch {
			case d.level[a] < d.level[b]:
				return -1
			case d.level[a] > d.level[b]:
				return 1
			}
			return 0
		})
		s := series{cluster: k.cluster, group: k.group}
		for n, i := range rows {
			if n > 0 && d.level[i] == d.level[rows[n-1]] {
				s.at[len(s.at)-1] = append(s.at[len(s.at)-1], i)
			} else {
				s.at = append(s.at, []int{i})
			}
		}
		if len(s.at) >= stepsNeeded {
			out = append(out, s)
		}
	}
	return out
}

func (s *series) values(v []float64, sign float64) []float64 {
	out := make([]float64, len(s.at))
	for k, rows := range s.at {
		out[k] = sign * arithmeticMean(at(v, rows))
	}
	return out
}

func agreementMonotonicity(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement-monotonicity", "Do metrics get worse with the level of a distortion?", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	b.f.Method = append(b.f.Method, "Share of steps to the next level of a distortion, within source, at which a metric's score, or people's rating, says that the picture got better; over all sources; intervals are Wilson's with a design effect over sources. Equal scores are no wrong step.", pageSays)
	var answers []string
	for _, d := range list {
		if d.Choices() {
			continue
		}
		all := d.series()
		if len(all) == 0 {
			b.refuse("monotonicity on "+d.Name, "no source has three levels of a distortion, or levels are not known")
			continue
		}
		answers = append(answers, b.levels(d, all))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if b.f.Answer = strings.Join(answers, " "); b.f.Answer == "" {
		b.f.Answer = "No data set has distortions at three levels or more."
	}
	return b.f, nil
}

// levels are the estimates on one data set.
func (b *builder) levels(d *judged, all []series) string {
	set := b.setWarnings(d)
	var worst, people *Estimate
	one := func(label string, v []float64, sign float64, warnings []int) {
		put := func(where string, group int) *Estimate {
			hits, trials := make([]int, d.clusters), make([]int, d.clusters)
			blocks := map[int][][]float64{}
			for i := range all {
				s := &all[i]
				if group >= 0 && s.group != group {
					continue
				}
				x := s.values(v, sign)
				hits[s.cluster] += wrongSteps(x)
				trials[s.cluster] += len(x) - 1
				blocks[len(x)] = append(blocks[len(x)], x)
			}
			iv := stats.ClusterProportion(hits, trials, b.a.level)
			e := d.of(FallingSteps, label).from(iv)
			e.At, e.Warnings = where, slices.Clone(warnings)
			for _, w := range iv.Warnings {
				e.Warnings = append(e.Warnings, b.warn("interval", "%s: %s: %s", d.Name, FallingSteps, w))
			}
			b.add(e)
			if group >= 0 {
				return &e
			}
			most := 0 // Page's test takes series of one length: the commonest
			for n, list := range blocks {
				if len(list) > len(blocks[most]) || len(list) == len(blocks[most]) && n > most {
					most = n
				}
			}
			if t, err := stats.Monotonicity(blocks[most]); err == nil {
				p := d.of(PageTest, label)
				p.Value, p.Sources, p.Warnings = Number(t.P), len(blocks[most]), warnings
				b.add(p)
			}
			return &e
		}
		e := put("", -1)
		if label == ratersLabel {
			people = e
		} else if worst == nil || e.Value > worst.Value {
			worst = e
		}
		if d.group != nil && len(d.groups) > 1 {
			for g, name := range d.groups {
				if slices.ContainsFunc(all, func(s series) bool { return s.group == g }) {
					put(distortionAt+name, g)
				}
			}
		}
	}
	worse := -1. // a rating falls with harm
	if d.Lower {
		worse = 1
	}
	one(ratersLabel, d.rating, worse, set)
	for m := range d.Columns {
		sign := 1.
		if r, err := stats.Spearman(d.score[m], d.rating); err == nil {
			sign = d.taken(m, r)
		}
		one(d.Columns[m].Label, d.score[m], sign*worse, slices.Concat(set, b.judgedWarnings(d, m, sign)))
	}
	return fmt.Sprintf("On %s people rate the stronger level better at %s of the steps; of the metrics %s is wrong most often, at %s (n = %s).", d.Name, people.ranged(), worst.Metric, worst.ranged(), plural(worst.N, d.noun()))
}

func showAgreementMonotonicity(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		of := func(q Quantity, where, label string) *Estimate {
			for i := range f.Estimates {
				if e := &f.Estimates[i]; e.Dataset == d.Name && e.Quantity == q && e.At == where && e.Metric == label {
					return e
				}
			}
			return nil
		}
		labels, families := []string{ratersLabel}, []string{"human"}
		for m := range d.Columns {
			labels, families = append(labels, d.Columns[m].Label), append(families, d.family(m))
		}
		if of(FallingSteps, "", ratersLabel) == nil {
			continue
		}
		fig := &figure.Forest{X: figure.Axis{Label: "share of steps to a stronger level that are taken for better"}, Decimals: 2, Sort: true, Ascending: true, References: []figure.Reference{{Label: "never", At: 0}}}
		t := Table{Name: "agreement-monotonicity-" + d.Name, Title: "Do metrics get worse with the level of a distortion, " + d.Name,
			Caption: fmt.Sprintf("Share of steps to the next level of a distortion at which the picture is taken for better, with %s intervals, and p of Page's test of a trend, which nearly always rejects.", v.level()),
			Columns: []TableColumn{{Title: "metric"}, {Title: "wrong steps ↓", Numeric: true}, {Title: "p of Page's test", Numeric: true}}}
		var used []*Estimate
		for k, label := range labels {
			e := of(FallingSteps, "", label)
			if e == nil {
				continue
			}
			fig.Rows = append(fig.Rows, figure.Row{Label: label, Family: families[k], Value: float64(e.Value), Lo: float64(e.Low), Hi: float64(e.High), Warning: v.ownWarning(f, e)})
			used = append(used, e)
			p := missing
			if x := of(PageTest, "", label); x != nil {
				p = pCell(x.Value)
			}
			t.Rows = append(t.Rows, TableRow{Metric: label, Cells: []TableCell{{Text: label}, t.human(f, e, three), p}})
		}
		fig.About = v.aboutHuman(f, d, "agreement-monotonicity", "Do metrics get worse with the level of a distortion?", "Share of steps to the next level of a distortion, within source, at which people or a metric take the picture for better", used)
		out.Figures, out.Tables = append(out.Figures, fig), append(out.Tables, t)
		if x := v.levelTable(f, d, labels, of); len(x.Rows) > 0 {
			out.Tables = append(out.Tables, x)
		}
	}
	return out, nil
}

// levelTable shows wrong steps by distortion.
func (v *View) levelTable(f *Finding, d *judged, labels []string, of func(q Quantity, where, label string) *Estimate) Table {
	t := Table{Name: "agreement-monotonicity-distortions-" + d.Name, Title: "Wrong steps by distortion, " + d.Name,
		Caption: fmt.Sprintf("Share of steps to the next level at which the picture is taken for better, with %s intervals.", v.level()), Columns: []TableColumn{{Title: "distortion"}}}
	for _, l := range labels {
		t.Columns = append(t.Columns, TableColumn{Title: l, Numeric: true})
	}
	for _, name := range d.groups {
		row := TableRow{Cells: []TableCell{{Text: name}}}
		any := false
		for _, l := range labels {
			e := of(FallingSteps, distortionAt+name, l)
			any = any || e != nil
			row.Cells = append(row.Cells, t.human(f, e, three))
		}
		if any {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

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
		Name:    "agreement-krasula",
		Version: 1,
		Doc:     "can a metric tell pairs that people see as different from similar ones, and which of a different pair is better (Krasula et al. 2016)",
		Long: `All pairs of items of one source. Two ratings differ where z = (a-b)/sqrt(se_a^2+se_b^2) is beyond the two-sided normal
quantile. Different or similar: AUC of the absolute difference of scores. Better or worse: AUC of the signed difference
over the pairs that differ; correct: share of them that the metric orders rightly. No fit and no scale enters.`,
		Source: "Krasula, Fliegel, Le Callet and Klima 2016; Tukey 1958 for the intervals",
		Params: []registry.Param{judgedParam},
	}, Entry{Compute: agreementKrasula, Exhibit: showKrasula})
}

// The quantities of Krasula's analysis.
const (
	DifferentAUC Quantity = "different or similar, AUC"
	BetterAUC    Quantity = "better or worse, AUC"
	CorrectOrder Quantity = "correct order" // share of different pairs that the metric orders rightly
)

// maxPairs bounds the pairs of a data set without sources, where all items would be paired.
const maxPairs = 2_000_000

func agreementKrasula(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement-krasula", "Pairs that people tell apart", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	b.f.Method = append(b.f.Method, "Each unordered pair of items of one source once; ratings differ where z of their difference, from their standard errors, is beyond the two-sided 95 % quantile. Intervals and paired differences are the jackknife's t over sources, the latter adjusted by Holm over the pairs of metrics of one quantity.")
	total := 0
	for _, d := range list {
		total += len(d.Columns)
	}
	s := a.steps(total)
	var answers []string
	for _, d := range list {
		if d.Choices() {
			continue
		}
		if d.se == nil {
			b.refuse("Krasula's analysis of "+d.Name, "neither standard errors nor raw ratings are given, so that it is not known which ratings differ")
			s.done(len(d.Columns))
			continue
		}
		answer, err := b.krasula(ctx, d, s)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	if b.f.Answer = strings.Join(answers, " "); b.f.Answer == "" {
		b.f.Answer = "No data set says how sure its ratings are."
	}
	return b.f, nil
}

func (b *builder) krasula(ctx context.Context, d *judged, s *steps) (string, error) {
	set := b.setWarnings(d)
	better := 1.
	if d.Lower {
		better = -1
	}
	group := d.cluster
	if d.Cluster == nil {
		if n := len(d.items); n*(n-1)/2 > maxPairs {
			b.refuse("Krasula's analysis of "+d.Name, "no sources are known, and all %d items make more than %d pairs", n, maxPairs)
			return "", nil
		}
		group = nil
	}
	rating := make([]float64, len(d.rating))
	for i, v := range d.rating {
		rating[i] = better * v
	}
	var cluster []int
	for i := range rating {
		for j := i + 1; j < len(rating); j++ {
			if group == nil {
				cluster = append(cluster, 0)
			} else if group[i] == group[j] {
				cluster = append(cluster, group[i])
			}
		}
	}
	results := make([]*stats.KrasulaIntervals, len(d.Columns))
	apart, all := 0, 0
	for m := range d.Columns {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		sign := 1.
		if r, err := stats.Spearman(d.score[m], d.rating); err == nil {
			sign = d.taken(m, r)
		}
		score := make([]float64, len(d.items))
		for i, v := range d.score[m] {
			score[i] = sign * better * v
		}
		pairs, err := stats.KrasulaPairs(score, rating, d.se, group, .95)
		if err != nil {
			return "", fmt.Errorf("%s: %w", d.Name, err)
		}
		k, err := stats.KrasulaWithin(pairs, cluster, d.clusters, b.a.level)
		if err != nil {
			return "", fmt.Errorf("%s: %w", d.Name, err)
		}
		results[m], apart, all = k, k.Apart, k.Pairs
		warnings := slices.Concat(set, b.judgedWarnings(d, m, sign))
		for _, w := range k.Warnings {
			warnings = append(warnings, b.warn("pairs", "%s: %s", d.Name, w))
		}
		for _, q := range []struct {
			q  Quantity
			iv stats.Interval
		}{{DifferentAUC, k.DifferentIn}, {BetterAUC, k.BetterIn}, {CorrectOrder, k.CorrectIn}} {
			if math.IsNaN(q.iv.Value) {
				b.refuse(fmt.Sprintf("%s of %s on %s", q.q, d.Columns[m].Label, d.Name), "%d of %d pairs differ", k.Apart, k.Pairs)
				continue
			}
			e := d.of(q.q, d.Columns[m].Label).from(q.iv)
			e.Sources, e.Warnings = k.Pairs, warnings
			b.add(e)
		}
		s.done(1)
	}
	for at, q := range []Quantity{DifferentAUC, BetterAUC} {
		b.pairwise(d, q, 0, func(i, o int) (stats.Interval, float64, float64) {
			iv, p := results[i].Difference(results[o], b.a.level)
			return iv[at], p[at], nan
		})
	}
	best := func(q Quantity) *Estimate {
		var top *Estimate
		for _, e := range present(b.f.on(d, q, "")) {
			if top == nil || e.Value > top.Value {
				top = e
			}
		}
		return top
	}
	x, y := best(DifferentAUC), best(BetterAUC)
	if x == nil || y == nil {
		return fmt.Sprintf("On %s %d of %s differ, too few or too many to judge by.", d.Name, apart, plural(all, "pair")), nil
	}
	return fmt.Sprintf("On %s people tell %s of %s pairs apart; which differ is told best by %s, AUC %s, which is better by %s, AUC %s (n = %s).", d.Name, grouped(apart), grouped(all), x.Metric, x.ranged(), y.Metric, y.ranged(), plural(x.N, d.noun())), nil
}

func showKrasula(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		quantities := []Quantity{DifferentAUC, BetterAUC, CorrectOrder}
		t := Table{Name: "agreement-krasula-" + d.Name, Title: "Pairs that people tell apart, " + d.Name,
			Caption: fmt.Sprintf("Pairs of items of one source: telling different from similar ones, telling the better of a different pair (AUC), and share of different pairs ordered rightly, with %s intervals. ~: cannot be told from the best (Holm).", v.level()),
			Columns: []TableColumn{{Title: "metric"}, {Title: "different or similar ↑", Numeric: true}, {Title: "better or worse ↑", Numeric: true}, {Title: "correct order ↑", Numeric: true}}}
		fig := &figure.Forest{X: figure.Axis{Label: "AUC"}, Decimals: 2, References: []figure.Reference{{Label: "chance", At: .5}}, Sort: true}
		var lists [][]*Estimate
		var used []*Estimate
		for _, q := range quantities {
			lists = append(lists, f.on(d, q, ""))
		}
		for k, list := range lists[:2] {
			for m, e := range list {
				if e == nil {
					continue
				}
				value, lo, hi := float64(e.Value), float64(e.Low), float64(e.High)
				fig.Rows = append(fig.Rows, figure.Row{Label: d.Columns[m].Label, Family: d.family(m), Group: []string{"different or similar", "better or worse"}[k], Value: value, Lo: lo, Hi: hi, Warning: v.ownWarning(f, e)})
				used = append(used, e)
			}
		}
		if len(used) == 0 {
			continue
		}
		for m := range d.Columns {
			row := TableRow{Metric: d.Columns[m].Label, Cells: []TableCell{{Text: d.Columns[m].Label + d.arrow(m)}}}
			for k, list := range lists {
				c := t.human(f, list[m], three)
				if k < 2 && list[m] != nil {
					bold, ties := f.best(d, quantities[k], list)
					c.Bold, c.Tie = m == bold, ties[m]
				}
				row.Cells = append(row.Cells, c)
			}
			t.Rows = append(t.Rows, row)
		}
		fig.About = v.aboutHuman(f, d, "agreement-krasula", "Pairs that people tell apart", "Krasula's analysis of pairs of items of one source: can the metric tell pairs that people rate differently from those that they do not, and which of two is better", used)
		out.Figures, out.Tables = append(out.Figures, fig), append(out.Tables, t)
	}
	return out, nil
}

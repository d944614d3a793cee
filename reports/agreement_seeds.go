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
		Name:    "agreement-seeds",
		Version: 1,
		Doc:     "agreement of designs that were trained from several seeds: sources and seeds resampled at once, so that it holds for other seeds too",
		Long: `Metrics that differ in nothing but the training seed of their model are one design. A design's agreement is the mean over its seeds
of Spearman's correlation, through Fisher's z; its interval, and that of the difference between two designs, resamples sources and
seeds at once (the pigeonhole bootstrap), with few degrees of freedom where seeds are few. One seed alone says what one model
does; this says what the design does.`,
		Source: "Owen 2007; Fisher 1921; Holm 1979",
		Params: []registry.Param{judgedParam},
	}, Entry{Compute: agreementSeeds, Exhibit: showAgreementSeeds})
}

// SeedsRandom is the mean agreement over a design's seeds; Estimate.Metric is the design.
const SeedsRandom Quantity = "Spearman, seeds random"

// seedResamples are those of sources and seeds.
const seedResamples = 4000

// designs are the metrics of each design with two seeds or more, in the order of the columns.
func (d *judged) designs() (names []string, of [][]int) {
	for m, name := range d.Design {
		if name == "" {
			continue
		}
		k := slices.Index(names, name)
		if k < 0 {
			k = len(names)
			names, of = append(names, name), append(of, nil)
		}
		of[k] = append(of[k], m)
	}
	for k := len(names) - 1; k >= 0; k-- {
		if len(of[k]) < 2 {
			names, of = slices.Delete(names, k, k+1), slices.Delete(of, k, k+1)
		}
	}
	return names, of
}

func agreementSeeds(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement-seeds", "Agreement of designs over training seeds", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	b.f.Method = append(b.f.Method, "Mean over a design's seeds of Spearman's correlation, by Fisher's z. Sources and seeds are resampled at once (pigeonhole bootstrap, Owen 2007): t with its standard error, and the smaller number of sources and seeds less one as degrees of freedom; of a difference the seeds of both less two, or the sources less one if they are fewer, two-sided, adjusted by Holm over all pairs.")
	var answers []string
	for _, d := range list {
		names, of := d.designs()
		switch {
		case d.Choices():
			continue
		case len(names) == 0:
			b.refuse("agreement over seeds on "+d.Name, "no two metrics are of one design with different seeds")
			continue
		case d.clusters < 2:
			b.refuse("agreement over seeds on "+d.Name, "one %s only", d.noun())
			continue
		}
		answer, err := b.seeds(ctx, d, names, of)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	if b.f.Answer = strings.Join(answers, " "); b.f.Answer == "" {
		b.f.Answer = "No data set was scored by models of one design with different seeds."
	}
	return b.f, nil
}

func (b *builder) seeds(ctx context.Context, d *judged, names []string, of [][]int) (string, error) {
	set := b.setWarnings(d)
	score := make([][][]float64, len(names))
	sign := make([]float64, len(names))
	warnings := make([][]int, len(names))
	for k, list := range of {
		for _, m := range list {
			score[k] = append(score[k], d.score[m])
		}
		sign[k] = 1
		if r, err := stats.Spearman(score[k][0], d.rating); err == nil {
			sign[k] = d.taken(list[0], r)
		}
		warnings[k] = slices.Concat(set, b.judgedWarnings(d, list[0], sign[k]))
		if len(list) < fewClusters {
			warnings[k] = append(warnings[k], b.warn("few-seeds", "%s: %s of %s: what other seeds would do is uncertain", d.Name, plural(len(list), "seed"), names[k]))
		}
	}
	r := b.a.resampling(d)
	r.N = seedResamples
	c, err := stats.SpearmanOfDesigns(ctx, score, d.rating, d.cluster, d.clusters, r)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		b.refuse("agreement over seeds on "+d.Name, "%v", err)
		return "", nil
	}
	best := -1
	for k := range names {
		if math.IsNaN(c.Value[k]) {
			b.refuse(fmt.Sprintf("%s of %s on %s", SeedsRandom, names[k], d.Name), "the scores of one of its seeds have one value only")
			continue
		}
		e := d.of(SeedsRandom, names[k]).from(c.Interval(k, b.a.level))
		e.Sign, e.Warnings = int(sign[k]), warnings[k]
		b.add(e)
		if best < 0 || sign[k]*c.Value[k] > sign[best]*c.Value[best] {
			best = k
		}
	}
	if best < 0 {
		return "", nil
	}
	b.pairwiseOf(names, d, SeedsRandom, 0, func(i, o int) (stats.Interval, float64, float64) {
		iv, p := c.Difference(i, o, sign[i], sign[o], b.a.level)
		return iv, p, nan
	})
	iv := c.Interval(best, b.a.level)
	s := fmt.Sprintf("On %s the design that agrees best with people is %s, Spearman %s over %s and %s", d.Name, names[best], ranged(iv.Value, iv.Low, iv.High), plural(len(of[best]), "seed"), plural(d.clusters, d.noun()))
	told := 0
	for i := range b.f.Contrasts {
		x := &b.f.Contrasts[i]
		if x.Dataset == d.Name && (x.Metric == names[best] || x.Against == names[best]) && (x.Verdict == Above || x.Verdict == Below) {
			told++
		}
	}
	if len(names) > 1 {
		s += fmt.Sprintf("; it is told from %d of the %d others", told, len(names)-1)
	}
	return s + ".", nil
}

func showAgreementSeeds(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		names, of := d.designs()
		fig := &figure.Forest{X: figure.Axis{Label: "Spearman, oriented so that more is better agreement; mean over seeds"}, Decimals: 2, Sort: true, References: []figure.Reference{{Label: "none", At: 0}}}
		t := Table{Name: "agreement-seeds-" + d.Name, Title: "Agreement of designs over training seeds, " + d.Name,
			Caption: fmt.Sprintf("Mean over seeds of Spearman's correlation with %s, with %s intervals over sources and seeds.", d.scale(), v.level()),
			Columns: []TableColumn{{Title: "design"}, {Title: "seeds", Numeric: true}, {Title: "SRCC, seeds random", Numeric: true}}}
		var used []*Estimate
		for k, name := range names {
			for i := range f.Estimates {
				e := &f.Estimates[i]
				if e.Dataset != d.Name || e.Quantity != SeedsRandom || e.Metric != name {
					continue
				}
				value, lo, hi := e.oriented()
				fig.Rows = append(fig.Rows, figure.Row{Label: name, Family: d.family(of[k][0]), Value: value, Lo: lo, Hi: hi, Note: plural(len(of[k]), "seed")})
				t.Rows = append(t.Rows, TableRow{Metric: name, Cells: []TableCell{{Text: name + d.arrow(of[k][0])}, {Text: fmt.Sprint(len(of[k])), Value: float64(len(of[k]))}, t.human(f, e, three)}})
				used = append(used, e)
			}
		}
		if len(used) == 0 {
			continue
		}
		fig.About = v.aboutHuman(f, d, "agreement-seeds", "Agreement of designs over training seeds", "Mean over a design's seeds of Spearman's correlation with "+d.scale()+"; intervals hold for other sources and other seeds", used)
		out.Figures, out.Tables = append(out.Figures, fig), append(out.Tables, t)
		x := Table{Name: "agreement-seeds-differences-" + d.Name, Title: "Differences between designs, " + d.Name,
			Caption: fmt.Sprintf("Agreement of the first design less that of the second, over sources and seeds, with %s intervals (unadjusted); p adjusted by Holm over all pairs.", v.level()),
			Columns: []TableColumn{{Title: "design"}, {Title: "against"}, {Title: "difference", Numeric: true}, {Title: "p", Numeric: true}, {Title: "p, Holm", Numeric: true}, {Title: "verdict"}}}
		for i := range f.Contrasts {
			if c := &f.Contrasts[i]; c.Dataset == d.Name {
				x.Rows = append(x.Rows, TableRow{Metric: c.Metric, Cells: []TableCell{{Text: c.Metric}, {Text: c.Against}, {Text: bracketed(three, float64(c.Value), float64(c.Low), float64(c.High)), Value: float64(c.Value)},
					pCell(c.P), pCell(c.PHolm), {Text: string(c.Verdict)}}})
			}
		}
		if len(x.Rows) > 0 {
			out.Tables = append(out.Tables, x)
		}
	}
	return out, nil
}

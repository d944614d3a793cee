package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "agreement-raters",
		Version: 1,
		Doc:     "how well raters agree with each other: intraclass correlations, Krippendorff's alpha, Fleiss' kappa, split halves",
		Long: `From single raters' ratings. ICC(1), ICC(2) and ICC(3), of one rater and of the mean of all (raters drawn anew for each
item; raters random; raters fixed); Krippendorff's alpha on ordinal and interval scale, which allows missing ratings;
Fleiss' kappa where ratings take few values; the split half's correlation, stepped up by Spearman and Brown.`,
		Source: "Shrout and Fleiss 1979; McGraw and Wong 1996; Krippendorff 2011; Fleiss 1971; Spearman 1910; Brown 1910",
		Params: []registry.Param{judgedParam},
	}, Entry{Compute: agreementRaters, Exhibit: showAgreementRaters})
}

// RaterReliability is a coefficient of agreement between raters; its form stands in Estimate.At.
const RaterReliability Quantity = "rater reliability"

// fewCategories is the number of distinct ratings up to which Fleiss' kappa is taken.
const fewCategories = 11

func agreementRaters(_ context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement-raters", "Agreement between raters", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	b.f.Method = append(b.f.Method, "ICC intervals are McGraw and Wong's (1996), which take items as independent; the other coefficients have intervals from the jackknife over sources (t). Items that a rater left out are left out of ICC, kappa and split halves.")
	var answers []string
	for _, d := range list {
		if d.raw == nil {
			continue
		}
		answers = append(answers, b.raters(d))
	}
	if b.f.Answer = strings.Join(answers, " "); b.f.Answer == "" {
		b.f.Answer = "No data set gives single raters' ratings."
		b.refuse("agreement between raters", "no data set gives single raters' ratings")
	}
	return b.f, nil
}

func (b *builder) raters(d *judged) string {
	set := b.setWarnings(d)
	var complete [][]float64
	var cluster []int
	for i, r := range d.raw {
		if !slices.ContainsFunc(r, math.IsNaN) {
			complete, cluster = append(complete, r), append(cluster, d.cluster[i])
		}
	}
	if n := len(d.raw) - len(complete); n > 0 {
		set = append(set, b.warn("incomplete", "%s: %s lack a rater, and are left out of ICC, kappa and split halves", d.Name, plural(n, "item")))
	}
	put := func(form string, iv stats.Interval) {
		e := d.of(RaterReliability, ratersLabel).from(iv)
		e.At, e.Sources = form, len(complete)
		e.Warnings = slices.Clone(set)
		for _, w := range iv.Warnings {
			e.Warnings = append(e.Warnings, b.warn("interval", "%s: %s: %s", d.Name, form, w))
		}
		b.add(e)
	}
	answer := ""
	if forms, err := stats.ICCs(complete, b.a.level); err != nil {
		b.refuse("intraclass correlation of "+d.Name, "%v", err)
	} else {
		for _, f := range forms {
			put(f.Form, f.Interval)
			if f.Form == "ICC(2,1)" {
				answer = fmt.Sprintf("On %s one rater's reliability is ICC(2,1) %s", d.Name, ranged(f.Value, f.Low, f.High))
			}
			if f.Form == "ICC(2,k)" {
				answer += fmt.Sprintf(", that of the mean of %s ICC(2,k) %s.", plural(len(d.raw[0]), "rater"), ranged(f.Value, f.Low, f.High))
			}
		}
	}
	// Others by the jackknife over sources.
	jack := func(form string, raw [][]float64, cluster []int, of func(r [][]float64) (float64, error)) {
		whole, err := of(raw)
		if err != nil {
			b.refuse(form+" of "+d.Name, "%v", err)
			return
		}
		j := &stats.Joint{Value: []float64{whole}, Leave: [][]float64{nil}}
		for c := range d.clusters {
			var rest [][]float64
			for i, r := range raw {
				if cluster[i] != c {
					rest = append(rest, r)
				}
			}
			if len(rest) == len(raw) {
				continue
			}
			v, err := of(rest)
			if err != nil {
				v = nan
			}
			j.Leave[0] = append(j.Leave[0], v)
			j.Clusters++
		}
		iv := j.Interval(0, b.a.level)
		iv.High = min(1, iv.High)
		put(form, iv)
	}
	if d.clusters <= 400 {
		for _, l := range []stats.AlphaLevel{stats.Ordinal, stats.Metrical} {
			jack("Krippendorff's alpha, "+string(l), d.raw, d.cluster, func(r [][]float64) (float64, error) { return stats.KrippendorffAlpha(r, l) })
		}
	}
	var categories []float64
	for _, r := range complete {
		for _, v := range r {
			if !slices.Contains(categories, v) && len(categories) <= fewCategories {
				categories = append(categories, v)
			}
		}
	}
	if len(categories) <= fewCategories {
		slices.Sort(categories)
		jack("Fleiss' kappa", complete, cluster, func(r [][]float64) (float64, error) {
			count := make([][]int, len(r))
			for i, row := range r {
				count[i] = make([]int, len(categories))
				for _, v := range row {
					k, _ := slices.BinarySearch(categories, v)
					count[i][k]++
				}
			}
			return stats.FleissKappa(count)
		})
	} else {
		b.refuse("Fleiss' kappa of "+d.Name, "ratings take more than %d values", fewCategories)
	}
	if half, full, err := stats.SplitHalf(complete, 200, b.a.in.Experiment.Seed); err != nil {
		b.refuse("split halves of "+d.Name, "%v", err)
	} else {
		for _, x := range []struct {
			form string
			v    float64
		}{{"split half", half}, {"split half, stepped up (Spearman-Brown)", full}} {
			e := d.of(RaterReliability, ratersLabel)
			e.At, e.Value, e.Sources, e.Warnings = x.form, Number(x.v), len(complete), set
			b.add(e)
		}
	}
	return answer
}

func showAgreementRaters(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		t := Table{Name: "agreement-raters-" + d.Name, Title: "Agreement between raters, " + d.Name, Caption: fmt.Sprintf("Reliability of the ratings, with %s intervals.", v.level()),
			Columns: []TableColumn{{Title: "coefficient"}, {Title: "value", Numeric: true}, {Title: "interval"}}}
		for i := range f.Estimates {
			if e := &f.Estimates[i]; e.Dataset == d.Name {
				method := e.Method
				if method == "none" {
					method = "none given"
				}
				t.Rows = append(t.Rows, TableRow{Cells: []TableCell{{Text: e.At}, t.human(f, e, three), {Text: method}}})
			}
		}
		if len(t.Rows) > 0 {
			out.Tables = append(out.Tables, t)
		}
	}
	return out, nil
}

package stats_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"probity/stats"
)

// TestAgreementAgainstOracles holds what R's psych, pROC, psyphy and boot, and numpy, scipy, pandas, scikit-learn and statsmodels say
// (testdata/stats/agreement.py).
func TestAgreementAgainstOracles(t *testing.T) {
	g := load(t)
	data, err := os.ReadFile("../testdata/stats/agreement.json")
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		Williams, Fisher, DeLong, DPrime, Halves, Krasula, Simpson, Range []float64
		ICC                                                               []struct{ Value, F, P, Low, High float64 }
		Psychometric                                                      struct {
			X                             []float64
			Hits, N                       []int
			Threshold, Scale, Deviance, P float64
			DF                            float64
		}
		Lapse      struct{ Threshold, Scale, Lapse, Deviance float64 }
		Boot       struct{ Values, Stud, BCa, Perc []float64 }
		Forms      map[string][]float64 `json:"fisher_forms"`
		Difference struct{ Value, Low, High, P, Equivalent float64 }
		Proportion struct {
			Hits, Trials []int
			Interval     []float64
		}
	}
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	w := must[stats.Comparison](t)(stats.Williams(.6, .45, .3, 40))
	near(t, "psych, williams", w.Statistic, o.Williams[0], 1e-12)
	near(t, "psych, williams p", w.P, o.Williams[1], 1e-10)
	f := stats.FisherInterval(g.Pearson, len(g.X), stats.FisherPearson, .95)
	near(t, "psych, fisher low", f.Low, o.Fisher[0], 1e-12)
	near(t, "psych, fisher high", f.High, o.Fisher[1], 1e-12)
	for form, want := range o.Forms {
		r := g.Spearman
		if form == string(stats.FisherKendallTau) {
			r = g.Kendall
		}
		f := stats.FisherInterval(r, len(g.X), stats.FisherForm(form), .95)
		near(t, form+" low", f.Low, want[0], 1e-12)
		near(t, form+" high", f.High, want[1], 1e-12)
	}
	for i, v := range must[[]stats.ICC](t)(stats.ICCs(g.Ratings, .95)) {
		for k, pair := range [][2]float64{{v.Value, o.ICC[i].Value}, {v.F, o.ICC[i].F}, {v.P, o.ICC[i].P}, {v.Low, o.ICC[i].Low}, {v.High, o.ICC[i].High}} {
			near(t, "psych, "+v.Form+[]string{"", " F", " p", " low", " high"}[k], pair[0], pair[1], 1e-9)
		}
	}
	half, full, err := stats.SplitHalf(g.Ratings, 40_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "split half", half, o.Halves[0], 1e-3) // splits are drawn at random, of three that there are
	near(t, "Spearman-Brown", full, o.Halves[1], 1e-3)
	plus := func(x []float64, d float64) (out []float64) {
		for _, v := range x {
			out = append(out, v+d)
		}
		return out
	}
	nx, px, nz, pz := g.X[:30], plus(g.Y[30:], 1), g.Z[:30], plus(g.Z[30:], .5)
	auc, cov, err := stats.DeLong([][]float64{nx, nz}, [][]float64{px, pz})
	if err != nil {
		t.Fatal(err)
	}
	c := must[stats.Comparison](t)(stats.CompareAUC(nx, px, nz, pz))
	for i, v := range []float64{auc[0], auc[1], cov[0][0], cov[1][1], cov[0][1], c.Statistic, c.P} {
		near(t, "pROC, delong", v, o.DeLong[i], 1e-12)
	}
	for i, a := range []float64{.8, .55} {
		d, _ := stats.DPrime(a)
		near(t, "d'", d, o.DPrime[i], 1e-12)
	}
	var points []stats.PsychometricPoint
	for i, x := range o.Psychometric.X {
		points = append(points, stats.PsychometricPoint{X: x, Hits: float64(o.Psychometric.Hits[i]), N: float64(o.Psychometric.N[i])})
	}
	p := must[stats.Psychometric](t)(stats.FitPsychometric(points, .5, 0))
	for i, v := range [][2]float64{{p.Threshold, o.Psychometric.Threshold}, {p.Scale, o.Psychometric.Scale}, {p.Deviance, o.Psychometric.Deviance}, {p.DF, o.Psychometric.DF}, {p.P, o.Psychometric.P}} {
		near(t, "psyphy, "+[]string{"threshold", "scale", "deviance", "df", "p"}[i], v[0], v[1], 1e-5)
	}
	p = must[stats.Psychometric](t)(stats.FitPsychometric(points, .5, .06))
	for i, v := range [][2]float64{{p.Threshold, o.Lapse.Threshold}, {p.Scale, o.Lapse.Scale}, {p.Lapse, o.Lapse.Lapse}, {p.Deviance, o.Lapse.Deviance}} {
		near(t, "with a lapse, "+[]string{"threshold", "scale", "lapse", "deviance"}[i], v[0], v[1], 1e-3)
	}
	var single [][]float64
	for _, v := range o.Boot.Values {
		single = append(single, []float64{v})
	}
	m, drawn := stats.NewMean(single), stats.Draw(stats.Resampling{Seed: 1, N: 50_000}, len(single))
	for name, v := range map[string]struct {
		iv   stats.Interval
		want []float64
		tol  float64
	}{"bootstrap-t": {m.BootstrapT(drawn, .95), o.Boot.Stud, .006}, "BCa": {m.BCa(drawn, .95), o.Boot.BCa, .003}, "percentile": {m.Percentile(drawn, .95), o.Boot.Perc, .003}} {
		near(t, "boot, "+name+" low", v.iv.Low, v.want[0], v.tol) // Monte Carlo error of 50,000 resamples in either program
		near(t, "boot, "+name+" high", v.iv.High, v.want[1], v.tol)
	}
	cluster := make([]int, len(g.X))
	se := make([]float64, len(g.X))
	for i := range cluster {
		cluster[i], se[i] = i/5, .5
	}
	j, err := stats.Correlations(context.Background(), stats.SRCC, [][]float64{g.X, g.Z}, g.Y, cluster, 12, stats.Resampling{})
	if err != nil {
		t.Fatal(err)
	}
	d, pd := j.Difference(0, 1, 1, 1, .95)
	for i, v := range [][2]float64{{d.Value, o.Difference.Value}, {d.Low, o.Difference.Low}, {d.High, o.Difference.High}, {pd, o.Difference.P}, {j.Equivalent(0, 1, 1, 1, .25), o.Difference.Equivalent}} {
		near(t, "difference, "+[]string{"value", "low", "high", "p", "p of equivalence"}[i], v[0], v[1], 1e-9)
	}
	pairs := must[[]stats.KrasulaPair](t)(stats.KrasulaPairs(g.X, g.Y, se, cluster, .95))
	k := must[stats.Krasula](t)(stats.AnalyseKrasula(pairs))
	for i, v := range []float64{k.Different, k.Better, k.Correct, float64(k.Pairs), float64(k.Apart)} {
		near(t, "krasula", v, o.Krasula[i], 1e-12)
	}
	s := must[stats.Simpson](t)(stats.GuardSimpson(g.X, g.Y, []string{"source"}, [][]int{cluster}))
	near(t, "overall", s.Overall, o.Simpson[0], 1e-12)
	near(t, "within source", s.Within["source"], o.Simpson[1], 1e-12)
	for i, v := range must[[]stats.RangePart](t)(stats.PartialRange(g.X, g.Y, 4)) {
		near(t, "partial range", v.Spearman, o.Range[i], 1e-12)
	}
	q := stats.ClusterProportion(o.Proportion.Hits, o.Proportion.Trials, .95)
	near(t, "proportion low", q.Low, o.Proportion.Interval[0], 1e-10)
	near(t, "proportion high", q.High, o.Proportion.Interval[1], 1e-10)
}

// TestHalfJackknife is the standard error of a mean where the statistic is one, and lies between the infinitesimal jackknife and that
// which leaves clusters out whole where it is not.
func TestHalfJackknife(t *testing.T) {
	x := noise(8, "half")
	mean := func(w []float64) float64 {
		var s, n float64
		for i, v := range x {
			s, n = s+w[i]*v, n+w[i]
		}
		return s / n
	}
	weighted := func(f func(w []float64) float64, c int, v float64) float64 {
		w := []float64{1, 1, 1, 1, 1, 1, 1, 1}
		w[c] = v
		return f(w)
	}
	half := make([]float64, len(x))
	single := make([][]float64, len(x))
	for c := range x {
		half[c], single[c] = weighted(mean, c, .5), []float64{x[c]}
	}
	near(t, "of a mean", stats.HalfJackknife(weighted(mean, 0, 1), half), stats.NewMean(single).SE(), 1e-12)
	// A slope through the origin, in which clusters have leverage.
	a, y := noise(8, "a"), noise(8, "y")
	slope := func(w []float64) float64 {
		var xy, xx float64
		for i := range a {
			xy, xx = xy+w[i]*a[i]*y[i], xx+w[i]*a[i]*a[i]
		}
		return xy / xx
	}
	b := weighted(slope, 0, 1)
	se := func(left float64) float64 { // of clusters counted so much
		k := float64(len(x))
		var m, ss float64
		influence := make([]float64, len(x))
		for c := range influence {
			influence[c] = (k - 1 + left) / (1 - left) * (b - weighted(slope, c, left))
			m += influence[c] / k
		}
		for _, v := range influence {
			ss += (v - m) * (v - m)
		}
		return math.Sqrt(ss / k / (k - 1))
	}
	for c := range half {
		half[c] = weighted(slope, c, .5)
	}
	got := stats.HalfJackknife(b, half)
	near(t, "of a slope", got, se(.5), 1e-12)
	if !(se(.9999) < got && got < se(0)) {
		t.Errorf("standard error of a slope %v, infinitesimal jackknife %v, jackknife %v", got, se(.9999), se(0))
	}
}

// Seeds widen the interval of a design that varies between them, and are no source of difference between designs that do not.
func TestSpearmanOfDesigns(t *testing.T) {
	x, y, cluster := sample(30, 6, 1, 11)
	same, varied := make([][]float64, 4), make([][]float64, 4)
	for k := range same {
		same[k] = x[0]
		e := noise(len(y), "seed"+string(rune('a'+k)))
		varied[k] = make([]float64, len(y))
		for i := range y {
			varied[k][i] = x[0][i] + float64(k)*e[i]
		}
	}
	c, err := stats.SpearmanOfDesigns(context.Background(), [][][]float64{same, varied}, y, cluster, 30, stats.Resampling{Seed: 5, N: 1000})
	if err != nil {
		t.Fatal(err)
	}
	want := must[float64](t)(stats.Spearman(x[0], y))
	var z float64
	for _, v := range varied {
		z += math.Atanh(must[float64](t)(stats.Spearman(v, y))) / 4
	}
	near(t, "seeds that agree", c.Value[0], want, 1e-12)
	near(t, "seeds that differ", c.Value[1], math.Tanh(z), 1e-12)
	a, b := c.Interval(0, .95), c.Interval(1, .95)
	if !(a.Low < a.Value && a.Value < a.High) || b.DF != 3 || !(b.High-b.Low > 1.5*(a.High-a.Low)) {
		t.Errorf("%+v\n%+v", a, b)
	}
	iv, p := c.Difference(0, 1, 1, 1, .95)
	back, q := c.Difference(1, 0, 1, 1, .95)
	if iv.DF != 6 || (p < .05) != (iv.Low > 0 || iv.High < 0) || math.Abs(back.Low+iv.High) > 1e-12 || math.Abs(p-q) > 1e-12 {
		t.Errorf("%+v, p %v, turned round %+v, p %v", iv, p, back, q)
	}
	if _, err := stats.SpearmanOfDesigns(context.Background(), [][][]float64{{x[0]}}, y, cluster, 30, stats.Resampling{}); err == nil {
		t.Error("a design of one seed was taken")
	}
}

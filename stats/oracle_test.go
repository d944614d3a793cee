package stats_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"probity/stats"
)

type goldens struct {
	X, Y, Z                                                    []float64
	Pearson, Spearman, Kendall, AUC, Kappa, Power              float64
	Fisher, Ranks, Slope, P, Holm, BH, Williams, Steiger, Meng []float64
	Delong, ICC, Alpha, Page, T, TOST                          []float64
	IsoY                                                       []float64 `json:"iso_y"`
	IsoW                                                       []float64 `json:"iso_w"`
	Iso                                                        []float64
	Wilson, Fit, Ratings                                       [][]float64
	AlphaRatings                                               [][]*float64 `json:"alpha_ratings"`
	Counts                                                     [][]int
	FitX                                                       []float64   `json:"fit_x"`
	FitY                                                       []float64   `json:"fit_y"`
	ICCInterval                                                [][]float64 `json:"icc_ci"`
	BCaSpearman                                                []float64   `json:"bca_spearman"`
}

func load(t testing.TB) goldens {
	t.Helper()
	b, err := os.ReadFile("../testdata/stats/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// near compares with an oracle's number, relative to 1 or its size.
func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*max(1, math.Abs(want))) {
		t.Errorf("%s: %.15g, the oracle says %.15g", what, got, want)
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestAgainstOracles(t *testing.T) {
	g := load(t)
	num := must[float64](t)
	near(t, "pearson", num(stats.Pearson(g.X, g.Y)), g.Pearson, 1e-13)
	near(t, "spearman", num(stats.Spearman(g.X, g.Y)), g.Spearman, 1e-13)
	near(t, "kendall", num(stats.Kendall(g.X, g.Y)), g.Kendall, 1e-13)
	near(t, "auc", num(stats.AUC(g.X, g.Y)), g.AUC, 1e-13)
	near(t, "kappa", num(stats.FleissKappa(g.Counts)), g.Kappa, 1e-12)
	for i, r := range stats.MidRanks(g.X) {
		near(t, "rank", r, g.Ranks[i], 0)
	}
	f := stats.FisherInterval(g.Pearson, len(g.X), stats.FisherPearson, .95)
	near(t, "fisher low", f.Low, g.Fisher[0], 1e-12)
	near(t, "fisher high", f.High, g.Fisher[1], 1e-12)
	l := must[stats.Line](t)(stats.Regress(g.X, g.Y, .95))
	for i, v := range []float64{l.Slope.Value, l.Slope.Low, l.Slope.High, l.Intercept, l.P, l.R2} {
		near(t, "slope", v, g.Slope[i], 1e-10)
	}
	for i, c := range [][2]int{{0, 9}, {3, 10}, {48, 50}} {
		w := stats.Wilson(c[0], c[1], .95)
		near(t, "wilson low", w.Low, g.Wilson[i][0], 1e-12)
		near(t, "wilson high", w.High, g.Wilson[i][1], 1e-12)
	}
	vec := must[[]float64](t)
	for i, v := range vec(stats.Holm(g.P)) {
		near(t, "holm", v, g.Holm[i], 1e-14)
	}
	for i, v := range vec(stats.BenjaminiHochberg(g.P)) {
		near(t, "benjamini-hochberg", v, g.BH[i], 1e-14)
	}
	for i, v := range stats.Isotonic(g.IsoY, g.IsoW) {
		near(t, "isotonic", v, g.Iso[i], 1e-12)
	}
	type test func(a, b, c float64, n int) (stats.Comparison, error)
	for name, c := range map[string]struct {
		f    test
		want []float64
	}{"williams": {stats.Williams, g.Williams}, "steiger": {stats.Steiger, g.Steiger}, "meng": {stats.Meng, g.Meng}} {
		r := must[stats.Comparison](t)(c.f(.6, .45, .3, 40))
		near(t, name, r.Statistic, c.want[0], 1e-12)
		near(t, name+" p", r.P, c.want[1], 1e-10)
	}
	plus := func(x []float64, d float64) []float64 {
		out := slices.Clone(x)
		for i := range out {
			out[i] += d
		}
		return out
	}
	auc, cov, err := stats.DeLong([][]float64{g.X[:30], g.Z[:30]}, [][]float64{plus(g.Y[30:], 1), plus(g.Z[30:], .5)})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []float64{auc[0], auc[1], cov[0][0], cov[1][1], cov[0][1]} {
		near(t, "delong", v, g.Delong[i], 1e-13)
	}
	icc := must[[]stats.ICC](t)(stats.ICCs(g.Ratings, .95))
	for i, v := range icc {
		near(t, v.Form, v.Value, g.ICC[i], 1e-12)
		digits(t, v.Form+" low", v.Low, g.ICCInterval[i][0], 2)
		digits(t, v.Form+" high", v.High, g.ICCInterval[i][1], 2)
	}
	table := make([][]float64, len(g.AlphaRatings))
	for i, r := range g.AlphaRatings {
		for _, v := range r {
			if v == nil {
				table[i] = append(table[i], math.NaN())
			} else {
				table[i] = append(table[i], *v)
			}
		}
	}
	for i, level := range []stats.AlphaLevel{stats.Nominal, stats.Ordinal, stats.Metrical} {
		near(t, "alpha "+string(level), num(stats.KrippendorffAlpha(table, level)), g.Alpha[i], 1e-12)
	}
	trend := must[stats.Trend](t)(stats.Monotonicity(g.Ratings))
	near(t, "page L", trend.L, g.Page[0], 1e-12)
	near(t, "page p", trend.P, g.Page[1], 1e-9)
	single := make([][]float64, len(g.X))
	for i, v := range g.X {
		single[i] = []float64{v}
	}
	ti := stats.NewMean(single).T(.95)
	near(t, "t low", ti.Low, g.T[0], 1e-10)
	near(t, "t high", ti.High, g.T[1], 1e-10)
	eq := must[stats.Equivalence](t)(stats.TOST(g.TOST[0], g.TOST[1], g.TOST[2], .5, .05))
	near(t, "tost", eq.P, g.TOST[3], 1e-9)
	d := stats.DetectableDifference(stats.PowerAssumption{Clusters: 24, Draws: 1e9, Between: .1, Correlation: .5}, .5)
	near(t, "power", d/.1, g.Power, 1e-3) // quantiles of 400 points stand for the integral
}

func TestLogisticFits(t *testing.T) {
	g := load(t)
	for i, fit := range []func(x, y []float64) (stats.LogisticFit, error){stats.FitLogistic4, stats.FitLogistic5} {
		f := must[stats.LogisticFit](t)(fit(g.FitX, g.FitY))
		near(t, "rmse", f.RMSEPlain, g.Fit[i][0], 1e-7)
		near(t, "pearson", f.Pearson, g.Fit[i][1], 1e-7)
		if !f.Converged {
			t.Errorf("fit %d: %v", i, f.Warnings)
		}
		for j, x := range g.FitX { // the parameters, as printed, give the fitted values
			b := f.Parameters
			v := 0.
			if i == 0 {
				v = (b[0]-b[1])/(1+math.Exp(-(x-b[2])/b[3])) + b[1]
			} else {
				v = b[0]*(.5-1/(1+math.Exp(b[1]*(x-b[2])))) + b[3]*x + b[4]
			}
			near(t, "curve", v, f.Fitted[j], 1e-8)
		}
	}
	line := []float64{1, 2, 3, 4, 5, 6, 7, 8}
	if f, err := stats.FitLogistic4(line, line); err != nil || f.Converged {
		t.Errorf("a straight line has its 4-parameter optimum at infinity: converged %v, %v", f.Converged, err)
	}
}

func TestBCaSpearmanNearScipy(t *testing.T) {
	g := load(t)
	iv := must[stats.Interval](t)(stats.CorrelationInterval(context.Background(), stats.SRCC, g.X, g.Y, nil, .95, stats.Resampling{Seed: 3, N: 4000}))
	near(t, "value", iv.Value, g.Spearman, 1e-12)
	near(t, "low", iv.Low, g.BCaSpearman[0], .02) // Monte Carlo error of 4,000 resamples in either program
	near(t, "high", iv.High, g.BCaSpearman[1], .01)
}

func TestUndefinedIsSaid(t *testing.T) {
	for name, err := range map[string]error{
		"constant": second(stats.Spearman([]float64{1, 1, 1}, []float64{1, 2, 3})),
		"auc":      second(stats.AUC(nil, []float64{1})),
		"kappa":    second(stats.FleissKappa([][]int{{3, 0}, {3, 0}})),
		"alpha":    second(stats.KrippendorffAlpha([][]float64{{1, 1}, {1, 1}}, stats.Nominal)),
	} {
		if !errors.Is(err, stats.ErrUndefined) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := stats.Pearson([]float64{1, 2}, []float64{1, 2, 3}); err == nil {
		t.Error("different lengths were taken")
	}
	if _, ok := stats.DPrime(1); ok {
		t.Error("d' of an AUC of 1")
	}
}

func second(_ float64, err error) error { return err }

package stats_test

import (
	"context"
	"math"
	"testing"

	"probity/internal/stream"
	"probity/stats"
)

// sample makes ratings and metrics that follow them with noise, in clusters that shift both.
func sample(clusters, rows, metrics int, seed uint64) (x [][]float64, y []float64, cluster []int) {
	s := stream.Key{Seed: seed, Step: "test"}.Open()
	x = make([][]float64, metrics)
	for c := range clusters {
		shift := s.Norm()
		for range rows {
			v := s.Norm()
			y = append(y, v+.5*shift)
			cluster = append(cluster, c)
			for m := range x {
				x[m] = append(x[m], math.Round(4*(v+float64(m+1)*.4*s.Norm()+.3*shift))/4)
			}
		}
	}
	return x, y, cluster
}

// All metrics in one pass give the same values and, before the correction for the number of clusters, the same resamples
// as each coefficient on its own.
func TestCorrelationsJointly(t *testing.T) {
	x, y, cluster := sample(24, 7, 3, 5)
	ctx := context.Background()
	r := stats.Resampling{Seed: 3, N: 400}
	for _, c := range []struct {
		name stats.Correlation
		one  func(a, b []float64) (float64, error)
	}{{stats.SRCC, stats.Spearman}, {stats.PLCC, stats.Pearson}, {stats.KRCC, stats.Kendall}} {
		j, err := stats.Correlations(ctx, c.name, x, y, cluster, 24, r)
		if err != nil {
			t.Fatal(err)
		}
		for m := range x {
			want, _ := c.one(x[m], y)
			if math.Abs(j.Value[m]-want) > 1e-12 {
				t.Errorf("%s of metric %d is %v, want %v", c.name, m, j.Value[m], want)
			}
			// The laws of a resample and of the jackknife: recompute on rows drawn by hand.
			w := make([]float64, 24)
			r.Draw(17, w)
			var a, b []float64
			for i, k := range cluster {
				for range int(w[k]) {
					a, b = append(a, x[m][i]), append(b, y[i])
				}
			}
			if want, _ = c.one(a, b); math.Abs(j.Replicates[m][17]-want) > 1e-12 {
				t.Errorf("%s of metric %d in resample 17 is %v, want %v", c.name, m, j.Replicates[m][17], want)
			}
			a, b = nil, nil
			for i, k := range cluster {
				if k != 5 {
					a, b = append(a, x[m][i]), append(b, y[i])
				}
			}
			if want, _ = c.one(a, b); math.Abs(j.Leave[m][5]-want) > 1e-12 {
				t.Errorf("%s of metric %d without cluster 5 is %v, want %v", c.name, m, j.Leave[m][5], want)
			}
		}
		iv, p := j.Difference(0, 2, 1, 1, .95)
		if (p < .05) != (iv.Low > 0 || iv.High < 0) {
			t.Errorf("%s: p %v disagrees with the interval %v to %v", c.name, p, iv.Low, iv.High)
		}
		back, q := j.Difference(2, 0, 1, 1, .95)
		if math.Abs(back.Value+iv.Value) > 1e-15 || math.Abs(p-q) > 1e-9 {
			t.Errorf("%s: the difference is %v (p %v), turned round %v (p %v)", c.name, iv.Value, p, back.Value, q)
		}
	}
}

// Kendall's jackknife beyond the clusters that are resampled is that of tau-b.
func TestKendallOfManyClusters(t *testing.T) {
	x, y, _ := sample(700, 1, 1, 9)
	j, err := stats.Correlations(context.Background(), stats.KRCC, x, y, nil, 0, stats.Resampling{})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := stats.Kendall(x[0], y)
	without, _ := stats.Kendall(append(append([]float64{}, x[0][:99]...), x[0][100:]...), append(append([]float64{}, y[:99]...), y[100:]...))
	if math.Abs(j.Value[0]-want) > 1e-12 || math.Abs(j.Leave[0][99]-without) > 1e-12 {
		t.Errorf("tau-b %v and %v without row 99, want %v and %v", j.Value[0], j.Leave[0][99], want, without)
	}
	if iv := j.Interval(0, .95); !(iv.Low < want && want < iv.High) || j.Replicates != nil {
		t.Errorf("interval %v to %v by %s", iv.Low, iv.High, iv.Method)
	}
}

// Two equally good metrics are told apart in no more than 5 % of runs.
func TestDifferenceIsCalibrated(t *testing.T) {
	runs := 400
	for _, k := range []int{9, 25} {
		rejected := 0
		for run := range runs {
			s := stream.Key{Seed: uint64(run), Step: "test", Purpose: "calibration"}.Open()
			var a, b, y []float64
			var cluster []int
			for c := range k {
				u, v := s.Norm(), s.Norm()
				for range 6 {
					z := s.Norm()
					y, cluster = append(y, z), append(cluster, c)
					a, b = append(a, z+.6*s.Norm()+.6*u), append(b, z+.6*s.Norm()+.6*v)
				}
			}
			j, err := stats.Correlations(context.Background(), stats.SRCC, [][]float64{a, b}, y, cluster, k, stats.Resampling{Seed: uint64(run), N: 400})
			if err != nil {
				t.Fatal(err)
			}
			if _, p := j.Difference(0, 1, 1, 1, .95); p < .05 {
				rejected++
			}
		}
		// Never more than 5 % by three standard errors; at few clusters the jackknife errs on the safe side.
		if share := float64(rejected) / float64(runs); share > .05+3*math.Sqrt(.05*.95/float64(runs)) || share < .01 {
			t.Errorf("%d clusters: %.1f %% of equal metrics are told apart at 5 %%", k, 100*share)
		} else {
			t.Logf("%d clusters: %.1f %% rejected", k, 100*share)
		}
	}
}

// Krasula's numbers without a cluster are those of the other clusters' pairs.
func TestKrasulaWithin(t *testing.T) {
	x, y, cluster := sample(6, 8, 1, 2)
	se := make([]float64, len(y))
	for i := range se {
		se[i] = .4
	}
	pairs, err := stats.KrasulaPairs(x[0], y, se, cluster, .95)
	if err != nil {
		t.Fatal(err)
	}
	of := make([]int, 0, len(pairs))
	for c := range 6 {
		for range 8 * 7 / 2 {
			of = append(of, c)
		}
	}
	k, err := stats.KrasulaWithin(pairs, of, 6, .95)
	if err != nil {
		t.Fatal(err)
	}
	// Tukey's jackknife, by hand.
	for q, get := range []func(k stats.Krasula) float64{func(k stats.Krasula) float64 { return k.Different }, func(k stats.Krasula) float64 { return k.Better }, func(k stats.Krasula) float64 { return k.Correct }} {
		var leave []float64
		for c := range 6 {
			var rest []stats.KrasulaPair
			for i, p := range pairs {
				if of[i] != c {
					rest = append(rest, p)
				}
			}
			one, err := stats.AnalyseKrasula(rest)
			if err != nil {
				t.Fatal(err)
			}
			leave = append(leave, get(one))
		}
		var m, ss float64
		for _, v := range leave {
			m += v / 6
		}
		for _, v := range leave {
			ss += (v - m) * (v - m)
		}
		const t5 = 2.570581835636314 // scipy.stats.t.ppf(.975, 5)
		h := t5 * math.Sqrt(ss*5/6)
		iv := []stats.Interval{k.DifferentIn, k.BetterIn, k.CorrectIn}[q]
		if math.Abs(iv.Low-max(0, get(k.Krasula)-h)) > 1e-9 || math.Abs(iv.High-min(1, get(k.Krasula)+h)) > 1e-9 {
			t.Errorf("number %d: %v to %v, want %v -+ %v", q, iv.Low, iv.High, get(k.Krasula), h)
		}
	}
}

// A perfect metric reaches the ceiling: simulated ratings of a known truth correlate with it as the ceiling says.
func TestCeilingFromErrors(t *testing.T) {
	s := stream.Key{Seed: 4, Step: "test", Purpose: "ceiling"}.Open()
	n := 4000
	truth, said, se := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range truth {
		truth[i], se[i] = s.Norm(), .5
		said[i] = truth[i] + se[i]*s.Norm()
	}
	c, err := stats.CeilingFromErrors(said, se, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := stats.Pearson(truth, said)
	r, _ := stats.Spearman(truth, said)
	k, _ := stats.Kendall(truth, said)
	for name, d := range map[string]float64{"Pearson": c.Pearson - p, "Spearman": c.Spearman - r, "Kendall": c.Kendall - k} {
		if math.Abs(d) > .012 {
			t.Errorf("%s: the ceiling is off by %.4f", name, d)
		}
	}
	if _, err := stats.CeilingFromErrors(said, []float64{1}, 20, 1); err == nil {
		t.Error("no error for missing standard errors")
	}
}

// With raters resampled too the interval holds the correlation with the mean rating, and is wider; a missing rating is left
// out of its item's mean.
func TestCrossedSpearman(t *testing.T) {
	s := stream.Key{Seed: 6, Step: "test"}.Open()
	var x []float64
	var raw [][]float64
	var cluster []int
	y := make([]float64, 0, 200)
	for c := range 25 {
		for range 8 {
			q := s.Norm()
			row := make([]float64, 24)
			var sum, n float64
			for j := range row {
				row[j] = q + s.Norm()
				if s.IntN(10) == 0 {
					row[j] = math.NaN()
					continue
				}
				sum, n = sum+row[j], n+1
			}
			x, raw, cluster, y = append(x, q+.5*s.Norm()), append(raw, row), append(cluster, c), append(y, sum/n)
		}
	}
	r := stats.Resampling{Seed: 2, N: 600}
	both, err := stats.CrossedSpearman(context.Background(), x, raw, cluster, 25, .95, r)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := stats.Spearman(x, y)
	one, err := stats.CorrelationInterval(context.Background(), stats.SRCC, x, y, cluster, .95, r)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(both.Value-want) > 1e-12 || !(both.Low < one.Low && one.High < both.High+.01) || both.High > 1 {
		t.Errorf("%v [%v, %v] by %s; sources alone %v [%v, %v]", both.Value, both.Low, both.High, both.Method, one.Value, one.Low, one.High)
	}
	if _, err := stats.CrossedSpearman(context.Background(), x[:5], raw, cluster, 25, .95, r); err == nil {
		t.Error("no error for slices of different lengths")
	}
}

// The refitted interval holds the fit, and a fit from the optimum of nearly the same data finds that of these.
func TestFitWithInterval(t *testing.T) {
	x, y, cluster := sample(12, 10, 1, 8)
	f, err := stats.FitWithInterval(context.Background(), x[0], y, cluster, 12, 4, 9, .95)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := stats.FitLogistic4(x[0], y)
	if f.Pearson != want.Pearson || !(f.Correlation.Low < f.Pearson && f.Pearson < f.Correlation.High) || !(f.Residual.Low < f.RMSE && f.RMSE < f.Residual.High) {
		t.Errorf("%+v %+v", f.Correlation, f.Residual)
	}
	for i, v := range x[0] {
		if math.Abs(f.At(v)-f.Fitted[i]) > 1e-9 {
			t.Fatalf("at %v the fit is %v, fitted %v", v, f.At(v), f.Fitted[i])
		}
	}
	for i, iv := range f.Curve {
		if !(iv.Low <= iv.Value && iv.Value <= iv.High) || iv.Value != f.At(f.Grid[i]) {
			t.Errorf("point %d: %+v", i, iv)
		}
	}
}

// 10,000 resamples of Spearman at n = 3,000 stay within a second on two cores.
func BenchmarkSpearman3000(b *testing.B) {
	x, y, cluster := sample(25, 120, 1, 1)
	for b.Loop() {
		if _, err := stats.Correlations(context.Background(), stats.SRCC, x, y, cluster, 25, stats.Resampling{N: 10000}); err != nil {
			b.Fatal(err)
		}
	}
}

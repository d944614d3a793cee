package stats_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"probity/internal/stream"
	"probity/stats"
)

func noise(n int, purpose string) []float64 {
	s := stream.Key{Seed: 1, Step: "test", Purpose: purpose}.Open()
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Norm()
	}
	return x
}

func TestResultIsTheSameWhateverTheWorkers(t *testing.T) {
	x, y := noise(60, "x"), noise(60, "y")
	var want stats.Interval
	for _, workers := range []int{1, 2, 7} {
		iv := must[stats.Interval](t)(stats.CorrelationInterval(context.Background(), stats.SRCC, x, y, nil, .95, stats.Resampling{Seed: 9, N: 500, Workers: workers}))
		if workers == 1 {
			want = iv
		} else if iv.Low != want.Low || iv.High != want.High {
			t.Errorf("%d workers: %v..%v, one: %v..%v", workers, iv.Low, iv.High, want.Low, want.High)
		}
	}
}

// TestResampledRanksAreRanksOfTheResample compares the counted mid-ranks with sorting a resample written out.
func TestResampledRanksAreRanksOfTheResample(t *testing.T) {
	x, y := noise(40, "x"), noise(40, "y")
	cluster := make([]int, 40)
	for i := range x {
		x[i] = math.Round(2 * x[i])
		cluster[i] = i / 2
	}
	r := stats.Resampling{Seed: 4, N: 50}
	k := 20
	w := make([]float64, k)
	reps := make([]float64, r.N)
	for b := range reps {
		r.Draw(b, w)
		var a, c []float64
		for i, v := range cluster {
			for range int(w[v]) {
				a, c = append(a, x[i]), append(c, y[i])
			}
		}
		reps[b] = must[float64](t)(stats.Spearman(a, c))
	}
	got := must[[]float64](t)(stats.SpearmanReplicates(context.Background(), x, y, cluster, r))
	for b := range reps {
		near(t, "replicate", got[b], reps[b], 1e-12)
	}
}

func TestWithinAndPooledDiffer(t *testing.T) {
	var s []stats.Sample
	for i := range 10 {
		o := float64(10 * i)
		s = append(s, stats.Sample{Negative: []float64{o, o + 1}, Positive: []float64{o + 2, o + 3}})
	}
	if v := must[float64](t)(stats.WithinAUC(s)); v != 1 {
		t.Errorf("within: %v", v)
	}
	if v := must[float64](t)(stats.PooledAUC(s)); v != .55 { // 1 in the same source (1/10), else .5 on average
		t.Errorf("pooled: %v", v)
	}
}

func TestKendallAgainstPairs(t *testing.T) {
	x, y := noise(50, "x"), noise(50, "y")
	for i := range x {
		x[i], y[i] = math.Round(x[i]*2), math.Round(y[i]*2)
	}
	var s, nx, ny float64
	for i := range x {
		for j := range i {
			a, b := x[i]-x[j], y[i]-y[j]
			if a != 0 {
				nx++
			}
			if b != 0 {
				ny++
			}
			if a*b > 0 {
				s++
			} else if a*b < 0 {
				s--
			}
		}
	}
	near(t, "tau-b", must[float64](t)(stats.Kendall(x, y)), s/math.Sqrt(nx*ny), 1e-14)
}

func TestThreshold(t *testing.T) {
	severity := []float64{1, 2, 4, 8}
	curve := func(v ...float64) [][]float64 {
		e := noise(40, "threshold")
		out := make([][]float64, 40)
		for c := range out {
			for _, m := range v {
				out[c] = append(out[c], m+.05*e[c])
			}
		}
		return out
	}
	r := stats.Resampling{Seed: 2, N: 500}
	get := func(v ...float64) stats.Threshold {
		return must[stats.Threshold](t)(stats.DetectionThreshold(context.Background(), severity, curve(v...), .75, .95, r))
	}
	if th := get(.5, .65, .85, .95); math.Abs(th.Value-2*math.Sqrt2) > .2 || th.Censored != "" || !(th.Low < th.Value && th.Value < th.High) {
		t.Errorf("crossing half way between 2 and 4: %+v", th)
	}
	if th := get(.5, .5, .55, .6); th.Censored != ">" || th.Value != 8 || !math.IsInf(th.High, 1) {
		t.Errorf("never reached: %+v", th)
	}
	if th := get(.9, .9, .95, .99); th.Censored != "<=" || th.Value != 1 || th.Low != 0 {
		t.Errorf("reached at once: %+v", th)
	}
	if _, err := stats.DetectionThreshold(context.Background(), severity, curve(.5, .6, .8, .9)[:29], .75, .95, r); err == nil {
		t.Error("a threshold from 29 sources")
	}
	if v := stats.Crossing([]float64{0, 1, 2, 3}, []float64{.5, .75, .75, .9}, .75); v != 1 {
		t.Errorf("a flat stretch at the criterion is reached at its beginning: %v", v)
	}
}

func TestMeanIntervalChooses(t *testing.T) {
	of := func(v ...float64) [][]float64 {
		var out [][]float64
		for _, x := range v {
			out = append(out, []float64{x})
		}
		return out
	}
	b := stats.MeanOptions{Bounded: true}
	if iv := stats.MeanInterval(of(1), b); iv.Method != "none" || len(iv.Warnings) == 0 || !math.IsNaN(iv.Low) {
		t.Errorf("one cluster: %+v", iv)
	}
	if iv := stats.MeanInterval(of(1, 1, 1, 1, 1, 1), b); iv.Low > .7 || iv.High != 1 || len(iv.Warnings) == 0 {
		t.Errorf("all 1: %+v", iv)
	}
	if iv := stats.MeanInterval(of(.3, .3, .3), b); iv.Method != "degenerate" || len(iv.Warnings) == 0 {
		t.Errorf("all .3: %+v", iv)
	}
	if iv := stats.MeanInterval(of(.3, .4, .7), b); iv.DF != 2 || len(iv.Warnings) == 0 {
		t.Errorf("three: %+v", iv)
	}
	many := noise(30, "many")
	if iv := stats.MeanInterval(of(many...), stats.MeanOptions{}); !(iv.Low < iv.Value && iv.Value < iv.High) || iv.DF != 29 {
		t.Errorf("thirty: %+v", iv)
	}
	// Rows repeated within their clusters add nothing to what is known.
	repeated := make([][]float64, len(many))
	for i, v := range many {
		repeated[i] = slices.Repeat([]float64{v}, 7)
	}
	a, c := stats.MeanInterval(of(many...), stats.MeanOptions{}), stats.MeanInterval(repeated, stats.MeanOptions{})
	near(t, "repeated rows", c.High-c.Low, a.High-a.Low, 1e-9)
}

func TestTwoAFCAndKrasula(t *testing.T) {
	trials := []stats.Choice{{3, 1, 1, 0}, {1, 3, 1, 0}, {2, 2, 0, 0}}
	r := must[stats.TwoAFC](t)(stats.AgreeTwoAFC(trials))
	near(t, "agreement", r.Agreement, .5, 1e-15)
	near(t, "ceiling", r.Ceiling, 2./3, 1e-15)
	near(t, "decided", r.Decided, .5, 1e-15)
	near(t, "human", r.Human, (.5+.5+1./3)/3, 1e-15)
	rating := []float64{1, 2, 3, 4}
	p := must[[]stats.KrasulaPair](t)(stats.KrasulaPairs(rating, rating, []float64{.6, .6, .6, .6}, nil, .95))
	if len(p) != 6 {
		t.Fatalf("%d pairs of 4 items", len(p))
	}
	k := must[stats.Krasula](t)(stats.AnalyseKrasula(p))
	if k.Better != 1 || k.Correct != 1 || k.Different != 1 || k.Apart != 3 {
		t.Errorf("a perfect metric: %+v", k)
	}
}

func TestSimultaneousBandIsWiderThanPointwise(t *testing.T) {
	values := make([][]float64, 40)
	for c := range values {
		values[c] = noise(8, string(rune('a'+c)))
	}
	b := must[stats.Band](t)(stats.SimultaneousBand(context.Background(), values, .95, stats.Resampling{N: 1000}))
	for j := range b.Value {
		column := make([][]float64, len(values))
		for c := range values {
			column[c] = []float64{values[c][j]}
		}
		if p := stats.NewMean(column).T(.95); b.High[j]-b.Low[j] <= p.High-p.Low {
			t.Errorf("point %d: band %v, pointwise %v", j, b.High[j]-b.Low[j], p.High-p.Low)
		}
	}
}

func TestSimpsonWarns(t *testing.T) {
	var x, y []float64
	var group []int
	for g := range 4 {
		for i := range 5 {
			x, y = append(x, float64(10*g+i)), append(y, float64(10*g-i))
			group = append(group, g)
		}
	}
	s := must[stats.Simpson](t)(stats.GuardSimpson(x, y, []string{"source"}, [][]int{group}))
	if s.Warning == "" || math.Abs(s.Within["source"]+1) > 1e-12 || s.Overall <= 0 {
		t.Errorf("%+v", s)
	}
}

// The budget: 10,000 resamples of SRCC at n = 3,000 within a second on two cores.
func BenchmarkSpearmanBootstrap(b *testing.B) {
	x, y := noise(3000, "x"), noise(3000, "y")
	for b.Loop() {
		if _, err := stats.CorrelationInterval(context.Background(), stats.SRCC, x, y, nil, .95, stats.Resampling{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKendall(b *testing.B) {
	x, y := noise(3000, "x"), noise(3000, "y")
	for b.Loop() {
		_, _ = stats.Kendall(x, y)
	}
}

// One of the 500 cells of 20 metrics x 25 distortions, whose 10,000 resamples each have a minute together: 120 ms a cell.
func BenchmarkSpearmanBootstrapOfOneDistortion(b *testing.B) {
	x, y := noise(120, "x"), noise(120, "y")
	for b.Loop() {
		if _, err := stats.CorrelationInterval(context.Background(), stats.SRCC, x, y, nil, .95, stats.Resampling{}); err != nil {
			b.Fatal(err)
		}
	}
}

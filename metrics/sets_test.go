package metrics_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/internal/trial"
)

// rowsSpec says how goldens.py made a set.
type rowsSpec struct {
	Seed       uint32
	N, D       int
	Shift      float32
	Copies, Of int // the first members are those of another seed, unshifted
}

func (r rowsSpec) set() trial.Set {
	make1 := func(seed uint32, n int, shift float32) []float32 {
		x, shared := noise(seed, n*r.D), noise(seed+1, n)
		for i := range x {
			j := i % r.D
			x[i] = x[i]*float32(1+j%4) + shared[i/r.D]*float32(j%3-1)
			if j%5 == 0 {
				x[i] += shift
			}
		}
		return x
	}
	x := make1(r.Seed, r.N, r.Shift)
	if r.Copies > 0 {
		copy(x, make1(uint32(r.Of), r.Copies, 0))
	}
	return setOf(x, r.D)
}

func setOf(x []float32, d int) trial.Set {
	n := len(x) / d
	return trial.Set{N: n, Features: []trial.Matrix{{Rows: n, Cols: d, Data: x}}}
}

type setGolden struct {
	Metric string
	Params map[string]any
	golden
	Tolerance float64
	A         rowsSpec
	B         *rowsSpec
}

func buildSet(t testing.TB, name string, given map[string]any) trial.SetMetric {
	t.Helper()
	entry, info, err := trial.SetMetrics.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	g := map[string]any{}
	for k, v := range given {
		p, _ := info.Param(k)
		if f, ok := v.(float64); ok && p.Type == "integer" {
			v = int(f)
		}
		g[k] = v
	}
	m, err := entry.New(values(t, info, g), heads)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

func reduce(t testing.TB, m trial.SetMetric, a, b trial.Set) trial.SetScore {
	t.Helper()
	s, err := m.Reduce(context.Background(), a, b, 7)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// patches of 12 tokens of 10 numbers, as the goldens have them.
func asTokens(s trial.Set) trial.Set {
	f := s.Features[0]
	f.Layout, f.H, f.W = trial.Tokens, 3, 4
	s.Features = []trial.Matrix{f}
	return s
}

// withPrefix puts a token before the grid that must not count.
func withPrefix(s trial.Set) trial.Set {
	f := s.Features[0]
	out := trial.Matrix{Rows: f.Rows, Cols: f.Cols + 10, Layout: trial.Tokens, H: 3, W: 4, Prefix: 1}
	for i := range f.Rows {
		out.Data = append(append(out.Data, noise(uint32(i), 10)...), f.Data[i*f.Cols:(i+1)*f.Cols]...)
	}
	s.Features = []trial.Matrix{out}
	return s
}

func asGrid(s trial.Set) trial.Set {
	f := s.Features[0]
	f.Layout, f.H, f.W = trial.Grid, 3, 4
	f.Data = slices.Clone(f.Data)
	for i := range f.Rows {
		for p := range 12 {
			for c := range 10 {
				f.Data[i*f.Cols+c*12+p] = s.Features[0].Data[i*f.Cols+p*10+c]
			}
		}
	}
	s.Features = []trial.Matrix{f}
	return s
}

// seededSets compares with scipy, torch-fidelity and numpy on seeded features.
func seededSets(t *testing.T) {
	for _, g := range read[[]setGolden](t, "sets.json") {
		params := map[string]any{}
		for k, v := range g.Params {
			params[k] = v
		}
		label := g.Metric
		for _, k := range []string{"estimator", "splits", "k", "ball", "order"} {
			if v, ok := params[k]; ok {
				label += fmt.Sprintf(" %s=%v", k, v)
			}
		}
		if _, info, _ := trial.SetMetrics.Get(g.Metric); true {
			if _, ok := info.Param("resamples"); ok {
				params["resamples"] = 0.
			}
		}
		m := buildSet(t, g.Metric, params)
		a, b := g.A.set(), trial.Set{}
		if g.B != nil {
			b = g.B.set()
		}
		if g.Metric == "patch-frechet" {
			a, b = asTokens(a), asTokens(b)
			v := reduce(t, m, a, b).Value
			for _, w := range []float64{reduce(t, m, asGrid(a), asGrid(b)).Value, reduce(t, m, withPrefix(a), withPrefix(b)).Value} {
				if w != v {
					t.Errorf("patches: %v as tokens, %v otherwise", v, w)
				}
			}
		}
		agree(t, label, fmt.Sprint(g.A.N, " x ", g.A.D), reduce(t, m, a, b).Value, g.golden, g.Tolerance)
	}
}

// Features that are always 0 change no distance and no covariance but make the sets' members fewer than their features, so
// that the other way of computing it is taken.
func TestFrechetWays(t *testing.T) {
	m := buildSet(t, "frechet", map[string]any{"resamples": 0})
	pad := func(s trial.Set, d int) trial.Set {
		f := s.Features[0]
		out := make([]float32, s.N*d)
		for i := range s.N {
			copy(out[i*d:], f.Data[i*f.Cols:(i+1)*f.Cols])
		}
		return setOf(out, d)
	}
	a, b := rowsSpec{Seed: 200, N: 160, D: 48}.set(), rowsSpec{Seed: 300, N: 240, D: 48, Shift: .25}.set()
	want := reduce(t, m, a, b).Value
	for _, d := range []int{60, 200, 300} { // both by covariances, one, none
		if got := reduce(t, m, pad(a, d), pad(b, d)).Value; abs(got-want) > 1e-11*want {
			t.Errorf("with %d features: %.12g, want %.12g", d, got, want)
		}
	}
	if got := reduce(t, m, b, a).Value; abs(got-want) > 1e-12*want {
		t.Errorf("turned about: %.15g, %.15g", got, want)
	}
	// A shift of all members by the same vector: exactly its square.
	moved := slices.Clone(a.Features[0].Data)
	for i := range moved {
		moved[i] += .5
	}
	if got := reduce(t, m, a, setOf(moved, 48)).Value; abs(got-48*.25) > 1e-9 {
		t.Errorf("shifted: %v, want 12", got)
	}
}

// normal features: n members of d, spread sd about mean.
func normal(seed string, n, d int, mean, sd float64) trial.Set {
	s := stream.Key{Seed: 1, Purpose: seed}.Open()
	x := make([]float32, n*d)
	for i := range x {
		x[i] = float32(mean + sd*s.Norm())
	}
	return setOf(x, d)
}

// The distance of two samples of one distribution is 0: the plain one is biased, the extrapolated and kernel ones are not.
func TestBias(t *testing.T) {
	a, b := normal("a", 400, 12, 1, 1), normal("b", 400, 12, 1, 1)
	plain := reduce(t, buildSet(t, "frechet", map[string]any{"resamples": 0}), a, b).Value
	far := reduce(t, buildSet(t, "fd-infinity", map[string]any{"resamples": 0}), a, b).Value
	if !(plain > .15 && abs(far) < plain/3) {
		t.Errorf("Frechet distance %v, extrapolated %v", plain, far)
	}
	for _, shrink := range []string{"both", "set"} {
		// Unequal Gaussians: d (1 + (2 - 1)^2).
		s := reduce(t, buildSet(t, "fd-infinity", map[string]any{"shrink": shrink}), a, normal("c", 4000, 12, 2, 2))
		got := s.Value
		t.Logf("shrink = %s: %v, %v to %v", shrink, got, s.Low, s.High)
		if abs(got-24) > 2 || s.Low > 24 || s.High < 24 {
			t.Errorf("extrapolated, shrink = %s: %v, want about 24", shrink, got)
		}
	}
}

// TestSetIntervals: over many pairs of samples the intervals hold the mean score at this size about as often as they say.
func TestSetIntervals(t *testing.T) {
	for _, name := range []string{"kid", "cmmd", "frechet", "precision", "coverage", "density", "inception-score", "vendi"} {
		const trials, n, d = 60, 60, 4
		m := buildSet(t, name, nil)
		// What the score is on average at this size is what an interval without a claim about bias has to hold.
		var values, low, high []float64
		for k := range trials {
			s := reduce(t, m, normal(fmt.Sprint("x", k), n, d, .5, 1), normal(fmt.Sprint("y", k), n, d, 1, 1.5))
			values, low, high = append(values, s.Value), append(low, s.Low), append(high, s.High)
		}
		mean, held := 0., 0
		for _, v := range values {
			mean += v / trials
		}
		for k := range trials {
			if low[k] <= mean && mean <= high[k] {
				held++
			}
		}
		if share := float64(held) / trials; share < .85 {
			t.Errorf("%s: %.0f %% of intervals hold the mean, want about 95 %%", name, 100*share)
		} else {
			t.Logf("%s: %.0f %% of intervals hold the mean", name, 100*share)
		}
	}
}

// setVariants are all set metrics with each value of their string parameters.
func setVariants() (out []struct {
	name   string
	params map[string]any
}) {
	for _, name := range trial.SetMetrics.Names() {
		_, info, _ := trial.SetMetrics.Get(name)
		out = append(out, struct {
			name   string
			params map[string]any
		}{name, map[string]any{}})
		for _, p := range info.Params {
			for _, v := range p.Enum {
				if v != p.Default {
					out = append(out, struct {
						name   string
						params map[string]any
					}{name, map[string]any{p.Name: v}})
				}
			}
		}
	}
	for i := range out {
		if out[i].params["estimator"] == "subsets" {
			out[i].params["size"], out[i].params["subsets"] = 30, 5
		}
	}
	return
}

func forMetric(name string, s trial.Set) trial.Set {
	if name == "patch-frechet" {
		return asTokens(s)
	}
	return s
}

// TestSetProperties holds every set metric to the laws of its entry.
func TestSetProperties(t *testing.T) {
	a, b := rowsSpec{Seed: 200, N: 90, D: 120}.set(), rowsSpec{Seed: 300, N: 80, D: 120, Shift: 1}.set()
	far := rowsSpec{Seed: 400, N: 80, D: 120, Shift: 9}.set()
	for _, c := range setVariants() {
		e, _, _ := trial.SetMetrics.Get(c.name)
		m := buildSet(t, c.name, c.params)
		label := fmt.Sprint(c.name, c.params)
		x, y, z := forMetric(c.name, a), forMetric(c.name, b), forMetric(c.name, far)
		if e.Single {
			y, z = trial.Set{}, trial.Set{}
		}
		s := reduce(t, m, x, y)
		if !(s.Value >= e.Low && s.Value <= e.High) {
			t.Errorf("%s: %v is outside %v to %v", label, s.Value, e.Low, e.High)
		}
		if c.params["estimator"] != "subsets" && !(s.Low <= s.Value && s.Value <= s.High && s.Low < s.High && s.Method != "") {
			t.Errorf("%s: %v with interval %v to %v, %q", label, s.Value, s.Low, s.High, s.Method)
		}
		if !e.Single {
			self, much := reduce(t, m, x, x), reduce(t, m, x, z)
			if e.Direction == trial.Distance && !(self.Value < s.Value && s.Value < much.Value) || e.Direction == trial.Similarity && !(self.Value > s.Value && s.Value >= much.Value) {
				t.Errorf("%s: a %s, and %v of equal sets, %v of unequal, %v of very unequal ones", label, e.Direction, self.Value, s.Value, much.Value)
			}
			switch {
			case strings.Contains(c.name, "frechet") && self.Value != 0, c.params["estimator"] == "biased" && abs(self.Value) > 1e-9, (c.name == "precision" || c.name == "recall") && self.Value != 1:
				t.Errorf("%s of equal sets is %v", label, self.Value)
			}
		}
		// The same bits on one processor; and with the members in the same order under other cluster names.
		old := runtime.GOMAXPROCS(1)
		alone := reduce(t, m, x, y)
		runtime.GOMAXPROCS(4)
		many := reduce(t, m, x, y)
		runtime.GOMAXPROCS(old)
		if fmt.Sprint(alone) != fmt.Sprint(s) || fmt.Sprint(many) != fmt.Sprint(s) {
			t.Errorf("%s: %v, on one processor %v, on four %v", label, s, alone, many)
		}
		// Clusters: as many as members is no clustering; the same in both sets makes pairs; too few have no interval.
		named := func(s trial.Set, n int, prefix string) trial.Set {
			s.Clusters = nil
			for i := range s.N {
				s.Clusters = append(s.Clusters, fmt.Sprint(prefix, i%n))
			}
			return s
		}
		if got := reduce(t, m, named(x, x.N, "a"), named(y, max(y.N, 1), "b")); fmt.Sprint(got) != fmt.Sprint(s) {
			t.Errorf("%s: %v with a name for each member, %v without", label, got, s)
		}
		few := reduce(t, m, named(x, 7, "a"), named(y, 7, "a"))
		if few.Value != s.Value || !math.IsNaN(few.Low) || len(few.Warnings) == 0 {
			t.Errorf("%s: of 7 sources %v", label, few)
		}
		// Wrong sets.
		short := x
		short.N = 1
		f := x.Features[0]
		f.Rows, f.Data = 1, f.Data[:f.Cols]
		short.Features = []trial.Matrix{f}
		if _, err := m.Reduce(context.Background(), trial.Set{}, y, 1); err == nil {
			t.Errorf("%s: an empty set is no error", label)
		}
		bad := x
		g := x.Features[0]
		g.Data = slices.Clone(g.Data)
		g.Data[500] = float32(math.NaN())
		bad.Features = []trial.Matrix{g}
		if _, err := m.Reduce(context.Background(), bad, y, 1); err == nil || !strings.Contains(err.Error(), "member 5 ") {
			t.Errorf("%s: a NaN of member 5: %v", label, err)
		}
		if !e.Single {
			if _, err := m.Reduce(context.Background(), x, forMetric(c.name, rowsSpec{Seed: 1, N: 80, D: 240}.set()), 1); err == nil || !strings.Contains(err.Error(), "differ") {
				t.Errorf("%s: sets of unequal features: %v", label, err)
			}
			if _, err := m.Reduce(context.Background(), short, y, 1); err == nil && c.name != "patch-frechet" {
				t.Errorf("%s: a set of one member is no error", label)
			}
		}
		// Sets without any spread.
		same := forMetric(c.name, setOf(slices.Repeat([]float32{.5}, 40*120), 120))
		if e.Single {
			if v := reduce(t, m, same, trial.Set{}).Value; abs(v-1) > 1e-9 {
				t.Errorf("%s of equal members is %v", label, v)
			}
		} else if v := reduce(t, m, same, forMetric(c.name, setOf(slices.Repeat([]float32{.25}, 40*120), 120))).Value; math.IsNaN(v) {
			t.Errorf("%s of sets without spread is NaN", label)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := m.Reduce(ctx, x, y, 1); err == nil {
			t.Errorf("%s goes on when told to stop", label)
		}
	}
}

// Pairs of one source resampled together: where the sets differ by a constant only, a paired interval is narrow.
func TestPairedUnits(t *testing.T) {
	a := normal("p", 60, 6, 0, 1)
	x := slices.Clone(a.Features[0].Data)
	for i := range x {
		x[i] += .75
	}
	b := setOf(x, 6)
	// KID's cubic kernel is not blind to where the sets lie, so that less of it cancels.
	for name, share := range map[string]float64{"frechet": .5, "kid": .75} {
		m := buildSet(t, name, nil)
		loose := reduce(t, m, a, b)
		pa, pb := a, b
		for i := range a.N {
			pa.Clusters = append(pa.Clusters, fmt.Sprint(i))
			pb.Clusters = append(pb.Clusters, fmt.Sprint(i))
		}
		tied := reduce(t, m, pa, pb)
		if !(tied.High-tied.Low < share*(loose.High-loose.Low)) {
			t.Errorf("%s: tied %v to %v, loose %v to %v", name, tied.Low, tied.High, loose.Low, loose.High)
		}
	}
}

// Where every half of the sets says the same, there is no certainty: shares have Wilson's interval, others none.
func TestNoFalseCertainty(t *testing.T) {
	a := normal("f", 20, 3, 0, 1)
	b := setOf(slices.Clone(a.Features[0].Data), 3)
	for _, name := range []string{"precision", "recall", "coverage"} {
		s := reduce(t, buildSet(t, name, map[string]any{"k": 5}), a, b)
		if s.Value != 1 || s.High != 1 || abs(s.Low-.8388749) > 1e-6 { // statsmodels: proportion_confint(20, 20, method="wilson")
			t.Errorf("%s is %v, %v to %v, want 1, .8389 to 1", name, s.Value, s.Low, s.High)
		}
	}
	same := setOf(slices.Repeat([]float32{1, 2, 3}, 30), 3)
	if s := reduce(t, buildSet(t, "vendi", nil), same, trial.Set{}); !math.IsNaN(s.Low) || len(s.Warnings) == 0 {
		t.Errorf("of equal members: %v", s)
	}
}

package stats_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"probity/internal/stream"
	"probity/stats"
)

type spaceGoldens struct {
	Oracle        string
	N, D, Half    int
	A, B, Wide    []float64
	Label, Probe  []int
	Gap, Ranks    []float64
	GapIntervals  [][2]float64 `json:"gap_intervals"`
	RankIntervals [][2]float64 `json:"rank_intervals"`
	WideRanks     []float64    `json:"wide_ranks"`
	Procrustes    []float64
	Alpha         float64
	Ridge, Axes   []float64
	Retrieval     [][]float64
	Condensed     float64
}

func loadSpace(t *testing.T) (g spaceGoldens, a, b stats.Rows) {
	t.Helper()
	data, err := os.ReadFile("../testdata/space/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g, stats.Rows{N: g.N, D: g.D, X: g.A}, stats.Rows{N: g.N, D: g.D, X: g.B}
}

func span(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func gaussian(n, d int, purpose string) stats.Rows {
	s := stream.Key{Seed: 4, Step: "space", Purpose: purpose}.Open()
	r := stats.Rows{N: n, D: d, X: make([]float64, n*d)}
	for i := range r.X {
		r.X[i] = s.Norm()
	}
	return r
}

func nears(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, the oracle has %d", what, len(got), len(want))
	}
	for i := range want {
		near(t, what, got[i], want[i], tol)
	}
}

// TestSpaceAgainstOracles compares every step with numpy, scipy and scikit-learn (versions in goldens.json).
func TestSpaceAgainstOracles(t *testing.T) {
	g, a, b := loadSpace(t)
	group := stats.Groups(g.N, nil)
	gap := must[stats.GapEstimates](t)(stats.GapIntervals(a, b, group, .95))
	all := []stats.Interval{gap.Distance, gap.Paired, gap.Alignment, gap.UniformityA, gap.UniformityB}
	for i, iv := range all {
		near(t, "gap", iv.Value, g.Gap[i], 1e-12)
	}
	for i, iv := range []stats.Interval{gap.Distance, gap.Paired, gap.UniformityA} {
		nears(t, "interval of the gap", []float64{iv.Low, iv.High}, g.GapIntervals[i][:], 1e-9)
	}
	ranks := must[stats.Ranks](t)(stats.RankIntervals(a, group, .95))
	nears(t, "ranks", []float64{ranks.Effective.Value, ranks.Participation.Value}, g.Ranks, 1e-11)
	for i, iv := range []stats.Interval{ranks.Effective, ranks.Participation} {
		nears(t, "interval of a rank", []float64{iv.Low, iv.High}, g.RankIntervals[i][:], 1e-8)
	}
	wide := stats.Rows{N: 12, D: 30, X: g.Wide}
	ranks = must[stats.Ranks](t)(stats.RankIntervals(wide, stats.Groups(12, nil), .95))
	nears(t, "ranks of a wide set", []float64{ranks.Effective.Value, ranks.Participation.Value}, g.WideRanks, 1e-9)
	if !ranks.Capped || ranks.Cap != 11 {
		t.Errorf("12 rows of 30 numbers: capped %v at %d", ranks.Capped, ranks.Cap)
	}

	train, test := span(0, g.Half), span(g.Half, g.N)
	ca, cb := a.Less(a.Pick(train).Mean()), b.Less(b.Pick(train).Mean())
	nears(t, "Procrustes", must[[]float64](t)(stats.Procrustes(cb.Pick(train), ca.Pick(train))), g.Procrustes, 1e-10)

	x := a.Pick(train)
	alpha := stats.RidgePenalty(x, .03)
	near(t, "penalty", alpha, g.Alpha, 1e-12)
	y := stats.Rows{N: g.Half, D: 3, X: make([]float64, 3*g.Half)}
	for i, l := range g.Label[:g.Half] {
		y.X[3*i+l] = 1
	}
	ridge := must[*stats.Ridge](t)(stats.FitRidge(x, y, alpha))
	nears(t, "ridge", ridge.Predict(a.Pick(test)).X, g.Ridge, 1e-10)
	probes := must[*stats.Probes](t)(stats.FitProbes(x, train, []stats.Task{stats.NewTask(g.Label, 3, nil, 0, nil)}, .03))
	for i, right := range probes.Judge(a.Pick(test), test)[0].Right {
		if right != float64(g.Probe[i]) {
			t.Errorf("probe on row %d: %v, the oracle says %d", i, right, g.Probe[i])
		}
	}

	axes := must[stats.Rows](t)(stats.PrincipalAxes(ca.Pick(train).Stack(cb.Pick(train))))
	nears(t, "axes", axes.X, g.Axes, 1e-9)
	gallery := make([][]int, g.Half)
	for i := range gallery {
		for j := range 5 {
			gallery[i] = append(gallery[i], (i+j)%g.Half)
		}
	}
	counts := span(1, g.D+1)
	score := must[[][]float64](t)(stats.Retrieve(ca.Pick(test), cb.Pick(test), gallery, &axes, counts))
	for i := range score {
		nears(t, "retrieval", score[i], g.Retrieval[i], 0)
	}
	c := must[stats.Condensed](t)(stats.Condense(t.Context(), score, span(0, g.Half), counts, .2, .95, .95, stats.Resampling{N: 500}))
	if c.Value != g.Condensed || !(c.Low <= c.Value && c.Value <= c.High) {
		t.Errorf("condensed into %v (%v to %v), the oracle says %v", c.Value, c.Low, c.High, g.Condensed)
	}
}

// TestEffectiveRankLaws: d for rows that spread alike in d directions, 1 for rows on a line, whatever their unit and place.
func TestEffectiveRankLaws(t *testing.T) {
	const d = 6
	even := stats.Rows{N: 2 * d, D: d, X: make([]float64, 2*d*d)}
	for k := range d {
		even.X[2*k*d+k], even.X[(2*k+1)*d+k] = 3, -3
	}
	line := stats.Rows{N: 50, D: d, X: make([]float64, 50*d)}
	for i := range 50 {
		for k := range d {
			line.X[i*d+k] = 7 + float64(i)*float64(k-2)
		}
	}
	for name, c := range map[string]struct {
		r    stats.Rows
		want float64
	}{"isotropic": {even, d}, "a line": {line, 1}} {
		v := must[[]float64](t)(stats.Spectrum(c.r))
		near(t, name+": effective rank", stats.EffectiveRank(v), c.want, 1e-12)
		near(t, name+": participation ratio", stats.ParticipationRatio(v), c.want, 1e-12)
	}
	ranks := must[stats.Ranks](t)(stats.RankIntervals(gaussian(4000, d, "isotropic"), stats.Groups(4000, nil), .95))
	if v := ranks.Effective; math.Abs(v.Value-d) > .02 || v.High-v.Low > .02 {
		t.Errorf("isotropic noise in %d dimensions has effective rank %v (%v to %v)", d, v.Value, v.Low, v.High)
	}
	same := stats.Rows{N: 3, D: 2, X: []float64{1, 2, 1, 2, 1, 2}}
	if _, err := stats.RankIntervals(same, stats.Groups(3, nil), .95); err == nil {
		t.Error("equal rows have a rank")
	}
}

// TestGapOfEqualSets: a set beside itself has no gap, and centring closes any gap.
func TestGapOfEqualSets(t *testing.T) {
	a, _ := gaussian(90, 5, "a").Unit()
	group := stats.Groups(90, nil)
	g := must[stats.GapEstimates](t)(stats.GapIntervals(a, a, group, .95))
	if g.Distance.Value != 0 || math.Abs(g.Paired.Value-1) > 1e-14 || g.UniformityA.Value != g.UniformityB.Value {
		t.Errorf("a set beside itself: %+v", g)
	}
	single := make([]float32, len(a.X))
	for i, v := range a.X {
		single[i] = float32(v)
	}
	b := gaussian(90, 5, "b")
	other := make([]float32, len(b.X))
	for i, v := range b.X {
		other[i] = float32(v) + 1
	}
	x, y := must[stats.Rows](t)(stats.UnitRows(single, 90, 5)), must[stats.Rows](t)(stats.UnitRows(other, 90, 5))
	g = must[stats.GapEstimates](t)(stats.GapIntervals(x, y, group, .95))
	old := must[stats.Gap](t)(stats.ModalityGap(single, other, 90, 5))
	nears(t, "the gap without intervals", []float64{g.Distance.Value, g.Paired.Value, g.Alignment.Value, g.UniformityA.Value, g.UniformityB.Value},
		[]float64{old.Distance, old.Paired, old.Alignment, old.UniformityA, old.UniformityB}, 1e-12)
	cx, cy := x.Less(x.Mean()), y.Less(y.Mean())
	if d := math.Sqrt(sumSquares(cx.Mean())) + math.Sqrt(sumSquares(cy.Mean())); d > 1e-15 {
		t.Errorf("centred means are %g long", d)
	}
}

func sumSquares(x []float64) (s float64) {
	for _, v := range x {
		s += v * v
	}
	return s
}

// TestProcrustesIsRotationInvariant: turning one set by any rotation changes no cosine after alignment, and a set that is the other
// one turned comes back.
func TestProcrustesIsRotationInvariant(t *testing.T) {
	_, a, b := loadSpace(t)
	turn := must[[]float64](t)(stats.Procrustes(gaussian(40, a.D, "from"), gaussian(40, a.D, "to"))) // some orthogonal matrix
	aligned := func(b stats.Rows) []float64 {
		return b.Times(must[[]float64](t)(stats.Procrustes(b, a)), a.D).X
	}
	nears(t, "aligned rows", aligned(b.Times(turn, a.D)), aligned(b), 1e-12)
	nears(t, "a turned set brought back", aligned(a.Times(turn, a.D)), a.X, 1e-12)
	for i := range a.D { // orthogonal
		for j := range a.D {
			var s float64
			for k := range a.D {
				s += turn[i*a.D+k] * turn[j*a.D+k]
			}
			want := 0.0
			if i == j {
				want = 1
			}
			near(t, "R R^T", s, want, 1e-12)
		}
	}
}

// TestSelectivityOfNoise: features that know nothing of the labels are as good at the control task, within the interval; features that
// hold the label and nothing else have a selectivity near one minus chance.
func TestSelectivityOfNoise(t *testing.T) {
	const n, classes, kinds = 2000, 4, 60
	s := stream.Key{Seed: 9, Step: "space", Purpose: "labels"}.Open()
	label, kind := make([]int, n), make([]int, n)
	for i := range label {
		kind[i] = s.IntN(kinds)
		label[i] = kind[i] % classes // the type determines the label
	}
	task := stats.NewTask(label, classes, kind, 5, func(d int) *stream.Stream {
		return stream.Key{Seed: 9, Step: "space", Purpose: "control", Replicate: d}.Open()
	})
	for d, control := range task.Control {
		of := map[int]int{}
		for i, k := range kind {
			if first, ok := of[k]; ok && first != control[i] {
				t.Fatalf("draw %d: type %d has two labels", d, k)
			}
			of[k] = control[i]
		}
	}
	told := stats.Rows{N: n, D: classes, X: make([]float64, n*classes)}
	for i, l := range label {
		told.X[i*classes+l] = 1
	}
	for name, c := range map[string]struct {
		x      stats.Rows
		lo, hi float64
	}{"noise": {gaussian(n, 8, "noise"), 0, 0}, "the label": {told, .55, .8}} {
		train, test := span(0, n/2), span(n/2, n)
		p := must[*stats.Probes](t)(stats.FitProbes(c.x.Pick(train), train, []stats.Task{task}, .01))
		o := p.Judge(c.x.Pick(test), test)[0]
		var rows [][]float64
		for i := range o.Right {
			rows = append(rows, []float64{o.Right[i] - o.Control[i]})
		}
		iv := stats.NewMean(rows).T(.95)
		if iv.High < c.lo || iv.Low > c.hi {
			t.Errorf("selectivity of %s: %.3f (%.3f to %.3f), want it within %g to %g", name, iv.Value, iv.Low, iv.High, c.lo, c.hi)
		}
	}
}

// TestRetrievalLaws: noise is at chance, ties are shared, all components are as good as the rows that they were made of.
func TestRetrievalLaws(t *testing.T) {
	x, y := gaussian(3000, 6, "queries"), gaussian(3000, 6, "candidates")
	gallery := make([][]int, x.N)
	for i := range gallery {
		gallery[i] = []int{i, (i + 1) % x.N, (i + 2) % x.N, (i + 3) % x.N}
	}
	axes := must[stats.Rows](t)(stats.PrincipalAxes(x))
	score := must[[][]float64](t)(stats.Retrieve(x, y, gallery, &axes, []int{1, 6}))
	whole := must[[][]float64](t)(stats.Retrieve(x, y, gallery, nil, nil))
	rows := make([][]float64, x.N)
	for i := range score {
		rows[i] = whole[i]
		if score[i][1] != whole[i][0] {
			t.Errorf("query %d: %v with all components, %v as it is", i, score[i][1], whole[i][0])
		}
	}
	if iv := stats.NewMean(rows).Score(.95); iv.Low > .25 || iv.High < .25 {
		t.Errorf("noise is found in %v (%v to %v) of galleries of 4", iv.Value, iv.Low, iv.High)
	}
	one := stats.Rows{N: 1, D: 6, X: x.Row(0)}
	for _, c := range []struct {
		gallery []int
		want    float64
	}{{[]int{5, 5, 5, 5}, .25}, {[]int{5}, 1}} {
		if got := must[[][]float64](t)(stats.Retrieve(one, y, [][]int{c.gallery}, nil, nil)); got[0][0] != c.want {
			t.Errorf("%v copies: %v, want %v", len(c.gallery), got[0][0], c.want)
		}
	}
	c := must[stats.Condensed](t)(stats.Condense(t.Context(), [][]float64{{0, 0}, {0, 0}}, []int{0, 1}, []int{1, 2}, .5, .95, .95, stats.Resampling{}))
	if !math.IsNaN(c.Value) || len(c.Warnings) == 0 {
		t.Errorf("a score below chance is condensed into %v", c.Value)
	}
	for name, bad := range map[string]func() error{
		"components beyond the space": func() error { _, err := stats.Retrieve(one, y, [][]int{{1}}, &axes, []int{7}); return err },
		"spaces of two sizes":         func() error { _, err := stats.Procrustes(x, gaussian(3000, 5, "five")); return err },
		"no penalty":                  func() error { _, err := stats.FitRidge(x, y, 0); return err },
		"a row of zeros":              func() error { _, err := stats.UnitRows([]float32{0, 0, 1, 1}, 2, 2); return err },
		"a wrong size":                func() error { _, err := stats.UnitRows([]float32{1, 1, 1}, 2, 2); return err },
	} {
		if bad() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSpaceIntervalsCover: over replicates of samples of known populations the 95 % intervals hold the truth in about 95 % of the cases.
// The rank's is held against the mean rank of so many pairs, since ranks grow with their number.
func TestSpaceIntervalsCover(t *testing.T) {
	const replicates, n, d = 300, 120, 5
	s := stream.Key{Seed: 21, Step: "space", Purpose: "coverage"}.Open()
	draw := func(n int, mean float64) stats.Rows {
		r := stats.Rows{N: n, D: d, X: make([]float64, n*d)}
		for i := range n {
			for k := range d {
				r.X[i*d+k] = s.Norm() / float64(1+k)
			}
			r.X[i*d] += mean
		}
		u, _ := r.Unit()
		return u
	}
	large := must[stats.GapEstimates](t)(stats.GapIntervals(draw(4000, 1), draw(4000, -.5), stats.Groups(4000, nil), .95))
	// The large sample's gap has an error of its own, small against that of a replicate (120 of 4,000 rows).
	group := stats.Groups(n, nil)
	var ranks []stats.Interval
	var mean float64
	held := map[string]int{}
	for range replicates {
		a, b := draw(n, 1), draw(n, -.5)
		g := must[stats.GapEstimates](t)(stats.GapIntervals(a, b, group, .95))
		if g.Distance.Low <= large.Distance.Value && large.Distance.Value <= g.Distance.High {
			held["gap"]++
		}
		if g.UniformityA.Low <= large.UniformityA.Value && large.UniformityA.Value <= g.UniformityA.High {
			held["uniformity"]++
		}
		r := must[stats.Ranks](t)(stats.RankIntervals(a, group, .95))
		ranks = append(ranks, r.Effective)
		mean += r.Effective.Value / replicates
		for _, p := range []float64{.05, .5, .9} {
			rows := make([][]float64, n)
			for i := range rows {
				rows[i] = []float64{0}
				if s.Float64() < p {
					rows[i][0] = 1
				}
			}
			if iv := stats.NewMean(rows).Score(.95); iv.Low <= p && p <= iv.High {
				held[fmt.Sprintf("score at %g", p)]++
			}
		}
	}
	for _, iv := range ranks {
		if iv.Low <= mean && mean <= iv.High {
			held["effective rank"]++
		}
	}
	for name, k := range held {
		share := float64(k) / replicates
		t.Logf("%s: %.1f %%", name, 100*share)
		if share < .915 || share > .985 { // 95 % and 2.7 standard errors
			t.Errorf("the intervals of %s hold the truth in %.1f %% of %d replicates", name, 100*share, replicates)
		}
	}
	if len(held) != 6 {
		t.Errorf("intervals of %v were tried", held)
	}
}

// TestCondensedCovers: queries that need a known number of components, with noise; the interval holds it in about 95 % of the replicates.
func TestCondensedCovers(t *testing.T) {
	const replicates, n = 200, 150
	// A query is right from its own number of components on, and by luck before: the mean score at k is known.
	counts := span(1, 21)
	s := stream.Key{Seed: 22, Step: "space", Purpose: "condensed"}.Open()
	truth := math.NaN()
	full := .9
	at := func(k int) float64 { return .5 + (full-.5)*(1-math.Exp(-float64(k)/3))/(1-math.Exp(-20./3)) }
	for _, k := range counts {
		if at(k) >= .5+.95*(full-.5) {
			truth = float64(k)
			break
		}
	}
	held := 0
	for b := range replicates {
		score := make([][]float64, n)
		for i := range score {
			u := s.Float64() // one number a query: right at k where it is below the mean score, so that curves rise
			score[i] = make([]float64, len(counts))
			for j, k := range counts {
				if u < at(k) {
					score[i][j] = 1
				}
			}
		}
		c := must[stats.Condensed](t)(stats.Condense(t.Context(), score, span(0, n), counts, .5, .95, .95, stats.Resampling{Seed: uint64(b), N: 300}))
		if c.Low <= truth && truth <= c.High {
			held++
		}
	}
	share := float64(held) / replicates
	t.Logf("%.0f components: held in %.1f %%", truth, 100*share)
	if share < .9 {
		t.Errorf("the interval of the number of components holds %v in %.1f %% of %d replicates", truth, 100*share, replicates)
	}
}

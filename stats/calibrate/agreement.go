package calibrate

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"probity/internal/stream"
	"probity/stats"
)

// AgreementGrid says what is simulated of metrics' agreement with people: two equally good metrics of the same items, in
// clusters (sources) that shift each metric by an effect of its own.
type AgreementGrid struct {
	Seed       uint64
	Clusters   []int
	Shapes     []Shape   // of people's ratings
	Effects    []float64 // standard deviation of a source's effect on a metric; the ratings' is 1
	Rows       int       // items a source
	Replicates int       // below 48 sources
	Large      int       // replicates from 48 sources on, where each takes longer
	Resamples  int
}

// replicates of a cell with k sources.
func (g AgreementGrid) replicates(k int) int {
	if k >= 48 {
		return g.Large
	}
	return g.Replicates
}

// FullAgreement is the grid of docs/calibration.md.
func FullAgreement() AgreementGrid {
	return AgreementGrid{Seed: 20261123, Clusters: []int{3, 5, 9, 20, 48, 200}, Shapes: []Shape{Normal, Exponential, Lognormal}, Effects: []float64{0, .6}, Rows: 6, Replicates: 4000, Large: 2000, Resamples: 499}
}

// SmallAgreement is the grid that the tests run.
func SmallAgreement() AgreementGrid {
	g := FullAgreement()
	g.Clusters, g.Shapes, g.Effects, g.Replicates, g.Resamples = []int{5, 24}, []Shape{Normal}, []float64{.6}, 2000, 299
	return g
}

// AgreementRow is the result of one cell: the share of replicates whose 95 % interval held the true Spearman correlation, and
// the share in which a test told the two metrics apart at 5 %.
type AgreementRow struct {
	Clusters int
	Shape    string
	Effect   float64
	Truth    float64
	Chosen   float64 // stats.Correlations: BCa from 20 clusters on, jackknife t on Fisher's z below
	ByRow    float64 // Fisher's z with every row independent (Bonett and Wright 2000)
	// Percentile is the percentile bootstrap over clusters.
	Percentile float64
	Rejects    float64 // stats.Joint.Difference, which is chosen
	Whole      float64 // paired jackknife that leaves clusters out whole, on the correlations themselves; NaN from 20 clusters on
	BCa        float64 // paired BCa bootstrap over clusters; NaN below 20
	Williams   float64 // Williams' test, every row independent
}

// noise is the standard deviation of a metric's own error in each item.
const noise = .6

// RunAgreement simulates every cell of the grid; the result does not depend on how many cores there are.
func RunAgreement(ctx context.Context, g AgreementGrid) ([]AgreementRow, error) {
	var rows []AgreementRow
	for _, shape := range g.Shapes {
		for _, effect := range g.Effects {
			truth := g.truth(shape, effect)
			for _, k := range g.Clusters {
				r, err := g.cell(ctx, k, shape, effect, truth)
				if err != nil {
					return nil, err
				}
				rows = append(rows, r)
			}
		}
	}
	return rows, nil
}

// truth is the Spearman correlation of a very large sample.
func (g AgreementGrid) truth(shape Shape, effect float64) float64 {
	x, y, _ := g.sample(stream.Key{Seed: g.Seed, Step: "calibrate", Purpose: fmt.Sprint("truth ", shape.Name, effect)}.Open(), 100_000, shape, effect)
	r, err := stats.Spearman(x[0], y)
	if err != nil {
		panic(err) // a continuous sample is never constant
	}
	return r
}

func (g AgreementGrid) sample(s *stream.Stream, k int, shape Shape, effect float64) (x [][]float64, y []float64, cluster []int) {
	x = make([][]float64, 2)
	for c := range k {
		u := [2]float64{effect * s.Norm(), effect * s.Norm()}
		for range g.Rows {
			z := shape.draw(s)
			y, cluster = append(y, z), append(cluster, c)
			for m := range x {
				x[m] = append(x[m], z+u[m]+noise*s.Norm())
			}
		}
	}
	return x, y, cluster
}

func (g AgreementGrid) cell(ctx context.Context, k int, shape Shape, effect, truth float64) (AgreementRow, error) {
	type outcome struct{ chosen, byRow, percentile, rejects, paired, williams bool }
	all := make([]outcome, g.replicates(k))
	var mu sync.Mutex
	var first error
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for b := w; b < len(all) && ctx.Err() == nil; b += workers {
				s := stream.Key{Seed: g.Seed, Step: "calibrate", Purpose: fmt.Sprint("agreement ", k, shape.Name, effect), Replicate: b}.Open()
				x, y, cluster := g.sample(s, k, shape, effect)
				r := stats.Resampling{Seed: uint64(b), Purpose: "calibration", N: g.Resamples, Workers: 1}
				j, err := stats.Correlations(ctx, stats.SRCC, x, y, cluster, k, r)
				if err != nil {
					mu.Lock()
					first = err
					mu.Unlock()
					return
				}
				o := &all[b]
				iv := j.Interval(0, .95)
				o.chosen = iv.Low <= truth && truth <= iv.High
				naive := stats.FisherInterval(j.Value[0], len(y), stats.FisherSpearman, .95)
				o.byRow = naive.Low <= truth && truth <= naive.High
				_, p := j.Difference(0, 1, 1, 1, .95)
				o.rejects = p < .05
				if between, err := stats.Spearman(x[0], x[1]); err == nil {
					if c, err := stats.Williams(j.Value[0], j.Value[1], between, len(y)); err == nil {
						o.williams = c.P < .05
					}
				}
				reps := []float64(nil)
				if k >= stats.FewClusters {
					d := j.BootstrapDifference(0, 1, 1, 1, .95)
					o.paired = d.Low > 0 || d.High < 0
					reps = j.Replicates[0]
				} else {
					d, err := stats.CorrelationDifference(ctx, stats.SRCC, x[0], x[1], y, cluster, .95, r)
					o.paired = err == nil && (d.Low > 0 || d.High < 0)
					if reps, err = stats.SpearmanReplicates(ctx, x[0], y, cluster, r); err != nil {
						continue
					}
				}
				reps = slices.DeleteFunc(slices.Clone(reps), math.IsNaN)
				slices.Sort(reps)
				o.percentile = stats.Quantile(reps, .025) <= truth && truth <= stats.Quantile(reps, .975)
			}
		})
	}
	wg.Wait()
	row := AgreementRow{Clusters: k, Shape: shape.Name, Effect: effect, Truth: truth, BCa: math.NaN(), Whole: math.NaN()}
	if first != nil || ctx.Err() != nil {
		if first == nil {
			first = ctx.Err()
		}
		return row, first
	}
	count := func(of func(o *outcome) bool) float64 {
		n := 0
		for i := range all {
			if of(&all[i]) {
				n++
			}
		}
		return float64(n) / float64(len(all))
	}
	row.Chosen, row.ByRow = count(func(o *outcome) bool { return o.chosen }), count(func(o *outcome) bool { return o.byRow })
	row.Rejects, row.Williams = count(func(o *outcome) bool { return o.rejects }), count(func(o *outcome) bool { return o.williams })
	row.Percentile = count(func(o *outcome) bool { return o.percentile })
	paired := count(func(o *outcome) bool { return o.paired })
	if k >= stats.FewClusters {
		row.BCa = paired
	} else {
		row.Whole = paired
	}
	return row, nil
}

// WriteAgreement writes the table as a section of a page of docs.
func WriteAgreement(w io.Writer, g AgreementGrid, rows []AgreementRow) error {
	var b strings.Builder
	fmt.Fprintf(&b, `
## Agreement with people

%d replicates a line (%d from 48 sources on), %d items a source, %d bootstrap resamples; the standard error of a rejection rate of
5 %% is %.1f points (%.1f). Two equally good metrics of the same items, each shifted by a source by "effect" (in standard deviations of the ratings). Chosen: the
interval of Spearman's correlation, and the paired test, that the program shows (stats.Correlations, stats.Joint.Difference).
**Bold** lies outside 93 to 97 %% (tests: 4 to 6 %%). Beside them what else might be done: the percentile bootstrap over sources and
Fisher's z with every row counted as independent; the paired jackknife that leaves sources out whole (below 20 sources), the
paired BCa bootstrap (from 20 on), and Williams' test, which is for Pearson's correlations of independent rows.

| sources | ratings | effect | chosen covers | percentile covers | Fisher's z by row covers | chosen rejects | whole jackknife rejects | paired BCa rejects | Williams by row rejects |
|---|---|---|---|---|---|---|---|---|---|
`, g.Replicates, g.Large, g.Rows, g.Resamples, 100*math.Sqrt(.05*.95/float64(g.Replicates)), 100*math.Sqrt(.05*.95/float64(g.Large)))
	pc := func(v, lo, hi float64) string {
		s := fmt.Sprintf("%.1f", 100*v)
		switch {
		case math.IsNaN(v):
			return "-"
		case v < lo || v > hi:
			return "**" + s + "**"
		}
		return s
	}
	low, high := 1., 0.
	var off []string
	for _, r := range rows {
		low, high = min(low, r.Rejects), max(high, r.Rejects)
		if r.Rejects < .04 || r.Rejects > .06 || r.Chosen < .93 || r.Chosen > .97 {
			off = append(off, fmt.Sprintf("- %d sources, %s ratings, effect %g: the interval covers %.1f %%, the test rejects %.1f %%", r.Clusters, r.Shape, r.Effect, 100*r.Chosen, 100*r.Rejects))
		}
		fmt.Fprintf(&b, "| %d | %s | %g | %s | %s | %s | %s | %s | %s | %s |\n", r.Clusters, r.Shape, r.Effect, pc(r.Chosen, .93, .97), pc(r.Percentile, .93, .97), pc(r.ByRow, .93, .97),
			pc(r.Rejects, .04, .06), pc(r.Whole, .04, .06), pc(r.BCa, .04, .06), pc(r.Williams, .04, .06))
	}
	fmt.Fprintf(&b, "\nThe chosen test rejects in %.1f to %.1f %% of runs. It is t on the difference of Fisher's z, with a standard error from counting each\nsource half: leaving sources out whole overstates the spread of what is no mean, and the difference of correlations itself spreads\nmore where they are small, so that a large difference comes with a large standard error.\n", 100*low, 100*high)
	if len(off) > 0 {
		fmt.Fprintf(&b, "\n## Where agreement's interval or test misses its range\nBelow 20 sources the program warns beside every number.\n\n%s\n", strings.Join(off, "\n"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

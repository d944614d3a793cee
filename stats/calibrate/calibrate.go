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

// Grid says what is simulated.
type Grid struct {
	Seed       uint64
	Clusters   []int
	Shapes     []Shape
	Between    []float64 // share of the variance that lies between clusters
	Rows       int       // rows a cluster
	Replicates int
	Resamples  int
}

// Shape is a standardised distribution (mean 0, variance 1).
type Shape struct {
	Name string
	Skew float64
	draw func(s *stream.Stream) float64
}

// The shapes of the grid.
var (
	Normal      = Shape{"normal", 0, func(s *stream.Stream) float64 { return s.Norm() }}
	Exponential = Shape{"exponential", 2, func(s *stream.Stream) float64 { return -math.Log(1-s.Float64()) - 1 }}
	Lognormal   = Shape{"lognormal", 6.18, func(s *stream.Stream) float64 {
		return (math.Exp(s.Norm()) - math.Exp(.5)) / math.Sqrt((math.E-1)*math.E)
	}}
)

// Full is the grid of docs/calibration.md.
func Full() Grid {
	return Grid{Seed: 20261123, Clusters: []int{3, 5, 9, 20, 48, 200}, Shapes: []Shape{Normal, Exponential, Lognormal},
		Between: []float64{0, .5}, Rows: 4, Replicates: 2000, Resamples: 999}
}

// Small is the grid that the tests run.
func Small() Grid {
	g := Full()
	g.Clusters, g.Shapes, g.Between = []int{5, 20, 48}, []Shape{Normal, Exponential}, []float64{.5}
	g.Replicates, g.Resamples = 2000, 399
	return g
}

// Row is the result of one cell of a grid: the share of replicates whose 95 % interval held the true mean, by method, and
// the share in which a paired test of two equal metrics rejected at 5 %.
type Row struct {
	Clusters                                      int
	Shape                                         string
	Between                                       float64
	Chosen, T, BootstrapT, BCa, Percentile, ByRow float64
	Rejects                                       float64
	Warned                                        float64 // share of replicates in which the chosen interval warned
	Replicates                                    int
}

// Run simulates every cell of the grid, in parallel; the result does not depend on how many cores there are.
func Run(ctx context.Context, g Grid) ([]Row, error) {
	var rows []Row
	for _, k := range g.Clusters {
		drawn := stats.Draw(stats.Resampling{Seed: g.Seed, Purpose: "calibration", N: g.Resamples}, k)
		for _, shape := range g.Shapes {
			for _, between := range g.Between {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				rows = append(rows, g.cell(k, shape, between, drawn))
			}
		}
	}
	return rows, nil
}

func (g Grid) cell(k int, shape Shape, between float64, drawn *stats.Drawn) Row {
	type outcome struct {
		hit             [6]bool
		rejects, warned bool
	}
	all := make([]outcome, g.Replicates)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for b := w; b < g.Replicates; b += workers {
				s := stream.Key{Seed: g.Seed, Step: "calibrate", Purpose: fmt.Sprint(k, shape.Name, between), Replicate: b}.Open()
				x := g.sample(s, k, shape, between)
				y := g.sample(s, k, shape, between)
				m := stats.NewMean(x)
				chosen := stats.MeanInterval(x, stats.MeanOptions{Drawn: drawn})
				single := make([][]float64, 0, k*g.Rows)
				diff := make([][]float64, k)
				for c := range x {
					diff[c] = make([]float64, g.Rows)
					for i, v := range x[c] {
						single = append(single, []float64{v})
						diff[c][i] = v - y[c][i]
					}
				}
				o := &all[b]
				for i, iv := range []stats.Interval{chosen, m.T(.95), m.BootstrapT(drawn, .95), m.BCa(drawn, .95),
					m.Percentile(drawn, .95), stats.NewMean(single).T(.95)} {
					o.hit[i] = iv.Low <= 0 && 0 <= iv.High
				}
				d := stats.NewMean(diff).T(.95)
				o.rejects = d.Low > 0 || d.High < 0
				o.warned = len(chosen.Warnings) > 0
			}
		})
	}
	wg.Wait()
	var n [6]int
	var rejects, warned int
	for _, o := range all {
		for i, h := range o.hit {
			if h {
				n[i]++
			}
		}
		if o.rejects {
			rejects++
		}
		if o.warned {
			warned++
		}
	}
	share := func(i int) float64 { return float64(i) / float64(g.Replicates) }
	return Row{k, shape.Name, between, share(n[0]), share(n[1]), share(n[2]), share(n[3]), share(n[4]), share(n[5]),
		share(rejects), share(warned), g.Replicates}
}

// bestOf is the coverage of the method that comes nearest to 95 %.
func bestOf(r Row) float64 {
	all := []float64{r.T, r.BootstrapT, r.BCa}
	slices.SortFunc(all, func(a, b float64) int { return int(math.Copysign(1, math.Abs(a-.95)-math.Abs(b-.95))) })
	return all[0]
}

// sample draws rows in clusters: a cluster effect and a residual of the same shape.
func (g Grid) sample(s *stream.Stream, k int, shape Shape, between float64) [][]float64 {
	x := make([][]float64, k)
	for c := range x {
		u := math.Sqrt(between) * shape.draw(s)
		for range g.Rows {
			x[c] = append(x[c], u+math.Sqrt(1-between)*shape.draw(s))
		}
	}
	return x
}

// Write writes the table as a page of docs.
func Write(w io.Writer, g Grid, rows []Row) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# Calibration of intervals and tests

Generated by %[1]smake calibrate%[1]s. %[2]d replicates a line, %[3]d rows a cluster, %[4]d bootstrap resamples; the standard error of a
coverage of 95 %% is %.1[5]f points. Coverage is the share of replicates whose 95 %% interval held the true mean; rejections are
those of a paired test of two equal metrics at 5 %%. "Between" is the share of the variance that lies between clusters.
The chosen interval is what the program shows (stats.MeanInterval); **bold** lies outside 93 to 97 %% (tests: 4 to 6 %%). "Warned"
is the share of replicates in which the program warned beside the number. The last two columns are the mistakes that are
commonly made: the percentile bootstrap over clusters, and every row counted as independent.

| clusters | shape | between | chosen | warned | t | bootstrap-t | BCa | test rejects | percentile | by row |
|---|---|---|---|---|---|---|---|---|---|---|
`, "`", g.Replicates, g.Rows, g.Resamples, 100*math.Sqrt(.95*.05/float64(g.Replicates)))
	pc := func(v float64) string { return fmt.Sprintf("%.1f", 100*v) }
	mark := func(v, lo, hi float64) string {
		if v < lo || v > hi {
			return "**" + pc(v) + "**"
		}
		return pc(v)
	}
	var off []string
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %s | %g | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Clusters, r.Shape, r.Between, mark(r.Chosen, .93, .97),
			pc(r.Warned), pc(r.T), pc(r.BootstrapT), pc(r.BCa), mark(r.Rejects, .04, .06), pc(r.Percentile), pc(r.ByRow))
		if best := bestOf(r); r.Chosen < .93 {
			off = append(off, fmt.Sprintf("- %d clusters, %s, between %g: %s %% (best of the three methods: %s %%)", r.Clusters, r.Shape, r.Between, pc(r.Chosen), pc(best)))
		}
	}
	if len(off) > 0 {
		fmt.Fprintf(&b, "\n## Where the chosen interval covers less than 93 %%\nFew clusters cannot show how skewed their distribution is. The program warns below 9 clusters always, and below 48 where the\nsample is skewed. Tests that reject in fewer than 4 %% of runs err on the safe side: differences of skewed values have heavy tails.\n\n%s\n", strings.Join(off, "\n"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

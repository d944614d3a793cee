package stats

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"probity/internal/stream"
)

// Resampling says how clusters are drawn. The zero value is 10,000 resamples with seed 0 on all cores.
type Resampling struct {
	Seed    uint64
	Purpose string // part of the stream's key: resamples of sources and of raters are independent
	N       int    // resamples; 0: 10,000
	Workers int    // goroutines; 0: one a core. It changes nothing in the result
}

func (r Resampling) count() int {
	if r.N <= 0 {
		return 10000
	}
	return r.N
}

// Draw fills weight with how often each of len(weight) clusters comes in resample b, drawn with replacement. Every
// resample has a stream of its own, so that the order in which they are computed does not matter.
func (r Resampling) Draw(b int, weight []float64) {
	clear(weight)
	s := stream.Key{Seed: r.Seed, Step: "bootstrap", Purpose: r.Purpose, Replicate: b}.Open()
	n := uint64(len(weight))
	for range weight {
		// The high word of a product is uniform to one part in 2^64/n, without a division (Lemire 2019).
		hi, _ := bits.Mul64(s.Uint64(), n)
		weight[hi]++
	}
}

// Statistic recomputes an estimate from clusters counted weight[c] times. NaN: undefined in this resample.
type Statistic func(weight []float64) float64

// Replicates evaluates a statistic in every resample, in parallel. open is called once a worker, so that each may have
// scratch memory of its own.
func (r Resampling) Replicates(ctx context.Context, clusters int, open func() Statistic) ([]float64, error) {
	out := make([]float64, r.count())
	err := r.each(ctx, clusters, func() func(int, []float64) {
		f := open()
		return func(b int, w []float64) { out[b] = f(w) }
	})
	return out, err
}

// Vectors evaluates a statistic with several values (a curve) in every resample; open's function writes them to out,
// which has width elements.
func (r Resampling) Vectors(ctx context.Context, clusters, width int, open func() func(weight, out []float64)) ([][]float64, error) {
	all := make([]float64, r.count()*width)
	out := make([][]float64, r.count())
	err := r.each(ctx, clusters, func() func(int, []float64) {
		f := open()
		return func(b int, w []float64) {
			out[b] = all[b*width : (b+1)*width]
			f(w, out[b])
		}
	})
	return out, err
}

func (r Resampling) each(ctx context.Context, clusters int, open func() func(b int, weight []float64)) error {
	if clusters < 1 {
		return fmt.Errorf("bootstrap: no clusters to resample: %w", ErrUndefined)
	}
	n := r.count()
	workers := r.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, n)
	var wg sync.WaitGroup
	for w := range workers {
		f := open()
		wg.Go(func() {
			weight := make([]float64, clusters)
			for b := w; b < n; b += workers {
				if ctx.Err() != nil {
					return
				}
				r.Draw(b, weight)
				f(b, weight)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// Jackknife evaluates a statistic without each cluster in turn.
func Jackknife(clusters int, f Statistic) []float64 {
	w := make([]float64, clusters)
	for i := range w {
		w[i] = 1
	}
	out := make([]float64, clusters)
	for i := range out {
		w[i] = 0
		out[i] = f(w)
		w[i] = 1
	}
	return out
}

// FewClusters is the number of clusters below which no bootstrap quantile is trusted.
const FewClusters = 20

// ClusterBootstrap is the BCa interval (Efron 1987, eq. 2.3) of any statistic, resampling whole clusters, with the
// acceleration from the cluster jackknife. Fewer than 20 clusters: no BCa but the jackknife's t interval with k-1
// degrees of freedom (Tukey 1958). Resamples in which the statistic is undefined are left out, counted in a warning.
func ClusterBootstrap(ctx context.Context, clusters int, open func() Statistic, level float64, r Resampling) (Interval, error) {
	level = orLevel(level)
	f := open()
	ones := make([]float64, clusters)
	for i := range ones {
		ones[i] = 1
	}
	iv := noInterval(f(ones), clusters, level)
	if math.IsNaN(iv.Value) {
		iv.warn("undefined on the whole sample")
		return iv, nil
	}
	if clusters < 2 {
		iv.warn("one cluster: no interval")
		return iv, nil
	}
	jack := jackknife(clusters, open)
	if clusters < FewClusters {
		return jackknifeT(iv, jack), nil
	}
	reps, err := r.Replicates(ctx, clusters, open)
	if err != nil {
		return iv, err
	}
	return bcaInterval(iv, reps, jack), nil
}

func jackknifeT(iv Interval, jack []float64) Interval {
	k := float64(len(jack))
	m, ss := center(jack)
	se := math.Sqrt(ss * (k - 1) / k)
	if math.IsNaN(m) {
		iv.warn("undefined without one of the clusters: no interval")
		return iv
	}
	if se == 0 {
		return iv.degenerate()
	}
	iv.DF = k - 1
	h := tQuantile(.5+iv.Level/2, iv.DF) * se
	iv.Low, iv.High = iv.Value-h, iv.Value+h
	iv.Method = fmt.Sprintf("jackknife t over clusters, %d df", len(jack)-1)
	return iv
}

func center(x []float64) (mean, ss float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		ss += (v - mean) * (v - mean)
	}
	return mean, ss
}

// bcaInterval fills low and high; reps are sorted by it.
func bcaInterval(iv Interval, reps, jack []float64) Interval {
	n := len(reps)
	reps = sortedWithoutNaN(reps)
	if lost := n - len(reps); lost > 0 {
		iv.warn(fmt.Sprintf("undefined in %d of %d resamples, which are left out", lost, n))
	}
	if len(reps) < n/2 || len(reps) == 0 {
		iv.warn("undefined in most resamples: no interval")
		return iv
	}
	if reps[0] == reps[len(reps)-1] {
		return iv.degenerate()
	}
	z0 := normalQuantile(shareBelow(reps, iv.Value))
	acc := acceleration(jack)
	if math.IsInf(z0, 0) || math.IsNaN(acc) {
		t := jackknifeT(iv, jack)
		t.warn("bias correction undefined (every resample on one side of the estimate): jackknife t instead")
		return t
	}
	end := func(p float64) float64 {
		z := z0 + normalQuantile(p)
		return normalCDF(z0 + z/(1-acc*z))
	}
	iv.Low, iv.High = Quantile(reps, end((1-iv.Level)/2)), Quantile(reps, end((1+iv.Level)/2))
	iv.Method = fmt.Sprintf("BCa bootstrap over clusters, %d resamples", n)
	return iv
}

// acceleration is Efron's (1987, eq. 6.6) a from jackknife values.
func acceleration(jack []float64) float64 {
	m, s2 := center(jack)
	var s3 float64
	for _, v := range jack {
		d := m - v
		s3 += d * d * d
	}
	if s2 == 0 {
		return math.NaN()
	}
	return s3 / (6 * math.Pow(s2, 1.5))
}

// sortedWithoutNaN sorts in place and drops NaN, which sort first.
func sortedWithoutNaN(x []float64) []float64 {
	slices.Sort(x)
	for len(x) > 0 && math.IsNaN(x[0]) {
		x = x[1:]
	}
	return x
}

// jackknife is Jackknife on all cores.
func jackknife(clusters int, open func() Statistic) []float64 {
	out := make([]float64, clusters)
	workers := min(runtime.GOMAXPROCS(0), clusters)
	var wg sync.WaitGroup
	for w := range workers {
		f := open()
		wg.Go(func() {
			weight := make([]float64, clusters)
			for i := range weight {
				weight[i] = 1
			}
			for i := w; i < clusters; i += workers {
				weight[i] = 0
				out[i] = f(weight)
				weight[i] = 1
			}
		})
	}
	wg.Wait()
	return out
}

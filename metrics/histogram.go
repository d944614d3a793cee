package metrics

import (
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Metrics.Add(registry.Info{
		Name: "histogram", Version: 1,
		Doc: "distance of the colour histograms: what is there, not where",
		Long: "distance = `emd`: the earth mover's (Wasserstein-1) distance of each channel's 256-level histogram, in levels, averaged over R, G and B; exact. " +
			"`chi2`, `hellinger`, `intersection`: on the joint histogram h of bins x bins x bins colours (shares of pixels): " +
			"sum (h_a - h_b)^2 / (h_a + h_b) / 2; sqrt(1 - sum sqrt(h_a h_b)); 1 - sum min(h_a, h_b); each 0..1.\n\n" +
			"Pictures may differ in size. Moving things about leaves it at 0; the joint distances jump when a colour crosses a bin's edge.",
		Source: "Rubner, Tomasi and Guibas, The earth mover's distance as a metric for image retrieval, IJCV 40 (2000); scipy.stats.wasserstein_distance",
		Params: []registry.Param{
			{Name: "distance", Type: registry.String, Default: "emd", Enum: []string{"emd", "chi2", "hellinger", "intersection"}, Doc: "how histograms are compared"},
			{Name: "bins", Type: registry.Int, Default: 8, Min: 2, Max: 64, Doc: "bins a channel of the joint histogram (not for emd)"},
		},
	}, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: 255, Symmetric: true, Group: trial.Classical, AnySize: true,
		New: func(v registry.Values, _ trial.Env) (trial.Metric, error) {
			return histogram{v.String("distance"), v.Int("bins")}, nil
		}})
}

type histogram struct {
	distance string
	bins     int
}

// Needs implements trial.Metric.
func (histogram) Needs() []trial.Request { return nil }

// Score implements trial.Metric.
func (m histogram) Score(t *trial.Trial) (trial.Score, error) {
	if m.distance == "emd" {
		return trial.Score{Value: moved(marginals(t.Input), marginals(t.Output), len(t.Input.Pix)/3, len(t.Output.Pix)/3)}, nil
	}
	a, b := jointHistogram(t.Input, m.bins), jointHistogram(t.Output, m.bins)
	sum := 0.0
	for i, p := range a {
		q := b[i]
		switch {
		case m.distance == "chi2" && p+q > 0:
			sum += (p - q) * (p - q) / (p + q) / 2
		case m.distance == "hellinger":
			d := math.Sqrt(p) - math.Sqrt(q)
			sum += d * d / 2 // 1 - sum sqrt(pq) without cancellation
		case m.distance == "intersection":
			sum += math.Abs(p-q) / 2 // 1 - sum min(p, q), likewise
		}
	}
	if m.distance == "hellinger" {
		sum = math.Sqrt(sum)
	}
	return trial.Score{Value: sum}, nil
}

func marginals(m *raster.Image) (h [3][256]int) {
	for i := 0; i < len(m.Pix); i += 3 {
		h[0][m.Pix[i]]++
		h[1][m.Pix[i+1]]++
		h[2][m.Pix[i+2]]++
	}
	return
}

// moved is the area between the cumulative histograms of na and nb pixels, averaged over channels.
func moved(a, b [3][256]int, na, nb int) float64 {
	total := 0.0
	for c := range a {
		ca, cb := 0, 0
		for v := range 255 {
			ca += a[c][v]
			cb += b[c][v]
			total += math.Abs(float64(ca)/float64(na) - float64(cb)/float64(nb))
		}
	}
	return total / 3
}

func jointHistogram(m *raster.Image, bins int) []float64 {
	h := make([]float64, bins*bins*bins)
	one := 3 / float64(len(m.Pix))
	counts := make([]int, len(h))
	for i := 0; i < len(m.Pix); i += 3 {
		r, g, b := int(m.Pix[i])*bins/256, int(m.Pix[i+1])*bins/256, int(m.Pix[i+2])*bins/256
		counts[(r*bins+g)*bins+b]++
	}
	for i, n := range counts {
		h[i] = float64(n) * one
	}
	return h
}

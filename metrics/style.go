package metrics

import (
	"math"

	"probity/internal/linalg"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	onPlaces(registry.Info{
		Name: "gram", Version: 1,
		Doc: "style: distance of the Gram matrices of a map or tokens",
		Long: "sum (G_a - G_b)^2 / (4 C^2) with G = F F^T / n, F the C x n matrix of the features at n places: which channels fire together, wherever. " +
			"It is Gatys's style loss of one layer, and grows with the fourth power of the features' scale: compare it within one layer only. " +
			"Pictures may differ in size.",
		Source: "Gatys, Ecker and Bethge, Image style transfer using convolutional neural networks, CVPR 2016, equation 4",
	}, "spatial", nil, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: math.Inf(1), Symmetric: true},
		func(registry.Values) func(a, b *trial.Tensor) (trial.Score, error) {
			return func(a, b *trial.Tensor) (trial.Score, error) {
				c := a.Channels()
				// The lower triangle of both, the difference twice but on the diagonal.
				ga, gb := make([]float64, c*c), make([]float64, c*c)
				for _, x := range []struct {
					g []float64
					t *trial.Tensor
				}{{ga, a}, {gb, b}} {
					v := byPlace(x.t)
					linalg.Add(x.g, c, 1/float64(v.Rows), v.T(), v, linalg.Lower, linalg.One)
				}
				sum := 0.0
				for i := range c {
					for j := range i {
						d := ga[i*c+j] - gb[i*c+j]
						sum += 2 * d * d
					}
					d := ga[i*c+i] - gb[i*c+i]
					sum += d * d
				}
				return trial.Score{Value: sum / (4 * float64(c) * float64(c))}, nil
			}
		})
	onPlaces(registry.Info{
		Name: "channel-stats", Version: 1,
		Doc: "style: distance of each channel's mean and spread over a map or tokens",
		Long: "|mu_a - mu_b| + |sigma_a - sigma_b|, Euclidean over channels, with mean and standard deviation (divided by n) of each channel over all " +
			"places. Pictures may differ in size. It is the AdaIN style loss of one layer without its mean over channels.",
		Source: "Huang and Belongie, Arbitrary style transfer in real-time with adaptive instance normalization, ICCV 2017, equation 13",
	}, "spatial", nil, trial.MetricEntry{Direction: trial.Distance, Low: 0, High: math.Inf(1), Symmetric: true},
		func(registry.Values) func(a, b *trial.Tensor) (trial.Score, error) {
			return func(a, b *trial.Tensor) (trial.Score, error) {
				ma, sa := channelStats(a)
				mb, sb := channelStats(b)
				return trial.Score{Value: euclid(ma, mb) + euclid(sa, sb)}, nil
			}
		})
}

// channelStats are each channel's mean and standard deviation over places.
func channelStats(t *trial.Tensor) (mean, sd []float64) {
	v := byPlace(t)
	mean, sd = make([]float64, v.Cols), make([]float64, v.Cols)
	for c := range mean {
		for i := range v.Rows {
			mean[c] += v.At(i, c)
		}
		mean[c] /= float64(v.Rows)
		for i := range v.Rows {
			d := v.At(i, c) - mean[c]
			sd[c] += d * d
		}
		sd[c] = math.Sqrt(sd[c] / float64(v.Rows))
	}
	return mean, sd
}

func euclid(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return math.Sqrt(sum)
}

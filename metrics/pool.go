package metrics

import (
	"math"
	"slices"
)

// pool reduces a metric's places to one number: their mean, their max, or the mean of the largest share of them.
func pool(d []float64, how string, share float64) float64 {
	switch how {
	case "max":
		return slices.Max(d)
	case "top":
		k := max(1, int(math.Round(share*float64(len(d)))))
		if k < len(d) {
			d = slices.Clone(d)
			slices.Sort(d)
			d = d[len(d)-k:]
		}
	}
	sum := 0.0
	for _, v := range d {
		sum += v
	}
	return sum / float64(len(d))
}

package stats

import (
	"fmt"
	"math"
)

// MeanInterval is the mean over rows with the interval that suits its clusters; clusters holds the rows of each. The
// rule, whose coverage docs/calibration.md shows:
//
//   - fewer than 2 clusters: none;
//   - all rows equal: Wilson's score interval at 0 or 1 of bounded values, each cluster one trial, else a degenerate
//     interval with a warning;
//   - 2 to 4 clusters: t with k-1 degrees of freedom, always with a warning;
//   - 5 clusters or more: bootstrap-t, whose t has k-1 degrees of freedom. At 20 and above BCa covers less than it says for means
//     of skewed values, so that bootstrap-t, as exact to second order and studentised, is taken for means; BCa
//     (ClusterBootstrap) serves what has no standard error of its own;
//   - skewed values in fewer than 48 clusters: a warning, since no interval covers 95 % there.
func MeanInterval(clusters [][]float64, opt MeanOptions) Interval {
	m := NewMean(clusters)
	iv := m.choose(opt)
	if m.Missing > 0 {
		iv.warn(fmt.Sprintf("%d missing values left out", m.Missing))
	}
	return iv
}

func (m Mean) choose(opt MeanOptions) Interval {
	level := orLevel(opt.Level)
	k := len(m.Sum)
	iv := noInterval(m.Value, k, level)
	if k < 2 {
		iv.warn("fewer than two clusters: no interval")
		return iv
	}
	if !m.Spread || m.SE() == 0 {
		if opt.Bounded && (m.Value == 0 || m.Value == 1) {
			iv.Low, iv.High = wilson(m.Value, float64(k), level)
			iv.Method = fmt.Sprintf("Wilson score, n = %d clusters", k)
			iv.warn("all clusters agree: each is counted as one trial")
			return iv
		}
		return iv.degenerate()
	}
	if k < fewForStudentised {
		iv = m.T(level)
	} else {
		d := opt.Drawn
		if d == nil || d.Clusters != k {
			d = Draw(opt.Resampling, k)
		}
		iv = m.BootstrapT(d, level)
		if math.IsInf(iv.Low, 0) || math.IsInf(iv.High, 0) || math.IsNaN(iv.Low) {
			iv = m.T(level)
			iv.warn("too few distinct values for bootstrap-t: t instead")
		}
	}
	if g := m.Skewness(); math.Abs(g) > skewed && k < 48 {
		iv.warn(fmt.Sprintf("skewed cluster means (skewness %.2g) in only %d clusters: the interval covers less than it says", g, k))
	}
	if k < 9 {
		iv.warn(fmt.Sprintf("%d clusters: the interval stands on their being roughly normal, which so few cannot show", k))
	}
	if opt.Bounded {
		iv.Low, iv.High = max(0, iv.Low), min(1, iv.High)
	}
	return iv
}

const (
	fewForStudentised = 5
	skewed            = 1
)

// Skewness is the adjusted sample skewness of the clusters' contributions (Joanes and Gill 1998, G1); NaN for fewer than 3.
func (m Mean) Skewness() float64 {
	k := float64(len(m.Sum))
	if k < 3 {
		return math.NaN()
	}
	var s2, s3 float64
	for c, s := range m.Sum {
		d := s - m.Value*m.Count[c]
		s2 += d * d
		s3 += d * d * d
	}
	if s2 == 0 {
		return 0
	}
	return s3 / k / math.Pow(s2/k, 1.5) * math.Sqrt(k*(k-1)) / (k - 2)
}

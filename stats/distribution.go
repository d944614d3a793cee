package stats

import "gonum.org/v1/gonum/stat/distuv"

func normalQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }
func normalCDF(z float64) float64      { return distuv.UnitNormal.CDF(z) }

func tQuantile(p, df float64) float64 { return distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(p) }

// tTwoSided is the probability of a Student's t at least as far from 0.
func tTwoSided(t, df float64) float64 {
	if t > 0 {
		t = -t
	}
	return 2 * distuv.StudentsT{Sigma: 1, Nu: df}.CDF(t)
}

func normalTwoSided(z float64) float64 {
	if z > 0 {
		z = -z
	}
	return 2 * normalCDF(z)
}

func tCDF(t, df float64) float64 { return distuv.StudentsT{Sigma: 1, Nu: df}.CDF(t) }

// chiSquaredTail is the probability of a chi-squared at least as large.
func chiSquaredTail(x, df float64) float64 { return distuv.ChiSquared{K: df}.Survival(x) }

func fQuantile(p, d1, d2 float64) float64 { return distuv.F{D1: d1, D2: d2}.Quantile(p) }

func fTail(f, d1, d2 float64) float64 { return distuv.F{D1: d1, D2: d2}.Survival(f) }

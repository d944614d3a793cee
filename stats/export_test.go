package stats

// NoncentralCDF lets the tests compare the approximation with an oracle.
func NoncentralCDF(x, df, lambda float64) float64 { return noncentralCDF(x, df, lambda) }

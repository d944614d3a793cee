package linalg

// Mean is the mean of n rows of d numbers, summed in double precision.
func Mean(x []float32, n, d int) []float64 {
	m := make([]float64, d)
	for i := range n {
		for j, v := range x[i*d : (i+1)*d] {
			m[j] += float64(v)
		}
	}
	for j := range m {
		m[j] /= float64(n)
	}
	return m
}

// Covariance is the d x d covariance of n rows about their mean, divided by n - 1. The rows are centred before they are
// multiplied, so that a mean that is large against the spread costs no digits.
func Covariance(x []float32, n, d int, mean []float64) []float64 {
	s := make([]float64, d*d)
	v := OfSingle(x, n, d).Less(mean)
	Add(s, d, 1, v.T(), v, Lower)
	Mirror(s, d)
	for i := range s {
		s[i] /= float64(n - 1)
	}
	return s
}

// Trace is the sum of the diagonal of an n x n matrix.
func Trace(a []float64, n int) float64 {
	t := 0.0
	for i := range n {
		t += a[i*n+i]
	}
	return t
}

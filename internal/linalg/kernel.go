package linalg

// The tile of a product that is kept in registers: 6 rows of two 4-number vectors fill 12 of AVX2's 16 registers.
const (
	tileRows = 6
	tileCols = 8
)

func kernelGo(k int, a, b, c []float64, ldc int) {
	var sum [tileRows][tileCols]float64
	for ; k > 0; k-- {
		x, y := a[:tileRows:tileRows], b[:tileCols:tileCols]
		for i, v := range x {
			s := &sum[i]
			for j, w := range y {
				s[j] += v * w
			}
		}
		a, b = a[tileRows:], b[tileCols:]
	}
	for i := range sum {
		row := c[i*ldc:][:tileCols]
		for j, v := range sum[i] {
			row[j] += v
		}
	}
}

func dotsGo(a []float64, lda int, v []float64, out *[4]float64) {
	for r := range out {
		row := a[r*lda:][:len(v)]
		var s0, s1, s2, s3 float64
		i := 0
		for ; i+4 <= len(v); i += 4 {
			s0 += row[i] * v[i]
			s1 += row[i+1] * v[i+1]
			s2 += row[i+2] * v[i+2]
			s3 += row[i+3] * v[i+3]
		}
		for ; i < len(v); i++ {
			s0 += row[i] * v[i]
		}
		out[r] = s0 + s1 + (s2 + s3)
	}
}

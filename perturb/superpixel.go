package perturb

import (
	"math"

	"probity/internal/raster"
)

// superpixels labels each pixel with its superpixel, 0..count-1, each one connected: SLIC (Achanta et al., SLIC superpixels
// compared to state-of-the-art superpixel methods, IEEE TPAMI 34, 2012) with 10 iterations in CIELAB, compactness 10, from a
// square grid of about n seeds. Fragments smaller than a quarter of the mean size join the neighbour found before them.
func superpixels(m *raster.Image, n int) (label []int32, count int) {
	lab := raster.ToLab(m)
	step := math.Max(2, math.Sqrt(float64(m.W*m.H)/float64(n)))
	type seed struct{ l, a, b, x, y float64 }
	var seeds []seed
	nx, ny := max(1, int(float64(m.W)/step+.5)), max(1, int(float64(m.H)/step+.5))
	for j := range ny {
		for i := range nx {
			x, y := (float64(i)+.5)*float64(m.W)/float64(nx)-.5, (float64(j)+.5)*float64(m.H)/float64(ny)-.5
			k := int(y+.5)*m.W + int(x+.5)
			seeds = append(seeds, seed{lab.L[k], lab.A[k], lab.B[k], x, y})
		}
	}
	const compactness = 10
	near := compactness * compactness / (step * step)
	label = make([]int32, m.W*m.H)
	distance := make([]float64, m.W*m.H)
	for range 10 {
		for i := range distance {
			distance[i] = math.Inf(1)
		}
		for k, c := range seeds {
			for y := max(0, int(c.y-2*step)); y <= min(m.H-1, int(c.y+2*step)); y++ {
				for x := max(0, int(c.x-2*step)); x <= min(m.W-1, int(c.x+2*step)); x++ {
					i := y*m.W + x
					dl, da, db := lab.L[i]-c.l, lab.A[i]-c.a, lab.B[i]-c.b
					dx, dy := float64(x)-c.x, float64(y)-c.y
					if d := dl*dl + da*da + db*db + near*(dx*dx+dy*dy); d < distance[i] {
						distance[i], label[i] = d, int32(k)
					}
				}
			}
		}
		sums := make([]seed, len(seeds))
		size := make([]float64, len(seeds))
		for i, k := range label {
			c := &sums[k]
			c.l, c.a, c.b = c.l+lab.L[i], c.a+lab.A[i], c.b+lab.B[i]
			c.x, c.y = c.x+float64(i%m.W), c.y+float64(i/m.W)
			size[k]++
		}
		for k, s := range sums {
			if z := size[k]; z > 0 {
				seeds[k] = seed{s.l / z, s.a / z, s.b / z, s.x / z, s.y / z}
			}
		}
	}
	return connected(label, m.W, m.H, m.W*m.H/len(seeds)/4)
}

// connected gives every connected part of one label a label of its own, in the order of their first pixels; parts of fewer than
// least pixels take that of the part before them.
func connected(label []int32, w, h, least int) ([]int32, int) {
	out := make([]int32, len(label))
	for i := range out {
		out[i] = -1
	}
	count := 0
	var part []int
	for first := range label {
		if out[first] >= 0 {
			continue
		}
		before := int32(-1)
		if first%w > 0 {
			before = out[first-1]
		} else if first >= w {
			before = out[first-w]
		}
		part = append(part[:0], first)
		out[first] = int32(count)
		for k := 0; k < len(part); k++ {
			i := part[k]
			for _, j := range [4]int{i - 1, i + 1, i - w, i + w} {
				if j < 0 || j >= len(label) || out[j] >= 0 || label[j] != label[first] || (j == i-1 && i%w == 0) || (j == i+1 && j%w == 0) {
					continue
				}
				out[j] = int32(count)
				part = append(part, j)
			}
		}
		if len(part) < least && before >= 0 {
			for _, i := range part {
				out[i] = before
			}
			continue
		}
		count++
	}
	return out, count
}

// superpixelField ranks whole superpixels, of about 1 % of the picture each, by the distance of their centroids from a point, and
// the pixels of each by their own distance. So a region is whole superpixels but for its last one.
func superpixelField(m *raster.Image, cx, cy float64) []float64 {
	label, count := superpixels(m, 100)
	x, y, size := make([]float64, count), make([]float64, count), make([]float64, count)
	for i, k := range label {
		x[k] += float64(i % m.W)
		y[k] += float64(i / m.W)
		size[k]++
	}
	order := make([]float64, count)
	for k := range order {
		dx, dy := x[k]/size[k]-cx, y[k]/size[k]-cy
		order[k] = dx*dx + dy*dy
	}
	// The superpixel that holds the point comes first.
	holds := label[min(m.H-1, max(0, int(cy+.5)))*m.W+min(m.W-1, max(0, int(cx+.5)))]
	order[holds] = -1
	rank := make([]int, count)
	for n, k := range ascending(order) {
		rank[k] = n
	}
	far := float64((m.W + m.H) * (m.W + m.H))
	field := make([]float64, len(label))
	for i, k := range label {
		dx, dy := float64(i%m.W)-cx, float64(i/m.W)-cy
		field[i] = float64(rank[k]) + (dx*dx+dy*dy)/(4*far)
	}
	return field
}

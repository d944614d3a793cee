package metrics

import (
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	classical(registry.Info{
		Name: "gmsd", Version: 1,
		Doc: "standard deviation of the gradient magnitude similarity",
		Long: "GMS_i = (2 g_a g_b + c) / (g_a^2 + g_b^2 + c) with g the Prewitt gradient's magnitude of luma averaged 2 x 2, c = 170 on the 0..255 scale; " +
			"the score is the standard deviation of GMS over the picture (divided by n). Outside the picture is 0, as in the authors' and in " +
			"piq's code, so that the border has gradients of its own. The map is 1 - GMS.\n\n" +
			"A change that is the same everywhere leaves GMSD at 0: it measures how unevenly the picture is damaged.",
		Source: "Xue, Zhang, Mou and Bovik, Gradient magnitude similarity deviation, IEEE TIP 23 (2014); piq.gmsd",
	}, trial.Distance, 0, .5, "", gmsd)
	classical(registry.Info{
		Name: "gradient", Version: 1,
		Doc: "mean length of the difference of the luma gradients",
		Long: "mean over pixels of |grad a - grad b|, with Sobel's 3 x 3 derivatives divided by 8 (levels per pixel), luma 0.299 R + 0.587 G + 0.114 B " +
			"of 0..255, where the 3 x 3 window fits. Colour changes of equal luma and added constants are invisible to it.",
		Source: "Sobel's operator; scipy.ndimage.sobel",
	}, trial.Distance, 0, math.Inf(1), "levels/px", gradientDistance)
}

func gmsd(t *trial.Trial) (trial.Score, error) {
	if t.Input.W < 2 || t.Input.H < 2 {
		return trial.Score{}, fmt.Errorf("GMSD needs pictures of at least 2 x 2 pixels, got %d x %d", t.Input.W, t.Input.H)
	}
	type gradient struct {
		w, h int
		g    []float64
	}
	of := func(m *raster.Image) gradient {
		p := plane(m, -1, nil)
		// An odd side is filled up with zeros at its end; both are where either is odd, as piq does.
		pad := max(m.W%2, m.H%2)
		w, h := (m.W+pad)/2, (m.H+pad)/2
		small := make([]float64, w*h)
		at := func(x, y int) float64 {
			if x >= m.W || y >= m.H {
				return 0
			}
			return p[y*m.W+x]
		}
		for y := range h {
			for x := range w {
				small[y*w+x] = (at(2*x, 2*y) + at(2*x+1, 2*y) + at(2*x, 2*y+1) + at(2*x+1, 2*y+1)) / 4
			}
		}
		return gradient{w, h, prewitt(small, w, h)}
	}
	a := trial.Remember(t.Memo, "gmsd", func() gradient { return of(t.Input) })
	b := of(t.Output)
	const c = 170
	d := raster.NewMap(a.w, a.h)
	mean := 0.0
	for i, g := range a.g {
		e := b.g[i]
		// 1 - GMS is (g - e)^2 / (...), exact for equal gradients.
		d.V[i] = (g - e) * (g - e) / (g*g + e*e + c)
		mean += d.V[i]
	}
	mean /= float64(len(d.V))
	sum := 0.0
	for _, v := range d.V {
		sum += (v - mean) * (v - mean)
	}
	return trial.Score{Value: math.Sqrt(sum / float64(len(d.V))), Map: d}, nil
}

// prewitt is the magnitude of Prewitt's gradient divided by 3, zeros outside.
func prewitt(p []float64, w, h int) []float64 {
	out := make([]float64, w*h)
	var n [3][3]float64
	for y := range h {
		for x := range w {
			if x > 0 && y > 0 && x < w-1 && y < h-1 {
				for j := range n {
					copy(n[j][:], p[(y+j-1)*w+x-1:])
				}
			} else {
				for j := range n {
					for i := range n[j] {
						n[j][i] = 0
						if u, v := x+i-1, y+j-1; u >= 0 && v >= 0 && u < w && v < h {
							n[j][i] = p[v*w+u]
						}
					}
				}
			}
			gx := n[0][2] + n[1][2] + n[2][2] - n[0][0] - n[1][0] - n[2][0]
			gy := n[2][0] + n[2][1] + n[2][2] - n[0][0] - n[0][1] - n[0][2]
			out[y*w+x] = math.Sqrt(gx*gx+gy*gy) / 3
		}
	}
	return out
}

func gradientDistance(t *trial.Trial) (trial.Score, error) {
	w, h := t.Input.W, t.Input.H
	if w < 3 || h < 3 {
		return trial.Score{}, fmt.Errorf("the gradient distance needs pictures of at least 3 x 3 pixels, got %d x %d", w, h)
	}
	// The operator is linear: the gradient of the difference is the difference of the gradients.
	d := plane(t.Input, -1, nil)
	for i, v := range plane(t.Output, -1, nil) {
		d[i] -= v
	}
	m := raster.NewMap(w-2, h-2)
	sum := 0.0
	for y := range h - 2 {
		r0, r1, r2 := d[y*w:][:w], d[(y+1)*w:][:w], d[(y+2)*w:][:w]
		for x := range w - 2 {
			gx := r0[x+2] + 2*r1[x+2] + r2[x+2] - r0[x] - 2*r1[x] - r2[x]
			gy := r2[x] + 2*r2[x+1] + r2[x+2] - r0[x] - 2*r0[x+1] - r0[x+2]
			g := math.Sqrt(gx*gx+gy*gy) / 8
			m.V[y*(w-2)+x] = g
			sum += g
		}
	}
	return trial.Score{Value: sum / float64(len(m.V)), Map: m}, nil
}

package perturb

import (
	"context"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "texture-replace", Version: 1,
		Doc: "replace the region's texture by another image's and keep its local mean colour",
		Long: "Another source's picture is quilted over the region's bounding box: square patches of `patch` pixels in raster order, each the best of 128 random ones by " +
			"squared difference on the overlap (a quarter of a patch), joined along the least visible cut. The local mean (a Gaussian of sigma half a patch, normalised " +
			"inside the region) of the result is then brought to the original's by three corrections. v' = (1 - s) v + s quilt.",
		Source: "Efros and Freeman, Image quilting for texture synthesis and transfer, SIGGRAPH (2001)",
		Params: []registry.Param{{Name: "patch", Type: registry.Int, Default: 24, Min: 4, Max: 256, Unit: "px", Doc: "side of a patch; at most half the shorter side is used"}},
	}, trial.PerturbationEntry{
		Axis: amounts("share of the new texture"), Regions: true, Donor: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				d, err := donor(ctx, in, trial.AnyOther)
				if err != nil {
					return nil, err
				}
				x0, y0, w, h, err := bounds(in.Image, in.Region)
				if err != nil {
					return nil, err
				}
				side := min(v.Int("patch"), in.Image.W/2, in.Image.H/2)
				if side < 4 {
					return nil, fmt.Errorf("a picture of %d x %d is too small for texture patches", in.Image.W, in.Image.H)
				}
				texture := quilt(d.Image, w, h, side, in.Draw("quilt"))
				edited := in.Image.Clone()
				keepLocalMean(edited, in, texture, x0, y0, w, h, float64(side)/2)
				return lending(fade(in, edited), d), nil
			}), nil
		},
	})
}

// quilt makes a texture of w x h pixels (interleaved RGB) from patches of a picture.
func quilt(from *raster.Image, w, h, side int, s *stream.Stream) []float64 {
	overlap := max(1, side/4)
	step := side - overlap
	out := make([]float64, 3*w*h)
	costX, costY := make([]float64, side*overlap), make([]float64, side*overlap)
	old := make([]bool, side*side) // pixels that stay as they are
	for by := 0; by == 0 || by+overlap < h; by += step {
		for bx := 0; bx == 0 || bx+overlap < w; bx += step {
			bw, bh := min(side, w-bx), min(side, h-by)
			bestX, bestY, best := 0, 0, math.Inf(1)
			for range 128 {
				cx, cy := s.IntN(from.W-side+1), s.IntN(from.H-side+1)
				sum := 0.0
				for y := 0; y < bh && sum < best; y++ {
					cols := bw
					if by == 0 || y >= overlap {
						if cols = min(overlap, bw); bx == 0 {
							cols = 0
						}
					}
					p, q := from.Pix[3*((cy+y)*from.W+cx):], out[3*((by+y)*w+bx):]
					for k := range 3 * cols {
						d := float64(p[k]) - q[k]
						sum += d * d
					}
				}
				if sum < best {
					bestX, bestY, best = cx, cy, sum
				}
			}
			clear(old)
			gap := func(x, y int) float64 {
				sum := 0.0
				for c := range 3 {
					d := float64(from.Pix[3*((bestY+y)*from.W+bestX+x)+c]) - out[3*((by+y)*w+bx+x)+c]
					sum += d * d
				}
				return sum
			}
			if bx > 0 {
				for y, cut := range leastCut(costX, bh, min(overlap, bw), gap) {
					for x := range cut {
						old[y*side+x] = true
					}
				}
			}
			if by > 0 {
				for x, cut := range leastCut(costY, bw, min(overlap, bh), func(y, x int) float64 { return gap(x, y) }) {
					for y := range cut {
						old[y*side+x] = true
					}
				}
			}
			for y := range bh {
				for x := range bw {
					if old[y*side+x] {
						continue
					}
					p := from.Pix[3*((bestY+y)*from.W+bestX+x):]
					q := out[3*((by+y)*w+bx+x):]
					q[0], q[1], q[2] = float64(p[0]), float64(p[1]), float64(p[2])
				}
			}
		}
	}
	return out
}

// leastCut finds the path of least cost through a strip of n rows and the given width, one place a row, and gives each
// row's place: what lies before it stays old. scratch holds n x width numbers.
func leastCut(scratch []float64, n, width int, cost func(across, along int) float64) []int {
	for y := range n {
		for x := range width {
			c := cost(x, y)
			if y > 0 {
				up := scratch[(y-1)*width:]
				least := up[x]
				if x > 0 {
					least = math.Min(least, up[x-1])
				}
				if x+1 < width {
					least = math.Min(least, up[x+1])
				}
				c += least
			}
			scratch[y*width+x] = c
		}
	}
	cut := make([]int, n)
	lo, hi := 0, width-1
	for y := n - 1; y >= 0; y-- {
		best := lo
		for x := lo; x <= hi; x++ {
			if scratch[y*width+x] < scratch[y*width+best] {
				best = x
			}
		}
		cut[y] = best
		lo, hi = max(0, best-1), min(width-1, best+1)
	}
	return cut
}

// keepLocalMean writes a texture of w x h at (x0, y0) into edited, inside the region, corrected to the original's local mean.
func keepLocalMean(edited *raster.Image, in *trial.Input, texture []float64, x0, y0, w, h int, sigma float64) {
	weight := make([]float64, 3*w*h)
	original := make([]float64, 3*w*h)
	for y := range h {
		for x := range w {
			i := (y0+y)*in.Image.W + x0 + x
			if in.Region != nil && in.Region.In[i] == 0 {
				continue
			}
			for c := range 3 {
				weight[3*(y*w+x)+c] = 1
				original[3*(y*w+x)+c] = float64(in.Image.Pix[3*i+c])
			}
		}
	}
	inside := append([]float64(nil), weight...)
	kernel := gaussian(sigma)
	convolve(weight, w, h, kernel)
	// missing is the local mean of what the result still lacks.
	missing := make([]float64, len(texture))
	for range 3 {
		for i := range missing {
			missing[i] = inside[i] * (original[i] - texture[i])
		}
		convolve(missing, w, h, kernel)
		for i, v := range weight {
			if inside[i] != 0 {
				texture[i] = math.Min(255, math.Max(0, texture[i]+missing[i]/v))
			}
		}
	}
	for y := range h {
		for x := range w {
			for c := range 3 {
				if k := 3*(y*w+x) + c; inside[k] != 0 {
					edited.Pix[3*((y0+y)*edited.W+x0+x)+c] = level(texture[k])
				}
			}
		}
	}
}

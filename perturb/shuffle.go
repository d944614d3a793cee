package perturb

import (
	"context"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "patch-shuffle", Version: 1,
		Doc: "cut the picture into a grid of patches and exchange a share of them: local texture stays, global form goes",
		Long: "The picture is cut into grid x grid equal patches (what is left over at the right and bottom stays). A seeded order of the " +
			"patches is fixed for all severities; the first round(severity x patches) of it, at least two, move one place along that " +
			"order, in a cycle. So a larger share moves the same patches and more. In a region only patches that lie wholly inside it move.",
		Params: []registry.Param{{Name: "grid", Type: registry.Int, Default: 8, Min: 2, Max: 128, Doc: "patches along each side"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "share of patches that move", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.05, .1, .25, .5, 1}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return shuffleSweep(in, v.Int("grid")), nil
			}), nil
		},
	})
}

func shuffleSweep(in *trial.Input, grid int) trial.Sweep {
	m := in.Image
	pw, ph := m.W/grid, m.H/grid
	var patches []int
	if pw > 0 && ph > 0 {
		for p := range grid * grid {
			if in.Region == nil || patchInside(in.Region, p%grid*pw, p/grid*ph, pw, ph) {
				patches = append(patches, p)
			}
		}
	}
	order := make([]int, len(patches))
	for k, i := range in.Draw("order").Perm(len(patches)) {
		order[k] = patches[i]
	}
	return func(share float64) (*trial.Outcome, error) {
		out := m.Clone()
		n := min(len(order), max(2, int(math.Round(share*float64(len(order))))))
		if n < 2 {
			return &trial.Outcome{Image: out, Flags: []trial.Flag{{Code: "unreachable", Detail: "fewer than two patches lie inside the region"}}}, nil
		}
		for k := range n {
			to, from := order[(k+1)%n], order[k]
			for y := range ph {
				d := 3 * ((to/grid*ph+y)*m.W + to%grid*pw)
				s := 3 * ((from/grid*ph+y)*m.W + from%grid*pw)
				copy(out.Pix[d:d+3*pw], m.Pix[s:s+3*pw])
			}
		}
		return &trial.Outcome{Image: out}, nil
	}
}

func patchInside(region *raster.Mask, x0, y0, w, h int) bool {
	for y := y0; y < y0+h; y++ {
		for _, v := range region.In[y*region.W+x0 : y*region.W+x0+w] {
			if v == 0 {
				return false
			}
		}
	}
	return true
}

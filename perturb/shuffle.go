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
			"patches is fixed for all severities and read in pairs; the first round(severity x patches / 2) pairs, at least one, change " +
			"places. So a larger share makes the same exchanges and more. In a region only patches that lie wholly inside it move.",
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
		pairs := len(order) / 2
		n := min(pairs, max(1, int(math.Round(share*float64(pairs)))))
		if n < 1 {
			return &trial.Outcome{Image: out, Flags: []trial.Flag{{Code: "unreachable", Detail: "fewer than two patches lie inside the region"}}}, nil
		}
		move := func(from, to int) {
			for y := range ph {
				d := 3 * ((to/grid*ph+y)*m.W + to%grid*pw)
				s := 3 * ((from/grid*ph+y)*m.W + from%grid*pw)
				copy(out.Pix[d:d+3*pw], m.Pix[s:s+3*pw])
			}
		}
		for k := range n {
			move(order[2*k], order[2*k+1])
			move(order[2*k+1], order[2*k])
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

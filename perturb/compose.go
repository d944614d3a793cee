package perturb

import (
	"context"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/trial"
)

// prepare is a Perturbation that needs no more than its Prepare.
type prepare func(ctx context.Context, in *trial.Input) (trial.Sweep, error)

// Prepare implements trial.Perturbation. A severity of 0 returns a copy of the picture, whatever the perturbation.
func (p prepare) Prepare(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
	if in.Region != nil && (in.Region.W != in.Image.W || in.Region.H != in.Image.H) {
		return nil, fmt.Errorf("the region is %d x %d, the picture %d x %d", in.Region.W, in.Region.H, in.Image.W, in.Image.H)
	}
	sweep, err := p(ctx, in)
	if err != nil {
		return nil, err
	}
	return func(severity float64) (*trial.Outcome, error) {
		if severity == 0 {
			return &trial.Outcome{Image: in.Image.Clone()}, nil
		}
		if math.IsNaN(severity) || math.IsInf(severity, 0) || severity < 0 {
			return nil, fmt.Errorf("severity %v is not a number above 0", severity)
		}
		return sweep(severity)
	}, nil
}

// within keeps of changed what lies inside the region; outside it is the original's bytes. It may reuse changed.
func within(original, changed *raster.Image, region *raster.Mask) *raster.Image {
	if region == nil {
		return changed
	}
	for i, v := range region.In {
		if v == 0 {
			copy(changed.Pix[3*i:3*i+3], original.Pix[3*i:3*i+3])
		}
	}
	return changed
}

// pixels lists the places inside a region.
func pixels(m *raster.Image, region *raster.Mask) []int32 {
	out := make([]int32, 0, m.W*m.H)
	for i := range m.W * m.H {
		if region == nil || region.In[i] != 0 {
			out = append(out, int32(i))
		}
	}
	return out
}

// level rounds to the nearest of 0..255, halves up.
func level(v float64) uint8 {
	switch {
	case !(v > 0):
		return 0
	case v >= 255:
		return 255
	}
	return uint8(v + .5)
}

// reflect mirrors an index into 0..n-1 with the edge sample repeated (d c b a | a b c d | d c b a).
func reflect(i, n int) int {
	for i < 0 || i >= n {
		if i < 0 {
			i = -1 - i
		} else {
			i = 2*n - 1 - i
		}
	}
	return i
}

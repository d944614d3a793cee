package perturb

import (
	"container/heap"
	"context"
	"errors"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "inpaint", Version: 1,
		Doc: "remove what is in the region, or the source's object, and fill the hole from its surroundings",
		Long: "Telea's fast marching: the hole is filled from its border inwards in order of distance; a pixel is the mean of the known pixels within `radius`, " +
			"each extended by its gradient, weighted by direction, distance and level. v' = (1 - s) v + s filled. Smooth and without texture in large holes. " +
			"Without a region it removes the source's object.",
		Source: "Telea, An image inpainting technique based on the fast marching method, J. Graphics Tools 9 (2004)",
		Params: []registry.Param{{Name: "radius", Type: registry.Int, Default: 5, Min: 1, Max: 64, Unit: "px", Doc: "how far a pixel looks for known ones"}},
	}, trial.PerturbationEntry{
		Axis: onOff("opacity of the filling"), Regions: true, Local: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(ctx context.Context, in *trial.Input) (trial.Sweep, error) {
				in, own, err := somewhere(ctx, in)
				if err != nil {
					return nil, err
				}
				filled, err := inpainted(in.Image, in.Region, v.Int("radius"))
				if err != nil {
					return nil, err
				}
				return actingOn(fade(in, filled), own), nil
			}), nil
		},
	})
}

// onOff is the axis of edits that are usually wholly done.
func onOff(name string) trial.Axis {
	return trial.Axis{Name: name, Unit: "fraction", Min: 0, Max: 1, Default: []float64{1}}
}

// somewhere confines an edit without a region to the source's object, and refuses where there is none or where the region
// is the whole picture.
func somewhere(ctx context.Context, in *trial.Input) (*trial.Input, *raster.Mask, error) {
	in, own, err := onObject(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	if in.Region == nil {
		return nil, nil, errors.New("the edit acts on a part of the picture: give it a region, or sources with object masks")
	}
	switch n := in.Region.Count(); n {
	case 0:
		return nil, nil, errors.New("the region is empty")
	case len(in.Region.In):
		return nil, nil, errors.New("the region is the whole picture, the edit needs something around it: choose a smaller area")
	}
	return in, own, nil
}

// actingOn names the region where an edit acted, if it is not the one that it was given.
func actingOn(sweep trial.Sweep, own *raster.Mask) trial.Sweep {
	return func(s float64) (*trial.Outcome, error) {
		out, err := sweep(s)
		if err == nil && out.Region == nil {
			out.Region = own
		}
		return out, err
	}
}

// front is the border of what is filled, nearest first; equal distances go by place.
type front struct {
	at []int
	t  []float64 // distance from the hole's border, of every pixel
}

func (f *front) Len() int { return len(f.at) }
func (f *front) Less(a, b int) bool {
	i, j := f.at[a], f.at[b]
	if f.t[i] != f.t[j] {
		return f.t[i] < f.t[j]
	}
	return i < j
}
func (f *front) Swap(a, b int) { f.at[a], f.at[b] = f.at[b], f.at[a] }
func (f *front) Push(x any)    { f.at = append(f.at, x.(int)) }
func (f *front) Pop() any {
	last := f.at[len(f.at)-1]
	f.at = f.at[:len(f.at)-1]
	return last
}

// inpainted fills a hole by Telea's method.
func inpainted(m *raster.Image, hole *raster.Mask, radius int) (*raster.Image, error) {
	const (
		known = iota
		band
		inside
	)
	w, h := m.W, m.H
	state := make([]uint8, w*h)
	f := &front{t: make([]float64, w*h)}
	for i, v := range hole.In {
		if v != 0 {
			state[i], f.t[i] = inside, math.Inf(1)
		}
	}
	neighbours := func(i int, visit func(j int)) {
		if i%w > 0 {
			visit(i - 1)
		}
		if i%w+1 < w {
			visit(i + 1)
		}
		if i >= w {
			visit(i - w)
		}
		if i+w < w*h {
			visit(i + w)
		}
	}
	for i, s := range state {
		if s != known {
			continue
		}
		touches := false
		neighbours(i, func(j int) { touches = touches || state[j] == inside })
		if touches {
			state[i] = band
			heap.Push(f, i)
		}
	}
	if f.Len() == 0 {
		return nil, errors.New("the hole is the whole picture")
	}
	out := m.Clone()
	value := make([]float64, 3*w*h)
	for i, v := range m.Pix {
		value[i] = float64(v)
	}
	for f.Len() > 0 {
		i := heap.Pop(f).(int)
		if state[i] == known {
			continue
		}
		state[i] = known
		neighbours(i, func(j int) {
			if state[j] != inside {
				return
			}
			f.t[j] = arrival(f.t, w, h, j)
			fill(value, f.t, state, w, h, j, radius, inside)
			state[j] = band
			for c := range 3 {
				out.Pix[3*j+c] = level(value[3*j+c])
			}
			heap.Push(f, j)
		})
	}
	return out, nil
}

// arrival solves the eikonal equation |grad T| = 1 at pixel i from its settled neighbours.
func arrival(t []float64, w, h, i int) float64 {
	at := func(ok bool, j int) float64 {
		if ok {
			return t[j]
		}
		return math.Inf(1)
	}
	x, y := i%w, i/w
	a := math.Min(at(x > 0, i-1), at(x+1 < w, i+1))
	b := math.Min(at(y > 0, i-w), at(y+1 < h, i+w))
	if d := math.Abs(a - b); d < 1 {
		return (a + b + math.Sqrt(2-d*d)) / 2
	}
	return 1 + math.Min(a, b)
}

// fill gives pixel i the weighted mean of Telea's equation 2.
func fill(value, t []float64, state []uint8, w, h, i, radius int, inside uint8) {
	x, y := i%w, i/w
	usable := func(x, y int) bool { return x >= 0 && x < w && y >= 0 && y < h && state[y*w+x] != inside }
	// slope is a one-sided or central difference of a field over usable pixels.
	slope := func(field []float64, stride, c, x, y, dx, dy int) float64 {
		at := func(x, y int) float64 { return field[(y*w+x)*stride+c] }
		after, before := usable(x+dx, y+dy), usable(x-dx, y-dy)
		switch {
		case after && before:
			return (at(x+dx, y+dy) - at(x-dx, y-dy)) / 2
		case after:
			return at(x+dx, y+dy) - at(x, y)
		case before:
			return at(x, y) - at(x-dx, y-dy)
		}
		return 0
	}
	gx, gy := slope(t, 1, 0, x, y, 1, 0), slope(t, 1, 0, x, y, 0, 1)
	var sum [3]float64
	total := 0.0
	for ny := y - radius; ny <= y+radius; ny++ {
		for nx := x - radius; nx <= x+radius; nx++ {
			rx, ry := float64(x-nx), float64(y-ny)
			far := rx*rx + ry*ry
			if far == 0 || far > float64(radius*radius) || !usable(nx, ny) {
				continue
			}
			direction := math.Max(1e-6, math.Abs(rx*gx+ry*gy)/math.Sqrt(far))
			weight := direction / far / (1 + math.Abs(t[ny*w+nx]-t[i]))
			for c := range sum {
				v := value[3*(ny*w+nx)+c] + rx*slope(value, 3, c, nx, ny, 1, 0) + ry*slope(value, 3, c, nx, ny, 0, 1)
				sum[c] += weight * v
			}
			total += weight
		}
	}
	for c := range sum {
		if total > 0 {
			value[3*i+c] = math.Min(255, math.Max(0, sum[c]/total))
		}
	}
}

package perturb

import (
	"context"
	"fmt"
	"math"
	"sort"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func init() {
	axis := trial.Axis{Name: "share of the phase", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.1, .25, .5, .75, 1}}
	trial.Perturbations.Add(registry.Info{
		Name: "phase-scramble", Version: 1,
		Doc: "scramble the phase and keep the power spectrum: texture statistics stay, form goes",
		Long: "Every frequency's phase turns by s t, with t uniform on -pi..pi, odd in frequency, the same for all severities and all three channels (so that " +
			"correlations between the channels stay); the mean and the frequencies that are their own mirror stay. The power spectrum is " +
			"kept exactly until the values are rounded and clipped to 8 bits; the flag `spectrum` states the loss, as the RMS of the change of amplitude relative " +
			"to the RMS amplitude without the mean. In a region its bounding box is scrambled and shown within it. Clipping also changes the colour histogram: eight bits do not allow both; " +
			"phase-scramble-histogram keeps the other.",
		Source: "Dakin, Hess, Ledgeway and Achtman, What causes non-monotonic tuning of fMRI response to noisy images?, Current Biology 12 (2002)",
	}, trial.PerturbationEntry{Axis: axis, Regions: true, New: func(registry.Values) (trial.Perturbation, error) {
		return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
			sc, err := newScrambler(in)
			if err != nil {
				return nil, err
			}
			return func(share float64) (*trial.Outcome, error) {
				if err := atMost(share, 1); err != nil {
					return nil, err
				}
				planes := sc.scrambled(share)
				box := raster.New(sc.w, sc.h)
				for c, plane := range planes {
					for i, v := range plane {
						box.Pix[3*i+c] = level(v)
					}
				}
				out := in.Image.Clone()
				for y := range sc.h {
					copy(out.Pix[3*((sc.y0+y)*out.W+sc.x0):][:3*sc.w], box.Pix[3*y*sc.w:])
				}
				flag := trial.Flag{Code: "spectrum", Detail: fmt.Sprintf("rounding and clipping moved the amplitude spectrum by %.2f %%", 100*sc.loss(box))}
				return &trial.Outcome{Image: within(in.Image, out, in.Region), Flags: []trial.Flag{flag}}, nil
			}, nil
		}), nil
	}})
	trial.Perturbations.Add(registry.Info{
		Name: "phase-scramble-histogram", Version: 1,
		Doc: "scramble the phase and keep the colour histogram exactly: the same pixels in other places",
		Long: "The picture is scrambled as by phase-scramble; then the region's own pixels are dealt out again so that their order by luma (BT.601, equal ones by " +
			"place) is the scrambled picture's. Every colour occurs as often as before, to the pixel; the power spectrum is kept only roughly.",
		Source: "Coltuc, Bolon and Chassery, Exact histogram specification, IEEE TIP 15 (2006), for the dealing out",
	}, trial.PerturbationEntry{Axis: axis, Regions: true, New: func(registry.Values) (trial.Perturbation, error) {
		return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
			sc, err := newScrambler(in)
			if err != nil {
				return nil, err
			}
			places := pixels(in.Image, in.Region)
			own := make([]float64, len(places))
			for k, i := range places {
				own[k] = luma(in.Image.Pix[3*i:])
			}
			from := ascending(own)
			return func(share float64) (*trial.Outcome, error) {
				if err := atMost(share, 1); err != nil {
					return nil, err
				}
				planes := sc.scrambled(share)
				wanted := make([]float64, len(places))
				for k, i := range places {
					j := (int(i)/in.Image.W-sc.y0)*sc.w + int(i)%in.Image.W - sc.x0
					// Rounded so that the arithmetic's last digits do not decide between equal values.
					wanted[k] = math.Round(1e6*(.299*planes[0][j]+.587*planes[1][j]+.114*planes[2][j])) / 1e6
				}
				out := in.Image.Clone()
				for n, k := range ascending(wanted) {
					copy(out.Pix[3*places[k]:3*places[k]+3], in.Image.Pix[3*places[from[n]]:])
				}
				return &trial.Outcome{Image: out}, nil
			}, nil
		}), nil
	}})
}

// ascending lists the places of v from its smallest value up, equal values by place.
func ascending(v []float64) []int {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool {
		if x, y := v[order[a]], v[order[b]]; x != y {
			return x < y
		}
		return order[a] < order[b]
	})
	return order
}

// scrambler holds the spectrum of a region's bounding box and a turn for each frequency. Red and green share one complex
// transform, as its real and imaginary part: turns are odd in frequency, so they turn both alike and mix nothing.
type scrambler struct {
	x0, y0, w, h int
	spectrum     [2][]complex128 // of red + i green, and of blue
	turn         []float64
	fft          *plane2
}

func newScrambler(in *trial.Input) (*scrambler, error) {
	x0, y0, w, h, err := bounds(in.Image, in.Region)
	if err != nil {
		return nil, err
	}
	sc := &scrambler{x0: x0, y0: y0, w: w, h: h, fft: newPlane2(w, h), turn: turns(w, h, in.Draw("phase"))}
	for k := range sc.spectrum {
		sc.spectrum[k] = make([]complex128, w*h)
	}
	for y := range h {
		for x := range w {
			p := in.Image.Pix[3*((y0+y)*in.Image.W+x0+x):]
			sc.spectrum[0][y*w+x], sc.spectrum[1][y*w+x] = complex(float64(p[0]), float64(p[1])), complex(float64(p[2]), 0)
		}
	}
	for _, v := range sc.spectrum {
		sc.fft.forward(v)
	}
	return sc, nil
}

// turns draws a phase for each frequency, odd so that the picture stays real.
func turns(w, h int, s *stream.Stream) []float64 {
	t := make([]float64, w*h)
	for y := range h {
		for x := range w {
			i, j := y*w+x, (h-y)%h*w+(w-x)%w
			if i < j {
				t[i] = math.Pi * (2*s.Float64() - 1)
				t[j] = -t[i]
			}
		}
	}
	return t
}

// mirror is the place of the frequency opposite to that at (x, y).
func mirror(x, y, w, h int) int {
	if x > 0 {
		x = w - x
	}
	if y > 0 {
		y = h - y
	}
	return y*w + x
}

// scrambled gives the three channels, not rounded.
func (sc *scrambler) scrambled(share float64) (planes [3][]float64) {
	n := len(sc.turn)
	turned := [2][]complex128{make([]complex128, n), make([]complex128, n)}
	for y := range sc.h {
		for x := range sc.w {
			i, j := y*sc.w+x, mirror(x, y, sc.w, sc.h)
			if j < i {
				continue
			}
			t := complex(1, 0)
			if i != j {
				sin, cos := math.Sincos(share * sc.turn[i])
				t = complex(cos, sin)
			}
			back := complex(real(t), -imag(t))
			for k, v := range sc.spectrum {
				turned[k][i], turned[k][j] = v[i]*t, v[j]*back
			}
		}
	}
	for c := range planes {
		planes[c] = make([]float64, n)
	}
	for k, v := range turned {
		sc.fft.inverse(v)
		for i, z := range v {
			planes[2*k][i] = real(z)
			if k == 0 {
				planes[1][i] = imag(z)
			}
		}
	}
	return planes
}

// loss is the RMS change of the amplitudes of an 8-bit box against the kept ones, relative to their RMS, the mean left out.
func (sc *scrambler) loss(box *raster.Image) float64 {
	var diff, all float64
	n := len(sc.turn)
	pair, blue := make([]complex128, n), make([]complex128, n)
	for i := range pair {
		p := box.Pix[3*i:]
		pair[i], blue[i] = complex(float64(p[0]), float64(p[1])), complex(float64(p[2]), 0)
	}
	sc.fft.forward(pair)
	sc.fft.forward(blue)
	size := func(re, im float64) float64 { return math.Sqrt(re*re + im*im) }
	for y := range sc.h {
		for x := range sc.w {
			i, j := y*sc.w+x, mirror(x, y, sc.w, sc.h)
			if j < i || i == 0 {
				continue
			}
			weight := 2.0 // a frequency and its mirror have the same amplitude
			if i == j {
				weight = 1
			}
			amplitudes := func(pair, blue []complex128) (red, green, b float64) {
				p, q := pair[i], pair[j]
				return size(real(p)+real(q), imag(p)-imag(q)) / 2, size(real(p)-real(q), imag(p)+imag(q)) / 2, size(real(blue[i]), imag(blue[i]))
			}
			r0, g0, b0 := amplitudes(sc.spectrum[0], sc.spectrum[1])
			r1, g1, b1 := amplitudes(pair, blue)
			diff += weight * ((r1-r0)*(r1-r0) + (g1-g0)*(g1-g0) + (b1-b0)*(b1-b0))
			all += weight * (r0*r0 + g0*g0 + b0*b0)
		}
	}
	if all == 0 {
		return 0
	}
	return math.Sqrt(diff / all)
}

// bounds is the smallest box that holds the region.
func bounds(m *raster.Image, region *raster.Mask) (x0, y0, w, h int, err error) {
	if region == nil {
		return 0, 0, m.W, m.H, nil
	}
	x0, y0, x1, y1 := m.W, m.H, -1, -1
	for i, v := range region.In {
		if v != 0 {
			x, y := i%m.W, i/m.W
			x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
		}
	}
	if x1 < 0 {
		return 0, 0, 0, 0, fmt.Errorf("the region is empty")
	}
	return x0, y0, x1 - x0 + 1, y1 - y0 + 1, nil
}

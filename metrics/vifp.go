package metrics

import (
	"fmt"
	"math"
	"sync"

	"probity/internal/registry"
	"probity/internal/trial"
)

const (
	vifNoise    = 2    // variance of the visual noise
	vifEps      = 1e-8 // as in the authors' pixel-domain code and piq
	vifSmallest = 41
)

func init() {
	trial.Metrics.Add(registry.Info{
		Name: "vifp", Version: 1,
		Doc: "visual information fidelity in the pixel domain",
		Long: "The information that the output keeps of the input under a Gaussian channel model, over four scales with windows of 17, 9, 5 and 3 " +
			"pixels (sigma a fifth of the window), noise variance 2, on luma in 0..255: sum log(1 + g^2 s_a^2 / (s_v^2 + 2)) / sum log(1 + s_a^2 / 2). " +
			"The input is the reference: it is not symmetric. It passes 1 where the output has more contrast.\n\n" +
			"This is the pixel-domain version that the authors released; VIF proper works on wavelet bands and gives other values.",
		Source: "Sheikh and Bovik, Image information and visual quality, IEEE TIP 15 (2006); piq.vif_p",
	}, trial.MetricEntry{Direction: trial.Similarity, Low: 0, High: math.Inf(1), Group: trial.Classical,
		New: func(registry.Values, trial.Env) (trial.Metric, error) { return pair(vifp), nil }})
}

// vifKernels are the four windows, one factor of each: a Gaussian is separable.
var vifKernels = func() (out [4][]float64) {
	for s := range out {
		n := 1<<(4-s) + 1
		k, sum := make([]float64, n), 0.0
		for i := range k {
			x, sigma := float64(i)-float64(n-1)/2, float64(n)/5
			k[i] = math.Exp(-x * x / (2 * sigma * sigma))
			sum += k[i]
		}
		for i := range k {
			k[i] /= sum
		}
		out[s] = k
	}
	return
}()

type vifBuffers struct{ a, b, x, ma, mb, aa, bb, ab, tmp []float64 }

var vifScratch = sync.Pool{New: func() any { return new(vifBuffers) }}

func vifp(t *trial.Trial) (trial.Score, error) {
	w, h := t.Input.W, t.Input.H
	if w < vifSmallest || h < vifSmallest {
		return trial.Score{}, fmt.Errorf("VIFp needs pictures of at least %d x %d pixels, got %d x %d", vifSmallest, vifSmallest, w, h)
	}
	s := vifScratch.Get().(*vifBuffers)
	defer vifScratch.Put(s)
	s.a, s.b = plane(t.Input, -1, s.a), plane(t.Output, -1, s.b)
	kept, all := 0.0, 0.0
	for level, k := range vifKernels {
		r := len(k) - 1
		if level > 0 {
			nw, nh := w-r, h-r
			for _, p := range []*[]float64{&s.a, &s.b} {
				s.x = separable(*p, w, h, k, grow(s.x, nw*nh), &s.tmp)
				i := 0
				for y := 0; y < nh; y += 2 {
					for x := 0; x < nw; x += 2 {
						(*p)[i] = s.x[y*nw+x]
						i++
					}
				}
				*p = (*p)[:i]
			}
			w, h = (nw+1)/2, (nh+1)/2
		}
		n := (w - r) * (h - r)
		filter := func(dst *[]float64, p, q []float64) {
			s.x = grow(s.x, w*h)
			for i, v := range p {
				s.x[i] = v * q[i]
			}
			*dst = separable(s.x, w, h, k, grow(*dst, n), &s.tmp)
		}
		s.ma = separable(s.a, w, h, k, grow(s.ma, n), &s.tmp)
		s.mb = separable(s.b, w, h, k, grow(s.mb, n), &s.tmp)
		filter(&s.aa, s.a, s.a)
		filter(&s.bb, s.b, s.b)
		filter(&s.ab, s.a, s.b)
		for i, ma := range s.ma {
			mb := s.mb[i]
			// The names are the authors': the output is seen as g times the input, plus noise of variance v. Here, as in
			// the released code, x is the output and y the reference.
			xx, yy, xy := math.Max(s.bb[i]-mb*mb, 0), math.Max(s.aa[i]-ma*ma, 0), s.ab[i]-ma*mb
			g := xy / (yy + vifEps)
			v := xx - g*xy
			if yy < vifEps {
				g, v, yy = 0, xx, 0
			}
			if xx < vifEps {
				g, v = 0, 0
			}
			if g < 0 {
				g, v = 0, xx
			}
			v = math.Max(v, vifEps)
			kept += math.Log10(1 + g*g*yy/(v+vifNoise))
			all += math.Log10(1 + yy/vifNoise)
		}
	}
	return trial.Score{Value: (kept + vifEps) / (all + vifEps)}, nil
}

// separable filters a plane with k along both axes where the window fits.
func separable(p []float64, w, h int, k []float64, dst []float64, tmp *[]float64) []float64 {
	r := len(k) - 1
	vw, vh := w-r, h-r
	*tmp = grow(*tmp, w*vh)
	for y := range vh {
		row := (*tmp)[y*w : (y+1)*w]
		clear(row)
		for j, c := range k {
			for i, v := range p[(y+j)*w:][:w] {
				row[i] += c * v
			}
		}
	}
	for y := range vh {
		row, out := (*tmp)[y*w:(y+1)*w], dst[y*vw:(y+1)*vw]
		clear(out)
		for j, c := range k {
			for i, v := range row[j:][:vw] {
				out[i] += c * v
			}
		}
	}
	return dst
}

package metrics

import (
	"fmt"
	"math"

	"probity/internal/registry"
	"probity/internal/trial"
)

// msWeights are the exponents of the five scales (Wang, Simoncelli and Bovik 2003, section 3.2).
var msWeights = [5]float64{0.0448, 0.2856, 0.3001, 0.2363, 0.1333}

// msSmallest is the shortest side at which the window fits the coarsest scale.
const msSmallest = 2*ssimRadius*16 + 1

func init() {
	trial.Metrics.Add(registry.Info{
		Name: "ms-ssim", Version: 1,
		Doc: "structural similarity over five scales",
		Long: "prod_j CS_j^w_j x SSIM_5^w_5 with w = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333: the mean contrast and structure term of scales 1 to 4 " +
			"and the mean SSIM of the coarsest, window and constants as in `ssim`. From scale to scale pictures are averaged 2 x 2; where a " +
			"side is odd a row on top and a column on the left are repeated first, as piq does (other programs drop the last). A " +
			"negative term counts as 0 (piq and torchmetrics do the same by default; without it the power is not real).\n\n" +
			"channel: `rgb`, each channel's own product, averaged (piq's); or `luma`. Pictures of fewer than 161 pixels on a side have no fifth " +
			"scale and are an error.",
		Source: "Wang, Simoncelli and Bovik, Multi-scale structural similarity for image quality assessment, Asilomar 2003; piq.multi_scale_ssim",
		Params: []registry.Param{{Name: "channel", Type: registry.String, Default: "rgb", Enum: []string{"luma", "rgb"}, Doc: "score luma, or each channel and average"}},
	}, trial.MetricEntry{Direction: trial.Similarity, Low: 0, High: 1, Symmetric: true, Group: trial.Classical,
		New: func(v registry.Values, _ trial.Env) (trial.Metric, error) {
			rgb := v.String("channel") == "rgb"
			return pair(func(t *trial.Trial) (trial.Score, error) { return msssim(t, rgb) }), nil
		}})
}

// scale is one channel at one scale with its filtered moments.
type scale struct {
	p    []float64
	w, h int
	moments
}

func msssim(t *trial.Trial, rgb bool) (trial.Score, error) {
	w, h := t.Input.W, t.Input.H
	if w < msSmallest || h < msSmallest {
		return trial.Score{}, fmt.Errorf("MS-SSIM needs pictures of at least %d x %d pixels, got %d x %d; use ssim or larger pictures", msSmallest, msSmallest, w, h)
	}
	channels := []int{-1}
	if rgb {
		channels = []int{0, 1, 2}
	}
	s := ssimScratch.Get().(*ssimBuffers)
	defer ssimScratch.Put(s)
	total := 0.0
	for _, c := range channels {
		scales := trial.Remember(t.Memo, fmt.Sprint("ms-ssim scales ", c), func() []scale { return scalesOf(plane(t.Input, c, nil), w, h) })
		s.b = plane(t.Output, c, s.b)
		product := 1.0
		bw, bh := w, h
		for j, a := range scales {
			if j > 0 {
				// The smaller picture overwrites the start of the larger one, which it has already read.
				bw, bh = halve(s.b, bw, bh, s.b)
			}
			b := s.b[:bw*bh]
			ssim, cs := s.compare(a, b)
			if j < len(scales)-1 {
				ssim = cs
			}
			product *= math.Pow(math.Max(ssim, 0), msWeights[j])
		}
		total += product
	}
	return trial.Score{Value: total / float64(len(channels))}, nil
}

func scalesOf(p []float64, w, h int) []scale {
	var out []scale
	var tmp []float64
	sq := make([]float64, len(p))
	for j := range msWeights {
		if j > 0 {
			q := make([]float64, ((w+1)/2+1)*((h+1)/2+1))
			w, h = halve(p, w, h, q)
			p = q[:w*h]
		}
		for i, v := range p {
			sq[i] = v * v
		}
		n := (w - 2*ssimRadius) * (h - 2*ssimRadius)
		out = append(out, scale{p, w, h, moments{valid(p, w, h, make([]float64, n), &tmp), valid(sq[:w*h], w, h, make([]float64, n), &tmp)}})
	}
	return out
}

// compare gives the mean SSIM and the mean contrast and structure term of one scale.
func (s *ssimBuffers) compare(a scale, b []float64) (ssim, cs float64) {
	n := len(a.mean)
	s.mb = valid(b, a.w, a.h, grow(s.mb, n), &s.tmp)
	s.x = grow(s.x, len(b))
	for i, v := range b {
		s.x[i] = v * v
	}
	s.sb = valid(s.x, a.w, a.h, grow(s.sb, n), &s.tmp)
	for i, v := range b {
		s.x[i] = v * a.p[i]
	}
	s.ab = valid(s.x, a.w, a.h, grow(s.ab, n), &s.tmp)
	for i, mb := range s.mb {
		m := a.mean[i]
		va, vb, vab := a.square[i]-m*m, s.sb[i]-mb*mb, s.ab[i]-m*mb
		v := (2*vab + ssimC2) / (va + vb + ssimC2)
		cs += v
		ssim += v * (2*m*mb + ssimC1) / (m*m + mb*mb + ssimC1)
	}
	return ssim / float64(n), cs / float64(n)
}

// halve averages 2 x 2 pixels into dst, which may be p itself. Where a side is odd, the first row and the first column
// are repeated, both, as piq does.
func halve(p []float64, w, h int, dst []float64) (int, int) {
	pad := max(w%2, h%2)
	nw, nh := (w+pad)/2, (h+pad)/2
	for y := range nh {
		top, low := p[max(2*y-pad, 0)*w:], p[(2*y+1-pad)*w:]
		for x := range nw {
			l, r := max(2*x-pad, 0), 2*x+1-pad
			dst[y*nw+x] = (top[l] + top[r] + low[l] + low[r]) / 4
		}
	}
	return nw, nh
}

package metrics

import (
	"fmt"
	"math"
	"sync"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Metrics.Add(registry.Info{
		Name: "ssim", Version: 1,
		Doc: "structural similarity, as scikit-image computes it with Wang's parameters",
		Long: "SSIM = mean of (2 mu_a mu_b + C1)(2 s_ab + C2) / ((mu_a^2 + mu_b^2 + C1)(s_a^2 + s_b^2 + C2)), C1 = (0.01 L)^2, " +
			"C2 = (0.03 L)^2, L = 255; moments under an 11 x 11 Gaussian window of sigma 1.5, population covariance. The mean is taken " +
			"where the whole window lies inside the picture (5 pixels are cut off at each side).\n\n" +
			"channel: `luma`, 0.299 R + 0.587 G + 0.114 B, not rounded (rounding it to 8 bits moves the score by up to 0.0016); or `rgb`, the " +
			"mean of the three channels' scores, which is scikit-image's channel_axis. Programs that average over a padded border differ by " +
			"up to 0.006.",
		Source: "Wang, Bovik, Sheikh and Simoncelli, Image quality assessment: from error visibility to structural similarity, IEEE TIP 13 (2004); skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)",
		Params: []registry.Param{{Name: "channel", Type: registry.String, Default: "luma", Enum: []string{"luma", "rgb"}, Doc: "score luma, or each channel and average"}},
	}, trial.MetricEntry{Direction: trial.Similarity, Low: -1, High: 1, Symmetric: true, Group: trial.Classical,
		New: func(v registry.Values, _ trial.Env) (trial.Metric, error) {
			rgb := v.String("channel") == "rgb"
			return pair(func(t *trial.Trial) (trial.Score, error) { return ssim(t, rgb) }), nil
		}})
}

const (
	ssimRadius = 5
	ssimC1     = (.01 * 255) * (.01 * 255)
	ssimC2     = (.03 * 255) * (.03 * 255)
)

var ssimKernel = func() (k [2*ssimRadius + 1]float64) {
	sum := 0.0
	for i := range k {
		x := float64(i - ssimRadius)
		k[i] = math.Exp(-x * x / (2 * 1.5 * 1.5))
		sum += k[i]
	}
	for i := range k {
		k[i] /= sum
	}
	return
}()

// plane is one channel in double precision.
func plane(m *raster.Image, channel int, dst []float64) []float64 {
	if cap(dst) < m.W*m.H {
		dst = make([]float64, m.W*m.H)
	}
	dst = dst[:m.W*m.H]
	if channel >= 0 {
		for i := range dst {
			dst[i] = float64(m.Pix[3*i+channel])
		}
		return dst
	}
	for i := range dst {
		p := m.Pix[3*i : 3*i+3 : 3*i+3]
		dst[i] = .299*float64(p[0]) + .587*float64(p[1]) + .114*float64(p[2])
	}
	return dst
}

// moments are the filtered plane and its filtered square over the valid area.
type moments struct{ mean, square []float64 }

func ssim(t *trial.Trial, rgb bool) (trial.Score, error) {
	w, h := t.Input.W, t.Input.H
	if w <= 2*ssimRadius || h <= 2*ssimRadius {
		return trial.Score{}, fmt.Errorf("SSIM needs pictures of at least %d x %d pixels, got %d x %d", 2*ssimRadius+1, 2*ssimRadius+1, w, h)
	}
	channels := []int{-1}
	if rgb {
		channels = []int{0, 1, 2}
	}
	vw, vh := w-2*ssimRadius, h-2*ssimRadius
	score := trial.Score{Map: raster.NewMap(vw, vh)}
	s := ssimScratch.Get().(*ssimBuffers)
	defer ssimScratch.Put(s)
	for _, c := range channels {
		a := trial.Remember(t.Memo, fmt.Sprint("ssim plane ", c), func() []float64 { return plane(t.Input, c, nil) })
		ma := trial.Remember(t.Memo, fmt.Sprint("ssim moments ", c), func() moments {
			sq := make([]float64, len(a))
			for i, v := range a {
				sq[i] = v * v
			}
			var tmp []float64
			return moments{valid(a, w, h, make([]float64, vw*vh), &tmp), valid(sq, w, h, make([]float64, vw*vh), &tmp)}
		})
		s.b = plane(t.Output, c, s.b)
		s.mb = valid(s.b, w, h, grow(s.mb, vw*vh), &s.tmp)
		s.x = grow(s.x, len(a))
		for i, v := range s.b {
			s.x[i] = v * v
		}
		s.sb = valid(s.x, w, h, grow(s.sb, vw*vh), &s.tmp)
		for i, v := range s.b {
			s.x[i] = v * a[i]
		}
		s.ab = valid(s.x, w, h, grow(s.ab, vw*vh), &s.tmp)
		sum := 0.0
		for i, mb := range s.mb {
			m := ma.mean[i]
			va, vb, vab := ma.square[i]-m*m, s.sb[i]-mb*mb, s.ab[i]-m*mb
			v := (2*m*mb + ssimC1) * (2*vab + ssimC2) / ((m*m + mb*mb + ssimC1) * (va + vb + ssimC2))
			sum += v
			score.Map.V[i] += v / float64(len(channels))
		}
		score.Value += sum / float64(vw*vh) / float64(len(channels))
	}
	return score, nil
}

// ssimBuffers is scratch memory, pooled so that a score allocates its map only.
type ssimBuffers struct{ b, x, mb, sb, ab, tmp []float64 }

var ssimScratch = sync.Pool{New: func() any { return new(ssimBuffers) }}

func grow(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

// valid filters a plane with the window along both axes where the window fits.
func valid(p []float64, w, h int, dst []float64, tmp *[]float64) []float64 {
	vw, vh := w-2*ssimRadius, h-2*ssimRadius
	*tmp = grow(*tmp, w*vh)
	cols := *tmp
	k := &ssimKernel
	for y := range vh {
		row := cols[y*w : (y+1)*w]
		for j := range ssimRadius {
			// The window is symmetric: rows at equal distance share a weight.
			a, b := p[(y+j)*w:][:w], p[(y+2*ssimRadius-j)*w:][:w]
			c := k[j]
			if j == 0 {
				for i := range row {
					row[i] = c * (a[i] + b[i])
				}
				continue
			}
			for i := range row {
				row[i] += c * (a[i] + b[i])
			}
		}
		mid := p[(y+ssimRadius)*w:][:w]
		for i := range row {
			row[i] += k[ssimRadius] * mid[i]
		}
	}
	for y := range vh {
		row, out := cols[y*w:(y+1)*w], dst[y*vw:(y+1)*vw]
		for x := range out {
			r := row[x : x+2*ssimRadius+1 : x+2*ssimRadius+1]
			out[x] = k[0]*(r[0]+r[10]) + k[1]*(r[1]+r[9]) + k[2]*(r[2]+r[8]) + k[3]*(r[3]+r[7]) + k[4]*(r[4]+r[6]) + k[5]*r[5]
		}
	}
	return dst
}

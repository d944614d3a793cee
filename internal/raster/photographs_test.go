package raster_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"probity/internal/raster"
	"probity/internal/sharedtest"
)

// TestPhotographs decodes real files and compares with what Pillow made of them: lossless ones to the byte, JPEGs by the
// mean level, the root mean square and the mean absolute differences between neighbours, a channel at a time. Since the
// pixels may be .05 levels off on average, so may these. Chroma that is merely repeated, or smoothed along one
// axis only, fails.
func TestPhotographs(t *testing.T) {
	root := sharedtest.Dir(t, "data")
	data, err := os.ReadFile("../../testdata/raster/photographs.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []struct {
		File, SHA256 string
		W, H         int
		Mean         [4][3]float64
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	var worst [4]float64
	for _, c := range want {
		m, _, err := raster.DecodeFile(filepath.Join(root, filepath.FromSlash(c.File)))
		if err != nil {
			t.Error(err)
			continue
		}
		if m.W != c.W || m.H != c.H {
			t.Errorf("%s: %d x %d, Pillow has %d x %d", c.File, m.W, m.H, c.W, c.H)
			continue
		}
		if c.SHA256 != "" {
			if sum(m.Pix) != c.SHA256 {
				t.Errorf("%s: bytes differ from Pillow's", c.File)
			}
			continue
		}
		got := means(m)
		for k := range got {
			for ch := range 3 {
				off := math.Abs(got[k][ch] - c.Mean[k][ch])
				worst[k] = math.Max(worst[k], off)
				if off > .05 {
					t.Errorf("%s: the %s of channel %d is %.2g levels off Pillow's", c.File, statistics[k], ch, off)
				}
			}
		}
	}
	t.Logf("largest deviation of %v: %.2g levels", statistics, worst)
}

var statistics = [4]string{"mean", "root mean square", "mean difference to the right", "mean difference downward"}

func means(m *raster.Image) (s [4][3]float64) {
	for i, v := range m.Pix {
		c, x := i%3, i/3%m.W
		level := float64(v)
		s[0][c] += level
		s[1][c] += level * level
		if x+1 < m.W {
			s[2][c] += math.Abs(float64(m.Pix[i+3]) - level)
		}
		if i+3*m.W < len(m.Pix) {
			s[3][c] += math.Abs(float64(m.Pix[i+3*m.W]) - level)
		}
	}
	n := float64(m.W * m.H)
	for c := range 3 {
		s[0][c] /= n
		s[1][c] = math.Sqrt(s[1][c] / n)
		s[2][c] /= float64((m.W - 1) * m.H)
		s[3][c] /= float64(m.W * (m.H - 1))
	}
	return s
}

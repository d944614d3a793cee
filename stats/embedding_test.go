package stats_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/sharedtest"
	"probity/stats"
)

// The published CLIP features have the gap that their authors give, trained and with random weights.
func TestPublishedModalityGap(t *testing.T) {
	dir := sharedtest.Dir(t, "data/modality-gap")
	for file, want := range map[string][2]float64{"features_clip.npy": {.851, .310}, "features_clip_random.npy": {1.136, math.NaN()}} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		head := int(binary.LittleEndian.Uint16(data[8:])) + 10
		if !strings.Contains(string(data[:head]), "'shape': (2, 500, 512)") || !strings.Contains(string(data[:head]), "'<f4'") || strings.Contains(string(data[:head]), "True") {
			t.Fatalf("%s is not the file that the test knows: %s", file, data[:head])
		}
		const n, d = 500, 512
		v := make([]float32, 2*n*d)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[head+4*i:]))
		}
		g, err := stats.ModalityGap(v[:n*d], v[n*d:], n, d)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(g.Distance-want[0]) > .0005 || math.Abs(g.Paired-want[1]) > .0005 {
			t.Errorf("%s: gap %.4f, want %.3f; paired cosine %.4f, want %.3f", file, g.Distance, want[0], g.Paired, want[1])
		}
		t.Logf("%s: %+v", file, g)
	}
}

// Equal sets have no gap and are aligned; opposite ones are as far apart as their mean is long, twice; lengths do not matter.
func TestModalityGapLaws(t *testing.T) {
	a := []float32{3, 0, 0, 2, 1, 1}
	b := make([]float32, len(a))
	for i, v := range a {
		b[i] = -5 * v
	}
	g, err := stats.ModalityGap(a, a, 3, 2)
	if err != nil || g.Distance != 0 || math.Abs(g.Paired-1) > 1e-15 || math.Abs(g.Alignment) > 1e-15 || g.UniformityA != g.UniformityB {
		t.Errorf("a set beside itself: %+v, %v", g, err)
	}
	mean := math.Hypot(1+math.Sqrt(.5), 1+math.Sqrt(.5)) / 3
	if g, err = stats.ModalityGap(a, b, 3, 2); err != nil || math.Abs(g.Distance-2*mean) > 1e-15 || math.Abs(g.Paired+1) > 1e-15 {
		t.Errorf("a set beside its opposite: %+v, %v", g, err)
	}
	for name, v := range map[string][]float32{"short": a[:4], "zero": {0, 0, 1, 1, 1, 1}, "infinite": {float32(math.Inf(1)), 0, 1, 1, 1, 1}} {
		if _, err := stats.ModalityGap(a, v, 3, 2); err == nil {
			t.Errorf("%s rows give no error", name)
		}
	}
}

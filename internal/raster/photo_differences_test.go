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

// Mean CIEDE2000 of whole photographs agrees with colour-science to 1e-4 on the same matrix and white point; with
// colour-science's own matrix it lies within the .0015 that the two matrices are known to make.
func TestDifferencesOfPhotographs(t *testing.T) {
	dir := sharedtest.Dir(t, "data")
	data, err := os.ReadFile("../../testdata/raster/photo_differences.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Oracle      string
		Photographs []struct {
			File      string
			SameWhite float64 `json:"same_white"`
			Own       float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, g := range golden.Photographs {
		m, _, err := raster.DecodeFile(filepath.Join(dir, filepath.FromSlash(g.File)))
		if err != nil {
			t.Fatal(err)
		}
		moved := m.Clone()
		for y := range m.H {
			row := 3 * y * m.W
			copy(moved.Pix[row+3:row+3*m.W], m.Pix[row:row+3*(m.W-1)])
			copy(moved.Pix[row:row+3], m.Pix[row+3*(m.W-1):row+3*m.W])
		}
		got := raster.MeanDeltaE00(m, moved, nil, nil)
		if d := math.Abs(got - g.SameWhite); d > 1e-4 {
			t.Errorf("%s: mean CIEDE2000 %.6f, %s gives %.6f", g.File, got, golden.Oracle, g.SameWhite)
		}
		if d := math.Abs(got - g.Own); d > 1.5e-3 {
			t.Errorf("%s: mean CIEDE2000 %.6f, %s with its own matrix gives %.6f", g.File, got, golden.Oracle, g.Own)
		}
		t.Logf("%s: off by %.2g, %.2g with another matrix", g.File, got-g.SameWhite, got-g.Own)
	}
}

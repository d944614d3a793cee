package harness_test

import (
	"math"
	"testing"

	"probity/internal/stream"
	"probity/internal/trial"
)

// TestPower simulates what the plan promises: sources whose true AUC varies about the promised one, with 9 and 8 draws of
// normal noise; the t test over sources finds it about 80 times in 100.
func TestPower(t *testing.T) {
	p := plan(t, rich, sampleSources(48, 4))
	w := p.Power
	if w.Clusters != 48 || w.Draws != 8 || !(w.AUC > .55 && w.AUC < .62) || !(w.Difference > .05 && w.Difference < .12) {
		t.Fatalf("power is %+v", w)
	}
	const runs = 2000
	critical := 2.0117 // t, 47 degrees of freedom, .975
	s := stream.Key{Seed: 1, Step: "power"}.Open()
	found := 0
	for range runs {
		var sum, squares float64
		for range w.Clusters {
			auc := math.Min(1, math.Max(0, w.AUC+.15*s.Norm()))
			// Two normal distributions a shift d apart have the AUC Phi(d / sqrt 2).
			d := math.Sqrt2 * quantile(auc)
			x := make([]float64, w.Draws)
			for i := range x {
				x[i] = s.Norm()
			}
			wins := 0.0
			for range w.Draws {
				y := d + s.Norm()
				for _, v := range x {
					if y > v {
						wins++
					}
				}
			}
			a := wins / float64(w.Draws*w.Draws)
			sum, squares = sum+a, squares+a*a
		}
		n := float64(w.Clusters)
		mean := sum / n
		se := math.Sqrt((squares/n - mean*mean) / (n - 1))
		if math.Abs(mean-.5)/se > critical {
			found++
		}
	}
	if rate := float64(found) / runs; rate < .75 || rate > .88 {
		t.Errorf("an AUC of %.3f is found in %.3f of runs, promised %.2f", w.AUC, rate, w.Chance)
	}
}

// quantile of the standard normal.
func quantile(p float64) float64 {
	p = math.Min(1-1e-6, math.Max(1e-6, p))
	return math.Sqrt2 * math.Erfinv(2*p-1)
}

func TestPowerNeedsNulls(t *testing.T) {
	src := "probity = 1\nname = \"x\"\n[images]\ndataset = \"sample-pictures\"\n[[metric]]\nkind = \"sample-mse\"\n[[perturb]]\nkind = \"sample-hue\"\n"
	if w := plan(t, src, sampleSources(48, 4)).Power; w.Method != "" || w.AUC != 0 {
		t.Errorf("without nulls the power is %+v", w)
	}
	if w := plan(t, rich, &trial.Collection{Sources: sampleSources(1, 0).Sources}).Power; w.AUC <= 1 {
		t.Errorf("one source promises an AUC of %v", w.AUC)
	}
}

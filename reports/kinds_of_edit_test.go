package reports_test

import (
	"math"
	"strings"
	"testing"

	"probity/internal/registry"
	"probity/reports"
)

// Each metric's A within is that of its signal, and by region less pooled is the difference that the scores were made with.
func TestKindsOfEdit(t *testing.T) {
	in := factorial(40, 1, nil, nil)
	info, err := reports.Kinds.Info("kinds-of-edit")
	if err != nil {
		t.Fatal(err)
	}
	v, errs := registry.NewValues(info, map[string]any{"sets": []string{"turned: hue@5"}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	in.Experiment.Findings = []reports.Request{{Kind: "kinds-of-edit", Params: v}}
	f := compute(t, in)[0]
	if e := pick(f, reports.AWithin, "pixels"); len(e) != 1 || e[0].Perturb != "turned" || math.Abs(float64(e[0].Value)-.5*math.Erfc(-.25)) > .05 {
		t.Errorf("pixels: %+v", e)
	}
	gains := 0
	for _, e := range f.Estimates {
		if e.Quantity != reports.RegionGain {
			continue
		}
		gains++
		vit := strings.Contains(e.Metric, "vit")
		if vit != (e.Low > 0) && !(vit && e.Value > .05) {
			t.Errorf("%s gains %.2f [%.2f, %.2f] by region", e.Metric, e.Value, e.Low, e.High)
		}
	}
	if gains != 8 {
		t.Errorf("%d networks are compared by region and pooled, there are 8", gains)
	}
	if !strings.Contains(f.Answer, "Turned: most") || !strings.Contains(f.Answer, "of 8 such metrics") {
		t.Error(f.Answer)
	}
	for _, bad := range []string{"missing", "turned: hue@7", "turned: hue@much"} {
		v, _ := registry.NewValues(info, map[string]any{"sets": []string{bad}})
		in.Experiment.Findings[0].Params = v
		if _, err := reports.Findings(t.Context(), in); err == nil {
			t.Errorf("sets = %q is no error", bad)
		}
	}
}

package reports_test

import (
	"context"
	"fmt"
	"testing"

	"probity/internal/trial"
	"probity/reports"
)

// large is 10 metrics x 100 cells x 48 sources with 8 draws of one null.
func large() design {
	d := design{sources: 48, replicates: 1, draws: 8, nulls: []string{"shift"}, level: 3, seed: 3, classes: true}
	for i := range 10 {
		d.metrics = append(d.metrics, synthetic{label: fmt.Sprint("metric-", i), gain: float64(i+1) / 4, exponent: .5, group: trial.Classical})
	}
	for i := range 10 {
		d.areas = append(d.areas, float64(i+1)/40)
		d.severities = append(d.severities, float64(i+1)*2)
	}
	return d
}

// BenchmarkFindings computes every finding of 10 metrics x 100 cells x 48 sources with 2,000 resamples.
func BenchmarkFindings(b *testing.B) {
	in := large().input("sensitivity", "salience", "detection", "area-threshold")
	for b.Loop() {
		if _, err := reports.Findings(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRender draws them again in one format, from kept findings.
func BenchmarkRender(b *testing.B) {
	in := large().input("sensitivity", "salience", "detection", "area-threshold")
	in.Options.Formats = []string{"pdf"}
	dir := b.TempDir()
	if _, err := reports.Write(context.Background(), in, dir); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := reports.Write(context.Background(), in, dir); err != nil {
			b.Fatal(err)
		}
	}
}

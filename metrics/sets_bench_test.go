package metrics_test

import (
	"context"
	"testing"

	"probity/internal/stream"
)

// Sets of 10,000 members with 2,048 features: the size of a published FID.
func benchmarkSet(b *testing.B, name string, params map[string]any) {
	const n, d = 10_000, 2048
	make1 := func(purpose string) []float32 {
		s := stream.Key{Seed: 1, Purpose: purpose}.Open()
		x := make([]float32, n*d)
		for i := range x {
			x[i] = float32(s.Float64()-.3) * float32(1+i%7)
		}
		return x
	}
	x, y := setOf(make1("x"), d), setOf(make1("y"), d)
	m := buildSet(b, name, params)
	b.ReportAllocs()
	for b.Loop() {
		s, err := m.Reduce(context.Background(), x, y, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(s.Value, "score")
	}
}

func BenchmarkFrechet10000x2048(b *testing.B) {
	benchmarkSet(b, "frechet", map[string]any{"resamples": 0})
}
func BenchmarkKID10000x2048(b *testing.B) { benchmarkSet(b, "kid", nil) }
func BenchmarkPrecision10000x2048(b *testing.B) {
	benchmarkSet(b, "precision", map[string]any{"resamples": 0})
}

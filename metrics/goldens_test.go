package metrics_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
	_ "probity/metrics"
)

const goldens = "../testdata/metrics"

// golden is a value that an oracle gave.
type golden struct {
	Oracle string
	Value  float64
}

func read[T any](t testing.TB, name string) (out T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldens, name))
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return
}

// noise makes the numbers of goldens.py: multiples of 2^-12 in -0.5..0.5 from a hash of the place, exact in single
// precision.
func noise(seed uint32, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		x := uint32(i+1)*0x9E3779B9 + seed*0x85EBCA6B
		x ^= x >> 16
		x *= 0x7FEB352D
		x ^= x >> 15
		x *= 0x846CA68B
		x ^= x >> 16
		out[i] = float32(x>>20)/4096 - .5
	}
	return out
}

// near makes two lists of numbers that are alike.
func near(seed uint32, n int) (a, b []float32) {
	a, b = noise(seed, n), noise(seed+1, n)
	for i, v := range a {
		b[i] = v + b[i]/4
	}
	return
}

func pooled(v []float32) *trial.Tensor {
	return &trial.Tensor{Layout: trial.Pooled, Shape: []int{len(v)}, Data: v}
}

func grid(v []float32, c, h, w int) *trial.Tensor {
	return &trial.Tensor{Layout: trial.Grid, Shape: []int{c, h, w}, Data: v, H: h, W: w}
}

// tokens turns a map into tokens with a prefix of one token that no metric may look at.
func tokens(m *trial.Tensor) *trial.Tensor {
	c, n := m.Channels(), m.Positions()
	out := &trial.Tensor{Layout: trial.Tokens, Shape: []int{n + 1, c}, Data: make([]float32, (n+1)*c), H: m.H, W: m.W, Prefix: 1}
	copy(out.Data, noise(uint32(n), c))
	for i := range n {
		for k := range c {
			out.Data[(i+1)*c+k] = m.Data[k*n+i]
		}
	}
	return out
}

// assets stands in for the model folders: every asset is the JSON that it holds.
type assets map[string]any

func (assets) Model(name string) (trial.ModelInfo, error) {
	return trial.ModelInfo{Name: name, Family: "cnn", Text: true, Fit: "squash", Outputs: []trial.OutputInfo{
		{Name: "embedding", Layout: trial.Pooled}, {Name: "joint", Layout: trial.Pooled}, {Name: "logits", Layout: trial.Pooled},
		{Name: "spatial", Layout: trial.Grid}, {Name: "tokens", Layout: trial.Tokens},
	}}, nil
}

func (a assets) Asset(name string) ([]byte, error) {
	if v, ok := a[name]; ok {
		return json.Marshal(v)
	}
	return nil, fmt.Errorf("there is no %s", name)
}

// heads are the weights of LPIPS and DISTS that goldens.py made of noise.
var heads = func() assets {
	positive := func(seed uint32, n int) []float64 {
		out := make([]float64, n)
		for i, v := range noise(seed, n) {
			out[i] = math.Abs(float64(v))
		}
		return out
	}
	lin := func(channels ...int) map[string][]float64 {
		out := map[string][]float64{}
		for k, c := range channels {
			out[fmt.Sprintf("lin%d.model.1.weight", k)] = positive(uint32(60+k), c)
		}
		return out
	}
	return assets{
		"lpips_lin/alex.json":    lin(64, 192, 384, 256, 256),
		"lpips_lin/vgg.json":     lin(64, 128, 256, 512, 512),
		"lpips_lin/squeeze.json": lin(64, 128, 256, 384, 384, 512, 512),
		"dists/weights.json":     map[string]any{"alpha": positive(70, 1475), "beta": positive(71, 1475)},
	}
}()

// build makes a metric as it is named in goldens: "ssim channel=rgb", words without a = being remarks.
func build(t testing.TB, label string) (trial.Metric, trial.MetricEntry) {
	t.Helper()
	words := strings.Fields(label)
	entry, info, err := trial.Metrics.Get(words[0])
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]any{}
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			continue
		}
		given[name] = value
		if value == "true" {
			given[name] = true
		}
	}
	return make1(t, info, entry, given), entry
}

func make1(t testing.TB, info registry.Info, entry trial.MetricEntry, given map[string]any) trial.Metric {
	t.Helper()
	m, err := entry.New(values(t, info, given), heads)
	if err != nil {
		t.Fatalf("%s: %v", info.Name, err)
	}
	return m
}

// values fills in a model where one is needed.
func values(t testing.TB, info registry.Info, given map[string]any) registry.Values {
	t.Helper()
	if p, ok := info.Param("model"); ok && p.Required && given["model"] == nil {
		given["model"] = "m"
	}
	v, errs := registry.NewValues(info, given)
	if len(errs) > 0 {
		t.Fatalf("%s: %v", info.Name, errs)
	}
	return v
}

// agreement is the largest deviation of a metric from an oracle.
type agreement struct {
	metric, oracle string
	worst          float64 // relative to the oracle's value
	cases          int
	tolerance      float64
}

var agreements = map[string]*agreement{}

// agree compares a value with an oracle's and keeps the deviation for the page docs/metrics.md.
func agree(t *testing.T, metric, where string, got float64, want golden, tolerance float64) {
	t.Helper()
	off := 0.
	if got != want.Value {
		off = math.Abs(got-want.Value) / math.Abs(want.Value)
	}
	key := metric + "\x00" + want.Oracle
	a := agreements[key]
	if a == nil {
		a = &agreement{metric: metric, oracle: want.Oracle, tolerance: tolerance}
		agreements[key] = a
	}
	a.cases++
	a.tolerance = math.Max(a.tolerance, tolerance)
	if !(off <= a.worst) {
		a.worst = off
	}
	if !(off <= tolerance) {
		t.Errorf("%s of %s: %.15g, %s says %.15g: %.2g off, %.0e allowed", metric, where, got, want.Oracle, want.Value, off, tolerance)
	}
}

func load(t testing.TB, path string) *raster.Image {
	t.Helper()
	m, _, err := raster.DecodeFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

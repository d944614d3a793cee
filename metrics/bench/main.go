// Bench times every metric on pairs on one core and prints the table of docs/metrics-cost.md.
//
//	go run ./metrics/bench > docs/metrics-cost.md
//	go run ./metrics/bench -python python3 > docs/metrics-cost.md
//
// With -python the same pictures are scored by scikit-image and piq on one thread in the same run, and the table gains the
// ratio; sets are compared by numpy on all cores.
package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
	_ "probity/metrics"
)

//go:embed reference.py
var reference []byte

//go:embed sets.py
var setsReference []byte

const (
	side               = 256
	members, perMember = 10_000, 2048
	setMetrics         = "frechet kid cmmd precision vendi"
)

func main() {
	python := flag.String("python", "", "a Python with scikit-image, piq, torch and Pillow to be timed beside")
	flag.Parse()
	if err := run(os.Stdout, *python); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, python string) error {
	cores := runtime.GOMAXPROCS(1)
	a, b := picture("a"), picture("b")
	for i, v := range b.Pix { // alike, as an edit and its source are
		b.Pix[i] = uint8((3*int(a.Pix[i]) + int(v)) / 4)
	}
	var pictures [2][]byte
	for i, m := range []*raster.Image{a, b} {
		data, err := m.EncodePNG()
		if err != nil {
			return err
		}
		pictures[i] = data
	}
	beside, err := python1(python, reference, pictures[:], true)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "<!-- Written by `go run ./metrics/bench`, on %s, Go %s. -->\n# What a metric costs\n\n", processor(), strings.TrimPrefix(runtime.Version(), "go"))
	fmt.Fprintf(out, "Scores a second on one core, pictures of %d x %d pixels; best of five. A metric on a backbone is handed its features, whose cost is the network's: a pooled vector\nof 768, a map of 1280 x 7 x 7 or 196 tokens of 192, LPIPS and DISTS the layers of the picture at its own size. `first` is a reference's first output, `further` each one after it, when what the metric\nkeeps of the reference is there already: an experiment scores many outputs of each source.\n\n", side, side)
	fmt.Fprintln(out, "| metric | first | further | beside | its scores a second | first / beside |\n|---|---|---|---|---|---|")
	for _, name := range trial.Metrics.Names() {
		entry, info, err := trial.Metrics.Get(name)
		if err != nil {
			return err
		}
		if entry.Group == trial.External {
			continue
		}
		given := map[string]any{}
		if p, ok := info.Param("model"); ok && p.Required {
			given["model"] = "m"
		}
		values, errs := registry.NewValues(info, given)
		if len(errs) > 0 {
			return errs[0]
		}
		m, err := entry.New(values, weights{})
		if err != nil {
			return fmt.Errorf("making %s: %w", name, err)
		}
		x := trial.Trial{Input: a, Output: b}
		for _, r := range m.Needs() {
			x.Features = append(x.Features, feature(r))
		}
		first, err := rate(m, func() *trial.Trial { y := x; y.Memo = new(trial.Memo); return &y })
		if err != nil {
			return fmt.Errorf("timing %s: %w", name, err)
		}
		x.Memo = new(trial.Memo)
		further, err := rate(m, func() *trial.Trial { return &x })
		if err != nil {
			return fmt.Errorf("timing %s: %w", name, err)
		}
		row := fmt.Sprintf("| %s | %.0f | %.0f |", name, first, further)
		if p, ok := beside[name]; ok {
			row += fmt.Sprintf(" %s | %.0f | %.1f |", p.who, p.rate, first/p.rate)
		} else {
			row += " | | |"
		}
		fmt.Fprintln(out, row)
	}
	runtime.GOMAXPROCS(cores)
	if err := sets(out, python, cores); err != nil {
		return err
	}
	return out.Flush()
}

// sets times set metrics at the size of a published FID, without the interval by subsets.
func sets(out io.Writer, python string, cores int) error {
	fmt.Fprintf(out, "\n## Sets\n\nSeconds for two sets of %d members with %d features, %d cores, once; the interval by subsets (`resamples`) left out.\n\n", members, perMember, cores)
	fmt.Fprintln(out, "| set metric | s | beside | its s | beside / this |\n|---|---|---|---|---|")
	beside, err := python1(python, setsReference, nil, false, fmt.Sprint(members), fmt.Sprint(perMember))
	if err != nil {
		return err
	}
	var both [2]trial.Set
	for i := range both {
		s := stream.Key{Seed: 1, Step: "bench", Purpose: "set", Replicate: i}.Open()
		x := make([]float32, members*perMember)
		for k := range x {
			x[k] = float32(s.Float64()-.3) * float32(1+k%perMember%7)
		}
		both[i] = trial.Set{N: members, Features: []trial.Matrix{{Rows: members, Cols: perMember, Data: x}}}
	}
	for _, name := range strings.Fields(setMetrics) {
		entry, info, err := trial.SetMetrics.Get(name)
		if err != nil {
			return err
		}
		given := map[string]any{"model": "m"}
		if _, ok := info.Param("resamples"); ok {
			given["resamples"] = 0
		}
		values, errs := registry.NewValues(info, given)
		if len(errs) > 0 {
			return errs[0]
		}
		m, err := entry.New(values, weights{})
		if err != nil {
			return fmt.Errorf("making %s: %w", name, err)
		}
		start := time.Now()
		if _, err := m.Reduce(context.Background(), both[0], both[1], 1); err != nil {
			return fmt.Errorf("timing %s: %w", name, err)
		}
		took := time.Since(start).Seconds()
		row := fmt.Sprintf("| %s | %.1f |", name, took)
		if p, ok := beside[name]; ok {
			row += fmt.Sprintf(" %s | %.1f | %.1f |", p.who, p.rate, p.rate/took)
		} else {
			row += " | | |"
		}
		fmt.Fprintln(out, row)
	}
	return nil
}

// rate is the scores a second of the best of five spells of .2 seconds.
func rate(m trial.Metric, next func() *trial.Trial) (float64, error) {
	if _, err := m.Score(next()); err != nil {
		return 0, err
	}
	best := math.Inf(1)
	for range 5 {
		n, start := 0, time.Now()
		for time.Since(start) < 200*time.Millisecond {
			if _, err := m.Score(next()); err != nil {
				return 0, err
			}
			n++
		}
		best = math.Min(best, time.Since(start).Seconds()/float64(n))
	}
	return 1 / best, nil
}

func picture(name string) *raster.Image {
	s := stream.Key{Seed: 1, Step: "bench", Purpose: name}.Open()
	m := raster.New(side, side)
	for i := range m.Pix {
		x, y, c := float64(i/3%side), float64(i/3/side), float64(i%3)
		m.Pix[i] = uint8(128 + 60*math.Sin(x/17+c) + 40*math.Cos(y/29-c) + 20*(s.Float64()-.5))
	}
	return m
}

// shapes are the layers that LPIPS and DISTS tap, at 256 pixels: channels and side.
var shapes = map[string][2]int{
	"relu1": {64, 63}, "relu2": {192, 31}, "relu3": {384, 15}, "relu4": {256, 15}, "relu5": {256, 15},
	"relu1_2": {64, 256}, "relu2_2": {128, 128}, "relu3_3": {256, 64}, "relu4_3": {512, 32}, "relu5_3": {512, 16},
	"tap1": {64, 127}, "tap2": {128, 63}, "tap3": {256, 31}, "tap4": {384, 15}, "tap5": {384, 15}, "tap6": {512, 15}, "tap7": {512, 15},
	trial.InputTensor: {3, 224}, "spatial": {1280, 7},
}

func feature(r trial.Request) *trial.Tensor {
	s := stream.Key{Seed: 1, Step: "bench", Purpose: r.Output, Source: string(r.Part)}.Open()
	fill := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(s.Float64())
		}
		return x
	}
	shape, ok := shapes[r.Output]
	if r.Output == trial.InputTensor && r.Native {
		shape[1] = side
	}
	switch {
	case ok:
		c, n := shape[0], shape[1]
		return &trial.Tensor{Layout: trial.Grid, Shape: []int{c, n, n}, Data: fill(c * n * n), H: n, W: n}
	case r.Output == "tokens":
		return &trial.Tensor{Layout: trial.Tokens, Shape: []int{196, 192}, Data: fill(196 * 192), H: 14, W: 14}
	case r.Part == trial.OfReferences:
		return &trial.Tensor{Layout: trial.Tokens, Shape: []int{5, 768}, Data: fill(5 * 768)}
	}
	return &trial.Tensor{Layout: trial.Pooled, Shape: []int{768}, Data: fill(768)}
}

// weights stands in for the model folders: the linear heads of LPIPS and the weights of DISTS are ones.
type weights struct{}

// Model implements trial.Env.
func (weights) Model(name string) (trial.ModelInfo, error) {
	return trial.ModelInfo{Name: name, Text: true, Fit: "squash", Outputs: []trial.OutputInfo{{Name: "embedding", Layout: trial.Pooled},
		{Name: "joint", Layout: trial.Pooled}, {Name: "spatial", Layout: trial.Grid}, {Name: "tokens", Layout: trial.Tokens}}}, nil
}

// Asset implements trial.Env.
func (weights) Asset(name string) ([]byte, error) {
	ones := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = 1
		}
		return x
	}
	if strings.HasPrefix(name, "dists") {
		return json.Marshal(map[string][]float64{"alpha": ones(1475), "beta": ones(1475)})
	}
	layers := map[string][]string{
		"lpips_lin/alex.json":    {"relu1", "relu2", "relu3", "relu4", "relu5"},
		"lpips_lin/vgg.json":     {"relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"},
		"lpips_lin/squeeze.json": {"tap1", "tap2", "tap3", "tap4", "tap5", "tap6", "tap7"},
	}[name]
	out := map[string][]float64{}
	for k, l := range layers {
		out[fmt.Sprintf("lin%d.model.1.weight", k)] = ones(shapes[l][0])
	}
	return json.Marshal(out)
}

// other is what a script says of a metric: who computed it, and scores a second (of sets, seconds).
type other struct {
	who  string
	rate float64
}

// python1 runs a script on pictures and reads its lines of name, program and number; nothing where no Python is given.
func python1(python string, script []byte, pictures [][]byte, oneThread bool, words ...string) (map[string]other, error) {
	if python == "" {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "probity-bench-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "reference.py")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		return nil, err
	}
	args := append([]string{file}, words...)
	for i, data := range pictures {
		path := filepath.Join(dir, fmt.Sprint(i, ".png"))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return nil, err
		}
		args = append(args, path)
	}
	cmd := exec.Command(python, args...)
	if oneThread {
		cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	}
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("timing the references with %s: %w", python, err)
	}
	out := map[string]other{}
	for line := range bytes.Lines(text) {
		f := strings.Split(strings.TrimSpace(string(line)), "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("timing the references: %q is no line of name, program and rate", line)
		}
		v, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			return nil, fmt.Errorf("timing the references: %w", err)
		}
		out[f[0]] = other{f[1], v}
	}
	return out, nil
}

// processor is the name of the machine's processor where the system tells it.
func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}

// Command bench measures what the harness costs beside what it harnesses, and prints a Markdown table of ratios, each of
// two programs that ran in turn on the same machine:
//
//   - a run of learned metrics against its bare models: the same number of batches of 8, straight through ONNX Runtime
//   - the same experiment in Python (twin.py: ONNX Runtime, Pillow, scikit-image), start-up included
//   - a second run of an unchanged experiment against the first
//   - peak memory of a run against one with a tenth of the sources
//
// Use: go run ./experiments/bench --images PHOTOS --models MODELS [--python python3] [--rounds 3]
//
// The figures are the medians of the rounds. Processor seconds (user and system) stand beside seconds by the clock,
// since other work on the machine disturbs them less.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"probity/internal/cli"
	"probity/zoo"
)

// role makes this program behave as one of those that are compared.
const role = "PROBITY_BENCH_ROLE"

func main() {
	var err error
	switch os.Getenv(role) {
	case "probity":
		if file := os.Getenv("PROBITY_BENCH_PROFILE"); file != "" {
			f, err := os.Create(file)
			if err == nil {
				err = pprof.StartCPUProfile(f)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
			}
		}
		status := cli.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
		pprof.StopCPUProfile()
		os.Exit(status)
	case "bare":
		err = bare(os.Args[1], os.Args[2:])
	default:
		err = measure()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The models of learned.toml, by file, and how often each sees a batch: 96 sources of 24 pictures.
var files = []string{"mobilenetv2_1.0_224.onnx", "alexnet_features.onnx", "squeezenet1.1.onnx", "vit_tiny_patch16_224.onnx"}

const (
	batches = 96 * 24 / 8
	side    = 224
)

// bare runs the models on batches that are there already, with as many callers as the harness has workers.
func bare(workers string, paths []string) error {
	n, err := strconv.Atoi(workers)
	if err != nil {
		return err
	}
	lib, err := zoo.FindRuntime("", "")
	if err != nil {
		return err
	}
	ort.SetSharedLibraryPath(lib.Path)
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	so, err := ort.NewSessionOptions()
	if err != nil {
		return err
	}
	if err := so.SetIntraOpNumThreads(1); err != nil {
		return err
	}
	for _, path := range paths {
		ins, outs, err := ort.GetInputOutputInfo(path)
		if err != nil {
			return err
		}
		var names []string
		for _, o := range outs {
			names = append(names, o.Name)
		}
		s, err := ort.NewDynamicAdvancedSession(path, []string{ins[0].Name}, names, so)
		if err != nil {
			return err
		}
		work := make(chan struct{}, batches)
		for range batches {
			work <- struct{}{}
		}
		close(work)
		errs := make([]error, n)
		var wg sync.WaitGroup
		for w := range n {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(w)))
				data := make([]float32, 8*3*side*side)
				for i := range data {
					data[i] = float32(rng.NormFloat64())
				}
				in, err := ort.NewTensor(ort.NewShape(8, 3, side, side), data)
				if err != nil {
					errs[w] = err
					return
				}
				defer in.Destroy()
				results := make([]ort.Value, len(names)) // made in the first run, used again in the others
				for range work {
					if errs[w] = s.Run([]ort.Value{in}, results); errs[w] != nil {
						return
					}
				}
				for _, v := range results {
					if v != nil {
						v.Destroy()
					}
				}
				runtime.KeepAlive(data)
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		s.Destroy()
	}
	return nil
}

// cost is what a program took.
type cost struct {
	Wall, CPU float64 // seconds
	MiB       float64 // peak resident memory
}

func run(role_ string, name string, args ...string) (cost, error) {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), role+"="+role_)
	var log strings.Builder
	c.Stdout, c.Stderr = &log, &log
	start := time.Now()
	if err := c.Run(); err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, log.String())
	}
	u := c.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{time.Since(start).Seconds(), (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), float64(u.Maxrss) / 1024}, nil
}

// median takes each part's median.
func median(list []cost) cost {
	mid := func(get func(cost) float64) float64 {
		v := make([]float64, len(list))
		for i, c := range list {
			v[i] = get(c)
		}
		slices.Sort(v)
		return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
	}
	return cost{mid(func(c cost) float64 { return c.Wall }), mid(func(c cost) float64 { return c.CPU }), mid(func(c cost) float64 { return c.MiB })}
}

// rival is a program that is measured.
type rival func() (cost, error)

// inTurn runs rivals one after the other, several times.
func inTurn(rounds int, rivals ...rival) ([]cost, error) {
	all := make([][]cost, len(rivals))
	for range rounds {
		for i, r := range rivals {
			c, err := r()
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], c)
		}
	}
	out := make([]cost, len(rivals))
	for i := range all {
		out[i] = median(all[i])
	}
	return out, nil
}

func measure() error {
	images := flag.String("images", "", "folder of photographs")
	models := flag.String("models", "", "folder of the models that learned.toml names")
	python := flag.String("python", "", "Python with onnxruntime, Pillow, numpy and scikit-image, to compare with; \"\" leaves that out")
	here := flag.String("here", "experiments/bench", "this program's folder")
	rounds := flag.Int("rounds", 3, "times that each program runs")
	workers := flag.Int("workers", runtime.NumCPU(), "workers, and threads of the others")
	flag.Parse()
	if *images == "" || *models == "" {
		return fmt.Errorf("wants --images and --models")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "probity-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	n := strconv.Itoa(*workers)
	probity := func(file, out string, fresh bool, more ...string) rival {
		args := []string{"run", filepath.Join(*here, file), "--models", *models, "--out", filepath.Join(work, out), "--workers", n, "--quiet"}
		if fresh {
			args = append(args, "--fresh")
		}
		args = append(args, more...)
		return func() (cost, error) {
			if fresh {
				if err := os.RemoveAll(filepath.Join(work, out)); err != nil {
					return cost{}, err
				}
			}
			return run("probity", self, args...)
		}
	}
	photos := []string{"--images", *images}
	bareArgs := []string{n}
	for _, f := range files {
		bareArgs = append(bareArgs, filepath.Join(*models, f))
	}

	turns := "one round"
	if *rounds > 1 {
		turns = fmt.Sprintf("median of %d rounds in turn", *rounds)
	}
	fmt.Printf("Measured on %s/%s, %d processors, %d workers, %s.\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *workers, turns)
	fmt.Println("| what | beside | by the clock | processor time | peak memory | ratio |")
	fmt.Println("|---|---|---|---|---|---|")
	row := func(what, beside string, a, b cost, ratio string) {
		fmt.Printf("| %s | %s | %.1f s, %.1f s | %.1f s, %.1f s | %.0f, %.0f MiB | %s |\n", what, beside, a.Wall, b.Wall, a.CPU, b.CPU, a.MiB, b.MiB, ratio)
	}

	c, err := inTurn(*rounds, probity("learned.toml", "learned", true, photos...), func() (cost, error) { return run("bare", self, bareArgs...) })
	if err != nil {
		return err
	}
	row("run of learned metrics", "its bare models", c[0], c[1], fmt.Sprintf("%.2f times the processor time, %.2f by the clock", c[0].CPU/c[1].CPU, c[0].Wall/c[1].Wall))

	c2, err := inTurn(*rounds, probity("learned.toml", "learned", false, photos...))
	if err != nil {
		return err
	}
	row("the same run again", "the first", c2[0], c[0], fmt.Sprintf("%.1f %% of the time by the clock", 100*c2[0].Wall/c[0].Wall))

	if *python != "" {
		for _, kind := range []string{"learned", "classical"} {
			twin := func() (cost, error) {
				return run("", *python, filepath.Join(*here, "twin.py"), kind, *images, *models, n)
			}
			c, err := inTurn(*rounds, probity(kind+".toml", kind, true, photos...), twin)
			if err != nil {
				return err
			}
			row("run of "+kind+" metrics", "the same in Python", c[0], c[1], fmt.Sprintf("%.1f times as fast", c[1].Wall/c[0].Wall))
		}
	}

	const few, many = 6, 60
	sources := func(n int) rival {
		return probity("learned.toml", "memory", true, "--images", *images, "--set", fmt.Sprintf("images.limit=%d", n))
	}
	c, err = inTurn(1, sources(many), sources(few))
	if err != nil {
		return err
	}
	row(fmt.Sprintf("run of %d sources", many), fmt.Sprintf("%d sources", few), c[0], c[1], fmt.Sprintf("%.2f times the peak memory", c[0].MiB/c[1].MiB))
	return nil
}

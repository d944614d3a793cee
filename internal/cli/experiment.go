package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/trial"
	"probity/zoo"
)

// experimentFlags are the flags of every command that reads an experiment file.
type experimentFlags struct {
	images  string
	models  []string
	set     []string
	workers int
	runtime string

	provider string
	threads  int
	batch    int
}

// maxBatch is the most pictures that one forward pass may hold: more than any device has been seen to gain from.
const maxBatch = 1024

func (f *experimentFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.images, "images", "", "folder of pictures, instead of images.path in the file")
	c.Flags().StringArrayVar(&f.set, "set", nil, "override a key of the file, as in --set images.limit=12 (repeatable; recorded)")
	f.registerModels(c)
}

func (f *experimentFlags) registerModels(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.models, "models", nil, "folder with ONNX models (repeatable)")
	c.Flags().IntVar(&f.workers, "workers", runtime.NumCPU(), "pictures worked on at a time; results do not depend on it")
	c.Flags().StringVar(&f.runtime, "onnxruntime", "", "path of the ONNX Runtime library, instead of the one found")
	c.Flags().StringVar(&f.provider, "provider", "cpu", "execution provider: "+strings.Join(zoo.Providers, ", "))
	c.Flags().IntVar(&f.batch, "batch", zoo.DefaultBatch, "pictures of one forward pass; more help on a GPU. Scores of another batch differ in the last digits and are kept apart")
	c.Flags().IntVar(&f.threads, "threads", 1, "threads of one forward pass; more workers do more than more threads")
}

// open finds the models.
func (f *experimentFlags) open(a *app) (models, error) {
	if f.batch < 0 || f.batch > maxBatch || f.batch == 0 && f.workers > 0 { // 0 where a command has no such flag, nor --workers
		return models{}, wrong("--batch %d: wants 1 to %d pictures", f.batch, maxBatch)
	}
	z, err := zoo.Open(zoo.Options{Dirs: f.models, Runtime: f.runtime, Embedded: embedded(), Strict: true, Provider: f.provider, Threads: f.threads, Batch: f.batch})
	if err != nil {
		return models{}, inputError{err}
	}
	for _, p := range z.Problems() {
		a.say("note: %s: %s", p.What, p.Reason)
	}
	return models{z, func(model, text string, _ int) {
		a.say("note: %s: the end of a text that is longer than the model reads was cut off: %q", model, text)
	}}, nil
}

// load reads, checks and plans an experiment.
func (f *experimentFlags) load(ctx context.Context, a *app, path string, m models) (*harness.Plan, error) {
	x, err := harness.Load(path, harness.LoadOptions{Images: f.images, Set: f.set, Env: m, Findings: findingKinds()})
	if err != nil {
		return nil, inputError{err}
	}
	if x.OverlongTexts == "cut" {
		m.CutTexts()
	}
	if x.Images.Dataset == "" { // judgements alone
		p, err := harness.NewPlan(x, nil, m)
		if err != nil {
			return nil, inputError{fmt.Errorf("%s: %w", path, err)}
		}
		return p, nil
	}
	col, err := x.Images.Entry.Open(ctx, x.Images.Params, x.Images.OpenOptions(x.Seed))
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		err = fmt.Errorf("%s: %w", path, err)
		if errors.Is(err, trial.ErrNoPicture) { // the input was right, all of it failed
			return nil, err
		}
		return nil, inputError{err}
	}
	p, err := harness.NewPlan(x, col, m)
	if err != nil {
		return nil, inputError{fmt.Errorf("%s: %w", path, err)}
	}
	return p, nil
}

func (a *app) validateCommand() *cobra.Command {
	var f experimentFlags
	c := &cobra.Command{
		Use:     "validate EXPERIMENT",
		Short:   "check an experiment file and print what a run would do, cost and be able to tell",
		Example: "  probity validate experiments/photo-edits.toml --images photos --models models",
		Args:    args(1, 1, "one experiment file"),
		RunE: func(c *cobra.Command, got []string) error {
			m, err := f.open(a)
			if err != nil {
				return err
			}
			defer m.Close()
			p, err := f.load(c.Context(), a, got[0], m)
			if err != nil {
				return err
			}
			if err := p.CheckTexts(c.Context(), m); err != nil {
				return inputOr(c.Context(), err)
			}
			if err := p.CountAll(c.Context()); err != nil {
				return inputOr(c.Context(), err)
			}
			if a.json {
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				return enc.Encode(p)
			}
			return p.Describe(a.out)
		},
	}
	f.register(c)
	return c
}

// modelError says whether an error is about models or input that the user can mend.
func modelError(err error) error {
	var hash *zoo.HashMismatchError
	if errors.As(err, &hash) || errors.Is(err, harness.ErrMemory) {
		return inputError{err}
	}
	return err
}

var _ trial.Env = models{}

package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/trial"
)

func (a *app) runCommand() *cobra.Command {
	var f experimentFlags
	var out string
	var fresh bool
	var shard, memory string
	c := &cobra.Command{
		Use:   "run EXPERIMENT",
		Short: "carry out an experiment: edit, score, analyse, draw",
		Long: `Carry out an experiment. Results go to runs/NAME: report.html, figures, tables, scores.csv and scores.parquet,
findings.json and manifest.json. A run that was interrupted goes on where it was when the same command is given again,
and a run that has not changed is not computed again.

Several machines can share a run: each scores one part with --shard 1/4, 2/4, ...; their segments folders, copied into
one, make the whole run, which the command without --shard then merges without computing a score anew. A part is every
fourth picture, every fourth reference of judged pictures ([[human]]), every fourth source of a suite ([[suite]]), and every
fourth block of 64 pictures or 512 texts that joint spaces ([[space]]) embed.

--memory 6GiB keeps what models hold at a time, about, below that: pictures, judged pictures and suites are scored by groups
of models that fit, joint spaces embedded by one model at a time. The result is the same to the byte.`,
		Example: `  probity run experiments/first-look.toml
  probity run experiments/photo-edits.toml --images photos --models models`,
		Args: args(1, 1, "one experiment file"),
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
			dir := out
			if dir == "" {
				dir = filepath.Join("runs", p.Experiment.Name)
			}
			opt := harness.RunOptions{Dir: dir, Workers: f.workers, Batch: f.batch, Fresh: fresh, Progress: a.progress(), Log: a.log}
			if opt.Memory, err = bytesOf(memory); err != nil {
				return err
			}
			if shard != "" {
				if n, err := fmt.Sscanf(shard+".", "%d/%d.", &opt.Shard.I, &opt.Shard.N); n != 2 || err != nil || opt.Shard.I < 1 || opt.Shard.I > opt.Shard.N {
					return wrong("--shard %q: wants a part and the number of parts, as in 1/4", shard)
				}
			}
			return a.carryOut(c.Context(), p, m, opt)
		},
	}
	f.register(c)
	c.Flags().StringVar(&out, "out", "", "folder for the results (default runs/NAME)")
	c.Flags().BoolVar(&fresh, "fresh", false, "compute everything anew")
	c.Flags().StringVar(&memory, "memory", "", "memory that models may hold at a time, as in 6GiB: they are then run in groups, one after the other")
	c.Flags().StringVar(&shard, "shard", "", "score one part of the pictures, judgements, suites and joint spaces only, as in 1/4, and make no report")
	return c
}

// carryOut scores a plan, then writes everything that a run leaves.
func (a *app) carryOut(ctx context.Context, p *harness.Plan, m models, opt harness.RunOptions) error {
	start := time.Now()
	if opt.Workers < 1 {
		return wrong("--workers %d: wants at least 1", opt.Workers)
	}
	release, err := harness.Lock(opt.Dir)
	if err != nil {
		return err
	}
	defer release()
	for _, w := range p.Warnings {
		a.say("note: %s", w)
	}
	c := p.Counts
	if c.Sources > 0 {
		a.say("%s: %d sources, %d stimuli, %d scores, %d workers on %d processors", p.Experiment.Name, c.Sources, c.Stimuli, c.Scores, opt.Workers, runtime.NumCPU())
	}
	if opt.Shard.N > 0 {
		a.say("part %d of %d: %s", opt.Shard.I, opt.Shard.N, p.ShardText())
	}
	if err := p.CheckTexts(ctx, m); err != nil {
		return inputOr(ctx, err)
	}
	scored, err := harness.Score(ctx, p, m, opt)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		return modelError(err)
	}
	judged, err := harness.ScoreJudged(ctx, p, m, opt)
	if err != nil {
		return inputOr(ctx, err)
	}
	scored.AddJudged(judged)
	suites, err := harness.ScoreSuites(ctx, p, m, opt)
	if err != nil {
		return inputOr(ctx, err)
	}
	scored.AddSuites(suites)
	spaces, err := harness.ScoreSpaces(ctx, p, m, opt)
	if err != nil {
		return inputOr(ctx, err)
	}
	scored.AddSpaces(spaces)
	a.sayLeftOut(scored.Skipped)
	if opt.Shard.N > 0 {
		a.say("part %d of %d is scored, %d scores and embeddings now and %d before; with the segments of all parts in %s, the same command without --shard makes the report",
			opt.Shard.I, opt.Shard.N, scored.Computed, scored.Reused, filepath.Join(opt.Dir, "segments"))
		return nil
	}
	if scored.Computed == 0 {
		a.say("all %d scores were there already", scored.Reused)
	} else if scored.Reused > 0 {
		a.say("computed %d scores, took %d from before", scored.Computed, scored.Reused)
	}
	if err := a.writeRun(ctx, p, m, scored, opt, start); err != nil {
		return err
	}
	fmt.Fprintln(a.out, filepath.Join(opt.Dir, "report.html"))
	return nil
}

// inputOr takes an error for one of what the user gave, unless the run was interrupted.
func inputOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return inputError{err}
}

// sayLeftOut prints what could not be scored, a line for each reason: an edit that ten pictures do not allow is one line.
func (a *app) sayLeftOut(skipped []trial.Problem) {
	type line struct {
		what, reason string
		sources      []string
		seen         map[string]bool
		n            int
	}
	var lines []*line
	by := map[[2]string]*line{}
	for _, s := range skipped {
		source, what, split := strings.Cut(s.What, ": ")
		if !split {
			source, what = s.What, ""
		}
		key := [2]string{what, strings.ReplaceAll(s.Reason, source, "it")}
		l := by[key]
		if l == nil {
			l = &line{what: what, reason: s.Reason, seen: map[string]bool{}}
			by[key] = l
			lines = append(lines, l)
		}
		l.n++
		if !l.seen[source] {
			l.seen[source] = true
			l.sources = append(l.sources, source)
		}
	}
	for _, l := range lines {
		head := l.sources[0]
		if more := len(l.sources) - 1; more > 0 {
			head += fmt.Sprintf(" and %d more", more)
		}
		if l.what != "" {
			head += ": " + l.what
			if l.n > len(l.sources) {
				head += fmt.Sprintf(" (%d stimuli)", l.n)
			}
		}
		a.say("left out: %s: %s", head, l.reason)
	}
}

// bytesOf reads an amount of memory: a number with B, KiB, MiB, GiB, MB or GB. "" is 0.
func bytesOf(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	units := []struct {
		name string
		size float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(number), 64); err == nil && v > 0 {
				return int64(v * u.size), nil
			}
			break
		}
	}
	return 0, wrong("--memory %q: wants a number with a unit, as in 6GiB or 800MB", text)
}

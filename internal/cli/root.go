package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Exit statuses.
const (
	exitDone        = 0
	exitFailed      = 1
	exitInput       = 2
	exitInterrupted = 130
)

// inputError marks what the user can mend: exit status 2.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

// wrong makes an error about the user's input.
func wrong(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

// app is what all commands share.
type app struct {
	out, err  io.Writer
	quiet     bool
	json      bool
	logFormat string
	log       *slog.Logger
	plainErr  bool // stderr is no terminal
}

// Main runs the command line and returns the exit status.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{out: stdout, err: stderr}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "probity: interrupted; what is done is kept, and the same command goes on from there")
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "probity: %v\n", err)
	var input inputError
	if _, _, unknown := root.Find(args); errors.As(err, &input) || unknown != nil {
		return exitInput
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "probity",
		Short: "test image metrics: what they notice, what they miss, whether people agree",
		Long: `probity tests image metrics. An experiment is a TOML file: it applies controlled edits to pictures, scores them with
CNN-, ViT-, CLIP-based and classical metrics, and reports how sensitive each metric is, what it can detect and how well
it agrees with people, as figures, tables and one HTML page.

First steps:
  probity setup                                    find or fetch the ONNX Runtime library
  probity init my.toml                             write an experiment to start from
  probity validate my.toml                         check it and see what it would do and cost
  probity run my.toml --images photos --models models
  probity score --metric ssim,lpips-alex A.png B.png`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.prepare()
		},
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	f := root.PersistentFlags()
	f.BoolVar(&a.quiet, "quiet", false, "print errors only")
	f.BoolVar(&a.json, "json", false, "print data as JSON where a command can")
	f.StringVar(&a.logFormat, "log-format", "text", "messages as text or json")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return wrong("%v\nsee probity %s --help", err, c.Name())
	})
	root.AddCommand(a.commands()...)
	return root
}

func (a *app) prepare() error {
	f, ok := a.err.(*os.File)
	a.plainErr = !ok || !term.IsTerminal(int(f.Fd()))
	level := slog.LevelInfo
	if a.quiet {
		level = slog.LevelError
	}
	switch a.logFormat {
	case "text":
		a.log = slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
	case "json":
		a.log = slog.New(slog.NewJSONHandler(a.err, &slog.HandlerOptions{Level: level}))
	default:
		return wrong("--log-format %q: wants text or json", a.logFormat)
	}
	return nil
}

// say prints a message for people, unless --quiet.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// args checks the number of arguments and words the error as this program does.
func args(lo, hi int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, got []string) error {
		if len(got) < lo || hi >= 0 && len(got) > hi {
			return wrong("probity %s wants %s, got %d arguments\nsee probity %s --help", c.Name(), what, len(got), c.Name())
		}
		return nil
	}
}

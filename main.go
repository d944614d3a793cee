// Command probity tests image metrics: it applies controlled edits to pictures, scores them with CNN-, ViT-, CLIP-based
// and classical metrics, and reports how sensitive each metric is and how well it agrees with people.
//
//	probity run experiments/photo-edits.toml --images photos --models models
//
// Messages go to stderr, data to stdout. The exit status is 0 when done, 1 when something failed, 2 when the user's
// input is wrong and 130 when interrupted (the same command then resumes).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"probity/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { <-ctx.Done(); stop() }() // a second Ctrl-C ends the program at once
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

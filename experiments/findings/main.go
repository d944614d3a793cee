package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// options say where things lie.
type options struct {
	docs                 string // folder of the paper
	runs                 string // folder of the runs
	models, images, data string // what the repository does not hold; "" where it is not given
	only                 []string
	set                  []string // overrides for every experiment, to try things out
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	f := flag.NewFlagSet("findings", flag.ExitOnError)
	f.StringVar(&o.runs, "runs", filepath.Join("runs", "findings"), "folder of the runs")
	f.StringVar(&o.models, "models", "", "folder of published networks, for the studies on them")
	f.StringVar(&o.images, "images", "", "folder of photographs whose sub-folders are classes, for the studies on them")
	f.StringVar(&o.data, "data", "", "folder of published judgements and features, for the studies on them")
	only := f.String("only", "", "studies to run, separated by commas; the paper is written of all that have run")
	f.Func("set", "override for every experiment, as of probity run; may come again", func(s string) error {
		o.set = append(o.set, s)
		return nil
	})
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: findings [flags] [DOCS]   runs the studies and writes DOCS/findings.md (docs)")
		f.PrintDefaults()
	}
	_ = f.Parse(os.Args[1:]) // exits on a mistake
	o.docs = "docs"
	if f.NArg() > 0 {
		o.docs = f.Arg(0)
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if err := write(ctx, o, studies, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "findings:", err)
		os.Exit(1)
	}
}

package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"probity/harness"
	"probity/internal/table"
	"probity/reports"
)

// tabled is a report on tables that were measured elsewhere: of `probity agree`, `ladder` and `decompose`.
type tabled struct {
	dir      string
	in       *reports.Input
	manifest *harness.Manifest
	start    time.Time
}

// tabledFlags are flags that all these commands have.
type tabledFlags struct {
	name, out, width string
	formats          []string
}

// add declares them for a command.
func (f *tabledFlags) add(p *pflag.FlagSet, command string) {
	p.StringVar(&f.name, "name", "", "name of the run (default "+command+"-TABLE)")
	p.StringVar(&f.out, "out", "", "folder for the results (default runs/NAME)")
	p.StringSliceVar(&f.formats, "format", nil, "formats of the figures: pdf, svg, png (default all)")
	p.StringVar(&f.width, "width", "", "width of the figures: column (3.5 in) or page (7.16 in)")
}

// runName is the run's name: the one given, or the command's and the table's.
func (f *tabledFlags) runName(command, path string) string {
	if f.name != "" {
		return f.name
	}
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return command + "-" + strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(base, "-"), "-.")
}

// folder is where the results go.
func (f *tabledFlags) folder(command, path string) string {
	if f.out != "" {
		return f.out
	}
	return filepath.Join("runs", f.runName(command, path))
}

// check looks at the flags.
func (f *tabledFlags) check() error {
	for _, x := range f.formats {
		if x != "pdf" && x != "svg" && x != "png" {
			return wrong("--format %q: wants pdf, svg or png", x)
		}
	}
	if f.width != "" && f.width != "column" && f.width != "page" {
		return wrong("--width %q: wants column or page", f.width)
	}
	return nil
}

// tabledManifest is the manifest of a run on tables; options are the flags that results depend on.
func tabledManifest(name string, tables []*table.Table, notes []string, options map[string]any) (*harness.Manifest, error) {
	m := &harness.Manifest{Format: 1, Name: name, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Dataset: "table", Warnings: notes}
	all := sha256.New()
	for _, t := range tables {
		sum := sha256.Sum256(t.Data)
		all.Write(sum[:])
		m.Sources = append(m.Sources, harness.ManifestSource{ID: filepath.Base(t.Path), Hash: hex.EncodeToString(sum[:])})
	}
	if m.Key = m.Sources[0].Hash; len(tables) > 1 {
		m.Key = hex.EncodeToString(all.Sum(nil))
	}
	opt, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	m.Overrides = []string{string(opt)}
	return m, nil
}

// writeTabled writes the report and the manifest, and prints where the report lies. say is told of the result before.
func (a *app) writeTabled(ctx context.Context, r tabled, say func(*reports.Result)) error {
	release, err := harness.Lock(r.dir)
	if err != nil {
		return err
	}
	defer release()
	r.manifest.Program, r.manifest.Started = programVersion(), r.start.UTC().Format(time.RFC3339)
	if err := saveInput(r.in, r.dir); err != nil {
		return err
	}
	r.in.Options.Cache = r.dir
	end := a.watch(r.in)
	res, err := reports.Write(ctx, r.in, r.dir)
	end()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return inputError{err}
	}
	if say != nil {
		say(res)
	}
	a.say("\n%s\n", res.Answer)
	r.manifest.Seconds = time.Since(r.start).Seconds()
	if err := harness.Finish(r.dir, r.manifest, append(res.Files, inputFile)); err != nil {
		return err
	}
	fmt.Fprintln(a.out, filepath.Join(r.dir, "report.html"))
	return nil
}

// sayRefused prints what a report does not give, and why.
func (a *app) sayRefused(res *reports.Result) {
	for _, f := range res.Findings {
		for _, r := range f.Refused {
			a.say("note: not given: %s: %s", r.What, r.Reason)
		}
	}
}

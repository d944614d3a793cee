package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/reports"
)

func (a *app) reportCommand() *cobra.Command {
	var opt reports.Options
	var out string
	c := &cobra.Command{
		Use:     "report RUN",
		Short:   "draw a run's figures, tables and page again, without scoring",
		Example: "  probity report runs/photo-edits --format pdf --width column --only detection --out paper",
		Args:    args(1, 1, "the folder of one run"),
		RunE: func(c *cobra.Command, got []string) error {
			manifest, err := harness.ReadManifest(got[0])
			if err != nil {
				return inputError{err}
			}
			in, err := loadInput(got[0])
			if err != nil {
				return inputError{err}
			}
			for _, f := range opt.Formats {
				if f != "pdf" && f != "svg" && f != "png" {
					return wrong("--format %q: wants pdf, svg or png", f)
				}
			}
			if opt.Width != "" && opt.Width != "column" && opt.Width != "page" {
				return wrong("--width %q: wants column or page", opt.Width)
			}
			for _, kind := range opt.Only {
				if kinds := drawable(in); !slices.Contains(kinds, kind) {
					return wrong("--only %q: this run has %s", kind, strings.Join(kinds, ", "))
				}
			}
			if bad := manifest.Damaged(got[0]); len(bad) > 0 {
				a.say("%s not as the run left %s: %s. The report is drawn from %s, which is whole; give the `probity run` again to write the rest anew.",
					files(len(bad)), map[bool]string{true: "it", false: "them"}[len(bad) == 1], listed(bad, 8), inputFile)
			}
			opt.Cache = got[0]
			in.Options = opt
			dir := out
			if dir == "" {
				dir = filepath.Join(got[0], "report")
			}
			release, err := harness.Lock(dir)
			if err != nil {
				return err
			}
			defer release()
			res, err := reports.Write(c.Context(), in, dir)
			if err != nil {
				return fmt.Errorf("writing the report: %w", err)
			}
			for _, f := range res.Files {
				fmt.Fprintln(a.out, filepath.Join(dir, filepath.FromSlash(f)))
			}
			return nil
		},
	}
	c.Flags().StringSliceVar(&opt.Formats, "format", nil, "formats of the figures: pdf, svg, png (default all)")
	c.Flags().StringVar(&opt.Width, "width", "", "width of the figures: column (3.5 in) or page (7.16 in)")
	c.Flags().StringSliceVar(&opt.Only, "only", nil, "kinds of finding to draw, and stimuli for the pictures (default all)")
	c.Flags().BoolVar(&opt.Titles, "titles", false, "print titles above figures; papers have captions instead")
	c.Flags().StringVar(&out, "out", "", "folder for the files (default RUN/report)")
	return c
}

// drawable are the kinds of finding that a run's report can draw.
func drawable(in *reports.Input) []string {
	var out []string
	for _, f := range in.Experiment.Findings {
		if !slices.Contains(out, f.Kind) {
			out = append(out, f.Kind)
		}
	}
	if len(in.Experiment.Hypotheses) > 0 {
		out = append(out, "hypotheses")
	}
	if len(in.Exhibits) > 0 {
		out = append(out, "stimuli")
	}
	return out
}

func files(n int) string {
	if n == 1 {
		return "1 file is"
	}
	return fmt.Sprintf("%d files are", n)
}

// listed joins names, at most so many of them.
func listed(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

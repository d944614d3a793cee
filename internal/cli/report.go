package cli

import (
	"fmt"
	"path/filepath"

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
			if _, err := harness.ReadManifest(got[0]); err != nil {
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

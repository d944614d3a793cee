package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/trial"
	"probity/reports/preview"
)

func (a *app) previewCommand() *cobra.Command {
	var f experimentFlags
	var out, image string
	var kinds []string
	c := &cobra.Command{
		Use:   "preview [EXPERIMENT]",
		Short: "show what edits look like: a contact sheet of perturbation x severity x region",
		Long: `Make the edits of an experiment file on one picture and lay them out as a contact sheet, preview.png and preview.html:
a row for each perturbation and region, a column for each severity, and under each picture what was really done. The
pictures are made by the code and with the random numbers of a run, the first replicate and draw of each.

Without a file every perturbation is shown at its default severities, or those that --perturb names, on a rendered scene
or on the picture of --image.`,
		Example: `  probity preview experiments/photo-edits.toml --images photos --image photos/dog/7.jpg
  probity preview --perturb hue,gaussian-blur --image dog.jpg
  probity preview --out sheet`,
		Args: args(0, 1, "one experiment file, or none"),
		RunE: func(c *cobra.Command, got []string) error {
			path := ""
			if len(got) > 0 {
				if len(kinds) > 0 {
					return wrong("--perturb goes without an experiment file: the file says what is done")
				}
				path = got[0]
			} else {
				dir, err := os.MkdirTemp("", "probity-preview-")
				if err != nil {
					return err
				}
				defer os.RemoveAll(dir)
				if path, err = previewFile(dir, kinds, image); err != nil {
					return err
				}
			}
			m, err := f.open(a)
			if err != nil {
				return err
			}
			defer m.Close()
			p, err := f.load(c.Context(), a, path, m)
			if err != nil {
				return err
			}
			src, err := chosenSource(p, image)
			if err != nil {
				return err
			}
			img, rows, err := harness.Preview(c.Context(), p, src)
			if err != nil {
				return err
			}
			title := p.Experiment.Name
			if len(got) == 0 {
				title = "Perturbations"
			}
			sheet := &preview.Sheet{Title: title, Name: src.ID, Source: img, Rows: rows}
			png, err := sheet.PNG()
			if err != nil {
				return err
			}
			var page bytes.Buffer
			if err := sheet.HTML(&page); err != nil {
				return err
			}
			if out == "" {
				out = filepath.Join("previews", p.Experiment.Name)
			}
			for _, x := range []struct {
				name string
				data []byte
			}{{"preview.png", png}, {"preview.html", page.Bytes()}} {
				file := filepath.Join(out, x.name)
				if err := harness.WriteFile(file, x.data); err != nil {
					return err
				}
				fmt.Fprintln(a.out, file)
			}
			return nil
		},
	}
	f.register(c)
	c.Flags().StringVar(&image, "image", "", "the picture to edit; without it the experiment's first")
	c.Flags().StringSliceVar(&kinds, "perturb", nil, "perturbations to show, without an experiment file")
	c.Flags().StringVar(&out, "out", "", "folder for preview.png and preview.html (default previews/NAME)")
	return c
}

// chosenSource finds the picture that was named among the experiment's, or takes the first.
func chosenSource(p *harness.Plan, image string) (*trial.Source, error) {
	if image == "" {
		return p.Sources[0], nil
	}
	want := filepath.ToSlash(filepath.Clean(image))
	for _, s := range p.Sources {
		if s.ID == want || strings.HasSuffix(want, "/"+s.ID) || filepath.Base(s.ID) == want {
			return s, nil
		}
	}
	return nil, wrong("the picture %s is not among the %d of the experiment; name it as in %q, or raise images.limit", image, len(p.Sources), p.Sources[0].ID)
}

// previewFile writes an experiment of some perturbations at their default severities, each on the whole picture and on a
// disc where it takes a region.
func previewFile(dir string, kinds []string, image string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "probity = 1\nname = \"perturbations\"\n\n")
	if image == "" {
		fmt.Fprintf(&b, "[images]\ndataset = \"scenes\"\ncount = 64\nlimit = 64\nsize = 144\n")
	} else {
		abs, err := filepath.Abs(image)
		if err != nil {
			return "", err
		}
		if _, err := os.Stat(abs); err != nil {
			return "", wrong("reading --image: %v", err)
		}
		fmt.Fprintf(&b, "[images]\ndataset = \"folder\"\npath = %q\nsize = 256\nfit = \"shorter\"\n", filepath.Dir(abs))
	}
	fmt.Fprintf(&b, "\n[[metric]]\nkind = \"mse\"\n")
	all := trial.Perturbations.Names()
	for _, k := range kinds {
		if _, _, err := trial.Perturbations.Get(k); err != nil {
			return "", wrong("--perturb: %v", err)
		}
	}
	if len(kinds) == 0 {
		kinds = slices.DeleteFunc(all, func(k string) bool {
			return k == "files" || k == "other-image" // the one needs files, the other is a class swap without classes
		})
	}
	for _, k := range kinds {
		entry, _, err := trial.Perturbations.Get(k)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n[[perturb]]\nkind = %q\n", k)
		if entry.Anchor {
			continue
		}
		fmt.Fprintf(&b, "role = \"edit\"\n")
		switch {
		case entry.Local:
			fmt.Fprintf(&b, "region = { shape = \"disc\", area = 0.1, placement = \"salient\" }\n")
		case entry.Regions:
			fmt.Fprintf(&b, "region = [{ shape = \"disc\", area = 0.1, placement = \"salient\" }, { shape = \"whole\" }]\n")
		}
	}
	fmt.Fprintf(&b, "\n[[finding]]\nkind = \"sensitivity\"\n")
	path := filepath.Join(dir, "preview.toml")
	return path, os.WriteFile(path, []byte(b.String()), 0o644)
}

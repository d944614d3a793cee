// Command reference draws a strip for every perturbation on a rendered scene, for the pictures of
// docs/experiment-file.md.
//
// Use: go run ./reports/preview/reference docs/perturbations
package main

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"

	_ "probity/datasets"
	"probity/harness"
	"probity/internal/trial"
	_ "probity/metrics"
	_ "probity/perturb"
	"probity/reports"
	"probity/reports/preview"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "use: reference FOLDER")
		os.Exit(2)
	}
	if err := draw(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func draw(dir string) error {
	for _, kind := range trial.Perturbations.Names() {
		if _, words, _ := trial.TextPerturbations.Get(kind); words.Name != "" || kind == "files" || kind == "other-image" {
			continue // they change no pixel, need files, or are the class swap of data sets without classes
		}
		data, err := strip(kind)
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		if err := harness.WriteFile(filepath.Join(dir, kind+".jpg"), data); err != nil {
			return err
		}
	}
	return nil
}

// strip draws one perturbation at its default severities, in a disc where it takes a region.
func strip(kind string) ([]byte, error) {
	entry, _, err := trial.Perturbations.Get(kind)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "probity = 1\nname = \"reference\"\nseed = 4\n[images]\ndataset = \"scenes\"\ncount = 64\nsize = 112\n[[metric]]\nkind = \"mse\"\n[[perturb]]\nkind = %q\n", kind)
	if entry.Anchor {
		b.WriteString("[[perturb]]\nkind = \"gaussian-noise\"\n") // a finding needs an edit
	} else {
		b.WriteString("role = \"edit\"\n")
		if entry.Regions {
			b.WriteString("region = { shape = \"disc\", area = 0.2, placement = \"salient\" }\n")
		}
	}
	b.WriteString("[[finding]]\nkind = \"sensitivity\"\n")
	x, err := harness.Parse("reference.toml", []byte(b.String()), harness.LoadOptions{Findings: reports.Kinds})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	col, err := x.Images.Entry.Open(ctx, x.Images.Params, x.Images.OpenOptions(x.Seed))
	if err != nil {
		return nil, err
	}
	p, err := harness.NewPlan(x, col, nil)
	if err != nil {
		return nil, err
	}
	img, rows, err := harness.Preview(ctx, p, p.Sources[0])
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Perturb == kind {
			var out bytes.Buffer
			err = jpeg.Encode(&out, (&preview.Sheet{Source: img}).Strip(&rows[i]), &jpeg.Options{Quality: 86})
			return out.Bytes(), err
		}
	}
	return nil, fmt.Errorf("there is no row of it among %d", len(rows))
}

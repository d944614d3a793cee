package harness

import (
	"context"
	"fmt"

	"probity/internal/raster"
	"probity/internal/trial"
)

// PreviewRow is one perturbation in one region, over its severities, on one source.
type PreviewRow struct {
	Perturb string
	Doc     string // what its kind does, in a line; "" for a chain
	Role    trial.Role
	Region  string // "disc 4 %", "whole"
	Cells   []PreviewCell
}

// PreviewCell is one stimulus as the run would show it to the metrics.
type PreviewCell struct {
	Severity string         // with its unit; "" where there is no axis
	Image    *raster.Image  // nil where it could not be made
	Region   *raster.Mask   // where it acted; nil: everywhere
	Stimulus trial.Stimulus // what was realised, flags
	Reason   string         // why there is no picture
}

// Preview makes the stimuli of one source, the first replicate and draw of each, by the same code and the same random
// numbers as Score: what is seen is what is scored.
func Preview(ctx context.Context, p *Plan, src *trial.Source) (*raster.Image, []PreviewRow, error) {
	img, err := src.Picture.Load(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", src.ID, err)
	}
	var rows []PreviewRow
	at := map[[2]int]int{}
	m := &maker{plan: p, src: src, img: img, need: func(i int) bool {
		s := p.Stimuli[i]
		return s.Role != trial.Crossed && s.Replicate == 0 && s.Draw == 0
	}}
	err = m.each(ctx, func(x made) error {
		s := p.Stimuli[x.index]
		section, region := s.Perturb, s.Region
		if s.Role == trial.Null {
			section, region = s.Null, 0
		}
		k, ok := at[[2]int{section, region}]
		e := &p.Perturbs[section]
		if !ok {
			k = len(rows)
			at[[2]int{section, region}] = k
			row := PreviewRow{Perturb: e.Label, Role: s.Role, Region: regionText(e.Regions[region])}
			if len(e.Steps) == 1 {
				row.Doc = e.Steps[0].Info.Doc
			}
			rows = append(rows, row)
		}
		c := PreviewCell{Image: x.img, Region: x.region, Stimulus: x.row, Reason: x.reason}
		if !e.Axis.Fixed {
			severity := s.Severity
			if s.Role == trial.Null {
				severity = e.Severities[0]
			}
			c.Severity = severityText(severity, e.Axis.Unit)
		}
		rows[k].Cells = append(rows[k].Cells, c)
		return nil
	})
	return img, rows, err
}

// severityText writes a severity with its unit for people.
func severityText(v float64, unit string) string {
	switch unit {
	case "":
		return fmt.Sprintf("%g", v)
	case "fraction":
		return fmt.Sprintf("%.3g %%", 100*v)
	case "dE00":
		unit = "ΔE00"
	}
	return fmt.Sprintf("%g %s", v, unit)
}

// regionText writes a region for people.
func regionText(r RegionSpec) string {
	s := r.Shape
	if r.Placement != "" && r.Placement != "random" {
		s += ", " + r.Placement
	}
	if r.Area > 0 && r.Area < 1 {
		s += fmt.Sprintf(", %.3g %%", 100*r.Area)
	}
	return s
}

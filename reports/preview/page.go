package preview

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"probity/internal/raster"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("preview").Parse(pageText))

type pageRow struct {
	Perturb, Role, Region, Doc string
	Source                     template.URL
	Cells                      []pageCell
}

type pageCell struct {
	Severity, Realised, Reason, Alt string
	Flags                           []string
	Image                           template.URL
}

// HTML writes the sheet as one page: the pictures at full size, the source under the pointer, flags in words.
func (s *Sheet) HTML(w io.Writer) error {
	data := struct {
		Title, Name string
		W, H        int
		Source      template.CSS
		Rows        []pageRow
	}{Title: s.Title, Name: s.Name, W: s.Source.W, H: s.Source.H}
	source, err := address(s.Source)
	if err != nil {
		return err
	}
	data.Source = template.CSS("url(" + source + ")") // once for all pictures that it lies under
	for i := range s.Rows {
		r := &s.Rows[i]
		row := pageRow{Perturb: r.Perturb, Role: string(r.Role), Region: r.Region, Doc: r.Doc}
		if row.Source, err = address(outlined(s.Source, region(r))); err != nil {
			return err
		}
		for k := range r.Cells {
			c := &r.Cells[k]
			cell := pageCell{Severity: c.Severity, Realised: realised(c), Reason: c.Reason,
				Alt: fmt.Sprintf("%s %s on %s: %s", r.Perturb, c.Severity, r.Region, realised(c))}
			for _, f := range c.Stimulus.Flags {
				cell.Flags = append(cell.Flags, f.Code+": "+f.Detail)
			}
			if c.Image != nil {
				if cell.Image, err = address(c.Image); err != nil {
					return err
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		data.Rows = append(data.Rows, row)
	}
	if err := page.Execute(w, data); err != nil {
		return fmt.Errorf("writing the preview page: %w", err)
	}
	return nil
}

// address holds a picture inside the page.
func address(m *raster.Image) (template.URL, error) {
	data, err := m.EncodePNG()
	if err != nil {
		return "", fmt.Errorf("encoding a picture: %w", err)
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data)), nil
}

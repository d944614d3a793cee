package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"probity/internal/raster"
	"probity/internal/trial"
)

// An Exhibit is a picture that the report shows: a source, or one of its stimuli. Exhibits are kept in the run's folder,
// so that a report can be drawn again where the sources are no longer there.
type Exhibit struct {
	File     string         `json:"file"` // within exhibits/
	Stimulus trial.Stimulus `json:"stimulus"`
	Original bool           `json:"original"` // the source itself
	// Scores of the stimulus by metric label; missing where a metric could not judge it.
	Scores map[string]float64 `json:"scores,omitempty"`

	PNG []byte `json:"-"`
}

// exhibitSources is how many sources are shown, exhibitSide the longest side of a picture shown.
const (
	exhibitSources = 3
	exhibitSide    = 256
)

// WriteExhibits makes the pictures that the report will show and keeps them in dir/exhibits: for the first sources of the
// plan (before the others those of which most shown stimuli are what was asked) the source itself, every severity of every
// perturbation at its middle region, and one draw of each null.
func WriteExhibits(ctx context.Context, p *Plan, scored *Scored, dir string) ([]Exhibit, error) {
	index := map[string]int{} // source ID -> first row
	for i, s := range scored.Table.Stimuli {
		if _, ok := index[s.Source]; !ok {
			index[s.Source] = i
		}
	}
	var out []Exhibit
	shown := 0
	for _, src := range p.showable(scored.Table, index) {
		if shown == exhibitSources {
			break
		}
		first := index[src.ID]
		img, err := src.Picture.Load(ctx)
		if err != nil {
			continue // it was left out of the run with its reason
		}
		shown++
		out = append(out, Exhibit{Original: true, PNG: Thumbnail(img), Stimulus: trial.Stimulus{Source: src.ID, Class: src.Class}})
		mk := &maker{plan: p, src: src, img: img, need: p.exhibited}
		err = mk.each(ctx, func(x made) error {
			if x.img == nil {
				return nil
			}
			e := Exhibit{PNG: Thumbnail(x.img), Stimulus: scored.Table.Stimuli[first+x.index], Scores: map[string]float64{}}
			for m, c := range scored.Table.Columns {
				if v := scored.Table.Score[m][first+x.index]; v == v {
					e.Scores[c.Label] = v
				}
			}
			out = append(out, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range out {
		out[i].File = fmt.Sprintf("%03d.png", i)
		if err := WriteFile(filepath.Join(dir, "exhibits", out[i].File), out[i].PNG); err != nil {
			return nil, err
		}
	}
	list, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing the list of exhibits: %w", err)
	}
	return out, WriteFile(filepath.Join(dir, "exhibits", "exhibits.json"), list)
}

// showable are the sources in the table, those first of whose shown stimuli the fewest are flagged: a strip of pictures
// should show what a severity looks like, and a grey picture's hue cannot be turned.
func (p *Plan) showable(t *trial.Table, index map[string]int) []*trial.Source {
	var out []*trial.Source
	flagged := map[string]int{}
	for _, src := range p.Sources {
		first, ok := index[src.ID]
		if !ok {
			continue
		}
		out = append(out, src)
		for i := range p.Stimuli {
			if p.exhibited(i) && len(t.Stimuli[first+i].Flags) > 0 {
				flagged[src.ID]++
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *trial.Source) int { return flagged[a.ID] - flagged[b.ID] })
	return out
}

// exhibited picks the stimuli that are shown: replicate 0 and draw 0, edits at the middle one of their regions.
func (p *Plan) exhibited(i int) bool {
	s := p.Stimuli[i]
	switch s.Role {
	case trial.Crossed:
		return false
	case trial.Null:
		return s.Draw == 0
	}
	return s.Replicate == 0 && s.Region == (len(p.Perturbs[s.Perturb].Regions)-1)/2
}

// Thumbnail encodes a picture as PNG for a report, made smaller where it is larger than 256 pixels.
func Thumbnail(m *raster.Image) []byte {
	if longest := max(m.W, m.H); longest > exhibitSide {
		m = raster.Resize(m, max(1, m.W*exhibitSide/longest), max(1, m.H*exhibitSide/longest), raster.Lanczos)
	}
	data, err := m.EncodePNG()
	if err != nil {
		panic(err) // encoding into memory does not fail
	}
	return data
}

// ReadExhibits reads what WriteExhibits kept; none where the run kept none.
func ReadExhibits(dir string) ([]Exhibit, error) {
	data, err := os.ReadFile(filepath.Join(dir, "exhibits", "exhibits.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the exhibits: %w", err)
	}
	var list []Exhibit
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, "exhibits", "exhibits.json"), err)
	}
	for i := range list {
		if list[i].PNG, err = os.ReadFile(filepath.Join(dir, "exhibits", filepath.Base(list[i].File))); err != nil {
			return nil, fmt.Errorf("reading an exhibit: %w", err)
		}
	}
	return list, nil
}

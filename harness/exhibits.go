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
	// Contested edits are shown because metrics disagree about them most; they come after the others, the most contested
	// first.
	Contested bool `json:"contested,omitempty"`
	// Maps say where metrics see the difference, and Outline where the edit acted; of the strongest shown severity of the
	// first source's edits.
	Maps    []ExhibitMap `json:"maps,omitempty"`
	Outline *Outline     `json:"outline,omitempty"`

	PNG []byte `json:"-"`
}

// ExhibitMap is a metric's map of a stimulus, rows from the top, in the metric's own grid or, where that has more than
// mapSide cells a side, averaged.
type ExhibitMap struct {
	Metric string    `json:"metric"` // label of a column
	W      int       `json:"w"`
	H      int       `json:"h"`
	V      []float64 `json:"v"`
}

// Outline is the region that an edit acted in, at most outlineSide cells a side; 1 is inside.
type Outline struct {
	W  int     `json:"w"`
	H  int     `json:"h"`
	In []uint8 `json:"in"`
}

// exhibitSources is how many sources are shown, exhibitSide the longest side of a picture shown.
const (
	exhibitSources = 3
	exhibitSide    = 256
	// contestedShown is how many edits are shown for the disagreement about them.
	contestedShown = 8
	// mapsShown is how many metrics show their maps; mapSide and outlineSide are the longest sides of maps and outlines.
	mapsShown   = 6
	mapSide     = 64
	outlineSide = 128
)

// WriteExhibits makes the pictures that the report will show and keeps them in dir/exhibits: for the first sources of the
// plan (before the others those of which most shown stimuli are what was asked) the source itself, every severity of every
// perturbation at its middle region, and one draw of each null; then the edits about which metrics disagree most. Maps of
// metrics that have one are computed anew, by the models, within opt.Memory.
func WriteExhibits(ctx context.Context, p *Plan, scored *Scored, models Models, opt RunOptions) ([]Exhibit, error) {
	dir := opt.Dir
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
		mapped := map[int]bool{}
		if shown == 1 {
			mapped = p.strongest(scored.Table, first)
		}
		var maps *mapper
		mk := &maker{plan: p, src: src, img: img, need: p.exhibited}
		err = mk.each(ctx, func(x made) error {
			if x.img == nil {
				return nil
			}
			e := exhibit(scored.Table, first+x.index, x.img)
			if mapped[x.index] {
				if maps == nil {
					if maps, err = newMapper(p, models, opt, src, img); err != nil {
						return err
					}
				}
				if e.Maps, err = maps.maps(ctx, x); err != nil {
					return err
				}
				e.Outline = outlineOf(x.region)
			}
			out = append(out, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	more, err := p.contestedExhibits(ctx, scored.Table, index)
	if err != nil {
		return nil, err
	}
	out = append(out, more...)
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

// exhibit is a row of the table with its picture.
func exhibit(t *trial.Table, row int, img *raster.Image) Exhibit {
	e := Exhibit{PNG: Thumbnail(img), Stimulus: t.Stimuli[row], Scores: map[string]float64{}}
	for m, c := range t.Columns {
		if v := t.Score[m][row]; v == v {
			e.Scores[c.Label] = v
		}
	}
	return e
}

// contestedExhibits makes the edits about which metrics disagree most, each after its source.
func (p *Plan) contestedExhibits(ctx context.Context, t *trial.Table, index map[string]int) ([]Exhibit, error) {
	var out []Exhibit
	for _, row := range contested(t, contestedShown) {
		i := slices.IndexFunc(p.Sources, func(s *trial.Source) bool { return s.ID == t.Stimuli[row].Source })
		if i < 0 {
			continue
		}
		src := p.Sources[i]
		img, err := src.Picture.Load(ctx)
		if err != nil {
			continue // it was scored from what an earlier run kept
		}
		mk := &maker{plan: p, src: src, img: img, need: func(k int) bool { return k == row-index[src.ID] }}
		err = mk.each(ctx, func(x made) error {
			if x.img == nil {
				return nil
			}
			e := exhibit(t, row, x.img)
			e.Contested = true
			out = append(out, Exhibit{Original: true, Contested: true, PNG: Thumbnail(img), Stimulus: trial.Stimulus{Source: src.ID, Class: src.Class}}, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
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

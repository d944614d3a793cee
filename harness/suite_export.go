package harness

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
	"probity/internal/trial"
)

// SuiteItem is one context of a suite as an editor meets it: what to do to which picture.
type SuiteItem struct {
	Name    string // "dev-007-wrong-place-1": the quad and the context
	Quad    *trial.Quad
	Source  string
	Context int
}

// SuiteItems are the items of a suite, in its order. Contexts that ask for the same of the same picture are one item each all the
// same, so that every item has a name of its own.
func SuiteItems(s *trial.Suite) []SuiteItem {
	var out []SuiteItem
	for i := range s.Sources {
		for j := range s.Sources[i].Quads {
			for c := range 2 {
				q := &s.Sources[i].Quads[j]
				out = append(out, SuiteItem{fmt.Sprintf("%s-%d", q.Name, c+1), q, s.Sources[i].ID, c})
			}
		}
	}
	return out
}

// WriteSuite writes a suite into a folder, for metrics and editors that are not part of the program:
//
//	pictures/HASH.png  every input and output, under a name that tells nothing
//	masks/HASH.png     where an edit may act, white
//	items.csv          a row a context, for editors: item, input, mask, requirement, captions
//	trials.csv         a row a trial, for metrics: input, output, mask, requirement, captions; every trial that a run scores (right and
//	                   wrong outputs, those photographed again and those of the shuffled control), in an order that tells nothing
//
// progress is told of every source that is done; it may be nil.
func WriteSuite(ctx context.Context, s *trial.Suite, dir string, progress func()) error {
	for _, sub := range []string{"pictures", "masks"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			return fmt.Errorf("writing the suite: %w", err)
		}
	}
	var mu sync.Mutex
	written := map[string]bool{}
	picture := func(d trial.Depiction) (string, error) {
		name := "pictures/" + d.Hash()[:16] + ".png"
		return name, once(&mu, written, dir, name, func() ([]byte, error) {
			img, err := d.Render(ctx)
			if err != nil {
				return nil, err
			}
			return img.EncodePNG()
		})
	}
	mask := func(r trial.Region) (string, error) {
		name := "masks/" + r.Hash()[:16] + ".png"
		return name, once(&mu, written, dir, name, func() ([]byte, error) {
			m, err := r.Mask(ctx)
			if err != nil {
				return nil, err
			}
			return m.EncodePNG()
		})
	}
	donors := shuffled(s)
	items, trials := make([][][]string, len(s.Sources)), make([][][]string, len(s.Sources))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range s.Sources {
		g.Go(func() error {
			for j := range s.Sources[i].Quads {
				q := &s.Sources[i].Quads[j]
				for c := range 2 {
					x := &q.Contexts[c]
					in, err := picture(x.Input)
					if err != nil {
						return err
					}
					allowed, err := mask(x.Allowed)
					if err != nil {
						return err
					}
					items[i] = append(items[i], []string{fmt.Sprintf("%s-%d", q.Name, c+1), q.Kind, in, allowed, x.Requirement, x.SourceCaption, x.TargetCaption})
				}
			}
			seen := map[string]bool{}
			for _, t := range suiteTrials(s, i, donors[i]) {
				if err := ctx.Err(); err != nil {
					return err
				}
				in, err := picture(t.context.Input)
				if err != nil {
					return err
				}
				out, err := picture(t.output)
				if err != nil {
					return err
				}
				allowed, err := mask(t.context.Allowed)
				if err != nil {
					return err
				}
				row := []string{in, out, allowed, t.context.Requirement, t.context.SourceCaption, t.context.TargetCaption}
				if key := fmt.Sprintf("%q", row); !seen[key] {
					seen[key] = true
					trials[i] = append(trials[i], row)
				}
			}
			if progress != nil {
				progress()
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("writing the suite: %w", err)
	}
	all := slices.Concat(trials...)
	slices.SortFunc(all, slices.Compare[[]string])
	for name, rows := range map[string][][]string{
		"items.csv":  append([][]string{{"item", "kind", "input", "mask", "requirement", "source_caption", "target_caption"}}, slices.Concat(items...)...),
		"trials.csv": append([][]string{{"input", "output", "mask", "requirement", "source_caption", "target_caption"}}, slices.CompactFunc(all, slices.Equal[[]string])...),
	} {
		var b bytes.Buffer
		if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		if err := WriteFile(filepath.Join(dir, name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// once writes a file the first time that it is named.
func once(mu *sync.Mutex, written map[string]bool, dir, name string, make func() ([]byte, error)) error {
	mu.Lock()
	known := written[name]
	written[name] = true
	mu.Unlock()
	if known {
		return nil
	}
	data, err := make()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o666)
	}
	return err
}

// EditedItem is what an editor did to one item, held against the right output.
type EditedItem struct {
	SuiteItem
	Nearer float64 // 1 where it is nearer to the right output than to the wrong one, .5 where it is as near (mean CIEDE2000 of the whole)
	// Mean CIEDE2000 from the right output where the edit may act and elsewhere, in units of the same of the right output
	// photographed again. 0 is the right output, about 1 another photograph of it. NaN where there is no such place.
	Inside, Outside float64
}

// JudgeEditor reads an editor's pictures, one for each item of the suite under its name (ITEM.png, .jpg, .jpeg or .webp), at the
// suite's size, and says how far each is from the right output. A picture that is not there is an error that names its item.
func JudgeEditor(ctx context.Context, s *trial.Suite, dir string, progress func()) ([]EditedItem, error) {
	items := SuiteItems(s)
	out := make([]EditedItem, len(items))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, item := range items {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			e, err := judgeItem(ctx, item, dir)
			out[i] = e
			if progress != nil {
				progress()
			}
			return err
		})
	}
	return out, g.Wait()
}

func judgeItem(ctx context.Context, item SuiteItem, dir string) (EditedItem, error) {
	e := EditedItem{SuiteItem: item}
	var path string
	for _, ext := range []string{".png", ".jpg", ".jpeg", ".webp"} {
		if _, err := os.Stat(filepath.Join(dir, item.Name+ext)); err == nil {
			path = filepath.Join(dir, item.Name+ext)
			break
		}
	}
	if path == "" {
		return e, fmt.Errorf("item %s: there is no picture %s (nor .jpg, .jpeg, .webp): the editor's output for every row of items.csv is to lie there under the item's name", item.Name, filepath.Join(dir, item.Name+".png"))
	}
	edited, _, err := raster.DecodeFile(path)
	if err != nil {
		return e, fmt.Errorf("item %s: %w", item.Name, err)
	}
	q, c := item.Quad, item.Context
	right, err := q.Outputs[c].Render(ctx)
	if err != nil {
		return e, fmt.Errorf("item %s: %w", item.Name, err)
	}
	wrong, err := q.Outputs[1-c].Render(ctx)
	if err != nil {
		return e, fmt.Errorf("item %s: %w", item.Name, err)
	}
	if edited.W != right.W || edited.H != right.H {
		return e, fmt.Errorf("item %s: %s has %d x %d pixels, the suite has %d x %d: give the --size that the suite was written with, or have the editor keep it", item.Name, path, edited.W, edited.H, right.W, right.H)
	}
	in, err := q.Contexts[c].Allowed.Mask(ctx)
	if err != nil {
		return e, fmt.Errorf("item %s: %w", item.Name, err)
	}
	rest := raster.NewMask(in.W, in.H)
	for i, v := range in.In {
		rest.In[i] = 1 - v
	}
	lab := raster.ToLab(right)
	switch a, b := raster.MeanDeltaE00(right, edited, lab, nil), raster.MeanDeltaE00(wrong, edited, nil, nil); {
	case a < b:
		e.Nearer = 1
	case a == b:
		e.Nearer = .5
	}
	var null [2]float64
	for d := range SuiteDraws {
		again, err := q.Outputs[c].Again(d + 1).Render(ctx)
		if err != nil {
			return e, fmt.Errorf("item %s: %w", item.Name, err)
		}
		null[0] += raster.MeanDeltaE00(right, again, lab, in) / SuiteDraws
		null[1] += raster.MeanDeltaE00(right, again, lab, rest) / SuiteDraws
	}
	e.Inside, e.Outside = raster.MeanDeltaE00(right, edited, lab, in)/null[0], raster.MeanDeltaE00(right, edited, lab, rest)/null[1]
	return e, nil
}

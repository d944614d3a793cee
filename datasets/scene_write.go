package datasets

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
	"probity/internal/stream"
)

// WriteOptions say what WriteScenes writes.
type WriteOptions struct {
	Scenes SceneOptions
	First  int // number of the first scene
	Count  int
	Size   int
	PNG    bool // pictures and masks as files
	Shards int  // scenes in one NumPy shard; 0: no shards
}

// sceneRecord is one line of scenes.jsonl.
type sceneRecord struct {
	ID         string            `json:"id"`
	Class      string            `json:"class"`
	Captions   map[string]string `json:"captions"`
	Attributes map[string]string `json:"attributes"`
	Mismatched int               `json:"mismatched"` // number of another scene, whose captions do not fit this one
	Scene      *Scene            `json:"scene"`
}

// WriteScenes writes scenes for training and inspection into a folder: scenes.jsonl with one line a scene (attributes,
// captions, the scene itself), and on request images/ID.png with masks/ID-K.png (object K, white is inside) and
// images-NNNN.npy, uint8 arrays of shape [scenes, size, size, 3].
func WriteScenes(ctx context.Context, dir string, opt WriteOptions, progress func(done int)) error {
	if opt.Count < 1 || opt.Size < 16 {
		return fmt.Errorf("writing scenes: wants a count of at least 1 and a size of at least 16 pixels, got %d and %d", opt.Count, opt.Size)
	}
	for _, sub := range []string{"", "images", "masks"} {
		if sub != "" && !opt.PNG {
			continue
		}
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("writing scenes: %w", err)
		}
	}
	lines, err := os.Create(filepath.Join(dir, "scenes.jsonl"))
	if err != nil {
		return fmt.Errorf("writing scenes: %w", err)
	}
	defer lines.Close()
	w := bufio.NewWriterSize(lines, 1<<20)

	chunk := opt.Shards
	if chunk <= 0 {
		chunk = 1024
	}
	for start := 0; start < opt.Count; start += chunk {
		n := min(chunk, opt.Count-start)
		scenes, images, err := opt.renderChunk(ctx, dir, opt.First+start, n)
		if err != nil {
			return err
		}
		for i, sc := range scenes {
			if err := json.NewEncoder(w).Encode(opt.record(sc)); err != nil {
				return fmt.Errorf("writing scenes.jsonl: %w", err)
			}
			scenes[i] = nil
		}
		if opt.Shards > 0 {
			if err := writeNPY(filepath.Join(dir, fmt.Sprintf("images-%04d.npy", start/chunk)), images, opt.Size); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(start + n)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing scenes.jsonl: %w", err)
	}
	return lines.Close()
}

func (opt *WriteOptions) record(sc *Scene) sceneRecord {
	s := stream.Key{Seed: sc.Seed, Step: "scene", Purpose: "mismatch", Replicate: sc.Index}.Open()
	other := opt.First + s.IntN(max(2, opt.Count))
	if other == sc.Index {
		other++
	}
	return sceneRecord{ID: fmt.Sprintf("scene-%06d", sc.Index), Class: sc.Class(), Attributes: sc.Attributes(), Mismatched: other, Scene: sc,
		Captions: map[string]string{"full": sc.Caption("full"), "partial": sc.Caption("partial"), "class": sc.Caption("class")}}
}

// renderChunk renders n scenes on all processors; the order of the results does not depend on their number.
func (opt *WriteOptions) renderChunk(ctx context.Context, dir string, first, n int) ([]*Scene, []*raster.Image, error) {
	scenes, images := make([]*Scene, n), make([]*raster.Image, n)
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for k := 0; k < workers; k++ {
		g.Go(func() error {
			r := newRenderer(opt.Size)
			for i := k; i < n; i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				sc := NewScene(opt.Scenes, first+i)
				img, masks, err := r.render(sc, opt.PNG)
				if err != nil {
					return err
				}
				scenes[i], images[i] = sc, img
				if opt.PNG {
					if err := writePictures(dir, sc, img, masks); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return scenes, images, g.Wait()
}

func writePictures(dir string, sc *Scene, img *raster.Image, masks []*raster.Mask) error {
	data, err := img.EncodePNG()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "images", fmt.Sprintf("scene-%06d.png", sc.Index)), data, 0o644)
	}
	for k, m := range masks {
		if err != nil {
			break
		}
		if data, err = m.EncodePNG(); err == nil {
			err = os.WriteFile(filepath.Join(dir, "masks", fmt.Sprintf("scene-%06d-%d.png", sc.Index, k+1)), data, 0o644)
		}
	}
	if err != nil {
		return fmt.Errorf("writing scene %d: %w", sc.Index, err)
	}
	return nil
}

// writeNPY writes pictures as one uint8 array in NumPy's format, version 1.0.
func writeNPY(path string, images []*raster.Image, size int) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing a shard: %w", err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := npyHeader(w, "|u1", len(images), size, size, 3); err != nil {
		return err
	}
	for _, m := range images {
		if _, err := w.Write(m.Pix); err != nil {
			return fmt.Errorf("writing a shard: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing a shard: %w", err)
	}
	return f.Close()
}

func npyHeader(w io.Writer, dtype string, shape ...int) error {
	text := make([]string, len(shape))
	for i, n := range shape {
		text[i] = fmt.Sprint(n)
	}
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, strings.Join(text, ", "))
	head += strings.Repeat(" ", 63-(10+len(head))%64) + "\n"
	var lead []byte
	lead = append(lead, "\x93NUMPY\x01\x00"...)
	lead = binary.LittleEndian.AppendUint16(lead, uint16(len(head)))
	_, err := io.WriteString(w, string(lead)+head)
	return err
}

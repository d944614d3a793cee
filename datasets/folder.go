package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Datasets.Add(registry.Info{
		Name: "folder",
		Doc:  "pictures in a folder; sub-folders are classes",
		Long: "Every PNG, JPEG, WebP, TIFF, BMP or GIF below `path`, in the order of its slash-separated path. The first folder " +
			"below `path` is the class; a flat folder has no classes, and an anchor is then another image. Files are told apart " +
			"by content, not by name; a file that is no picture, is cut short or is too large is counted, named in the report " +
			"and left out. Two files with the same bytes count once: the second would be no new evidence.",
		Version: 1,
		Params: []registry.Param{
			{Name: "masks", Type: registry.String, Path: true, Doc: "folder with one mask a picture, at the same relative path with the ending .png (8 bit, white is inside): the object"},
			{Name: "captions", Type: registry.String, Path: true, Doc: "tab-separated file with one line a picture: relative path, caption"},
		},
	}, trial.DatasetEntry{
		Needs: "a folder of pictures; sub-folders are classes",
		Open:  openFolder,
	})
}

// pictureEndings are the names that are tried; everything else is a problem only where it looks like a picture.
var pictureEndings = map[string]bool{
	".png": true, ".jpg": true, ".jpeg": true, ".webp": true, ".tif": true, ".tiff": true, ".bmp": true, ".gif": true,
}

func openFolder(ctx context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Collection, error) {
	if opt.Path == "" {
		return nil, errors.New("data set folder needs a path: [images] path = \"photos\", or --images photos")
	}
	st, err := os.Stat(opt.Path)
	if err != nil {
		return nil, fmt.Errorf("opening the picture folder: %w; name it in [images] path, or with --images", err)
	}
	if !st.IsDir() {
		return nil, fmt.Errorf("opening the picture folder %s: it is a file; name the folder that holds it", opt.Path)
	}
	names, err := pictureNames(opt.Path)
	if err != nil {
		return nil, fmt.Errorf("listing the picture folder: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the folder %s holds no picture: no file whose name ends as one of PNG, JPEG, WebP, TIFF, BMP or GIF", opt.Path)
	}
	captions, err := readCaptions(params.String("captions"))
	if err != nil {
		return nil, err
	}
	hashes, problems, err := tryPictures(ctx, opt.Path, names)
	if err != nil {
		return nil, err
	}
	col := &trial.Collection{Name: "folder"}
	seen := map[string]string{} // hash -> first name
	for i, name := range names {
		if problems[i] != nil {
			col.Problems = append(col.Problems, trial.Problem{What: name, Reason: problems[i].Error()})
			continue
		}
		hash := hashes[i]
		if first, ok := seen[hash]; ok {
			col.Problems = append(col.Problems, trial.Problem{What: name, Reason: "has the same bytes as " + first})
			continue
		}
		seen[hash] = name
		src := &trial.Source{ID: name, Hash: hash}
		pic := &folderPicture{file: filepath.Join(opt.Path, filepath.FromSlash(name)), size: opt.Size, fit: opt.Fit}
		if i := strings.IndexByte(name, '/'); i > 0 {
			src.Class = name[:i]
		}
		if c, ok := captions[name]; ok {
			src.Captions = map[string]string{"full": c}
		}
		if dir := params.String("masks"); dir != "" {
			mask := filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(name, path.Ext(name))+".png"))
			if _, err := os.Stat(mask); err == nil {
				pic.mask = mask
				src.Masks = []string{"object", "background"}
			} else {
				col.Problems = append(col.Problems, trial.Problem{What: name, Reason: "has no mask at " + mask + "; used without one"})
			}
		}
		src.Picture = pic
		col.Sources = append(col.Sources, src)
	}
	if len(col.Sources) == 0 {
		err := fmt.Errorf("the folder %s holds %w", opt.Path, trial.ErrNoPicture)
		for i, p := range col.Problems {
			if i == 5 {
				err = fmt.Errorf("%w\n  and %d more", err, len(col.Problems)-i)
				break
			}
			err = fmt.Errorf("%w\n  %s: %s", err, p.What, p.Reason)
		}
		return nil, err
	}
	return col, nil
}

// tryPictures decodes every picture once, which keeps the sources that a run counts equal to those that it can score, and
// gives the hash of its bytes or what is wrong with it.
func tryPictures(ctx context.Context, root string, names []string) (hashes []string, problems []error, err error) {
	hashes, problems = make([]string, len(names)), make([]error, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	for i, name := range names {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
			if err == nil {
				_, _, err = raster.Decode(data)
			}
			sum := sha256.Sum256(data)
			hashes[i], problems[i] = hex.EncodeToString(sum[:]), err
			return nil
		})
	}
	return hashes, problems, g.Wait()
}

// pictureNames lists the pictures below root as slash paths, sorted. Hidden files and folders are passed over.
func pictureNames(root string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && p != root {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !pictureEndings[strings.ToLower(filepath.Ext(p))] {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		names = append(names, filepath.ToSlash(rel))
		return nil
	})
	sort.Strings(names)
	return names, err
}

func readCaptions(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading captions: %w", err)
	}
	out := map[string]string{}
	for i, line := range strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, caption, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("%s:%d: wants a relative path, a tab and a caption", file, i+1)
		}
		out[path.Clean(name)] = strings.TrimSpace(caption)
	}
	return out, nil
}

type folderPicture struct {
	file, mask string
	size       int
	fit        string
}

func (p *folderPicture) Load(context.Context) (*raster.Image, error) {
	img, _, err := raster.DecodeFile(p.file)
	if err != nil {
		return nil, err
	}
	return fitImage(img, p.size, p.fit), nil
}

func (p *folderPicture) Mask(_ context.Context, name string) (*raster.Mask, error) {
	if p.mask == "" || name != "object" && name != "background" {
		return nil, fmt.Errorf("%s has no mask %q", p.file, name)
	}
	data, err := os.ReadFile(p.mask)
	if err != nil {
		return nil, err
	}
	m, err := raster.DecodeMask(data)
	if err != nil {
		return nil, fmt.Errorf("reading the mask %s: %w", p.mask, err)
	}
	img, _, err := raster.DecodeFile(p.file)
	if err != nil {
		return nil, err
	}
	if m.W != img.W || m.H != img.H {
		return nil, fmt.Errorf("the mask %s is %d x %d, its picture %d x %d", p.mask, m.W, m.H, img.W, img.H)
	}
	m = fitMask(m, p.size, p.fit)
	if name == "background" {
		for i, v := range m.In {
			m.In[i] = 1 - v
		}
	}
	return m, nil
}

// fitImage brings a picture to the working size: "crop" resizes the shorter side (Pillow's bicubic) and cuts the centre
// square, "squash" ignores the aspect ratio, "shorter" resizes the shorter side and keeps the rest. Size 0 changes nothing.
func fitImage(m *raster.Image, size int, fit string) *raster.Image {
	switch {
	case size <= 0:
		return m
	case fit == "squash":
		return raster.Resize(m, size, size, raster.Bicubic)
	case fit == "shorter":
		return m.ShorterSide(size, raster.Bicubic)
	}
	return m.ShorterSide(size, raster.Bicubic).CentreCrop(size, size)
}

// fitMask does to a mask what fitImage does to its picture: a pixel is inside where at least half of what it covers was.
func fitMask(m *raster.Mask, size int, fit string) *raster.Mask {
	if size <= 0 {
		return m
	}
	grey := raster.New(m.W, m.H)
	for i, v := range m.In {
		grey.Pix[3*i] = v * 255
	}
	grey = fitImage(grey, size, fit)
	out := raster.NewMask(grey.W, grey.H)
	for i := range out.In {
		if grey.Pix[3*i] >= 128 {
			out.In[i] = 1
		}
	}
	return out
}

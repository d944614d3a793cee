package zoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"probity/internal/registry"
)

// lockName is the file in a model folder that holds the hashes of what was fetched into it.
const lockName = "models.lock.json"

// locked is one line of the lock file.
type locked struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Pull downloads every file of a model of the catalogue into opt.Dir and returns where they are. Where the catalogue has
// no hash, the first download's is written to the folder's lock file, and every later one must match it.
func Pull(ctx context.Context, name string, opt PullOptions) ([]Fetched, error) {
	known, err := Catalog()
	if err != nil {
		return nil, err
	}
	m := known[name]
	if m == nil {
		if near := registry.Nearest(name, sortedKeys(known)); near != "" {
			return nil, fmt.Errorf("the catalogue has no model %q; did you mean %q?", name, near)
		}
		return nil, fmt.Errorf("the catalogue has no model %q; probity models list shows what it has", name)
	}
	return PullManifest(ctx, m, opt)
}

// PullManifest downloads every file that a manifest names an address for.
func PullManifest(ctx context.Context, m *Manifest, opt PullOptions) ([]Fetched, error) {
	if m.URL == "" {
		if m.Export != "" {
			return nil, fmt.Errorf("%s is public as a checkpoint only; make its ONNX file with: python zoo/export/export.py %s --out models", m.Name, m.Export)
		}
		return nil, fmt.Errorf("no public address is known for %s; fetch %s by hand and name its folder with --models", m.Name, m.File)
	}
	if opt.Dir == "" {
		cache, err := CacheDir()
		if err != nil {
			return nil, err
		}
		opt.Dir = filepath.Join(cache, "models")
	}
	var out []Fetched
	for _, f := range m.Files() {
		if f.URL == "" {
			continue
		}
		got, err := pullFile(ctx, f, opt)
		if err != nil {
			return out, fmt.Errorf("pulling %s: %w", m.Name, err)
		}
		out = append(out, got)
	}
	return out, nil
}

func pullFile(ctx context.Context, f File, opt PullOptions) (Fetched, error) {
	dst := filepath.Join(opt.Dir, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return Fetched{}, fmt.Errorf("making the model folder: %w", err)
	}
	src := Source{URL: f.URL, SHA256: f.SHA256, Size: f.Size}
	if src.SHA256 == "" {
		locks, err := readLocks(opt.Dir)
		if err != nil {
			return Fetched{}, err
		}
		if l, ok := locks[f.Name]; ok {
			src.SHA256, src.Size = l.SHA256, l.Size
		}
	}
	got, err := download(ctx, src, dst, opt)
	if err != nil {
		return got, err
	}
	if f.SHA256 == "" {
		err = writeLock(ctx, opt.Dir, f.Name, locked{f.URL, got.SHA256, got.Size})
	}
	return got, err
}

func readLocks(dir string) (map[string]locked, error) {
	path := filepath.Join(dir, lockName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]locked{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	locks := map[string]locked{}
	if err := json.Unmarshal(data, &locks); err != nil {
		return nil, fmt.Errorf("reading %s: %w; remove it if it is damaged, the hashes are then recorded anew", path, err)
	}
	return locks, nil
}

// writeLock records a hash, unless another process recorded one meanwhile, which must then be the same.
func writeLock(ctx context.Context, dir, name string, l locked) error {
	path := filepath.Join(dir, lockName)
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	locks, err := readLocks(dir)
	if err != nil {
		return err
	}
	if old, ok := locks[name]; ok {
		if old.SHA256 != l.SHA256 {
			return &HashMismatchError{File: filepath.Join(dir, name), Want: old.SHA256, Got: l.SHA256, Manifest: path}
		}
		return nil
	}
	locks[name] = l
	data, err := json.MarshalIndent(locks, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomic(path, append(data, '\n'))
}

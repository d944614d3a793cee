package zoo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"probity/internal/registry"
	"probity/internal/trial"
)

// Options say where models are and how they are run.
type Options struct {
	// Dirs are model folders, first come first served. Each holds ONNX files of the catalogue, or manifests beside ONNX
	// files, or assets such as lpips_lin/alex.json. PROBITY_MODELS (a list like PATH) and the cache folder that
	// `probity models pull` fills are looked through after them.
	Dirs []string
	// Embedded are file trees with models inside the program: manifests beside ONNX files, at the root. They come after
	// Dirs.
	Embedded []fs.FS
	Runtime  string // path of libonnxruntime; "": FindRuntime looks for it
	Provider string // execution provider: "" or "cpu", "cuda", "tensorrt", "coreml", "directml"
	Threads  int    // intra-op threads of one caller; 0: 1. More callers do more than more threads
	Batch    int    // pictures in a full batch; 0: DefaultBatch. The last digits of a feature depend on it
	Cache    string // the project's cache folder; "": CacheDir()
	CutTexts bool   // texts of more tokens than a model reads are cut, as open_clip does; otherwise they are errors
	// Strict makes Open fail on a model folder that does not exist or a manifest that is wrong, instead of listing it in
	// Problems.
	Strict bool
}

// DefaultBatch is the number of pictures in a full batch where nothing is said: on a processor more is no faster.
const DefaultBatch = 8

// Zoo is the models that were found. It is a trial.Env. It is safe for concurrent use.
type Zoo struct {
	opt      Options
	cache    string
	entries  map[string]*entry
	problems []trial.Problem

	mu     sync.Mutex
	loaded map[string]*Model
	memory map[string]SessionMemory // of each model that was loaded, as first measured
	closed bool

	tokenizers map[string]Tokenizer // of models whose texts were checked
}

// entry is one model that was found.
type entry struct {
	m    *Manifest
	dir  folder
	from string // the manifest's file, or "catalogue"
}

// folder is a place with model files: a folder on disk or a tree inside the program.
type folder struct {
	dir  string // "" for a tree
	tree fs.FS
}

func (f folder) String() string {
	if f.tree != nil {
		return "inside the program"
	}
	return f.dir
}

func (f folder) read(name string) ([]byte, error) {
	if f.tree != nil {
		return fs.ReadFile(f.tree, name)
	}
	return os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(name)))
}

func (f folder) has(name string) bool {
	var info fs.FileInfo
	var err error
	if f.tree != nil {
		info, err = fs.Stat(f.tree, name)
	} else {
		info, err = os.Stat(filepath.Join(f.dir, filepath.FromSlash(name)))
	}
	return err == nil && info.Mode().IsRegular()
}

func (f folder) names() ([]string, error) {
	var list []fs.DirEntry
	var err error
	if f.tree != nil {
		list, err = fs.ReadDir(f.tree, ".")
	} else {
		list, err = os.ReadDir(f.dir)
	}
	var out []string
	for _, e := range list {
		if !e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, err
}

// CacheDir is the project's cache folder: PROBITY_CACHE, or probity in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("PROBITY_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a cache folder: %w; set PROBITY_CACHE to one", err)
	}
	return filepath.Join(dir, "probity"), nil
}

// Open looks through the model folders. It reads manifests and names only: it needs no runtime, and no model is loaded.
func Open(opt Options) (*Zoo, error) {
	if opt.Batch == 0 {
		opt.Batch = DefaultBatch
	}
	if opt.Threads == 0 {
		opt.Threads = 1
	}
	if opt.Batch < 1 || opt.Batch > 4096 {
		return nil, fmt.Errorf("opening models: batch is %d, wants 1 to 4096", opt.Batch)
	}
	if opt.Threads < 1 || opt.Threads > 4096 {
		return nil, fmt.Errorf("opening models: threads is %d, wants 1 to 4096", opt.Threads)
	}
	if err := checkProvider(opt.Provider); err != nil {
		return nil, err
	}
	z := &Zoo{opt: opt, entries: map[string]*entry{}, loaded: map[string]*Model{}, memory: map[string]SessionMemory{}, tokenizers: map[string]Tokenizer{}, cache: opt.Cache}
	if z.cache == "" {
		z.cache, _ = CacheDir() // without one, hashes are computed anew each time and nothing pulled is found
	}
	known, err := Catalog()
	if err != nil {
		return nil, err
	}
	for _, dir := range opt.Dirs {
		z.scan(folder{dir: dir}, known, true)
	}
	for _, tree := range opt.Embedded {
		z.scan(folder{tree: tree}, known, true)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PROBITY_MODELS")) {
		if dir != "" {
			z.scan(folder{dir: dir}, known, true)
		}
	}
	if z.cache != "" {
		z.scan(folder{dir: filepath.Join(z.cache, "models")}, known, false)
	}
	if opt.Strict && len(z.problems) > 0 {
		var errs []error
		for _, p := range z.problems {
			errs = append(errs, fmt.Errorf("%s: %s", p.What, p.Reason))
		}
		return nil, errors.Join(errs...)
	}
	return z, nil
}

// scan adds the models of one folder that are not known from an earlier one.
func (z *Zoo) scan(f folder, known map[string]*Manifest, must bool) {
	names, err := f.names()
	if err != nil {
		if must || !errors.Is(err, fs.ErrNotExist) {
			z.problems = append(z.problems, trial.Problem{What: f.String(), Reason: "reading the model folder: " + err.Error()})
		}
		return
	}
	here := map[string]bool{}
	for _, n := range names {
		here[n] = true
	}
	add := func(e *entry) {
		if old := z.entries[e.m.Name]; old != nil {
			if old.dir == e.dir {
				z.problems = append(z.problems, trial.Problem{What: path.Join(f.String(), e.from),
					Reason: fmt.Sprintf("the model %s is described by %s too, which was taken", e.m.Name, old.from)})
			}
			return
		}
		z.entries[e.m.Name] = e
	}
	claimed := map[string]bool{} // ONNX files that a manifest beside them describes
	for _, n := range names {
		if !strings.HasSuffix(n, ".toml") {
			continue
		}
		data, err := f.read(n)
		if err != nil {
			z.problems = append(z.problems, trial.Problem{What: path.Join(f.String(), n), Reason: "reading the manifest: " + err.Error()})
			continue
		}
		// Any TOML file whose name an ONNX file shares, or that names an ONNX file beside it, is meant as a manifest.
		m, err := ParseManifest(data, path.Join(f.String(), n))
		if err != nil {
			if here[strings.TrimSuffix(n, ".toml")+".onnx"] || strings.Contains(string(data), ".onnx") {
				claimed[strings.TrimSuffix(n, ".toml")+".onnx"] = true
				z.problems = append(z.problems, trial.Problem{What: path.Join(f.String(), n), Reason: err.Error()})
			}
			continue
		}
		if !here[m.File] {
			z.problems = append(z.problems, trial.Problem{What: path.Join(f.String(), n),
				Reason: fmt.Sprintf("the manifest names %s, which is not beside it", m.File)})
			continue
		}
		claimed[m.File] = true
		add(&entry{m, f, n})
	}
	for _, name := range sortedKeys(known) {
		m := known[name]
		if here[m.File] && !claimed[m.File] {
			add(&entry{m, f, "catalogue"})
		}
	}
}

// Names are the models that were found, sorted.
func (z *Zoo) Names() []string { return sortedKeys(z.entries) }

// Problems are the model folders and manifests that could not be used.
func (z *Zoo) Problems() []trial.Problem { return z.problems }

// Manifest is what is known of a model that was found.
func (z *Zoo) Manifest(name string) (*Manifest, error) {
	e, err := z.entry(name)
	if err != nil {
		return nil, err
	}
	return e.m, nil
}

// Where says in which folder a model was found and which manifest describes it.
func (z *Zoo) Where(name string) (dir, manifest string, err error) {
	e, err := z.entry(name)
	if err != nil {
		return "", "", err
	}
	return e.dir.String(), e.from, nil
}

// ErrNoModel is wrapped by the errors about a model that is not there.
var ErrNoModel = errors.New("no such model")

func (z *Zoo) entry(name string) (*entry, error) {
	if e := z.entries[name]; e != nil {
		return e, nil
	}
	known, err := Catalog()
	if err != nil {
		return nil, err
	}
	for _, p := range z.problems {
		if strings.Contains(p.What, name+".toml") {
			return nil, fmt.Errorf("%w: %q: %s", ErrNoModel, name, p.Reason)
		}
	}
	if m := known[name]; m != nil {
		return nil, fmt.Errorf("%w here: %q: its file %s is in none of the model folders (%s); %s", ErrNoModel, name, m.File, z.places(), m.remedy())
	}
	all := append(z.Names(), sortedKeys(known)...)
	if near := registry.Nearest(name, all); near != "" {
		return nil, fmt.Errorf("%w: %q; did you mean %q?", ErrNoModel, name, near)
	}
	if len(z.entries) == 0 {
		return nil, fmt.Errorf("%w: %q; no model was found in %s", ErrNoModel, name, z.places())
	}
	return nil, fmt.Errorf("%w: %q; there are %s", ErrNoModel, name, strings.Join(z.Names(), ", "))
}

func (z *Zoo) places() string {
	dirs := append([]string(nil), z.opt.Dirs...)
	if z.cache != "" {
		dirs = append(dirs, filepath.Join(z.cache, "models"))
	}
	if len(dirs) == 0 {
		return "no folder: name one with --models"
	}
	return strings.Join(dirs, ", ")
}

// remedy is the one command that brings the model.
func (m *Manifest) remedy() string {
	switch {
	case m.URL != "":
		return "get it with: probity models pull " + m.Name
	case m.Export != "":
		return "make it with: python zoo/export/export.py " + m.Export + " --out models, and give --models models"
	}
	return "name the folder that holds it with --models"
}

// Model describes a backbone; it is part of trial.Env.
func (z *Zoo) Model(name string) (trial.ModelInfo, error) {
	e, err := z.entry(name)
	if err != nil {
		return trial.ModelInfo{}, err
	}
	return e.m.Info(), nil
}

// Asset reads a file that belongs to models, such as lpips_lin/alex.json, from the first folder that has it; it is part
// of trial.Env.
func (z *Zoo) Asset(name string) ([]byte, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, fmt.Errorf("reading the asset %q: wants a relative path with forward slashes, inside a model folder", name)
	}
	for _, f := range z.folders() {
		if f.has(name) {
			data, err := f.read(name)
			if err != nil {
				return nil, fmt.Errorf("reading the asset %s from %s: %w", name, f, err)
			}
			return data, nil
		}
	}
	return nil, fmt.Errorf("the asset %s is in none of the model folders (%s); name the folder that holds it with --models", name, z.places())
}

func (z *Zoo) folders() []folder {
	var out []folder
	for _, d := range z.opt.Dirs {
		out = append(out, folder{dir: d})
	}
	for _, t := range z.opt.Embedded {
		out = append(out, folder{tree: t})
	}
	for _, d := range filepath.SplitList(os.Getenv("PROBITY_MODELS")) {
		if d != "" {
			out = append(out, folder{dir: d})
		}
	}
	if z.cache != "" {
		out = append(out, folder{dir: filepath.Join(z.cache, "models")})
	}
	return out
}

// Load makes a model ready to run: it checks the file against the manifest's SHA-256, starts the runtime where none runs
// yet, and opens a session. A second Load of the same name returns the same Model.
func (z *Zoo) Load(name string) (*Model, error) {
	e, err := z.entry(name)
	if err != nil {
		return nil, err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.closed {
		return nil, fmt.Errorf("loading %s: the models have been closed", name)
	}
	if m := z.loaded[name]; m != nil {
		return m, nil
	}
	m, err := z.load(e)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", name, err)
	}
	if first, again := z.memory[name]; again {
		m.memory = first
	} else {
		z.memory[name] = m.memory
	}
	z.loaded[name] = m
	return m, nil
}

// Release closes one model's session and frees its memory; a later Load opens it again.
func (z *Zoo) Release(name string) {
	z.mu.Lock()
	m := z.loaded[name]
	delete(z.loaded, name)
	z.mu.Unlock()
	if m != nil {
		m.close()
	}
}

// Close closes every session. Models must not be used afterwards.
func (z *Zoo) Close() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.closed = true
	for _, name := range sortedKeys(z.loaded) {
		z.loaded[name].close()
	}
	z.loaded = map[string]*Model{}
	return nil
}

var _ trial.Env = (*Zoo)(nil)

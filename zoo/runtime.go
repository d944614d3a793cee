package zoo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"
)

// RuntimeVersion is the version of ONNX Runtime that Setup fetches. Any later one with the same interface works too.
const RuntimeVersion = "1.24.1"

// oldest is the oldest version that the binding can load.
var oldest = [3]int{1, 24, 0}

// RuntimeEnv names the environment variable with the path of libonnxruntime.
const RuntimeEnv = "PROBITY_ONNXRUNTIME"

// RuntimeInfo is what models run on.
type RuntimeInfo struct {
	Version  string `json:"version"`         // "1.24.1"
	Library  string `json:"library"`         // path
	From     string `json:"from"`            // how it was found: "the module cache"
	SHA256   string `json:"sha256"`          // of the library: two builds of one version may differ in the last digit
	Provider string `json:"provider"`        // "cpu"
	CPU      string `json:"cpu"`             // the processor's architecture and instruction sets
	Batch    int    `json:"batch,omitempty"` // pictures in a full batch; 0: DefaultBatch
}

// Key is what a feature's last digits depend on besides picture and model, as text for a cache key: version, build,
// provider, instruction sets and, where it is not DefaultBatch, the size of a batch; but no path.
func (r RuntimeInfo) Key() string {
	sum := r.SHA256
	if len(sum) > 16 {
		sum = sum[:16]
	}
	batch := ""
	if r.Batch != 0 && r.Batch != DefaultBatch {
		batch = fmt.Sprintf(", batches of %d", r.Batch)
	}
	return fmt.Sprintf("onnxruntime %s build %s, %s on %s%s", r.Version, sum, r.Provider, r.CPU, batch)
}

// CPUFeatures names the architecture and those instruction sets by which ONNX Runtime chooses its kernels.
func CPUFeatures() string {
	has := []struct {
		name string
		ok   bool
	}{
		{"avx", cpu.X86.HasAVX}, {"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA},
		{"avx512f", cpu.X86.HasAVX512F}, {"avx512bw", cpu.X86.HasAVX512BW}, {"avx512dq", cpu.X86.HasAVX512DQ},
		{"avx512vl", cpu.X86.HasAVX512VL}, {"avx512vnni", cpu.X86.HasAVX512VNNI}, {"avx512bf16", cpu.X86.HasAVX512BF16},
		{"amx", cpu.X86.HasAMXTile},
		{"asimd", cpu.ARM64.HasASIMD}, {"fphp", cpu.ARM64.HasFPHP}, {"asimdhp", cpu.ARM64.HasASIMDHP},
		{"asimddp", cpu.ARM64.HasASIMDDP}, {"sve", cpu.ARM64.HasSVE}, {"i8mm", cpu.ARM64.HasI8MM},
	}
	out := []string{runtime.GOARCH}
	for _, f := range has {
		if f.ok {
			out = append(out, f.name)
		}
	}
	return strings.Join(out, " ")
}

// Library is a libonnxruntime that was found.
type Library struct {
	Path string
	From string
}

// ErrNoRuntime is wrapped by the error about a library that is nowhere.
var ErrNoRuntime = errors.New("the ONNX Runtime library was not found")

// FindRuntime looks for libonnxruntime and fetches nothing: the explicit path or PROBITY_ONNXRUNTIME (which must then be
// right), the cache folder, the Go module cache (the binding carries libraries for Linux arm64, macOS arm64 and Windows),
// an installed Python package, the system's folders. cache "" stands for CacheDir().
func FindRuntime(explicit, cache string) (Library, error) {
	from := "the given path"
	if explicit == "" {
		explicit, from = os.Getenv(RuntimeEnv), RuntimeEnv
	}
	if explicit != "" {
		st, err := os.Stat(explicit)
		switch {
		case err != nil:
			return Library{}, fmt.Errorf("%w at %s (%s): %w", ErrNoRuntime, explicit, from, err)
		case st.IsDir():
			if lib := newest(explicit); lib != "" {
				return Library{lib, from}, nil
			}
			return Library{}, fmt.Errorf("%w in the folder %s (%s)", ErrNoRuntime, explicit, from)
		}
		return Library{explicit, from}, nil
	}
	if cache == "" {
		cache, _ = CacheDir()
	}
	if cache != "" {
		if p := cachedRuntime(cache); isFile(p) {
			return Library{p, "the cache folder"}, nil
		}
	}
	for _, p := range moduleLibraries() {
		if isFile(p) {
			return Library{p, "the Go module cache"}, nil
		}
	}
	for _, dir := range pythonFolders() {
		if lib := newest(filepath.Join(dir, "onnxruntime", "capi")); lib != "" {
			return Library{lib, "an installed Python package"}, nil
		}
	}
	for _, dir := range systemFolders() {
		if lib := newest(dir); lib != "" {
			return Library{lib, "the system"}, nil
		}
	}
	return Library{}, fmt.Errorf("%w (version %d.%d or later); get it with: probity setup", ErrNoRuntime, oldest[0], oldest[1])
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular() && st.Size() > 0
}

// libraryName is what the library is called in the cache folder.
func libraryName(goos string) string {
	switch goos {
	case "windows":
		return "onnxruntime.dll"
	case "darwin":
		return "libonnxruntime.dylib"
	}
	return "libonnxruntime.so"
}

func cachedRuntime(cache string) string {
	return filepath.Join(cache, "onnxruntime", RuntimeVersion, runtime.GOOS+"-"+runtime.GOARCH, libraryName(runtime.GOOS))
}

// bindingVersion is the version of the binding whose module holds libraries.
const bindingVersion = "github.com/yalue/onnxruntime_go@v1.27.0"

func moduleLibraries() []string {
	name := map[string]string{
		"linux/arm64": "onnxruntime_arm64.so", "darwin/arm64": "onnxruntime_arm64.dylib", "windows/amd64": "onnxruntime.dll",
	}[runtime.GOOS+"/"+runtime.GOARCH]
	if name == "" {
		return nil
	}
	var roots []string
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		roots = append(roots, dir)
	}
	for _, dir := range filepath.SplitList(os.Getenv("GOPATH")) {
		roots = append(roots, filepath.Join(dir, "pkg", "mod"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, "go", "pkg", "mod"))
	}
	var out []string
	for _, root := range roots {
		out = append(out, filepath.Join(root, filepath.FromSlash(bindingVersion), "test_data", name))
	}
	return out
}

// pythonFolders are site-packages folders: those of the active environment first, then those of the interpreters on the
// path, then the usual places. No interpreter is started.
func pythonFolders() []string {
	var prefixes []string
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if p := os.Getenv(name); p != "" {
			prefixes = append(prefixes, p)
		}
	}
	for _, name := range []string{"python3", "python"} {
		if p, err := exec.LookPath(name); err == nil {
			prefixes = append(prefixes, filepath.Dir(filepath.Dir(p)))
			if real, err := filepath.EvalSymlinks(p); err == nil {
				prefixes = append(prefixes, filepath.Dir(filepath.Dir(real)))
			}
		}
	}
	home, err := os.UserHomeDir()
	if err == nil {
		prefixes = append(prefixes, filepath.Join(home, ".local"))
		more, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "*"))
		sort.Sort(sort.Reverse(sort.StringSlice(more)))
		prefixes = append(prefixes, more...)
	}
	prefixes = append(prefixes, "/usr/local", "/usr", "/opt/homebrew")
	var out []string
	seen := map[string]bool{}
	for _, p := range prefixes {
		for _, pattern := range []string{"lib/python3*/site-packages", "lib/python3*/dist-packages", "lib64/python3*/site-packages", "Lib/site-packages"} {
			dirs, _ := filepath.Glob(filepath.Join(p, filepath.FromSlash(pattern)))
			sort.Sort(sort.Reverse(sort.StringSlice(dirs)))
			for _, d := range dirs {
				if !seen[d] {
					seen[d] = true
					out = append(out, d)
				}
			}
		}
	}
	return out
}

func systemFolders() []string {
	var out []string
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		for _, d := range filepath.SplitList(os.Getenv(name)) {
			if d != "" {
				out = append(out, d)
			}
		}
	}
	multi := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	out = append(out, "/usr/local/lib", "/usr/local/lib64", "/usr/lib64", "/usr/lib", "/opt/homebrew/lib", "/opt/onnxruntime/lib")
	if multi != "" {
		out = append(out, "/usr/lib/"+multi)
	}
	return out
}

var (
	libraryForm = regexp.MustCompile(`^(?:libonnxruntime\.so(?:\.(\d+(?:\.\d+)*))?|libonnxruntime(?:\.(\d+(?:\.\d+)*))?\.dylib|onnxruntime\.dll)$`)
	distForm    = regexp.MustCompile(`^onnxruntime(?:_[a-z]+)?-(\d+\.\d+\.\d+)\.dist-info$`)
)

// newest is the library with the highest version in a folder, none older than the oldest that works. A library whose
// name has no version is taken last, for lack of better; starting it tells.
func newest(dir string) string {
	list, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	// On Windows the library's name has no version, but the Python package's metadata has.
	known := [3]int{}
	if filepath.Base(dir) == "capi" {
		_ = fs.WalkDir(os.DirFS(filepath.Dir(filepath.Dir(dir))), ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || p == "." {
				return err
			}
			if m := distForm.FindStringSubmatch(d.Name()); m != nil {
				known = version(m[1])
			}
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
	}
	best, bestV := "", [3]int{-1}
	for _, e := range list {
		m := libraryForm.FindStringSubmatch(e.Name())
		if m == nil || !isFile(filepath.Join(dir, e.Name())) {
			continue
		}
		v := known
		if text := m[1] + m[2]; strings.Count(text, ".") == 2 {
			v = version(text)
		}
		if v != [3]int{} && less(v, oldest) {
			continue
		}
		if less(bestV, v) {
			best, bestV = filepath.Join(dir, e.Name()), v
		}
	}
	return best
}

func version(s string) (v [3]int) {
	for i, p := range strings.SplitN(s, ".", 3) {
		v[i], _ = strconv.Atoi(p)
	}
	return v
}

func less(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

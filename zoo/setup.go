package zoo

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// build is where the library for one system comes from.
type build struct {
	platform string // pip's tag
	wheel    string // SHA-256 of the wheel for CPython 3.11; the library in it needs no Python
	npm      string // folder in npm's package
	vendor   string // name of the vendor's archive
}

// builds are the systems whose library can be fetched, by GOOS/GOARCH.
var builds = map[string]build{
	"linux/amd64": {"manylinux_2_28_x86_64", "1cabe71ca14dcfbf812d312aab0a704507ac909c137ee6e89e4908755d0fc60e",
		"linux/x64", "onnxruntime-linux-x64-" + RuntimeVersion + ".tgz"},
	"linux/arm64": {"manylinux_2_28_aarch64", "86bc43e922b1f581b3de26a3dc402149c70e5542fceb5bec6b3a85542dbeb164",
		"linux/arm64", "onnxruntime-linux-aarch64-" + RuntimeVersion + ".tgz"},
	"darwin/arm64": {"macosx_14_0_arm64", "79b3119ab9f4f3817062e6dbe7f4a44937de93905e3a31ba34313d18cb49e7be",
		"darwin/arm64", "onnxruntime-osx-arm64-" + RuntimeVersion + ".tgz"},
	"windows/amd64": {"win_amd64", "3273c330f5802b64b4103e87b5bbc334c0355fff1b8935d8910b0004ce2f20c8",
		"win32/x64", "onnxruntime-win-x64-" + RuntimeVersion + ".zip"},
	"windows/arm64": {"", "", "win32/arm64", "onnxruntime-win-arm64-" + RuntimeVersion + ".zip"},
}

// npmIntegrity is the registry's integrity of onnxruntime-node at RuntimeVersion: SHA-512 in base64.
const npmIntegrity = "Ex/oUXKdhDoxvlNxBT3oYtW0MH88yYpPlXQeVQUXpcJQmN24usd/8RCoPLN5kCHwDsiZ+nqsnjciyFRl423dQw=="

// vendorBase is where the vendor publishes its archives.
const vendorBase = "https://github.com/microsoft/onnxruntime/releases/download/v" + RuntimeVersion + "/"

// Setup finds the ONNX Runtime library or fetches it into the cache folder, and starts it. It tries, in this order, what
// FindRuntime tries, then pip, then npm, then the vendor's archive over HTTPS. What pip and npm bring is pinned by hash;
// the vendor publishes no hash for its archives, so the library's hash is written down at first use and shown. log gets a
// line for each step.
func Setup(ctx context.Context, opt Options, log io.Writer) (RuntimeInfo, error) {
	cache := opt.Cache
	if cache == "" {
		var err error
		if cache, err = CacheDir(); err != nil {
			return RuntimeInfo{}, err
		}
	}
	lib, err := FindRuntime(opt.Runtime, cache)
	if err != nil {
		if opt.Runtime != "" || os.Getenv(RuntimeEnv) != "" {
			return RuntimeInfo{}, err
		}
		if err := fetchRuntime(ctx, cache, log, clients(log)); err != nil {
			return RuntimeInfo{}, err
		}
		lib = Library{cachedRuntime(cache), "the cache folder"}
	}
	fmt.Fprintf(log, "ONNX Runtime: %s (%s)\n", lib.Path, lib.From)
	if !Runnable {
		_, err := startRuntime(opt, cache)
		return RuntimeInfo{Library: lib.Path, From: lib.From, CPU: CPUFeatures()}, err
	}
	return startRuntime(opt, cache)
}

// client is one way to get the library. fetch puts an archive into dir and returns its path.
type client struct {
	name  string
	fetch func(ctx context.Context, b build, dir string) (archive string, err error)
}

func clients(log io.Writer) []client {
	return []client{
		{"pip", fetchPip},
		{"npm", fetchNPM},
		{"the vendor's archive", func(ctx context.Context, b build, dir string) (string, error) {
			if b.vendor == "" {
				return "", fmt.Errorf("there is none for this system")
			}
			dst := filepath.Join(dir, b.vendor)
			got, err := download(ctx, Source{URL: vendorBase + b.vendor}, dst, PullOptions{})
			if err == nil {
				fmt.Fprintf(log, "the archive %s has SHA-256 %s; its publisher gives no hash to compare it with\n", b.vendor, got.SHA256)
			}
			return dst, err
		}},
	}
}

// fetchRuntime tries the clients in turn and leaves the library in the cache folder.
func fetchRuntime(ctx context.Context, cache string, log io.Writer, clients []client) error {
	b, ok := builds[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return fmt.Errorf("%w, and there is none to fetch for %s/%s; build it from source and name it with %s", ErrNoRuntime, runtime.GOOS, runtime.GOARCH, RuntimeEnv)
	}
	dst := cachedRuntime(cache)
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return fmt.Errorf("making the cache folder: %w; PROBITY_CACHE names another", err)
	}
	unlock, err := lockFile(ctx, dst+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if isFile(dst) { // another process was first
		return nil
	}
	var errs []error
	for _, c := range clients {
		if err := ctx.Err(); err != nil {
			return err
		}
		fmt.Fprintf(log, "fetching ONNX Runtime %s with %s\n", RuntimeVersion, c.name)
		err := func() error {
			dir, err := os.MkdirTemp(filepath.Dir(dst), ".fetch-*")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			archive, err := c.fetch(ctx, b, dir)
			if err != nil {
				return err
			}
			return unpackLibrary(archive, b, dst)
		}()
		if err == nil {
			return nil
		}
		fmt.Fprintf(log, "%s: %v\n", c.name, err)
		errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
	}
	return fmt.Errorf("%w and could not be fetched: %w; on a machine with a network: pip install onnxruntime==%s, or download it and name it with %s",
		ErrNoRuntime, errors.Join(errs...), RuntimeVersion, RuntimeEnv)
}

// fetchPip lets pip download the wheel, whatever the interpreter's own version: the tags are given, the hash is pinned.
func fetchPip(ctx context.Context, b build, dir string) (string, error) {
	if b.wheel == "" {
		return "", errors.New("there is no wheel for this system")
	}
	req := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(req, []byte("onnxruntime=="+RuntimeVersion+" --hash=sha256:"+b.wheel+"\n"), 0o600); err != nil {
		return "", err
	}
	args := []string{"download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary=:all:", "--require-hashes",
		"--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--platform", b.platform, "--dest", dir, "--requirement", req}
	var last error
	for _, c := range [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"py", "-3", "-m", "pip"}, {"pip3"}, {"pip"}} {
		if _, err := exec.LookPath(c[0]); err != nil {
			if last == nil {
				last = errors.New("there is no pip on this machine")
			}
			continue
		}
		if last = command(ctx, c[0], append(c[1:], args...)...); last == nil {
			return only(dir, ".whl")
		}
	}
	return "", last
}

// fetchNPM lets npm download its package, whose integrity is pinned.
func fetchNPM(ctx context.Context, b build, dir string) (string, error) {
	if _, err := exec.LookPath("npm"); err != nil {
		return "", errors.New("there is no npm on this machine")
	}
	if err := command(ctx, "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", dir, "onnxruntime-node@"+RuntimeVersion); err != nil {
		return "", err
	}
	archive, err := only(dir, ".tgz")
	if err != nil {
		return "", err
	}
	f, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != npmIntegrity {
		return "", fmt.Errorf("the package's integrity is sha512-%s, wants sha512-%s", got, npmIntegrity)
	}
	return archive, nil
}

func command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(out.String())
		if i := strings.LastIndex(text, "\n"); i >= 0 {
			text = strings.TrimSpace(text[i+1:])
		}
		return fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return nil
}

func only(dir, suffix string) (string, error) {
	list, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil || len(list) != 1 {
		return "", fmt.Errorf("expected one %s file, got %d", suffix, len(list))
	}
	return list[0], nil
}

var libraryInside = regexp.MustCompile(`^(onnxruntime/capi|package/bin/napi-v\d+/(?P<npm>[^/]+/[^/]+)|[^/]+/lib)/(libonnxruntime\.so(\.[\d.]+)?|libonnxruntime(\.[\d.]+)?\.dylib|onnxruntime\.dll)$`)

// unpackLibrary takes the library alone out of a wheel, an npm package or the vendor's archive, and puts it at dst by
// renaming, so that no other process sees half of it.
func unpackLibrary(archive string, b build, dst string) error {
	tmp, err := os.CreateTemp(filepath.Dir(dst), ".lib-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	wanted := func(name string) bool {
		m := libraryInside.FindStringSubmatch(path.Clean(name))
		if m == nil {
			return false
		}
		npm := m[libraryInside.SubexpIndex("npm")]
		return npm == "" || npm == b.npm
	}
	const most = 1 << 30
	found := ""
	take := func(name string, r io.Reader) error {
		n, err := io.Copy(tmp, io.LimitReader(r, most))
		if err == nil && n < 1<<10 {
			err = fmt.Errorf("%s has only %d bytes", name, n)
		}
		found = name
		return err
	}
	if strings.HasSuffix(archive, ".whl") || strings.HasSuffix(archive, ".zip") {
		z, err := zip.OpenReader(archive)
		if err != nil {
			return fmt.Errorf("opening %s: %w", filepath.Base(archive), err)
		}
		defer z.Close()
		for _, f := range z.File {
			if found == "" && wanted(f.Name) && f.Mode().IsRegular() {
				r, err := f.Open()
				if err != nil {
					return err
				}
				err = take(f.Name, r)
				r.Close()
				if err != nil {
					return fmt.Errorf("unpacking %s: %w", f.Name, err)
				}
			}
		}
	} else {
		f, err := os.Open(archive)
		if err != nil {
			return err
		}
		defer f.Close()
		gz, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("opening %s: %w", filepath.Base(archive), err)
		}
		for t := tar.NewReader(gz); found == ""; {
			h, err := t.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return fmt.Errorf("unpacking %s: %w", filepath.Base(archive), err)
			}
			if h.Typeflag == tar.TypeReg && wanted(h.Name) {
				if err := take(h.Name, t); err != nil {
					return fmt.Errorf("unpacking %s: %w", h.Name, err)
				}
			}
		}
	}
	if found == "" {
		return fmt.Errorf("%s holds no library for %s/%s", filepath.Base(archive), runtime.GOOS, runtime.GOARCH)
	}
	if err := errors.Join(tmp.Chmod(0o755), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), dst)
}

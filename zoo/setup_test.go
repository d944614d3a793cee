package zoo_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"probity/zoo"
)

var library = bytes.Repeat([]byte("library "), 1000)

// The library alone is taken out of a wheel, npm's package and the vendor's archive; nothing else, and never half of it.
func TestUnpackLibrary(t *testing.T) {
	wheel := func(names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			w, err := z.Create(n)
			if err != nil {
				t.Fatal(err)
			}
			body := library
			if strings.Contains(n, "other") {
				body = []byte(strings.Repeat("wrong ", 1000))
			}
			if _, err := w.Write(body); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	tgz := func(names ...string) []byte {
		var b bytes.Buffer
		gz := gzip.NewWriter(&b)
		w := tar.NewWriter(gz)
		for _, n := range names {
			body := library
			if strings.Contains(n, "arm64") || strings.Contains(n, "shared") {
				body = []byte(strings.Repeat("wrong ", 1000))
			}
			if err := w.WriteHeader(&tar.Header{Name: n, Typeflag: tar.TypeReg, Size: int64(len(body)), Mode: 0o644}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(body); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Close(), gz.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	whole := tgz("onnxruntime-linux-x64-1.24.1/lib/libonnxruntime_providers_shared.so", "./onnxruntime-linux-x64-1.24.1/lib/libonnxruntime.so.1.24.1")
	for name, c := range map[string]struct {
		file string
		data []byte
		ok   bool
	}{
		"wheel":     {"a.whl", wheel("onnxruntime/capi/libonnxruntime_providers_shared.other.so", "onnxruntime/capi/libonnxruntime.so.1.24.1"), true},
		"npm":       {"a.tgz", tgz("package/bin/napi-v6/linux/arm64/libonnxruntime.so.1", "package/bin/napi-v6/linux/x64/libonnxruntime.so.1"), true},
		"vendor":    {"b.tgz", whole, true},
		"none":      {"c.whl", wheel("onnxruntime/__init__.py", "evil/../../libonnxruntime.so"), false},
		"truncated": {"d.tgz", whole[:len(whole)/2], false},
		"no zip":    {"e.whl", []byte("hello"), false},
	} {
		dir := t.TempDir()
		archive, dst := filepath.Join(dir, c.file), filepath.Join(dir, "out", "lib.so")
		if err := errors.Join(os.WriteFile(archive, c.data, 0o644), os.Mkdir(filepath.Dir(dst), 0o755)); err != nil {
			t.Fatal(err)
		}
		err := zoo.UnpackLibrary(archive, dst)
		got, _ := os.ReadFile(dst)
		if c.ok != (err == nil) || c.ok && !bytes.Equal(got, library) || !c.ok && got != nil {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
		if left, _ := os.ReadDir(filepath.Dir(dst)); !c.ok && len(left) > 0 {
			t.Errorf("%s: left behind %v", name, left)
		}
	}
}

func TestFindRuntimeInOrder(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the folders of this test are Linux's")
	}
	root := t.TempDir()
	t.Setenv("HOME", root)
	t.Setenv("GOMODCACHE", filepath.Join(root, "mod"))
	t.Setenv("GOPATH", filepath.Join(root, "gopath"))
	t.Setenv("VIRTUAL_ENV", filepath.Join(root, "venv"))
	t.Setenv("LD_LIBRARY_PATH", filepath.Join(root, "lib"))
	t.Setenv("CONDA_PREFIX", "")
	t.Setenv("PATH", "")
	t.Setenv(zoo.RuntimeEnv, "")
	put := func(parts ...string) string {
		p := filepath.Join(append([]string{root}, parts...)...)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte("x"), 0o644)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	find := func(explicit, want, from string) {
		t.Helper()
		got, err := zoo.FindRuntime(explicit, filepath.Join(root, "cache"))
		if err == nil && !strings.HasPrefix(got.Path, root) {
			t.Skipf("this machine has a library of its own in %s", got.Path)
		}
		if err != nil || got.Path != want || got.From != from {
			t.Errorf("found %+v, %v; want %s from %s", got, err, want, from)
		}
	}
	put("lib", "libonnxruntime.so.1.17.0") // too old
	p := put("lib", "libonnxruntime.so.1.25.0")
	find("", p, "the system")
	put("venv", "lib", "python3.11", "site-packages", "onnxruntime", "capi", "libonnxruntime.so.1.24.0")
	p = put("venv", "lib", "python3.11", "site-packages", "onnxruntime", "capi", "libonnxruntime.so.1.24.10")
	find("", p, "an installed Python package")
	p = put("cache", "onnxruntime", zoo.RuntimeVersion, runtime.GOOS+"-"+runtime.GOARCH, "libonnxruntime.so")
	find("", p, "the cache folder")
	p = put("mine", "libonnxruntime.so.1.24.1")
	t.Setenv(zoo.RuntimeEnv, p)
	find("", p, zoo.RuntimeEnv)
	find(filepath.Join(root, "mine"), p, "the given path")
	// A path that was given and is wrong is an error, not a reason to take another.
	if _, err := zoo.FindRuntime(filepath.Join(root, "nowhere.so"), ""); !errors.Is(err, zoo.ErrNoRuntime) {
		t.Errorf("got %v", err)
	}
}

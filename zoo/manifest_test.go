package zoo_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/zoo"
)

const plain = `name = "m"
family = "cnn"
training = "none"
file = "m.onnx"

[input]
name = "x"

[preprocess]
filter = "bilinear"
fit = "crop"
resize = 40
size = [32, 32]
scale = 1.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]

[[output]]
name = "embedding"
layout = "pooled"
`

func TestManifestErrorsNameFileLineAndRemedy(t *testing.T) {
	if _, err := zoo.ParseManifest([]byte(plain), "m.toml"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`family = "cnn"`, `famly = "cnn"`, `m.toml:2: famly: there is no such key; did you mean "family"?`},
		{`std = [`, `stdd = [`, `m.toml:16: preprocess.stdd: there is no such key; did you mean "std"?`},
		{`family = "cnn"`, `family = "vitt"`, `m.toml:2: family: is "vitt", wants one of cnn, vit; did you mean "vit"?`},
		{`filter = "bilinear"`, `filter = "bilinea"`, `m.toml:10: preprocess.filter`},
		{`resize = 40`, `resize = 20`, `m.toml:12: preprocess.resize: is 20`},
		{`size = [32, 32]`, `size = [32, 0]`, `m.toml:13: preprocess.size`},
		{`size = [32, 32]`, `size = "big"`, `m.toml:13`},
		{`layout = "pooled"`, `layout = "mapp"`, `m.toml:20: output.layout: is "mapp"`},
		{`name = "embedding"`, `name = "input"`, `"input" is taken`},
		{`training = "none"`, `training = "classes"`, `data: is missing`},
		{`scale = 1.0`, `scale = 0.0`, `preprocess.scale`},
		{`file = "m.onnx"`, `file = "../m.onnx"`, `m.toml:4: file`},
		{`file = "m.onnx"`, "file = \"m.onnx\"\nurl = \"http://x.org/m\"", `wants an https:// address`},
		{`name = "m"`, `name = "M m"`, `m.toml:1: name`},
		{`name = "m"`, `name = "m`, `m.toml:1`},
	} {
		_, err := zoo.ParseManifest([]byte(strings.Replace(plain, c.old, c.new, 1)), "m.toml")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error\n%v\ndoes not say %s", c.new, err, c.want)
		}
	}
	two := strings.Replace(strings.Replace(plain, "family", "famly", 1), "scale = 1.0", "scale = -1.0", 1)
	if _, err := zoo.ParseManifest([]byte(two), "m.toml"); err == nil || !strings.Contains(err.Error(), "famly") || !strings.Contains(err.Error(), "scale") {
		t.Errorf("not both faults are named: %v", err)
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(plain))
	f.Add([]byte("[[output]]\n[text]\ncontext = 1e9"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := zoo.ParseManifest(data, "m.toml"); err == nil {
			m.Info()
			m.Visible(nil, 100, 50)
		}
	})
}

// Every manifest of the catalogue is right, says what conclusions are drawn by, and its twin exists.
func TestCatalog(t *testing.T) {
	all, err := zoo.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, m := range all {
		if m.Doc == "" || m.Licence == "" || m.Source == "" {
			t.Errorf("%s: no doc, licence or source", name)
		}
		if m.Twin != "" && all[m.Twin] == nil {
			t.Errorf("%s: its twin %s is not in the catalogue", name, m.Twin)
		}
		for _, file := range m.Files() {
			if other := files[file.Name]; other != "" && other != name && file.URL == "" {
				t.Errorf("%s and %s both have the file %s", name, other, file.Name)
			}
			files[file.Name] = name
		}
		for _, o := range m.Outputs {
			if o.Doc == "" {
				t.Errorf("%s: output %s has no doc", name, o.Name)
			}
		}
	}
	if len(all) < 6 {
		t.Errorf("only %d models", len(all))
	}
}

func TestVisible(t *testing.T) {
	m, err := zoo.ParseManifest([]byte(plain), "m.toml") // shorter side 40, centre 32
	if err != nil {
		t.Fatal(err)
	}
	mask := func(w, h int, in func(x, y int) bool) *raster.Mask {
		k := raster.NewMask(w, h)
		for y := range h {
			for x := range w {
				if in(x, y) {
					k.In[y*w+x] = 1
				}
			}
		}
		return k
	}
	for _, c := range []struct {
		name string
		mask *raster.Mask
		want float64
	}{
		{"whole", mask(80, 80, func(x, y int) bool { return true }), 0.64},
		{"centre", mask(80, 80, func(x, y int) bool { return x >= 30 && x < 50 && y >= 30 && y < 50 }), 1},
		{"corner", mask(80, 80, func(x, y int) bool { return x < 8 && y < 8 }), 0},
		{"left half", mask(80, 80, func(x, y int) bool { return x < 40 }), 0.64},
		{"strip across the border", mask(80, 80, func(x, y int) bool { return x >= 4 && x < 12 && y == 40 }), 0.5},
		{"empty", mask(80, 80, func(x, y int) bool { return false }), 1},
		{"wide picture, left end", mask(160, 80, func(x, y int) bool { return x < 48 }), 0},
	} {
		if got := m.Visible(c.mask, 0, 0); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := m.Visible(nil, 160, 80); math.Abs(got-0.32) > 1e-12 {
		t.Errorf("nil mask: %v, want .32", got)
	}
}

func TestScanNamesWhatItCannotUse(t *testing.T) {
	t.Setenv("PROBITY_CACHE", t.TempDir())
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("m.toml", plain)
	write("m.onnx", "x")
	write("lonely.toml", strings.Replace(strings.Replace(plain, `"m"`, `"lonely"`, 1), "m.onnx", "gone.onnx", 1))
	write("bad.toml", strings.Replace(plain, "family", "famly", 1))
	write("bad.onnx", "x")
	write("notes.toml", "title = 'nothing of ours'\n")
	write("squeezenet1.1.onnx", "x") // the catalogue's file by name
	z, err := zoo.Open(zoo.Options{Dirs: []string{dir, filepath.Join(dir, "absent")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(z.Names(), " "); got != "m squeezenet1.1" {
		t.Errorf("found %s", got)
	}
	text := ""
	for _, p := range z.Problems() {
		text += p.What + ": " + p.Reason + "\n"
	}
	for _, want := range []string{"gone.onnx", `did you mean "family"`, "absent"} {
		if !strings.Contains(text, want) {
			t.Errorf("the problems do not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "notes.toml") {
		t.Errorf("a foreign file is a problem:\n%s", text)
	}
	if _, err := zoo.Open(zoo.Options{Dirs: []string{dir}, Strict: true}); err == nil {
		t.Error("a strict opening took it")
	}
	if _, err := z.Asset("m.toml"); err != nil {
		t.Error(err)
	}
}

package zoo_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/sharedtest"
	"probity/zoo"
)

// What a wrong manifest does to a model is seen.
func TestCheckSeesWhatIsWrong(t *testing.T) {
	open(t)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(fixtures, "models", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	man := read("tiny-cnn.toml")
	for name, c := range map[string]struct {
		manifest string
		want     string // "": no problem
	}{
		"right":         {man, ""},
		"normalisation": {strings.Replace(man, "scale = 0.00392156862745098", "scale = 1.0", 1), "another normalisation is suspected"},
		"not finite":    {strings.Replace(man, "std = [0.229", "std = [1e-300", 1), "not finite"},
	} {
		dir := t.TempDir()
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "tiny-cnn.onnx"), []byte(read("tiny-cnn.onnx")), 0o644), os.WriteFile(filepath.Join(dir, "tiny-cnn.toml"), []byte(c.manifest), 0o644)); err != nil {
			t.Fatal(err)
		}
		z := open(t, dir)
		found, err := z.Check(context.Background(), "tiny-cnn")
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, f := range found {
			if f.Problem {
				text += f.What + "\n"
			}
		}
		if c.want == "" && text != "" || !strings.Contains(text, c.want) {
			t.Errorf("%s: found %q, want %q", name, text, c.want)
		}
	}
}

// The genuine backbones find rendered pictures again by their crops.
func TestCheckPassesGenuineModels(t *testing.T) {
	z := open(t, sharedtest.Dir(t, "models"))
	for _, name := range []string{"squeezenet1.1", "mobilenetv2-1.0"} {
		found, err := z.Check(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if f.Problem {
				t.Errorf("%s: %s", name, f.What)
			}
		}
	}
}

// A drafted manifest opens and runs at once.
func TestAddDraftsAManifest(t *testing.T) {
	open(t)
	for _, name := range []string{"tiny-vit", "tiny-cnn", "tiny-resnet"} {
		dir := t.TempDir()
		data, err := os.ReadFile(filepath.Join(fixtures, "models", name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name+".onnx")
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := zoo.Add(file); err != nil {
			t.Fatal(err)
		}
		if _, err := zoo.Add(file); err == nil || !strings.Contains(err.Error(), "there already") {
			t.Errorf("a second time: %v", err)
		}
		z := open(t, dir)
		if _, err := z.Check(context.Background(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m, err := z.Manifest(name); err != nil || name == "tiny-vit" && (m.Family != "vit" || m.Outputs[1].Prefix != 1 || m.Outputs[1].Layout != "tokens") {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if _, err := zoo.Add(filepath.Join(fixtures, "models", "tiny-clip-text.onnx")); err == nil || !strings.Contains(err.Error(), "no image tower") {
		t.Errorf("a text tower: %v", err)
	}
	if _, err := zoo.Add(filepath.Join(fixtures, "wide.png")); err == nil || !strings.Contains(err.Error(), "no ONNX file") {
		t.Errorf("a picture: %v", err)
	}
}

// Meaning is tried: the bundled joint model tells coloured shapes apart by words, and no more with a wrong list of words or colours
// in the wrong order, which nothing else would show.
func TestCheckSeesMeaning(t *testing.T) {
	open(t)
	const name = "micro-vit-clip-full-s0"
	files := map[string]string{}
	for _, f := range []string{name + ".toml", name + ".onnx", name + "-text.onnx", "micro-words.txt"} {
		data, err := os.ReadFile(filepath.Join("bundled", "models", f))
		if err != nil {
			t.Fatal(err)
		}
		files[f] = string(data)
	}
	words := strings.Fields(files["micro-words.txt"])
	shuffled := append([]string{words[0], words[1]}, append(append([]string(nil), words[9:]...), words[2:9]...)...)
	for what, c := range map[string]struct {
		file, with string
		want       string // part of a problem; "": none
	}{
		"right": {"micro-words.txt", files["micro-words.txt"], ""},
		"words": {"micro-words.txt", strings.Join(shuffled, "\n") + "\n", "by words it gets the colour"},
	} {
		dir := t.TempDir()
		for f, text := range files {
			if f == c.file {
				text = c.with
			}
			if err := os.WriteFile(filepath.Join(dir, f), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		found, err := open(t, dir).Check(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, f := range found {
			if f.Problem {
				text += f.What + "\n"
			}
		}
		if c.want == "" && text != "" || !strings.Contains(text, c.want) {
			t.Errorf("%s: found %q, want %q", what, text, c.want)
		}
	}
}

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"probity/zoo"
)

// fixtures are small models with seeded random weights, made by testdata/zoo/goldens.py.
const fixtures = "../../testdata/zoo/models"

func needRuntime(t *testing.T) {
	t.Helper()
	if !zoo.Runnable {
		t.Skip("built without a C compiler, so no model can run")
	}
	if _, err := zoo.FindRuntime("", ""); err != nil {
		t.Skip("no ONNX Runtime here; make setup fetches it")
	}
}

// An ONNX file gets a manifest that can be read back once what is marked CHECK is confirmed, and nothing is overwritten.
func TestModelsAdd(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join(fixtures, "tiny-vit.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(dir, "mine.onnx"), string(data))
	status, out, messages := command(t, "models", "add", file)
	if status != exitDone || strings.TrimSpace(out) != filepath.Join(dir, "mine.toml") || !strings.Contains(messages, "models check mine --models "+dir) {
		t.Fatalf("status %d, %q\n%s", status, out, messages)
	}
	text, err := os.ReadFile(filepath.Join(dir, "mine.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zoo.ParseManifest(text, "mine.toml"); err != nil {
		t.Errorf("the manifest cannot be read back: %v", err)
	}
	if status, _, messages := command(t, "models", "add", file); status != exitInput || !strings.Contains(messages, "mine.toml") {
		t.Errorf("a second add: status %d\n%s", status, messages)
	}
	status, out, _ = command(t, "models", "--models", dir, "--json")
	var list []modelRecord
	if err := json.Unmarshal([]byte(out), &list); status != exitDone || err != nil {
		t.Fatalf("status %d, %v in %s", status, err, out)
	}
	found := false
	for _, r := range list {
		found = found || r.Name == "mine" && r.Here && len(r.Outputs) > 0
	}
	if !found {
		t.Errorf("probity models does not list the model that was added:\n%s", out)
	}
}

func TestModelsMistakes(t *testing.T) {
	dir := t.TempDir()
	text := write(t, filepath.Join(dir, "text.onnx"), "not a model")
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"models", "add", text}, exitInput, "text.onnx"},
		{[]string{"models", "add", filepath.Join(dir, "none.onnx")}, exitInput, "none.onnx"},
		{[]string{"models", "pull", "sqeezenet1.1"}, exitInput, "squeezenet1.1"},
		{[]string{"models", "pull", "resnet50"}, exitInput, "zoo/export/export.py"},
		{[]string{"models", "check", "nope", "--models", dir}, exitInput, "nope"},
		{[]string{"models", "check", text}, exitInput, "probity models add " + text},
		{[]string{"models", "check", filepath.Join(dir, "none.onnx")}, exitInput, "none.onnx"},
		{[]string{"models", "--models", filepath.Join(dir, "nowhere")}, exitInput, "nowhere"},
	} {
		status, _, messages := command(t, c.args...)
		if status != c.want || !strings.Contains(messages, c.says) {
			t.Errorf("probity %s: status %d, want %d with %q, got\n%s", strings.Join(c.args, " "), status, c.want, c.says, messages)
		}
	}
}

// A wrong manifest, a file that is not the manifest's, an output that is not there: each says which and what to do.
func TestModelsThatAreNotWhatTheySay(t *testing.T) {
	needRuntime(t)
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join(fixtures, "tiny-vit.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(dir, "mine.onnx"), string(data))
	if status, _, messages := command(t, "models", "add", file); status != exitDone {
		t.Fatal(messages)
	}
	manifest := filepath.Join(dir, "mine.toml")
	good, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	picture := write(t, filepath.Join(dir, "a.png"), noisePNG(t, 1))
	score := func(metric string) (int, string) {
		status, _, messages := command(t, "score", "--models", dir, "--metric", metric, picture, picture)
		return status, messages
	}
	if status, messages := score("l2(model=mine, output=nothing)"); status != exitInput || !strings.Contains(messages, "nothing") || !strings.Contains(messages, "it has") {
		t.Errorf("an output that is not there: status %d\n%s", status, messages)
	}
	write(t, manifest, strings.Replace(string(good), "[preprocess]", "[preproces]", 1))
	if status, messages := score("l2(model=mine)"); status != exitInput || !strings.Contains(messages, "preproces") || !strings.Contains(messages, "mine.toml") {
		t.Errorf("an unknown key: status %d\n%s", status, messages)
	}
	at := strings.Index(string(good), `sha256 = "`) + len(`sha256 = "`)
	other := good[:at:at]
	if good[at] == '0' {
		other = append(other, '1')
	} else {
		other = append(other, '0')
	}
	write(t, manifest, string(append(other, good[at+1:]...)))
	if status, messages := score("l2(model=mine)"); status != exitInput || !strings.Contains(messages, "SHA-256") {
		t.Errorf("another file: status %d\n%s", status, messages)
	}
}

// A model is checked by its file as by its name; a library without the provider and an opset that is too new are explained.
func TestModelsCheckFile(t *testing.T) {
	needRuntime(t)
	byName, one, _ := command(t, "models", "check", "tiny-vit", "--models", fixtures)
	byFile, two, messages := command(t, "models", "check", filepath.Join(fixtures, "tiny-vit.onnx"))
	// How much the process grew depends on what it held before.
	grown := regexp.MustCompile(`(measured|had grown by) \d+ MiB`)
	if one, two = grown.ReplaceAllString(one, "$1 so much"), grown.ReplaceAllString(two, "$1 so much"); byName != byFile || one != two || byFile != exitDone {
		t.Errorf("by name %d:\n%s\nby file %d:\n%s%s", byName, one, byFile, two, messages)
	}

	dir := t.TempDir()
	picture := write(t, filepath.Join(dir, "a.png"), noisePNG(t, 1))
	status, _, messages := command(t, "score", "--models", fixtures, "--metric", "l2(model=tiny-vit)", "--provider", "cudda", picture, picture)
	if status != exitInput || !strings.Contains(messages, `did you mean "cuda"`) {
		t.Errorf("a provider that does not exist: status %d\n%s", status, messages)
	}

	data, err := os.ReadFile(filepath.Join(fixtures, "tiny-cnn.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	// opset_import { version: 17 } at the end of the file becomes version 99.
	data[strings.LastIndex(string(data), "\x10\x11")+1] = 99
	file := write(t, filepath.Join(dir, "newer.onnx"), string(data))
	status, _, messages = command(t, "models", "add", file)
	if status == exitDone {
		status, _, messages = command(t, "models", "check", file)
	}
	if status == exitDone || !strings.Contains(messages, "opset 99") || !strings.Contains(messages, "export it again") {
		t.Errorf("an opset that is too new: status %d\n%s", status, messages)
	}
}

// A text of more tokens than the model reads is told of before anything is computed, with the way to have it cut.
func TestTextsThatAreTooLong(t *testing.T) {
	needRuntime(t)
	dir := t.TempDir()
	picture := write(t, filepath.Join(dir, "a.png"), noisePNG(t, 1))
	long := strings.Repeat("a red circle on a green ground and ", 8)
	score := []string{"score", "--models", fixtures, "--metric", "clip-score(model=tiny-clip)", picture, picture, "--target-caption"}
	status, out, messages := command(t, append(score, long)...)
	for _, want := range []string{"the target caption of the pair", "tiny-clip reads 24 tokens", "--cut-texts", `overlong_texts = "cut"`} {
		if status != exitInput || out != "" || !strings.Contains(messages, want) {
			t.Errorf("score: status %d, want %d with %q, got\n%s%s", status, exitInput, want, out, messages)
		}
	}
	if status, out, messages := command(t, append(score, long, "--cut-texts")...); status != exitDone || !strings.Contains(messages, "was cut off") || !strings.Contains(out, "clip-score") {
		t.Errorf("score --cut-texts: status %d\n%s%s", status, out, messages)
	}
	if status, _, messages := command(t, append(score, "a red circle")...); status != exitDone || strings.Contains(messages, "cut") {
		t.Errorf("a text that fits: status %d\n%s", status, messages)
	}

	experiment := `probity = 1
name = "words"

[images]
dataset = "scenes"
count = 6

[[metric]]
kind = "clip-score"
model = "tiny-clip"

[[perturb]]
kind = "gaussian-noise"
severity = [4]
`
	file := write(t, filepath.Join(dir, "x.toml"), experiment)
	run := []string{"--models", fixtures, "--out", filepath.Join(dir, "out")}
	for _, verb := range []string{"validate", "run"} {
		args := append([]string{verb, file}, run[:2]...)
		if verb == "run" {
			args = append(args, run[2:]...)
		}
		status, _, messages := command(t, args...)
		if status != exitInput || !strings.Contains(messages, "caption of") || !strings.Contains(messages, "such texts)") || !strings.Contains(messages, `overlong_texts = "cut"`) {
			t.Errorf("%s: status %d\n%s", verb, status, messages)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out", "segments")); err == nil {
		t.Error("something was computed before the error")
	}
	write(t, file, strings.Replace(experiment, "\n[images]", "overlong_texts = \"cut\"\n\n[images]", 1))
	if status, _, messages := command(t, append([]string{"run", file}, run...)...); status != exitDone || !strings.Contains(messages, "was cut off") {
		t.Errorf("run with overlong_texts: status %d\n%s", status, messages)
	}
	write(t, file, strings.Replace(experiment, "\n[images]", "overlong_texts = \"chop\"\n\n[images]", 1))
	if status, _, messages := command(t, append([]string{"validate", file}, run[:2]...)...); status != exitInput || !strings.Contains(messages, `"chop" is not one of error, cut`) {
		t.Errorf("a wrong value: status %d\n%s", status, messages)
	}
}

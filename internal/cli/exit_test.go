package cli

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the program's command line in this process.
func command(t *testing.T, args ...string) (status int, out, messages string) {
	t.Helper()
	var o, e bytes.Buffer
	status = Main(context.Background(), args, &o, &e)
	return status, o.String(), e.String()
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// noisePNG is a picture of our own.
func noisePNG(t *testing.T, seed uint64) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, 48, 40))
	for y := range 40 {
		for x := range 48 {
			m.Set(x, y, color.RGBA{uint8(4*x + rng.IntN(40)), uint8(5*y + rng.IntN(40)), uint8(rng.IntN(255)), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const photoExperiment = `
probity = 1
name = "photos"
seed = 1
[images]
dataset = "folder"
path = "photos"
size = 32
[[metric]]
kind = "mse"
[[perturb]]
kind = "gaussian-blur"
severity = 2
[[finding]]
kind = "sensitivity"
`

// A broken picture is named and left out; a run in which every picture fails ends with 1, one whose input is wrong with 2.
func TestBrokenPicturesAndExitStatuses(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "photos.toml"), photoExperiment)
	whole := noisePNG(t, 1)
	huge := []byte(whole) // a header of 100,000 x 100,000, its checksum left as it was
	copy(huge[16:24], "\x00\x01\x86\xa0\x00\x01\x86\xa0")
	broken := map[string]string{"text.png": "not a picture\n", "short.png": whole[:len(whole)/2], "huge.png": string(huge)}
	for name, data := range broken {
		write(t, filepath.Join(dir, "some", "a", name), data)
		write(t, filepath.Join(dir, "none", name), data)
	}
	for i, name := range []string{"1.png", "2.png", "3.png"} {
		write(t, filepath.Join(dir, "some", "a", name), noisePNG(t, uint64(i+2)))
	}
	status, out, messages := command(t, "run", file, "--images", filepath.Join(dir, "some"), "--out", filepath.Join(dir, "out"))
	if status != exitDone || !strings.Contains(out, "report.html") {
		t.Errorf("status %d, stdout %q\n%s", status, out, messages)
	}
	page, err := os.ReadFile(filepath.Join(dir, "out", "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range broken {
		if !strings.Contains(messages, "left out: a/"+name) {
			t.Errorf("no message about %s in\n%s", name, messages)
		}
		if !strings.Contains(string(page), "a/"+name) {
			t.Errorf("the report does not name %s", name)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"run", file, "--images", filepath.Join(dir, "none")}, exitFailed, "no picture that can be used"},
		{[]string{"run", file, "--images", filepath.Join(dir, "empty")}, exitInput, "holds no picture"},
		{[]string{"run", file, "--images", filepath.Join(dir, "nowhere")}, exitInput, "--images"},
		{[]string{"run", filepath.Join(dir, "nothing.toml")}, exitInput, "probity init"},
		{[]string{"run", file, "--set", "images.limt=3"}, exitInput, `did you mean "limit"`},
		{[]string{"run", file, "--workers", "0", "--images", filepath.Join(dir, "some")}, exitInput, "--workers"},
		{[]string{"rnu", file}, exitInput, `run`},
		{[]string{"run", file, "--nope"}, exitInput, "--nope"},
		{[]string{"score", "--metric", "sim", "a", "b"}, exitInput, `did you mean "ssim"`},
		{[]string{"score", "--metric", "ssim", "a.png", "b.png"}, exitInput, "a.png"},
		{[]string{"report", filepath.Join(dir, "none")}, exitInput, "holds no run"},
		{[]string{"list", "mtrics"}, exitInput, "metrics"},
	} {
		status, _, messages := command(t, c.args...)
		if status != c.want || !strings.Contains(messages, c.says) {
			t.Errorf("probity %s: status %d, want %d with %q, got\n%s", strings.Join(c.args, " "), status, c.want, c.says, messages)
		}
	}
}

// What a report shows can be drawn again, alone, in another format, without the pictures; a damaged run says what is wrong.
func TestReportAgain(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "photos.toml"), photoExperiment)
	for i, name := range []string{"1.png", "2.png", "3.png"} {
		write(t, filepath.Join(dir, "photos", name), noisePNG(t, uint64(i+2)))
	}
	run := filepath.Join(dir, "out")
	if status, _, messages := command(t, "run", file, "--out", run); status != exitDone {
		t.Fatal(messages)
	}
	if err := os.RemoveAll(filepath.Join(dir, "photos")); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again")
	if status, _, messages := command(t, "report", run, "--out", again, "--format", "svg"); status != exitDone {
		t.Fatal(messages)
	}
	drawn, err := filepath.Glob(filepath.Join(again, "figures", "*.svg"))
	if err != nil || len(drawn) == 0 {
		t.Fatalf("no figure was drawn again (%v)", err)
	}
	for _, f := range drawn {
		first, err := os.ReadFile(filepath.Join(run, "figures", filepath.Base(f)))
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s is not what the run drew", filepath.Base(f))
		}
	}
	if status, _, messages := command(t, "report", run, "--only", "detectoin"); status != exitInput || !strings.Contains(messages, "this run has") {
		t.Errorf("a kind that the run has not: status %d\n%s", status, messages)
	}
	// What else was lost or changed is said, and the report is drawn of what is whole.
	if err := os.Remove(filepath.Join(run, "scores.csv")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(run, "scores.parquet"), "PAR1")
	if status, _, messages := command(t, "report", run, "--out", again, "--format", "svg"); status != exitDone || !strings.Contains(messages, "scores.csv (missing), scores.parquet (changed)") {
		t.Errorf("a run without its scores: status %d\n%s", status, messages)
	}
	data, err := os.ReadFile(filepath.Join(run, inputFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]struct {
		data []byte
		says string
	}{
		"cut short":       {data[:len(data)/2], "its checksum differs"},
		"nearly empty":    {data[:9], "is cut short: it has 9 bytes"},
		"another version": {append([]byte("probity report input 0\n"), data[30:]...), "written by another version"},
	} {
		write(t, filepath.Join(run, inputFile), string(damage.data))
		if status, _, messages := command(t, "report", run); status != exitInput || !strings.Contains(messages, damage.says) {
			t.Errorf("%s: status %d\n%s", name, status, messages)
		}
	}
	data[len(data)/2] ^= 1
	write(t, filepath.Join(run, inputFile), string(data))
	if status, _, messages := command(t, "report", run); status == exitDone || !strings.Contains(messages, "damaged") {
		t.Errorf("a damaged run: status %d\n%s", status, messages)
	}
}

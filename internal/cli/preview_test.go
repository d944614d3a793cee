package cli

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The sheet holds a row for each perturbation and region, says what was reached, and is the same every time.
func TestPreview(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "kill.toml"), strings.Replace(killExperiment, "[[finding]]", "[[perturb]]\nkind = \"replace-words\"\n[[finding]]", 1))
	read := func(out string) (page, sheet []byte) {
		t.Helper()
		if status, _, messages := command(t, "preview", file, "--out", out); status != exitDone {
			t.Fatal(messages)
		}
		var err error
		if page, err = os.ReadFile(filepath.Join(out, "preview.html")); err != nil {
			t.Fatal(err)
		}
		if sheet, err = os.ReadFile(filepath.Join(out, "preview.png")); err != nil {
			t.Fatal(err)
		}
		return page, sheet
	}
	page, sheet := read(filepath.Join(dir, "a"))
	again, second := read(filepath.Join(dir, "b"))
	if !bytes.Equal(page, again) || !bytes.Equal(sheet, second) {
		t.Error("two previews of one experiment differ")
	}
	for _, want := range []string{"hue", "disc, 5 %", "disc, 20 %", "2 ΔE00", "class-swap", "same-class-swap", "shift", "replace-words", "“", "unreachable"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if _, err := png.Decode(bytes.NewReader(sheet)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"preview", "--perturb", "hoe"}, `did you mean "hue"`},
		{[]string{"preview", "--image", filepath.Join(dir, "none.png")}, "none.png"},
		{[]string{"preview", file, "--image", "none"}, "not among"},
		{[]string{"preview", file, "--perturb", "hue"}, "without an experiment file"},
	} {
		if status, _, messages := command(t, c.args...); status != exitInput || !strings.Contains(messages, c.says) {
			t.Errorf("probity %s: status %d, want %q, got\n%s", strings.Join(c.args, " "), status, c.says, messages)
		}
	}
}

//go:build unix && cgo

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// partsExperiment asks for edits with maps, a suite and joint spaces, by models with and without words.
const partsExperiment = `
probity = 1
name = "parts"
seed = 5
[images]
dataset = "scenes"
count = 44
size = 64
[[metric]]
kind = "ssim"
[[metric]]
kind = "patch-cosine"
model = "micro-cnn-class-s0"
output = "stage3"
[[metric]]
kind = "patch-cosine"
model = "micro-vit-class-s0"
output = "tokens"
[[metric]]
kind = "clip-score"
model = "micro-vit-clip-full-s0"
[[perturb]]
kind = "hue"
severity = [8]
region = { shape = "disc", area = 0.1 }
[[perturb]]
kind = "shift"
severity = 1
role = "null"
draws = 8
[[suite]]
dataset = "compliance"
count = 2
size = 64
kinds = ["wrong-place", "identity-lost"]
[[space]]
models = ["micro-cnn-clip-full-s0", "micro-vit-clip-full-s0"]
gallery = 8
[[finding]]
kind = "sensitivity"
`

// Edits, suites and joint spaces come out the same to the byte in parts that are put together, and by models that are held one at a time.
func TestPartsAndMemoryMakeTheSameRun(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "parts.toml"), []byte(partsExperiment), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		c, log := program(t, dir, append([]string{"run", "parts.toml", "--workers", "2"}, args...)...)
		if err := c.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		return log.String()
	}
	run("--out", "whole")
	for i := 1; i <= 2; i++ {
		part := filepath.Join(dir, fmt.Sprint("part", i))
		log := run("--out", part, "--shard", fmt.Sprintf("%d/2", i))
		for _, want := range []string{"a share of the pictures; of the sources of the suite compliance; of the blocks of 64 pictures", fmt.Sprintf("part %d of 2 is scored", i)} {
			if !strings.Contains(log, want) {
				t.Errorf("part %d does not say %q:\n%s", i, want, log)
			}
		}
		if err := os.CopyFS(filepath.Join(dir, "joined", "segments"), os.DirFS(filepath.Join(part, "segments"))); err != nil {
			t.Fatal(err)
		}
	}
	// All that is left to do is to measure the two spaces.
	if log := run("--out", "joined"); !strings.Contains(log, "computed 2 scores") {
		t.Errorf("the joined run computed scores anew:\n%s", log)
	}
	run("--out", "tight", "--memory", "150MB")
	want := left(t, filepath.Join(dir, "whole"))
	for _, name := range []string{"scores.csv", "spaces.csv", "suite-compliance.csv", "findings.json", "report.html", "exhibits/exhibits.json"} {
		if want[name] == "" {
			t.Errorf("the run left no %s", name)
		}
	}
	for _, other := range []string{"joined", "tight"} {
		got := left(t, filepath.Join(dir, other))
		for name, data := range want {
			if got[name] != data {
				t.Errorf("%s: %s differs from the run of one machine with all models at once", other, name)
			}
		}
	}
	c, log := program(t, dir, "run", "parts.toml", "--out", "small", "--memory", "10MB")
	c.Wait()
	if c.ProcessState.ExitCode() != exitInput || !strings.Contains(log.String(), "give more --memory") {
		t.Errorf("--memory 10MB: status %d, %s", c.ProcessState.ExitCode(), log)
	}
}

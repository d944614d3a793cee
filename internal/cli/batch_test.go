//go:build unix && cgo

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/harness"
)

const batchExperiment = `
probity = 1
name = "batch"
[images]
dataset = "scenes"
count = 4
size = 64
[[metric]]
kind = "cosine"
model = "micro-cnn-class-s0"
[[perturb]]
kind = "hue"
severity = [8]
[[perturb]]
kind = "shift"
severity = 1
role = "null"
draws = 8
[[finding]]
kind = "sensitivity"
`

// The size of a batch is recorded, with what the sessions hold, and scores of another size are not taken over.
func TestBatchIsRecordedAndKeptApart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "batch.toml"), []byte(batchExperiment), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (*harness.Manifest, string) {
		t.Helper()
		c, log := program(t, dir, append([]string{"run", "batch.toml", "--out", "out"}, args...)...)
		if err := c.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		data, err := os.ReadFile(filepath.Join(dir, "out", "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		m := new(harness.Manifest)
		if err := json.Unmarshal(data, m); err != nil {
			t.Fatal(err)
		}
		return m, log.String()
	}
	usual, _ := run()
	if usual.Batch != 8 || strings.Contains(usual.Runtime, "batches of") || len(usual.Models) != 1 {
		t.Errorf("the manifest says batch %d, runtime %q, models %v", usual.Batch, usual.Runtime, usual.Models)
	}
	if mem := usual.Models[0].Memory; mem == nil || mem.Estimated == 0 {
		t.Errorf("the manifest says nothing of the memory of %+v", usual.Models[0])
	}
	for _, n := range []string{"1", "3", "32"} {
		other, log := run("--batch", n)
		if other.Batch == 8 || !strings.Contains(other.Runtime, "batches of "+n) || other.Computed == 0 || other.Reused > 0 {
			t.Errorf("--batch %s: the manifest says batch %d, runtime %q, %d scores computed, %d reused\n%s", n, other.Batch, other.Runtime, other.Computed, other.Reused, log)
		}
	}
	if again, log := run("--batch", "8"); again.Computed != 0 && !strings.Contains(log, "were there already") {
		t.Errorf("--batch 8 after no --batch: %s", log)
	}
	for _, n := range []string{"0", "-1", "5000"} {
		c, log := program(t, dir, "run", "batch.toml", "--batch", n)
		c.Wait()
		if c.ProcessState.ExitCode() != exitInput || !strings.Contains(log.String(), "wants 1 to 1024") {
			t.Errorf("--batch %s: status %d, %s", n, c.ProcessState.ExitCode(), log)
		}
	}
}

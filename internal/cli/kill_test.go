//go:build unix

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram makes the test binary behave as the program itself, so that a test can start it and kill it.
const asProgram = "PROBITY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// killExperiment has every role, a region, a flagged target and a hypothesis, and needs no model.
const killExperiment = `
probity = 1
name = "kill"
seed = 11
[images]
dataset = "scenes"
count = 64
limit = 8
size = 64
[[metric]]
kind = "mse"
[[metric]]
kind = "ssim"
[[metric]]
kind = "ciede2000"
[[perturb]]
kind = "hue"
severity = [2, 8, 60]
region = { shape = "disc", area = [0.05, 0.2] }
[[perturb]]
kind = "class-swap"
[[perturb]]
kind = "same-class-swap"
role = "control"
[[perturb]]
kind = "shift"
severity = 1
role = "null"
draws = 8
[[finding]]
kind = "sensitivity"
[[finding]]
kind = "detection"
[[hypothesis]]
finding = "detection"
contrast = "ciede2000 - ssim"
at = { perturb = "hue", severity = 8, area = 0.05, null = "shift" }
smallest_effect = 0.05
`

// program starts the program with arguments in a folder.
func program(t *testing.T, dir string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), asProgram+"=1")
	var log bytes.Buffer
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, &log
}

// left reads what a run leaves and promises to be the same byte for byte.
func left(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		switch top, _, _ := strings.Cut(filepath.ToSlash(rel), "/"); top {
		case "scores.csv", "scores.parquet", "spaces.csv", "suite-compliance.csv", "exhibits", "findings.json", "figures", "tables", "report.html":
			data, err := os.ReadFile(path)
			out[filepath.ToSlash(rel)] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A run that is killed over and over, at moments spread over all of it and on purpose when it merges and when it draws,
// ends with the bytes of one that nobody disturbed, and takes over every unit that was finished.
func TestKilledRunEndsAsAnUndisturbedOne(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kill.toml"), []byte(killExperiment), 0o644); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	c, log := program(t, dir, "run", "kill.toml", "--out", "whole", "--workers", "2")
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	whole := time.Since(start)
	want := left(t, filepath.Join(dir, "whole"))
	for _, need := range []string{"scores.csv", "scores.parquet", "findings.json", "report.html"} {
		if want[need] == "" {
			t.Fatalf("the undisturbed run left no %s; it left %d files", need, len(want))
		}
	}

	out := filepath.Join(dir, "killed")
	exists := func(name string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(out, name)); return err == nil }
	}
	segments := func() int {
		found, _ := filepath.Glob(filepath.Join(out, "segments", "*", "*.segment"))
		return len(found)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var when []func() bool // each is asked again and again; true kills
	for i := range 6 {     // in the middle of scoring: after so many units, at a random moment of the next one
		pause := time.Duration(rng.Float64() * .1 * float64(whole))
		var since time.Time
		when = append(when, func() bool {
			if segments() <= i {
				return false
			}
			if since.IsZero() {
				since = time.Now()
			}
			return time.Since(since) > pause
		})
	}
	when = append(when, exists("scores.csv"), exists("findings.cache"), exists("findings.json"), exists("figures"), exists("tables"))
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for _, kill := range when {
		before := segments()
		c, log := program(t, dir, "run", "kill.toml", "--out", "killed", "--workers", "1")
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		ended := false
		for !ended && !kill() {
			select {
			case <-done:
				ended = true
			case <-time.After(time.Millisecond):
			}
		}
		if !ended {
			c.Process.Signal(syscall.SIGKILL)
			<-done
			kills++
		}
		if after := segments(); after < before {
			t.Errorf("a run that was killed lost finished units: %d of %d are left\n%s", after, before, log)
		}
		if ended {
			continue
		}
	}
	if kills < 8 {
		t.Errorf("only %d of %d runs were killed before they ended", kills, len(when))
	}
	before := segments()
	c, log = program(t, dir, "run", "kill.toml", "--out", "killed", "--workers", "1")
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if before == 8 && !strings.Contains(log.String(), "scores were there already") && !strings.Contains(log.String(), "up to date") {
		t.Errorf("every unit was finished, and yet scores were computed again:\n%s", log)
	}
	got := left(t, out)
	for name, data := range want {
		if got[name] != data {
			t.Errorf("%s differs from the undisturbed run's", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s was left by the killed runs only", name)
		}
	}
	t.Logf("%d kills, %d files equal, undisturbed run %.1f s", kills, len(want), whole.Seconds())
}

// Each killed run may lose the unit it was working on, no more: what a resumed run takes over is what lay there.
func TestResumedRunTakesOverEveryFinishedUnit(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kill.toml"), []byte(killExperiment), 0o644); err != nil {
		t.Fatal(err)
	}
	c, log := program(t, dir, "run", "kill.toml", "--out", "a", "--workers", "1")
	for {
		found, _ := filepath.Glob(filepath.Join(dir, "a", "segments", "*", "*.segment"))
		if len(found) >= 3 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	c.Process.Signal(syscall.SIGKILL)
	c.Wait()
	found, _ := filepath.Glob(filepath.Join(dir, "a", "segments", "*", "*.segment"))
	var scores, units int
	if _, err := fmt.Sscanf(log.String()[strings.Index(log.String(), "kill: "):], "kill: %d sources, ", &units); err != nil {
		t.Fatalf("%v in %q", err, log)
	}
	if i := strings.Index(log.String(), "stimuli, "); i < 0 {
		t.Fatalf("no count of scores in %q", log)
	} else if _, err := fmt.Sscanf(log.String()[i:], "stimuli, %d scores", &scores); err != nil {
		t.Fatal(err)
	}
	c, log = program(t, dir, "run", "kill.toml", "--out", "a", "--workers", "1")
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	unit := scores / units
	want := fmt.Sprintf("computed %d scores, took %d from before", scores-len(found)*unit, len(found)*unit)
	if !strings.Contains(log.String(), want) {
		t.Errorf("wants %q, the resumed run said:\n%s", want, log)
	}
}

// Parts scored apart, their segments put together, make the run that one machine makes.
func TestShardsMakeTheSameRun(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kill.toml"), []byte(killExperiment), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		c, log := program(t, dir, append([]string{"run", "kill.toml"}, args...)...)
		if err := c.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		return log.String()
	}
	run("--out", "whole")
	for i := 1; i <= 3; i++ {
		part := filepath.Join(dir, fmt.Sprint("part", i))
		run("--out", part, "--shard", fmt.Sprintf("%d/3", i))
		if err := os.CopyFS(filepath.Join(dir, "joined", "segments"), os.DirFS(filepath.Join(part, "segments"))); err != nil {
			t.Fatal(err)
		}
	}
	if log := run("--out", "joined"); !strings.Contains(log, "scores were there already") {
		t.Errorf("the joined run computed scores anew:\n%s", log)
	}
	want, got := left(t, filepath.Join(dir, "whole")), left(t, filepath.Join(dir, "joined"))
	for name, data := range want {
		if got[name] != data {
			t.Errorf("%s differs from the run of one machine", name)
		}
	}
	c, log := program(t, dir, "run", "kill.toml", "--shard", "4/3")
	c.Wait()
	if c.ProcessState.ExitCode() != exitInput || !strings.Contains(log.String(), "--shard") {
		t.Errorf("--shard 4/3: status %d, %s", c.ProcessState.ExitCode(), log)
	}
}

// Ctrl-C ends a run within a second, with status 130.
func TestInterruptEndsWithinASecond(t *testing.T) {
	dir := t.TempDir()
	text := strings.Replace(killExperiment, "limit = 8\nsize = 64", "limit = 60\nsize = 256", 1)
	if err := os.WriteFile(filepath.Join(dir, "kill.toml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, log := program(t, dir, "run", "kill.toml", "--out", "a")
	for {
		if found, _ := filepath.Glob(filepath.Join(dir, "a", "segments", "*", "*.segment")); len(found) > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	c.Process.Signal(os.Interrupt)
	start := time.Now()
	c.Wait()
	took := time.Since(start)
	if c.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("exit status %d, want %d:\n%s", c.ProcessState.ExitCode(), exitInterrupted, log)
	}
	if took > time.Second {
		t.Errorf("ended %v after the interrupt", took)
	}
	t.Logf("ended %v after the interrupt", took)
}

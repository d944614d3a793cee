package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// twoRuns scores the same six pictures at two sizes and two seeds, with a severity that only one of the runs has.
func twoRuns(t *testing.T) (one, two string) {
	t.Helper()
	dir := t.TempDir()
	for i := range 6 {
		write(t, filepath.Join(dir, "photos", fmt.Sprintf("%d.png", i)), noisePNG(t, uint64(i+2)))
	}
	first := strings.Replace(photoExperiment, "severity = 2", "severity = [2, 3]", 1)
	second := strings.NewReplacer("seed = 1", "seed = 2", "severity = 2", "severity = [2, 4]", "size = 32", "size = 24").Replace(photoExperiment)
	var runs []string
	for i, text := range []string{first, second} {
		out := filepath.Join(dir, fmt.Sprint("run", i+1))
		if status, _, messages := command(t, "run", write(t, filepath.Join(dir, fmt.Sprint(i, ".toml")), text), "--out", out); status != exitDone {
			t.Fatal(messages)
		}
		runs = append(runs, out)
	}
	return runs[0], runs[1]
}

func TestCompareRuns(t *testing.T) {
	one, two := twoRuns(t)
	out := filepath.Join(t.TempDir(), "comparison")
	status, printed, messages := command(t, "compare", one, two, one, "--all", "--out", out)
	if status != exitDone {
		t.Fatal(messages)
	}
	for _, want := range []string{"seed   ", "-> 2", "size = 32", "size = 24", "Of 1 estimate that both runs have, 0 are the same.",
		"1 estimate is only in the first run, 1 only in the second", "made alike", "Of 2 estimates that both runs have, 2 are the same."} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q is missing in\n%s", want, printed)
		}
	}
	page, err := os.ReadFile(filepath.Join(out, "comparison.html"))
	if err != nil || !strings.Contains(string(page), "What was made differently") || !strings.Contains(string(page), "gaussian-blur 4 px") {
		t.Errorf("the page says too little: %v", err)
	}

	// The difference is the runs' own, and its interval MOVER's from theirs.
	f, err := os.Open(filepath.Join(out, "comparison-2.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %d rows", err, len(rows))
	}
	v := map[string]float64{}
	for i, name := range rows[0] {
		v[name], _ = strconv.ParseFloat(rows[1][i], 64)
	}
	diff := v["after"] - v["before"]
	low := diff - math.Hypot(v["after"]-v["after_low"], v["before_high"]-v["before"])
	high := diff + math.Hypot(v["after_high"]-v["after"], v["before"]-v["before_low"])
	if v["difference"] != diff || math.Abs(v["low"]-low) > 1e-9*math.Abs(low) || math.Abs(v["high"]-high) > 1e-9*math.Abs(high) || v["before_n"] != 6 {
		t.Errorf("difference %v [%v, %v], want %v [%v, %v]", v["difference"], v["low"], v["high"], diff, low, high)
	}

	status, printed, messages = command(t, "compare", one, two, "--all", "--json")
	var records []comparedRecord
	if err := json.Unmarshal([]byte(printed), &records); status != exitDone || err != nil {
		t.Fatalf("status %d, %v: %s", status, err, messages)
	}
	if len(records) != 1 || len(records[0].Changes) != 1 || float64(records[0].Changes[0].Value) != diff || len(records[0].OnlyAfter) != 1 {
		t.Errorf("as JSON: %+v", records)
	}
}

// A run that is damaged, unfinished or of another version is named, with what is wrong and what to do.
func TestCompareDamagedRuns(t *testing.T) {
	one, two := twoRuns(t)
	findings, manifest := filepath.Join(two, "findings.json"), filepath.Join(two, "manifest.json")
	good, err := os.ReadFile(findings)
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, text, says string }{
		{"changed by a digit", findings, strings.Replace(string(good), `"value": `, `"value": 1`, 1), "is not what the run wrote"},
		{"cut off", findings, string(good[:len(good)/2]), "findings.json"},
		{"newer", findings, strings.Replace(string(good), `"probity_findings": 1`, `"probity_findings": 99`, 1), "version 99"},
		{"another program's", findings, `{"a": 1}`, "no findings of this program"},
		{"manifest cut off", manifest, string(made[:len(made)/2]), "manifest.json is damaged"},
		{"manifest of another format", manifest, strings.Replace(string(made), `"format": 1`, `"format": 7`, 1), "format 7"},
		{"manifest without findings", manifest, strings.Replace(string(made), `"findings.json"`, `"others.json"`, 1), "does not list findings.json"},
	} {
		write(t, c.path, c.text)
		if status, _, messages := command(t, "compare", one, two); status != exitInput || !strings.Contains(messages, c.says) {
			t.Errorf("%s: status %d, want %q in\n%s", c.name, status, c.says, messages)
		}
		write(t, findings, string(good))
		write(t, manifest, string(made))
	}
	if err := os.Remove(findings); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{one, two}, "has lost its findings"},
		{[]string{one, t.TempDir()}, "holds no run"},
		{[]string{one, filepath.Join(one, "nowhere")}, "holds no run"},
		{[]string{one}, "at least two runs"},
	} {
		if status, _, messages := command(t, append([]string{"compare"}, c.args...)...); status != exitInput || !strings.Contains(messages, c.says) {
			t.Errorf("compare %v: status %d, want %q in\n%s", c.args, status, c.says, messages)
		}
	}
}

// Every estimate of agreement with people, too, meets itself and no other: a run is the same as itself.
func TestCompareJudgementsWithThemselves(t *testing.T) {
	dir := judgedPictures(t)
	out := filepath.Join(dir, "one")
	if status, _, messages := command(t, "run", filepath.Join(dir, "judged.toml"), "--out", out); status != exitDone {
		t.Fatal(messages)
	}
	status, printed, messages := command(t, "compare", out, out, "--all", "--json")
	var records []comparedRecord
	if err := json.Unmarshal([]byte(printed), &records); status != exitDone || err != nil {
		t.Fatalf("status %d, %v: %s", status, err, messages)
	}
	if len(records[0].Changes) < 50 {
		t.Errorf("%d estimates only", len(records[0].Changes))
	}
	for _, c := range records[0].Changes {
		if !c.Same {
			t.Errorf("%s: %s of %s at %q is not itself", c.Finding, c.After.Quantity, c.After.Metric, c.After.Where())
		}
	}
}

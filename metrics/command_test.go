package metrics_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"probity/internal/raster"
	"probity/internal/trial"
)

// TestProgram is no test: it is the program that the tests below start, this binary with words after --.
func TestProgram(t *testing.T) {
	i := len(os.Args) - 2
	if i < 0 || os.Args[i] != "--" {
		t.Skip("started by other tests")
	}
	mode := os.Args[i+1]
	in := bufio.NewScanner(os.Stdin)
	for n := 0; in.Scan(); n++ {
		var r struct {
			ID                               int
			Input, Output, Mask, Requirement string
			References                       []string
			Source_caption, Target_caption   string
		}
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			fmt.Println(`{"error": "no JSON"}`)
			continue
		}
		switch {
		case mode == "sleep" && n == 0 && r.Requirement == "slow":
			time.Sleep(20 * time.Second)
		case mode == "die" && r.Requirement == "die":
			fmt.Fprintln(os.Stderr, "out of memory")
			os.Exit(3)
		case mode == "garbage" && r.Requirement == "garbage":
			fmt.Println("Loading weights ...")
			continue
		case mode == "other":
			fmt.Printf("{\"id\": %d, \"score\": 1}\n", r.ID+1)
			continue
		case mode == "refuse":
			fmt.Printf("{\"id\": %d, \"error\": \"too small\"}\n", r.ID)
			continue
		case mode == "nothing":
			fmt.Printf("{\"id\": %d}\n", r.ID)
			continue
		}
		a, _, err1 := raster.DecodeFile(r.Input)
		b, _, err2 := raster.DecodeFile(r.Output)
		if err1 != nil || err2 != nil {
			fmt.Printf("{\"id\": %d, \"error\": \"no picture\"}\n", r.ID)
			continue
		}
		sum := 0
		for i, v := range a.Pix {
			sum += int(v) - int(b.Pix[i])
		}
		if r.Mask != "" {
			data, _ := os.ReadFile(r.Mask)
			m, err := raster.DecodeMask(data)
			if err != nil {
				os.Exit(4)
			}
			sum += 1000 * m.Count()
		}
		fmt.Printf("{\"id\": %d, \"score\": %d}\n", r.ID, sum+len(r.Requirement)+len(r.Source_caption)+len(r.Target_caption)+len(r.References))
	}
	os.Exit(0)
}

func program(t *testing.T, mode string, timeout float64) trial.Metric {
	t.Helper()
	entry, info, err := trial.Metrics.Get("command")
	if err != nil {
		t.Fatal(err)
	}
	return make1(t, info, entry, map[string]any{"command": []string{os.Args[0], "-test.run=^TestProgram$", "--", mode}, "timeout": timeout})
}

func ask(m trial.Metric, requirement string) (float64, error) {
	s, err := m.Score(&trial.Trial{Input: flat(4, 4, 9), Output: flat(4, 4, 7), Requirement: requirement})
	return s.Value, err
}

func TestCommand(t *testing.T) {
	m := program(t, "score", 30)
	mask := raster.NewMask(4, 4)
	mask.In[3] = 1
	s, err := m.Score(&trial.Trial{Input: flat(4, 4, 9), Output: flat(4, 4, 7), Requirement: "ab", SourceCaption: "cde", TargetCaption: "f", References: []string{"x", "y"}, Mask: mask})
	if want := 2.*48 + 1000 + 2 + 3 + 1 + 2; err != nil || s.Value != want {
		t.Errorf("score %v (%v), want %v", s.Value, err, want)
	}
	for range 3 { // the same process goes on
		if v, err := ask(m, ""); v != 96 || err != nil {
			t.Errorf("score %v (%v), want 96", v, err)
		}
	}
}

// Each failure is one trial's: the next is scored.
func TestCommandFailures(t *testing.T) {
	for _, c := range []struct {
		mode, say, want string
		timeout         float64
	}{
		{"sleep", "slow", "no answer within", .4}, {"die", "die", "out of memory", 30}, {"garbage", "garbage", "Loading weights", 30},
		{"other", "", "not for id", 30}, {"refuse", "", "it says: too small", 30}, {"nothing", "", "neither score nor error", 30},
	} {
		m := program(t, c.mode, c.timeout)
		if _, err := ask(m, c.say); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.mode, err, c.want)
		}
		if c.say == "" {
			continue
		}
		if c.mode == "sleep" {
			continue // its next start may itself be slower than the limit
		}
		if v, err := ask(m, "a"); v != 97 || err != nil {
			t.Errorf("%s: after a failure %v (%v), want 97", c.mode, v, err)
		}
	}
	entry, info, _ := trial.Metrics.Get("command")
	if _, err := entry.New(values(t, info, map[string]any{"command": []string{"no-such-program-anywhere"}}), nil); err == nil {
		t.Error("a program that is not there is no error")
	}
	if e, _, _ := trial.Metrics.Get("command-similarity"); e.Direction != trial.Similarity || !math.IsInf(e.High, 1) {
		t.Error("command-similarity is no similarity")
	}
}

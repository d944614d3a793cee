package zoo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"probity/internal/sharedtest"
	"probity/zoo"
)

const normalisationFile = fixtures + "/normalisation.json"

// normalisationRow is what Check notices of one model under one manifest: names and noticed go together.
type normalisationRow struct {
	Names   []string `json:"names"`
	Noticed []string `json:"noticed"`
}

// What a wrong normalisation shows of itself, on every genuine and bundled model at hand, is what docs/models.md says: no right manifest
// is accused, and those that are noticed are.
func TestWrongNormalisationsThatAreNoticed(t *testing.T) {
	bundled := open(t, filepath.Join("bundled", "models"))
	var clips []string
	for _, name := range bundled.Names() {
		if strings.Contains(name, "-clip-") {
			clips = append(clips, name)
		}
	}
	known := map[string]normalisationRow{}
	if data, err := os.ReadFile(normalisationFile); err == nil {
		if err := json.Unmarshal(data, &known); err != nil {
			t.Fatal(err)
		}
	}
	hold := func(t *testing.T, z *zoo.Zoo, names ...string) {
		t.Helper()
		for _, name := range names {
			m, err := z.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			var row normalisationRow
			if row.Names, row.Noticed, err = zoo.Wrong(context.Background(), m); err != nil {
				t.Fatal(err)
			}
			z.Release(name)
			if row.Noticed[0] != "" {
				t.Errorf("%s: the right manifest is accused by its %s", name, row.Noticed[0])
			}
			if !*update && !slices.Equal(row.Noticed, known[name].Noticed) {
				t.Errorf("%s: of %q are noticed %q, docs/models.md says %q", name, row.Names, row.Noticed, known[name].Noticed)
			}
			known[name] = row
		}
	}
	hold(t, bundled, append(clips, "micro-cnn-class-s0", "micro-vit-class-s0")...)
	t.Run("genuine", func(t *testing.T) {
		hold(t, open(t, sharedtest.Dir(t, "models")), "squeezenet1.1", "mobilenetv2-1.0", "vit-tiny-patch16-224", "alexnet")
	})
	if *update {
		data, err := json.MarshalIndent(known, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(normalisationFile, append(data, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// normalisationTable shows what that test measured: the bundled pairs of one kind together.
func normalisationTable(t *testing.T) string {
	var known map[string]normalisationRow
	readJSON(t, normalisationFile, &known)
	heads := known["squeezenet1.1"].Names
	var b strings.Builder
	fmt.Fprintf(&b, "| model | %s |\n|---|%s\n", strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
	group := func(name string) string {
		if i := strings.LastIndex(name, "-s"); i > 0 && strings.Contains(name, "-clip-") {
			return name[:i]
		}
		return name
	}
	rows := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		rows[group(name)] = append(rows[group(name)], name)
	}
	for _, g := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&b, "| %s", g)
		if n := len(rows[g]); n > 1 {
			fmt.Fprintf(&b, ", %d seeds", n)
		}
		for k := range heads {
			count := map[string]int{}
			for _, name := range rows[g] {
				count[known[name].Noticed[k]]++
			}
			cell := ""
			switch n := len(rows[g]); {
			case k == 0 && count[""] == n:
				cell = "not accused"
			case count[""] == n:
				cell = "no"
			case count["own"] == n:
				cell = "its own"
			case count["span"] == n:
				cell = "by its span"
			default:
				found := n - count[""]
				cell = "yes"
				if found < n {
					cell = fmt.Sprintf("%d of %d", found, n)
				}
			}
			fmt.Fprintf(&b, " | %s", cell)
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

// A bundled pair that is given levels as 0 to 1 in place of -1 to 1 is suspected by its words.
func TestCheckSuspectsTheNormalisation(t *testing.T) {
	open(t)
	const name = "micro-cnn-clip-full-s1"
	dir := t.TempDir()
	for _, f := range []string{name + ".toml", name + ".onnx", name + "-text.onnx", "micro-words.txt"} {
		data, err := os.ReadFile(filepath.Join("bundled", "models", f))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if strings.HasSuffix(f, ".toml") { // levels as 0 to 1, which no other check notices
			text = strings.Replace(strings.Replace(text, "mean = [0.5, 0.5, 0.5]", "mean = [0.0, 0.0, 0.0]", 1), "std = [0.5, 0.5, 0.5]", "std = [1.0, 1.0, 1.0]", 1)
			if text == string(data) {
				t.Fatal("the manifest has changed")
			}
		}
		if err := os.WriteFile(filepath.Join(dir, f), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := open(t, dir).Check(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	all, remedies := "", ""
	for _, f := range found {
		all += f.What + "\n"
		if f.Problem {
			remedies += f.What + ": " + f.Remedy + "\n"
		}
	}
	if !strings.Contains(all, "never negative") || !strings.Contains(remedies, "words") {
		t.Errorf("0..1 in place of -1..1: %s\nproblems: %s", all, remedies)
	}
}

// A network of ImageNet's classes that is given its channels in the wrong order is told so, and its numbers are not accused.
func TestCheckSuspectsTheOrderOfChannels(t *testing.T) {
	models := sharedtest.Dir(t, "models")
	open(t)
	man, err := os.ReadFile(filepath.Join("catalog", "squeezenet1.1.toml"))
	if err != nil {
		t.Fatal(err)
	}
	onnx, err := os.ReadFile(filepath.Join(models, "squeezenet1.1.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	turned := strings.Replace(string(man), "[preprocess]\n", "[preprocess]\norder = \"BGR\"\n", 1)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "squeezenet1.1.toml"), []byte(turned), 0o644), os.WriteFile(filepath.Join(dir, "squeezenet1.1.onnx"), onnx, 0o644)); err != nil {
		t.Fatal(err)
	}
	found, err := open(t, dir).Check(context.Background(), "squeezenet1.1")
	if err != nil {
		t.Fatal(err)
	}
	problems := ""
	for _, f := range found {
		if f.Problem {
			problems += f.What + ": " + f.Remedy + "\n"
		}
	}
	if !strings.Contains(problems, "channels in the other order") || !strings.Contains(problems, `order = "RGB"`) {
		t.Errorf("BGR in place of RGB: %q", problems)
	}
}

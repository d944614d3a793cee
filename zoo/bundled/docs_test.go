package bundled_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated parts of docs/zoo.md")

const zooPage = "../../docs/zoo.md"

// Every number on the page comes from the committed evaluation tables and the bundled manifests.
func TestZooPageIsTheTables(t *testing.T) {
	data, err := os.ReadFile(zooPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for name, text := range map[string]string{
		"cells": learned(t, "cells.csv"), "marks": marks(t), "ladder": learned(t, "ladder.csv"), "matched": matched(t), "effort": effort(t), "files": fileList(t),
	} {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
		from, to := strings.Index(page, begin), strings.Index(page, end)
		if from < 0 || to < from {
			t.Fatalf("%s has lost its marks %q", zooPage, begin)
		}
		page = page[:from+len(begin)] + "\n" + text + "\n" + page[to:]
	}
	if *update {
		if err := os.WriteFile(zooPage, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if page != string(data) {
		t.Errorf("%s is out of date: go test ./zoo/bundled -run TestZooPage -update", zooPage)
	}
}

// cell is the name of a model without its seed.
func cell(name string) string {
	name = strings.TrimPrefix(name, "micro-")
	return name[:strings.LastIndex(name, "-s")]
}

// byCell groups rows in the order of the table.
func byCell(rows []map[string]string) (names []string, groups map[string][]map[string]string) {
	groups = map[string][]map[string]string{}
	for _, r := range rows {
		c := cell(r["name"])
		if groups[c] == nil {
			names = append(names, c)
		}
		groups[c] = append(groups[c], r)
	}
	return names, groups
}

func numbers(t *testing.T, rows []map[string]string, key string) []float64 {
	var out []float64
	for _, r := range rows {
		if r[key] == "" {
			continue
		}
		v, err := strconv.ParseFloat(r[key], 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// span writes one number a seed as its mean with the smallest and largest.
func span(v []float64) string {
	if len(v) == 0 {
		return "n/a"
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	short := func(x float64) string {
		return strings.Replace(strings.Replace(fmt.Sprintf("%.2f", math.Round(100*x)/100+0), "-0.00", "0.00", 1), "0.", ".", 1)
	}
	lo, hi := short(slices.Min(v)), short(slices.Max(v))
	if lo == hi {
		return short(sum / float64(len(v)))
	}
	return fmt.Sprintf("%s (%s–%s)", short(sum/float64(len(v))), lo, hi)
}

func learned(t *testing.T, file string) string {
	var b strings.Builder
	b.WriteString("| cell | seeds | class | probe: shape | colour | texture | zero-shot: shape | colour | texture | controlled: shape | colour | texture |\n|---|" + strings.Repeat("---|", 11) + "\n")
	names, groups := byCell(results(t, file))
	for _, n := range names {
		g := groups[n]
		title := n
		if slices.ContainsFunc(g, func(r map[string]string) bool { return r["mark"] != "" }) {
			title += " †"
		}
		fmt.Fprintf(&b, "| %s | %d", title, len(g))
		for _, key := range []string{"class", "probe-shape", "probe-colour", "probe-texture", "zero-shot-shape", "zero-shot-colour", "zero-shot-texture",
			"controlled-shape", "controlled-colour", "controlled-texture"} {
			fmt.Fprintf(&b, " | %s", span(numbers(t, g, key)))
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

// matched lists the pairs of equal accuracy: the families' last states of each arm and seed, or the one that stands in for it.
func matched(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| arm, seed | CNN: samples | probe: shape | colour | texture | ViT: samples | probe: shape | colour | texture |\n|---|" + strings.Repeat("---:|", 8) + "\n")
	var names []string
	at := map[string]map[string]string{}
	for _, r := range results(t, "matched.csv") {
		name := r["arm"] + ", " + r["seed"]
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		key := r["family"] + " " + name
		if o := at[key]; o == nil || o["matched"] == "" && (r["matched"] != "" || numbers(t, []map[string]string{o, r}, "step")[0] < numbers(t, []map[string]string{o, r}, "step")[1]) {
			at[key] = r
		}
	}
	for _, name := range names {
		fmt.Fprintf(&b, "| %s", name)
		for _, family := range []string{"cnn", "vit"} {
			r := at[family+" "+name]
			if r == nil {
				b.WriteString(" | | | |")
				continue
			}
			samples, _ := strconv.Atoi(r["samples"])
			fmt.Fprintf(&b, " | %s", thousands(samples))
			for _, key := range []string{"probe-shape", "probe-colour", "probe-texture"} {
				fmt.Fprintf(&b, " | %s", span(numbers(t, []map[string]string{r}, key)))
			}
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

func marks(t *testing.T) string {
	var b strings.Builder
	for _, r := range results(t, "cells.csv") {
		if r["mark"] != "" {
			fmt.Fprintf(&b, "- `%s`: %s.\n", r["name"], r["mark"])
		}
	}
	return b.String()
}

func effort(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| cell | samples seen | batch | peak rate | image tower's parameters | loss at the end | last tenth's share of it | weights' rounding moves the embedding by |\n|---|---|---|---|---|---|---|---|\n")
	names, groups := byCell(results(t, "cells.csv"))
	for _, n := range names {
		g := groups[n]
		if g[0]["samples"] == "0" {
			continue
		}
		most := slices.Max(numbers(t, g, "rounding"))
		fall := numbers(t, g, "falling")
		samples, _ := strconv.Atoi(g[0]["samples"])
		parameters, _ := strconv.Atoi(g[0]["parameters"])
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %.1f %% |\n", n, thousands(samples), g[0]["batch"], g[0]["lr"], thousands(parameters),
			span(numbers(t, g, "loss")), span(fall), 100*most)
	}
	return b.String()
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func fileList(t *testing.T) string {
	all := manifests(t)
	var names []string
	var bytes int64
	for n, m := range all {
		names = append(names, n)
		bytes += m.Size
		if m.Text != nil {
			bytes += m.Text.Size
		}
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%d models, %.1f MB:\n\n", len(names), float64(bytes)/1e6)
	byName := map[string][]string{}
	var cells []string
	for _, n := range names {
		c := cell(n)
		if byName[c] == nil {
			cells = append(cells, c)
		}
		byName[c] = append(byName[c], n[strings.LastIndex(n, "-s")+1:])
	}
	for _, c := range cells {
		fmt.Fprintf(&b, "- `micro-%s-`: %s\n", c, strings.Join(byName[c], ", "))
	}
	return b.String()
}

package experiments_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"probity/harness"
	"probity/internal/registry"
	"probity/internal/trial"
	"probity/reports"
)

var update = flag.Bool("update", false, "write the generated parts of docs/experiment-file.md anew")

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(string(data), "\r\n", "\n"))
}

var generated = regexp.MustCompile(`(?s)<!-- (keys|kinds): (\S+) -->\n.*?<!-- end -->`)

// TestReference compares the generated parts of the documentation, the tables of keys and of kinds, with what the schema
// and the registries say. `go test ./experiments -update` writes them.
func TestReference(t *testing.T) {
	const path = "../docs/experiment-file.md"
	old := string(read(t, path))
	var schema map[string]any
	if err := json.Unmarshal(harness.Schema(reports.Kinds), &schema); err != nil {
		t.Fatal(err)
	}
	parts := 0
	fresh := generated.ReplaceAllStringFunc(old, func(part string) string {
		parts++
		m := generated.FindStringSubmatch(part)
		var body string
		switch m[1] {
		case "keys":
			body = keyTable(t, schema, m[2])
		case "kinds":
			body = kindTables(t, m[2])
		}
		return fmt.Sprintf("<!-- %s: %s -->\n%s<!-- end -->", m[1], m[2], body)
	})
	if parts < 10 {
		t.Fatalf("only %d generated parts were found", parts)
	}
	if fresh == old {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what the registries say: go test ./experiments -run TestReference -update", path)
}

// keyOrder is the order of the rows.
var keyOrder = map[string][]string{
	"/":               {"probity", "name", "question", "seed", "overlong_texts", "images", "human", "suite", "space", "metric", "set_metric", "perturb", "set_perturb", "finding", "hypothesis", "figures"},
	"/images":         {"dataset", "path", "limit", "size", "fit"},
	"/perturb":        {"kind", "steps", "name", "role", "severity", "region", "replicates", "draws"},
	"/perturb/region": {"shape", "area", "placement", "mask"},
	"/space":          {"models", "name", "output", "features", "gallery", "attributes"},
	"/space/features": {"images", "texts", "pairs"},
	"/hypothesis":     {"name", "finding", "contrast", "at", "smallest_effect"},
	"/hypothesis/at":  {"perturb", "severity", "shape", "area", "null"},
	"/figures":        {"formats", "width", "axis", "only"},
}

// keyTable is the table of the keys that the schema has at a path.
func keyTable(t *testing.T, schema map[string]any, path string) string {
	object := schema
	property := func(o map[string]any, name string) map[string]any {
		p, ok := o["properties"].(map[string]any)[name].(map[string]any)
		if !ok {
			t.Fatalf("the schema has no %s at %s", name, path)
		}
		return p
	}
	last := func(o map[string]any) map[string]any {
		each := o["oneOf"].([]any)
		return each[len(each)-1].(map[string]any)
	}
	switch path {
	case "/":
	case "/images":
		object = last(property(object, "images"))
		object["properties"].(map[string]any)["dataset"] = map[string]any{"type": "string", "description": "Name of the data set."}
		property(object, "path")["description"] = "Where the pictures lie, relative to the file; --images replaces it."
	case "/perturb":
		object = last(property(object, "perturb")["items"].(map[string]any))
		object["properties"].(map[string]any)["kind"] = map[string]any{"type": "string", "description": "What is done, one of the perturbations below. Either this or steps."}
		object["required"] = nil
	case "/perturb/region":
		chain := last(property(object, "perturb")["items"].(map[string]any))
		object = property(chain, "region")["oneOf"].([]any)[1].(map[string]any)
	case "/hypothesis":
		object = property(object, "hypothesis")["items"].(map[string]any)
	case "/space":
		object = property(object, "space")["items"].(map[string]any)
	case "/space/features":
		object = property(property(object, "space")["items"].(map[string]any), "features")
	case "/hypothesis/at":
		object = property(property(object, "hypothesis")["items"].(map[string]any), "at")
	case "/figures":
		object = property(object, "figures")
	default:
		t.Fatalf("no table of keys for %s", path)
	}
	required := map[string]bool{}
	list, _ := object["required"].([]any)
	for _, r := range list {
		required[r.(string)] = true
	}
	names := keyOrder[path]
	if path != "/images" { // a data set has keys of its own besides
		var all []string
		for name := range object["properties"].(map[string]any) {
			all = append(all, name)
		}
		if missing := slices.DeleteFunc(all, func(n string) bool { return slices.Contains(names, n) }); len(missing) > 0 {
			t.Fatalf("the table of keys for %s lacks %q", path, missing)
		}
	}
	var b strings.Builder
	b.WriteString("\n| key | value | default | meaning |\n|---|---|---|---|\n")
	for _, name := range names {
		p := property(object, name)
		def := ""
		switch v := p["default"].(type) {
		case []any:
			var all []string
			for _, e := range v {
				all = append(all, fmt.Sprintf("`%q`", e))
			}
			def = strings.Join(all, ", ")
		case nil:
			if required[name] {
				def = "required"
			}
		case string:
			def = "`\"" + v + "\"`"
		default:
			def = fmt.Sprintf("`%v`", v)
		}
		doc, _ := p["description"].(string)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, valueText(p), def, cell(doc))
	}
	b.WriteString("\n")
	return b.String()
}

// valueText says in words what a schema takes.
func valueText(s map[string]any) string {
	switch {
	case s["const"] != nil:
		if text, ok := s["const"].(string); ok {
			return "`\"" + text + "\"`"
		}
		return fmt.Sprintf("`%v`", s["const"])
	case s["enum"] != nil:
		var all []string
		for _, e := range s["enum"].([]any) {
			all = append(all, fmt.Sprintf("`%q`", e))
		}
		return strings.Join(all, ", ")
	case s["oneOf"] != nil:
		var all []string
		seen := map[string]bool{}
		for _, e := range s["oneOf"].([]any) {
			if text := valueText(e.(map[string]any)); !seen[text] {
				seen[text] = true
				all = append(all, text)
			}
		}
		if len(all) > 4 {
			return "a table"
		}
		return strings.Join(all, " or ")
	}
	switch s["type"] {
	case "array":
		items := valueText(s["items"].(map[string]any))
		if items == "a table" {
			return "tables"
		}
		return "list of " + items
	case "object":
		return "a table"
	case "integer":
		return "whole number" + rangeText(s)
	case "number":
		return "number" + rangeText(s)
	}
	return fmt.Sprint(s["type"])
}

func rangeText(s map[string]any) string {
	lo, hasLo := s["minimum"].(float64)
	above, hasAbove := s["exclusiveMinimum"].(float64)
	hi, hasHi := s["maximum"].(float64)
	switch {
	case hasLo && hasHi:
		return fmt.Sprintf(", %g to %g", lo, hi)
	case hasAbove && hasHi:
		return fmt.Sprintf(" above %g, up to %g", above, hi)
	case hasLo:
		return fmt.Sprintf(", %g or more", lo)
	case hasAbove:
		return fmt.Sprintf(" above %g", above)
	}
	return ""
}

func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", "\\|")
}

// kindTables describes every registrant of one sort.
func kindTables(t *testing.T, sort string) string {
	var b strings.Builder
	b.WriteString("\n")
	one := func(info registry.Info, err error, facts ...string) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "### %s\n\n%s.\n", info.Name, strings.ToUpper(info.Doc[:1])+strings.TrimRight(info.Doc[1:], "."))
		for _, f := range append(facts, info.Long) {
			if f != "" {
				fmt.Fprintf(&b, "\n%s\n", f)
			}
		}
		if info.Source != "" {
			fmt.Fprintf(&b, "\nSource: %s.\n", strings.TrimRight(info.Source, "."))
		}
		if len(info.Params) > 0 {
			b.WriteString("\n| parameter | value | default | meaning |\n|---|---|---|---|\n")
		}
		for _, p := range info.Params {
			def := ""
			if p.Default != nil {
				def = "`" + registry.Text(p.Default) + "`"
			} else if p.Required {
				def = "required"
			}
			value := string(p.Type)
			if len(p.Enum) > 0 {
				value = "`\"" + strings.Join(p.Enum, "\"`, `\"") + "\"`"
			} else if p.Model {
				value = "a model's name"
			} else if p.Path {
				value = "path"
			}
			if p.Unit != "" {
				value += " (" + p.Unit + ")"
			}
			if p.Bounded() {
				switch {
				case math.IsInf(p.Max, 1):
					value += fmt.Sprintf(", %g or more", p.Min)
				case math.IsInf(p.Min, -1):
					value += fmt.Sprintf(", %g or less", p.Max)
				default:
					value += fmt.Sprintf(", %g to %g", p.Min, p.Max)
				}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Name, value, cell(def), cell(p.Doc))
		}
		b.WriteString("\n")
	}
	switch sort {
	case "datasets":
		for _, name := range trial.Datasets.Names() {
			e, info, err := trial.Datasets.Get(name)
			var facts []string
			if e.Needs != "" {
				facts = append(facts, "Needs "+e.Needs+".")
			}
			if e.Where != "" {
				facts = append(facts, "Published at "+e.Where+".")
			}
			if e.Judged {
				facts = append(facts, "Brings human judgements: it can be a `[[human]]`.")
			}
			one(info, err, facts...)
		}
	case "metrics":
		for _, name := range trial.Metrics.Names() {
			e, info, err := trial.Metrics.Get(name)
			one(info, err, fmt.Sprintf("A %s, %s.", e.Direction, between(e.Low, e.High, e.Unit)))
		}
	case "set-metrics":
		for _, name := range trial.SetMetrics.Names() {
			e, info, err := trial.SetMetrics.Get(name)
			one(info, err, fmt.Sprintf("A %s, %s.", e.Direction, between(e.Low, e.High, e.Unit)))
		}
	case "perturbations":
		for _, name := range trial.Perturbations.Names() {
			e, info, err := trial.Perturbations.Get(name)
			axis := "No severity axis: it is done or not."
			if a := e.Axis; !a.Fixed {
				axis = fmt.Sprintf("Severity: %s, %s", a.Name, between(a.Min, a.Max, a.Unit))
				if a.Integer {
					axis += ", whole numbers"
				}
				if a.Descending {
					axis += "; smaller is stronger"
				}
				axis += "."
				if len(a.Default) > 0 {
					axis += " Default `" + registry.Text(a.Default) + "`."
				}
			}
			if e.Regions {
				axis += " Takes a region."
			}
			strip := "perturbations/" + name + ".jpg"
			if _, err := os.Stat(filepath.Join("..", "docs", strip)); err == nil {
				axis += fmt.Sprintf("\n\n![%s at some of its default severities](%s)", name, strip)
			}
			one(info, err, axis)
		}
	case "set-perturbations":
		for _, name := range trial.SetPerturbations.Names() {
			e, info, err := trial.SetPerturbations.Get(name)
			facts := fmt.Sprintf("Severity: %s, %s. Default `%s`.", e.Axis.Name, between(e.Axis.Min, e.Axis.Max, e.Axis.Unit), registry.Text(e.Axis.Default))
			if e.Classes {
				facts += " Needs pictures with classes."
			}
			one(info, err, facts)
		}
	case "findings":
		for _, name := range reports.Kinds.Names() {
			info, err := reports.Kinds.Info(name)
			one(info, err)
		}
	default:
		t.Fatalf("no kinds of %s", sort)
	}
	return b.String()
}

func between(lo, hi float64, unit string) string {
	var s string
	switch {
	case math.IsInf(lo, -1) && math.IsInf(hi, 1):
		s = "unbounded"
	case math.IsInf(hi, 1):
		s = fmt.Sprintf("%g or more", lo)
	case math.IsInf(lo, -1):
		s = fmt.Sprintf("at most %g", hi)
	default:
		s = fmt.Sprintf("%g to %g", lo, hi)
	}
	return strings.TrimSpace(s + " " + unit)
}

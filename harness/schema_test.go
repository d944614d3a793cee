package harness_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"probity/harness"
)

// valid checks a TOML value against the part of JSON schema draft-07 that Schema uses, and says what is wrong first.
func valid(schema map[string]any, v any, path string) error {
	for key := range schema {
		switch key {
		case "$schema", "title", "description", "default", "type", "properties", "additionalProperties", "required", "items", "minItems",
			"oneOf", "anyOf", "uniqueItems", "const", "enum", "minimum", "maximum", "exclusiveMinimum", "pattern", "maxLength":
		default:
			return fmt.Errorf("%s: the schema uses %q, which this test does not know", path, key)
		}
	}
	switch x := v.(type) {
	case int64:
		v = float64(x)
	case []map[string]any:
		list := make([]any, len(x))
		for i := range x {
			list[i] = x[i]
		}
		v = list
	}
	if c, ok := schema["const"]; ok && !reflect.DeepEqual(c, v) {
		return fmt.Errorf("%s: %v is not %v", path, v, c)
	}
	if enum, ok := schema["enum"].([]any); ok {
		found := false
		for _, e := range enum {
			found = found || reflect.DeepEqual(e, v)
		}
		if !found {
			return fmt.Errorf("%s: %v is not in %v", path, v, enum)
		}
	}
	if each, ok := schema["oneOf"].([]any); ok {
		n := 0
		var last error
		for _, s := range each {
			if err := valid(s.(map[string]any), v, path); err == nil {
				n++
			} else {
				last = err
			}
		}
		if n != 1 {
			return fmt.Errorf("%s: %d of %d schemas fit (%v)", path, n, len(each), last)
		}
	}
	if each, ok := schema["anyOf"].([]any); ok {
		var last error
		for _, s := range each {
			if last = valid(s.(map[string]any), v, path); last == nil {
				break
			}
		}
		if last != nil {
			return last
		}
	}
	switch schema["type"] {
	case "object":
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: no table", path)
		}
		properties, _ := schema["properties"].(map[string]any)
		for key, inner := range m {
			p, known := properties[key].(map[string]any)
			if !known {
				if schema["additionalProperties"] == false {
					return fmt.Errorf("%s: unknown key %s", path, key)
				}
				continue
			}
			if err := valid(p, inner, path+"."+key); err != nil {
				return err
			}
		}
		required, _ := schema["required"].([]any)
		for _, r := range required {
			if _, ok := m[r.(string)]; !ok {
				return fmt.Errorf("%s: %s is missing", path, r)
			}
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s: no list", path)
		}
		if least, ok := schema["minItems"].(float64); ok && float64(len(list)) < least {
			return fmt.Errorf("%s: too short", path)
		}
		for i, e := range list {
			if err := valid(schema["items"].(map[string]any), e, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case "string":
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("%s: no string", path)
		}
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(s) {
			return fmt.Errorf("%s: %q does not match %s", path, s, p)
		}
	case "number", "integer":
		f, ok := v.(float64)
		lo, bounded := schema["minimum"].(float64)
		hi, bounded2 := schema["maximum"].(float64)
		above, bounded3 := schema["exclusiveMinimum"].(float64)
		if !ok || bounded && f < lo || bounded2 && f > hi || bounded3 && f <= above || schema["type"] == "integer" && f != float64(int64(f)) {
			return fmt.Errorf("%s: %v is not a %s in range", path, v, schema["type"])
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("%s: not true or false", path)
		}
	}
	return nil
}

func schema(t *testing.T) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(harness.Schema(sampleFindings), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaAcceptsWhatParseAccepts(t *testing.T) {
	s := schema(t)
	chain := plain + "[[perturb]]\nsteps = [{ kind = \"sample-blur\", severity = 1 }, { kind = \"sample-hue\" }]\nseverity = [2, 4]\n" +
		"[[hypothesis]]\nfinding = \"detection\"\ncontrast = \"sample-mse - sample-cosine(cnn-small)\"\nat = { perturb = \"sample-hue\", severity = 5 }\nsmallest_effect = 0.1\n" +
		"[figures]\nformats = [\"pdf\"]\n"
	for name, src := range map[string]string{"plain": plain, "rich": rich, "chain": chain} {
		parse(t, src)
		var doc map[string]any
		if _, err := toml.Decode(src, &doc); err != nil {
			t.Fatal(err)
		}
		if err := valid(s, doc, name); err != nil {
			t.Error(err)
		}
	}
}

// TestSchemaRefusesWhatParseRefuses leaves out what a schema cannot say: names that must match other sections, and
// whole-file conditions.
func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	s := schema(t)
	beyond := map[string]bool{"syntax": true, "syntax-duplicate-key": true, "finding-labels": true, "duplicate-labels": true,
		"findings-without-stimuli": true, "nothing-to-judge-with": true, "finding-without-space": true, "effects": true}
	files, err := filepath.Glob("../testdata/harness/wrong/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no wrong documents", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		if beyond[name] {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if _, err := toml.Decode(string(src), &doc); err != nil {
			t.Fatal(err)
		}
		if doc == nil {
			doc = map[string]any{}
		}
		if err := valid(s, doc, name); err == nil {
			t.Errorf("%s: the schema accepts what Parse refuses", name)
		}
	}
}

func TestSchemaIsStable(t *testing.T) {
	first, second := harness.Schema(sampleFindings), harness.Schema(sampleFindings)
	if !bytes.Equal(first, second) {
		t.Error("two calls give different bytes")
	}
}

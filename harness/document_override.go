package harness

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"probity/internal/registry"
)

// override applies one "key=value" to the decoded document.
func (d *document) override(set string) {
	fail := func(format string, args ...any) {
		d.errs = append(d.errs, DocumentError{File: d.name, Override: "--set " + set, Problem: fmt.Sprintf(format, args...)})
	}
	key, text, ok := strings.Cut(set, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" {
		fail("wants key=value, such as images.limit=12")
		return
	}
	parts := strings.Split(key, ".")
	m, path := d.root, ""
	for i := 0; i < len(parts); i++ {
		part := parts[i]
		if part == "" {
			fail("the key %q has an empty part", key)
			return
		}
		path = join(path, part)
		if i == len(parts)-1 {
			m[part] = overrideValue(text)
			d.set[path] = set
			return
		}
		switch next := m[part].(type) {
		case nil:
			table := map[string]any{}
			m[part] = table
			m = table
		case map[string]any:
			m = next
		default:
			list := tableList(next)
			if list == nil {
				fail("%s is %s, not a table", path, describeTOML(next))
				return
			}
			i++
			if i == len(parts)-1 {
				fail("%s is a list of tables: name one by its place from 0, its name or its kind, and a key in it, such as %s.0.%s=...",
					path, path, parts[i])
				return
			}
			at, err := pick(list, parts[i], path)
			if err != nil {
				fail("%v", err)
				return
			}
			m, path = list[at], element(path, at)
		}
	}
}

// tableList gives the tables of a list of tables, or nil.
func tableList(v any) []map[string]any {
	switch x := v.(type) {
	case []map[string]any:
		return x
	case []any:
		var out []map[string]any
		for _, e := range x {
			m, ok := e.(map[string]any)
			if !ok {
				return nil
			}
			out = append(out, m)
		}
		return out
	}
	return nil
}

// pick finds an element of a list of tables by its place from 0, its name or its kind.
func pick(list []map[string]any, which, path string) (int, error) {
	if n, err := strconv.Atoi(which); err == nil {
		if n < 0 || n >= len(list) {
			return 0, fmt.Errorf("%s has no element %d, it has 0 to %d", path, n, len(list)-1)
		}
		return n, nil
	}
	var names []string
	for _, key := range []string{"name", "kind"} {
		found := -1
		for i, m := range list {
			s, ok := m[key].(string)
			if !ok {
				continue
			}
			names = append(names, s)
			if s != which {
				continue
			}
			if found >= 0 {
				return 0, fmt.Errorf("%s has several elements with %s %q: name one by its place from 0, such as %s.%d", path, key, which, path, found)
			}
			found = i
		}
		if found >= 0 {
			return found, nil
		}
	}
	if near := registry.Nearest(which, names); near != "" {
		return 0, fmt.Errorf("%s has no element named %q; did you mean %q?", path, which, near)
	}
	return 0, fmt.Errorf("%s has no element named %q, it has %s", path, which, strings.Join(names, ", "))
}

// overrideValue reads a value as TOML does; what is no TOML value is taken as a string, so that a shell's quotes need
// no quotes inside them.
func overrideValue(text string) any {
	text = strings.TrimSpace(text)
	if !strings.ContainsAny(text, "\n\r") {
		var v struct{ V any }
		if md, err := toml.Decode("V = "+text, &v); err == nil && len(md.Keys()) > 0 && v.V != nil {
			return v.V
		}
	}
	return text
}

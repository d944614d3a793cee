package harness

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"

	"probity/internal/registry"
)

// document is an experiment file while it is being read. Problems are collected, each at its place, and reading goes on
// with whatever is still usable.
type document struct {
	name  string
	src   []byte
	root  map[string]any
	index *positions
	lines *lineIndex
	set   map[string]string // paths that overrides have set, with the override
	errs  []DocumentError

	// Some sections could not be read, so that a label that nothing has may be theirs.
	lostMetrics, lostPerturbs bool
	wantedMetrics             int // sections of metrics and set metrics, one each model where they name several
}

func newDocument(name string, src []byte) *document {
	return &document{name: name, src: src, root: map[string]any{}, lines: newLineIndex(src), set: map[string]string{}}
}

// decode parses the file and reports whether it is TOML at all.
func (d *document) decode() bool {
	if len(d.src) > maxDocument {
		d.errs = append(d.errs, DocumentError{File: d.name, Problem: fmt.Sprintf("has %d bytes, more than any experiment file: at most %d are read", len(d.src), maxDocument)})
		return false
	}
	if at := tooDeep(d.src); at >= 0 {
		p := d.lines.place(at)
		d.errs = append(d.errs, DocumentError{File: d.name, Line: p.Line, Col: p.Col, Text: d.lines.line(p.Line),
			Problem: fmt.Sprintf("lists and tables are nested more than %d deep", maxNesting)})
		return false
	}
	d.index = indexDocument(d.src)
	_, err := toml.Decode(string(d.src), &d.root)
	if err == nil {
		return true
	}
	e := DocumentError{File: d.name, Problem: "this is not TOML: " + strings.TrimPrefix(err.Error(), "toml: ")}
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		at := d.lines.place(syntax.Position.Start)
		e.Problem = "this is not TOML: " + strings.TrimSpace(syntax.Message)
		if syntax.LastKey != "" {
			e.Problem += fmt.Sprintf(" (after the key %q)", syntax.LastKey)
		}
		e.Line, e.Col, e.Text = at.Line, at.Col, d.lines.line(at.Line)
	}
	d.errs = append(d.errs, e)
	return false
}

func (d *document) failure() error {
	return &DocumentErrors{Errors: inOrder(d.errs)}
}

// spot says which part of a path an error points at.
type spot int

const (
	atValue spot = iota
	atKey
)

// fail notes a problem with what stands at path. Where the file has nothing there (a missing key), it points at the
// innermost thing around it.
func (d *document) fail(path string, at spot, format string, args ...any) {
	d.failNear(path, at, "", format, args...)
}

// failNear is fail with the name that was probably meant.
func (d *document) failNear(path string, at spot, candidate, format string, args ...any) {
	p := d.place(path, at)
	e := DocumentError{File: d.name, Line: p.Line, Col: p.Col, Override: p.Override, Key: path, Text: d.lines.line(p.Line),
		Problem: fmt.Sprintf(format, args...), Candidate: candidate}
	if !slices.Contains(d.errs, e) { // a section that stands for several is read several times
		d.errs = append(d.errs, e)
	}
}

func (d *document) place(path string, at spot) place {
	for p := path; p != ""; p = parent(p) {
		if by, ok := d.set[p]; ok {
			return place{Override: "--set " + by}
		}
	}
	for p := path; p != ""; p = parent(p) {
		if at == atValue {
			if found, ok := d.index.value[p]; ok {
				return found
			}
		}
		if found, ok := d.index.key[p]; ok {
			return found
		}
		at = atKey
	}
	return place{Line: 1, Col: 1}
}

// parent cuts the last key or element off a path.
func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}

// section is a table of the file that is being read: keys are taken from it one by one, and what was never asked for is
// unknown.
type section struct {
	d      *document
	path   string
	m      map[string]any
	known  []string
	stands map[string]string // where keys stand that are written elsewhere than below path
}

func (s *section) at(key string) string {
	if p, elsewhere := s.stands[key]; elsewhere {
		return p
	}
	return join(s.path, key)
}

// take gives the raw value of a key and remembers that the key is known.
func (s *section) take(key string) (any, bool) {
	if !slices.Contains(s.known, key) {
		s.known = append(s.known, key)
	}
	v, ok := s.m[key]
	return v, ok
}

func (s *section) has(key string) bool { _, ok := s.m[key]; return ok }

// missing notes that a required key is not there.
func (s *section) missing(key, what string) {
	s.d.fail(s.at(key), atKey, "missing: %s", what)
}

// text takes a string; "" where it is not there or wrong.
func (s *section) text(key string) string {
	v, ok := s.take(key)
	if !ok {
		return ""
	}
	t, ok := v.(string)
	if !ok {
		s.d.fail(s.at(key), atValue, "wants a string, got %s", describeTOML(v))
		return ""
	}
	return t
}

// choice takes a string that must be one of some.
func (s *section) choice(key, otherwise string, allowed ...string) string {
	v := s.text(key)
	switch {
	case v == "":
		if raw, ok := s.m[key]; ok && raw == "" {
			s.d.fail(s.at(key), atValue, "is empty, wants one of %s", strings.Join(allowed, ", "))
		}
		return otherwise
	case !slices.Contains(allowed, v):
		s.d.failNear(s.at(key), atValue, registry.Nearest(v, allowed), "%q is not one of %s", v, strings.Join(allowed, ", "))
		return otherwise
	}
	return v
}

// whole takes an integer in lo..hi.
func (s *section) whole(key string, otherwise, lo, hi int64) int64 {
	v, ok := s.take(key)
	if !ok {
		return otherwise
	}
	n, ok := v.(int64)
	switch {
	case !ok:
		s.d.fail(s.at(key), atValue, "wants a whole number, got %s", describeTOML(v))
		return otherwise
	case n < lo && hi >= math.MaxInt32:
		s.d.fail(s.at(key), atValue, "%d is too small, wants %d or more", n, lo)
		return otherwise
	case n < lo || n > hi:
		s.d.fail(s.at(key), atValue, "%d is outside %d to %d", n, lo, hi)
		return otherwise
	}
	return n
}

// number takes a finite number.
func (s *section) number(key string) (float64, bool) {
	v, ok := s.take(key)
	if !ok {
		return 0, false
	}
	return s.d.number(s.at(key), v)
}

func (d *document) number(path string, v any) (float64, bool) {
	var f float64
	switch x := v.(type) {
	case int64:
		f = float64(x)
	case float64:
		f = x
	default:
		d.fail(path, atValue, "wants a number, got %s", describeTOML(v))
		return 0, false
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		d.fail(path, atValue, "wants a finite number, got %v", f)
		return 0, false
	}
	return f, true
}

// numbers takes a list of numbers or a single one. paths are the places of the numbers that were good.
func (s *section) numbers(key string) (out []float64, paths []string) {
	v, ok := s.take(key)
	if !ok {
		return nil, nil
	}
	list, isList := v.([]any)
	if !isList {
		if f, ok := s.d.number(s.at(key), v); ok {
			return []float64{f}, []string{s.at(key)}
		}
		return nil, nil
	}
	if len(list) == 0 {
		s.d.fail(s.at(key), atValue, "is empty, wants at least one number")
	}
	for i, e := range list {
		p := element(s.at(key), i)
		if f, ok := s.d.number(p, e); ok {
			out, paths = append(out, f), append(paths, p)
		}
	}
	return out, paths
}

// texts takes a list of strings.
func (s *section) texts(key string) []string {
	v, ok := s.take(key)
	if !ok {
		return nil
	}
	list, isList := v.([]any)
	if !isList {
		s.d.fail(s.at(key), atValue, "wants a list of strings, got %s", describeTOML(v))
		return nil
	}
	var out []string
	for i, e := range list {
		t, ok := e.(string)
		if !ok {
			s.d.fail(element(s.at(key), i), atValue, "wants a string, got %s", describeTOML(e))
			continue
		}
		out = append(out, t)
	}
	return out
}

// table takes a table; nil where it is not there or no table.
func (s *section) table(key string) *section {
	v, ok := s.take(key)
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		hint := ""
		if list, isList := v.([]any); isList || isTables(v) {
			_ = list
			hint = fmt.Sprintf("; there is one [%s], not several", s.at(key))
		}
		s.d.fail(s.at(key), atValue, "wants a table, got %s%s", describeTOML(v), hint)
		return nil
	}
	return &section{d: s.d, path: s.at(key), m: m}
}

func isTables(v any) bool { _, ok := v.([]map[string]any); return ok }

// tables takes an array of tables, written as [[key]] or as key = [{...}].
func (s *section) tables(key string) []*section {
	v, ok := s.take(key)
	if !ok {
		return nil
	}
	var out []*section
	switch x := v.(type) {
	case []map[string]any:
		for i, m := range x {
			out = append(out, &section{d: s.d, path: element(s.at(key), i), m: m})
		}
	case []any:
		for i, e := range x {
			m, ok := e.(map[string]any)
			if !ok {
				s.d.fail(element(s.at(key), i), atValue, "wants a table, got %s", describeTOML(e))
				continue
			}
			out = append(out, &section{d: s.d, path: element(s.at(key), i), m: m})
		}
	case map[string]any:
		s.d.fail(s.at(key), atKey, "is a list: write [[%s]] in place of [%s]", s.at(key), s.at(key))
	default:
		s.d.fail(s.at(key), atValue, "wants tables written as [[%s]], got %s", s.at(key), describeTOML(v))
	}
	return out
}

// params checks what is left of the section against a registrant's parameters. ok is false where any was wrong.
func (s *section) params(info registry.Info) (registry.Values, bool) {
	given := map[string]any{}
	good := true
	for _, p := range info.Params {
		raw, ok := s.take(p.Name)
		if !ok {
			if p.Required {
				what := fmt.Sprintf("%s needs %s (%s: %s)", info.Name, p.Name, p.Type, p.Doc)
				if p.Model {
					what = fmt.Sprintf("%s needs a model: write %s = \"NAME\"; `probity models` lists them", info.Name, p.Name)
				}
				s.missing(p.Name, what)
				good = false
			}
			continue
		}
		v, err := p.Check(raw)
		if err != nil {
			s.d.fail(s.at(p.Name), atValue, "%v", err)
			good = false
			continue
		}
		if t, isText := v.(string); isText && p.Path && t != "" {
			v = resolve(filepath.Dir(s.d.name), t)
		}
		given[p.Name] = v
	}
	if !good {
		return registry.Values{}, false
	}
	values, errs := registry.NewValues(info, given)
	for _, err := range errs { // none is left, since each has been looked at above
		s.d.fail(s.path, atKey, "%v", err)
	}
	return values, len(errs) == 0
}

// forgive takes every key there is: where the kind is not known, neither are its keys.
func (s *section) forgive() {
	for key := range s.m {
		s.take(key)
	}
}

// close notes every key that nothing asked for. what says what kind of table this is.
func (s *section) close(what string) {
	var unknown []string
	for key := range s.m {
		if !slices.Contains(s.known, key) {
			unknown = append(unknown, key)
		}
	}
	sort.Strings(unknown)
	for _, key := range unknown {
		if near := registry.Nearest(key, s.known); near != "" {
			s.d.failNear(s.at(key), atKey, near, "unknown key %q in %s", key, what)
			continue
		}
		known := slices.Clone(s.known)
		sort.Strings(known)
		s.d.fail(s.at(key), atKey, "unknown key %q in %s, which takes %s", key, what, strings.Join(known, ", "))
	}
}

func describeTOML(v any) string {
	switch x := v.(type) {
	case string:
		if len(x) > 60 {
			x = x[:57] + "..."
		}
		return fmt.Sprintf("the string %q", x)
	case bool:
		return fmt.Sprintf("the boolean %v", x)
	case int64:
		return fmt.Sprintf("the whole number %d", x)
	case float64:
		return fmt.Sprintf("the number %v", x)
	case []any, []map[string]any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}

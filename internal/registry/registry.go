// Package registry describes what can be named in an experiment file: perturbations, metrics, data sets, findings.
//
// A registrant gives its name, a one-line doc, typed parameters with unit and default, its version and its source.
// From these `probity list`, the editor schema, the reference pages and the errors about a wrong parameter are all
// made, so that none of them can drift from the code.
package registry

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

// Type is a parameter's type as a user writes it in TOML.
type Type string

// The types that a parameter can have.
const (
	Float   Type = "float"
	Int     Type = "integer"
	Bool    Type = "boolean"
	String  Type = "string"
	Floats  Type = "list of floats"
	Strings Type = "list of strings"
)

// Param is one parameter of a registrant.
type Param struct {
	Name     string
	Type     Type
	Doc      string
	Unit     string   // "dE00", "px", "fraction"; "" where it has none
	Default  any      // float64, int, bool, string, []float64 or []string; nil: no default
	Required bool     // must be written; then Default is nil
	Min, Max float64  // for numbers; both 0: unbounded. Use math.Inf for one-sided bounds
	Enum     []string // for strings: the allowed values; empty: any
	Path     bool     // a string that is a path, taken relative to the experiment file
	Model    bool     // a string that names a backbone
}

// Bounded reports whether Min and Max apply.
func (p Param) Bounded() bool { return p.Min != 0 || p.Max != 0 }

// Info is what every registrant says of itself.
type Info struct {
	Name    string // as written in `kind = "..."`: lower case, words joined by hyphens
	Doc     string // one line
	Long    string // a paragraph or more, Markdown: formula, traps, choices
	Source  string // the paper or program it is taken from
	Version int    // raised whenever the same input may give another result
	Params  []Param
}

// Param finds a parameter by name.
func (i Info) Param(name string) (Param, bool) {
	for _, p := range i.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// Values are a registrant's parameters after checking and with defaults filled in. A getter panics on a name or type
// that the registrant did not declare: that is a programming error, since all user input is checked before.
type Values struct {
	v map[string]any
}

// NewValues checks given against info's parameters and fills in the defaults. It returns all problems at once; the
// caller that knows positions (the experiment file) has checked them before with Check.
func NewValues(info Info, given map[string]any) (Values, []error) {
	out := Values{v: map[string]any{}}
	var errs []error
	for name := range given {
		if _, ok := info.Param(name); !ok {
			errs = append(errs, fmt.Errorf("%s has no parameter %q", info.Name, name))
		}
	}
	for _, p := range info.Params {
		raw, ok := given[p.Name]
		if !ok {
			if p.Required {
				errs = append(errs, fmt.Errorf("%s needs %s (%s: %s)", info.Name, p.Name, p.Type, p.Doc))
			} else if p.Default != nil {
				out.v[p.Name] = p.Default
			}
			continue
		}
		v, err := p.Check(raw)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", info.Name, p.Name, err))
			continue
		}
		out.v[p.Name] = v
	}
	sort.Slice(errs, func(i, j int) bool { return errs[i].Error() < errs[j].Error() })
	return out, errs
}

// Check converts raw (as TOML decodes it: int64, float64, bool, string, []any) to the parameter's Go type, or says
// what is wrong with it.
func (p Param) Check(raw any) (any, error) {
	switch p.Type {
	case Float:
		f, ok := number(raw)
		if !ok {
			return nil, fmt.Errorf("wants a number, got %s", describe(raw))
		}
		return f, p.bounds(f)
	case Int:
		var n int
		switch x := raw.(type) {
		case int:
			n = x
		case int64:
			n = int(x)
		default:
			return nil, fmt.Errorf("wants an integer, got %s", describe(raw))
		}
		return n, p.bounds(float64(n))
	case Bool:
		b, ok := raw.(bool)
		if !ok {
			return nil, fmt.Errorf("wants true or false, got %s", describe(raw))
		}
		return b, nil
	case String:
		s, ok := raw.(string)
		if !ok {
			return nil, fmt.Errorf("wants a string, got %s", describe(raw))
		}
		return s, p.enum(s)
	case Floats:
		var out []float64
		switch x := raw.(type) {
		case []float64:
			out = x
		case []any:
			for i, e := range x {
				f, ok := number(e)
				if !ok {
					return nil, fmt.Errorf("wants a list of numbers, element %d is %s", i+1, describe(e))
				}
				out = append(out, f)
			}
		default:
			return nil, fmt.Errorf("wants a list of numbers, got %s", describe(raw))
		}
		for _, f := range out {
			if err := p.bounds(f); err != nil {
				return nil, err
			}
		}
		return out, nil
	case Strings:
		var out []string
		switch x := raw.(type) {
		case []string:
			out = x
		case []any:
			for i, e := range x {
				s, ok := e.(string)
				if !ok {
					return nil, fmt.Errorf("wants a list of strings, element %d is %s", i+1, describe(e))
				}
				out = append(out, s)
			}
		default:
			return nil, fmt.Errorf("wants a list of strings, got %s", describe(raw))
		}
		for _, s := range out {
			if err := p.enum(s); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	panic("registry: parameter " + p.Name + " has unknown type " + string(p.Type))
}

func (p Param) bounds(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("wants a finite number, got %v", f)
	}
	if !p.Bounded() || f >= p.Min && f <= p.Max {
		return nil
	}
	switch {
	case math.IsInf(p.Max, 1):
		return fmt.Errorf("%v is below the smallest allowed, %v", f, p.Min)
	case math.IsInf(p.Min, -1):
		return fmt.Errorf("%v is above the largest allowed, %v", f, p.Max)
	}
	return fmt.Errorf("%v is outside %v to %v", f, p.Min, p.Max)
}

func (p Param) enum(s string) error {
	if len(p.Enum) == 0 {
		return nil
	}
	for _, e := range p.Enum {
		if e == s {
			return nil
		}
	}
	if near := Nearest(s, p.Enum); near != "" {
		return fmt.Errorf("%q is not one of %s; did you mean %q?", s, strings.Join(p.Enum, ", "), near)
	}
	return fmt.Errorf("%q is not one of %s", s, strings.Join(p.Enum, ", "))
}

func number(raw any) (float64, bool) {
	switch x := raw.(type) {
	case float64:
		return x, true
	case int64:
		return float64(x), true
	case int:
		return float64(x), true
	}
	return 0, false
}

func describe(raw any) string {
	switch x := raw.(type) {
	case string:
		return fmt.Sprintf("the string %q", x)
	case bool:
		return fmt.Sprintf("the boolean %v", x)
	case int64, int:
		return fmt.Sprintf("the integer %v", x)
	case float64:
		return fmt.Sprintf("the number %v", x)
	case []any, []string, []float64:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return fmt.Sprintf("a %T", raw)
}

// Has reports whether a value was given or has a default.
func (v Values) Has(name string) bool { _, ok := v.v[name]; return ok }

// Float is a Float parameter.
func (v Values) Float(name string) float64 { return get[float64](v, name) }

// Int is an Int parameter.
func (v Values) Int(name string) int { return get[int](v, name) }

// Bool is a Bool parameter.
func (v Values) Bool(name string) bool { return get[bool](v, name) }

// String is a String parameter; "" where it was not given and has no default.
func (v Values) String(name string) string {
	if !v.Has(name) {
		return ""
	}
	return get[string](v, name)
}

// Floats is a Floats parameter; nil where it was not given and has no default.
func (v Values) Floats(name string) []float64 {
	if !v.Has(name) {
		return nil
	}
	return get[[]float64](v, name)
}

// Strings is a Strings parameter; nil where it was not given and has no default.
func (v Values) Strings(name string) []string {
	if !v.Has(name) {
		return nil
	}
	return get[[]string](v, name)
}

func get[T any](v Values, name string) T {
	x, ok := v.v[name].(T)
	if !ok {
		var want T
		panic(fmt.Sprintf("registry: parameter %q is %T, asked for as %T", name, v.v[name], want))
	}
	return x
}

// Names are the names that have a value, sorted.
func (v Values) Names() []string {
	names := make([]string, 0, len(v.v))
	for n := range v.v {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Canonical is the same text for the same values, for hashing and for the manifest: name=value joined by ", ".
func (v Values) Canonical() string {
	var parts []string
	for _, n := range v.Names() {
		parts = append(parts, n+"="+Text(v.v[n]))
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON writes the values as an object with sorted names.
func (v Values) MarshalJSON() ([]byte, error) {
	if v.v == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(v.v)
}

// Text is the canonical text of one value.
func (v Values) Text(name string) string { return Text(v.v[name]) }

// Text writes a parameter value in a form that is the same on every machine.
func Text(x any) string {
	switch x := x.(type) {
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case []float64:
		parts := make([]string, len(x))
		for i, f := range x {
			parts[i] = strconv.FormatFloat(f, 'g', -1, 64)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case []string:
		return fmt.Sprintf("%q", x)
	case string:
		return strconv.Quote(x)
	}
	return fmt.Sprint(x)
}

// A Registry maps names to registrants of one sort. It is filled in init functions only.
type Registry[T any] struct {
	sort  string // "metric", "perturbation": for messages
	info  map[string]Info
	value map[string]T
}

// New is an empty registry; sort is the word used in messages ("metric").
func New[T any](sort string) *Registry[T] {
	return &Registry[T]{sort: sort, info: map[string]Info{}, value: map[string]T{}}
}

// Add registers a value. It panics on an empty or repeated name, a missing doc or a parameter without one: these are
// programming errors that no test should be needed to find.
func (r *Registry[T]) Add(info Info, value T) {
	switch {
	case info.Name == "" || info.Doc == "" || info.Version < 1:
		panic(fmt.Sprintf("registry: %s %q needs a name, a doc and a version >= 1", r.sort, info.Name))
	case r.Has(info.Name):
		panic(fmt.Sprintf("registry: %s %q registered twice", r.sort, info.Name))
	}
	for _, p := range info.Params {
		if p.Doc == "" || p.Name == "" {
			panic(fmt.Sprintf("registry: %s %q has a parameter without name or doc", r.sort, info.Name))
		}
		if p.Default != nil {
			if _, err := p.Check(p.Default); err != nil {
				panic(fmt.Sprintf("registry: %s %q: default of %s: %v", r.sort, info.Name, p.Name, err))
			}
		}
	}
	r.info[info.Name], r.value[info.Name] = info, value
}

// Has reports whether name is registered.
func (r *Registry[T]) Has(name string) bool { _, ok := r.info[name]; return ok }

// Get finds a registrant; the error names the nearest known name.
func (r *Registry[T]) Get(name string) (T, Info, error) {
	if !r.Has(name) {
		var zero T
		if near := Nearest(name, r.Names()); near != "" {
			return zero, Info{}, fmt.Errorf("there is no %s %q; did you mean %q?", r.sort, name, near)
		}
		return zero, Info{}, fmt.Errorf("there is no %s %q; there are %s", r.sort, name, strings.Join(r.Names(), ", "))
	}
	return r.value[name], r.info[name], nil
}

// Info describes a registrant; the error names the nearest known name.
func (r *Registry[T]) Info(name string) (Info, error) {
	_, info, err := r.Get(name)
	return info, err
}

// Names are all names, sorted.
func (r *Registry[T]) Names() []string {
	names := make([]string, 0, len(r.info))
	for n := range r.info {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Nearest is the candidate most like s by edit distance (Damerau and Levenshtein, adjacent transpositions counted
// once), or "" where none is within a third of the longer length.
func Nearest(s string, candidates []string) string {
	best, bestD := "", math.MaxInt
	for _, c := range candidates {
		d := distance(strings.ToLower(s), strings.ToLower(c))
		if longest := max(len(s), len(c)); 3*d <= longest+1 && d < bestD {
			best, bestD = c, d
		}
	}
	return best
}

func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	d := make([][]int, len(x)+1)
	for i := range d {
		d[i] = make([]int, len(y)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(x)][len(y)]
}

// Parse reads a parameter's value from the command line, where everything is text: numbers as written, lists with spaces
// between their elements.
func (p Param) Parse(text string) (any, error) {
	var raw any = text
	switch p.Type {
	case Float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("wants a number, got %q", text)
		}
		raw = f
	case Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("wants an integer, got %q", text)
		}
		raw = n
	case Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("wants true or false, got %q", text)
		}
		raw = b
	case Floats:
		var list []float64
		for _, w := range strings.Fields(strings.Trim(text, "[]")) {
			f, err := strconv.ParseFloat(w, 64)
			if err != nil {
				return nil, fmt.Errorf("wants numbers, got %q", w)
			}
			list = append(list, f)
		}
		raw = list
	case Strings:
		raw = strings.Fields(strings.Trim(text, "[]"))
	}
	return p.Check(raw)
}

// GobEncode keeps values with a run, so that its report can be made again.
func (v Values) GobEncode() ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v.v)
	return b.Bytes(), err
}

// GobDecode is the inverse of GobEncode.
func (v *Values) GobDecode(data []byte) error {
	v.v = map[string]any{}
	return gob.NewDecoder(bytes.NewReader(data)).Decode(&v.v)
}

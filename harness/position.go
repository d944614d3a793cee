package harness

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// place is where something stands in a document. Line and Col count from 1, Col in characters. A place that an
// override made has Override set instead.
type place struct {
	Line, Col int
	Override  string // "--set images.limit=12"; "" for what the file says
}

// positions is an index of a TOML document: for every key and value its place, by a path such as
// "perturb[0].region.area[2]". BurntSushi/toml keeps no positions for array tables, so that this is a pass of its own.
type positions struct {
	key   map[string]place // of the key's last part, or of a table's header
	value map[string]place
	order map[string]int // running number of each key, so that errors can be sorted as the file is read
}

// indexDocument finds the place of everything in src, which must be valid TOML: where it is not, the index holds what
// came before the error.
func indexDocument(src []byte) *positions {
	ix := &positions{key: map[string]place{}, value: map[string]place{}, order: map[string]int{}}
	at := newLineIndex(src)
	var p unstable.Parser
	p.Reset(src)
	arrays := map[string]int{} // tables so far in the array of tables at this path
	prefix := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			path := ""
			for it := e.Key(); it.Next(); {
				k := it.Node()
				path = join(path, string(k.Data))
				if _, known := ix.key[path]; !known {
					ix.note(path, at.place(int(k.Raw.Offset)))
				}
				if it.IsLast() && e.Kind == unstable.ArrayTable {
					n := arrays[path]
					arrays[path] = n + 1
					path = element(path, n)
					ix.note(path, at.place(int(k.Raw.Offset)))
				} else if n := arrays[path]; n > 0 {
					path = element(path, n-1)
				}
			}
			prefix = path
		case unstable.KeyValue:
			ix.pair(prefix, e, at)
		}
	}
	return ix
}

func (ix *positions) note(path string, at place) {
	ix.key[path] = at
	ix.order[path] = len(ix.order)
}

func (ix *positions) pair(prefix string, n *unstable.Node, at *lineIndex) {
	path := prefix
	start := 0
	for it := n.Key(); it.Next(); {
		k := it.Node()
		path = join(path, string(k.Data))
		start = int(k.Raw.Offset)
		if _, known := ix.key[path]; !known || it.IsLast() {
			ix.note(path, at.place(start))
		}
	}
	ix.visit(path, n.Value(), start, at)
}

// visit indexes a value. An array's own range is not kept by the parser: its place is that of its first element, or of
// its key where it is empty.
func (ix *positions) visit(path string, v *unstable.Node, fallback int, at *lineIndex) {
	switch v.Kind {
	case unstable.Array:
		n, first := 0, fallback
		for it := v.Children(); it.Next(); {
			c := it.Node()
			if c.Kind == unstable.Comment {
				continue
			}
			start := int(c.Raw.Offset)
			if c.Kind == unstable.Array {
				start = first
			}
			if n == 0 {
				first = start
			}
			p := element(path, n)
			ix.note(p, at.place(start))
			ix.visit(p, c, start, at)
			n++
		}
		ix.value[path] = at.place(first)
	case unstable.InlineTable:
		ix.value[path] = at.place(int(v.Raw.Offset))
		for it := v.Children(); it.Next(); {
			if c := it.Node(); c.Kind == unstable.KeyValue {
				ix.pair(path, c, at)
			}
		}
	default:
		ix.value[path] = at.place(int(v.Raw.Offset))
	}
}

// A file beyond these is no experiment, and the parsers' time and memory grow with the square of the nesting.
const (
	maxDocument = 1 << 20
	maxNesting  = 64
)

// tooDeep gives the offset of the first bracket that is nested too deep, or of the dot that makes a key too long, or -1.
// What is in strings and comments does not count.
func tooDeep(src []byte) int {
	depth, dots := 0, 0
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case '[', '{':
			if depth++; depth > maxNesting {
				return i
			}
			dots = 0
		case '.':
			if dots++; dots > maxNesting {
				return i
			}
		case '=', ',', '\n':
			dots = 0
		case ']', '}':
			depth = max(depth-1, 0)
		case '#':
			for i+1 < len(src) && src[i+1] != '\n' {
				i++
			}
		case '"', '\'':
			i = stringEnd(src, i)
		}
	}
	return -1
}

// stringEnd gives the offset of the last byte of the string that begins at i. A one-line string ends with its line at
// the latest.
func stringEnd(src []byte, i int) int {
	quote := src[i]
	if long := bytes.Repeat([]byte{quote}, 3); bytes.HasPrefix(src[i:], long) {
		for j := i + 3; j < len(src); j++ {
			if quote == '"' && src[j] == '\\' {
				j++
			} else if bytes.HasPrefix(src[j:], long) {
				return j + 2
			}
		}
		return len(src)
	}
	for j := i + 1; j < len(src); j++ {
		switch {
		case src[j] == quote || src[j] == '\n':
			return j
		case quote == '"' && src[j] == '\\':
			j++
		}
	}
	return len(src)
}

// join makes the path of a key in a table.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// element makes the path of the i-th element of an array.
func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// lineIndex turns byte offsets into lines and columns.
type lineIndex struct {
	src    []byte
	starts []int // offset of each line
}

func newLineIndex(src []byte) *lineIndex {
	ix := &lineIndex{src: src, starts: []int{0}}
	for i, c := range src {
		if c == '\n' {
			ix.starts = append(ix.starts, i+1)
		}
	}
	return ix
}

func (ix *lineIndex) place(offset int) place {
	offset = min(max(offset, 0), len(ix.src))
	lo, hi := 0, len(ix.starts) // starts[lo] <= offset < starts[hi]
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; ix.starts[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return place{Line: lo + 1, Col: utf8.RuneCount(ix.src[ix.starts[lo]:offset]) + 1}
}

// line is the text of a line, counted from 1, without its end.
func (ix *lineIndex) line(n int) string {
	if n < 1 || n > len(ix.starts) {
		return ""
	}
	text := ix.src[ix.starts[n-1]:]
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return string(bytes.TrimRight(text, "\r"))
}

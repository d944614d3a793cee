package harness

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// DocumentError is one thing that is wrong with an experiment file.
type DocumentError struct {
	File      string `json:"file"`
	Line      int    `json:"line,omitempty"`     // from 1; 0 where an override is wrong
	Col       int    `json:"column,omitempty"`   // from 1, in characters
	Override  string `json:"override,omitempty"` // "--set key=value" where that is what is wrong
	Key       string `json:"key,omitempty"`      // "perturb[2].severity[0]"
	Text      string `json:"text,omitempty"`     // the line
	Problem   string `json:"problem"`            // what is wrong and what would be right
	Candidate string `json:"candidate,omitempty"`
}

// Error is the error in one line: file:line:col: key: problem.
func (e DocumentError) Error() string {
	var b strings.Builder
	switch {
	case e.Override != "":
		b.WriteString(e.Override)
	case e.Line > 0:
		fmt.Fprintf(&b, "%s:%d:%d", e.File, e.Line, e.Col)
	default:
		b.WriteString(e.File)
	}
	b.WriteString(": ")
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Problem)
	if e.Candidate != "" {
		fmt.Fprintf(&b, "; did you mean %q?", e.Candidate)
	}
	return b.String()
}

// DocumentErrors is everything that is wrong with an experiment file, in the order of the file.
type DocumentErrors struct{ Errors []DocumentError }

// Error lists all errors, each with the line that it is about.
func (e *DocumentErrors) Error() string {
	var b strings.Builder
	for i, one := range e.Errors {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
		if one.Line > 0 && strings.TrimSpace(one.Text) != "" {
			text := []rune(strings.ReplaceAll(one.Text, "\t", " "))
			from := 0
			const most = 100
			if len(text) > most { // a long line is shown around the column
				from = min(max(one.Col-1-most/2, 0), len(text)-most)
				text = text[from : from+most]
			}
			fmt.Fprintf(&b, "\n%5d | %s\n      | %s^", one.Line, string(text), strings.Repeat(" ", max(min(one.Col-1-from, len(text)), 0)))
		}
	}
	if n := len(e.Errors); n > 1 {
		fmt.Fprintf(&b, "\n%d problems", n)
	}
	return b.String()
}

// inOrder puts errors in the order of the file, each once; overrides come last, in the order given.
func inOrder(errs []DocumentError) []DocumentError {
	sort.SliceStable(errs, func(i, j int) bool {
		a, b := errs[i], errs[j]
		if (a.Override != "") != (b.Override != "") {
			return a.Override == ""
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
	var out []DocumentError
	for _, e := range errs {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

package reports

import (
	"context"
	"errors"
)

// Result is what Write left.
type Result struct {
	Findings []*Finding
	Answer   string   // the report's first sentences
	Files    []string // relative to the folder, in the order written
}

// Write computes the findings and writes findings.json, tables/, figures/ and report.html into dir. Each file is
// replaced atomically, and the same Input gives the same bytes.
func Write(ctx context.Context, in *Input, dir string) (*Result, error) {
	return nil, errors.New("writing the report: not there yet")
}

// Findings computes the findings that the experiment asks for, in that order, then the verdicts on its hypotheses.
func Findings(ctx context.Context, in *Input) ([]*Finding, error) {
	return nil, errors.New("computing findings: not there yet")
}

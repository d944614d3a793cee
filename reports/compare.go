package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// Change is what differs between two runs' estimates of the same quantity.
type Change struct {
	Kind          string   // of the finding
	Before, After Estimate // as the runs have them
	Value         float64  // after - before
	Low, High     float64  // its interval; NaN where one run has none
	Clear         bool     // the interval leaves out 0
	Same          bool     // the two estimates are equal, intervals and all
	Note          string   // why there is no interval, or why the difference means little
}

// Comparison is two runs side by side.
type Comparison struct {
	Changes    []Change
	OnlyBefore []string // estimates that the second run lacks
	OnlyAfter  []string
	Method     string
}

// ReadDocument reads a run's findings.json. The error says what is wrong with a damaged or foreign file.
func ReadDocument(dir string) (*Document, error) {
	path := filepath.Join(dir, "findings.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the findings: %w", err)
	}
	d := new(Document)
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	switch {
	case d.Format == 0:
		return nil, fmt.Errorf("%s has no findings of this program", path)
	case d.Format > FormatVersion:
		return nil, fmt.Errorf("%s is of version %d, this program reads version %d: a newer one is needed", path, d.Format, FormatVersion)
	}
	return d, nil
}

// Compare matches the estimates of two runs by what they estimate. The interval of a difference is that of MOVER (Zou and
// Donner 2008) from the two intervals, as if the runs were independent: where they share sources it is too wide rather
// than too narrow, as long as the runs agree in tendency.
func Compare(before, after *Document) *Comparison {
	out := &Comparison{Method: "MOVER (Zou and Donner 2008) from the runs' own intervals, as if they were independent"}
	type key struct {
		kind, quantity, metric, perturb, shape, null, dataset, at, area, severity string
	}
	of := func(kind string, e *Estimate) key {
		return key{kind, string(e.Quantity), e.Metric, e.Perturb, e.Shape, e.Null, e.Dataset, e.At, full(float64(e.Area)), full(float64(e.Severity))}
	}
	words := func(kind string, e *Estimate) string {
		s := fmt.Sprintf("%s: %s of %s", kind, e.Quantity, e.Metric)
		if at := e.Where(); at != "" {
			s += ", " + at
		}
		return s
	}
	old := map[key]*Estimate{}
	for _, f := range before.Findings {
		for i := range f.Estimates {
			old[of(f.Kind, &f.Estimates[i])] = &f.Estimates[i]
		}
	}
	met := map[key]bool{}
	for _, f := range after.Findings {
		for i := range f.Estimates {
			e := &f.Estimates[i]
			k := of(f.Kind, e)
			o, ok := old[k]
			if !ok {
				out.OnlyAfter = append(out.OnlyAfter, words(f.Kind, e))
				continue
			}
			met[k] = true
			out.Changes = append(out.Changes, change(f.Kind, o, e))
		}
	}
	for _, f := range before.Findings {
		for i := range f.Estimates {
			if k := of(f.Kind, &f.Estimates[i]); !met[k] {
				out.OnlyBefore = append(out.OnlyBefore, words(f.Kind, &f.Estimates[i]))
			}
		}
	}
	return out
}

func change(kind string, o, e *Estimate) Change {
	c := Change{Kind: kind, Before: *o, After: *e, Value: float64(e.Value - o.Value), Low: math.NaN(), High: math.NaN()}
	equal := func(a, b Number) bool { return a == b || a != a && b != b }
	if equal(o.Value, e.Value) && equal(o.Low, e.Low) && equal(o.High, e.High) && o.Censored == e.Censored && o.N == e.N {
		c.Same = true
	}
	if o.Censored != 0 || e.Censored != 0 {
		c.Value, c.Note = math.NaN(), "a threshold beyond what was tested"
		return c
	}
	if o.Level != e.Level {
		c.Note = fmt.Sprintf("the intervals are of %s and of %s", percent(o.Level), percent(e.Level))
		return c
	}
	low, high := float64(e.Value-e.Low), float64(e.High-e.Value)
	oldLow, oldHigh := float64(o.Value-o.Low), float64(o.High-o.Value)
	if math.IsNaN(low + high + oldLow + oldHigh) {
		c.Note = "one of the runs has no interval"
		return c
	}
	c.Low, c.High = c.Value-math.Hypot(low, oldHigh), c.Value+math.Hypot(high, oldLow)
	c.Clear = c.Low > 0 || c.High < 0
	if o.N != e.N {
		c.Note = fmt.Sprintf("n was %d, is %d", o.N, e.N)
	}
	return c
}

package zoo

import (
	"context"
	"fmt"
	"io"
)

// Report is what Doctor found.
type Report struct {
	Go      bool          `json:"runnable"` // built with a C compiler, so that models can run
	Runtime RuntimeInfo   `json:"runtime"`
	Cache   string        `json:"cache"`
	Models  []ModelReport `json:"models"`
	Missing []Missing     `json:"missing"`
}

// ModelReport is one model that was found.
type ModelReport struct {
	Name     string `json:"name"`
	Family   string `json:"family"`
	Training string `json:"training"`
	Dir      string `json:"dir"`
	Manifest string `json:"manifest"` // the manifest's file, or "catalogue"
	SHA256   string `json:"sha256"`
	Problem  string `json:"problem,omitempty"`
}

// Missing is something that is not there or not right, with the one command that mends it.
type Missing struct {
	What    string `json:"what"`
	Why     string `json:"why"`
	Command string `json:"command"`
}

// Doctor looks at what models need: the library, its version, the processor, the models with their hashes. It changes
// nothing and fetches nothing.
func Doctor(ctx context.Context, opt Options) Report {
	r := Report{Go: Runnable}
	cache := opt.Cache
	if cache == "" {
		var err error
		if cache, err = CacheDir(); err != nil {
			r.Missing = append(r.Missing, Missing{"cache folder", err.Error(), "export PROBITY_CACHE=~/.cache/probity"})
		}
	}
	r.Cache = cache
	if !Runnable {
		_, err := startRuntime(opt, cache)
		r.Missing = append(r.Missing, Missing{"C compiler", err.Error(), "CGO_ENABLED=1 go build ."})
	}
	r.Runtime.CPU = CPUFeatures()
	if lib, err := FindRuntime(opt.Runtime, cache); err != nil {
		r.Missing = append(r.Missing, Missing{"ONNX Runtime", err.Error(), "probity setup"})
	} else {
		r.Runtime.Library, r.Runtime.From = lib.Path, lib.From
		if Runnable {
			info, err := startRuntime(opt, cache)
			if err != nil {
				r.Missing = append(r.Missing, Missing{"ONNX Runtime", err.Error(), "probity setup"})
			} else {
				r.Runtime = info
			}
		}
	}
	z, err := Open(opt)
	if err != nil {
		r.Missing = append(r.Missing, Missing{"models", err.Error(), "probity doctor --models models"})
		return r
	}
	defer z.Close()
	for _, name := range z.Names() {
		if ctx.Err() != nil {
			return r
		}
		e := z.entries[name]
		m := ModelReport{Name: name, Family: e.m.Family, Training: e.m.Training, Dir: e.dir.String(), Manifest: e.from}
		for i, f := range e.m.Files() {
			sum, err := e.check(f, z.cache)
			if i == 0 {
				m.SHA256 = sum
			}
			if err != nil {
				m.Problem = err.Error()
				r.Missing = append(r.Missing, Missing{"model " + name, err.Error(), e.m.mend()})
				break
			}
		}
		if t := e.m.Text; t != nil && m.Problem == "" && !e.dir.has(t.Vocab) {
			if _, err := z.Asset(t.Vocab); err != nil {
				m.Problem = err.Error()
				r.Missing = append(r.Missing, Missing{"vocabulary of " + name, err.Error(), e.m.mend()})
			}
		}
		r.Models = append(r.Models, m)
	}
	for _, p := range z.Problems() {
		r.Missing = append(r.Missing, Missing{p.What, p.Reason, "probity models check " + p.What})
	}
	if len(r.Models) == 0 {
		r.Missing = append(r.Missing, Missing{"models", "none was found in " + z.places(), "probity models list"})
	}
	return r
}

func (m *Manifest) mend() string {
	switch {
	case m.URL != "":
		return "probity models pull " + m.Name
	case m.Export != "":
		return "python zoo/export/export.py " + m.Export + " --out models"
	}
	return "probity models check " + m.Name
}

// OK reports whether nothing is missing.
func (r Report) OK() bool { return len(r.Missing) == 0 }

// Write prints the report for people.
func (r Report) Write(w io.Writer) error {
	var err error
	p := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, args...)
		}
	}
	switch {
	case r.Runtime.Version != "":
		p("ONNX Runtime  %s, %s (%s)\n", r.Runtime.Version, r.Runtime.Library, r.Runtime.From)
		p("provider      %s\n", r.Runtime.Provider)
	case r.Runtime.Library != "":
		p("ONNX Runtime  %s (%s), not started\n", r.Runtime.Library, r.Runtime.From)
	default:
		p("ONNX Runtime  missing\n")
	}
	p("processor     %s\n", r.Runtime.CPU)
	p("cache folder  %s\n", r.Cache)
	for _, m := range r.Models {
		p("model         %s (%s, %s), %s, SHA-256 %.12s\n", m.Name, m.Family, m.Training, m.Dir, m.SHA256)
	}
	for _, m := range r.Missing {
		p("\n%s: %s\n  mend it with: %s\n", m.What, m.Why, m.Command)
	}
	return err
}

package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"time"

	"probity/internal/trial"
)

// Manifest is manifest.json: what a run was made of and with, so that every number in its report can be traced.
// docs/file-formats.md describes each field.
type Manifest struct {
	Format     int                `json:"format"`
	Key        string             `json:"key"` // hash of everything that the report depends on
	Name       string             `json:"name"`
	Experiment string             `json:"experiment"` // the file's text
	Overrides  []string           `json:"overrides"`
	Seed       uint64             `json:"seed"`
	Program    string             `json:"program"`
	Go         string             `json:"go"`
	Platform   string             `json:"platform"`
	Runtime    string             `json:"runtime"` // ONNX Runtime: library, version, provider, CPU features; "" where none ran
	Batch      int                `json:"batch"`   // pictures in a full batch of a model
	Pixels     string             `json:"pixels"`  // version of decoding and resizing
	Started    string             `json:"started"`
	Seconds    float64            `json:"seconds"`
	Computed   int                `json:"scores_computed"`
	Reused     int                `json:"scores_reused"`
	Dataset    string             `json:"dataset"`
	Judgements []ManifestJudged   `json:"judgements,omitempty"`
	Suites     []ManifestSuite    `json:"suites,omitempty"`
	Sources    []ManifestSource   `json:"sources"`
	Perturbs   []ManifestPerturb  `json:"perturbations"`
	Metrics    []ManifestMetric   `json:"metrics"`
	Models     []ManifestModel    `json:"models"`
	Warnings   []string           `json:"warnings"`
	Notes      []string           `json:"notes"`
	Skipped    []trialProblemJSON `json:"skipped"`
	Files      []ManifestFile     `json:"files"` // what the run left, besides this file and its segments
}

// ManifestJudged is one data set of judgements that metrics were compared with.
type ManifestJudged struct {
	Label   string `json:"label"`
	Dataset string `json:"dataset"`
	Items   int    `json:"items"`
	Key     string `json:"key"` // hash of judgements and scores
}

// ManifestSuite is one suite of trials that the metrics were tried on.
type ManifestSuite struct {
	Label   string `json:"label"`
	Dataset string `json:"dataset"`
	Version int    `json:"version"`
	Part    string `json:"part,omitempty"`
	Sources int    `json:"sources"`
	Quads   int    `json:"quads"`
	Key     string `json:"key"` // hash of trials and scores
}

// ManifestSource is one source that was planned.
type ManifestSource struct {
	ID    string `json:"id"`
	Hash  string `json:"sha256"`
	Class string `json:"class,omitempty"`
}

// ManifestPerturb is one perturbation as it was carried out.
type ManifestPerturb struct {
	Label      string    `json:"label"`
	Role       string    `json:"role"`
	Steps      []string  `json:"steps"` // kind, version and parameters
	Severities []float64 `json:"severities"`
	Unit       string    `json:"unit,omitempty"`
}

// ManifestMetric is one metric as it was computed.
type ManifestMetric struct {
	Label   string `json:"label"`
	Kind    string `json:"kind"`
	Version int    `json:"version"`
	Params  string `json:"params,omitempty"`
}

// ManifestModel is one model that was run.
type ManifestModel struct {
	Name   string          `json:"name"`
	Hash   string          `json:"hash"`
	Memory *ManifestMemory `json:"memory,omitempty"` // absent where the model does not tell
}

// ManifestMemory is what a model's open sessions hold, before any picture.
type ManifestMemory struct {
	Estimated int64  `json:"estimated_bytes"`
	Measured  *int64 `json:"measured_bytes"` // growth of the process when it was first opened; null where the system does not tell
}

// ManifestFile is one file of the run's folder.
type ManifestFile struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// RunFacts are what only the program that ran knows.
type RunFacts struct {
	Program string
	Started time.Time
	Seconds float64
	Key     string
	Batch   int   // RunOptions.Batch
	Memory  int64 // RunOptions.Memory: where it is limited, models are looked at one by one
}

// Manifest describes a run that has been scored. Files are filled in by Finish.
func (p *Plan) Manifest(scored *Scored, models Models, facts RunFacts) (*Manifest, error) {
	x := p.Experiment
	m := &Manifest{
		Format: 1, Key: facts.Key, Name: x.Name, Experiment: string(x.Source), Overrides: x.Overrides, Seed: x.Seed,
		Program: facts.Program, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Pixels: pixelsVersion, Batch: RunOptions{Batch: facts.Batch}.batch(),
		Started: facts.Started.UTC().Format(time.RFC3339), Seconds: facts.Seconds, Computed: scored.Computed, Reused: scored.Reused,
		Dataset: x.Images.Dataset, Warnings: p.Warnings, Notes: p.Notes, Judgements: scored.judgedFacts(), Suites: scored.suiteFacts(),
	}
	for _, s := range p.Sources {
		m.Sources = append(m.Sources, ManifestSource{s.ID, s.Hash, s.Class})
	}
	for _, s := range p.Perturbs {
		e := ManifestPerturb{Label: s.Label, Role: string(s.Role), Severities: s.Severities, Unit: s.Axis.Unit}
		for _, st := range s.Steps {
			e.Steps = append(e.Steps, fmt.Sprintf("%s version %d (%s)", st.Kind, st.Info.Version, st.Params.Canonical()))
		}
		m.Perturbs = append(m.Perturbs, e)
	}
	var needs []trial.Request
	for _, pm := range p.Metrics {
		c := pm.Column
		m.Metrics = append(m.Metrics, ManifestMetric{c.Label, c.Kind, c.Version, c.Params})
		needs = append(needs, pm.Metric.Needs()...)
	}
	for _, ps := range p.SetMetrics {
		s := ps.Section
		m.Metrics = append(m.Metrics, ManifestMetric{s.Label, s.Kind, s.Info.Version, s.Params.Canonical()})
		needs = append(needs, ps.Metric.Needs()...)
	}
	needs = append(needs, x.spaceNeeds()...)
	used := map[string]bool{}
	for _, need := range needs {
		if used[need.Model] {
			continue
		}
		used[need.Model] = true
		b, err := models.Load(need.Model)
		if err != nil {
			return nil, err
		}
		entry := ManifestModel{Name: need.Model, Hash: b.Hash()}
		if s, tells := b.(sessionWeigher); tells {
			estimated, measured, known := s.Session()
			entry.Memory = &ManifestMemory{Estimated: estimated}
			if known {
				entry.Memory.Measured = &measured
			}
		}
		m.Models = append(m.Models, entry)
		m.Runtime = b.Runtime()
		if free, ok := models.(releaser); ok && facts.Memory > 0 {
			free.Release(need.Model)
		}
	}
	for _, s := range scored.Skipped {
		m.Skipped = append(m.Skipped, trialProblemJSON{s.What, s.Reason})
	}
	return m, nil
}

// ReportKey is a hash of everything that a report depends on: the scores, the experiment, and the program itself, by
// the bytes of its executable.
func (p *Plan) ReportKey(scored *Scored) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "report 1\n%s\n%q\n%q\n", scored.Key, p.Experiment.Source, p.Experiment.Overrides)
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the program's own file: %w", err)
	}
	f, err := os.Open(exe)
	if err != nil {
		return "", fmt.Errorf("reading the program's own file: %w", err)
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading the program's own file: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// WriteScores writes scores.csv and scores.parquet, sets.csv where there are set metrics and spaces.csv where joint spaces were measured.
func WriteScores(t *trial.Table, dir string) ([]string, error) {
	csv, pq, err := scoreFiles(t)
	if err != nil {
		return nil, err
	}
	if err := WriteFile(filepath.Join(dir, "scores.csv"), csv); err != nil {
		return nil, err
	}
	if err := WriteFile(filepath.Join(dir, "scores.parquet"), pq); err != nil {
		return nil, err
	}
	files := []string{"scores.csv", "scores.parquet"}
	if len(t.Spaces) > 0 {
		spaces, err := writeSpaces(t)
		if err != nil {
			return nil, err
		}
		if err := WriteFile(filepath.Join(dir, "spaces.csv"), spaces); err != nil {
			return nil, err
		}
		files = append(files, "spaces.csv")
	}
	if len(t.SetColumns) == 0 {
		return files, nil
	}
	sets, err := writeSets(t)
	if err != nil {
		return nil, fmt.Errorf("writing sets.csv: %w", err)
	}
	return append(files, "sets.csv"), WriteFile(filepath.Join(dir, "sets.csv"), sets)
}

// Finish writes manifest.json, which marks a run as complete; files are those that it left, relative to dir. Figures and
// tables of an earlier report, which are not among them, are removed: a folder never holds the answers to two questions.
func Finish(dir string, m *Manifest, files []string) error {
	sort.Strings(files)
	for _, sub := range []string{"figures", "tables"} {
		old, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("looking for figures of an earlier report: %w", err)
		}
		for _, e := range old {
			if _, ours := slices.BinarySearch(files, sub+"/"+e.Name()); ours || e.IsDir() {
				continue
			}
			if err := os.Remove(filepath.Join(dir, sub, e.Name())); err != nil {
				return fmt.Errorf("removing a figure of an earlier report: %w", err)
			}
		}
	}
	for _, f := range files {
		sum, err := hashFile(filepath.Join(dir, filepath.FromSlash(f)))
		if err != nil {
			return fmt.Errorf("listing what the run left: %w", err)
		}
		m.Files = append(m.Files, ManifestFile{f, sum})
	}
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return WriteFile(filepath.Join(dir, "manifest.json"), append(data, '\n'))
}

// Complete reports whether dir holds a finished run of this key, with every file as it was left.
func Complete(dir, key string) bool {
	m, err := ReadManifest(dir)
	if err != nil || m.Key != key || len(m.Files) == 0 {
		return false
	}
	for _, f := range m.Files {
		if sum, err := hashFile(filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil || sum != f.SHA256 {
			return false
		}
	}
	return true
}

// Damaged are the files of a finished run that are not as it left them, each with what is wrong: "scores.csv (missing)".
func (m *Manifest) Damaged(dir string) []string {
	var out []string
	for _, f := range m.Files {
		sum, err := hashFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			out = append(out, f.Path+" (missing)")
		case err != nil:
			out = append(out, f.Path+" (unreadable: "+err.Error()+")")
		case sum != f.SHA256:
			out = append(out, f.Path+" (changed)")
		}
	}
	return out
}

// ReadManifest reads a run's manifest; the error says what is wrong with the folder.
func ReadManifest(dir string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, "segments")); err == nil {
			return nil, fmt.Errorf("the run in %s was not finished; give its `probity run` again", dir)
		}
		return nil, fmt.Errorf("%s holds no run (there is no manifest.json in it)", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the run's manifest: %w", err)
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; give its `probity run` again, which takes over every score", filepath.Join(dir, "manifest.json"), err)
	}
	if m.Format != 1 {
		return nil, fmt.Errorf("%s is of format %d, this program reads format 1; give its `probity run` again", filepath.Join(dir, "manifest.json"), m.Format)
	}
	return m, nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

package perturb_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func filesSweep(t *testing.T, in *trial.Input, params map[string]any) (trial.Sweep, trial.Perturbation, error) {
	t.Helper()
	entry, info, err := trial.Perturbations.Get("files")
	if err != nil {
		t.Fatal(err)
	}
	v, errs := registry.NewValues(info, params)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p, err := entry.New(v)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.Prepare(context.Background(), in)
	return s, p, err
}

func write(t *testing.T, path string, m *raster.Image) {
	t.Helper()
	data, err := m.EncodePNG()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	src := source(1, 40, 30)
	src.ID = "dogs/rex.png"
	if err := os.Mkdir(filepath.Join(dir, "dogs"), 0o755); err != nil {
		t.Fatal(err)
	}
	edited, twice := scene(2, 40, 30), scene(3, 80, 60)
	write(t, filepath.Join(dir, "dogs", "rex_0.5.png"), edited)
	write(t, filepath.Join(dir, "other.png"), twice)
	in := input(src, "files", nil)
	s, p, err := filesSweep(t, in, map[string]any{"path": dir})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := s(.5); err != nil || !o.Image.Equal(edited) {
		t.Errorf("the file by the rule: %v", err)
	}
	if _, err := s(1); err == nil || !strings.Contains(err.Error(), "rex") {
		t.Errorf("a missing file gave %v", err)
	}
	table := filepath.Join(t.TempDir(), "edits.csv")
	if err := os.WriteFile(table, []byte("source,severity,file,instruction\nrex,2,other.png,make it odd\nrex,3,../edits.csv,\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s2, _, err := filesSweep(t, in, map[string]any{"path": dir, "table": table})
	if err != nil {
		t.Fatal(err)
	}
	o, err := s2(2)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Image.Equal(raster.Resize(twice, 40, 30, raster.Bicubic)) || o.Instruction != "make it odd" || len(o.Flags) != 1 {
		t.Errorf("the file by the table: instruction %q, flags %v", o.Instruction, o.Flags)
	}
	if _, err := s2(3); err == nil || !strings.Contains(err.Error(), "outside") {
		t.Errorf("a file outside the folder gave %v", err)
	}
	first, err := p.(trial.Content).Content()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "other.png"), edited)
	if second, err := p.(trial.Content).Content(); err != nil || second == first {
		t.Errorf("the content hash does not see a changed file (%v)", err)
	}
	for _, bad := range []string{"", "source,file\n", "source,severity,file\na,x,b\n", "source,severity,file\na,1,b\na,1,c\n", "source,severity,file\n,1,b\n", "a,\"b\n"} {
		if err := os.WriteFile(table, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := filesSweep(t, in, map[string]any{"path": dir, "table": table}); err == nil {
			t.Errorf("the table %q gave no error", bad)
		}
	}
	if _, _, err := filesSweep(t, in, map[string]any{"path": dir, "rule": "same.png"}); err == nil {
		t.Error("a rule without a source gave no error")
	}
}

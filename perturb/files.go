package perturb

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Perturbations.Add(registry.Info{
		Name: "files", Version: 1,
		Doc: "take edited pictures from a folder: edits from any editor, by a naming rule or a table",
		Long: "With `rule` alone, the picture for a source and severity is PATH/RULE with {id} (the source's identifier), {name} (the same without its extension), {stem} " +
			"(its last part without extension) and {severity} (as short as can be: 1, 0.5) filled in. With `table`, a CSV with a header and the columns source, severity and file, and if " +
			"wished instruction and caption, says which file belongs to which; sources are named by identifier, name or stem. A picture of another size is resized to cover " +
			"the source's (Pillow's bicubic) and cut at the centre, as donors are. A missing file is an error for that stimulus alone.",
		Params: []registry.Param{
			{Name: "path", Type: registry.String, Required: true, Path: true, Doc: "folder of the edited pictures"},
			{Name: "rule", Type: registry.String, Default: "{name}_{severity}.png", Doc: "name of a picture's file within the folder"},
			{Name: "table", Type: registry.String, Path: true, Doc: "CSV file with source, severity and file, in place of the rule"},
		},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "severity as the files or the table give it", Min: 0, Max: 1e9, Default: []float64{1}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			f := &files{path: v.String("path"), rule: v.String("rule")}
			if table := v.String("table"); table != "" {
				if err := f.read(table); err != nil {
					return nil, err
				}
			} else if !strings.Contains(f.rule, "{id}") && !strings.Contains(f.rule, "{name}") && !strings.Contains(f.rule, "{stem}") {
				return nil, fmt.Errorf("rule %q names no source: put {name}, {stem} or {id} into it", f.rule)
			}
			f.prepare = f.sweep
			return f, nil
		},
	})
}

// files is the perturbation; its table is nil where the rule decides.
type files struct {
	prepare
	path, rule string
	table      map[fileKey]fileRow
	raw        []byte
}

type fileKey struct {
	source   string
	severity float64
}

type fileRow struct{ file, instruction, caption string }

func (f *files) read(table string) error {
	data, err := os.ReadFile(table)
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	f.raw = data
	f.table, err = parseFileTable(string(data))
	if err != nil {
		return fmt.Errorf("table %s: %w", filepath.Base(table), err)
	}
	return nil
}

// parseFileTable reads the CSV of edited pictures.
func parseFileTable(text string) (map[fileKey]fileRow, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("is empty: it needs a header with source, severity and file")
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"source", "severity", "file"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("has no column %q in its header %q", name, rows[0])
		}
	}
	out := map[fileKey]fileRow{}
	for n, row := range rows[1:] {
		cell := func(name string) string {
			if i, ok := column[name]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		severity, err := strconv.ParseFloat(cell("severity"), 64)
		if err != nil || !(severity > 0 && severity <= 1e9) {
			return nil, fmt.Errorf("row %d: severity %q is not a number above 0", n+2, cell("severity"))
		}
		key := fileKey{cell("source"), severity}
		if key.source == "" || cell("file") == "" {
			return nil, fmt.Errorf("row %d: source or file is empty", n+2)
		}
		if _, ok := out[key]; ok {
			return nil, fmt.Errorf("row %d: source %q has severity %g twice", n+2, key.source, severity)
		}
		out[key] = fileRow{cell("file"), cell("instruction"), cell("caption")}
	}
	return out, nil
}

// names are the ways in which a source can be written: identifier, the same without extension, its last part.
func names(src *trial.Source) (id, name, stem string) {
	id = src.ID
	name = strings.TrimSuffix(id, filepath.Ext(id))
	stem = name[strings.LastIndexByte(name, '/')+1:]
	return id, name, stem
}

// row says which file belongs to a source and severity.
func (f *files) row(src *trial.Source, severity float64) (fileRow, error) {
	id, name, stem := names(src)
	if f.table != nil {
		for _, s := range []string{id, name, stem} {
			if row, ok := f.table[fileKey{s, severity}]; ok {
				return row, nil
			}
		}
		return fileRow{}, fmt.Errorf("the table has no file for source %s at severity %g", id, severity)
	}
	return fileRow{file: strings.NewReplacer("{id}", id, "{name}", name, "{stem}", stem,
		"{severity}", strconv.FormatFloat(severity, 'g', -1, 64)).Replace(f.rule)}, nil
}

func (f *files) sweep(_ context.Context, in *trial.Input) (trial.Sweep, error) {
	if in.Source == nil {
		return nil, fmt.Errorf("files are found by their source, and there is none")
	}
	return func(severity float64) (*trial.Outcome, error) {
		row, err := f.row(in.Source, severity)
		if err != nil {
			return nil, err
		}
		if !filepath.IsLocal(filepath.FromSlash(row.file)) {
			return nil, fmt.Errorf("edited picture %q lies outside the folder", row.file)
		}
		img, _, err := raster.DecodeFile(filepath.Join(f.path, filepath.FromSlash(row.file)))
		if err != nil {
			return nil, fmt.Errorf("edited picture of %s at severity %g: %w", in.Source.ID, severity, err)
		}
		out := &trial.Outcome{Instruction: row.instruction, TargetCaption: row.caption}
		if row.instruction != "" {
			out.SourceCaption = in.Source.Captions["full"]
		}
		if w, h := in.Image.W, in.Image.H; img.W != w || img.H != h {
			out.Flags = append(out.Flags, trial.Flag{Code: "resized", Detail: fmt.Sprintf("the edited picture is %d x %d, the source %d x %d", img.W, img.H, w, h)})
			scale := max(float64(w)/float64(img.W), float64(h)/float64(img.H))
			rw, rh := max(w, int(scale*float64(img.W)+.5)), max(h, int(scale*float64(img.H)+.5))
			img = raster.Resize(img, rw, rh, raster.Bicubic).Crop((rw-w)/2, (rh-h)/2, w, h)
		}
		out.Image = within(in.Image, img, in.Region)
		return out, nil
	}, nil
}

// Content implements trial.Content: the table and every file of the folder, by name and bytes.
func (f *files) Content() (string, error) {
	sum := sha256.New()
	sum.Write(f.raw)
	var list []string
	err := filepath.WalkDir(f.path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("edited pictures: %w", err)
	}
	slices.Sort(list)
	for _, path := range list {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("edited pictures: %w", err)
		}
		rel, err := filepath.Rel(f.path, path)
		if err != nil {
			return "", err
		}
		one := sha256.Sum256(data)
		fmt.Fprintf(sum, "%q %x\n", filepath.ToSlash(rel), one)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

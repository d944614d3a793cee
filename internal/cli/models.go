package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"probity/internal/registry"
	"probity/zoo"
)

func (a *app) modelsCommand() *cobra.Command {
	var f experimentFlags
	var all bool
	list := func(*cobra.Command, []string) error { return a.listModels(&f, all) }
	c := &cobra.Command{
		Use:   "models",
		Short: "list models; add, check and fetch them",
		Long: `List the models that were found: in the folders of --models, in those of PROBITY_MODELS and in the cache folder that
"probity models pull" fills. A folder holds ONNX files that the catalogue knows by name, or a manifest (a TOML file) beside
each ONNX file; docs/models.md describes it.`,
		Example: `  probity models --models MODELS
  probity models --all
  probity models pull squeezenet1.1
  probity models add my-encoder.onnx
  probity models check my-encoder --models .`,
		Args: args(0, 0, "no arguments"),
		RunE: list,
	}
	c.PersistentFlags().StringArrayVar(&f.models, "models", nil, "folder with ONNX models (repeatable)")
	c.PersistentFlags().StringVar(&f.runtime, "onnxruntime", "", "path of the ONNX Runtime library, instead of the one found")
	c.Flags().BoolVar(&all, "all", false, "list the catalogue's models that are not here too, and how to get them")
	ls := &cobra.Command{Use: "list", Short: "list the models that were found", Args: args(0, 0, "no arguments"), RunE: list}
	ls.Flags().BoolVar(&all, "all", false, "list the catalogue's models that are not here too, and how to get them")
	c.AddCommand(ls, a.modelsAddCommand(), a.modelsCheckCommand(&f), a.modelsPullCommand())
	return c
}

// modelRecord is one model of `probity models --json`.
type modelRecord struct {
	Name     string         `json:"name"`
	Doc      string         `json:"doc"`
	Family   string         `json:"family"`
	Training string         `json:"training"`
	Data     string         `json:"data,omitempty"`
	Licence  string         `json:"licence,omitempty"`
	Source   string         `json:"source,omitempty"`
	Here     bool           `json:"here"`
	Get      string         `json:"get,omitempty"` // the command that fetches or makes it
	Outputs  []outputRecord `json:"outputs"`
}

type outputRecord struct {
	Name   string `json:"name"`
	Layout string `json:"layout"`
	Doc    string `json:"doc,omitempty"`
}

func (a *app) listModels(f *experimentFlags, all bool) error {
	m, err := f.open(a)
	if err != nil {
		return err
	}
	defer m.Close()
	catalog, err := zoo.Catalog()
	if err != nil {
		return err
	}
	names := m.Names()
	var away []string
	for name := range catalog {
		if !slices.Contains(names, name) {
			away = append(away, name)
		}
	}
	slices.Sort(away)
	var records []modelRecord
	record := func(man *zoo.Manifest, here bool) modelRecord {
		r := modelRecord{Name: man.Name, Doc: man.Doc, Family: man.Family, Training: man.Training, Data: man.Data, Licence: man.Licence, Source: man.Source, Here: here}
		for _, o := range man.Info().Outputs {
			r.Outputs = append(r.Outputs, outputRecord{o.Name, string(o.Layout), o.Doc})
		}
		if !here {
			r.Get = howToGet(man)
		}
		return r
	}
	for _, n := range names {
		man, err := m.Manifest(n)
		if err != nil {
			return err
		}
		records = append(records, record(man, true))
	}
	if all {
		for _, n := range away {
			records = append(records, record(catalog[n], false))
		}
	}
	if a.json {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(records)
	}
	if len(names) == 0 {
		a.say("no models were found; give a folder with --models, or fetch one with probity models pull NAME")
	}
	t := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for i, r := range records {
		if !r.Here && (i == 0 || records[i-1].Here) {
			fmt.Fprintf(t, "\nin the catalogue, not here:\n")
		}
		fmt.Fprintf(t, "%s  (%s, %s)\n", r.Name, r.Family, r.Training)
		if !r.Here {
			fmt.Fprintf(t, "    %s\n", r.Get)
			continue
		}
		for _, o := range r.Outputs {
			fmt.Fprintf(t, "    %s\t%s\t%s\n", o.Name, o.Layout, o.Doc)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !all && len(away) > 0 {
		a.say("\n%d more are in the catalogue: probity models --all", len(away))
	}
	return nil
}

// howToGet is what a user does to have a model of the catalogue.
func howToGet(m *zoo.Manifest) string {
	switch {
	case m.URL != "":
		return "probity models pull " + m.Name
	case m.Export != "":
		return "make it with: python zoo/export/export.py " + m.Export + " --out MODELS"
	}
	return "no address is known; put " + m.File + " into a model folder. Source: " + m.Source
}

func (a *app) modelsAddCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "add FILE.onnx",
		Short: "inspect an ONNX file and write a manifest beside it, to be filled in",
		Long: `Inspect an ONNX file and write a manifest beside it: name, input, outputs and their layouts as far as the file tells.
What is guessed carries a comment that begins with CHECK; preprocessing is not in the file and has to be looked up where
the model was trained. Then run "probity models check NAME --models FOLDER".`,
		Args: args(1, 1, "one ONNX file"),
		RunE: func(_ *cobra.Command, got []string) error {
			path, err := zoo.Add(got[0])
			if err != nil {
				return inputError{err}
			}
			fmt.Fprintln(a.out, path)
			name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			a.say("fill in the lines marked CHECK, then: probity models check %s --models %s", name, filepath.Dir(path))
			return nil
		},
	}
}

func (a *app) modelsCheckCommand(f *experimentFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "check NAME|FILE",
		Short: "run a model on rendered pictures and say what is wrong with it",
		Long: `Run a model on rendered pictures and say what is wrong: numbers that are not finite, outputs that do not vary, a batch
that is fixed, an input range that suggests another normalisation. Its meaning is tried too: a backbone must put a picture
nearer to its own crop than to other pictures, and a joint model of pictures and words must tell coloured shapes apart by
words. Where it says words or ImageNet's classes, a normalisation of published networks under which it knows rendered pictures
better than under its manifest's is named. A model is given by its name or by its ONNX file or manifest. The exit status is 1 where something is wrong.`,
		Example: `  probity models check vit-tiny-patch16-224 --models MODELS
  probity models check encoders/my-encoder.onnx`,
		Args: args(1, 1, "one model's name or file"),
		RunE: func(c *cobra.Command, got []string) error {
			name := got[0]
			if ext := filepath.Ext(name); ext == ".onnx" || ext == ".toml" {
				var err error
				if name, err = modelOfFile(got[0]); err != nil {
					return inputError{err}
				}
				f.models = append([]string{filepath.Dir(got[0])}, f.models...)
			}
			m, err := f.open(a)
			if err != nil {
				return err
			}
			defer m.Close()
			if _, err := m.Model(name); err != nil {
				return inputError{err}
			}
			found, err := m.Check(c.Context(), name)
			if err != nil {
				return modelError(err)
			}
			problems := 0
			for _, x := range found {
				if x.Problem {
					problems++
				}
			}
			if a.json {
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				if err := enc.Encode(found); err != nil {
					return err
				}
			} else {
				for _, x := range found {
					word := "note"
					if x.Problem {
						word = "WRONG"
					}
					fmt.Fprintf(a.out, "%-5s  %s\n", word, x.What)
					if x.Remedy != "" {
						fmt.Fprintf(a.out, "       remedy: %s\n", x.Remedy)
					}
				}
			}
			if problems > 0 {
				return fmt.Errorf("%d of the things that were tried with %s went wrong", problems, name)
			}
			a.say("%s: nothing wrong was found", name)
			return nil
		},
	}
}

// modelOfFile is the name of the model that an ONNX file or a manifest is of: its manifest's, or that of the catalogue where
// the file has none.
func modelOfFile(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("looking for the model: %w", err)
	}
	manifest := strings.TrimSuffix(path, filepath.Ext(path)) + ".toml"
	data, err := os.ReadFile(manifest)
	if err == nil {
		man, err := zoo.ParseManifest(data, manifest)
		if err != nil {
			return "", err
		}
		return man.Name, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the manifest: %w", err)
	}
	catalog, err := zoo.Catalog()
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(catalog)) {
		if catalog[name].File == filepath.Base(path) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%s has no manifest %s beside it, and the catalogue does not know the file; write one with: probity models add %s", path, filepath.Base(manifest), path)
}

func (a *app) modelsPullCommand() *cobra.Command {
	var opt zoo.PullOptions
	c := &cobra.Command{
		Use:   "pull NAME...",
		Short: "fetch models of the catalogue, checked by size and SHA-256",
		Long: `Fetch the files of models that the catalogue names, over HTTPS only. A download that was interrupted goes on where it
was; a file is put in place when it is whole and its SHA-256 is right. Where the catalogue has no hash, the first download's
is kept in the folder's lock file and every later one must match it. A proxy is taken from HTTPS_PROXY and NO_PROXY, a
mirror from --mirror or PROBITY_MIRROR.`,
		Example: "  probity models pull squeezenet1.1 clip-vit-b-32",
		Args:    args(1, -1, "names of models"),
		RunE: func(c *cobra.Command, got []string) error {
			catalog, err := zoo.Catalog()
			if err != nil {
				return err
			}
			for _, name := range got {
				man := catalog[name]
				if man == nil {
					hint := ""
					if near := registry.Nearest(name, slices.Sorted(maps.Keys(catalog))); near != "" {
						hint = fmt.Sprintf("; did you mean %q?", near)
					}
					return wrong("the catalogue has no model %q%s; probity models --all lists what it has", name, hint)
				}
				if man.URL == "" {
					return wrong("%s cannot be fetched: %s", name, howToGet(man))
				}
			}
			for _, name := range got {
				opt.Progress = a.downloads()
				files, err := zoo.Pull(c.Context(), name, opt)
				if err != nil {
					return err
				}
				for _, x := range files {
					state := fmt.Sprintf("%d bytes", x.Size)
					if x.Cached {
						state = "was there already"
					}
					a.say("%s: %s, SHA-256 %s", filepath.Base(x.Path), state, x.SHA256)
					fmt.Fprintln(a.out, x.Path)
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&opt.Dir, "dir", "", "folder to put the files in, instead of the cache folder")
	c.Flags().StringVar(&opt.Mirror, "mirror", "", "replace scheme and host of every address, as in https://mirror.example")
	return c
}

// downloads prints how downloads go on, at most every two seconds.
func (a *app) downloads() func(file string, done, total int64) {
	if a.quiet {
		return nil
	}
	var mu sync.Mutex
	var last time.Time
	return func(file string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); done == total || now.Sub(last) > 2*time.Second {
			last = now
			if total > 0 {
				a.say("%s: %.1f of %.1f MB", file, float64(done)/1e6, float64(total)/1e6)
			} else {
				a.say("%s: %.1f MB", file, float64(done)/1e6)
			}
		}
	}
}

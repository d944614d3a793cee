package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/internal/registry"
	"probity/internal/trial"
)

// scoreRecord is one score of `probity score --json`, one object a line.
type scoreRecord struct {
	Input     string   `json:"input"`
	Output    string   `json:"output"`
	Metric    string   `json:"metric"`
	Score     *float64 `json:"score"`              // null where it could not be computed or is infinite
	Infinite  string   `json:"infinite,omitempty"` // "+" or "-"
	Error     string   `json:"error,omitempty"`
	Direction string   `json:"direction"`
	Unit      string   `json:"unit,omitempty"`
	Version   int      `json:"version"`
}

func (a *app) scoreCommand() *cobra.Command {
	var f experimentFlags
	var metrics []string
	var requirement, source, target string
	var cut bool
	c := &cobra.Command{
		Use:   "score --metric NAME[,NAME...] INPUT OUTPUT [INPUT OUTPUT...]",
		Short: "score pairs of pictures, or two folders by file name, without an experiment file",
		Long: `Score pictures against their references. INPUT is the reference and OUTPUT the picture under test, two files or two
folders whose files are matched by name. A metric's parameters follow its name in parentheses:

  --metric "ssim(channel=rgb)" --metric "cosine(model=vit-tiny-patch16-224)"

With --json one object a line is printed: input, output, metric, score (null where there is none), infinite, error,
direction, unit, version. docs/file-formats.md describes them.`,
		Example: `  probity score --metric psnr,ssim ref.png test.png
  probity score --metric lpips-alex --models models references/ results/ --json`,
		Args: args(2, -1, "pairs of pictures, or two folders"),
		RunE: func(c *cobra.Command, got []string) error {
			m, err := f.open(a)
			if err != nil {
				return err
			}
			defer m.Close()
			if cut {
				m.CutTexts()
			}
			chosen, err := parseMetrics(metrics, m)
			if err != nil {
				return err
			}
			pairs, err := pairUp(got)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(a.out)
			var table [][]string
			failed := 0
			words := harness.Words{Requirement: requirement, SourceCaption: source, TargetCaption: target}
			if err := harness.CheckWords(chosen, words, m); err != nil {
				return inputError{err}
			}
			err = harness.ScorePairs(c.Context(), chosen, pairs, words, m, func(p harness.Pair, scores []trial.Score, errs []error) error {
				row := []string{p.Input, p.Output}
				for k, mt := range chosen {
					r := scoreRecord{Input: p.Input, Output: p.Output, Metric: mt.Label, Direction: string(mt.Entry.Direction), Unit: mt.Entry.Unit, Version: mt.Info.Version}
					text := "failed"
					switch v := scores[k].Value; {
					case errs[k] != nil:
						r.Error = errs[k].Error()
						failed++
						a.log.Error("a score failed", "input", p.Input, "output", p.Output, "metric", mt.Label, "error", errs[k])
					case math.IsInf(v, 0):
						text = fmt.Sprint(v)
						r.Infinite = text[:1]
					default:
						r.Score, text = &v, fmt.Sprintf("%.6g", v)
					}
					row = append(row, text)
					if a.json {
						if err := enc.Encode(r); err != nil {
							return err
						}
					}
				}
				table = append(table, row)
				return nil
			})
			if err != nil {
				return modelError(err)
			}
			if !a.json {
				tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
				head := []string{"input", "output"}
				for _, mt := range chosen {
					arrow := "↓"
					if mt.Entry.Direction == trial.Similarity {
						arrow = "↑"
					}
					head = append(head, mt.Label+" "+arrow)
				}
				fmt.Fprintln(tw, strings.Join(head, "\t"))
				for _, row := range table {
					fmt.Fprintln(tw, strings.Join(row, "\t"))
				}
				tw.Flush()
			}
			if failed > 0 {
				return fmt.Errorf("%d of %d scores failed", failed, len(pairs)*len(chosen))
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&metrics, "metric", nil, "metrics to compute, separated by commas (repeatable)")
	c.Flags().StringVar(&requirement, "requirement", "", "words that ask for the edit, for metrics that read them")
	c.Flags().StringVar(&source, "source-caption", "", "what the input shows")
	c.Flags().StringVar(&target, "target-caption", "", "what the output should show")
	c.Flags().BoolVar(&cut, "cut-texts", false, "cut texts that are longer than a model reads, as open_clip does, instead of refusing them")
	f.registerModels(c)
	return c
}

// parseMetrics reads "ssim,cosine(model=x, output=y)".
func parseMetrics(texts []string, env trial.Env) ([]harness.ChosenMetric, error) {
	var out []harness.ChosenMetric
	for _, text := range texts {
		for _, one := range splitOutside(text) {
			name, rest, has := strings.Cut(one, "(")
			entry, info, err := trial.Metrics.Get(strings.TrimSpace(name))
			if err != nil {
				return nil, inputError{err}
			}
			given := map[string]any{}
			if has {
				for _, kv := range strings.Split(strings.TrimSuffix(strings.TrimSpace(rest), ")"), ",") {
					k, v, ok := strings.Cut(kv, "=")
					if !ok {
						return nil, wrong("--metric %s: wants name(key=value, ...)", one)
					}
					k, v = strings.TrimSpace(k), strings.Trim(strings.TrimSpace(v), `"'`)
					p, ok := info.Param(k)
					if !ok {
						var names []string
						for _, p := range info.Params {
							names = append(names, p.Name)
						}
						return nil, wrong("--metric %s: %s has no parameter %q, it has %q", one, info.Name, k, names)
					}
					if given[k], err = p.Parse(v); err != nil {
						return nil, wrong("--metric %s: %s: %v", one, k, err)
					}
				}
			}
			values, errs := registry.NewValues(info, given)
			if len(errs) > 0 {
				return nil, wrong("--metric %s: %v", one, errs[0])
			}
			m, err := entry.New(values, env)
			if err != nil {
				return nil, wrong("--metric %s: %v", one, err)
			}
			out = append(out, harness.ChosenMetric{Label: strings.TrimSpace(one), Metric: m, Entry: entry, Info: info})
		}
	}
	if len(out) == 0 {
		return nil, wrong("name at least one metric with --metric; `probity list metrics` shows them")
	}
	return out, nil
}

// splitOutside splits at commas that are not inside parentheses.
func splitOutside(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range s {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			out = append(out, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}

// pairUp makes pairs of the arguments: files two by two, or the files of two folders with the same names.
func pairUp(got []string) ([]harness.Pair, error) {
	if len(got)%2 != 0 {
		return nil, wrong("pictures come in pairs, input then output: got %d", len(got))
	}
	var out []harness.Pair
	for i := 0; i < len(got); i += 2 {
		a, err := os.Stat(got[i])
		if err != nil {
			return nil, inputError{err}
		}
		b, err := os.Stat(got[i+1])
		if err != nil {
			return nil, inputError{err}
		}
		if a.IsDir() != b.IsDir() {
			return nil, wrong("%s and %s: one is a folder and the other a file", got[i], got[i+1])
		}
		if !a.IsDir() {
			out = append(out, harness.Pair{Input: got[i], Output: got[i+1]})
			continue
		}
		entries, err := os.ReadDir(got[i])
		if err != nil {
			return nil, inputError{err}
		}
		n := len(out)
		var lone []string
		for _, e := range entries {
			if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			other := filepath.Join(got[i+1], e.Name())
			if _, err := os.Stat(other); err != nil {
				lone = append(lone, e.Name())
				continue
			}
			out = append(out, harness.Pair{Input: filepath.Join(got[i], e.Name()), Output: other})
		}
		if len(lone) > 0 {
			return nil, wrong("%d files of %s have no partner of the same name in %s; the first: %s", len(lone), got[i], got[i+1], lone[0])
		}
		if len(out) == n {
			return nil, wrong("%s holds no files", got[i])
		}
	}
	return out, nil
}

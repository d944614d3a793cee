package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "imagenhub",
		Version: 1,
		Doc:     "three raters on pictures edited by words, by subject or in a mask: semantic consistency and perceptual quality (0, .5, 1)",
		Long: `TASK/TASK_rater1.tsv to rater3.tsv are needed: a row an input (uid), a column an editor, "[SC, PQ]" in each. The scores that
the authors publish, autometrics/EDITOR.json (autometrics-subject-driven for subject-driven editing), are used where they are
there, and so are pictures: ImagenHub_TASK/input/UID and ImagenHub_TASK/EDITOR/UID.

Inputs named sample_PHOTO_TURN.jpg share a photograph with the other turns, which is then the source; others stand for
themselves. O is sqrt(SC*PQ) of each rater.`,
		Source: "Ku et al. 2024",
		Params: []registry.Param{
			{Name: "task", Type: registry.String, Doc: "which editing", Default: "Text-Guided_IE", Enum: []string{"Text-Guided_IE", "Subject-Driven_IE", "Mask-Guided_IE"}},
			{Name: "score", Type: registry.String, Doc: "semantic consistency, perceptual quality, or both: O = sqrt(SC*PQ)", Default: "O", Enum: []string{"SC", "PQ", "O"}},
		},
	}, trial.DatasetEntry{Where: "https://github.com/TIGER-AI-Lab/ImagenHub", Needs: "path = the folder that holds TASK/TASK_rater1.tsv", Judged: true, Judge: judgeImagenHub})
}

// hubTurn is an input that shares its photograph with other turns.
var hubTurn = regexp.MustCompile(`^(sample_\d+)_\d+\.\w+$`)

// hubRatings are one rater's [SC, PQ] by uid and editor, with both in the file's order.
type hubRatings struct {
	file          string
	uids, editors []string
	value         map[[2]string][2]float64
}

func readHubRatings(file string) (*hubRatings, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading judgements: %w", err)
	}
	r := &hubRatings{file: file, value: map[[2]string][2]float64{}}
	for i, text := range strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		cells := strings.Split(text, "\t")
		if r.editors == nil {
			if cells[0] != "uid" || len(cells) < 2 {
				return nil, fmt.Errorf("%s, line %d: wants a header of uid and editors between tabs, got %q", file, i+1, text)
			}
			r.editors = cells[1:]
			for k := range r.editors {
				r.editors[k] = strings.TrimSpace(r.editors[k])
			}
			continue
		}
		if len(cells) != len(r.editors)+1 {
			return nil, fmt.Errorf("%s, line %d: %d fields, the header has %d", file, i+1, len(cells), len(r.editors)+1)
		}
		uid := strings.TrimSpace(cells[0])
		if slices.Contains(r.uids, uid) {
			return nil, fmt.Errorf("%s, line %d: %s comes twice", file, i+1, uid)
		}
		r.uids = append(r.uids, uid)
		for k, c := range cells[1:] {
			v, err := hubPair(c)
			if err != nil {
				return nil, fmt.Errorf("%s, line %d, column %s: %w", file, i+1, r.editors[k], err)
			}
			r.value[[2]string{uid, r.editors[k]}] = v
		}
	}
	if len(r.uids) == 0 {
		return nil, fmt.Errorf("%s holds no ratings", file)
	}
	return r, nil
}

// hubPair reads "[SC, PQ]", both from 0 to 1.
func hubPair(text string) (v [2]float64, err error) {
	inside, ok := strings.CutPrefix(strings.TrimSpace(text), "[")
	inside, closed := strings.CutSuffix(inside, "]")
	parts := strings.Split(inside, ",")
	if !ok || !closed || len(parts) != 2 {
		return v, fmt.Errorf("%q is no [SC, PQ]", text)
	}
	for k, p := range parts {
		if v[k], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil || !(v[k] >= 0 && v[k] <= 1) {
			return v, fmt.Errorf("%q is no [SC, PQ] from 0 to 1", text)
		}
	}
	return v, nil
}

func judgeImagenHub(_ context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	task, score := params.String("task"), params.String("score")
	var raters []*hubRatings
	for k := 1; k <= 3; k++ {
		r, err := readHubRatings(filepath.Join(opt.Path, task, fmt.Sprintf("%s_rater%d.tsv", task, k)))
		if err != nil {
			return nil, err
		}
		raters = append(raters, r)
	}
	j := &trial.Judgements{Name: "ImagenHub " + task, Kind: trial.Rated, Scale: score, Noun: "photograph", Raters: []string{"rater1", "rater2", "rater3"}}
	pictures := filepath.Join(opt.Path, "ImagenHub_"+task)
	there := func(parts ...string) string {
		p := filepath.Join(append([]string{pictures}, parts...)...)
		if _, err := os.Stat(p); err != nil {
			return ""
		}
		return p
	}
	first := raters[0]
	for _, editor := range first.editors {
		for _, uid := range first.uids {
			at := [2]string{uid, editor}
			var raw []float64
			for _, r := range raters {
				v, ok := r.value[at]
				if !ok {
					return nil, fmt.Errorf("%s has no rating of %s by %s, which %s has", r.file, uid, editor, first.file)
				}
				raw = append(raw, map[string]float64{"SC": v[0], "PQ": v[1], "O": math.Sqrt(v[0] * v[1])}[score])
			}
			source := uid
			if m := hubTurn.FindStringSubmatch(uid); m != nil {
				source = m[1]
			}
			nan := math.NaN()
			j.Ratings = append(j.Ratings, trial.Rating{
				Subject: trial.Subject{Item: editor + "/" + uid, Reference: there("input", uid), Source: source, Distortion: editor},
				Output:  there(editor, uid), Value: (raw[0] + raw[1] + raw[2]) / 3, SD: nan, SE: nan, N: 3, Raw: raw,
			})
		}
	}
	j.Notes = append(j.Notes, hubEditors(raters))
	if err := hubScores(j, opt.Path, task, first); err != nil {
		return nil, err
	}
	pictured(j)
	return j, nil
}

// hubEditors words each editor's means over raters and inputs, and how far the raters agree on semantic consistency, as the
// authors' table has them.
func hubEditors(raters []*hubRatings) string {
	first := raters[0]
	n := float64(len(raters) * len(first.uids))
	var out []string
	for _, editor := range first.editors {
		var sc, pq, o float64
		var counts [][3]float64 // of an input's ratings 0, .5 and 1; none where another number was given
		for _, uid := range first.uids {
			var count [3]float64
			for _, r := range raters {
				v := r.value[[2]string{uid, editor}]
				sc, pq, o = sc+v[0]/n, pq+v[1]/n, o+math.Sqrt(v[0]*v[1])/n
				if c := 2 * v[0]; c == math.Trunc(c) {
					count[int(c)]++
				}
			}
			counts = append(counts, count)
		}
		text := fmt.Sprintf("%s %.2f, %.2f, %.2f", editor, sc, pq, o)
		if k, ok := hubKappa(counts, float64(len(raters))); ok {
			text += fmt.Sprintf(" (%.2f)", k)
		}
		out = append(out, text)
	}
	return "means of SC, PQ and O over raters (Fleiss' kappa of SC) by editor: " + strings.Join(out, "; ")
}

// hubKappa is Fleiss' kappa (1971) of categories that every rater gave to every input; false where a rating is none of them or
// all are the same.
func hubKappa(counts [][3]float64, raters float64) (float64, bool) {
	var share [3]float64
	var agree float64
	n := float64(len(counts))
	for _, c := range counts {
		if c[0]+c[1]+c[2] != raters {
			return 0, false
		}
		for k, v := range c {
			share[k] += v / (n * raters)
			agree += v * (v - 1) / (n * raters * (raters - 1))
		}
	}
	chance := share[0]*share[0] + share[1]*share[1] + share[2]*share[2]
	return (agree - chance) / (1 - chance), chance < 1-1e-12
}

// hubScores reads the authors' scores, in the order of the ratings: editor by editor. An editor without scores has NaN.
func hubScores(j *trial.Judgements, path, task string, first *hubRatings) error {
	folder := map[string]string{"Text-Guided_IE": "autometrics", "Subject-Driven_IE": "autometrics-subject-driven"}[task]
	if folder == "" {
		return nil
	}
	all := map[string]map[string]map[string]*float64{} // by editor, uid, metric
	seen := map[string]bool{}
	for _, editor := range first.editors {
		file := filepath.Join(path, folder, editor+".json")
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading scores: %w", err)
		}
		var one map[string]map[string]*float64
		d := json.NewDecoder(bytes.NewReader(data))
		if err := d.Decode(&one); err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		all[editor] = one
		for _, v := range one {
			for m := range v {
				seen[m] = true
			}
		}
	}
	var metrics []string
	for m := range seen {
		metrics = append(metrics, m)
	}
	sort.Strings(metrics)
	without := []string{}
	for _, editor := range first.editors {
		if all[editor] == nil && len(metrics) > 0 {
			without = append(without, editor)
		}
	}
	if len(without) > 0 {
		j.Notes = append(j.Notes, "no scores are published of "+strings.Join(without, ", "))
	}
	for _, m := range metrics {
		direction := trial.Similarity
		if strings.Contains(m, "LPIPS") {
			direction = trial.Distance
		}
		var col []float64
		for _, editor := range first.editors {
			for _, uid := range first.uids {
				v := math.NaN()
				if p := all[editor][uid][m]; p != nil {
					v = *p
				}
				col = append(col, v)
			}
		}
		j.Columns, j.Scores = append(j.Columns, publishedColumn(m, direction)), append(j.Scores, col)
	}
	return nil
}

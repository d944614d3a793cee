package datasets

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

// The layout is that of data/dataset/twoafc_dataset.py and jnd_dataset.py in the authors' repository, richzhang/PerceptualSimilarity.
func init() {
	trial.Datasets.Add(registry.Info{
		Name:    "bapps",
		Version: 1,
		Doc:     "choices between two distorted patches (2AFC), or whether two patches look the same (JND)",
		Long: `kind 2afc: folders such as val/cnn with ref, p0, p1 and judge, in which judge/000000.npy is the share of votes for p1. kind jnd:
folders with p0, p1 and same, the share of people who saw no difference; it is a rating on which more is better. path is one
such folder, or one that holds several, each of which is then a distortion. Each reference patch is its own source; an item is called by folder and number:
val/cnn/000000, or cnn/000000 where path is val.`,
		Source: "Zhang, Isola, Efros, Shechtman and Wang 2018",
		Params: append([]registry.Param{{Name: "kind", Type: registry.String, Doc: "2afc or jnd", Default: "2afc", Enum: []string{"2afc", "jnd"}}}, scoreParams()...),
	}, trial.DatasetEntry{Where: "https://github.com/richzhang/PerceptualSimilarity", Needs: "path = a folder with ref, p0, p1 and judge, or one that holds several", Judged: true, Judge: withScores(judgeBAPPS)})
}

func judgeBAPPS(ctx context.Context, params registry.Values, opt trial.OpenOptions) (*trial.Judgements, error) {
	jnd := params.String("kind") == "jnd"
	j := &trial.Judgements{Name: "BAPPS " + params.String("kind"), Kind: trial.Chose, Scale: "votes for p1", Noun: "patch"}
	answers := "judge"
	if jnd {
		j.Kind, j.Scale, answers = trial.Rated, "share that saw no difference", "same"
	}
	folders, err := bappsFolders(opt.Path, answers)
	if err != nil {
		return nil, err
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("%s has no folder with %s", opt.Path, answers)
	}
	for _, dir := range folders {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		name := filepath.Base(dir)
		if rel, err := filepath.Rel(opt.Path, dir); err == nil && rel != "." {
			name = filepath.ToSlash(rel) // train/cnn and val/cnn hold patches of the same number
		}
		entries, err := os.ReadDir(filepath.Join(dir, answers))
		if err != nil {
			return nil, fmt.Errorf("reading judgements: %w", err)
		}
		for _, e := range entries {
			stem, ok := strings.CutSuffix(e.Name(), ".npy")
			if !ok {
				continue
			}
			file := filepath.Join(dir, answers, e.Name())
			v, err := npyShare(file)
			if err != nil {
				return nil, err
			}
			item := name + "/" + stem
			s := trial.Subject{Item: item, Source: item, Distortion: filepath.Base(dir)}
			picture := func(part string) string {
				p := filepath.Join(dir, part, stem+".png")
				if _, err := os.Stat(p); err != nil {
					return ""
				}
				return p
			}
			nan := math.NaN()
			if jnd {
				s.Reference = picture("p0")
				j.Ratings = append(j.Ratings, trial.Rating{Subject: s, Output: picture("p1"), Value: v, SD: nan, SE: nan, N: nan})
				continue
			}
			s.Reference = picture("ref")
			j.Choices = append(j.Choices, trial.Choice{Subject: s, A: picture("p0"), B: picture("p1"), VotesB: v, Votes: nan})
		}
	}
	pictured(j)
	return j, nil
}

// bappsFolders are the folders at or below a path that hold answers, by name.
func bappsFolders(path, answers string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == answers {
			out = append(out, filepath.Dir(p))
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for judgements: %w", err)
	}
	sort.Strings(out)
	return out, nil
}

// npyScalar is the header of a NumPy file of one little-endian number.
var npyScalar = regexp.MustCompile(`'descr': '<(f4|f8)', 'fortran_order': (?:True|False), 'shape': \((?:1,?)?\)`)

// npyShare reads a NumPy file of one share.
func npyShare(file string) (float64, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("reading judgements: %w", err)
	}
	v, err := parseNpyShare(data)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", file, err)
	}
	return v, nil
}

func parseNpyShare(data []byte) (float64, error) {
	if len(data) < 10 || !bytes.HasPrefix(data, []byte("\x93NUMPY")) || data[6] != 1 {
		return 0, errors.New("no NumPy file of version 1")
	}
	n := 10 + int(binary.LittleEndian.Uint16(data[8:]))
	if len(data) < n {
		return 0, errors.New("the header is cut off")
	}
	m := npyScalar.FindSubmatch(data[10:n])
	body := data[n:]
	var v float64
	switch {
	case m == nil:
		return 0, fmt.Errorf("wants one float32 or float64, the header says %q", bytes.TrimSpace(data[10:n]))
	case string(m[1]) == "f4" && len(body) == 4:
		v = float64(math.Float32frombits(binary.LittleEndian.Uint32(body)))
	case string(m[1]) == "f8" && len(body) == 8:
		v = math.Float64frombits(binary.LittleEndian.Uint64(body))
	default:
		return 0, fmt.Errorf("%d bytes of data", len(body))
	}
	if !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("%v is no share from 0 to 1", v)
	}
	return v, nil
}

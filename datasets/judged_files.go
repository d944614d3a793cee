package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"probity/internal/trial"
)

// line is one line of a text file with its number, blank ones left out.
type line struct {
	number int
	fields []string
}

// readFields reads a file of fields between blanks; want is how many each line must have.
func readFields(file string, want int) ([]line, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading judgements: %w", err)
	}
	var out []line
	for i, text := range strings.Split(string(data), "\n") {
		f := strings.Fields(text)
		if len(f) == 0 {
			continue
		}
		if len(f) != want {
			return nil, fmt.Errorf("%s, line %d: %d fields, wants %d: %q", file, i+1, len(f), want, strings.TrimSpace(text))
		}
		out = append(out, line{i + 1, f})
	}
	return out, nil
}

// readColumn reads one number a line; n is how many there must be.
func readColumn(file string, n int) ([]float64, error) {
	lines, err := readFields(file, 1)
	if err != nil {
		return nil, err
	}
	var out []float64
	for _, l := range lines {
		v, err := strconv.ParseFloat(l.fields[0], 64)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %q is not a number", file, l.number, l.fields[0])
		}
		out = append(out, v)
	}
	if len(out) != n {
		return nil, fmt.Errorf("%s has %d numbers, there are %d items", file, len(out), n)
	}
	return out, nil
}

// foldedFiles lists the files below a folder by their name in lower case without blanks, since published names vary in
// both; none where the folder is not there.
func foldedFiles(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			out[folded(d.Name())] = p
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for pictures: %w", err)
	}
	return out, nil
}

func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }

// pictured notes how many items have their pictures.
func pictured(j *trial.Judgements) {
	n := 0
	for i := range j.Items() {
		if _, _, ok := j.Pictures(i); ok {
			n++
		}
	}
	if n > 0 && n < j.Items() {
		j.Notes = append(j.Notes, fmt.Sprintf("pictures of %d of %d items are there", n, j.Items()))
	}
}

package harness

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"probity/internal/trial"
)

// A segment is the durable result of one unit of work: every score of one source by one group of models. It is
// written once, whole, under a name made of what it depends on, so that an interrupted run loses at most the units
// that were being worked on and a later run takes from it whatever still holds.
type segment struct {
	Source  string // source hash
	Rows    []segmentRow
	Metrics []string    // keys of the metrics, in the order of Score
	Score   [][]float64 // [metric][row]
	// Problems are scores that could not be computed, by row and metric.
	Problems []segmentProblem
}

// segmentRow is one stimulus with what was measured of it.
type segmentRow struct {
	Key      string // of the stimulus: everything that its pixels depend on
	Stimulus trial.Stimulus
}

type segmentProblem struct {
	Row    int
	Metric int // -1: the stimulus could not be made
	Reason string
}

// segmentMagic changes when the format does; older files are then passed over and computed again.
const segmentMagic = "probity segment 1\n"

// errSegmentDamaged marks a file that is no whole segment.
var errSegmentDamaged = errors.New("damaged segment")

// WriteFile writes a file so that a reader, or a run that is killed at any moment, sees either the old or the new one.
func WriteFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func (s *segment) write(path string) error {
	var b bytes.Buffer
	b.WriteString(segmentMagic)
	if err := gob.NewEncoder(&b).Encode(s); err != nil {
		return fmt.Errorf("encoding segment %s: %w", path, err)
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return WriteFile(path, b.Bytes())
}

func readSegment(path string) (*segment, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < len(segmentMagic)+sha256.Size || !strings.HasPrefix(string(data), segmentMagic) {
		return nil, fmt.Errorf("%s: %w", path, errSegmentDamaged)
	}
	body, want := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], want) {
		return nil, fmt.Errorf("%s: %w: checksum differs", path, errSegmentDamaged)
	}
	s := new(segment)
	if err := gob.NewDecoder(bytes.NewReader(body[len(segmentMagic):])).Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w: %v", path, errSegmentDamaged, err)
	}
	return s, nil
}

// cell addresses one score in the store: a stimulus and a metric, each by its key.
type cell struct{ stimulus, metric string }

// cells is everything that is known of one source.
type cells struct {
	rows     map[string]trial.Stimulus // by stimulus key
	score    map[cell]float64
	problems map[cell]string // metric "" where the stimulus could not be made
}

// store is the folder of segments of one run.
type store struct{ dir string }

func (st store) sourceDir(hash string) string { return filepath.Join(st.dir, hash[:16]) }

// load reads all segments of one source. Damaged files are passed over: what they held is computed again.
func (st store) load(hash string) (*cells, []error) {
	c := &cells{rows: map[string]trial.Stimulus{}, score: map[cell]float64{}, problems: map[cell]string{}}
	entries, err := os.ReadDir(st.sourceDir(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, []error{err}
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	var errs []error
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".segment" {
			continue
		}
		s, err := readSegment(filepath.Join(st.sourceDir(hash), e.Name()))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if s.Source == hash {
			c.add(s)
		}
	}
	return c, errs
}

func (c *cells) add(s *segment) {
	for r, row := range s.Rows {
		x := row.Stimulus
		if old, ok := c.rows[row.Key]; ok && len(old.Visible) > 0 { // each segment knows of its own models
			x.Visible = maps.Clone(x.Visible)
			if x.Visible == nil {
				x.Visible = map[string]float64{}
			}
			maps.Copy(x.Visible, old.Visible)
		}
		c.rows[row.Key] = x
		for m, key := range s.Metrics {
			c.score[cell{row.Key, key}] = s.Score[m][r]
		}
	}
	for _, p := range s.Problems {
		at := cell{stimulus: s.Rows[p.Row].Key}
		if p.Metric >= 0 {
			at.metric = s.Metrics[p.Metric]
		}
		c.problems[at] = p.Reason
	}
}

// path is where the segment of one source and one list of stimulus and metric keys lies.
func (st store) path(hash string, stimuli, metrics []string) string {
	h := sha256.New()
	for _, list := range [][]string{stimuli, metrics} {
		fmt.Fprintf(h, "%d\n", len(list))
		for _, k := range list {
			h.Write([]byte(k))
			h.Write([]byte{0})
		}
	}
	return filepath.Join(st.sourceDir(hash), hex.EncodeToString(h.Sum(nil))[:32]+".segment")
}

package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"path/filepath"

	"probity/internal/trial"
)

// cacheVersion is raised whenever the same table and options may give other findings although no kind's version changed.
const cacheVersion = 4

// cacheFile is where findings are kept for the next rendering.
const cacheFile = "findings.cache"

// key is a hash of everything that findings depend on: scores, stimuli, questions and the options of intervals, but not
// how results are rendered.
func (a *Analysis) key() string {
	h := sha256.New()
	x := &a.in.Experiment
	fmt.Fprintf(h, "findings %d %d %d\n%v\n", cacheVersion, FormatVersion, a.draws.n, a.level)
	fmt.Fprintf(h, "%q %q %d %v\n", x.Dataset, x.Noun, x.Seed, x.HasClasses)
	fmt.Fprintf(h, "%q\n", x.Axis)
	for _, p := range x.Perturbs {
		fmt.Fprintf(h, "%q %q %q %q %q %v %v\n", p.Label, p.Kind, p.Role, p.Axis.Name, p.Axis.Unit, p.Axis.Descending, p.Axis.Fixed)
	}
	for _, y := range x.Hypotheses {
		fmt.Fprintf(h, "%q\n", fmt.Sprintf("%+v", y))
	}
	for _, f := range x.Findings {
		info, _ := Kinds.Info(f.Kind)
		fmt.Fprintf(h, "%q %d %q\n", f.Kind, info.Version, f.Params.Canonical())
	}
	for i := range a.columns {
		c := a.columns[i].Column
		fmt.Fprintf(h, "%q\n", fmt.Sprintf("%+v", c))
	}
	for _, r := range a.table.Sets {
		fmt.Fprintf(h, "%q\n", fmt.Sprintf("%+v", r))
	}
	for _, r := range a.table.Spaces {
		fmt.Fprintf(h, "%q\n", fmt.Sprintf("%+v", r))
	}
	s := sums{Hash: h}
	for i := range a.table.Stimuli {
		s.stimulus(&a.table.Stimuli[i], a.columns)
	}
	for _, col := range a.table.Score {
		for _, v := range col {
			s.number(v)
		}
	}
	for _, d := range a.humans {
		s.judged(d.Judged)
	}
	for _, x := range a.suites {
		s.suite(x.Suite)
	}
	for _, r := range a.in.Responses {
		s.text(fmt.Sprintf("%+v", *r))
	}
	if l := a.in.Ladder; l != nil {
		s.text(fmt.Sprintf("%+v", *l))
	}
	s.flush()
	return hex.EncodeToString(h.Sum(nil))
}

// sums feeds a hash in large pieces.
type sums struct {
	hash.Hash
	buf []byte
}

func (s *sums) flush() {
	s.Write(s.buf)
	s.buf = s.buf[:0]
}

func (s *sums) number(v float64) {
	s.buf = binary.LittleEndian.AppendUint64(s.buf, math.Float64bits(v))
	if len(s.buf) > 1<<16 {
		s.flush()
	}
}

func (s *sums) text(t string) {
	s.buf = binary.LittleEndian.AppendUint32(s.buf, uint32(len(t)))
	s.buf = append(s.buf, t...)
}

func (s *sums) stimulus(x *trial.Stimulus, columns []column) {
	for _, t := range []string{x.Source, x.Cluster, x.Class, string(x.Role), x.Perturb, x.Unit, x.Shape, x.Null} {
		s.text(t)
	}
	for _, v := range []float64{x.Severity, x.Area, float64(x.Replicate), x.NullSeverity, float64(x.Draw), x.Realised.DE00} {
		s.number(v)
	}
	for _, d := range x.Donors {
		s.text(d)
	}
	for _, f := range x.Flags {
		s.text(f.Code)
	}
	s.text("|")
	for i := range columns {
		if v, ok := x.Visible[columns[i].Model]; ok {
			s.number(v)
		}
	}
}

func (s *sums) judged(d *Judged) {
	for _, t := range []string{d.Name, d.Noun, d.Scale, fmt.Sprint(d.Lower, d.Shares, len(d.Columns), len(d.Rating), len(d.VotesA))} {
		s.text(t)
	}
	for _, c := range d.Columns {
		s.text(fmt.Sprintf("%+v", c))
	}
	for _, list := range [][]string{d.Item, d.Cluster, d.Group, d.Raters, d.Notes, d.Design} {
		s.text(fmt.Sprint(len(list)))
		for _, t := range list {
			s.text(t)
		}
	}
	for _, table := range [][][]float64{d.Score, d.ScoreB, d.Raw, {d.Rating, d.SE, d.VotesA, d.VotesB, d.Level}} {
		for _, col := range table {
			s.text(fmt.Sprint(len(col)))
			for _, v := range col {
				s.number(v)
			}
		}
	}
}

func (s *sums) suite(x *Suite) {
	s.text(fmt.Sprintf("%q %q %q %d %+v %+v %v %q %q %q", x.Name, x.Title, x.Noun, x.Metrics, x.Columns, x.Kinds, x.Blind, x.Excused, x.Reads, x.Notes))
	for _, q := range x.Quads {
		s.text(fmt.Sprintf("%+v", q))
	}
	for m := range x.Columns {
		for _, table := range [][][2][2]float64{x.Score[m], x.Shuffled[m]} {
			for _, q := range table {
				for _, c := range q {
					s.number(c[0])
					s.number(c[1])
				}
			}
		}
		for _, q := range x.Null[m] {
			for _, c := range q {
				for _, v := range c {
					s.number(v)
				}
			}
		}
	}
}

// cached is what is kept.
type cached struct {
	Key      string
	Findings []*Finding
}

// recall reads kept findings of this key; nil where there are none, or the file is damaged.
func recall(folder, key string) []*Finding {
	data, err := os.ReadFile(filepath.Join(folder, cacheFile))
	if err != nil || len(data) < sha256.Size {
		return nil
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return nil
	}
	var c cached
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&c); err != nil && err != io.EOF || c.Key != key {
		return nil
	}
	for _, f := range c.Findings { // gob turns empty slices into nil ones, which JSON writes differently
		if f.Estimates == nil {
			f.Estimates = []Estimate{}
		}
		if f.Warnings == nil {
			f.Warnings = []Warning{}
		}
	}
	return c.Findings
}

// keep stores findings for the next rendering.
func keep(folder, key string, findings []*Finding) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(cached{key, findings}); err != nil {
		return fmt.Errorf("keeping the findings: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return replace(filepath.Join(folder, cacheFile), b.Bytes())
}

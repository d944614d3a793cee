package harness

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"probity/internal/trial"
)

// Set metrics compare whole sets, so they run when every picture has been seen. Until then the features that they want
// wait in one file a source, beside its segment: a row for the source itself and one for each stimulus that stands in a
// set. The second phase reads one row of every file at a time, so no set ever lies in memory as pictures, nor all sets
// as features.

const featuresMagic = "probity set features 1\n"

// errFeaturesDamaged marks a file that is not what was written.
var errFeaturesDamaged = errors.New("damaged file of features")

// setWant is one feature that set metrics want of every member.
type setWant struct {
	feature feature
	key     string // model's hash and runtime, output: what the numbers depend on besides the picture
}

// featureBlock is one feature of one source's rows.
type featureBlock struct {
	Key          string
	Cols         int
	Layout       trial.Layout
	H, W, Prefix int
}

// featuresHead precedes the numbers.
type featuresHead struct {
	Source string
	Rows   int
	Made   []bool // rows that could be made
	Blocks []featureBlock
}

// setFeatures is what is collected of one source while it is scored.
type setFeatures struct {
	head featuresHead
	data [][]float32 // by block: Rows x Cols
}

func newSetFeatures(source string, rows int, wants []setWant) *setFeatures {
	f := &setFeatures{head: featuresHead{Source: source, Rows: rows, Made: make([]bool, rows)}, data: make([][]float32, len(wants))}
	for _, w := range wants {
		f.head.Blocks = append(f.head.Blocks, featureBlock{Key: w.key})
	}
	return f
}

// put takes over one row: the wanted features of one picture.
func (f *setFeatures) put(row int, wants []setWant, have map[feature]*trial.Tensor) error {
	for i, w := range wants {
		t := have[w.feature]
		b := &f.head.Blocks[i]
		if f.data[i] == nil {
			b.Cols, b.Layout = len(t.Data), t.Layout
			if t.Layout != trial.Pooled {
				b.Prefix = t.Prefix
				b.H, b.W = t.H, t.W
			}
			f.data[i] = make([]float32, f.head.Rows*b.Cols)
		}
		if len(t.Data) != b.Cols {
			return fmt.Errorf("the feature %s of %s has %d numbers for one picture and %d for another; sets need pictures of one size", w.feature.output, w.feature.model, b.Cols, len(t.Data))
		}
		copy(f.data[i][row*b.Cols:], t.Data)
	}
	f.head.Made[row] = true
	return nil
}

// write stores the rows.
func (f *setFeatures) write(path string) error {
	var b bytes.Buffer
	b.WriteString(featuresMagic)
	var head bytes.Buffer
	if err := gob.NewEncoder(&head).Encode(f.head); err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(head.Len())))
	b.Write(head.Bytes())
	for _, rows := range f.data {
		out := make([]byte, 0, 4*len(rows))
		for _, v := range rows {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
		b.Write(out)
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return WriteFile(path, b.Bytes())
}

// featuresFile reads rows of a file that was written.
type featuresFile struct {
	path  string
	head  featuresHead
	first int64 // offset of the first number
}

// openFeatures reads a file's head, and all of it where whole is asked for, to see that it is as it was written.
func openFeatures(path string, whole bool) (*featuresFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	start := make([]byte, len(featuresMagic)+8)
	if _, err := io.ReadFull(f, start); err != nil || string(start[:len(featuresMagic)]) != featuresMagic {
		return nil, fmt.Errorf("%s: %w", path, errFeaturesDamaged)
	}
	n := binary.LittleEndian.Uint64(start[len(featuresMagic):])
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if n > uint64(st.Size()) {
		return nil, fmt.Errorf("%s: %w", path, errFeaturesDamaged)
	}
	out := &featuresFile{path: path, first: int64(len(start)) + int64(n)}
	if err := gob.NewDecoder(io.LimitReader(f, int64(n))).Decode(&out.head); err != nil {
		return nil, fmt.Errorf("%s: %w: %v", path, errFeaturesDamaged, err)
	}
	size := out.first + sha256.Size
	for _, b := range out.head.Blocks {
		size += 4 * int64(b.Cols) * int64(out.head.Rows)
	}
	if size != st.Size() {
		return nil, fmt.Errorf("%s: %w: it has %d bytes, not %d", path, errFeaturesDamaged, st.Size(), size)
	}
	if whole {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		body := data[:len(data)-sha256.Size]
		if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
			return nil, fmt.Errorf("%s: %w: checksum differs", path, errFeaturesDamaged)
		}
	}
	return out, nil
}

// row reads one row of one block into dst, which has room for it.
func (f *featuresFile) row(block, row int, dst []float32) error {
	at := f.first
	for _, b := range f.head.Blocks[:block] {
		at += 4 * int64(b.Cols) * int64(f.head.Rows)
	}
	cols := f.head.Blocks[block].Cols
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	raw := make([]byte, 4*cols)
	if _, err := file.ReadAt(raw, at+4*int64(row)*int64(cols)); err != nil {
		return fmt.Errorf("reading %s: %w", f.path, err)
	}
	for i := range dst[:cols] {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}

// featuresPath is where the features of one source lie, by the stimuli and features in it.
func (st store) featuresPath(hash string, stimuli []string, wants []setWant) string {
	h := sha256.New()
	for _, k := range stimuli {
		fmt.Fprintf(h, "%q\n", k)
	}
	fmt.Fprintln(h)
	for _, w := range wants {
		fmt.Fprintf(h, "%q\n", w.key)
	}
	return filepath.Join(st.sourceDir(hash), hex.EncodeToString(h.Sum(nil))[:32]+".features")
}

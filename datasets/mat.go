package datasets

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// matValue is one variable of a MATLAB file: numbers, text, or cells of either, in column order.
type matValue struct {
	numbers []float64
	text    string
	cells   []matValue
}

// The data types and array classes of MAT-File Level 5 (The MathWorks, MAT-File Format, tables 1-1 and 1-3) that are read.
const (
	matCompressed, matMatrix, matUTF8 = 15, 14, 16
	matCell, matChar                  = 1, 4
	matLargest                        = 64 << 20 // bytes that a compressed variable may hold
	matDepth                          = 4        // cells in cells
)

// readMat reads the numeric, character and cell arrays of a MATLAB file of level 5, by name.
func readMat(file string) (map[string]matValue, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading judgements: %w", err)
	}
	out, err := parseMat(data)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return out, nil
}

func parseMat(data []byte) (map[string]matValue, error) {
	if len(data) < 128 || string(data[126:128]) != "IM" || data[125] != 1 {
		return nil, errors.New("no MATLAB file of level 5 in little-endian order (save it with -v6 or -v7)")
	}
	out := map[string]matValue{}
	for data = data[128:]; len(data) > 0; {
		kind, body, rest, err := matElement(data)
		if err != nil {
			return nil, err
		}
		data = rest
		if kind == matCompressed {
			z, err := zlib.NewReader(bytes.NewReader(body))
			if err != nil {
				return nil, fmt.Errorf("a compressed variable: %w", err)
			}
			plain, err := io.ReadAll(io.LimitReader(z, matLargest+1))
			if err != nil {
				return nil, fmt.Errorf("a compressed variable: %w", err)
			}
			if len(plain) > matLargest {
				return nil, fmt.Errorf("a compressed variable holds more than %d bytes", matLargest)
			}
			if kind, body, _, err = matElement(plain); err != nil {
				return nil, err
			}
		}
		if kind != matMatrix {
			continue
		}
		name, v, err := matArray(body, 0)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// matElement cuts the first element off: its type, its bytes, and what follows it.
func matElement(b []byte) (kind uint32, body, rest []byte, err error) {
	if len(b) < 8 {
		return 0, nil, nil, errors.New("the file is cut off")
	}
	kind = binary.LittleEndian.Uint32(b)
	if small := kind >> 16; small != 0 { // type and size share four bytes, the data are the next four
		if small > 4 {
			return 0, nil, nil, fmt.Errorf("a small element of %d bytes", small)
		}
		return kind & 0xffff, b[4 : 4+small], b[8:], nil
	}
	size := uint64(binary.LittleEndian.Uint32(b[4:]))
	if size > uint64(len(b)-8) {
		return 0, nil, nil, errors.New("the file is cut off")
	}
	body, rest = b[8:8+size], b[8+size:]
	if pad := int((8 - size%8) % 8); kind != matCompressed {
		rest = rest[min(pad, len(rest)):]
	}
	return kind, body, rest, nil
}

func matArray(b []byte, depth int) (name string, v matValue, err error) {
	if len(b) == 0 { // an empty cell
		return "", v, nil
	}
	if depth > matDepth {
		return "", v, fmt.Errorf("cells in cells, more than %d deep", matDepth)
	}
	var part [3][]byte // flags, dimensions, name
	for i := range part {
		if _, part[i], b, err = matElement(b); err != nil {
			return "", v, err
		}
	}
	name = string(part[2])
	if len(part[0]) < 4 || len(part[1])%4 != 0 {
		return "", v, fmt.Errorf("variable %q: malformed header", name)
	}
	class := part[0][0]
	n := uint64(1)
	for d := part[1]; len(d) > 0; d = d[4:] {
		if n *= uint64(binary.LittleEndian.Uint32(d)); n > matLargest {
			return "", v, fmt.Errorf("variable %q has more than %d elements", name, matLargest)
		}
	}
	switch {
	case class == matCell:
		for range n {
			kind, body, rest, err := matElement(b)
			if err != nil {
				return "", v, err
			}
			if kind != matMatrix {
				return "", v, fmt.Errorf("variable %q: a cell of type %d", name, kind)
			}
			_, c, err := matArray(body, depth+1)
			if err != nil {
				return "", v, err
			}
			v.cells, b = append(v.cells, c), rest
		}
		return name, v, nil
	case class == matChar || class >= 6 && class <= 15:
	default: // structures, objects and sparse arrays are passed over
		return name, v, nil
	}
	kind, body, _, err := matElement(b)
	if err != nil {
		return "", v, err
	}
	if kind == matUTF8 {
		v.text = string(body)
		return name, v, nil
	}
	if v.numbers, err = matNumbers(kind, body); err != nil {
		return "", v, fmt.Errorf("variable %q: %w", name, err)
	}
	if uint64(len(v.numbers)) != n {
		return "", v, fmt.Errorf("variable %q has %d elements, its size says %d", name, len(v.numbers), n)
	}
	if class == matChar {
		text := make([]rune, n)
		for i, x := range v.numbers {
			text[i] = rune(x)
		}
		v = matValue{text: string(text)}
	}
	return name, v, nil
}

// matNumbers decodes numbers in the type in which they are stored, which may be smaller than that of their array.
func matNumbers(kind uint32, b []byte) ([]float64, error) {
	le := binary.LittleEndian
	as := map[uint32]struct {
		size int
		read func(b []byte) float64
	}{
		1:  {1, func(b []byte) float64 { return float64(int8(b[0])) }},
		2:  {1, func(b []byte) float64 { return float64(b[0]) }},
		3:  {2, func(b []byte) float64 { return float64(int16(le.Uint16(b))) }},
		4:  {2, func(b []byte) float64 { return float64(le.Uint16(b)) }},
		5:  {4, func(b []byte) float64 { return float64(int32(le.Uint32(b))) }},
		6:  {4, func(b []byte) float64 { return float64(le.Uint32(b)) }},
		7:  {4, func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) }},
		9:  {8, func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }},
		12: {8, func(b []byte) float64 { return float64(int64(le.Uint64(b))) }},
		13: {8, func(b []byte) float64 { return float64(le.Uint64(b)) }},
	}[kind]
	if as.read == nil {
		return nil, fmt.Errorf("numbers of type %d", kind)
	}
	if len(b)%as.size != 0 {
		return nil, fmt.Errorf("%d bytes of numbers of %d bytes", len(b), as.size)
	}
	out := make([]float64, len(b)/as.size)
	for i := range out {
		out[i] = as.read(b[i*as.size:])
	}
	return out, nil
}

package harness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// npyHeader is the header of a NumPy file of little-endian floating-point numbers in C order.
var npyHeader = regexp.MustCompile(`'descr': '<(f2|f4|f8)', 'fortran_order': False, 'shape': \(([0-9, ]*)\)`)

// readNPY reads an array from a NumPy file (format 1 to 3) of float16, float32 or float64 numbers in C order.
func readNPY(path string) (shape []int, values []float32, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading features: %w", err)
	}
	if shape, values, err = parseNPY(data); err != nil {
		return nil, nil, fmt.Errorf("reading features: %s: %w", path, err)
	}
	return shape, values, nil
}

func parseNPY(data []byte) (shape []int, values []float32, err error) {
	if len(data) < 12 || !bytes.HasPrefix(data, []byte("\x93NUMPY")) {
		return nil, nil, errors.New("this is no NumPy file (.npy); write it by numpy.save")
	}
	start := 10
	n := int(binary.LittleEndian.Uint16(data[8:]))
	if data[6] >= 2 {
		start, n = 12, int(binary.LittleEndian.Uint32(data[8:]))
	}
	if n > len(data)-start {
		return nil, nil, errors.New("the header is cut off")
	}
	m := npyHeader.FindSubmatch(data[start : start+n])
	if m == nil {
		return nil, nil, fmt.Errorf("wants float16, float32 or float64 in C order; the header says %q", bytes.TrimSpace(data[start:start+n]))
	}
	body, bytesEach, count := data[start+n:], int(m[1][1]-'0'), 1
	for _, part := range strings.Split(string(m[2]), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		v, err := strconv.Atoi(part)
		if err != nil || v > len(body) {
			return nil, nil, fmt.Errorf("the shape (%s) does not fit the file", m[2])
		}
		shape = append(shape, v)
		if count *= v; count > len(body) {
			return nil, nil, fmt.Errorf("the shape (%s) wants more numbers than the file has", m[2])
		}
	}
	if len(body) != count*bytesEach {
		return nil, nil, fmt.Errorf("%d bytes are not the %d numbers of shape (%s)", len(body), count, m[2])
	}
	values = make([]float32, count)
	for i := range values {
		switch bytesEach {
		case 2:
			values[i] = half(binary.LittleEndian.Uint16(body[2*i:]))
		case 4:
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
		default:
			values[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:])))
		}
	}
	return shape, values, nil
}

// half is an IEEE 754 half-precision number.
func half(b uint16) float32 {
	sign, exponent, fraction := float64(1), int(b>>10&31), float64(b&1023)
	if b>>15 != 0 {
		sign = -1
	}
	switch exponent {
	case 0:
		return float32(sign * math.Ldexp(fraction, -24))
	case 31:
		if fraction != 0 {
			return float32(math.NaN())
		}
		return float32(math.Inf(int(sign)))
	}
	return float32(sign * math.Ldexp(1024+fraction, exponent-25))
}

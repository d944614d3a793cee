package figure

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"math"
)

// encodePNG writes an opaque image as 8-bit RGB with its resolution, which image/png cannot state. Every row is stored
// as its difference from the row above (filter 2 of PNG's five): line art has mostly equal rows, and to try all filters
// on each row, as image/png does, takes longer than everything else in drawing a figure.
func encodePNG(m *image.RGBA, dpi int) ([]byte, error) {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
		sum := crc32.NewIEEE()
		_, _ = sum.Write([]byte(name))
		_, _ = sum.Write(data)
		b.WriteString(name)
		b.Write(data)
		b.Write(binary.BigEndian.AppendUint32(nil, sum.Sum32()))
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = binary.BigEndian.AppendUint32(head, uint32(h))
	chunk("IHDR", append(head, 8, 2, 0, 0, 0)) // 8 bits, RGB, deflate, the five filters, not interlaced
	perMetre := uint32(math.Round(float64(dpi) / .0254))
	phys := binary.BigEndian.AppendUint32(nil, perMetre)
	phys = binary.BigEndian.AppendUint32(phys, perMetre)
	chunk("pHYs", append(phys, 1))
	var data bytes.Buffer
	z, err := zlib.NewWriterLevel(&data, 3)
	if err != nil {
		return nil, fmt.Errorf("write PNG: %w", err)
	}
	row, above, out := make([]byte, 3*w), make([]byte, 3*w), make([]byte, 1+3*w)
	out[0] = 2
	for y := range h {
		src := m.Pix[y*m.Stride : y*m.Stride+4*w]
		for i, j := 0, 0; i < len(src); i, j = i+4, j+3 {
			row[j], row[j+1], row[j+2] = src[i], src[i+1], src[i+2]
		}
		for i, v := range row {
			out[1+i] = v - above[i]
		}
		if _, err := z.Write(out); err != nil {
			return nil, fmt.Errorf("write PNG: %w", err)
		}
		row, above = above, row
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("write PNG: %w", err)
	}
	chunk("IDAT", data.Bytes())
	chunk("IEND", nil)
	return b.Bytes(), nil
}

package raster

import (
	"bytes"
	"encoding/binary"
)

// orientation finds the EXIF orientation (tag 274) of a file, 1 where there is none or it is damaged.
func orientation(data []byte, format string) int {
	switch format {
	case "jpeg":
		return jpegOrientation(data)
	case "png":
		return chunkOrientation(data[8:], "eXIf", 4, 0, binary.BigEndian, false)
	case "webp":
		return chunkOrientation(data[12:], "EXIF", 0, 4, binary.LittleEndian, true)
	case "tiff":
		return tiffOrientation(data)
	}
	return 1
}

func jpegOrientation(data []byte) int {
	for i := 2; i+4 <= len(data) && data[i] == 0xff; {
		marker := data[i+1]
		if marker == 0xff { // fill byte
			i++
			continue
		}
		if marker == 0xda || marker == 0xd9 {
			break
		}
		n := int(data[i+2])<<8 | int(data[i+3])
		if n < 2 || i+2+n > len(data) {
			break
		}
		if body := data[i+4 : i+2+n]; marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return tiffOrientation(body[6:])
		}
		i += 2 + n
	}
	return 1
}

// chunkOrientation walks chunks that hold a length and a four-letter name in either order.
func chunkOrientation(data []byte, want string, nameAt, lengthAt int, order binary.ByteOrder, padded bool) int {
	for len(data) >= 8 {
		n := int(order.Uint32(data[lengthAt:]))
		name := string(data[nameAt : nameAt+4])
		data = data[8:]
		if n < 0 || n > len(data) {
			return 1
		}
		if name == want {
			return tiffOrientation(bytes.TrimPrefix(data[:n], []byte("Exif\x00\x00")))
		}
		if data = data[n:]; padded {
			if n%2 == 1 && len(data) > 0 {
				data = data[1:]
			}
		} else if len(data) >= 4 { // PNG: the checksum
			data = data[4:]
		}
	}
	return 1
}

func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(b[:2]) {
	case "II":
	case "MM":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	count := int(order.Uint16(b[at:]))
	for k := 0; k < count; k++ {
		e := at + 2 + 12*uint64(k)
		if e+12 > uint64(len(b)) {
			return 1
		}
		if order.Uint16(b[e:]) == 274 && order.Uint16(b[e+2:]) == 3 {
			if o := int(order.Uint16(b[e+8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}

// orient turns a stored picture as EXIF orientation o (1..8) asks.
func (m *Image) orient(o int) *Image {
	w, h := m.W, m.H
	if o >= 5 {
		w, h = h, w
	}
	out := New(w, h)
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			sx, sy := x, y
			switch o {
			case 2:
				sx = m.W - 1 - x
			case 3:
				sx, sy = m.W-1-x, m.H-1-y
			case 4:
				sy = m.H - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, m.H-1-x
			case 7:
				sx, sy = m.W-1-y, m.H-1-x
			case 8:
				sx, sy = m.W-1-y, x
			}
			copy(out.Pix[3*(y*w+x):3*(y*w+x)+3], m.Pix[3*(sy*m.W+sx):])
		}
	}
	return out
}

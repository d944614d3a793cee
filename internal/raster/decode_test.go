package raster_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"probity/internal/raster"
)

// hugePNG is a PNG whose header says w x h and which holds no pixels.
func hugePNG(w, h uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 2, 0, 0, 0)
	out := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func TestHostileFiles(t *testing.T) {
	whole, err := picture(1, 40, 30).EncodePNG()
	if err != nil {
		t.Fatal(err)
	}
	jpeg, err := raster.EncodeJPEG(picture(2, 40, 30), 90)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, raster.ErrTruncated},
		{"text", []byte("this is no picture"), raster.ErrFormat},
		{"huge header", hugePNG(100000, 100000), raster.ErrTooLarge},
		{"header of 2^31", hugePNG(1<<31-1, 1<<31-1), raster.ErrTooLarge},
		{"a header of 100 megapixels and no data", hugePNG(10000, 10000), raster.ErrTruncated},
		{"half a PNG", whole[:len(whole)/2], raster.ErrTruncated},
		{"half a JPEG", jpeg[:len(jpeg)/2], raster.ErrTruncated},
		{"a PNG's first bytes", whole[:20], raster.ErrTruncated},
	} {
		_, _, err := raster.Decode(c.file)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %q, want one that is %q", c.name, err, c.want)
		}
		if err != nil && strings.ToUpper(err.Error()[:1]) == err.Error()[:1] && c.want != raster.ErrFormat {
			t.Errorf("%s: %q does not begin in lower case", c.name, err)
		}
	}
}

func TestSixteenBits(t *testing.T) {
	grey := image.NewGray16(image.Rect(0, 0, 2, 1))
	grey.SetGray16(0, 0, color.Gray16{Y: 0x12ff})
	grey.SetGray16(1, 0, color.Gray16{Y: 0xab00})
	deep := image.NewNRGBA64(image.Rect(0, 0, 1, 1))
	deep.SetNRGBA64(0, 0, color.NRGBA64{R: 0x10ff, G: 0x20ff, B: 0x30ff, A: 0x8000})
	for _, c := range []struct {
		img   image.Image
		want  []uint8
		alpha bool
	}{{grey, []uint8{0x12, 0x12, 0x12, 0xab, 0xab, 0xab}, false}, {deep, []uint8{0x10, 0x20, 0x30}, true}} {
		var b bytes.Buffer
		if err := png.Encode(&b, c.img); err != nil {
			t.Fatal(err)
		}
		m, meta, err := raster.Decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Pix, c.want) || meta.BitDepth != 16 || meta.Alpha != c.alpha {
			t.Errorf("got %v (%+v), want the high bytes %v", m.Pix, meta, c.want)
		}
	}
}

func TestPNGRoundTrip(t *testing.T) {
	m := picture(3, 33, 21)
	data, err := m.EncodePNG()
	if err != nil {
		t.Fatal(err)
	}
	back, _, err := raster.Decode(data)
	if err != nil || !back.Equal(m) {
		t.Errorf("a picture came back changed (%v)", err)
	}
	mask := raster.NewMask(5, 4)
	mask.In[7], mask.In[19] = 1, 1
	if data, err = mask.EncodePNG(); err != nil {
		t.Fatal(err)
	}
	again, err := raster.DecodeMask(data)
	if err != nil || !bytes.Equal(again.In, mask.In) {
		t.Errorf("a mask came back changed (%v)", err)
	}
}

func TestMeasure(t *testing.T) {
	a := picture(1, 20, 10)
	b := a.Clone()
	region := raster.NewMask(20, 10)
	for i := range 50 {
		region.In[i] = 1
	}
	b.Pix[0] ^= 0x40 // inside
	d := raster.Measure(a, b, nil, region)
	if d.Area != .25 || d.Changed != 1./200 || d.DE00 <= 0 || d.MaxDE00 != 50*d.DE00 || d.WholeDE00 != d.DE00/4 {
		t.Errorf("one changed pixel of 50 inside: %+v", d)
	}
	if got := raster.MeanDeltaE00(a, b, raster.ToLab(a), region); got != d.DE00 {
		t.Errorf("MeanDeltaE00 %v, Measure %v", got, d.DE00)
	}
	if raster.Measure(a, a, nil, nil) != (raster.Difference{Area: 1}) {
		t.Error("a picture differs from itself")
	}
}

func FuzzDecode(f *testing.F) {
	g, _ := picture(1, 8, 8).EncodePNG()
	j, _ := raster.EncodeJPEG(picture(2, 9, 7), 80)
	f.Add(g)
	f.Add(j)
	f.Add([]byte("GIF89a"))
	if tiff, err := hex.DecodeString("49492a0008000000"); err == nil {
		f.Add(tiff)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, meta, err := raster.Decode(data)
		if err == nil && (len(m.Pix) != 3*m.W*m.H || m.W < 1 || meta.Width*meta.Height != m.W*m.H) {
			t.Errorf("%d x %d with %d bytes, header %d x %d", m.W, m.H, len(m.Pix), meta.Width, meta.Height)
		}
	})
}

func FuzzDecodeMask(f *testing.F) {
	m := raster.NewMask(8, 8)
	m.In[9] = 1
	g, _ := m.EncodePNG()
	f.Add(g)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := raster.DecodeMask(data)
		if err == nil && (len(m.In) != m.W*m.H || m.Count() > len(m.In) || bytes.ContainsFunc(m.In, func(v rune) bool { return v > 1 })) {
			t.Errorf("%d x %d with %d values", m.W, m.H, len(m.In))
		}
	})
}

func BenchmarkResize(b *testing.B) {
	m := picture(1, 500, 375)
	for b.Loop() {
		raster.Resize(m, 341, 256, raster.Bilinear)
	}
}

func BenchmarkMeasure256(b *testing.B) {
	x, y := picture(1, 256, 256), picture(3, 256, 256)
	lab := raster.ToLab(x)
	for b.Loop() {
		raster.Measure(x, y, lab, nil)
	}
}

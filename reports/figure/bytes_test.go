package figure_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"probity/reports/figure"
	"probity/reports/figure/example"
)

func TestSameBytesEveryTime(t *testing.T) {
	draw := func() []*figure.Figure {
		list, err := figure.DrawAll(example.Drawings(), figure.Options{DPI: 72, Palette: example.Palette()})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	a, b := draw(), draw()
	for i := range a {
		for _, format := range []string{"svg", "pdf", "png"} {
			if !bytes.Equal(a[i].Bytes(format), b[i].Bytes(format)) {
				t.Errorf("%s.%s differs between two runs", a[i].Name, format)
			}
			if len(a[i].Bytes(format)) == 0 {
				t.Errorf("%s.%s is empty", a[i].Name, format)
			}
		}
		if a[i].Caption != b[i].Caption || a[i].Alt != b[i].Alt {
			t.Errorf("%s: caption or alternative text differs between two runs", a[i].Name)
		}
	}
}

// The oracle is pdffonts of poppler, where it is installed; without it the font program is looked for in the file.
func TestPDFEmbedsItsFonts(t *testing.T) {
	for _, d := range []figure.Drawing{example.Detection(12), example.Significance()} {
		f, err := d.Draw(figure.Options{Formats: []string{"pdf"}})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(f.PDF, []byte("/FontFile2")) {
			t.Errorf("%s: no embedded TrueType program", f.Name)
		}
		if bytes.Contains(f.PDF, []byte("/Encoding /WinAnsiEncoding")) {
			t.Errorf("%s: a font is limited to one code page", f.Name)
		}
		tool, err := exec.LookPath("pdffonts")
		if err != nil {
			continue
		}
		path := filepath.Join(t.TempDir(), "f.pdf")
		if err := os.WriteFile(path, f.PDF, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tool, path).CombinedOutput()
		if err != nil {
			t.Fatalf("pdffonts: %v: %s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(lines) < 3 {
			t.Fatalf("pdffonts lists no font:\n%s", out)
		}
		for _, l := range lines[2:] {
			// The columns after the encoding are emb, sub, uni.
			if !strings.Contains(l, "Identity-H") || !strings.Contains(l, "yes yes yes") && !strings.Contains(l, "yes no  yes") {
				t.Errorf("%s: font is not embedded with its Unicode map: %s", f.Name, l)
			}
		}
	}
}

// image/png is the oracle: what we write decodes to a picture of the right size with white paper and dark ink.
func TestPNGDecodes(t *testing.T) {
	f, err := example.Detection(3).Draw(figure.Options{Width: figure.Column, Formats: []string{"png"}, DPI: 300})
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(f.PNG))
	if err != nil {
		t.Fatal(err)
	}
	if w, want := m.Bounds().Dx(), 1050; w != want {
		t.Errorf("3.5 in at 300 dpi are %d pixels, want %d", w, want)
	}
	if r, g, b, a := m.At(1, 1).RGBA(); r&g&b&a != 0xffff {
		t.Error("the paper is not white")
	}
	dark := 0
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			if r, _, _, _ := m.At(x, y).RGBA(); r < 0x4000 {
				dark++
			}
		}
	}
	if share := float64(dark) / float64(m.Bounds().Dx()*m.Bounds().Dy()); share < .003 || share > .2 {
		t.Errorf("%.4f of the picture is dark", share)
	}
	i := bytes.Index(f.PNG, []byte("pHYs"))
	if i < 0 || !bytes.Equal(f.PNG[i+4:i+13], []byte{0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1}) {
		t.Error("the file does not say 300 dpi (11811 pixels a metre)")
	}
}

func TestPNGKeepsEveryPixel(t *testing.T) {
	st := random("png")
	for _, size := range [][2]int{{1, 1}, {7, 3}, {64, 50}} {
		m := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
		for i := range m.Pix {
			if m.Pix[i] = uint8(st.Uint64()); i%4 == 3 {
				m.Pix[i] = 255
			}
		}
		data, err := figure.EncodePNG(m, 300)
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for y := range size[1] {
			for x := range size[0] {
				if got.At(x, y) != m.At(x, y) {
					t.Fatalf("%v: pixel %d, %d is %v, want %v", size, x, y, got.At(x, y), m.At(x, y))
				}
			}
		}
	}
}

func BenchmarkRerender(b *testing.B) {
	// 10 metrics x 100 cells in one format.
	c := example.Multiples()
	for len(c.Panels) < 100 {
		c.Panels = append(c.Panels, c.Panels[len(c.Panels)%8])
	}
	for i := range c.Panels {
		c.Panels[i].Series = c.Panels[i].Series[:10]
	}
	for _, format := range []string{"svg", "pdf", "png"} {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				if _, err := figure.DrawAll([]figure.Drawing{c}, figure.Options{Formats: []string{format}, Palette: example.Palette()}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package raster

// Version changes whenever Decode or Resize gives other bytes for the same file, or a colour difference changes by more
// than rounding. Whatever is kept of a picture between runs is valid for one version only.
const Version = "2"

// Image is an 8-bit sRGB picture: 3 bytes a pixel (R, G, B), rows from the top, no padding. Len(Pix) is 3*W*H.
type Image struct {
	W, H int
	Pix  []uint8
}

// New is a black picture of w x h pixels.
func New(w, h int) *Image { return &Image{W: w, H: h, Pix: make([]uint8, 3*w*h)} }

// Clone is a deep copy.
func (m *Image) Clone() *Image {
	return &Image{W: m.W, H: m.H, Pix: append([]uint8(nil), m.Pix...)}
}

// Equal reports whether two pictures have the same size and the same bytes.
func (m *Image) Equal(o *Image) bool {
	return m.W == o.W && m.H == o.H && string(m.Pix) == string(o.Pix)
}

// Mask says for each pixel whether it is inside (1) or outside (0); rows from the top, len(In) is W*H.
// Wherever a *Mask is expected, nil means the whole picture.
type Mask struct {
	W, H int
	In   []uint8
}

// NewMask is an empty mask of w x h pixels.
func NewMask(w, h int) *Mask { return &Mask{W: w, H: h, In: make([]uint8, w*h)} }

// Count is the number of pixels inside.
func (m *Mask) Count() int {
	n := 0
	for _, v := range m.In {
		n += int(v)
	}
	return n
}

// Map is one number a pixel (or a feature-map cell); rows from the top, len(V) is W*H.
type Map struct {
	W, H int
	V    []float64
}

// NewMap is a map of zeros.
func NewMap(w, h int) *Map { return &Map{W: w, H: h, V: make([]float64, w*h)} }

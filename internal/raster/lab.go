package raster

import "math"

// Lab is a picture in CIELAB (1976) under D65 and the 2 degree observer: L in 0..100, a and b in about -110..110.
//
// The way there is sRGB's own (IEC 61966-2-1:1999), with the matrix and white point that scikit-image uses: sRGB to XYZ in
// the standard's four-digit precision as tabulated there, white 0.95047, 1, 1.08883. colour-science derives its matrix
// from the primaries, which moves a CIEDE2000 by up to 0.0015.
type Lab struct {
	W, H    int
	L, A, B []float64
}

// rgbToXYZ is scikit-image's xyz_from_rgb; white its D65 for the 2 degree observer.
var (
	rgbToXYZ = [3][3]float64{{.412453, .357580, .180423}, {.212671, .715160, .072169}, {.019334, .119193, .950227}}
	xyzToRGB = invert3(rgbToXYZ)
	white    = [3]float64{.95047, 1, 1.08883}
)

func invert3(m [3][3]float64) [3][3]float64 {
	c := func(i, j int) float64 {
		a, b := (i+1)%3, (i+2)%3
		p, q := (j+1)%3, (j+2)%3
		return m[a][p]*m[b][q] - m[a][q]*m[b][p]
	}
	det := m[0][0]*c(0, 0) + m[0][1]*c(0, 1) + m[0][2]*c(0, 2)
	var out [3][3]float64
	for i := range out {
		for j := range out {
			out[i][j] = c(j, i) / det
		}
	}
	return out
}

// linearTable decodes an sRGB level to linear light in 0..1.
var linearTable = func() (t [256]float64) {
	for i := range t {
		t[i] = Linear(float64(i) / 255)
	}
	return
}()

// Linear decodes sRGB in 0..1 to linear light in 0..1 (IEC 61966-2-1).
func Linear(v float64) float64 {
	if v > .04045 {
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return v / 12.92
}

// Encode is the inverse of Linear.
func Encode(v float64) float64 {
	if v > .0031308 {
		return 1.055*math.Pow(v, 1/2.4) - .055
	}
	return 12.92 * v
}

func labF(t float64) float64 {
	if t > .008856 {
		return math.Cbrt(t)
	}
	return 7.787*t + 16./116
}

func labFInverse(t float64) float64 {
	if t > .2068966 {
		return t * t * t
	}
	return (t - 16./116) / 7.787
}

// LabOf is the CIELAB colour of an 8-bit sRGB colour.
func LabOf(r, g, b uint8) (L, A, B float64) {
	lr, lg, lb := linearTable[r], linearTable[g], linearTable[b]
	x := labF((rgbToXYZ[0][0]*lr + rgbToXYZ[0][1]*lg + rgbToXYZ[0][2]*lb) / white[0])
	y := labF(rgbToXYZ[1][0]*lr + rgbToXYZ[1][1]*lg + rgbToXYZ[1][2]*lb)
	z := labF((rgbToXYZ[2][0]*lr + rgbToXYZ[2][1]*lg + rgbToXYZ[2][2]*lb) / white[2])
	return 116*y - 16, 500 * (x - y), 200 * (y - z)
}

// ToLab converts a picture. Runs of one colour are converted once.
func ToLab(m *Image) *Lab {
	n := m.W * m.H
	buf := make([]float64, 3*n)
	out := &Lab{m.W, m.H, buf[:n:n], buf[n : 2*n : 2*n], buf[2*n:]}
	for i := 0; i < n; i++ {
		p := m.Pix[3*i : 3*i+3 : 3*i+3]
		if i > 0 {
			if q := m.Pix[3*i-3 : 3*i : 3*i]; p[0] == q[0] && p[1] == q[1] && p[2] == q[2] {
				out.L[i], out.A[i], out.B[i] = out.L[i-1], out.A[i-1], out.B[i-1]
				continue
			}
		}
		out.L[i], out.A[i], out.B[i] = LabOf(p[0], p[1], p[2])
	}
	return out
}

// FromLab is the nearest 8-bit sRGB colour, each channel clipped to 0..255. inGamut is false where a channel lay more
// than half a level outside.
func FromLab(L, A, B float64) (r, g, b uint8, inGamut bool) {
	fy := (L + 16) / 116
	x := white[0] * labFInverse(fy+A/500)
	y := labFInverse(fy)
	z := white[2] * labFInverse(fy-B/200)
	r, okR := quantise(xyzToRGB[0][0]*x + xyzToRGB[0][1]*y + xyzToRGB[0][2]*z)
	g, okG := quantise(xyzToRGB[1][0]*x + xyzToRGB[1][1]*y + xyzToRGB[1][2]*z)
	b, okB := quantise(xyzToRGB[2][0]*x + xyzToRGB[2][1]*y + xyzToRGB[2][2]*z)
	return r, g, b, okR && okG && okB
}

// thresholds[i] is the linear light from which a value rounds to level i or more; thresholds[256] ends the gamut.
// firstLevel gives, for linear light in steps of 1/4096, a level that is not above the right one.
var (
	thresholds = func() (t [257]float64) {
		for i := range t {
			t[i] = Linear((float64(i) - .5) / 255)
		}
		return
	}()
	firstLevel = func() (t [4097]uint8) {
		for i := range t {
			t[i] = uint8(math.Max(0, math.Min(255, math.Floor(255*Encode(float64(i)/4096)-.5))))
		}
		return
	}()
)

// quantise rounds linear light to the nearest sRGB level, without a power.
func quantise(v float64) (level uint8, inGamut bool) {
	switch {
	case !(v >= thresholds[0]):
		return 0, false
	case v >= thresholds[256]:
		return 255, false
	case v <= 0:
		return 0, true
	case v >= 1:
		return 255, true
	}
	level = firstLevel[int(v*4096)]
	for level < 255 && v >= thresholds[int(level)+1] {
		level++
	}
	return level, true
}

// Chroma is C*ab, Hue is h_ab in radians, -pi..pi.
func Chroma(A, B float64) float64 { return math.Hypot(A, B) }

// Hue is the hue angle of a colour in radians, -pi..pi; 0 for a grey.
func Hue(A, B float64) float64 { return math.Atan2(B, A) }

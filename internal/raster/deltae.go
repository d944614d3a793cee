package raster

import "math"

// DeltaE00 is the colour difference CIEDE2000 (CIE 142-2001) with kL = kC = kH = 1, in the formulation and with the
// conventions for undefined hues of Sharma, Wu and Dalal (2005). It is symmetric and 0 for equal colours.
func DeltaE00(L1, a1, b1, L2, a2, b2 float64) float64 {
	if L1 == L2 && a1 == a2 && b1 == b2 {
		return 0
	}
	const pow25to7 = 6103515625
	c := (math.Sqrt(a1*a1+b1*b1) + math.Sqrt(a2*a2+b2*b2)) / 2
	c2 := c * c
	c7 := c2 * c2 * c2 * c
	g := 1 + .5*(1-math.Sqrt(c7/(c7+pow25to7)))
	a1, a2 = a1*g, a2*g
	C1, C2 := math.Sqrt(a1*a1+b1*b1), math.Sqrt(a2*a2+b2*b2)
	dL, dC := L2-L1, C2-C1
	Lm, Cm := (L1+L2)/2, (C1+C2)/2

	// dH, the sine and cosine s1, c1 of the mean hue, and the mean hue hm in degrees, 0..360. Where the hues are not
	// nearly opposite, vectors give all of it with one arc tangent: the mean hue is the bisector, and with p = C1*C2 and
	// f = p + a1*a2 + b1*b2 = 2*p*cos(dh/2)^2, dH = 2*sqrt(p)*sin(dh/2) = (a1*b2-a2*b1)*sqrt(2/f).
	const rad = math.Pi / 180
	var dH, s1, c1, hm float64
	known := false
	p := C1 * C2
	if f := p + (a1*a2 + b1*b2); f > .1*p {
		dH = (a1*b2 - a2*b1) * math.Sqrt(2/f)
		c1, s1 = a1*C2+a2*C1, b1*C2+b2*C1
		n := 1 / math.Sqrt(c1*c1+s1*s1)
		c1, s1 = c1*n, s1*n
	} else {
		dH, hm = oppositeHues(a1, b1, a2, b2, p)
		s1, c1 = math.Sincos(hm * rad)
		known = true
	}

	// The four cosines of multiples of the mean hue come from its sine and cosine.
	cos2 := c1*c1 - s1*s1
	sin2 := 2 * s1 * c1
	cos3, sin3 := cos2*c1-sin2*s1, sin2*c1+cos2*s1
	cos4 := cos2*cos2 - sin2*sin2
	sin4 := 2 * sin2 * cos2
	t := 1 - .17*(c1*cos30+s1*sin30) + .24*cos2 + .32*(cos3*cos6-sin3*sin6) - .20*(cos4*cos63+sin4*sin63)

	// The rotation term fades as exp(-((hm-275)/25)^2): from 150 degrees on, nothing of it is left in 52 bits.
	rt := 0.0
	if known || c1*cos275+s1*sin275 > -.866 {
		if !known {
			if hm = math.Atan2(s1, c1) / rad; hm < 0 {
				hm += 360
			}
		}
		q := (hm - 275) / 25
		cm2 := Cm * Cm
		cm7 := cm2 * cm2 * cm2 * Cm
		rt = -2 * math.Sqrt(cm7/(cm7+pow25to7)) * math.Sin(60*rad*math.Exp(-q*q))
	}
	l2 := (Lm - 50) * (Lm - 50)
	x := dL / (1 + .015*l2/math.Sqrt(20+l2))
	y := dC / (1 + .045*Cm)
	z := dH / (1 + .015*Cm*t)
	if e := x*x + y*y + z*z + rt*y*z; e > 0 {
		return math.Sqrt(e)
	}
	return 0
}

// oppositeHues gives dH and the mean hue in degrees, as published, also where one colour is grey (p is 0) or the hues are
// up to 180 degrees apart, where the mean is a matter of convention.
func oppositeHues(a1, b1, a2, b2, p float64) (dH, hm float64) {
	h1, h2 := hue360(a1, b1), hue360(a2, b2)
	if p == 0 {
		return 0, h1 + h2
	}
	// Opposite hues count as 180 degrees apart, not more, also where the arc tangent's last digit says otherwise: the
	// published pairs 10 and 14 depend on it.
	const half = 180 + 1e-9
	dh := h2 - h1
	hm = (h1 + h2) / 2
	if math.Abs(dh) > half {
		if hm < 180 {
			hm += 180
		} else {
			hm -= 180
		}
		if dh > 0 {
			dh -= 360
		} else {
			dh += 360
		}
	}
	return 2 * math.Sqrt(p) * math.Sin(dh/2*math.Pi/180), hm
}

var (
	sin30, cos30 = math.Sincos(30 * math.Pi / 180)
	sin6, cos6   = math.Sincos(6 * math.Pi / 180)
	sin63, cos63 = math.Sincos(63 * math.Pi / 180)

	sin275, cos275 = math.Sincos(275 * math.Pi / 180)
)

func hue360(a, b float64) float64 {
	if a == 0 && b == 0 {
		return 0
	}
	h := math.Atan2(b, a) * (180 / math.Pi)
	if h < 0 {
		h += 360
	}
	return h
}

// MeanDeltaE00 is the mean CIEDE2000 between two pictures of equal size over the pixels of a region (nil: the whole).
// Unchanged pixels count 0 and are skipped. labBefore may hold before's Lab values, to save converting them again.
func MeanDeltaE00(before, after *Image, labBefore *Lab, region *Mask) float64 {
	sum, n := 0.0, 0
	var last colourPair
	for i := range before.W * before.H {
		if region != nil && region.In[i] == 0 {
			continue
		}
		n++
		sum += last.difference(before, after, labBefore, i)
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// colourPair remembers the last difference: neighbours often have the same one.
type colourPair struct {
	key uint64
	de  float64
}

func (p *colourPair) difference(before, after *Image, lab *Lab, i int) float64 {
	a, b := before.Pix[3*i:3*i+3:3*i+3], after.Pix[3*i:3*i+3:3*i+3]
	if a[0] == b[0] && a[1] == b[1] && a[2] == b[2] {
		return 0
	}
	key := uint64(a[0])<<40 | uint64(a[1])<<32 | uint64(a[2])<<24 | uint64(b[0])<<16 | uint64(b[1])<<8 | uint64(b[2])
	if p.key == key { // never 0 here, since the two colours differ
		return p.de
	}
	var L1, A1, B1 float64
	if lab != nil {
		L1, A1, B1 = lab.L[i], lab.A[i], lab.B[i]
	} else {
		L1, A1, B1 = LabOf(a[0], a[1], a[2])
	}
	L2, A2, B2 := LabOf(b[0], b[1], b[2])
	p.key, p.de = key, DeltaE00(L1, A1, B1, L2, A2, B2)
	return p.de
}

// Difference is what lies between two pictures, measured on their bytes.
type Difference struct {
	Area      float64 // fraction of the picture inside the region
	Changed   float64 // fraction of the picture whose bytes differ
	DE00      float64 // mean CIEDE2000 over the region, unchanged pixels counting 0
	MaxDE00   float64 // largest CIEDE2000 of any pixel of the picture
	WholeDE00 float64 // mean CIEDE2000 over the whole picture
	RMS       float64 // root mean square difference over the region and all channels, levels of 0..255
}

// Measure compares two pictures of equal size; see MeanDeltaE00 for labBefore and region.
func Measure(before, after *Image, labBefore *Lab, region *Mask) Difference {
	var d Difference
	n := before.W * before.H
	inside, changed := 0, 0
	var sumIn, sumAll, squares float64
	var last colourPair
	for i := range n {
		in := region == nil || region.In[i] != 0
		if in {
			inside++
		}
		de := last.difference(before, after, labBefore, i)
		a, b := before.Pix[3*i:3*i+3:3*i+3], after.Pix[3*i:3*i+3:3*i+3]
		if a[0] == b[0] && a[1] == b[1] && a[2] == b[2] {
			continue
		}
		changed++
		sumAll += de
		if de > d.MaxDE00 {
			d.MaxDE00 = de
		}
		if in {
			sumIn += de
			for c := range a {
				e := float64(a[c]) - float64(b[c])
				squares += e * e
			}
		}
	}
	d.Area, d.Changed, d.WholeDE00 = float64(inside)/float64(n), float64(changed)/float64(n), sumAll/float64(n)
	if inside > 0 {
		d.DE00 = sumIn / float64(inside)
		d.RMS = math.Sqrt(squares / float64(3*inside))
	}
	return d
}

package raster

import "image"

func chromaName(r image.YCbCrSubsampleRatio) string {
	switch r {
	case image.YCbCrSubsampleRatio444:
		return "4:4:4"
	case image.YCbCrSubsampleRatio422:
		return "4:2:2"
	case image.YCbCrSubsampleRatio420:
		return "4:2:0"
	case image.YCbCrSubsampleRatio440:
		return "4:4:0"
	case image.YCbCrSubsampleRatio411:
		return "4:1:1"
	}
	return "4:1:0"
}

// convertYCbCr turns planes into RGB. Chroma is brought to full resolution with the triangle filter that libjpeg calls
// fancy upsampling and uses by default (jdsample.c), for the ratios that it uses it for; the others are repeated. WebP's
// is 4:2:0 with libwebp's form of that filter (dsp/upsampling.c), which rounds every sample to nearest.
func convertYCbCr(s *image.YCbCr, out *Image, webp bool) {
	w, h := out.W, out.H
	cw, ch := w, h
	switch s.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		cw, ch = (w+1)/2, (h+1)/2
	case image.YCbCrSubsampleRatio422:
		cw = (w + 1) / 2
	case image.YCbCrSubsampleRatio440:
		ch = (h + 1) / 2
	}
	up := chroma{w: w, cw: cw, ch: ch, stride: s.CStride, sums: make([]int32, cw)}
	switch {
	case webp:
		up.odd = 8
		up.row = up.h2v2
	case s.SubsampleRatio == image.YCbCrSubsampleRatio420 && cw > 2:
		up.odd = 7
		up.row = up.h2v2
	case s.SubsampleRatio == image.YCbCrSubsampleRatio422 && cw > 2:
		up.row = up.h2v1
	case s.SubsampleRatio == image.YCbCrSubsampleRatio440:
		up.row = up.h1v2
	default:
		up.row = func(plane []uint8, y int, dst []uint8) {
			for x := range dst {
				dst[x] = plane[s.COffset(s.Rect.Min.X+x, s.Rect.Min.Y+y)]
			}
		}
	}
	convert := yccToRGB
	if webp {
		convert = yuvToRGB
	}
	cb, cr := make([]uint8, w), make([]uint8, w)
	for y := 0; y < h; y++ {
		up.row(s.Cb, y, cb)
		up.row(s.Cr, y, cr)
		convert(s.Y[y*s.YStride:y*s.YStride+w], cb, cr, out.Pix[3*y*w:3*(y+1)*w])
	}
}

// chroma upsamples one plane of cw x ch samples to rows of w.
type chroma struct {
	w, cw, ch, stride int
	sums              []int32
	odd               int32 // h2v2: what rounds the samples in odd columns; 8 is to nearest, libjpeg alternates
	row               func(plane []uint8, y int, dst []uint8)
}

func (c *chroma) put(dst []uint8, x int, v int32) {
	if x < len(dst) {
		dst[x] = uint8(v)
	}
}

// near gives the chroma row that y lies in and the next nearest one.
func (c *chroma) near(plane []uint8, y int) (this, other []uint8) {
	i, j := y/2, y/2-1
	if y%2 == 1 {
		j = i + 1
	}
	j = min(max(j, 0), c.ch-1)
	return plane[i*c.stride : i*c.stride+c.cw], plane[j*c.stride : j*c.stride+c.cw]
}

func (c *chroma) h2v1(plane []uint8, y int, dst []uint8) {
	in, n := plane[y*c.stride:y*c.stride+c.cw], c.cw
	c.put(dst, 0, int32(in[0]))
	c.put(dst, 1, (3*int32(in[0])+int32(in[1])+2)>>2)
	for i := 1; i < n-1; i++ {
		v := 3 * int32(in[i])
		c.put(dst, 2*i, (v+int32(in[i-1])+1)>>2)
		c.put(dst, 2*i+1, (v+int32(in[i+1])+2)>>2)
	}
	c.put(dst, 2*n-2, (3*int32(in[n-1])+int32(in[n-2])+1)>>2)
	c.put(dst, 2*n-1, int32(in[n-1]))
}

func (c *chroma) h2v2(plane []uint8, y int, dst []uint8) {
	a, b := c.near(plane, y)
	s, n := c.sums, c.cw
	for i := range s {
		s[i] = 3*int32(a[i]) + int32(b[i])
	}
	if n == 1 {
		c.put(dst, 0, (4*s[0]+8)>>4)
		c.put(dst, 1, (4*s[0]+c.odd)>>4)
		return
	}
	c.put(dst, 0, (4*s[0]+8)>>4)
	c.put(dst, 1, (3*s[0]+s[1]+c.odd)>>4)
	for i := 1; i < n-1; i++ {
		c.put(dst, 2*i, (3*s[i]+s[i-1]+8)>>4)
		c.put(dst, 2*i+1, (3*s[i]+s[i+1]+c.odd)>>4)
	}
	c.put(dst, 2*n-2, (3*s[n-1]+s[n-2]+8)>>4)
	c.put(dst, 2*n-1, (4*s[n-1]+c.odd)>>4)
}

func (c *chroma) h1v2(plane []uint8, y int, dst []uint8) {
	a, b := c.near(plane, y)
	bias := int32(1)
	if y%2 == 1 {
		bias = 2
	}
	for x := range dst {
		dst[x] = uint8((3*int32(a[x]) + int32(b[x]) + bias) >> 2)
	}
}

// yccToRGB is libjpeg's 16-bit fixed-point conversion (jdcolor.c).
func yccToRGB(y, cb, cr, dst []uint8) {
	const half = 1 << 15
	for i := range y {
		l, u, v := int32(y[i]), int32(cb[i])-128, int32(cr[i])-128
		d := dst[3*i : 3*i+3 : 3*i+3]
		d[0] = clamp(l + (91881*v+half)>>16)
		d[1] = clamp(l + (-22554*u-46802*v+half)>>16)
		d[2] = clamp(l + (116130*u+half)>>16)
	}
}

// yuvToRGB is libwebp's conversion from studio-range YUV (dsp/yuv.h).
func yuvToRGB(y, u, v, dst []uint8) {
	hi := func(a uint8, c int32) int32 { return int32(a) * c >> 8 }
	for i := range y {
		l := hi(y[i], 19077)
		d := dst[3*i : 3*i+3 : 3*i+3]
		d[0] = clamp((l + hi(v[i], 26149) - 14234) >> 6)
		d[1] = clamp((l - hi(u[i], 6419) - hi(v[i], 13320) + 8708) >> 6)
		d[2] = clamp((l + hi(u[i], 33050) - 17685) >> 6)
	}
}

func clamp(v int32) uint8 {
	if v < 0 {
		return 0
	}
	if v > 255 {
		return 255
	}
	return uint8(v)
}

package perturb

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/dsp/fourier"
)

// plane2 is the two-dimensional Fourier transform of one size: forward without a factor, inverse divided by w h.
type plane2 struct {
	w, h    int
	rows    *powerOfTwo // nil where the length is no power of two; gonum's transform takes its place
	cols    *powerOfTwo
	anyRow  *fourier.CmplxFFT
	anyCol  *fourier.CmplxFFT
	columns []complex128 // several columns, each in one piece
	spare   []complex128
}

// columnsAtATime is how many neighbouring columns are gathered together: a cache line of numbers and more.
const columnsAtATime = 16

func newPlane2(w, h int) *plane2 {
	p := &plane2{w: w, h: h, rows: newPowerOfTwo(w), cols: newPowerOfTwo(h)}
	if p.rows == nil {
		p.anyRow = fourier.NewCmplxFFT(w)
	}
	if p.cols == nil {
		p.anyCol, p.columns = fourier.NewCmplxFFT(h), make([]complex128, columnsAtATime*h)
	}
	if p.rows != nil || p.cols != nil {
		p.spare = make([]complex128, w*h)
	}
	return p
}

func (p *plane2) forward(v []complex128) { p.each(v, false) }

func (p *plane2) inverse(v []complex128) {
	p.each(v, true)
	scale := 1 / float64(p.w*p.h)
	for i, z := range v {
		v[i] = complex(real(z)*scale, imag(z)*scale)
	}
}

func (p *plane2) each(v []complex128, inverse bool) {
	if p.rows != nil {
		for y := range p.h {
			p.rows.transform(v[y*p.w:(y+1)*p.w], p.spare[:p.w], 1, inverse)
		}
	} else {
		for y := range p.h {
			run(p.anyRow, v[y*p.w:(y+1)*p.w], inverse)
		}
	}
	if p.cols != nil {
		p.cols.transform(v, p.spare, p.w, inverse)
		return
	}
	for x0 := 0; x0 < p.w; x0 += columnsAtATime {
		n := min(columnsAtATime, p.w-x0)
		for y := range p.h {
			for k, z := range v[y*p.w+x0 : y*p.w+x0+n] {
				p.columns[k*p.h+y] = z
			}
		}
		for k := range n {
			run(p.anyCol, p.columns[k*p.h:(k+1)*p.h], inverse)
		}
		for y := range p.h {
			for k := range n {
				v[y*p.w+x0+k] = p.columns[k*p.h+y]
			}
		}
	}
}

func run(t *fourier.CmplxFFT, v []complex128, inverse bool) {
	if inverse {
		t.Sequence(v, v)
	} else {
		t.Coefficients(v, v)
	}
}

// powerOfTwo transforms lengths that are powers of two, three times as fast as the general transform. It is Stockham's
// autosort algorithm (Cochran et al., What is the fast Fourier transform?, Proc. IEEE 55, 1967) by fours, and by two
// where one factor of two is left; many transforms side by side share each step, so that memory is walked in order.
type powerOfTwo struct {
	n    int
	turn []complex128 // exp(-2 pi i k / n)
}

func newPowerOfTwo(n int) *powerOfTwo {
	if n < 2 || bits.OnesCount(uint(n)) != 1 {
		return nil
	}
	t := &powerOfTwo{n: n, turn: make([]complex128, n)}
	for k := range t.turn {
		sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
		t.turn[k] = complex(cos, sin)
	}
	return t
}

// transform transforms width sequences that lie side by side: element i of sequence x is v[i*width+x]. spare is as long
// as v.
func (t *powerOfTwo) transform(v, spare []complex128, width int, inverse bool) {
	from, to := v, spare[:len(v)]
	twiddle := func(k int) complex128 {
		z := t.turn[k&(t.n-1)]
		if inverse {
			return complex(real(z), -imag(z))
		}
		return z
	}
	m := width // elements between neighbours that belong together
	l := t.n   // length that is left
	for l > 1 {
		step := t.n / l
		if l%4 == 0 {
			l /= 4
			for j := range l {
				w1, w2, w3 := twiddle(j*step), twiddle(2*j*step), twiddle(3*j*step)
				a, b, c, d := from[j*m:(j+1)*m], from[(j+l)*m:(j+l+1)*m], from[(j+2*l)*m:(j+2*l+1)*m], from[(j+3*l)*m:(j+3*l+1)*m]
				p, q, r, s := to[4*j*m:(4*j+1)*m], to[(4*j+1)*m:(4*j+2)*m], to[(4*j+2)*m:(4*j+3)*m], to[(4*j+3)*m:(4*j+4)*m]
				b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
				p, q, r, s = p[:len(a)], q[:len(a)], r[:len(a)], s[:len(a)]
				for k := range a {
					even, odd := a[k]+c[k], a[k]-c[k]
					sum, gap := b[k]+d[k], b[k]-d[k]
					side := complex(imag(gap), -real(gap)) // -i times the difference
					if inverse {
						side = -side
					}
					p[k] = even + sum
					q[k] = times(odd+side, w1)
					r[k] = times(even-sum, w2)
					s[k] = times(odd-side, w3)
				}
			}
			m *= 4
		} else {
			l /= 2
			for j := range l {
				w := twiddle(j * step)
				a, b := from[j*m:(j+1)*m], from[(j+l)*m:(j+l+1)*m]
				p, q := to[2*j*m:(2*j+1)*m], to[(2*j+1)*m:(2*j+2)*m]
				b, p, q = b[:len(a)], p[:len(a)], q[:len(a)]
				for k := range a {
					p[k], q[k] = a[k]+b[k], times(a[k]-b[k], w)
				}
			}
			m *= 2
		}
		from, to = to, from
	}
	if &from[0] != &v[0] {
		copy(v, from)
	}
}

// times multiplies without the checks for infinities that Go's complex product makes.
func times(a, b complex128) complex128 {
	return complex(real(a)*real(b)-imag(a)*imag(b), real(a)*imag(b)+imag(a)*real(b))
}

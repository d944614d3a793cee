package perturb

import "probity/internal/trial"

// For tests: what is done before quantising, and the pieces of edits.
var (
	Inpainted   = inpainted
	Seamless    = seamless
	Superpixels = superpixels
)

// ScrambledSpectra gives the power spectrum before scrambling and of the three scrambled planes, not rounded.
func ScrambledSpectra(in *trial.Input, share float64) (before, after [3][]float64, err error) {
	sc, err := newScrambler(in)
	if err != nil {
		return before, after, err
	}
	power := func(z []complex128) []float64 {
		p := make([]float64, len(z))
		for i, v := range z {
			p[i] = real(v)*real(v) + imag(v)*imag(v)
		}
		return p
	}
	for c, plane := range sc.scrambled(share) {
		z := make([]complex128, len(plane))
		for i := range z {
			z[i] = complex(float64(in.Image.Pix[3*i+c]), 0)
		}
		sc.fft.forward(z)
		before[c] = power(z)
		for i, v := range plane {
			z[i] = complex(v, 0)
		}
		sc.fft.forward(z)
		after[c] = power(z)
	}
	return before, after, nil
}

// Transformed is the two-dimensional Fourier transform of a plane, there or back.
func Transformed(v []complex128, w, h int, inverse bool) []complex128 {
	out := append([]complex128(nil), v...)
	p := newPlane2(w, h)
	if inverse {
		p.inverse(out)
	} else {
		p.forward(out)
	}
	return out
}

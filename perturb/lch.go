package perturb

import (
	"context"
	"fmt"
	"math"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	axis := trial.Axis{Name: "mean CIEDE2000 inside the region", Unit: "dE00", Min: 0, Max: 100, Default: []float64{1, 2, 5, 10, 20}}
	add := func(name, doc, long string, direction bool, reach float64, change lchChange) {
		info := registry.Info{Name: name, Doc: doc, Version: 1,
			Long: long + "\n\nThe severity is what is reached, not what is hoped for: the size of the change is solved for, by bracketing " +
				"and the Illinois form of regula falsi, until the mean CIEDE2000 over the region's pixels, after rounding to 8 bits, " +
				"is within 1 % (or 0.02) of it. A target that cannot be reached, because colours leave the gamut or the region is " +
				"grey, gives the largest reachable change and the flag `unreachable`.",
			Source: "CIE 142-2001; Sharma, Wu and Dalal, The CIEDE2000 color-difference formula, Color Research & Application 30 (2005)"}
		if direction {
			info.Params = []registry.Param{{Name: "direction", Type: registry.String, Default: "random", Enum: []string{"random", "up", "down"},
				Doc: "raise or lower; random draws it for each source and replicate"}}
		}
		trial.Perturbations.Add(info, trial.PerturbationEntry{Axis: axis, Regions: true, New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				return lchSweep(in, v.String("direction"), reach, change), nil
			}), nil
		}})
	}
	add("hue", "turn the hue in CIELCh, lightness and chroma kept", "h' = h ± t, the sign drawn from the stream.", false, math.Pi,
		func(L, C, h, t float64) (float64, float64, float64) { return L, C, h + t })
	add("chroma", "raise or lower the chroma in CIELCh, hue and lightness kept",
		"Up: C' = C (1 + t). Down: C' = C (1 - t), at most to grey. Greys stay grey.", true, 8,
		func(L, C, h, t float64) (float64, float64, float64) { return L, math.Max(0, C*(1+t)), h })
	add("lightness", "raise or lower L* in CIELAB, hue and chroma kept", "L' = L ± t, clipped to 0..100.", true, 100,
		func(L, C, h, t float64) (float64, float64, float64) { return math.Min(100, math.Max(0, L+t)), C, h })
}

// lchChange moves a colour by an amount t, which is negative for the downward direction.
type lchChange func(L, C, h, t float64) (float64, float64, float64)

// lch is one colour of the region with its CIELAB values.
type lch struct{ L, A, B, C, H float64 }

// sampleSize is how many of a region's pixels the first guess is solved on.
const sampleSize = 2048

// lchSweep solves for the amount that reaches a mean CIEDE2000.
func lchSweep(in *trial.Input, direction string, reach float64, change lchChange) trial.Sweep {
	sign := 1.0
	switch direction {
	case "down":
		sign = -1
	case "up":
	default:
		if in.Draw("direction").Float64() < .5 {
			sign = -1
		}
	}
	places := pixels(in.Image, in.Region)
	colours := make([]lch, len(places))
	for k, i := range places {
		p := in.Image.Pix[3*i : 3*i+3 : 3*i+3]
		if k > 0 {
			if q := in.Image.Pix[3*places[k-1]:]; q[0] == p[0] && q[1] == p[1] && q[2] == p[2] {
				colours[k] = colours[k-1]
				continue
			}
		}
		L, A, B := raster.LabOf(p[0], p[1], p[2])
		colours[k] = lch{L, A, B, raster.Chroma(A, B), raster.Hue(A, B)}
	}
	sample := colours
	if step := len(colours) / sampleSize; step > 1 {
		sample = make([]lch, 0, sampleSize+1)
		for k := step / 2; k < len(colours); k += step {
			sample = append(sample, colours[k])
		}
	}
	mean := func(list []lch, t float64) float64 {
		sum, last, de := 0.0, lch{L: -1}, 0.0
		for _, c := range list {
			if c != last {
				r, g, b, _ := shifted(c, change, sign*t)
				L, A, B := raster.LabOf(r, g, b)
				de, last = raster.DeltaE00(c.L, c.A, c.B, L, A, B), c
			}
			sum += de
		}
		return sum / float64(len(list))
	}
	return func(severity float64) (*trial.Outcome, error) {
		if len(places) == 0 {
			return nil, fmt.Errorf("the region is empty")
		}
		tolerance := math.Max(.02, .01*severity)
		t, _ := solve(func(t float64) float64 { return mean(sample, t) }, severity, tolerance/2, 0, reach)
		got := mean(colours, t)
		if math.Abs(got-severity) > tolerance && len(sample) < len(colours) {
			t, got = solve(func(t float64) float64 { return mean(colours, t) }, severity, tolerance, t, reach)
		}
		out := &trial.Outcome{Image: in.Image.Clone()}
		lost := 0
		for k, i := range places {
			r, g, b, ok := shifted(colours[k], change, sign*t)
			if !ok {
				lost++
			}
			out.Image.Pix[3*i], out.Image.Pix[3*i+1], out.Image.Pix[3*i+2] = r, g, b
		}
		if math.Abs(got-severity) > tolerance {
			out.Flags = append(out.Flags, trial.Flag{Code: "unreachable", Detail: fmt.Sprintf("asked %g dE00, reached %.2f", severity, got)})
		}
		if share := float64(lost) / float64(len(places)); share > .05 {
			out.Flags = append(out.Flags, trial.Flag{Code: "clipped", Detail: fmt.Sprintf("%.0f %% of the region's colours left the sRGB gamut", 100*share)})
		}
		return out, nil
	}
}

func shifted(c lch, change lchChange, t float64) (r, g, b uint8, ok bool) {
	L, C, h := change(c.L, c.C, c.H, t)
	sin, cos := math.Sincos(h)
	return raster.FromLab(L, C*cos, C*sin)
}

// solve finds t in [0, reach] with f(t) = target, within tolerance, for an f that rises from f(0) = 0. guess > 0 is where
// to look first. Where f does not reach the target it returns the t of the largest value seen.
func solve(f func(float64) float64, target, tolerance, guess, reach float64) (t, value float64) {
	lo, flo := 0.0, 0.0
	hi := guess * 1.02
	if hi <= 0 || hi > reach {
		hi = reach / 64
	}
	bestT, best := 0.0, 0.0
	see := func(t float64) float64 {
		v := f(t)
		if v > best {
			bestT, best = t, v
		}
		return v
	}
	fhi := see(hi)
	for fhi < target {
		if math.Abs(fhi-target) <= tolerance {
			return hi, fhi
		}
		if hi >= reach {
			return bestT, best
		}
		lo, flo = hi, fhi
		hi = math.Min(reach, 1.6*hi)
		fhi = see(hi)
	}
	side := 0
	glo, ghi := flo-target, fhi-target
	for range 40 {
		t = (lo*ghi - hi*glo) / (ghi - glo)
		if !(t > lo && t < hi) {
			t = (lo + hi) / 2
		}
		value = f(t)
		if math.Abs(value-target) <= tolerance {
			return t, value
		}
		if g := value - target; g > 0 {
			hi, ghi = t, g
			if side == 1 {
				glo /= 2
			}
			side = 1
		} else {
			lo, glo = t, g
			if side == -1 {
				ghi /= 2
			}
			side = -1
		}
	}
	return t, value
}

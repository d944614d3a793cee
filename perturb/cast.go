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
	trial.Perturbations.Add(registry.Info{
		Name: "colour-cast", Version: 1,
		Doc: "a warmer or cooler light: the white point moved along the Planckian locus by a number of mired",
		Long: "The locus is Kang's approximation (1,667 to 25,000 K). With m0 = 10^6 / 6504 K = 153.8 mired, linear-light colours are adapted by " +
			"the Bradford transform from the black body of m0 to that of m0 + s (warm) or m0 - s (cool), at the white's own luminance. " +
			"Equal steps in mired are about equally visible at any temperature, equal steps in kelvin are not. Saturated colours may " +
			"leave the gamut; their share is flagged `clipped` from 5 %.",
		Source: "Kang, Moon, Hong, Lee, Cho and Kim, Design of Advanced Color: Temperature Control System for HDTV Applications, J. Korean Physical Society 41 (2002)",
		Params: []registry.Param{{Name: "direction", Type: registry.String, Default: "random", Enum: []string{"random", "warm", "cool"},
			Doc: "towards orange or towards blue; random draws it for each source and replicate"}},
	}, trial.PerturbationEntry{
		Axis:    trial.Axis{Name: "shift of the white point", Unit: "mired", Min: 0, Max: 110, Default: []float64{5, 10, 20, 40, 80}},
		Regions: true,
		New: func(v registry.Values) (trial.Perturbation, error) {
			return prepare(func(_ context.Context, in *trial.Input) (trial.Sweep, error) {
				sign := 1.0
				if d := v.String("direction"); d == "cool" || d == "random" && in.Draw("direction").Float64() < .5 {
					sign = -1
				}
				return func(mired float64) (*trial.Outcome, error) {
					if err := atMost(mired, 110); err != nil {
						return nil, err
					}
					return cast(in, bradford(planckian(neutral), planckian(neutral+sign*mired))), nil
				}, nil
			}), nil
		},
	})
}

// neutral is 6504 K in mired.
const neutral = 1e6 / 6504

// planckian is the XYZ of a black body of so many mired, Y = 1.
func planckian(mired float64) [3]float64 {
	t := 1e6 / mired
	t2, t3 := t*t, t*t*t
	var x, y float64
	if t <= 4000 {
		x = -.2661239e9/t3 - .2343589e6/t2 + .8776956e3/t + .179910
	} else {
		x = -3.0258469e9/t3 + 2.1070379e6/t2 + .2226347e3/t + .24039
	}
	x2, x3 := x*x, x*x*x
	switch {
	case t <= 2222:
		y = -1.1063814*x3 - 1.34811020*x2 + 2.18555832*x - .20219683
	case t <= 4000:
		y = -.9549476*x3 - 1.37418593*x2 + 2.09137015*x - .16748867
	default:
		y = 3.0817580*x3 - 5.8733867*x2 + 3.75112997*x - .37001483
	}
	return [3]float64{x / y, 1, (1 - x - y) / y}
}

type matrix [3][3]float64

func (m matrix) times(v [3]float64) (out [3]float64) {
	for i := range out {
		out[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return out
}

func (m matrix) compose(n matrix) (out matrix) {
	for i := range out {
		for j := range out {
			out[i][j] = m[i][0]*n[0][j] + m[i][1]*n[1][j] + m[i][2]*n[2][j]
		}
	}
	return out
}

// inverse is the inverse by cofactors; the caller vouches that there is one.
func (m matrix) inverse() (out matrix) {
	c := func(i, j int) float64 {
		a, b := (i+1)%3, (i+2)%3
		p, q := (j+1)%3, (j+2)%3
		return m[a][p]*m[b][q] - m[a][q]*m[b][p]
	}
	det := m[0][0]*c(0, 0) + m[0][1]*c(0, 1) + m[0][2]*c(0, 2)
	for i := range out {
		for j := range out {
			out[i][j] = c(j, i) / det
		}
	}
	return out
}

// sRGBToXYZ is the matrix of raster's CIELAB (scikit-image's).
var sRGBToXYZ = matrix{{.412453, .357580, .180423}, {.212671, .715160, .072169}, {.019334, .119193, .950227}}

// coneResponse is the Bradford cone matrix (Lam, 1985).
var coneResponse = matrix{{.8951, .2664, -.1614}, {-.7502, 1.7135, .0367}, {.0389, -.0685, 1.0296}}

// bradford adapts linear sRGB from one white to another.
func bradford(from, to [3]float64) matrix {
	a, b := coneResponse.times(from), coneResponse.times(to)
	scale := matrix{{b[0] / a[0], 0, 0}, {0, b[1] / a[1], 0}, {0, 0, b[2] / a[2]}}
	return sRGBToXYZ.inverse().compose(coneResponse.inverse()).compose(scale).compose(coneResponse).compose(sRGBToXYZ)
}

// cast applies a matrix to linear light.
func cast(in *trial.Input, m matrix) *trial.Outcome {
	var light [256]float64
	for i := range light {
		light[i] = raster.Linear(float64(i) / 255)
	}
	places := pixels(in.Image, in.Region)
	out := &trial.Outcome{Image: in.Image.Clone()}
	lost := 0
	for _, i := range places {
		p := out.Image.Pix[3*i : 3*i+3 : 3*i+3]
		v := m.times([3]float64{light[p[0]], light[p[1]], light[p[2]]})
		outside := false
		for c := range v {
			e := 255 * raster.Encode(v[c])
			outside = outside || e < -.5 || e >= 255.5
			p[c] = level(e)
		}
		if outside {
			lost++
		}
	}
	clipped(out, lost, len(places))
	return out
}

// clipped flags a picture of which more than 5 % of the region's colours left the gamut.
func clipped(out *trial.Outcome, lost, of int) {
	if of > 0 && float64(lost) > .05*float64(of) {
		out.Flags = append(out.Flags, trial.Flag{Code: "clipped",
			Detail: fmt.Sprintf("%.0f %% of the region's colours left the sRGB gamut", 100*float64(lost)/float64(of))})
	}
}

// atMost refuses a severity beyond the end of the axis, for callers that did not check it.
func atMost(severity, end float64) error {
	if severity > end || math.IsNaN(severity) {
		return fmt.Errorf("severity %v is above the largest possible, %v", severity, end)
	}
	return nil
}

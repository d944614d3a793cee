package datasets

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"golang.org/x/image/vector"
)

// Shapes are the shapes that models are trained on; HeldOutShapes are kept back, for what lies outside the trained
// classes.
var (
	Shapes        = []string{"circle", "square", "triangle", "star", "cross", "heart", "crescent", "ring", "arrow", "bolt"}
	HeldOutShapes = []string{"hexagon", "drop", "hourglass"}
)

// pen draws a path given in a shape's own frame (the unit circle, y down) into a rasteriser.
type pen struct {
	r      *vector.Rasterizer
	cx, cy float64 // centre in pixels
	ux, uy float64 // the frame's x axis in pixels
}

func (p *pen) at(x, y float64) (float32, float32) {
	return float32(p.cx + x*p.ux - y*p.uy), float32(p.cy + x*p.uy + y*p.ux)
}

func (p *pen) polygon(pts ...[2]float64) {
	for i, q := range pts {
		x, y := p.at(q[0], q[1])
		if i == 0 {
			p.r.MoveTo(x, y)
		} else {
			p.r.LineTo(x, y)
		}
	}
	p.r.ClosePath()
}

// curve draws cubic Bezier segments: a start point, then three points for each segment.
func (p *pen) curve(pts ...[2]float64) {
	x, y := p.at(pts[0][0], pts[0][1])
	p.r.MoveTo(x, y)
	for i := 1; i+2 < len(pts); i += 3 {
		bx, by := p.at(pts[i][0], pts[i][1])
		cx, cy := p.at(pts[i+1][0], pts[i+1][1])
		dx, dy := p.at(pts[i+2][0], pts[i+2][1])
		p.r.CubeTo(bx, by, cx, cy, dx, dy)
	}
	p.r.ClosePath()
}

// circle draws a circle; dir -1 draws it the other way round, which cuts a hole.
func (p *pen) circle(x, y, r, dir float64) {
	const k = .5522847498307936 // control points of the best cubic approximation of a quarter circle
	d := dir
	p.curve([2]float64{x + r, y},
		[2]float64{x + r, y + d*k*r}, [2]float64{x + k*r, y + d*r}, [2]float64{x, y + d*r},
		[2]float64{x - k*r, y + d*r}, [2]float64{x - r, y + d*k*r}, [2]float64{x - r, y},
		[2]float64{x - r, y - d*k*r}, [2]float64{x - k*r, y - d*r}, [2]float64{x, y - d*r},
		[2]float64{x + k*r, y - d*r}, [2]float64{x + r, y - d*k*r}, [2]float64{x + r, y})
}

func regular(n int, radius, turn float64) [][2]float64 {
	pts := make([][2]float64, n)
	for i := range pts {
		sin, cos := math.Sincos(turn + 2*math.Pi*float64(i)/float64(n))
		pts[i] = [2]float64{radius * cos, radius * sin}
	}
	return pts
}

// drawShape traces a shape. Every shape fits into the unit circle.
func drawShape(p *pen, shape string) error {
	switch shape {
	case "circle":
		p.circle(0, 0, .86, 1)
	case "square":
		p.polygon(regular(4, 1, math.Pi/4)...)
	case "triangle":
		p.polygon(regular(3, 1, -math.Pi/2)...)
	case "hexagon":
		p.polygon(regular(6, .95, 0)...)
	case "star":
		outer, inner := regular(5, 1, -math.Pi/2), regular(5, .42, -math.Pi/2+math.Pi/5)
		var pts [][2]float64
		for i := range outer {
			pts = append(pts, outer[i], inner[i])
		}
		p.polygon(pts...)
	case "cross":
		const a, b = .3, .94
		p.polygon([2]float64{-a, -b}, [2]float64{a, -b}, [2]float64{a, -a}, [2]float64{b, -a}, [2]float64{b, a}, [2]float64{a, a},
			[2]float64{a, b}, [2]float64{-a, b}, [2]float64{-a, a}, [2]float64{-b, a}, [2]float64{-b, -a}, [2]float64{-a, -a})
	case "heart":
		p.curve([2]float64{0, .94},
			[2]float64{-.38, .56}, [2]float64{-.98, .22}, [2]float64{-.98, -.3},
			[2]float64{-.98, -.72}, [2]float64{-.66, -.9}, [2]float64{-.44, -.9},
			[2]float64{-.2, -.9}, [2]float64{-.04, -.72}, [2]float64{0, -.48},
			[2]float64{.04, -.72}, [2]float64{.2, -.9}, [2]float64{.44, -.9},
			[2]float64{.66, -.9}, [2]float64{.98, -.72}, [2]float64{.98, -.3},
			[2]float64{.98, .22}, [2]float64{.38, .56}, [2]float64{0, .94})
	case "crescent":
		// The outer arc runs the long way round the left side; the inner arc comes back.
		var pts [][2]float64
		const n = 40
		a := math.Pi * .30
		for i := 0; i <= n; i++ {
			sin, cos := math.Sincos(a + (2*math.Pi-2*a)*float64(i)/n)
			pts = append(pts, [2]float64{.94 * cos, .94 * sin})
		}
		tip := pts[len(pts)-1]
		const cx = .42
		r := math.Hypot(tip[0]-cx, tip[1])
		from, to := math.Atan2(tip[1], tip[0]-cx), math.Atan2(-tip[1], tip[0]-cx)
		if from > 0 {
			from -= 2 * math.Pi
		}
		if to > 0 {
			to -= 2 * math.Pi
		}
		for i := 1; i < n; i++ {
			sin, cos := math.Sincos(from + (to-from)*float64(i)/n)
			pts = append(pts, [2]float64{cx + r*cos, r * sin})
		}
		p.polygon(pts...)
	case "ring":
		p.circle(0, 0, .92, 1)
		p.circle(0, 0, .5, -1)
	case "arrow":
		p.polygon([2]float64{-.9, -.26}, [2]float64{.1, -.26}, [2]float64{.1, -.74}, [2]float64{.96, 0},
			[2]float64{.1, .74}, [2]float64{.1, .26}, [2]float64{-.9, .26})
	case "bolt":
		p.polygon([2]float64{.2, -.96}, [2]float64{-.58, .16}, [2]float64{-.04, .16}, [2]float64{-.26, .96},
			[2]float64{.62, -.26}, [2]float64{.08, -.26}, [2]float64{.5, -.86})
	case "drop":
		p.curve([2]float64{0, -.96}, [2]float64{.2, -.5}, [2]float64{.7, -.1}, [2]float64{.7, .28},
			[2]float64{.7, .66}, [2]float64{.38, .94}, [2]float64{0, .94},
			[2]float64{-.38, .94}, [2]float64{-.7, .66}, [2]float64{-.7, .28},
			[2]float64{-.7, -.1}, [2]float64{-.2, -.5}, [2]float64{0, -.96})
	case "hourglass":
		p.polygon([2]float64{-.7, -.7}, [2]float64{.7, -.7}, [2]float64{.12, 0}, [2]float64{.7, .7}, [2]float64{-.7, .7}, [2]float64{-.12, 0})
	default:
		return fmt.Errorf("there is no shape %q", shape)
	}
	return nil
}

var (
	opaque   = image.NewUniform(color.Alpha{A: 255})
	opaqueAt image.Point
)

// alphaOf views coverage as an image to rasterise into.
func alphaOf(cover []uint8, n int) *image.Alpha {
	return &image.Alpha{Pix: cover, Stride: n, Rect: image.Rect(0, 0, n, n)}
}

package figure

// What tests look at from outside.
var (
	Apart       = apart
	LinearTicks = linearTicks
	LogTicks    = logTicks
	Plain       = plain
	Luminance   = luminance
	EncodePNG   = encodePNG
)

// TextWidth is the width of text in the figure's font; weight is "", "bold" or "italic".
func TextWidth(text string, size float64, weight string) float64 {
	return map[string]face{"": regular, "bold": bold, "italic": italic}[weight].width(text, size)
}

// ClusterHeights are the heights of all merges, in no order, and the order of the leaves.
func ClusterHeights(v [][]float64) (heights []float64, leaves []int) {
	cells := make([][]Cell, len(v))
	for i, r := range v {
		for _, x := range r {
			cells[i] = append(cells[i], Cell{Value: x})
		}
	}
	t := cluster(cells)
	var walk func(*node)
	walk = func(n *node) {
		if n.a != nil {
			heights = append(heights, n.height)
			walk(n.a)
			walk(n.b)
		}
	}
	walk(t)
	return heights, t.leaves(nil)
}

// Contour is the level line of a surface in data units.
func Contour(p SurfacePanel, level float64, logX, logY bool) [][2][2]float64 {
	var out [][2][2]float64
	for _, s := range contour(p, level, func(u, v float64) pt { return pt{u, v} }, logX, logY) {
		out = append(out, [2][2]float64{{s[0].x, s[0].y}, {s[1].x, s[1].y}})
	}
	return out
}

// ClipPolyline and ClipPolygon cut to the unit square.
func ClipPolyline(p [][2]float64) [][][2]float64 {
	var out [][][2]float64
	for _, piece := range clipPolyline(points(p), box{0, 0, 1, 1}) {
		out = append(out, pairs(piece))
	}
	return out
}

func ClipPolygon(p [][2]float64) [][2]float64 { return pairs(clipPolygon(points(p), box{0, 0, 1, 1})) }

func points(p [][2]float64) (out []pt) {
	for _, q := range p {
		out = append(out, pt{q[0], q[1]})
	}
	return out
}

func pairs(p []pt) (out [][2]float64) {
	for _, q := range p {
		out = append(out, [2]float64{q.x, q.y})
	}
	return out
}

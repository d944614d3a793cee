package figure

// Surface shows a response over two axes (severity and area) as colour with contour lines.
type Surface struct {
	About
	X, Y   Axis
	Scale  Scale
	Levels []float64 // of the contour lines, labelled
	Panels []SurfacePanel
}

// SurfacePanel is one surface.
type SurfacePanel struct {
	Title         string
	Label, Family string // the metric
	X, Y          []float64
	Z             [][]float64 // [y][x]; NaN where there is no value
}

package figure

// Surface shows a response over two axes (severity and area; pairs and quality) as colour with contour lines.
type Surface struct {
	About
	X, Y   Axis
	Scale  Scale
	Levels []float64 // of the contour lines, labelled
	Panels []SurfacePanel
	// Fitted says that the places are those of a fitted surface, not of measurements; Points then show what was measured.
	Fitted bool
}

// SurfacePanel is one surface.
type SurfacePanel struct {
	Title         string
	Label, Family string // the metric
	X, Y          []float64
	Z             [][]float64 // [y][x]; NaN where there is no value
	Points        []SurfacePoint
	Levels        []float64 // of this panel's contour lines; nil: the figure's
}

// SurfacePoint is a measured value, drawn as a disc in the colour of the scale.
type SurfacePoint struct{ X, Y, Z float64 }

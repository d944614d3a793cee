package figure

// AreaThreshold is the spatial-summation plot: threshold severity against edited area, both on log axes. In log-log the
// slope tells how a metric pools over space, whatever monotone transform its scores are given.
type AreaThreshold struct {
	About
	Area, Severity Axis // Log is implied
	Panels         []AreaPanel
	// Slopes are drawn as guide lines; nil draws Ricco's (-1) and Piper's (-1/2).
	Slopes []SlopeGuide
}

// AreaPanel is one set of axes: pooled and regional scores side by side, for example.
type AreaPanel struct {
	Title  string
	Series []AreaSeries
}

// AreaSeries is one metric's thresholds.
type AreaSeries struct {
	Label, Family     string
	Control           bool
	Area              []float64 // fraction of the picture
	Threshold, Lo, Hi []float64 // severity; NaN where none was found
	Censored          []bool    // larger than Threshold, the largest tested; nil: none
	Slope             float64   // of log threshold on log area; NaN or 0 with SlopeLo == SlopeHi: not given
	SlopeLo, SlopeHi  float64
	Warning           string
}

// SlopeGuide is a guide line of one slope.
type SlopeGuide struct {
	Label string
	Slope float64
}

package figure

// Bars show shares or amounts with intervals, grouped: the variance decomposition of detection by architecture, label
// content, training objective, pooling and seed.
type Bars struct {
	About
	X      Axis
	Groups []BarGroup
}

// BarGroup is a set of bars under one heading.
type BarGroup struct {
	Title string
	Bars  []Bar
}

// Bar is one amount.
type Bar struct {
	Label, Family string
	Value, Lo, Hi float64
	Warning       string
}

package figure

// Scatter shows points: the locality map (local edit against class change, a point a metric) and human agreement
// (score against opinion, a point a picture, with fit and band).
type Scatter struct {
	About
	X, Y   Axis
	Panels []ScatterPanel
	FreeX  bool // every panel has its own x limits
	FreeY  bool
}

// ScatterPanel is one set of axes.
type ScatterPanel struct {
	Title      string
	Points     []Point
	Fit        *Line // curve with band; drawn in the colour of FitLabel's style, or of the first point
	Diagonal   bool  // the line y = x
	References []Reference
	Note       string // printed inside: "SRCC .87 [.84, .90]"
}

// Point is one point.
type Point struct {
	Label, Family string // Label is the hover text, and the series if the figure labels its points
	Series        string // what the point's look and switch belong to; "" means Label
	X, Y          float64
	XLo, XHi      float64 // intervals; both 0 or NaN: none
	YLo, YHi      float64
	Direct        bool // write the label beside the point
	Control       bool
	Warning       string
}

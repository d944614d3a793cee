package figure

// Curves are lines over a shared axis, in one panel or in small multiples: sensitivity (raw, by rank, normalised),
// detection with threshold marks, psychometric functions, set distances. Where every series is one point at the same
// place, DrawAll makes a Forest of them.
type Curves struct {
	About
	X, Y   Axis
	Panels []Panel
	// FreeY gives every panel its own y limits (raw scores of different metrics); otherwise they share them.
	FreeY bool
	// Thumbs show under the axis what the severities look like.
	Thumbs []Thumb
}

// Panel is one set of axes.
type Panel struct {
	Title      string
	Series     []Series
	References []Reference
	Note       string // printed small inside the panel: "n = 48"
	X          *Axis  // of this panel alone, named below it; nil: the figure's
}

// Series is one curve. Y is NaN where there is no value.
type Series struct {
	Label, Family string
	Control       bool // a pixel control or untrained twin: drawn thin and behind
	X, Y          []float64
	Lo, Hi        []float64 // interval of each point, nil or as long as X: a translucent band
	// Fit is a fitted curve. Where it is given, X and Y are drawn as points with error bars, and the band is the fit's.
	Fit     *Line
	Marks   []Mark // thresholds
	Warning string // reaches the hover text and the caption
}

// Mark is a threshold on a curve: where it crosses Level.
type Mark struct {
	At, Lo, Hi float64 // on the x axis; Lo, Hi NaN where there is no interval
	Level      float64 // on the y axis
	Censored   bool    // larger than At, the largest tested: drawn as an open arrow
	Below      bool    // smaller than At, the smallest tested: likewise
}

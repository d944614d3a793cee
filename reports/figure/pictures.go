package figure

// Strip shows stimuli in rows, severity growing from left to right.
type Strip struct {
	About
	Rows []StripRow
}

// StripRow is one row of a strip.
type StripRow struct {
	Label  string
	Thumbs []Thumb
}

// Gallery shows stimuli on which metrics disagree most: before, after, and where each metric ranks the change.
type Gallery struct {
	About
	Items     []GalleryItem
	RankLabel string // of the score axis: "percentile among all edits"
}

// GalleryItem is one stimulus.
type GalleryItem struct {
	Title         string // source and edit
	Before, After []byte // PNG
	Scores        []GalleryScore
}

// GalleryScore is one metric's verdict, made comparable as a rank.
type GalleryScore struct {
	Label, Family string
	Rank          float64 // 0..1, 1 is the largest change
	Text          string  // the raw score
}

// HeatOverlay shows where a metric sees the difference: its map laid over the picture.
type HeatOverlay struct {
	About
	Items []HeatItem
	Scale Scale // High 0: from the maps
}

// HeatItem is one picture with its map.
type HeatItem struct {
	Title   string
	Picture []byte    // PNG
	W, H    int       // of the map
	Map     []float64 // W*H values, rows from the top
	Outline []uint8   // the edited region, MaskW x MaskH, 1 inside; nil: not outlined
	MaskW   int
	MaskH   int
	// Bare shows the picture without a map (the edit itself).
	Bare bool
}

package figure

// Forest shows estimates with intervals, one a row: thresholds, correlations with people, contrasts.
type Forest struct {
	About
	X          Axis
	Rows       []Row
	References []Reference // human ceiling, chance, smallest effect of interest; At is on the x axis
	Sort       bool        // by value within a group, best (see Ascending) first
	Ascending  bool        // smaller is better
	Decimals   int         // of printed numbers; 0: as many as their size asks for
	Ranks      bool        // print rank intervals in a column
}

// Row is one estimate.
type Row struct {
	Label, Family  string
	Group          string // rows of a group stand together under its name
	Value, Lo, Hi  float64
	Censored       int  // 1: larger than Value; -1: smaller than Value; 0: known
	RankLo, RankHi int  // interval of the rank, 1-based; 0 where there is none
	OpenLo, OpenHi bool // the interval goes on beyond Lo or Hi, the ends of what was tested: drawn with an arrow head
	Control        bool
	Note           string // printed beside the numbers: "n = 31", "p = .003 (Holm)"
	Warning        string // footnoted
}

package figure

// Matrix shows a number for every pair of row and column: the blindness matrix (metrics x failures), pairwise
// significance, correlation between metrics with clustering.
type Matrix struct {
	About
	Rows, Columns []Member // Family "" prints the name in ink
	Cells         [][]Cell // [row][column]
	Scale         Scale
	ColumnGroups  []string // one a column, or nil; equal neighbours share a heading
	RowGroups     []string
	// Cluster reorders rows and columns of a symmetric matrix by average linkage on 1 - |value| and draws the tree.
	Cluster bool
	// Side are columns set apart at the right, with their own text: human agreement, rank.
	Side []SideColumn
}

// Cell is one number of a matrix.
type Cell struct {
	Value   float64 // NaN: not computed, drawn hatched
	Lo, Hi  float64 // interval, in the hover text; both 0 or NaN: none
	Text    string  // printed; "" prints the value where it fits
	Mark    string  // a sign after the text: "*", "~"
	Warning string
}

// SideColumn is text beside a matrix, one entry a row.
type SideColumn struct {
	Title  string
	Values []string
}

// Scale says how numbers become colours.
type Scale struct {
	Label          string
	Low, Mid, High float64
	Diverging      bool // two hues about Mid; otherwise one from Low to High
	Decimals       int  // of printed values
}

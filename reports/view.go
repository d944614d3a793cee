package reports

import "probity/reports/figure"

// View is what exhibits are made with.
type View struct {
	in *Input
}

// Exhibition is what a report shows of one finding.
type Exhibition struct {
	Figures []figure.Drawing
	Tables  []Table
}

// Table is a printed table.
type Table struct {
	Name string
}

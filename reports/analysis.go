package reports

// Analysis is a table made ready for findings: indexed by cell, with the resamples that all findings share.
type Analysis struct{ in *Input }

// Package preview draws contact sheets of edits: a row for each perturbation and region, a column for each severity, the
// source with the region outlined at its head, under each picture what was really done.
//
// In come the rows that harness.Preview makes, by the code that a run uses; out come one PNG and one HTML page that opens
// without a network. The command line's preview calls it, and docs/perturbations.md is made with it.
//
//	sheet := &preview.Sheet{Title: "photo-edits", Source: img, Rows: rows}
//	png, err := sheet.PNG()
//	err = sheet.HTML(w)
package preview

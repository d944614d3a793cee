// Package table reads tables with a header (CSV, semicolons, tabs), as people and their programs write them.
//
// In comes a file; out come columns as text, names or numbers, with errors that name file, row and column. `probity agree`
// and the data sets of judgements call it; Records reads what our own programs wrote.
//
//	t, err := table.Read("scores.csv")
//	col, err := t.Column("--metric", "ssim")
//	values, gaps, err := t.Numbers(col)
package table

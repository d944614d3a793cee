// Package reports turns the scores of a run into findings, tables, figures and one HTML page.
//
// In comes an Input: the table of scores, what the experiment asked, its hypotheses, the pictures to show and the
// manifest. Out come findings (statistical results with n, interval, scope and warnings) and, through Write, the files
// of a run's folder: findings.json, tables/*.tex, .md and .csv, figures/*.pdf, .svg and .png, report.html. The command
// line calls it when a run has its scores, and again when a report is drawn anew. Findings are pure functions of the
// Input: the same Input gives the same bytes, whatever the number of workers.
//
// A kind of finding is one file with one registration in Kinds. It reads an Analysis (the table indexed by cell, the
// resamples that all findings share) and returns a Finding; exhibits of it (figures, tables) are made from the
// Finding's Estimates alone.
//
//	findings, err := reports.Findings(ctx, &reports.Input{Table: table, Experiment: reports.Experiment{
//		Name: "local-edits", Seed: 1, Findings: []reports.Request{{Kind: "detection"}},
//	}})
//	fmt.Println(findings[0].Answer) // "ssim finds a hue edit of 10 dE00 ... A_within .93 [.90, .95] ..."
//
// The statistics are those of docs/statistics.md. The unit is the source (or the group of sources that share an origin),
// never the row; all metrics, cells and findings of one report are resampled with the same draws of sources, so that
// differences between them are paired.
package reports

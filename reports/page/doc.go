// Package page writes report.html: one self-contained file that opens from disk without a network.
//
// In comes a Report of plain data (the question, the answer with its interval, figures drawn by reports/figure, tables,
// stimuli with their scores, warnings, the experiment and the environment); out goes HTML with the style, the script and
// every picture inside. reports calls it once, when a run's findings and figures are there. The page computes nothing.
// All text is escaped by html/template; only the SVG of figures, which reports/figure writes and escapes itself, is
// inserted as it is. The same Report gives the same bytes.
//
//	err := page.Write(w, &page.Report{
//		Name: "local-edits", Question: "Which features notice a small local edit?",
//		Answer:   "The patch distance does: A_within .93 [.90, .95], n = 48.",
//		Sections: []page.Section{{Title: "Detection", Figures: figures}},
//	})
package page

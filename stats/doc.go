// Package stats holds the statistics of probity: pure functions on slices, with their definitions, sources and what
// they do with bad input.
//
// In come numbers and the clusters that they belong to (the source, the rater, the training seed); out go estimates,
// intervals that name their method and carry their warnings, and tests. reports and the command line call it; it knows
// no table, picture or model. The unit of every interval is the cluster, never the row.
//
//	byCluster := [][]float64{{.91, .87}, {.74}, {.99, .95}} // values of each source
//	ci := stats.MeanInterval(byCluster, stats.MeanOptions{Bounded: true})
//	fmt.Println(ci.Value, ci.Low, ci.High, ci.Method, ci.Warnings)
//
// Numbers that are not finite and slices whose lengths differ are errors (or, where a function returns an Interval, its
// Warnings); an undefined quantity is NaN with the reason beside it, never 0.
package stats

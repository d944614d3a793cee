// Package calibrate tests by simulation whether the intervals and tests of stats do what they say.
//
// In comes a grid (clusters, shape of the distribution, share of variance between clusters) and a number of replicates;
// out go coverage and rejection rates, and the table of docs/calibration.md. `make calibrate` calls it at full size
// (go run ./stats/calibrate/run), the tests at small size.
//
//	rows, err := calibrate.Run(ctx, calibrate.Full())
//	calibrate.Write(w, rows)
package calibrate

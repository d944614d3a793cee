// Package harness reads an experiment file, plans everything that it asks for, and carries it out.
//
// In comes a TOML file (Load), the sources of a data set and what is known of the models (NewPlan); out comes a table with
// one row a stimulus and one column a metric (Score), kept in segments that survive a kill, and the pictures that a report
// will show (WriteExhibits). The command line calls it; reports takes the table. It is the only package that runs models.
//
//	x, err := harness.Load("x.toml", harness.LoadOptions{Env: models, Findings: reports.Kinds})
//	// *DocumentErrors: every problem of the file at once, with line, column and the name that was meant
//	col, err := x.Images.Entry.Open(ctx, x.Images.Params, x.Images.OpenOptions(x.Seed))
//	plan, err := harness.NewPlan(x, col, models)
//	plan.Describe(os.Stdout) // counts, cost, power: what `probity validate` prints
//	scored, err := harness.Score(ctx, plan, models, harness.RunOptions{Dir: "runs/x", Workers: 2})
//
// A file's way: document.go holds what is read, document_walk.go takes a table apart key by key and collects what is
// wrong, position.go says where it stands. A plan's way: plan.go lists stimuli, donor.go chooses who lends to whom,
// plan_key.go hashes what a stimulus depends on, plan_cost.go and power.go look ahead. A run's way: run.go goes from source
// to source, stimuli.go makes what the plan lists, scorer.go asks models and metrics, segment.go keeps the results.
//
// Nothing in a result depends on the number of workers, on interruptions or on what else is in the file: every random
// number comes from a stream keyed by seed, source, step and replicate.
package harness

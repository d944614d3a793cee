// Package perturb holds the controlled edits: one file a family, each registered on trial.Perturbations.
//
// In goes a picture, a region, the source that it came from and the streams of random numbers of one source and
// replicate; out comes an 8-bit picture for each severity asked. harness calls Prepare once for all severities of a
// region and replicate, then the sweep that it returned.
//
//	entry, info, _ := trial.Perturbations.Get("gaussian-noise")
//	params, _ := registry.NewValues(info, nil)
//	p, _ := entry.New(params)
//	sweep, _ := p.Prepare(ctx, &trial.Input{Image: img, Draw: draw})
//	noisy, _ := sweep(10) // sigma 10 levels
//
// Beside them stand the changes of sets, on trial.SetPerturbations (sets.go), and of words, on trial.TextPerturbations
// (words.go); region.go says where an edit acts.
//
// Laws that every perturbation keeps, and that a test asserts over the whole registry: severity 0 returns the same bytes;
// pixels outside the region (the one that the outcome names, else the one given) keep theirs; a larger severity never makes
// a smaller change, but where the severity is a count or a distance; the same streams give the same pixels; no input is
// changed.
package perturb

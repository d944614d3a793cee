// Package datasets reads pictures, and what is known of them, in the layouts in which people publish them.
//
// In goes a path and the parameters of an [images] section; out comes a trial.Collection: sources in a stable order,
// and a problem for each file that could not be used. harness opens data sets by name through trial.Datasets; a data
// set is one file here that registers itself.
//
//	entry, info, _ := trial.Datasets.Get("folder")
//	params, _ := registry.NewValues(info, nil)
//	photos, err := entry.Open(ctx, params, trial.OpenOptions{Path: "photos", Size: 256, Fit: "crop"})
package datasets

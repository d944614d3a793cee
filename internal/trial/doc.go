// Package trial holds the nouns that the rest of the program passes around: Source, Stimulus, Trial, Score, Table, and
// the interfaces of what can be registered (Perturbation, Metric, SetMetric, data set).
//
// It is a leaf: it imports raster, registry and stream and nothing else of this module. perturb, metrics and datasets
// implement its interfaces; harness drives them; reports reads its Table.
package trial

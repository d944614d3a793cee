package main

import "slices"

// ladder is what both studies of the ladder ask of its table.
var ladder = []string{"ladder", "zoo/train/results/ladder-scores.csv", "--pairs", "pairs", "--distinct", "distinct", "--samples", "samples", "--seed", "seed", "--model", "name"}

// responses is what the studies of the micro models' seeds ask of the tables that experiments/seeds wrote.
func responses(table string, more ...string) []string {
	return append([]string{"decompose", "zoo/train/results/" + table, "--noun", "rendered scene", "--seed", "20261125", "--where", "null=scene-nuisance"}, more...)
}

// studies are the experiments of the paper, in its order.
var studies = []study{
	{name: "cnn-vs-vit", args: []string{"run", "experiments/cnn-vs-vit.toml"}},
	{name: "seeds", args: responses("detection.csv", "--name", "seeds")},
	{name: "replication", args: responses("detection.csv", "--where", "seed=3,4", "--name", "replication",
		"--hypothesis", "colour: label content: all - class", "--hypothesis", "background: label content: all - class",
		"--hypothesis", "small region: vit - cnn, pooled", "--hypothesis", "small region: by region - pooled, of cnn",
		"--hypothesis", "shape of a small object: pooling: by region - pooled", "--hypothesis", "colour: pooling: by region - pooled",
		"--hypothesis", "colour: contrastive - labels, at label content all")},
	{name: "matched", args: responses("detection-matched.csv", "--where", "seed=3,4", "--name", "matched")},
	{name: "style-and-core", args: []string{"run", "experiments/style-and-core.toml"}},
	{name: "summation", args: []string{"run", "experiments/summation.toml"}},
	{name: "fine-grained", args: []string{"run", "experiments/fine-grained.toml"}},
	{name: "networks", args: []string{"run", "experiments/networks.toml"}, needs: []string{"models", "images"}},
	{name: "imagenet-bias", args: []string{"run", "experiments/imagenet-bias.toml"}},
	{name: "photo-sets", args: []string{"run", "experiments/photo-sets.toml"}, needs: []string{"models", "images"}},
	{name: "compliance", args: []string{"run", "experiments/compliance.toml"}},
	{name: "imagenhub-text", args: []string{"run", "experiments/human/imagenhub-text.toml", "--set", "human.0.path={data}/imagenhub"}, needs: []string{"data"}},
	{name: "imagenhub-subject", args: []string{"run", "experiments/human/imagenhub-subject.toml", "--set", "human.0.path={data}/imagenhub"}, needs: []string{"data"}},
	{name: "ladder-mismatch", args: slices.Concat(ladder, []string{"--at", "pairs=1024,quality=0", "--quality", "mismatch", "--where", "content=full", "--score", "controlled-shape,zero-shot-shape,clip-score-wrong-object,detection-scene-recolour", "--name", "ladder-mismatch"})},
	{name: "ladder-content", args: slices.Concat(ladder, []string{"--at", "pairs=1024", "--quality", "content", "--levels", "class,partial,full", "--where", "mismatch=0", "--score", "zero-shot-shape,probe-shape,detection-scene-recolour", "--name", "ladder-content"})},
	{name: "joint-space", args: []string{"run", "experiments/joint-space.toml"}},
	{name: "modality-gap", args: []string{"run", "experiments/modality-gap.toml", "--set", "space.clip.features.pairs={data}/modality-gap/features_clip.npy",
		"--set", "space.clip-random.features.pairs={data}/modality-gap/features_clip_random.npy"}, needs: []string{"data"}},
}

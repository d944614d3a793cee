// Findings runs the experiments behind the project's questions and writes what they say as a short paper, docs/findings.md,
// with its figures beside it.
//
//	go run ./experiments/findings --models MODELS --images PHOTOS --data DATA docs
//
// In comes the list of studies (studies.go): experiment files, what each needs that the repository does not hold, and the
// paper's text (findings.md.tmpl), in which every number is an expression that reads a run's findings.json. Out come
// docs/findings.md and docs/findings/*.svg. A study whose models, photographs or data are not given is left out, and the paper
// says so. Runs are kept under --runs: what was scored already is taken over, and an interrupted call goes on where it was.
package main

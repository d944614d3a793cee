// Package bundled is the models inside the program: small networks trained by zoo/train on rendered scenes, so that an
// experiment runs from a clone without a download, under a control that no published checkpoint allows: between two of
// them one factor differs.
//
// What goes in: nothing. What comes out: a file tree for zoo.Options.Embedded, manifests beside ONNX files. The command
// line imports it and nothing else does, so that a program that uses the other packages does not carry 30 MB of weights.
//
//	z, err := zoo.Open(zoo.Options{Embedded: []fs.FS{bundled.Models()}})
//	m, err := z.Load("micro-vit-clip-full-s0")
//
// docs/zoo.md says what each model learned.
package bundled

package bundled

import (
	"embed"
	"io/fs"
)

//go:embed models
var files embed.FS

// Models is the tree of bundled models: at its root manifests, ONNX files and the vocabulary that their text towers share.
func Models() fs.FS {
	tree, err := fs.Sub(files, "models")
	if err != nil {
		panic(err) // the name above is a valid path
	}
	return tree
}

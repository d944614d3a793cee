package zoo

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"sync"
)

//go:embed catalog/*.toml
var catalogFiles embed.FS

// Catalog is the manifests of the public models that the project knows, by name. They are facts about files that lie
// elsewhere: no weights are part of the program.
var Catalog = sync.OnceValues(func() (map[string]*Manifest, error) {
	names, err := fs.Glob(catalogFiles, "catalog/*.toml")
	if err != nil {
		return nil, err
	}
	out := map[string]*Manifest{}
	for _, name := range names {
		data, err := catalogFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m, err := ParseManifest(data, "zoo/"+name)
		if err != nil {
			return nil, err
		}
		if path.Base(name) != m.Name+".toml" {
			return nil, fmt.Errorf("zoo/%s: holds the model %s, so it is to be called %s.toml", name, m.Name, m.Name)
		}
		if out[m.Name] != nil {
			return nil, fmt.Errorf("zoo/%s: there is another model %s", name, m.Name)
		}
		out[m.Name] = m
	}
	return out, nil
})

package trial

import (
	"context"

	"probity/internal/raster"
	"probity/internal/stream"
)

// A Source is an original picture with what is known of it.
type Source struct {
	ID    string // unique in its data set, the same on every machine: "dog/n02085620.JPEG"
	Hash  string // hex SHA-256 of what the picture is made of: file bytes, or a scene's description
	Class string // "" where the data set gives none
	Group string // sources that share an origin share a group; it is the unit of statistics. "" means ID
	// Captions by quality: "full", "class", "partial"; empty where the data set gives none.
	Captions map[string]string
	// Attributes of the source, such as colour=red; empty where the data set gives none.
	Attributes map[string]string
	// Masks names the masks that Picture.Mask can give: "object", "background", or a data set's own.
	Masks   []string
	Picture Picture
	Editor  Editor // nil unless the source is a scene that can be edited exactly
	Words   Words  // nil unless the data set knows the source exactly
}

// Cluster is the unit that statistics resample: Group where there is one, else ID.
func (s *Source) Cluster() string {
	if s.Group != "" {
		return s.Group
	}
	return s.ID
}

// Picture gives a source's pixels on demand, at the experiment's working size. Implementations are safe for
// concurrent use and return a new image every time.
type Picture interface {
	Load(ctx context.Context) (*raster.Image, error)
	// Mask gives one of the source's masks in the size of Load's picture.
	Mask(ctx context.Context, name string) (*raster.Mask, error)
}

// Editor makes exact edits of a rendered scene.
type Editor interface {
	// Kinds are the edits that this scene allows: "recolour", "retexture", "reshape", "move", ...
	Kinds() []string
	// Edit renders the scene with one thing changed. amount is in the kind's own unit (0 where it has none).
	Edit(ctx context.Context, kind string, amount float64, s *stream.Stream) (SceneEdit, error)
}

// SceneEdit is a scene with one thing changed.
type SceneEdit struct {
	Image         *raster.Image
	Mask          *raster.Mask // pixels that differ from the original scene because of the edit
	Instruction   string       // the words that ask for it: "make the circle red"
	SourceCaption string
	TargetCaption string
	Class         string // class after the edit
	Editor        Editor // of the scene after the edit; nil where it cannot be edited further
}

// A Collection is what a data set yields: sources in a stable order, trials and judgements where it has them, and
// what could not be read.
type Collection struct {
	Name     string
	Sources  []*Source
	Problems []Problem
}

// Problem is a picture or row that could not be used; the run goes on without it and the report names it.
type Problem struct {
	What   string // file, or file and row
	Reason string // "truncated PNG: ...", lower case
}

package trial

import "probity/internal/stream"

// Words is what a data set that knows its sources exactly can say of one of them besides its captions.
type Words interface {
	// Wordings are descriptions in words of the vocabulary but in an order, or with facts left out, that full captions never have.
	// The names and their order are the same for all sources of a data set.
	Wordings() []Wording
	// Foils are full captions of which one attribute is wrong and all else is right, one an attribute, in a fixed order. s opens the
	// stream of an attribute's draws.
	Foils(s func(attribute string) *stream.Stream) []Foil
}

// Wording is a description of a source that tells some of its attributes.
type Wording struct {
	Name  string // "reordered"
	Text  string
	Tells []string // names of attributes that the text tells
}

// Foil is a full caption with one attribute wrong.
type Foil struct{ Attribute, Text string }

// Space is what was measured of the joint space of an image and a text tower on one set of pairs.
type Space struct {
	Label string // unique: the model's name, or the label of the section that names features
	Cell  string // label of the [[space]] section; spaces of a cell differ in nothing but their seed
	// Of the model, as in Column; "" of features.
	Model, Family, Training, Labels, Mark string
	Seed                                  int

	N, D        int // pairs, numbers of an embedding
	Train, Test int // pairs of the half that everything is fitted on, and of the half that is judged
	Rows        []SpaceRow
	Warnings    []string
}

// SpaceRow is one number that was measured of a space.
type SpaceRow struct {
	Quantity   string  // "modality gap", "effective rank", "retrieval", "accuracy", ...
	Side       string  // what is looked at: "images", "texts", "images to texts", ...
	Form       string  // of the embeddings: "raw", "centred", "aligned"
	Gallery    string  // of retrieval: what the right caption is among
	Basis      string  // of condensation: what the principal components are of
	Attribute  string  // of probes and of retrieval among captions with one attribute wrong; "" all of them
	Components int     // of condensation; 0: none
	Chance     float64 // of retrieval and probes; NaN where it has none

	Value, Low, High, DF float64 // NaN where there is none
	Level                float64
	Method               string // of the interval
	N                    int    // clusters
	Warnings             []string
}

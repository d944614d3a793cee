package harness

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
)

// SpaceSection is one [[space]]: joint spaces of an image and a text tower that are measured, those of models that differ in nothing
// but their seed, or of features that someone else computed.
type SpaceSection struct {
	Label      string   // unique: the section's name, or what its models' names have in common
	Models     []string // each with a text tower; none where features are given
	Output     string   // of the image tower
	Images     string   // NumPy file of image features, resolved; with Texts
	Texts      string
	Pairs      string   // NumPy file of both, resolved
	Gallery    int      // captions that the right one is found among
	Attributes []string // of the sources, that are probed; none: all that every source has
}

// defaultGallery is the number of captions in a gallery where none is given.
const defaultGallery = 64

func (d *document) spaces(root *section, x *Experiment, opt LoadOptions) {
	var names, labels, paths []string
	seen := map[string]string{} // model -> path of its section
	for _, s := range root.tables("space") {
		errs := len(d.errs)
		sp := SpaceSection{Label: s.text("name"), Output: s.text("output"), Models: s.texts("models"), Attributes: s.texts("attributes")}
		name := sp.Label
		sp.Gallery = int(s.whole("gallery", defaultGallery, 2, 10000))
		features := s.table("features")
		switch {
		case features != nil && s.has("models"):
			d.fail(s.at("features"), atKey, "a [[space]] has either models or features, not both")
			features.forgive()
		case features != nil:
			sp.features(features)
			for _, key := range []string{"output", "attributes"} {
				if s.has(key) {
					d.fail(s.at(key), atKey, "is of models, and this [[space]] has features")
				}
			}
		case !s.has("models"):
			s.missing("models", "a [[space]] needs models = [\"NAME\", ...] with text towers (`probity models` lists them), or features = { images = \"x.npy\", texts = \"y.npy\" }")
		case len(sp.Models) == 0 && len(d.errs) == errs:
			d.fail(s.at("models"), atValue, "is empty, wants at least one model with a text tower")
		}
		if len(sp.Models) > 0 && !root.has("images") {
			d.fail(s.at("models"), atKey, "models need pictures with captions to embed: an [images] section, such as dataset = \"scenes\"")
		}
		if sp.Output == "" {
			sp.Output = "joint"
		}
		for i, m := range sp.Models {
			d.spaceModel(element(s.at("models"), i), m, sp.Output, opt)
			if first, ok := seen[m]; ok {
				d.fail(element(s.at("models"), i), atValue, "the model %s stands in a [[space]] already, line %d", m, d.place(first, atKey).Line)
			}
			seen[m] = s.path
		}
		s.close("a [[space]]")
		if sp.Label == "" {
			sp.Label = sp.common()
		}
		if len(d.errs) == errs {
			names, labels, paths = append(names, name), append(labels, sp.Label), append(paths, s.path)
			x.Spaces = append(x.Spaces, sp)
		}
	}
	d.uniqueLabels("space", labels, paths, names)
}

// features reads where published features lie.
func (sp *SpaceSection) features(s *section) {
	dir := filepath.Dir(s.d.name)
	file := func(key string) string {
		if v := s.text(key); v != "" {
			return resolve(dir, v)
		}
		return ""
	}
	sp.Images, sp.Texts, sp.Pairs = file("images"), file("texts"), file("pairs")
	if (sp.Pairs == "") == (sp.Images == "" && sp.Texts == "") || (sp.Images == "") != (sp.Texts == "") {
		s.d.fail(s.path, atKey, "wants images and texts, two NumPy files of shape [N, D], or pairs, one of shape [2, N, D] with the images first")
	}
	s.close("features")
}

// spaceModel checks that a model is there and has both towers.
func (d *document) spaceModel(path, name, output string, opt LoadOptions) {
	if opt.Env == nil {
		return
	}
	m, err := opt.Env.Model(name)
	if err == nil {
		err = jointTowers(m, output)
	}
	if err != nil {
		d.fail(path, atValue, "%v", err)
	}
}

func jointTowers(m trial.ModelInfo, output string) error {
	if !m.Text {
		return fmt.Errorf("model %s has no text tower, so that there is no space that it shares with words: a CLIP-like pair is wanted", m.Name)
	}
	o, err := m.Output(output)
	if err == nil && o.Layout != trial.Pooled {
		err = fmt.Errorf("output %s of %s is not pooled: its embedding in the space shared with words is wanted", o.Name, m.Name)
	}
	return err
}

// common is what the names of a cell's models have in common, without the mark of a seed; features are called by their file.
func (sp *SpaceSection) common() string {
	switch {
	case len(sp.Models) == 1:
		return sp.Models[0]
	case len(sp.Models) > 1:
		c := sp.Models[0]
		for _, m := range sp.Models[1:] {
			for !strings.HasPrefix(m, c) {
				c = c[:len(c)-1]
			}
		}
		if c = strings.TrimRight(strings.TrimSuffix(c, "-s"), "-"); c != "" {
			return c
		}
		return strings.Join(sp.Models, "+")
	}
	file := sp.Pairs
	if file == "" {
		file = sp.Images
	}
	return strings.TrimSuffix(filepath.Base(file), ".npy")
}

// describeSpaces prints which joint spaces a run will measure.
func (p *Plan) describeSpaces(line func(name, format string, args ...any)) {
	for _, sp := range p.Experiment.Spaces {
		if len(sp.Models) == 0 {
			line("joint space", "%s: features of %s", sp.Label, strings.TrimSpace(strings.Join([]string{sp.Pairs, sp.Images, sp.Texts}, " ")))
			continue
		}
		line("joint space", "%s: %s, output %s, galleries of %d", sp.Label, plural(len(sp.Models), "model"), sp.Output, sp.Gallery)
	}
}

// spaceNeeds are the features that joint spaces are measured on.
func (x *Experiment) spaceNeeds() (out []trial.Request) {
	for _, sp := range x.Spaces {
		for _, m := range sp.Models {
			out = append(out, trial.Request{Part: trial.OfInput, Model: m, Output: sp.Output})
		}
	}
	return out
}

// resolvedSpace is a [[space]] as the manifest records it.
type resolvedSpace struct {
	Label      string   `json:"label"`
	Models     []string `json:"models,omitempty"`
	Output     string   `json:"output,omitempty"`
	Images     string   `json:"images,omitempty"`
	Texts      string   `json:"texts,omitempty"`
	Pairs      string   `json:"pairs,omitempty"`
	Gallery    int      `json:"gallery"`
	Attributes []string `json:"attributes,omitempty"`
}

func resolveSpaces(list []SpaceSection) (out []resolvedSpace) {
	for _, sp := range list {
		r := resolvedSpace(sp)
		if len(sp.Models) == 0 {
			r.Output = ""
		}
		out = append(out, r)
	}
	return out
}

// spaceAttributes are the attributes that a section probes: those that it names, or all that every source has, with two values or more;
// the class where the data set gives nothing else.
func spaceAttributes(sp SpaceSection, sources []*trial.Source) ([]string, func(src *trial.Source, name string) string, error) {
	value := func(src *trial.Source, name string) string {
		if v, ok := src.Attributes[name]; ok || name != "class" {
			return v
		}
		return src.Class
	}
	var every []string
	values := map[string]map[string]bool{}
	for i, src := range sources {
		if i == 0 {
			for name := range src.Attributes {
				every = append(every, name)
			}
			if src.Class != "" && len(every) == 0 {
				every = append(every, "class")
			}
			slices.Sort(every)
		}
		every = slices.DeleteFunc(every, func(name string) bool { return value(src, name) == "" })
		for _, name := range every {
			if values[name] == nil {
				values[name] = map[string]bool{}
			}
			values[name][value(src, name)] = true
		}
	}
	for _, name := range sp.Attributes {
		if !slices.Contains(every, name) {
			hint := ""
			if near := registry.Nearest(name, every); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return nil, nil, fmt.Errorf("[[space]] %s: not every source has the attribute %q; all have %s%s", sp.Label, name, orNone(every), hint)
		}
		if len(values[name]) < 2 {
			return nil, nil, fmt.Errorf("[[space]] %s: the attribute %q has one value only, so that there is nothing to tell apart", sp.Label, name)
		}
	}
	if len(sp.Attributes) > 0 {
		return sp.Attributes, value, nil
	}
	every = slices.DeleteFunc(every, func(name string) bool { return len(values[name]) < 2 })
	if len(sources) > 0 && sources[0].Words != nil { // in the order in which captions tell them
		var told []string
		for _, w := range sources[0].Words.Wordings() {
			for _, name := range w.Tells {
				if slices.Contains(every, name) && !slices.Contains(told, name) {
					told = append(told, name)
				}
			}
		}
		return told, value, nil
	}
	return every, value, nil
}

func spaceSchema() map[string]any {
	return object("Joint spaces of an image and a text tower that are measured.", map[string]any{
		"name":   text("Label in tables and figures; made of the models' names, or the file's, without it."),
		"models": list("Models with a text tower that differ in nothing but their seed; their embeddings of the pictures of [images] and of their captions are measured.", map[string]any{"type": "string"}),
		"output": map[string]any{"type": "string", "default": "joint", "description": "The image tower's embedding in the space shared with words."},
		"features": object("Features that someone else computed, in place of models: NumPy files of float16, float32 or float64, relative to this file; row i of the images belongs to row i of the texts.", map[string]any{
			"images": text("Image features, of shape [N, D]."),
			"texts":  text("Text features, of shape [N, D]."),
			"pairs":  text("Both in one file of shape [2, N, D], the images first."),
		}),
		"gallery":    map[string]any{"type": "integer", "minimum": 2, "maximum": 10000, "default": defaultGallery, "description": "Number of captions, drawn at random, that the right one is found among."},
		"attributes": list("Attributes of the sources that are probed; all that every source has without it.", map[string]any{"type": "string"}),
	})
}

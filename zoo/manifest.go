package zoo

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"sort"
	"strings"

	toml "github.com/pelletier/go-toml/v2"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// Manifest is what is known of one model: one TOML file. See zoo/catalog for examples.
type Manifest struct {
	Name     string `toml:"name"`     // lower case, words joined by hyphens
	Doc      string `toml:"doc"`      // one line
	Family   string `toml:"family"`   // "cnn", "vit"
	Training string `toml:"training"` // "classes", "attributes", "contrastive", "self-supervised", "none"
	Data     string `toml:"data"`     // what it was trained on
	Labels   string `toml:"labels"`   // what its labels or captions told: "none", "class", "partial", "all"; only for models of one design
	Seed     int    `toml:"seed"`     // which of the models that differ in nothing else; only with labels
	Mark     string `toml:"mark"`     // what to know before it is used, such as a training that was cut short; reports repeat it
	Licence  string `toml:"licence"`  // of the weights, SPDX where there is one
	Source   string `toml:"source"`   // paper, and where its authors publish it
	Twin     string `toml:"twin"`     // name of its untrained twin
	File     string `toml:"file"`     // the ONNX file's name, beside the manifest or in a model folder
	SHA256   string `toml:"sha256"`   // hex; "": not known yet
	Size     int64  `toml:"size"`     // bytes; 0: not known yet
	URL      string `toml:"url"`      // where `probity models pull` gets it; "" where it cannot
	Export   string `toml:"export"`   // what to give zoo/export/export.py where only a checkpoint is public

	Input      Input      `toml:"input"`
	Preprocess Preprocess `toml:"preprocess"`
	Outputs    []Output   `toml:"output"`
	Text       *Text      `toml:"text"`

	// Extra are further files that belong to the model: external weights, tokenizer files, linear heads.
	Extra []File `toml:"extra"`
}

// Input is the tensor that a model's image tower takes.
type Input struct {
	Name   string `toml:"name"`   // as in the ONNX file
	Layout string `toml:"layout"` // "NCHW" (default), "NHWC"
}

// Preprocess says how a picture becomes the input tensor: resized and cropped as bytes, then for each channel
// (byte*scale - mean) / std, computed in double precision and rounded once to float32.
type Preprocess struct {
	Filter string `toml:"filter"` // Pillow's: "nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"
	// How a picture of any shape comes to the size below:
	//   "crop": the shorter side becomes resize (the longer int(resize*long/short)), then the centre is cut out;
	//   "squash": both sides become size, whatever the shape;
	//   "pad": the longer side becomes size, the rest is filled with pad, the picture in the centre;
	//   "asis": nothing is resized; the model takes any height and width
	Fit    string `toml:"fit"`
	Resize int    `toml:"resize"` // the shorter side before cropping, pixels; only for fit crop
	Size   []int  `toml:"size"`   // height and width of the input, pixels; absent for fit asis
	// How an odd margin of the crop is rounded: "round" (default) half to even as torchvision does, "floor" as transformers does
	Centre string    `toml:"centre"`
	Pad    int       `toml:"pad"`   // level 0..255 of the border, for fit pad
	Scale  float64   `toml:"scale"` // what bytes are multiplied by: 0.00392156862745098 for 1/255, or 1
	Mean   []float64 `toml:"mean"`  // after scaling, in the order of channels below
	Std    []float64 `toml:"std"`   // after scaling, in the order of channels below
	Order  string    `toml:"order"` // "RGB" (default), "BGR"
}

// Output is one named output of an image tower.
type Output struct {
	Name   string `toml:"name"`   // as experiments write it
	Tensor string `toml:"tensor"` // as in the ONNX file; absent where it is the same as name
	// "pooled" [N,C], "map" [N,C,H,W] ([N,H,W,C] where the input is NHWC), "tokens" [N,prefix+H*W,C], "logits" [N,C] or
	// "joint" [N,C] (the space shared with the text tower, not normalised)
	Layout string `toml:"layout"`
	Prefix int    `toml:"prefix"` // tokens before the patch grid: class token, registers
	// "first" takes the first token of a tensor [N,tokens,C], the class token, as a pooled output
	Pick string `toml:"pick"`
	Doc  string `toml:"doc"` // one line, shown by `probity models`
}

// Text is the text tower of a joint model.
type Text struct {
	File       string  `toml:"file"`        // ONNX file, another than the image tower's
	SHA256     string  `toml:"sha256"`      // hex; "": not known yet
	Size       int64   `toml:"size"`        // bytes; 0: not known yet
	URL        string  `toml:"url"`         // where `probity models pull` gets it
	Input      string  `toml:"input"`       // tensor of token ids [N,Context], int64 or int32
	Mask       string  `toml:"mask"`        // tensor that is 1 for tokens and 0 for padding; "": none
	Tensor     string  `toml:"tensor"`      // output [N,C] in the joint space, not normalised
	Tokenizer  string  `toml:"tokenizer"`   // "clip-bpe", "clip-bpe-transformers", "siglip" (as transformers cleans), "siglip-open-clip", "words"
	Vocab      string  `toml:"vocab"`       // its file: bpe_simple_vocab_16e6.txt.gz, tokenizer.json, merges.txt, spiece.model, or a word list
	Context    int     `toml:"context"`     // tokens, 77 for CLIP
	Overlong   string  `toml:"overlong"`    // what is done with a text of more tokens: "error" (default), or "cut" as open_clip does
	PadID      int64   `toml:"pad_id"`      // id that fills the context: 0 for OpenAI's CLIP, 49407 for transformers' files made from it, 1 for some
	LogitScale float64 `toml:"logit_scale"` // what cosines are multiplied by, 100 for CLIP
	LogitBias  float64 `toml:"logit_bias"`  // what is added to them; 0 but for SigLIP
}

// File is a further file of a model.
type File struct {
	Name   string `toml:"name"`   // file name, relative to the manifest, with forward slashes
	SHA256 string `toml:"sha256"` // hex; "": not known yet
	Size   int64  `toml:"size"`   // bytes; 0: not known yet
	URL    string `toml:"url"`    // where `probity models pull` gets it
}

// The values that the words in a manifest can have.
var (
	families   = []string{"cnn", "vit"}
	trainings  = []string{"classes", "attributes", "contrastive", "self-supervised", "none"}
	fits       = []string{"crop", "squash", "pad", "asis"}
	layouts    = []string{"pooled", "map", "tokens", "logits", "joint"}
	overlongs  = []string{overlongError, overlongCut}
	tokenizers = []string{"clip-bpe", "clip-bpe-transformers", "siglip", "siglip-open-clip", "words"}
)

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+([-._][a-z0-9]+)*$`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ManifestError is one thing wrong with a manifest.
type ManifestError struct {
	File   string
	Line   int // 1-based; 0 where the fault belongs to no line
	Key    string
	Reason string
}

func (e *ManifestError) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Key != "" {
		return fmt.Sprintf("%s: %s: %s", place, e.Key, e.Reason)
	}
	return fmt.Sprintf("%s: %s", place, e.Reason)
}

// ParseManifest reads a manifest strictly: unknown keys, wrong types and impossible values are errors, all of them at
// once (errors.Join of *ManifestError). file is used in messages only.
func ParseManifest(data []byte, file string) (*Manifest, error) {
	var m Manifest
	dec := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	var errs []error
	if err := dec.Decode(&m); err != nil {
		var strict *toml.StrictMissingError
		var one *toml.DecodeError
		switch {
		case errors.As(err, &strict):
			for i := range strict.Errors {
				e := &strict.Errors[i]
				row, _ := e.Position()
				key := strings.Join(e.Key(), ".")
				errs = append(errs, &ManifestError{file, row, key, unknownKey(e.Key())})
			}
		case errors.As(err, &one):
			row, _ := one.Position()
			return nil, &ManifestError{file, row, strings.Join(one.Key(), "."), strings.TrimPrefix(one.Error(), "toml: ")}
		default:
			return nil, &ManifestError{File: file, Reason: strings.TrimPrefix(err.Error(), "toml: ")}
		}
	}
	m.defaults()
	bad := func(key, format string, args ...any) {
		errs = append(errs, &ManifestError{file, keyLine(data, key), key, fmt.Sprintf(format, args...)})
	}
	m.check(bad)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &m, nil
}

// keysOf lists the keys of each table of a manifest, for the nearest name.
var keysOf = map[string][]string{
	"": {"name", "doc", "family", "training", "data", "labels", "seed", "mark", "licence", "source", "twin", "file", "sha256", "size", "url", "export",
		"input", "preprocess", "output", "text", "extra"},
	"input":      {"name", "layout"},
	"preprocess": {"filter", "fit", "resize", "size", "centre", "pad", "scale", "mean", "std", "order"},
	"output":     {"name", "tensor", "layout", "prefix", "pick", "doc"},
	"text": {"file", "sha256", "size", "url", "input", "mask", "tensor", "tokenizer", "vocab", "context", "overlong", "pad_id",
		"logit_scale", "logit_bias"},
	"extra": {"name", "sha256", "size", "url"},
}

func unknownKey(path []string) string {
	table := strings.Join(path[:len(path)-1], ".")
	known := keysOf[table]
	if near := registry.Nearest(path[len(path)-1], known); near != "" {
		return fmt.Sprintf("there is no such key; did you mean %q?", near)
	}
	if len(known) == 0 {
		return "there is no such key"
	}
	return "there is no such key; there are " + strings.Join(known, ", ")
}

// keyLine finds the line of the first table.key in a document that has already been decoded, so its syntax is right.
func keyLine(data []byte, key string) int {
	table, last := "", key
	if i := strings.LastIndex(key, "."); i >= 0 {
		table, last = key[:i], key[i+1:]
	}
	at, header := "", 0
	for i, line := range strings.Split(string(data), "\n") {
		s := strings.TrimSpace(line)
		if strings.HasPrefix(s, "[") {
			at = strings.TrimSpace(strings.Trim(strings.SplitN(s, "#", 2)[0], "[] \t"))
			if at == table && header == 0 {
				header = i + 1
			}
			continue
		}
		if at == table && strings.HasPrefix(s, last) && strings.HasPrefix(strings.TrimSpace(s[len(last):]), "=") {
			return i + 1
		}
	}
	return header
}

func (m *Manifest) defaults() {
	set := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	set(&m.Input.Layout, "NCHW")
	set(&m.Preprocess.Centre, "round")
	set(&m.Preprocess.Order, "RGB")
	if len(m.Preprocess.Size) == 1 {
		m.Preprocess.Size = []int{m.Preprocess.Size[0], m.Preprocess.Size[0]}
	}
	for i := range m.Outputs {
		set(&m.Outputs[i].Tensor, m.Outputs[i].Name)
	}
	if t := m.Text; t != nil {
		set(&t.Tokenizer, "clip-bpe")
		set(&t.Overlong, overlongError)
	}
}

// check reports what is wrong with the values.
func (m *Manifest) check(bad func(key, format string, args ...any)) {
	word := func(key, v string, allowed []string) {
		for _, a := range allowed {
			if v == a {
				return
			}
		}
		hint := ""
		if near := registry.Nearest(v, allowed); near != "" && v != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		bad(key, "is %q, wants one of %s%s", v, strings.Join(allowed, ", "), hint)
	}
	if !nameForm.MatchString(m.Name) {
		bad("name", "is %q, wants lower-case words joined by hyphens", m.Name)
	}
	word("family", m.Family, families)
	word("training", m.Training, trainings)
	if m.Labels != "" {
		word("labels", m.Labels, []string{"none", "class", "partial", "all"})
	}
	if m.Seed < 0 || m.Seed > 0 && m.Labels == "" {
		bad("seed", "is %d; wants 0 or more, and labels beside it", m.Seed)
	}
	if m.Data == "" && m.Training != "none" {
		bad("data", "is missing: say what the model was trained on, since conclusions are drawn by it")
	}
	if m.File == "" || strings.ContainsAny(m.File, `/\`) {
		bad("file", "is %q, wants the name of the ONNX file without folders", m.File)
	}
	hash := func(key, v string) {
		if v != "" && !hashForm.MatchString(v) {
			bad(key, "is %q, wants 64 lower-case hex digits", v)
		}
	}
	link := func(key, v string) {
		if v != "" && !strings.HasPrefix(v, "https://") {
			bad(key, "is %q, wants an https:// address", v)
		}
	}
	hash("sha256", m.SHA256)
	link("url", m.URL)
	for _, f := range m.Extra {
		hash("extra.sha256", f.SHA256)
		link("extra.url", f.URL)
		if f.Name == "" || strings.Contains(f.Name, "..") || strings.HasPrefix(f.Name, "/") || strings.Contains(f.Name, `\`) {
			bad("extra.name", "is %q, wants a file name, relative and with forward slashes", f.Name)
		}
	}
	if m.Input.Name == "" {
		bad("input.name", "is missing: the name of the picture's tensor in the ONNX file")
	}
	word("input.layout", m.Input.Layout, []string{"NCHW", "NHWC"})
	m.Preprocess.check(word, bad)
	if len(m.Outputs) == 0 {
		bad("output", "is missing: at least one [[output]] is needed")
	}
	seen := map[string]bool{trial.InputTensor: true, "text": true}
	for _, o := range m.Outputs {
		if o.Name == "" {
			bad("output.name", "is missing")
		} else if seen[o.Name] {
			bad("output.name", "%q is taken: by another output, or by the names input and text, which every model has", o.Name)
		}
		seen[o.Name] = true
		word("output.layout", o.Layout, layouts)
		if o.Pick != "" && (o.Pick != "first" || o.Layout != "pooled") {
			bad("output.pick", "is %q on a %s output; wants \"first\", which makes a pooled output of the class token", o.Pick, o.Layout)
		}
		if o.Prefix < 0 || o.Prefix > 0 && o.Layout != "tokens" {
			bad("output.prefix", "is %d on a %s output; only tokens have prefix tokens", o.Prefix, o.Layout)
		}
	}
	if t := m.Text; t != nil {
		if t.File == "" || t.File == m.File || strings.ContainsAny(t.File, `/\\`) {
			bad("text.file", "is %q, wants the text tower's own ONNX file, apart from the image tower's, without folders", t.File)
		}
		hash("text.sha256", t.SHA256)
		link("text.url", t.URL)
		word("text.tokenizer", t.Tokenizer, tokenizers)
		if t.Input == "" || t.Tensor == "" {
			bad("text.input", "and text.tensor name the token ids and the embedding in the ONNX file; one is missing")
		}
		word("text.overlong", t.Overlong, overlongs)
		if t.Vocab == "" {
			bad("text.vocab", "is missing: the tokenizer's file")
		}
		if t.Context < 1 || t.Context > 1<<16 {
			bad("text.context", "is %d tokens, wants 1 to 65536 (77 for CLIP)", t.Context)
		}
		if t.LogitScale < 0 || math.IsNaN(t.LogitScale) || math.IsInf(t.LogitScale, 0) {
			bad("text.logit_scale", "is %v, wants a finite number above 0 (100 for CLIP)", t.LogitScale)
		}
	}
}

func (p *Preprocess) check(word func(key, v string, allowed []string), bad func(key, format string, args ...any)) {
	word("preprocess.fit", p.Fit, fits)
	word("preprocess.centre", p.Centre, []string{"round", "floor"})
	word("preprocess.order", p.Order, []string{"RGB", "BGR"})
	if p.Fit != "asis" || p.Filter != "" {
		if _, err := raster.ParseFilter(p.Filter); err != nil {
			bad("preprocess.filter", "%v", err)
		}
	}
	const most = 1 << 14
	if p.Fit == "asis" {
		if len(p.Size) != 0 {
			bad("preprocess.size", "is given, but fit asis leaves the picture's own size")
		}
	} else if len(p.Size) != 2 || p.Size[0] < 1 || p.Size[1] < 1 || p.Size[0] > most || p.Size[1] > most {
		bad("preprocess.size", "is %v, wants [height, width] in pixels, 1 to %d", p.Size, most)
	} else if p.Fit == "crop" && (p.Resize < max(p.Size[0], p.Size[1]) || p.Resize > most) {
		bad("preprocess.resize", "is %d, wants the shorter side before the crop, at least size (%d)", p.Resize, max(p.Size[0], p.Size[1]))
	}
	if p.Fit != "crop" && p.Resize != 0 {
		bad("preprocess.resize", "is given, but only fit crop resizes by the shorter side")
	}
	if p.Pad < 0 || p.Pad > 255 {
		bad("preprocess.pad", "is %d, wants a level 0 to 255", p.Pad)
	}
	if !(p.Scale > 0) || math.IsInf(p.Scale, 0) {
		bad("preprocess.scale", "is %v, wants what bytes are multiplied by: 0.00392156862745098 for 1/255, or 1", p.Scale)
	}
	if len(p.Mean) != 3 || !finite(p.Mean) {
		bad("preprocess.mean", "is %v, wants three finite numbers", p.Mean)
	}
	if len(p.Std) != 3 || !finite(p.Std) || p.Std[0] <= 0 || p.Std[1] <= 0 || p.Std[2] <= 0 {
		bad("preprocess.std", "is %v, wants three finite numbers above 0", p.Std)
	}
}

func finite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// Info is what metrics and findings may know of the model.
func (m *Manifest) Info() trial.ModelInfo {
	info := trial.ModelInfo{
		Name: m.Name, Family: m.Family, Training: m.Training, Data: m.Data, Labels: m.Labels, Seed: m.Seed, Mark: m.Mark,
		Twin: m.Twin, Text: m.Text != nil,
	}
	switch p := m.Preprocess; {
	case p.Fit == "squash", p.Fit == "asis":
		info.Fit, info.Keeps = p.Fit, 1
	case p.Fit == "crop" && p.Size[0] == p.Size[1]:
		info.Fit, info.Keeps = p.Fit, float64(p.Size[0])/float64(p.Resize)
	}
	for _, o := range m.Outputs {
		layout := trial.Pooled
		switch o.Layout {
		case "map":
			layout = trial.Grid
		case "tokens":
			layout = trial.Tokens
		}
		info.Outputs = append(info.Outputs, trial.OutputInfo{Name: o.Name, Layout: layout, Doc: o.Doc})
	}
	info.Outputs = append(info.Outputs, trial.OutputInfo{Name: trial.InputTensor, Layout: trial.Grid,
		Doc: "the preprocessed picture itself, scaled to 0..1, before mean and std"})
	if m.Text != nil {
		info.Logit = m.Text.LogitScale
		if info.Logit == 0 {
			info.Logit = 1
		}
	}
	return info
}

// output finds an output of the image tower by the name that experiments use.
func (m *Manifest) output(name string) (Output, error) {
	for _, o := range m.Outputs {
		if o.Name == name {
			return o, nil
		}
	}
	_, err := m.Info().Output(name)
	return Output{}, err
}

// Files are the names of every file of the model: the ONNX file first.
func (m *Manifest) Files() []File {
	out := []File{{m.File, m.SHA256, m.Size, m.URL}}
	if t := m.Text; t != nil {
		out = append(out, File{t.File, t.SHA256, t.Size, t.URL})
	}
	return append(out, m.Extra...)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

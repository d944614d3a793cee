package zoo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime/debug"
	"sync"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/trial"
)

// session is one ONNX file ready to run.
type session interface {
	// lane makes buffers for one caller and one shape of the input.
	lane(laneShape) (lane, error)
	info() onnxInfo
	close()
}

// laneShape says which inputs a lane fills: a picture tensor, or token ids and perhaps their mask, all of shape dims.
type laneShape struct {
	picture, ids, mask string
	dims               []int64
}

// lane is the buffers of one caller: an input to fill, and outputs that hold until the next run.
type lane interface {
	floats() []float32        // the picture tensor
	ids() (ids, mask []int64) // the tokens and their mask, for a text tower
	run(ctx context.Context, outputs []string) error
	output(name string) (data []float32, shape []int64)
	close()
}

// Model is a backbone that is ready to run. It is safe for concurrent use: callers share the session, and each has
// buffers of its own.
type Model struct {
	man    *Manifest
	info   trial.ModelInfo
	hash   string
	bytes  int64         // of both towers' files
	memory SessionMemory // of the opened sessions
	rt     RuntimeInfo
	batch  int
	tables *tables

	fixedH, fixedW int // of the input; 0: dynamic
	fixedN         int // of the batch; 0: dynamic

	image session
	text  *textTower

	mu    sync.Mutex
	free  map[[3]int64][]lane // by batch, height, width
	users sync.WaitGroup
	dead  bool
}

// openFile is a model file on its way to a session.
type openFile struct {
	path string // "" where data is given
	data []byte
	name string // for messages
}

func (e *entry) open(name string) (openFile, error) {
	if e.dir.tree == nil {
		return openFile{path: filepath.Join(e.dir.dir, name), name: name}, nil
	}
	data, err := e.dir.read(name)
	return openFile{data: data, name: name}, err
}

// load checks a model's files and opens its sessions.
func (z *Zoo) load(e *entry) (*Model, error) {
	m := &Model{man: e.m, info: e.m.Info(), batch: z.opt.Batch, tables: e.m.Preprocess.tables(), free: map[[3]int64][]lane{}}
	var err error
	if m.hash, err = e.check(File{Name: e.m.File, SHA256: e.m.SHA256}, z.cache); err != nil {
		return nil, err
	}
	file, err := e.open(e.m.File)
	if err != nil {
		return nil, err
	}
	rt, err := startRuntime(z.opt, z.cache)
	if err != nil {
		return nil, err
	}
	m.rt = rt
	before, known := resident()
	s, err := newSession(file, z.opt)
	if err != nil {
		return nil, err
	}
	m.image = s
	if err := m.matches(s.info()); err != nil {
		s.close()
		return nil, err
	}
	m.bytes = s.info().size
	if e.m.Text != nil {
		if m.text, err = z.loadText(e); err != nil {
			s.close()
			return nil, err
		}
		m.hash += m.text.hash
		if m.text.cut { // a text that was refused must not be taken for one that was cut
			m.hash += " " + overlongCut
		}
		m.hash = hashBytes([]byte(m.hash))
		m.bytes += m.text.s.info().size
	}
	m.memory.Estimated = packed[m.info.Family]*m.bytes + sessionBytes
	debug.FreeOSMemory() // what reading the files left in this program's own heap is not the sessions'
	if after, ok := resident(); ok && known {
		m.memory.Measured, m.memory.Known = max(0, after-before), true
	}
	return m, nil
}

// matches compares the manifest with the ONNX file's own inputs and outputs.
func (m *Model) matches(in onnxInfo) error {
	var names []string
	found := false
	for _, i := range in.inputs {
		names = append(names, i.name)
		if i.name != m.man.Input.Name {
			continue
		}
		found = true
		if len(i.dims) != 4 {
			return fmt.Errorf("the input %s of %s has %d dimensions, wants 4 (pictures)", i.name, m.man.File, len(i.dims))
		}
		c, h, w := i.dims[1], i.dims[2], i.dims[3]
		if m.man.Input.Layout == "NHWC" {
			h, w, c = i.dims[1], i.dims[2], i.dims[3]
		}
		if c > 0 && c != 3 {
			return fmt.Errorf("the input %s of %s has %d channels where 3 are expected; is its layout %s?", i.name, m.man.File, c, m.man.Input.Layout)
		}
		m.fixedH, m.fixedW, m.fixedN = max(0, int(h)), max(0, int(w)), max(0, int(i.dims[0]))
		if p := m.man.Preprocess; p.Fit != "asis" && (m.fixedH > 0 && m.fixedH != p.Size[0] || m.fixedW > 0 && m.fixedW != p.Size[1]) {
			return fmt.Errorf("the input of %s is %d x %d (height x width), but its manifest prepares %d x %d", m.man.File, m.fixedH, m.fixedW, p.Size[0], p.Size[1])
		}
	}
	if !found {
		return fmt.Errorf("%s has no input %q, it has %q%s", m.man.File, m.man.Input.Name, names, didYouMean(m.man.Input.Name, names))
	}
	names = nil
	for _, o := range in.outputs {
		names = append(names, o.name)
	}
	var errs []error
	for _, o := range m.man.Outputs {
		ok := false
		for _, n := range names {
			ok = ok || n == o.Tensor
		}
		if !ok {
			errs = append(errs, fmt.Errorf("%s has no output %q, it has %q%s", m.man.File, o.Tensor, names, didYouMean(o.Tensor, names)))
		}
	}
	return errors.Join(errs...)
}

func didYouMean(s string, names []string) string {
	if near := registry.Nearest(s, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// Info describes the model.
func (m *Model) Info() trial.ModelInfo { return m.info }

// Manifest is all that is known of the model.
func (m *Model) Manifest() *Manifest { return m.man }

// Hash is the hex SHA-256 of the model's file; for a joint model, of the hashes of both towers, the vocabulary's included,
// and of whether texts are cut.
func (m *Model) Hash() string { return m.hash }

// Preprocessing is the manifest's preprocessing as text that is the same for the same preprocessing, for cache keys.
func (m *Model) Preprocessing() string { return fmt.Sprintf("%+v %+v", m.man.Input, m.man.Preprocess) }

// Runtime is what the model runs on.
func (m *Model) Runtime() RuntimeInfo { return m.rt }

// BatchSize is the fixed number of pictures in a batch of w x h input pixels: the zoo's batch up to 256 x 256, fewer in
// inverse proportion to the area above that, at least 1. A file with a fixed batch has that.
func (m *Model) BatchSize(w, h int) int {
	if m.fixedN > 0 {
		return m.fixedN
	}
	const usual = 256 * 256 // pixels
	if area := w * h; area > usual {
		return max(1, m.batch*usual/area)
	}
	return m.batch
}

// packed is how many times its file a model holds when it is open, by family: the runtime reorders the weights of convolutions into
// padded blocks and keeps the others beside them, while the matrices of a transformer are packed and the originals freed. Measured
// with ONNX Runtime 1.24.1 it was 2.0 to 2.7 and 1.3 to 1.9.
var packed = map[string]int64{"cnn": 3, "vit": 2}

// sessionBytes is what a session holds whatever its weights.
const sessionBytes = 16 << 20

// Memory estimates the peak memory in bytes of one caller on pictures of the given size: the weights of both towers, and the
// activations of one batch. A hundred times the input is a fair guess of these for usual networks; one that gives out large maps
// needs more: they exist in the runtime's layout, in the file's, in a buffer of ours. The tensors that are handed out, of a full
// batch, come on top. Their size is that of a picture that is tried.
func (m *Model) Memory(w, h int) int64 {
	iw, ih := m.InputSize(w, h, false)
	one := int64(iw*ih) * 3 * 4 * 100
	out := m.outputBytes(iw, ih)
	one = max(one, 4*out)
	return m.memory.Estimated + int64(m.BatchSize(iw, ih))*one + int64(m.batch)*out
}

// outputBytes is the size of all outputs of one picture; 0 where it cannot be run.
func (m *Model) outputBytes(w, h int) int64 {
	n := max(1, m.fixedN)
	shape := []int64{int64(n), 3, int64(h), int64(w)}
	if m.man.Input.Layout == "NHWC" {
		shape = []int64{int64(n), int64(h), int64(w), 3}
	}
	l, err := m.image.lane(laneShape{picture: m.man.Input.Name, dims: shape})
	if err != nil {
		return 0
	}
	defer l.close()
	if err := l.run(context.Background(), nil); err != nil {
		return 0
	}
	var total int64
	for _, o := range m.image.info().outputs {
		data, _ := l.output(o.name)
		total += 4 * int64(len(data))
	}
	return total / int64(n)
}

// SessionMemory is what the model's open sessions hold.
func (m *Model) SessionMemory() SessionMemory { return m.memory }

// Features prepares pictures and computes the wanted outputs of each: [picture][output]. Batches have a fixed size, so a
// picture's features do not depend on how many pictures are in a call or which. native keeps the pictures' own sizes;
// they may then differ from each other.
func (m *Model) Features(ctx context.Context, imgs []*raster.Image, outputs []string, native bool) ([][]*trial.Tensor, error) {
	prepared := make([]*Prepared, len(imgs))
	for i, img := range imgs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := m.Prepare(img, native)
		if err != nil {
			return nil, err
		}
		prepared[i] = p
	}
	return m.FeaturesOf(ctx, prepared, outputs)
}

// FeaturesOf computes the wanted outputs of prepared pictures: [picture][output].
func (m *Model) FeaturesOf(ctx context.Context, imgs []*Prepared, outputs []string) ([][]*trial.Tensor, error) {
	outs := make([]Output, len(outputs))
	var fetch []string // distinct tensors
	seen := map[string]bool{}
	for k, name := range outputs {
		if name == trial.InputTensor {
			continue
		}
		o, err := m.man.output(name)
		if err != nil {
			return nil, err
		}
		outs[k] = o
		if !seen[o.Tensor] {
			seen[o.Tensor] = true
			fetch = append(fetch, o.Tensor)
		}
	}
	result := make([][]*trial.Tensor, len(imgs))
	type size struct{ w, h int }
	bySize := map[size][]int{}
	var sizes []size
	for i, p := range imgs {
		result[i] = make([]*trial.Tensor, len(outputs))
		for k, name := range outputs {
			if name == trial.InputTensor {
				result[i][k] = p.Tensor()
			}
		}
		s := size{p.img.W, p.img.H}
		if bySize[s] == nil {
			sizes = append(sizes, s)
		}
		bySize[s] = append(bySize[s], i)
	}
	if len(fetch) == 0 {
		return result, nil
	}
	for _, s := range sizes {
		n := m.BatchSize(s.w, s.h)
		for which := bySize[s]; len(which) > 0; {
			now := which[:min(n, len(which))]
			which = which[len(now):]
			if err := m.runBatch(ctx, imgs, now, n, s.w, s.h, fetch, outs, result); err != nil {
				return nil, fmt.Errorf("running %s on %d pictures of %d x %d: %w", m.man.Name, len(now), s.w, s.h, err)
			}
		}
	}
	return result, nil
}

func (m *Model) runBatch(ctx context.Context, imgs []*Prepared, which []int, n, w, h int, fetch []string, outs []Output, result [][]*trial.Tensor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	nhwc := m.man.Input.Layout == "NHWC"
	shape := []int64{int64(n), 3, int64(h), int64(w)}
	if nhwc {
		shape = []int64{int64(n), int64(h), int64(w), 3}
	}
	l, done, err := m.takeLane(shape, [3]int64{int64(n), int64(h), int64(w)})
	if err != nil {
		return err
	}
	defer done()
	in := l.floats()
	one := 3 * w * h
	for place, i := range which {
		m.man.Preprocess.fill(in[place*one:(place+1)*one], imgs[i].img, m.tables, nhwc)
	}
	clear(in[len(which)*one:])
	if err := l.run(ctx, fetch); err != nil {
		return err
	}
	for k, o := range outs {
		if o.Name == "" {
			continue // the input tensor
		}
		data, dims := l.output(o.Tensor)
		if len(dims) < 2 || int(dims[0]) != n {
			return fmt.Errorf("output %s has shape %v for a batch of %d; export the model with a dynamic batch", o.Name, dims, n)
		}
		per := len(data) / n
		for place, i := range which {
			t, err := m.tensor(o, data[place*per:(place+1)*per], dims[1:], w, h)
			if err != nil {
				return err
			}
			result[i][k] = t
		}
	}
	return nil
}

// takeLane hands out buffers; done gives them back.
func (m *Model) takeLane(shape []int64, key [3]int64) (lane, func(), error) {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return nil, nil, fmt.Errorf("the model has been released")
	}
	m.users.Add(1)
	var l lane
	if free := m.free[key]; len(free) > 0 {
		l = free[len(free)-1]
		m.free[key] = free[:len(free)-1]
	}
	m.mu.Unlock()
	if l == nil {
		var err error
		if l, err = m.image.lane(laneShape{picture: m.man.Input.Name, dims: shape}); err != nil {
			m.users.Done()
			return nil, nil, err
		}
	}
	return l, func() {
		m.mu.Lock()
		// Pictures of many sizes must not leave buffers of every size behind.
		const sizesKept = 4
		if _, known := m.free[key]; known || len(m.free) < sizesKept {
			m.free[key] = append(m.free[key], l)
			l = nil
		}
		m.mu.Unlock()
		if l != nil {
			l.close()
		}
		m.users.Done()
	}, nil
}

// tensor copies one picture's part of an output.
func (m *Model) tensor(o Output, data []float32, dims []int64, w, h int) (*trial.Tensor, error) {
	if o.Pick == "first" {
		if len(dims) != 2 {
			return nil, fmt.Errorf("output %s of %s picks the first token, so it wants [tokens,C] a picture, but the file gives %v", o.Name, m.man.Name, dims)
		}
		data, dims = data[:dims[1]], dims[1:]
	}
	t := &trial.Tensor{Layout: trial.Pooled, Data: make([]float32, len(data))}
	wrong := func(want string) error {
		return fmt.Errorf("output %s of %s is a %s in its manifest, wants %s a picture, but the file gives %v", o.Name, m.man.Name, o.Layout, want, dims)
	}
	switch o.Layout {
	case "map":
		if len(dims) != 3 {
			return nil, wrong("[C,H,W]")
		}
		t.Layout = trial.Grid
		if m.man.Input.Layout == "NHWC" {
			hh, ww, c := int(dims[0]), int(dims[1]), int(dims[2])
			t.Shape, t.H, t.W = []int{c, hh, ww}, hh, ww
			for i := 0; i < hh*ww; i++ {
				for j := 0; j < c; j++ {
					t.Data[j*hh*ww+i] = data[i*c+j]
				}
			}
			return t, nil
		}
		t.Shape, t.H, t.W = []int{int(dims[0]), int(dims[1]), int(dims[2])}, int(dims[1]), int(dims[2])
	case "tokens":
		if len(dims) != 2 {
			return nil, wrong("[tokens,C]")
		}
		n := int(dims[0]) - o.Prefix
		t.Layout, t.Prefix, t.Shape = trial.Tokens, o.Prefix, []int{int(dims[0]), int(dims[1])}
		if t.H, t.W = patchGrid(n, w, h); t.H*t.W != n {
			return nil, fmt.Errorf("output %s of %s has %d tokens after a prefix of %d, which is no grid of square patches on %d x %d pixels; is the prefix right?", o.Name, m.man.Name, n, o.Prefix, w, h)
		}
	default:
		c := int64(1)
		for _, d := range dims[1:] {
			c *= d
		}
		if c != 1 {
			return nil, wrong("[C]") // [C,1,1] is accepted
		}
		t.Shape = []int{len(data)}
	}
	copy(t.Data, data)
	return t, nil
}

// patchGrid arranges n square patches on a picture of w x h pixels.
func patchGrid(n, w, h int) (gh, gw int) {
	if n < 1 {
		return 0, 0
	}
	side := math.Sqrt(float64(w) * float64(h) / float64(n))
	gh, gw = int(math.Round(float64(h)/side)), int(math.Round(float64(w)/side))
	if gh*gw == n {
		return gh, gw
	}
	// Patches that do not divide the sides: the border is left over.
	for p := int(side) + 1; p >= 1; p-- {
		if (h/p)*(w/p) == n {
			return h / p, w / p
		}
	}
	return 0, 0
}

// Texts embeds texts with the model's text tower: [text] pooled tensors in the joint space, not normalised. Each text's
// embedding does not depend on the others. A text of more tokens than the context is a *TextTooLongError, unless texts are to
// be cut (Options.CutTexts, or the manifest's overlong); truncated then lists those that were.
func (m *Model) Texts(ctx context.Context, texts []string) (embeddings []*trial.Tensor, truncated []int, err error) {
	if m.text == nil {
		return nil, nil, fmt.Errorf("%s has no text tower; text needs a joint model such as CLIP", m.man.Name)
	}
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return nil, nil, fmt.Errorf("embedding texts with %s: the model has been released", m.man.Name)
	}
	m.users.Add(1)
	m.mu.Unlock()
	defer m.users.Done()
	out, cut, err := m.text.embed(ctx, m.man.Name, texts)
	if err != nil {
		return nil, nil, fmt.Errorf("embedding %d texts with %s: %w", len(texts), m.man.Name, err)
	}
	return out, cut, nil
}

// Tokenizer is the text tower's tokenizer; nil where there is no text tower.
func (m *Model) Tokenizer() Tokenizer {
	if m.text == nil {
		return nil
	}
	return m.text.tok
}

// close waits for running callers and frees everything.
func (m *Model) close() {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return
	}
	m.dead = true
	m.mu.Unlock()
	m.users.Wait()
	for _, free := range m.free {
		for _, l := range free {
			l.close()
		}
	}
	m.free = nil
	if m.text != nil {
		m.text.close()
	}
	m.image.close()
}

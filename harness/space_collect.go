package harness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"probity/internal/raster"
	"probity/internal/stream"
	"probity/internal/trial"
)

// Joint spaces are measured in three steps, each kept under a hash of what it depends on, so that an interrupted run goes on where it
// was: pictures are embedded in blocks of sources, each picture loaded once for all models; texts are embedded in blocks; and what was
// measured of a space is one small file.

// spaceVersion is raised whenever the same embeddings may give other numbers.
const spaceVersion = 2

const (
	pictureBlock = 64  // sources whose pictures are embedded as one unit of work
	textBlock    = 512 // texts
	// minSpacePairs is the number of pairs below which a space is not measured: half of them are fitted on.
	minSpacePairs = 40
)

// ScoredSpaces is what ScoreSpaces gives.
type ScoredSpaces struct {
	Spaces           []trial.Space
	Problems         []trial.Problem
	Computed, Reused int // spaces; of a shard embeddings
	Key              string
}

// AddSpaces joins the measured spaces to what was scored, so that the report's key depends on them.
func (s *Scored) AddSpaces(list *ScoredSpaces) {
	if list == nil {
		return
	}
	s.Table.Spaces = list.Spaces
	s.Table.Problems = append(s.Table.Problems, list.Problems...)
	s.Skipped = append(s.Skipped, list.Problems...)
	s.Computed, s.Reused = s.Computed+list.Computed, s.Reused+list.Reused
	s.Key += "\nspaces " + list.Key
}

// ScoreSpaces measures the joint spaces that the [[space]] sections name. With opt.Memory one model is held at a time. Of a shard
// every Nth block is embedded and nothing is measured: Computed and Reused then count embeddings.
func ScoreSpaces(ctx context.Context, p *Plan, models Models, opt RunOptions) (*ScoredSpaces, error) {
	x := p.Experiment
	if len(x.Spaces) == 0 {
		return nil, nil
	}
	if opt.Fresh {
		if err := os.RemoveAll(filepath.Join(opt.Dir, "segments", "spaces")); err != nil {
			return nil, fmt.Errorf("forgetting the earlier run: %w", err)
		}
	}
	r := &spaceRun{plan: p, models: models, opt: opt, dir: filepath.Join(opt.Dir, "segments", "spaces")}
	var names []string
	for _, sp := range x.Spaces {
		names = append(names, sp.Models...)
	}
	if len(names) > 0 {
		if err := r.sources(); err != nil {
			return nil, err
		}
		words := x.checkTexts(models)
		words.spaces(p, r)
		if err := words.err(); err != nil {
			return nil, err
		}
	}
	var inputs []*spaceInput
	for _, sp := range x.Spaces {
		if len(sp.Models) == 0 && opt.Shard.N == 0 {
			in, err := published(sp, x.Seed)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, in)
		}
		for range sp.Models {
			inputs = append(inputs, nil)
		}
	}
	// Where memory is limited one model is held at a time, and pictures are loaded anew for each.
	free, canFree := models.(releaser)
	groups := [][]string{names}
	if opt.Memory > 0 && canFree {
		groups = nil
		for _, n := range names {
			groups = append(groups, []string{n})
		}
	}
	embedded := map[string]*embedded{}
	for _, group := range groups {
		if len(group) == 0 {
			continue
		}
		err := r.embed(ctx, group, embedded)
		if opt.Memory > 0 && canFree {
			for _, n := range group {
				free.Release(n)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if opt.Shard.N > 0 {
		return &ScoredSpaces{Problems: r.problems, Computed: r.computed, Reused: r.reused}, nil
	}
	at := 0
	for _, sp := range x.Spaces {
		if len(sp.Models) == 0 {
			at++
		}
		for _, m := range sp.Models {
			in, err := r.input(sp, m, embedded[m])
			if err != nil {
				return nil, err
			}
			inputs[at] = in
			at++
		}
	}
	return r.reduce(ctx, inputs)
}

type spaceRun struct {
	plan   *Plan
	models Models
	opt    RunOptions
	dir    string

	texts    []string       // each once, in order of first use
	textAt   map[string]int // its place
	captions []int          // by source: its full caption; -1: it has none
	wordings [][]int        // by wording, then source
	words    []trial.Wording
	foils    [][]int // by attribute, then source
	facts    []string

	mu       sync.Mutex
	problems []trial.Problem
	computed int // embeddings
	reused   int
}

// embedded are the embeddings of one model: of the sources that could be read, and of all texts.
type embedded struct {
	key    string
	d      int
	images [][]float32 // by source; nil: could not be read
	texts  [][]float32
}

// sources lists the texts that go with the sources of the plan.
func (r *spaceRun) sources() error {
	r.textAt = map[string]int{}
	text := func(t string) int {
		at, ok := r.textAt[t]
		if !ok {
			at = len(r.texts)
			r.textAt[t] = at
			r.texts = append(r.texts, t)
		}
		return at
	}
	without := 0
	for _, src := range r.plan.Sources {
		caption := src.Captions["full"]
		if caption == "" {
			without++
			r.captions = append(r.captions, -1)
			r.problems = append(r.problems, trial.Problem{What: src.ID, Reason: "has no caption, so that it is no pair of a joint space"})
			continue
		}
		r.captions = append(r.captions, text(caption))
	}
	if n := len(r.plan.Sources) - without; n < minSpacePairs {
		return fmt.Errorf("a [[space]] needs %d pictures with captions or more, half to fit on and half to judge; the data set %s has %d of %d: give more, or captions (dataset = \"folder\" takes a file captions)",
			minSpacePairs, r.plan.Experiment.Images.Dataset, n, len(r.plan.Sources))
	}
	for _, sp := range r.plan.Experiment.Spaces {
		if _, _, err := spaceAttributes(sp, r.plan.Sources); err != nil && len(sp.Models) > 0 {
			return err
		}
	}
	test := r.half()
	for i, src := range r.plan.Sources {
		if src.Words == nil {
			r.wordings, r.foils, r.facts, r.words = nil, nil, nil, nil
			return nil
		}
		said := src.Words.Wordings()
		told := src.Words.Foils(func(attribute string) *stream.Stream {
			return stream.Key{Seed: r.plan.Experiment.Seed, Source: src.Hash, Step: "space", Purpose: "foil " + attribute}.Open()
		})
		if i == 0 {
			r.words, r.wordings, r.foils = said, make([][]int, len(said)), make([][]int, len(told))
			for _, f := range told {
				r.facts = append(r.facts, f.Attribute)
			}
		}
		for k, w := range said {
			at := -1
			if test[i] { // of the half that is fitted on only the full captions are used
				at = text(w.Text)
			}
			r.wordings[k] = append(r.wordings[k], at)
		}
		for k, f := range told {
			at := -1
			if test[i] {
				at = text(f.Text)
			}
			r.foils[k] = append(r.foils[k], at)
		}
	}
	return nil
}

// half says of each source whether it is in the half that is judged: every second cluster of the plan's seeded order.
func (r *spaceRun) half() []bool {
	out := make([]bool, len(r.plan.Sources))
	for i, c := range r.clusters() {
		out[i] = c%2 == 1
	}
	return out
}

// clusters numbers the clusters of the sources in order of first use.
func (r *spaceRun) clusters() []int {
	of := map[string]int{}
	out := make([]int, len(r.plan.Sources))
	for i, src := range r.plan.Sources {
		c, ok := of[src.Cluster()]
		if !ok {
			c = len(of)
			of[src.Cluster()] = c
		}
		out[i] = c
	}
	return out
}

// embed embeds all pictures and texts by some models.
func (r *spaceRun) embed(ctx context.Context, names []string, out map[string]*embedded) error {
	x := r.plan.Experiment
	output := map[string]string{}
	for _, sp := range x.Spaces {
		for _, m := range sp.Models {
			output[m] = sp.Output
		}
	}
	loaded := make([]Backbone, len(names))
	for k, name := range names {
		b, err := r.models.Load(name)
		if err != nil {
			return fmt.Errorf("[[space]] of %s: %w", name, err)
		}
		if err := jointTowers(b.Info(), output[name]); err != nil {
			return fmt.Errorf("[[space]] of %s: %w", name, err)
		}
		if err := r.fits(b); err != nil {
			return fmt.Errorf("[[space]] of %s: %w", name, err)
		}
		loaded[k] = b
		out[name] = &embedded{images: make([][]float32, len(r.plan.Sources)), texts: make([][]float32, len(r.texts))}
	}
	failed := make([]string, len(r.plan.Sources))
	sums := make([][]string, len(names)) // by model: the names of its files, in order
	pictureBlocks, textBlocks := blocks(len(r.plan.Sources), pictureBlock), blocks(len(r.texts), textBlock)
	for k := range sums {
		sums[k] = make([]string, len(pictureBlocks)+len(textBlocks))
	}
	total := 0
	for _, list := range [][]span{pictureBlocks, textBlocks} {
		for i, b := range list {
			if r.opt.Shard.has(i) {
				total += b.to - b.from
			}
		}
	}
	r.opt.Progress.Start("embedding pictures and texts", total*len(names), "embeddings")
	defer r.opt.Progress.End()
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.opt.Workers))
	for i, b := range pictureBlocks {
		if !r.opt.Shard.has(i) {
			continue
		}
		g.Go(func() error {
			return r.pictures(inner, b, names, loaded, output, out, failed, func(model int, sum string) { sums[model][i] = sum })
		})
	}
	for i, b := range textBlocks {
		if !r.opt.Shard.has(i) {
			continue
		}
		for k, name := range names {
			g.Go(func() error {
				sum, err := r.said(inner, b, loaded[k], out[name])
				sums[k][len(pictureBlocks)+i] = sum
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, why := range failed {
		if why != "" {
			r.fail(r.plan.Sources[i].ID, why)
		}
	}
	for k, name := range names {
		e := out[name]
		for _, v := range append(append([][]float32(nil), e.images...), e.texts...) {
			switch {
			case v == nil:
			case e.d == 0:
				e.d = len(v)
			case e.d != len(v):
				return fmt.Errorf("[[space]] of %s: an embedding of a picture has %d numbers and one of a text %d: they do not share a space; is output = %q right?", name, e.d, len(v), output[name])
			}
		}
		e.key = fmt.Sprintf("%s\n%s\n%q", name, loaded[k].Hash(), sums[k])
	}
	return ctx.Err()
}

// fits says whether a model may be held at all where memory is limited.
func (r *spaceRun) fits(b Backbone) error {
	m, can := b.(weigher)
	if r.opt.Memory <= 0 || !can {
		return nil
	}
	for _, src := range r.plan.Sources {
		img, err := src.Picture.Load(context.Background())
		if err != nil {
			continue // said of the picture when it is embedded
		}
		if need := m.Memory(img.W, img.H) * int64(max(1, r.opt.Workers)); need > r.opt.Memory {
			return fmt.Errorf("%w: %d MiB allow less than it would take, about %d MiB with %d workers; give more --memory or fewer --workers", ErrMemory, r.opt.Memory>>20, need>>20, r.opt.Workers)
		}
		break
	}
	return nil
}

// count notes embeddings that were made or found.
func (r *spaceRun) count(n int, reused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if reused {
		r.reused += n
	} else {
		r.computed += n
	}
	r.opt.Progress.Add(n)
}

// fail notes a picture that could not be read, once for all models.
func (r *spaceRun) fail(what, reason string) {
	for _, p := range r.problems {
		if p.What == what {
			return
		}
	}
	r.problems = append(r.problems, trial.Problem{What: what, Reason: reason})
}

type span struct{ from, to int }

func blocks(n, size int) (out []span) {
	for i := 0; i < n; i += size {
		out = append(out, span{i, min(n, i+size)})
	}
	return out
}

// pictures embeds a block of sources by every model that has not seen them.
func (r *spaceRun) pictures(ctx context.Context, b span, names []string, loaded []Backbone, output map[string]string, out map[string]*embedded, failed []string, sum func(model int, sum string)) error {
	im := r.plan.Experiment.Images
	var imgs []*raster.Image // of the sources of, those that could be read
	var of []int
	load := func() error {
		for i := b.from; i < b.to; i++ {
			if r.captions[i] < 0 {
				continue
			}
			img, err := r.plan.Sources[i].Picture.Load(ctx)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				failed[i] = err.Error()
				continue
			}
			imgs, of = append(imgs, img), append(of, i)
		}
		return nil
	}
	ready := false
	for k, name := range names {
		h := sha256.New()
		fmt.Fprintf(h, "space pictures 1\n%s\n%d %s\n%s\n%s\n%s\n", pixelsVersion, im.Size, im.Fit, loaded[k].Hash(), loaded[k].Runtime(), output[name])
		for i := b.from; i < b.to; i++ {
			fmt.Fprintln(h, r.plan.Sources[i].Hash, r.captions[i] < 0)
		}
		id := hex.EncodeToString(h.Sum(nil))[:32]
		sum(k, id)
		path := filepath.Join(r.dir, id+".pictures")
		kept, err := readEmbeddings(path, b.to-b.from)
		if err != nil {
			if !ready {
				ready = true
				if err := load(); err != nil {
					return err
				}
			}
			kept = &keptEmbeddings{Rows: make([][]float32, b.to-b.from), Why: make([]string, b.to-b.from)}
			for i := b.from; i < b.to; i++ {
				kept.Why[i-b.from] = failed[i]
			}
			for _, part := range blocks(len(imgs), r.opt.batch()) {
				tensors, err := loaded[k].Features(ctx, imgs[part.from:part.to], []string{output[name]}, false)
				if err != nil {
					return fmt.Errorf("embedding pictures by %s: %w", name, err)
				}
				for j, t := range tensors {
					kept.Rows[of[part.from+j]-b.from] = t[0].Data
				}
			}
			if err := kept.write(path); err != nil {
				return err
			}
		}
		for i := b.from; i < b.to; i++ {
			out[name].images[i] = kept.Rows[i-b.from]
			if why := kept.Why[i-b.from]; why != "" {
				failed[i] = why
			}
		}
		r.count(b.to-b.from, err == nil)
	}
	return nil
}

// said embeds a block of texts.
func (r *spaceRun) said(ctx context.Context, b span, m Backbone, out *embedded) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "space texts 1\n%s\n%s\n", m.Hash(), m.Runtime())
	for _, t := range r.texts[b.from:b.to] {
		fmt.Fprintf(h, "%q\n", t)
	}
	id := hex.EncodeToString(h.Sum(nil))[:32]
	path := filepath.Join(r.dir, id+".texts")
	kept, err := readEmbeddings(path, b.to-b.from)
	if err != nil {
		tensors, err := m.Texts(ctx, r.texts[b.from:b.to])
		if err != nil {
			return id, fmt.Errorf("embedding texts by %s: %w", m.Info().Name, err)
		}
		kept = &keptEmbeddings{Rows: make([][]float32, len(tensors)), Why: make([]string, len(tensors))}
		for i, t := range tensors {
			kept.Rows[i] = t.Data
		}
		if err := kept.write(path); err != nil {
			return id, err
		}
	}
	copy(out.texts[b.from:b.to], kept.Rows)
	r.count(b.to-b.from, err == nil)
	return id, nil
}

// keptEmbeddings are the embeddings of one block by one model as they are kept between runs.
type keptEmbeddings struct {
	Rows [][]float32 // nil: none, for the reason Why
	Why  []string
}

// writeKept stores a value with its checksum.
func writeKept(path string, v any) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return WriteFile(path, b.Bytes())
}

// readKept reads what writeKept stored.
func readKept(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(data) < sha256.Size {
		return errFeaturesDamaged
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return errFeaturesDamaged
	}
	return gob.NewDecoder(bytes.NewReader(body)).Decode(v)
}

func (k *keptEmbeddings) write(path string) error { return writeKept(path, k) }

func readEmbeddings(path string, n int) (*keptEmbeddings, error) {
	k := new(keptEmbeddings)
	if err := readKept(path, k); err != nil {
		return nil, err
	}
	if len(k.Rows) != n || len(k.Why) != n {
		return nil, errFeaturesDamaged
	}
	for i := range k.Rows {
		if len(k.Rows[i]) == 0 {
			k.Rows[i] = nil
		}
	}
	return k, nil
}

// input puts together what is measured of one model.
func (r *spaceRun) input(sp SpaceSection, name string, e *embedded) (*spaceInput, error) {
	info, err := r.models.Model(name)
	if err != nil {
		return nil, err
	}
	in := &spaceInput{gallery: sp.Gallery, seed: r.plan.Experiment.Seed, d: e.d, key: e.key}
	in.space = trial.Space{Label: name, Cell: sp.Label, Model: name, Family: info.Family, Training: info.Training, Labels: info.Labels, Mark: info.Mark, Seed: info.Seed}
	var sources []*trial.Source
	var from []int
	cluster := r.clusters()
	for i, src := range r.plan.Sources {
		if e.images[i] == nil || r.captions[i] < 0 {
			continue
		}
		sources, from = append(sources, src), append(from, i)
		in.images, in.texts = append(in.images, e.images[i]...), append(in.texts, e.texts[r.captions[i]]...)
		in.caption, in.cluster = append(in.caption, src.Captions["full"]), append(in.cluster, cluster[i])
	}
	if in.n = len(sources); in.n < minSpacePairs {
		return nil, fmt.Errorf("[[space]] of %s: only %d of %d pictures could be read, %d are needed", name, in.n, len(r.plan.Sources), minSpacePairs)
	}
	pick := func(at []int) [][]float32 {
		rows := make([][]float32, len(from))
		for k, i := range from {
			if at[i] >= 0 {
				rows[k] = e.texts[at[i]]
			}
		}
		return rows
	}
	for k, w := range r.words {
		in.wordings = append(in.wordings, spaceWording{w.Name, w.Tells, pick(r.wordings[k])})
	}
	for k, fact := range r.facts {
		in.foils = append(in.foils, spaceFoil{fact, pick(r.foils[k])})
	}
	names, value, err := spaceAttributes(sp, sources)
	if err != nil {
		return nil, err
	}
	for _, a := range names {
		var list []string
		for _, src := range sources {
			list = append(list, value(src, a))
		}
		in.attributes = append(in.attributes, spaceAttribute{a, list})
	}
	return in, nil
}

// published reads features that someone else computed.
func published(sp SpaceSection, seed uint64) (*spaceInput, error) {
	in := &spaceInput{gallery: sp.Gallery, seed: seed, space: trial.Space{Label: sp.Label, Cell: sp.Label}}
	where := "[[space]] " + sp.Label
	if sp.Pairs != "" {
		shape, v, err := readNPY(sp.Pairs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if len(shape) != 3 || shape[0] != 2 {
			return nil, fmt.Errorf("%s: %s has the shape %v; pairs wants [2, N, D], the images first (two files are named by images and texts)", where, sp.Pairs, shape)
		}
		in.n, in.d = shape[1], shape[2]
		in.images, in.texts = v[:in.n*in.d], v[in.n*in.d:]
	} else {
		var shapes [2][]int
		for k, file := range []string{sp.Images, sp.Texts} {
			shape, v, err := readNPY(file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", where, err)
			}
			if len(shape) != 2 {
				return nil, fmt.Errorf("%s: %s has the shape %v, wants [N, D], an embedding a row", where, file, shape)
			}
			shapes[k] = shape
			if k == 0 {
				in.images = v
			} else {
				in.texts = v
			}
		}
		if shapes[0][0] != shapes[1][0] {
			return nil, fmt.Errorf("%s: %s has %d rows and %s %d: row i of the images belongs to row i of the texts", where, sp.Images, shapes[0][0], sp.Texts, shapes[1][0])
		}
		if shapes[0][1] != shapes[1][1] {
			return nil, fmt.Errorf("%s: image features have %d numbers and text features %d: they do not share a space", where, shapes[0][1], shapes[1][1])
		}
		in.n, in.d = shapes[0][0], shapes[0][1]
	}
	if in.n < minSpacePairs {
		return nil, fmt.Errorf("%s: %d pairs are too few, %d are needed: half to fit on and half to judge", where, in.n, minSpacePairs)
	}
	h := sha256.New()
	fmt.Fprintln(h, in.n, in.d, in.images, in.texts)
	in.key = hex.EncodeToString(h.Sum(nil))
	// Their order may mean something: the pairs are dealt anew.
	order := stream.Key{Seed: seed, Step: "space", Purpose: "order"}.Open().Perm(in.n)
	images, texts := make([]float32, 0, len(in.images)), make([]float32, 0, len(in.texts))
	for _, i := range order {
		images, texts = append(images, in.images[i*in.d:(i+1)*in.d]...), append(texts, in.texts[i*in.d:(i+1)*in.d]...)
	}
	in.images, in.texts = images, texts
	for i := range in.n {
		in.cluster = append(in.cluster, i)
	}
	return in, nil
}

// reduce measures every space, several at a time.
func (r *spaceRun) reduce(ctx context.Context, inputs []*spaceInput) (*ScoredSpaces, error) {
	out := &ScoredSpaces{Spaces: make([]trial.Space, len(inputs)), Problems: r.problems}
	h := sha256.New()
	for _, p := range r.problems {
		fmt.Fprintf(h, "%q\n", p)
	}
	r.opt.Progress.Start("measuring joint spaces", len(inputs), "spaces")
	defer r.opt.Progress.End()
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.opt.Workers))
	for i, in := range inputs {
		id := in.hash()
		fmt.Fprintln(h, in.space.Label, in.space.Cell, id)
		g.Go(func() error {
			path := filepath.Join(r.dir, id+".space")
			kept := new(trial.Space)
			err := readKept(path, kept)
			if err != nil {
				if kept, err = in.measure(inner); err != nil {
					if inner.Err() != nil || errors.Is(err, context.Canceled) {
						return err
					}
					return fmt.Errorf("[[space]] %s: %w", in.space.Label, err)
				}
				if err := writeKept(path, kept); err != nil {
					return err
				}
				r.mu.Lock()
				out.Computed++
				r.mu.Unlock()
			} else {
				r.mu.Lock()
				out.Reused++
				r.mu.Unlock()
			}
			name := in.space // what it is called may have changed
			name.N, name.D, name.Train, name.Test, name.Rows, name.Warnings = kept.N, kept.D, kept.Train, kept.Test, kept.Rows, kept.Warnings
			out.Spaces[i] = name
			r.opt.Progress.Add(1)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out.Key = hex.EncodeToString(h.Sum(nil))
	return out, nil
}

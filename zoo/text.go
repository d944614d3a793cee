package zoo

import (
	"context"
	"fmt"
	"sync"

	"probity/internal/trial"
)

// Tokenizer turns a text into token ids.
type Tokenizer interface {
	// Encode returns the ids of a text with its start and end marks, at most context of them, and how many ids did not
	// fit. The last id is the end mark even where the text was cut.
	Encode(text string, context int) (ids []int64, dropped int)
	// VocabSize is one more than the largest id.
	VocabSize() int
}

// What is done with a text of more tokens than the context.
const (
	overlongError = "error"
	overlongCut   = "cut"
)

// TextTooLongError says that a text has more tokens than a text tower reads.
type TextTooLongError struct {
	Model           string
	Text            string
	Tokens, Context int // marks of start and end included
}

func (e *TextTooLongError) Error() string {
	text := []rune(e.Text)
	if len(text) > 80 {
		text = append(text[:80:80], []rune("...")...)
	}
	return fmt.Sprintf("%s reads %d tokens, and the text %q has %d, so its end would not count; shorten it, or have it cut: "+
		"overlong_texts = \"cut\" at the top of the experiment, score --cut-texts, or overlong = \"cut\" in the manifest's [text]",
		e.Model, e.Context, string(text), e.Tokens)
}

// CheckText says whether a model's text tower reads a text whole: *TextTooLongError where it does not. It needs the
// tokenizer's file alone, no runtime and no weights, so that a run can ask before it begins. nil where texts are cut.
func (z *Zoo) CheckText(model, text string) error {
	e, err := z.entry(model)
	if err != nil {
		return err
	}
	if e.m.Text == nil {
		return fmt.Errorf("%s has no text tower; text needs a joint model such as CLIP", model)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.cuts(e.m.Text) {
		return nil
	}
	tok := z.tokenizers[model]
	if tok == nil {
		if tok, _, err = z.tokenizer(e); err != nil {
			return err
		}
		z.tokenizers[model] = tok
	}
	if ids, dropped := tok.Encode(text, e.m.Text.Context); dropped > 0 {
		return &TextTooLongError{model, text, len(ids) + dropped, e.m.Text.Context}
	}
	return nil
}

// CutTexts has the models that are loaded from now on cut texts that are too long, whatever their manifests say.
func (z *Zoo) CutTexts() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.opt.CutTexts = true
}

// cuts says whether texts are cut. Its caller holds z.mu.
func (z *Zoo) cuts(t *Text) bool { return z.opt.CutTexts || t.Overlong == overlongCut }

// textTower is the text half of a joint model.
type textTower struct {
	t     *Text
	cut   bool // texts that are too long are cut
	tok   Tokenizer
	s     session
	hash  string
	batch int
	mu    sync.Mutex
	free  []lane
}

// tokenizer reads a text tower's tokenizer; hash is its file's.
func (z *Zoo) tokenizer(e *entry) (tok Tokenizer, hash string, err error) {
	t := e.m.Text
	vocab, err := e.dir.read(t.Vocab)
	if err != nil {
		// A vocabulary may be shared by models in several folders.
		if vocab, err = z.Asset(t.Vocab); err != nil {
			return nil, "", fmt.Errorf("reading the tokenizer's vocabulary: %w", err)
		}
	}
	tok, err = newTokenizer(t.Tokenizer, t.Vocab, vocab)
	return tok, hashBytes(vocab), err
}

func (z *Zoo) loadText(e *entry) (*textTower, error) {
	t := e.m.Text
	tower := &textTower{t: t, cut: z.cuts(t), batch: z.opt.Batch}
	var err error
	if tower.tok, tower.hash, err = z.tokenizer(e); err != nil {
		return nil, err
	}
	sum, err := e.check(File{Name: t.File, SHA256: t.SHA256}, z.cache)
	if err != nil {
		return nil, err
	}
	tower.hash = hashBytes([]byte(tower.hash + sum))
	file, err := e.open(t.File)
	if err != nil {
		return nil, err
	}
	if tower.s, err = newSession(file, z.opt); err != nil {
		return nil, err
	}
	if err := tower.matches(e.m); err != nil {
		tower.s.close()
		return nil, err
	}
	return tower, nil
}

// matches compares the manifest with the ONNX file's own inputs and outputs.
func (tower *textTower) matches(m *Manifest) error {
	t := tower.t
	var ins, outs []string
	for _, i := range tower.s.info().inputs {
		ins = append(ins, i.name)
		if i.name == t.Input && len(i.dims) == 2 && i.dims[1] > 0 && int(i.dims[1]) != t.Context {
			return fmt.Errorf("the text tower of %s takes %d tokens, but its manifest says context = %d", m.Name, i.dims[1], t.Context)
		}
	}
	for _, o := range tower.s.info().outputs {
		outs = append(outs, o.name)
	}
	for _, want := range []struct {
		name  string
		names []string
		what  string
	}{{t.Input, ins, "input"}, {t.Mask, ins, "input"}, {t.Tensor, outs, "output"}} {
		ok := want.name == ""
		for _, n := range want.names {
			ok = ok || n == want.name
		}
		if !ok {
			return fmt.Errorf("%s has no %s %q, it has %q%s", t.File, want.what, want.name, want.names, didYouMean(want.name, want.names))
		}
	}
	return nil
}

// embed runs texts in batches of fixed size. Texts that are too long are told of before anything runs.
func (t *textTower) embed(ctx context.Context, model string, texts []string) ([]*trial.Tensor, []int, error) {
	out := make([]*trial.Tensor, len(texts))
	encoded := make([][]int64, len(texts))
	var cut []int
	for i, text := range texts {
		ids, dropped := t.tok.Encode(text, t.t.Context)
		if dropped > 0 && !t.cut {
			return nil, nil, &TextTooLongError{model, text, len(ids) + dropped, t.t.Context}
		}
		if dropped > 0 {
			cut = append(cut, i)
		}
		encoded[i] = ids
	}
	empty, _ := t.tok.Encode("", t.t.Context)
	for start := 0; start < len(texts); start += t.batch {
		now := texts[start:min(start+t.batch, len(texts))]
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		l, err := t.take()
		if err != nil {
			return nil, nil, err
		}
		ids, mask := l.ids()
		for i := range ids {
			ids[i] = t.t.PadID
		}
		clear(mask)
		for k := 0; k < t.batch; k++ {
			tokens := empty // places beyond the last text hold the empty text, so that every row has an end mark
			if k < len(now) {
				tokens = encoded[start+k]
			}
			copy(ids[k*t.t.Context:], tokens)
			if mask != nil {
				for j := range tokens {
					mask[k*t.t.Context+j] = 1
				}
			}
		}
		err = l.run(ctx, []string{t.t.Tensor})
		if err == nil {
			data, dims := l.output(t.t.Tensor)
			if len(dims) != 2 || int(dims[0]) != t.batch {
				err = fmt.Errorf("the text output %s has shape %v for a batch of %d; wants [N,C] with a dynamic batch", t.t.Tensor, dims, t.batch)
			} else {
				c := int(dims[1])
				for k := range now {
					out[start+k] = &trial.Tensor{Layout: trial.Pooled, Shape: []int{c}, Data: append([]float32(nil), data[k*c:(k+1)*c]...)}
				}
			}
		}
		t.give(l)
		if err != nil {
			return nil, nil, err
		}
	}
	return out, cut, nil
}

func (t *textTower) take() (lane, error) {
	t.mu.Lock()
	if n := len(t.free); n > 0 {
		l := t.free[n-1]
		t.free = t.free[:n-1]
		t.mu.Unlock()
		return l, nil
	}
	t.mu.Unlock()
	return t.s.lane(laneShape{ids: t.t.Input, mask: t.t.Mask, dims: []int64{int64(t.batch), int64(t.t.Context)}})
}

func (t *textTower) give(l lane) {
	t.mu.Lock()
	t.free = append(t.free, l)
	t.mu.Unlock()
}

func (t *textTower) close() {
	for _, l := range t.free {
		l.close()
	}
	t.free = nil
	t.s.close()
}

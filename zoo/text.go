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

// textTower is the text half of a joint model.
type textTower struct {
	t     *Text
	tok   Tokenizer
	s     session
	hash  string
	batch int
	mu    sync.Mutex
	free  []lane
}

func (z *Zoo) loadText(e *entry) (*textTower, error) {
	t := e.m.Text
	tower := &textTower{t: t, batch: z.opt.Batch}
	vocab, err := e.dir.read(t.Vocab)
	if err != nil {
		// A vocabulary may be shared by models in several folders.
		if vocab, err = z.Asset(t.Vocab); err != nil {
			return nil, fmt.Errorf("reading the tokenizer's vocabulary: %w", err)
		}
	}
	if tower.tok, err = newTokenizer(t.Tokenizer, t.Vocab, vocab); err != nil {
		return nil, err
	}
	tower.hash = hashBytes(vocab)
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

// embed runs texts in batches of fixed size.
func (t *textTower) embed(ctx context.Context, texts []string) ([]*trial.Tensor, []int, error) {
	out := make([]*trial.Tensor, len(texts))
	var cut []int
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
			text := ""
			if k < len(now) {
				text = now[k] // places beyond the last text hold the empty text, so that every row has an end mark
			}
			tokens, dropped := t.tok.Encode(text, t.t.Context)
			if dropped > 0 {
				cut = append(cut, start+k)
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

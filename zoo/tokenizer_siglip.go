package zoo

import (
	"fmt"
	"strings"
)

// SigLIPCleaning says how a text is cleaned before SigLIP's tokenizer cuts it.
type SigLIPCleaning int

const (
	// CleanSigLIP is that of transformers' SiglipTokenizer: lower case, ASCII punctuation removed, whitespace collapsed.
	CleanSigLIP SigLIPCleaning = iota
	// CleanSigLIPOpenCLIP is that of open_clip: ftfy and HTML as for CLIP, underscores as spaces, then the same.
	CleanSigLIPOpenCLIP
)

// SigLIPTokenizer is SigLIP's: a canonical text (Zhai et al., ICCV 2023; big_vision's prompt_engineering.py), cut into the
// pieces of a unigram model, and the mark </s>. It is safe for concurrent use.
type SigLIPTokenizer struct {
	model *sentencePiece
	end   int64
	skip  int // pieces of "<unk>", see encode
	clean SigLIPCleaning
}

// NewSigLIPTokenizer reads a vocabulary: spiece.model, or a tokenizer.json whose model is a Unigram.
func NewSigLIPTokenizer(vocab []byte, clean SigLIPCleaning) (*SigLIPTokenizer, error) {
	model, err := readSentencePiece(vocab)
	if err != nil {
		return nil, err
	}
	end, ok := model.ids[sentenceEnd]
	if !ok {
		return nil, fmt.Errorf("it has no piece %s; it is not SigLIP's", sentenceEnd)
	}
	t := &SigLIPTokenizer{model: model, end: end, clean: clean}
	t.skip = len(model.encode(sentenceUnknown))
	return t, nil
}

const (
	sentenceEnd     = "</s>"
	sentenceUnknown = "<unk>"
)

// VocabSize is the number of pieces: 32,000 for SigLIP.
func (t *SigLIPTokenizer) VocabSize() int { return t.model.size }

// Encode returns the text's pieces and the end mark, at most context ids. dropped counts the ids that did not fit; the last
// is the end mark even then.
func (t *SigLIPTokenizer) Encode(text string, context int) (ids []int64, dropped int) {
	if t.clean == CleanSigLIPOpenCLIP {
		ids = append(t.pieces(spaceMark+t.Clean(text)), t.end)
	} else {
		ids = t.transformers(strings.ToValidUTF8(text, "\uFFFD"))
	}
	if len(ids) > context {
		dropped = len(ids) - context
		ids = ids[:max(context, 1)]
		ids[len(ids)-1] = t.end
	}
	return ids, dropped
}

// transformers is SiglipTokenizer.tokenize and build_inputs_with_special_tokens: marks that are written out in the text are
// the marks, the parts between them are cleaned and cut each by itself, and a text that ends with </s> gets no second one.
func (t *SigLIPTokenizer) transformers(text string) []int64 {
	text = spaceMark + strings.ReplaceAll(text, spaceMark, " ")
	var ids []int64
	marks := 0 // marks among the first two ids
	part := func(s string) {
		if s != "" {
			ids = append(ids, t.pieces(t.Clean(s))...)
		}
	}
	for {
		at, mark, id := len(text), "", int64(0)
		for _, m := range []struct {
			text string
			id   int64
		}{{sentenceEnd, t.end}, {sentenceUnknown, t.model.unknown}} {
			if i := strings.Index(text, m.text); i >= 0 && i < at {
				at, mark, id = i, m.text, m.id
			}
		}
		part(text[:at])
		if mark == "" {
			break
		}
		if len(ids) < 2 {
			marks = len(ids) + 1
		}
		ids = append(ids, id)
		text = text[at+len(mark):]
	}
	if lone, ok := t.model.ids[spaceMark]; ok && len(ids) > 1 && marks == 2 && ids[0] == lone {
		ids = ids[1:] // the mark of the beginning alone before a mark
	}
	if len(ids) == 0 || ids[len(ids)-1] != t.end {
		ids = append(ids, t.end)
	}
	return ids
}

// pieces cuts a cleaned text. The library drops a space at the beginning of what it is given, so transformers puts the
// letters <unk> before it and throws their pieces away.
func (t *SigLIPTokenizer) pieces(text string) []int64 {
	if ids := t.model.encode(sentenceUnknown + text); len(ids) >= t.skip {
		return ids[t.skip:]
	}
	return t.model.encode(text)
}

// Clean is the text as the pieces are made of it.
func (t *SigLIPTokenizer) Clean(text string) string {
	punctuation := func(r rune) rune {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}
	if t.clean == CleanSigLIPOpenCLIP {
		text = unescapeHTML(unescapeHTML(fixText(strings.ToValidUTF8(text, "\uFFFD"))))
		text = lower(strings.Map(punctuation, strings.ReplaceAll(text, "_", " ")))
	} else {
		text = strings.Map(punctuation, lower(text))
	}
	return strings.Join(strings.FieldsFunc(text, isPythonSpace), " ")
}

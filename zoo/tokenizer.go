package zoo

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// newTokenizer makes the tokenizer that a manifest names from its vocabulary file.
func newTokenizer(kind, file string, vocab []byte) (Tokenizer, error) {
	var t Tokenizer
	var err error
	switch kind {
	case "clip-bpe":
		t, err = NewCLIPTokenizer(vocab, CleanOpenAI)
	case "clip-bpe-transformers":
		t, err = NewCLIPTokenizer(vocab, CleanTransformers)
	case "siglip":
		t, err = NewSigLIPTokenizer(vocab, CleanSigLIP)
	case "siglip-open-clip":
		t, err = NewSigLIPTokenizer(vocab, CleanSigLIPOpenCLIP)
	case "words":
		t, err = NewWordTokenizer(vocab)
	default:
		err = fmt.Errorf("there is no tokenizer %q", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the vocabulary %s: %w", file, err)
	}
	return t, nil
}

// Cleaning says how a text is cleaned before it is cut into tokens.
type Cleaning int

const (
	// CleanOpenAI is CLIP's own: ftfy, HTML unescaped twice, whitespace, Unicode lower case with final sigma.
	CleanOpenAI Cleaning = iota
	// CleanTransformers is that of transformers' CLIPTokenizer: NFC, whitespace, lower case letter by letter.
	CleanTransformers
)

// CLIPTokenizer is CLIP's byte-pair encoding (Sennrich et al. 2016; Radford et al. 2021). It is safe for concurrent use.
type CLIPTokenizer struct {
	ids   map[string]int64
	ranks map[[2]string]int
	start int64
	end   int64
	size  int
	clean Cleaning
}

// The marks of start and end as OpenAI and transformers write them.
const (
	startMark = "<|startoftext|>"
	endMark   = "<|endoftext|>"
)

// byteRunes is GPT-2's map from bytes to printable runes: printable Latin-1 bytes stand for themselves, the others follow
// from U+0100. byteOrder is the order of the 256 symbols in the vocabulary.
var byteRunes, byteOrder = func() (m [256]rune, order []rune) {
	printable := func(b int) bool { return b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae }
	n := rune(0)
	for b := range m {
		if printable(b) {
			m[b] = rune(b)
			order = append(order, rune(b))
		}
	}
	for b := range m {
		if !printable(b) {
			m[b] = 256 + n
			order = append(order, m[b])
			n++
		}
	}
	return m, order
}()

// openAIMerges is how many of the merges in OpenAI's file belong to CLIP: 49,152 - 256 - 2.
const openAIMerges = 49152 - 256 - 2

// NewCLIPTokenizer reads a vocabulary: OpenAI's bpe_simple_vocab_16e6.txt.gz, a merges.txt (both: a heading, then one
// merge a line; ids are 256 bytes, 256 bytes that end a word, the merges, the two marks) or a tokenizer.json.
func NewCLIPTokenizer(vocab []byte, clean Cleaning) (*CLIPTokenizer, error) {
	const most = 64 << 20
	if bytes.HasPrefix(vocab, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(vocab))
		if err != nil {
			return nil, fmt.Errorf("unpacking it: %w", err)
		}
		if vocab, err = io.ReadAll(io.LimitReader(z, most)); err != nil {
			return nil, fmt.Errorf("unpacking it: %w", err)
		}
	}
	if len(vocab) > most {
		return nil, fmt.Errorf("it has more than %d bytes", most)
	}
	if !utf8.Valid(vocab) {
		return nil, fmt.Errorf("it is not UTF-8 text")
	}
	t := &CLIPTokenizer{ids: map[string]int64{}, ranks: map[[2]string]int{}, clean: clean}
	if bytes.HasPrefix(bytes.TrimSpace(vocab), []byte("{")) {
		return t, t.readJSON(vocab)
	}
	lines := strings.Split(string(vocab), "\n")
	if len(lines) < 2 {
		return nil, fmt.Errorf("it holds no merges")
	}
	add := func(s string) {
		t.ids[s] = int64(t.size)
		t.size++
	}
	for _, r := range byteOrder {
		add(string(r))
	}
	for _, r := range byteOrder {
		add(string(r) + "</w>")
	}
	for i, line := range lines[1:] {
		if i == openAIMerges {
			break
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		p := strings.Fields(line)
		if len(p) != 2 {
			return nil, fmt.Errorf("line %d is %q, wants two symbols", i+2, line)
		}
		t.ranks[[2]string{p[0], p[1]}] = len(t.ranks)
		add(p[0] + p[1])
	}
	t.start, t.end = int64(t.size), int64(t.size+1)
	t.size += 2
	return t, nil
}

func (t *CLIPTokenizer) readJSON(data []byte) error {
	var f struct {
		Model struct {
			Vocab  map[string]int64  `json:"vocab"`
			Merges []json.RawMessage `json:"merges"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	for s, id := range f.Model.Vocab {
		if id < 0 || id > 1<<24 {
			return fmt.Errorf("the token %q has the id %d", s, id)
		}
		t.ids[s] = id
		t.size = max(t.size, int(id)+1)
	}
	for i, raw := range f.Model.Merges {
		var pair [2]string
		if json.Unmarshal(raw, &pair) != nil {
			var line string
			if json.Unmarshal(raw, &line) != nil || strings.Count(line, " ") != 1 {
				return fmt.Errorf("merge %d is %s, wants two symbols", i, raw)
			}
			a, b, _ := strings.Cut(line, " ")
			pair = [2]string{a, b}
		}
		t.ranks[pair] = i
	}
	var ok1, ok2 bool
	t.start, ok1 = t.ids[startMark]
	t.end, ok2 = t.ids[endMark]
	if !ok1 || !ok2 {
		return fmt.Errorf("it has no %s or no %s; it is not CLIP's", startMark, endMark)
	}
	return nil
}

// VocabSize is one more than the largest id: 49408 for CLIP.
func (t *CLIPTokenizer) VocabSize() int { return t.size }

// Encode returns the start mark, the text's tokens and the end mark, at most context ids. dropped counts the tokens that
// did not fit; the last id is the end mark even then, as in CLIP with truncation.
func (t *CLIPTokenizer) Encode(text string, context int) (ids []int64, dropped int) {
	ids = append(ids, t.start)
	ids = t.tokens(ids, t.Clean(text))
	ids = append(ids, t.end)
	if len(ids) > context {
		dropped = len(ids) - context
		ids = ids[:max(context, 1)]
		ids[len(ids)-1] = t.end
	}
	return ids, dropped
}

// Unknown are the words of a text that the list does not have, each once.
func (t *WordTokenizer) Unknown(text string) []string {
	var out []string
	words := strings.Fields(strings.ToLower(strings.ReplaceAll(text, ",", "")))
	ids, _ := t.Encode(text, len(words))
	for i, id := range ids {
		if id == 1 && !slices.Contains(out, words[i]) {
			out = append(out, words[i])
		}
	}
	return out
}

// Clean is the text as the tokens are made of it.
func (t *CLIPTokenizer) Clean(text string) string {
	if t.clean == CleanTransformers {
		return cleanTransformers(text)
	}
	return cleanOpenAI(text)
}

// tokens cuts a cleaned text into words and these into tokens. The pattern is CLIP's: a mark, a contraction, a run of
// letters, one number, or a run of anything else that is not space.
func (t *CLIPTokenizer) tokens(ids []int64, s string) []int64 {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case strings.HasPrefix(s, startMark):
			ids, s = append(ids, t.start), s[len(startMark):]
			continue
		case strings.HasPrefix(s, endMark):
			ids, s = append(ids, t.end), s[len(endMark):]
			continue
		case isSpace(r):
			s = s[n:]
			continue
		}
		if c := t.contraction(s); c > 0 {
			ids, s = t.bpe(ids, s[:c]), s[c:]
			continue
		}
		kind := kindOf(r)
		if kind != 'N' {
			for n < len(s) {
				next, size := utf8.DecodeRuneInString(s[n:])
				if isSpace(next) || kindOf(next) != kind {
					break
				}
				n += size
			}
		}
		ids, s = t.bpe(ids, s[:n]), s[n:]
	}
	return ids
}

// contraction is the length of 's, 't, 're, 've, 'm, 'll or 'd at the start of s. CLIP's pattern ignores case, by which
// the long s is an s.
func (t *CLIPTokenizer) contraction(s string) int {
	for _, c := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(s, c) {
			return len(c)
		}
	}
	if t.clean == CleanOpenAI && strings.HasPrefix(s, "'ſ") {
		return len("'ſ")
	}
	return 0
}

func isSpace(r rune) bool { return unicode.Is(unicode.White_Space, r) }

// kindOf is L for letters, N for numbers, 0 for the rest.
func kindOf(r rune) byte {
	switch {
	case unicode.IsLetter(r):
		return 'L'
	case unicode.IsNumber(r):
		return 'N'
	}
	return 0
}

// bpe merges the bytes of a word, the pair of lowest rank first and everywhere, until no pair is known.
func (t *CLIPTokenizer) bpe(ids []int64, word string) []int64 {
	parts := make([]string, len(word))
	for i := 0; i < len(word); i++ {
		parts[i] = string(byteRunes[word[i]])
	}
	parts[len(parts)-1] += "</w>"
	for len(parts) > 1 {
		best, at := -1, 0
		for i := 0; i+1 < len(parts); i++ {
			if r, ok := t.ranks[[2]string{parts[i], parts[i+1]}]; ok && (best < 0 || r < best) {
				best, at = r, i
			}
		}
		if best < 0 {
			break
		}
		a, b := parts[at], parts[at+1]
		out := parts[:0]
		for i := 0; i < len(parts); i++ {
			if i+1 < len(parts) && parts[i] == a && parts[i+1] == b {
				out = append(out, a+b)
				i++
			} else {
				out = append(out, parts[i])
			}
		}
		parts = out
	}
	for _, p := range parts {
		id, ok := t.ids[p]
		if !ok {
			id = t.end // the unknown token of CLIP's vocabulary; only a damaged file comes here
		}
		ids = append(ids, id)
	}
	return ids
}

// WordTokenizer gives every word its line in a list: line 0 is padding, line 1 an unknown word. Commas are dropped and
// letters lowered; there are no marks of start and end. It is safe for concurrent use.
type WordTokenizer struct {
	ids  map[string]int64
	size int
}

// NewWordTokenizer reads a list of words, one a line, <pad> and <unknown> first.
func NewWordTokenizer(vocab []byte) (*WordTokenizer, error) {
	if !utf8.Valid(vocab) {
		return nil, fmt.Errorf("it is not UTF-8 text")
	}
	t := &WordTokenizer{ids: map[string]int64{}}
	for i, line := range strings.Split(strings.TrimRight(string(vocab), "\r\n"), "\n") {
		w := strings.TrimSpace(line)
		if w == "" {
			return nil, fmt.Errorf("line %d is empty, wants a word", i+1)
		}
		if _, twice := t.ids[w]; twice {
			return nil, fmt.Errorf("line %d: %q stands there twice", i+1, w)
		}
		t.ids[w] = int64(i)
		t.size++
	}
	if t.ids["<pad>"] != 0 || t.ids["<unknown>"] != 1 || t.size < 2 {
		return nil, fmt.Errorf("its first two lines are to be <pad> and <unknown>")
	}
	return t, nil
}

// VocabSize is the number of lines.
func (t *WordTokenizer) VocabSize() int { return t.size }

// Encode returns one id a word, at most context; dropped counts the words that did not fit.
func (t *WordTokenizer) Encode(text string, context int) (ids []int64, dropped int) {
	for _, w := range strings.Fields(strings.ToLower(strings.ReplaceAll(text, ",", ""))) {
		if trimmed := strings.TrimRight(w, ".!?;:"); trimmed != "" {
			w = trimmed
		}
		id, ok := t.ids[w]
		if !ok {
			id = 1
		}
		ids = append(ids, id)
	}
	if len(ids) > context {
		dropped = len(ids) - context
		ids = ids[:context]
	}
	return ids, dropped
}

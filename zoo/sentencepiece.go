package zoo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// sentencePiece is a unigram language model of word pieces (Kudo 2018; Kudo and Richardson, SentencePiece, EMNLP 2018) with
// the normalisation that its file brings. Its arithmetic is the library's, in single precision, so that ties fall alike.
type sentencePiece struct {
	pieces  map[string]piece // what may be found in a text; marks such as </s> are not among them
	ids     map[string]int64 // every piece, marks included
	longest int              // bytes of the longest piece
	lowest  float32          // score of the least likely ordinary piece
	highest float32
	unknown int64
	size    int

	rules       charMap
	dummyPrefix bool // a space is put before the text
	keepSpaces  bool // runs of spaces are left as they are
}

type piece struct {
	id     int64
	score  float32
	always bool // a symbol that its user defined, which wins over any other cutting
}

// spaceMark stands for a space within pieces.
const spaceMark = "▁"

// unknownPenalty is how much less likely an unknown letter is than the least likely piece (unigram_model.cc, kUnkPenalty).
const unknownPenalty = 10

var errNotSentencePiece = errors.New("it is no unigram model: neither a SentencePiece model (spiece.model) nor a tokenizer.json with a model of type Unigram")

// readSentencePiece reads a SentencePiece model or a tokenizer.json that was made of one.
func readSentencePiece(data []byte) (*sentencePiece, error) {
	s := &sentencePiece{pieces: map[string]piece{}, ids: map[string]int64{}, unknown: -1,
		lowest: float32(math.Inf(1)), highest: float32(math.Inf(-1)), dummyPrefix: true}
	var err error
	if strings.HasPrefix(strings.TrimSpace(string(data[:min(len(data), 64)])), "{") {
		err = s.readJSON(data)
	} else {
		err = s.readModel(data)
	}
	if err != nil {
		return nil, err
	}
	if s.unknown < 0 || len(s.pieces) == 0 {
		return nil, fmt.Errorf("it has no unknown piece or no ordinary ones; %w", errNotSentencePiece)
	}
	return s, nil
}

// add takes in one piece. find says whether it may be found in a text.
func (s *sentencePiece) add(text string, score float32, find, always bool) error {
	if text == "" || !utf8.ValidString(text) || math.IsNaN(float64(score)) {
		return fmt.Errorf("piece %d is %q with the score %v", s.size, text, score)
	}
	if _, twice := s.ids[text]; twice {
		return fmt.Errorf("piece %d, %q, stands there twice", s.size, text)
	}
	id := int64(s.size)
	s.ids[text] = id
	s.size++
	if !find {
		return nil
	}
	s.pieces[text] = piece{id, score, always}
	s.longest = max(s.longest, len(text))
	if !always {
		s.lowest, s.highest = min(s.lowest, score), max(s.highest, score)
	}
	return nil
}

// Types of a piece in SentencePiece's ModelProto.
const (
	ordinaryPiece = 1
	unknownPiece  = 2
	definedPiece  = 4
)

// readModel reads a ModelProto (sentencepiece_model.proto; field numbers are fixed by the format).
func (s *sentencePiece) readModel(data []byte) error {
	var rules []byte
	err := fields(data, func(f field) error {
		switch f.num {
		case 1: // pieces
			text, score, kind := "", float32(0), uint64(ordinaryPiece)
			if err := fields(f.data, func(f field) error {
				switch f.num {
				case 1:
					text = string(f.data)
				case 2:
					if len(f.fixed) == 4 {
						score = math.Float32frombits(binary.LittleEndian.Uint32(f.fixed))
					}
				case 3:
					kind = f.n
				}
				return nil
			}); err != nil {
				return err
			}
			if kind == unknownPiece {
				s.unknown = int64(s.size)
			}
			return s.add(text, score, kind == ordinaryPiece || kind == definedPiece, kind == definedPiece)
		case 2: // trainer_spec
			return fields(f.data, func(f field) error {
				switch {
				case f.num == 3 && f.n != 1:
					return fmt.Errorf("its model type is %d (2: byte pairs, 3: words, 4: characters), wants 1, a unigram model", f.n)
				case f.num == 35 && f.n != 0:
					return errors.New("it writes unknown letters as bytes, which SigLIP's does not")
				case f.num == 24 && f.n != 0:
					return errors.New("it puts spaces at the ends of words, which SigLIP's does not")
				}
				return nil
			})
		case 3: // normalizer_spec
			return fields(f.data, func(f field) error {
				switch f.num {
				case 2:
					rules = f.data
				case 3:
					s.dummyPrefix = f.n != 0
				case 4:
					s.keepSpaces = f.n == 0
				case 5:
					if f.n == 0 {
						return errors.New("it leaves spaces as they are, which SigLIP's does not")
					}
				}
				return nil
			})
		}
		return nil
	})
	if errors.Is(err, errNotONNX) {
		err = errNotSentencePiece // the walk over the fields is that of ONNX files
	}
	if err != nil {
		return err
	}
	s.rules, err = readCharMap(rules)
	return err
}

// readJSON reads a tokenizer.json of the library tokenizers.
func (s *sentencePiece) readJSON(data []byte) error {
	type normalizer struct {
		Type        string            `json:"type"`
		Rules       string            `json:"precompiled_charsmap"`
		Normalizers []json.RawMessage `json:"normalizers"`
	}
	var f struct {
		Added []struct {
			Content string `json:"content"`
			Special bool   `json:"special"`
		} `json:"added_tokens"`
		Normalizer json.RawMessage `json:"normalizer"`
		Model      struct {
			Type  string               `json:"type"`
			Unk   *int64               `json:"unk_id"`
			Bytes bool                 `json:"byte_fallback"`
			Vocab [][2]json.RawMessage `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		// The vocabulary of the other kinds of model is an object, where a list is expected here.
		return fmt.Errorf("%w: %v", errNotSentencePiece, err)
	}
	if f.Model.Type != "Unigram" || f.Model.Unk == nil {
		return fmt.Errorf("its model is of type %q; %w", f.Model.Type, errNotSentencePiece)
	}
	if f.Model.Bytes {
		return errors.New("it writes unknown letters as bytes, which SigLIP's does not")
	}
	special := map[string]bool{}
	for _, a := range f.Added {
		special[a.Content] = a.Special
	}
	for i, row := range f.Model.Vocab {
		var text string
		var score float64
		if json.Unmarshal(row[0], &text) != nil || json.Unmarshal(row[1], &score) != nil {
			return fmt.Errorf("piece %d is %s, wants a text and a score", i, row)
		}
		if err := s.add(text, float32(score), !special[text] && int64(i) != *f.Model.Unk, false); err != nil {
			return err
		}
	}
	if *f.Model.Unk >= int64(s.size) {
		return fmt.Errorf("its unknown piece is number %d of %d", *f.Model.Unk, s.size)
	}
	s.unknown = *f.Model.Unk
	// The rules stand somewhere in a sequence of normalisers; the others are those that a tokenizer of ours does itself.
	todo := []json.RawMessage{f.Normalizer}
	for steps := 0; len(todo) > 0 && steps < 100; steps++ {
		var n normalizer
		if len(todo[0]) > 0 && json.Unmarshal(todo[0], &n) == nil {
			todo = append(todo, n.Normalizers...)
			if n.Type == "Precompiled" {
				rules, err := base64.StdEncoding.DecodeString(n.Rules)
				if err != nil {
					return fmt.Errorf("its normalisation rules: %w", err)
				}
				if s.rules, err = readCharMap(rules); err != nil {
					return err
				}
			}
		}
		todo = todo[1:]
	}
	return nil
}

// normalize is Normalizer::Normalize of SentencePiece: the file's rules, spaces collapsed and trimmed, spaces as marks.
func (s *sentencePiece) normalize(text string) string {
	if !s.keepSpaces {
		for len(text) > 0 {
			out, n := s.rules.prefix(text)
			if out != " " {
				break
			}
			text = text[n:]
		}
	}
	if text == "" {
		return ""
	}
	var b strings.Builder
	if s.dummyPrefix {
		b.WriteString(spaceMark)
	}
	afterSpace := !s.keepSpaces
	for len(text) > 0 {
		out, n := s.rules.prefix(text)
		text = text[n:]
		if afterSpace {
			out = strings.TrimLeft(out, " ")
		}
		if out != "" {
			b.WriteString(strings.ReplaceAll(out, " ", spaceMark))
			afterSpace = strings.HasSuffix(out, " ") && !s.keepSpaces
		}
	}
	if s.keepSpaces {
		return b.String()
	}
	done := b.String()
	for strings.HasSuffix(done, spaceMark) {
		done = strings.TrimSuffix(done, spaceMark)
	}
	return done
}

// encode cuts a text into its most likely pieces (unigram_model.cc, EncodeOptimized). Unknown letters in a row are one.
func (s *sentencePiece) encode(text string) []int64 {
	text = s.normalize(text)
	type node struct {
		from  int // where the last piece of the best way to here begins; -1: no way yet
		id    int64
		score float32
	}
	best := make([]node, len(text)+1)
	for i := range best {
		best[i].from = -1
	}
	reach := func(from, to int, id int64, score float32) {
		if best[to].from < 0 || score > best[to].score {
			best[to] = node{from, id, score}
		}
	}
	unknown := s.lowest - unknownPenalty
	for from := 0; from < len(text); {
		_, letter := utf8.DecodeRuneInString(text[from:])
		single := false
		for n := 1; n <= s.longest && from+n <= len(text); n++ {
			p, ok := s.pieces[text[from:from+n]]
			if !ok {
				continue
			}
			score := p.score
			if p.always {
				score = float32(float64(float32(n)*s.highest) - .1)
			}
			reach(from, from+n, p.id, score+best[from].score)
			single = single || n == letter
		}
		if !single {
			reach(from, from+letter, s.unknown, unknown+best[from].score)
		}
		from += letter
	}
	var back []int64
	for at := len(text); at > 0; at = best[at].from {
		if id := best[at].id; id != s.unknown || len(back) == 0 || back[len(back)-1] != id {
			back = append(back, id)
		}
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}

// charMap is SentencePiece's compiled normalisation: a double array (Aoe 1989, as Yata's Darts-clone lays it out) from byte
// sequences to places in a text of replacements that end with a zero byte.
type charMap struct {
	units []uint32
	texts []byte
}

func readCharMap(data []byte) (charMap, error) {
	if len(data) == 0 {
		return charMap{}, nil
	}
	bad := errors.New("its normalisation rules are damaged")
	if len(data) < 4 {
		return charMap{}, bad
	}
	size := binary.LittleEndian.Uint32(data)
	data = data[4:]
	if uint64(size) > uint64(len(data)) || size%4 != 0 || size == 0 {
		return charMap{}, bad
	}
	m := charMap{units: make([]uint32, size/4), texts: data[size:]}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return m, nil
}

// prefix is Normalizer::NormalizePrefix: what the longest known beginning of a text becomes, and its length in bytes. A
// letter without a rule stays; a byte that is no UTF-8 becomes U+FFFD.
func (m charMap) prefix(text string) (string, int) {
	longest, value := 0, uint32(0)
	if len(m.units) > 0 {
		offset := func(u uint32) uint32 { return (u >> 10) << ((u & (1 << 9)) >> 6) }
		at := offset(m.units[0])
		for i := 0; i < len(text); i++ {
			at ^= uint32(text[i])
			if int(at) >= len(m.units) {
				break
			}
			u := m.units[at]
			if u&(1<<31|0xff) != uint32(text[i]) {
				break
			}
			at ^= offset(u)
			if u>>8&1 == 1 && int(at) < len(m.units) {
				longest, value = i+1, m.units[at]&(1<<31-1)
			}
		}
	}
	if longest > 0 {
		if int(value) < len(m.texts) {
			out, _, _ := strings.Cut(string(m.texts[value:]), "\x00")
			return strings.ToValidUTF8(out, "\uFFFD"), longest
		}
		return "", longest
	}
	r, n := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && n == 1 {
		return "\uFFFD", 1
	}
	return text[:n], n
}

package zoo_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"probity/internal/sharedtest"
	"probity/zoo"
)

var regexpHash = regexp.MustCompile(`(?m)^sha256 = .*\n`)

// Tokens agree with open_clip (and ftfy) and with transformers (versions in tokens.json), id for id.
func TestTokensAgreeWithOpenCLIPAndTransformers(t *testing.T) {
	dir := sharedtest.Dir(t, "models/clip_bpe")
	vocab, err := os.ReadFile(filepath.Join(dir, "bpe_simple_vocab_16e6.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var gold struct {
		Rows []struct {
			Text                 string
			OpenAI, Transformers []int64
		}
	}
	readJSON(t, filepath.Join(fixtures, "tokens.json"), &gold)
	openai, err := zoo.NewCLIPTokenizer(vocab, zoo.CleanOpenAI)
	if err != nil {
		t.Fatal(err)
	}
	hf, err := zoo.NewCLIPTokenizer(vocab, zoo.CleanTransformers)
	if err != nil {
		t.Fatal(err)
	}
	if openai.VocabSize() != 49408 {
		t.Errorf("%d ids, want 49408", openai.VocabSize())
	}
	for _, r := range gold.Rows {
		if got, _ := openai.Encode(r.Text, 1<<20); !slices.Equal(got, r.OpenAI) {
			t.Errorf("open_clip %q (cleaned %q): %v, want %v", r.Text, openai.Clean(r.Text), got, r.OpenAI)
		}
		if got, _ := hf.Encode(r.Text, 1<<20); !slices.Equal(got, r.Transformers) {
			t.Errorf("transformers %q: %v, want %v", r.Text, got, r.Transformers)
		}
		if got, dropped := openai.Encode(r.Text, 77); dropped != max(0, len(r.OpenAI)-77) || len(got) != min(77, len(r.OpenAI)) || got[len(got)-1] != 49407 {
			t.Errorf("%q cut to 77: %d ids, %d dropped, last %d", r.Text, len(got), dropped, got[len(got)-1])
		}
	}
}

func small(t testing.TB) *zoo.CLIPTokenizer {
	t.Helper()
	vocab, err := os.ReadFile(filepath.Join(fixtures, "models", "tiny-merges.txt"))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := zoo.NewCLIPTokenizer(vocab, zoo.CleanOpenAI)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// A tokenizer.json gives the same tokens as the merges that it was made of.
func TestTokenizerJSON(t *testing.T) {
	doc := `{"model":{"vocab":{"a":5,"b</w>":6,"ab</w>":7,"a</w>":4,"<|startoftext|>":8,"<|endoftext|>":9},"merges":[["a","b</w>"]]}}`
	tok, err := zoo.NewCLIPTokenizer([]byte(doc), zoo.CleanTransformers)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := tok.Encode("AB a", 77); !slices.Equal(got, []int64{8, 7, 4, 9}) {
		t.Errorf("got %v", got)
	}
	for _, bad := range []string{`{}`, `{"model":{"vocab":{"a":-1}}}`, `{"model":`, "", "#version\na b c\n"} {
		if _, err := zoo.NewCLIPTokenizer([]byte(bad), zoo.CleanTransformers); err == nil {
			t.Errorf("the vocabulary %q was taken", bad)
		}
	}
}

func TestWordTokenizer(t *testing.T) {
	tok, err := zoo.NewWordTokenizer([]byte("<pad>\n<unknown>\na\nred\ncircle\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, dropped := tok.Encode("A red, circle zebra.", 3)
	if !slices.Equal(got, []int64{2, 3, 4}) || dropped != 1 {
		t.Errorf("got %v, %d dropped", got, dropped)
	}
	for _, bad := range []string{"", "a\nb\n", "<pad>\n<unknown>\na\na\n", "<pad>\n<unknown>\n\na"} {
		if _, err := zoo.NewWordTokenizer([]byte(bad)); err == nil {
			t.Errorf("the word list %q was taken", bad)
		}
	}
}

func FuzzTokenizer(f *testing.F) {
	for _, s := range []string{"", "a photo", "&#x110000;&amp", "Σ", "\xff\xfe", "cafÃ©", "'ſ", "<|startoftext|>"} {
		f.Add(s)
	}
	tok := small(f)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			return
		}
		clean := tok.Clean(s)
		if !utf8.ValidString(clean) {
			t.Fatalf("cleaning %q gave %q", s, clean)
		}
		ids, dropped := tok.Encode(s, 24)
		if len(ids) < 2 || len(ids) > 24 || dropped < 0 {
			t.Fatalf("%d ids, %d dropped", len(ids), dropped)
		}
		for _, id := range ids {
			if id < 0 || id >= int64(tok.VocabSize()) {
				t.Fatalf("id %d of %d", id, tok.VocabSize())
			}
		}
	})
}

func FuzzVocabulary(f *testing.F) {
	f.Add([]byte("#version\na b\n"))
	f.Add([]byte(`{"model":{"vocab":{"<|startoftext|>":0,"<|endoftext|>":1},"merges":["a b"]}}`))
	f.Add([]byte{0x1f, 0x8b, 8})
	f.Fuzz(func(t *testing.T, data []byte) {
		if tok, err := zoo.NewCLIPTokenizer(data, zoo.CleanOpenAI); err == nil {
			tok.Encode("a b ab", 77)
		}
		_, _ = zoo.NewWordTokenizer(data)
	})
}

func FuzzInspectONNX(f *testing.F) {
	data, err := os.ReadFile(filepath.Join(fixtures, "models", "tiny-cnn.onnx"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:100])
	f.Fuzz(func(t *testing.T, data []byte) { _, _, _, _ = zoo.InspectONNX(data) })
}

package zoo_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"probity/zoo"
)

// SigLIP's tokens agree with transformers on sentencepiece, and with open_clip on tokenizers (versions in tokens-siglip.json), id for
// id, on a unigram model of our own. Both files that hold its pieces give the same tokens.
func TestSigLIPTokensAgreeWithTransformersAndOpenCLIP(t *testing.T) {
	var gold struct {
		Rows []struct {
			Text         string
			Transformers []int64
			OpenCLIP     []int64 `json:"open_clip"`
		}
	}
	readJSON(t, filepath.Join(fixtures, "tokens-siglip.json"), &gold)
	if len(gold.Rows) < 80 {
		t.Fatalf("%d rows", len(gold.Rows))
	}
	for _, file := range []string{"tiny-spiece.model", "tiny-siglip-tokenizer.json"} {
		vocab, err := os.ReadFile(filepath.Join(fixtures, "models", file))
		if err != nil {
			t.Fatal(err)
		}
		hf, err := zoo.NewSigLIPTokenizer(vocab, zoo.CleanSigLIP)
		if err != nil {
			t.Fatal(err)
		}
		open, err := zoo.NewSigLIPTokenizer(vocab, zoo.CleanSigLIPOpenCLIP)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range gold.Rows {
			if got, _ := hf.Encode(r.Text, 1<<20); !slices.Equal(got, r.Transformers) {
				t.Errorf("%s, transformers %q (cleaned %q): %v, want %v", file, r.Text, hf.Clean(r.Text), got, r.Transformers)
			}
			if got, _ := open.Encode(r.Text, 1<<20); !slices.Equal(got, r.OpenCLIP) {
				t.Errorf("%s, open_clip %q (cleaned %q): %v, want %v", file, r.Text, open.Clean(r.Text), got, r.OpenCLIP)
			}
			if got, dropped := hf.Encode(r.Text, 16); dropped != max(0, len(r.Transformers)-16) || len(got) != min(16, len(r.Transformers)) || got[len(got)-1] != 1 {
				t.Errorf("%q cut to 16: %v, %d dropped", r.Text, got, dropped)
			}
		}
	}
}

// A vocabulary of another kind is refused with what it is.
func TestSigLIPVocabularyOfAnotherKind(t *testing.T) {
	merges, err := os.ReadFile(filepath.Join(fixtures, "models", "tiny-merges.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ vocab, want string }{
		{string(merges), "no unigram model"},
		{"", "no unknown piece"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`, "no unigram model"},
		{`{"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1]]}}`, "no piece </s>"},
		{`{"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1],["a",-2]]}}`, "twice"},
		{`{"model":{"type":"Unigram","unk_id":9,"vocab":[["<unk>",0],["</s>",-1]]}}`, "number 9 of 2"},
		{`{"model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0],["</s>",-1]]}}`, "as bytes"},
		{"\x12\x02\x18\x02", "byte pairs"}, // trainer_spec { model_type: BPE }
	} {
		if _, err := zoo.NewSigLIPTokenizer([]byte(c.vocab), zoo.CleanSigLIP); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: the error %v does not say %q", c.vocab, err, c.want)
		}
	}
}

func FuzzSentencePiece(f *testing.F) {
	for _, name := range []string{"tiny-spiece.model", "tiny-siglip-tokenizer.json"} {
		data, err := os.ReadFile(filepath.Join(fixtures, "models", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "a red circle ½ e\u0301 \xff </s>")
	}
	f.Fuzz(func(t *testing.T, vocab []byte, text string) {
		if len(text) > 500 {
			return
		}
		tok, err := zoo.NewSigLIPTokenizer(vocab, zoo.CleanSigLIP)
		if err != nil {
			return
		}
		ids, _ := tok.Encode(text, 24)
		for _, id := range ids {
			if id < 0 || id >= int64(tok.VocabSize()) {
				t.Fatalf("id %d of %d", id, tok.VocabSize())
			}
		}
	})
}

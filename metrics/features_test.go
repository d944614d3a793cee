package metrics_test

import (
	"testing"

	"probity/internal/raster"
	"probity/internal/trial"
)

// featureGoldens gives each golden of features.json its features, in the order of the metric's needs.
func featureGoldens() map[string][]*trial.Tensor {
	out := map[string][]*trial.Tensor{}
	for _, label := range []string{"cosine", "l2", "normalised-l2"} {
		a, b := near(10, 192)
		out[label] = []*trial.Tensor{pooled(a), pooled(b)}
	}
	a, b := near(20, 3*8*8)
	out["input-l2"] = []*trial.Tensor{grid(a, 3, 8, 8), grid(b, 3, 8, 8)}
	a, b = near(30, 24*7*9)
	maps := []*trial.Tensor{grid(a, 24, 7, 9), grid(b, 24, 7, 9)}
	for _, label := range []string{"patch-cosine", "patch-cosine pool=max", "patch-cosine pool=top", "patch-cosine pool=assignment", "gram", "channel-stats", "self-similarity", "cka", "cka debiased=true"} {
		out[label] = maps
	}
	turned := grid(make([]float32, len(b)), 24, 7, 9)
	for c := range 24 {
		for i := range 63 {
			turned.Data[c*63+62-i] = b[c*63+i]
		}
	}
	out["patch-cosine pool=assignment moved"] = []*trial.Tensor{maps[0], turned}
	for k, c := range []int{64, 192, 384, 256, 256} {
		h, w := 12-2*k, 11-2*k
		a, b := near(uint32(40+2*k), c*h*w)
		out["lpips-alex"] = append(out["lpips-alex"], grid(a, c, h, w), grid(b, c, h, w))
	}
	for k, c := range []int{3, 64, 128, 256, 512, 512} {
		h, w := 10-k, 9-k
		a, b := near(uint32(80+2*k), c*h*w)
		out["dists"] = append(out["dists"], grid(a, c, h, w), grid(b, c, h, w))
	}
	e := words()
	out["clip-score"] = []*trial.Tensor{e[1], e[3]}
	refs := &trial.Tensor{Layout: trial.Tokens, Shape: []int{3, 64}}
	for _, r := range e[4:] {
		refs.Data = append(refs.Data, r.Data...)
	}
	out["ref-clip-score"] = []*trial.Tensor{e[1], e[3], refs}
	out["text-image-gain"] = []*trial.Tensor{e[1], e[0], e[3]}
	out["directional"] = e[:4]
	return out
}

// words are embeddings of the input, the output, the source and the target caption and three references.
func words() (e []*trial.Tensor) {
	shared := noise(99, 64)
	for i := range 7 {
		v := noise(uint32(100+i), 64)
		for k := range v {
			v[k] += shared[k]
		}
		e = append(e, pooled(v))
	}
	return
}

// seededFeatures scores seeded tensors in place of a network's against scipy, torch, scikit-learn, lpips and DISTS_pytorch.
// Tokens have to give what the same numbers give as a map.
func seededFeatures(t *testing.T) {
	want := read[map[string]golden](t, "features.json")
	given := featureGoldens()
	blank := raster.New(8, 8)
	for label, w := range want {
		f, ok := given[label]
		if !ok {
			t.Errorf("nothing known of %s", label)
			continue
		}
		m, _ := build(t, label)
		if n := len(m.Needs()); n != len(f) {
			t.Fatalf("%s needs %d features, has %d", label, n, len(f))
		}
		s, err := m.Score(&trial.Trial{Input: blank, Output: blank, Features: f, Memo: new(trial.Memo)})
		if err != nil {
			t.Errorf("%s: %v", label, err)
			continue
		}
		tolerance := 1e-12
		if label == "dists" || label == "lpips-alex" {
			tolerance = 1e-11
		}
		agree(t, label, "seeded features", s.Value, w, tolerance)
		if f[0].Layout == trial.Grid && f[0].Channels() == 24 {
			s2, err := m.Score(&trial.Trial{Input: blank, Output: blank, Features: []*trial.Tensor{tokens(f[0]), tokens(f[1])}})
			if err != nil || abs(s2.Value-s.Value) > 1e-12 {
				t.Errorf("%s: %v as a map, %v as tokens (%v)", label, s.Value, s2.Value, err)
			}
		}
	}
}

// Places that only change their places: the assignment follows them, place by place does not.
func TestAssignmentFollowsWhatMoved(t *testing.T) {
	f := featureGoldens()["patch-cosine"]
	turned := featureGoldens()["patch-cosine pool=assignment moved"][1]
	m, _ := build(t, "patch-cosine pool=assignment")
	blank := raster.New(8, 8)
	a, err1 := m.Score(&trial.Trial{Input: blank, Output: blank, Features: f})
	b, err2 := m.Score(&trial.Trial{Input: blank, Output: blank, Features: []*trial.Tensor{f[0], turned}})
	if err1 != nil || err2 != nil || abs(a.Value-b.Value) > 1e-12 {
		t.Errorf("%v and, moved about, %v (%v, %v)", a.Value, b.Value, err1, err2)
	}
}

package perturb_test

import "testing"

// Half of the classes get a larger share, by the severity, and the set keeps its size; at 1 the others are gone.
func TestClassSkew(t *testing.T) {
	for _, s := range []float64{.25, .5, 1} {
		in, out := onSet(t, "class-skew", s, nil)
		got := map[string]float64{}
		for _, p := range out.Picks {
			if p.Pool {
				t.Fatal("a member came from outside")
			}
			got[in.Members[p.Index].Class]++
		}
		if len(out.Picks) != len(in.Members) {
			t.Errorf("skew %g: %d members of %d", s, len(out.Picks), len(in.Members))
		}
		more := 0
		before := map[string]float64{"a": 20, "b": 30, "c": 10}
		for c, n := range before {
			if got[c] > n {
				more++
				// Shares grow in proportion 1 + s against 1 - s.
				for d, m := range before {
					if got[d] < m {
						if want := (1 + s) / (1 - s) * n / m; s < 1 && (got[c]+1)/(got[d]-1) < want || s < 1 && (got[c]-1)/(got[d]+1) > want || s == 1 && got[d] > 0 {
							t.Errorf("skew %g: %v", s, got)
						}
					}
				}
			}
		}
		if more != 1 { // of three classes, one is the half rounded down
			t.Errorf("skew %g makes %d classes more frequent: %v", s, more, got)
		}
	}
}

package stream_test

import (
	"math"
	"slices"
	"testing"

	"probity/internal/stream"
)

var key = stream.Key{Seed: 20261123, Source: "abc", Step: "noise", Purpose: "field", Replicate: 2}

// The numbers of a key never change: kept scores and published figures stand on them. The oracle of the sum is Python's
// hashlib; the stream behind it is ChaCha8, which Go specifies.
func TestKeySum(t *testing.T) {
	// hashlib.sha256(struct.pack('<Q', 20261123) + b''.join(struct.pack('<Q', len(s)) + s for s in (b'abc', b'noise', b'field')) + struct.pack('<q', 2))
	const want = "3f60bdcc527f9238f610116b9f80758d88f66c486d3f8cf92e3325110534ae9b"
	sum := key.Sum()
	got := ""
	for _, b := range sum {
		got += string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15])
	}
	if got != want {
		t.Errorf("sum of the key is %s, want %s", got, want)
	}
}

func TestFieldsAreApart(t *testing.T) {
	others := []stream.Key{
		{Seed: 20261124, Source: "abc", Step: "noise", Purpose: "field", Replicate: 2},
		{Seed: 20261123, Source: "abcn", Step: "oise", Purpose: "field", Replicate: 2},
		{Seed: 20261123, Source: "abc", Step: "noisef", Purpose: "ield", Replicate: 2},
		{Seed: 20261123, Source: "abc", Step: "noise", Purpose: "centre", Replicate: 2},
		{Seed: 20261123, Source: "abc", Step: "noise", Purpose: "field", Replicate: -2},
	}
	for _, k := range others {
		if k.Sum() == key.Sum() {
			t.Errorf("%+v and %+v give one stream", k, key)
		}
	}
	a, b := key.Open(), key.Open()
	for range 100 {
		if a.Uint64() != b.Uint64() {
			t.Fatal("one key, two streams")
		}
	}
}

// Moments and frequencies lie within five standard errors of their distributions'.
func TestDistributions(t *testing.T) {
	const n = 200_000
	s := key.Open()
	var sum, square, fourth, below float64
	for range n {
		x := s.Norm()
		sum, square, fourth = sum+x, square+x*x, fourth+x*x*x*x
		if x < 1 {
			below++
		}
	}
	near := func(what string, got, want, se float64) {
		t.Helper()
		if math.Abs(got-want) > 5*se {
			t.Errorf("%s is %.5f, want %.5f within %.5f", what, got, want, 5*se)
		}
	}
	near("mean of Norm", sum/n, 0, 1/math.Sqrt(n))
	near("variance of Norm", square/n, 1, math.Sqrt(2./n))
	near("fourth moment of Norm", fourth/n, 3, math.Sqrt(96./n))
	near("P(Norm < 1)", below/n, .841344746, math.Sqrt(.8413*.1587/n))
	counts := make([]float64, 7)
	for range n {
		u := s.Float64()
		if u < 0 || u >= 1 {
			t.Fatalf("Float64 gave %v", u)
		}
		counts[s.IntN(7)]++
	}
	for i, c := range counts {
		near("frequency of "+string(rune('0'+i)), c/n, 1./7, math.Sqrt(6./49/n))
	}
}

// Each of the six orders of three comes as often as the others.
func TestPerm(t *testing.T) {
	const n = 60_000
	s := key.Open()
	seen := map[[3]int]float64{}
	for range n {
		p := s.Perm(3)
		seen[[3]int(p)]++
		slices.Sort(p)
		if !slices.Equal(p, []int{0, 1, 2}) {
			t.Fatalf("%v is no permutation", p)
		}
	}
	for p, c := range seen {
		if d := math.Abs(c/n - 1./6); d > 5*math.Sqrt(5./36/n) {
			t.Errorf("%v came in %.4f of cases", p, c/n)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d orders of three", len(seen))
	}
}

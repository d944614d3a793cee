// Package stream gives every random draw its own reproducible source of numbers.
//
// A stream is keyed by what the draw is for (experiment seed, source hash, step name, purpose, replicate) and by
// nothing else: not by severity, area, place in a chain, worker or shard. So a disc of 4 % contains the disc of 1 %
// drawn for the same source, severity 10 moves the same pixels as severity 5, and a run gives the same bytes
// whatever the number of workers.
//
//	s := stream.Key{Seed: 20261123, Source: hash, Step: "noise", Purpose: "field", Replicate: 0}.Open()
//	x := s.Norm()
package stream

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Key names one stream. Two keys that differ in any field give independent streams.
type Key struct {
	Seed      uint64 // the experiment's seed
	Source    string // the source's content hash; "" for draws that belong to no source
	Step      string // name of the perturbation, region or statistic that draws
	Purpose   string // what is drawn: "centre", "field", "donor"
	Replicate int    // repetition of the same draw: replicate of an edit, draw of a null
}

// Sum is the SHA-256 of the key's fields, each preceded by its length.
func (k Key) Sum() [32]byte {
	var b []byte
	b = binary.LittleEndian.AppendUint64(b, k.Seed)
	for _, s := range []string{k.Source, k.Step, k.Purpose} {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(int64(k.Replicate)))
	return sha256.Sum256(b)
}

// Rank is a number in [0, 2^64) that depends on the key alone. Sorting by it gives a seeded order in which adding
// elements never changes the order of those already there.
func (k Key) Rank() uint64 {
	sum := k.Sum()
	return binary.LittleEndian.Uint64(sum[:8])
}

// Open starts the stream.
func (k Key) Open() *Stream { return &Stream{src: rand.NewChaCha8(k.Sum())} }

// Stream is a sequence of random numbers (ChaCha8, as specified by math/rand/v2). It is not safe for concurrent use.
// The distributions are our own, so that their values cannot change with the Go release.
type Stream struct {
	src   *rand.ChaCha8
	spare float64
	has   bool
}

// Uint64 is uniform over all 64-bit numbers.
func (s *Stream) Uint64() uint64 { return s.src.Uint64() }

// Float64 is uniform on [0, 1), a multiple of 2^-53.
func (s *Stream) Float64() float64 { return float64(s.src.Uint64()>>11) / (1 << 53) }

// Norm is standard normal (Box and Muller, 1958).
func (s *Stream) Norm() float64 {
	if s.has {
		s.has = false
		return s.spare
	}
	r := math.Sqrt(-2 * math.Log(1-s.Float64()))
	sin, cos := math.Sincos(2 * math.Pi * s.Float64())
	s.spare, s.has = r*sin, true
	return r * cos
}

// IntN is uniform on 0..n-1. It panics if n < 1.
func (s *Stream) IntN(n int) int {
	if n < 1 {
		panic("stream: IntN needs n >= 1")
	}
	bound := uint64(n)
	limit := math.MaxUint64 - math.MaxUint64%bound
	for {
		if v := s.src.Uint64(); v < limit {
			return int(v % bound)
		}
	}
}

// Perm is a uniform permutation of 0..n-1 (Fisher and Yates; Durstenfeld, 1964).
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}

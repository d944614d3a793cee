package stats

import (
	"fmt"
	"math"
)

// Choice is one two-alternative trial: what people and a metric said of alternatives A and B.
type Choice struct {
	VotesA, VotesB float64
	ScoreA, ScoreB float64 // in the direction in which the larger is chosen
}

// TwoAFC is a metric's agreement with votes.
type TwoAFC struct {
	Agreement float64 // mean share of a trial's votes for the metric's choice, ties of the metric half (Zhang et al. 2018)
	Ceiling   float64 // the same of the majority: the most that any rule can reach
	Human     float64 // the chance that one rater agrees with another of the same trial; NaN without trials of two votes
	ByVotes   float64 // share of all votes for the metric's choice: trials with more votes count more
	CeilingBy float64 // share of all votes with the majority
	Decided   float64 // share of trials with a majority whose majority the metric chose, ties of the metric half
	Trials, N int     // trials, and decided ones
}

// AgreeTwoAFC counts votes as fractions. A trial without votes is an error, and so is a score that is NaN.
func AgreeTwoAFC(trials []Choice) (TwoAFC, error) {
	r := TwoAFC{Trials: len(trials)}
	if len(trials) == 0 {
		return r, fmt.Errorf("2AFC agreement: no trials: %w", ErrUndefined)
	}
	var votes, human float64
	repeated := 0
	for i, t := range trials {
		n := t.VotesA + t.VotesB
		if !(n > 0) || t.VotesA < 0 || t.VotesB < 0 {
			return r, fmt.Errorf("2AFC agreement: trial %d has votes %v and %v", i, t.VotesA, t.VotesB)
		}
		if math.IsNaN(t.ScoreA) || math.IsNaN(t.ScoreB) {
			return r, fmt.Errorf("2AFC agreement: trial %d has a missing score", i)
		}
		with := (t.VotesA + t.VotesB) / 2
		if t.ScoreA > t.ScoreB {
			with = t.VotesA
		} else if t.ScoreB > t.ScoreA {
			with = t.VotesB
		}
		most := max(t.VotesA, t.VotesB)
		r.Agreement += with / n
		r.Ceiling += most / n
		r.ByVotes += with
		r.CeilingBy += most
		votes += n
		if n >= 2 {
			human += (t.VotesA*(t.VotesA-1) + t.VotesB*(t.VotesB-1)) / (n * (n - 1))
			repeated++
		}
		if t.VotesA != t.VotesB {
			r.N++
			switch {
			case with == n/2:
				r.Decided += .5
			case with == most:
				r.Decided++
			}
		}
	}
	k := float64(len(trials))
	r.Agreement /= k
	r.Ceiling /= k
	r.ByVotes /= votes
	r.CeilingBy /= votes
	r.Decided /= float64(r.N)
	r.Human = math.NaN()
	if repeated > 0 {
		r.Human = human / float64(repeated)
	}
	return r, nil
}

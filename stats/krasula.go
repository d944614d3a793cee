package stats

import (
	"fmt"
	"math"
)

// Krasula is the analysis of Krasula, Fliegel, Le Callet and Klima (2016): what a metric says of pairs whose difference
// people did or did not see.
type Krasula struct {
	Different float64 // AUC of |metric difference| for telling significantly different pairs from similar ones
	Better    float64 // AUC of the signed difference for telling which of a different pair is better
	Correct   float64 // share of different pairs ordered rightly, ties half (at threshold 0)
	Pairs     int     // unordered pairs, each once, none with itself
	Apart     int     // of them significantly different
	Warnings  []string
}

// KrasulaPair is one unordered pair of stimuli.
type KrasulaPair struct {
	Score  float64 // metric of the first minus the second, in the direction of quality
	Human  float64 // rating of the first minus the second
	Differ bool    // people rate them significantly differently
}

// KrasulaPairs makes every unordered pair of items within a group (the same source; nil: all) and tests the difference of
// their ratings by z = (a-b)/sqrt(se_a^2+se_b^2) against the two-sided normal quantile of level.
func KrasulaPairs(score, rating, se []float64, group []int, level float64) ([]KrasulaPair, error) {
	if len(score) != len(rating) || len(se) != len(rating) || group != nil && len(group) != len(rating) {
		return nil, fmt.Errorf("krasula: %d scores, %d ratings, %d standard errors, %d groups", len(score), len(rating), len(se), len(group))
	}
	q := normalQuantile(.5 + orLevel(level)/2)
	var out []KrasulaPair
	for i := range score {
		for j := i + 1; j < len(score); j++ {
			if group != nil && group[i] != group[j] {
				continue
			}
			d := rating[i] - rating[j]
			out = append(out, KrasulaPair{score[i] - score[j], d, math.Abs(d) > q*math.Hypot(se[i], se[j])})
		}
	}
	return out, nil
}

// AnalyseKrasula computes the three numbers. Better orients every pair both ways, so that which of two was named first
// does not matter. What a lack of pairs leaves undefined is NaN with a warning.
func AnalyseKrasula(pairs []KrasulaPair) (Krasula, error) {
	k := Krasula{Different: math.NaN(), Better: math.NaN(), Correct: math.NaN(), Pairs: len(pairs)}
	var same, apart, better, worse []float64
	var right float64
	for i, p := range pairs {
		if math.IsNaN(p.Score) || math.IsNaN(p.Human) {
			return k, fmt.Errorf("krasula: pair %d has a missing number", i)
		}
		if !p.Differ {
			same = append(same, math.Abs(p.Score))
			continue
		}
		apart = append(apart, math.Abs(p.Score))
		s := p.Score
		if p.Human < 0 {
			s = -s
		}
		better, worse = append(better, s), append(worse, -s)
		switch {
		case s > 0:
			right++
		case s == 0:
			right += .5
		}
	}
	k.Apart = len(apart)
	if len(same) == 0 || len(apart) == 0 {
		k.Warnings = append(k.Warnings, fmt.Sprintf("%d different and %d similar pairs: different-or-similar is undefined", len(apart), len(same)))
	} else {
		k.Different, _ = AUC(same, apart)
	}
	if len(apart) == 0 {
		k.Warnings = append(k.Warnings, "no pair differs significantly: better-or-worse is undefined")
		return k, nil
	}
	k.Better, _ = AUC(worse, better)
	k.Correct = right / float64(len(apart))
	return k, nil
}

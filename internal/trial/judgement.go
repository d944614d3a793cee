package trial

import (
	"context"
	"fmt"
	"math"

	"probity/internal/registry"
)

// JudgementKind says what people did.
type JudgementKind string

// The kinds of judgement.
const (
	Rated         JudgementKind = "rating"  // gave each item a number
	Chose         JudgementKind = "pair"    // chose between two alternatives to one reference
	ChoseOfTriple JudgementKind = "triplet" // said which of two is more like a third: a choice as well
)

// Judgements are what people said of the items of one data set: ratings, or choices between two. Pictures may be absent;
// scores that the data set publishes can then be compared all the same.
type Judgements struct {
	Name    string // of the data set
	Kind    JudgementKind
	Scale   string // what the numbers are called: "mos", "SC"
	Lower   bool   // a lower number is better (DMOS, error rates)
	Noun    string // what a source is: "photograph", "prompt"; "" means "source"
	Ratings []Rating
	Choices []Choice
	Raters  []string // names of the raters, where single ratings are given

	// Columns and Scores are what the data set publishes of metrics: Scores by metric, then item; ScoresB those of
	// alternative B of choices. NaN where one is missing.
	Columns         []Column
	Scores, ScoresB [][]float64

	Problems []Problem // rows that could not be used, where leaving them out was asked for
	Notes    []string  // what a reader of the results must know of how the data were read
}

// Subject is what a judgement is about, but for the pictures that were judged.
type Subject struct {
	Item      string // unique name: "i01_01_1.bmp"
	Reference string // file of the reference picture; "" where there is none
	// Source is the unit of statistics: judgements of one original share it. "" means that the item stands for itself.
	Source     string
	Distortion string // distortion, editor or generator; "" where there is none
	Level      float64

	Requirement, SourceCaption, TargetCaption string
}

// Rating is one item with people's number.
type Rating struct {
	Subject
	Output string  // file of the picture that was judged; "" where pictures are absent
	Value  float64 // mean over raters
	SD     float64 // of single ratings; NaN where it is not known
	SE     float64 // of Value; NaN where it is not known
	N      float64 // ratings; NaN where it is not known
	Raw    []float64
}

// Error is the standard error of a rating's mean: given, or from the standard deviation and number of ratings, or from the
// single ones; NaN where none of these is known.
func (r *Rating) Error() float64 {
	switch {
	case !math.IsNaN(r.SE):
		return r.SE
	case r.SD >= 0 && r.N >= 1:
		return r.SD / math.Sqrt(r.N)
	}
	var n, m, ss float64
	for _, v := range r.Raw {
		if !math.IsNaN(v) {
			n, m = n+1, m+v
		}
	}
	if n < 2 {
		return math.NaN()
	}
	m /= n
	for _, v := range r.Raw {
		if !math.IsNaN(v) {
			ss += (v - m) * (v - m)
		}
	}
	return math.Sqrt(ss / (n - 1) / n)
}

// Choice is one trial in which people chose between A and B, given the reference.
type Choice struct {
	Subject
	A, B   string  // files of the alternatives; "" where pictures are absent
	VotesB float64 // votes for B
	Votes  float64 // votes in all; NaN where VotesB is a share of an unknown number
}

// Items counts the judgements.
func (j *Judgements) Items() int { return len(j.Ratings) + len(j.Choices) }

// Subject is what judgement i is about.
func (j *Judgements) Subject(i int) *Subject {
	if j.Choices != nil {
		return &j.Choices[i].Subject
	}
	return &j.Ratings[i].Subject
}

// Pictures are the files of judgement i: the reference and what was judged, two of a choice; ok is false where any is absent.
func (j *Judgements) Pictures(i int) (reference string, outputs []string, ok bool) {
	reference = j.Subject(i).Reference
	if j.Choices != nil {
		outputs = []string{j.Choices[i].A, j.Choices[i].B}
	} else {
		outputs = []string{j.Ratings[i].Output}
	}
	ok = reference != ""
	for _, o := range outputs {
		ok = ok && o != ""
	}
	return reference, outputs, ok
}

// Check says what of the judgements contradicts itself.
func (j *Judgements) Check() error {
	switch {
	case j.Items() == 0:
		return fmt.Errorf("%s: no judgements", j.Name)
	case len(j.Ratings) > 0 && len(j.Choices) > 0:
		return fmt.Errorf("%s: ratings and choices in one set", j.Name)
	case len(j.Scores) != len(j.Columns) || len(j.Choices) > 0 && len(j.ScoresB) != len(j.Columns):
		return fmt.Errorf("%s: %d metrics but %d columns of scores", j.Name, len(j.Columns), len(j.Scores))
	}
	for _, list := range [][][]float64{j.Scores, j.ScoresB} {
		for m, col := range list {
			if len(col) != j.Items() {
				return fmt.Errorf("%s: %s has %d scores for %d items", j.Name, j.Columns[m].Label, len(col), j.Items())
			}
		}
	}
	return nil
}

// JudgeFunc reads a data set's judgements. Pictures need not be there unless the data set cannot do without.
type JudgeFunc func(ctx context.Context, params registry.Values, opt OpenOptions) (*Judgements, error)

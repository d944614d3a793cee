package reports

import (
	"encoding/json"
	"math"
	"strconv"
)

// Finding is a statistical result: an answer in words, the estimates it stands on, what it holds for, and what a reader
// must know. Its JSON form is stable and described in docs/file-formats.md.
type Finding struct {
	Kind        string          `json:"kind"`
	Version     int             `json:"version"` // of the kind
	Title       string          `json:"title"`
	Answer      string          `json:"answer"` // a sentence with a number and its interval
	Scope       string          `json:"scope"`  // "4 networks, 48 photographs of imagenet-samples"
	Method      []string        `json:"method"` // definitions and assumptions, a sentence each
	Exploratory bool            `json:"exploratory"`
	Params      json.RawMessage `json:"params,omitempty"`
	Estimates   []Estimate      `json:"estimates"`
	Contrasts   []Contrast      `json:"contrasts,omitempty"`
	Best        []Best          `json:"best,omitempty"` // which metric stands highest at each cell, and which cannot be told from it
	Warnings    []Warning       `json:"warnings"`
	Refused     []Refusal       `json:"refused,omitempty"` // statistics that were not given, and why
	Responses   *Responses      `json:"-"`                 // of a decomposition, written as a table of their own
}

// Number is a float64 whose JSON is null where it is not finite.
type Number float64

// MarshalJSON writes the shortest decimal that reads back as the same number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

// UnmarshalJSON reads a number; null is NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*n = Number(f)
	return err
}

// Quantity names what an estimate estimates.
type Quantity string

// The quantities of estimates.
const (
	MeanScore      Quantity = "mean score"             // raw, in the metric's own unit and direction
	NullPercentile Quantity = "percentile among nulls" // share of the source's nulls below the stimulus, ties half
	SwapPercentile Quantity = "percentile among same-class swaps"
	ClassEffect    Quantity = "effect of class"                  // mean across-class score minus mean within-class score, larger is more different
	LinearScale    Quantity = "position between null and anchor" // 0 median null, 1 median anchor; illustration only
	Salience       Quantity = "salience"                         // P(edit alone rated above nulls alone), within source
	AWithin        Quantity = "A within"                         // AUC within each source, averaged over sources
	APooled        Quantity = "A pooled"                         // AUC with one criterion for all sources
	DPrime         Quantity = "d'"                               // relabelling of A within
	Threshold      Quantity = "threshold"                        // severity where isotonic A within crosses the criterion
	Slope          Quantity = "slope of log threshold on log area"
	SetValue       Quantity = "value of a set metric" // in the metric's own unit and direction
)

// Estimate is one number with its interval.
type Estimate struct {
	Quantity Quantity `json:"quantity"`
	Metric   string   `json:"metric"`
	Perturb  string   `json:"perturb,omitempty"`
	Shape    string   `json:"shape,omitempty"`
	Area     Number   `json:"area"`            // fraction of the picture; null where it has none
	Severity Number   `json:"severity"`        // as asked; null where the estimate is over severities
	Realised Number   `json:"realised"`        // severity that was reached, where targets were out of reach; else as asked
	Unit     string   `json:"unit,omitempty"`  // of Severity; of Value for thresholds
	Null     string   `json:"null,omitempty"`  // kind of null, or "all nulls"
	Worst    bool     `json:"worst,omitempty"` // the null is the one that hides the edit best for this metric

	Value    Number  `json:"value"`
	Low      Number  `json:"low"` // of the pointwise interval; null where none can be given, or unbounded (see Censored)
	High     Number  `json:"high"`
	BandLow  Number  `json:"band_low"` // simultaneous over the curve that the estimate belongs to
	BandHigh Number  `json:"band_high"`
	Level    float64 `json:"level"`
	Method   string  `json:"method"` // of the interval
	DF       Number  `json:"df"`     // of a t interval
	N        int     `json:"n"`      // clusters, the unit of the interval
	Sources  int     `json:"sources"`
	// Of agreement with people: the data set of judgements, the part of it ("within source", "distortion 3"), the sign with
	// which the value counts as agreement, and the interval of the metric's rank in it.
	Dataset  string `json:"dataset,omitempty"`
	At       string `json:"at,omitempty"`
	Sign     int    `json:"sign,omitempty"`
	RankLow  int    `json:"rank_low,omitempty"`
	RankHigh int    `json:"rank_high,omitempty"`
	// Set is the form of a ratio's confidence set (Fieller's): "bounded", "exclusive" (all but what lies between Low and High)
	// or "the whole line". Unless it is bounded there is no finite ratio.
	Set string `json:"set,omitempty"`
	// Censored is 1 where the value is only known to be larger than Value (the largest tested), -1 where smaller.
	Censored int   `json:"censored,omitempty"`
	Warnings []int `json:"warnings,omitempty"` // places in Finding.Warnings, from 0
}

// Contrast is a difference between two estimates, judged against the smallest effect of interest.
type Contrast struct {
	Name             string   `json:"name"`
	Finding          string   `json:"finding"`
	Metric           string   `json:"metric"`
	Against          string   `json:"against"`
	At               string   `json:"at"` // the condition in words
	Dataset          string   `json:"dataset,omitempty"`
	Quantity         Quantity `json:"quantity"`
	Value            Number   `json:"value"`
	Low              Number   `json:"low"`
	High             Number   `json:"high"`
	Level            float64  `json:"level"`
	Method           string   `json:"method"`
	DF               Number   `json:"df"`
	N                int      `json:"n"`
	P                Number   `json:"p"`      // two-sided, of no difference
	PHolm            Number   `json:"p_holm"` // adjusted over the report's hypotheses
	SmallestEffect   float64  `json:"smallest_effect"`
	PEquivalence     Number   `json:"p_equivalence"`      // TOST, of a difference at least as large as SmallestEffect
	PEquivalenceHolm Number   `json:"p_equivalence_holm"` // adjusted over the report's hypotheses
	Verdict          Verdict  `json:"verdict"`
	Words            string   `json:"words"`              // the verdict in a sentence
	Warnings         []int    `json:"warnings,omitempty"` // places in Finding.Warnings, from 0
}

// Best says which metric has the largest estimate at a cell, and which others cannot be told from it. Controls do not
// compete.
type Best struct {
	Quantity Quantity `json:"quantity"`
	Perturb  string   `json:"perturb"`
	Shape    string   `json:"shape"`
	Area     Number   `json:"area"`
	Severity Number   `json:"severity"`
	Metric   string   `json:"metric"`
	Alone    bool     `json:"alone"`          // significantly above every other: paired t over sources, Holm over the others
	Ties     []string `json:"ties,omitempty"` // metrics that it is not significantly above
}

// Verdict is what a declared contrast shows.
type Verdict string

// The verdicts.
const (
	Larger     Verdict = "larger"     // above zero, and the interval lies beyond the smallest effect
	Smaller    Verdict = "smaller"    // below zero, and the interval lies beyond the smallest effect
	Above      Verdict = "above"      // above zero; whether by as much as the smallest effect is open
	Below      Verdict = "below"      // below zero; likewise
	Equivalent Verdict = "equivalent" // smaller than the smallest effect either way (TOST)
	Undecided  Verdict = "undecided"  // neither a difference nor equivalence is shown
	NotJudged  Verdict = "not judged" // the data do not allow it; Words says why
)

// Warning is something that a reader of a finding must know.
type Warning struct {
	Code   string `json:"code"` // short and stable: "few-sources", "constant"
	Detail string `json:"detail"`
	Count  int    `json:"count,omitempty"` // estimates that it concerns
}

// Refusal is a statistic that was not given.
type Refusal struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

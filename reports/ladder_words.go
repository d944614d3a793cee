package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"probity/stats"
)

// slopeText writes a score or a slope with enough decimals to tell small ones apart.
func slopeText(v float64) string {
	decimals := 2
	switch a := math.Abs(v); {
	case math.IsNaN(v) || a > 10:
		return digits(v)
	case a < .0095:
		decimals = 4
	case a < .095:
		decimals = 3
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		return "0"
	}
	return strings.Replace(s, "0.", ".", 1)
}

// answer tells the exchange rate at one place in a sentence.
func (c *climb) answer(at ladderPlace, d, g, r *Estimate) string {
	unit := ""
	if d.Unit == "logit" {
		unit = " on the logit"
	}
	where := fmt.Sprintf("At %s, %s", c.sizeWords(at.x), c.qualityWords(at.quality))
	if c.Levels != nil {
		where = "At " + c.sizeWords(at.x)
	}
	slopes := fmt.Sprintf("a doubling of pairs adds %s%s, a step (%s) %s", bracketed(slopeText, float64(d.Value), float64(d.Low), float64(d.High)), unit,
		c.stepWords(at.quality), bracketed(slopeText, float64(g.Value), float64(g.Low), float64(g.High)))
	if c.score.Lower {
		slopes = strings.Replace(slopes, "adds", "changes it by", 1)
	}
	how := "Fieller's set, " + d.Method
	if r.Set == string(stats.Bounded) {
		return fmt.Sprintf("%s a step of caption quality is worth %s doublings of pairs in %s: %s (%s).", where,
			bracketed(digits, float64(r.Value), float64(r.Low), float64(r.High)), c.score.Label, slopes, how)
	}
	return fmt.Sprintf("%s there is no finite exchange rate in %s: %s, and the gain of a doubling cannot be told from 0 (%s: %s).", where, c.score.Label, slopes, how, r.setWords())
}

// setWords writes a set that is not bounded.
func (e *Estimate) setWords() string {
	if e.Set == string(stats.Exclusive) {
		return fmt.Sprintf("all below %s or above %s", digits(float64(e.Low)), digits(float64(e.High)))
	}
	return e.Set
}

// budgetWords tells slow learning from a lower ceiling.
func (c *climb) budgetWords(e *Estimate, quality float64, size string, samples float64) string {
	data := c.sizeWords(c.x(size))
	if data == size+" pairs" || strings.HasPrefix(data, "fresh") {
		data = size + " pairs"
	}
	s := fmt.Sprintf("Of %s, %s, %s samples in place of %s change %s by %s", data, c.qualityWords(quality), grouped(int(samples)), grouped(int(c.budget)), c.score.Label,
		bracketed(slopeText, float64(e.Value), float64(e.Low), float64(e.High)))
	sign := c.sign()
	switch lo, hi := sign*float64(e.Low), sign*float64(e.High); {
	case min(lo, hi) > 0:
		s += ": that rung was still learning, and its distance from others is in part a matter of time"
		if strings.EqualFold(size, "fresh") {
			s += " (and of pairs, since fresh samples bring new ones)"
		}
		return s + "."
	case math.IsNaN(lo) || math.IsNaN(hi):
		return s + "."
	}
	return s + ": no gain is shown, so that what it lacks is not shown to be a matter of time."
}

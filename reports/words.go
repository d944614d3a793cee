package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// plural is a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// share writes a number of 0..1 with two decimals and no leading zero: ".93", "1.00".
func share(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	s := strconv.FormatFloat(v, 'f', 2, 64)
	switch {
	case strings.HasPrefix(s, "0."):
		return s[1:]
	case strings.HasPrefix(s, "-0."):
		if s == "-0.00" {
			return ".00"
		}
		return "-" + s[2:]
	}
	return s
}

// digits writes a number with three significant digits.
func digits(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 0):
		return fmt.Sprint(v)
	}
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) >= 1e-3 && math.Abs(f) < 1e6 || v == 0 {
		dec := 2
		if f != 0 {
			dec = max(0, 2-int(math.Floor(math.Log10(math.Abs(f)))))
		}
		return strconv.FormatFloat(f, 'f', min(dec, 6), 64)
	}
	return s
}

// bare writes a number that a person chose, as they would.
func bare(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// amount writes a number that a person chose without a leading zero: ".05".
func amount(v float64) string { return strings.TrimPrefix(bare(v), "0") }

// withUnit writes an amount with its unit.
func withUnit(v float64, unit string) string {
	s := digits(v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if unit == "" {
		return s
	}
	return s + " " + unit
}

// percent writes a fraction as per cent.
func percent(v float64) string { return bare(100*v) + " %" }

// ranged writes an estimate of 0..1 with its interval: ".93 [.90, .95]".
func ranged(v, low, high float64) string { return bracketed(share, v, low, high) }

func bracketed(f func(float64) string, v, low, high float64) string {
	if math.IsNaN(low) || math.IsNaN(high) {
		return f(v)
	}
	return fmt.Sprintf("%s [%s, %s]", f(v), f(low), f(high))
}

// region names where an edit acts: "disc, 4 %".
func (c *curve) region() string {
	if !c.local() {
		if c.shape == "" {
			return "whole"
		}
		return c.shape
	}
	return c.shape + ", " + percent(c.area)
}

// describe names a cell: "hue 10 ΔE00 (disc, 4 %)".
func (c *curve) describe(x *cell) string {
	s := c.perturb
	if !c.axis.Fixed {
		s += " " + bare(x.severity)
		if u := unitText(c.unit); u != "" {
			s += " " + u
		}
	}
	return s + " (" + c.region() + ")"
}

// pvalue writes a probability: "p = .031", "p < .001".
func pvalue(p float64) string {
	switch {
	case math.IsNaN(p):
		return "p not given"
	case p < .001:
		return "p < .001"
	}
	return "p = " + strings.TrimPrefix(strconv.FormatFloat(p, 'f', 3, 64), "0")
}

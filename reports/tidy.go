package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// full writes a number in the fewest digits that give it back; "" where it is not finite.
func full(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// csvField is a field of a CSV file, quoted where it has to be (RFC 4180).
func csvField(s string) string {
	if strings.ContainsAny(s, ",\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// tidy writes all estimates of a finding as CSV, a row each.
func (f *Finding) tidy() string {
	var b strings.Builder
	b.WriteString("quantity,metric,perturb,shape,area,severity,realised,unit,null,worst,value,low,high,band_low,band_high,level,method,df,n,sources,censored,warnings,dataset,at,sign,rank_low,rank_high\n")
	text := func(s string) {
		b.WriteString(csvField(s))
		b.WriteByte(',')
	}
	for i := range f.Estimates {
		e := &f.Estimates[i]
		text(string(e.Quantity))
		text(e.Metric)
		text(e.Perturb)
		text(e.Shape)
		for _, v := range []Number{e.Area, e.Severity, e.Realised} {
			text(full(float64(v)))
		}
		text(e.Unit)
		text(e.Null)
		text(strconv.FormatBool(e.Worst))
		for _, v := range []Number{e.Value, e.Low, e.High, e.BandLow, e.BandHigh} {
			text(full(float64(v)))
		}
		text(full(e.Level))
		text(e.Method)
		text(full(float64(e.DF)))
		text(strconv.Itoa(e.N))
		text(strconv.Itoa(e.Sources))
		text(strconv.Itoa(e.Censored))
		var codes []string
		for _, w := range e.Warnings {
			codes = append(codes, f.Warnings[w].Code)
		}
		text(strings.Join(codes, ";"))
		text(e.Dataset)
		text(e.At)
		if e.Sign == 0 {
			b.WriteString(",,\n")
			continue
		}
		text(strconv.Itoa(e.Sign))
		fmt.Fprintf(&b, "%d,%d\n", e.RankLow, e.RankHigh)
	}
	return b.String()
}

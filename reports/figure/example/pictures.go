package example

import (
	"fmt"
	"math"

	"probity/reports/figure"
)

// Stimuli is a strip of stimuli.
func Stimuli() *figure.Strip {
	s := &figure.Strip{About: figure.About{Name: "stimuli", Title: "Stimuli", Says: "The same source at growing severity, by edited area", N: "2 of 48 sources (example data)"}}
	for k, area := range []float64{.04, .16} {
		r := figure.StripRow{Label: fmt.Sprintf("hue, disc %g %%", 100*area)}
		for _, sev := range []float64{0, 1, 2, 5, 10, 20} {
			l := short(sev) + " ΔE00"
			if sev == 0 {
				l = "source"
			}
			r.Thumbs = append(r.Thumbs, figure.Thumb{PNG: Scene(3+k, 96, sev, area), Label: l})
		}
		s.Rows = append(s.Rows, r)
	}
	return s
}

// Disagreement is the gallery of stimuli on which metrics disagree most.
func Disagreement() *figure.Gallery {
	st := draws("disagreement")
	g := &figure.Gallery{
		About:     figure.About{Name: "disagreement", Title: "Where metrics disagree most", Says: "Edits with the widest spread of ranks between metrics", N: "4 of 1,440 edits (example data)"},
		RankLabel: "rank of the change among all edits, per cent",
	}
	for i := range 4 {
		it := figure.GalleryItem{Title: fmt.Sprintf("scene-%02d, hue %g ΔE00, disc 9 %%", i+1, []float64{5, 20, 10, 14}[i]), Before: Scene(20+i, 96, 0, .09), After: Scene(20+i, 96, []float64{5, 20, 10, 14}[i], .09)}
		for _, m := range Members()[:9] {
			r := st.Float64()
			it.Scores = append(it.Scores, figure.GalleryScore{Label: m.Label, Family: m.Family, Rank: r, Text: short(r * .3)})
		}
		g.Items = append(g.Items, it)
	}
	return g
}

// Where is the heat map of a metric by position over the picture.
func Where() *figure.HeatOverlay {
	h := &figure.HeatOverlay{
		About: figure.About{Name: "where", Title: "Where the difference is seen", Says: "Distance of features position by position; the outline is the edited region", N: "1 of 48 sources (example data)"},
		Scale: figure.Scale{Label: "cosine distance"},
	}
	const size = 160
	mask := make([]uint8, size*size)
	cx, cy, rad := Disc(7, .09)
	for y := range size {
		for x := range size {
			if math.Hypot(float64(x)/size-cx, float64(y)/size-cy) < rad {
				mask[y*size+x] = 1
			}
		}
	}
	pic := Scene(7, size, 14, .09)
	h.Items = append(h.Items, figure.HeatItem{Title: "edited picture", Picture: pic, Bare: true, Outline: mask, MaskW: size, MaskH: size})
	for k, n := range []int{7, 14} {
		it := figure.HeatItem{Title: []string{"mobilenetv2, 7 × 7", "vit-tiny, 14 × 14"}[k], Picture: pic, W: n, H: n, Outline: mask, MaskW: size, MaskH: size}
		for y := range n {
			for x := range n {
				d := math.Hypot((float64(x)+.5)/float64(n)-cx, (float64(y)+.5)/float64(n)-cy)
				it.Map = append(it.Map, .6*math.Exp(-d*d*40)+.03*math.Abs(math.Sin(float64(x*y))))
			}
		}
		h.Items = append(h.Items, it)
	}
	return h
}

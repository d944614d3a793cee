package example

import "probity/reports/figure"

// Drawings are all example figures, in the order of the gallery.
func Drawings() []figure.Drawing {
	return []figure.Drawing{Detection(3), Detection(12), Multiples(), Raw(), Psychometric(), SetDistance(), Thresholds(), Agreement(), Summation(), Locality(), Opinion(),
		Blindness(), Significance(), Correlation(), Variance(), Response(), Stimuli(), Disagreement(), Where()}
}

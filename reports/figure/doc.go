// Package figure draws the figures of a report: plain typed data in, SVG, PDF and PNG out.
//
// Each kind of figure is one type in one file (Curves, Forest, AreaThreshold, Scatter, Matrix, Bars, Surface, Strip,
// Gallery, HeatOverlay). Its fields are the numbers to show, already computed with their intervals and warnings; Draw
// lays them out at print size and returns the bytes, a caption that states n, intervals and warnings, and an alternative
// text. The package computes no statistic. reports calls it; reports/page puts the SVG into the HTML page, where the
// data-series and data-tip attributes on its elements carry hover, toggling and linked highlighting.
//
// Sizes are points (1/72 inch) at final print width: 'column' is 3.5 in, 'page' 7.16 in; no text is smaller than
// 6.5 pt. A Palette made once from a report's metrics gives every metric the same colour, dash and marker in all
// figures. The same data give the same bytes, on every run.
//
//	p := figure.NewPalette([]figure.Member{{Label: "ssim", Family: "classical"}, {Label: "cosine(vit)", Family: "vit"}})
//	c := &figure.Curves{
//		About:  figure.About{Name: "detection", Title: "Detection", N: "48 sources", Interval: "95 % BCa over sources"},
//		X:      figure.Axis{Label: "hue, mean ΔE00", Log: true},
//		Y:      figure.Axis{Label: "A within", Min: 0, Max: 1},
//		Panels: []figure.Panel{{Series: series}},
//	}
//	fig, err := c.Draw(figure.Options{Width: figure.Column, Palette: p})
package figure

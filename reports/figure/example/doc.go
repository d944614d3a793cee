// Package example makes example data for every kind of figure, from seeded streams and pictures rendered here. The
// tests of figure and page draw it, and so does docs/gallery.md. Its numbers describe no real metric.
//
//	for _, d := range example.Drawings() {
//		fig, err := d.Draw(figure.Options{Palette: example.Palette()})
//	}
package example

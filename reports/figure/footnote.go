package figure

import "slices"

// footnotes numbers warnings, each text once.
type footnotes struct{ texts []string }

// mark is the number of a warning as a superscript, "" for no warning.
func (f *footnotes) mark(text string) string {
	if text == "" {
		return ""
	}
	i := slices.Index(f.texts, text)
	if i < 0 {
		i = len(f.texts)
		f.texts = append(f.texts, text)
	}
	return superscript(i + 1)
}

// draw prints the notes below a figure and returns the y below them.
func (f *footnotes) draw(s *scene, x, y, width float64) float64 {
	for i, t := range f.texts {
		for j, l := range wrap(t, textSmall, regular, width-8, 4) {
			if j == 0 {
				s.label(x, y+6.5, superscript(i+1), textSmall, regular, start, muted)
			}
			s.label(x+6, y+6.5, l, textSmall, regular, start, muted)
			y += 8
		}
	}
	return y
}

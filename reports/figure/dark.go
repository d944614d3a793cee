package figure

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
)

func pow(x, y float64) float64 { return math.Pow(x, y) }

// DarkPaper is the background that Dark makes colours for.
const DarkPaper = "#16191d"

// Dark is the colour that takes the place of a figure's colour ("#rrggbb", one of Figure.Colours) on a dark page: white
// becomes the page, ink becomes light, and a series keeps its hue but is lightened until its contrast with the page is
// at least 4.5 to 1.
func Dark(colour string) (string, error) {
	v, err := strconv.ParseUint(colour[min(1, len(colour)):], 16, 32)
	if err != nil || len(colour) != 7 || colour[0] != '#' {
		return "", fmt.Errorf("colour %q is not of the form #rrggbb", colour)
	}
	c := hex(uint32(v))
	bg, _ := strconv.ParseUint(DarkPaper[1:], 16, 32)
	page := hex(uint32(bg))
	switch c {
	case paper:
		return DarkPaper, nil
	case ink:
		return "#e4e6e8", nil
	case muted:
		return "#a9aeb4", nil
	case axisC:
		return "#8d949b", nil
	case gridC:
		return "#31363c", nil
	}
	return css(lighten(c, page, 4.5)), nil
}

func lighten(c, page color.NRGBA, contrast float64) color.NRGBA {
	for t := 0.0; t < 1; t += .02 {
		if l := shade(c, t); (luminance(l)+.05)/(luminance(page)+.05) >= contrast {
			return l
		}
	}
	return paper
}

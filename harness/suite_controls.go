package harness

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"

	"probity/internal/raster"
	"probity/internal/trial"
)

// A suiteControl is a judge whose result on a suite is known beforehand. It is scored as the metrics are, on the same trials, so
// that a fault anywhere between picture and accuracy shows in it.
type suiteControl struct {
	label string
	reads []trial.Part
	score func(w *suiteWork, t *trial.Trial, right *raster.Image) float64 // a distance
}

var controls = []suiteControl{
	// Right everywhere: it is handed the right output of the context.
	{"oracle", []trial.Part{trial.OfInput, trial.OfRequirement, trial.OfSourceCaption, trial.OfTargetCaption, trial.OfOutput},
		func(_ *suiteWork, t *trial.Trial, right *raster.Image) float64 { return levels(t.Output, right) }},
	// A perfect reader of captions that never sees the input.
	{"caption oracle", []trial.Part{trial.OfTargetCaption, trial.OfOutput},
		func(w *suiteWork, t *trial.Trial, _ *raster.Image) float64 {
			return wordsApart(t.TargetCaption, w.output.Caption())
		}},
	// The smallest change wins, whatever was asked for.
	{"pixel difference", []trial.Part{trial.OfInput, trial.OfOutput},
		func(_ *suiteWork, t *trial.Trial, _ *raster.Image) float64 { return levels(t.Input, t.Output) }},
	{"random", []trial.Part{trial.OfInput, trial.OfRequirement, trial.OfSourceCaption, trial.OfTargetCaption, trial.OfOutput},
		func(w *suiteWork, _ *trial.Trial, _ *raster.Image) float64 {
			sum := sha256.Sum256([]byte("random control\n" + w.key))
			return float64(binary.LittleEndian.Uint64(sum[:])>>11) / (1 << 53)
		}},
	{"constant", nil, func(*suiteWork, *trial.Trial, *raster.Image) float64 { return 1 }},
}

func controlColumns() []trial.Column {
	var out []trial.Column
	for _, c := range controls {
		out = append(out, trial.Column{Label: c.label, Kind: "suite-control", Version: 1, Direction: trial.Distance, High: math.Inf(1), Group: trial.PixelControl})
	}
	return out
}

func controlKeys() []string {
	var out []string
	for _, c := range controls {
		sum := sha256.Sum256([]byte("suite control 2\n" + c.label))
		out = append(out, hex.EncodeToString(sum[:16]))
	}
	return out
}

// levels is the mean absolute difference of two pictures in levels of 0..255.
func levels(a, b *raster.Image) float64 {
	if a.W != b.W || a.H != b.H {
		return math.Inf(1)
	}
	sum := 0
	for i, v := range a.Pix {
		d := int(v) - int(b.Pix[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a.Pix))
}

// wordsApart is how many words have to be put in, taken out or replaced to make one text the other (Levenshtein 1966, of words): the
// order counts, since "a striped star on a solid ground" is not "a solid star on a striped ground".
func wordsApart(a, b string) float64 {
	x, y := strings.Fields(a), strings.Fields(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, w := range x {
		before := row[0]
		row[0] = i + 1
		for j, v := range y {
			replaced := before
			if w != v {
				replaced++
			}
			before = row[j+1]
			row[j+1] = min(replaced, row[j]+1, before+1)
		}
	}
	return float64(row[len(y)])
}

package datasets

import "strconv"

// Colours are the colours that objects have, by name: far apart in CIEDE2000 from each other and from the grounds
// (asserted by a test).
var Colours = []string{"red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white"}

// GroundColours are few on purpose: a contrastive model that can tell scenes apart by their ground learns nothing else.
var GroundColours = []string{"grey", "beige", "slate"}

// Textures are the patterns that models are trained on, of objects and grounds; HeldOutTextures are kept back.
var (
	Textures        = []string{"solid", "striped", "dotted", "checked"}
	HeldOutTextures = []string{"zigzag", "ringed"}
)

// srgb holds the colours as 8-bit sRGB.
var srgb = map[string][3]uint8{
	"red": {206, 34, 38}, "orange": {245, 134, 26}, "yellow": {250, 217, 46}, "green": {52, 150, 62},
	"teal": {22, 180, 178}, "blue": {40, 82, 198}, "purple": {126, 52, 160}, "pink": {244, 128, 178},
	"brown": {116, 70, 38}, "white": {246, 246, 242},
	"grey": {158, 162, 166}, "beige": {222, 208, 178}, "slate": {62, 70, 82},
}

func indexText(i int) string { return strconv.Itoa(i) }

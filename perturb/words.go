package perturb

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	once := trial.Axis{Name: "done", Min: 0, Max: 1, Integer: true, Fixed: true, Default: []float64{1}}
	share := trial.Axis{Name: "share of the words", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.25, .5, .75, 1}}
	add := func(name, doc, long, source string, axis trial.Axis, same bool, params []registry.Param, apply func(in *trial.TextInput, v registry.Values, s float64) (*trial.TextOutcome, error)) {
		info := registry.Info{Name: name, Doc: doc, Long: long, Source: source, Version: 1, Params: params}
		make := func(v registry.Values) (trial.TextPerturbation, error) {
			return textEdit(func(in *trial.TextInput, s float64) (*trial.TextOutcome, error) {
				if s > axis.Max {
					return nil, fmt.Errorf("severity %v is above the largest possible, %v", s, axis.Max)
				}
				return apply(in, v, s)
			}), nil
		}
		trial.TextPerturbations.Add(info, trial.TextPerturbationEntry{Axis: axis, Same: same, New: make})
		onCaption(info, axis, make)
	}
	const unchanged = " A text without any is left as it is and flagged `unchanged`."
	const winoground = "Thrush, Jiang, Bartolo, Singh, Williams, Kiela and Ross, Winoground, CVPR (2022)"
	const aro = "Yuksekgonul, Bianchi, Kalluri, Jurafsky and Zou, When and why vision-language models behave like bags-of-words, ICLR (2023)"
	add("drop-words", "leave words out", "round(s n) of the n words go, at least one, and one stays, in an order drawn once: more words dropped means the same ones and more.", "", share, false, nil, dropWords)
	add("shuffle-words", "put words in another order", "round(s n) words, at least two, are chosen in an order drawn once and rotate among their places. Same words, other sentence.", aro, share, false, nil, shuffleWords)
	add("swap-attributes", "exchange the colours, textures, sizes or counts of two things: a red star and a blue disc becomes a blue star and a red disc",
		"The first two words of one list (colours, textures, sizes, counts, in that order) that stand at different places and differ change places."+unchanged, winoground, once, false, nil, swapAttributes)
	add("swap-order", "exchange what stands around `and` or a relation such as `on` or `left of`",
		"The first of "+strings.Join(relations, ", ")+" splits the text; its two sides change places. For `and` the meaning stays; for the others it turns round."+unchanged, winoground, once, false, nil, swapOrder)
	add("negate", "deny it", "A requirement (beginning with a verb such as make, turn, move, add, remove) becomes `do not ...`; a caption has `no` put in place of its first article or number, or `not ` before it.",
		"Alhamoud, Alshammari, Tian, Li, Torr, Kim and Ghassemi, Vision-language models do not understand negation, CVPR (2025)", once, false, nil, negate)
	add("replace-words", "replace colour, shape, texture or count words by others of the same list",
		"The severity is how many words change, in an order drawn once; each gets another of its list, drawn, `a` and `an` put right, and a noun's plural with its count."+unchanged,
		"Hsieh, Zhang, Ma, Kembhavi and Krishna, SugarCrepe, NeurIPS (2023)",
		trial.Axis{Name: "words replaced", Unit: "words", Min: 1, Max: 64, Integer: true, Default: []float64{1, 2}}, false,
		[]registry.Param{{Name: "list", Type: registry.String, Default: "any", Enum: []string{"any", "colour", "shape", "texture", "size", "count"}, Doc: "which words"}}, replaceWords)
	add("paraphrase", "say the same in another frame: a null for text",
		"The text is put into one of "+fmt.Sprint(len(frames))+" frames that keep its meaning, such as `a photo of ...` for a caption and `please ...` for a requirement.", "Radford et al., CLIP, ICML (2021), for the frames", once, true, nil, paraphrase)
}

// textEdit is a TextPerturbation that needs no more than its Apply.
type textEdit func(in *trial.TextInput, severity float64) (*trial.TextOutcome, error)

// Apply implements trial.TextPerturbation.
func (e textEdit) Apply(in *trial.TextInput, severity float64) (*trial.TextOutcome, error) {
	if severity == 0 {
		return &trial.TextOutcome{Text: in.Text}, nil
	}
	if !(severity > 0) || math.IsInf(severity, 0) {
		return nil, fmt.Errorf("severity %v is not a number above 0", severity)
	}
	return e(in, severity)
}

// wordLists are the words that can take each other's place.
var wordLists = []struct {
	name  string
	words []string
}{
	{"colour", []string{"red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "grey", "white", "teal", "cyan", "magenta", "beige"}},
	{"texture", []string{"solid", "striped", "dotted", "checked", "zigzag", "ringed", "plain", "smooth", "rough", "furry", "wooden", "metallic"}},
	{"size", []string{"small", "large", "big", "tiny", "huge"}},
	{"count", []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}},
	{"shape", []string{"circle", "disc", "square", "triangle", "star", "cross", "ring", "heart", "diamond", "pentagon", "hexagon", "ellipse", "crescent", "arrow", "bolt", "drop", "hourglass", "cube", "sphere"}},
}

var relations = []string{"and", "on", "in", "under", "above", "below", "behind", "beside", "left of", "right of"}

var orders = []string{"make", "turn", "move", "add", "remove", "change", "replace", "put", "give", "paint", "recolour"}

var frames = []string{"a photo of %s", "a picture of %s", "an image of %s", "this shows %s"}

var pleas = []string{"please %s", "%s, please", "could you %s", "i want you to %s"}

func unchangedText(in *trial.TextInput, why string) *trial.TextOutcome {
	return &trial.TextOutcome{Text: in.Text, Flags: []trial.Flag{{Code: "unchanged", Detail: why}}}
}

// bare is a word in lower case without the punctuation around it.
func bare(w string) string { return strings.ToLower(strings.TrimFunc(w, isMark)) }

func isMark(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }

// dressed puts another word into a word's punctuation and first letter's case.
func dressed(old, other string) string {
	core := strings.TrimFunc(old, isMark)
	i := strings.Index(old, core)
	if r := []rune(core); len(r) > 0 && unicode.IsUpper(r[0]) {
		o := []rune(other)
		o[0] = unicode.ToUpper(o[0])
		other = string(o)
	}
	return old[:i] + other + old[i+len(core):]
}

func dropWords(in *trial.TextInput, _ registry.Values, s float64) (*trial.TextOutcome, error) {
	words := strings.Fields(in.Text)
	if len(words) < 2 {
		return unchangedText(in, "the text has fewer than two words"), nil
	}
	k := min(len(words)-1, max(1, int(math.Round(s*float64(len(words))))))
	gone := in.Draw("order").Perm(len(words))[:k]
	var left []string
	for i, w := range words {
		if !slices.Contains(gone, i) {
			left = append(left, w)
		}
	}
	return &trial.TextOutcome{Text: strings.Join(left, " "), Changed: k}, nil
}

func shuffleWords(in *trial.TextInput, _ registry.Values, s float64) (*trial.TextOutcome, error) {
	words := strings.Fields(in.Text)
	if len(words) < 2 {
		return unchangedText(in, "the text has fewer than two words"), nil
	}
	k := min(len(words), max(2, int(math.Round(s*float64(len(words))))))
	places := in.Draw("order").Perm(len(words))[:k]
	out := slices.Clone(words)
	changed := 0
	for i, p := range places {
		out[p] = words[places[(i+1)%k]]
		if out[p] != words[p] {
			changed++
		}
	}
	if changed == 0 {
		return unchangedText(in, "the words chosen are all the same"), nil
	}
	return &trial.TextOutcome{Text: strings.Join(out, " "), Changed: changed}, nil
}

func swapAttributes(in *trial.TextInput, _ registry.Values, _ float64) (*trial.TextOutcome, error) {
	words := strings.Fields(in.Text)
	for _, list := range wordLists[:4] {
		first := -1
		for i, w := range words {
			if !slices.Contains(list.words, bare(w)) {
				continue
			}
			if first < 0 {
				first = i
			} else if a, b := bare(words[first]), bare(w); a != b {
				words[first], words[i] = dressed(words[first], b), dressed(w, a)
				return &trial.TextOutcome{Text: strings.Join(articles(words), " "), Changed: 2}, nil
			}
		}
	}
	return unchangedText(in, "the text has no two different words of one list"), nil
}

func swapOrder(in *trial.TextInput, _ registry.Values, _ float64) (*trial.TextOutcome, error) {
	words := strings.Fields(in.Text)
	for i := 1; i < len(words)-1; i++ {
		for _, r := range relations {
			n := len(strings.Fields(r))
			if i+n >= len(words) || strings.ToLower(strings.Join(words[i:i+n], " ")) != r {
				continue
			}
			before, after := words[:i], words[i+n:]
			end := ""
			last := after[len(after)-1]
			if cut := strings.TrimRight(last, ".!?"); cut != "" {
				end = last[len(cut):]
				after = append(slices.Clone(after[:len(after)-1]), cut)
			}
			text := strings.Join(after, " ") + " " + r + " " + strings.Join(before, " ") + end
			return &trial.TextOutcome{Text: text, Changed: len(words) - n}, nil
		}
	}
	return unchangedText(in, "the text has no `and` and no relation"), nil
}

func negate(in *trial.TextInput, _ registry.Values, _ float64) (*trial.TextOutcome, error) {
	words := strings.Fields(in.Text)
	if len(words) == 0 {
		return unchangedText(in, "the text is empty"), nil
	}
	if slices.Contains(orders, bare(words[0])) {
		words[0] = strings.ToLower(words[0])
		return &trial.TextOutcome{Text: "do not " + strings.Join(words, " "), Changed: 2}, nil
	}
	for i, w := range words {
		if b := bare(w); b == "a" || b == "an" || b == "the" || slices.Contains(wordLists[3].words, b) {
			words[i] = dressed(w, "no")
			return &trial.TextOutcome{Text: strings.Join(words, " "), Changed: 1}, nil
		}
	}
	return &trial.TextOutcome{Text: "not " + in.Text, Changed: 1}, nil
}

func replaceWords(in *trial.TextInput, v registry.Values, s float64) (*trial.TextOutcome, error) {
	words := strings.Fields(in.Text)
	type hit struct{ word, list int }
	var hits []hit
	for i, w := range words {
		for l, list := range wordLists {
			if name := v.String("list"); (name == "any" || name == list.name) && slices.Contains(list.words, bare(w)) {
				hits = append(hits, hit{i, l})
			}
		}
	}
	if len(hits) == 0 {
		return unchangedText(in, "the text has none of these words"), nil
	}
	draw := in.Draw("words")
	order := draw.Perm(len(hits))
	k := min(len(hits), int(s))
	for _, n := range order[:k] {
		h := hits[n]
		list := wordLists[h.list].words
		was := slices.Index(list, bare(words[h.word]))
		other := (was + 1 + draw.IntN(len(list)-1)) % len(list)
		words[h.word] = dressed(words[h.word], list[other])
		if wordLists[h.list].name == "count" && (was == 0) != (other == 0) {
			number(words[h.word+1:], other > 0)
		}
	}
	out := &trial.TextOutcome{Text: strings.Join(articles(words), " "), Changed: k}
	if k < int(s) {
		out.Flags = append(out.Flags, trial.Flag{Code: "unreachable", Detail: fmt.Sprintf("asked for %d words, the text has %d", int(s), k)})
	}
	return out, nil
}

// number gives the first shape word after a count its plural or singular.
func number(words []string, plural bool) {
	for i, w := range words {
		b := bare(w)
		single := strings.TrimSuffix(b, "s")
		for _, shape := range wordLists[4].words {
			ending := "s"
			if strings.HasSuffix(shape, "s") {
				ending = "es"
			}
			if b == shape || b == shape+ending || single == shape {
				if plural {
					shape += ending
				}
				words[i] = dressed(w, shape)
				return
			}
		}
	}
}

// articles puts `a` and `an` right.
func articles(words []string) []string {
	for i := range words[:max(0, len(words)-1)] {
		if b := bare(words[i]); b == "a" || b == "an" {
			want := "a"
			if next := bare(words[i+1]); next != "" && strings.ContainsRune("aeiou", rune(next[0])) && next != "one" {
				want = "an"
			}
			if want != b {
				words[i] = dressed(words[i], want)
			}
		}
	}
	return words
}

func paraphrase(in *trial.TextInput, _ registry.Values, _ float64) (*trial.TextOutcome, error) {
	text := strings.TrimSpace(in.Text)
	if text == "" {
		return unchangedText(in, "the text is empty"), nil
	}
	list := frames
	if slices.Contains(orders, bare(strings.Fields(text)[0])) {
		list = pleas
	}
	frame := list[in.Draw("frame").IntN(len(list))]
	out := strings.Replace(frame, "%s", text, 1)
	return &trial.TextOutcome{Text: out, Changed: len(strings.Fields(frame)) - 1}, nil
}

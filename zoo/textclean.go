package zoo

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// cleanTransformers is the normaliser of transformers' CLIPTokenizer.
func cleanTransformers(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	var b strings.Builder
	space := false
	for _, r := range s {
		if isSpace(r) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if r == 'İ' {
			b.WriteString("i̇")
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// cleanOpenAI is what CLIP does before tokenising: ftfy.fix_text, html.unescape twice, runs of whitespace to one space,
// str.lower.
//
// Of ftfy 6.3 (Speer 2019) everything is done but the repair of text that was decoded with the wrong encoding. Of that,
// only the usual case is: the whole text is Latin-1 or Windows-1252 and its bytes are UTF-8 ("cafÃ©" becomes "café").
// ftfy's repair of parts of a text, and of seven rarer encodings, goes by a heuristic table and is left out.
func cleanOpenAI(s string) string {
	s = fixText(strings.ToValidUTF8(s, "\uFFFD"))
	s = unescapeHTML(unescapeHTML(s))
	s = strings.Join(strings.FieldsFunc(s, isPythonSpace), " ")
	return lower(s)
}

// isPythonSpace is str.isspace: white space and the four information separators.
func isPythonSpace(r rune) bool { return isSpace(r) || r >= 0x1c && r <= 0x1f }

// fixText is ftfy.fix_text: line by line, each until nothing changes. HTML is left alone from the first line with a <.
func fixText(s string) string {
	var b strings.Builder
	entities := true
	for len(s) > 0 {
		n := strings.IndexByte(s, '\n') + 1
		if n == 0 {
			n = len(s)
		}
		line := s[:n]
		s = s[n:]
		if strings.Contains(line, "<") {
			entities = false
		}
		// Every step removes something or moves towards a fixed point; the bound is for safety alone.
		for range 100 {
			before := line
			if entities {
				line = entityForm.ReplaceAllStringFunc(line, fixEntity)
			}
			line = fixEncoding(line)
			line = fixCharacters(line)
			line = lineBreaks.Replace(line)
			line = terminalEscape.ReplaceAllString(line, "")
			line = strings.Map(dropControl, line)
			line = norm.NFC.String(line)
			if line == before {
				break
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

var (
	entityForm     = regexp.MustCompile(`&#?[0-9A-Za-z]{1,24};`)
	terminalEscape = regexp.MustCompile("\x1b\\[((?:\\p{Nd}|;)*)([a-zA-Z])")
	lineBreaks     = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n")
)

// fixEntity decodes an entity with its semicolon, among them those that somebody wrote in capitals.
func fixEntity(e string) string {
	if strings.HasPrefix(e, "&#") {
		if out := unescapeHTML(e); !strings.Contains(out, ";") {
			return out
		}
		return e
	}
	if out := html.UnescapeString(e); out != e && !strings.HasSuffix(out, ";") {
		return out
	}
	// &NTILDE; is no entity, &ntilde; is one: the capital letter is meant.
	if name := e[1:]; name == strings.ToUpper(name) && name != strings.ToLower(name) && unescapeHTML(e) == e {
		small := strings.ToLower(e)
		if out := html.UnescapeString(small); out != small && !strings.HasSuffix(out, ";") {
			return cases.Upper(language.Und).String(out)
		}
	}
	return e
}

// fixEncoding undoes a decoding as Latin-1 or Windows-1252 of what was UTF-8, for whole texts.
func fixEncoding(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return s
	}
	raw := make([]byte, 0, len(s))
	for _, r := range s {
		if b, ok := windows1252(r); ok {
			raw = append(raw, b)
		} else {
			return s
		}
	}
	if !utf8.Valid(raw) {
		return s
	}
	return string(raw)
}

// windows1252 is the byte that a sloppy Windows-1252 decodes to r; undefined bytes stand for themselves.
func windows1252(r rune) (byte, bool) {
	if b, ok := charmap.Windows1252.EncodeRune(r); ok {
		return b, true
	}
	return byte(r), r < 0x100
}

// ligatures are the Latin ligatures that ftfy takes apart.
var ligatures = map[rune]string{
	'Ĳ': "IJ", 'ĳ': "ij", 'ŉ': "ʼn", 'Ǳ': "DZ", 'ǲ': "Dz", 'ǳ': "dz", 'Ǆ': "DŽ", 'ǅ': "Dž", 'ǆ': "dž",
	'Ǉ': "LJ", 'ǈ': "Lj", 'ǉ': "lj", 'Ǌ': "NJ", 'ǋ': "Nj", 'ǌ': "nj",
	'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl", 'ﬅ': "ſt", 'ﬆ': "st",
}

// fixCharacters maps single characters: C1 controls as Windows-1252, Latin ligatures, full and half width, curly quotes.
func fixCharacters(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 0x80 && r <= 0x9f {
			if d := charmap.Windows1252.DecodeByte(byte(r)); d != utf8.RuneError {
				r = d
			}
		}
		switch {
		case r == 0x3000:
			b.WriteByte(' ')
		case r >= 0xff01 && r < 0xfff0:
			b.WriteString(norm.NFKC.String(string(r)))
		case r == 0x2bc || r >= 0x2018 && r <= 0x201b:
			b.WriteByte('\'')
		case r >= 0x201c && r <= 0x201f:
			b.WriteByte('"')
		case ligatures[r] != "":
			for _, q := range ligatures[r] {
				if q == 0x2bc {
					q = '\'' // quotes come after ligatures
				}
				b.WriteRune(q)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// dropControl removes the control characters that ftfy removes.
func dropControl(r rune) rune {
	switch {
	case r < 0x09, r == 0x0b, r >= 0x0e && r < 0x20, r == 0x7f, r >= 0x206a && r <= 0x206f, r == 0xfeff, r >= 0xfff9 && r <= 0xfffc:
		return -1
	}
	return r
}

// unescapeHTML is Python's html.unescape. It differs from Go's in numbers: code points that HTML forbids vanish.
func unescapeHTML(s string) string {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	var b strings.Builder
	for i >= 0 {
		b.WriteString(s[:i])
		s = s[i:]
		n := reference(s)
		if n == 0 {
			b.WriteByte('&')
			s = s[1:]
		} else {
			ref := s[:n]
			s = s[n:]
			if len(ref) > 1 && ref[1] == '#' {
				b.WriteString(numeric(ref))
			} else {
				b.WriteString(html.UnescapeString(ref))
			}
		}
		i = strings.IndexByte(s, '&')
	}
	b.WriteString(s)
	return b.String()
}

// reference is the length of the character reference at the start of s:
// &(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?) in Python's html module.
func reference(s string) int {
	semi := func(n int) int {
		if n < len(s) && s[n] == ';' {
			return n + 1
		}
		return n
	}
	if len(s) > 1 && s[1] == '#' {
		n := 2
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n > 2 {
			return semi(n)
		}
		if len(s) > 2 && (s[2] == 'x' || s[2] == 'X') {
			n = 3
			for n < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[n]) >= 0 {
				n++
			}
			if n > 3 {
				return semi(n)
			}
		}
		return 0
	}
	n := 1
	for count := 0; n < len(s) && count < 32; count++ {
		if strings.IndexByte("\t\n\f <&#;", s[n]) >= 0 {
			break
		}
		_, size := utf8.DecodeRuneInString(s[n:])
		n += size
	}
	if n == 1 {
		return 0
	}
	return semi(n)
}

// numeric decodes &#123; or &#x7b; as Python does.
func numeric(ref string) string {
	digits, base := strings.TrimSuffix(ref[2:], ";"), 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err != nil, n > 0x10ffff, n >= 0xd800 && n <= 0xdfff, n == 0:
		return "\uFFFD"
	case n == 0x0d:
		return "\r"
	case n >= 0x80 && n <= 0x9f:
		if d := charmap.Windows1252.DecodeByte(byte(n)); d != utf8.RuneError {
			return string(d)
		}
		return string(rune(n))
	case n <= 8, n == 0x0b, n >= 0x0e && n <= 0x1f, n == 0x7f, n >= 0xfdd0 && n <= 0xfdef, n&0xfffe == 0xfffe:
		return ""
	}
	return string(rune(n))
}

// lower is Python's str.lower: Unicode's full lower case, of which strings.ToLower lacks the dotted capital I and the
// sigma that ends a word.
func lower(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r == 'İ' || r == 'Σ' }) < 0 {
		return strings.ToLower(s)
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		switch r {
		case 'İ':
			b.WriteString("i̇")
		case 'Σ':
			if finalSigma(runes, i) {
				b.WriteRune('ς')
			} else {
				b.WriteRune('σ')
			}
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// finalSigma is the condition Final_Sigma of the Unicode Standard, 3.13: a cased letter before, none after, what case
// ignores left out.
func finalSigma(s []rune, i int) bool {
	j := i - 1
	for j >= 0 && caseIgnorable(s[j]) {
		j--
	}
	if j < 0 || !cased(s[j]) {
		return false
	}
	j = i + 1
	for j < len(s) && caseIgnorable(s[j]) {
		j++
	}
	return j == len(s) || !cased(s[j])
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) || strings.ContainsRune("'.:··՟״‘’․‧︓﹒﹕＇．：", r)
}

package page_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"probity/reports/figure"
	figures "probity/reports/figure/example"
	"probity/reports/page"
	"probity/reports/page/example"
)

func write(t *testing.T, r *page.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageIsSelfContainedAndTheSameEveryTime(t *testing.T) {
	r, err := example.Report()
	if err != nil {
		t.Fatal(err)
	}
	a := write(t, r)
	if r, err = example.Report(); err != nil {
		t.Fatal(err)
	}
	if b := write(t, r); a != b {
		t.Error("two pages of one report differ")
	}
	if len(a) > 5_000_000 {
		t.Errorf("the page has %d bytes", len(a))
	}
	for _, m := range regexp.MustCompile(`(?:[\s:](?:src|href)="|url\(["']?)([^"')]+)`).FindAllStringSubmatch(a, -1) {
		if u := m[1]; !strings.HasPrefix(u, "#") && !strings.HasPrefix(u, "data:image/") {
			t.Errorf("the page reaches for %q", u)
		}
	}
	for _, u := range regexp.MustCompile(`https?://[^"'\s<)]+`).FindAllString(a, -1) {
		if !strings.HasPrefix(u, "http://www.w3.org/") {
			t.Errorf("the page names %q", u)
		}
	}
	for _, part := range []string{"<h1>Which features", "id=\"experiment\"", "prefers-color-scheme:dark", "@media print", `class="tag">exploratory`, "12 metrics"} {
		if !strings.Contains(a, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}

func TestAllTextIsEscaped(t *testing.T) {
	const bad = `</script><script>document.bad=1</script><img src=x onerror="document.bad=1">'"&`
	fig, err := (&figure.Bars{About: figure.About{Name: bad, Title: bad, Says: bad, Warnings: []string{bad}}, Groups: []figure.BarGroup{{Title: bad, Bars: []figure.Bar{{Label: bad, Family: bad, Value: 1, Warning: bad}}}}}).Draw(figure.Options{Formats: []string{"svg"}})
	if err != nil {
		t.Fatal(err)
	}
	pic := figures.Scene(1, 8, 0, .1)
	r := &page.Report{Name: bad, Question: bad, Answer: bad, Scope: bad, Warnings: []string{bad}, Facts: []page.Fact{{Name: bad, Value: bad}},
		Sections: []page.Section{{ID: bad, Title: bad, Answer: bad, Text: []string{bad}, Warnings: []string{bad}, Figures: []*figure.Figure{fig},
			Tables: []page.Table{{Title: bad, Caption: bad, Columns: []page.Column{{Title: bad}}, Rows: []page.Row{{Series: bad, Cells: []page.Cell{{Text: bad, Note: bad}}}}, Notes: []string{bad}}}}},
		Stimuli:    []page.Stimulus{{Title: bad, Perturb: bad, Source: bad, Before: pic, After: pic, Facts: []page.Fact{{Name: bad, Value: bad}}, Flags: []string{bad}, Scores: []page.Score{{Label: bad, Text: bad, Rank: math.NaN()}}}},
		Experiment: bad, Environment: []page.Fact{{Name: bad, Value: bad}}, Skipped: []string{bad}}
	s := write(t, r)
	if n := strings.Count(s, "<script>"); n != 1 {
		t.Errorf("the page has %d scripts of its own kind, want 1", n)
	}
	if n := strings.Count(s, "</script>"); n != 2 {
		t.Errorf("the page ends %d scripts, want 2", n)
	}
	if strings.Contains(s, "<img src=x") {
		t.Error("text became an element")
	}
}

func TestErrorsNameThePart(t *testing.T) {
	pic := figures.Scene(1, 8, 0, .1)
	for want, r := range map[string]*page.Report{
		`section "s" has a figure that was not drawn`:    {Sections: []page.Section{{Title: "s", Figures: []*figure.Figure{nil}}}},
		`figure "f" was drawn neither`:                   {Sections: []page.Section{{Figures: []*figure.Figure{{Name: "f", PDF: []byte("x")}}}}},
		`table "t" has 2 columns, but row 1 has 1 cells`: {Sections: []page.Section{{Tables: []page.Table{{Title: "t", Columns: make([]page.Column, 2), Rows: []page.Row{{Cells: make([]page.Cell, 1)}}}}}}},
		`stimulus "x": the picture after is text/plain`:  {Stimuli: []page.Stimulus{{Title: "x", Before: pic, After: []byte("no picture")}}},
	} {
		if err := page.Write(&bytes.Buffer{}, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	r := &page.Report{Name: "x"}
	if err := page.Write(full{}, r); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("a failing writer gave %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestGalleryStaysSmallAndSaysSo(t *testing.T) {
	r := &page.Report{Name: "x", Question: "q"}
	before := figures.Scene(1, 400, 0, .1)
	for i := range 80 {
		r.Stimuli = append(r.Stimuli, page.Stimulus{Title: fmt.Sprint("s", i), Before: before, After: figures.Scene(100+i, 400, 20, .1)})
	}
	s := write(t, r)
	if len(s) > 4_700_000 {
		t.Errorf("the page has %d bytes", len(s))
	}
	m := regexp.MustCompile(`(\d+) of 80 stimuli are not shown`).FindStringSubmatch(s)
	if m == nil {
		t.Error("the page does not say that stimuli were left out")
	}
	// The one picture before is there once.
	if n := strings.Count(s, `"before":"`); n < 5 || n >= 80 {
		t.Errorf("%d stimuli are in the page", n)
	}
}

// A picture that stands under figures and in the gallery is in the page once, and what figures take the gallery gives up.
func TestPicturesAreThereOnce(t *testing.T) {
	pic := figures.Scene(7, 100, 0, .1)
	r := &page.Report{Name: "x", Stimuli: []page.Stimulus{{Title: "s", Before: pic, After: figures.Scene(8, 100, 20, .1)}}}
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="data:image/png;base64,` +
		base64.StdEncoding.EncodeToString(pic) + `"/></svg>`)
	for range 3 {
		r.Sections = append(r.Sections, page.Section{Title: "s", Figures: []*figure.Figure{{Name: "f", SVG: svg}}})
	}
	s := write(t, r)
	if n := strings.Count(s, base64.StdEncoding.EncodeToString(pic)[:60]); n != 1 {
		t.Errorf("the picture is in the page %d times", n)
	}
	if n := strings.Count(s, "<image data-picture="); n != 3 {
		t.Errorf("%d figures point to it", n)
	}
}

func TestManyWarningsAreFoldedAndCounted(t *testing.T) {
	r := &page.Report{Question: "q", Sections: []page.Section{{Title: "s"}}}
	for i := range 18 {
		r.Sections[0].Warnings = append(r.Sections[0].Warnings, fmt.Sprint("warning text ", i))
	}
	s := write(t, r)
	if !strings.Contains(s, "<summary>18 warnings</summary>") || strings.Count(s, "warning text") != 18 {
		t.Error("18 warnings are not all there, folded and counted")
	}
}

func TestEmptyReport(t *testing.T) {
	s := write(t, &page.Report{Name: "x", Question: "q"})
	for _, part := range []string{`id="stimuli"`, `id="experiment"`, `class="pins"`, `class="warnings"`} {
		if strings.Contains(s, part) {
			t.Errorf("an empty report has %s", part)
		}
	}
}

func TestAnchorsAreUnique(t *testing.T) {
	s := write(t, &page.Report{Sections: []page.Section{{Title: "Detection"}, {Title: "Detection"}, {Title: "stimuli"}, {Title: "…"}}})
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(s, -1) {
		if seen[m[1]] {
			t.Errorf("anchor %q stands twice", m[1])
		}
		seen[m[1]] = true
	}
	if !seen["detection-2"] || !seen["section"] {
		t.Errorf("anchors: %v", seen)
	}
}

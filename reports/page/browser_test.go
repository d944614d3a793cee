package page_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/reports/page"
	"probity/reports/page/example"
)

func writeExample(t *testing.T) string {
	t.Helper()
	r, err := example.Report()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := page.Write(f, r); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPageInChromium(t *testing.T) {
	b := startBrowser(t)
	path := writeExample(t)
	b.open(path, 1280, 900, false)
	b.screenshot("desktop-light")

	t.Run("series are switched off and on", func(t *testing.T) {
		b.t = t
		shown := `[...document.querySelectorAll('.fig:first-of-type')][0].querySelectorAll('.s[data-series="ssim"]')`
		if n := eval[int](b, `[...`+shown+`].filter(g => getComputedStyle(g).display !== 'none').length`); n != 2 {
			t.Errorf("%d groups of ssim are shown at first, want the curve and its threshold", n)
		}
		b.mouse(`.toggle[data-series="ssim"]`, true)
		if n := eval[int](b, `[...`+shown+`].filter(g => getComputedStyle(g).display !== 'none').length`); n != 0 {
			t.Errorf("%d groups of ssim are shown after a click", n)
		}
		if p := eval[string](b, `document.querySelector('.toggle[data-series="ssim"]').getAttribute('aria-pressed')`); p != "false" {
			t.Errorf("aria-pressed is %q", p)
		}
		eval[any](b, `document.querySelector('.toggle[data-series="ssim"]').focus()`)
		b.press(" ", 32)
		if n := eval[int](b, `[...`+shown+`].filter(g => getComputedStyle(g).display !== 'none').length`); n != 2 {
			t.Errorf("%d groups of ssim are shown after the space bar", n)
		}
		b.mouse(`.canvas .key[data-series="psnr"] text`, true)
		if p := eval[string](b, `document.querySelector('.toggle[data-series="psnr"]').getAttribute('aria-pressed')`); p != "false" {
			t.Error("the legend in the picture does not switch its series off")
		}
		b.mouse(`.toggle[data-series="psnr"]`, true)
	})

	t.Run("values show on hover and by arrow keys", func(t *testing.T) {
		b.t = t
		b.mouse(`.canvas .s[data-series="ssim"] circle[data-tip]`, false)
		tip := eval[string](b, `document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent`)
		if !strings.Contains(tip, "ssim") || !strings.Contains(tip, "[") {
			t.Errorf("hover text %q has no series or interval", tip)
		}
		eval[any](b, `document.querySelector('.canvas').focus()`)
		b.press("ArrowRight", 39)
		first := eval[string](b, `document.getElementById('live').textContent`)
		b.press("ArrowRight", 39)
		second := eval[string](b, `document.getElementById('live').textContent`)
		if first == "" || first == second {
			t.Errorf("arrow keys read out %q, then %q", first, second)
		}
		b.press("Escape", 27)
	})

	t.Run("a metric is highlighted in all figures", func(t *testing.T) {
		b.t = t
		b.mouse(`.pin[data-series="cosine(vit-tiny)"]`, true)
		b.call("Input.dispatchMouseEvent", map[string]any{"type": "mouseMoved", "x": 2, "y": 2}, nil)
		n := eval[int](b, `[...document.querySelectorAll('.canvas > svg.linked')].filter(s => s.querySelector('.on[data-series="cosine(vit-tiny)"]')).length`)
		if n < 6 {
			t.Errorf("%d figures highlight the metric", n)
		}
		if o := eval[float64](b, `new Promise(done => setTimeout(() => done(parseFloat(getComputedStyle(document.querySelector('svg.linked .s:not(.on)')).opacity)), 300))`); o > .3 {
			t.Errorf("the others have opacity %v", o)
		}
		b.press("Escape", 27)
		if n := eval[int](b, `document.querySelectorAll('svg.linked').length`); n != 0 {
			t.Errorf("%d figures are still highlighted after Escape", n)
		}
	})

	t.Run("tables sort and filter", func(t *testing.T) {
		b.t = t
		column := func(i int) []string {
			return eval[[]string](b, `[...document.querySelectorAll('table.data tbody tr')].filter(r => !r.hidden).map(r => r.cells[`+string(rune('0'+i))+`].textContent)`)
		}
		original := column(0)
		b.mouse(`table.data thead th:nth-child(3) button`, true)
		v := eval[[]float64](b, `[...document.querySelectorAll('table.data tbody tr')].map(r => parseFloat(r.cells[2].dataset.v)).filter(x => !isNaN(x))`)
		if len(v) != len(original)-1 {
			t.Errorf("%d of %d rows have a value", len(v), len(original))
		}
		for i := 1; i < len(v); i++ {
			if v[i] > v[i-1] {
				t.Errorf("not descending: %v", v)
			}
		}
		if c := column(2); !strings.HasPrefix(c[len(c)-1], "> 20") {
			t.Errorf("the row without a value is not the last: %v", c)
		}
		b.mouse(`table.data thead th:nth-child(3) button`, true)
		if s := eval[string](b, `document.querySelector('table.data thead th:nth-child(3)').getAttribute('aria-sort')`); s != "ascending" {
			t.Errorf("aria-sort is %q after the second click", s)
		}
		b.mouse(`table.data thead th:nth-child(3) button`, true)
		if got := column(0); strings.Join(got, "|") != strings.Join(original, "|") {
			t.Errorf("the third click does not restore the order: %v", got)
		}
		eval[any](b, `(() => { const i = document.querySelector('.filter input'); i.value = 'VIT cosine'; i.dispatchEvent(new Event('input')); })()`)
		got := column(0)
		if len(got) != 3 {
			t.Errorf("filter leaves %v", got)
		}
		if s := eval[string](b, `document.querySelector('.filter .count').textContent`); s != "3 of 12 rows" {
			t.Errorf("count says %q", s)
		}
	})

	t.Run("the slider uncovers the edit", func(t *testing.T) {
		b.t = t
		b.mouse(`#g-thumbs button:nth-child(4)`, true)
		if s := eval[string](b, `document.getElementById('g-title').textContent`); !strings.Contains(s, "hue 20") {
			t.Errorf("the viewer shows %q", s)
		}
		clip := func() string {
			return eval[string](b, `getComputedStyle(document.getElementById('g-after')).clipPath`)
		}
		was := clip()
		eval[any](b, `document.getElementById('g-slider').focus()`)
		b.press("ArrowRight", 39)
		if v := eval[string](b, `document.getElementById('g-slider').value`); v != "51" {
			t.Errorf("slider is at %s after an arrow key", v)
		}
		if clip() == was {
			t.Errorf("the picture does not follow the slider: %s", was)
		}
		b.press("End", 35)
		if c := clip(); !strings.Contains(c, "0px 0px 0px 0%") && !strings.Contains(c, "inset(0px)") && !strings.Contains(c, "calc(0%") && !strings.Contains(c, "calc(100% - 100%)") {
			t.Errorf("at 100 the whole edit should show, clip is %s", c)
		}
		if n := eval[int](b, `document.querySelectorAll('#g-scores tr').length`); n != 12 {
			t.Errorf("%d scores", n)
		}
		if w := eval[int](b, `[...document.querySelectorAll('#g-thumbs img, #g-viewer img')].filter(i => i.naturalWidth > 0).length`); w != 14 {
			t.Errorf("%d of 14 pictures have loaded", w)
		}
		eval[any](b, `(() => { const i = document.getElementById('g-perturb'); i.value = 'blur'; i.dispatchEvent(new Event('change')); })()`)
		if s := eval[string](b, `document.getElementById('g-count').textContent`); s != "4 of 12" {
			t.Errorf("count says %q", s)
		}
	})

	for _, v := range []struct {
		name  string
		width int
		dark  bool
	}{{"desktop-dark", 1280, true}, {"phone-light", 390, false}, {"phone-dark", 390, true}} {
		t.Run(v.name, func(t *testing.T) {
			b.t = t
			b.open(path, v.width, 844, v.dark)
			if w := eval[int](b, `document.documentElement.scrollWidth`); w > v.width {
				wide := eval[[]string](b, `[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.canvas, .scroll, .pins, pre, .hidden, .choices')).slice(0, 5).map(e => e.tagName + '.' + e.className)`)
				t.Errorf("the page is %d px wide on a screen of %d: %v", w, v.width, wide)
			}
			b.screenshot(v.name)
			if v.name != "phone-dark" {
				checkAxe(t, b)
			}
		})
	}
	t.Run("print keeps figures and opens what is folded", func(t *testing.T) {
		b.t = t
		b.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
		eval[any](b, `dispatchEvent(new Event('beforeprint'))`)
		if n := eval[int](b, `[...document.querySelectorAll('.canvas image, .canvas text')].filter(e => e.getBoundingClientRect().width === 0).length`); n != 0 {
			t.Errorf("%d pictures and texts of figures do not print", n)
		}
		if n := eval[int](b, `[...document.querySelectorAll('details:not([open]), .chips, .pins')].filter(e => e.tagName === 'DETAILS' || getComputedStyle(e).display !== 'none').length`); n != 0 {
			t.Errorf("%d parts are folded, or buttons that print", n)
		}
	})
	b.t = t
	if len(b.console) > 0 {
		t.Errorf("messages on the console: %v", b.console)
	}
}

// checkAxe runs axe-core, which is looked for in the cache where `npm install axe-core` has put it.
func checkAxe(t *testing.T, b *browser) {
	t.Helper()
	path := os.Getenv("PROBITY_AXE")
	if path == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			path = filepath.Join(cache, "probity", "axe", "node_modules", "axe-core", "axe.min.js")
		}
	}
	src, err := os.ReadFile(path)
	if err != nil {
		t.Logf("the accessibility check needs axe-core: npm install --prefix CACHE/probity/axe axe-core, or PROBITY_AXE (%v)", err)
		return
	}
	eval[any](b, string(src)+"; 0")
	found := eval[[]string](b, `axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical' || v.impact === 'moderate').map(v => v.impact + ' ' + v.id + ': ' + v.help + ' ' + v.nodes.length + ' e.g. ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.any[0] ? n.any[0].message : '')).join(' | ')))`)
	for _, f := range found {
		t.Errorf("axe: %s", f)
	}
}

package registry_test

import (
	"math"
	"strings"
	"testing"

	"probity/internal/registry"
)

var info = registry.Info{Name: "blur", Doc: "blurs", Version: 1, Params: []registry.Param{
	{Name: "sigma", Type: registry.Float, Doc: "width", Required: true, Min: 0, Max: 50},
	{Name: "taps", Type: registry.Int, Doc: "points", Default: 7, Min: 1, Max: math.Inf(1)},
	{Name: "edge", Type: registry.String, Doc: "border", Default: "reflect", Enum: []string{"reflect", "wrap"}},
	{Name: "levels", Type: registry.Floats, Doc: "levels"},
	{Name: "names", Type: registry.Strings, Doc: "names"},
	{Name: "gamma", Type: registry.Bool, Doc: "linear light", Default: false},
}}

// What TOML decodes to becomes typed values, with defaults, in one canonical text.
func TestValues(t *testing.T) {
	v, errs := registry.NewValues(info, map[string]any{"sigma": int64(2), "levels": []any{int64(1), .5}, "names": []any{"a", "b"}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if v.Float("sigma") != 2 || v.Int("taps") != 7 || v.String("edge") != "reflect" || v.Bool("gamma") || v.Floats("levels")[1] != .5 || v.Strings("names")[1] != "b" {
		t.Errorf("got %s", v.Canonical())
	}
	const want = `edge="reflect", gamma=false, levels=[1 0.5], names=["a" "b"], sigma=2, taps=7`
	if got := v.Canonical(); got != want {
		t.Errorf("canonical text is\n%s, want\n%s", got, want)
	}
}

// Every mistake is reported at once, and says what is wrong with what.
func TestMistakes(t *testing.T) {
	_, errs := registry.NewValues(info, map[string]any{"taps": 1.5, "edge": "reflct", "levels": []any{"x"}, "sgima": 1.0, "gamma": "yes"})
	var all []string
	for _, e := range errs {
		all = append(all, e.Error())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{`blur has no parameter "sgima"`, "blur needs sigma", "taps: wants an integer", `did you mean "reflect"?`, "levels: wants a list of numbers, element 1 is", "gamma: wants true or false"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for given, want := range map[any]string{51.0: "outside 0 to 50", math.NaN(): "finite", math.Inf(1): "finite", -1.0: "outside"} {
		if _, err := info.Params[0].Check(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sigma = %v gives %v, want %q", given, err, want)
		}
	}
	if _, err := info.Params[1].Check(int64(0)); err == nil || !strings.Contains(err.Error(), "below the smallest") {
		t.Errorf("taps = 0 gives %v", err)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"gaussian-blur", "gaussian-noise", "hue", "jpeg"}
	for given, want := range map[string]string{"gausian-blur": "gaussian-blur", "hoe": "hue", "gaussian_noise": "gaussian-noise", "zebra-crossing": ""} {
		if got := registry.Nearest(given, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", given, got, want)
		}
	}
}

package figure_test

import (
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"probity/internal/stream"
	"probity/reports/figure"
	"probity/reports/figure/example"
)

func random(purpose string) *stream.Stream {
	return stream.Key{Seed: 1, Step: "figure test", Purpose: purpose}.Open()
}

func TestApart(t *testing.T) {
	st := random("apart")
	for range 300 {
		n := 1 + st.IntN(14)
		ys := make([]float64, n)
		for i := range ys {
			ys[i] = 200 * st.Float64()
		}
		out := figure.Apart(ys, 8, 0, 200)
		for i := range out {
			if out[i] < -1e-9 || out[i] > 200+1e-9 {
				t.Fatalf("%v of %v lies outside 0..200", out[i], out)
			}
			for j := range out {
				if i != j && math.Abs(out[i]-out[j]) < 8-1e-9 {
					t.Fatalf("places %v and %v are closer than 8", out[i], out[j])
				}
				if ys[i] < ys[j] && out[i] > out[j] {
					t.Fatalf("order changed: %v became %v", ys, out)
				}
			}
		}
	}
	if out := figure.Apart([]float64{10, 50, 90}, 8, 0, 100); !slices.Equal(out, []float64{10, 50, 90}) {
		t.Errorf("places that are far apart moved: %v", out)
	}
	if out := figure.Apart([]float64{50, 50}, 8, 0, 100); out[0] != 46 || out[1] != 54 {
		t.Errorf("two labels at one place move unequally: %v", out)
	}
}

func TestTicks(t *testing.T) {
	st := random("ticks")
	for range 2000 {
		lo := st.Norm() * math.Pow(10, 6*st.Float64()-3)
		hi := lo + math.Pow(10, 8*st.Float64()-4)
		for n := 3; n < 9; n++ {
			v := figure.LinearTicks(lo, hi, n)
			if len(v) < 1 || len(v) > n+2 {
				t.Fatalf("%d ticks on %v..%v for %d asked: %v", len(v), lo, hi, n, v)
			}
			for i := range v {
				if v[i] < lo-1e-9*(hi-lo)-1e-12 || v[i] > hi+1e-6*(hi-lo) || i > 0 && v[i] <= v[i-1] {
					t.Fatalf("ticks on %v..%v: %v", lo, hi, v)
				}
			}
		}
		a := math.Pow(10, 8*st.Float64()-4)
		b := a * math.Pow(10, .05+5*st.Float64())
		v := figure.LogTicks(a, b, 6)
		if len(v) < 2 {
			t.Fatalf("%d ticks on the log axis %v..%v: %v", len(v), a, b, v)
		}
		for i := range v {
			if v[i] < a*(1-1e-6) || v[i] > b*(1+1e-6) || i > 0 && v[i] <= v[i-1] {
				t.Fatalf("ticks on the log axis %v..%v: %v", a, b, v)
			}
		}
	}
	for v, want := range map[float64]string{0: "0", .25: "0.25", -1.5: "−1.5", 1000: "1000", 1e-5: "10⁻⁵", 2.5e6: "2.5×10⁶", .1 + .2: "0.3"} {
		if got := figure.Plain(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	for _, v := range figure.LinearTicks(-1, 1, 4) {
		if v == 0 && math.Signbit(v) {
			t.Error("a tick is minus zero")
		}
	}
}

func TestClipping(t *testing.T) {
	st := random("clip")
	in := func(q [2]float64) bool {
		return q[0] >= -1e-9 && q[0] <= 1+1e-9 && q[1] >= -1e-9 && q[1] <= 1+1e-9
	}
	for range 500 {
		var p [][2]float64
		for range 2 + st.IntN(8) {
			p = append(p, [2]float64{3*st.Float64() - 1, 3*st.Float64() - 1})
		}
		for _, piece := range figure.ClipPolyline(p) {
			for _, q := range piece {
				if !in(q) {
					t.Fatalf("%v lies outside", q)
				}
			}
		}
		for _, q := range figure.ClipPolygon(p) {
			if !in(q) {
				t.Fatalf("%v lies outside", q)
			}
		}
	}
	// A line through the square keeps its part inside; one inside is unchanged; one outside vanishes.
	if got := figure.ClipPolyline([][2]float64{{-1, .5}, {2, .5}}); len(got) != 1 || got[0][0] != [2]float64{0, .5} || got[0][1] != [2]float64{1, .5} {
		t.Errorf("line through the square: %v", got)
	}
	inside := [][2]float64{{.1, .1}, {.9, .2}, {.5, .8}}
	if got := figure.ClipPolyline(inside); len(got) != 1 || !slices.Equal(got[0], inside) {
		t.Errorf("line inside the square: %v", got)
	}
	if got := figure.ClipPolyline([][2]float64{{-1, 2}, {2, 3}}); len(got) != 0 {
		t.Errorf("line outside the square: %v", got)
	}
	// The area of a triangle that sticks out is that of the part inside.
	area := 0.0
	q := figure.ClipPolygon([][2]float64{{0, 0}, {2, 0}, {0, 2}})
	for i := range q {
		j := (i + 1) % len(q)
		area += q[i][0]*q[j][1] - q[j][0]*q[i][1]
	}
	if math.Abs(math.Abs(area)/2-1) > 1e-12 {
		t.Errorf("area %v, want 1", math.Abs(area)/2)
	}
}

// On a plane in log x and log y the contour is a straight line there, wherever the grid lies.
func TestContourOfAPlane(t *testing.T) {
	p := figure.SurfacePanel{X: []float64{1, 2, 5, 10, 20}, Y: []float64{.01, .02, .05, .2}}
	f := func(x, y float64) float64 { return 2*math.Log(x) + math.Log(y) }
	for _, y := range p.Y {
		var row []float64
		for _, x := range p.X {
			row = append(row, f(x, y))
		}
		p.Z = append(p.Z, row)
	}
	for _, level := range []float64{-3, -1, .5} {
		segs := figure.Contour(p, level, true, true)
		if len(segs) == 0 {
			t.Errorf("no contour at %v", level)
		}
		for _, s := range segs {
			for _, q := range s {
				if d := f(q[0], q[1]) - level; math.Abs(d) > 1e-9 {
					t.Errorf("contour at %v passes %v, where the surface is %v", level, q, level+d)
				}
			}
		}
	}
	if s := figure.Contour(p, 100, true, true); len(s) != 0 {
		t.Errorf("contour beyond the surface: %v", s)
	}
}

// The oracle is named in the golden file.
func TestClusteringAgainstOracle(t *testing.T) {
	data, err := os.ReadFile("../../testdata/figure/linkage.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Oracle string
		Cases  []struct {
			Values  [][]float64
			Heights []float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 4 {
		t.Fatalf("%d cases", len(golden.Cases))
	}
	for i, c := range golden.Cases {
		got, leaves := figure.ClusterHeights(c.Values)
		sort.Float64s(got)
		if len(got) != len(c.Heights) {
			t.Fatalf("case %d: %d merges, %s has %d", i, len(got), golden.Oracle, len(c.Heights))
		}
		for k := range got {
			if math.Abs(got[k]-c.Heights[k]) > 1e-12 {
				t.Errorf("case %d, merge %d: height %v, %s has %v", i, k, got[k], golden.Oracle, c.Heights[k])
			}
		}
		slices.Sort(leaves)
		for k, l := range leaves {
			if k != l {
				t.Fatalf("case %d: leaves %v are not a permutation", i, leaves)
			}
		}
	}
}

func TestPaletteTellsApart(t *testing.T) {
	var members []figure.Member
	for i := range 12 {
		members = append(members, figure.Member{Label: fmt.Sprint("m", i), Family: "cnn"})
	}
	p := figure.NewPalette(members)
	seen := map[string]string{}
	for _, m := range members {
		s := p.Style(m.Label)
		// Colour aside, dash and marker alone must differ.
		k := fmt.Sprint(s.Dash, s.Marker)
		if o, ok := seen[k]; ok {
			t.Errorf("%s and %s have the same dash and marker", o, m.Label)
		}
		seen[k] = m.Label
	}
	// The order in which other families come does not change a family's look.
	q := figure.NewPalette(append([]figure.Member{{Label: "x", Family: "vit"}}, members...))
	for _, m := range members {
		if fmt.Sprint(p.Style(m.Label)) != fmt.Sprint(q.Style(m.Label)) {
			t.Errorf("%s changed its look with another metric in the report", m.Label)
		}
	}
}

// Colours of families stay apart for dichromats: simulated as Viénot, Brettel and Mollon (1999) do, the smallest
// distance in linear RGB between two families is that of clearly different colours.
func TestFamiliesStayApartForDichromats(t *testing.T) {
	p := figure.NewPalette(nil)
	families := []string{"cnn", "vit", "text-image", "classical", "triplet", "external", "control", "human"}
	lin := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= .04045 {
			return x / 12.92
		}
		return math.Pow((x+.055)/1.055, 2.4)
	}
	gamma := func(x float64) float64 { return math.Pow(math.Max(0, math.Min(1, x)), 1/2.2) }
	for name, m := range map[string][3][3]float64{
		"protan": {{.11238, .88762, 0}, {.11238, .88762, 0}, {.00401, -.00401, 1}},
		"deutan": {{.29275, .70725, 0}, {.29275, .70725, 0}, {-.02234, .02234, 1}},
	} {
		sim := func(c color.NRGBA) (out [3]float64) {
			v := [3]float64{lin(c.R), lin(c.G), lin(c.B)}
			for i := range 3 {
				out[i] = gamma(m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2])
			}
			return out
		}
		for i, a := range families {
			for _, b := range families[:i] {
				x, y := sim(p.FamilyColour(a)), sim(p.FamilyColour(b))
				if d := math.Hypot(math.Hypot(x[0]-y[0], x[1]-y[1]), x[2]-y[2]); d < .09 {
					t.Errorf("%s: %s and %s look alike (%.3f)", name, a, b, d)
				}
			}
		}
	}
}

func TestDarkColoursCanBeRead(t *testing.T) {
	list, err := figure.DrawAll(example.Drawings(), figure.Options{Formats: []string{"svg"}, Palette: example.Palette()})
	if err != nil {
		t.Fatal(err)
	}
	page, err := parseHex(figure.DarkPaper)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		for _, c := range f.Colours {
			d, err := figure.Dark(c)
			if err != nil {
				t.Fatal(err)
			}
			if c == "#ffffff" || c == "#e3e3e3" {
				continue // the page itself and the grid
			}
			v, err := parseHex(d)
			if err != nil {
				t.Fatal(err)
			}
			if k := (figure.Luminance(v) + .05) / (figure.Luminance(page) + .05); k < 4.5 {
				t.Errorf("%s: %s becomes %s, contrast %.2f", f.Name, c, d, k)
			}
		}
	}
	for _, bad := range []string{"", "red", "#12345", "#gggggg"} {
		if _, err := figure.Dark(bad); err == nil {
			t.Errorf("Dark(%q) gave no error", bad)
		}
	}
}

func parseHex(s string) (color.NRGBA, error) {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}, err
}

func TestErrorsNameWhatIsWrong(t *testing.T) {
	nan := math.NaN()
	about := figure.About{Name: "fig"}
	for want, d := range map[string]figure.Drawing{
		`figure "fig"`:                      &figure.Curves{About: about},
		`series "a" has 2 x values and 1`:   &figure.Curves{About: about, Panels: []figure.Panel{{Series: []figure.Series{{Label: "a", X: []float64{1, 2}, Y: []float64{1}}}}}},
		`one end of its interval`:           &figure.Curves{About: about, Panels: []figure.Panel{{Series: []figure.Series{{Label: "a", X: []float64{1}, Y: []float64{1}, Lo: []float64{0}}}}}},
		`there are no rows`:                 &figure.Forest{About: about},
		`row "r" has 1 cells for 2 columns`: &figure.Matrix{About: about, Rows: []figure.Member{{Label: "r"}}, Columns: []figure.Member{{}, {}}, Cells: [][]figure.Cell{{{}}}},
		`only a square matrix`:              &figure.Matrix{About: about, Cluster: true, Rows: []figure.Member{{Label: "r"}}, Columns: []figure.Member{{}, {}}, Cells: [][]figure.Cell{{{}, {}}}},
		`must rise, 1 follows 2`:            &figure.Surface{About: about, Panels: []figure.SurfacePanel{{X: []float64{2, 1}, Y: []float64{1, 2}, Z: [][]float64{{nan, nan}, {nan, nan}}}}},
		`thumbnail "x"`:                     &figure.Curves{About: about, Panels: []figure.Panel{{}}, Thumbs: []figure.Thumb{{Label: "x", PNG: []byte("no picture")}}},
		`the picture of "x"`:                &figure.HeatOverlay{About: about, Items: []figure.HeatItem{{Title: "x", Bare: true}}},
		`areas, 0 thresholds`:               &figure.AreaThreshold{About: about, Panels: []figure.AreaPanel{{Series: []figure.AreaSeries{{Area: []float64{1}}}}}},
		`there are no bars`:                 &figure.Bars{About: about},
		`no panels`:                         &figure.Scatter{About: about},
		`no stimuli`:                        &figure.Gallery{About: about},
		`no pictures`:                       &figure.Strip{About: about},
	} {
		if _, err := d.Draw(figure.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	d := example.Detection(1)
	for want, o := range map[string]figure.Options{
		`width "wide" is neither`:     {Width: "wide"},
		`format "eps" is none of svg`: {Formats: []string{"eps"}},
		`5000 dpi`:                    {DPI: 5000},
	} {
		if _, err := d.Draw(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// Figures of findings that failed must still be drawn: everything NaN, one point, equal values, infinities.
func TestDegenerateData(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	a := figure.About{Name: "degenerate"}
	series := func(y ...float64) figure.Series {
		s := figure.Series{Label: "s", Y: y}
		for i := range y {
			s.X = append(s.X, float64(i+1))
		}
		return s
	}
	for i, d := range []figure.Drawing{
		&figure.Curves{About: a, Panels: []figure.Panel{{}}},
		&figure.Curves{About: a, Panels: []figure.Panel{{Series: []figure.Series{series(nan, nan, nan)}}}},
		&figure.Curves{About: a, X: figure.Axis{Log: true}, Y: figure.Axis{Log: true}, Panels: []figure.Panel{{Series: []figure.Series{series(0, -1, nan)}}}},
		&figure.Curves{About: a, Panels: []figure.Panel{{Series: []figure.Series{series(.3)}}}},
		&figure.Curves{About: a, Panels: []figure.Panel{{Series: []figure.Series{series(2, 2, 2)}, References: []figure.Reference{{At: nan}, {At: inf}}}}},
		&figure.Curves{About: a, Panels: []figure.Panel{{Series: []figure.Series{series(inf, 1, math.Inf(-1))}}}},
		&figure.Curves{About: a, Panels: []figure.Panel{{Series: []figure.Series{series(1e-300, 1e300)}}}},
		&figure.Forest{About: a, Rows: []figure.Row{{Label: "x", Value: nan, Lo: nan, Hi: nan}}},
		&figure.Forest{About: a, X: figure.Axis{Log: true}, Rows: []figure.Row{{Label: "x", Value: 3, Lo: 1, Hi: inf}, {Label: "y", Value: 2, Lo: nan, Hi: 3, Censored: -1}}},
		&figure.Scatter{About: a, Panels: []figure.ScatterPanel{{Points: []figure.Point{{X: nan, Y: 1}, {X: 1, Y: inf}}}}},
		&figure.Matrix{About: a, Rows: []figure.Member{{Label: "x"}}, Columns: []figure.Member{{Label: "y"}}, Cells: [][]figure.Cell{{{Value: nan}}}},
		&figure.Matrix{About: a, Cluster: true, Rows: []figure.Member{{Label: "x"}}, Columns: []figure.Member{{Label: "x"}}, Cells: [][]figure.Cell{{{Value: 1}}}},
		&figure.Bars{About: a, Groups: []figure.BarGroup{{Bars: []figure.Bar{{Label: "x", Value: nan}}}}},
		&figure.AreaThreshold{About: a, Panels: []figure.AreaPanel{{Series: []figure.AreaSeries{{Label: "x", Area: []float64{.1, .2}, Threshold: []float64{nan, nan}}}}}},
		&figure.Surface{About: a, Panels: []figure.SurfacePanel{{X: []float64{1, 2}, Y: []float64{1, 2}, Z: [][]float64{{nan, nan}, {nan, nan}}}}, Levels: []float64{1}},
	} {
		f, err := d.Draw(figure.Options{DPI: 72})
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		parse(t, f.SVG)
		for _, bad := range []string{"NaN", "+Inf", "-Inf"} {
			if strings.Contains(string(f.SVG), bad) || strings.Contains(string(f.PDF), bad) {
				t.Errorf("%d: the figure has a coordinate %s", i, bad)
			}
		}
	}
}

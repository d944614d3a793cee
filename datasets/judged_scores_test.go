package datasets_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/sharedtest"
)

// LIVE's entries, hidden references left out, as scipy reads them (testdata/datasets/goldens.py).
func TestLIVE(t *testing.T) {
	path := filepath.Join("..", "testdata", "datasets", "live")
	var want struct {
		Kept     int
		Sum      float64
		SumStd   float64 `json:"sum_std"`
		LastName string  `json:"last_name"`
		Last     float64
	}
	data, err := os.ReadFile(filepath.Join(path, "expected.json"))
	if err == nil {
		err = json.Unmarshal(data, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	j, err := judge(t, "live", path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var sum, sd float64
	perKind := map[string]int{}
	for _, r := range j.Ratings {
		sum, sd = sum+r.Value, sd+r.SD
		perKind[r.Distortion]++
	}
	last := j.Ratings[len(j.Ratings)-1]
	if len(j.Ratings) != want.Kept || math.Abs(sum-want.Sum) > 1e-6 || math.Abs(sd-want.SumStd) > 1e-6 || last.Source != want.LastName || last.Value != want.Last || !j.Lower || len(perKind) != 5 || len(j.Notes) != 0 {
		t.Errorf("%d ratings, sums %v and %v, last %+v, kinds %v, want %+v", len(j.Ratings), sum, sd, last, perKind, want)
	}
	if j.Ratings[0].Item != "jp2k/img1.bmp" || !strings.HasPrefix(last.Item, "fastfading/img1") || !math.IsNaN(last.Error()) {
		t.Errorf("first %+v, last %+v", j.Ratings[0], last)
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	// Without the realigned scores those before realignment, and a note.
	dir := put(t, map[string]string{"dmos.mat": read("dmos.mat"), "refnames_all.mat": read("refnames_all.mat"), "jp2k/img1.bmp": "x", "refimgs/" + j.Ratings[0].Source: "x"})
	plain, err := judge(t, "live", dir, nil)
	if err != nil || len(plain.Ratings) != want.Kept || len(plain.Notes) != 2 || !strings.Contains(plain.Notes[0], "before realignment") || plain.Ratings[0].Output == "" || plain.Ratings[0].Reference == "" || !math.IsNaN(plain.Ratings[0].SD) {
		t.Errorf("%+v, %v", plain, err)
	}
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{nil, "dmos_realigned.mat"},
		{map[string]string{"dmos.mat": read("dmos.mat")}, "refnames_all.mat"},
		{map[string]string{"dmos_realigned.mat": read("dmos.mat"), "refnames_all.mat": read("refnames_all.mat")}, "dmos_new has 0 numbers, wants 982"},
		{map[string]string{"dmos_realigned.mat": read("dmos_realigned.mat"), "refnames_all.mat": read("types.mat")}, "refnames_all has 0 names, wants 982"},
		{map[string]string{"dmos_realigned.mat": "x", "refnames_all.mat": read("refnames_all.mat")}, "dmos_realigned.mat: no MATLAB file of level 5"},
	} {
		if _, err := judge(t, "live", put(t, c.files), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

const agiqa = "name,prompt,adj1,adj2,style,mos_quality,std_quality,mos_align,std_align\n" +
	"AttnGAN_normal_000.jpg,statue of a man,,,,0.97,0.22,0.41,0.62\n" +
	"sd1.5_highcorr_000.jpg,statue of a man,,,,2.9,0.5,3.1,0.4\n" +
	"xl2.2_normal_219.jpg,\"a brand logo, HDR lighting\",HDR lighting,,,3.91,0.6,3.1,0.93\n"

// AGIQA-3K's published table: the prompt is the source, the generator with its setting the group.
func TestAGIQA(t *testing.T) {
	dir := put(t, map[string]string{"data.csv": agiqa, "scores.csv": "item,clip,fd\nxl2.2_normal_219.jpg,3,1\nAttnGAN_normal_000.jpg,1,9\nsd1.5_highcorr_000.jpg,2,5\n"})
	j, err := judge(t, "agiqa3k", dir, map[string]any{"score": "align", "scores": filepath.Join(dir, "scores.csv"), "similarities": []string{"clip"}, "distances": []string{"fd"}})
	if err != nil {
		t.Fatal(err)
	}
	r := j.Ratings[2]
	if len(j.Ratings) != 3 || r.Distortion != "xl2.2_normal" || r.Value != 3.1 || r.SD != .93 || r.Requirement != "a brand logo, HDR lighting" || j.Ratings[0].Source != j.Ratings[1].Source || j.Columns[0].Label != "fd" || j.Scores[0][0] != 9 || j.Scores[1][2] != 3 {
		t.Errorf("%+v, %+v, %v", j.Ratings, j.Columns, j.Scores)
	}
	for row, want := range map[string]string{
		"x.jpg,p,,,,1,1,1,1\n":                   `row 5: "x.jpg" is no name`,
		"sd1.5_normal_001.jpg,p,,,,,1,1,1\n":     `row 5, column mos_quality: "" is no finite number`,
		"sd1.5_normal_001.jpg,,,,,1,1,1,1\n":     "row 5, column prompt: empty",
		"sd1.5_normal_001.jpg,p,,,,1,-1,1,1\n":   "row 5: a standard deviation of -1",
		"sd1.5_normal_001.jpg,p,,,,1,1,1,1,22\n": "row 5: 10 fields",
	} {
		if _, err := judge(t, "agiqa3k", put(t, map[string]string{"data.csv": agiqa + row}), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Scores computed elsewhere are joined by item: one too many, one too few, one twice and one unnamed are errors.
func TestJoinedScores(t *testing.T) {
	all := "AttnGAN_normal_000.jpg,1\nsd1.5_highcorr_000.jpg,2\n"
	for _, c := range []struct {
		text  string
		given map[string]any
		want  string
	}{
		{"item,m\n" + all + "no.jpg,3\n", map[string]any{"distances": []string{"m"}}, `row 4: AGIQA-3K quality has no item "no.jpg"; its first is "AttnGAN_normal_000.jpg"`},
		{"item,m\n" + all + "sd1.5_highcorr_000.jpg,3\n", map[string]any{"distances": []string{"m"}}, `row 4: "sd1.5_highcorr_000.jpg" comes twice`},
		{"item,m\n" + all + "xl2.2_normal_219.jpg,\n", map[string]any{"distances": []string{"m"}}, `row 4, column m: "" is no finite number`},
		{"item,m\n" + all + "xl2.2_normal_219.jpg,3\n", map[string]any{"distances": []string{"lpips"}}, `distances: `},
		{"name,m\n" + all + "xl2.2_normal_219.jpg,3\n", map[string]any{"distances": []string{"m"}}, `has no column "item"`},
		{"item,m\n" + all + "xl2.2_normal_219.jpg,3\n", nil, "say which of its columns are distances or similarities"},
		{"", map[string]any{"distances": []string{"m"}}, "scores names no table"},
	} {
		dir := put(t, map[string]string{"data.csv": agiqa, "s.csv": c.text})
		given := map[string]any{}
		for k, v := range c.given {
			given[k] = v
		}
		if c.text != "" {
			given["scores"] = filepath.Join(dir, "s.csv")
		}
		if _, err := judge(t, "agiqa3k", dir, given); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	dir := put(t, map[string]string{"data.csv": agiqa + "xl2.2_normal_001.jpg,p,,,,1,1,1,1\n", "s.csv": "item,m\n" + all + "xl2.2_normal_219.jpg,3\n"})
	if _, err := judge(t, "agiqa3k", dir, map[string]any{"scores": filepath.Join(dir, "s.csv"), "distances": []string{"m"}}); err == nil || !strings.Contains(err.Error(), `has no row for "xl2.2_normal_001.jpg"`) {
		t.Error(err)
	}
}

// The participants' error rates of 41 generators; means and standard errors as pandas prints them in the authors' notebook.
func TestFDHuman(t *testing.T) {
	j, err := judge(t, "fd-human", sharedtest.Dir(t, "data/fd-human"), nil)
	if err != nil {
		t.Fatal(err)
	}
	perSet := map[string]int{}
	for _, r := range j.Ratings {
		perSet[r.Distortion]++
		switch r.Item {
		case "cifar10/ACGAN":
			rounded(t, "ACGAN's error rate", r.Value, 6, "0.148200")
			rounded(t, "its standard error", r.Error(), 6, "0.012659")
		case "cifar10/LSGM-ODE":
			rounded(t, "LSGM-ODE's error rate", r.Value, 6, "0.436852")
			rounded(t, "its standard error", r.Error(), 6, "0.009958")
		case "cifar10/RESFLOW":
			rounded(t, "RESFLOW's error rate", r.Value, 6, "0.088000")
			rounded(t, "its standard error", r.Error(), 6, "0.008441")
		}
	}
	one, err := judge(t, "fd-human", sharedtest.Dir(t, "data/fd-human"), map[string]any{"set": "lsun256"})
	if err != nil || len(one.Ratings) != 8 || one.Ratings[0].Item != "lsun256/admnet-dropout" {
		t.Errorf("%+v, %v", one, err)
	}
	if len(j.Ratings) != 41 || perSet["cifar10"] != 13 || perSet["ffhq256"] != 9 || perSet["imagenet256"] != 11 || perSet["lsun256"] != 8 {
		t.Errorf("%d generators, %v", len(j.Ratings), perSet)
	}
}

func TestMalformedFDHuman(t *testing.T) {
	for text, want := range map[string]string{
		"id,model,err_rt\na,A,.1\nb,A,\nc,B,.2\n":  `cifar10.csv, row 3, column err_rt: "" is no finite number`,
		"id,model,err_rt\na,A,.1\nb,A,2\nc,B,.2\n": "cifar10.csv, row 3: an error rate of 2",
		"id,model,err_rt\na,A,.1\nb,,.3\nc,B,.2\n": "row 3, column model: empty",
	} {
		if _, err := judge(t, "fd-human", put(t, map[string]string{"cifar10.csv": text}), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := judge(t, "fd-human", put(t, nil), nil); err == nil || !strings.Contains(err.Error(), "holds none of cifar10.csv") {
		t.Error(err)
	}
}

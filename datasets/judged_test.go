package datasets_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "probity/datasets"
	"probity/internal/registry"
	"probity/internal/sharedtest"
	"probity/internal/trial"
	"probity/stats"
)

func judge(t *testing.T, name, path string, given map[string]any) (*trial.Judgements, error) {
	t.Helper()
	entry, info, err := trial.Datasets.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	values, errs := registry.NewValues(info, given)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	j, err := entry.Judge(context.Background(), values, trial.OpenOptions{Path: path})
	if err == nil {
		err = j.Check()
	}
	return j, err
}

// put writes files into a new folder.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func rounded(t *testing.T, what string, v float64, decimals int, want string) {
	t.Helper()
	if got := fmt.Sprintf("%.*f", decimals, v); got != want {
		t.Errorf("%s is %s, published %s", what, got, want)
	}
}

// The PSNR family agrees with TID2013's ratings as its authors print; PSNRc is the values' psnr.
func TestTID2013(t *testing.T) {
	j, err := judge(t, "tid2013", sharedtest.Dir(t, "data/iqa-scores/tid2013"), nil)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]bool{}
	var mos []float64
	for _, r := range j.Ratings {
		sources[r.Source] = true
		mos = append(mos, r.Value)
	}
	if len(mos) != 3000 || len(sources) != 25 || j.Ratings[0].SE != .13013 || j.Ratings[2999].Distortion != "24" || j.Ratings[2999].Level != 5 {
		t.Fatalf("%d ratings of %d sources, first %+v", len(mos), len(sources), j.Ratings[0])
	}
	for m, c := range j.Columns {
		want := map[string][2]string{"psnr": {"0.6869", "0.4958"}, "psnr_ha": {"0.8187", "0.6433"}, "psnr_hvs": {"0.6536", "0.5077"}, "psnr_hvsm": {"0.6246", "0.4818"}}[c.Label]
		if want[0] == "" {
			continue
		}
		rho, _ := stats.Spearman(j.Scores[m], mos)
		tau, _ := stats.Kendall(j.Scores[m], mos)
		rounded(t, "Spearman of "+c.Label, rho, 4, want[0])
		rounded(t, "Kendall of "+c.Label, tau, 4, want[1])
	}
	// The original layout with pictures: six of them are there, found whatever the case of their names.
	j, err = judge(t, "tid2013", sharedtest.Dir(t, "data/tid2013-micro"), nil)
	if err != nil {
		t.Fatal(err)
	}
	there := 0
	for i := range j.Items() {
		if _, _, ok := j.Pictures(i); ok {
			there++
			if r := j.Ratings[i]; r.Item == "i01_01_5.bmp" {
				rounded(t, "noise", r.Value, 2, "3.86")
			}
		}
	}
	if there != 6 || len(j.Notes) != 1 || j.Notes[0] != "pictures of 6 of 3000 items are there" {
		t.Errorf("%d pictures, notes %q", there, j.Notes)
	}
}

// CSIQ's own table and that of later metrics name the same ratings.
func TestCSIQ(t *testing.T) {
	j, err := judge(t, "csiq", sharedtest.Dir(t, "data/iqa-scores/csiq"), nil)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]bool{}
	for _, r := range j.Ratings {
		sources[r.Source] = true
	}
	r := j.Ratings[0]
	if len(j.Ratings) != 866 || len(sources) != 30 || !j.Lower || r.Item != "1600.AWGN.1.png" || r.Value != .06198940631407 || r.SD != .0612190731017426 || !math.IsNaN(r.Error()) {
		t.Errorf("%d ratings of %d sources, first %+v", len(j.Ratings), len(sources), r)
	}
}

// ImagenHub's printed scores of its editors and the kappas of their semantic consistency come out.
func TestImagenHub(t *testing.T) {
	path := sharedtest.Dir(t, "data/imagenhub")
	means := map[string]map[string]float64{}
	for _, score := range []string{"SC", "PQ", "O"} {
		j, err := judge(t, "imagenhub", path, map[string]any{"score": score})
		if err != nil {
			t.Fatal(err)
		}
		sum, n := map[string]float64{}, map[string]float64{}
		count := map[string][][]int{}
		sources := map[string]bool{}
		for i, r := range j.Ratings {
			sum[r.Distortion] += r.Value
			n[r.Distortion]++
			sources[r.Source] = true
			row := make([]int, 3)
			for _, v := range r.Raw {
				row[int(2*v)]++
			}
			count[r.Distortion] = append(count[r.Distortion], row)
			if math.IsNaN(j.Scores[0][i]) != (r.Distortion == "Imagic") {
				t.Errorf("%s: LPIPS %v", r.Item, j.Scores[0][i])
			}
		}
		means[score] = map[string]float64{}
		for e := range sum {
			means[score][e] = sum[e] / n[e]
		}
		if len(j.Ratings) != 9*179 || len(sources) != 116 || j.Columns[0].Label != "LPIPS" || j.Columns[0].Direction != trial.Distance {
			t.Errorf("%d ratings of %d photographs, columns %+v", len(j.Ratings), len(sources), j.Columns)
		}
		if score == "SC" {
			for editor, want := range map[string]string{"MagicBrush": "0.50", "InstructPix2Pix": "0.60"} {
				kappa, err := stats.FleissKappa(count[editor])
				if err != nil {
					t.Fatal(err)
				}
				rounded(t, "kappa of "+editor, kappa, 2, want)
				if note := fmt.Sprintf("(%.2f)", kappa); !strings.Contains(j.Notes[0], note) {
					t.Errorf("%s has not the kappa of %s, %s", j.Notes[0], editor, note)
				}
			}
		}
	}
	for editor, want := range map[string][3]string{"MagicBrush": {"0.51", "0.65", "0.47"}, "InstructPix2Pix": {"0.28", "0.70", "0.27"}} {
		for k, score := range []string{"SC", "PQ", "O"} {
			rounded(t, score+" of "+editor, means[score][editor], 2, want[k])
		}
	}
	text, err := judge(t, "imagenhub", path, nil)
	if err != nil || !strings.Contains(text.Notes[0], "MagicBrush 0.51, 0.65, 0.47 (0.50)") || !strings.Contains(text.Notes[0], "InstructPix2Pix 0.28, 0.70, 0.27 (0.60)") {
		t.Errorf("%v, %v", text, err)
	}
	j, err := judge(t, "imagenhub", path, map[string]any{"task": "Subject-Driven_IE"})
	if err != nil || len(j.Ratings) != 3*154 || len(j.Columns) != 2 || j.Columns[0].Label != "CLIP_I" || j.Columns[0].Direction != trial.Similarity {
		t.Errorf("subject-driven: %d ratings, %v, %v", len(j.Ratings), j.Columns, err)
	}
}

// Missing and malformed rows are errors that name file and line.
func TestMalformedJudgements(t *testing.T) {
	tid := func(rows string) map[string]string { return map[string]string{"mos_with_names.txt": rows} }
	hub := func(first, second string) map[string]string {
		out := map[string]string{}
		for k := 1; k <= 3; k++ {
			text := first
			if k == 2 {
				text = second
			}
			out[fmt.Sprintf("Text-Guided_IE/Text-Guided_IE_rater%d.tsv", k)] = text
		}
		return out
	}
	good := "uid\tA\tB\ns.jpg\t[0, 1]\t[0.5,0.5]\n"
	csiq := "image,dst_idx,dst_type,dst_lev,dmos_std,dmos\n"
	for _, c := range []struct {
		dataset string
		files   map[string]string
		want    string
	}{
		{"tid2013", nil, "mos_with_names.txt"},
		{"tid2013", tid("5.5 i01_01_1.bmp\n5.5\n"), "mos_with_names.txt, line 2: 1 fields, wants 2"},
		{"tid2013", tid("5.5 i01_01_1.bmp\n\nx i01_01_2.bmp\n"), `line 3: "x" is not a number`},
		{"tid2013", tid("5.5 i01_01.bmp\n"), `line 1: "i01_01.bmp" is no name`},
		{"tid2013", map[string]string{"mos_with_names.txt": "5.5 i01_01_1.bmp\n", "mos_std.txt": ".1\n.2\n"}, "mos_std.txt has 2 numbers, there are 1 items"},
		{"tid2013", map[string]string{"mos_with_names.txt": "5.5 i01_01_1.bmp\n", "metrics_values/x.txt": "a\n"}, `x.txt, line 1: "a" is not a number`},
		{"csiq", map[string]string{"csiq.DMOS.csv": csiq + "a,1,AWGN,1,.1,.2\na,1,AWGN,2,.1,\na,1,AWGN,3,.1,.4\n"}, `csiq.DMOS.csv, row 3, column dmos: "" is no finite number`},
		{"csiq", map[string]string{"csiq.DMOS.csv": csiq + "a,1,AWGN,1,.1,.2\na,1,,2,.1,.3\na,1,AWGN,3,.1,.4\n"}, "row 3, column dst_type: empty"},
		{"csiq", map[string]string{"csiq.DMOS.csv": "image,dmos\na,1\nb,2\nc,3\n"}, `has no column "dst_type"`},
		{"imagenhub", hub(good, "uid\tA\tB\ns.jpg\t[0, 1]\n"), "rater2.tsv, line 2: 2 fields, the header has 3"},
		{"imagenhub", hub(good, "uid\tA\tB\ns.jpg\t[0, 1]\t[0, 2]\n"), `rater2.tsv, line 2, column B: "[0, 2]" is no [SC, PQ] from 0 to 1`},
		{"imagenhub", hub(good, "uid\tA\tB\ns.jpg\t[0, 1]\t0.5\n"), `column B: "0.5" is no [SC, PQ]`},
		{"imagenhub", hub(good, "uid\tA\ns.jpg\t[0, 1]\n"), "rater2.tsv has no rating of s.jpg by B"},
		{"imagenhub", hub(good, good+"s.jpg\t[0, 1]\t[0, 1]\n"), "line 3: s.jpg comes twice"},
		{"imagenhub", hub("s.jpg\t[0, 1]\n", good), "wants a header of uid and editors"},
	} {
		if _, err := judge(t, c.dataset, put(t, c.files), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.dataset, err, c.want)
		}
	}
	j, err := judge(t, "imagenhub", put(t, hub("uid\tA\nsample_7_1.jpg\t[0.5,0.5]\nsample_7_2.jpg\t[1,0]\nother.jpg\t[1,1]\n", "uid\tA\nsample_7_1.jpg\t[0,1]\nsample_7_2.jpg\t[1,0]\nother.jpg\t[1,1]\n")), nil)
	if err != nil || j.Ratings[0].Source != "sample_7" || j.Ratings[1].Source != "sample_7" || j.Ratings[2].Source != "other.jpg" || math.Abs(j.Ratings[0].Value-1./3) > 1e-12 {
		t.Errorf("%+v, %v", j.Ratings, err)
	}
}

// Choices and ratings of one's own, with words and with shares of votes.
func TestJudgedTable(t *testing.T) {
	dir := put(t, map[string]string{
		"pairs.csv": "reference;a;b;votes_b;requirement;d_a;d_b\nx.png;x1.png;x2.png;0,6;make it red;1;2\nx.png;x1.png;x3.png;1;make it blue;1;3\ny.png;y1.png;y2.png;0;;2;1\n",
		"sd.csv":    "name,photo,mos,sd,n\na,P1,1,.4,4\nb,p1,2,.4,16\nc,p2,3,.4,1\n",
	})
	j, err := judge(t, "judged-table", filepath.Join(dir, "pairs.csv"), map[string]any{"kind": "pair", "distances": []string{"d"}})
	if err != nil {
		t.Fatal(err)
	}
	c := j.Choices[0]
	if c.VotesB != .6 || !math.IsNaN(c.Votes) || c.Source != "x.png" || c.Reference != filepath.Join(dir, "x.png") || c.B != filepath.Join(dir, "x2.png") || c.Requirement != "make it red" || j.ScoresB[0][1] != 3 {
		t.Errorf("%+v", c)
	}
	j, err = judge(t, "judged-table", filepath.Join(dir, "sd.csv"), map[string]any{"human": "mos", "by": "photo", "item": "name", "sd": "sd", "count": "n", "lower_is_better": true})
	if err != nil || !j.Lower || j.Ratings[0].Error() != .2 || j.Ratings[1].Error() != .1 || j.Ratings[1].Source != "P1" || j.Ratings[2].Item != "c" || j.Scale != "mos" {
		t.Errorf("%+v, %v", j.Ratings, err)
	}
	for given, want := range map[string]string{"sed": `se: ` + filepath.Join(dir, "sd.csv") + ` has no column "sed"; did you mean "sd"?`} {
		if _, err := judge(t, "judged-table", filepath.Join(dir, "sd.csv"), map[string]any{"human": "mos", "se": given}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := judge(t, "judged-table", dir, nil); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Error(err)
	}
}

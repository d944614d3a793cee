package datasets_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/sharedtest"
	"probity/stats"
)

// Of the votes on materials the majority has 83.81 %; mean squared error per pixel finds 67.49 % of the decided triplets.
func TestMaterialSimilarity(t *testing.T) {
	j, err := judge(t, "material-similarity", sharedtest.Dir(t, "data/material-similarity"), nil)
	if err != nil {
		t.Fatal(err)
	}
	pictures := map[string]*raster.Image{}
	load := func(file string) *raster.Image {
		if pictures[file] == nil {
			img, _, err := raster.DecodeFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pictures[file] = img
		}
		return pictures[file]
	}
	known := map[[2]string]float64{}
	mse := func(a, b string) float64 {
		if a > b {
			a, b = b, a
		}
		key := [2]string{a, b}
		if _, ok := known[key]; !ok {
			x, y := load(a), load(b)
			var s int64
			for i, v := range x.Pix {
				d := int64(v) - int64(y.Pix[i])
				s += d * d
			}
			known[key] = float64(s)
		}
		return known[key]
	}
	var trials []stats.Choice
	for _, c := range j.Choices {
		trials = append(trials, stats.Choice{VotesA: c.Votes - c.VotesB, VotesB: c.VotesB, ScoreA: -mse(c.Reference, c.A), ScoreB: -mse(c.Reference, c.B)})
	}
	r, err := stats.AgreeTwoAFC(trials)
	if err != nil {
		t.Fatal(err)
	}
	if r.Trials != 3000 || r.N != 2738 {
		t.Errorf("%d triplets, %d decided", r.Trials, r.N)
	}
	rounded(t, "the majority's share of votes", 100*r.CeilingBy, 2, "83.81")
	rounded(t, "the decided triplets that mean squared error finds", 100*r.Decided, 2, "67.49")
}

// npy is a NumPy file of one number.
func npy(v float64, kind string) string {
	h := fmt.Sprintf("{'descr': '<%s', 'fortran_order': False, 'shape': (1,), }", kind)
	h += strings.Repeat(" ", 63-(10+len(h))%64) + "\n"
	b := []byte("\x93NUMPY\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(len(h)))
	b = append(b, h...)
	if kind == "f4" {
		return string(binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v))))
	}
	return string(binary.LittleEndian.AppendUint64(b, math.Float64bits(v)))
}

// The published layouts of BAPPS, NIGHTS and KADID-10k, with pictures and without.
func TestPublishedLayouts(t *testing.T) {
	dir := put(t, map[string]string{"train/cnn/judge/000000.npy": npy(.5, "f4"), "val/cnn/judge/000000.npy": npy(.5, "f4"), "val/cnn/judge/000001.npy": npy(1, "f8"), "val/cnn/judge/000002.npy": npy(0, "f4"), "val/blur/judge/000000.npy": npy(.25, "f4"),
		"val/cnn/ref/000000.png": "x", "val/cnn/p0/000000.png": "x", "val/cnn/p1/000000.png": "x", "jnd/cnn/same/000000.npy": npy(.75, "f4")})
	j, err := judge(t, "bapps", filepath.Join(dir, "val"), nil)
	if err != nil || len(j.Choices) != 4 || j.Choices[0].Item != "blur/000000" || j.Choices[0].VotesB != .25 || j.Choices[0].A != "" || j.Choices[2].VotesB != 1 || j.Choices[1].Distortion != "cnn" || !strings.HasSuffix(j.Choices[1].B, filepath.FromSlash("p1/000000.png")) || !math.IsNaN(j.Choices[1].Votes) {
		t.Errorf("%+v, %v", j, err)
	}
	if j, err = judge(t, "bapps", dir, map[string]any{"kind": "jnd"}); err != nil || len(j.Ratings) != 1 || j.Ratings[0].Value != .75 {
		t.Errorf("%+v, %v", j, err)
	}
	if j, err = judge(t, "bapps", dir, nil); err != nil || len(j.Choices) != 5 || j.Choices[0].Item != "train/cnn/000000" || j.Choices[2].Item != "val/cnn/000000" || j.Choices[0].Distortion != "cnn" {
		t.Errorf("train and val together: %+v, %v", j, err)
	}
	night := "id,step,votes,ref_path,left_path,right_path,left_vote,right_vote,is_imagenet,prompt,split\n"
	dir = put(t, map[string]string{"data.csv": night + "1,9,7,ref/1.png,distort/1_0.png,distort/1_1.png,0,1,False,a cat,train\n2,9,8,ref/2.png,distort/2_0.png,distort/2_1.png,1,0,True,a dog,test\n3,9,6,ref/3.png,a.png,b.png,1,0,True,a dog,val\n4,9,5,ref/3.png,a.png,b.png,1,0,True,a dog,val\n", "ref/1.png": "x", "distort/1_0.png": "x", "distort/1_1.png": "x"})
	if j, err = judge(t, "nights", dir, nil); err != nil || len(j.Choices) != 3 || len(j.Notes) != 2 || !strings.HasPrefix(j.Notes[0], "1 triplets with fewer than six") || j.Choices[0].VotesB != 7 || j.Choices[1].VotesB != 0 || j.Choices[0].Reference == "" || j.Choices[1].Reference != "" {
		t.Errorf("%+v, %v", j, err)
	}
	if j, err = judge(t, "nights", dir, map[string]any{"split": "test"}); err != nil || len(j.Choices) != 1 || j.Choices[0].Item != "2" {
		t.Errorf("%+v, %v", j, err)
	}
	dir = put(t, map[string]string{"dmos.csv": "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.57,0.25\nI01_01_02.png,I01.png,4.33,0.49\nI02_25_05.png,I02.png,1.2,0\n", "images/I01.png": "x", "images/I01_01_02.png": "x"})
	if j, err = judge(t, "kadid10k", dir, nil); err != nil || j.Ratings[0].SD != .5 || j.Ratings[2].Distortion != "25" || j.Ratings[2].Level != 5 || j.Ratings[1].Output == "" || j.Ratings[0].Output != "" || j.Ratings[0].Source != "i01.png" || j.Lower {
		t.Errorf("%+v, %v", j.Ratings, err)
	}
	dir = put(t, map[string]string{"Train_Label/A0001.txt": "A0001_00_00.bmp,1446.09\r\nA0001_03_11.bmp,1500.5\n", "Train_Label/A0002.txt": "A0002_00_00.bmp,1300\n", "Train_Ref/A0001.bmp": "x", "Distortion_2/A0001_03_11.bmp": "x"})
	if j, err = judge(t, "pipal", dir, nil); err != nil || len(j.Ratings) != 3 || j.Ratings[1].Value != 1500.5 || j.Ratings[1].Distortion != "03" || j.Ratings[1].Output == "" || j.Ratings[1].Reference == "" || j.Ratings[0].Output != "" || j.Ratings[2].Source != "A0002" {
		t.Errorf("%+v, %v", j.Ratings, err)
	}
}

// Scores computed elsewhere join choices too, two columns a metric, pictures or not.
func TestChoicesWithScores(t *testing.T) {
	files := map[string]string{"val/cnn/judge/000000.npy": npy(.5, "f4"), "val/cnn/judge/000001.npy": npy(1, "f4"), "val/cnn/judge/000002.npy": npy(0, "f4"),
		"s.csv": "item,d_a,d_b\ncnn/000002,5,6\ncnn/000000,1,2\ncnn/000001,3,4\n", "short.csv": "item,d_a\ncnn/000002,5\ncnn/000000,1\ncnn/000001,3\n"}
	dir := put(t, files)
	given := map[string]any{"scores": filepath.Join(dir, "s.csv"), "distances": []string{"d"}}
	j, err := judge(t, "bapps", filepath.Join(dir, "val"), given)
	if err != nil || len(j.Columns) != 1 || j.Columns[0].Label != "d" || j.Scores[0][1] != 3 || j.ScoresB[0][2] != 6 {
		t.Errorf("%+v, %v", j, err)
	}
	given["scores"] = filepath.Join(dir, "short.csv")
	if _, err := judge(t, "bapps", filepath.Join(dir, "val"), given); err == nil || !strings.Contains(err.Error(), "d_b") {
		t.Error(err)
	}
	dir = put(t, map[string]string{"answers_processed_test.json": `{"answers": [[0, 1, 2], [1, 0, 2], [2, 1, 0]], "agreement": [[3, 0], [2, 2], [1, 4]]}`, "s.csv": "item,d_a,d_b\ntriplet 0,1,2\ntriplet 1,1,2\ntriplet 2,3,2\n"})
	j, err = judge(t, "material-similarity", dir, map[string]any{"scores": filepath.Join(dir, "s.csv"), "similarities": []string{"d"}})
	if err != nil || j.ScoresB[0][2] != 2 || j.Choices[2].VotesB != 4 {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestMalformedChoices(t *testing.T) {
	for _, c := range []struct {
		dataset string
		files   map[string]string
		want    string
	}{
		{"bapps", map[string]string{"cnn/ref/000000.png": "x"}, "has no folder with judge"},
		{"bapps", map[string]string{"judge/000000.npy": npy(1.5, "f4")}, "000000.npy: 1.5 is no share from 0 to 1"},
		{"bapps", map[string]string{"judge/000000.npy": "no"}, "no NumPy file"},
		{"bapps", map[string]string{"judge/000000.npy": npy(1, "f4") + "x"}, "5 bytes of data"},
		{"bapps", map[string]string{"judge/000000.npy": npy(1, "i4")}, "wants one float32 or float64"},
		{"pipal", map[string]string{"x.txt": ""}, "has no files of ratings"},
		{"pipal", map[string]string{"Train_Label/A0001.txt": "A0001_00_00.bmp,1446\nA0001_00_01.bmp\n"}, `A0001.txt, line 2: "A0001_00_01.bmp" is no line such as`},
		{"nights", map[string]string{"data.csv": "id,votes,ref_path,left_path,right_path,left_vote,right_vote,split\n1,6,a,b,c,1,1,val\n2,6,a,b,c,1,0,val\n3,6,a,b,c,1,0,val\n"}, "row 2: 6 votes, left_vote 1 and right_vote 1"},
		{"kadid10k", map[string]string{"dmos.csv": "dist_img,ref_img,dmos,var\nI1.png,I01.png,4,1\nI1.png,I01.png,4,1\nI1.png,I01.png,4,1\n"}, `row 2: "I1.png" is no name`},
		{"material-similarity", map[string]string{"answers_processed_test.json": `{"answers": [[0, 1, 5]], "agreement": [[3, 0]]}`, "p/a.png": "x", "p/b.png": "x"}, "answer 0: picture 5, there are 2"},
		{"material-similarity", map[string]string{"answers_processed_test.json": `{"answers": [[0, 1]], "agreement": [[3, 0]]}`}, "wants [reference, chosen, other]"},
		{"material-similarity", map[string]string{"answers_processed_test.json": `{"answers": [], "agreement": []}`}, "0 answers"},
		{"material-similarity", map[string]string{"answers_processed_test.json": `{`}, "answers_processed_test.json: unexpected end"},
	} {
		if _, err := judge(t, c.dataset, put(t, c.files), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.dataset, err, c.want)
		}
	}
}

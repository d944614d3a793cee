package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"probity/internal/sharedtest"
	"probity/reports"
)

// agreed runs `probity agree` and returns its findings; the exit status must be 0.
func agreed(t *testing.T, args ...string) *reports.Document {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	status, _, stderr := called(append([]string{"agree", "--quiet", "--resamples", "200", "--format", "svg", "--out", dir}, args...)...)
	if status != exitDone {
		t.Fatalf("exit %d: %s", status, stderr)
	}
	d, err := reports.ReadDocument(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
	return d
}

func called(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = Main(context.Background(), args, &out, &err)
	return status, out.String(), err.String()
}

// value is an estimate of the first finding (agreement).
func value(t *testing.T, d *reports.Document, q reports.Quantity, metric string) float64 {
	t.Helper()
	for _, e := range d.Findings[0].Estimates {
		if e.Quantity == q && e.Metric == metric {
			return float64(e.Value)
		}
	}
	t.Fatalf("no %s of %s", q, metric)
	return 0
}

func published(t *testing.T, d *reports.Document, q reports.Quantity, metric, want string) {
	t.Helper()
	_, after, _ := strings.Cut(want, ".")
	if got := strings.Replace(strconv.FormatFloat(value(t, d, q, metric), 'f', len(after), 64), "0.", ".", 1); got != want {
		t.Errorf("%s of %s is %s, published %s", q, metric, got, want)
	}
}

// The published correlations of TID2013 and CSIQ come out to every printed digit.
func TestAgreeWithPublishedCorrelations(t *testing.T) {
	root := sharedtest.Dir(t, "data/iqa-scores")
	metrics := "DSSIM:distance,SSIMULACRA:distance,Butteraugli:distance"
	tid := agreed(t, filepath.Join(root, "tid2013", "TID2013.VQMT.csv"), "--human", "mos", "--metric", metrics, "--by", "ref_img")
	csiq := agreed(t, filepath.Join(root, "csiq", "csiq.VQMT.csv"), "--human", "dmos", "--lower-is-better", "--metric", metrics, "--by", "image", "--noun", "photograph")
	for _, c := range []struct {
		d                      *reports.Document
		metric, plcc, rho, tau string
	}{
		{tid, "DSSIM", "-.773", "-.861", "-.678"}, {tid, "SSIMULACRA", "-.663", "-.673", "-.485"}, {tid, "Butteraugli", "-.648", "-.760", "-.572"},
		{csiq, "DSSIM", ".803", ".946", ".793"}, {csiq, "SSIMULACRA", ".793", ".848", ".644"}, {csiq, "Butteraugli", ".767", ".902", ".722"},
	} {
		published(t, c.d, reports.PearsonHuman, c.metric, c.plcc)
		published(t, c.d, reports.SpearmanHuman, c.metric, c.rho)
		published(t, c.d, reports.KendallHuman, c.metric, c.tau)
	}
	// Names of TID2013's references vary in case; they are 25 photographs all the same.
	if n := tid.Findings[0].Estimates[0].N; n != 25 {
		t.Errorf("%d sources, TID2013 has 25", n)
	}
	if !strings.Contains(csiq.Scope, "866 items of csiq.VQMT (30 photographs)") {
		t.Error(csiq.Scope)
	}
}

// TID2013's own PSNR family, from one value a line in the order of its MOS file.
func TestAgreeWithPSNRFamily(t *testing.T) {
	root := sharedtest.Dir(t, "data/iqa-scores/tid2013")
	lines := func(name string) []string {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(b))
	}
	mos := lines("mos_with_names.txt")
	names := []string{"psnr", "psnr_ha", "psnr_hvs", "psnr_hvsm"}
	var columns [][]string
	for _, n := range names {
		columns = append(columns, lines("metrics_values/"+n+".txt"))
	}
	var b strings.Builder
	fmt.Fprintln(&b, "source;mos;"+strings.Join(names, ";"))
	for i := 0; i < len(mos); i += 2 {
		fmt.Fprintf(&b, "%s;%s", mos[i+1][:3], mos[i])
		for _, c := range columns {
			fmt.Fprint(&b, ";", c[i/2])
		}
		fmt.Fprintln(&b)
	}
	path := filepath.Join(t.TempDir(), "psnr.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	// The values' psnr is what the authors print as PSNRc.
	d := agreed(t, path, "--human", "mos", "--metric", "psnr:similarity,psnr_ha:similarity,psnr_hvs:similarity,psnr_hvsm:similarity", "--by", "source")
	for metric, want := range map[string][2]string{"psnr": {".6869", ".4958"}, "psnr_ha": {".8187", ".6433"}, "psnr_hvs": {".6536", ".5077"}, "psnr_hvsm": {".6246", ".4818"}} {
		published(t, d, reports.SpearmanHuman, metric, want[0])
		published(t, d, reports.KendallHuman, metric, want[1])
	}
}

func writeTable(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is wrong with a table is said with file, row and column, and with exit status 2.
func TestAgreeMistakes(t *testing.T) {
	good := "img,mos,ssim,raw,sd\na,1,.1,1,.2\na,2,.3,2,.2\nb,3,.2,4,.2\nb,4,.5,3,.2\n"
	for _, c := range []struct {
		table string
		args  []string
		want  string
	}{
		{good, []string{"--human", "moss", "--metric", "ssim"}, `has no column "moss"; did you mean "mos"?`},
		{good, []string{"--human", "mos"}, "--metric: which columns hold scores?"},
		{good, []string{"--metric", "ssim"}, "--human: which column holds people's numbers?"},
		{good, []string{"--human", "mos", "--metric", "sim,ssim"}, `has no column "sim"`},
		{good, []string{"--human", "mos", "--metric", "ssim,ssim"}, "ssim is named twice"},
		{good, []string{"--human", "mos", "--metric", "mos"}, "is the column of --human"},
		{good, []string{"--human", "mos", "--metric", "ssim:up"}, `distance or similarity, got "up"`},
		{good, []string{"--human", "mos", "--metric", "img"}, `row 2, column img: "a" is not a number`},
		{good, []string{"--human", "mos", "--metric", "ssim", "--by", "image"}, `has no column "image"`},
		{good, []string{"--human", "mos", "--metric", "ssim", "--sd", "sd"}, "only with --count"},
		{good, []string{"--human", "mos", "--metric", "ssim", "--sd", "sd", "--count", "0"}, "row 2: 0 ratings"},
		{good, []string{"--human", "mos", "--metric", "ssim", "--kind", "vote"}, `--kind "vote"`},
		{good, []string{"--human", "mos", "--metric", "ssim", "--kind", "pair"}, `has no column "ssim_a"`},
		{good, []string{"--human", "mos", "--metric", "ssim", "--votes", "raw"}, "give --kind pair"},
		{good, []string{"--human", "mos", "--metric", "ssim", "--fit", "6"}, "wants 4 or 5"},
		{"img,mos,ssim\na,1,.1\na,2,nan\nb,3,.2\n", []string{"--human", "mos", "--metric", "ssim"}, `row 3, column ssim: "nan" is no finite number; give --missing drop`},
		{"img,mos,ssim\na,1,.1\na,,.2\nb,3,.2\n", []string{"--human", "mos", "--metric", "ssim"}, `row 3, column mos: "" is no finite number`},
		{"img,mos,psnr\na,1,20\na,2,inf\nb,3,.2\n", []string{"--human", "mos", "--metric", "psnr", "--missing", "drop"}, "only 2 of 3 rows have finite scores"},
		{"img,mos,ssim\na,1,.1\na,2\nb,3,.2\n", []string{"--human", "mos", "--metric", "ssim"}, "row 3: 2 fields, the header has 3"},
		{"img,mos,ssim\n,1,.1\na,2,.1\nb,3,.2\n", []string{"--human", "mos", "--metric", "ssim", "--by", "img"}, "row 2, column img: empty"},
		{"img,mos,mos\na,1,.1\n", []string{"--human", "mos", "--metric", "ssim"}, `two columns are called "mos"`},
		{"img,mos\na,1\n", []string{"--human", "mos", "--metric", "ssim"}, "at least 3 are needed"},
		{"", []string{"--human", "mos", "--metric", "ssim"}, "is empty"},
		{"ref,d_a,d_b,votes\nx,1,2,3\ny,1,2,1\nz,1,2,1\n", []string{"--human", "votes", "--metric", "d", "--kind", "pair"}, "row 2: 3 votes for B; without --votes"},
		{"ref,d_a,d_b,b,n\nx,1,2,3,2\ny,1,2,1,2\nz,1,2,1,2\n", []string{"--human", "b", "--votes", "n", "--metric", "d", "--kind", "pair"}, "row 2: 3 votes for B of 2 in all"},
	} {
		path := writeTable(t, "t.csv", c.table)
		status, _, stderr := called(append([]string{"agree", path, "--out", t.TempDir()}, c.args...)...)
		if status != exitInput || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %q, want %q", c.args, status, stderr, c.want)
		}
	}
}

// Decimal commas, semicolons, a byte order mark, dropped rows, standard deviations and single raters are read as meant.
func TestAgreeReadsTables(t *testing.T) {
	var points, commas strings.Builder
	fmt.Fprintln(&points, "img,mos,ssim,sd,n,r1,r2")
	fmt.Fprint(&commas, "\ufeffimg;mos;ssim;sd;n;r1;r2\r\n")
	for i := range 40 {
		x := math.Mod(float64(i)*.37, 1)
		y := x + math.Mod(float64(i)*.61, .7)
		row := fmt.Sprintf("p%d,%.3f,%.3f,.2,4,%.2f,%.2f", i%20, y, x, y-.1, y+.1)
		fmt.Fprintln(&points, row)
		fmt.Fprint(&commas, strings.ReplaceAll(strings.ReplaceAll(row, ",", ";"), ".", ","), "\r\n")
	}
	args := []string{"--human", "mos", "--metric", "ssim", "--by", "img", "--sd", "sd", "--count", "n"}
	a := agreed(t, append([]string{writeTable(t, "t.csv", points.String())}, args...)...)
	b := agreed(t, append([]string{writeTable(t, "t.csv", commas.String())}, args...)...)
	for _, q := range []reports.Quantity{reports.SpearmanHuman, reports.PearsonHuman, reports.RMSEFitted, reports.OutlierRatio} {
		if x, y := value(t, a, q, "ssim"), value(t, b, q, "ssim"); x != y {
			t.Errorf("%s: %v with points, %v with commas", q, x, y)
		}
	}
	// sd .2 of 4 ratings is a standard error of .1.
	c := agreed(t, append([]string{writeTable(t, "t.csv", strings.ReplaceAll(points.String(), ",.2,", ",.1,"))}, "--human", "mos", "--metric", "ssim", "--by", "img", "--se", "sd")...)
	if x, y := value(t, a, reports.OutlierRatio, "ssim"), value(t, c, reports.OutlierRatio, "ssim"); x != y {
		t.Errorf("outlier ratio %v by standard deviation and count, %v by standard error", x, y)
	}
	hole := strings.Replace(points.String(), "p0,", "p0,1,,.2,4,1,1\np0,", 1)
	d := agreed(t, append([]string{writeTable(t, "t.csv", hole), "--missing", "drop"}, args...)...)
	if x, y := value(t, a, reports.SpearmanHuman, "ssim"), value(t, d, reports.SpearmanHuman, "ssim"); x != y {
		t.Errorf("%v, and with a dropped row %v", x, y)
	}
	if w := d.Findings[0].Warnings; len(w) == 0 || !strings.Contains(w[0].Detail, "1 of 41 rows have no finite score of ssim") {
		t.Errorf("the dropped row is not told: %v", w)
	}
	e := agreed(t, writeTable(t, "t.csv", points.String()), "--raters", "r1,r2", "--metric", "ssim", "--by", "img")
	if x, y := value(t, a, reports.SpearmanHuman, "ssim"), value(t, e, reports.SpearmanHuman, "ssim"); math.Abs(x-y) > .02 {
		t.Errorf("%v by mean, %v by raters", x, y)
	}
}

// A drawn report can be drawn again.
func TestAgreeReportAgain(t *testing.T) {
	var b strings.Builder
	fmt.Fprintln(&b, "img,mos,ssim")
	for i := range 60 {
		fmt.Fprintf(&b, "p%d,%d,%d\n", i%20, i*7%13, i*5%11)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if status, _, stderr := called("agree", writeTable(t, "t.csv", b.String()), "--human", "mos", "--metric", "ssim", "--by", "img", "--quiet", "--resamples", "200", "--format", "svg", "--out", dir); status != exitDone {
		t.Fatal(stderr)
	}
	again := filepath.Join(t.TempDir(), "again")
	if status, _, stderr := called("report", dir, "--only", "agreement", "--format", "pdf", "--out", again); status != exitDone {
		t.Fatal(stderr)
	}
	if _, err := os.Stat(filepath.Join(again, "figures", "agreement-t.pdf")); err != nil {
		t.Error(err)
	}
	f, err := os.Open(filepath.Join(dir, "tables", "agreement-estimates.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 70 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
}

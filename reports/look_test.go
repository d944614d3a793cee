package reports_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"probity/reports"
)

func TestLook(t *testing.T) {
	d := standard()
	in := d.input("sensitivity", "salience", "detection", "area-threshold")
	in.Experiment.Hypotheses = []reports.Hypothesis{
		{Finding: "detection", Metric: "patch-cosine(cnn-a)", Against: "cosine(cnn-a)", At: reports.Condition{Perturb: "hue", Severity: 5, Area: .01, HasSeverity: true, HasArea: true}, SmallestEffect: .05},
		{Finding: "detection", Metric: "cosine(cnn-a)", Against: "pixel-l2(cnn-a)", At: reports.Condition{Perturb: "hue", Severity: 5, Area: .04, HasSeverity: true, HasArea: true, Null: "shift"}, SmallestEffect: .05},
		{Finding: "area-threshold", Metric: "patch-cosine(cnn-a)", Against: "cosine(cnn-a)", SmallestEffect: .2},
		{Finding: "salience", Metric: "ssim", SmallestEffect: .1},
	}
	start := time.Now()
	fs, err := reports.Findings(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("findings", time.Since(start))
	start = time.Now()
	dir := os.Getenv("LOOK")
	res, err := reports.Write(context.Background(), in, dir)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("write", time.Since(start))
	fmt.Println(res.Answer)
	for _, f := range fs {
		fmt.Println("==", f.Kind, len(f.Estimates), len(f.Warnings), f.Refused)
		fmt.Println(f.Answer)
	}
	for _, x := range res.Files {
		fmt.Println(x)
	}
}

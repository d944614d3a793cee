package reports_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"probity/reports"
)

// A report begins with an answer that has a number, its interval and its scope, and never claims more than what was run.
func TestAnswer(t *testing.T) {
	in := standard().input("sensitivity", "detection")
	in.Options.Formats = []string{"svg"}
	in.Experiment.Noun = "photograph"
	for range 2 {
		in.Experiment.Hypotheses = append(in.Experiment.Hypotheses, reports.Hypothesis{Finding: "detection", Metric: "patch-cosine(cnn-a)", Against: "cosine(cnn-a)", SmallestEffect: .02})
	}
	res, err := reports.Write(context.Background(), in, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 networks (cnn-a, vit-a)", "48 photographs of normal deviates", "change of class", "controls aside", "most patch-cosine(cnn-a), A within .8", "n = 48", "2 contrasts declared beforehand: 2 larger"} {
		if !strings.Contains(res.Answer, want) {
			t.Errorf("the answer lacks %q: %s", want, res.Answer)
		}
	}
	if !regexp.MustCompile(`A within \.\d\d \[\.\d\d, \.\d\d\]`).MatchString(res.Answer) {
		t.Errorf("no interval in the answer: %s", res.Answer)
	}
	if regexp.MustCompile(`CNNs|ViTs|equal`).MatchString(res.Answer) {
		t.Errorf("the answer claims more than was run: %s", res.Answer)
	}
}

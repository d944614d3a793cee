package datasets_test

import (
	"slices"
	"strings"
	"testing"

	"probity/internal/sharedtest"
)

// People's shape bias and that of the networks whose trials are published.
func TestCueConflict(t *testing.T) {
	j, err := judge(t, "cue-conflict", sharedtest.Dir(t, "data/cue-conflict"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var texture, all float64
	for _, c := range j.Choices {
		texture, all = texture+c.VotesB, all+c.Votes
	}
	rounded(t, "people's shape bias", 100*(1-texture/all), 2, "95.87")
	if want := []string{"6 of 1200 pictures were seen by nobody as either cue", "shape bias over all pictures whose cues differ: people 95.87 %, alexnet 42.94 %, googlenet 31.19 %, vgg 17.22 %"}; !slices.Equal(j.Notes, want) {
		t.Errorf("%q", j.Notes)
	}
	if len(j.Columns) != 3 || len(j.Choices) != 1194 {
		t.Errorf("%d networks, %d pictures", len(j.Columns), len(j.Choices))
	}
}

func TestMalformedCueConflict(t *testing.T) {
	head := "subj,session,trial,rt,object_response,category,condition,imagename\n"
	row := "subject-01,1,1,.5,cat,cat,0,0001_a_cat1-dog2.png\n"
	for text, want := range map[string]string{
		head + row + row + "subject-01,1,1,.5,cat,cat,0,cat1.png\n":             `row 4: "cat1.png" does not end in shape and texture`,
		"subj,object_response\na,b\na,b\na,b\n":                                 `has no column "imagename"`,
		head + strings.Repeat("vgg,1,1,.5,cat,cat,0,0001_a_cat1-dog2.png\n", 3): "has no answer of people",
	} {
		if _, err := judge(t, "cue-conflict", put(t, map[string]string{"raw-data/x.csv": text}), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

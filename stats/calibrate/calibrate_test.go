package calibrate_test

import (
	"context"
	"strings"
	"testing"

	"probity/stats/calibrate"
)

// TestChosenIntervalsCover is the small edition of docs/calibration.md. At 2,000 replicates the standard error of a share of
// 95 % is half a point, so that the bounds of 93 to 97 % and 4 to 6 % are those of the full table.
func TestChosenIntervalsCover(t *testing.T) {
	g := calibrate.Small()
	rows, err := calibrate.Run(context.Background(), g)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Shape == "normal" && (r.Rejects < .04 || r.Rejects > .06) {
			t.Errorf("%+v: rejects %.3f", r, r.Rejects)
		}
		if r.Chosen < .93 || r.Chosen > .97 {
			t.Errorf("%+v: covers %.3f", r, r.Chosen)
		}
		if r.ByRow > .85 {
			t.Errorf("%+v: counting rows covers %.3f, which the cluster effect should break", r, r.ByRow)
		}
		if r.Clusters == 5 && r.Percentile > .9 {
			t.Errorf("%+v: the percentile bootstrap covers %.3f of few clusters", r, r.Percentile)
		}
	}
	var b strings.Builder
	if err := calibrate.Write(&b, g, rows); err != nil || strings.Contains(b.String(), "%!") {
		t.Errorf("the page: %v\n%s", err, b.String())
	}
}

// TestAgreementIsCalibrated is the small edition of the table on agreement with people.
func TestAgreementIsCalibrated(t *testing.T) {
	g := calibrate.SmallAgreement()
	rows, err := calibrate.RunAgreement(context.Background(), g)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Chosen < .93 || r.Chosen > .97 {
			t.Errorf("%+v: covers %.3f", r, r.Chosen)
		}
		if r.Rejects < .04 || r.Rejects > .06 {
			t.Errorf("%+v: rejects %.3f", r, r.Rejects)
		}
		if r.Whole > .035 {
			t.Errorf("%+v: leaving sources out whole rejects %.3f, where it is known to err on the safe side", r, r.Whole)
		}
		if r.Clusters == 5 && r.Percentile > .9 {
			t.Errorf("%+v: the percentile bootstrap covers %.3f of few sources", r, r.Percentile)
		}
		if r.Williams < .08 {
			t.Errorf("%+v: counting rows rejects %.3f, which the sources' effects should break", r, r.Williams)
		}
	}
	var b strings.Builder
	if err := calibrate.WriteAgreement(&b, g, rows); err != nil || strings.Contains(b.String(), "%!") {
		t.Errorf("the page: %v\n%s", err, b.String())
	}
	t.Log(b.String())
}

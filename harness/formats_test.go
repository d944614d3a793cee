package harness_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"probity/harness"
	"probity/internal/trial"
	"probity/reports"
)

// Every column of scores.csv and every key of manifest.json and findings.json stands in docs/file-formats.md.
func TestFileFormatsAreDescribed(t *testing.T) {
	page, err := os.ReadFile("../docs/file-formats.md")
	if err != nil {
		t.Fatal(err)
	}
	described := func(key string) {
		t.Helper()
		if !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("docs/file-formats.md does not describe %q", key)
		}
	}
	dir := t.TempDir()
	files, err := harness.WriteScores(&trial.Table{SetColumns: []trial.Column{{Label: "a"}}, Spaces: []trial.Space{{Label: "a"}}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		described(f)
		if !strings.HasSuffix(f, ".csv") {
			continue
		}
		header, err := os.ReadFile(dir + "/" + f)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range strings.Split(strings.TrimSpace(string(header)), ",") {
			described(c)
		}
	}
	for _, v := range []any{harness.Manifest{}, harness.ManifestSource{}, harness.ManifestPerturb{}, harness.ManifestMetric{},
		harness.ManifestModel{}, harness.ManifestFile{}, reports.Document{}, reports.Finding{}, reports.Estimate{}, reports.Contrast{}} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			key, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			described(key)
		}
	}
}

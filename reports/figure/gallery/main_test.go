package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestGalleryIsUpToDate(t *testing.T) {
	files, err := build()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", filepath.FromSlash(f.name)))
		if err != nil {
			t.Errorf("%v; go run ./reports/figure/gallery docs", err)
			continue
		}
		// Other processors may fuse multiplications and round the last digit of a coordinate differently.
		if (f.name == "gallery.md" || runtime.GOARCH == "amd64") && !bytes.Equal(got, f.data) {
			t.Errorf("docs/%s is not what the code draws; go run ./reports/figure/gallery docs", f.name)
		}
	}
}

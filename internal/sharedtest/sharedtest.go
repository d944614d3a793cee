// Package sharedtest finds the real models and human judgements that tests may use when they lie beside the project.
package sharedtest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir is the path of shared/rel, which lies beside the repository ("data/kodak", "models"). Where it is absent the
// test is skipped with a message, or fails if PROBITY_REQUIRE_SHARED=1. PROBITY_SHARED names another place.
func Dir(t testing.TB, rel string) string {
	t.Helper()
	root := os.Getenv("PROBITY_SHARED")
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	path := filepath.Join(root, filepath.FromSlash(rel))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("PROBITY_REQUIRE_SHARED") == "1" {
			t.Fatalf("shared/%s is required and was not found (PROBITY_REQUIRE_SHARED=1)", rel)
		}
		t.Skipf("needs shared/%s beside the repository, which is not there", rel)
	}
	return path
}

package reports

import (
	"context"

	"probity/internal/registry"
)

// Entry is what a kind of finding registers.
type Entry struct {
	// Compute reads the analysis and returns the finding. It must be a pure function of the analysis and params, and
	// safe for concurrent use.
	Compute func(ctx context.Context, a *Analysis, params registry.Values) (*Finding, error)
	// Exhibit draws the finding's figures and tables; nil where it has none.
	Exhibit func(v *View, f *Finding) (Exhibition, error)
}

// Kinds holds every kind of finding, for [[finding]] sections and `probity list findings`.
var Kinds = registry.New[Entry]("finding")

package trial

import (
	"context"
	"errors"

	"probity/internal/registry"
)

// ErrNoPicture is wrapped by the error of a data set whose pictures all failed.
var ErrNoPicture = errors.New("no picture that can be used")

// DatasetEntry is what a data set registers.
type DatasetEntry struct {
	Where string // where its authors publish it; "" for what the program makes itself
	Needs string // what must lie where, for `probity list datasets`
	// Judged marks data sets that bring human judgements.
	Judged bool
	Open   func(ctx context.Context, params registry.Values, opt OpenOptions) (*Collection, error)
	// Judge reads the judgements, for [[human]]; nil where Judged is false. A data set may have judgements and no Open.
	Judge JudgeFunc
	// Suite makes trials whose truth is known by construction, for [[suite]]; nil where the data set has none.
	Suite SuiteFunc
}

// OpenOptions are what [images] says besides the data set's own parameters.
type OpenOptions struct {
	Path string // resolved path of the data; "" where none was given
	Size int    // working size in pixels; 0: pictures stay as they are
	Fit  string // how a picture is brought to Size: "crop" (shorter side, then centre), "squash", "shorter"
	Seed uint64
}

// Datasets holds every data set; datasets fills it.
var Datasets = registry.New[DatasetEntry]("data set")

package trial

import (
	"context"
	"fmt"
	"strings"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
)

// Axis is the one severity axis of a perturbation.
type Axis struct {
	Name    string  // "mean CIEDE2000 inside the region", "sigma"
	Unit    string  // "dE00", "px", "levels", "fraction"; "" where it is a plain number
	Min     float64 // smallest severity that changes anything, exclusive; 0 is always the identity
	Max     float64 // largest possible severity, inclusive; +Inf where there is none
	Integer bool    // only whole numbers mean anything
	// Descending marks axes on which smaller numbers are stronger (JPEG quality). Their identity is severity 0 too.
	Descending bool
	// Fixed marks a perturbation without an axis (class swap): it has the single severity 1.
	Fixed   bool
	Default []float64 // severities used where the experiment names none
}

// Check says whether a severity lies on the axis.
func (a Axis) Check(v float64) error {
	switch {
	case v == 0:
		return nil
	case v != v || v < a.Min || v > a.Max:
		return fmt.Errorf("severity %v is outside the axis, %s", v, strings.TrimSpace(fmt.Sprintf("%v to %v %s", a.Min, a.Max, a.Unit)))
	case a.Integer && v != float64(int64(v)):
		return fmt.Errorf("severity %v is not a whole number", v)
	}
	return nil
}

// PerturbationEntry is what a perturbation registers.
type PerturbationEntry struct {
	Axis    Axis
	Regions bool // it can be confined to a region
	Donor   bool // it borrows from another source
	// Local marks an edit of a part of the picture: it needs a region smaller than the whole, or the source's object mask.
	Local  bool
	Anchor bool // it makes a change of class, or the control of one: meant for role anchor or control
	// New makes the perturbation; params have been checked against its registry.Info.
	New func(params registry.Values) (Perturbation, error)
}

// Perturbations holds every perturbation; perturb fills it.
var Perturbations = registry.New[PerturbationEntry]("perturbation")

// Perturbation is one kind of controlled edit with its parameters fixed. It is safe for concurrent use.
type Perturbation interface {
	// Prepare does what is shared by all severities of one source, region and replicate (drawing the noise field,
	// converting to Lab, choosing the donor) and returns the sweep over severities.
	Prepare(ctx context.Context, in *Input) (Sweep, error)
}

// Content is implemented by perturbations whose pixels depend on more than parameters and sources: files that they read.
type Content interface {
	// Content is a hash of what was read; the same for the same bytes.
	Content() (string, error)
}

// Sweep applies a prepared perturbation at one severity > 0 and returns a new picture; it never changes its input.
// Severity 0 never reaches it. A Sweep may keep scratch memory and is not safe for concurrent use.
type Sweep func(severity float64) (*Outcome, error)

// Input is what a perturbation is given.
type Input struct {
	Image  *raster.Image // the picture to change: the source, or what the step before left
	Region *raster.Mask  // where to act; nil is the whole picture
	Source *Source       // where the picture came from
	// Draw opens the stream for one purpose, keyed by experiment seed, source, step and replicate.
	Draw func(purpose string) *stream.Stream
	// Donor chooses another source and loads it, cropped and resized to Image's size. nil where the experiment has no
	// other sources.
	Donor func(ctx context.Context, rule DonorRule) (*Donor, error)
}

// DonorRule says which other source may lend.
type DonorRule string

// The rules for donors.
const (
	AnyOther   DonorRule = "any other source"
	OtherClass DonorRule = "a source of another class"
	SameClass  DonorRule = "another source of the same class"
)

// Donor is a source that lends, with its pixels in the size of the borrower's.
type Donor struct {
	Source *Source
	Image  *raster.Image
	// Mask loads one of the donor's masks, cropped and resized like its picture.
	Mask func(ctx context.Context, name string) (*raster.Mask, error)
}

// Outcome is what a perturbation made.
type Outcome struct {
	Image *raster.Image
	// Region is where the step acted, if that is not the region it was given; nil otherwise.
	Region *raster.Mask
	Donors []*Source
	// Instruction and captions, where the step knows them (scene edits).
	Instruction, SourceCaption, TargetCaption string
	Class                                     string // class after the step; "" unchanged
	// Editor edits the scene that Image shows, where the step drew a scene anew: a null can then photograph it again.
	Editor Editor
	// Flags name what a reader must know of this stimulus: "target 20 dE00 unreachable, reached 14.2".
	Flags []Flag
}

// Flag is a named condition of one stimulus. Code is short and stable; Detail is for people.
type Flag struct {
	Code   string // "unreachable", "clipped", "no-donor"
	Detail string
}

// Realised is what was really done to the pixels, measured after quantising to 8 bits, against the picture before.
type Realised struct {
	Area     float64 // fraction of the picture's pixels inside the region
	Changed  float64 // fraction of the picture's pixels whose bytes changed
	DE00     float64 // mean CIEDE2000 over the region, unchanged pixels counting 0
	MaxDE00  float64 // largest CIEDE2000 of any pixel
	WholeDE0 float64 // mean CIEDE2000 over the whole picture
	RMS      float64 // root mean square difference inside the region, levels of 0..255, over all channels
}

package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"probity/perturb"
)

// RegionSpec says where an edit acts. Area is 1 for the whole picture and 0 for shapes whose area is the mask's own.
type RegionSpec = perturb.Region

// wholePicture is the region of an edit that has none.
var wholePicture = RegionSpec{Shape: "whole", Area: 1}

// regions takes the key "region": "whole", a table, or a list of tables, and gives one region for each shape and area, in
// the order written.
func (s *section) regions(key string) []RegionSpec {
	raw, ok := s.take(key)
	if !ok {
		return nil
	}
	if shape, ok := raw.(string); ok {
		if shape == "whole" {
			return []RegionSpec{wholePicture}
		}
		s.d.fail(s.at(key), atValue, "wants a table such as { shape = \"disc\", area = [0.01, 0.04] }, got the string %q", shape)
		return nil
	}
	var tables []*section
	if _, one := raw.(map[string]any); one {
		tables = []*section{s.table(key)}
	} else {
		tables = s.tables(key)
	}
	var out []RegionSpec
	for _, t := range tables {
		for _, r := range t.region() {
			if slices.Contains(out, r) {
				s.d.fail(t.path, atValue, "the region %s is there twice", regionsText([]RegionSpec{r}))
				continue
			}
			out = append(out, r)
		}
	}
	return out
}

// ownArea reports whether a shape has an area of its own, so that none can be asked for.
func ownArea(shape string) bool {
	return shape == "whole" || shape == "object" || shape == "background" || shape == "mask"
}

func (s *section) region() []RegionSpec {
	base := RegionSpec{}
	base.Shape = s.choice("shape", "", perturb.Shapes...)
	if !s.has("shape") {
		s.missing("shape", "a region needs a shape, one of "+strings.Join(perturb.Shapes, ", "))
	}
	base.Placement = s.choice("placement", "", perturb.Placements...)
	if base.Placement != "" && (ownArea(base.Shape) || base.Shape == "ring") {
		s.d.fail(s.at("placement"), atKey, "a region of shape %q lies where it lies: leave placement out", base.Shape)
	}
	s.regionMask(&base)
	areas, paths := s.numbers("area")
	s.close("a region")
	if ownArea(base.Shape) {
		if s.has("area") && !(base.Shape == "whole" && len(areas) == 1 && areas[0] == 1) {
			s.d.fail(s.at("area"), atKey, "a region of shape %q has an area of its own: leave area out or choose another shape", base.Shape)
			return nil
		}
		if base.Shape == "whole" {
			base.Area = 1
		}
		return []RegionSpec{base}
	}
	var out []RegionSpec
	for i, a := range areas {
		if a <= 0 || a > 1 {
			s.d.fail(paths[i], atValue, "area %v is outside 0 to 1: it is the fraction of the picture inside the region", a)
			continue
		}
		if slices.Contains(areas[:i], a) {
			s.d.fail(paths[i], atValue, "area %v is there twice", a)
			continue
		}
		r := base
		r.Area = a
		out = append(out, r)
	}
	if base.Shape != "" && !s.has("area") {
		s.missing("area", fmt.Sprintf("a region of shape %q needs an area, such as area = [0.01, 0.04, 0.16] (fractions of the picture)", base.Shape))
	}
	return out
}

// regionMask takes the key mask, the path of a picture whose white is inside.
func (s *section) regionMask(r *RegionSpec) {
	path := s.text("mask")
	switch {
	case r.Shape != "mask" && s.has("mask"):
		s.d.fail(s.at("mask"), atKey, "a mask belongs to shape = \"mask\", not to %q", r.Shape)
	case r.Shape == "mask" && path == "":
		s.missing("mask", "a region of shape \"mask\" needs mask = \"FILE\", a picture of the sources' size whose white is inside")
	case r.Shape == "mask":
		r.Mask = resolve(filepath.Dir(s.d.name), path)
		if _, err := os.Stat(r.Mask); err != nil {
			s.d.fail(s.at("mask"), atValue, "there is no mask file %s", filepath.ToSlash(r.Mask))
		}
	}
}

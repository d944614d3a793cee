package harness

import (
	"slices"
	"strings"
)

// RegionSpec says where an edit acts.
type RegionSpec struct {
	Shape     string
	Area      float64 // fraction of the picture; 1 for the whole
	Placement string
	Mask      string
}

var (
	regionShapes     = []string{"whole", "disc", "box", "blob"}
	regionPlacements = []string{"random"}
)

// regions takes the key "region": a shape's name, a table, or a list of tables, and gives one region for each shape and
// area, in the order written.
func (s *section) regions(key string) []RegionSpec {
	raw, ok := s.m[key]
	if !ok {
		s.take(key)
		return nil
	}
	if shape, ok := raw.(string); ok {
		s.take(key)
		if shape == "whole" {
			return []RegionSpec{{Shape: "whole", Area: 1}}
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
				s.d.fail(t.path, atValue, "the region %s is there twice", r.Shape)
				continue
			}
			out = append(out, r)
		}
	}
	return out
}

func (s *section) region() []RegionSpec {
	base := RegionSpec{Area: 1}
	base.Shape = s.choice("shape", "", regionShapes...)
	if !s.has("shape") {
		s.missing("shape", "a region needs a shape, one of "+strings.Join(regionShapes, ", "))
	}
	base.Placement = s.choice("placement", "", regionPlacements...)
	base.Mask = s.text("mask")
	areas, paths := s.numbers("area")
	s.close("a region")
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
	switch {
	case base.Shape == "whole" && s.has("area") && !(len(areas) == 1 && areas[0] == 1):
		s.d.fail(s.at("area"), atKey, "the whole picture has the area 1: leave area out or choose another shape")
		return nil
	case base.Shape == "whole":
		return []RegionSpec{base}
	case base.Shape != "" && !s.has("area"):
		s.missing("area", "a "+base.Shape+" needs an area, such as area = [0.01, 0.04, 0.16] (fractions of the picture)")
	}
	return out
}

package harness

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"probity/internal/registry"
	"probity/internal/trial"
	"probity/perturb"
)

// Schema is the experiment file as a JSON schema (draft-07), made of the registries, for editors that complete and check
// TOML as it is typed (taplo, and with it Visual Studio Code, Neovim, Helix). It is a little more lenient than Parse,
// which also looks at what only the whole file shows.
func Schema(findings FindingKinds) []byte {
	root := object("An experiment file of probity.", map[string]any{
		"probity":        map[string]any{"const": DocumentVersion, "description": "Version of the file format."},
		"name":           map[string]any{"type": "string", "pattern": runName.String(), "maxLength": 100, "description": "Name of the experiment and of its folder, runs/NAME."},
		"question":       text("The question that the experiment answers, in a sentence."),
		"seed":           map[string]any{"type": "integer", "minimum": 0, "default": 1, "description": "All randomness follows from it."},
		"overlong_texts": choice("What is done with a text of more tokens than a model reads: an error before the run (default), or cut as open_clip does, with a note for each.", "error", "cut"),
		"images":         imagesSchema(),
		"metric":         kinds("Metrics that judge the stimuli.", trial.Metrics.Names(), metricSchema),
		"set_metric":     kinds("Metrics that compare whole sets of pictures.", trial.SetMetrics.Names(), setMetricSchema),
		"set_perturb":    kinds("Changes of which pictures a set has.", trial.SetPerturbations.Names(), setPerturbSchema),
		"perturb":        perturbSchema(),
		"finding":        findingSchema(findings),
		"human":          list("Data sets with judgements that the metrics are compared with.", oneOf(datasetSchemas(func(e trial.DatasetEntry) bool { return e.Judged }, true))),
		"suite":          list("Trials whose truth is known by construction, on which the metrics are tried.", oneOf(datasetSchemas(func(e trial.DatasetEntry) bool { return e.Suite != nil }, true))),
		"space":          list("Joint spaces of an image and a text tower that are measured.", spaceSchema()),
		"hypothesis":     list("Contrasts declared before the run.", hypothesisSchema()),
		"figures":        figureSchema(),
	}, "probity", "name")
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "probity experiment"
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("harness: schema: %v", err)) // only plain values are in it
	}
	return append(out, '\n')
}

func object(doc string, properties map[string]any, required ...string) map[string]any {
	o := map[string]any{"type": "object", "properties": properties, "additionalProperties": false, "description": doc}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func list(doc string, items any) map[string]any {
	return map[string]any{"type": "array", "items": items, "description": doc}
}

func text(doc string) map[string]any { return map[string]any{"type": "string", "description": doc} }

func choice(doc string, allowed ...string) map[string]any {
	return map[string]any{"type": "string", "enum": allowed, "description": doc}
}

// kinds is a list of tables that are told apart by their key kind.
func kinds(doc string, names []string, of func(name string) map[string]any) map[string]any {
	each := []any{}
	for _, n := range names {
		each = append(each, of(n))
	}
	return list(doc, oneOf(each))
}

// oneOf is a value that fits one of some schemas. Where nothing is registered any table will do, since the list may not
// be empty.
func oneOf(each []any) map[string]any {
	if len(each) == 0 {
		return map[string]any{"type": "object"}
	}
	return map[string]any{"oneOf": each}
}

// kind begins the table of one registrant: its key kind and its parameters.
func kind(info registry.Info) (properties map[string]any, required []string) {
	properties = map[string]any{"kind": map[string]any{"const": info.Name, "description": info.Doc}}
	required = parameters(properties, info)
	return properties, append([]string{"kind"}, required...)
}

// parameters adds a registrant's parameters and returns those that must be written.
func parameters(properties map[string]any, info registry.Info) (required []string) {
	for _, p := range info.Params {
		properties[p.Name] = parameterSchema(p)
		if p.Required {
			required = append(required, p.Name)
		}
	}
	return required
}

func parameterSchema(p registry.Param) map[string]any {
	doc := strings.TrimRight(p.Doc, ".")
	if p.Unit != "" {
		doc += " (" + p.Unit + ")"
	}
	s := map[string]any{"description": sentence(doc)}
	one := s
	switch p.Type {
	case registry.Float:
		s["type"] = "number"
	case registry.Int:
		s["type"] = "integer"
	case registry.Bool:
		s["type"] = "boolean"
	case registry.String:
		s["type"] = "string"
	case registry.Floats:
		one = map[string]any{"type": "number"}
		s["type"], s["items"] = "array", one
	case registry.Strings:
		one = map[string]any{"type": "string"}
		s["type"], s["items"] = "array", one
	}
	if p.Bounded() {
		bounds(one, p.Min, p.Max)
	}
	if len(p.Enum) > 0 {
		one["enum"] = p.Enum
	}
	if p.Default != nil {
		s["default"] = p.Default
	}
	return s
}

func bounds(s map[string]any, lo, hi float64) {
	if !math.IsInf(lo, -1) {
		s["minimum"] = lo
	}
	if !math.IsInf(hi, 1) {
		s["maximum"] = hi
	}
}

func imagesSchema() map[string]any {
	s := oneOf(datasetSchemas(func(e trial.DatasetEntry) bool { return e.Suite == nil }, false))
	s["description"] = "Where the sources come from."
	return s
}

// datasetSchemas describes the sections of the data sets that fit one of [images], [[human]] and [[suite]]; the last two have names.
func datasetSchemas(wanted func(e trial.DatasetEntry) bool, named bool) []any {
	each := []any{}
	for _, name := range trial.Datasets.Names() {
		entry, info, err := trial.Datasets.Get(name)
		if err != nil || !wanted(entry) {
			continue
		}
		where := "Where the pictures lie, relative to this file."
		if entry.Needs != "" {
			where += " Needs " + entry.Needs + "."
		}
		properties := map[string]any{
			"dataset": map[string]any{"const": name, "description": info.Doc},
			"path":    text(where),
			"size":    map[string]any{"type": "integer", "minimum": 16, "maximum": 16384, "description": "Working size in pixels; pictures stay as they are without it."},
			"fit":     map[string]any{"type": "string", "enum": fits, "default": "crop", "description": "How a picture is brought to the working size."},
		}
		if entry.Suite == nil {
			properties["limit"] = map[string]any{"type": "integer", "minimum": 1, "description": "Use the first so many sources by seeded rank; the first 96 contain the first 48."}
		}
		if named {
			properties["name"] = labelSchema()
		}
		required := parameters(properties, info)
		each = append(each, object(info.Doc, properties, append([]string{"dataset"}, required...)...))
	}
	return each
}

func labelSchema() map[string]any {
	return text("Label in tables and figures; made of the kind and its parameters without it.")
}

func metricSchema(name string) map[string]any {
	info, _ := trial.Metrics.Info(name)
	properties, required := kind(info)
	properties["name"] = labelSchema()
	return severalModels(object(info.Doc, properties, required...), info)
}

func setMetricSchema(name string) map[string]any {
	info, _ := trial.SetMetrics.Info(name)
	properties, required := kind(info)
	properties["name"] = labelSchema()
	properties["against"] = map[string]any{"type": "string", "enum": []string{"halves", "sources"}, "default": "halves",
		"description": "The reference set: the other half of the sources, or the very sources that were edited."}
	return severalModels(object(info.Doc, properties, required...), info)
}

// severalModels lets a metric's model be a list, models, in place of it.
func severalModels(o map[string]any, info registry.Info) map[string]any {
	p, has := info.Param("model")
	if !has || !p.Model {
		return o
	}
	o["properties"].(map[string]any)["models"] = map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "minItems": 1, "uniqueItems": true,
		"description": "Several models in place of one: a metric each."}
	if required, ok := o["required"].([]string); ok && slices.Contains(required, "model") {
		o["required"] = slices.DeleteFunc(slices.Clone(required), func(k string) bool { return k == "model" })
		o["anyOf"] = []any{map[string]any{"type": "object", "required": []string{"model"}}, map[string]any{"type": "object", "required": []string{"models"}}}
	}
	return o
}

func findingSchema(findings FindingKinds) map[string]any {
	const doc = "Statistical results to compute."
	if findings == nil {
		return kinds(doc, nil, nil)
	}
	return kinds(doc, findings.Names(), func(name string) map[string]any {
		info, _ := findings.Info(name)
		properties, required := kind(info)
		return object(info.Doc, properties, required...)
	})
}

func perturbSchema() map[string]any {
	each := []any{}
	steps := []any{}
	for _, name := range trial.Perturbations.Names() {
		entry, info, _ := trial.Perturbations.Get(name)
		properties, required := kind(info)
		sectionKeys(properties, entry.Axis, entry.Regions)
		each = append(each, object(info.Doc, properties, required...))

		properties, required = kind(info)
		if !entry.Axis.Fixed {
			properties["severity"] = severitySchema(entry.Axis)
		}
		steps = append(steps, object(info.Doc, properties, required...))
	}
	properties := map[string]any{"steps": list("Steps of a chain, in order; the one without a severity takes the section's.", oneOf(steps))}
	sectionKeys(properties, trial.Axis{Name: "severity, on the axis of the kind or of the step that has none of its own", Min: math.Inf(-1), Max: math.Inf(1)}, true)
	each = append(each, object("A chain of perturbations.", properties, "steps"))
	return list("Edits, nulls, anchors and controls.", map[string]any{"oneOf": each})
}

// sectionKeys adds the keys that every [[perturb]] takes.
func sectionKeys(properties map[string]any, axis trial.Axis, regions bool) {
	properties["name"] = labelSchema()
	properties["role"] = choice("What the stimuli are for: the change under study, a change nobody should be asked to notice, a change of class, or the control of one.", roles...)
	properties["replicates"] = map[string]any{"type": "integer", "minimum": 1, "maximum": 10000, "default": 1, "description": "Repetitions of an edit, anchor or control with other random numbers."}
	properties["draws"] = map[string]any{"type": "integer", "minimum": 1, "maximum": 10000, "default": minDraws, "description": fmt.Sprintf("Draws of a null; detection needs %d or more.", minDraws)}
	if !axis.Fixed {
		one := severitySchema(axis)
		many := list(one["description"].(string), one)
		many["minItems"] = 1
		s := map[string]any{"description": one["description"], "oneOf": []any{one, many}}
		if len(axis.Default) > 0 {
			s["default"] = axis.Default
		}
		properties["severity"] = s
	}
	if regions {
		one := regionSchema()
		properties["region"] = map[string]any{"description": "Where the edit acts; the whole picture without it.", "oneOf": []any{map[string]any{"const": "whole"}, one, list("Several regions.", one)}}
	}
}

// severitySchema describes one severity. 0, the identity, is always allowed.
func severitySchema(axis trial.Axis) map[string]any {
	s := map[string]any{"type": "number", "description": sentence(axisText(axis))}
	if axis.Integer {
		s["type"] = "integer"
	}
	bounds(s, math.Min(axis.Min, 0), math.Max(axis.Max, 0))
	return s
}

// sentence makes a phrase a sentence.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + strings.TrimRight(s[size:], ".") + "."
}

func regionSchema() map[string]any {
	area := map[string]any{"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "Fraction of the picture inside the region."}
	return object("A region.", map[string]any{
		"shape":     choice("Shape of the region.", perturb.Shapes...),
		"area":      map[string]any{"description": "Fraction of the picture inside the region, one or several.", "oneOf": []any{area, list("Several areas; the smaller lie inside the larger.", area)}},
		"placement": choice("Where a disc, box or blob lies; at random without it.", perturb.Placements...),
		"mask":      text("For shape \"mask\": a picture of the sources' size whose white is inside, relative to this file."),
	}, "shape")
}

func hypothesisSchema() map[string]any {
	number := func(doc string) map[string]any { return map[string]any{"type": "number", "description": doc} }
	return object("A contrast declared before the run; everything else in a report is exploratory.", map[string]any{
		"name":     text("Name in the report."),
		"finding":  text("Kind of the finding that it is about."),
		"contrast": text("Labels of two metrics, \"A - B\", or of one; of a decomposition the name of an effect."),
		"at": object("The stimuli that it is about.", map[string]any{
			"perturb": text("Label of a perturbation; of a decomposition the name of a response."), "null": text("Label of a null."), "shape": text("Shape of the region."),
			"severity": number("Severity of the perturbation."), "area": number("Area of the region."),
		}),
		"smallest_effect": map[string]any{"type": "number", "exclusiveMinimum": 0, "description": "Smallest difference that would matter."},
	}, "finding", "contrast", "smallest_effect")
}

func figureSchema() map[string]any {
	return object("How figures are drawn.", map[string]any{
		"formats": map[string]any{"type": "array", "items": choice("File format.", figureFormats...), "default": figureFormats, "description": "File formats."},
		"width":   map[string]any{"type": "string", "enum": figureWidths, "default": "page", "description": "Width of a figure: one column of a paper, or the page."},
		"axis":    map[string]any{"type": "string", "enum": figureAxes, "default": figureAxes[0], "description": "What edits are put on: their severity, or what was measured of them after quantising, so that edits of different kinds can be compared at equal physical change. Thresholds are then in its unit too."},
		"only":    list("Kinds of finding to draw; all without it.", map[string]any{"type": "string"}),
	})
}

package zoo_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"probity/zoo"
)

var update = flag.Bool("update", false, "write the generated parts of docs/models.md")

const modelsPage = "../docs/models.md"

// The page's reference of manifests is the parser's own types with their comments, its list of models the catalogue.
func TestModelsPageIsTheParsersAndTheCatalogues(t *testing.T) {
	data, err := os.ReadFile(modelsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for name, text := range map[string]string{"manifest": manifestReference(t), "catalogue": catalogueTable(t), "parity": parityTable(t), "normalisation": normalisationTable(t)} {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
		from, to := strings.Index(page, begin), strings.Index(page, end)
		if from < 0 || to < from {
			t.Fatalf("%s has lost its marks %q", modelsPage, begin)
		}
		page = page[:from+len(begin)] + "\n" + text + "\n" + page[to:]
	}
	if *update {
		if err := os.WriteFile(modelsPage, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if page != string(data) {
		t.Errorf("%s is out of date: go test ./zoo -run TestModelsPage -update", modelsPage)
	}
}

// manifestReference makes a table for each table of a manifest from the fields' types, names and comments in manifest.go.
func manifestReference(t *testing.T) string {
	file, err := parser.ParseFile(token.NewFileSet(), "manifest.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	structs := map[string]*ast.StructType{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok {
			if st, ok := s.Type.(*ast.StructType); ok {
				structs[s.Name.Name] = st
			}
		}
		return true
	})
	var b strings.Builder
	for _, part := range []struct{ heading, of string }{
		{"At the top", "Manifest"}, {"`[input]`", "Input"}, {"`[preprocess]`", "Preprocess"},
		{"`[[output]]`, one for each output", "Output"}, {"`[text]`, for models of pictures and words", "Text"},
		{"`[[extra]]`, one for each further file", "File"},
	} {
		fmt.Fprintf(&b, "%s:\n\n| key | type | |\n|---|---|---|\n", part.heading)
		for _, f := range structs[part.of].Fields.List {
			key := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("toml")
			kind := ""
			switch x := f.Type.(type) {
			case *ast.Ident:
				kind = map[string]string{"string": "string", "int": "integer", "int64": "integer", "float64": "number"}[x.Name]
			case *ast.ArrayType:
				kind = map[string]string{"int": "integers", "float64": "numbers"}[x.Elt.(*ast.Ident).Name]
			}
			if kind == "" {
				continue // a table, which has its own part
			}
			said := strings.TrimSpace(f.Doc.Text() + " " + f.Comment.Text())
			said = strings.ReplaceAll(strings.Join(strings.Fields(said), " "), "|", `\|`)
			if said == "" {
				t.Errorf("the manifest's key %s of %s is not documented", key, part.of)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key, kind, said)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// parityTable shows what the tests of parity measured, the full-size architectures first.
func parityTable(t *testing.T) string {
	var known map[string]parity
	readJSON(t, parityFile, &known)
	group := func(name string) int {
		switch {
		case strings.HasPrefix(name, "tiny-"):
			return 2
		case strings.HasSuffix(name, "-random1"):
			return 0
		}
		return 1
	}
	names := slices.SortedFunc(maps.Keys(known), func(a, b string) int {
		return cmp.Or(group(a)-group(b), strings.Compare(a, b))
	})
	var b strings.Builder
	b.WriteString("| model | against | PNG: relative L2, cosine distance | JPEG | texts |\n|---|---|---|---|---|\n")
	for _, n := range names {
		p := known[n]
		what := []string{strings.TrimSuffix(n, "-random1") + ", full size, seeded weights", n + ", genuine weights", n + ", small, seeded weights"}[group(n)]
		fmt.Fprintf(&b, "| %s | %s | %v | %v | %v |\n", what, p.Against, p.PNG, p.JPEG, p.Texts)
	}
	for _, n := range names {
		if d := known[n].Default; d != nil {
			fmt.Fprintf(&b, "\nThe default processor of %s instead of its Pillow one changes the joint embedding of %s, both in Python, by %v of opaque pictures and by %v of those with transparency, which it lays over white.\n", known[n].Against,
				strings.TrimSuffix(n, "-random1"), d[0], d[1])
		}
	}
	return b.String()
}

func catalogueTable(t *testing.T) string {
	known, err := zoo.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for n := range known {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("| model | family | training | data | outputs | how to get it |\n|---|---|---|---|---|---|\n")
	for _, n := range names {
		m := known[n]
		get := "by hand: " + m.Source
		switch {
		case m.URL != "":
			get = "`probity models pull " + n + "`"
		case m.Export != "":
			get = "`export.py " + m.Export + "`"
		}
		var outputs []string
		for _, o := range m.Outputs {
			outputs = append(outputs, o.Name)
		}
		if len(outputs) > 5 {
			outputs = append(outputs[:4], fmt.Sprintf("and %d more", len(outputs)-4))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", n, m.Family, m.Training, m.Data, strings.Join(outputs, ", "), get)
	}
	return b.String()
}

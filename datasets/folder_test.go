package datasets_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

func open(t *testing.T, name string, given map[string]any, opt trial.OpenOptions) (*trial.Collection, error) {
	t.Helper()
	entry, info, err := trial.Datasets.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	values, errs := registry.NewValues(info, given)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return entry.Open(context.Background(), values, opt)
}

// painted is a PNG of w x h whose pixels depend on the number.
func painted(t *testing.T, w, h, number int) string {
	t.Helper()
	m := raster.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = uint8(i*number + number)
	}
	return encoded(t, m)
}

func encoded(t *testing.T, m *raster.Image) string {
	t.Helper()
	data, err := m.EncodePNG()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Sub-folders are classes, the order is that of slash paths; copies, broken and hidden files are no sources, and those that
// were tried are named.
func TestFolder(t *testing.T) {
	whole := painted(t, 12, 8, 3)
	dir := put(t, map[string]string{
		"dog/b.png": whole, "dog/a.PNG": painted(t, 8, 12, 5), "cat/in/deep.png": painted(t, 9, 9, 7), "top.png": painted(t, 6, 6, 11),
		"dog/copy.png": whole, "dog/cut.png": whole[:len(whole)/2], "dog/words.png": "no picture", "dog/notes.txt": "x", ".hidden.png": whole, ".git/x.png": whole,
	})
	col, err := open(t, "folder", nil, trial.OpenOptions{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	var ids, classes, problems []string
	for _, s := range col.Sources {
		ids, classes = append(ids, s.ID), append(classes, s.Class)
	}
	for _, p := range col.Problems {
		problems = append(problems, p.What)
	}
	if want := []string{"cat/in/deep.png", "dog/a.PNG", "dog/b.png", "top.png"}; !reflect.DeepEqual(ids, want) {
		t.Errorf("sources %q, want %q", ids, want)
	}
	if want := []string{"cat", "dog", "dog", ""}; !reflect.DeepEqual(classes, want) {
		t.Errorf("classes %q, want %q", classes, want)
	}
	if want := []string{"dog/copy.png", "dog/cut.png", "dog/words.png"}; !reflect.DeepEqual(problems, want) || col.Problems[0].Reason != "has the same bytes as dog/b.png" {
		t.Errorf("problems %+v, want %q", col.Problems, want)
	}
	// The hash is of the content: another name in another folder is the same source.
	again, err := open(t, "folder", nil, trial.OpenOptions{Path: put(t, map[string]string{"z.png": whole})})
	if err != nil || again.Sources[0].Hash != col.Sources[2].Hash || again.Sources[0].Hash == col.Sources[1].Hash {
		t.Errorf("%+v, %v", again, err)
	}
	m, err := col.Sources[2].Picture.Load(context.Background())
	if err != nil || m.W != 12 || m.H != 8 || m.Pix[1] != 6 {
		t.Errorf("%+v, %v", m, err)
	}
}

// The working size: a centre square, the whole picture squashed, or the shorter side alone; masks go the same way.
func TestFolderSizes(t *testing.T) {
	mask := raster.New(20, 10)
	for y := range 10 {
		for x := range 10 { // the left half
			for c := range 3 {
				mask.Pix[3*(y*20+x)+c] = 255
			}
		}
	}
	dir := put(t, map[string]string{"p/a.png": painted(t, 20, 10, 3), "m/a.png": encoded(t, mask)})
	for fit, want := range map[string]struct{ w, h, inside int }{"crop": {6, 6, 18}, "squash": {6, 6, 18}, "shorter": {12, 6, 36}} {
		col, err := open(t, "folder", map[string]any{"masks": filepath.Join(dir, "m")}, trial.OpenOptions{Path: filepath.Join(dir, "p"), Size: 6, Fit: fit})
		if err != nil {
			t.Fatal(err)
		}
		p := col.Sources[0].Picture
		m, err := p.Load(context.Background())
		if err != nil || m.W != want.w || m.H != want.h {
			t.Fatalf("%s: %d x %d, %v", fit, m.W, m.H, err)
		}
		object, err := p.Mask(context.Background(), "object")
		if err != nil {
			t.Fatal(err)
		}
		ground, err := p.Mask(context.Background(), "background")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, v := range object.In {
			n += int(v)
			if v+ground.In[i] != 1 {
				t.Fatalf("%s: pixel %d is in both masks or in none", fit, i)
			}
		}
		if n != want.inside || object.W != want.w || object.H != want.h {
			t.Errorf("%s: %d of %d pixels inside, want %d", fit, n, len(object.In), want.inside)
		}
		if _, err := p.Mask(context.Background(), "sky"); err == nil {
			t.Error("a mask called sky")
		}
	}
}

// Captions are found by path; masks that are not there are named and those of another size are errors; so are folders without pictures.
func TestFolderMistakes(t *testing.T) {
	picture := painted(t, 8, 8, 3)
	dir := put(t, map[string]string{"p/dog/a.png": picture, "captions.tsv": "./dog/a.png\t a dog \r\n\n", "bad.tsv": "dog/a.png\ta dog\ndog/b.png a cat\n", "m/dog/a.png": painted(t, 4, 4, 0), "none/x.txt": "x", "broken/x.png": "x", "empty/y/z.txt": "x"})
	at := func(s string) string { return filepath.Join(dir, s) }
	col, err := open(t, "folder", map[string]any{"captions": at("captions.tsv"), "masks": at("none")}, trial.OpenOptions{Path: at("p")})
	if err != nil || col.Sources[0].Captions["full"] != "a dog" || col.Sources[0].Masks != nil || len(col.Problems) != 1 || !strings.Contains(col.Problems[0].Reason, "has no mask at") {
		t.Errorf("%+v, %v", col, err)
	}
	if col, err = open(t, "folder", map[string]any{"masks": at("m")}, trial.OpenOptions{Path: at("p")}); err != nil {
		t.Fatal(err)
	}
	if _, err := col.Sources[0].Picture.Mask(context.Background(), "object"); err == nil || !strings.Contains(err.Error(), "is 4 x 4, its picture 8 x 8") {
		t.Error(err)
	}
	for _, c := range []struct {
		path  string
		given map[string]any
		want  string
	}{
		{"", nil, "needs a path"},
		{at("nowhere"), nil, "nowhere"},
		{at("bad.tsv"), nil, "it is a file; name the folder"},
		{at("none"), nil, "holds no picture"},
		{at("p"), map[string]any{"captions": at("bad.tsv")}, "bad.tsv:2: wants a relative path, a tab and a caption"},
		{at("p"), map[string]any{"captions": at("gone.tsv")}, "reading captions"},
	} {
		if _, err := open(t, "folder", c.given, trial.OpenOptions{Path: c.path}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
	}
	if _, err := open(t, "folder", nil, trial.OpenOptions{Path: at("broken")}); !errors.Is(err, trial.ErrNoPicture) || !strings.Contains(err.Error(), "x.png") {
		t.Error(err)
	}
}

// Scenes as a data set: the first of many are the few, the same pixels each time, with masks that part the picture and captions.
func TestScenesAsDataSet(t *testing.T) {
	few, err := open(t, "scenes", map[string]any{"count": 3}, trial.OpenOptions{Size: 48})
	if err != nil {
		t.Fatal(err)
	}
	many, err := open(t, "scenes", map[string]any{"count": 5}, trial.OpenOptions{Size: 48, Seed: 9})
	if err != nil || len(many.Sources) != 5 {
		t.Fatal(len(many.Sources), err)
	}
	other, err := open(t, "scenes", map[string]any{"count": 3, "scene-seed": 2}, trial.OpenOptions{Size: 48})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	hashes := map[string]bool{}
	for i, s := range few.Sources {
		a, err := s.Picture.Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b, err := many.Sources[i].Picture.Load(ctx)
		if err != nil || !bytes.Equal(a.Pix, b.Pix) || s.Hash != many.Sources[i].Hash || s.ID != many.Sources[i].ID || a.W != 48 || a.H != 48 {
			t.Errorf("scene %d differs among 3 and among 5, %v", i, err)
		}
		hashes[s.Hash], hashes[other.Sources[i].Hash] = true, true
		if s.Class == "" || !strings.Contains(s.Captions["class"], s.Class) || s.Captions["full"] == "" || s.Captions["partial"] == "" || s.Editor == nil {
			t.Errorf("scene %d: class %q, captions %q", i, s.Class, s.Captions)
		}
		object, err := s.Picture.Mask(ctx, "object")
		if err != nil {
			t.Fatal(err)
		}
		ground, err := s.Picture.Mask(ctx, "background")
		if err != nil {
			t.Fatal(err)
		}
		inside := 0
		for k, v := range object.In {
			inside += int(v)
			if v == 1 && ground.In[k] == 1 {
				t.Fatalf("scene %d: pixel %d is of the object and of the background", i, k)
			}
		}
		if inside == 0 || inside == len(object.In) {
			t.Errorf("scene %d: %d pixels of the object", i, inside)
		}
		if _, err := s.Picture.Mask(ctx, "sky"); err == nil || !strings.Contains(err.Error(), `no mask "sky"`) {
			t.Error(err)
		}
		for _, kind := range s.Editor.Kinds() {
			if e, err := s.Editor.Edit(ctx, kind, 0, stream.Key{Seed: 1, Step: kind}.Open()); err == nil && e.Image != nil && e.Image.W != 48 {
				t.Errorf("%s gives %d pixels", kind, e.Image.W)
			}
		}
	}
	if len(hashes) != 6 {
		t.Errorf("%d different scenes of 6", len(hashes))
	}
	for want, bad := range map[string]trial.OpenOptions{"at least 16 pixels, got 8": {Size: 8}} {
		if _, err := open(t, "scenes", nil, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
	if _, err := open(t, "scenes", map[string]any{"objects": []float64{3, 2}}, trial.OpenOptions{}); err == nil || !strings.Contains(err.Error(), "the fewest and the most") {
		t.Error(err)
	}
}

// A table of edits as benchmarks of editing publish it: the picture to edit, the instruction, the output, and single ratings.
func TestEditTable(t *testing.T) {
	dir := put(t, map[string]string{"edits.csv": "source,instruction,output,editor,ann,bob\nin/1.png,make it red,out/1a.png,A,4,5\nin/1.png,make it red,out/1b.png,B,2,\nin/2.png,\"add a hat, please\",out/2a.png,A,1,2\n"})
	given := map[string]any{"reference": "source", "requirement": "instruction", "distortion": "editor", "raters": []string{"ann", "bob"}}
	j, err := judge(t, "judged-table", filepath.Join(dir, "edits.csv"), given)
	if err != nil {
		t.Fatal(err)
	}
	r := j.Ratings[2]
	if r.Source != "in/2.png" || r.Reference != filepath.Join(dir, "in", "2.png") || r.Requirement != "add a hat, please" || r.Output != filepath.Join(dir, "out", "2a.png") || r.Value != 1.5 || j.Ratings[1].Value != 2 || j.Ratings[0].Source != j.Ratings[1].Source || r.Distortion != "A" {
		t.Errorf("%+v", j.Ratings)
	}
	bad := put(t, map[string]string{"edits.csv": "source,instruction,output,editor,ann,bob\na,b,c,A,,\na,b,c,A,1,1\na,b,c,A,1,1\n"})
	if _, err := judge(t, "judged-table", filepath.Join(bad, "edits.csv"), given); err == nil || !strings.Contains(err.Error(), "edits.csv, row 2: no rater has rated it") {
		t.Error(err)
	}
}

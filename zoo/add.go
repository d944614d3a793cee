package zoo

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var notName = regexp.MustCompile(`[^a-z0-9.]+`)

// Add inspects an ONNX file and writes a manifest beside it, NAME.toml, to be filled in. Lines that are guessed carry a
// comment that begins with CHECK. It needs no runtime, and refuses to overwrite a manifest.
func Add(file string) (manifest string, err error) {
	info, err := inspectFile(file)
	if err != nil {
		return "", fmt.Errorf("adding %s: %w", file, err)
	}
	manifest = strings.TrimSuffix(file, ".onnx") + ".toml"
	if _, err := os.Stat(manifest); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("adding %s: %s is there already; edit it, or remove it first", file, manifest)
	}
	sum, err := hashOf(file)
	if err != nil {
		return "", fmt.Errorf("adding %s: %w", file, err)
	}
	text, err := draft(filepath.Base(file), sum, info)
	if err != nil {
		return "", fmt.Errorf("adding %s: %w", file, err)
	}
	if err := writeAtomic(manifest, []byte(text)); err != nil {
		return "", fmt.Errorf("writing %s: %w", manifest, err)
	}
	return manifest, nil
}

// draft writes what an ONNX file tells as a manifest, and what it does not tell as guesses.
func draft(file, sum string, info onnxInfo) (string, error) {
	var picture *onnxValue
	for i, in := range info.inputs {
		if len(in.dims) == 4 && (in.kind == onnxFloat || in.kind == onnxFloat16) {
			picture = &info.inputs[i]
		}
	}
	if picture == nil {
		var have []string
		for _, in := range info.inputs {
			have = append(have, fmt.Sprintf("%s %v %s", in.name, in.dims, onnxTypeName(in.kind)))
		}
		return "", fmt.Errorf("it has no input of four dimensions in float or float16, so it is no image tower (inputs: %s); a text tower belongs into the [text] section of its image tower's manifest", strings.Join(have, ", "))
	}
	layout, h, w := "NCHW", picture.dims[2], picture.dims[3]
	if picture.dims[3] == 3 && picture.dims[1] != 3 {
		layout, h, w = "NHWC", picture.dims[1], picture.dims[2]
	}
	family := "cnn"
	for _, o := range info.outputs {
		if len(o.dims) == 3 {
			family = "vit"
		}
	}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("name = %q", strings.Trim(notName.ReplaceAllString(strings.ToLower(strings.TrimSuffix(file, ".onnx")), "-"), "-."))
	p("doc = \"\"")
	p("family = %q        # CHECK: cnn or vit", family)
	p("training = \"classes\"  # CHECK: classes, attributes, contrastive, self-supervised or none")
	p("data = \"unknown\"      # CHECK: what it was trained on; conclusions are drawn by it")
	p("licence = \"\"")
	p("source = \"\"           # paper, and where its authors publish it")
	p("file = %q", file)
	p("sha256 = %q", sum)
	p("size = %d", info.size)
	for _, e := range info.external {
		p("\n# Its weights lie in %q, which must stay beside it.", e)
	}
	p("\n[input]\nname = %q\nlayout = %q", picture.name, layout)
	p("\n# CHECK all of this against the model's own preprocessing: wrong numbers here give plausible wrong features.")
	p("[preprocess]\nfilter = \"bicubic\"")
	if h > 0 && w > 0 {
		p("fit = \"crop\"\nresize = %d\nsize = [%d, %d]", int(math.Round(float64(max(h, w))*256/224)), h, w)
	} else {
		p("fit = \"crop\"\nresize = 256\nsize = [224, 224]   # the file takes any size")
	}
	p("scale = 0.00392156862745098\nmean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]")
	for _, o := range info.outputs {
		kind, prefix := "pooled", 0
		switch n := len(o.dims); {
		case n == 4:
			kind = "map"
		case n == 3:
			kind = "tokens"
			prefix = prefixOf(int(o.dims[1]))
		case n == 2 && (o.dims[1] == 1000 || o.dims[1] == 1001 || o.dims[1] == 21841 || strings.Contains(o.name, "logit")):
			kind = "logits"
		case n != 2:
			p("\n# The output %q has shape %v, which is no feature of a picture.", o.name, o.dims)
			continue
		}
		p("\n[[output]]\nname = %q\ntensor = %q\nlayout = %q   # CHECK; the file says %v", safeOutput(o.name), o.name, kind, o.dims)
		if prefix > 0 {
			p("prefix = %d   # CHECK: tokens before the patch grid", prefix)
		}
		p("doc = \"\"")
	}
	return b.String(), nil
}

// safeOutput avoids the names that every model has.
func safeOutput(name string) string {
	if name == "input" || name == "text" {
		return name + "-output"
	}
	return name
}

// prefixOf guesses how many tokens come before a square grid: none, a class token, two, or a class token and four
// registers.
func prefixOf(n int) int {
	if n < 1 {
		return 1 // the file does not say; most have a class token
	}
	for _, p := range []int{0, 1, 2, 5} {
		if s := int(math.Round(math.Sqrt(float64(n - p)))); n > p && s*s == n-p {
			return p
		}
	}
	return 0
}

package harness

import (
	"context"
	"runtime"
	"sort"
	"strings"

	"probity/internal/trial"
)

// Counts says how much a run will do. Everything is for the whole run unless it says otherwise.
type Counts struct {
	Sources   int         `json:"sources"`
	Clusters  int         `json:"clusters"` // independent units among the sources
	PerSource []RoleCount `json:"per_source"`
	Stimuli   int         `json:"stimuli"`
	Scores    int         `json:"scores"`
	Pictures  int         `json:"pictures"` // that a model must look at: sources and stimuli, severity 0 aside
	Passes    []Passes    `json:"passes,omitempty"`
	// What CountAll adds.
	Suites []SuiteCount `json:"suites,omitempty"`
	Spaces *SpaceCount  `json:"spaces,omitempty"`
}

// RoleCount is the number of stimuli of one role made of each source.
type RoleCount struct {
	Role trial.Role `json:"role"`
	N    int        `json:"n"`
}

// Passes is the number of pictures that one model looks at.
type Passes struct {
	Model        string  `json:"model"`
	Native       bool    `json:"native,omitempty"` // at the picture's own size
	N            int     `json:"n"`
	Milliseconds float64 `json:"milliseconds"` // of one picture on one core
	Guess        bool    `json:"guess"`        // Milliseconds is a guess from the model's family
}

// Cost is what a run is expected to take. The figures are estimates: time is for one core of a current desktop machine,
// divided by the cores of this one.
type Cost struct {
	Cores      int     `json:"cores"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Seconds    float64 `json:"seconds"`
	Memory     int64   `json:"memory_bytes"`
	Disk       int64   `json:"disk_bytes"`
	Width      int     `json:"width"` // of the pictures, mean of the first few
	Height     int     `json:"height"`
}

// count fills Counts.
func (p *Plan) count() {
	n := len(p.Sources)
	c := Counts{Sources: n, Clusters: p.clusters()}
	roles := []trial.Role{trial.Edit, trial.Null, trial.Crossed, trial.Anchor, trial.Control}
	pictures := 1
	by := map[trial.Role]int{}
	for _, s := range p.Stimuli {
		by[s.Role]++
		if !p.identity(s) {
			pictures++
		}
	}
	for _, r := range roles {
		if by[r] > 0 {
			c.PerSource = append(c.PerSource, RoleCount{r, by[r]})
		}
	}
	c.Stimuli = n * len(p.Stimuli)
	c.Scores = c.Stimuli * len(p.Metrics)
	c.Pictures = n * pictures
	p.Counts = c
	for _, w := range p.ways() {
		p.addPasses(w.model, w.native, w.family, c.Pictures)
	}
}

// addPasses counts pictures that a model looks at.
func (p *Plan) addPasses(model string, native bool, family string, n int) {
	for i := range p.Counts.Passes {
		if f := &p.Counts.Passes[i]; f.Model == model && f.Native == native {
			f.N += n
			return
		}
	}
	ms, known := passMilliseconds[model]
	if strings.HasPrefix(model, "micro-") { // bundled, 64 x 64
		ms, known = 1.5, true
	}
	if !known {
		ms = familyMilliseconds[family]
		if ms == 0 {
			ms = 20
		}
	}
	p.Counts.Passes = append(p.Counts.Passes, Passes{Model: model, Native: native, N: n, Milliseconds: ms, Guess: !known})
}

// identity reports whether a stimulus is its source bit for bit.
func (p *Plan) identity(s PlannedStimulus) bool {
	return s.Null < 0 && s.Severity == 0 && len(p.Perturbs[s.Perturb].Steps) == 1
}

type way struct {
	model, family string
	native        bool
}

// ways lists the ways in which models are run, each once, in the order of the metrics. A model that is asked for its
// input tensor alone is not run.
func (p *Plan) ways() []way {
	var out []way
	add := func(r trial.Request, family string) {
		if r.Part.Text() || r.Output == trial.InputTensor {
			return
		}
		for _, o := range out {
			if o.model == r.Model && o.native == r.Native {
				return
			}
		}
		out = append(out, way{r.Model, family, r.Native})
	}
	for _, m := range p.Metrics {
		for _, r := range m.Metric.Needs() {
			family := ""
			if r.Model == m.Column.Model {
				family = m.Column.Family
			}
			add(r, family)
		}
	}
	for _, m := range p.SetMetrics {
		for _, r := range m.Metric.Needs() {
			add(r, "")
		}
	}
	return out
}

// One forward pass of a 224 x 224 picture on one core, in a batch of 8. Measured with ONNX Runtime 1.24.
var passMilliseconds = map[string]float64{
	"squeezenet1.1": 7, "squeezenet1.1-taps": 9, "mobilenetv2-1.0": 8, "alexnet": 12, "vit-tiny-patch16-224": 30,
	"inception-2015-mixed8": 90,
}

var familyMilliseconds = map[string]float64{"cnn": 25, "vit": 50}

// One score or one stimulus of a 256 x 256 picture on one core, in milliseconds. Metrics that are not here read features,
// which takes next to nothing.
var (
	metricMilliseconds = map[string]float64{
		"mse": .3, "mae": .3, "psnr": .3, "ssim": 5, "ms-ssim": 8, "ciede2000": 17, "gmsd": 5, "vifp": 20, "dists": 10,
		"lpips-alex": 3, "lpips-vgg": 20, "lpips-squeeze": 5, "input-l2": .3, "patch-cosine": .5,
	}
	// Of the whole picture; where an edit acts in a region, its share of this and of a fixed part.
	perturbMilliseconds = map[string]float64{
		"hue": 45, "chroma": 45, "lightness": 45, "gaussian-noise": 5, "sensor-noise": 5, "gaussian-blur": 8, "jpeg": 3, "shift": 3,
		"cut-out": 1, "patch-shuffle": .2, classSwap: 6, sameClassSwap: 6, otherImage: 6,
	}
)

const (
	defaultPerturbMilliseconds = 10
	fixedShare                 = .1 // of an edit's cost that does not shrink with its region
	regionMilliseconds         = 8  // ranking the pixels of a region
	prepareMilliseconds        = 2  // resizing, cropping and normalising a 256 x 256 picture for one model
	textMilliseconds           = .5 // a text of a joint space in a small text tower
	measureMilliseconds        = 12 // realised differences of a stimulus that is changed everywhere
)

// estimate fills Cost.
func (p *Plan) estimate() {
	c := Cost{Cores: runtime.NumCPU()}
	scores := p.Counts.Scores
	c.Width, c.Height = p.pictureSize()
	scale := float64(c.Width*c.Height) / (256 * 256)
	var perSource float64
	for _, s := range p.Stimuli {
		if s.Role != trial.Crossed { // a crossed stimulus starts from the edit that is there already, and is not measured
			share := 1.0
			if s.Perturb >= 0 {
				if r := p.Perturbs[s.Perturb].Regions[s.Region]; r.Shape != "whole" {
					perSource += scale * regionMilliseconds / float64(len(p.Perturbs[s.Perturb].Severities))
					area := r.Area
					if area == 0 { // a mask's own, not known yet
						area = .25
					}
					share = fixedShare + (1-fixedShare)*area
				}
				perSource += scale * share * p.sectionMilliseconds(s.Perturb)
			}
			perSource += scale * share * measureMilliseconds
		}
		if s.Null >= 0 {
			perSource += scale * p.sectionMilliseconds(s.Null)
		}
		for _, m := range p.Metrics {
			perSource += scale * metricMilliseconds[m.Section.Kind]
		}
	}
	ms := perSource * float64(len(p.Sources))
	for _, s := range p.Counts.Suites {
		scale := float64(s.Size*s.Size) / (256 * 256)
		for _, m := range p.Metrics {
			ms += float64(s.Trials) * scale * metricMilliseconds[m.Section.Kind]
		}
		ms += float64(s.Trials) * scale * measureMilliseconds
		scores += s.Scores
	}
	if s := p.Counts.Spaces; s != nil {
		ms += float64(s.Texts*s.Models) * textMilliseconds
	}
	for _, w := range p.Counts.Passes {
		each := w.Milliseconds
		if w.Native {
			each *= float64(c.Width*c.Height) / (224 * 224)
		}
		ms += float64(w.N) * (each + prepareMilliseconds*max(.15, scale))
	}
	c.CPUSeconds = ms / 1000
	c.Seconds = c.CPUSeconds / float64(c.Cores)

	// Memory: the program and its tables, each model's weights and activations, and for each worker some batches of
	// pictures with their Lab values. Disk: the table as CSV and Parquet, the segments, and the report.
	const mib = 1 << 20
	c.Memory = 150 * mib
	for _, f := range p.Counts.Passes {
		if strings.HasPrefix(f.Model, "micro-") {
			c.Memory += 30 * mib
		} else {
			c.Memory += 180 * mib
		}
	}
	c.Memory += int64(c.Cores) * 32 * int64(c.Width*c.Height) * (3 + 24)
	c.Disk = int64(scores)*230 + int64(p.Counts.Stimuli)*300 + 8*mib
	p.Cost = c
}

func (p *Plan) sectionMilliseconds(i int) float64 {
	var sum float64
	for _, st := range p.Perturbs[i].Steps {
		if ms, ok := perturbMilliseconds[st.Kind]; ok {
			sum += ms
		} else {
			sum += defaultPerturbMilliseconds
		}
	}
	return sum
}

// pictureSize is the middle size of the first few pictures that can be read; that of a suite or 256 x 256 where there are none.
func (p *Plan) pictureSize() (w, h int) {
	type size struct{ w, h int }
	var sizes []size
	for i := 0; i < len(p.Sources) && i < 3; i++ {
		if p.Sources[i].Picture == nil {
			continue
		}
		if img, err := p.Sources[i].Picture.Load(context.Background()); err == nil {
			sizes = append(sizes, size{img.W, img.H})
		}
	}
	if len(sizes) == 0 && len(p.Counts.Suites) > 0 {
		return p.Counts.Suites[0].Size, p.Counts.Suites[0].Size
	}
	if len(sizes) == 0 {
		return 256, 256
	}
	sort.Slice(sizes, func(i, j int) bool { return sizes[i].w*sizes[i].h < sizes[j].w*sizes[j].h })
	m := sizes[len(sizes)/2]
	return m.w, m.h
}

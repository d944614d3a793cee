package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"probity/internal/stream"
	"probity/internal/trial"
	"probity/stats"
)

// What is fixed in how a space is measured; docs/statistics.md says why.
const (
	ridgeShare      = .01 // of the mean variance: the penalty of probes
	controlDraws    = 5   // of the labels of control tasks
	condensedShare  = .95 // of the full score above chance
	spaceResamples  = 1000
	spaceLevel      = .95
	fewTestClusters = 20 // below it no interval is worth giving
)

// The forms that embeddings are looked at in.
const (
	formRaw     = "raw"     // of length 1
	formCentred = "centred" // less the mean of their side in the half that is fitted on
	formAligned = "aligned" // centred, and texts turned onto images by orthogonal Procrustes
)

// spaceInput is everything that one space's numbers depend on.
type spaceInput struct {
	space          trial.Space // what it is called
	key            string      // hash of the embeddings
	seed           uint64
	gallery        int
	n, d           int
	images, texts  []float32 // n x d; row i of the texts is the full caption of picture i
	caption        []string  // nil: not known
	cluster        []int     // odd ones are judged, even ones fitted on
	attributes     []spaceAttribute
	wordings       []spaceWording
	foils          []spaceFoil
	x, y           stats.Rows // the same, of length 1
	train, test    []int
	testCluster    []int // of the test rows, from 0
	form           map[string]pair
	textMean       []float64 // of the texts that are fitted on
	turn           []float64 // that brings centred texts to the images
	few            string    // what to know of the rotation; "" where nothing is
	captionClasses []int     // rows with the same caption have the same number
}

// pair is one form of the embeddings of both sides.
type pair struct{ images, texts stats.Rows }

type spaceAttribute struct {
	Name   string
	Values []string // by row
}

type spaceWording struct {
	Name  string
	Tells []string
	Rows  [][]float32 // by row; nil where it is not of the half that is judged
}

type spaceFoil struct {
	Attribute string
	Rows      [][]float32
}

// hash covers all that measure depends on.
func (in *spaceInput) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "space %d\n%s\n%d %d %d %d\n%v\n", spaceVersion, in.key, in.seed, in.gallery, in.n, in.d, in.cluster)
	for _, a := range in.attributes {
		fmt.Fprintf(h, "%q %q\n", a.Name, a.Values)
	}
	for _, w := range in.wordings {
		fmt.Fprintf(h, "%q %q\n", w.Name, w.Tells)
	}
	for _, f := range in.foils {
		fmt.Fprintf(h, "%q\n", f.Attribute)
	}
	fmt.Fprintf(h, "%q\n", in.caption)
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// stream opens a stream of this space's draws. They are the same for all spaces of an experiment, so that these are compared on the
// same galleries and control tasks.
func (in *spaceInput) stream(purpose string, replicate int) *stream.Stream {
	return stream.Key{Seed: in.seed, Step: "space", Purpose: purpose, Replicate: replicate}.Open()
}

// spaceMeasure collects the rows of one space.
type spaceMeasure struct {
	*spaceInput
	out *trial.Space
}

func (m *spaceMeasure) warn(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(m.out.Warnings, s) {
		m.out.Warnings = append(m.out.Warnings, s)
	}
}

func (m *spaceMeasure) add(row trial.SpaceRow, iv stats.Interval) {
	row.Value, row.Low, row.High, row.DF, row.Level, row.Method, row.N = iv.Value, iv.Low, iv.High, iv.DF, iv.Level, iv.Method, iv.N
	row.Warnings = append(row.Warnings, iv.Warnings...)
	m.out.Rows = append(m.out.Rows, row)
}

// measure computes every number of a space.
func (in *spaceInput) measure(ctx context.Context) (*trial.Space, error) {
	if err := in.prepare(); err != nil {
		return nil, err
	}
	out := in.space
	out.N, out.D, out.Train, out.Test = in.n, in.d, len(in.train), len(in.test)
	m := &spaceMeasure{in, &out}
	if k := slices.Max(in.testCluster) + 1; k < fewTestClusters {
		m.warn("only %d independent pairs are judged", k)
	}
	if in.few != "" {
		m.warn("%s", in.few)
	}
	for _, step := range []func(context.Context) error{m.gaps, m.ranks, m.retrieval, m.condensation, m.probes} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	in.form = nil
	return &out, nil
}

// prepare brings the embeddings to length 1 and makes their forms.
func (in *spaceInput) prepare() error {
	var err error
	if in.x, err = stats.UnitRows(in.images, in.n, in.d); err != nil {
		return fmt.Errorf("images: %w", err)
	}
	if in.y, err = stats.UnitRows(in.texts, in.n, in.d); err != nil {
		return fmt.Errorf("texts: %w", err)
	}
	in.train, in.test = nil, nil
	for i, c := range in.cluster {
		if c%2 == 1 {
			in.test = append(in.test, i)
		} else {
			in.train = append(in.train, i)
		}
	}
	if len(in.train) < 2 || len(in.test) < 2 {
		return fmt.Errorf("%d pairs to fit on and %d to judge: there are too few independent sources", len(in.train), len(in.test))
	}
	in.testCluster = renumber(in.cluster, in.test)
	in.captionClasses = make([]int, in.n)
	of := map[string]int{}
	for i := range in.n {
		in.captionClasses[i] = i
		if in.caption != nil {
			c, ok := of[in.caption[i]]
			if !ok {
				c = i
				of[in.caption[i]] = c
			}
			in.captionClasses[i] = c
		}
	}
	in.textMean = in.y.Pick(in.train).Mean()
	cx, cy := in.x.Less(in.x.Pick(in.train).Mean()), in.y.Less(in.textMean)
	if in.turn, err = stats.Procrustes(cy.Pick(in.train), cx.Pick(in.train)); err != nil {
		return err
	}
	if len(in.train) < in.d {
		in.few = fmt.Sprintf("aligned: the rotation was fitted on %d pairs in %d dimensions, fewer than it has directions to turn: aligned scores are below what more pairs would give", len(in.train), in.d)
	}
	in.form = map[string]pair{formRaw: {in.x, in.y}, formCentred: {cx, cy}, formAligned: {cx, cy.Times(in.turn, in.d)}}
	return nil
}

// renumber gives the clusters of some rows numbers from 0, in order of first use.
func renumber(cluster, rows []int) []int {
	of := map[int]int{}
	out := make([]int, len(rows))
	for k, i := range rows {
		c, ok := of[cluster[i]]
		if !ok {
			c = len(of)
			of[cluster[i]] = c
		}
		out[k] = c
	}
	return out
}

// transform brings other texts to a form: they are of length 1 first, and what was fitted is taken over.
func (in *spaceInput) transform(rows []float32, n int, form string) (stats.Rows, error) {
	y, err := stats.UnitRows(rows, n, in.d)
	if err != nil || form == formRaw {
		return y, err
	}
	if y = y.Less(in.textMean); form == formCentred {
		return y, nil
	}
	return y.Times(in.turn, in.d), nil
}

var forms = []string{formRaw, formCentred, formAligned}

// gaps measures the modality gap, alignment and uniformity of all pairs as they are, and of the half that is judged in every form.
func (m *spaceMeasure) gaps(context.Context) error {
	put := func(side, form string, p pair, group []int) error {
		a, zeroA := p.images.Unit()
		b, zeroB := p.texts.Unit()
		if zeroA+zeroB > 0 {
			m.warn("%s: %d embeddings have no length left", form, zeroA+zeroB)
		}
		g, err := stats.GapIntervals(a, b, group, spaceLevel)
		if err != nil {
			return err
		}
		nan := math.NaN()
		m.add(trial.SpaceRow{Quantity: "modality gap", Side: side, Form: form, Chance: nan}, g.Distance)
		m.add(trial.SpaceRow{Quantity: "paired cosine", Side: side, Form: form, Chance: nan}, g.Paired)
		m.add(trial.SpaceRow{Quantity: "alignment", Side: side, Form: form, Chance: nan}, g.Alignment)
		m.add(trial.SpaceRow{Quantity: "uniformity of images", Side: side, Form: form, Chance: nan}, g.UniformityA)
		m.add(trial.SpaceRow{Quantity: "uniformity of texts", Side: side, Form: form, Chance: nan}, g.UniformityB)
		return nil
	}
	if err := put("all pairs", formRaw, m.form[formRaw], stats.Groups(m.n, renumber(m.cluster, every(m.n)))); err != nil {
		return err
	}
	for _, f := range forms {
		p := m.form[f]
		if err := put("judged pairs", f, pair{p.images.Pick(m.test), p.texts.Pick(m.test)}, stats.Groups(len(m.test), m.testCluster)); err != nil {
			return err
		}
	}
	return nil
}

func every(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// ranks measures how many directions each side's embeddings fill.
func (m *spaceMeasure) ranks(context.Context) error {
	group := stats.Groups(m.n, renumber(m.cluster, every(m.n)))
	for _, s := range []struct {
		side string
		rows stats.Rows
	}{{"images", m.x}, {"texts", m.y}} {
		r, err := stats.RankIntervals(s.rows, group, spaceLevel)
		if err != nil {
			m.warn("%s: %v", s.side, err)
			continue
		}
		row := trial.SpaceRow{Side: s.side, Form: formCentred, Chance: math.NaN()}
		if r.Capped {
			row.Warnings = []string{fmt.Sprintf("%d pairs in %d dimensions: no rank can be above %d, so that it tells as much of their number as of the space", m.n, m.d, r.Cap)}
		}
		row.Quantity = "effective rank"
		m.add(row, r.Effective)
		row.Quantity = "participation ratio"
		m.add(row, r.Participation)
	}
	return nil
}

// mean is the mean of outcomes of the judged rows in 0..1, with a score interval over clusters; NaN rows are left out.
func (m *spaceMeasure) mean(v []float64) stats.Interval { return m.clustered(v).Score(spaceLevel) }

func (m *spaceMeasure) clustered(v []float64) stats.Mean {
	clusters := make([][]float64, slices.Max(m.testCluster)+1)
	for i, c := range m.testCluster {
		clusters[c] = append(clusters[c], v[i])
	}
	return stats.NewMean(clusters)
}

// gallery is what the right caption of each judged row is found among.
type gallery struct {
	name       string
	of         [][]int                 // by judged row: places in candidates, the right one first
	candidates map[string][]stats.Rows // by form: a list of candidates, or several, over which scores are averaged
	chance     float64                 // of towers that look at one side alone
	facts      []string                // of a controlled gallery: which attribute is wrong in each list
}

const (
	galleryRandom = "captions of other pictures"
	// galleryControlled holds two captions at a time, so that either could be the right one as far as words alone tell: a caption
	// among several that each differ from it in something else stands in their middle, and is the nearest less often than by chance.
	galleryControlled = "a caption with one attribute wrong"
)

// random draws a gallery of other rows for each judged row, none with the same caption.
func (m *spaceMeasure) random() *gallery {
	g := &gallery{name: galleryRandom}
	size := min(m.gallery, len(m.test))
	if size < m.gallery {
		m.warn("galleries have %d captions, since no more pairs are judged", size)
	}
	s := m.stream("gallery", 0)
	for k, i := range m.test {
		list := []int{k}
		taken := map[int]bool{k: true}
		for try := 0; len(list) < size && try < 100*size; try++ {
			o := s.IntN(len(m.test))
			if !taken[o] && m.captionClasses[m.test[o]] != m.captionClasses[i] && m.cluster[m.test[o]] != m.cluster[i] {
				taken[o] = true
				list = append(list, o)
			}
		}
		g.of = append(g.of, list)
	}
	for _, list := range g.of {
		if len(list) < size {
			m.warn("some galleries are smaller than %d, since too many captions are the same", size)
		}
		g.chance += 1 / float64(len(list)) / float64(len(g.of))
	}
	return g
}

// controlled pairs the full caption of each judged row with one in which one attribute is wrong, for each attribute; nil where the data
// set knows none.
func (m *spaceMeasure) controlled() (*gallery, error) {
	if len(m.foils) == 0 {
		return nil, nil
	}
	g := &gallery{name: galleryControlled, chance: .5, candidates: map[string][]stats.Rows{}}
	for k := range m.test {
		g.of = append(g.of, []int{k, len(m.test) + k})
	}
	for _, f := range m.foils {
		g.facts = append(g.facts, f.Attribute)
		var rows []float32
		for _, i := range m.test {
			rows = append(rows, f.Rows[i]...)
		}
		for _, form := range forms {
			wrong, err := m.transform(rows, len(m.test), form)
			if err != nil {
				return nil, fmt.Errorf("captions with the %s wrong: %w", f.Attribute, err)
			}
			g.candidates[form] = append(g.candidates[form], m.form[form].texts.Pick(m.test).Stack(wrong))
		}
	}
	return g, nil
}

// score is how often the right caption wins, by judged row, then number of components; the mean over a gallery's lists.
func (g *gallery) score(images stats.Rows, form string, axes *stats.Rows, counts []int) ([][]float64, error) {
	var mean [][]float64
	lists := g.candidates[form]
	for _, candidates := range lists {
		score, err := stats.Retrieve(images, candidates, g.of, axes, counts)
		if err != nil {
			return nil, err
		}
		if mean == nil {
			mean = make([][]float64, len(score))
		}
		for i, row := range score {
			if mean[i] == nil {
				mean[i] = make([]float64, len(row))
			}
			for k, v := range row {
				mean[i][k] += v / float64(len(lists))
			}
		}
	}
	return mean, nil
}

func first(score [][]float64) []float64 {
	out := make([]float64, len(score))
	for i := range score {
		out[i] = score[i][0]
	}
	return out
}

// retrieval finds the right caption of a picture, and the right picture of a caption, in galleries of a fixed size.
func (m *spaceMeasure) retrieval(context.Context) error {
	random := m.random()
	controlled, err := m.controlled()
	if err != nil {
		return err
	}
	for _, form := range forms {
		p := m.form[form]
		images, texts := p.images.Pick(m.test), p.texts.Pick(m.test)
		for _, way := range []struct {
			side   string
			q, c   stats.Rows
			galler *gallery
		}{{"images to texts", images, texts, random}, {"texts to images", texts, images, random}} {
			score, err := stats.Retrieve(way.q, way.c, way.galler.of, nil, nil)
			if err != nil {
				return err
			}
			name := way.galler.name
			if way.side == "texts to images" {
				name = "other pictures"
			}
			m.add(trial.SpaceRow{Quantity: "retrieval", Side: way.side, Form: form, Gallery: name, Chance: way.galler.chance}, m.mean(first(score)))
		}
		if controlled == nil {
			continue
		}
		score, err := controlled.score(images, form, nil, nil)
		if err != nil {
			return err
		}
		row := trial.SpaceRow{Quantity: "retrieval", Side: "images to texts", Form: form, Gallery: controlled.name, Chance: controlled.chance}
		m.add(row, m.mean(first(score)))
		for f, fact := range controlled.facts {
			score, err := stats.Retrieve(images, controlled.candidates[form][f], controlled.of, nil, nil)
			if err != nil {
				return err
			}
			row.Attribute = fact
			m.add(row, m.mean(first(score)))
		}
	}
	return nil
}

// counts are the numbers of components that curves are drawn at.
func counts(d int) []int {
	var out []int
	for k := 1; k < d; k *= 2 {
		out = append(out, k)
		if h := k + k/2; k > 1 && h < d {
			out = append(out, h)
		}
	}
	return append(out, d)
}

// condensation asks how few principal components of the half that is fitted on do as well as all of them.
func (m *spaceMeasure) condensation(ctx context.Context) error {
	controlled, err := m.controlled()
	if err != nil {
		return err
	}
	random := m.random()
	p := m.form[formCentred]
	random.candidates = map[string][]stats.Rows{formCentred: {p.texts.Pick(m.test)}}
	images := p.images.Pick(m.test)
	full := every(m.d)
	for i := range full {
		full[i]++
	}
	for _, b := range []struct {
		name string
		rows stats.Rows
	}{
		{"images", p.images.Pick(m.train)}, {"texts", p.texts.Pick(m.train)}, {"both", p.images.Pick(m.train).Stack(p.texts.Pick(m.train))},
	} {
		axes, err := stats.PrincipalAxes(b.rows)
		if err != nil {
			return err
		}
		for _, g := range []*gallery{controlled, random} {
			if g == nil {
				continue
			}
			score, err := g.score(images, formCentred, &axes, full)
			if err != nil {
				return err
			}
			row := trial.SpaceRow{Quantity: "retrieval by components", Side: "images to texts", Form: formCentred, Gallery: g.name, Basis: b.name, Chance: g.chance}
			for _, k := range counts(m.d) {
				v := make([]float64, len(score))
				for i := range v {
					v[i] = score[i][k-1]
				}
				row.Components = k
				m.add(row, m.mean(v))
			}
			c, err := stats.Condense(ctx, score, m.testCluster, full, g.chance, condensedShare, spaceLevel,
				stats.Resampling{Seed: m.seed, Purpose: "space", N: spaceResamples, Workers: 1})
			if err != nil {
				return err
			}
			row.Quantity, row.Components = "components for 95 %", 0
			if last := m.out.Rows[len(m.out.Rows)-1]; last.Low <= g.chance {
				c.Interval = stats.Interval{Value: math.NaN(), Low: math.NaN(), High: math.NaN(), Level: spaceLevel, Method: "none", N: c.N, DF: math.NaN()}
				row.Warnings = []string{"the interval of the full score reaches down to chance: there is nothing to condense"}
			}
			m.add(row, c.Interval)
		}
	}
	return nil
}

// probes fits linear probes of the attributes on each side and judges them on that side, in other wording, and across.
func (m *spaceMeasure) probes(context.Context) error {
	tasks, names, err := m.tasks()
	if err != nil || len(tasks) == 0 {
		return err
	}
	chance := make([]float64, len(tasks))
	for k, t := range tasks {
		chance[k] = m.majority(t)
	}
	put := func(side, form string, tells []string, outcomes []stats.Outcome) {
		for k, o := range outcomes {
			if tells != nil && !slices.Contains(tells, names[k]) {
				continue
			}
			row := trial.SpaceRow{Quantity: "accuracy", Side: side, Form: form, Attribute: names[k], Chance: chance[k]}
			m.add(row, m.mean(o.Right))
			if len(tasks[k].Control) == 0 {
				continue
			}
			selectivity := make([]float64, len(o.Right))
			for i := range selectivity {
				selectivity[i] = o.Right[i] - o.Control[i]
			}
			row.Chance = math.NaN()
			row.Quantity = "control accuracy"
			m.add(row, m.mean(o.Control))
			row.Quantity, row.Chance = "selectivity", 0
			m.add(row, m.clustered(selectivity).T(spaceLevel))
		}
	}
	fit := func(rows stats.Rows) (*stats.Probes, error) {
		return stats.FitProbes(rows.Pick(m.train), m.train, tasks, ridgeShare)
	}
	for _, form := range forms {
		p := m.form[form]
		fromImages, err := fit(p.images)
		if err != nil {
			return fmt.Errorf("probes of images: %w", err)
		}
		fromTexts, err := fit(p.texts)
		if err != nil {
			return fmt.Errorf("probes of texts: %w", err)
		}
		images, texts := p.images.Pick(m.test), p.texts.Pick(m.test)
		if form == formRaw { // within a side an intercept and a rotation change nothing
			put("images", form, nil, fromImages.Judge(images, m.test))
			put("texts", form, nil, fromTexts.Judge(texts, m.test))
			for _, w := range m.wordings {
				var rows []float32
				for _, i := range m.test {
					rows = append(rows, w.Rows[i]...)
				}
				other, err := m.transform(rows, len(m.test), form)
				if err != nil {
					return fmt.Errorf("texts, %s: %w", w.Name, err)
				}
				put("texts, "+w.Name, form, w.Tells, fromTexts.Judge(other, m.test))
			}
		}
		put("images to texts", form, nil, fromImages.Judge(texts, m.test))
		put("texts to images", form, nil, fromTexts.Judge(images, m.test))
	}
	return nil
}

// tasks are the attributes as labels with their control tasks. The type of a row for an attribute is its value together with those of
// the next two attributes: fine enough that a random label of a type is nothing that a direction of the space could stand for, and
// coarse enough that the types of judged rows have been seen.
func (m *spaceMeasure) tasks() (tasks []stats.Task, names []string, err error) {
	for k, a := range m.attributes {
		label, classes := number(a.Values)
		seen := map[int]bool{}
		for _, i := range m.train {
			seen[label[i]] = true
		}
		if len(seen) < 2 {
			m.warn("%s has one value in the half that is fitted on, and is not probed", a.Name)
			continue
		}
		var kind []int
		if len(m.attributes) > 2 {
			n := len(m.attributes)
			together := make([]string, m.n)
			for i := range together {
				together[i] = fmt.Sprintf("%q %q %q", a.Values[i], m.attributes[(k+1)%n].Values[i], m.attributes[(k+2)%n].Values[i])
			}
			kind, _ = number(together)
		} else {
			m.warn("%s: no control task, since its types would need two attributes more", a.Name)
		}
		tasks = append(tasks, stats.NewTask(label, classes, kind, controlDraws, func(d int) *stream.Stream { return m.stream("control "+a.Name, d) }))
		names = append(names, a.Name)
	}
	return tasks, names, nil
}

// number gives values numbers from 0 in the order of their names.
func number(values []string) (out []int, n int) {
	list := slices.Clone(values)
	slices.Sort(list)
	list = slices.Compact(list)
	for _, v := range values {
		i, _ := slices.BinarySearch(list, v)
		out = append(out, i)
	}
	return out, len(list)
}

// majority is how often the most frequent label of the half that is fitted on comes in the half that is judged.
func (m *spaceMeasure) majority(t stats.Task) float64 {
	count := make([]int, t.Classes)
	for _, i := range m.train {
		count[t.Label[i]]++
	}
	most := 0
	for l := range count {
		if count[l] > count[most] {
			most = l
		}
	}
	hits := 0
	for _, i := range m.test {
		if t.Label[i] == most {
			hits++
		}
	}
	return float64(hits) / float64(len(m.test))
}
